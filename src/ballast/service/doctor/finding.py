"""Finding: one thing that was looked at, and how a check that fails becomes one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.core.errors import BallastError

if TYPE_CHECKING:
    from collections.abc import Callable

OK, WARNING, PROBLEM = "ok", "warning", "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: ok, warning or problem, with what to do."""

    check: str
    state: str
    found: str
    fix: str = ""


def judged(check: str, found: str, *, warning: str = "", problem: str = "") -> Finding:
    """Return a finding; `warning` and `problem` are what to do where it is one."""
    if problem:
        return Finding(check, PROBLEM, found, problem)
    return Finding(check, WARNING if warning else OK, found, warning)


def tried(check: str, attempt: Callable[[], str | Finding], fix: str) -> Finding:
    """Return what an attempt says, or its failure as a problem: the rest must be looked at too."""
    try:
        said = attempt()
    except (BallastError, OSError, ImportError) as error:
        return Finding(check, PROBLEM, " ".join(str(error).split()), fix)
    return said if isinstance(said, Finding) else Finding(check, OK, said)
