"""Paper sessions in memory, killed anywhere and started again."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.instrument import Instrument, Kind
from ballast.core.settings import Settings
from ballast.research.series import Series
from ballast.research.synthetic import synthetic_market
from ballast.service.paper.opening import Opened, Wish, open_paper
from ballast.service.paper.running import Running
from ballast.strategies.catalog import load
from tests.fakes.memory_journal import Memory, MemoryJournal

if TYPE_CHECKING:
    from ballast.core.bars import Bars
    from ballast.strategies.plan import AnyStrategy

SEED = 5


class DiesError(Exception):
    """The process is gone."""


def market(count: int = 400) -> tuple[Bars, Instrument]:
    """Return bars of a synthetic market and their rules."""
    made = synthetic_market(SEED, timeframe="1h", n_bars=count)
    return made.bars[0], made.instruments[0]


def opened(
    kind: Kind = Kind.SPOT,
    *,
    rate: float = 0.0,
    strategy: AnyStrategy | None = None,
    settings: Settings | None = None,
) -> Opened:
    """Open a session anew, as a process does."""
    bars, known = market()
    rules = Instrument(
        bars.venue, bars.symbol, known.base, known.quote, kind, known.tick, known.lot,
        min_qty=known.lot, min_notional=Decimal(5), max_price=known.max_price,
    )  # fmt: skip
    wish = Wish({}, fault_rate=rate, seed=SEED)
    return open_paper(
        strategy or load("ema_cross"), [Series(bars, rules)], settings or Settings(), "main", wish
    )


class Sessions:
    """One journal, and as many processes as it takes."""

    def __init__(
        self,
        kind: Kind = Kind.SPOT,
        rate: float = 0.0,
        settings: Settings | None = None,
        strategy: AnyStrategy | None = None,
    ) -> None:
        self.kind, self.rate, self.settings, self.strategy = kind, rate, settings, strategy
        self.memory = Memory()
        self.starts = 0
        self.running = self.start()

    def start(self) -> Running:
        self.starts += 1
        made = opened(self.kind, rate=self.rate, settings=self.settings, strategy=self.strategy)
        self.running = Running(made, MemoryJournal(self.memory, f"run-{self.starts}"))
        return self.running

    def finish(self) -> None:
        while self.running.step():
            pass

    def dies_at(self, request: int) -> None:
        """Run until the n-th request from now is in the journal and not sent, then die there."""
        client: Any = self.running.opened.client
        left = [request]

        def counted(method: Any) -> Any:
            def call(*arguments: Any, **more: Any) -> Any:
                left[0] -= 1
                if left[0] == 0:
                    raise DiesError
                return method(*arguments, **more)

            return call

        for name in ("submit", "submit_pair", "cancel", "amend", "replace"):
            setattr(client, name, counted(getattr(client, name)))
        with contextlib.suppress(DiesError):
            self.finish()

    def fills(self) -> list[tuple[int, ...]]:
        symbol = self.running.opened.symbols[0]
        return [
            (one.at_ns, one.price_ticks, int(one.side), one.qty_lots, one.fee_atoms)
            for one in self.running.opened.client.trades(symbol)
        ]
