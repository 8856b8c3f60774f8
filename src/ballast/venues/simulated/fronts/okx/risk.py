"""Risk: balances and positions as OKX prints them, with the margins behind them.

Per currency: equity is cash, plus the marked profit of cross positions, plus what isolated
positions hold and would bring; available is what new orders can use, and the rest is frozen.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.instrument import Kind
from ballast.core.orders import MarginMode, OrderStatus, PositionSide, Side
from ballast.venues.simulated.fronts.okx import ids
from ballast.venues.simulated.fronts.okx.memory import Life
from ballast.venues.simulated.fronts.okx.words import MARGIN_MODES, POSITION_SIDES, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.venues.simulated.engine.events import Position
    from ballast.venues.simulated.engine.profile import Listing, Tier
    from ballast.venues.simulated.fronts.okx.front import OkxFront

NS_MS = 1_000_000
DOLLARS = frozenset({"USD", "USDT", "USDC"})
RATIO_DIGITS = Decimal("0.00000001")
ZERO = Decimal(0)
EMPTY = (
    "borrowFroz", "crossLiab", "disEq", "fixedBal", "interest", "isoLiab", "liab", "maxLoan",
    "rewardBal", "smtSyncEq", "spotCopyTradingEq", "spotInUseAmt", "spotIsoBal", "stgyEq", "twap",
    "uplLiab", "clSpotInUseAmt", "maxSpotInUse", "spotUpl", "spotUplRatio", "totalPnl",
    "totalPnlRatio", "openAvgPx", "accAvgPx", "spotBal", "notionalLever",
)  # fmt: skip
"""Of borrowing, copying and bots: there is nothing of it."""

NOT_OF_SWAPS = (
    "baseBal", "bePx", "deltaBS", "gammaBS", "hedgedPos", "interest", "liab", "liabCcy",
    "nonSettleAvgPx", "optVal", "posCcy", "quoteBal", "settledPnl", "spotInUseAmt",
    "spotInUseCcy", "thetaBS", "vegaBS",
)  # fmt: skip
"""Fields of a position that belong to margin trading, options and bots."""


def share(part: Decimal, whole: Decimal) -> str:
    """Print a ratio, nothing where there is none."""
    return text((part / whole).quantize(RATIO_DIGITS)) if whole else ""


def tier_of(listing: Listing, worth: Decimal) -> Tier:
    """Return the leverage bracket of a position's value."""
    for tier in listing.tiers:
        if not tier.cap or worth <= tier.cap:
            return tier
    return listing.tiers[-1]


class Standing:
    """The figures of one position, in quote."""

    def __init__(self, front: OkxFront, position: Position) -> None:
        """Reckon them at the mark."""
        listing = front.market.listings[position.symbol]
        mark = listing.price(position.mark_ticks)
        self.worth = abs(listing.qty(position.qty_lots)) * listing.contract * mark
        tier = tier_of(listing, self.worth)
        self.initial = self.worth / position.leverage
        self.maintenance = max(ZERO, self.worth * tier.maintenance - tier.deduction)
        self.profit = front.market.amount(listing.quote, position.unrealised_atoms)
        self.margin = front.market.amount(listing.quote, position.margin_atoms)


def position(front: OkxFront, one: Position, now_ms: int) -> dict[str, Any]:
    """Return a position."""
    words, listing = front.words, front.market.listings[one.symbol]
    stands = Standing(front, one)
    isolated = one.margin_mode is MarginMode.ISOLATED
    value = one.cost_atoms
    average = ZERO
    if one.qty_lots:
        cost = front.market.amount(listing.quote, abs(value))
        average = cost / (abs(listing.qty(one.qty_lots)) * listing.contract)
    life = front.memory.lives.get((one.account, one.symbol, one.side), Life())
    fee, funding, realised = (
        front.market.amount(listing.quote, atoms)
        for atoms in (life.fee_atoms, life.funding_atoms, life.realised_atoms)
    )
    backing = stands.margin + stands.profit if isolated else _equity(front, one, listing)
    number = list(front.market.listings).index(one.symbol) * 3 + list(POSITION_SIDES).index(
        one.side
    )
    view = front.market.perpetual(one.symbol)
    return {
        "adl": "1",
        "availPos": words.qty(one.symbol, closable_lots(front, one))
        if one.side is not PositionSide.BOTH
        else "",
        "avgPx": text(average.quantize(Decimal("0.0000000001"))),
        "cTime": str(life.since_ns // NS_MS or now_ms),
        "ccy": listing.quote,
        "closeOrderAlgo": [],
        "fee": text(fee),
        "fundingFee": text(funding),
        "idxPx": words.maybe_price(one.symbol, view.index_ticks),
        "imr": "" if isolated else text(stands.initial),
        "instId": one.symbol,
        "instType": "SWAP",
        "last": words.maybe_price(one.symbol, front.market.last_ticks(one.symbol)),
        "lever": str(one.leverage),
        "liqPenalty": "0",
        "liqPx": words.maybe_price(one.symbol, one.liquidation_ticks),
        "margin": text(stands.margin) if isolated else "",
        "markPx": words.maybe_price(one.symbol, one.mark_ticks),
        "mgnMode": MARGIN_MODES[one.margin_mode],
        "mgnRatio": share(backing, stands.maintenance),
        "mmr": text(stands.maintenance),
        "notionalUsd": text(stands.worth),
        "pnl": text(realised),
        "pos": words.qty(one.symbol, one.qty_lots) if one.side.value == "both"
        else words.qty(one.symbol, abs(one.qty_lots)),
        "posId": str(ids.POSITION_BASE + one.account * 10_000 + number),
        "posSide": POSITION_SIDES[one.side],
        "realizedPnl": text(realised + fee + funding),
        "tradeId": str(life.trade_id or ""),
        "uTime": str(now_ms),
        "upl": text(stands.profit),
        "uplLastPx": text(_profit_at_last(front, one, listing)),
        "uplRatio": share(stands.profit, stands.initial),
        "uplRatioLastPx": share(_profit_at_last(front, one, listing), stands.initial),
        "usdPx": "1",
        **dict.fromkeys(NOT_OF_SWAPS, ""),
    }  # fmt: skip


def closable_lots(front: OkxFront, one: Position) -> int:
    """Return the lots of a hedged position that no resting order closes already."""
    side = Side.SELL if one.side is PositionSide.LONG else Side.BUY
    resting = sum(
        order.left_lots
        for order in front.market.open_orders(one.account, one.symbol)
        if order.request.position_side is one.side
        and order.request.side is side
        and order.status in {OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED}
    )
    return max(0, abs(one.qty_lots) - resting)


def _profit_at_last(front: OkxFront, one: Position, listing: Listing) -> Decimal:
    last = front.market.last_ticks(one.symbol)
    worth = front.words.worth(one.symbol, last * one.qty_lots)
    return worth - front.market.amount(listing.quote, one.cost_atoms)


def _equity(front: OkxFront, one: Position, listing: Listing) -> Decimal:
    """Return cash and marked profit of the cross positions: what stands behind them."""
    cash = front.market.amount(
        listing.quote, front.market.balance(one.account, listing.quote).total_atoms
    )
    mine = _positions(front, one.account, listing.quote)
    return cash + sum(
        (stands.profit for which, stands in mine if which.margin_mode is MarginMode.CROSS), ZERO
    )


def _positions(front: OkxFront, account: int, asset: str) -> list[tuple[Position, Standing]]:
    return [
        (one, Standing(front, one))
        for one in front.market.positions(account)
        if front.market.listings[one.symbol].quote == asset
    ]


def balance(
    front: OkxFront, account: int, now_ms: int, names: Sequence[str] | None = None
) -> dict[str, Any]:
    """Return an account's balance: the whole, and each currency it has or that is asked for."""
    details = []
    for one in front.market.balances(account):
        asked = names is None or one.asset in names
        held = one.total_atoms or _positions(front, account, one.asset)
        if asked and held:
            details.append(_detail(front, account, one.asset, now_ms))
    swaps = [
        (one, stands)
        for asset in {listing.quote for listing in front.market.listings.values()}
        for one, stands in _positions(front, account, asset)
    ]

    def total(name: str) -> Decimal:
        return sum((Decimal(one[name] or 0) for one in details), ZERO)

    needed = sum((stands.maintenance for _, stands in swaps), ZERO)
    return {
        "adjEq": "",
        "availEq": "",
        "borrowFroz": "",
        "delta": "",
        "deltaLever": "",
        "deltaNeutralStatus": "",
        "details": details,
        "imr": "",
        "isoEq": text(total("isoEq")),
        "mgnRatio": "",
        "mmr": text(needed) if needed else "",
        "notionalUsd": text(sum((stands.worth for _, stands in swaps), ZERO)) if swaps else "",
        "notionalUsdForBorrow": "",
        "notionalUsdForFutures": "",
        "notionalUsdForOption": "",
        "notionalUsdForSwap": "",
        "ordFroz": "",
        "totalEq": text(total("eqUsd")),
        "uTime": str(now_ms),
        "upl": text(total("upl")),
    }


def _detail(front: OkxFront, account: int, asset: str, now_ms: int) -> dict[str, str]:
    market = front.market
    one = market.balance(account, asset)
    mine = _positions(front, account, asset)
    cross = [stands for which, stands in mine if which.margin_mode is MarginMode.CROSS]
    alone = [stands for which, stands in mine if which.margin_mode is MarginMode.ISOLATED]
    cash, locked = market.amount(asset, one.total_atoms), market.amount(asset, one.locked_atoms)
    profit = sum((stands.profit for stands in cross), ZERO)
    isolated = sum((stands.margin + stands.profit for stands in alone), ZERO)
    equity = cash + profit + isolated
    free = market.amount(asset, max(0, market.available(account, asset)))
    needed = sum((stands.maintenance for stands in cross), ZERO)
    initial = sum((stands.initial for stands in cross), ZERO)
    return {
        "ccy": asset,
        "eq": text(equity),
        "cashBal": text(cash),
        "uTime": str(now_ms),
        "isoEq": text(isolated),
        "availEq": text(free),
        "availBal": text(min(free, cash)),
        "frozenBal": text(max(ZERO, equity - free)),
        "ordFrozen": text(locked),
        "upl": text(profit),
        "isoUpl": text(sum((stands.profit for stands in alone), ZERO)),
        "mgnRatio": share(cash + profit, needed),
        "imr": text(initial),
        "mmr": text(needed),
        "eqUsd": text((equity * price_of(front, asset)).quantize(RATIO_DIGITS)),
        "collateralEnabled": "false",
        **dict.fromkeys(EMPTY, ""),
    }


def price_of(front: OkxFront, asset: str) -> Decimal:
    """Return what an asset is worth in dollars: by the last trade of its pair, 0 without one."""
    if asset in DOLLARS:
        return Decimal(1)
    for listing in front.market.listings.values():
        if listing.base == asset and listing.quote in DOLLARS and listing.kind is Kind.SPOT:
            return listing.price(front.market.last_ticks(listing.symbol))
    return ZERO
