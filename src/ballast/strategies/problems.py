"""Errors of the expression language: what, at which column, with a caret under it."""

from __future__ import annotations

from ballast.core.errors import StrategyError

CONTEXT = 40
"""Characters shown on each side of the caret: fits a terminal of 80 columns."""


class ExpressionError(StrategyError):
    """A text that is not an expression. `position` is 0-based; `caret()` draws it in two lines."""

    def __init__(
        self,
        what: str,
        *,
        text: str,
        position: int,
        where: str = "",
        expected: str = "",
        fix: str = "",
    ) -> None:
        self.text = text
        self.position = position
        place = f"column {position + 1} near '{_near(text, position)}'"
        self.owner = where
        super().__init__(
            what, where=f"{where}, {place}" if where else place, expected=expected, fix=fix
        )

    def caret(self) -> str:
        """Return the line that holds the mistake, and a caret under it."""
        first = self.text.rfind("\n", 0, self.position) + 1
        last = self.text.find("\n", self.position)
        line = self.text[first : last if last >= 0 else len(self.text)]
        column = self.position - first
        start = max(0, column - CONTEXT)
        return f"{line[start : column + CONTEXT]}\n{' ' * (column - start)}^"


def _near(text: str, position: int) -> str:
    return " ".join(text[max(0, position - 8) : position + 16].split()) or "the end"
