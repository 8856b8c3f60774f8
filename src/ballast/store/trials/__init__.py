"""Trials: the ledger of every parameter set ever tried in a workspace, so that luck is counted.

Start at `ledger.py`; `rows.py` says what a trial is, `verify.py` what can be seen of tampering,
`results.py` what lies beside the results.
"""

from ballast.store.trials.chain import Head
from ballast.store.trials.ledger import TrialLedger
from ballast.store.trials.rows import FIGURES, Kind, Outcome, Scope, Sketches, State, TrialBatch
from ballast.store.trials.verify import Verification, verify

__all__ = [
    "FIGURES",
    "Head",
    "Kind",
    "Outcome",
    "Scope",
    "Sketches",
    "State",
    "TrialBatch",
    "TrialLedger",
    "Verification",
    "verify",
]
