"""Runs: the options that backtest, sweep and repro share, and what they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ballast.core.errors import UserError, suggest
from ballast.core.time import Timeframe, parse_ms, parse_period
from ballast.service.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.core.settings import Settings
    from ballast.research.case import Case
    from ballast.research.series import Series
    from ballast.service.config import Config
    from ballast.store.candles import SeriesInfo
    from ballast.store.trials import TrialLedger
    from ballast.strategies.plan import AnyStrategy

SymbolOption = Annotated[
    list[str] | None,
    typer.Option("--symbol", "-s", help="Symbol, repeatable; default: all stored of the venue."),
]
VenueOption = Annotated[str, typer.Option(help="Venue; needed when several are stored.")]
PeriodOption = Annotated[
    str, typer.Option("--period", help="FROM..TO, UTC, for example 2021-01-01..2023-01-01.")
]
FromOption = Annotated[str, typer.Option("--from", help="First bar, UTC.")]
ToOption = Annotated[str, typer.Option("--to", help="First bar that is left out, UTC.")]


def find_strategy(config: Config, name: str) -> AnyStrategy:
    """Return a strategy of the workspace or the library."""
    from ballast.research import workspace

    return workspace.load(name, config.workspace / config.settings.strategies.root)


def period_of(period: str, from_: str, to: str) -> tuple[int | None, int | None]:
    """Return the period of the options, in ms; raise `UserError` if it is said twice."""
    if period and (from_ or to):
        raise UserError("--period and --from or --to", fix="give one of them")
    if period:
        return parse_period(period)
    first = parse_ms(from_) if from_ else None
    last = parse_ms(to) if to else None
    if first is not None and last is not None and first >= last:
        raise UserError("the period ends before it starts", fix="swap --from and --to")
    return first, last


def parse_params(texts: list[str] | None, option: str = "--param") -> dict[str, float]:
    """Read `name=number` pairs of an option."""
    found: dict[str, float] = {}
    for text in texts or []:
        name, _, value = (part.strip() for part in text.partition("="))
        try:
            number = float({"true": "1", "false": "0"}.get(value, value))
        except ValueError:
            raise UserError(
                f"{option} {text}", expected="name=number, for example fast=12"
            ) from None
        if name in found:
            raise UserError(f"{option} {name} is given twice", fix="give it once")
        found[name] = number
    return found


def choose(config: Config, venue: str, symbols: list[str] | None, timeframe: str) -> list[str]:
    """Return [venue, symbol, ...] of the stored series that are meant."""
    from ballast.store.candles import CandleStore
    from ballast.store.symbols import MARK_SUFFIX, venue_name

    frame = Timeframe.parse(timeframe)
    stored = CandleStore(config.data_root).series()
    fits = [
        one
        for one in stored
        if one.timeframe == frame
        and not one.symbol.endswith(MARK_SUFFIX)
        and (not venue or one.venue == venue_name(venue))
    ]
    venues = sorted({one.venue for one in fits})
    if not fits:
        raise _nothing_fits(config, stored, venue, frame)
    if len(venues) > 1:
        raise UserError(
            f"candles of {len(venues)} venues are stored", fix=f"add --venue {venues[0]}"
        )
    return [venues[0], *(symbols or [one.symbol for one in fits])]


def _nothing_fits(
    config: Config, stored: list[SeriesInfo], venue: str, frame: Timeframe
) -> UserError:
    """Say whether it is the venue or the timeframe that is not there."""
    from ballast.store.symbols import venue_name

    venues = {one.venue for one in stored}
    named = venue_name(venue) if venue else ""
    bring = "`ballast data import` or `ballast data download` brings some"
    if named and named not in venues:
        what, expected, fix = f"no stored candles of {named}", "", suggest(named, venues)
    else:
        frames = sorted({one.timeframe for one in stored if named in ("", one.venue)})
        what = f"no stored {frame} candles" + (f" of {named}" if named else "")
        expected = f"one of {', '.join(map(str, frames))}" if frames else ""
        fix = "" if not frames else "`ballast data resample` makes longer bars from shorter ones"
    return UserError(what, where=str(config.data_root), expected=expected, fix=fix or bring)


def load(
    config: Config,
    venue: str,
    symbols: list[str] | None,
    timeframe: str,
    period: tuple[int | None, int | None],
    detail: str = "",
) -> tuple[Series, ...]:
    """Read the series of a run."""
    from ballast.research.loading import load_series

    picked = choose(config, venue, symbols, timeframe)
    return load_series(
        config.data_root,
        picked[0],
        picked[1:],
        Timeframe.parse(timeframe),
        config.settings,
        from_ms=period[0],
        to_ms=period[1],
        detail=Timeframe.parse(detail) if detail else None,
    )


def case_of(
    config: Config,
    strategy: str,
    symbols: list[str] | None,
    timeframe: str,
    venue: str,
    when: tuple[str, str, str],
    param: list[str] | None,
    metric: str,
) -> Case:
    """Return what `attack` and `stress` are asked to try; `when` is --period, --from, --to."""
    from ballast.research.case import FIGURES, Case

    if metric not in FIGURES:
        raise UserError(
            f"unknown metric '{metric}'",
            expected=f"one of {', '.join(FIGURES)}",
            fix=suggest(metric, FIGURES),
        )
    chosen = find_strategy(config, strategy)
    series = load(config, venue, symbols, timeframe, period_of(*when))
    return Case(
        chosen,
        series,
        params=parse_params(param),
        settings=config.settings,
        symbol_settings=own_settings(config, series),
    )


def ledger_of(config: Config) -> TrialLedger:
    """Return the trial ledger of the workspace; close it, or use it in a block."""
    from ballast.store.trials import TrialLedger

    return TrialLedger(config.ledger_path, config.results_root)


def own_settings(config: Config, series: Sequence[Series]) -> dict[str, Settings]:
    """Return the settings of single symbols by their stored names, however the file spells them."""
    from ballast.store.symbols import same_market

    stored = [one.bars.symbol for one in series]
    return {same_market(name, stored) or name: its for name, its in config.symbols.items()}


def flags_of(cash: float | None, seed: int | None = None, *, gate: bool = True) -> list[str]:
    """Return the settings that options of a verb stand for."""
    flags = [] if cash is None else [f"engine.initial_cash={cash}"]
    flags += [] if seed is None else [f"engine.seed={seed}"]
    return flags if gate else [*flags, "risk.enforce=false"]


def config_of(flags: list[str]) -> Config:
    """Return the effective configuration of this verb."""
    return options.config(flags)
