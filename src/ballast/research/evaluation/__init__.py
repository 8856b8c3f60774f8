"""Evaluation: many short runs of one strategy over the same series, as fast as they can be.

Walk-forward, cross-validation, bootstraps of markets and optimisers all ask one question thousands
of times: what would this combination have earned in that span? Start at `evaluator.Evaluator`.
"""

from ballast.research.evaluation.evaluator import Evaluation, Evaluator, Prefix
from ballast.research.evaluation.span import Span

__all__ = ["Evaluation", "Evaluator", "Prefix", "Span"]
