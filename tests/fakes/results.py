"""Results built by hand: from bars and a list of deals to fills, ledger, equity and days.

A tiny honest book-keeper in plain Python: every deal is filled at the opens of its bars, moved by
slippage, pays fees, is marked at every close; so the equity identity of SEMANTICS 7 holds and the
metrics can be checked against what the deals say. It is not the kernel and shares nothing with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.bars import Bars
from ballast.core.instrument import Instrument, Kind
from ballast.core.reasons import Exit, Refusal
from ballast.core.records import ACCOUNT, FILL, POSITION, REFUSED, TRADE
from ballast.core.sized import SIZED
from ballast.core.time import DAY_MS, HOUR_MS, Timeframe
from ballast.kernel.market import Run
from ballast.research.result import Result, RunCard

if TYPE_CHECKING:
    from collections.abc import Sequence

START_MS = 1_672_531_200_000  # 2023-01-01, a Sunday
LOT = 0.001


@dataclass(frozen=True)
class Deal:
    """Open `lots` at the open of `entry_bar`, close at the open of `exit_bar` (None: never)."""

    entry_bar: int
    exit_bar: int | None
    side: int = 1
    lots: int = 1000
    symbol: int = 0
    reason: Exit = Exit.SIGNAL
    stop_distance: float = 0.0
    funding: float = 0.0


@dataclass
class Book:
    """What the builder writes down, in order."""

    fills: list[dict[str, Any]] = field(default_factory=list)
    trades: list[dict[str, Any]] = field(default_factory=list)
    cash_moves: list[tuple[int, float]] = field(default_factory=list)


def walk(
    count: int,
    *,
    seed: int = 1,
    symbol: str = "BTCUSDT",
    start: float = 100.0,
    drift: float = 0.0,
    start_ms: int = START_MS,
    timeframe: str = "1h",
) -> Bars:
    """Return a seeded random walk of `count` bars, prices on a tick of 0.01."""
    rng = np.random.default_rng(seed)
    close = start * np.exp(np.cumsum(rng.normal(drift, 0.01, count)))
    opened = np.concatenate(([start], close[:-1]))
    spread = np.abs(rng.normal(0, 0.004, (2, count)))
    frame = Timeframe.parse(timeframe)
    return bars_of(
        opened,
        np.maximum(opened, close) * (1 + spread[0]),
        np.minimum(opened, close) * (1 - spread[1]),
        close,
        symbol=symbol,
        frame=frame,
        start_ms=start_ms,
    )


def bars_of(
    opened: Any, high: Any, low: Any, close: Any, *, symbol: str, frame: Timeframe, start_ms: int
) -> Bars:
    """Build bars from price columns rounded to a tick of 0.01."""
    columns = {"open": opened, "high": high, "low": low, "close": close}
    rounded = {name: np.maximum(np.round(values, 2), 0.01) for name, values in columns.items()}
    rounded["volume"] = np.full(len(close), 10.0)
    ts = start_ms + frame.ms * np.arange(len(close), dtype=np.int64)
    return Bars.of("BINANCE", symbol, frame, ts, rounded)


def steps(closes: Sequence[float], *, timeframe: str = "1d") -> Bars:
    """Return bars whose open is the close before, high and low the extremes of the two."""
    close = np.array(closes, np.float64)
    opened = np.concatenate((close[:1], close[:-1]))
    high, low = np.maximum(opened, close), np.minimum(opened, close)
    frame = Timeframe.parse(timeframe)
    return bars_of(opened, high, low, close, symbol="BTCUSDT", frame=frame, start_ms=START_MS)


def make_result(
    deals: Sequence[Deal],
    bars: Sequence[Bars] | None = None,
    *,
    cash: float = 10_000.0,
    fee: float = 0.001,
    slippage: float = 0.0005,
    refused: dict[Refusal, int] | None = None,
    tags: Sequence[str] | None = None,
    notes: Sequence[str] = (),
    run_id: str = "0123456789abcdef0123456789abcdef",
    params: dict[str, Any] | None = None,
) -> Result:
    """Return the result of `deals` on `bars` (default: 500 hourly bars of a random walk)."""
    markets = tuple(bars) if bars is not None else (walk(500),)
    book = Book()
    for number, deal in enumerate(deals):
        before = sum(len(one) for one in markets[: deal.symbol])
        _fill(book, markets[deal.symbol], deal, number, before, fee=fee, slippage=slippage)
    clock = np.unique(np.concatenate([one.ts + one.timeframe.ms for one in markets]))
    equity, exposure = _mark(book, markets, deals, clock, cash)
    closed = sorted(book.trades, key=lambda row: (row["reason"] == Exit.END, row["exit_ms"]))
    run = Run(
        account=_account(book, cash, equity, clock),
        positions=np.zeros(len(markets), POSITION),
        fills=_rows(sorted(book.fills, key=lambda row: row["at_ms"]), FILL),
        trades=_rows(closed, TRADE),
        refused=_refused(refused or {}, markets[0]),
        sized=np.zeros(0, SIZED),
        refusals=_counts(refused or {}),
        clock_ms=clock,
        equity=equity,
        exposure=exposure,
        **_days(clock, equity),
    )
    return Result(
        card=_card(markets, run_id, params or {"fast": 12, "slow": 26.5}),
        bars=markets,
        instruments=tuple(_instrument(one) for one in markets),
        run=run,
        warmup_bars=20,
        tags=tuple(tags or ["main"] * len(markets)),
        notes=tuple(notes),
    )


def busy_result(count: int = 60, *, symbols: int = 2, bars: int = 2000, seed: int = 5) -> Result:
    """Return a result with many deals of both sides, all exit reasons, some still open."""
    rng = np.random.default_rng(seed)
    markets = [walk(bars, seed=seed + i, symbol=f"SYM{i}USDT") for i in range(symbols)]
    reasons = [Exit.SIGNAL, Exit.STOP, Exit.TRAILING_STOP, Exit.TAKE_1, Exit.TIME, Exit.LIQUIDATION]
    deals = []
    for symbol in range(symbols):
        edges = np.sort(rng.choice(np.arange(20, bars), 2 * (count // symbols), replace=False))
        for k in range(count // symbols):
            entry, leave = int(edges[2 * k]), int(edges[2 * k + 1])
            last = k == count // symbols - 1
            deals.append(
                Deal(
                    entry,
                    None if last else leave,
                    side=1 if rng.random() < 0.6 else -1,
                    lots=int(rng.integers(500, 15_000)),
                    symbol=symbol,
                    reason=reasons[int(rng.integers(len(reasons)))],
                    stop_distance=float(rng.choice([0.0, 1.5, 3.0])),
                    funding=float(rng.normal(0, 0.5)),
                )
            )
    refused = {Refusal.ALREADY_IN_POSITION: 40, Refusal.NO_CASH: 7, Refusal.MIN_NOTIONAL: 1}
    return make_result(deals, markets, refused=refused, tags=["trend", "revert"][:symbols])


def _fill(
    book: Book, bars: Bars, deal: Deal, number: int, before: int, *, fee: float, slippage: float
) -> None:
    last = len(bars) - 1
    leave = last if deal.exit_bar is None else deal.exit_bar
    qty = deal.lots * LOT
    entry = float(bars.open[deal.entry_bar]) * (1 + deal.side * slippage)
    ideal = float(bars.close[last] if deal.exit_bar is None else bars.open[leave])
    leaving = ideal if deal.exit_bar is None else ideal * (1 - deal.side * slippage)
    paid = [entry * qty * fee, 0.0 if deal.exit_bar is None else leaving * qty * fee]
    slip = [qty * abs(entry - float(bars.open[deal.entry_bar])), qty * abs(leaving - ideal)]
    prices, reasons = [entry, leaving], [Exit.ENTRY, deal.reason]
    for k, bar in enumerate([deal.entry_bar] if deal.exit_bar is None else [deal.entry_bar, leave]):
        gross = 0.0 if k == 0 else deal.side * (leaving - entry) * qty
        row = {
            "position": number, "symbol": deal.symbol, "side": deal.side * (1 - 2 * k),
            "reason": reasons[k], "bar": before + bar, "at_ms": int(bars.ts[bar]),
            "price": prices[k], "lots": deal.lots, "fee": paid[k], "slippage": slip[k],
            "cash": gross - paid[k],
        }  # fmt: skip
        book.fills.append(row)
        book.cash_moves.append((int(bars.ts[bar]), gross - paid[k]))
    leave_ms = int(bars.ts[leave]) + (bars.timeframe.ms if deal.exit_bar is None else 0)
    book.cash_moves.append((leave_ms, -deal.funding))
    low, high = (
        float(bars.low[deal.entry_bar : leave + 1].min()),
        float(bars.high[deal.entry_bar : leave + 1].max()),
    )
    worst, best = (low, high) if deal.side > 0 else (high, low)
    pnl = deal.side * (leaving - entry) * qty - sum(paid) - deal.funding
    risk = deal.stop_distance * qty
    book.trades.append({
        "position": number, "symbol": deal.symbol, "side": deal.side,
        "reason": Exit.END if deal.exit_bar is None else deal.reason,
        "fills": 1 if deal.exit_bar is None else 2, "decided_bar": before + deal.entry_bar - 1,
        "entry_bar": before + deal.entry_bar, "exit_bar": before + leave,
        "entry_ms": int(bars.ts[deal.entry_bar]), "exit_ms": leave_ms,
        "lots": deal.lots, "entry": entry, "exit": leaving, "pnl": pnl,
        "fees": sum(paid), "slippage": slip[0] + (0.0 if deal.exit_bar is None else slip[1]),
        "funding": deal.funding, "mae": min(0.0, deal.side * (worst - entry) / entry),
        "mfe": max(0.0, deal.side * (best - entry) / entry), "risk_cash": risk,
        "r": pnl / risk if risk else 0.0, "confidence": 1.0,
        "signal_price": float(bars.close[max(deal.entry_bar - 1, 0)]),
    })  # fmt: skip


def _mark(
    book: Book, markets: Sequence[Bars], deals: Sequence[Deal], clock: Any, cash: float
) -> tuple[Any, Any]:
    equity, gross = np.full(len(clock), cash), np.zeros(len(clock))
    for at_ms, amount in book.cash_moves:
        equity[clock > at_ms if at_ms < clock[-1] else clock >= at_ms] += amount
    for row, deal in zip(book.trades, deals, strict=True):
        bars = markets[deal.symbol]
        rows = np.searchsorted(bars.ts + bars.timeframe.ms, clock, side="right") - 1
        price = bars.close[np.maximum(rows, 0)]
        held = clock > row["entry_ms"]
        if deal.exit_bar is not None:
            held &= clock <= row["exit_ms"]
        qty = deal.lots * LOT
        equity += np.where(held, deal.side * (price - row["entry"]) * qty, 0.0)
        gross += np.where(held, price * qty, 0.0)
    return equity, gross / equity


def _days(clock: Any, equity: Any) -> dict[str, Any]:
    days = (clock - 1) // DAY_MS
    full = np.arange(days[0], days[-1] + 1)
    rows = np.searchsorted(days, full, side="right") - 1
    return {"day_ms": (full + 1) * DAY_MS, "daily": equity[rows]}


def _account(book: Book, cash: float, equity: Any, clock: Any) -> Any:
    row = np.zeros(1, ACCOUNT)
    row["initial"], row["equity"], row["peak"] = cash, equity[-1], max(cash, equity.max())
    row["cash"] = cash + sum(amount for _, amount in book.cash_moves)
    row["fees"] = sum(fill["fee"] for fill in book.fills)
    row["first_ms"], row["now_ms"], row["steps"] = clock[0], clock[-1], len(clock)
    row["trades"], row["fills"] = len(book.trades), len(book.fills)
    return row[0]


def _rows(rows: list[dict[str, Any]], dtype: Any) -> Any:
    table = np.zeros(len(rows), dtype)
    for i, row in enumerate(rows):
        for name, value in row.items():
            table[name][i] = value
    return table


def _counts(refused: dict[Refusal, int]) -> Any:
    counts = np.zeros(len(Refusal), np.int64)
    for reason, count in refused.items():
        counts[reason] = count
    return counts


def _refused(refused: dict[Refusal, int], bars: Bars) -> Any:
    rows = [
        {"symbol": 0, "side": 1, "reason": reason, "bar": bar, "at_ms": int(bars.ts[bar])}
        for reason, count in refused.items()
        for bar in range(min(count, len(bars)))
    ]
    return _rows(sorted(rows, key=lambda row: row["at_ms"]), REFUSED)


def _instrument(bars: Bars) -> Instrument:
    base = bars.symbol.removesuffix("USDT")
    return Instrument(
        "BINANCE", bars.symbol, base, "USDT", Kind.PERPETUAL, Decimal("0.01"), Decimal(str(LOT))
    )


def _card(bars: Sequence[Bars], run_id: str, params: dict[str, Any]) -> RunCard:
    return RunCard(
        run_id=run_id,
        strategy="by_hand",
        strategy_hash="a" * 32,
        params=params,
        data={one.name: one.fingerprint() for one in bars},
        data_root="data",
        from_ms=int(bars[0].ts[0]),
        to_ms=int(bars[0].ts[-1]) + HOUR_MS,
        settings={"costs": {"taker": 0.001}, "run": {"cash": 10_000.0}},
        settings_hash="b" * 32,
        code_version="0.1.0+test",
        seed=7,
        engine="interpreted",
    )
