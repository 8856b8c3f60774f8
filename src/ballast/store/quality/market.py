"""Checks of identity: one market all the way, and the one the series claims to be.

A file fed from two markets (spot behind a perpetual) shows no jump in price, because arbitrage
keeps the two together. What changes is the price grid (0.1 to 0.01) and, in the same bar, the level
of volume. A venue that changes its tick changes the grid too, but not the volume. So the volume is
compared over three windows, and the smallest of the three ratios decides: it is 4.6 at the real
splice the tests know, and at most 2.4 at some 30 real changes of a tick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.core.time import format_ms
from ballast.store.quality.findings import Finding, Kind, Severity, finding
from ballast.store.quality.frame import Frame, around

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ballast.core.instrument import Instrument

GRID_BLOCK = 64
COARSE_SHARE, FINE_SHARE = 0.02, 0.6  # rows of a block that leave the coarse grid
SHARP_BLOCKS = 16  # a grid that fades over more is a habit of traders, no rule of a venue
DECIMALS_MOST = 9
SAMPLE = 100_000  # rows looked at to learn how many decimals a series has
VOLUME_WINDOWS = (512, 256, 48)
VOLUME_SHIFT = 3.0
SAME_ASSET = 0.2  # log difference of price across a splice of two markets of one asset
OFF_TICK_SHARE = 0.01


def check_market(bars: Frame, *, instrument: Instrument | None) -> list[Finding]:
    """Find where the price grid changes, and whether prices obey the instrument's tick."""
    found = []
    for at, decimals, finer in grid_changes(bars):
        found.append(_change(bars, at, decimals, finer=finer))
    if instrument is not None:
        found += _off_tick(bars, instrument)
    return found


def _needs(bars: Frame, rows: slice, decimals: int) -> NDArray[np.bool_]:
    """Say which rows have a price with more than `decimals` decimals."""
    out: NDArray[np.bool_] | None = None
    for column in (bars.open, bars.high, bars.low, bars.close):
        scaled = column[rows] * 10.0**decimals
        off = np.abs(scaled - np.rint(scaled)) > 1e-6 + 1e-9 * scaled
        out = off if out is None else out | off
    assert out is not None  # noqa: S101 - four columns were looked at
    return out


def grid_changes(bars: Frame) -> list[tuple[int, int, bool]]:
    """Return (row, decimals of the coarser grid, whether it gets finer there), in time order."""
    found = []
    blocks = len(bars) // GRID_BLOCK
    every = slice(None, None, max(1, len(bars) // SAMPLE))
    for decimals in range(DECIMALS_MOST) if blocks > 1 else ():
        if not (rough := _needs(bars, every, decimals)).any():
            break
        if rough.all():
            continue
        fine = _needs(bars, slice(0, blocks * GRID_BLOCK), decimals)
        share = fine.reshape(blocks, GRID_BLOCK).mean(axis=1)
        sure = np.flatnonzero((share <= COARSE_SHARE) | (share >= FINE_SHARE))
        turns = np.flatnonzero(np.diff(share[sure] >= FINE_SHARE))
        for turn in turns[sure[turns + 1] - sure[turns] <= SHARP_BLOCKS]:
            first, last = int(sure[turn]) * GRID_BLOCK, (int(sure[turn + 1]) + 1) * GRID_BLOCK
            inside = np.flatnonzero(fine[first:last])
            finer = bool(share[sure[turn + 1]] >= FINE_SHARE)
            found.append((first + int(inside[0] if finer else inside[-1] + 1), decimals, finer))
    return sorted(found)


def _change(bars: Frame, at: int, decimals: int, *, finer: bool) -> Finding:
    ratios = []
    for width in VOLUME_WINDOWS:
        before, after = around(bars.volume, at, width)
        ratios.append(after / before if before > 0 and after > 0 else 1.0)
    down = 1.0 / max(ratios)
    shift = max(min(ratios), down)
    before, after = around(bars.close, at, 8)
    spliced = shift >= VOLUME_SHIFT and abs(np.log(after / before)) < SAME_ASSET
    coarse = f"{10.0**-decimals:g}"
    grids = f"{coarse} to a finer step" if finer else f"a finer step to {coarse}"
    words = f"the price step changes from {grids} at {format_ms(int(bars.ts[at]))}"
    level = "falls" if shift == down else "rises"
    more = f" and volume {level} {shift:.1f} times: two markets in one series" if spliced else ""
    return finding(
        Kind.MARKET_SPLICE if spliced else Kind.TICK_CHANGE,
        Severity.SEVERE if spliced else Severity.INFO,
        rows=bars.rows[at : at + 1],
        ts=bars.ts[at : at + 1],
        detail=words + more,
        measured=shift,
        limit=VOLUME_SHIFT,
        cost=0.5 if spliced else 0.0,
        count=len(bars) - at if spliced else 1,
    )


def _off_tick(bars: Frame, instrument: Instrument) -> list[Finding]:
    """Find prices off the tick; an older, finer tick explains them, another market does too."""
    tick = float(instrument.tick)
    off = np.zeros(len(bars), np.bool_)
    for column in (bars.open, bars.high, bars.low, bars.close):
        ticks = column / tick
        off |= np.abs(ticks - np.rint(ticks)) > 1e-6 + 1e-9 * ticks
    at = np.flatnonzero(off)
    share = len(at) / max(1, len(bars))
    if share <= OFF_TICK_SHARE:
        return []
    return [
        finding(
            Kind.OFF_TICK,
            Severity.WARNING,
            rows=bars.rows[at],
            ts=bars.ts[at],
            detail=f"{share:.1%} of bars have prices off the tick {instrument.tick} "
            f"of {instrument.venue} {instrument.symbol}",
            measured=share,
            limit=OFF_TICK_SHARE,
            cost=0.1,
        )
    ]
