"""The battery: every test on one subject, cheap ones first, and the certificate that comes of it.

    subject = Subject(load("ema_cross"), series, settings, space={"fast": (5., 9., 14.)}, seed=7)
    with TrialLedger(path, results) as ledger:
        found = certify(subject, ledger)
    found.certificate.verdict

The order of things: the trials are written into the ledger first, then counted, so that nobody sees
a figure that is not counted. Parameters are chosen on the first part of the data; the last part
judges that choice, the walk-forward and the cross-validation judge the way of choosing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.certificate import Verdict
from ballast.core.errors import UserError
from ballast.core.time import YEAR_DAYS
from ballast.research import outofsample as oos
from ballast.research.attacks import battery as attacking
from ballast.research.case import Case
from ballast.research.certify import judge
from ballast.research.certify.counting import count
from ballast.research.certify.findings import Findings
from ballast.research.certify.issue import Certified, expected_of, issue
from ballast.research.evaluation import Evaluator
from ballast.research.metrics.trades import closed_trades
from ballast.research.montecarlo.bootstrap import bootstrap_returns
from ballast.research.montecarlo.trades import TRADES_MIN, shuffle_trades
from ballast.research.outofsample.checks import check_prices
from ballast.research.outofsample.neighbours import neighbours
from ballast.research.outofsample.rating import evidence_of
from ballast.research.outofsample.stitched import window_of
from ballast.research.selection.pbo import overfitting
from ballast.research.selection.reality import superior_ability
from ballast.research.selection.sharpe import (
    PeriodSharpe,
    deflated_sharpe,
    minimum_track_record,
    null_variance,
    probability_above,
    sharpe_record,
)
from ballast.research.stress import battery as stressing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ballast.core.certificate import Check, Trials
    from ballast.research.certify.subject import Subject
    from ballast.research.metrics.series import Floats
    from ballast.research.result import Result
    from ballast.store.trials import TrialLedger

DAYS_MIN = 120
"""Fewer days cannot be split into anything that judges anything else."""
BOOTSTRAP_DAYS_MIN = 60
YEAR = int(YEAR_DAYS)


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard the battery looks.

    `stop_early` ends at the first stage that says no: for studies of thousands of markets, where
    only the verdict counts.
    """

    attacks: attacking.Effort | None = None  # None: as the settings say
    stress: stressing.Effort | None = None
    stop_early: bool = False
    workers: int = 1


def certify(
    subject: Subject,
    ledger: TrialLedger | None = None,
    *,
    effort: Effort | None = None,
    trials: Trials | None = None,
    step: Callable[[str], None] = lambda _stage: None,
) -> Certified:
    """Prove or refute a subject; raise `UserError` for one that cannot be judged at all.

    `step` is told the name of each stage as it begins. Without a ledger only the trials of this
    call are counted: for studies; a certificate for live trading is made with one. `trials` are
    those of a certificate whose evidence is made again: the market may have been tried since.
    """
    bench = Bench(subject, ledger, effort or Effort(), trials)
    checks: list[Check] = []
    for name, stage in STAGES.items():
        step(name)
        made = stage(bench)
        checks += made
        if bench.effort.stop_early and any(one.verdict is Verdict.FAIL for one in made):
            break
    return issue(subject, bench.found, tuple(checks))


class Bench:
    """What the stages share."""

    def __init__(
        self,
        subject: Subject,
        ledger: TrialLedger | None,
        effort: Effort,
        trials: Trials | None = None,
    ) -> None:
        self.trials = trials
        self.subject = subject
        self.ledger = ledger
        self.effort = effort
        self.rules = subject.settings.certify
        self.judge = Evaluator(
            subject.strategy,
            subject.group,
            subject.settings,
            symbol_settings=subject.symbol_settings,
            workers=effort.workers,
        )
        self.found = Findings()
        self.combos: list[Mapping[str, float]] = []
        self.matrix = np.zeros((0, 0))
        self.row = 0
        self._case: Case | None = None

    @property
    def case(self) -> Case:
        """The chosen set on all data."""
        if self._case is None:
            one = self.subject
            self._case = Case(
                one.strategy,
                one.group,
                params=self.found.params,
                settings=one.settings,
                symbol_settings=one.symbol_settings,
            )
        return self._case


def data_stage(bench: Bench) -> list[Check]:
    """Hold the data's quality against its threshold."""
    subject, found = bench.subject, bench.found
    for one in subject.group:
        if one.quality is not None:
            found.quality[one.bars.symbol] = one.quality[0]
            found.notes += [f"{one.bars.symbol}: {kind}" for kind in one.quality[1]]
        if one.is_inferred:
            found.notes.append(f"{one.bars.symbol}: trading rules were guessed from the prices")
    return judge.of_data(found, subject.settings.data.quality_threshold)


def choice_stage(bench: Bench) -> list[Check]:
    """Run every set, count every trial, choose on the first part, and judge the record by luck."""
    subject, found, runs = bench.subject, bench.found, bench.judge
    check_prices(subject.group)
    days = runs.days()
    if days < DAYS_MIN:
        raise UserError(
            f"{days} days of data", expected=f"at least {DAYS_MIN}", fix="take a longer period"
        )
    bench.combos = oos.usable(runs, subject.combinations())
    found.combinations = len(bench.combos)
    found.chosen_of = tuple(subject.space)
    (seen,) = runs.passes(bench.combos, [runs.span])
    bench.matrix = seen.daily
    found.trials = bench.trials or count(subject, bench.combos, seen, runs, bench.ledger)
    _choose(bench)
    returns = np.ascontiguousarray(seen.daily[bench.row])
    first_day = runs.span.first_day(runs.timeframe)
    found.day = np.arange(first_day, first_day + len(returns), dtype=np.int64)
    found.daily = returns
    found.outcome = bench.case.require_trades()
    found.record = sharpe_record(returns)
    if found.record is not None:
        zero = PeriodSharpe(0.0)
        found.deflated = deflated_sharpe(
            found.record,
            trials=found.trials.independent,
            variance=null_variance(found.record.periods),
        )
        found.probability = probability_above(found.record, zero)
        found.track_days = minimum_track_record(found.record, zero)
    if len(bench.combos) > 1:
        found.overfitting = overfitting(bench.matrix)
    found.superiority = superior_ability(bench.matrix, seed=subject.seed, draws=bench.rules.draws)
    return judge.of_luck(found, bench.rules)


def _choose(bench: Bench) -> None:
    """Choose a set on the first part, and keep what the last part says of it."""
    found, runs = bench.found, bench.judge
    share = bench.subject.settings.validation.in_sample
    plain = oos.split(runs.span, share)
    (found.fold,) = oos.purged(runs, bench.combos, [plain])
    (evidence,) = evidence_of(runs, bench.combos, [found.fold.train], neighbours(bench.combos))
    scores = oos.Robust()(evidence)
    if np.all(np.isnan(scores)):
        raise UserError(
            "no set of the space trades in the first part of the data",
            where=bench.subject.strategy.name,
            fix="take a longer period or other ranges",
        )
    bench.row = int(np.nanargmax(scores))
    chosen = bench.combos[bench.row]
    found.params = dict(bench.subject.strategy.values(chosen))
    train, test = runs.passes([chosen], [found.fold.train, found.fold.test])
    found.in_sample = window_of(train.daily[0], float(train.column("trades")[0]))
    found.holdout = window_of(test.daily[0], float(test.column("trades")[0]))


def holdout_stage(bench: Bench) -> list[Check]:
    """Judge the choice by the part it has not seen."""
    return judge.of_holdout(bench.found, bench.rules)


def walk_stage(bench: Bench) -> list[Check]:
    """Re-optimise fold by fold and trade what was chosen."""
    runs, rules = bench.judge, bench.rules
    folds = oos.folds_of(
        runs.span, scheme="rolling", count=rules.folds, gap_days=rules.embargo_days
    )
    folds = oos.purged(runs, bench.combos, folds)
    bench.found.walk = oos.walk_forward(runs, bench.combos, folds)
    return judge.of_walk(bench.found, rules)


def paths_stage(bench: Bench) -> list[Check]:
    """Cross-validate, every pair of groups in turn."""
    rules = bench.rules
    bench.found.paths = oos.cross_validate(
        bench.judge, bench.combos, groups=rules.groups, embargo_days=rules.embargo_days
    )
    return judge.of_paths(bench.found, rules)


def bootstrap_stage(bench: Bench) -> list[Check]:
    """Resample the out-of-sample days; shuffle the trades."""
    found, rules, seed = bench.found, bench.rules, bench.subject.seed
    assert found.walk is not None  # noqa: S101 - the stage before made it
    daily = found.walk.daily
    if len(daily) >= BOOTSTRAP_DAYS_MIN and np.std(daily) > 0.0:
        found.bootstrap = bootstrap_returns(daily, seed=seed, draws=rules.draws)
        found.year = bootstrap_returns(daily, seed=seed, draws=rules.draws, horizon=YEAR)
    result = bench.judge.run(found.params)
    found.expectation = expected_of(result, bench.judge.days())
    shares = _shares(result)
    if len(shares) >= TRADES_MIN:
        found.shuffle = shuffle_trades(shares, seed=seed, draws=rules.draws)
    return judge.of_bootstrap(found, rules)


def _shares(result: Result) -> Floats:
    """Return each closed trade's profit as a fraction of the cash at the start."""
    profits = closed_trades(result.run.trades)["pnl"]
    initial = float(result.run.account.initial)
    return np.maximum(np.asarray(profits, np.float64) / initial, -1.0)


def attacks_stage(bench: Bench) -> list[Check]:
    """Attack the strategy itself."""
    effort = bench.effort.attacks or attacking.Effort(permutations=bench.rules.shuffles)
    bench.found.attacks = attacking.attack(bench.case, effort=effort, seed=bench.subject.seed)
    return judge.of_attacks(bench.found, bench.rules)


def stress_stage(bench: Bench) -> list[Check]:
    """Stress costs, prices, fills, parameters, starts and size."""
    effort = bench.effort.stress or stressing.Effort(entry_seeds=bench.rules.shuffles)
    bench.found.stress = stressing.stress(bench.case, effort=effort, seed=bench.subject.seed)
    return judge.of_stress(bench.found, bench.rules)


STAGES: dict[str, Callable[[Bench], list[Check]]] = {
    "data": data_stage,
    "choice": choice_stage,
    "held-out end": holdout_stage,
    "walk-forward": walk_stage,
    "cross-validation": paths_stage,
    "bootstrap": bootstrap_stage,
    "attacks": attacks_stage,
    "stress": stress_stage,
}
"""Cheap ones first: a study that stops early saves the most."""
