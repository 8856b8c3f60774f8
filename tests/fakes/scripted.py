"""A strategy that does what is drawn, by the compiled loop and by a node that can be stopped.

    TABLE = Scripted(["100 100 100 100 L", "100 100 94 94", "94 94 94 94"], stop=percent_stop(0.05))
    TABLE.loop()                     # fills and run of the loop
    TABLE.play(1); TABLE.restart()   # the node after bar 1 has closed, from its journal

Letters as in `market.py`: L and S enter, l and s leave; `c=0.7` after L or S is its confidence,
for a strategy with `confidence=CONFIDENCE`. B asks for both sides. Each bar opens where the one
before closed. Everything is as in the default settings, but for `risk.reward_risk`, and costs of a
tick each way and a small fee.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.bars import Bars
from ballast.core.instrument import Kind
from ballast.core.orders import OrderStatus
from ballast.core.reasons import Exit, Refusal
from ballast.core.time import Timeframe
from ballast.risk.halt.modes import Command
from ballast.runtime.node.events import Alert, Commanded, Event, Judged, Learned, Valued
from ballast.runtime.node.journalled import started
from ballast.runtime.shell.feeds import RecordedFeed, closed_bar
from ballast.runtime.shell.paper import Paper
from ballast.runtime.shell.shell import Shell
from ballast.service.sessions import rules_of
from ballast.strategies import close, strategy, volume, where
from ballast.strategies.plan import BARS_MIN
from ballast.venues.simulated.client import SimulatedClient
from ballast.venues.simulated.engine.exchange import Exchange
from ballast.venues.simulated.engine.liquidity import Ladder
from ballast.venues.simulated.engine.profile import BuyFee, VenueProfile
from ballast.venues.simulated.liquidity.candles import CandleReplay
from tests.fakes.memory_journal import Memory, MemoryJournal
from tests.fakes.parity import CASH, DEEP, Parity, candles, settings_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.core.orders import Fill
    from ballast.core.reports import OrderReport
    from ballast.runtime.node.node import Node
    from ballast.strategies.definition import Strategy

START_MS = 1_609_459_200_000
"""2021-01-01 00:00."""
PLAIN = 1_000.0
CODES = {"": 0, "L": 1, "l": 2, "S": 3, "s": 4, "B": 5}
MS_NS = 1_000_000
ROOM = 256
"""Bars the node keeps: it evaluates them all at every close, and the strategy needs the last."""
TICK = Decimal("0.01")
NAMES = ("AAAUSDT", "BBBUSDT", "CCCUSDT", "DDDUSDT")


CONFIDENCE = (volume - where(volume >= PLAIN + 3, PLAIN + 3, PLAIN + 1)) / 0.9
"""What `c=0.7` behind an L or an S says."""


def told_by_volume(**rules: Any) -> Strategy:
    """Return the strategy that reads its signals off the volume; its ATR is 2 % of the price."""

    def says(letter: str) -> Any:
        level = PLAIN + CODES[letter]
        return (volume > level - 0.05) & (volume < level + 0.95)

    return strategy(
        "scripted", enter_long=says("L") | says("B"), exit_long=says("l"),
        enter_short=says("S") | says("B"), exit_short=says("s"), atr=close * 0.02, **rules,
    )  # fmt: skip


def drawn(rows: Sequence[str], symbol: str, frame: Timeframe) -> Bars:
    """Return rows of `open high low close [letter]` as bars; quiet ones fill up to the minimum."""
    last = rows[-1].split()[3]
    words = [one.split() for one in [*rows, *[" ".join([last] * 4)] * (BARS_MIN - len(rows))]]
    prices = np.array([[float(price) for price in one[:4]] for one in words])
    volumes = np.array([PLAIN + sum(_code(word) for word in one[4:]) for one in words])
    columns = dict(zip(("open", "high", "low", "close"), prices.T, strict=True))
    stamps = START_MS + np.arange(len(words)) * frame.ms
    return Bars.of("SIM", symbol, frame, stamps, columns | {"volume": volumes})


def _code(word: str) -> float:
    return 0.9 * float(word[2:]) if word.startswith("c=") else float(CODES[word])


class Scripted(Parity):
    """One table of rows a symbol, by both engines."""

    def __init__(
        self, *tables: Sequence[str], frame: str = "1h", kind: Kind = Kind.PERPETUAL,
        risk: dict[str, Any] | None = None, engine: dict[str, Any] | None = None,
        costs: dict[str, Any] | None = None, permitted: bool = True, **rules: Any,
    ) -> None:  # fmt: skip
        timeframe = Timeframe.parse(frame)
        bars = [drawn(one, name, timeframe) for one, name in zip(tables, NAMES, strict=False)]
        base = settings_for(bars, TICK)
        changed = replace(
            base, risk=replace(base.risk, **{"reward_risk": 0.0, **(risk or {})}),
            engine=replace(base.engine, initial_cash=float(CASH), **(engine or {})),
            costs=replace(base.costs, **(costs or {})),
        )  # fmt: skip
        super().__init__(told_by_volume(**rules), bars, kind=kind, settings=changed)
        self.span_ns = timeframe.ms * MS_NS
        self.memory = Memory()
        self.starts = 0
        self.told: list[tuple[int, Judged | Alert]] = []
        self.exchange = self._exchange()
        self.client = SimulatedClient(
            self.exchange, self.exchange.open_account("paper", {"USDT": CASH})
        )
        self.feed = RecordedFeed(self.bars)
        self.rules_of_node = self._rules(permitted=permitted)
        self.restart()
        self.tell(Valued(self.client.equity_atoms("USDT"), self.now_ns))
        self.command(Command.RESUME)

    def _exchange(self) -> Exchange:
        profile = VenueProfile(buy_fee=BuyFee.QUOTE, history_max=100_000)
        exchange = Exchange(profile, self.listings, start_ns=START_MS * MS_NS)
        for one, listing in zip(self.bars, self.listings, strict=True):
            ladder = Ladder(lots=DEEP, levels=1, spread_ticks=2)
            exchange.attach(
                CandleReplay(
                    one.symbol,
                    candles(one, listing),
                    self.span_ns,
                    ladder,
                    steps=1,
                    shift_ns=1,
                    stops=True,
                )
            )
        return exchange

    def _rules(self, *, permitted: bool) -> Any:
        digits = self.client.digits()
        plain = self.rules(digits)
        made = rules_of(self.legs, self.settings, "paper", digits, plain.abilities)
        limits = replace(made.limits, data_age_ns=10 * self.span_ns, slippage=1.0)
        assert made.session is not None
        return replace(
            made, limits=limits, permissions=plain.permissions if permitted else (),
            position_max=10**12, session=replace(made.session, room=ROOM),
        )  # fmt: skip

    # The node -------------------------------------------------------------------------------

    @property
    def now_ns(self) -> int:
        return self.exchange.now_ns

    @property
    def node(self) -> Node:  # type: ignore[override]
        return self.shell.node

    def restart(self) -> None:
        """Begin a process: all it knows is the journal and what the venue says."""
        self.starts += 1
        journal = MemoryJournal(self.memory, f"run-{self.starts}", self.now_ns)
        live, effects = started(self.rules_of_node, journal, self.now_ns)
        self.shell = Shell(live, self.client, lambda: self.exchange.now_ns, self.hear)
        self.paper = Paper(self.client, self.shell, self.feed, [one.symbol for one in self.bars])
        self.shell.started(effects)

    def play(self, bar: int) -> Scripted:
        """Let time pass until the bar in this place has closed and was decided."""
        self.paper.run(self.close_ns(bar))
        return self

    def finish(self) -> Scripted:
        """Let all bars close."""
        return self.play(len(self.bars[0]) - 1)

    def sleep(self, bar: int) -> None:
        """Let time pass until a bar has closed with no process; start then, as a process does."""
        first = self.place_of(self.now_ns)
        self.exchange.advance(self.close_ns(bar))
        self.exchange.drain()
        self.feed.skip_to(self.close_ns(bar))
        self.restart()
        missed = [closed_bar(one, row) for row in range(first, bar + 1) for one in self.bars]
        self.tell(Learned(tuple(missed), self.now_ns))

    def tell(self, event: Event) -> None:
        self.shell.tell(event)
        self.paper.bring()

    def command(self, order: Command) -> None:
        self.tell(Commanded(order, "ann", "as drawn", self.now_ns))

    def hear(self, effect: object) -> None:
        if isinstance(effect, Judged | Alert):
            self.told.append((self.place_of(self.now_ns) - 1, effect))

    # What came of it ------------------------------------------------------------------------

    def close_ns(self, bar: int) -> int:
        return START_MS * MS_NS + (bar + 1) * self.span_ns

    def place_of(self, at_ns: int) -> int:
        """Return the place of the bar that a time is in."""
        return (at_ns - START_MS * MS_NS) // self.span_ns

    def fills(self, symbol: str = NAMES[0]) -> list[Fill]:
        return list(self.client.trades(symbol))

    def entered(self) -> list[int]:
        """Return the bars on whose close an entry of the node was approved."""
        return [bar for bar, one in self.told if isinstance(one, Judged) and not one.reasons]

    def refused(self) -> list[tuple[int, str]]:
        """Return (bar, first words of the reasons) of each entry of the node that was refused."""
        return [
            (bar, "; ".join(line.split(",")[0] for line in one.reasons))
            for bar, one in self.told
            if isinstance(one, Judged) and one.reasons
        ]

    def alerts(self) -> list[str]:
        return [one.text for _, one in self.told if isinstance(one, Alert)]

    def stops(self, symbol: str = NAMES[0]) -> list[OrderReport]:
        """Return the stops that rest at the venue."""
        return [
            one for one in self.client.open_orders()
            if one.symbol == symbol and one.status is OrderStatus.UNTRIGGERED
        ]  # fmt: skip

    def of_loop(self) -> tuple[list[int], list[tuple[int, str]]]:
        """Return the bars on whose close the loop entered, and (bar, reason) of what it refused."""
        _, run = self.loop()
        entries = [
            int(one.bar) % len(self.bars[0]) - 1
            for one in run.fills
            if Exit(one.reason) is Exit.ENTRY
        ]
        refused = [
            (int(one.bar) % len(self.bars[0]), Refusal(one.reason).name.lower())
            for one in run.refused
        ]
        return entries, refused
