"""Market: what a parser is told beside the bytes, and what it says when that is not enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ballast.core.marketdata import Grid


class UnlistedError(Exception):
    """Market data of a symbol without a grid."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        super().__init__(symbol)


class Market(NamedTuple):
    """The grids by symbol as the venue writes it, and the symbol of messages that name none."""

    grids: Mapping[str, Grid]
    symbol: str = ""

    def grid(self, symbol: str) -> Grid:
        """Return the grid of a symbol; raise `UnlistedError` if there is none."""
        grid = self.grids.get(symbol)
        if grid is None:
            raise UnlistedError(symbol)
        return grid
