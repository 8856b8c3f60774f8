"""Counting: every combination that a stress test or an attack showed is a trial (R-OPT-09).

Noise, permutations and other costs are no trials: nobody can choose among them. The neighbours of a
plateau are: whoever sees that one of them does better may take it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.hashing import value_hash
from ballast.research.trial_rows import batch_of, scope_of
from ballast.store.trials import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ballast.research.case import Case
    from ballast.store.trials import TrialLedger


def count_looks(ledger: TrialLedger, case: Case, combos: Sequence[Mapping[str, float]]) -> None:
    """Write combinations of a case, run over the whole data, into the ledger."""
    judge = case.evaluator()
    study = value_hash(
        {
            "strategy": case.strategy.hash,
            "data": [one.bars.fingerprint() for one in case.series],
            "combos": [dict(one) for one in combos],
        }
    )[:16]
    scope = scope_of(
        case.strategy,
        case.series,
        case.settings,
        kind=Kind.STRESS,
        study=study,
        symbol_settings=case.symbol_settings,
        kelly=case.kelly,
    )
    (seen,) = judge.passes(combos, [judge.span])
    first_day = judge.span.first_day(judge.timeframe)
    trades = seen.column("trades")
    ledger.append(batch_of(scope, case.strategy, combos, seen.daily, trades, first_day))
