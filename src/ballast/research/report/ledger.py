"""The trade ledger with units and words: rows for JSON, CSV and the report's table."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from ballast.core.reasons import Exit, label
from ballast.core.time import format_ms
from ballast.research.metrics.units import own_bars, quantities, trade_returns
from ballast.research.report.plain import tidy

if TYPE_CHECKING:
    from ballast.research.result import Result

COLUMNS = (
    "id", "symbol", "tag", "side", "state", "exit_reason", "entry_time", "exit_time", "entry_ms",
    "exit_ms", "duration_ms", "entry_bar", "exit_bar", "quantity", "entry_price", "exit_price",
    "pnl", "return", "r", "fees", "slippage", "funding", "mae", "mfe", "risk_cash", "fills",
    "confidence", "signal_price",
)  # fmt: skip
STRATEGY = "strategy"
"""The last column of a run of several strategies."""


def columns_of(result: Result) -> tuple[str, ...]:
    """Return the columns of a run's ledger."""
    return (*COLUMNS, STRATEGY) if result.card.others else COLUMNS


def trade_rows(result: Result) -> list[dict[str, Any]]:
    """Return one dict a trade, keys `columns_of`, in order of closing; open positions come last.

    `pnl` is net, quote currency; `return` is pnl / notional at entry; `quantity` is in base units;
    `r` is None without a stop; bars are counted from 0 in the symbol's own bars. An open trade has
    the last bar's time and price as its exit.
    """
    trades = result.run.trades
    qty, gain = quantities(result, trades), trade_returns(result, trades)
    first, last = own_bars(result, trades, "entry_bar"), own_bars(result, trades, "exit_bar")
    return [
        _row(result, trades[i], float(qty[i]), float(gain[i]), (int(first[i]), int(last[i])))
        for i in range(len(trades))
    ]


def _row(
    result: Result,
    row: Any,  # noqa: ANN401 - a record
    qty: float,
    gain: float,
    bars: tuple[int, int],
) -> dict[str, Any]:
    symbol, reason = int(row["symbol"]), Exit(int(row["reason"]))
    is_open = reason is Exit.END
    numbers = {
        "entry_price": row["entry"], "exit_price": row["exit"], "pnl": row["pnl"],
        "fees": row["fees"], "slippage": row["slippage"], "funding": row["funding"],
        "mae": row["mae"], "mfe": row["mfe"], "risk_cash": row["risk_cash"],
        "confidence": row["confidence"], "signal_price": row["signal_price"],
        "quantity": qty, "return": gain,
    }  # fmt: skip
    found: dict[str, Any] = {name: tidy(float(value)) for name, value in numbers.items()}
    found |= {
        "id": int(row["position"]),
        "symbol": result.bars[symbol].symbol,
        STRATEGY: result.strategies[symbol],
        "tag": result.tags[symbol],
        "side": "long" if row["side"] > 0 else "short",
        "state": "open" if is_open else "closed",
        "exit_reason": "open" if is_open else label(reason),
        "entry_time": format_ms(int(row["entry_ms"])),
        "exit_time": format_ms(int(row["exit_ms"])),
        "entry_ms": int(row["entry_ms"]),
        "exit_ms": int(row["exit_ms"]),
        "duration_ms": int(row["exit_ms"] - row["entry_ms"]),
        "entry_bar": bars[0],
        "exit_bar": bars[1],
        "r": tidy(float(row["r"])) if row["risk_cash"] > 0 else None,
        "fills": int(row["fills"]),
    }
    return {name: found[name] for name in columns_of(result)}


def trades_csv(result: Result) -> str:
    """Return the ledger as CSV with a header; an undefined cell is empty; lines end in LF."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns_of(result), lineterminator="\n")
    writer.writeheader()
    writer.writerows(trade_rows(result))
    return text.getvalue()
