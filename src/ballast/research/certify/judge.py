"""Judge: findings held against thresholds. Nothing is measured here.

A figure that is not defined fails; a test that cannot be made is skipped and says why. The reason
for each threshold is in `docs/certificate.md`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ballast.core.certificate import Check, judged, noted, skipped
from ballast.research.attacks.verdict import cheats
from ballast.research.montecarlo.figures import Figure
from ballast.research.montecarlo.outcomes import drawdown_bound, drawdown_odds

if TYPE_CHECKING:
    from ballast.core.settings import CertifySettings
    from ballast.research.certify.findings import Findings
    from ballast.research.spread import Spread

ALONE = "one parameter set: there was nothing to choose from"
QUARTILES = 4
MULTIPLE_MAX = 1_000.0
"""Shown for costs and capacity without an end in sight."""


def of_data(found: Findings, threshold: float) -> list[Check]:
    """Judge the quality of the worst series."""
    if not found.quality:
        return [skipped("data_quality", "Data quality", "the series came without a check")]
    symbol, score = min(found.quality.items(), key=lambda item: item[1])
    return [judged("data_quality", "Data quality", score, threshold, at_least=True, detail=symbol)]


def of_luck(found: Findings, rules: CertifySettings) -> list[Check]:
    """Judge the record against the luck of all trials."""
    trials, deflated = found.trials, found.deflated
    assert trials is not None  # noqa: S101 - counted in the first stage
    detail = (
        f"{trials.count:,} trials on this market, as lucky as {trials.independent:.1f} independent"
    )
    checks = [
        judged(
            "deflated_sharpe",
            "Deflated Sharpe ratio",
            None if deflated is None else deflated.probability,
            rules.deflated_sharpe,
            at_least=True,
            detail=detail,
        ),
        noted("probabilistic_sharpe", "Probability that the Sharpe ratio is above 0",
              found.probability),
        noted("track_record", "Days such a record needs to prove it", found.track_days),
        judged(
            "ledger",
            "Defects of the trial ledger",
            float(len(trials.gaps)),
            0.0,
            at_least=False,
            detail="; ".join(trials.gaps),
        ),
    ]  # fmt: skip
    if found.overfitting is None:
        checks.append(skipped("overfitting", "Probability of overfitting", ALONE))
    else:
        checks.append(
            judged("overfitting", "Probability of overfitting", found.overfitting.pbo,
                   rules.overfitting, at_least=False,
                   detail=f"{found.overfitting.trials} sets, {len(found.overfitting.logits):,} "
                   "ways to halve the days")
        )  # fmt: skip
    superior = found.superiority
    checks.append(
        judged("reality_check", "p-value of superior ability", superior.p_consistent,
               rules.reality_check, at_least=False)
        if superior is not None
        else skipped("reality_check", "p-value of superior ability", "not measured")
    )  # fmt: skip
    return checks


def of_holdout(found: Findings, rules: CertifySettings) -> list[Check]:
    """Judge the part of the data that no choice has seen."""
    held = found.holdout
    detail = ""
    if found.in_sample is not None and found.in_sample.sharpe is not None:
        detail = f"{found.in_sample.sharpe:.2f} where it was chosen"
    value = None if held is None else held.sharpe
    return [
        judged("holdout", "Sharpe ratio on the held-out end", value, rules.holdout, at_least=True,
               detail=detail)
    ]  # fmt: skip


def of_walk(found: Findings, rules: CertifySettings) -> list[Check]:
    """Judge the walk-forward."""
    walk = found.walk
    assert walk is not None  # noqa: S101 - this stage made it
    earned = sum(1 for one in walk.folds if one.out_of_sample.yearly_return > 0.0)
    detail = f"{earned} of {len(walk.folds)} folds earned money"
    return [
        judged("trades", "Trades out of sample", float(walk.trades), float(rules.trades),
               at_least=True),
        judged("walk_forward", "Sharpe ratio of the walk-forward", walk.stats.sharpe,
               rules.walk_forward, at_least=True, detail=detail),
        judged("efficiency", "Walk-forward efficiency", walk.efficiency, rules.efficiency,
               at_least=True),
        noted("drift", "Mean drift of the parameters", walk.mean_drift),
    ]  # fmt: skip


def of_paths(found: Findings, rules: CertifySettings) -> list[Check]:
    """Judge the cross-validated paths."""
    paths = found.paths
    assert paths is not None  # noqa: S101 - this stage made it
    ordered = sorted(float(one) for one in paths.sharpe)
    low = ordered[int(0.1 * (len(ordered) - 1))]
    return [
        judged("paths", "Sharpe ratio of the tenth percentile of paths", low, rules.paths,
               at_least=True, detail=f"{len(ordered)} paths, median {paths.sharpe_median:.2f}")
    ]  # fmt: skip


def of_bootstrap(found: Findings, rules: CertifySettings) -> list[Check]:
    """Judge the Monte-Carlo of out-of-sample days and trades."""
    drawn, year = found.bootstrap, found.year
    if drawn is None or year is None:
        why = "fewer out-of-sample days than a bootstrap needs"
        return [judged("sharpe_floor", "Lower end of the Sharpe ratio", None, rules.sharpe_floor,
                       at_least=True, detail=why)]  # fmt: skip
    interval = drawn.interval(Figure.SHARPE).percentile
    odds = drawdown_odds(year.outcomes, rules.ruin_drawdown)
    checks = [
        judged("sharpe_floor", "Lower end of the Sharpe ratio (90 %)",
               None if interval is None else interval.low, rules.sharpe_floor, at_least=True),
        judged("ruin", f"Chance of a fall of {rules.ruin_drawdown:.0%} in a year", odds.high,
               rules.ruin, at_least=False, detail="upper end of its Monte-Carlo error"),
        noted("drawdown_bound", "Drawdown not passed in a year, 95 %",
              drawdown_bound(year.outcomes, 0.95)),
    ]  # fmt: skip
    if found.shuffle is not None:
        checks.append(
            noted("trade_order", "Share of orders of its trades that fall no deeper",
                  found.shuffle.p_shallower, "small: the order was kind")
        )  # fmt: skip
    return checks


def of_attacks(found: Findings, rules: CertifySettings) -> list[Check]:
    """Judge the attacks."""
    attacks = found.attacks
    assert attacks is not None  # noqa: S101 - this stage made it
    lines = cheats(attacks)
    late = next((row for row in attacks.delay.rows if row.bars == 1), None)
    return [
        judged("look_ahead", "Proofs of cheating", float(len(lines)), 0.0, at_least=False,
               detail="; ".join(lines)),
        judged("history", "Bars of history its decisions need", float(attacks.warmup.needed_bars),
               float(rules.history_bars), at_least=False, detail=attacks.warmup.line()),
        judged("shuffle", "p-value among shuffled markets", attacks.shuffle.p_value,
               rules.shuffle, at_least=False),
        judged("delay", "Share of the Sharpe ratio one bar later",
               None if late is None else late.kept, rules.delay, at_least=True),
    ]  # fmt: skip


def of_stress(found: Findings, rules: CertifySettings) -> list[Check]:
    """Judge costs, noise, missed fills, the plateau, random entries; tell the rest."""
    stress = found.stress
    assert stress is not None  # noqa: S101 - this stage made it
    multiple = stress.costs.breakeven_multiple
    checks = [
        judged("costs", "Multiple of the costs it bears",
               MULTIPLE_MAX if multiple is None else multiple, rules.cost_multiple, at_least=True,
               detail=f"pays {stress.costs.cost_bps:.1f} bps of what it trades"),
        judged("random_entry", "p-value among random entries with its exits",
               stress.entries.own_exits_p, rules.random_entry, at_least=False),
        judged("price_noise", "Share of the Sharpe ratio that survives noise in prices",
               _kept(stress.noise.levels[0].figure, stress.noise.plain), rules.noise,
               at_least=True, detail=f"{stress.noise.levels[0].bps:g} bps of noise"),
        judged("missed_fills", "Share of the Sharpe ratio that survives missed fills",
               _kept(stress.missed.levels[0].figure, stress.missed.plain), rules.noise,
               at_least=True, detail=f"{stress.missed.levels[0].share:.0%} of entries missed"),
        noted("start_shifts", "Worst Sharpe ratio of later starts", stress.shifts.figure.worst),
    ]  # fmt: skip
    if stress.plateau is None:
        checks.append(skipped("plateau", "Neighbours that earn money", "no number can be moved"))
    else:
        checks.append(
            judged("plateau", "Neighbours that earn money", stress.plateau.profitable,
                   rules.plateau, at_least=True)
        )  # fmt: skip
    checks += [
        noted(f"window_{one.window.name}", f"{one.window.name}: {one.window.about}",
              one.worst, one.status)
        for one in stress.windows
        if one.status != "not in the data"
    ]  # fmt: skip
    return [*checks, *of_capacity(found, rules)]


def of_capacity(found: Findings, rules: CertifySettings) -> list[Check]:
    """Judge how much money the edge bears."""
    stress = found.stress
    assert stress is not None  # noqa: S101 - this stage made it
    half = stress.capacity.half_cash
    cash = stress.capacity.points[0].cash if stress.capacity.points else 1.0
    multiple = MULTIPLE_MAX if half is None else half / cash
    if stress.capacity.edge <= 0.0:
        multiple = 0.0
    return [
        judged("capacity", "Multiple of the cash at which impact takes half", multiple,
               rules.capacity, at_least=True)
    ]  # fmt: skip


def _kept(spread: Spread, plain: float) -> float | None:
    """Return the share of a figure that is left in the median; None where nothing was there."""
    if not plain > 0.0 or not math.isfinite(spread.median):
        return None
    return spread.median / plain
