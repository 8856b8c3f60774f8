"""Tables: trades of the former bot in the columns of `ballast trades --csv`.

What a document of that bot cannot say (the signal's price, the worst moment) is an empty cell.
"""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from ballast.core.time import format_ms
from ballast.research.report.ledger import COLUMNS
from ballast.service.legacy.fields import NUMBER_MAX, PLACES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.service.legacy.model import Trade

TAG = "legacy"
WHOLE = ("id", "entry_ms", "exit_ms", "duration_ms", "entry_bar", "exit_bar", "fills")
TEXTS = ("symbol", "tag", "side", "state", "exit_reason", "entry_time", "exit_time")
DIGITS = 38
"""Of a decimal of 16 bytes, the widest that every reader of Parquet knows."""


def trade_rows(trades: Sequence[Trade]) -> list[dict[str, Any]]:
    """Return one row a trade with the keys of the ledger; None for what nobody knows."""
    return [_row(place, one) for place, one in enumerate(trades)]


def _row(place: int, trade: Trade) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    is_open = trade.exit_ms is None
    row |= {
        "id": place,
        "symbol": trade.symbol,
        "tag": TAG,
        "side": "long",
        "state": "open" if is_open else "closed",
        "exit_reason": trade.reason,
        "entry_time": format_ms(trade.entry_ms),
        "exit_time": None if trade.exit_ms is None else format_ms(trade.exit_ms),
        "entry_ms": trade.entry_ms,
        "exit_ms": trade.exit_ms,
        "duration_ms": None if trade.exit_ms is None else trade.exit_ms - trade.entry_ms,
        "quantity": trade.qty,
        "entry_price": trade.entry_price,
        "exit_price": trade.exit_price,
        "pnl": trade.pnl,
        "return": _return(trade),
        "fees": trade.fees,
        "fills": trade.fills,
    }
    return row


def _return(trade: Trade) -> Decimal | None:
    """Return the gain as a part of what was paid."""
    if trade.pnl is None:
        return None
    part = trade.pnl / (trade.entry_price * trade.qty)
    return round(part, PLACES).normalize() if abs(part) < NUMBER_MAX else None


def trades_csv(trades: Sequence[Trade]) -> str:
    """Return trades as CSV with a header; numbers in full, lines end in LF."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in trade_rows(trades):
        writer.writerow({name: plain_number(cell) for name, cell in row.items()})
    return text.getvalue()


def trades_parquet(trades: Sequence[Trade]) -> bytes:
    """Return trades as Parquet: money as decimals of 18 places, times as ms UTC."""
    rows = trade_rows(trades)
    kinds = dict.fromkeys(COLUMNS, pa.decimal128(DIGITS, PLACES))
    kinds |= dict.fromkeys(WHOLE, pa.int64()) | dict.fromkeys(TEXTS, pa.string())
    columns = [pa.array([_cell(row[name]) for row in rows], kinds[name]) for name in COLUMNS]
    sink: Any = pa.BufferOutputStream()
    pq.write_table(pa.table(dict(zip(COLUMNS, columns, strict=True))), sink, compression="zstd")
    return bytes(sink.getvalue())


def _cell(value: Any) -> Any:  # noqa: ANN401 - a cell
    return round(value, PLACES) if isinstance(value, Decimal) else value


def plain_number(value: Any) -> Any:  # noqa: ANN401 - a cell
    """Return a decimal as digits without an exponent, anything else as it is."""
    return f"{value:f}" if isinstance(value, Decimal) else value
