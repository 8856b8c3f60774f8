"""The symbols of a served venue: one, or several that are traded side by side from one account.

Each pair has agents of its own. What is replayed or heard has one pair: it cannot be several.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ballast.core.errors import UserError
from ballast.service.cli import venue_market
from ballast.service.cli.venue_fronts import front_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.service.cli.venue_market import Plan
    from ballast.venues.simulated.server.snapshot import Recipe

DEFAULT = "BTCUSDT"
SYMBOLS_MAX = 50
"""Agents of a pair take some three thousandths of a core; fifty leave most of it for clients."""


def symbols_of(given: str | Sequence[str] | None) -> tuple[str, tuple[str, ...]]:
    """Return the first of the symbols that were asked for, and the others."""
    first, *others = [given] if isinstance(given, str) else given or [DEFAULT]
    return first, tuple(others)


def plan_of(recipe: Recipe) -> Plan:
    """Return the market of a recipe; raise `UserError` for one that cannot be."""
    _check(recipe.symbols, recipe.market)
    plans = [
        venue_market.plan_of(
            recipe.market,
            offers=front_of(recipe.exchange).offers,
            symbol=symbol,
            tick=recipe.tick,
            lot=recipe.lot,
            seed=recipe.seed,
            period=recipe.period,
            among=recipe.symbols,
        )
        for symbol in recipe.symbols
    ]
    if len(plans) == 1:
        return plans[0]
    told = [f"{one}: {plan.words}" for one, plan in zip(recipe.symbols, plans, strict=True)]
    return replace(
        plans[0],
        markets=tuple(one for plan in plans for one in plan.markets),
        prices={asset: price for plan in plans for asset, price in plan.prices.items()},
        words="; ".join(told),
    )


def _check(symbols: Sequence[str], market: str) -> None:
    """Refuse symbols that cannot stand side by side."""
    if len(symbols) == 1:
        return
    if len(symbols) > SYMBOLS_MAX:
        raise UserError(
            f"{len(symbols)} symbols", where="--symbol", expected=f"{SYMBOLS_MAX} at most"
        )
    kind = market.partition(":")[0]
    if kind in venue_market.KINDS and kind != "synthetic":
        raise UserError(
            f"a market of {kind} has one pair",
            where="--symbol",
            fix="give one, or take a synthetic market",
        )
    pairs = [venue_market.pair_of(one) for one in symbols]
    for number, one in enumerate(pairs):
        if one in pairs[:number]:
            raise UserError(f"{one} is there twice", where="--symbol", fix="leave one out")
    quotes = sorted({venue_market.assets_of(one)[1] for one in symbols})
    if len(quotes) > 1:
        raise UserError(
            f"symbols in {' and '.join(quotes)}",
            where="--symbol",
            expected="one quote asset: the account is funded and sized in it",
        )
