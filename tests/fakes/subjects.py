"""Subjects of certification: a market of luck and one with an edge, a year and a half of hours."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from ballast.core.settings import Settings
from ballast.research.attacks import battery as attacking
from ballast.research.certify.battery import Effort, certify
from ballast.research.certify.subject import Subject
from ballast.research.series import Series
from ballast.research.stress import battery as stressing
from ballast.research.synthetic.noise import NO_EDGE, Edge, noise_bars
from ballast.strategies import catalog

if TYPE_CHECKING:
    from ballast.core.bars import Bars
    from ballast.research.certify.issue import Certified

BARS = 14_000
SPACE = {"fast": (9.0, 13.0), "slow": (30.0, 45.0)}
STRONG = Edge(40.0, 5.0)
LIGHT = Effort(
    attacking.Effort(cuts=3, starts=2, permutations=30, driftless=4),
    stressing.Effort(noise_seeds=3, missed_seeds=3, starts=3, entry_seeds=30, throws=100),
)


@cache
def bars_of(seed: int = 5, *, strong: bool = False, n_bars: int = BARS) -> Bars:
    """Return the market."""
    return noise_bars("gbm", seed, n_bars, edge=STRONG if strong else NO_EDGE)


def settings() -> Settings:
    """Return settings without costs and gate: what is left is luck, or the edge."""
    plain = Settings()
    free = replace(plain.costs, maker=0.0, taker=0.0, slip_fraction=0.0, half_spread=0.0)
    return replace(
        plain,
        costs=free,
        risk=replace(plain.risk, enforce=False),
        certify=replace(plain.certify, draws=200, folds=4, groups=6),
    )


def subject(*, strong: bool = False, seed: int = 5, **more: Any) -> Subject:
    """Return a subject that chooses from a space of four."""
    given: dict[str, Any] = {"space": SPACE, "settings": settings(), "seed": 3, **more}
    return Subject(catalog.load("ema_cross"), (Series(bars_of(seed, strong=strong)),), **given)


@cache
def certified(*, strong: bool = False) -> Certified:
    """Return what came of it, without a ledger."""
    return certify(subject(strong=strong), effort=LIGHT)
