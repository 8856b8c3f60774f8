"""Evidence: what the report of a certificate draws, as plain values, small and finite.

The certificate holds its hash: a picture that was drawn of other evidence can be told. Numbers are
cut to nine digits, so that the hash does not hang on the last bits of a sum.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.hashing import canonical_json
from ballast.core.time import DAY_MS
from ballast.research.report.plain import plain
from ballast.research.report.svg import thin

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ballast.research.certify.findings import Findings

DIGITS = 9
BINS = 40
SCHEMA = "ballast.evidence"
SCHEMA_VERSION = 1


def evidence_of(found: Findings) -> dict[str, Any]:
    """Return the evidence; what was not measured is None."""
    document = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "combinations": found.combinations,
        "params": found.params,
        "outcome": found.outcome,
        "equity": _curve(found.day, found.daily),
        "split_ms": None if found.fold is None else found.fold.test.from_ms,
        "in_sample": found.in_sample,
        "holdout": found.holdout,
        "walk": _walk(found),
        "paths": None if found.paths is None else found.paths.sharpe,
        "overfitting": _overfitting(found),
        "fan": None if found.year is None else _fan(found),
        "intervals": None if found.bootstrap is None else found.bootstrap.figures,
        "trade_order": None if found.shuffle is None else _shuffle(found),
        "attacks": None if found.attacks is None else _attacks(found),
        "stress": None if found.stress is None else _stress(found),
        "regimes": None if found.stress is None else found.stress.regimes,
    }
    cut: dict[str, Any] = _cut(plain(document))
    canonical_json(cut)  # raises here, not at signing, if anything is not finite
    return cut


def _cut(value: Any) -> Any:  # noqa: ANN401 - any plain value
    """Cut floats to `DIGITS` significant digits; NaN and infinity become None."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None
    if isinstance(value, dict):
        return {str(name): _cut(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cut(item) for item in value]
    return value


def _curve(day: NDArray[np.int64] | None, daily: NDArray[np.float64] | None) -> Any:  # noqa: ANN401
    """Return (time, level) of compounded returns, thinned to what a screen shows."""
    if day is None or daily is None or not len(daily):
        return None
    levels = np.cumprod(1.0 + daily)
    rows = thin(len(levels))
    return {"ms": ((day[rows] + 1) * DAY_MS).tolist(), "level": levels[rows].tolist()}


def histogram(values: Iterable[float], bins: int = BINS) -> Any:  # noqa: ANN401 - plain values
    """Return edges and counts; None where there is nothing to count."""
    row = np.asarray(list(values), np.float64)
    row = row[np.isfinite(row)]
    if not len(row):
        return None
    counts, edges = np.histogram(row, bins=min(bins, max(5, len(row) // 3)))
    return {"edges": edges.tolist(), "counts": counts.tolist()}


def _walk(found: Findings) -> Any:  # noqa: ANN401 - plain values
    walk = found.walk
    if walk is None:
        return None
    borders = np.flatnonzero(np.diff(walk.fold_of)) + 1
    return {
        "curve": _curve(walk.day, walk.daily),
        "borders_ms": (walk.day[borders] * DAY_MS).tolist(),
        "stats": walk.stats,
        "trades": walk.trades,
        "efficiency": walk.efficiency,
        "drift": walk.mean_drift,
        "folds": [
            {
                "train": [one.fold.train.from_ms, one.fold.train.to_ms],
                "test": [one.fold.test.from_ms, one.fold.test.to_ms],
                "params": None
                if one.params is None
                else {name: one.params[name] for name in found.chosen_of},
                "drift": one.drift,
                "in_sample": one.in_sample,
                "out_of_sample": one.out_of_sample,
                "efficiency": one.efficiency,
            }
            for one in walk.folds
        ],
    }


def _overfitting(found: Findings) -> Any:  # noqa: ANN401 - plain values
    one = found.overfitting
    if one is None:
        return None
    return {
        "pbo": one.pbo,
        "loss": one.loss,
        "slope": one.slope,
        "trials": one.trials,
        "logits": histogram(one.logits),
    }


def _fan(found: Findings) -> Any:  # noqa: ANN401 - plain values
    assert found.year is not None  # noqa: S101 - the caller looked
    fan = found.year.outcomes.fan
    return {
        "days": fan.days.tolist(),
        "levels": list(fan.levels),
        "values": [row.tolist() for row in fan.values],
        "drawdowns": histogram(found.year.outcomes.drawdowns),
    }


def _shuffle(found: Findings) -> Any:  # noqa: ANN401 - plain values
    assert found.shuffle is not None  # noqa: S101 - the caller looked
    one = found.shuffle
    return {
        "observed": one.observed,
        "p_deeper": one.p_deeper,
        "p_shallower": one.p_shallower,
        "drawdowns": histogram(one.drawdowns),
    }


def _attacks(found: Findings) -> Any:  # noqa: ANN401 - plain values
    assert found.attacks is not None  # noqa: S101 - the caller looked
    one = found.attacks
    return {
        "warmup": {
            "declared_bars": one.warmup.declared_bars,
            "needed_bars": one.warmup.needed_bars,
            "differing_share": one.warmup.differing_share,
        },
        "shuffle": {
            "real": one.shuffle.real,
            "p_value": one.shuffle.p_value,
            "permuted": histogram(one.shuffle.permuted.values),
        },
        "delay": [
            {"bars": row.bars, "sharpe": row.outcome.sharpe, "kept": row.kept}
            for row in one.delay.rows
        ],
    }


def _stress(found: Findings) -> Any:  # noqa: ANN401 - plain values
    assert found.stress is not None  # noqa: S101 - the caller looked
    one = found.stress
    return {
        "costs": [
            {"multiple": rung.multiple, "return": rung.outcome.total_return,
             "sharpe": rung.outcome.sharpe}
            for rung in one.costs.rungs
        ],
        "cost_bps": one.costs.cost_bps,
        "breakeven_bps": one.costs.breakeven_bps,
        "breakeven_multiple": one.costs.breakeven_multiple,
        "noise": [{"bps": row.bps, "median": row.figure.median, "low": row.figure.low,
                   "high": row.figure.high} for row in one.noise.levels],
        "missed": [{"share": row.share, "median": row.figure.median, "low": row.figure.low,
                    "high": row.figure.high} for row in one.missed.levels],
        "starts": {"ms": list(one.shifts.starts_ms), "sharpe": list(one.shifts.figure.values)},
        "entries": {"real": one.entries.real, "p_value": one.entries.own_exits_p,
                    "random": histogram(one.entries.own_exits.values)},
        "surface": None if one.plateau is None or one.plateau.surface is None
        else asdict(one.plateau.surface),
        "axes": [] if one.plateau is None else [asdict(axis) for axis in one.plateau.axes],
        "profitable": None if one.plateau is None else one.plateau.profitable,
        "windows": [
            {"name": row.window.name, "about": row.window.about, "status": row.status,
             "change": row.change, "worst": row.worst, "market": row.market_change,
             "stops": row.stops, "stop_slippage_bps": row.stop_slippage_bps}
            for row in one.windows
        ],
        "capacity": [
            {"cash": point.cash, "cagr": point.outcome.cagr} for point in one.capacity.points
        ],
        "half_cash": one.capacity.half_cash,
    }  # fmt: skip
