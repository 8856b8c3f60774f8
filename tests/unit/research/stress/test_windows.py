"""Bad days, much money, and the whole battery."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.data import needs_data
from tests.fakes.edges import FOLLOW, persistent
from tests.fakes.real import ms, read
from tests.fakes.runs import flat_bars, scripted, series_of

from ballast.core.bars import Bars
from ballast.core.errors import StrategyError, UserError
from ballast.core.reasons import Exit
from ballast.core.settings import Settings
from ballast.core.time import DAY_MS, HOUR_MS, Timeframe
from ballast.research.case import Case
from ballast.research.series import Series
from ballast.research.stress.battery import Effort, stress
from ballast.research.stress.capacity import capacity
from ballast.research.stress.windows import WINDOWS, Window, stress_windows
from ballast.strategies import (
    atr_first,
    close,
    fixed_notional,
    no_stop,
    no_trail,
    percent_stop,
    strategy,
)
from ballast.strategies.catalog import load

START_MS = int(flat_bars([1.0] * 2).ts[0])


OPEN = replace(
    Settings(),
    risk=replace(Settings().risk, enforce=False),
    costs=replace(Settings().costs, participation=0.0),
)


def crash() -> tuple[Case, Window]:
    """A calm month and more, then a day in which the price is halved bar by bar."""
    closes = np.concatenate((np.full(1_000, 100.0), 100.0 * 0.97 ** np.arange(1, 25)))
    closes[:1_000] += np.arange(1_000) % 2
    bars = flat_bars(closes.tolist())
    form = scripted({"BTCUSDT": {990: "L"}}, stop=percent_stop(0.10), atr=atr_first(14), trail=None)
    from_ms = int(bars.ts[1_000])
    return Case(form, [Series(bars)], settings=OPEN), Window(
        "crash", from_ms, from_ms + DAY_MS, "made up"
    )


def test_a_bad_day_says_what_was_held_lost_and_stopped() -> None:
    case, window = crash()
    (found,) = stress_windows(case, windows=(window,))
    bars = case.series[0].bars
    assert (found.status, found.held_long, found.held_short) == ("tested", 1, 0)
    assert (found.stops, found.entries) == (1, 0)
    assert found.stop_slippage_bps == pytest.approx(5.0, abs=0.5)
    assert found.market_change == bars.close[-1] / bars.open[1_000] - 1.0
    assert found.market_worst == bars.low[1_000:].min() / bars.open[1_000] - 1.0
    assert found.worst_r is not None
    assert found.worst_r < -1.0  # the gap and the costs beyond the loss that was planned
    assert found.change < 0.0
    assert found.worst <= found.change
    run = case.run()
    assert [int(t["reason"]) for t in run.trades] == [Exit.STOP]
    before = run.equity[run.clock_ms <= window.from_ms][-1]
    assert found.change == pytest.approx(run.equity[-1] / before - 1.0, rel=1e-3)


def test_a_window_that_is_not_in_the_data_says_so() -> None:
    case, window = crash()
    rows = stress_windows(case, windows=WINDOWS[2:])  # made bars are of the spring of 2021
    assert [(row.window, row.status) for row in rows] == [
        (window, "not in the data") for window in WINDOWS[2:]
    ]
    late = Window("later", window.to_ms + 90 * DAY_MS, window.to_ms + 91 * DAY_MS, "")
    half = Window("half", window.from_ms + 12 * HOUR_MS, window.to_ms + 12 * HOUR_MS, "")
    found = stress_windows(case, windows=(late, half))
    assert [row.status for row in found] == ["not in the data", "partly in the data"]


def bitcoin() -> Series:
    columns = read("candles/BINANCE-BTCUSDT-1h.parquet")
    names = ("open", "high", "low", "close", "volume")
    keep = (columns["ts"] >= ms("2019-06-01")) & (columns["ts"] < ms("2023-01-01"))
    return Series(
        Bars.of(
            "BINANCE",
            "BTCUSDT",
            Timeframe.parse("1h"),
            columns["ts"][keep].astype("int64"),
            {name: columns[name][keep] for name in names},
        )
    )


@needs_data
def test_the_worst_days_of_bitcoin_are_as_bad_as_remembered() -> None:
    """Lows of Binance spot: 3,782 on 2020-03-13, 30,000 on 2021-05-19, 15,588 on 2022-11-09."""
    found = stress_windows(Case(load("ema_cross"), [bitcoin()]))
    by_name = {row.window.name: row for row in found}
    assert by_name["2020-03-12"].market_worst == pytest.approx(3_782.13 / 7_934.58 - 1.0, abs=1e-3)
    assert by_name["2021-05-19"].market_worst == pytest.approx(30_000 / 42_849.78 - 1.0, abs=1e-3)
    assert by_name["2022-11-08"].market_worst < -0.2
    assert by_name["2025-10-10"].status == "not in the data"
    assert all(row.status == "tested" for name, row in by_name.items() if name < "2025")
    assert min(row.change for row in found) < 0.0


def test_a_kill_switch_before_the_window_does_not_hide_it() -> None:
    """Two crashes: the first latches the switch, so the second is run with a fresh gate."""
    calm = 100.0 + np.arange(1_000) % 2
    fall = 100.0 * 0.97 ** np.arange(1, 25)
    bars = flat_bars(np.concatenate((calm, fall, calm, fall)).tolist())
    form = scripted({"BTCUSDT": {990: "L", 2_014: "L"}}, stop=no_stop(), trail=no_trail(),
                    size=fixed_notional(0.5), atr=atr_first(14))  # fmt: skip
    windows = [
        Window(name, int(bars.ts[row]), int(bars.ts[row]) + DAY_MS, "")
        for name, row in (("first", 1_000), ("second", 2_024))
    ]
    one, two = stress_windows(Case(form, [Series(bars)]), windows=windows)
    assert (one.killed, one.is_fresh, one.held_long) == (True, False, 1)
    assert (two.killed, two.is_fresh, two.held_long) == (True, True, 1)
    assert two.change < -0.1


# ---------------------------------------------------------------- capacity


def deep(carry: float = 0.5) -> tuple[Series, ...]:
    return (Series(persistent(1_500, 1, carry, volume=1e7)),)


def test_capacity_falls_with_the_square_of_the_impact() -> None:
    """Impact is Y x sqrt(cash): the same loss at half the Y takes four times the cash."""
    case = Case(FOLLOW, deep(), settings=OPEN)
    one, two = capacity(case, impact=0.5), capacity(case, impact=1.0)
    assert one.half_cash is not None
    assert two.half_cash is not None
    assert one.half_cash / two.half_cash == pytest.approx(4.0, rel=0.1)
    assert one.dead_cash is not None
    assert one.dead_cash > one.half_cash > 10_000.0


def test_at_half_and_at_death_the_edge_is_half_and_dead() -> None:
    case = Case(FOLLOW, deep(), settings=OPEN)
    found = capacity(case)
    assert found.impact == 1.0
    edges = {point.cash: point.outcome.value("cagr") for point in found.points}
    assert found.edge == edges[10_000.0]
    assert list(edges) == sorted(edges)
    assert found.half_cash is not None
    near = min(edges, key=lambda cash: abs(np.log(cash / found.half_cash)))
    assert edges[near] == pytest.approx(found.edge / 2.0, rel=0.1)
    assert found.dead_cash is not None
    near = min(edges, key=lambda cash: abs(np.log(cash / found.dead_cash)))
    assert abs(edges[near]) < 0.1 * found.edge


def test_without_an_edge_there_is_no_capacity() -> None:
    found = capacity(Case(FOLLOW, deep(-0.5), settings=OPEN))
    assert found.edge < 0.0
    assert (found.half_cash, found.dead_cash) == (None, None)
    with pytest.raises(UserError, match="impact of -1"):
        capacity(Case(FOLLOW, deep(), settings=OPEN), impact=-1.0)


# ---------------------------------------------------------------- the battery


@pytest.mark.parametrize("name", ["ema_cross", "stochrsi_short", "random_entry"])
def test_the_battery_repeats_and_says_how_far_it_is(name: str) -> None:
    case = Case(load(name), series_of(1_500, perpetual=True))
    quick = Effort(noise_seeds=2, missed_seeds=2, joint=5, entry_seeds=3, throws=20)
    steps: list[int] = []
    one = stress(case, effort=quick, step=lambda: steps.append(1))
    assert one == stress(case, effort=quick)
    assert one != stress(case, effort=quick, seed=5)
    assert len(steps) == quick.steps
    assert one.plain == case.outcome()


def test_regimes_come_from_labels_a_formula_or_the_default() -> None:
    """R-WF-11."""
    case = Case(load("ema_cross"), series_of(1_500))
    quick = Effort(noise_seeds=1, missed_seeds=1, joint=0, entry_seeds=1, throws=1)
    labels = (np.arange(len(case.series[0].bars)) // 100 % 2).astype(np.int8)
    rows = stress(case, effort=quick, labels=[labels]).regimes.rows
    assert {row.regime: row.bars for row in rows if row.bars > 1}.keys() == {"trend", "range"}
    assert sum(row.contribution for row in rows) == pytest.approx(case.outcome().total_return)
    assert stress(case, effort=quick).regimes.detector == "regime()"
    assert stress(case, effort=quick, detector="regime(30)").regimes.detector == "regime(30)"


def test_a_strategy_that_never_trades_is_refused() -> None:
    with pytest.raises(StrategyError, match="never trades"):
        stress(Case(strategy("silent", enter_long=close < 0), series_of(800)))
