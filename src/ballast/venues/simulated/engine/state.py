"""State: the whole exchange as bytes, and back. Restored, it goes on as if nothing had happened.

MessagePack through msgspec, typed, never pickle, behind a checksum; every link of a stored book is
followed before compiled code may touch it. The fingerprint of profile, listings and seed must be
that of the exchange that restores.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, get_args

import msgspec
import numpy as np

from ballast.core.errors import DataError
from ballast.core.orders import OrderStatus, TriggerBy
from ballast.kernel.exchange.layout import FORMAT
from ballast.kernel.exchange.soundness import is_sound
from ballast.venues.simulated.engine.events import Event, Trade, Trading
from ballast.venues.simulated.engine.notices import Notices
from ballast.venues.simulated.engine.profile import Terms, VenueProfile  # noqa: TC001
from ballast.venues.simulated.engine.world import (  # noqa: TC001 - msgspec reads the types
    Account,
    Market,
    OrderList,
    Sent,
    World,
)

if TYPE_CHECKING:
    from ballast.kernel.exchange.layout import Words

DIGEST = 16
"""Bytes of the checksum that stands before a state."""
WORD = 8
_EVENTS = {one.__name__: one for one in get_args(Event)}


@dataclass(slots=True)
class SavedMarket:
    """A market without what its listing says."""

    symbol: str
    book: bytes
    trading: Trading
    last_ticks: int
    mark_ticks: int
    index_ticks: int
    funding_rate_e9: int
    next_funding_ns: int
    book_sequence: int
    told_sequence: int
    tape: list[Trade]
    bounds: dict[TriggerBy, tuple[int, int]]


@dataclass(slots=True)
class Saved:
    """Everything that a world is, between two requests."""

    format: int
    fingerprint: bytes
    now_ns: int
    sequence: int
    counters: tuple[int, int, int, int, int]
    purses: list[dict[str, int]]
    accounts: list[Account]
    markets: list[SavedMarket]
    timers: list[tuple[int, int, str, str, int]]
    lists: list[OrderList]
    sent: list[Sent]
    arrivals: dict[int, int]
    events: list[tuple[str, bytes]]
    sources: list[bytes]
    notices: Notices = field(default_factory=Notices)


def fingerprint(profile: VenueProfile, terms: list[Terms], seed: int) -> bytes:
    """Return what two exchanges must have in common to share a state."""
    return msgspec.msgpack.encode((profile, terms, seed))


def pack(world: World, seed: int, sources: list[bytes]) -> bytes:
    """Return a world as bytes."""
    terms = [market.terms for market in world.markets.values()]
    saved = Saved(
        format=FORMAT,
        fingerprint=fingerprint(world.profile, terms, seed),
        now_ns=world.now_ns,
        sequence=world.sequence,
        counters=(
            world.next_order_id, world.next_trade_id, world.next_list_id, world.next_timer,
            world.next_ticket,
        ),
        purses=_purses(world),
        accounts=list(world.accounts.values()),
        markets=[_saved(symbol, market) for symbol, market in world.markets.items()],
        timers=world.timers,
        lists=list(world.lists.values()),
        sent=list(world.sent.values()),
        arrivals=world.arrivals,
        events=[(type(one).__name__, msgspec.msgpack.encode(one)) for one in world.events],
        sources=sources,
        notices=world.notices,
    )  # fmt: skip
    body = msgspec.msgpack.encode(saved)
    return hashlib.blake2b(body, digest_size=DIGEST).digest() + body


def unpack(data: bytes, world: World, seed: int, sources: int) -> list[bytes]:
    """Make a world what the bytes say; return the states of its sources.

    Raise `DataError`, with the world unchanged, when they are not of this exchange.
    """
    body = data[DIGEST:]
    if hashlib.blake2b(body, digest_size=DIGEST).digest() != data[:DIGEST]:
        raise DataError("the state is damaged", fix="take a new snapshot")
    try:
        saved = msgspec.msgpack.decode(body, type=Saved)
        events = [msgspec.msgpack.decode(one, type=_EVENTS[name]) for name, one in saved.events]
    except (msgspec.MsgspecError, KeyError, ValueError) as error:
        raise DataError("not a state of an exchange", where=str(error)) from None
    terms = [market.terms for market in world.markets.values()]
    if saved.format != FORMAT or saved.fingerprint != fingerprint(world.profile, terms, seed):
        raise DataError(
            "the state is of another exchange", fix="restore with its profile, listings and seed"
        )
    if len(saved.sources) != sources:
        raise DataError("the state has another number of liquidity sources")
    books = _books(saved.markets, world)
    _fill(world, saved, events)
    for book, one in zip(books, saved.markets, strict=True):
        _fill_market(world.markets[one.symbol], one)
        world.markets[one.symbol].book = book
    for account in world.accounts.values():
        for symbol, orders in account.open.items():
            waiting = world.markets[symbol].waiting
            for order in orders.values():
                if order.status is OrderStatus.UNTRIGGERED:
                    waiting[order.order_id] = order
    return saved.sources


def _books(markets: list[SavedMarket], world: World) -> list[Words]:
    """Return the books, each proven sound: compiled code will trust them."""
    if [one.symbol for one in markets] != list(world.markets):
        raise DataError("the state has other markets")
    if any(len(one.book) % WORD for one in markets):
        raise DataError("a book of the state is damaged")
    books = [np.frombuffer(one.book, dtype=np.int64).copy() for one in markets]
    if not all(is_sound(book) for book in books):
        raise DataError("a book of the state is damaged")
    return books


def _purses(world: World) -> list[dict[str, int]]:
    return [world.street, world.street_qty, world.street_cost, world.fees, world.insurance]


def _saved(symbol: str, market: Market) -> SavedMarket:
    return SavedMarket(
        symbol=symbol,
        book=market.book.tobytes(),
        trading=market.trading,
        last_ticks=market.last_ticks,
        mark_ticks=market.mark_ticks,
        index_ticks=market.index_ticks,
        funding_rate_e9=market.funding_rate_e9,
        next_funding_ns=market.next_funding_ns,
        book_sequence=market.book_sequence,
        told_sequence=market.told_sequence,
        tape=market.tape,
        bounds=market.bounds,
    )


def _fill(world: World, saved: Saved, events: list[Event]) -> None:
    world.now_ns, world.sequence = saved.now_ns, saved.sequence
    world.next_order_id, world.next_trade_id, world.next_list_id = saved.counters[:3]
    world.next_timer, world.next_ticket = saved.counters[3:]
    for purse, kept in zip(_purses(world), saved.purses, strict=True):
        purse.clear()
        purse.update(kept)
    world.accounts = {one.account: one for one in saved.accounts}
    world.timers = saved.timers
    world.lists = {one.list_id: one for one in saved.lists}
    world.sent = {one.ticket: one for one in saved.sent}
    world.arrivals = saved.arrivals
    world.events = events
    world.notices = saved.notices
    for pending in (world.todo, world.fired, world.marked, world.moved, world.dirty):
        pending.clear()


def _fill_market(market: Market, saved: SavedMarket) -> None:
    market.trading = saved.trading
    market.last_ticks = saved.last_ticks
    market.mark_ticks = saved.mark_ticks
    market.index_ticks = saved.index_ticks
    market.funding_rate_e9 = saved.funding_rate_e9
    market.next_funding_ns = saved.next_funding_ns
    market.book_sequence = saved.book_sequence
    market.told_sequence = saved.told_sequence
    market.tape = saved.tape
    market.bounds = saved.bounds
    market.waiting = {}
    market.changed = {}
