"""Every signal afterwards: was it right, and was it right to take or refuse it (R-SIG-03).

    from ballast.research.signals import judge_signals, qualities
    judged = judge_signals(case, result.run)
    total = qualities(judged)[0]                     # total.precision, total.recall

A *signal* is the first bar on which a strategy asks to enter on one side; bars on which it goes on
asking belong to the same signal. It was *taken* if a position was decided on one of its bars, else
*refused*, for the first reason that was given.

Afterwards each is tried alone: the strategy's own stop, target, trail and exits from that bar on,
with the costs of the run, and no gate. What it would have earned names it:

| | would have earned | would have lost |
| --- | --- | --- |
| taken | profitable (true positive) | losing (false positive) |
| refused | missed (false negative) | avoided (true negative) |

*Precision* is the share of the taken that earned, *recall* the share of those that would have
earned that were taken. A signal whose trade is still open at the end, or could not be filled even
alone, is *open* or *unfilled*, and in no share.

Signals that overlap cannot be tried in one run, so they are tried in passes: each pass runs all
signals of a symbol that have no answer yet, the kernel takes those it can, one after the other, and
the rest waits for the next pass. One signal is always answered by a run in which it stood alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.reasons import Exit, Refusal, label
from ballast.core.records import Signal
from ballast.features.regime.labels import Regime
from ballast.research.floors import labels_of
from ballast.research.metrics.trades import mean
from ballast.research.regimes import default_detector

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from ballast.core.settings import Settings
    from ballast.kernel.market import Run
    from ballast.research.case import Case

    Bits = NDArray[np.uint8]

SIDES = ((1, int(Signal.ENTER_LONG)), (-1, int(Signal.ENTER_SHORT)))
ENTRIES = np.uint8(Signal.ENTER_LONG | Signal.ENTER_SHORT)
ROUNDING = 1e-12
"""A trade that earned less than this share of what it risked or cost earned nothing."""


class Verdict(StrEnum):
    """What became of a signal, or would have become of it."""

    PROFITABLE = "profitable"
    LOSING = "losing"
    MISSED = "missed"
    AVOIDED = "avoided"
    OPEN = "open"
    UNFILLED = "unfilled"


@dataclass(frozen=True, slots=True)
class JudgedSignal:
    """One signal and what it was worth alone."""

    symbol: str
    timeframe: str
    side: str
    at_ms: int
    """Close of the bar on which it began."""
    bars: int
    """How long it went on asking."""
    taken: bool
    reason: str
    """Why it was refused; empty where it was taken."""
    verdict: Verdict
    change: float | None
    """Profit alone after costs, over what was paid at the entry; None where unfilled."""
    r: float | None
    """The same over the cash at risk at the entry, where there was a stop."""
    confidence: float | None
    """What the strategy stated; None where it states none."""
    regime: str
    """What was known when it began: trend, range, volatile or unknown."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Counts and shares of some signals; a share of nothing is None."""

    key: str
    signals: int
    taken: int
    profitable: int
    losing: int
    missed: int
    avoided: int
    undecided: int
    """Open at the end, or not to be filled even alone."""
    precision: float | None
    recall: float | None
    base_rate: float | None
    """Share of all decided signals that would have earned: the precision of taking all."""
    change_taken: float | None
    """Mean change of the taken, alone."""
    change_refused: float | None
    """Mean change of the refused: what a rule kept away, if it is negative."""


@dataclass(frozen=True, slots=True)
class _Found:
    """Signals as arrays: flat bar numbers, sides, lengths, and the series they belong to."""

    bar: NDArray[np.int64]
    side: NDArray[np.int64]
    bars: NDArray[np.int64]
    series: NDArray[np.int64]


def judge_signals(case: Case, run: Run, detector: str | None = None) -> tuple[JudgedSignal, ...]:
    """Return every signal of `case` in time order; `run` says which of them were taken.

    `detector` is the formula of their regimes, by default one that fits the bars.
    """
    series = [one.bars for one in case.series]
    regimes = labels_of(series, detector or default_detector(series))
    bits = case.signals()
    confidence = case.confidence()
    found = _find(case, bits)
    taken, reasons = _treatment(found, run)
    change, r, is_open = _alone(case, bits, found)
    judged = []
    for at in np.lexsort((found.series, found.bar - _firsts(case)[found.series])):
        bars = case.series[found.series[at]].bars
        own = int(found.bar[at]) - int(_firsts(case)[found.series[at]])
        judged.append(
            JudgedSignal(
                symbol=bars.symbol,
                timeframe=str(bars.timeframe),
                side="long" if found.side[at] > 0 else "short",
                at_ms=int(bars.ts[own]) + bars.timeframe.ms,
                bars=int(found.bars[at]),
                taken=bool(taken[at]),
                reason=reasons[at],
                verdict=verdict_of(float(change[at]), taken=taken[at], is_open=is_open[at]),
                change=None if np.isnan(change[at]) else float(change[at]),
                r=None if np.isnan(r[at]) else float(r[at]),
                confidence=float(confidence[found.bar[at]]) if len(confidence) else None,
                regime=Regime(int(regimes[found.series[at]][own])).name.lower(),
            )
        )
    return tuple(sorted(judged, key=lambda one: one.at_ms))


def verdict_of(change: float, *, taken: bool, is_open: bool) -> Verdict:
    """Return the name of a signal by what it earned alone; NaN where it could not be filled."""
    if np.isnan(change):
        return Verdict.UNFILLED
    if is_open:
        return Verdict.OPEN
    if change > ROUNDING:
        return Verdict.PROFITABLE if taken else Verdict.MISSED
    return Verdict.LOSING if taken else Verdict.AVOIDED


def qualities(judged: Sequence[JudgedSignal]) -> tuple[Quality, ...]:
    """Return the quality of all signals, then by symbol, side, regime, and reason of refusal."""
    rows = [quality("all", judged)]
    for name in ("symbol", "side", "regime"):
        keys = dict.fromkeys(getattr(one, name) for one in judged)
        if len(keys) > 1:
            rows += [quality(key, [x for x in judged if getattr(x, name) == key]) for key in keys]
    refused = [one for one in judged if not one.taken]
    reasons = sorted({one.reason for one in refused})
    rows += [
        quality(f"refused: {reason.replace('_', ' ')}", [x for x in refused if x.reason == reason])
        for reason in reasons
    ]
    return tuple(rows)


def quality(key: str, judged: Iterable[JudgedSignal]) -> Quality:
    """Return the counts and shares of some signals."""
    rows = tuple(judged)
    counts = {verdict: sum(one.verdict is verdict for one in rows) for verdict in Verdict}
    right, wrong = counts[Verdict.PROFITABLE], counts[Verdict.LOSING]
    missed, avoided = counts[Verdict.MISSED], counts[Verdict.AVOIDED]
    decided = [one for one in rows if one.verdict not in (Verdict.OPEN, Verdict.UNFILLED)]
    return Quality(
        key=key,
        signals=len(rows),
        taken=sum(one.taken for one in rows),
        profitable=right,
        losing=wrong,
        missed=missed,
        avoided=avoided,
        undecided=len(rows) - len(decided),
        precision=_share(right, right + wrong),
        recall=_share(right, right + missed),
        base_rate=_share(right + missed, len(decided)),
        change_taken=mean(_changes(one for one in decided if one.taken)),
        change_refused=mean(_changes(one for one in decided if not one.taken)),
    )


def _changes(judged: Iterable[JudgedSignal]) -> NDArray[np.float64]:
    return np.array([one.change for one in judged if one.change is not None], np.float64)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


# ---------------------------------------------------------------- finding signals


def _firsts(case: Case) -> NDArray[np.int64]:
    """Return the flat number of each series' first bar."""
    lengths = [len(one.bars) for one in case.series]
    return np.concatenate(([0], np.cumsum(lengths[:-1]))).astype(np.int64)


def _find(case: Case, bits: Bits) -> _Found:
    """Return where each side begins to be asked for, and for how many bars."""
    bar: list[NDArray[np.int64]] = []
    parts: list[tuple[int, int, NDArray[np.int64]]] = []
    for series, (first, one) in enumerate(zip(_firsts(case), case.series, strict=True)):
        own = bits[first : first + len(one.bars)]
        for side, bit in SIDES:
            edges = np.diff((own & bit != 0).astype(np.int8), prepend=np.int8(0), append=np.int8(0))
            starts = np.flatnonzero(edges == 1)
            bar.append(starts + first)
            parts.append((side, series, np.flatnonzero(edges == -1) - starts))
    return _Found(
        bar=np.concatenate(bar),
        side=np.concatenate([np.full(len(bars), side) for side, _, bars in parts]),
        bars=np.concatenate([bars for _, _, bars in parts]),
        series=np.concatenate([np.full(len(bars), series) for _, series, bars in parts]),
    )


def _treatment(found: _Found, run: Run) -> tuple[NDArray[np.bool_], list[str]]:
    """Return which signals the run took, and why it refused the others.

    A signal on the side of an open position is not a refusal in a run's records: nothing was asked
    for that was not there already.
    """
    owner = {
        (int(series), int(side), bar): at
        for at, (series, side, first, count) in enumerate(
            zip(found.series, found.side, found.bar, found.bars, strict=True)
        )
        for bar in range(int(first), int(first + count))
    }
    taken = np.zeros(len(found.bar), np.bool_)
    for trade in run.trades[["symbol", "side", "decided_bar"]].tolist():
        at = owner.get(trade)
        if at is not None:
            taken[at] = True
    reasons = [label(Refusal.ALREADY_IN_POSITION)] * len(found.bar)
    rows = run.refused[["symbol", "side", "bar", "reason"]].tolist()
    for symbol, side, bar, reason in reversed(rows):  # the first one is written last, and stays
        for each in (side,) if side else (1, -1):
            at = owner.get((symbol, each, bar))
            if at is not None:
                reasons[at] = label(Refusal(reason))
    return taken, ["" if taken[at] else reason for at, reason in enumerate(reasons)]


# ---------------------------------------------------------------- trying them alone


def _ungated(settings: Settings) -> Settings:
    return replace(settings, risk=replace(settings.risk, enforce=False))


def _alone(
    case: Case, bits: Bits, found: _Found
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return (change, R, still open) of each signal alone; NaN where it cannot be filled."""
    count = len(found.bar)
    change, r = np.full(count, np.nan), np.full(count, np.nan)
    is_open = np.zeros(count, np.bool_)
    free = case.changed(settings=_ungated)
    exits = bits & ~ENTRIES
    for series, one in enumerate(case.series):
        lot = float(one.rules.lot)
        for side, bit in SIDES:
            waiting = np.flatnonzero((found.series == series) & (found.side == side))
            while len(waiting):
                asked = exits.copy()
                asked[found.bar[waiting]] |= np.uint8(bit)
                run = free.run(asked)
                rows = waiting[np.searchsorted(found.bar[waiting], run.trades["decided_bar"])]
                paid = run.trades["entry"] * run.trades["lots"] * lot
                change[rows] = run.trades["pnl"] / paid
                r[rows] = np.where(run.trades["risk_cash"] > 0.0, run.trades["r"], np.nan)
                is_open[rows] = run.trades["reason"] == Exit.END
                answered = np.isin(found.bar[waiting], run.refused["bar"]) | np.isin(waiting, rows)
                if not answered.any():
                    break
                waiting = waiting[~answered]
    return change, r, is_open
