"""Scripts: what is made to happen to a synthetic market, and when.

    flash_crash          the price falls by a tenth within 20 s, with makers mostly gone, and is
                         back within two minutes (as on 6 May 2010, and on many an exchange since)
    liquidity_collapse   a twentieth of the depth and a wide spread for a minute; then makers return
                         for another minute

A script is a pure function of the time since it began; several at once are added up. A path is a
list of prices and times that the fair price visits, in straight lines between them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from ballast.core.errors import UserError, suggest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SECOND_NS = 1_000_000_000
TICKS_MAX = 10**8
"""Prices of a path; far from what would not fit the book."""
SCRIPTS_MAX = 100
POINTS_MAX = 10_000
"""Scripts and points that may wait at once: they are part of every snapshot."""


class Stress(msgspec.Struct, frozen=True):
    """What the agents feel: the price is moved by a part, depth and spread are multiplied."""

    moved: float = 0.0
    depth: float = 1.0
    spread: float = 1.0


_Phases = tuple[tuple[float, Stress], ...]
"""Seconds since the beginning, and what is felt then; linear between."""
_CALM = Stress()
_PHASES: dict[str, _Phases] = {
    "flash_crash": (
        (0.0, _CALM),
        (5.0, Stress(-0.01, 0.15, 4.0)),
        (20.0, Stress(-0.10, 0.10, 4.0)),
        (30.0, Stress(-0.08, 0.15, 4.0)),
        (120.0, _CALM),
    ),
    "liquidity_collapse": (
        (0.0, _CALM),
        (2.0, Stress(0.0, 0.05, 6.0)),
        (60.0, Stress(0.0, 0.05, 6.0)),
        (120.0, _CALM),
    ),
}
SCRIPTS = tuple(_PHASES)


class Script(msgspec.Struct, frozen=True):
    """A script by name, and when it begins."""

    name: str
    at_ns: int

    @property
    def end_ns(self) -> int:
        """When all is calm again."""
        return self.at_ns + int(_PHASES[self.name][-1][0] * SECOND_NS)

    def stress(self, now_ns: int) -> Stress:
        """Return what it does at a time."""
        phases = _PHASES[self.name]
        at_s = [second for second, _ in phases]
        since_s = (now_ns - self.at_ns) / SECOND_NS
        return Stress(
            *(
                float(np.interp(since_s, at_s, [getattr(felt, name) for _, felt in phases]))
                for name in Stress.__struct_fields__
            )
        )


def script_named(name: str) -> str:
    """Return a name that is known; raise `UserError` for another."""
    if name not in _PHASES:
        raise UserError(
            f"unknown script '{name}'",
            expected=f"one of {', '.join(SCRIPTS)}",
            fix=suggest(name, SCRIPTS),
        )
    return name


def stress_of(scripts: Iterable[Script], now_ns: int) -> Stress:
    """Return what all scripts together do at a time."""
    moved, depth, spread = 0.0, 1.0, 1.0
    for script in scripts:
        felt = script.stress(now_ns)
        moved = (1.0 + moved) * (1.0 + felt.moved) - 1.0
        depth *= felt.depth
        spread *= felt.spread
    return Stress(moved, depth, spread)


class Path(msgspec.Struct):
    """Points `(at_ns, ticks)` that a price still has to visit, and where it comes from."""

    points: list[tuple[int, int]] = []
    from_ns: int = 0
    from_ticks: float = 0.0

    def begin(self, points: Sequence[tuple[int, int]], now_ns: int, ticks: float) -> None:
        """Go to these points from here, in place of any others."""
        self.points, self.from_ns, self.from_ticks = list(points), now_ns, ticks

    def price(self, now_ns: int) -> float | None:
        """Return the price at a time, None when there is nothing left to visit."""
        found: float | None = None
        while self.points and self.points[0][0] <= now_ns:
            self.from_ns, ticks = self.points.pop(0)
            self.from_ticks = found = float(ticks)
        if not self.points:
            return found
        at_ns, ticks = self.points[0]
        done = (now_ns - self.from_ns) / (at_ns - self.from_ns)
        return self.from_ticks + (ticks - self.from_ticks) * done


def check_points(points: Sequence[tuple[int, int]], ticks_min: int) -> None:
    """Raise `UserError` for points that cannot be followed."""
    times = [at_ns for at_ns, _ in points]
    if not points or len(points) > POINTS_MAX or times != sorted(set(times)):
        raise UserError(
            "a path that cannot be followed",
            expected=f"1 to {POINTS_MAX} points, each later than the one before",
        )
    for _, ticks in points:
        if not ticks_min <= ticks <= TICKS_MAX:
            raise UserError(f"a path to {ticks} ticks", expected=f"{ticks_min} to {TICKS_MAX}")
