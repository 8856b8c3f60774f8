"""Repro: run a finished run again from its card and compare every byte.

A difference is named by its cause where there is one: another strategy, other data, other code. If
none of these changed and the bytes still differ, that is a defect of Ballast.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ballast.core.errors import DataError, StrategyError, UserError
from ballast.core.settings import Settings, build
from ballast.core.time import Timeframe
from ballast.research import workspace
from ballast.research.assignment import Assignment
from ballast.research.case import Case
from ballast.research.code import code_version
from ballast.research.loading import load_series
from ballast.research.result import CardStrategy
from ballast.research.run import DETAIL, KELLY, SYMBOLS, backtest
from ballast.research.storage import result_files, sums_of

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.research.result import Result, RunCard
    from ballast.research.series import Series
    from ballast.research.storage import Stored
    from ballast.strategies.plan import AnyStrategy

EXTRAS = (DETAIL, KELLY, SYMBOLS)


@dataclass(frozen=True, slots=True)
class Reproduction:
    """The second run: `identical` if every file of it has the bytes of the first."""

    identical: bool
    causes: tuple[str, ...]  # what is known to have changed
    files: tuple[str, ...]  # files whose bytes differ
    result: Result
    strategies: tuple[AnyStrategy, ...]  # in the order of the card


def repro(stored: Stored, strategies: Path, data_root: Path) -> Reproduction:
    """Run `stored` again from the strategies folder and the store at `data_root`.

    Raise `UserError` where the strategy or the data of the run are no longer there.
    """
    card = stored.result.card
    (first, *others), series = inputs_of(stored, strategies, data_root)
    settings, own = settings_of(card)
    again = backtest(
        first.strategy,
        series,
        params=card.params,
        settings=settings,
        symbol_settings=own,
        kelly=first.kelly,
        others=others,
        data_root=card.data_root,
        detail=card.settings.get(DETAIL, ""),
    )
    sums = sums_of(result_files(again))
    differing = tuple(sorted(name for name in sums if sums[name] != stored.sums.get(name)))
    causes = []
    if card.code_version != code_version():
        causes.append(f"code {card.code_version} then, {code_version()} now")
    if again.card.data != card.data:
        causes.append("trading rules, funding, depth or mark prices of the store changed")
    found = (first.strategy, *(one.strategy for one in others))
    return Reproduction(not differing, tuple(causes), differing, again, found)


def inputs_of(
    stored: Stored, strategies: Path, data_root: Path
) -> tuple[tuple[Assignment, ...], tuple[Series, ...]]:
    """Return the strategies and the series of a run, found again and held against its card.

    Raise `UserError` where one is no longer there, or is not what it was.
    """
    card = stored.result.card
    owned = {symbol for one in card.others for symbol in one.symbols}
    rest = tuple(b.symbol for b in stored.result.bars if b.symbol not in owned)
    kelly = float(card.settings.get(KELLY, 0.0))
    first_of = CardStrategy(card.strategy, card.strategy_hash, card.params, rest, kelly)
    found = tuple(_found(one, strategies) for one in (first_of, *card.others))
    settings, _ = settings_of(card)
    first = stored.result.bars[0]
    series = load_series(
        data_root,
        first.venue,
        [bars.symbol for bars in stored.result.bars],
        first.timeframe,
        settings,
        from_ms=card.from_ms,
        to_ms=card.to_ms,
        detail=Timeframe.parse(card.settings[DETAIL]) if DETAIL in card.settings else None,
    )
    for one in series:
        known = card.data.get(one.bars.name, "of another name")
        if one.bars.fingerprint() != known:
            raise DataError(
                "the bars are not the ones that were traded",
                where=one.bars.name,
                expected=f"fingerprint {known[:12]}",
                fix="`ballast compare` shows what a new run would give",
            )
    return found, series


def _found(one: CardStrategy, strategies: Path) -> Assignment:
    """Return a strategy of a card as it lies in the workspace; raise where it is another now."""
    strategy = workspace.load(one.strategy, strategies)
    if strategy.hash != one.strategy_hash:
        raise StrategyError(
            "the strategy is not the one that ran",
            where=one.strategy,
            expected=f"hash {one.strategy_hash[:12]}, found {strategy.hash[:12]}",
            fix="bring back its file as it was, or run a new backtest",
        )
    return Assignment(strategy, one.symbols, one.params, one.kelly)


def case_of(stored: Stored, strategies: Path, data_root: Path) -> Case:
    """Return a run as a case, to be run again otherwise; raise `UserError` as `inputs_of`."""
    card = stored.result.card
    if card.others:
        raise UserError(
            f"the run is of {len(card.names)} strategies: {', '.join(card.names)}",
            where=card.run_id,
            expected="a run of one strategy",
            fix="run each of them alone",
        )
    (first,), series = inputs_of(stored, strategies, data_root)
    settings, own = settings_of(card)
    return Case(
        first.strategy,
        series,
        params=card.params,
        settings=settings,
        symbol_settings=own,
        kelly=first.kelly,
    )


def settings_of(card: RunCard) -> tuple[Settings, dict[str, Settings]]:
    """Return the settings of a card: those of the run, and those of single symbols."""
    plain: dict[str, Any] = {k: v for k, v in card.settings.items() if k not in EXTRAS}
    own = {name: build(values) for name, values in card.settings.get(SYMBOLS, {}).items()}
    return build(plain), own
