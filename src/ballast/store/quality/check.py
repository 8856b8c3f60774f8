"""The whole check of one series: every family of checks, one report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.core.settings import DataSettings
from ballast.store.quality.clock import check_clock
from ballast.store.quality.findings import Finding, Kind, Severity, finding
from ballast.store.quality.holes import check_holes
from ballast.store.quality.market import check_market
from ballast.store.quality.prices import check_prices
from ballast.store.quality.quotes import Quotes, check_quotes
from ballast.store.quality.report import QualityReport, in_order, penalties, score
from ballast.store.quality.rows import check_rows
from ballast.store.quality.trading import check_trading
from ballast.store.quality.venues import check_venues

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.core.bars import Bars
    from ballast.core.instrument import Instrument
    from ballast.store.quality.frame import Frame

DEFAULTS = DataSettings()


def check_bars(
    bars: Bars,
    *,
    others: Sequence[Bars] = (),
    neighbours: Sequence[Bars] = (),
    instrument: Instrument | None = None,
    spread: Quotes | None = None,
    now_ms: int | None = None,
    max_age_bars: int | None = None,
    settings: DataSettings = DEFAULTS,
) -> QualityReport:
    """Check a series; never raises for bad data, that is what findings are for.

    `others` are second opinions on the price: another download of the same series, the same asset
    on another market or venue (`venues.py` says how each is used). `neighbours` are other symbols
    of the same venue: they tell a halt of the venue from a hole in the download. `now_ms` allows
    judging whether the last bar is closed, `max_age_bars` whether the series is fresh. Limits come
    from the `data` settings.
    """
    found, clean = check_rows(bars, settings.gap_factor)
    if len(clean):
        found += _check_series(bars, clean, (others, neighbours), instrument, settings)
        found += check_clock(clean, now_ms=now_ms, max_age_bars=max_age_bars)
    else:
        found.append(_nothing(bars))
    if spread is not None:
        found += check_quotes(spread, limit=settings.spread)
    taken = penalties(found)
    return QualityReport(
        name=bars.name,
        fingerprint=bars.fingerprint(),
        bars=len(bars),
        from_ms=int(clean.ts[0]) if len(clean) else None,
        to_ms=int(clean.ts[-1]) if len(clean) else None,
        score=score(taken),
        findings=in_order(found),
        counters=_counters(bars, clean, found),
        penalties=taken,
    )


def _check_series(
    bars: Bars,
    clean: Frame,
    company: tuple[Sequence[Bars], Sequence[Bars]],
    instrument: Instrument | None,
    settings: DataSettings,
) -> list[Finding]:
    others, neighbours = company
    opinions = [each for each in others if len(each) and each.timeframe == bars.timeframe]
    markets = [other for other in opinions if other.name != bars.name]
    near = [other for other in neighbours if other.timeframe == bars.timeframe]
    same_venue = [other for other in (*opinions, *near) if other.venue == bars.venue]
    return [
        *check_holes(clean, completeness=settings.completeness, same_venue=same_venue),
        *check_prices(clean, extreme_move=settings.extreme_move, others=markets),
        *check_trading(clean, listed_ms=None if instrument is None else instrument.listed_ms),
        *check_market(clean, instrument=instrument),
        *check_venues(clean, bars.name, opinions),
    ]


def _nothing(bars: Bars) -> Finding:
    return finding(
        Kind.NO_BARS,
        Severity.SEVERE,
        rows=np.empty(0, np.int64),
        ts=np.empty(0, np.int64),
        detail="no usable bar" if len(bars) else "no bar at all",
        measured=0.0,
        limit=1.0,
        cost=1.0,
    )


def _counters(bars: Bars, clean: Frame, found: list[Finding]) -> dict[str, int]:
    """Count what metrics export (R-DQ-09): bars by state, and rows of every kind found."""
    counts = {
        "bars": len(bars),
        "usable": len(clean),
        "expected": len(clean) + clean.missing_total,
        "missing": clean.missing_total,
    }
    for each in found:
        counts[each.kind.value] = counts.get(each.kind.value, 0) + each.count
    return counts
