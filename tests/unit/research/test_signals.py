"""Signals judged afterwards, and signals that come together (R-SIG-03, R-SIG-04, R-SIG-05)."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from tests.fakes.runs import flat_bars, scripted, series_of

from ballast.core.records import Signal
from ballast.core.settings import Settings
from ballast.core.time import DAY_MS, HOUR_MS
from ballast.research.case import Case
from ballast.research.reliability import reliability
from ballast.research.series import Series
from ballast.research.signal_pairs import Stream, pair, pairs_of, streams_of
from ballast.research.signals import (
    JudgedSignal,
    Quality,
    Verdict,
    judge_signals,
    qualities,
    quality,
    verdict_of,
)
from ballast.strategies.catalog import load

#         90 .. 120: flat     bar 40: rises to 110, bar 60: falls to 100
CLOSES = [100.0] * 40 + [110.0] * 20 + [100.0] * 40
SCRIPT = {38: "L", 45: "l", 58: "L", 65: "l"}
"""Bought before the rise, sold after it; bought before the fall, sold after it."""


def settings_of(**risk: float) -> Settings:
    plain = Settings()
    return replace(plain, risk=replace(plain.risk, **risk))  # type: ignore[arg-type]


def judged_of(
    script: dict[int, str], closes: list[float], settings: Settings | None = None
) -> tuple[JudgedSignal, ...]:
    case = Case(scripted({"BTCUSDT": script}), [Series(flat_bars(closes))], settings=settings)
    return judge_signals(case, case.run())


def test_a_signal_is_named_by_what_it_earns_alone() -> None:
    """Taken before the rise: profitable. Taken before the fall: losing."""
    first, second = judged_of(SCRIPT, CLOSES, settings_of(loss_streak=0))
    assert (first.verdict, first.taken, first.reason) == (Verdict.PROFITABLE, True, "")
    assert (second.verdict, second.taken) == (Verdict.LOSING, True)
    assert first.change == pytest.approx(0.10, abs=0.005)
    assert second.change is not None
    assert -0.10 < second.change < -0.02  # the stop cuts it short
    assert first.at_ms == 1_609_459_200_000 + 39 * HOUR_MS
    assert second.r is not None
    assert second.r < 0.0


def test_what_the_gate_refused_is_missed_or_avoided() -> None:
    """One entry a day is allowed: the second signal of the day is refused, and would have lost."""
    script = {38: "L", 39: "l", 58: "L", 65: "l"}
    one = settings_of(entries_day=1, entry_spacing_ms=0, loss_cooldown_ms=0)
    found = judged_of(script, CLOSES, one)
    assert [(x.taken, x.reason, x.verdict) for x in found] == [
        (True, "", found[0].verdict),
        (False, "daily_cap", Verdict.AVOIDED),
    ]
    rising = [100.0] * 40 + [101.0] * 20 + [110.0] * 40
    missed = judged_of(script, rising, one)[1]
    assert (missed.verdict, missed.reason) == (Verdict.MISSED, "daily_cap")


def test_a_signal_that_goes_on_is_one_signal() -> None:
    script = {38: "L", 39: "L", 40: "L", 45: "l", 50: "L"}
    found = judged_of(script, CLOSES)
    assert [one.bars for one in found] == [3, 1]
    assert found[0].taken


def test_a_signal_under_an_open_position_is_refused_as_that_and_tried_alone() -> None:
    """The second says the same while the first is held: nothing to do, but it would have earned."""
    found = judged_of({30: "L", 38: "L", 45: "l"}, CLOSES)
    assert [(one.taken, one.reason) for one in found] == [
        (True, ""),
        (False, "already_in_position"),
    ]
    assert [one.verdict for one in found] == [Verdict.PROFITABLE, Verdict.MISSED]
    assert found[1].change == pytest.approx(found[0].change, rel=1e-6)


def test_open_and_unfilled_signals_are_in_no_share() -> None:
    """One is still open at the end; one comes on the last bar and has no next open."""
    found = judged_of({80: "L", 99: "L"}, CLOSES)
    assert [one.verdict for one in found] == [Verdict.OPEN, Verdict.UNFILLED]
    assert [one.change is None for one in found] == [False, True]
    total = qualities(found)[0]
    assert (total.signals, total.undecided, total.precision, total.recall) == (2, 2, None, None)


def test_long_and_short_at_once_are_refused_and_each_is_tried_alone() -> None:
    """A conflict is no trade; what each side was worth is known all the same."""
    long, short = judged_of({38: "LS", 45: "ls"}, CLOSES)
    assert {long.reason, short.reason} == {"conflicting_signals"}
    assert (long.side, long.verdict) == ("long", Verdict.MISSED)
    assert (short.side, short.change) == ("short", None)  # spot cannot be sold short, even alone


@pytest.mark.parametrize("name", ["mean_reversion", "donchian_breakout"])
def test_passes_give_what_each_signal_gives_in_a_run_of_its_own(name: str) -> None:
    """Every signal of two symbols, run by itself with the gate off: the same to 1e-6."""
    case = Case(load(name), series_of(400, symbols=("BTCUSDT", "ETHUSDT")))
    judged = judge_signals(case, case.run())
    free = case.changed(settings=lambda one: replace(one, risk=replace(one.risk, enforce=False)))
    bits = case.signals()
    exits = bits & ~np.uint8(Signal.ENTER_LONG | Signal.ENTER_SHORT)
    first = {"BTCUSDT": 0, "ETHUSDT": len(case.series[0].bars)}
    assert len(judged) > 5
    overlapping = 0
    for one in judged:
        bars = case.series[0 if one.symbol == "BTCUSDT" else 1].bars
        own = int(np.searchsorted(bars.ts, one.at_ms - HOUR_MS))
        asked = exits.copy()
        asked[first[one.symbol] + own] |= np.uint8(
            Signal.ENTER_LONG if one.side == "long" else Signal.ENTER_SHORT
        )
        run = free.run(asked)
        if one.change is None:
            assert len(run.trades) == 0
            continue
        (trade,) = run.trades
        lot = float(case.series[int(trade["symbol"])].rules.lot)
        alone = float(trade["pnl"]) / (float(trade["entry"]) * float(trade["lots"]) * lot)
        assert one.change == pytest.approx(alone, rel=1e-6, abs=1e-9)
        overlapping += not one.taken
    assert overlapping or name != "donchian_breakout"


@pytest.mark.parametrize(
    ("change", "taken", "is_open", "verdict"),
    [
        (0.01, True, False, Verdict.PROFITABLE),
        (-0.01, True, False, Verdict.LOSING),
        (0.0, True, False, Verdict.LOSING),
        (0.01, False, False, Verdict.MISSED),
        (-0.01, False, False, Verdict.AVOIDED),
        (0.01, True, True, Verdict.OPEN),
        (math.nan, True, False, Verdict.UNFILLED),
    ],
)
def test_the_table_of_verdicts(change: float, taken: bool, is_open: bool, verdict: Verdict) -> None:
    assert verdict_of(change, taken=taken, is_open=is_open) is verdict


def signal(
    at_hour: int, change: float | None = 0.01, *, side: str = "long", taken: bool = True,
    reason: str = "", symbol: str = "BTCUSDT", confidence: float | None = None,
    regime: str = "unknown",
) -> JudgedSignal:  # fmt: skip
    verdict = verdict_of(math.nan if change is None else change, taken=taken, is_open=False)
    return JudgedSignal(
        symbol, "1h", side, at_hour * HOUR_MS, 1, taken, reason, verdict, change, None,
        confidence, regime,
    )  # fmt: skip


def test_precision_and_recall_are_shares_of_counts() -> None:
    """Three of four taken earned; three of the five that would have earned were taken."""
    rows = [signal(1), signal(2), signal(3), signal(4, -0.02)]
    rows += [signal(5, 0.05, taken=False, reason="no_cash")] * 2
    rows += [signal(6, -0.05, taken=False, reason="daily_cap"), signal(7, None)]
    total, *cuts = qualities(rows)
    assert total == Quality(
        "all", signals=8, taken=5, profitable=3, losing=1, missed=2, avoided=1, undecided=1,
        precision=0.75, recall=0.6, base_rate=5 / 7,
        change_taken=pytest.approx(0.0025), change_refused=pytest.approx(0.05 / 3),
    )  # fmt: skip
    assert [(row.key, row.missed, row.avoided) for row in cuts] == [
        ("refused: daily cap", 0, 1),
        ("refused: no cash", 2, 0),
    ]
    assert quality("none", []).precision is None


def test_symbols_sides_and_regimes_are_cut_where_there_are_several() -> None:
    rows = [signal(1), signal(2, side="short"), signal(3, symbol="ETHUSDT")]
    assert [row.key for row in qualities(rows)] == ["all", "BTCUSDT", "ETHUSDT", "long", "short"]
    rows = [signal(1, regime="trend"), signal(2, -0.1, regime="range")]
    assert [(row.key, row.precision) for row in qualities(rows)[1:]] == [
        ("trend", 1.0),
        ("range", 0.0),
    ]


def test_a_signal_carries_its_confidence_and_the_regime_known_then() -> None:
    """R-SIG-07: `regime()` knows one after 69 bars; a strategy without a confidence has none."""
    closes = [100.0 + (i % 3) for i in range(200)]
    plain = judged_of({40: "L", 45: "l", 150: "L", 155: "l"}, closes)
    assert [one.regime == "unknown" for one in plain] == [True, False]
    assert [one.confidence for one in plain] == [None, None]
    sure = scripted({"BTCUSDT": {150: "L", 155: "l"}}, sure=0.7)
    case = Case(sure, [Series(flat_bars(closes))])
    assert [one.confidence for one in judge_signals(case, case.run())] == [0.7]


# ---------------------------------------------------------------- stated and earned


def test_an_honest_confidence_lies_inside_the_interval() -> None:
    """R-BRAIN-11, seeded: of the signals that state c, a share of c earns; checked bin by bin."""
    rng = np.random.default_rng(4)
    stated = rng.uniform(0.3, 0.9, 4000)
    rows = [
        signal(i, 0.01 if rng.random() < c else -0.01, confidence=float(c))
        for i, c in enumerate(stated)
    ]
    found = reliability(rows)
    assert found is not None
    assert sum(one.is_honest for one in found.bins) >= len(found.bins) - 1
    assert found.calibration_error < 0.03
    assert found.brier == pytest.approx(float(np.mean(stated * (1 - stated))), abs=0.01)
    assert found.brier < found.brier_of_base_rate


def test_a_boast_is_seen() -> None:
    """It states 90 %, and half of it earns: not honest, and the base rate would be better."""
    rows = [signal(i, 0.01 * (-1) ** i, confidence=0.9) for i in range(100)]
    found = reliability(rows)
    assert found is not None
    (only,) = found.bins
    assert (only.low, only.high, only.signals, only.is_honest) == (0.9, 1.0, 100, False)
    assert only.earned.estimate == 0.5
    assert found.calibration_error == pytest.approx(0.4)
    assert found.brier == pytest.approx(0.5 * 0.01 + 0.5 * 0.81)
    assert found.brier_of_base_rate == pytest.approx(0.25)


def test_refused_signals_count_and_undecided_do_not() -> None:
    rows = [signal(1, confidence=1.0), signal(2, 0.01, taken=False, confidence=0.42)]
    rows += [signal(3, None, confidence=0.5), signal(4, confidence=math.nan), signal(5)]
    found = reliability(rows)
    assert found is not None
    assert [(one.low, one.signals) for one in found.bins] == [(0.4, 1), (0.9, 1)]
    assert reliability(rows[2:]) is None


# ---------------------------------------------------------------- together


def stream(name: str, signals: list[JudgedSignal], hours: int = 2400, frame: int = 1) -> Stream:
    return Stream(name, tuple(signals), frame * HOUR_MS, HOUR_MS, hours * HOUR_MS)


def test_the_same_signals_are_always_together_and_earn_the_same() -> None:
    rows = [signal(24 * day + 5, 0.01 * (-1) ** day) for day in range(90)]
    found = pair(stream("a", rows), stream("b", rows))
    assert found.together == 1.0
    assert found.against == 0.0
    assert found.correlation == pytest.approx(1.0)
    assert found.days == 100
    expected = 1.0 - math.exp(-90 * 3 / 2400)
    assert found.by_chance == pytest.approx(expected)
    assert found.lift == pytest.approx(1.0 / expected)


def test_a_bar_of_the_longer_timeframe_is_near() -> None:
    """Four hours away is near for a four-hour stream, five hours are not."""
    rows = [signal(100), signal(200)]
    later = [signal(104), signal(205)]
    assert pair(stream("a", rows), stream("b", later, frame=4)).together == 0.5
    assert pair(stream("a", rows), stream("b", later)).together == 0.0


def test_the_other_side_is_against() -> None:
    rows = [signal(hour) for hour in range(10, 2000, 50)]
    shorts = [signal(hour, -0.01, side="short") for hour in range(10, 2000, 50)]
    found = pair(stream("a", rows), stream("b", shorts))
    assert (found.together, found.against) == (0.0, 1.0)


def test_independent_signals_are_together_as_often_as_chance_says() -> None:
    """Seeded, 8000 hours: the formula against what is counted; correlation near 0."""
    rng = np.random.default_rng(8)
    a, b = (
        [signal(int(hour), float(rng.normal())) for hour in rng.integers(1, 8000, 900)]
        for _ in range(2)
    )
    found = pair(stream("a", a, 8000), stream("b", b, 8000))
    assert found.lift == pytest.approx(1.0, abs=0.25)
    assert found.correlation == pytest.approx(0.0, abs=0.15)


def test_only_the_common_time_counts() -> None:
    early = Stream("a", tuple(signal(h) for h in (10, 90)), HOUR_MS, HOUR_MS, 100 * HOUR_MS)
    late = Stream("b", (signal(90),), HOUR_MS, 50 * HOUR_MS, 300 * HOUR_MS)
    found = pair(early, late)
    assert (found.signals_a, found.signals_b, found.together) == (1, 1, 1.0)
    apart = Stream("c", (signal(500),), HOUR_MS, 400 * HOUR_MS, 600 * HOUR_MS)
    none = pair(early, apart)
    assert (none.together, none.by_chance, none.lift, none.correlation) == (None,) * 4
    assert none.days == 0


def test_correlation_is_that_of_days_in_numpy() -> None:
    rng = np.random.default_rng(3)
    a = [signal(int(h), float(rng.normal())) for h in rng.integers(1, 2400, 60)]
    b = [signal(int(h), float(rng.normal())) for h in rng.integers(1, 2400, 60)]
    days = np.zeros((2, 100))
    for row, rows in enumerate((a, b)):
        for one in rows:
            assert one.change is not None
            days[row, (one.at_ms - 1) // DAY_MS] += one.change
    found = pair(stream("a", a), stream("b", b))
    assert found.correlation == pytest.approx(np.corrcoef(days)[0, 1])


def test_streams_of_a_run_are_its_series() -> None:
    case = Case(load("momentum"), series_of(700, symbols=("BTCUSDT", "ETHUSDT")))
    judged = judge_signals(case, case.run())
    one, two = streams_of("momentum", (each.bars for each in case.series), judged)
    assert (one.name, two.name) == ("momentum BTCUSDT 1h", "momentum ETHUSDT 1h")
    assert len(one.signals) + len(two.signals) == len(judged)
    assert [each.a for each in pairs_of([one, two])] == [one.name]
