"""Grids: which combinations a sweep runs.

A range is written `fast=5..14`, `fast=5..50:5` or `fast=5,9,12`; a parameter that is not named
keeps its default. Combinations that break the strategy's rules (`fast < slow`) are left out and
counted.
"""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING

from ballast.core.errors import StrategyError, UserError, suggest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ballast.strategies.parameters import Param

COMBINATIONS_MAX = 10_000_000
"""More rows than this are a typing error, not a sweep."""


def parse_axes(texts: Sequence[str], params: Mapping[str, Param]) -> dict[str, tuple[float, ...]]:
    """Read several `name=VALUES`; raise `UserError` for a name that is given twice."""
    axes: dict[str, tuple[float, ...]] = {}
    for text in texts:
        name, values = parse_axis(text, params)
        if name in axes:
            raise UserError(f"'{name}' has two ranges", fix=f"write {name}=5..14,20,30")
        axes[name] = values
    return axes


def parse_axis(text: str, params: Mapping[str, Param]) -> tuple[str, tuple[float, ...]]:
    """Read `name=VALUES`; raise `UserError` for an unknown name or a value out of range."""
    name, mark, values = text.partition("=")
    name = name.strip()
    if not mark:
        raise UserError(f"'{text}' names no values", expected="for example fast=5..14")
    if name not in params:
        raise StrategyError(
            f"unknown parameter '{name}'",
            expected=f"one of {', '.join(params)}",
            fix=suggest(name, params),
        )
    spec = params[name]
    return name, tuple(spec.check(name, value) for value in _values(values, spec.step or 1.0, text))


def _values(text: str, step: float, where: str) -> list[float]:
    found: list[float] = []
    for part in text.split(","):
        span, _, given = part.partition(":")
        low, dots, high = span.partition("..")
        try:
            if not dots:
                found.append(float(low))
                continue
            first, last, by = float(low), float(high), float(given) if given else step
        except ValueError:
            raise UserError(
                f"'{part}' is not a number or a range",
                where=where,
                expected="5, 5..14 or 5..50:5",
            ) from None
        if not (math.isfinite(last - first) and 0.0 < by < math.inf) or last < first:
            raise UserError(f"range '{part}' is empty", where=where, expected="low..high:step")
        count = math.floor((last - first) / by + 1e-9) + 1
        if count > COMBINATIONS_MAX:
            raise UserError(f"range '{part}' has {count} values", where=where)
        found += [round(first + by * k, 12) for k in range(count)]
    return found


class Grid:
    """All combinations of some axes, by number: combination k is the same in every run."""

    def __init__(self, axes: Mapping[str, Sequence[float]]) -> None:
        """Take the axes in the order in which they are named; the last turns fastest."""
        self.axes = {name: tuple(dict.fromkeys(values)) for name, values in axes.items()}
        self.size = math.prod(len(values) for values in self.axes.values())
        if self.size > COMBINATIONS_MAX:
            raise UserError(
                f"{self.size:,} combinations",
                expected=f"at most {COMBINATIONS_MAX:,}",
                fix="take larger steps",
            )

    def combination(self, number: int) -> dict[str, float]:
        """Return combination `number`."""
        found = {}
        for name in reversed(self.axes):
            values = self.axes[name]
            number, place = divmod(number, len(values))
            found[name] = values[place]
        return {name: found[name] for name in self.axes}

    def __iter__(self) -> Iterator[dict[str, float]]:
        """Walk all combinations in order."""
        for values in product(*self.axes.values()):
            yield dict(zip(self.axes, values, strict=True))

    def __len__(self) -> int:
        """Count the combinations."""
        return self.size
