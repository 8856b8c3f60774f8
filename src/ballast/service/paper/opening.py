"""Opening: the exchange, the account and the rules of a paper session."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import DataError, UserError
from ballast.core.hashing import value_hash
from ballast.core.instrument import Kind
from ballast.oms.protection.cover import Abilities
from ballast.research.assembly import assemble
from ballast.research.assignment import assigned
from ballast.research.run import check_series, legs_of
from ballast.runtime.shell.feeds import closed_bar
from ballast.service.sessions import certified, permissions_of, require_stop, rules_of
from ballast.venues.simulated.client import SimulatedClient
from ballast.venues.simulated.engine.exchange import Exchange
from ballast.venues.simulated.engine.liquidity import Ladder
from ballast.venues.simulated.engine.profile import BuyFee, Filters, Listing, VenueProfile
from ballast.venues.simulated.liquidity.candles import CandleReplay, CandleTicks
from ballast.venues.simulated.lossy import LossyClient

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ballast.core.bars import Bars
    from ballast.core.certificate import Certificate
    from ballast.core.instrument import Instrument
    from ballast.core.settings import Settings
    from ballast.research.assembly import Leg
    from ballast.research.assignment import Assignment
    from ballast.research.series import Series
    from ballast.runtime.node.desk import NodeRules
    from ballast.runtime.node.events import ClosedBar
    from ballast.strategies.plan import AnyStrategy

MS_NS = 1_000_000
PPM = 1_000_000
ACCOUNT = "paper"
LEVELS = 3
STEPS = 4
"""Points a leg of the path; between them the price stops where an order waits."""
LEVEL_SHARE = 4
"""Each level of the made-up book holds this multiple of the account's cash, shared by the levels:
depth is not what candles know, and an account that moves the market would learn nothing true."""
MAX_PRICE_FACTOR, MAX_QTY_FACTOR = 1_000, 10**6
GRID_SLACK = 1e-6


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the exchange of a session was made of; the journal keeps it, for it is made again."""

    venue: str
    symbols: tuple[str, ...]
    timeframe: str
    first_ms: int
    cash: float
    fault_rate: float
    seed: int
    history: str
    """Hash of the bars before the first that is traded: other candles are another session."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A paper session that stands and has not begun."""

    assignments: tuple[Assignment, ...]
    legs: tuple[Leg, ...]
    exchange: Exchange
    client: SimulatedClient
    rules: NodeRules
    bars: tuple[Bars, ...]
    first_ms: int
    """Open time of the first bar that is traded; those before are history."""
    recipe: Recipe

    @property
    def strategies(self) -> tuple[AnyStrategy, ...]:
        """The strategies, the first one first."""
        return tuple(one.strategy for one in self.assignments)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols, in declared order."""
        return tuple(one.symbol for one in self.bars)

    def history(self, now_ms: int) -> tuple[ClosedBar, ...]:
        """Return the bars that are over and not to be traded, in time order, as many as are kept.

        Those before the first that is traded; for a session that goes on under other settings, all
        until now.
        """
        most = self.rules.session.room // 2 if self.rules.session is not None else 0
        found: list[ClosedBar] = []
        for one in self.bars:
            closed_ms = max(now_ms, self.first_ms) - one.timeframe.ms
            last = int(np.searchsorted(one.ts, closed_ms, side="right"))
            found += [closed_bar(one, row) for row in range(max(last - most, 0), last)]
        return tuple(sorted(found, key=lambda bar: bar.open_ms))


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks of a paper session beside strategy and series."""

    params: Mapping[str, float]
    """Of the first strategy."""
    from_ms: int | None = None
    """Trade from this bar on; None: as soon as the strategy can."""
    fault_rate: float = 0.0
    seed: int = 0
    allow_bare: bool = False
    certificates: tuple[Certificate, ...] = ()
    """What may be traded, and how much of it; none: paper trades without."""
    own: Mapping[str, Settings] = field(default_factory=dict)
    """Settings of symbols that have their own."""
    others: tuple[Assignment, ...] = ()
    """Strategies beside the first, each on symbols of its own."""


def open_paper(
    strategy: AnyStrategy, series: Sequence[Series], settings: Settings, account: str, wish: Wish
) -> Opened:
    """Put a session together; raise `UserError` for one that cannot be."""
    bars = tuple(one.bars for one in series)
    check_series(series)
    wanted = assigned(strategy, [one.symbol for one in bars], wish.params, wish.others)
    proved = certified(wanted, wish.certificates)
    first, *others = assignments = tuple(one for one, _ in proved)
    legs = legs_of(
        first.strategy, series, first.params, settings, symbol_settings=wish.own, others=others
    )
    market = assemble(legs)
    require_stop(legs, market, allow_bare=wish.allow_bare)
    first_ms = _first(legs, bars, wish.from_ms)
    listings = [_listing(leg) for leg in legs]
    profile = VenueProfile(name="paper", buy_fee=BuyFee.QUOTE)
    cash = Decimal(str(settings.engine.initial_cash))
    exchange = Exchange(profile, listings, seed=wish.seed, start_ns=first_ms * MS_NS)
    for one, listing in zip(bars, listings, strict=True):
        exchange.attach(_replay(one, listing, first_ms, cash))
    number = exchange.open_account(account, {listings[0].quote: cash})
    client = (
        LossyClient(exchange, number, seed=wish.seed, rate=wish.fault_rate)
        if wish.fault_rate > 0.0
        else SimulatedClient(exchange, number)
    )
    has_positions = listings[0].kind is Kind.PERPETUAL
    abilities = Abilities(
        reduces_only=has_positions,
        amends_stops=has_positions,
        replaces=not has_positions,
        pairs=not has_positions,
        trails=has_positions,
    )
    rules = rules_of(legs, settings, account, client.digits(), abilities)
    symbols = tuple(one.symbol for one in bars)
    recipe = Recipe(
        bars[0].venue,
        symbols,
        str(bars[0].timeframe),
        first_ms,
        float(cash),
        wish.fault_rate,
        wish.seed,
        value_hash([_before(one, first_ms).fingerprint() for one in bars]),
    )
    rules = replace(
        rules, may_be_bare=wish.allow_bare, permissions=permissions_of(proved),
        has_source=False,  # stored candles know no news of today; `ballast announce` reaches them
    )  # fmt: skip
    return Opened(assignments, legs, exchange, client, rules, bars, first_ms, recipe)


def _before(bars: Bars, first_ms: int) -> Bars:
    return bars.period(None, first_ms)


def _first(legs: Sequence[Leg], bars: Sequence[Bars], from_ms: int | None) -> int:
    """Return the open time of the first bar that is traded."""
    soonest = max(
        int(one.ts[min(leg.plan.bars_needed, len(one) - 1)])
        for leg, one in zip(legs, bars, strict=True)
    )
    if from_ms is not None and from_ms < soonest:
        raise UserError(
            "trading cannot begin before the warm-up is over",
            where="--from",
            expected=f"at least {max(leg.plan.bars_needed for leg in legs)} stored bars before it",
        )
    first_ms = soonest if from_ms is None else from_ms
    if first_ms > min(int(one.ts[-1]) for one in bars):
        raise UserError("no bar is left to trade", fix="begin earlier, or store more candles")
    return first_ms


def _listing(leg: Leg) -> Listing:
    rules, costs = leg.series.rules, leg.settings.costs
    price = Decimal(repr(float(leg.series.bars.close[-1])))
    return Listing(
        leg.series.bars.symbol,
        rules.base,
        rules.quote,
        tick=rules.tick,
        lot=rules.lot,
        kind=rules.kind,
        filters=_filters(rules, price),
        maker_ppm=round(costs.maker * PPM),
        taker_ppm=round(costs.taker * PPM),
    )


def _filters(rules: Instrument, price: Decimal) -> Filters:
    most = (price * MAX_PRICE_FACTOR // rules.tick) * rules.tick
    return Filters(
        min_price=rules.tick,
        max_price=max(most, rules.tick),
        min_qty=rules.min_qty,
        max_qty=rules.lot * MAX_QTY_FACTOR * 1_000,
        market_max_qty=rules.max_qty,
        min_notional=rules.min_notional,
    )


def _replay(bars: Bars, listing: Listing, first_ms: int, cash: Decimal) -> CandleReplay:
    """Return what plays the bars from the first that is traded on."""
    start = int(np.searchsorted(bars.ts, first_ms))
    part = bars.slice(start, len(bars))
    columns = [_ticks(part, name, listing) for name in ("open", "high", "low", "close")]
    lots = [round(volume / float(listing.lot)) for volume in part.volume.tolist()]
    opens = [at_ms * MS_NS for at_ms in part.ts.tolist()]
    candles = [CandleTicks(*row) for row in zip(opens, *columns, lots, strict=True)]
    each = cash * LEVEL_SHARE / LEVELS / (listing.tick * columns[0][0]) / listing.lot
    ladder = Ladder(lots=max(int(each), 1), levels=LEVELS)
    return CandleReplay(
        bars.symbol, candles, bars.timeframe.ms * MS_NS, ladder, steps=STEPS, shift_ns=1, stops=True
    )


def _ticks(bars: Bars, name: str, listing: Listing) -> list[int]:
    """Return prices in ticks; raise `DataError` for those that lie on no tick."""
    exact = getattr(bars, name) / float(listing.tick)
    counts = np.round(exact)
    off = np.abs(exact - counts) > GRID_SLACK * np.maximum(1.0, counts * 1e-3)
    if off.any():
        raise DataError(
            f"{name} {getattr(bars, name)[off][0]!r} is no multiple of the tick {listing.tick}",
            where=bars.name,
            fix="store the instrument's rules: `ballast data rules`",
        )
    return [int(one) for one in counts]
