"""Instrument events: dated changes of what a symbol means (R-DATA-20).

    kind            factor  successor   what `adjust` does
    redenomination  yes     -           bars before the date are scaled
    split           yes     -           the same; the word the venue uses
    multiplier      yes     -           the same: the contract became one of 1000 tokens
    rename          -       yes         older bars are joined from the series of the old name
    migration       yes     yes         both: 100 old coins became one of another name
    delisting       -       -           bars from the date on are cut

`factor` is how many old units make one new: prices before the date are multiplied by it, volumes
divided, so the notional of every bar stays. `adjust` gives the history in today's units, `restore`
undoes the scaling to the bit (`units.py`). Events that contradict each other are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.bars import COLUMNS, Bars
from ballast.core.errors import DataError
from ballast.core.time import format_ms
from ballast.store.units import scale_bars

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FACTOR_MOST = 10**12
"""Largest factor of one event: crypto has seen 1e9 (a coin re-issued for a billion old ones)."""
NAMES_MOST = 16  # renames in one chain: no coin has had more than four


class EventKind(StrEnum):
    """What happened to the instrument."""

    REDENOMINATION = "redenomination"
    SPLIT = "split"
    MULTIPLIER = "multiplier"
    RENAME = "rename"
    MIGRATION = "migration"
    DELISTING = "delisting"


SCALING = frozenset(
    {EventKind.REDENOMINATION, EventKind.SPLIT, EventKind.MULTIPLIER, EventKind.MIGRATION}
)
MOVING = frozenset({EventKind.RENAME, EventKind.MIGRATION})
ENDING = MOVING | {EventKind.DELISTING}


@dataclass(frozen=True, slots=True)
class InstrumentEvent:
    """One event of one symbol, valid from `at_ms` (UTC) on."""

    venue: str
    symbol: str
    kind: EventKind
    at_ms: int
    factor: Fraction = Fraction(1)
    successor: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse an event that says nothing, or two things."""
        if (self.kind in SCALING) != (self.factor != 1) or self.factor <= 0:
            wanted = "positive and not 1" if self.kind in SCALING else "not given"
            raise DataError(
                f"a {self.kind} with factor {self.factor}",
                where=self.where,
                expected=f"its factor to be {wanted}",
            )
        if max(self.factor.numerator, self.factor.denominator) > FACTOR_MOST:
            raise DataError(f"factor {self.factor}", where=self.where, expected="at most 1e12")
        if (self.kind in MOVING) != bool(self.successor) or self.successor == self.symbol:
            wanted = "another symbol" if self.kind in MOVING else "no symbol"
            raise DataError(
                f"a {self.kind} to '{self.successor}'",
                where=self.where,
                expected=f"{wanted} as its successor",
            )

    @property
    def where(self) -> str:
        """Name the event in an error."""
        return f"{self.venue}-{self.symbol} at {format_ms(self.at_ms)}"


def check_events(events: Iterable[InstrumentEvent]) -> None:
    """Raise `DataError` for events that cannot all have happened."""
    last: dict[tuple[str, str], InstrumentEvent] = {}
    origin: dict[tuple[str, str], InstrumentEvent] = {}
    ordered = sorted(events, key=lambda each: (each.at_ms, each.kind in ENDING))
    for event in ordered:
        key = (event.venue, event.symbol)
        before = last.get(key)
        if before is not None and before.kind in ENDING:
            raise DataError(
                f"a {event.kind} of a symbol that ended with a {before.kind} "
                f"at {format_ms(before.at_ms)}",
                where=event.where,
                fix="remove one of the two events",
            )
        if before is not None and before.at_ms == event.at_ms and event.kind in SCALING:
            raise DataError(
                f"a {event.kind} at the same time as a {before.kind}",
                where=event.where,
                fix="give one event with the product of both factors",
            )
        last[key] = event
        if event.kind in MOVING:
            _check_move(event, origin)
    _check_born(ordered)


def _check_born(events: Sequence[InstrumentEvent]) -> None:
    """Refuse events of a symbol from before it continued another."""
    born = {(each.venue, each.successor): each for each in events if each.kind in MOVING}
    for event in events:
        origin = born.get((event.venue, event.symbol))
        if origin is not None and event.at_ms < origin.at_ms:
            raise DataError(
                f"a {event.kind} before '{event.symbol}' continued '{origin.symbol}' "
                f"at {format_ms(origin.at_ms)}",
                where=event.where,
                fix="correct the date of one of the two",
            )


def _check_move(event: InstrumentEvent, origin: dict[tuple[str, str], InstrumentEvent]) -> None:
    target = (event.venue, event.successor)
    if target in origin:
        raise DataError(
            f"'{event.successor}' already continues '{origin[target].symbol}'",
            where=event.where,
            fix="one series can continue only one other",
        )
    origin[target] = event
    name = event.symbol
    while (before := origin.get((event.venue, name))) is not None:
        name = before.symbol
        if name == event.successor:
            raise DataError(f"'{name}' would become itself again", where=event.where)


def adjust(
    bars: Bars, events: Sequence[InstrumentEvent], *, older: Mapping[str, Bars] | None = None
) -> Bars:
    """Return the history of `bars` in today's units, joined with its predecessors in `older`.

    `events` may hold events of other symbols and venues. A predecessor that `older` does not have
    is left out; one whose bars overlap with this series is refused.
    """
    check_events(events)
    own = [event for event in events if event.venue == bars.venue]
    return _adjust(bars, own, older or {}, NAMES_MOST)


def restore(bars: Bars, events: Sequence[InstrumentEvent]) -> Bars:
    """Return adjusted bars in the units they were traded in: undoes the scaling of `adjust`."""
    check_events(events)
    own = [event for event in events if event.venue == bars.venue]
    return _scaled(bars, own, undo=True)


def _adjust(
    bars: Bars, events: Sequence[InstrumentEvent], older: Mapping[str, Bars], left: int
) -> Bars:
    """Join what came before, then bring all of it to today's units, then cut what came after."""
    origin = [event for event in events if event.successor == bars.symbol]
    if origin and origin[0].symbol in older and left > 0:
        event = origin[0]
        before = _adjust(older[event.symbol], events, older, left - 1)
        _check_start(bars, event)
        bars = _joined(scale_bars(before, event.factor), bars, event)
    return _cut(_scaled(bars, events, undo=False), events)


def _check_start(bars: Bars, event: InstrumentEvent) -> None:
    """Refuse a series that has bars from before the event that made it."""
    if len(bars) and int(bars.ts[0]) < event.at_ms:
        raise DataError(
            f"bars of '{bars.symbol}' from {format_ms(int(bars.ts[0]))}, before it continued "
            f"'{event.symbol}'",
            where=event.where,
            fix="correct the date of the event, or cut the series",
        )


def _scaled(bars: Bars, events: Sequence[InstrumentEvent], *, undo: bool) -> Bars:
    """Scale each stretch between two events by the product of the factors that follow it."""
    mine = sorted(
        (each for each in events if each.symbol == bars.symbol and each.kind in SCALING - MOVING),
        key=lambda each: each.at_ms,
    )
    if not mine or not len(bars):
        return bars
    edges = [0, *(int(np.searchsorted(bars.ts, each.at_ms)) for each in mine), len(bars)]
    parts = []
    factor = Fraction(1)
    for number in range(len(mine), -1, -1):
        part = bars.slice(edges[number], edges[number + 1])
        parts.append(scale_bars(part, 1 / factor if undo else factor))
        if number:
            factor *= mine[number - 1].factor
    return _concat(bars, parts[::-1])


def _cut(bars: Bars, events: Sequence[InstrumentEvent]) -> Bars:
    """Drop what was recorded after the symbol ended."""
    ends = [each.at_ms for each in events if each.symbol == bars.symbol and each.kind in ENDING]
    return bars.period(None, min(ends)) if ends else bars


def _joined(before: Bars, after: Bars, event: InstrumentEvent) -> Bars:
    if before.timeframe != after.timeframe:
        raise DataError(
            f"cannot join {before.timeframe} bars of '{before.symbol}' to {after.timeframe} bars",
            where=event.where,
            expected="one timeframe",
        )
    return _concat(after, [before, after])


def _concat(like: Bars, parts: Sequence[Bars]) -> Bars:
    columns = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in (*COLUMNS, "flags")
    }
    ts, flags = columns.pop("ts"), columns.pop("flags")
    return Bars.of(like.venue, like.symbol, like.timeframe, ts, columns, flags)
