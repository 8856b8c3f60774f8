"""Ledger of Binance USD-M: income, paid fundings, candles of marks, listen keys.

What the engine does not remember and a client may ask for, fed with the engine's events.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ballast.core.orders import Side
from ballast.venues.simulated.engine.events import (
    Filled,
    FundingPaid,
    Liquidated,
    MarkChanged,
    Transferred,
)
from ballast.venues.simulated.fronts.board import Board, Minutes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.engine.exchange import Exchange

ROWS_MAX = 5_000
FUNDING_KEPT = 1_000
PROTECTED_MAX = 10_000
HOUR_NS = 3_600 * 1_000_000_000
LISTEN_NS = HOUR_NS
"""How long a listen key lives unless it is kept alive."""


@dataclass(frozen=True, slots=True)
class Income:
    """One line of an account's income."""

    number: int
    account: int
    kind: str
    symbol: str
    asset: str
    atoms: int
    at_ns: int
    trade_id: int = 0


@dataclass(slots=True)
class Listening:
    """A listen key: whose events it opens, and until when."""

    key: str
    account: int
    until_ns: int


@dataclass(slots=True)
class Ledger:
    """What is kept of one exchange."""

    market: Exchange
    rows: deque[Income] = field(default_factory=lambda: deque(maxlen=ROWS_MAX))
    paid: dict[str, deque[tuple[int, int]]] = field(default_factory=dict)
    """By symbol: time and rate (1e-9) of each funding."""
    due: dict[str, tuple[int, int]] = field(default_factory=dict)
    earned: dict[str, int] = field(default_factory=dict)
    """By account, symbol, side: what a position has realised so far, in atoms."""
    keys: dict[str, Listening] = field(default_factory=dict)
    protected: dict[int, bool] = field(default_factory=dict)
    """Orders whose sender asked for price protection."""
    marks: Board = field(default_factory=Board)
    numbers: int = 0
    keys_made: int = 0

    @property
    def kept(self) -> Mapping[str, Any]:
        """The type of each value that outlives the ledger."""
        return {
            "rows": deque[Income],
            "paid": dict[str, deque[tuple[int, int]]],
            "due": dict[str, tuple[int, int]],
            "earned": dict[str, int],
            "keys": dict[str, Listening],
            "protected": dict[int, bool],
            "marks._minutes": dict[str, Minutes],
            "numbers": int,
            "keys_made": int,
        }

    def observe(self, event: Event) -> None:
        """Take an event of the engine."""
        match event:
            case Filled():
                fill = event.fill
                quote = self.market.listings[fill.symbol].quote
                more = (fill.at_ns, fill.trade_id)
                self._row(fill.account, "REALIZED_PNL", fill.symbol, quote,
                          fill.realised_atoms, *more)  # fmt: skip
                self._row(fill.account, "COMMISSION", fill.symbol, fill.fee_asset,
                          -fill.fee_atoms, *more)  # fmt: skip
                place = f"{fill.account}/{fill.symbol}/{fill.position_side}"
                self.earned[place] = self.earned.get(place, 0) + fill.realised_atoms
            case FundingPaid():
                quote = self.market.listings[event.symbol].quote
                self._row(event.account, "FUNDING_FEE", event.symbol, quote,
                          event.paid_atoms, event.at_ns)  # fmt: skip
            case Liquidated():
                quote = self.market.listings[event.symbol].quote
                self._row(event.account, "INSURANCE_CLEAR", event.symbol, quote,
                          -event.insurance_atoms, event.at_ns)  # fmt: skip
            case Transferred():
                self._row(event.account, "TRANSFER", "", event.asset, event.atoms, event.at_ns)
            case MarkChanged():
                self._mark(event)
            case _:
                pass

    def _mark(self, event: MarkChanged) -> None:
        """Keep candles of marks, and when the next funding is due at what rate."""
        self.marks.of(event.symbol).trade(event.mark_ticks, 0, Side.BUY, 0, event.at_ns)
        self._settle(event.symbol, event.next_funding_ns)
        self.due[event.symbol] = (event.next_funding_ns, event.funding_rate_e9)

    def _settle(self, symbol: str, next_ns: int) -> None:
        """Note the fundings before the next one: nothing tells of them where nobody pays."""
        if symbol not in self.due:
            return
        at_ns, rate_e9 = self.due[symbol]
        while at_ns < next_ns:
            self.paid.setdefault(symbol, deque(maxlen=FUNDING_KEPT)).append((at_ns, rate_e9))
            at_ns += self.market.profile.funding_hours * HOUR_NS
        self.due[symbol] = (at_ns, rate_e9)

    def fundings(self, symbol: str) -> list[tuple[int, int]]:
        """Return time and rate (1e-9) of the fundings of a symbol, oldest first."""
        self._settle(symbol, self.market.perpetual(symbol).next_funding_ns)
        return list(self.paid.get(symbol, ()))

    def _row(
        self, account: int, kind: str, symbol: str, asset: str, atoms: int, at_ns: int,
        trade_id: int = 0,
    ) -> None:  # fmt: skip
        if atoms:
            self.numbers += 1
            row = Income(self.numbers, account, kind, symbol, asset, atoms, at_ns, trade_id)
            self.rows.append(row)

    def protect(self, order_id: int) -> None:
        """Note that an order was sent with price protection."""
        self.protected[order_id] = True
        if len(self.protected) > PROTECTED_MAX:
            del self.protected[next(iter(self.protected))]

    def expire(self, key: str, now_ns: int) -> None:
        """Let a listen key end now."""
        self.keys[key].until_ns = min(self.keys[key].until_ns, now_ns)

    def listening(self, key: str, now_ns: int) -> Listening | None:
        """Return a listen key that lives."""
        found = self.keys.get(key)
        return found if found is not None and now_ns < found.until_ns else None
