"""Space: the finite set of combinations a study may visit.

Every axis is a tuple of values, as in a sweep: `fast=5..30`, `stop=1..5:0.5`, `kind=1,2,3`. A point
is a tuple of places on the axes, so that uniform draws, quasi-random points and Optuna's proposals
all mean the same thing, and neighbours are places that differ by one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import UserError
from ballast.research.grid import parse_axes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ballast.strategies.parameters import Param

    Floats = NDArray[np.float64]
    Place = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Space:
    """The axes by name, in the order in which they were given."""

    axes: Mapping[str, tuple[float, ...]]

    def __post_init__(self) -> None:
        """Raise `UserError` for a space in which nothing can be chosen."""
        if not self.axes:
            raise UserError(
                "the parameter space is empty", fix="name at least one range: -r fast=5..30"
            )
        single = [name for name, values in self.axes.items() if len(values) < 2]  # noqa: PLR2004
        if single:
            raise UserError(
                f"range of '{single[0]}' holds one value",
                expected="two or more",
                fix=f"leave it out, or widen it: -r {single[0]}=LOW..HIGH",
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the axes."""
        return tuple(self.axes)

    @property
    def lengths(self) -> tuple[int, ...]:
        """Count the values of each axis."""
        return tuple(len(values) for values in self.axes.values())

    @property
    def size(self) -> int:
        """Count the combinations, allowed or not."""
        return math.prod(self.lengths)

    def combination(self, place: Sequence[int]) -> dict[str, float]:
        """Return the parameter values at a place."""
        return {
            name: values[at] for (name, values), at in zip(self.axes.items(), place, strict=True)
        }

    def place_of(self, params: Mapping[str, float]) -> Place:
        """Return the place of parameter values that lie on the axes."""
        return tuple(values.index(params[name]) for name, values in self.axes.items())

    def place_at(self, unit: Sequence[float]) -> Place:
        """Return the place of a point of the unit cube; equal shares of it for equal chances."""
        return tuple(
            min(int(u * length), length - 1) for u, length in zip(unit, self.lengths, strict=True)
        )

    def numbered(self, number: int) -> Place:
        """Return place `number` of all; the last axis turns fastest, as in a sweep."""
        found = []
        for length in reversed(self.lengths):
            number, at = divmod(number, length)
            found.append(at)
        return tuple(reversed(found))

    def unit(self, params: Floats) -> Floats:
        """Return [n, axes] parameter values as places scaled to 0..1."""
        columns = []
        for column, values in zip(params.T, self.axes.values(), strict=True):
            order = {value: at / (len(values) - 1) for at, value in enumerate(values)}
            columns.append([order[float(value)] for value in column])
        return np.array(columns, np.float64).T.reshape(len(params), len(self.axes))


def parse_space(texts: Sequence[str], params: Mapping[str, Param]) -> Space:
    """Read several `name=VALUES`; raise `UserError` on a name, a value or a range that is wrong."""
    axes = parse_axes(texts, params)
    return Space({name: tuple(sorted(set(values))) for name, values in axes.items()})
