"""Out of sample: what a choice made on the past earned afterwards.

Purpose: splits, walk-forward with re-optimisation, combinatorial purged cross-validation. May
import: `research.evaluation`, `research.metrics` and below. Invariants: nothing that is fitted has
seen a bar of its test (a test replaces the future and compares); every out-of-sample day belongs to
one window; same input, same bytes, whatever the number of workers. Start at `walkforward.py`.
"""

from ballast.research.outofsample.checks import usable
from ballast.research.outofsample.choice import Hysteresis
from ballast.research.outofsample.crossvalidation import (
    CrossValidation,
    PathResult,
    SplitResult,
    cross_validate,
)
from ballast.research.outofsample.folds import SCHEMES, Fold, folds_of, split
from ballast.research.outofsample.objective import OBJECTIVES, Objective, Robust, objective_named
from ballast.research.outofsample.purge import purged
from ballast.research.outofsample.rating import Evidence
from ballast.research.outofsample.stitched import CurveStats, Window, curve_stats
from ballast.research.outofsample.walkforward import FoldResult, WalkForward, walk_forward

__all__ = [
    "OBJECTIVES",
    "SCHEMES",
    "CrossValidation",
    "CurveStats",
    "Evidence",
    "Fold",
    "FoldResult",
    "Hysteresis",
    "Objective",
    "PathResult",
    "Robust",
    "SplitResult",
    "WalkForward",
    "Window",
    "cross_validate",
    "curve_stats",
    "folds_of",
    "objective_named",
    "purged",
    "split",
    "usable",
    "walk_forward",
]
