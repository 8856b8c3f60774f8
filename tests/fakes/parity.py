"""Strategies on the same bars twice: by the compiled loop, and by a node on the exchange.

Both see a market without gaps (each bar opens where the one before closed: a resting limit order
fills at its own price on a venue, at the open in the loop) and a spread of a tick each way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.instrument import Instrument, Kind
from ballast.core.settings import Settings
from ballast.kernel.run import simulate
from ballast.oms.protection.cover import Abilities, Patience
from ballast.research.assembly import assemble
from ballast.research.run import legs_of
from ballast.research.series import Series
from ballast.risk.gate.checks import Limits
from ballast.risk.gate.facts import Permission
from ballast.risk.halt.modes import Command
from ballast.runtime.node.desk import NodeRules
from ballast.runtime.node.events import Alert, Commanded, Judged, Valued
from ballast.runtime.node.journalled import started
from ballast.runtime.shell.feeds import RecordedFeed
from ballast.runtime.shell.paper import Paper
from ballast.runtime.shell.shell import Shell
from ballast.service.sessions import session_of
from ballast.venues.simulated.client import SimulatedClient
from ballast.venues.simulated.engine.exchange import Exchange
from ballast.venues.simulated.engine.liquidity import Ladder
from ballast.venues.simulated.engine.profile import (
    BuyFee,
    Filters,
    Listing,
    VenueProfile,
    asset_digits,
)
from ballast.venues.simulated.liquidity.candles import CandleReplay, CandleTicks
from tests.fakes.memory_journal import Memory, MemoryJournal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ballast.core.bars import Bars
    from ballast.research.assignment import Assignment
    from ballast.strategies.plan import AnyStrategy

CASH = Decimal(100_000)
LOT = Decimal("0.0001")
PPM = 1_000_000
FOREVER = 10**19
DEEP = 10**9


@dataclass(frozen=True)
class Traded:
    """A fill, as both sides know it."""

    symbol: str
    side: int
    ticks: int
    lots: int
    fee: float
    is_maker: bool
    close_ms: int
    """The close of the bar it filled in."""


def bridged(bars: Bars, tick: Decimal) -> Bars:
    """Let every bar open where the one before closed; prices on the grid, volume enough."""
    grid = {
        name: np.round(getattr(bars, name) / float(tick))
        for name in ("open", "high", "low", "close")
    }
    grid["open"][1:] = grid["close"][:-1]
    grid["high"] = np.maximum.reduce([grid["open"], grid["high"], grid["close"]])
    grid["low"] = np.minimum.reduce([grid["open"], grid["low"], grid["close"]])
    num, den = tick.as_integer_ratio()
    prices = {name: column * num / den for name, column in grid.items()}
    volume = np.maximum(np.round(bars.volume, 3), 1.0)
    return replace(bars, **prices, volume=volume)


def settings_for(bars: Sequence[Bars], tick: Decimal) -> Settings:
    """Return settings of a market with a tick of spread each way and nothing else."""
    top = max(float(one.high.max()) for one in bars) / float(tick)
    base = Settings()
    costs = replace(
        base.costs, slip_fraction=0.3 / top, half_spread=0.0, slip_vol=0.0, slip_impact=0.0,
        slip_stop_multiple=1.0, participation=0.0, slip_book=False, latency_bars=0,
        maker=0.0002, taker=0.0005,
    )  # fmt: skip
    engine = replace(base.engine, intrabar="path", leverage=1.0)
    return replace(base, costs=costs, engine=engine)


class Parity:
    """One strategy, or several each on its own symbols, on one market, both ways."""

    def __init__(
        self,
        strategy: AnyStrategy,
        bars: Sequence[Bars],
        *,
        kind: Kind,
        tick: Decimal = Decimal("0.01"),
        params: Mapping[str, float] | None = None,
        settings: Settings | None = None,
        others: Sequence[Assignment] = (),
        pairs: bool = False,
    ) -> None:
        self.kind, self.tick, self.room, self.pairs = kind, tick, 0, pairs
        self.bars = [bridged(one, tick) for one in bars]
        self.settings = settings or settings_for(self.bars, tick)
        self.listings = [self.listing(one.symbol) for one in self.bars]
        rules = [
            Instrument(
                one.venue, one.symbol, listing.base, "USDT", kind, tick, LOT,
                min_qty=LOT, min_notional=Decimal(5), max_price=Decimal(1_000_000),
            )
            for one, listing in zip(self.bars, self.listings, strict=True)
        ]  # fmt: skip
        series = [Series(one, rule) for one, rule in zip(self.bars, rules, strict=True)]
        self.legs = legs_of(strategy, series, params, self.settings, others=others)
        self.strategy = strategy

    def listing(self, symbol: str) -> Listing:
        return Listing(
            symbol, symbol.removesuffix("USDT"), "USDT", self.tick, LOT, kind=self.kind,
            filters=Filters(
                max_price=Decimal(1_000_000), max_qty=Decimal(100_000), min_notional=Decimal(5)
            ),
            maker_ppm=round(self.settings.costs.maker * PPM),
            taker_ppm=round(self.settings.costs.taker * PPM),
        )  # fmt: skip

    # The loop -------------------------------------------------------------------------------

    def loop(self) -> tuple[list[Traded], Any]:
        market = assemble(self.legs)
        market.plan["size_in_quote"] = 0
        run = simulate(market, float(CASH), audit=True)
        spans = [one.timeframe.ms for one in self.bars]
        found = []
        for fill in run.fills:
            s, ticks = int(fill.symbol), round(float(fill.price) / float(self.tick))
            found.append(
                Traded(
                    self.bars[s].symbol, int(fill.side), ticks,
                    int(fill.lots), float(fill.fee), bool(fill.maker),
                    int(market.ts[fill.bar]) + spans[s],
                )
            )  # fmt: skip
        return found, run

    def rules(self, digits: Mapping[str, int] | None = None) -> NodeRules:
        """Return rules under which the gate refuses nothing that the loop does not."""
        known = digits or asset_digits(self.listings)
        span_ns = self.bars[0].timeframe.ms * 1_000_000
        session = session_of(self.legs, float(CASH), known, room=self.room)
        perpetual = self.kind is Kind.PERPETUAL
        return NodeRules(
            "paper", session.traders[0].strategy_hash,
            tuple(
                Permission(
                    trader.strategy_hash, is_passed=True, expires_ns=FOREVER,
                    symbols=tuple(
                        seat.symbol for seat in session.seats if seat.trader == place
                    ),
                    notional_max=1e12,
                )
                for place, trader in enumerate(session.traders)
            ),
            limits=Limits(
                slippage=1.0, same_side_ns=0, duplicate_ns=0, data_age_ns=10 * span_ns,
                moved_1m=1e9, moved_5m=1e9,
            ),
            abilities=Abilities(
                reduces_only=perpetual, amends_stops=perpetual, pairs=self.pairs
            ),
            drawdown_kill=1.0, cooldown_ns=0, position_max=10**12,
            patience=Patience(move_ns=0, move_ppm=0), may_be_bare=True, session=session,
        )  # fmt: skip

    # The node -------------------------------------------------------------------------------

    def node(self) -> tuple[list[Traded], Paper]:
        span_ns = self.bars[0].timeframe.ms * 1_000_000
        start_ns = min(int(one.ts[0]) for one in self.bars) * 1_000_000
        profile = VenueProfile(buy_fee=BuyFee.QUOTE, history_max=100_000)
        exchange = Exchange(profile, self.listings, start_ns=start_ns)
        account = exchange.open_account("paper", {"USDT": CASH})
        for one, listing in zip(self.bars, self.listings, strict=True):
            exchange.attach(
                CandleReplay(
                    one.symbol, candles(one, listing), span_ns,
                    Ladder(lots=DEEP, levels=1, spread_ticks=2), steps=1, shift_ns=1, stops=True,
                )
            )  # fmt: skip
        client = SimulatedClient(exchange, account)
        rules = self.rules(client.digits())
        self.memory = Memory()
        live, effects = started(rules, MemoryJournal(self.memory, "parity", start_ns), start_ns)
        self.judged: list[Judged] = []
        self.alerts: list[Alert] = []
        shell = Shell(live, client, lambda: exchange.now_ns, self.hear)
        shell.started(effects)
        shell.tell(Valued(client.equity_atoms("USDT"), start_ns))
        shell.tell(Commanded(Command.RESUME, "ann", "parity", start_ns))
        paper = Paper(client, shell, RecordedFeed(self.bars), [one.symbol for one in self.bars])
        paper.run(FOREVER)
        return self.traded(client), paper

    def hear(self, effect: object) -> None:
        if isinstance(effect, Judged):
            self.judged.append(effect)
        elif isinstance(effect, Alert):
            self.alerts.append(effect)

    def traded(self, client: SimulatedClient) -> list[Traded]:
        span_ms = self.bars[0].timeframe.ms
        scale = 10 ** client.digits()["USDT"]
        fills = [
            fill
            for listing in self.listings
            for fill in client.exchange.fills(client.account, listing.symbol, limit=10**6)
        ]
        fills.sort(key=lambda one: (one.at_ns, one.trade_id))
        return [
            Traded(
                one.symbol, int(one.side), one.price_ticks, one.qty_lots, one.fee_atoms / scale,
                one.is_maker, (one.at_ns // 1_000_000 // span_ms + 1) * span_ms,
            )
            for one in fills
        ]  # fmt: skip


def candles(bars: Bars, listing: Listing) -> list[CandleTicks]:
    """Return the bars in ticks and lots."""
    columns = [
        np.round(getattr(bars, name) / float(listing.tick)).astype(np.int64).tolist()
        for name in ("open", "high", "low", "close")
    ]
    lots = np.round(bars.volume / float(listing.lot)).astype(np.int64).tolist()
    opens = (bars.ts * 1_000_000).tolist()
    return [CandleTicks(*row) for row in zip(opens, *columns, lots, strict=True)]
