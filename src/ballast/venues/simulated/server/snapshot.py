"""Snapshot: a served venue as bytes, and back. Set up again, it goes on as if nothing had happened.

In it are the engine with its market, what the front ends know beyond it, how far the faults have
come, and the recipe: the arguments from which an equal venue is made before its state is put back.
Not in it are connections. A checksum stands before it; its format has a number, and another one is
refused: what a front end keeps is what this version keeps.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from ballast.core.errors import DataError
from ballast.venues.simulated.wire import keeping
from ballast.venues.simulated.wire.faults import Drawn  # noqa: TC001 - msgspec reads the types

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.exchange import Exchange
    from ballast.venues.simulated.wire.gateway import Gateway

MAGIC = b"ballast-venue\n"
FORMAT = 1
DIGEST = 16


@dataclass(frozen=True, slots=True)
class Recipe:
    """From what a venue is made: the arguments of `ballast venue serve` that decide what it is."""

    exchange: str
    market: str
    symbol: str
    seed: int
    tick: str | None = None
    lot: str | None = None
    period: str | None = None
    start_ns: int = 0
    """When its market began."""
    words: str = ""
    """What its market said of itself: of a replay its name, length and beginning."""
    also: tuple[str, ...] = ()
    """Symbols beside the first."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """All symbols, the first one first."""
        return (self.symbol, *self.also)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A venue between two requests."""

    format: int
    recipe: Recipe
    now_ns: int
    requests: int
    entries: int
    engine: bytes
    fronts: dict[str, dict[str, bytes]]
    faults: Drawn


def take(gateway: Gateway, exchange: Exchange, recipe: Recipe) -> Snapshot:
    """Return a venue as it is at the gateway's time; raise `UserError` for one that cannot be."""
    return Snapshot(
        format=FORMAT,
        recipe=recipe,
        now_ns=gateway.now_ns,
        requests=gateway.requests,
        entries=gateway.entries,
        engine=exchange.snapshot(),
        fronts={front.name: keeping.keep(front) for front in gateway.front_ends},
        faults=gateway.faults.drawn(),
    )


def put_back(snapshot: Snapshot, gateway: Gateway, exchange: Exchange) -> None:
    """Make a venue of the same recipe what another one was; raise `DataError` if it cannot be."""
    names = {front.name for front in gateway.front_ends}
    if names != set(snapshot.fronts):
        raise DataError(f"a snapshot of {', '.join(sorted(snapshot.fronts))}")
    exchange.restore(snapshot.engine)
    for front in gateway.front_ends:
        keeping.put_back(front, snapshot.fronts[front.name])
    gateway.faults.go_on(snapshot.faults)
    gateway.requests, gateway.entries = snapshot.requests, snapshot.entries
    gateway.now_ns = snapshot.now_ns


def packed(snapshot: Snapshot) -> bytes:
    """Return a snapshot as the content of a file."""
    body = msgspec.msgpack.encode(snapshot)
    return MAGIC + hashlib.blake2b(body, digest_size=DIGEST).digest() + body


def unpacked(data: bytes, where: str) -> Snapshot:
    """Return the snapshot of a file; raise `DataError` for what is none, or of another version."""
    if not data.startswith(MAGIC):
        raise DataError("not a snapshot of a simulated exchange", where=where)
    digest, body = data[len(MAGIC) :][:DIGEST], data[len(MAGIC) + DIGEST :]
    if hashlib.blake2b(body, digest_size=DIGEST).digest() != digest:
        raise DataError("the snapshot is damaged", where=where, fix="take a new one")
    try:
        number = msgspec.msgpack.decode(body, type=_Numbered).format
        if number != FORMAT:
            raise DataError(
                f"a snapshot of format {number}",
                where=where,
                expected=f"format {FORMAT}, that of this version",
                fix="take a new one, or use the version that took it",
            )
        return msgspec.msgpack.decode(body, type=Snapshot)
    except msgspec.MsgspecError as error:
        raise DataError(f"not a snapshot: {error}", where=where) from None


class _Numbered(msgspec.Struct):
    """The part of a snapshot that every version can read."""

    format: int
