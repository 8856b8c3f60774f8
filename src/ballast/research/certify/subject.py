"""Subject: what is to be certified, and the space it was chosen from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ballast.core.errors import UserError
from ballast.core.settings import Settings
from ballast.research.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ballast.research.series import Series
    from ballast.strategies.plan import AnyStrategy

COMBINATIONS_MAX = 5_000
"""Sets whose daily returns are held at once: 70 MB over five years. Search first, then certify."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A strategy on its data. Without a `space` exactly `params` is judged.

    With a `space` the parameters are chosen from it on the first part of the data, by the robust
    objective, and everything else is held against that choice.
    """

    strategy: AnyStrategy
    group: tuple[Series, ...]
    settings: Settings = field(default_factory=Settings)
    params: Mapping[str, float] = field(default_factory=dict)
    space: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    symbol_settings: Mapping[str, Settings] = field(default_factory=dict)
    seed: int = 0
    data_root: str = ""

    def combinations(self) -> list[dict[str, float]]:
        """Return every set of the space, over the fixed parameters; raise for far too many."""
        grid = Grid(self.space)
        if len(grid) > COMBINATIONS_MAX:
            raise UserError(
                f"{len(grid):,} combinations to certify",
                expected=f"at most {COMBINATIONS_MAX:,}",
                fix="search with `ballast optimize`, then certify the neighbourhood",
            )
        twice = sorted(set(self.space) & set(self.params))
        if twice:
            raise UserError(
                f"'{twice[0]}' has a value and a range", fix="give one of --param and --range"
            )
        return [{**self.params, **one} for one in grid]
