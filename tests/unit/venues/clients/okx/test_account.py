"""Balances, positions, rights, fees, funding, maintenance and rules of OKX in our words."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.okx_asker import OkxAsker
from tests.fakes.okx_desk import OkxDesk
from tests.unit.venues.clients.okx.markets import SPOT, SWAP

from ballast.core.instrument import Kind
from ballast.core.orders import MarginMode, PositionMode, PositionSide
from ballast.core.time import Timeframe
from ballast.venues.clients.account import Balance, VenueStatus
from ballast.venues.clients.calls import CallError
from ballast.venues.clients.okx import account, rules
from ballast.venues.clients.okx.candles import bar_of
from ballast.venues.clients.okx.swap import OkxSwap

if TYPE_CHECKING:
    from ballast.core.marketdata import Grid

SWAP_ROW: dict[str, Any] = {
    "instType": "SWAP", "instId": "BTC-USDT-SWAP", "ctType": "linear", "ctVal": "0.01",
    "ctMult": "1", "ctValCcy": "BTC", "settleCcy": "USDT", "baseCcy": "", "quoteCcy": "",
    "tickSz": "0.1", "lotSz": "0.1", "minSz": "0.1", "maxLmtSz": "100000000",
    "maxMktSz": "35000", "lever": "100", "state": "live", "listTime": "1573557408000",
}  # fmt: skip
SPOT_ROW: dict[str, Any] = {
    "instType": "SPOT", "instId": "BTC-USDT", "ctType": "", "ctVal": "", "baseCcy": "BTC",
    "quoteCcy": "USDT", "settleCcy": "", "tickSz": "0.1", "lotSz": "0.00000001",
    "minSz": "0.00001", "maxLmtSz": "9999999999", "maxMktSz": "1000000", "lever": "10",
    "state": "live", "listTime": "1548133413000",
}  # fmt: skip


def test_a_swap_is_traded_in_base_units_of_its_contracts() -> None:
    (market,) = rules.markets_of([SWAP_ROW])
    assert (market.symbol, market.name, market.kind) == (
        "BTCUSDT", "BTC-USDT-SWAP", Kind.PERPETUAL,
    )  # fmt: skip
    assert (market.contract, market.lot) == (Decimal("0.01"), Decimal("0.001"))
    assert (market.min_qty, market.market_max_qty) == (Decimal("0.001"), Decimal(350))
    assert (market.leverage_max, market.listed_ms) == (Decimal(100), 1573557408000)
    assert market.qty_text(15) == "1.5"
    (tenfold,) = rules.markets_of([{**SWAP_ROW, "ctMult": "10"}])
    assert tenfold.contract == Decimal("0.1")


def test_the_largest_market_order_of_spot_is_in_dollars_and_so_no_quantity() -> None:
    (market,) = rules.markets_of([SPOT_ROW])
    assert (market.symbol, market.base, market.quote) == ("BTCUSDT", "BTC", "USDT")
    assert (market.lot, market.min_qty) == (Decimal("0.00000001"), Decimal("0.00001"))
    assert (market.market_max_qty, market.leverage_max) == (0, 1)


def test_what_is_no_market_of_ours_or_broken_is_left_out() -> None:
    rows = [
        {**SWAP_ROW, "ctType": "inverse"}, {**SWAP_ROW, "instType": "FUTURES"},
        {**SWAP_ROW, "ctVal": ""}, {**SPOT_ROW, "tickSz": "0"}, {"instType": "SPOT"},
    ]  # fmt: skip
    assert list(rules.markets_of(rows)) == []
    (halted,) = rules.markets_of([{**SPOT_ROW, "state": "suspend"}])
    assert (halted.is_trading, halted.status) == (False, "suspend")


def test_frames_are_counted_in_the_venues_units() -> None:
    grids: dict[str, Grid] = rules.grids_of([SPOT, SWAP])
    assert grids["BTC-USDT-SWAP"].lot == Decimal("0.1")
    assert grids["BTC-USDT"].lot == SPOT.lot


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        ({"cashBal": "100", "availBal": "80", "availEq": "85"}, ("100", "80")),
        ({"cashBal": "100", "availBal": "", "availEq": "85"}, ("100", "85")),
        ({"cashBal": "100", "availBal": "", "availEq": "", "ordFrozen": "30"}, ("100", "70")),
        ({"cashBal": "100", "availBal": "0", "availEq": "85"}, ("100", "0")),
    ],
)
def test_a_balance_is_cash_and_what_no_order_holds(
    detail: dict[str, str], expected: tuple[str, str]
) -> None:
    found = account.balance_of({"ccy": "USDT", **detail})
    assert found == Balance("USDT", Decimal(expected[0]), Decimal(expected[1]))


def test_zeros_are_left_out_of_a_list_and_told_by_a_stream() -> None:
    row = {"details": [{"ccy": "A", "cashBal": "0", "eq": "0"}, {"ccy": "B", "cashBal": "1"}]}
    assert [one.asset for one in account.balances_of([row])] == ["B"]
    assert [one.asset for one in account.balances_of([row], with_zero=True)] == ["A", "B"]


@pytest.mark.parametrize(
    ("side", "pos", "lots", "expected"),
    [
        ("net", "-1.5", -15, PositionSide.BOTH),
        ("net", "1.5", 15, PositionSide.BOTH),
        ("long", "1.5", 15, PositionSide.LONG),
        ("short", "1.5", -15, PositionSide.SHORT),
        ("net", "", 0, PositionSide.BOTH),
    ],
)
def test_a_position_has_a_sign(side: str, pos: str, lots: int, expected: PositionSide) -> None:
    row = {
        "posSide": side, "pos": pos, "avgPx": "60000.5", "markPx": "60100", "liqPx": "",
        "upl": "1.5", "lever": "3", "mgnMode": "isolated",
    }  # fmt: skip
    found = account.position_of(row, SWAP)
    assert (found.lots, found.side, found.margin_mode) == (lots, expected, MarginMode.ISOLATED)
    assert (found.entry, found.mark, found.liquidation, found.unrealised, found.leverage) == (
        Decimal("60000.5"), Decimal(60_100), 0, Decimal("1.5"), 3,
    )  # fmt: skip


def test_coins_are_held_in_whole_lots() -> None:
    held = {"BTC": Balance("BTC", Decimal("0.000159"), Decimal(0))}
    assert account.coins_of(held, SPOT).lots == 15
    assert account.coins_of({}, SPOT).lots == 0


@pytest.mark.parametrize(
    ("perm", "ip", "expected"),
    [
        ("read_only,withdraw,trade", "", (True, True, True, False)),
        ("read_only,trade", "1.2.3.4,5.6.7.8", (True, True, False, True)),
        ("read_only", "1.2.3.4", (True, False, False, True)),
    ],
)
def test_a_key_says_what_it_may(
    perm: str, ip: str, expected: tuple[bool, bool, bool, bool]
) -> None:
    row = {"perm": perm, "ip": ip, "posMode": "long_short_mode", "acctLv": "3"}
    found = account.grants_of(row)
    assert (found.can_read, found.can_trade, found.can_withdraw, found.is_ip_bound) == expected
    assert (found.position_mode, found.account_kind) == (PositionMode.HEDGE, "multi-currency")


def test_charges_are_positive_and_of_the_instruments_group() -> None:
    row = {
        "feeGroup": [
            {"groupId": "1", "maker": "-0.0002", "taker": "-0.0005"},
            {"groupId": "2", "maker": "0.0001", "taker": "-0.0007"},
        ],
        "makerU": "-0.1", "takerU": "-0.2", "maker": "", "taker": "",
    }  # fmt: skip
    assert account.fees_of(row, "2") == (Decimal("-0.0001"), Decimal("0.0007"))
    assert account.fees_of(row, "?") == (Decimal("0.0002"), Decimal("0.0007"))
    assert account.fees_of({**row, "feeGroup": []}, "1") == (Decimal("0.1"), Decimal("0.2"))
    with pytest.raises(ValueError, match="without fees"):
        account.fees_of({"feeGroup": []}, "1")


@pytest.mark.parametrize(
    ("bill", "amount"),
    [
        ({"balChg": "-6", "posBalChg": "0", "pnl": "-6"}, 6),
        ({"balChg": "0", "posBalChg": "-2.5", "pnl": "0"}, "2.5"),
        ({"balChg": "0.000014", "posBalChg": "0", "pnl": "0.000014"}, "-0.000014"),
    ],
)
def test_funding_is_positive_where_it_was_paid(bill: dict[str, str], amount: Any) -> None:
    """Of an isolated position it changes what lies in that."""
    found = account.paid_of({**bill, "ts": "1636387215588", "billId": "3779"}, "BTCUSDT")
    assert (found.amount, found.payment_id) == (Decimal(amount), "3779")
    assert found.at_ns == 1636387215588 * 10**6


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"serviceType": "5"}, VenueStatus(is_open=False, text="upgrade", until_ms=1700000000000)),
        ({"serviceType": "0", "end": ""}, VenueStatus(is_open=False, text="upgrade")),
        ({"serviceType": "7"}, VenueStatus(is_open=True)),  # bots
        (
            {"serviceType": "5", "state": "pre_open"},
            VenueStatus(is_open=False, text="upgrade", until_ms=1700000000000),
        ),
        ({"serviceType": "5", "state": "completed"}, VenueStatus(is_open=True)),
        ({"serviceType": "5", "env": "2"}, VenueStatus(is_open=True)),  # of the demo
    ],
)
def test_a_maintenance_closes_the_venue_if_nobody_can_trade(
    row: dict[str, str], expected: VenueStatus
) -> None:
    whole = {"title": "upgrade", "state": "ongoing", "env": "1", "end": "1700000000000", **row}
    assert account.status_of([whole]) == expected


def test_the_next_maintenance_that_is_announced_is_told() -> None:
    rows = [
        {"title": title, "state": "scheduled", "env": "1", "serviceType": "5", "begin": begin}
        for title, begin in (("later", "1700000900000"), ("next", "1700000600000"))
    ]
    found = account.status_of(rows)
    assert found == VenueStatus(is_open=True, text="next", closes_ms=1_700_000_600_000)


def test_bars_are_counted_from_midnight() -> None:
    rows = [("1m", "1m"), ("4h", "4H"), ("6h", "6Hutc"), ("12h", "12Hutc"), ("1d", "1Dutc")]
    for ours, theirs in rows:
        assert bar_of(Timeframe.parse(ours)) == theirs
    with pytest.raises(CallError):
        bar_of(Timeframe.parse("7m"))


def test_old_bars_are_asked_for_in_pages_with_both_ends() -> None:
    """With `before` alone the venue returns its newest bars."""
    asker = OkxAsker(OkxDesk())
    desk = OkxSwap(asker, asker.now_ns)
    asyncio.run(desk.load())
    since_ms = asker.now_ms() - 2_000 * 60_000
    asyncio.run(desk.candles("BTCUSDT", Timeframe.parse("1m"), since_ms, 1_000))
    old = [one.body for one in asker.asked("market/history-candles")]
    new = [one.body for one in asker.asked("market/candles")]
    spans = [
        (int(one["before"]) + 1, int(one["after"])) for one in [*old, *new] if isinstance(one, dict)
    ]
    assert [end - begin for begin, end in spans[:-1]] == [
        6_000_000 if number < len(old) else 18_000_000 for number in range(len(spans) - 1)
    ]
    assert [begin for begin, _ in spans[1:]] == [end for _, end in spans[:-1]]
    assert 0 <= spans[0][0] - since_ms < 60_000
    assert (len(old), len(new)) == (6, 5)
