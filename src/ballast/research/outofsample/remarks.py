"""Remarks: what a reader of an out-of-sample test must know, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.research.outofsample.purge import PURGE_SHARE_MAX

if TYPE_CHECKING:
    from ballast.research.evaluation import Evaluator
    from ballast.research.outofsample.crossvalidation import CrossValidation
    from ballast.research.outofsample.walkforward import WalkForward

TRADES_MIN = 30
"""R-WF-08: fewer closed trades are no evidence."""
EFFICIENCY_MIN = 0.5
"""Pardo 2008: less than half of what was promised."""
DRIFT_MAX = 0.25
"""On average a quarter of every range from fold to fold: there is no stable optimum."""


def of_walk_forward(found: WalkForward, judge: Evaluator) -> tuple[str, ...]:
    """Return the remarks on a walk-forward."""
    said = []
    folds = len(found.folds)
    if found.trades < TRADES_MIN:
        said.append(
            f"{found.trades} closed trades out of sample: fewer than {TRADES_MIN} are no evidence"
        )
    flat = sum(one.params is None for one in found.folds)
    if flat:
        said.append(f"in {flat} of {folds} folds nothing traded in training: their tests stay flat")
    killed = sum(one.killed for one in found.folds)
    if killed:
        said.append(f"the kill switch latched in {killed} of {folds} tests")
    if found.in_sample_yearly is not None and found.efficiency is None:
        said.append("training windows lost money on average: there is no efficiency to speak of")
    elif found.efficiency is not None and found.efficiency < EFFICIENCY_MIN:
        said.append(
            f"efficiency {found.efficiency:.2f}: less than half of the in-sample return was kept"
        )
    if found.mean_drift is not None and found.mean_drift > DRIFT_MAX:
        said.append(
            f"the choice moves by {found.mean_drift:.0%} of its ranges from fold to fold: "
            "no stable optimum"
        )
    borders = sum(one.border_cost for one in found.folds)
    if borders > 0.0:
        said.append(f"closing positions at the borders of folds was charged with {borders:.2f}")
    if found.equity[-1] <= 0.0:
        said.append("the account was ruined; later folds stay flat")
    return (*said, *_scope(judge))


def of_cross_validation(found: CrossValidation, judge: Evaluator) -> tuple[str, ...]:
    """Return the remarks on a cross-validation."""
    said = []
    flat = sum(one.params is None for one in found.splits)
    if flat:
        said.append(f"in {flat} of {len(found.splits)} splits nothing traded in training")
    shortest = min(one.to_ms - one.from_ms for one in found.groups)
    if found.purge_is_capped:
        said.append(
            f"trades are longer than {PURGE_SHARE_MAX:.0%} of a group "
            f"({shortest // 86_400_000} days): the purge was cut to {found.purge_days} days"
        )
    if found.losing_paths > 0.0:
        said.append(f"{found.losing_paths:.0%} of the paths have a Sharpe ratio of 0 or less")
    return (*said, *_scope(judge))


def _scope(judge: Evaluator) -> tuple[str, ...]:
    """Say what the result does not cover."""
    if judge.settings.risk.enforce:
        return ()
    return ("the safety gate was off: no entry was refused, no cap was applied",)
