"""Account data of Binance USD-M: wallet, trades, income, fees, listen keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.orders import MarginMode, PositionMode
from ballast.venues.simulated.fronts.binance import errors, spot_account, usdm_errors
from ballast.venues.simulated.fronts.binance.usdm_ledger import LISTEN_NS, Listening
from ballast.venues.simulated.fronts.binance.usdm_orders import KEPT, span
from ballast.venues.simulated.fronts.binance.usdm_positions import (
    ZERO,
    entry_price,
    figures,
    money,
    most_at,
    open_value,
    sides_of,
)
from ballast.venues.simulated.fronts.binance.usdm_words import rate
from ballast.venues.simulated.fronts.keys import hmac_hex
from ballast.venues.simulated.fronts.numbers import shortest

if TYPE_CHECKING:
    from decimal import Decimal

    from ballast.venues.simulated.engine.events import Position
    from ballast.venues.simulated.fronts.binance.call import Call
    from ballast.venues.simulated.fronts.binance.usdm import BinanceUsdm

NS_MS = 1_000_000
INCOMES = frozenset(
    {
        "TRANSFER", "WELCOME_BONUS", "REALIZED_PNL", "FUNDING_FEE", "COMMISSION",
        "INSURANCE_CLEAR", "REFERRAL_KICKBACK", "COMMISSION_REBATE", "API_REBATE",
        "CONTEST_REWARD", "CROSS_COLLATERAL_TRANSFER", "OPTIONS_PREMIUM_FEE",
        "OPTIONS_SETTLE_PROFIT", "INTERNAL_TRANSFER", "AUTO_EXCHANGE", "DELIVERED_SETTELMENT",
        "COIN_SWAP_DEPOSIT", "COIN_SWAP_WITHDRAW", "POSITION_LIMIT_INCREASE_FEE",
    }
)  # fmt: skip
SUMS = (
    "initialMargin", "maintMargin", "walletBalance", "unrealizedProfit", "marginBalance",
    "positionInitialMargin", "openOrderInitialMargin", "crossWalletBalance", "crossUnPnl",
    "availableBalance", "maxWithdrawAmount",
)  # fmt: skip
TOTALS = {
    "initialMargin": "totalInitialMargin", "maintMargin": "totalMaintMargin",
    "walletBalance": "totalWalletBalance", "unrealizedProfit": "totalUnrealizedProfit",
    "marginBalance": "totalMarginBalance",
    "positionInitialMargin": "totalPositionInitialMargin",
    "openOrderInitialMargin": "totalOpenOrderInitialMargin",
    "crossWalletBalance": "totalCrossWalletBalance", "crossUnPnl": "totalCrossUnPnl",
    "availableBalance": "availableBalance", "maxWithdrawAmount": "maxWithdrawAmount",
}  # fmt: skip


# Wallet --------------------------------------------------------------------------------------


def asset_figures(front: BinanceUsdm, account: int, asset: str) -> dict[str, Decimal]:
    """Return what an account has of an asset, and what its positions and orders need of it."""
    market = front.market
    held = [one for one in market.positions(account) if market.listings[one.symbol].quote == asset]
    found = [figures(front, one) for one in held]
    cross_profit = sum(
        (
            one.profit
            for position, one in zip(held, found, strict=True)
            if position.margin_mode is MarginMode.CROSS
        ),
        ZERO,
    )
    cross = market.amount(asset, market.balance(account, asset).total_atoms)
    wallet = cross + sum((one.own for one in found), ZERO)
    profit = sum((one.profit for one in found), ZERO)
    quotes = {one.quote for one in market.listings.values()}
    free = market.amount(asset, max(0, market.available(account, asset))) if asset in quotes else (
        cross
    )  # fmt: skip
    positions = sum((one.initial for one in found), ZERO)
    orders = _order_margin(front, account, asset)
    return {
        "walletBalance": wallet,
        "unrealizedProfit": profit,
        "marginBalance": wallet + profit,
        "maintMargin": sum((one.maintenance for one in found), ZERO),
        "initialMargin": positions + orders,
        "positionInitialMargin": positions,
        "openOrderInitialMargin": orders,
        "crossWalletBalance": cross,
        "crossUnPnl": cross_profit,
        "availableBalance": free,
        "maxWithdrawAmount": min(free, cross),
    }


def _order_margin(front: BinanceUsdm, account: int, asset: str) -> Decimal:
    total = ZERO
    for one in front.market.listings.values():
        if one.quote == asset:
            for side in sides_of(front, account):
                held = front.market.position(account, one.symbol, side)
                total += max(open_value(front, held).values()) / held.leverage
    return total


def _assets(front: BinanceUsdm, account: int) -> list[str]:
    quotes = {one.quote for one in front.market.listings.values()}
    return sorted(quotes | {one.asset for one in front.market.balances(account)})


def balance(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v2/balance and v3."""
    call.given.finish()
    rows = []
    for asset in _assets(front, call.account):
        found = asset_figures(front, call.account, asset)
        rows.append(
            {
                "accountAlias": f"sim{call.account:05d}",
                "asset": asset,
                "balance": money(found["walletBalance"]),
                "crossWalletBalance": money(found["crossWalletBalance"]),
                "crossUnPnl": money(found["crossUnPnl"]),
                "availableBalance": money(found["availableBalance"]),
                "maxWithdrawAmount": money(found["maxWithdrawAmount"]),
                "marginAvailable": True,
                "updateTime": call.now_ms,
            }
        )
    return rows


def account_v3(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v3/account: positions that are open, without their settings."""
    call.given.finish()
    held = front.market.positions(call.account)
    return {**_account(front, call), "positions": [_position(front, one) for one in held]}


def account_v2(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v2/account: every symbol, with its settings."""
    call.given.finish()
    assert call.key is not None  # noqa: S101 - the route demands a signature
    rows = []
    for name in front.market.listings:
        for side in sides_of(front, call.account):
            one = front.market.position(call.account, name, side)
            listing = front.market.listings[name]
            rows.append(
                {
                    **_position(front, one),
                    "positionInitialMargin": money(figures(front, one).initial),
                    "openOrderInitialMargin": money(
                        max(open_value(front, one).values()) / one.leverage
                    ),
                    "leverage": str(one.leverage),
                    "isolated": one.margin_mode is MarginMode.ISOLATED,
                    "entryPrice": entry_price(front, one),
                    "breakEvenPrice": entry_price(front, one),
                    "maxNotional": shortest(most_at(listing, one.leverage)),
                    "bidNotional": "0",
                    "askNotional": "0",
                }
            )
    return {
        "feeTier": 0,
        "feeBurn": False,
        "canTrade": call.key.can_trade,
        "canDeposit": True,
        "canWithdraw": call.key.can_withdraw,
        "tradeGroupId": -1,
        "updateTime": 0,
        "multiAssetsMargin": False,
        **_account(front, call),
        "positions": rows,
    }


def _account(front: BinanceUsdm, call: Call) -> dict[str, Any]:
    names = _assets(front, call.account)
    found = {name: asset_figures(front, call.account, name) for name in names}
    quotes = {one.quote for one in front.market.listings.values()}
    totals = {
        TOTALS[name]: money(sum((found[asset][name] for asset in quotes), ZERO)) for name in SUMS
    }
    assets = [
        {
            "asset": asset,
            **{name: money(value) for name, value in one.items()},
            "marginAvailable": True,
            "updateTime": call.now_ms,
        }
        for asset, one in found.items()
    ]
    return {**totals, "assets": assets}


def _position(front: BinanceUsdm, one: Position) -> dict[str, Any]:
    found = figures(front, one)
    return {
        "symbol": one.symbol,
        "positionSide": one.side.name,
        "positionAmt": front.words.qty(one.symbol, one.qty_lots),
        "unrealizedProfit": money(found.profit),
        "isolatedMargin": money(found.isolated),
        "notional": money(found.notional),
        "isolatedWallet": money(found.own),
        "initialMargin": money(found.initial + max(open_value(front, one).values())
                               / one.leverage),
        "maintMargin": money(found.maintenance),
        "updateTime": front.wire_now_ns // NS_MS if one.qty_lots else 0,
    }  # fmt: skip


def config(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/accountConfig."""
    call.given.finish()
    assert call.key is not None  # noqa: S101 - the route demands a signature
    hedged = front.market.position_mode(call.account) is PositionMode.HEDGE
    return {
        "feeTier": 0,
        "canTrade": call.key.can_trade,
        "canDeposit": True,
        "canWithdraw": call.key.can_withdraw,
        "dualSidePosition": hedged,
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
    }


def restrictions(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /sapi/v1/account/apiRestrictions: what the key may do here, which is not spot."""
    assert call.key is not None  # noqa: S101 - the route demands a signature
    may_not = {"enableSpotAndMarginTrading": False}
    said = spot_account.restrictions(front, call)
    return {**said, **may_not, "enableFutures": call.key.can_trade}


def multi_assets(_front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/multiAssetsMargin: margin is the quote asset alone here."""
    call.given.finish()
    return {"multiAssetsMargin": False}


# History -------------------------------------------------------------------------------------


def user_trades(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/userTrades."""
    symbol, order_id = call.symbol(), call.maybe_whole("orderId")
    from_id = call.whole("fromId", 0)
    start, end = span(call)
    limit = call.whole("limit", 500, 1_000)
    call.given.finish()
    found = [
        one
        for one in front.market.fills(call.account, symbol, from_id, KEPT)
        if (order_id is None or one.order_id == order_id) and start <= one.at_ns // NS_MS <= end
    ]
    chosen = found[:limit] if from_id or start else found[-limit:]
    return [front.words.fill(one) for one in chosen]


def income(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/income: oldest first."""
    symbol, kind = call.maybe_symbol(), call.given.optional("incomeType")
    start, end = call.whole("startTime", 0), call.whole("endTime", 2**62)
    limit, page = call.whole("limit", 100, 1_000), call.whole("page", 0)
    call.given.finish()
    if kind is not None and kind not in INCOMES:
        raise errors.missing("incomeType")
    rows = [
        {
            "symbol": one.symbol,
            "incomeType": one.kind,
            "income": front.words.money(one.asset, one.atoms),
            "asset": one.asset,
            "info": str(one.trade_id) if one.trade_id else one.kind,
            "time": one.at_ns // NS_MS,
            "tranId": one.number,
            "tradeId": str(one.trade_id) if one.trade_id else "",
        }
        for one in front.ledger.rows
        if one.account == call.account
        and symbol in {None, one.symbol}
        and kind in {None, one.kind}
        and start <= one.at_ns // NS_MS <= end
    ]
    if page:
        rows = rows[(page - 1) * limit :]
    return rows[:limit] if start or page else rows[-limit:]


def commission(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/commissionRate."""
    symbol = call.symbol()
    call.given.finish()
    maker, taker = front.market.fee_rates_ppm(call.account, symbol)
    return {
        "symbol": symbol,
        "makerCommissionRate": rate(maker),
        "takerCommissionRate": rate(taker),
    }


def order_rate(_front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/rateLimit/order."""
    call.given.finish()
    shape = {"rateLimitType": "ORDERS"}
    return [
        {**shape, "interval": "SECOND", "intervalNum": 10, "limit": 300},
        {**shape, "interval": "MINUTE", "intervalNum": 1, "limit": 1_200},
    ]


# Listen keys ---------------------------------------------------------------------------------


def _mine(front: BinanceUsdm, call: Call) -> Listening | None:
    return next(
        (
            one
            for one in front.ledger.keys.values()
            if one.account == call.account and call.now_ns < one.until_ns
        ),
        None,
    )


def listen(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /fapi/v1/listenKey: the one that lives is prolonged, else a new one is made."""
    call.given.finish()
    ledger, found = front.ledger, _mine(front, call)
    if found is None:
        assert call.key is not None  # noqa: S101 - the route demands a key
        ledger.keys_made += 1
        text = hmac_hex(call.key.secret, f"listen/{ledger.keys_made}".encode())
        for old in [one.key for one in ledger.keys.values() if one.account == call.account]:
            del ledger.keys[old]
        found = ledger.keys[text] = Listening(text, call.account, 0)
    found.until_ns = call.now_ns + LISTEN_NS
    return {"listenKey": found.key}


def keep_listening(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """PUT /fapi/v1/listenKey: another hour."""
    call.given.allow("listenKey")
    call.given.finish()
    found = _mine(front, call)
    if found is None:
        raise usdm_errors.NO_LISTEN_KEY
    found.until_ns = call.now_ns + LISTEN_NS
    return {"listenKey": found.key}


def stop_listening(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """DELETE /fapi/v1/listenKey."""
    call.given.allow("listenKey")
    call.given.finish()
    found = _mine(front, call)
    if found is None:
        raise usdm_errors.NO_LISTEN_KEY
    found.until_ns = call.now_ns
    return {}
