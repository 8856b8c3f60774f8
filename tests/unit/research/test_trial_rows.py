"""Trial rows: figures and sketches of runs, and that every look is in the ledger (R-OPT-09)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tests.fakes.runs import series_of

import ballast.research.sweep as sweeping
from ballast.core.rng import stream
from ballast.core.settings import CostSettings, Settings
from ballast.research.grid import Grid
from ballast.research.metrics import summary
from ballast.research.metrics.curves import daily_curve
from ballast.research.run import backtest
from ballast.research.stream_row import BLOCK_DAYS
from ballast.research.sweep import Progress, SweepRequest, sweep
from ballast.research.trial_rows import Streams, batch_of, batch_of_result, scope_of, values_of
from ballast.store.trials import FIGURES, Kind, TrialLedger, verify
from ballast.store.trials.rows import BLOCKS_MAX
from ballast.strategies import catalog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GRID = Grid({"fast": (5.0, 9.0, 21.0), "slow": (9.0, 21.0, 34.0)})
CROSS = catalog.load("ema_cross")


def request(**changes: Any) -> SweepRequest:
    given: dict[str, Any] = {"strategy": CROSS, "grid": GRID, "groups": [series_of(1_200)]}
    return SweepRequest(**given | changes)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[TrialLedger]:
    with TrialLedger(tmp_path / "ledger" / "trials.sqlite", tmp_path / "results") as made:
        yield made


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "CHUNK", 2)


@pytest.mark.parametrize("days", [3, 28, 29, 400, 2_000])
def test_figures_are_those_of_scipy_on_the_same_days(days: int) -> None:
    returns = stream(days, "returns").standard_t(4, days) / 50
    streams = Streams(1, 18_000, days)
    streams.add(returns, 17.0)
    found = dict(zip(FIGURES, streams.figures[0].tolist(), strict=True))
    assert found["sharpe"] == pytest.approx(returns.mean() / returns.std(ddof=1))
    assert found["skew"] == pytest.approx(stats.skew(returns))
    assert found["kurtosis"] == pytest.approx(stats.kurtosis(returns, fisher=False))
    assert found["total_return"] == pytest.approx(np.prod(1 + returns) - 1)
    assert (found["days"], found["trades"]) == (days, 17)


def test_a_run_that_never_trades_has_no_sharpe_and_a_flat_sketch() -> None:
    streams = Streams(2, 18_000, 60)
    streams.add_equity(100.0, np.full(60, 100.0), 0.0)
    streams.add_equity(100.0, np.concatenate((np.full(30, 50.0), np.full(30, -1.0))), 3.0)
    sharpe, trades, total, skew, kurtosis, days = streams.figures[0]
    assert (trades, total, days) == (0, 0, 60)
    assert math.isnan(sharpe)
    assert math.isnan(skew)
    assert math.isnan(kurtosis)
    assert not streams.sketches[0].any()
    assert np.isfinite(streams.figures[1]).all(), "nothing moves after ruin"


@given(
    first=st.integers(10_000, 25_000),
    values=st.lists(st.floats(-0.5, 0.5, width=32), min_size=1, max_size=200),
)
def test_a_sketch_sums_days_by_blocks_of_the_calendar(first: int, values: list[float]) -> None:
    """The same day of two runs lies in the same block, whenever the runs began."""
    streams = Streams(1, first, len(values))
    streams.add(np.array(values), 0.0)
    expected: dict[int, float] = {}
    for at, value in enumerate(values):
        block = (first + at) // BLOCK_DAYS
        expected[block] = expected.get(block, 0.0) + value
    found = {streams.first_block + k: float(x) for k, x in enumerate(streams.sketches[0])}
    assert found.keys() == expected.keys()
    assert all(math.isclose(found[k], expected[k], rel_tol=1e-5, abs_tol=1e-5) for k in found)


def test_a_sketch_is_bounded_and_keeps_the_last_years() -> None:
    days = 30 * 365
    returns = np.zeros(days)
    returns[-1] = 0.5
    returns[0] = 0.25
    streams = Streams(1, 10_000, days)
    streams.add(returns, 0.0)
    assert streams.sketches.shape == (1, BLOCKS_MAX)
    assert streams.sketches[0, -1] == 0.5
    assert streams.sketches.sum() == 0.5, "the first day lies before the years that are kept"
    assert streams.figures[0, 5] == days


def test_a_backtest_is_a_trial_with_the_figures_of_its_report(ledger: TrialLedger) -> None:
    result = backtest(CROSS, series_of(1_200), params={"fast": 5.0})
    ledger.append(batch_of_result(result, CROSS))
    found = summary(result)
    assert found.returns.sharpe is not None
    assert ledger.sharpes()[0] * math.sqrt(365) == pytest.approx(found.returns.sharpe)
    assert ledger.knows(result.card.run_id)
    with ledger.file.reading() as connection:
        assert connection is not None
        row = connection.execute("SELECT trades, total_return, days FROM trials").fetchone()
    assert row == pytest.approx(
        (found.trades.count, found.returns.total, len(daily_curve(result))), rel=1e-9
    )


@pytest.mark.usefixtures("small_chunks")
def test_every_row_of_a_sweep_is_a_trial(ledger: TrialLedger, tmp_path: Path) -> None:
    groups = [series_of(600), series_of(600, symbols=("TRXUSDT",))]
    found = sweep(request(groups=groups), tmp_path / "results", ledger=ledger)
    assert ledger.count() == found.table.num_rows == 12
    assert ledger.count(market="SYNTH TRXUSDT") == 6
    assert np.allclose(
        ledger.sharpes() * math.sqrt(365), found.table["sharpe"].to_numpy(), equal_nan=True
    )
    assert verify(ledger, tmp_path / "results").is_whole
    sweep(request(groups=groups), tmp_path / "results", ledger=ledger)
    assert ledger.repeats() == 0, "a finished sweep runs nothing"


def test_a_backtest_of_a_swept_combination_is_the_same_trial(
    ledger: TrialLedger, tmp_path: Path
) -> None:
    """Whoever looks: the key is that of the numbers, the data, the period and the settings."""
    own = {"BTCUSDT": Settings(costs=CostSettings(slip_fraction=0.001))}
    series = series_of(1_200)
    for more in ({}, {"symbol_settings": own}):
        sweep(request(**more), tmp_path / "results", ledger=ledger)
        before = ledger.count()
        params = {"fast": 5.0, "slow": 21.0}
        result = backtest(CROSS, series, params=params, **more)  # type: ignore[arg-type]
        ledger.append(batch_of_result(result, CROSS))
        assert ledger.count() == before
        other = backtest(CROSS, series, params={"fast": 6.0}, **more)  # type: ignore[arg-type]
        ledger.append(batch_of_result(other, CROSS))
        assert ledger.count() == before + 1
    assert ledger.repeats() == 2


@pytest.mark.usefixtures("small_chunks")
def test_workers_and_interruptions_leave_the_same_ledger(tmp_path: Path) -> None:
    """R-OPT-07: chunks are counted in their order, so the chain does not know of threads."""
    with TrialLedger(tmp_path / "a" / "trials.sqlite") as whole:
        sweep(request(workers=1), tmp_path / "one", ledger=whole)
        head = whole.head()
    with TrialLedger(tmp_path / "b" / "trials.sqlite") as threaded:
        sweep(request(workers=4), tmp_path / "four", ledger=threaded)
        assert threaded.head() == head
    calls = []

    def interrupt(state: Progress) -> None:
        calls.append(state)
        if len(calls) == 3:
            raise KeyboardInterrupt

    with TrialLedger(tmp_path / "c" / "trials.sqlite") as cut:
        with pytest.raises(KeyboardInterrupt):
            sweep(request(), tmp_path / "cut", ledger=cut, progress=interrupt)
        sweep(request(), tmp_path / "cut", ledger=cut)
        assert cut.head() == head


@pytest.mark.usefixtures("small_chunks")
def test_a_kill_between_ledger_and_part_counts_no_trial_twice(
    ledger: TrialLedger, tmp_path: Path
) -> None:
    found = sweep(request(), tmp_path / "results", ledger=ledger)
    part = min((found.folder / sweeping.PARTS).iterdir())
    rows = sweeping._rows_of(part)
    part.unlink()
    again = sweep(request(), tmp_path / "results", ledger=ledger)
    assert again.table.equals(found.table)
    assert (ledger.count(), ledger.repeats()) == (found.table.num_rows, rows)


def test_a_sweep_from_before_the_ledger_is_run_again_and_counted(tmp_path: Path) -> None:
    found = sweep(request(), tmp_path / "results")
    with TrialLedger(tmp_path / "ledger" / "trials.sqlite", tmp_path / "results") as ledger:
        again = sweep(request(), tmp_path / "results", ledger=ledger)
        assert ledger.count() == 6
        assert ledger.uncounted() == 6, "what lay there when the ledger began"
    assert again.table.equals(found.table)


def test_daily_returns_of_many_combinations_make_a_batch(ledger: TrialLedger) -> None:
    """What walk-forward and the optimisers call: sketches equal those of single backtests."""
    series = series_of(1_200)
    combos = [{"fast": 5.0}, {"fast": 9.0}]
    results = [backtest(CROSS, series, params=one) for one in combos]
    daily = np.stack([daily_curve(one).returns for one in results])
    trades = np.array([summary(one).trades.count for one in results], np.float64)
    first_day = int(daily_curve(results[0]).day[0])
    scope = scope_of(CROSS, series, Settings(), kind=Kind.WALKFORWARD, study="w")
    batch = batch_of(scope, CROSS, combos, daily, trades, first_day)
    for row, (result, combo) in enumerate(zip(results, combos, strict=True)):
        single = batch_of_result(result, CROSS)
        assert np.array_equal(batch.sketches[row], single.sketches[0])
        assert np.array_equal(batch.figures[row], single.figures[0])
        assert batch.values[row].tolist() == values_of(CROSS, combo)
        assert batch.keys()[row] == single.keys()[0]
    ledger.append(batch)
    part = scope_of(CROSS, series, Settings(), kind=Kind.WALKFORWARD, study="w", period=(0, 1))
    assert part.prefix() != scope.prefix()
