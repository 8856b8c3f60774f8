"""Opening: the series of a venue as it is now, and the rules of a live session."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.bars import Bars
from ballast.core.errors import DataError, UserError
from ballast.core.instrument import FeeRate, Instrument
from ballast.core.maintenance import ANY, windows_of
from ballast.research.assembly import assemble
from ballast.research.assignment import assigned
from ballast.research.run import legs_of
from ballast.research.series import Series
from ballast.risk.halt.breaker import BreakerRules
from ballast.runtime.maintenance import Planned
from ballast.runtime.shell.closing import LiveBars
from ballast.runtime.shell.live import Rhythm
from ballast.service.live.first_compile import compiled
from ballast.service.sessions import certified, permissions_of, require_stop, rules_of
from ballast.venues.clients.market import FEE_DIGITS
from ballast.venues.clients.venues import VENUES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ballast.core.certificate import Certificate
    from ballast.core.settings import Settings
    from ballast.core.time import Timeframe
    from ballast.oms.protection.cover import Abilities
    from ballast.research.assembly import Leg
    from ballast.research.assignment import Assignment
    from ballast.runtime.node.desk import NodeRules
    from ballast.runtime.node.events import ClosedBar
    from ballast.runtime.wiring import Line
    from ballast.strategies.plan import AnyStrategy
    from ballast.venues.clients.market import Market

MS_NS = 1_000_000
MS_S = 1_000.0
FIRST_BARS = 1_500
"""Bars asked for to begin with; a strategy that needs more is given more."""
SPARE_WARMUPS = 4


@dataclass(frozen=True, slots=True)
class LiveWish:
    """What a person asks of a live session beside strategy, venue and symbols."""

    params: Mapping[str, float]
    """Of the first strategy."""
    certificates: tuple[Certificate, ...] = ()
    """What was proved of each; none only on paper and in rehearsals."""
    allow_bare: bool = False
    own: Mapping[str, Settings] = field(default_factory=dict)
    """Settings of symbols that have their own."""
    others: tuple[Assignment, ...] = ()
    """Strategies beside the first, each on symbols of its own."""


@dataclass(frozen=True, slots=True)
class OpenedLive:
    """A live session that stands and has not begun."""

    assignments: tuple[Assignment, ...]
    legs: tuple[Leg, ...]
    rules: NodeRules
    symbols: tuple[str, ...]
    timeframe: Timeframe
    cash: float
    """What is sized by at the start, in quote units."""
    instruments: tuple[Instrument, ...]
    breaker: BreakerRules
    rhythm: Rhythm
    ack_ms: float
    """From a decision to the venue's word, of which a person is not told."""
    planned: Planned
    """Maintenance that a person knows of."""

    @property
    def strategies(self) -> tuple[AnyStrategy, ...]:
        """The strategies, the first one first."""
        return tuple(one.strategy for one in self.assignments)


async def open_live(
    line: Line,
    strategy: AnyStrategy,
    symbols: Sequence[str],
    timeframe: Timeframe,
    settings: Settings,
    account: str,
    wish: LiveWish,
) -> OpenedLive:
    """Ask the venue for candles and rules, and put a session together; `symbols` are those of all.

    Raise `UserError` for one that cannot be, `CallError` where the venue does not answer.
    """
    proved = certified(assigned(strategy, symbols, wish.params, wish.others), wish.certificates)
    assignments = tuple(one for one, _ in proved)
    unknown = [one for one in symbols if one not in line.desk.markets]
    if unknown:
        raise UserError(f"{line.name} does not list {', '.join(unknown)}", where="--symbol")
    series = await _series(line, symbols, timeframe, FIRST_BARS)
    legs = _legs(series, assignments, settings, wish)
    needed = max(leg.plan.bars_needed for leg in legs) * SPARE_WARMUPS
    if needed > FIRST_BARS:
        series = await _series(line, symbols, timeframe, needed)
        legs = _legs(series, assignments, settings, wish)
    for leg in legs:
        plan, bars = leg.plan, leg.series.bars
        if len(bars) < plan.bars_needed:
            raise DataError(
                f"{len(bars)} bars at the venue",
                where=bars.name,
                expected=f"the {plan.bars_needed} that {plan.strategy.name} needs",
                fix="take a shorter timeframe, or a symbol that is listed for longer",
            )
    require_stop(legs, assemble(legs), allow_bare=wish.allow_bare)
    digits = {asset: FEE_DIGITS for one in series for asset in (one.rules.base, one.rules.quote)}
    rules = rules_of(legs, settings, account, digits, abilities_at(line, symbols))
    rules = replace(rules, may_be_bare=wish.allow_bare, permissions=permissions_of(proved))
    if rules.session is not None:
        await compiled(rules.session)  # now, and not when the first fill wants its stop
    instruments = tuple(one.rules for one in series)
    cash = settings.engine.initial_cash
    network = settings.network
    breaker = BreakerRules(
        network.breaker_failures, network.breaker_open_ms * MS_NS, network.breaker_history
    )
    return OpenedLive(
        assignments, tuple(legs), rules, tuple(symbols), timeframe, cash, instruments, breaker,
        Rhythm(cycle_s=settings.gate.cycle_ms / MS_S), float(settings.orders.ack_alarm_ms),
        planned_at(line.name, settings),
    )  # fmt: skip


def planned_at(name: str, settings: Settings) -> Planned:
    """Return the windows of maintenance of a venue; raise `UserError` for a venue nobody knows."""
    where = "network.maintenance"
    windows = windows_of(settings.network.maintenance, where)
    for one in windows:
        if one.venue != ANY and one.venue not in VENUES:
            raise UserError(
                f"no venue is called {one.venue}", where=where, expected=", ".join(sorted(VENUES))
            )
    return Planned(windows, name.upper())


def _legs(
    series: Sequence[Series],
    assignments: Sequence[Assignment],
    settings: Settings,
    wish: LiveWish,
) -> tuple[Leg, ...]:
    first, *others = assignments
    return legs_of(
        first.strategy, series, first.params, settings, symbol_settings=wish.own, others=others
    )


def abilities_at(line: Line, symbols: Sequence[str]) -> Abilities:
    """Return how stops are placed and moved for these symbols: what all of them can."""
    each = [line.venue.abilities(line.desk.markets[one]) for one in symbols]
    return replace(
        each[0],
        stops_at_market=all(one.stops_at_market for one in each),
        pairs=all(one.pairs for one in each),
        trails=all(one.trails for one in each),
    )


async def _series(
    line: Line, symbols: Sequence[str], timeframe: Timeframe, count: int
) -> tuple[Series, ...]:
    found = []
    bars = LiveBars(line.desk, symbols, timeframe, line.clock, line.sure_ns)
    for symbol in symbols:
        market = line.desk.markets[symbol]
        rows = await bars.history(symbol, count)
        maker, taker = await line.desk.fees(symbol)
        rules = instrument_of(line.name, market, float(maker), float(taker))
        found.append(Series(bars_of(line.name, symbol, timeframe, rows), rules))
    return tuple(found)


def bars_of(venue: str, symbol: str, timeframe: Timeframe, rows: Sequence[ClosedBar]) -> Bars:
    """Return bars as columns."""
    table = np.array([one.prices for one in rows], np.float64).reshape(-1, 5)
    names = ("open", "high", "low", "close", "volume")
    columns = {name: table[:, place].copy() for place, name in enumerate(names)}
    stamps = np.array([one.open_ms for one in rows], np.int64)
    return Bars.of(venue, symbol, timeframe, stamps, columns)


def instrument_of(venue: str, market: Market, maker: float, taker: float) -> Instrument:
    """Return the rules of a symbol as research reads them."""
    return Instrument(
        venue,
        market.symbol,
        market.base,
        market.quote,
        market.kind,
        market.tick,
        market.lot,
        market.min_qty,
        market.market_max_qty or market.max_qty,
        market.min_notional,
        max_price=market.max_price or Decimal(10_000_000),
        listed_ms=market.listed_ms,
        fees=(FeeRate(0, maker, taker),),
    )
