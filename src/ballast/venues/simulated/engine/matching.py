"""Matching: orders enter the compiled book, and its facts become fills, trades and levels.

`work` is the loop around the compiled call: facts are booked in the order they happened; when the
book paused (MORE), what is left of the order goes back in.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ballast.core.errors import InternalError
from ballast.core.orders import EndReason, Fill, OrderStatus, SelfTrade, Side, TimeInForce
from ballast.kernel.exchange import layout, match, views
from ballast.kernel.exchange.growth import with_room
from ballast.venues.simulated.engine import funds, positions, reduction, shelf
from ballast.venues.simulated.engine.events import Change, Filled, Trade, Traded
from ballast.venues.simulated.engine.world import keep_last

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.venues.simulated.engine.world import Account, Live, Market, World

NO_LIMIT = 2**62
"""Limit of a buy at any price; a sell at any price has 1."""
OUTPUT_ROWS_MAX = 1 << 16
_PREVENTION = {
    SelfTrade.NONE: 0,
    SelfTrade.CANCEL_TAKER: 1,
    SelfTrade.CANCEL_MAKER: 2,
    SelfTrade.CANCEL_BOTH: 3,
}
_ENDS = {
    layout.EXPIRED: EndReason.IMMEDIATE_OR_CANCEL,
    layout.KILLED: EndReason.FILL_OR_KILL,
    layout.WOULD_TRADE: EndReason.POST_ONLY,
    layout.SELF: EndReason.SELF_TRADE,
}


def market_flags(market: Market) -> int:
    """Return the flags every order of this market carries."""
    return layout.PAUSE if market.terms.is_perpetual else 0


def prevention(world: World, order: Live) -> int:
    """Return the self-trade flags of an order."""
    asked = order.request.self_trade or world.profile.self_trade
    return _PREVENTION[asked] << layout.STP_SHIFT


def flags_of(world: World, market: Market, order: Live, *, is_market: bool) -> int:
    """Return how an order behaves in the book."""
    request = order.request
    flags = market_flags(market) | prevention(world, order)
    if request.tif is TimeInForce.FOK:
        flags |= layout.FOK
    elif is_market or request.tif is TimeInForce.IOC:
        flags |= layout.IOC
    if request.post_only:
        flags |= layout.POST_ONLY
        if world.profile.post_only.value == "reprice":
            flags |= layout.REPRICE
    return flags | (layout.REDUCE_ONLY if positions.is_reducing(request) else 0)


def enter_book(world: World, market: Market, order: Live, limit: int, *, is_market: bool) -> None:
    """Let an order trade, and rest what may rest."""
    if order.left_lots <= 0:
        raise InternalError(f"order {order.order_id} enters the book with nothing left")
    flags = flags_of(world, market, order, is_market=is_market)
    account, side = order.account, int(order.request.side)
    display = order.request.display_lots

    def call(extra: int) -> int:
        return match.place(
            market.book, market.out, order.order_id, account, side, limit,
            order.left_lots, flags | extra, display,
        )  # fmt: skip

    result = work(world, market, order, call)
    _conclude(world, market, order, result)


def work(world: World, market: Market, taker: Live | None, call: Callable[[int], int]) -> int:
    """Call the book until it is done with an order; book what it reports."""
    extra = 0
    while True:
        market.book = with_room(market.book)
        result = call(extra)
        read_output(world, market, taker)
        if result != layout.MORE:
            return result
        extra = layout.RESUMED
        if taker is not None and not taker.left_lots:
            return layout.DONE


def _conclude(world: World, market: Market, order: Live, result: int) -> None:
    """Give the order the state in which the book left it."""
    if result == layout.RESTS:
        order.in_book = True
        _note_price(market, order)
        funds.relock(world, world.accounts[order.account], market, order)
    elif result != layout.DONE:
        reason = _ENDS[result]
        if reason is EndReason.IMMEDIATE_OR_CANCEL and order.request.tif is not TimeInForce.IOC:
            side = order.request.side
            empty = int(market.book[layout.ASKS if side is Side.BUY else layout.BIDS]) == 0
            reason = EndReason.NO_LIQUIDITY if empty else EndReason.PROTECTION_PRICE
        shelf.end(world, market, order, OrderStatus.EXPIRED, reason)


def _note_price(market: Market, order: Live) -> None:
    """Take over the price a post-only order was moved to."""
    if not order.request.post_only:
        return
    ticks = int(market.book[views.where(market.book, order.order_id) + layout.PRICE])
    if ticks != order.request.price_ticks:
        order.request = replace(order.request, price_ticks=ticks)


def read_output(world: World, market: Market, taker: Live | None) -> None:
    """Book every fact of the last call, in order; then let reduce-only orders shrink."""
    count = int(market.out[0, 0])
    if not count:
        return
    facts = market.out[1 : count + 1].tolist()
    market.out[0, 0] = 0
    moved: dict[int, None] = {}
    for kind, a, b, c, d, _, f, _ in facts:
        if kind == layout.LEVEL_NOW:
            market.book_sequence += 1
            market.changed[a, b] = c
        elif kind == layout.FILL:
            _book_trade(world, market, taker, maker=(a, b), price=c, lots=d, taker_side=Side(f))
            moved[b] = None
        elif b:
            maker = world.accounts[b].orders(market.terms.symbol)[a]
            maker.in_book = False
            shelf.end(world, market, maker, OrderStatus.EXPIRED, EndReason.SELF_TRADE)
    if market.terms.is_perpetual:
        moved[taker.account if taker else 0] = None
        for account in sorted(moved):
            if account:
                reduction.enforce(world, market, world.accounts[account])


def _book_trade(
    world: World,
    market: Market,
    taker: Live | None,
    *,
    maker: tuple[int, int],
    price: int,
    lots: int,
    taker_side: Side,
) -> None:
    """Book one trade for both sides and print it on the tape."""
    maker_id, owner = maker
    trade_id = world.next_trade_id
    world.next_trade_id += 1
    symbol = market.terms.symbol
    resting = world.accounts[owner].orders(symbol)[maker_id] if owner else None
    taker_id = taker.order_id if taker else 0
    ids = (taker_id, maker_id) if taker_side is Side.BUY else (maker_id, taker_id)
    print_trade(world, market, Trade(symbol, trade_id, price, lots, taker_side, *ids, world.now_ns))
    for order, side in ((taker, taker_side), (resting, Side(-taker_side))):
        book_fill(world, market, order, side, price=price, lots=lots, trade_id=trade_id,
                  is_maker=order is resting)  # fmt: skip


def print_trade(world: World, market: Market, trade: Trade) -> None:
    """Put a public trade on the tape; conditional orders will see its price."""
    market.last_ticks = trade.price_ticks
    market.tape.append(trade)
    keep_last(market.tape, world.profile.tape_max)
    world.fired.append((trade.symbol, trade.price_ticks))
    world.emit(lambda sequence, at_ns: Traded(sequence, at_ns, trade))


def book_fill(
    world: World,
    market: Market,
    order: Live | None,
    side: Side,
    *,
    price: int,
    lots: int,
    trade_id: int,
    is_maker: bool,
) -> None:
    """Book one side of a trade; the street has no order."""
    terms = market.terms
    account = world.accounts[order.account] if order else None
    realised = 0
    if order is None or account is None:
        if terms.is_perpetual:
            positions.street_fill(world, terms, side, price=price, lots=lots)
        else:
            funds.exchange_spot(world, None, terms, side, price=price, lots=lots)
        return
    if terms.is_perpetual:
        which = positions.side_of(order.request)
        realised = positions.fill(world, account, terms, side, which, price=price, lots=lots)
        fee_asset, fee = terms.quote, 0
        if not order.is_liquidation:
            fee = positions.charge(world, account, terms, price=price, lots=lots, is_maker=is_maker)
    else:
        funds.exchange_spot(world, account, terms, side, price=price, lots=lots)
        fee_asset, fee = funds.charge_spot(
            world, account, terms, side, price=price, lots=lots, is_maker=is_maker
        )
    order.filled_lots += lots
    order.value += price * lots
    order.received += lots * terms.lot_atoms - (fee if fee_asset == terms.base else 0)
    fill = Fill(
        trade_id=trade_id,
        order_id=order.order_id,
        client_id=order.request.client_id,
        account=order.account,
        symbol=terms.symbol,
        side=side,
        position_side=order.request.position_side,
        price_ticks=price,
        qty_lots=lots,
        is_maker=is_maker,
        fee_asset=fee_asset,
        fee_atoms=fee,
        realised_atoms=realised,
        at_ns=world.now_ns,
    )
    _tell_fill(world, market, account, order, fill)


def _tell_fill(world: World, market: Market, account: Account, order: Live, fill: Fill) -> None:
    """Keep the fill, give the order its state, tell both."""
    account.fills.append(fill)
    keep_last(account.fills, world.profile.history_max)
    if order.left_lots:
        order.status = OrderStatus.PARTIALLY_FILLED
        funds.relock(world, account, market, order)
        world.todo.append(order)
    else:
        shelf.end(world, market, order, OrderStatus.FILLED, EndReason.NONE)
    view = shelf.update(world, order, Change.TRADE)
    world.emit(lambda sequence, at_ns: Filled(sequence, at_ns, fill, view))
