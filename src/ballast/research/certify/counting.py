"""Counting: how often this market has been tried, by whatever idea.

The best of many families is as lucky as the best of many parameters, so every trial on the market
counts. Trials of the ledger that are known to be lost count too: a ledger that was emptied makes a
certificate harder to get, not easier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.certificate import Trials
from ballast.core.errors import DataError
from ballast.core.hashing import value_hash
from ballast.research.selection.trials import PERIODS_MIN, count_trials
from ballast.research.trial_rows import batch_of, market_of, scope_of
from ballast.store.trials import Kind
from ballast.store.trials.verify import verify

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ballast.research.certify.subject import Subject
    from ballast.research.evaluation import Evaluation, Evaluator
    from ballast.store.trials import TrialLedger

STREAMS_MAX = 4_096
"""Return streams looked at; of more trials these stand for all."""


def count(
    subject: Subject,
    combos: Sequence[Mapping[str, float]],
    seen: Evaluation,
    runs: Evaluator,
    ledger: TrialLedger | None,
) -> Trials:
    """Write the trials of this call into the ledger, then count all of its market."""
    if ledger is None:
        independent = _independent(seen.daily, len(combos), subject.seed)
        return Trials(len(combos), len(combos), independent, 0, 0, "")
    scope = scope_of(
        subject.strategy,
        subject.group,
        subject.settings,
        kind=Kind.CERTIFY,
        study=study_of(subject, combos),
        symbol_settings=subject.symbol_settings,
    )
    first_day = runs.span.first_day(runs.timeframe)
    trades = seen.column("trades")
    ledger.append(batch_of(scope, subject.strategy, combos, seen.daily, trades, first_day))
    ledger_state = verify(ledger, ledger.file.results)
    market = market_of([(one.bars.venue, one.bars.symbol) for one in subject.group])
    total = ledger.count(market=market) + ledger_state.uncounted
    sketches = ledger.sketches(market=market, limit=STREAMS_MAX).filled()
    independent = _independent(
        sketches if sketches.shape[1] >= PERIODS_MIN else seen.daily, total, subject.seed
    )
    head = ledger.anchor()
    return Trials(
        count=total,
        family=ledger.count(family=scope.family, market=market),
        independent=independent,
        ledger_seq=head.seq,
        ledger_count=head.trials,
        ledger_hash=head.hash,
        gaps=ledger_state.problems,
    )


def _independent(streams: NDArray[np.floating], total: int, seed: int) -> float:
    """Return the independent trials among `total`, in proportion to those whose streams are known.

    Never fewer than one: somebody looked.
    """
    try:
        counted = count_trials(streams, seed=seed)
    except DataError:  # none of them ever traded
        return float(max(total, 1))
    return max(1.0, counted.scaled(total))


def study_of(subject: Subject, combos: Sequence[Mapping[str, float]]) -> str:
    """Return the id of this certification among the studies of the ledger."""
    return value_hash(
        {
            "certify": subject.strategy.hash,
            "combos": [dict(one) for one in combos],
            "data": [one.bars.fingerprint() for one in subject.group],
        }
    )[:16]
