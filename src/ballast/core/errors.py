"""The error tree.

    BallastError
    ├── UserError        the input is wrong: one clear line, exit code 2, nothing half-written
    │   ├── DataError    a file, a row, a store
    │   ├── StrategyError  an expression, a parameter, a plan (may carry a position)
    │   └── ConfigError  a setting, a profile
    └── InternalError    our own invariant broke: stop, keep the evidence

A `UserError` always says what is wrong, where, what was expected and what to do; the doors print
its single line and never a traceback.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class BallastError(Exception):
    """Base of everything Ballast raises on purpose."""


class InternalError(BallastError):
    """An invariant of ours does not hold: a defect in Ballast, never in the input."""


class UserError(BallastError):
    """Wrong input. `where` names the place, `expected` what belongs there, `fix` what to do."""

    exit_code = 2
    """Of a command that ends with it."""

    def __init__(self, what: str, *, where: str = "", expected: str = "", fix: str = "") -> None:
        self.what = what
        self.where = where
        self.expected = expected
        self.fix = fix
        super().__init__(self.line())

    def line(self) -> str:
        """Return the whole message as one line."""
        parts = [f"{self.where}: {self.what}" if self.where else self.what]
        if self.expected:
            parts.append(f"expected {self.expected}")
        if self.fix:
            parts.append(self.fix)
        return "; ".join(" ".join(part.split()) for part in parts)


class DataError(UserError):
    """A file, a row or a store that cannot be used."""


class StrategyError(UserError):
    """An expression, a parameter or a plan that makes no sense."""


class ConfigError(UserError):
    """A setting that is unknown, unreadable or out of bounds."""


def suggest(word: str, known: Iterable[str]) -> str:
    """Return `did you mean 'x'?` for the closest known word, or an empty string."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else ""
