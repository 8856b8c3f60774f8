"""NautilusTrader: an event-driven engine with a Python strategy on every bar.

A market order fills at the signal's close (there is no next open); slippage is part of the fee; the
stop is an order in its simulated exchange, placed and moved from one close to the next.

Run: `python -m peers.nautilus_peer w1|w2 REPEATS`.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from importlib.metadata import version

import numpy as np
import pandas as pd
from format import Case, measure
from nautilus_trader.backtest.config import BacktestEngineConfig
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import LoggingConfig, RiskEngineConfig, StrategyConfig
from nautilus_trader.indicators import (
    AverageTrueRange,
    ExponentialMovingAverage,
    MovingAverageType,
)
from nautilus_trader.model.currencies import BTC, USDT
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide, TriggerType
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.trading.strategy import Strategy
from peers import workloads as w

VENUE = Venue("SIM")
VERSION = version("nautilus_trader")
NOTE = "fills at the signal's close; slippage inside the fee"
W1_SAMPLE, W2_SAMPLE = 200_000, 3
"""Bars and combinations measured: it does some 25,000 bars a second."""
AMPLE = 1e5
"""Volume times this: the book it makes of a bar holds a quarter of the bar's volume."""


def instrument() -> CurrencyPair:
    """Return the market's instrument."""
    return CurrencyPair(
        instrument_id=InstrumentId(Symbol("BTCUSDT"), VENUE),
        raw_symbol=Symbol("BTCUSDT"),
        base_currency=BTC,
        quote_currency=USDT,
        price_precision=2,
        size_precision=6,
        price_increment=Price.from_str("0.01"),
        size_increment=Quantity.from_str("0.000001"),
        margin_init=Decimal(0),
        margin_maint=Decimal(0),
        maker_fee=Decimal("0.0008"),
        taker_fee=Decimal("0.0008"),
        ts_event=0,
        ts_init=0,
    )


def market(n_bars: int) -> tuple[BarType, list[object]]:
    """Return the bars as the engine's objects, stamped with their close."""
    m = w.load("w1", n_bars)
    index = pd.to_datetime(m.pop("ts"), unit="ms", utc=True) + pd.Timedelta(minutes=1)
    m["volume"] = m["volume"] * AMPLE
    one = instrument()
    kind = BarType.from_str(f"{one.id}-1-MINUTE-LAST-EXTERNAL")
    return kind, BarDataWrangler(kind, one).process(pd.DataFrame(m, index=index))


class CrossConfig(StrategyConfig, frozen=True):
    """Parameters of the workload."""

    bar_type: BarType
    fast: int = w.FAST
    slow: int = w.SLOW
    stop: float = w.STOP


class Cross(Strategy):
    """The rules of the workload."""

    def __init__(self, config: CrossConfig) -> None:
        super().__init__(config)
        self.fast = ExponentialMovingAverage(config.fast)
        self.slow = ExponentialMovingAverage(config.slow)
        self.range = AverageTrueRange(w.ATR, MovingAverageType.WILDER)
        self.gap = self.at = self.top = self.entry = self.level = 0.0
        self.guard = self.qty = None
        self.n_trades = 0

    def on_start(self) -> None:
        """Subscribe."""
        self.one = self.cache.instrument(self.config.bar_type.instrument_id)
        for indicator in (self.fast, self.slow, self.range):
            self.register_indicator_for_bars(self.config.bar_type, indicator)
        self.subscribe_bars(self.config.bar_type)

    def on_order_filled(self, event: object) -> None:
        """Place the stop after an entry, remove it after an exit."""
        if event.order_side == OrderSide.BUY:
            self.entry = self.top = float(event.last_px)
            self.level = self.entry - self.config.stop * self.at
            self.qty = event.last_qty
            self.guard = self.order_factory.stop_market(
                self.one.id,
                OrderSide.SELL,
                self.qty,
                self.one.make_price(self.level),
                trigger_type=TriggerType.LAST_PRICE,
                reduce_only=True,
            )
            self.submit_order(self.guard)
            return
        self.n_trades += 1
        if self.guard is not None and event.client_order_id != self.guard.client_order_id:
            self.cancel_order(self.guard)
        self.guard = None

    def on_bar(self, bar: object) -> None:
        """Decide at the close."""
        before, self.gap = self.gap, self.fast.value - self.slow.value
        if self.guard is None:
            if before <= 0 and self.gap > 0:
                self.enter(float(bar.close))
        elif before >= 0 and self.gap < 0:
            order = self.order_factory.market(
                self.one.id, OrderSide.SELL, self.qty, reduce_only=True
            )
            self.submit_order(order)
        elif float(bar.high) > self.top:
            self.trail(float(bar.high))

    def enter(self, close: float) -> None:
        """Buy at the next price."""
        self.at = self.range.value
        equity = float(self.portfolio.account(VENUE).balance_total(USDT))
        qty = self.one.make_qty(w.SHARE * equity / close)
        self.submit_order(self.order_factory.market(self.one.id, OrderSide.BUY, qty))

    def trail(self, high: float) -> None:
        """Raise the stop once the trailing is armed."""
        self.top = high
        level = high - w.TRAIL * self.at
        if high >= self.entry + w.ACTIVATE * self.at and level > self.level:
            self.level = level
            self.modify_order(self.guard, trigger_price=self.one.make_price(level))


def run(kind: BarType, bars: list[object], **parameters: float) -> dict[str, float]:
    """Build an engine, run it, and return what came out."""
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True), risk_engine=RiskEngineConfig(bypass=True)
        )
    )
    engine.add_venue(
        venue=VENUE,
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        base_currency=USDT,
        starting_balances=[Money(w.CASH, USDT)],
        default_leverage=Decimal(10),
    )
    engine.add_instrument(instrument())
    engine.add_data(bars)
    strategy = Cross(CrossConfig(bar_type=kind, **parameters))
    engine.add_strategy(strategy)
    engine.run()
    equity = float(engine.cache.account_for_venue(VENUE).balance_total(USDT))
    for position in engine.cache.positions_open():
        equity += float(engine.portfolio.unrealized_pnl(position.instrument_id))
    engine.dispose()
    return {"trades": strategy.n_trades, "equity": equity}


def w1(repeats: int) -> None:
    """One run; making the engine's bar objects is not counted."""
    kind, bars = market(W1_SAMPLE)
    case = Case("NautilusTrader", VERSION, "W1", "class, 200,000 bars", "bars", len(bars), NOTE)
    measure(case, lambda: run(kind, bars), repeats=repeats)


def w2(repeats: int) -> None:
    """A loop over a sample of the combinations."""
    kind, bars = market(w.W2_BARS)
    sample = w.combinations()[:: len(w.combinations()) // W2_SAMPLE][:W2_SAMPLE]

    def work() -> dict[str, float]:
        done = [run(kind, bars, fast=fast, slow=slow, stop=stop) for fast, slow, stop in sample]
        equity = float(np.mean([one["equity"] for one in done]))
        return {"trades": sum(one["trades"] for one in done), "equity": equity}

    variant = f"loop, {W2_SAMPLE} of {len(w.combinations())}"
    case = Case("NautilusTrader", VERSION, "W2", variant, "combinations", W2_SAMPLE, NOTE)
    measure(case, work, repeats=repeats)


if __name__ == "__main__":
    {"w1": w1, "w2": w2}[sys.argv[1]](int(sys.argv[2]))
