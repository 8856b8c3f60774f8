"""The battery: all stress tests on one case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.research.regimes import RegimeTable, by_regime, regime_table
from ballast.research.stress import capacity as capacities
from ballast.research.stress import costs, entries, missed, noise, shifts, windows
from ballast.research.stress import plateau as plateaus

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ballast.research.case import Case, Outcome
    from ballast.research.regimes import Codes


@dataclass(frozen=True, slots=True)
class Effort:
    """How often each test tries; a study that runs thousands of batteries takes less."""

    noise_seeds: int = noise.SEEDS
    missed_seeds: int = missed.SEEDS
    starts: int = shifts.STARTS
    radius: int = plateaus.RADIUS
    joint: int = plateaus.JOINT
    surface_radius: int = plateaus.SURFACE_RADIUS
    entry_seeds: int = entries.SEEDS
    throws: int = entries.THROWS

    @property
    def steps(self) -> int:
        """How often a battery of this effort calls `step`, at most."""
        return (
            len(costs.MULTIPLES)
            + 1
            + len(noise.LEVELS_BPS) * self.noise_seeds
            + len(missed.SHARES) * self.missed_seeds
            + 1
            + 3
            + self.entry_seeds
            + len(windows.WINDOWS)
            + 1
        )


@dataclass(frozen=True, slots=True)
class Stress:
    """What all tests found; values only."""

    strategy: str
    strategy_hash: str
    seed: int
    metric: str
    plain: Outcome
    costs: costs.CostLadder
    noise: noise.PriceNoise
    missed: missed.MissedFills
    shifts: shifts.StartShifts
    plateau: plateaus.Plateau | None  # None: no number can be moved
    entries: entries.RandomEntries
    windows: tuple[windows.WindowResult, ...]
    capacity: capacities.Capacity
    regimes: RegimeTable


def stress(
    case: Case,
    *,
    effort: Effort | None = None,
    metric: str = "sharpe",
    labels: Sequence[Codes] | None = None,
    detector: str | None = None,
    seed: int = 0,
    looked: Callable[[Sequence[plateaus.Params]], None] = lambda _: None,
    step: Callable[[], None] = lambda: None,
) -> Stress:
    """Stress a case; raise `StrategyError` where it never trades. `step` is called as it goes.

    Regimes are those of `labels` (codes of `features.regime.Regime`, one array a series, one code a
    bar, known at its close), else of the formula `detector`, else of the default one. `looked` is
    told every combination of numbers whose figures were seen: each is a trial.
    """
    chosen = effort or Effort()
    plain = case.require_trades()
    return Stress(
        strategy=case.strategy.name,
        strategy_hash=case.strategy.hash,
        seed=seed,
        metric=metric,
        plain=plain,
        costs=costs.cost_ladder(case, step=step),
        noise=noise.price_noise(
            case, seeds=chosen.noise_seeds, metric=metric, seed=seed, step=step
        ),
        missed=missed.missed_fills(
            case, seeds=chosen.missed_seeds, metric=metric, seed=seed, step=step
        ),
        shifts=shifts.start_shifts(case, starts=chosen.starts, metric=metric, step=step),
        plateau=plateaus.plateau(
            case,
            radius=chosen.radius,
            joint=chosen.joint,
            surface_radius=chosen.surface_radius,
            metric=metric,
            seed=seed,
            looked=looked,
            step=step,
        ),
        entries=entries.random_entries(
            case,
            seeds=chosen.entry_seeds,
            throws=chosen.throws,
            metric=metric,
            seed=seed,
            step=step,
        ),
        windows=windows.stress_windows(case, step=step),
        capacity=capacities.capacity(case, step=step),
        regimes=regime_table(case.result(), detector)
        if labels is None
        else by_regime(case.result(), labels, detector or "labels"),
    )
