"""Wallet, positions, rights and maintenance, as the venue's documentation prints them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.unit.venues.clients.bybit.markets import LINEAR, SPOT, market_of

from ballast.core.orders import MarginMode, PositionMode, PositionSide
from ballast.venues.clients.account import Balance
from ballast.venues.clients.bybit import account
from ballast.venues.clients.bybit.rules import markets_of

USDT = {
    "coin": "USDT", "equity": "1100", "usdValue": "1098.9", "walletBalance": "1000",
    "locked": "100", "totalOrderIM": "20", "totalPositionIM": "30.5",
}  # fmt: skip
BTC = {"coin": "BTC", "equity": "0.5", "usdValue": "30000", "walletBalance": "0.50000789",
       "locked": ""}  # fmt: skip
EMPTY = {"coin": "SOL", "equity": "0", "usdValue": "0", "walletBalance": "0"}
WALLET = {"totalEquity": "31098.9", "coin": [USDT, BTC, EMPTY]}
KEY: dict[str, Any] = {
    "readOnly": 0, "uta": 1, "unified": 0, "ips": ["18.181.170.164"],
    "expiredAt": "1970-01-01T00:00:00Z",
    "permissions": {"ContractTrade": ["Order", "Position"], "Spot": ["SpotTrade"],
                    "Wallet": ["AccountTransfer"], "Derivatives": []},
}  # fmt: skip
POSITION = {
    "positionIdx": 0, "symbol": "BTCUSDT", "side": "Sell", "size": "0.5", "avgPrice": "50000.00",
    "markPrice": "50500.1", "liqPrice": "", "leverage": "10", "unrealisedPnl": "-250.05",
    "tradeMode": 0, "takeProfit": "48000.00", "stopLoss": "52000.5", "trailingStop": "0.00",
}  # fmt: skip


@pytest.mark.parametrize(
    ("margin", "is_spot", "free"),
    [("", False, "849.5"), ("549.45", False, "550"), ("549.45", True, "849.5")],
)
def test_what_an_order_may_use_is_margin_of_all_coins_or_the_coin(
    margin: str, is_spot: bool, free: str
) -> None:
    """R-OMS-12: the margin is said in dollars, of which 1098.9 are 1100 USDT."""
    wallet = WALLET | {"totalAvailableBalance": margin}
    assert account.free_of(wallet, "USDT", is_spot=is_spot) == Decimal(free)
    assert account.free_of(wallet, "EUR", is_spot=True) == 0


def test_what_is_free_is_in_no_order_and_no_margin() -> None:
    found = account.balances_of(WALLET)
    assert found == [
        Balance("USDT", Decimal(1000), Decimal("849.5")),
        Balance("BTC", Decimal("0.50000789"), Decimal("0.50000789")),
    ]
    drained = {**USDT, "totalOrderIM": "5000"}
    assert account.balance_of(drained).free == 0


@pytest.mark.parametrize(
    ("quote", "worth"),
    [
        ("USDT", "31130.03003003"),  # 31098.9 dollars at 0.999 dollars each
        ("BTC", "0.51831500"),
        ("USDC", "31098.9"),  # not held, and a dollar
        ("EUR", None),
        ("SOL", None),
    ],
)
def test_the_account_is_worth_its_dollars_at_the_price_of_the_quote(
    quote: str, worth: str | None
) -> None:
    found = account.worth_of(WALLET, quote)
    assert found == (None if worth is None else Decimal(worth))


def test_coins_are_held_in_whole_lots_and_a_borrowed_one_is_not_held() -> None:
    (held,) = account.coins_held(WALLET, [market_of(SPOT)])
    assert (held.symbol, held.lots) == ("BTCUSDT", 50_000)
    short = {"coin": [{**BTC, "walletBalance": "-0.1"}]}
    assert account.coins_held(short, [market_of(SPOT)])[0].lots == 0
    assert account.coins_held({"coin": []}, [market_of(SPOT)])[0].lots == 0


def test_a_short_position_is_negative_and_knows_its_entry() -> None:
    held = account.position_of(POSITION, market_of(LINEAR), MarginMode.ISOLATED)
    assert (held.lots, held.side, held.entry) == (-500, PositionSide.BOTH, Decimal(50_000))
    assert (held.mark, held.liquidation) == (Decimal("50500.1"), Decimal(0))
    assert (held.unrealised, held.leverage) == (Decimal("-250.05"), Decimal(10))
    assert held.margin_mode is MarginMode.ISOLATED
    told = {name: value for name, value in POSITION.items() if name != "avgPrice"}
    streamed = account.position_of({**told, "entryPrice": "5"}, market_of(LINEAR), MarginMode.CROSS)
    assert (streamed.entry, streamed.margin_mode) == (Decimal(5), MarginMode.CROSS)
    flat = account.position_of(
        {**POSITION, "side": "", "size": "0"}, market_of(LINEAR), MarginMode.CROSS
    )
    assert flat.lots == 0


def test_the_stops_of_a_position_are_read_in_ticks() -> None:
    stops = account.stops_of(POSITION, market_of(LINEAR))
    assert (stops.take_profit_ticks, stops.stop_loss_ticks) == (480_000, 520_005)
    assert (stops.trail_ticks, stops.activation_ticks) == (0, 0)


@pytest.mark.parametrize(
    ("category", "changes", "may"),
    [
        (SPOT, {}, True),
        (LINEAR, {}, True),
        (SPOT, {"readOnly": 1}, False),
        (SPOT, {"permissions": {"ContractTrade": ["Order"]}}, False),
        (LINEAR, {"permissions": {"Spot": ["SpotTrade"]}}, False),
        (LINEAR, {"permissions": {"ContractTrade": ["Position"]}}, False),
        (LINEAR, {"permissions": {"Derivatives": ["DerivativesTrade"]}}, True),
    ],
)
def test_a_key_may_trade_where_it_says_so(
    category: Any, changes: dict[str, Any], may: bool
) -> None:
    """R-EXCH-19."""
    grants = account.grants_of({**KEY, **changes}, category, PositionMode.ONE_WAY)
    assert grants.can_trade is may
    assert grants.can_read


def test_a_key_that_may_withdraw_is_seen_and_so_is_where_it_is_bound_to() -> None:
    """R-EXCH-19, R-SEC."""
    grants = account.grants_of(KEY, SPOT, PositionMode.HEDGE)
    assert (grants.can_withdraw, grants.is_ip_bound, grants.expires_ms) == (False, True, None)
    assert (grants.account_kind, grants.position_mode) == ("unified", PositionMode.HEDGE)
    loose = {
        **KEY, "ips": ["*"], "expiredAt": "2027-01-14T03:13:20Z", "uta": 0,
        "permissions": {"Wallet": ["AccountTransfer", "Withdraw"]},
    }  # fmt: skip
    grants = account.grants_of(loose, SPOT, PositionMode.ONE_WAY)
    assert (grants.can_withdraw, grants.is_ip_bound) == (True, False)
    assert grants.expires_ms == 1_799_896_400_000
    assert grants.account_kind == "classic"


@pytest.mark.parametrize(
    ("changes", "is_open"),
    [
        ({}, False),
        ({"state": "scheduled"}, True),
        ({"state": "completed"}, True),
        ({"product": [2]}, True),  # spot alone
        ({"product": []}, False),
        ({"begin": "1700000000001"}, True),
    ],
)
def test_maintenance_that_goes_on_closes_the_market_it_is_about(
    changes: dict[str, Any], is_open: bool
) -> None:
    """R-EXCH-14."""
    row = {"title": "upgrade", "state": "ongoing", "begin": "1699999999000",
           "end": "1700000600000", "product": [1, 2]}  # fmt: skip
    found = account.status_of([{**row, **changes}], LINEAR, 1_700_000_000_000)
    assert found.is_open is is_open
    if not is_open:
        assert (found.text, found.until_ms) == ("upgrade", 1_700_000_600_000)


def test_the_next_maintenance_that_is_announced_is_told() -> None:
    """R-EXCH-14."""
    rows = [
        {"title": title, "state": "scheduled", "begin": begin, "product": product}
        for title, begin, product in (
            ("spot", "1700000300000", [2]), ("later", "1700000900000", []),
            ("next", "1700000600000", [1]),
        )
    ]  # fmt: skip
    found = account.status_of(rows, LINEAR, 1_700_000_000_000)
    assert (found.is_open, found.text, found.closes_ms) == (True, "next", 1_700_000_600_000)


LINEAR_ROW: dict[str, Any] = {
    "symbol": "BTCPERP", "contractType": "LinearPerpetual", "status": "Trading", "baseCoin": "BTC",
    "quoteCoin": "USDC", "launchTime": "1585526400000",
    "leverageFilter": {"maxLeverage": "100.00"},
    "priceFilter": {"minPrice": "0.50", "maxPrice": "999999.00", "tickSize": "0.50"},
    "lotSizeFilter": {"maxOrderQty": "100.000", "minOrderQty": "0.001", "qtyStep": "0.001",
                      "maxMktOrderQty": "50.000", "minNotionalValue": "5"},
}  # fmt: skip
SPOT_ROW: dict[str, Any] = {
    "symbol": "ETHUSDT", "status": "Trading", "baseCoin": "ETH", "quoteCoin": "USDT",
    "lotSizeFilter": {"basePrecision": "0.00001", "minOrderQty": "0.00062", "minOrderAmt": "1",
                      "maxOrderQty": "1229.2336", "maxLimitOrderQty": "3000",
                      "maxMarketOrderQty": "1000"},
    "priceFilter": {"tickSize": "0.01"},
}  # fmt: skip


def test_trading_rules_are_read_exactly_and_named_in_our_way() -> None:
    """R-EXCH-01."""
    dated = {**LINEAR_ROW, "symbol": "BTC-27DEC26", "contractType": "LinearFutures"}
    found = markets_of([dated, LINEAR_ROW], LINEAR)
    assert list(found) == ["BTCUSDC"]
    market = found["BTCUSDC"]
    assert (market.name, market.base, market.quote) == ("BTCPERP", "BTC", "USDC")
    assert (market.tick, market.lot, market.contract) == (Decimal("0.50"), Decimal("0.001"), 1)
    assert (market.min_notional, market.max_qty, market.market_max_qty) == (5, 100, 50)
    assert (market.leverage_max, market.listed_ms) == (100, 1_585_526_400_000)
    assert market.is_perpetual
    (spot,) = markets_of([SPOT_ROW], SPOT).values()
    assert (spot.symbol, spot.lot, spot.min_qty) == (
        "ETHUSDT", Decimal("0.00001"), Decimal("0.00062")
    )  # fmt: skip
    assert (spot.min_notional, spot.max_qty, spot.market_max_qty) == (1, 3000, 1000)
    assert not spot.is_perpetual


def test_of_two_symbols_with_one_name_the_one_that_trades_stays() -> None:
    closed = {**SPOT_ROW, "symbol": "ETHOLDUSDT", "status": "Closed"}
    for order in ([closed, SPOT_ROW], [SPOT_ROW, closed]):
        (market,) = markets_of(order, SPOT).values()
        assert (market.name, market.is_trading, market.status) == ("ETHUSDT", True, "Trading")
    (market,) = markets_of([closed], SPOT).values()
    assert (market.is_trading, market.status) == (False, "Closed")


@pytest.mark.parametrize(("given", "text"), [("3", "3"), ("12.5", "12.5"), ("3.339", "3.33")])
def test_leverage_has_two_decimals_and_never_more_than_asked(given: str, text: str) -> None:
    assert account.leverage_text(Decimal(given)) == text


def test_a_symbol_without_steps_hides_no_others() -> None:
    announced = {**SPOT_ROW, "symbol": "NEWUSDT", "baseCoin": "NEW", "lotSizeFilter": {}}
    stepless = {
        **SPOT_ROW,
        "symbol": "NUNUSDT",
        "baseCoin": "NUN",
        "priceFilter": {"tickSize": "0"},
    }
    assert list(markets_of([announced, stepless, SPOT_ROW], SPOT)) == ["ETHUSDT"]
