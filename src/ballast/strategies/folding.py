"""The words of the language on plain numbers: literals and parameters are folded with them."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDED: dict[str, Callable[..., float | bool]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
    "neg": operator.neg,
    "abs": abs,
    "log": math.log,
    "sqrt": math.sqrt,
    "minimum": min,
    "maximum": max,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "&": operator.and_,
    "|": operator.or_,
    "~": operator.not_,
    "where": lambda test, yes, no: yes if test else no,
    "between": lambda x, low, high: low < x < high,
}
