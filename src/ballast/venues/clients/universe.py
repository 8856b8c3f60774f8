"""Universe: which symbols of a venue are worth looking at, and why each other one is not. Pure.

    found = select(candidates, Rules(volume_min=Decimal(1_000_000), top=20), now_ms)
    found.chosen          the most traded first; equal ones by name
    found.left_out        every other one, with the rule that it failed and the number it failed by

A fact that the venue does not tell is no pass: the symbol is left out as `unknown`, and `unknown`
names it, so that whoever asked can find the fact and select again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ballast.core.time import DAY_MS
from ballast.venues.clients.market import plain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from ballast.venues.clients.account import DayTicker
    from ballast.venues.clients.market import Market

LEVERAGED = re.compile(r"^(?P<rest>[A-Z0-9]{3,})(UP|DOWN|BULL|BEAR|[2-9][LS])$")
"""A leveraged token: another asset of the venue, and what is done with it. JUP is none: there must
be three letters before it, and they must be listed."""
STABLES = frozenset(
    {"USDT", "USDC", "DAI", "TUSD", "FDUSD", "BUSD", "USDP", "USDD", "PYUSD", "GUSD", "LUSD"}
    | {"FRAX", "USDE", "USDS", "USD1", "RLUSD", "USDG", "USDQ", "USDR", "UST", "USTC", "USD0"}
    | {"XUSD", "BFUSD", "EURC", "EURI", "EURT", "EURR", "EURQ", "AEUR", "EURS", "USD", "EUR"}
    | {"GBP", "JPY", "TRY", "BRL", "ARS", "AUD", "CAD", "CHF", "MXN", "PLN", "RON", "CZK", "ZAR"}
    | {"UAH", "COP", "IDR"}
)
"""Coins of a currency, and currencies: their price moves by basis points, or with no coin."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One symbol and what is known of it."""

    market: Market
    ticker: DayTicker | None
    listed_ms: int | None = None
    spread_bps: Decimal | None = None
    market_cap: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What a symbol must be. 0, None and () ask for nothing."""

    top: int = 0
    volume_min: Decimal = Decimal(0)
    """In quote units, in 24 hours."""
    spread_max_bps: Decimal | None = None
    age_min_days: float = 0.0
    price_min: Decimal = Decimal(0)
    market_cap_min: Decimal = Decimal(0)
    only: tuple[str, ...] = ()
    """Patterns of symbols or base assets (`BTC*`): others are left out."""
    exclude: tuple[str, ...] = ()
    takes_leveraged: bool = False
    takes_stables: bool = False


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A symbol that is not chosen: the rule it failed, and by what."""

    symbol: str
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Universe:
    """What was chosen, the most traded first, and what was not, by name."""

    chosen: tuple[Candidate, ...]
    left_out: tuple[LeftOut, ...]
    unknown: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Symbols that might be chosen if more were known: `age`, `spread`."""


def select(
    candidates: Iterable[Candidate],
    rules: Rules,
    now_ms: int,
    assets: Collection[str] = (),
    closed: str = "",
) -> Universe:
    """Return the universe; `assets` are all of the venue, of which leveraged tokens are made.

    `closed` is why the venue takes no orders, '' where it does: then nothing is chosen.
    """
    known = frozenset(assets)
    chosen: list[Candidate] = []
    left: list[LeftOut] = []
    unknown: dict[str, frozenset[str]] = {}
    for one in sorted(candidates, key=_rank):
        symbol = one.market.symbol
        failed = next(_failures(one, rules, now_ms, known), None)
        if failed is None and closed:
            failed = ("maintenance", f"the venue is closed: {closed}")
        if failed is None and 0 < rules.top <= len(chosen):
            failed = ("rank", f"behind the first {rules.top} by volume")
        if failed is None:
            lacking = _lacking(one, rules)
            failed = next(_late_failures(one, rules, now_ms), None)
            if lacking and failed is None:
                unknown[symbol] = lacking
                what = " and ".join(sorted(lacking))
                failed = ("unknown", f"the venue does not tell its {what}")
        if failed is None:
            chosen.append(one)
        else:
            left.append(LeftOut(symbol, *failed))
    left.sort(key=lambda one: one.symbol)
    return Universe(tuple(chosen), tuple(left), unknown)


def _rank(one: Candidate) -> tuple[Decimal, str]:
    volume = one.ticker.volume_quote if one.ticker is not None else Decimal(0)
    return -volume, one.market.symbol


def is_leveraged(asset: str, assets: Collection[str]) -> bool:
    """Tell whether an asset is a leveraged token of another asset of the venue: BTC3L, ETHDOWN."""
    found = LEVERAGED.match(asset)
    return found is not None and found["rest"] in assets


def _failures(
    one: Candidate, rules: Rules, now_ms: int, assets: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Yield the rules that the market, its name and its day fail; the plainest first."""
    yield from _status(one.market, now_ms)
    yield from _names(one.market, rules, assets)
    ticker = one.ticker
    if ticker is None or ticker.last <= 0:
        yield "ticker", "the venue tells no price of the last 24 hours"
        return
    if ticker.volume_quote < rules.volume_min:
        told = f"{ticker.volume_quote:,.0f} {one.market.quote} in 24 h"
        yield "volume", f"{told}, under {rules.volume_min:,.0f}"
    if ticker.last < rules.price_min:
        yield "price", f"{plain(ticker.last)}, under {plain(rules.price_min)}"
    if rules.market_cap_min:
        if one.market_cap is None:
            yield "market_cap", f"{one.market.base} is not in the file"
        elif one.market_cap < rules.market_cap_min:
            yield "market_cap", f"{one.market_cap:,.0f}, under {rules.market_cap_min:,.0f}"


def _status(market: Market, now_ms: int) -> Iterator[tuple[str, str]]:
    if not market.is_trading:
        yield "status", f"does not trade: {market.status or 'no status'}"
    if market.delists_ms is not None:
        word = "is announced for" if market.delists_ms > now_ms else "was"
        yield "delisting", f"its delisting {word} {_day(market.delists_ms)}"


def _names(market: Market, rules: Rules, assets: Collection[str]) -> Iterator[tuple[str, str]]:
    names = (market.symbol, market.base)
    if rules.only and not _matching(names, rules.only):
        yield "only", f"fits none of {', '.join(rules.only)}"
    hit = _matching(names, rules.exclude)
    if hit:
        yield "exclude", f"fits {hit}"
    if not rules.takes_stables and market.base in STABLES:
        yield "stable", f"{market.base} is a currency or the coin of one"
    if not rules.takes_leveraged and is_leveraged(market.base, assets):
        yield "leveraged", f"{market.base} is a leveraged token"


def _late_failures(one: Candidate, rules: Rules, now_ms: int) -> Iterator[tuple[str, str]]:
    """Yield the rules about facts that may have to be asked for, symbol by symbol."""
    if rules.age_min_days and one.listed_ms is not None:
        days = (now_ms - one.listed_ms) / DAY_MS
        if days < rules.age_min_days:
            yield "age", f"{max(days, 0.0):.1f} days old, under {rules.age_min_days:g}"
    most, spread = rules.spread_max_bps, one.spread_bps
    if most is not None and spread is not None and spread > most:
        yield "spread", f"{spread:.2f} bps, over {plain(most)}"


def _lacking(one: Candidate, rules: Rules) -> frozenset[str]:
    found = set()
    if rules.age_min_days and one.listed_ms is None:
        found.add("age")
    if rules.spread_max_bps is not None and one.spread_bps is None:
        found.add("spread")
    return frozenset(found)


def _matching(names: Iterable[str], patterns: Iterable[str]) -> str:
    """Return the first pattern that a name fits whole, '' for none."""
    kept = tuple(names)
    return next((p for p in patterns if any(fnmatchcase(n, p.upper()) for n in kept)), "")


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1_000, UTC).strftime("%Y-%m-%d")
