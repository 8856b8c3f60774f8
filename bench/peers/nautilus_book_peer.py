"""NautilusTrader: its order book of price levels (Rust), one delta object a change, made before.

Trades do not touch such a book; they are left out and the rate counts the deltas alone. Its
matching engine is reached through a whole backtest only: M2 runs one over the first seconds of the
recording, with a strategy in Python that does the same quoting.

Run: `python -m peers.nautilus_book_peer REPEATS`.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from format import Case, measure
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import LoggingConfig, RiskEngineConfig, StrategyConfig
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import BookOrder, OrderBookDelta
from nautilus_trader.model.enums import (
    AccountType,
    BookAction,
    BookType,
    OmsType,
    OrderSide,
    TimeInForce,
)
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy
from peers import recording

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VERSION = version("nautilus_trader")
VENUE = Venue("SIM")
ID = InstrumentId(Symbol("BTCUSDT"), VENUE)
M2_SECONDS = 5
"""Seconds of the recording quoted in: it does some thousand quotes a second."""


def instrument() -> CurrencyPair:
    """Return the recording's instrument."""
    return CurrencyPair(
        instrument_id=ID, raw_symbol=Symbol("BTCUSDT"), base_currency=BTC, quote_currency=USDT,
        price_precision=1, size_precision=3, price_increment=Price.from_str("0.1"),
        size_increment=Quantity.from_str("0.001"), margin_init=Decimal(0), margin_maint=Decimal(0),
        maker_fee=Decimal(0), taker_fee=Decimal(0), ts_event=0, ts_init=0,
    )  # fmt: skip


def deltas_of(rows: NDArray[np.int64]) -> list[OrderBookDelta]:
    """Return the level changes as its objects."""
    found = []
    for at_ns, kind, side, ticks, lots in rows.tolist():
        if kind != recording.LEVEL:
            continue
        action = BookAction.UPDATE if lots else BookAction.DELETE
        order = BookOrder(
            OrderSide.BUY if side > 0 else OrderSide.SELL, Price(ticks / recording.TICKS, 1),
            Quantity(lots / recording.LOTS, 3), ticks,
        )  # fmt: skip
        found.append(OrderBookDelta(ID, action, order, 0, 0, at_ns, at_ns))
    return found


class Quoter(Strategy):  # type: ignore[misc]  # it has no types
    """Cancels both quotes each millisecond and places them at the best prices."""

    def __init__(self) -> None:
        """Count nothing yet."""
        super().__init__(StrategyConfig())
        self.placed = self.cancelled = self.filled = 0
        self.due = 0
        self.quotes: list[Any] = []

    def on_start(self) -> None:
        """Ask for the book."""
        self.subscribe_order_book_deltas(ID, book_type=BookType.L2_MBP)

    def on_order_book_deltas(self, deltas: Any) -> None:  # noqa: ANN401
        """Quote, if the millisecond is over."""
        if deltas.ts_event < self.due:
            return
        self.due = max(self.due, deltas.ts_event) + recording.STEP_NS
        book = self.cache.order_book(ID)
        for order in self.quotes:
            if order.is_open:
                self.cancel_order(order)
                self.cancelled += 1
        self.quotes = []
        lots = Quantity(recording.QUOTE_LOTS / recording.LOTS, 3)
        touch = ((OrderSide.BUY, book.best_bid_price()), (OrderSide.SELL, book.best_ask_price()))
        for side, price in touch:
            if price is None:
                continue
            order = self.order_factory.limit(
                ID, side, lots, price, time_in_force=TimeInForce.GTC, post_only=True
            )
            self.quotes.append(order)
            self.submit_order(order)
            self.placed += 1

    def on_order_filled(self, _event: Any) -> None:  # noqa: ANN401
        """Count."""
        self.filled += 1


def quoted(deltas: list[OrderBookDelta]) -> dict[str, float]:
    """Run the quoter over these deltas."""
    quiet = BacktestEngineConfig(
        logging=LoggingConfig(bypass_logging=True), risk_engine=RiskEngineConfig(bypass=True)
    )
    engine = BacktestEngine(quiet)
    engine.add_venue(
        VENUE, OmsType.NETTING, AccountType.MARGIN, [Money(10**8, USDT)], base_currency=USDT,
        book_type=BookType.L2_MBP,
    )  # fmt: skip
    engine.add_instrument(instrument())
    engine.add_data(deltas)
    strategy = Quoter()
    engine.add_strategy(strategy)
    engine.run()
    facts = {
        "placed": strategy.placed, "cancelled": strategy.cancelled, "filled": strategy.filled,
    }  # fmt: skip
    engine.dispose()
    return facts


def main() -> None:
    """Measure M1 and M2."""
    repeats = int(sys.argv[1])
    rows = recording.load()
    deltas = deltas_of(rows)

    def m1() -> dict[str, float]:
        book = OrderBook(ID, BookType.L2_MBP)
        for delta in deltas:
            book.apply_delta(delta)
        bid, ask = book.best_bid_price(), book.best_ask_price()
        return {"bid": float(bid) * recording.TICKS, "ask": float(ask) * recording.TICKS}

    case = Case("nautilus", VERSION, "M1", "apply_delta", "events", len(deltas))
    measure(case, m1, repeats=repeats)
    until = rows[0, 0] + M2_SECONDS * 10**9
    some = deltas_of(rows[rows[:, 0] < until])
    facts = quoted(some)
    units = int(sum(facts.values()))
    case = Case("nautilus", VERSION, "M2", f"{M2_SECONDS} s", "order events", units)
    measure(case, lambda: quoted(some), repeats=min(repeats, 2))


if __name__ == "__main__":
    main()
