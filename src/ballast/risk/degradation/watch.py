"""Watch: whether a stream of closed trades still belongs to the certified distribution.

Five charts, each a score of evidence with two limits (`limits` says where they come from):

| chart | observation | looks for | test |
| --- | --- | --- | --- |
| hit rate | a trade won or not | the rate at which the edge is gone | SPRT, started anew |
| expectancy | result of a trade | the mean falls to zero | CUSUM |
| slippage | slippage of a trade | the mean rises by one deviation | CUSUM |
| fewer | trades of a day | half as many | CUSUM of counts |
| more | trades of a day | twice as many | CUSUM of counts |

A trade's result counts no more than four deviations, its slippage no more than three: one event,
however bad, is the drawdown limits' business, not evidence of a different distribution.

`step` is pure: state in, state out. The state is numbers only; write it to the journal, read it
back, and the watch goes on bit for bit. An alarm stays: the test has ended, a person or a new
certificate begins another. Requirements: R-SIG-02, R-WF-10.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum

from ballast.risk.degradation.expectation import UNCERTAINTY, Expectation, Tolerance
from ballast.risk.degradation.limits import (
    NORMAL_OVERSHOOT,
    cusum_limit,
    each_of,
    run_length,
    sprt_chance,
    wald_lower,
    wald_upper,
)

RESULT_CLIP = 4.0
SLIPPAGE_CLIP = 3.0
SLIPPAGE_SHIFT = 1.0
"""The rise of mean slippage looked for, in deviations of one trade's slippage."""
FEWER, MORE = 0.5, 2.0
"""The changes of frequency looked for."""


class Verdict(IntEnum):
    """What a chart says, the worst last."""

    OK = 0
    WARN = 1
    DEGRADED = 2


class Watched(StrEnum):
    """The charts."""

    HIT_RATE = "hit_rate"
    EXPECTANCY = "expectancy"
    SLIPPAGE = "slippage"
    FEWER = "fewer_trades"
    MORE = "more_trades"


@dataclass(frozen=True, slots=True)
class TradeClosed:
    """A trade from flat to flat; `result` in the unit of the expectation, slippage if known."""

    result: float
    slippage_bps: float | None = None


@dataclass(frozen=True, slots=True)
class DayClosed:
    """A UTC day on which the strategy was allowed to trade, and the trades it entered."""

    trades: int


Observation = TradeClosed | DayClosed


@dataclass(frozen=True, slots=True)
class Limits:
    """Scores of one chart: WARN from `warn`, DEGRADED from `alarm`; `clear` ends an SPRT's cycle.

    A CUSUM has `clear` 0: its score never falls below.
    """

    warn: float
    alarm: float
    clear: float = 0.0


@dataclass(frozen=True, slots=True)
class WatchPlan:
    """The expectation and the limits made from it; `make_plan` makes one."""

    expectation: Expectation
    tolerance: Tolerance
    limits: tuple[Limits, ...]

    def of(self, watched: Watched) -> Limits:
        """Return the limits of one chart."""
        return self.limits[_ORDER.index(watched)]


@dataclass(frozen=True, slots=True)
class Chart:
    """One score. `since` observations (their sum `since_sum`) followed its last start from zero.

    `alarm_at` is the observation that reached the alarm; 0 for none.
    """

    score: float = 0.0
    seen: int = 0
    seen_sum: float = 0.0
    since: int = 0
    since_sum: float = 0.0
    alarm_at: int = 0


@dataclass(frozen=True, slots=True)
class WatchState:
    """All that is remembered between observations; a new one begins a watch."""

    hit_rate: Chart = field(default_factory=Chart)
    expectancy: Chart = field(default_factory=Chart)
    slippage: Chart = field(default_factory=Chart)
    fewer: Chart = field(default_factory=Chart)
    more: Chart = field(default_factory=Chart)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one chart says: `measured` since the likely time of change, against `expected`.

    Units are those of the observation (share, result, bps, trades a day). `score` is the evidence
    and `limit` where the verdict turns to DEGRADED; `observations` is how many there were.
    """

    watched: Watched
    verdict: Verdict
    measured: float | None
    expected: float
    score: float
    limit: float
    observations: int


def make_plan(expectation: Expectation, tolerance: Tolerance | None = None) -> WatchPlan:
    """Return the limits that keep false alarms at the tolerance."""
    wanted = Tolerance() if tolerance is None else tolerance
    alarm = each_of(wanted.false_alarm, len(_ORDER))
    warn = each_of(wanted.false_warning, len(_ORDER))
    trades = float(wanted.horizon_trades)
    days = max(1.0, trades / expectation.trades_per_day)
    edge, wider = expectation.edge_to_lose(), SLIPPAGE_SHIFT
    fewer, more = _drift_of_counts(expectation, FEWER), _drift_of_counts(expectation, MORE)

    def cusum(horizon: float, drift: float, overshoot: float) -> Limits:
        lengths = (run_length(horizon, warn), run_length(horizon, alarm))
        low, high = (cusum_limit(one, drift=drift, overshoot=overshoot) for one in lengths)
        return Limits(low, high)

    return WatchPlan(
        expectation,
        wanted,
        (
            _sprt(expectation, wanted, warn, alarm),
            cusum(trades, edge * edge / 2.0, NORMAL_OVERSHOOT * edge),
            cusum(trades, wider * wider / 2.0, NORMAL_OVERSHOOT * wider),
            cusum(days, fewer, 0.0),
            cusum(days, more, 0.0),
        ),
    )


def step(plan: WatchPlan, state: WatchState, observation: Observation) -> WatchState:
    """Return the state after one more observation."""
    match observation:
        case TradeClosed(result, slippage_bps):
            assert math.isfinite(result), result
            won = float(result > 0.0)
            state = replace(
                state,
                hit_rate=_sprt_step(
                    state.hit_rate, plan.of(Watched.HIT_RATE), _hit(plan, won), won
                ),
                expectancy=_cusum_step(
                    state.expectancy,
                    plan.of(Watched.EXPECTANCY),
                    _worse(plan.expectation, result),
                    result,
                ),
            )
            if slippage_bps is None:
                return state
            assert math.isfinite(slippage_bps), slippage_bps
            costlier = _costlier(plan.expectation, slippage_bps)
            limits = plan.of(Watched.SLIPPAGE)
            return replace(
                state, slippage=_cusum_step(state.slippage, limits, costlier, slippage_bps)
            )
        case DayClosed(trades):
            assert trades >= 0, trades
            few = _count(plan.expectation, FEWER, trades)
            many = _count(plan.expectation, MORE, trades)
            return replace(
                state,
                fewer=_cusum_step(state.fewer, plan.of(Watched.FEWER), few, trades),
                more=_cusum_step(state.more, plan.of(Watched.MORE), many, trades),
            )


def assess(plan: WatchPlan, state: WatchState) -> tuple[Finding, ...]:
    """Return what each chart says now."""
    expected = plan.expectation
    charts = (state.hit_rate, state.expectancy, state.slippage, state.fewer, state.more)
    norms = (
        expected.hit_rate,
        expected.mean,
        expected.slippage_bps,
        *[expected.trades_per_day] * 2,
    )
    return tuple(
        _finding(watched, chart, norm, plan.of(watched))
        for watched, chart, norm in zip(_ORDER, charts, norms, strict=True)
    )


def worst(findings: tuple[Finding, ...]) -> Verdict:
    """Return the worst verdict."""
    return max(one.verdict for one in findings)


def _finding(watched: Watched, chart: Chart, norm: float, limits: Limits) -> Finding:
    verdict = Verdict.OK
    if chart.alarm_at:
        verdict = Verdict.DEGRADED
    elif chart.score >= limits.warn:
        verdict = Verdict.WARN
    measured = None
    if chart.since:
        measured = chart.since_sum / chart.since
    elif chart.seen:
        measured = chart.seen_sum / chart.seen
    return Finding(watched, verdict, measured, norm, chart.score, limits.alarm, chart.seen)


def _sprt(expectation: Expectation, wanted: Tolerance, warn: float, alarm: float) -> Limits:
    kept, lost = expectation.least_hit_rate(), expectation.lost_hit_rate()
    drift = kept * math.log(kept / lost) + (1.0 - kept) * math.log((1.0 - kept) / (1.0 - lost))
    horizon, miss = float(wanted.horizon_trades), wanted.miss
    least = sprt_chance(horizon, alarm, miss=miss, drift=drift)
    more = sprt_chance(horizon, warn, miss=miss, drift=drift)
    return Limits(wald_upper(more, miss), wald_upper(least, miss), wald_lower(least, miss))


def _hit(plan: WatchPlan, won: float) -> float:
    kept, lost = plan.expectation.least_hit_rate(), plan.expectation.lost_hit_rate()
    return math.log(lost / kept) if won else math.log((1.0 - lost) / (1.0 - kept))


def _worse(expectation: Expectation, result: float) -> float:
    """Return the evidence of one result: normal, the mean lower by the edge to lose."""
    edge = expectation.edge_to_lose()
    away = (expectation.mean - result) / expectation.deviation
    clipped = min(max(away, -RESULT_CLIP), RESULT_CLIP)
    return edge * (clipped - expectation.allowance() - edge / 2.0)


def _costlier(expectation: Expectation, slippage_bps: float) -> float:
    away = (slippage_bps - expectation.slippage_bps) / expectation.slippage_scale_bps()
    clipped = min(max(away, -SLIPPAGE_CLIP), SLIPPAGE_CLIP)
    forgiven = UNCERTAINTY / math.sqrt(expectation.trades)
    return SLIPPAGE_SHIFT * (clipped - forgiven - SLIPPAGE_SHIFT / 2.0)


def _count(expectation: Expectation, ratio: float, trades: int) -> float:
    """Return the evidence of one day's count: Poisson, the rate times `ratio`, over-dispersed."""
    rate = expectation.least_rate() if ratio < 1.0 else expectation.most_rate()
    return (trades * math.log(ratio) - rate * (ratio - 1.0)) / expectation.dispersion


def _drift_of_counts(expectation: Expectation, ratio: float) -> float:
    rate = expectation.least_rate() if ratio < 1.0 else expectation.most_rate()
    return rate * (ratio - 1.0 - math.log(ratio)) / expectation.dispersion


def _cusum_step(chart: Chart, limits: Limits, evidence: float, value: float) -> Chart:
    return _moved(chart, limits, max(0.0, chart.score + evidence), value)


def _sprt_step(chart: Chart, limits: Limits, evidence: float, value: float) -> Chart:
    score = chart.score + evidence
    return _moved(chart, limits, 0.0 if score <= limits.clear else score, value)


def _moved(chart: Chart, limits: Limits, score: float, value: float) -> Chart:
    started = score != 0.0
    seen = chart.seen + 1
    alarm = seen if score >= limits.alarm and not chart.alarm_at else chart.alarm_at
    return Chart(
        score=score,
        seen=seen,
        seen_sum=chart.seen_sum + value,
        since=chart.since + 1 if started else 0,
        since_sum=chart.since_sum + value if started else 0.0,
        alarm_at=alarm,
    )


_ORDER = (
    Watched.HIT_RATE,
    Watched.EXPECTANCY,
    Watched.SLIPPAGE,
    Watched.FEWER,
    Watched.MORE,
)
