"""Depth: order books as ladders of slippage, and the store that keeps them with their times.

    depth/VENUE/SYMBOL.parquet      at_ms, slip, notional: one row a rung, all snapshots

A ladder says what a market order costs: the first `notional` quote units slip by `slip`, the next
by the next rung's, and what is beyond the last rung costs as much as that. With the mid price
`m = (best bid + best ask) / 2` a level of price `p` and quantity `q` is a rung of

    slip = |p - m| / m        notional = q * m

so that walking the rungs with `quantity * m` costs exactly what walking the book costs, as a
fraction of `m`. Half the spread is in it. The two sides of a book are averaged: what the ladder
takes for any notional is the mean of what both sides take. Several snapshots are averaged likewise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import DataError
from ballast.core.records import DEPTH
from ballast.store.batch import series_lock
from ballast.store.disk import Disk, clean_temps, disk_errors, ensure_folder, replace_file
from ballast.store.sheets import encode_sheet, load_sheet
from ballast.store.symbols import (
    folder_name,
    folder_text,
    meant_symbol,
    same_market,
    venue_name,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Rungs = NDArray[np.void]

RUNGS_MOST = 2_000
"""Rungs of a ladder that is read: both sides of a book of 1,000 levels stay exact."""
_ROW = np.dtype([("at_ms", "i8"), ("slip", "f8"), ("notional", "f8")])


def ladder(bids: Floats, asks: Floats, levels: int) -> Rungs:
    """Return `records.DEPTH` rungs of a book: the best `levels` prices a side, both averaged.

    `bids` and `asks` are rows of (price, quantity in base units) in any order; a quantity of 0 is
    no level. Slippage never falls from rung to rung. Raise `DataError` if there is no such book.
    """
    if levels < 1:
        raise DataError(f"a ladder of {levels} levels", expected="at least one")
    buys, sells = _side(bids, "bids")[::-1][:levels], _side(asks, "asks")[:levels]
    bid, ask = float(buys[0, 0]), float(sells[0, 0])
    if bid >= ask:
        raise DataError(f"the book is crossed: bid {bid:g}, ask {ask:g}")
    mid = (bid + ask) / 2.0
    return mean_ladder([_rungs(buys, mid), _rungs(sells, mid)])


def mean_ladder(ladders: Sequence[Rungs]) -> Rungs:
    """Return the ladder whose cost of every notional is the mean of the given ladders' costs."""
    if len(ladders) == 1:
        return ladders[0]
    reaches = [np.cumsum(one["notional"]) for one in ladders]
    edges = np.unique(np.concatenate(reaches))
    rungs = np.zeros(len(edges), DEPTH)
    rungs["notional"] = np.diff(edges, prepend=0.0)
    for one, reach in zip(ladders, reaches, strict=True):
        at = np.minimum(np.searchsorted(reach, edges), len(one) - 1)
        rungs["slip"] += one["slip"][at]
    rungs["slip"] /= len(ladders)
    return rungs


def thinned(rungs: Rungs, most: int = RUNGS_MOST) -> Rungs:
    """Merge neighbours until there are at most `most` rungs; the cost of merged ones is kept."""
    if len(rungs) <= most:
        return rungs
    first = np.arange(most) * len(rungs) // most
    first[-1] = len(rungs) - 1  # the last one also prices what the ladder lacks
    merged = np.zeros(most, DEPTH)
    merged["notional"] = np.add.reduceat(rungs["notional"], first)
    merged["slip"] = np.add.reduceat(rungs["notional"] * rungs["slip"], first) / merged["notional"]
    return merged


def walk(rungs: Rungs, notional: float) -> float:
    """Return the mean slippage of `notional` quote units, as the simulator walks a ladder."""
    if notional <= 0.0 or not len(rungs):
        return 0.0
    before = np.cumsum(rungs["notional"]) - rungs["notional"]
    taken = np.clip(notional - before, 0.0, rungs["notional"])
    lacking = max(0.0, notional - reach_of(rungs))
    return float(taken @ rungs["slip"] + lacking * rungs["slip"][-1]) / notional


def reach_of(rungs: Rungs) -> float:
    """Return the quote units that a ladder holds."""
    return float(rungs["notional"].sum())


@dataclass(frozen=True, slots=True)
class DepthReport:
    """What a write did: snapshots inserted, already there, changed."""

    venue: str
    symbol: str
    inserted: int
    unchanged: int
    revised: int


class DepthStore:
    """Depth ladders under the data folder `root`."""

    def __init__(self, root: Path, *, disk: Disk | None = None) -> None:
        self._folder = root / "depth"
        self._disk = disk or Disk()

    def write(self, venue: str, symbol: str, ladders: Mapping[int, Rungs]) -> DepthReport:
        """Merge ladders by the time (ms UTC) of their snapshots; a new one replaces an old one."""
        venue = venue_name(venue)
        symbol = same_market(symbol, self.symbols(venue)) or symbol
        for rungs in ladders.values():
            _check(rungs, f"{venue}-{symbol} depth")
        path = self._path(venue, symbol)
        with disk_errors(path):
            ensure_folder(self._disk, path.parent)
            lock = series_lock(path.parent)
        try:
            clean_temps(self._disk, path.parent)
            known = _load(path)
            old = [at_ms for at_ms in ladders if at_ms in known]
            revised = sum(not np.array_equal(known[at_ms], ladders[at_ms]) for at_ms in old)
            if revised or len(old) < len(ladders):
                replace_file(self._disk, path, (encode_sheet(_flat({**known, **ladders})),))
        finally:
            lock.release()
        return DepthReport(venue, symbol, len(ladders) - len(old), len(old) - revised, revised)

    def snapshots(self, venue: str, symbol: str) -> dict[int, Rungs]:
        """Return all ladders of a symbol by their times, in time order; none if there are none."""
        venue = venue_name(venue)
        found = meant_symbol(symbol, self.symbols(venue), where=venue)
        return {} if found is None else _load(self._path(venue, found))

    def read(
        self, venue: str, symbol: str, from_ms: int | None = None, to_ms: int | None = None
    ) -> Rungs:
        """Return the one ladder that stands for `[from_ms, to_ms)`; empty if none is stored.

        It is the mean of the snapshots taken in that time, else the snapshot nearest to it.
        """
        return chosen(self.snapshots(venue, symbol), from_ms, to_ms)

    def symbols(self, venue: str) -> list[str]:
        """Return the symbols with ladders of a venue."""
        folder = self._folder / folder_name(venue_name(venue))
        return sorted(folder_text(path.stem) for path in folder.glob("[!.]*.parquet"))

    def venues(self) -> list[str]:
        """Return the venues with ladders."""
        return sorted(folder_text(path.name) for path in self._folder.glob("[!.]*"))

    def _path(self, venue: str, symbol: str) -> Path:
        return self._folder / folder_name(venue) / f"{folder_name(symbol)}.parquet"


def chosen(
    snapshots: Mapping[int, Rungs], from_ms: int | None = None, to_ms: int | None = None
) -> Rungs:
    """Return the mean of the snapshots in `[from_ms, to_ms)`, else the nearest, else no rungs."""
    if not snapshots:
        return np.zeros(0, DEPTH)
    low = min(snapshots) if from_ms is None else from_ms
    high = max(snapshots) + 1 if to_ms is None else to_ms
    inside = [rungs for at_ms, rungs in snapshots.items() if low <= at_ms < high]
    if not inside:
        nearest = min(snapshots, key=lambda at_ms: (max(low - at_ms, at_ms - high), at_ms))
        inside = [snapshots[nearest]]
    return thinned(mean_ladder(inside))


def _side(levels: Floats, name: str) -> Floats:
    """Return the levels that hold something, by rising price."""
    usable = np.isfinite(levels).all(axis=1) & (levels[:, 0] > 0.0) & (levels[:, 1] >= 0.0)
    if not usable.all():
        price, quantity = levels[int(np.argmin(usable))]
        raise DataError(f"no level of a book among the {name}: {quantity:g} at {price:g}")
    levels = levels[levels[:, 1] > 0.0]
    if not len(levels):
        raise DataError(f"the book has no {name}", expected="both sides: the mid price needs them")
    return levels[np.argsort(levels[:, 0], kind="stable")]


def _rungs(side: Floats, mid: float) -> Rungs:
    rungs = np.zeros(len(side), DEPTH)
    rungs["slip"] = np.abs(side[:, 0] - mid) / mid
    rungs["notional"] = side[:, 1] * mid
    return rungs


def _check(rungs: Rungs, where: str) -> None:
    if rungs.dtype != DEPTH or not len(rungs):
        raise DataError("not a depth ladder", where=where, expected=f"rows of {DEPTH.names}")
    slip, notional = rungs["slip"], rungs["notional"]
    finite = bool(np.isfinite(slip).all() and np.isfinite(notional).all())
    if not finite or slip[0] < 0.0 or float(notional.min()) <= 0.0:
        raise DataError("a rung is no slippage of a notional", where=where)
    if float(np.diff(slip, prepend=0.0).min()) < 0.0:
        raise DataError("slippage falls from rung to rung", where=where)


def _flat(ladders: Mapping[int, Rungs]) -> NDArray[np.void]:
    """Return ladders as the rows of a file, in time order."""
    times = sorted(ladders)
    rows = np.empty(sum(len(ladders[at_ms]) for at_ms in times), _ROW)
    rows["at_ms"] = np.repeat(times, [len(ladders[at_ms]) for at_ms in times])
    for name in DEPTH.names or ():
        rows[name] = np.concatenate([ladders[at_ms][name] for at_ms in times])
    return rows


def _load(path: Path) -> dict[int, Rungs]:
    rows = load_sheet(path, _ROW, "delete it and import the order books again")
    rungs = np.zeros(len(rows), DEPTH)
    for name in DEPTH.names or ():
        rungs[name] = rows[name]
    times, first = np.unique(rows["at_ms"], return_index=True)
    parts = np.split(rungs, first[1:])
    return {int(at_ms): part for at_ms, part in zip(times, parts, strict=False)}
