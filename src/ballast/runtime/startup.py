"""Startup: what must be true of a venue, an account and its symbols before anything is traded.

Each finding is a line for people: what was looked at, what was found, and whether trading may
begin. What the venue does not say is a remark, not a pass. The account is set up on the way:
leverage, margin mode and one-way mode, as the settings want them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from ballast.core.errors import UserError
from ballast.core.orders import MarginMode, OrderKind, PositionMode
from ballast.core.time import format_ms
from ballast.runtime.maintenance import Planned
from ballast.venues.clients.calls import CallError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ballast.core.instrument import Instrument
    from ballast.oms.protection.cover import Abilities
    from ballast.runtime.shell.venue_facts import Timing
    from ballast.venues.clients.account import VenuePosition
    from ballast.venues.clients.desk import VenueDesk
    from ballast.venues.clients.market import Market

CLOCK_OFFSET_NS = 1_000_000_000
"""As the gate's: a venue clock further off would have every request refused (D4)."""
MS_NS = 1_000_000
MARGIN_KINDS = frozenset(
    {"margin", "cross_margin", "isolated_margin", "multi-currency", "portfolio"}
)
"""What venues call accounts in which an order of spot can borrow (`Grants.account_kind`)."""


class Mark(StrEnum):
    """What a finding means."""

    GOOD = "ok"
    REMARK = "remark"
    BAD = "refused"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    mark: Mark
    text: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How the account should be; leverage and margin mode matter for perpetuals only."""

    symbols: tuple[str, ...]
    abilities: Abilities
    rules: tuple[Instrument, ...] = ()
    """What the strategy's sizes are counted in; none: not compared."""
    leverage: Decimal = Decimal(1)
    margin_mode: MarginMode = MarginMode.CROSS
    ours: tuple[tuple[str, int | None], ...] = ()
    """Lots of each symbol that the journal says are ours; None: not compared."""
    planned: Planned = field(default_factory=Planned)
    now_ns: int = 0
    """What maintenance is counted from."""


class Probe:
    """Looks at one venue."""

    def __init__(self, desk: VenueDesk, wanted: Wanted, timing: Callable[[], Timing]) -> None:
        """Prepare to look; `desk` has its rules loaded."""
        self.findings: list[Finding] = []
        self._desk = desk
        self._wanted = wanted
        self._timing = timing

    async def run(self) -> list[Finding]:
        """Look at everything; return what was found, in order."""
        await self._open()
        self._clock()
        self._symbols()
        self._protection()
        await self._key()
        await self._debts()
        await self._settings()
        await self._holdings()
        return self.findings

    def _say(self, what: str, mark: Mark, text: str, fix: str = "") -> None:
        self.findings.append(Finding(what, mark, text, fix))

    async def _open(self) -> None:
        try:
            status = await self._desk.status()
        except CallError as error:
            self._say("venue", Mark.BAD, str(error), "try again when it answers")
            return
        status = self._wanted.planned.joined(status, self._wanted.now_ns)
        if status.is_open and status.closes_ms is not None:
            text = f"open; closes at {format_ms(status.closes_ms)} UTC ({status.text})"
            self._say("venue", Mark.REMARK, text, "nothing is opened from 15 minutes before")
        elif status.is_open:
            self._say("venue", Mark.GOOD, "open")
        else:
            self._say("venue", Mark.BAD, status.text or "closed", "wait for the maintenance's end")

    def _clock(self) -> None:
        timing = self._timing()
        if timing.offset_ns is None:
            self._say("clock", Mark.BAD, "not measured", "see whether the venue can be reached")
            return
        text = f"{timing.offset_ns / MS_NS:+.0f} ms"
        far = abs(timing.offset_ns) > CLOCK_OFFSET_NS
        fix = "requests use the venue's time; let NTP set this machine's clock" if far else ""
        self._say("clock", Mark.REMARK if far else Mark.GOOD, text, fix)

    def _symbols(self) -> None:
        for symbol in self._wanted.symbols:
            market = self._desk.markets.get(symbol)
            if market is None:
                self._say(symbol, Mark.BAD, f"{self._desk.venue} does not list it")
            elif not market.is_trading:
                self._say(symbol, Mark.BAD, f"not trading: {market.status}")
            else:
                self._say(symbol, Mark.GOOD, f"trading, tick {market.tick}, lot {market.lot}")
                self._delisting(market)
        for rules in self._wanted.rules:
            market = self._desk.markets.get(rules.symbol)
            if market is not None and (market.tick, market.lot) != (rules.tick, rules.lot):
                self._say(
                    rules.symbol,
                    Mark.BAD,
                    f"counted in tick {rules.tick}, lot {rules.lot}; the venue has "
                    f"{market.tick}, {market.lot}",
                    "end the session flat and begin a new account's journal",
                )

    def _delisting(self, market: Market) -> None:
        """Remark, not refuse: a position that is held must be watched to its end (R-EXCH-15)."""
        if market.delists_ms is not None:
            day = datetime.fromtimestamp(market.delists_ms / 1_000, UTC).date()
            text = f"the venue takes it off its list on {day}"
            self._say(market.symbol, Mark.REMARK, text, "be flat in it before that day")

    def _protection(self) -> None:
        """Refuse a venue or symbol where a position cannot have a stop that rests there."""
        able = self._wanted.abilities
        stop = OrderKind.STOP_MARKET if able.stops_at_market else OrderKind.STOP_LIMIT
        for market in self._known():
            if stop not in market.kinds:
                self._say(
                    market.symbol, Mark.BAD, f"takes no {stop} order: a position would be bare"
                )
                continue
            how = "reduce-only" if able.reduces_only else "holds the coins"
            moves = (
                "amended in place"
                if able.amends_stops
                else "replaced in one request"
                if able.replaces
                else "placed anew, then the old one cancelled"
                if able.holds_two
                else "cancelled, then placed anew"
            )
            self._say(market.symbol, Mark.GOOD, f"protected by {stop}, {how}, {moves}")

    def _known(self) -> Iterable[Market]:
        found = (self._desk.markets.get(one) for one in self._wanted.symbols)
        return [one for one in found if one is not None]

    async def _key(self) -> None:
        try:
            grants = await self._desk.grants()
        except CallError as error:
            self._say("key", Mark.BAD, str(error), "`ballast keys` and the venue's page of keys")
            return
        if not grants.can_read or grants.can_trade is False:
            self._say("key", Mark.BAD, "may not trade", "allow reading and trading, nothing else")
        elif grants.can_withdraw:
            self._say("key", Mark.BAD, "may withdraw", "make a key without that right")
        elif grants.can_withdraw is None:
            self._say(
                "key", Mark.REMARK, "the venue does not say whether it may withdraw", "look there"
            )
        else:
            self._say("key", Mark.GOOD, "may trade, may not withdraw")
        if grants.is_ip_bound is False:
            self._say("key", Mark.REMARK, "works from any address", "bind it to this machine's")
        if grants.position_mode is not PositionMode.ONE_WAY and self._is_perpetual():
            self._say("account", Mark.BAD, "is in hedge mode", "set one-way mode at the venue")

        if grants.account_kind in MARGIN_KINDS and not self._is_perpetual():
            self._say(
                "account",
                Mark.BAD,
                f"of margin ({grants.account_kind}): a purchase may borrow",
                "use an account or a sub-account that trades spot alone",
            )

    async def _debts(self) -> None:
        """Refuse an account that owes something: what it is worth is not all its own (R-RISK-14).

        Not one that holds a position of ours: that must be looked after, debt or not.
        """
        try:
            balances = await self._desk.balances()
        except CallError as error:
            self._say("balances", Mark.BAD, str(error))
            return
        holds = any(lots for _, lots in self._wanted.ours)
        for one in balances:
            if one.total < 0:
                mark = Mark.REMARK if holds else Mark.BAD
                text = f"owes {-one.total} {one.asset}"
                self._say("account", mark, text, "repay it, or use another account")

    def _is_perpetual(self) -> bool:
        return any(one.is_perpetual for one in self._known())

    async def _settings(self) -> None:
        wanted = self._wanted
        for market in self._known():
            if not market.is_perpetual:
                continue
            try:
                await self._desk.set_up(market.symbol, wanted.leverage, wanted.margin_mode)
                setting = await self._desk.setting(market.symbol)
            except CallError as error:
                fix = "a position keeps its own: say them by engine.margin and engine.leverage"
                self._say(market.symbol, Mark.BAD, f"leverage or margin mode: {error}", fix)
                continue
            if setting is None:
                continue
            is_set = (setting.leverage, setting.margin_mode) == (
                wanted.leverage,
                wanted.margin_mode,
            )
            text = f"leverage {setting.leverage}, {setting.margin_mode}"
            self._say(market.symbol, Mark.GOOD if is_set else Mark.BAD, text)

    async def _holdings(self) -> None:
        """Compare what is held with the journal; what is not ours is never touched (R-RECON)."""
        try:
            held = await self._desk.positions(self._wanted.symbols)
        except CallError as error:
            self._say("positions", Mark.BAD, str(error))
            return
        ours = dict(self._wanted.ours)
        for one in held:
            lots = ours.get(one.symbol, 0)
            if lots is not None:
                self._compare(one, lots)

    def _compare(self, held: VenuePosition, ours: int) -> None:
        """Compare one symbol. Coins of a person are left alone; a perpetual has one position."""
        market = self._desk.markets[held.symbol]
        strange = held.lots - ours
        if strange == 0:
            self._say(held.symbol, Mark.GOOD, f"holds what the journal says: {ours} lots")
            return
        qty = market.qty_text(abs(strange))
        is_coins = not market.is_perpetual and strange > 0
        self._say(
            held.symbol,
            Mark.REMARK if is_coins else Mark.BAD,
            f"{qty} {'more' if strange > 0 else 'less'} than the journal knows of",
            "they are left alone"
            if is_coins
            else "`ballast adopt` takes it over; or close it by hand",
        )


def require(findings: Sequence[Finding]) -> None:
    """Raise `UserError` for the first finding that forbids trading."""
    for one in findings:
        if one.mark is Mark.BAD:
            raise UserError(f"{one.what}: {one.text}", where="start-up", fix=one.fix)
