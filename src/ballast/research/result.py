"""Result: one finished backtest, as everything downstream reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ballast.research.assignment import labels_of

if TYPE_CHECKING:
    from ballast.core.bars import Bars
    from ballast.core.instrument import Instrument
    from ballast.kernel.market import Run


IF_ANY = "if_any"
"""Metadata of a field that documents leave out where it is empty."""


@dataclass(frozen=True, slots=True)
class CardStrategy:
    """A strategy beside the first one of a run, and the symbols that are its own."""

    strategy: str  # name
    strategy_hash: str
    params: dict[str, Any]
    symbols: tuple[str, ...]
    kelly: float


@dataclass(frozen=True, slots=True)
class RunCard:
    """Who, what, when: enough to run it again to the same bytes (`ballast repro`)."""

    run_id: str  # hash of everything below
    strategy: str  # name
    strategy_hash: str
    params: dict[str, Any]
    data: dict[str, str]  # series name -> fingerprint
    data_root: str  # the store the run read, as the user named it
    from_ms: int
    to_ms: int
    settings: dict[str, Any]  # effective, secrets removed
    settings_hash: str
    code_version: str  # package version + hash of the sources
    seed: int
    engine: str  # "compiled" or "interpreted"
    others: tuple[CardStrategy, ...] = field(default=(), metadata={IF_ANY: True})
    """Strategies beside the first, which trades what they do not; a card of one has no such key."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return a word for each strategy, the first one's first."""
        return labels_of([self.strategy, *(one.strategy for one in self.others)])

    @property
    def title(self) -> str:
        """Return all strategies in one line."""
        return " + ".join(self.names)


@dataclass(frozen=True, slots=True)
class Result:
    """A run with what it traded; the tuples are in the order of `run.positions`.

    Bar numbers in the records of `run` count the bars of all symbols, one symbol after the other.
    """

    card: RunCard
    bars: tuple[Bars, ...]
    instruments: tuple[Instrument, ...]  # lots and ticks to units; the reports print units
    run: Run
    warmup_bars: int
    tags: tuple[str, ...]  # entry tag per symbol, as declared by the strategy
    notes: tuple[str, ...]  # what the reader must know: kill switch latched, bars cut, caps hit

    @property
    def strategies(self) -> tuple[str, ...]:
        """Return the word for the strategy of each symbol."""
        names = self.card.names
        owner = {
            symbol: name
            for name, one in zip(names[1:], self.card.others, strict=True)
            for symbol in one.symbols
        }
        return tuple(owner.get(bars.symbol, names[0]) for bars in self.bars)
