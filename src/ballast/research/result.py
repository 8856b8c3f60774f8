"""Result: one finished backtest, as everything downstream reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ballast.core.bars import Bars
    from ballast.core.instrument import Instrument
    from ballast.kernel.market import Run


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
