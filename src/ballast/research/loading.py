"""Loading: the series of a run out of the store, with everything it knows beside their bars."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ballast.core.errors import DataError
from ballast.research.series import Series, infer_instrument
from ballast.store.candles import CandleStore
from ballast.store.depth import DepthStore
from ballast.store.eventbook import EventBook
from ballast.store.events import EventKind
from ballast.store.funding import FundingStore, fill_marks
from ballast.store.gaps import apply_gap_policy
from ballast.store.history import read_history
from ballast.store.instruments import InstrumentBook
from ballast.store.quality import check_bars
from ballast.store.resample import resample
from ballast.store.symbols import MARK_SUFFIX, market_key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ballast.core.bars import Bars
    from ballast.core.settings import DataSettings, Settings
    from ballast.core.time import Timeframe

KINDS_NAMED = 3
"""Findings named where none is severe and yet their sum makes a series unfit."""


def load_series(
    root: Path,
    venue: str,
    symbols: Sequence[str],
    timeframe: Timeframe,
    settings: Settings,
    *,
    from_ms: int | None = None,
    to_ms: int | None = None,
    detail: Timeframe | None = None,
) -> tuple[Series, ...]:
    """Read the series of a run from the store at `root`.

    Bars come in today's units, joined with those of older names (dated instrument events), and with
    the run's gap policy applied. Their quality is judged as they are stored, before that policy.
    """
    store = CandleStore(root, cache_bytes=settings.data.cache_mb << 20)
    events = EventBook(root)
    found = []
    for symbol in symbols:
        read = read_history(store, events, venue, symbol, timeframe, from_ms=from_ms, to_ms=to_ms)
        if not len(read):
            raise DataError(
                "no bars in the period",
                where=read.name,
                fix=f"see `ballast data list --venue {venue}`",
            )
        engine = settings.engine
        bars = apply_gap_policy(
            read, engine.gap_policy, engine.max_gap_bars, gap_factor=settings.data.gap_factor
        )
        one = _beside(root, store, events, bars, detail)
        found.append(replace(one, quality=_quality(read, one, settings.data)))
    return tuple(found)


def _beside(
    root: Path, store: CandleStore, events: EventBook, bars: Bars, detail: Timeframe | None
) -> Series:
    """Add rules, funding, mark prices, depth and finer bars, where the store has them."""
    first, last = int(bars.ts[0]), int(bars.ts[-1]) + bars.timeframe.ms
    book = InstrumentBook(root)
    known = book.has(bars.venue, bars.symbol)
    if known:
        rules = book.get(bars.venue, bars.symbol, last)
    else:
        rules = replace(infer_instrument(bars), fees=book.fees(bars.venue, bars.symbol))
    for event in events.events(bars.venue):
        if event.symbol == bars.symbol and event.kind is EventKind.DELISTING:
            rules = replace(rules, delisted_ms=event.at_ms)
    fine = None
    if detail is not None:
        if detail.ms >= bars.timeframe.ms or bars.timeframe.ms % detail.ms:
            raise DataError(
                f"{detail} bars cannot detail {bars.timeframe} bars",
                expected="a timeframe that divides that of the run",
            )
        fine = read_history(
            store, events, bars.venue, bars.symbol, detail, from_ms=first, to_ms=last
        )
    marks = _marks(store, bars)
    funding = FundingStore(root).read(bars.venue, bars.symbol, first, last + 1)
    if marks is not None and len(funding):
        funding = fill_marks(funding, marks)
    if marks is not None and marks.timeframe != bars.timeframe:
        coarser = bars.timeframe.ms % marks.timeframe.ms
        marks = None if coarser else resample(marks, bars.timeframe).bars
    depth = DepthStore(root).read(bars.venue, bars.symbol, first, last)
    return Series(bars, rules, funding, marks, fine, depth, is_inferred=not known)


def _quality(bars: Bars, one: Series, data: DataSettings) -> tuple[float, tuple[str, ...]]:
    """Return the score, and the severe findings; the costliest where only their sum is too much."""
    report = check_bars(bars, instrument=None if one.is_inferred else one.rules, settings=data)
    named = report.severe
    if not named and not report.passes(data.quality_threshold):
        costly = [item for item in report.findings if item.cost > 0.0]
        named = tuple(sorted(costly, key=lambda item: -item.cost)[:KINDS_NAMED])
    return report.score, tuple(dict.fromkeys(item.kind.value for item in named))


def _marks(store: CandleStore, bars: Bars) -> Bars | None:
    """Return the symbol's mark candles: of the run's timeframe, else the finest that are stored."""
    name = bars.symbol + MARK_SUFFIX
    frames = sorted(
        one.timeframe
        for one in store.series()
        if one.venue == bars.venue and market_key(one.symbol) == market_key(name)
    )
    if not frames:
        return None
    frame = bars.timeframe if bars.timeframe in frames else frames[0]
    return store.read(bars.venue, name, frame)
