"""Sweep: one strategy, many parameters, symbols and timeframes, on all cores.

A sweep is a list of *groups* (series that are run together) times a grid. It is cut into chunks;
each finished chunk is one Parquet file under `results/sweeps/<id>/parts`, written atomically, so
an interrupted sweep goes on where it stopped and a finished one is never run twice. The id is the
hash of everything that can change a figure. Rows hold metrics, never curves: memory stays bounded.
Before the file of a chunk is written its rows are in the trial ledger: killed in between, they are
run again and known there already.

Workers are threads: the kernel and the indicators release the interpreter lock, the columns of
distinct expressions are computed once and shared.
"""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ballast.core.errors import UserError
from ballast.core.hashing import value_hash
from ballast.core.settings import Settings
from ballast.research.code import code_version
from ballast.research.pool import Pool
from ballast.research.run import beside_hash, check_series, effective_settings, own_settings
from ballast.research.sweep_row import METRICS
from ballast.research.sweep_table import table_of_rows
from ballast.research.sweep_worker import Worker
from ballast.research.tables import Tables, tables_of
from ballast.research.trial_rows import Streams, scope_of, values_of
from ballast.store.disk import Disk, replace_file
from ballast.store.trials import Kind
from ballast.strategies.cache import ColumnCache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from ballast.research.grid import Grid
    from ballast.research.series import Series
    from ballast.store.trials import Scope, TrialLedger
    from ballast.strategies.plan import AnyStrategy

    Group = tuple[Series, ...]
    Chunk = tuple[int, int, int]  # group, first combination, end
    Counting = Callable[[Chunk, Streams, list[dict[str, float]]], None]

CHUNK = 256
"""Combinations of a chunk: some tens of milliseconds of work, so that Ctrl-C answers at once."""
AHEAD = 2  # chunks queued for each worker beyond the one it runs
MANIFEST, TABLE, PARTS = "sweep.json", "sweep.parquet", "parts"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sweep is: combinations done and all of them, and those left out by rules."""

    done: int
    total: int
    skipped: int


@dataclass(frozen=True, slots=True)
class SweepRequest:
    """What to sweep. Each group is one run per combination; a portfolio is a group of several."""

    strategy: AnyStrategy
    grid: Grid
    groups: Sequence[Group]
    settings: Settings = field(default_factory=Settings)
    workers: int = 0  # 0: one a core
    symbol_settings: Mapping[str, Settings] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise `UserError` for what can be seen to be impossible before anything runs."""
        if self.workers < 0:
            raise UserError(f"{self.workers} workers", expected="at least 1, or 0: one a core")
        for group in self.groups:
            check_series(group)

    def settings_of(self, group: Group) -> list[Settings]:
        """Return the settings of each symbol of a group."""
        own = own_settings(group, self.settings, self.symbol_settings)
        return [own.get(one.bars.symbol, self.settings) for one in group]

    def worker(self, group: Group, tables: Tables, cache: ColumnCache) -> Worker:
        """Return what one thread needs to run combinations of a group."""
        cash = self.settings.engine.initial_cash
        return Worker(self.strategy, group, self.settings_of(group), cash, tables, cache)

    def identity(self) -> dict[str, Any]:
        """Return everything that can change a figure."""
        return {
            "strategy": self.strategy.name,
            "strategy_hash": self.strategy.hash,
            "axes": {name: list(values) for name, values in self.grid.axes.items()},
            "groups": [self._prints(group) for group in self.groups],
            "settings": effective_settings(
                self.settings,
                own_settings(
                    [one for group in self.groups for one in group],
                    self.settings,
                    self.symbol_settings,
                ),
            ),
            "code_version": code_version(),
        }

    def _prints(self, group: Group) -> list[tuple[str, str, str]]:
        """Return the name of each series and the hashes of its bars and of what is beside them."""
        return [
            (one.bars.name, one.bars.fingerprint(), beside_hash(one, walks=its.costs.slip_book))
            for one, its in zip(group, self.settings_of(group), strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Sweep:
    """A finished sweep: its folder and its table (one row a combination and group)."""

    id: str
    folder: Path
    table: pa.Table
    skipped: int


@dataclass(frozen=True, slots=True)
class Done:
    """A chunk that was run: its table, and its rows for the ledger."""

    table: pa.Table
    streams: Streams | None
    combos: list[dict[str, float]]


def sweep(
    request: SweepRequest,
    folder: Path,
    *,
    ledger: TrialLedger | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Sweep:
    """Run what of `request` is not done yet under `folder` (the results folder); return all of it.

    Raise `UserError` if nothing can be run. Interrupt it at will: finished chunks stay. Every row
    is a trial of `ledger`.
    """
    tables = _tables(request)
    _check_first(request, tables)
    identity = request.identity()
    name = value_hash(identity)[:16]
    home = folder / "sweeps" / name
    parts = home / PARTS
    _write_json(home / MANIFEST, {"id": name, **identity, "metrics": list(METRICS)})
    chunks = list(_chunks(request))
    counts = ledger is None or ledger.knows(name)  # else it ran before there was a ledger
    rows = {chunk: _rows_of(_part(parts, chunk)) if counts else None for chunk in chunks}
    missing = [chunk for chunk in chunks if rows[chunk] is None]
    total = len(request.grid) * len(request.groups)
    done = sum(end - first for group, first, end in chunks if rows[group, first, end] is not None)
    start = Progress(done, total, done - sum(count or 0 for count in rows.values()))
    if missing:
        count = _counting(request, ledger, name)
        _run_chunks(request, tables, missing, parts, start, count, progress)
    table = pa.concat_tables([pq.read_table(_part(parts, chunk)) for chunk in chunks])
    _write_table(home / TABLE, table)
    return Sweep(name, home, table, total - table.num_rows)


def _tables(request: SweepRequest) -> list[Tables]:
    return [tables_of(group, request.settings_of(group)) for group in request.groups]


def _check_first(request: SweepRequest, tables: list[Tables]) -> None:
    """Raise `UserError` unless every group can run the first allowed combination."""
    cache = ColumnCache()
    for group, table in zip(request.groups, tables, strict=True):
        worker = request.worker(group, table, cache)
        first = next(filter(None, map(worker.plans_of, request.grid)), None)
        if first is None:
            raise UserError(
                "no combination keeps the strategy's rules",
                where=request.strategy.name,
                fix="widen the ranges",
            )
        worker.construct(first)
        for leg in worker.legs(first):
            leg.plan.require_bars(leg.series.bars)


def _rows_of(part: Path) -> int | None:
    """Count the rows of a finished chunk; None where it is not there, or not whole."""
    try:
        return int(pq.read_metadata(part).num_rows)
    except (OSError, pa.ArrowInvalid):
        return None


def _chunks(request: SweepRequest) -> Iterator[Chunk]:
    """Yield (group, first combination, end)."""
    for group in range(len(request.groups)):
        for first in range(0, len(request.grid), CHUNK):
            yield group, first, min(first + CHUNK, len(request.grid))


def _part(parts: Path, chunk: Chunk) -> Path:
    return parts / f"{chunk[0]:04d}-{chunk[1]:08d}.parquet"


def _counting(request: SweepRequest, ledger: TrialLedger | None, study: str) -> Counting | None:
    """Return what writes the rows of a chunk of a group into the ledger."""
    if ledger is None:
        return None
    scopes: dict[int, Scope] = {}

    def count(chunk: Chunk, streams: Streams, combos: list[dict[str, float]]) -> None:
        if chunk[0] not in scopes:
            scopes[chunk[0]] = scope_of(
                request.strategy,
                request.groups[chunk[0]],
                request.settings,
                kind=Kind.SWEEP,
                study=study,
                symbol_settings=request.symbol_settings,
            )
        values = [values_of(request.strategy, one) for one in combos]
        ledger.append(streams.batch(scopes[chunk[0]], values))

    return count


def _run_chunks(
    request: SweepRequest,
    tables: list[Tables],
    missing: list[Chunk],
    parts: Path,
    start: Progress,
    count: Counting | None,
    progress: Callable[[Progress], None] | None,
) -> None:
    """Run the missing chunks on threads; a failure or an interrupt stops the others."""
    workers = request.workers or os.cpu_count() or 1
    cache = ColumnCache(lock=threading.RLock())
    local = threading.local()
    stop = threading.Event()

    def work(chunk: Chunk) -> Done | None:
        known: dict[int, Worker] = local.__dict__.setdefault("workers", {})
        if chunk[0] not in known:
            known.clear()  # a thread holds the state of one group at a time
            known[chunk[0]] = request.worker(request.groups[chunk[0]], tables[chunk[0]], cache)
        worker = known[chunk[0]]
        streams = worker.listen(chunk[2] - chunk[1]) if count is not None else None
        return _run_chunk(worker, request, chunk, streams, stop)

    done, skipped = start.done, start.skipped
    with Pool(workers, "sweep") as pool:
        try:
            for chunk, found in _in_order(pool, work, missing, workers * AHEAD):
                if found is None:
                    continue
                if count is not None and found.streams is not None and found.combos:
                    count(chunk, found.streams, found.combos)
                _write_table(_part(parts, chunk), found.table)
                done += chunk[2] - chunk[1]
                skipped += chunk[2] - chunk[1] - found.table.num_rows
                if progress is not None:
                    progress(Progress(done, start.total, skipped))
        except BaseException:
            stop.set()
            raise


def _in_order(
    pool: Pool,
    work: Callable[[Chunk], Done | None],
    chunks: list[Chunk],
    ahead: int,
) -> Iterator[tuple[Chunk, Done | None]]:
    """Yield results in the order of the chunks, with a bounded number of them in flight.

    In order, so that the ledger is the same however many threads there are.
    """
    waiting: deque[tuple[Chunk, Future[Done | None]]] = deque()
    for chunk in chunks:
        waiting.append((chunk, pool.submit(work, chunk)))
        if len(waiting) >= ahead:
            first, future = waiting.popleft()
            yield first, pool.result(future)
    while waiting:
        first, future = waiting.popleft()
        yield first, pool.result(future)


def _run_chunk(
    worker: Worker,
    request: SweepRequest,
    chunk: Chunk,
    streams: Streams | None,
    stop: threading.Event,
) -> Done | None:
    """Return the rows of one chunk; None if the sweep was stopped meanwhile."""
    _, first, end = chunk
    combos: list[dict[str, float]] = []
    rows = np.empty((end - first, len(METRICS)))
    for number in range(first, end):
        if stop.is_set():
            return None
        combination = request.grid.combination(number)
        if worker.run(combination, rows[len(combos)]):
            combos.append(combination)
    params = {name: [one[name] for one in combos] for name in request.grid.axes}
    return Done(table_of_rows(worker.group, params, list(rows[: len(combos)])), streams, combos)


def _write_table(path: Path, table: pa.Table) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    replace_file(Disk(), path, [memoryview(sink.getvalue())])


def _write_json(path: Path, value: dict[str, Any]) -> None:
    text = json.dumps(value, indent=1, sort_keys=True) + "\n"
    replace_file(Disk(), path, [text.encode()])
