"""Repro: run a finished run again from its card and compare every byte.

A difference is named by its cause where there is one: another strategy, other data, other code. If
none of these changed and the bytes still differ, that is a defect of Ballast.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ballast.core.errors import DataError, StrategyError
from ballast.core.settings import Settings, build
from ballast.core.time import Timeframe
from ballast.research import workspace
from ballast.research.case import Case
from ballast.research.code import code_version
from ballast.research.run import DETAIL, KELLY, SYMBOLS, backtest
from ballast.research.series import load_series
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


def repro(stored: Stored, strategies: Path, data_root: Path) -> Reproduction:
    """Run `stored` again from the strategies folder and the store at `data_root`.

    Raise `UserError` where the strategy or the data of the run are no longer there.
    """
    card = stored.result.card
    strategy, series = inputs_of(stored, strategies, data_root)
    settings, own = settings_of(card)
    again = backtest(
        strategy,
        series,
        params=card.params,
        settings=settings,
        symbol_settings=own,
        kelly=float(card.settings.get(KELLY, 0.0)),
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
    return Reproduction(not differing, tuple(causes), differing, again)


def inputs_of(
    stored: Stored, strategies: Path, data_root: Path
) -> tuple[AnyStrategy, tuple[Series, ...]]:
    """Return the strategy and the series of a run, found again and held against its card.

    Raise `UserError` where one is no longer there, or is not what it was.
    """
    card = stored.result.card
    strategy = workspace.load(card.strategy, strategies)
    if strategy.hash != card.strategy_hash:
        raise StrategyError(
            "the strategy is not the one that ran",
            where=card.strategy,
            expected=f"hash {card.strategy_hash[:12]}, found {strategy.hash[:12]}",
            fix="bring back its file as it was, or run a new backtest",
        )
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
    return strategy, series


def case_of(stored: Stored, strategies: Path, data_root: Path) -> Case:
    """Return a run as a case, to be run again otherwise; raise `UserError` as `inputs_of`."""
    card = stored.result.card
    strategy, series = inputs_of(stored, strategies, data_root)
    settings, own = settings_of(card)
    return Case(
        strategy,
        series,
        params=card.params,
        settings=settings,
        symbol_settings=own,
        kelly=float(card.settings.get(KELLY, 0.0)),
    )


def settings_of(card: RunCard) -> tuple[Settings, dict[str, Settings]]:
    """Return the settings of a card: those of the run, and those of single symbols."""
    plain: dict[str, Any] = {k: v for k, v in card.settings.items() if k not in EXTRAS}
    own = {name: build(values) for name, values in card.settings.get(SYMBOLS, {}).items()}
    return build(plain), own
