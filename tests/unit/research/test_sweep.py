"""Sweeps: every row is the single backtest, however the work was cut, shared or interrupted."""

from __future__ import annotations

import json
import math
import shutil
import threading
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.fakes.runs import flat_bars, scripted, series_of

import ballast.research.sweep as sweeping
from ballast.core.errors import ConfigError, DataError, UserError
from ballast.core.settings import CostSettings, Settings
from ballast.research.grid import Grid
from ballast.research.run import backtest
from ballast.research.series import Series
from ballast.research.sweep import Progress, Sweep, SweepRequest, sweep
from ballast.research.sweep_row import METRICS
from ballast.research.sweep_table import LESS_IS_BETTER, best_rows, check_metric
from ballast.strategies import (
    OnBarStrategy,
    atr_stop,
    catalog,
    close,
    ema,
    param,
    params,
    risk,
    strategy,
)
from ballast.strategies.custom import ClassStrategy

if TYPE_CHECKING:
    from pathlib import Path


GRID = Grid({"fast": (5.0, 9.0, 21.0), "slow": (9.0, 21.0, 34.0)})
CROSS = catalog.load("ema_cross")


def request(**changes: Any) -> SweepRequest:
    given: dict[str, Any] = {"strategy": CROSS, "grid": GRID, "groups": [series_of(1_200)]}
    return SweepRequest(**given | changes)


def part_bytes(found: Sweep) -> dict[str, bytes]:
    files = [found.folder / sweeping.TABLE, found.folder / sweeping.MANIFEST]
    files += sorted((found.folder / sweeping.PARTS).iterdir())
    return {path.name: path.read_bytes() for path in files}


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "CHUNK", 2)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("workers", [1, 2, 5])
def test_the_number_of_workers_changes_nothing(workers: int, tmp_path: Path) -> None:
    groups = [series_of(600), series_of(600, symbols=("TRXUSDT",))]
    one = sweep(request(groups=groups, workers=1), tmp_path / "one")
    more = sweep(request(groups=groups, workers=workers), tmp_path / "more")
    assert part_bytes(one) == part_bytes(more)
    assert one.id == more.id


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("after", [1, 2, 3, 4, 5])
def test_an_interrupted_sweep_goes_on_where_it_was(after: int, tmp_path: Path) -> None:
    """Ctrl-C after any chunk: finished chunks stay, the second start runs the others only."""
    whole = sweep(request(), tmp_path / "whole")
    calls = []

    def interrupt(state: Progress) -> None:
        calls.append(state)
        if len(calls) == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(request(workers=1), tmp_path / "cut", progress=interrupt)
    folder = tmp_path / "cut" / "sweeps" / whole.id
    kept = {path.name: path.stat().st_mtime_ns for path in (folder / "parts").iterdir()}
    assert after <= len(kept) <= 5
    assert not (folder / sweeping.TABLE).exists()
    assert not [path for path in folder.rglob("*") if ".tmp" in path.name]
    states: list[Progress] = []
    again = sweep(request(workers=1), tmp_path / "cut", progress=states.append)
    assert part_bytes(again) == part_bytes(whole)
    assert len(states) == 5 - len(kept), "only what was missing ran"
    for path in (folder / "parts").iterdir():
        assert path.stat().st_mtime_ns == kept.get(path.name, path.stat().st_mtime_ns)
    if states:
        assert states[-1] == Progress(9, 9, again.skipped)
    assert threading.active_count() == 1


@pytest.mark.usefixtures("small_chunks")
def test_a_damaged_part_is_run_again(tmp_path: Path) -> None:
    whole = sweep(request(), tmp_path)
    before = part_bytes(whole)
    part = next((whole.folder / "parts").iterdir())
    part.write_bytes(part.read_bytes()[:100])
    assert part_bytes(sweep(request(), tmp_path)) == before


def test_a_finished_sweep_runs_nothing(tmp_path: Path) -> None:
    first = sweep(request(), tmp_path)
    states: list[Progress] = []
    again = sweep(request(), tmp_path, progress=states.append)
    assert states == []
    assert again.table.equals(first.table)
    assert again.skipped == first.skipped


def test_combinations_that_break_the_rules_are_left_out_and_counted(tmp_path: Path) -> None:
    states: list[Progress] = []
    found = sweep(request(), tmp_path, progress=states.append)
    pairs = [(row["fast"], row["slow"]) for row in found.table.to_pylist()]
    assert pairs == [(f, s) for f in (5, 9, 21) for s in (9, 21, 34) if f < s]
    assert found.skipped == 3
    assert states[-1] == Progress(9, 9, 3)
    impossible = Grid({"fast": (50.0,), "slow": (10.0, 20.0)})
    with pytest.raises(UserError, match="no combination keeps the strategy's rules"):
        sweep(request(grid=impossible), tmp_path / "none")
    assert not (tmp_path / "none").exists(), "nothing is left of a sweep that cannot run"


def test_groups_are_runs_of_their_own_and_together_they_share_cash(tmp_path: Path) -> None:
    a, b = series_of(900), series_of(900, symbols=("TRXUSDT",))
    grid = Grid({"fast": (5.0, 9.0)})
    apart = sweep(request(grid=grid, groups=[a, b]), tmp_path).table
    assert apart["symbol"].to_pylist() == ["BTCUSDT", "BTCUSDT", "TRXUSDT", "TRXUSDT"]
    assert set(apart["venue"].to_pylist()) == {"SYNTH"}
    joint = sweep(request(grid=grid, groups=[(*a, *b)]), tmp_path).table
    assert joint["symbol"].to_pylist() == ["BTCUSDT+TRXUSDT"] * 2
    single = backtest(CROSS, (*a, *b), params={"fast": 9.0})
    assert joint["final_equity"][1].as_py() == pytest.approx(single.run.equity[-1])
    alone = sweep(request(grid=grid, groups=[b]), tmp_path).table
    columns = list(METRICS)
    assert alone.select(columns).equals(apart.slice(2).select(columns))


def test_the_id_changes_with_what_changes_a_figure(tmp_path: Path) -> None:
    costs = Settings(costs=CostSettings(taker=0.001))
    (one,) = series_of(1_200)
    ids = [
        sweep(made, tmp_path).id
        for made in (
            request(),
            request(grid=Grid({"fast": (5.0, 9.0)})),
            request(groups=[series_of(1_202, seed=8)]),
            request(
                groups=[(replace(one, instrument=replace(one.rules, min_qty=one.rules.lot * 2)),)]
            ),
            request(settings=costs),
            request(symbol_settings={"BTCUSDT": costs}),
            request(strategy=catalog.load("stochrsi"), grid=Grid({"ema1": (5.0, 9.0)})),
        )
    ]
    assert len(set(ids)) == len(ids)
    same = [
        request(workers=2),
        request(symbol_settings={"ETHUSDT": costs}),
        request(grid=Grid({"fast": (5, 9, 21, 5), "slow": (9, 21, 34)})),
    ]
    assert {sweep(made, tmp_path).id for made in same} == {ids[0]}


def test_settings_of_a_symbol_hold_in_a_sweep_too(tmp_path: Path) -> None:
    """R-PORT-02: the sweep once ran every symbol with the settings of all."""
    series = series_of(900, symbols=("BTCUSDT", "TRXUSDT"))
    own = {"BTCUSDT": Settings(costs=CostSettings(slip_fraction=0.001))}
    grid = Grid({"fast": (9.0,)})
    table = sweep(request(grid=grid, groups=[series], symbol_settings=own), tmp_path).table
    single = backtest(CROSS, series, symbol_settings=own)
    assert table["slippage"][0].as_py() == pytest.approx(float(single.run.account["slippage"]))
    plain = backtest(CROSS, series)
    assert single.run.account["slippage"] > 1.2 * plain.run.account["slippage"]


def test_a_parameter_may_be_called_like_a_column(tmp_path: Path) -> None:
    """A metric keeps its name; the parameter steps aside."""
    p = params(trades=param(9, 2, 100), symbol=param(1.0, 0.0, 2.0))
    named = strategy(
        "named", params=p, enter_long=ema(close, p.trades) > ema(close, 30) * p.symbol,
        stop=atr_stop(3.0), size=risk(0.01),
    )  # fmt: skip
    grid = Grid({"trades": (5.0, 9.0), "symbol": (0.9, 1.0)})
    table = sweep(request(strategy=named, grid=grid), tmp_path).table
    assert table["param_trades"].to_pylist() == [5.0, 5.0, 9.0, 9.0]
    assert table["symbol"].to_pylist() == ["BTCUSDT"] * 4
    counts = table["trades"].to_pylist()
    assert [row["trades"] for row in best_rows(table, "trades", 4)] == sorted(counts, reverse=True)


def test_the_best_rows_come_first_and_undefined_ones_last(tmp_path: Path) -> None:
    table = sweep(request(), tmp_path).table
    for metric in ("sharpe", "max_drawdown"):
        values = [row[metric] for row in best_rows(table, metric, 100)]
        assert values == sorted(values, reverse=metric not in LESS_IS_BETTER)
    sharpe = np.array(table["sharpe"]).copy()
    sharpe[0] = np.nan
    odd = table.set_column(table.column_names.index("sharpe"), "sharpe", [sharpe])
    assert math.isnan(best_rows(odd, "sharpe", 100)[-1]["sharpe"])
    assert len(best_rows(table, "sharpe", 2)) == 2
    with pytest.raises(UserError, match=r"unknown metric 'sharp'.*did you mean 'sharpe'"):
        check_metric("sharp")
    assert set(METRICS) >= LESS_IS_BETTER


def test_what_cannot_run_is_refused_before_a_file_is_written(tmp_path: Path) -> None:
    short = [Series(flat_bars([100.0 + k % 3 for k in range(40)]))]
    mixed = [Series(flat_bars([1.0] * 90)), Series(flat_bars([1.0] * 90, timeframe="5m"))]
    greedy = strategy("greedy", enter_long=close > 0, size=risk(0.05), stop=atr_stop(3.0))
    for kind, changes in (
        (DataError, {"groups": [series_of(900), short]}),
        (UserError, {"groups": [mixed]}),
        (UserError, {"workers": -1}),
        (ConfigError, {"strategy": greedy, "grid": Grid({})}),
    ):
        with pytest.raises(kind):
            sweep(request(**changes), tmp_path / "results")
    assert list(tmp_path.iterdir()) == []


def test_a_class_that_fails_stops_the_sweep_with_its_line(tmp_path: Path) -> None:
    class Broken(OnBarStrategy):
        """Fails from the second value on."""

        name = "broken"
        params = params(limit=param(1, 1, 9))

        def on_bar(self, _view: Any) -> int | None:
            if self.p["limit"] > 1:
                raise ValueError("too high")
            return None

    with pytest.raises(UserError, match=r"broken.on_bar.*ValueError: too high"):
        sweep(request(strategy=ClassStrategy(Broken), grid=Grid({"limit": (1, 2, 3)})), tmp_path)
    assert threading.active_count() == 1
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and ".tmp" in path.name]


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("a file where the folder would be")
    with pytest.raises(UserError) as caught:
        sweep(request(), blocked)
    assert str(blocked) in caught.value.line()


def test_the_manifest_says_what_was_swept(tmp_path: Path) -> None:
    found = sweep(request(), tmp_path)
    said = json.loads((found.folder / sweeping.MANIFEST).read_text())
    assert said["id"] == found.id == found.folder.name
    assert said["strategy"] == "ema_cross"
    assert said["axes"] == {"fast": [5, 9, 21], "slow": [9, 21, 34]}
    assert said["metrics"] == list(METRICS)
    assert pq.read_table(found.folder / sweeping.TABLE).equals(found.table)


@pytest.mark.usefixtures("small_chunks")
def test_the_queue_and_the_rows_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep of any size holds some chunks of work and one row of figures a thread."""
    waiting: list[int] = []

    class Watched(deque[Any]):
        """Writes down how long the queue is."""

        def append(self, item: Any) -> None:
            super().append(item)
            waiting.append(len(self))

    monkeypatch.setattr(sweeping, "deque", Watched)
    grid = Grid({"fast": tuple(range(5, 45)), "slow": (60.0,)})
    found = sweep(request(grid=grid, groups=[series_of(300)], workers=2), tmp_path)
    assert len(found.table) == 40
    assert len(waiting) >= 16
    assert max(waiting) <= 2 * sweeping.AHEAD
    per_row = found.table.nbytes / len(found.table)
    assert per_row < 400, "figures, not curves"


def test_an_empty_folder_of_results_is_made_and_reused(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "results"
    first = sweep(request(), home)
    assert first.folder.parent == home / "sweeps"
    shutil.rmtree(first.folder / "parts")
    again = sweep(request(), home)
    assert part_bytes(again) == part_bytes(first)


def test_scripted_strategies_have_no_axes_and_one_combination(tmp_path: Path) -> None:
    only = sweep(request(strategy=scripted({"BTCUSDT": {60: "L"}}), grid=Grid({})), tmp_path)
    assert len(only.table) == 1
