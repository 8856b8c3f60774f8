"""Universe: symbols of a session chosen by rules at its start, and looked at again while it runs.

    --universe "quote=USDT top=5 volume-min=5e6 spread-max=5 exclude=DOGE"

A session keeps the symbols it began with: a strategy, its limits and its journal are about those.
So while something is held or rests, a start goes on with the symbols of the last one. Flat, it
chooses anew. While it runs the rules are asked about once an hour: a symbol that fails them opens
nothing more, and what is held of it is watched to its end; one that passes again may. Symbols that
would be new are told: they are taken at the next start that finds nothing open.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from ballast.core.errors import UserError, suggest
from ballast.runtime.node.events import Alert
from ballast.venues.clients.survey import survey
from ballast.venues.clients.universe import Rules

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Sequence

    from ballast.core.ports import Clock
    from ballast.runtime.node.node import Node
    from ballast.runtime.shell.live import Live
    from ballast.runtime.wiring import Line
    from ballast.venues.clients.universe import Universe

MS_NS = 1_000_000
REFRESH_S = 3_600.0
"""Between two looks: volume is of 24 hours, and age of days."""
TOP_MOST = 50
"""Symbols of one session: each is asked about at every close."""
NOTHING = "-"
"""A pattern that no symbol fits."""
WORDS = ("quote", "top", "volume-min", "spread-max", "price-min", "age-min", "only", "exclude")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A quote asset and what its symbols must be."""

    quote: str
    rules: Rules


def wanted_of(text: str) -> Wanted:
    """Read `name=value` pairs, names as those of `ballast universe`; raise `UserError`.

    `only` and `exclude` take several, with commas between. `top` must be said.
    """
    said: dict[str, str] = {}
    for pair in text.split():
        name, is_pair, value = pair.partition("=")
        if name not in WORDS or not is_pair or not value or name in said:
            raise UserError(
                f"'{pair}' is no rule of a universe",
                where="--universe",
                expected="name=value, each name once: " + ", ".join(WORDS),
                fix=suggest(name, WORDS),
            )
        said[name] = value
    top = _number("top", said.get("top", ""))
    if top != int(top) or not 1 <= top <= TOP_MOST:
        raise UserError(f"top={top}", where="--universe", expected=f"top=1 to top={TOP_MOST}")
    spread = said.get("spread-max")
    rules = Rules(
        top=int(top),
        volume_min=_number("volume-min", said.get("volume-min", "0")),
        spread_max_bps=_number("spread-max", spread) if spread else None,
        age_min_days=float(_number("age-min", said.get("age-min", "0"))),
        price_min=_number("price-min", said.get("price-min", "0")),
        only=_names(said.get("only", "")),
        exclude=_names(said.get("exclude", "")),
    )
    return Wanted(said.get("quote", "USDT").upper(), rules)


def kept_of(node: Node | None, *, is_bound: bool = False) -> tuple[str, ...]:
    """Return the symbols of the last session where a start must go on with them; () if it need not.

    It must while something is held or rests, and where the account itself `is_bound` to them.
    """
    session = node.rules.session if node is not None else None
    if node is None or session is None:
        return ()
    is_open = bool(node.book.holdings()) or any(node.book.open_orders())
    return tuple(one.symbol for one in session.seats) if is_open or is_bound else ()


async def chosen(line: Line, wanted: Wanted, among: Collection[str] | None = None) -> list[str]:
    """Return what passes now, the most traded first; raise `UserError`, `CallError`.

    `among`: only of these, as a certificate names them; the rank counts after that.
    """
    rules = wanted.rules
    if among is not None:
        rules = replace(rules, only=_within(line, rules.only, among) or (NOTHING,))
    found = await survey(line.desk, wanted.quote, rules, line.now_ns() // MS_NS)
    symbols = [one.market.symbol for one in found.universe.chosen]
    if not symbols:
        why = found.universe.left_out[0].reason if found.universe.left_out else "none is listed"
        raise UserError(
            f"no symbol of {line.name} passes", where="--universe", fix=f"for example: {why}"
        )
    return symbols


def _within(line: Line, only: Sequence[str], among: Collection[str]) -> tuple[str, ...]:
    """Return those of some symbols that fit one of the patterns, all where there are none."""
    markets = line.desk.markets
    names = {one: (one, markets[one].base) for one in among if one in markets}
    return tuple(
        symbol
        for symbol, both in names.items()
        if not only or any(fnmatchcase(name, one) for name in both for one in only)
    )


@dataclass(slots=True)
class UniverseWatch:
    """Looks at the rules again while a session runs."""

    wanted: Wanted
    every_s: float = REFRESH_S
    out: dict[str, str] = field(default_factory=dict)
    """Symbols of the session that fail the rules now, and why."""
    told: set[str] = field(default_factory=set)
    """Symbols that would be new, as far as they were told."""

    async def run(self, live: Live, clock: Clock) -> None:
        """Look again and again until cancelled."""
        while True:
            await clock.sleep(self.every_s)
            await self.look(live)

    async def look(self, live: Live) -> None:
        """Look once; where the venue does not answer everything stays as it is."""
        now_ms = live.now_ns // MS_NS
        quote, rules = self.wanted.quote, self.wanted.rules
        found = await live.ask(lambda: survey(live.desk, quote, rules, now_ms))
        if found is not None:
            self.take(live, found.universe)

    def take(self, live: Live, universe: Universe) -> None:
        """Let what failed open nothing more, and what passes again open; tell what changed."""
        passed = [one.market.symbol for one in universe.chosen]
        reasons = {one.symbol: one.reason for one in universe.left_out}
        for symbol in live.symbols:
            was_out = symbol in self.out
            live.facts.of(symbol).is_left_out = symbol not in passed
            if symbol in passed and was_out:
                del self.out[symbol]
                live.shell.hear(Alert(symbol, "passes the universe's rules again"))
            elif symbol not in passed:
                why = reasons.get(symbol, "not listed")
                self.out[symbol] = why
                if not was_out:
                    text = f"fails the universe's rules: {why}; nothing is opened"
                    live.shell.hear(Alert(symbol, text))
        new = [one for one in passed if one not in live.symbols and one not in self.told]
        if new:
            self.told |= set(new)
            text = f"new in the universe: {', '.join(new)}; taken at the next start that is flat"
            live.shell.hear(Alert("", text))


def watching(
    wanted: Wanted | None, line: Line
) -> Callable[[Live], Sequence[Coroutine[Any, Any, None]]]:
    """Return what must go on beside a session: the look at its rules, where it has some."""
    if wanted is None:
        return lambda _: ()
    watch = UniverseWatch(wanted)
    return lambda live: (watch.run(live, line.clock),)


def _number(name: str, text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal(-1)
    if not found.is_finite() or found < 0:
        raise UserError(f"'{name}={text}'", where="--universe", expected="a number from 0 on")
    return found


def _names(text: str) -> tuple[str, ...]:
    return tuple(one.strip().upper() for one in text.split(",") if one.strip())
