"""How far back a word looks: the rows before its own that a row of its result depends on.

Who has all rows of the operands but the last of the result needs no more than these to add it, and
gets the bits that a run over everything would give. Where a result depends on its own past
(`bars_since`), or the rows of another series count, that is everything.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ballast.strategies.evaluation import Scalars, Step

ALL_ROWS = sys.maxsize


def own_row(_: Scalars, __: Step) -> int:
    """Look at the row itself: comparing, logic, arithmetic."""
    return 0


def row_before(_: Scalars, __: Step) -> int:
    """Look at the row and the one before it."""
    return 1


def last_rows(scalars: Scalars, step: Step) -> int:
    """Look back as many rows as the last operand says."""
    place = step.inputs[-1]
    assert isinstance(place, int)
    return int(scalars[place])


def every_row(_: Scalars, __: Step) -> int:
    """Look at everything."""
    return ALL_ROWS
