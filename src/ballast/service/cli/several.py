"""Several: `--with NAME=SYMBOL,SYMBOL:fast=9,slow=21`, a strategy beside the first of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ballast.core.errors import UserError
from ballast.service.cli.runs import find_strategy, load, parse_params

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.research.assignment import Assignment
    from ballast.research.series import Series
    from ballast.service.config import Config
    from ballast.strategies.plan import AnyStrategy

WithOption = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        help="Another strategy for symbols of its own, NAME=SYMBOL,SYMBOL:fast=9; repeatable.",
    ),
]
ClassesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--strategy",
        help="A strategy that is a class: a journal holds only its hash; repeatable.",
    ),
]
FORM = "NAME=SYMBOL,SYMBOL or NAME=SYMBOL:fast=9,slow=21"


def parse_with(config: Config, texts: Sequence[str] | None) -> tuple[Assignment, ...]:
    """Read the strategies beside the first; symbols stay as they are written."""
    from ballast.research.assignment import Assignment

    found = []
    for text in texts or ():
        name, _, rest = text.partition("=")
        listed, numbers = _split(rest)
        symbols = tuple(part.strip() for part in listed.split(",") if part.strip())
        if not name.strip() or not symbols:
            raise UserError(f"--with {text}", expected=FORM)
        params = parse_params(numbers.split(",") if numbers else None, "--with")
        found.append(Assignment(find_strategy(config, name.strip()), symbols, params))
    return tuple(found)


def classes_of(names: Sequence[str] | None) -> tuple[AnyStrategy, ...]:
    """Return the strategies that a journal needs beside what it holds."""
    from ballast.service.cli import options

    return tuple(find_strategy(options.config(), name) for name in names or ())


def load_with(
    config: Config,
    texts: Sequence[str] | None,
    venue: str,
    symbols: list[str] | None,
    timeframe: str,
    period: tuple[int | None, int | None],
    detail: str = "",
) -> tuple[tuple[Series, ...], tuple[Assignment, ...]]:
    """Read the series of a run, and the strategies beside its first, each with symbols of them."""
    others = parse_with(config, texts)
    series = load(config, venue, all_symbols(symbols, others), timeframe, period, detail)
    return series, as_stored(others, [one.bars.symbol for one in series])


def symbols_with(
    config: Config, texts: Sequence[str] | None, symbols: Sequence[str]
) -> tuple[tuple[str, ...], tuple[Assignment, ...]]:
    """Return the symbols of a venue that are traded, and the strategies beside the first."""
    from dataclasses import replace

    others = tuple(
        replace(one, symbols=tuple(name.upper() for name in one.symbols))
        for one in parse_with(config, texts)
    )
    own = list(dict.fromkeys(one.upper() for one in symbols))
    return tuple(all_symbols(own, others) or ()), others


def _split(rest: str) -> tuple[str, str]:
    """Return symbols and numbers; the colon of BTC/USDT:USDT is the symbol's own."""
    before, colon, after = rest.rpartition(":")
    is_symbol = "/" in before.rpartition(",")[2] and "=" not in after
    return (before, after) if colon and not is_symbol else (rest, "")


def all_symbols(symbols: Sequence[str] | None, others: Sequence[Assignment]) -> list[str] | None:
    """Return the symbols of a run, the first strategy's first; None: all that are stored."""
    from ballast.research.assignment import two_owners

    if not symbols:
        return None
    for one in others:
        for symbol in one.symbols:
            if symbol in symbols:
                raise two_owners(symbol, ["the first strategy", one.strategy.name])
    return [*symbols, *(symbol for one in others for symbol in one.symbols)]


def as_stored(others: Sequence[Assignment], symbols: Sequence[str]) -> tuple[Assignment, ...]:
    """Return the strategies with their symbols as they are stored, however they were written."""
    from dataclasses import replace

    from ballast.store.symbols import find_symbol

    return tuple(
        replace(
            one, symbols=tuple(find_symbol(name, symbols, where="--with") for name in one.symbols)
        )
        for one in others
    )
