"""Adopting: what there is to take over at a venue, read and tried out before anything is done.

`planned` asks for the position, our resting orders and, where it is wanted, the trades, and returns
the event that makes all of it the node's (`Adopted`). `tried` takes that event with a copy of the
node and says what would be held, at what price, behind which stop; it refuses what would not come
out right. Both raise `UserError` for what a person must decide.

Trades are walked back from what is held now to the last time that nothing was: there the position
began. Parts that were sold since then are closings like any other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from ballast.core.errors import UserError
from ballast.core.ids import Purpose, is_ours, purpose_of
from ballast.core.orders import Fill, PositionSide, Side
from ballast.runtime.node.events import Adopted, Priced
from ballast.runtime.node.state import packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from ballast.core.reports import OrderReport
    from ballast.oms.holdings import Coin
    from ballast.runtime.node.node import Node
    from ballast.strategies.plan import AnyStrategy
    from ballast.venues.clients.account import VenuePosition
    from ballast.venues.clients.desk import VenueDesk
    from ballast.venues.clients.market import Market

MS_NS = 1_000_000
DAY_MS = 86_400_000
KEPT = frozenset({Purpose.STOP, Purpose.TAKE})
"""Resting orders that are worth keeping; an entry or an exit of a lost journal must go."""


@dataclass(frozen=True, slots=True)
class AdoptWish:
    """What a person wants taken over. `stop`, `entry` None: as the strategy, the venue say.

    `qty` is for coins, of which a part may be a person's own; None: all that the journal does not
    know. `days`: how far back trades are asked for.
    """

    symbol: str
    who: str
    reason: str
    stop: Decimal | None = None
    entry: Decimal | None = None
    qty: Decimal | None = None
    from_trades: bool = False
    days: int = 30


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be told to the node, what it shall hold afterwards, and the price now."""

    event: Adopted
    lots: int
    price_ticks: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What would be held afterwards; prices in ticks."""

    lots_before: int
    lots: int
    entry: float
    """Mean price of what is held, in quote units; 0: nothing is."""
    stop_ticks: int
    realised: float
    """Of the parts that were sold, before fees, in quote units."""
    takes_done: int


async def planned(desk: VenueDesk, node: Node, wish: AdoptWish, now_ns: int) -> Plan:
    """Return what makes a position the node's; raise `UserError`, `CallError`."""
    symbol = wish.symbol
    market = desk.markets[symbol]
    (held,) = await desk.positions([symbol])
    shown = await desk.open_orders([symbol])
    ours = node.book.holding(symbol).lots
    lots = _target(market, held, wish, ours)
    strays = [one for one in shown if is_ours(one.client_id) and node.book.find(one) is None]
    if lots == ours and not strays:
        raise UserError(
            f"nothing of {symbol} is strange: the journal knows of {ours} lots", where="adopt"
        )
    fills: list[Fill] = []
    if wish.from_trades:
        trades = await desk.trades(symbol, now_ns // MS_NS - wish.days * DAY_MS)
        fills = _missed(node, market, trades, ours, lots)
    elif lots != ours:
        fills = [_standing(market, held, wish, ours, lots, now_ns)]
    price = await price_of(desk, symbol, lots)
    kept = [one for one in strays if _protects(one, lots, price)]
    gone = tuple(one.client_id for one in strays if one not in kept)
    stop = _stop(market, wish, kept, lots)
    event = Adopted(symbol, tuple(fills), tuple(kept), gone, stop, wish.who, wish.reason, now_ns)
    return Plan(event, lots, price)


async def price_of(desk: VenueDesk, symbol: str, lots: int) -> int:
    """Return what a position could be closed at now, in ticks; raise `UserError` for no price."""
    top = await desk.top(symbol, 1)
    levels = top.bids if lots >= 0 else top.asks
    if not levels:
        raise UserError(f"the venue states no price of {symbol}", fix="try again")
    return levels[0][0]


def tried(node: Node, classes: Sequence[AnyStrategy], plan: Plan) -> Outcome:
    """Return what an adoption comes to, on a copy; raise `UserError` where it would not hold."""
    event, symbol = plan.event, plan.event.symbol
    copy = unpacked(packed(node), classes)
    before = copy.book.holding(symbol).lots
    copy.handle(Priced(symbol, plan.price_ticks, event.at_ns))
    copy.handle(event)
    lots, decider = copy.book.holding(symbol).lots, copy.decider
    is_perpetual = copy.rules.abilities.reduces_only
    slack = 0 if is_perpetual else len(event.fills)  # fees in coins, rounded trade by trade
    if abs(lots - plan.lots) > slack:
        raise UserError(
            f"the trades of {symbol} come to {lots} lots, the venue holds {plan.lots}",
            fix="say more --days; if it stays so, close it by hand",
        )
    stop = copy.desk(symbol).guard.best_ticks if lots else 0
    if lots:
        _require_stop(plan, stop, 1 if lots > 0 else -1)
    if decider is None or symbol not in decider.places:
        return Outcome(before, lots, 0.0, stop, 0.0, 0)
    row = decider.live.pos[decider.places[symbol]]
    theirs = int(row.lots) * int(row.side)
    if abs(theirs - lots) > slack:
        raise UserError(
            f"{symbol} cannot be taken over: {lots} lots by trades, {theirs} for the strategy",
            fix="close it by hand",
        )
    if not is_perpetual and decider.live.account.cash[0] < 0:
        raise UserError(
            f"{symbol} is worth more than the strategy has", where="--cash", fix="give it more"
        )
    entry = float(row.entry) if lots else 0.0
    done = int(row.take_done.sum()) if lots else 0
    return Outcome(before, lots, entry, stop, float(row.realised), done)


def _require_stop(plan: Plan, stop_ticks: int, direction: int) -> None:
    symbol = plan.event.symbol
    if direction * (plan.price_ticks - stop_ticks) <= 0:
        raise UserError(
            f"the price of {symbol} has passed the stop: it would be closed at once",
            fix="say --stop PRICE on the other side of the market, or close it by hand",
        )


def since_flat(fills: Sequence[Fill], lots: int, coin: Coin | None) -> list[Fill] | None:
    """Return the trades since nothing was held, oldest first, given what is held after the last.

    `coin` is what fees may be taken of, on spot.

    Of a trade that turned a position around, only what it opened. Less than a lot is nothing: fees
    taken in coins leave that. None: the trades do not reach back.
    """
    left, found = Fraction(lots), list[Fill]()
    for fill in reversed(fills):
        if abs(left) < 1:
            break
        before = left - _brought(fill, coin)
        if before * left < 0 and abs(before) >= 1:
            opened = int(abs(left))
            fee = fill.fee_atoms * opened // fill.qty_lots
            found.append(replace(fill, qty_lots=opened, fee_atoms=fee))
            left = Fraction(0)
        else:
            found.append(fill)
            left = before
    return None if abs(left) >= 1 else found[::-1]


def _brought(fill: Fill, coin: Coin | None) -> Fraction:
    """Return by how many lots a trade changed what is held: a fee in coins takes of them."""
    lots = Fraction(int(fill.side) * fill.qty_lots)
    if coin is None or fill.fee_asset != coin.asset:
        return lots
    return lots - Fraction(fill.fee_atoms * coin.lot_parts, coin.lot_atoms)


# Inside -----------------------------------------------------------------------------------


def _target(market: Market, held: VenuePosition, wish: AdoptWish, ours: int) -> int:
    """Return what the node shall hold afterwards, in lots."""
    if held.side is not PositionSide.BOTH:
        raise UserError("the account is in hedge mode", fix="set one-way mode at the venue")
    if market.is_perpetual:
        if wish.qty is not None:
            raise UserError("a perpetual is taken over whole", where="--qty")
        return held.lots
    strange = held.lots - ours
    if wish.qty is None:
        return ours + strange
    wanted = int(wish.qty / market.lot)
    if not 0 < wanted <= strange:
        raise UserError(
            f"{wish.qty} of {market.base}",
            where="--qty",
            expected=f"at most {market.lot * max(strange, 0)}, which the journal does not know",
        )
    return ours + wanted


def _missed(node: Node, market: Market, trades: Sequence[Fill], ours: int, lots: int) -> list[Fill]:
    """Return the trades that the journal misses; raise `UserError` where they reach not back."""
    symbol, session = market.symbol, node.rules.session
    known = set(node.book.state().trades)
    if not ours:
        coins = zip(session.seats, session.coins(), strict=True) if session is not None else ()
        coin = next((coin for seat, coin in coins if seat.symbol == symbol), None)
        found = since_flat(trades, lots, coin)
        if found is None:
            raise UserError(
                f"the trades of {symbol} do not reach back to where the position began",
                fix="say more --days, or leave out --from-trades: its mean price is taken then",
            )
    else:
        decider = node.decider
        begun_ms = decider.last_entry_ms(symbol) if decider is not None else 0
        found = [one for one in trades if one.at_ns // MS_NS >= begun_ms]
    return [one for one in found if (symbol, one.trade_id, one.order_id) not in known]


def _standing(
    market: Market, held: VenuePosition, wish: AdoptWish, ours: int, lots: int, now_ns: int
) -> Fill:
    """Return one fill that stands for all there were; raise `UserError` where that is not sound."""
    if ours:
        raise UserError(
            f"the journal knows of {ours} lots of {market.symbol}, {lots} are held",
            fix="say --from-trades: what happened between must be booked one by one",
        )
    price = wish.entry or held.entry
    if price <= 0:
        raise UserError(
            f"the venue states no entry price of {market.symbol}",
            fix="say --from-trades, or --entry PRICE",
        )
    return Fill(
        trade_id=-now_ns, order_id=0, client_id="", account=0, symbol=market.symbol,
        side=Side.BUY if lots > 0 else Side.SELL, position_side=PositionSide.BOTH,
        price_ticks=max(market.nearest_ticks(str(price)), 1), qty_lots=abs(lots), is_maker=False,
        fee_asset=market.quote, fee_atoms=0, realised_atoms=0, at_ns=now_ns - 1,
    )  # fmt: skip


def _protects(order: OrderReport, lots: int, price_ticks: int) -> bool:
    """Tell whether a resting order of ours is of use for a position: on its side of the market."""
    purpose, direction = purpose_of(order.client_id), 1 if lots > 0 else -1
    if not lots or purpose not in KEPT or not order.qty_lots:
        return False
    if purpose is Purpose.STOP:
        return order.trigger_ticks > 0 and direction * (price_ticks - order.trigger_ticks) > 0
    return order.price_ticks > 0 and direction * (order.price_ticks - price_ticks) > 0


def _stop(market: Market, wish: AdoptWish, kept: Sequence[OrderReport], lots: int) -> int:
    """Return where a person wants the stop, else where the tightest of ours rests; 0: neither."""
    if wish.stop is not None:
        ticks = market.nearest_ticks(str(wish.stop))
        if ticks <= 0 or market.tick * ticks != wish.stop:
            raise UserError(
                f"{wish.stop} is no price of {market.symbol}",
                where="--stop",
                expected=f"a multiple of {market.tick}",
            )
        return ticks
    direction = 1 if lots > 0 else -1
    resting = [one.trigger_ticks for one in kept if purpose_of(one.client_id) is Purpose.STOP]
    return max(resting, key=lambda ticks: direction * ticks, default=0)
