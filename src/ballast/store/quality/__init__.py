"""Quality: what is wrong with a series, by name, with a score and a certificate.

Purpose: every check is a pure function over arrays; `check_bars` runs them all. Nothing is repaired
here. Start reading at `check.py`, then `findings.py` for the names of what can be found.
"""

from ballast.store.quality.check import check_bars
from ballast.store.quality.findings import Finding, Group, Kind, Severity
from ballast.store.quality.quotes import Quotes
from ballast.store.quality.report import QualityReport

__all__ = [
    "Finding",
    "Group",
    "Kind",
    "QualityReport",
    "Quotes",
    "Severity",
    "check_bars",
]
