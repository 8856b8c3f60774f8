"""Candles from trades: the bars a venue would have published, from what it traded.

A bar holds the trades whose time *at the venue* lies in it. Volumes are added as whole lots, so a
bar equals the venue's own to the last digit. A bar without a trade between two that have some is
flat at the last close with volume 0, as venues print it, but only inside one recording: what was
not recorded is missing and stays so. The first and the last bar of a recording are left out unless
it covers them whole. Trades that met no resting order are in no bar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.core.bars import COLUMNS, Bars
from ballast.core.errors import DataError
from ballast.core.marketdata import OFF_BOOK, REPLAY, Row

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ballast.core.time import Timeframe
    from ballast.store.tickfile import Rows
    from ballast.store.tickmanifest import Recording
    from ballast.store.ticks import TickStore

    Floats = NDArray[np.float64]

_MS = 1_000_000
_BUCKETS_LEAST = 2
"""Buckets from the first trade's to the last one's: with fewer none is whole."""


def bars_from_trades(store: TickStore, venue: str, symbol: str, timeframe: Timeframe) -> Bars:
    """Return the bars of all recordings of a symbol; raise `DataError` if there is no whole one."""
    manifest = store.manifest(venue, symbol)
    parts: list[dict[str, Floats]] = []
    opens: list[NDArray[np.int64]] = []
    for recording in manifest.recordings:
        trades = _trades(store, manifest.venue, manifest.symbol, recording)
        ts, columns = _bars(trades, timeframe.ms)
        price, qty = manifest.grid.price, manifest.grid.qty
        for name, values in columns.items():
            steps = qty if name == "volume" else price
            columns[name] = values * steps.step / 10.0**steps.places
        opens.append(ts)
        parts.append(columns)
    ts = np.concatenate(opens)
    if not len(ts):
        raise DataError(
            f"the trades make no whole bar of {timeframe}",
            where=f"{manifest.venue}-{manifest.symbol}",
            fix="choose a shorter timeframe",
        )
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Bars.of(manifest.venue, manifest.symbol, timeframe, ts, columns)


def _trades(store: TickStore, venue: str, symbol: str, recording: Recording) -> Rows:
    """Return the trades of a recording by their time at the venue, equal times as received."""
    span = recording.first_ns, recording.last_ns + 1
    rows: Rows = np.concatenate([np.empty(0, REPLAY), *store.rows(venue, symbol, Row.TRADE, *span)])
    rows = rows[(rows["flags"] & OFF_BOOK == 0) & (rows["at_ns"] > 0)]
    return rows[np.argsort(rows["at_ns"], kind="stable")]


def _bars(trades: Rows, length_ms: int) -> tuple[NDArray[np.int64], dict[str, Floats]]:
    """Return open times in ms, and columns in ticks and lots.

    The first bucket began before the first trade, and the last trade does not end the last one.
    """
    bucket = trades["at_ns"] // _MS // length_ms
    if not len(trades) or bucket[-1] - bucket[0] < _BUCKETS_LEAST:
        return np.empty(0, np.int64), {name: np.empty(0) for name in COLUMNS[1:]}
    opens = np.arange(bucket[0] + 1, bucket[-1], dtype=np.int64)
    starts = np.searchsorted(bucket, opens, side="left")
    ends = np.searchsorted(bucket, opens, side="right")
    traded = ends > starts
    price = trades["price_ticks"].astype(np.float64)
    close = price[ends - 1]  # of a quiet bar: of the last trade before it
    columns = {name: close.copy() for name in COLUMNS[1:]}
    columns["volume"] = np.zeros(len(opens))
    if traded.any():
        first, last = int(starts[0]), int(ends[-1])
        at = starts[traded] - first
        columns["open"][traded] = price[starts[traded]]
        columns["high"][traded] = np.maximum.reduceat(price[first:last], at)
        columns["low"][traded] = np.minimum.reduceat(price[first:last], at)
        columns["volume"][traded] = np.add.reduceat(trades["qty_lots"][first:last], at)
    return opens * length_ms, columns
