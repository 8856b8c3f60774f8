"""Exhaustive and random search: candidate k of a study is the same in every run.

The grid walks the whole space. `random` draws uniformly, `sobol` and `halton` spread their points
evenly (scrambled low-discrepancy sequences of `scipy.stats.qmc`). A candidate depends on its number
and the seed alone, so an interrupted search goes on as if nothing had happened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.rng import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ballast.research.optimise.space import Place, Space

METHODS = ("grid", "random", "sobol", "halton")
BLOCK = 1024
"""Points made at once; a power of two, of which a Sobol sequence is balanced."""
CANDIDATES_PER_TRIAL = 64
"""Candidates looked at for each trial wanted, before the space is taken to be used up."""


class Candidates:
    """The candidates of one method, by number."""

    def __init__(self, space: Space, method: str, seed: int) -> None:
        self.space = space
        self.method = method
        self.seed = seed
        self._block = -1
        self._points: NDArray[np.float64] = np.zeros((0, len(space.axes)))

    def place(self, number: int) -> Place | None:
        """Return candidate `number`; None past the end of the grid."""
        if self.method == "grid":
            return self.space.numbered(number) if number < self.space.size else None
        block, at = divmod(number, BLOCK)
        if block != self._block:
            self._block, self._points = block, self._made(block)
        return self.space.place_at(self._points[at].tolist())

    def end(self, trials: int) -> int:
        """Return the number at which a search for `trials` gives up."""
        return self.space.size if self.method == "grid" else CANDIDATES_PER_TRIAL * (trials + BLOCK)

    def _made(self, block: int) -> NDArray[np.float64]:
        width = len(self.space.axes)
        if self.method == "random":
            return stream(self.seed, f"optimise/random/{block}").random((BLOCK, width))
        from scipy.stats import qmc  # noqa: PLC0415 - heavy, and only this method needs it

        engine: Any = {"sobol": qmc.Sobol, "halton": qmc.Halton}[self.method](
            width, scramble=True, rng=stream(self.seed, f"optimise/{self.method}")
        )
        if block:
            engine.fast_forward(block * BLOCK)
        points: NDArray[np.float64] = engine.random(BLOCK)
        return points
