"""Counting: every combination that an out-of-sample test looked at is a trial (R-OPT-09)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.hashing import value_hash
from ballast.research.outofsample.rating import BLOCK_BYTES
from ballast.research.trial_rows import batch_of, scope_of
from ballast.store.trials import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ballast.research.evaluation import Evaluator
    from ballast.store.trials import TrialLedger


def study_id(
    judge: Evaluator, combos: Sequence[Mapping[str, float]], method: Mapping[str, Any]
) -> str:
    """Return the id of a test: the hash of everything that can change it but the code."""
    scope = scope_of(
        judge.strategy,
        judge.group,
        judge.settings,
        kind=Kind.WALKFORWARD,
        study="",
        symbol_settings=judge.symbol_settings,
        kelly=judge.kelly,
    )
    return value_hash(
        {
            "strategy": judge.strategy.hash,
            "data": scope.data,
            "settings": scope.settings,
            "combos": [dict(one) for one in combos],
            "method": dict(method),
        }
    )[:16]


def count_trials(
    ledger: TrialLedger, judge: Evaluator, combos: Sequence[Mapping[str, float]], study: str
) -> None:
    """Write each combination, run over the whole data, into the ledger.

    Once a combination, however many windows looked at it: what is counted is how many ideas were
    tried, and the windows of one are one idea.
    """
    scope = scope_of(
        judge.strategy,
        judge.group,
        judge.settings,
        kind=Kind.WALKFORWARD,
        study=study,
        symbol_settings=judge.symbol_settings,
        kelly=judge.kelly,
    )
    first_day = judge.span.first_day(judge.timeframe)
    block = max(1, BLOCK_BYTES // (8 * judge.days()))
    for first in range(0, len(combos), block):
        part = combos[first : first + block]
        (seen,) = judge.passes(part, [judge.span])
        trades = seen.column("trades")
        ledger.append(batch_of(scope, judge.strategy, part, seen.daily, trades, first_day))
