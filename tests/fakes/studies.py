"""Studies for tests of the optimiser: a small space, three folds, batches of eight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.research.optimise.objective import Objective
from ballast.research.optimise.outcome import table_of
from ballast.research.optimise.request import StudyRequest
from ballast.research.optimise.space import Space
from ballast.research.optimise.study import Study, run_study
from ballast.store.trials import TrialLedger
from ballast.strategies import catalog
from tests.fakes.runs import series_of

if TYPE_CHECKING:
    from pathlib import Path

CROSS = catalog.load("ema_cross")
SPACE = Space(
    {"fast": (5.0, 7.0, 9.0, 14.0, 21.0), "slow": (9.0, 14.0, 21.0, 34.0), "stop": (2.0, 3.0)}
)
ALLOWED = 2 * sum(f < s for f in SPACE.axes["fast"] for s in SPACE.axes["slow"])
TWO = (Objective("sharpe"), Objective("max_drawdown"))


def request(method: str = "grid", **changes: Any) -> StudyRequest:
    given: dict[str, Any] = {
        "strategy": CROSS, "group": series_of(3_000), "space": SPACE, "folds": 3, "method": method,
        "objectives": TWO if method == "nsga2" else (Objective(),), "trials": 24, "seed": 5,
    }  # fmt: skip
    return StudyRequest(**given | changes)


def run(request: StudyRequest, home: Path, **more: Any) -> tuple[Study, TrialLedger]:
    with TrialLedger(home / "ledger" / "trials.sqlite") as ledger:
        return run_study(request, home / "results", ledger, **more), ledger


def same(one: Study, other: Study) -> bool:
    """Whether two studies tried and saw the same; a fold that was not run equals itself."""
    a, b = (table_of(each).to_pydict() for each in (one, other))
    return {name: repr(a[name]) for name in a} == {name: repr(b[name]) for name in b}
