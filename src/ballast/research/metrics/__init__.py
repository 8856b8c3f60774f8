"""Metrics: the numbers of a finished run, one family a file.

Purpose: pure functions on numpy arrays, and `summary(result)` which calls them all. May import:
core and `research.result`. Invariants: a number that is not defined is None, never 0, infinity or a
warning; every formula names its source and is checked against an independent library. The words
around a number (label, unit, formula, when it is undefined) live in `catalogue`. Start reading at
`summary.py`.
"""

from ballast.research.metrics.model import Summary
from ballast.research.metrics.summary import summary

__all__ = ["Summary", "summary"]
