"""Checks of single rows: time unit, order, duplicates, numbers, OHLC consistency, the time grid.

They come first: what they reject takes no part in any later check, so one broken row cannot hide
behind, or cause, another finding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.core.bars import COLUMNS, SYNTHETIC
from ballast.core.time import DAY_MS, format_ms
from ballast.store.quality.findings import Finding, Kind, Severity, finding
from ballast.store.quality.frame import Frame, frame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ballast.core.bars import Bars

SECONDS_FROM, SECONDS_TO = 10**9, 10**11  # 2001 to 5138, read as seconds
MICROS_FROM, NANOS_FROM = 10**14, 10**17  # milliseconds of the year 5138, microseconds of it
PRICE_LEAST, PRICE_MOST = 1e-18, 1e15  # far outside every market, far inside a float
VOLUME_MOST = 1e30
ONE_PHASE = 0.9  # share of bars that must open at one offset to call it the series' own
INVALID_COST, INVALID_WEIGHT = 0.05, 20.0
"""An invalid row costs 0.05 for being there and 20 times the share: 1 % of rows fail a series."""


def check_rows(bars: Bars, gap_factor: float) -> tuple[list[Finding], Frame]:
    """Judge every row by itself; return the findings and the rows that can be used further."""
    ts, found = milliseconds(bars.ts)
    faults = row_faults(bars.open, bars.high, bars.low, bars.close, bars.volume)
    bad = np.zeros(len(ts), np.bool_)
    for kind, mask in faults.items():
        found += _invalid(kind, mask, ts, _FAULTS[kind])
        bad |= mask
    order, repeated = _order(ts, found)
    synthetic = (bars.flags & SYNTHETIC) != 0
    found += _synthetic(synthetic, ts)
    drop = bad | repeated | synthetic
    rows = order if order is not None else np.arange(len(ts))
    if drop.any():
        rows = rows[~drop[rows]]
    picked = [getattr(bars, name) for name in COLUMNS[1:]]
    if len(rows) < len(ts) or order is not None:
        ts, picked = ts[rows], [column[rows] for column in picked]
    clean = frame(bars.timeframe, rows, ts, picked, gap_factor)
    return found + _grid(clean), clean


def row_faults(
    open_: NDArray[np.float64],
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    close: NDArray[np.float64],
    volume: NDArray[np.float64],
) -> dict[Kind, NDArray[np.bool_]]:
    """Return, per kind of fault, which rows have it (R-DQ-01, R-DQ-13)."""
    finite = np.abs(volume) < VOLUME_MOST
    positive = np.ones(len(volume), np.bool_)
    for column in (open_, high, low, close):
        finite &= np.isfinite(column)
        positive &= (column > PRICE_LEAST) & (column < PRICE_MOST)
    body_high, body_low = np.maximum(open_, close), np.minimum(open_, close)
    return {
        Kind.NOT_FINITE: ~finite,
        Kind.BAD_PRICE: finite & ~positive,
        Kind.OHLC_INCONSISTENT: finite & ((high < body_high) | (low > body_low)),
        Kind.NEGATIVE_VOLUME: volume < 0,
    }


_FAULTS = {
    Kind.NOT_FINITE: "with NaN or infinity",
    Kind.BAD_PRICE: "with a price of zero or less, or an impossible one",
    Kind.OHLC_INCONSISTENT: "whose high or low does not enclose open and close",
    Kind.NEGATIVE_VOLUME: "with a negative volume",
}


def _bars(count: int) -> str:
    return f"{count} bar{'s' if count != 1 else ''}"


def _invalid(
    kind: Kind,
    mask: NDArray[np.bool_],
    ts: NDArray[np.int64],
    what: str,
    rows: NDArray[np.int64] | None = None,
) -> list[Finding]:
    at = np.flatnonzero(mask)
    if not len(at):
        return []
    share = len(at) / len(ts)
    cost = INVALID_COST + INVALID_WEIGHT * share
    return [
        finding(
            kind,
            Severity.SEVERE if share > 0.01 else Severity.WARNING,  # noqa: PLR2004 - 1 %
            rows=at if rows is None else rows[at],
            ts=ts[at],
            detail=f"{_bars(len(at))} {what}, first at {format_ms(int(ts[at[0]]))}",
            measured=share,
            limit=0.0,
            cost=cost,
        )
    ]


def milliseconds(ts: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[Finding]]:
    """Return times in milliseconds, whatever unit each row was in, and the finding of a unit."""
    if not len(ts) or (ts.min() >= SECONDS_TO and ts.max() < MICROS_FROM):
        return ts, []
    seconds = (ts >= SECONDS_FROM) & (ts < SECONDS_TO)
    micros = (ts >= MICROS_FROM) & (ts < NANOS_FROM)
    nanos = ts >= NANOS_FROM
    wrong = np.flatnonzero(seconds | micros | nanos)
    if not len(wrong):
        return ts, []
    out = np.where(seconds, ts * 1_000, ts)
    out = np.where(micros, ts // 1_000, np.where(nanos, ts // 1_000_000, out))
    masks = (("seconds", seconds), ("microseconds", micros), ("nanoseconds", nanos))
    units = " and ".join(unit for unit, mask in masks if mask.any())
    return out, [
        finding(
            Kind.TIME_UNIT,
            Severity.SEVERE,
            rows=wrong,
            ts=out[wrong],
            detail=f"{_bars(len(wrong))} of {len(ts)} stamped in {units}, not milliseconds",
            measured=len(wrong) / len(ts),
            limit=0.0,
            cost=0.3,
        )
    ]


def _order(
    ts: NDArray[np.int64], found: list[Finding]
) -> tuple[NDArray[np.int64] | None, NDArray[np.bool_]]:
    """Return the sorting order (None if already sorted) and which rows repeat an earlier time."""
    repeated = np.zeros(len(ts), np.bool_)
    steps = np.diff(ts)
    if not len(steps) or int(steps.min()) > 0:
        return None, repeated
    late = np.concatenate(([False], ts[1:] < np.maximum.accumulate(ts)[:-1]))
    found += _invalid(Kind.OUT_OF_ORDER, late, ts, "after a later one")
    order = np.argsort(ts, kind="stable")
    repeated[order[1:][np.diff(ts[order]) == 0]] = True
    found += _invalid(Kind.DUPLICATE_TIME, repeated, ts, "at an open time already given")
    return order, repeated


def _synthetic(mask: NDArray[np.bool_], ts: NDArray[np.int64]) -> list[Finding]:
    at = np.flatnonzero(mask)
    if not len(at):
        return []
    return [
        finding(
            Kind.SYNTHETIC_BARS,
            Severity.INFO,
            rows=at,
            ts=ts[at],
            detail=f"{_bars(len(at))} made to stand for missing ones; counted as missing",
            measured=len(at) / len(ts),
            limit=0.0,
        )
    ]


def _grid(bars: Frame) -> list[Finding]:
    """Judge open times against whole multiples of the timeframe (any fixed offset above a day)."""
    step = bars.timeframe.ms
    phase = bars.ts % step
    if not phase.any():
        return []
    values, counts = np.unique(phase, return_counts=True)
    own = int(values[np.argmax(counts)]) if counts.max() >= ONE_PHASE * len(bars) else 0
    found = []
    at = np.flatnonzero(phase != own)
    if len(at):
        what = "off the grid of the timeframe"
        found = _invalid(Kind.OFF_GRID, phase != own, bars.ts, what, bars.rows)
    if own and step <= DAY_MS:
        found.append(
            finding(
                Kind.OFF_GRID,
                Severity.INFO,
                rows=bars.rows[:1],
                ts=bars.ts[:1],
                detail=f"bars open {own // 1000} s after each whole {bars.timeframe} of UTC",
                measured=own / step,
                limit=0.0,
                count=len(bars) - len(at),
            )
        )
    return found
