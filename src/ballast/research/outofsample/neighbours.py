"""Neighbours: which combinations lie one step away, and how far apart two choices are (R-WF-04)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ballast.kernel.market import Floats, Ints

NEAREST = 4
"""Neighbours of a combination where there is no grid: as many as a grid of two axes has."""
ROWS_AT_ONCE = 512
"""Combinations whose distances to all others are held at a time."""


def axes_of(combos: Sequence[Mapping[str, float]]) -> tuple[tuple[str, ...], Floats]:
    """Return the names of the parameters and their values, [n, axes]; all must name the same."""
    if not combos:
        raise UserError("there are no combinations", fix="name a range, as -r fast=5..14")
    names = tuple(combos[0])
    for one in combos:
        if set(one) != set(names):
            raise UserError(
                f"a combination names {', '.join(one) or 'nothing'}",
                expected=f"{', '.join(names)}, as the first one",
            )
    values = np.array([[float(one[name]) for name in names] for one in combos], np.float64)
    return names, values.reshape(len(combos), len(names))


def unit_coordinates(combos: Sequence[Mapping[str, float]]) -> Floats:
    """Return the values of the axes that vary, each from 0 to 1, [n, axes]."""
    _, values = axes_of(combos)
    low, high = values.min(axis=0), values.max(axis=0)
    moves = high > low
    found: Floats = (values[:, moves] - low[moves]) / (high[moves] - low[moves])
    return found


def drift(coordinates: Floats, one: int, other: int) -> float:
    """Return how far two choices are apart: 0 the same, 1 from one end of every axis to the other.

    The mean over the axes of |difference| / (highest value - lowest value).
    """
    if not coordinates.shape[1]:
        return 0.0
    return float(np.mean(np.abs(coordinates[one] - coordinates[other])))


def neighbours(combos: Sequence[Mapping[str, float]]) -> Ints:
    """Return, for each combination, the rows of its neighbours, [n, m]; -1 where there are fewer.

    On a grid: one step along one axis. Where most combinations have no such neighbour (a random
    sample), the four nearest by the distance of unit coordinates.
    """
    _, values = axes_of(combos)
    ranks = (
        np.stack([np.unique(column, return_inverse=True)[1] for column in values.T], axis=1)
        if values.shape[1]
        else np.zeros((len(combos), 0), np.int64)
    )
    place = {tuple(row): number for number, row in enumerate(ranks.tolist())}
    found = np.full((len(combos), 2 * ranks.shape[1]), -1, np.int64)
    for number, row in enumerate(ranks.tolist()):
        for axis in range(len(row)):
            for side, step in enumerate((-1, 1)):
                beside = (*row[:axis], row[axis] + step, *row[axis + 1 :])
                found[number, 2 * axis + side] = place.get(beside, -1)
    alone = np.count_nonzero(np.all(found < 0, axis=1))
    if len(combos) > NEAREST and 2 * alone > len(combos):
        return _nearest(unit_coordinates(combos))
    return found


def _nearest(coordinates: Floats) -> Ints:
    """Return the nearest rows of each row, itself left out; ties go to the lower number."""
    count = len(coordinates)
    found = np.zeros((count, NEAREST), np.int64)
    for first in range(0, count, ROWS_AT_ONCE):
        rows = slice(first, min(first + ROWS_AT_ONCE, count))
        away = np.zeros((rows.stop - first, count))
        for column in coordinates.T:
            away += (column[rows, None] - column[None, :]) ** 2
        away[np.arange(rows.stop - first), np.arange(first, rows.stop)] = np.inf
        found[rows] = np.argsort(away, axis=1, kind="stable")[:, :NEAREST]
    return found
