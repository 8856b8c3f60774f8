"""Recognising what the columns of a table mean, by name or by what stands in them.

Arrays without names are told apart by their width and by which order makes a candle of every row:
the high above all, the low below all. Bitfinex writes open, CLOSE, HIGH, LOW; Coinbase LOW, HIGH,
open, close; most others open, high, low, close.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import DataError, suggest
from ballast.store.importers.model import Content, Table
from ballast.store.importers.stamps import UNREADABLE, numbers, times

if TYPE_CHECKING:
    from numpy.typing import NDArray

OHLC = ("open", "high", "low", "close")
_TIMES = (
    "ts", "unix", "open_time", "opentime", "timestamp", "transact_time", "calc_time", "at_ms",
    "datetime", "candle_begin_time", "start_time", "starttime", "start", "time", "date", "t",
    "fundingtime", "funding_time", "unix_timestamp", "__index_level_0__",
)  # fmt: skip
_VOLUMES = ("volume", "vol", "v", "base_volume", "basevolume", "volume_base", "volumefrom")
_PRICES = ("price", "p")
_AMOUNTS = ("amount", "qty", "quantity", "size", "q", "volume")
_IDS = ("agg_trade_id", "id", "trade_id", "a", "tid")
_RATES = ("rate", "funding_rate", "fundingrate", "last_funding_rate")
_MARKS = ("mark", "mark_price", "markprice")

FORMATS: dict[str, tuple[str, ...]] = {
    "ohlcv": ("time", *OHLC, "volume"),
    "bitfinex": ("time", "open", "close", "high", "low", "volume"),
    "coinbase": ("time", "low", "high", "open", "close", "volume"),
    "bybit": ("time", *OHLC, "volume", "quote_volume"),
    "kraken": ("time", *OHLC, "vwap", "volume", "count"),
    "okx": ("time", *OHLC, "volume", "volume_currency", "quote_volume", "confirm"),
    "binance": (
        "open_time", *OHLC, "volume", "close_time", "quote_volume", "count",
        "taker_buy_volume", "taker_buy_quote_volume", "ignore",
    ),
    "binance-aggtrades": (
        "agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id", "transact_time",
        "is_buyer_maker", "is_best_match",
    ),
    "binance-trades": (
        "id", "price", "qty", "quote_qty", "time", "is_buyer_maker", "is_best_match",
    ),
}  # fmt: skip
"""Column orders of tables without names; `--format` picks one where the content is ambiguous."""
_SAMPLE = 500  # rows that decide between the orders


@dataclass(frozen=True, slots=True)
class Layout:
    """What a table holds, as (role: column name); `affix` is what all price columns share."""

    content: Content
    format: str
    roles: dict[str, str]
    affix: str = ""


def recognise(table: Table, wanted: str | None, *, hint: Content | None) -> tuple[Table, Layout]:
    """Return the table with named columns and its layout; raise `DataError` if unknown."""
    if wanted is not None and wanted not in FORMATS:
        raise DataError(
            f"unknown format '{wanted}'",
            where=table.source,
            expected=f"one of {', '.join(FORMATS)}",
            fix=suggest(wanted, FORMATS),
        )
    form = table.format
    if not table.named:
        form = wanted or _order(table)
        table = _renamed(table, form)
    names = {_normal(name): name for name in table.columns}
    _refuse_books(names, table.source)
    for find in (_funding, _candles, _trades):
        layout = find(names, table, form, hint)
        if layout is not None:
            return table, layout
    raise _unknown(names, table)


def _normal(name: str) -> str:
    return name.strip().strip("'\"").lower().replace(" ", "_")


def _first(names: dict[str, str], wanted: tuple[str, ...]) -> str | None:
    return next((names[name] for name in wanted if name in names), None)


def _funding(names: dict[str, str], table: Table, form: str, hint: Content | None) -> Layout | None:
    """Recognise funding rates: by their column, or by a freqtrade file name that says so."""
    time, rate = _first(names, _TIMES), _first(names, _RATES)
    if hint is Content.FUNDING and rate is None:
        rate = names.get("open")
    if time is None or rate is None or (hint is not Content.FUNDING and "open" in names):
        return None
    if "price" in names or len(table) == 0:
        return None
    roles = {"time": time, "rate": rate}
    mark = _first(names, _MARKS)
    return Layout(Content.FUNDING, form, roles | ({"mark": mark} if mark else {}))


def _candles(names: dict[str, str], table: Table, form: str, hint: Content | None) -> Layout | None:
    affixes = _affixes(names)
    if not affixes:
        return None
    if len(affixes) > 1:
        said = ", ".join(f"{before}open{after}" for before, after in affixes)
        raise DataError(
            f"several sets of prices: {said}", where=table.source, fix="keep one set of columns"
        )
    before, after = affixes[0]

    def find(wanted: tuple[str, ...]) -> str | None:
        same = tuple(f"{before}{name}{after}" for name in wanted)
        return _first(names, same) or _first(names, wanted)

    roles = {name: names[f"{before}{name}{after}"] for name in OHLC}
    time, volume = find(_TIMES), _base_volume(names, table) or find(_VOLUMES)
    if time is None:
        raise DataError(
            f"no column of times among {', '.join(table.columns)}",
            where=table.source,
            expected=f"one of {', '.join(_TIMES[:6])}, date",
        )
    roles["time"] = time
    if volume is not None:
        roles["volume"] = volume
    elif hint is not Content.MARK:
        raise DataError(
            f"no column of volumes among {', '.join(table.columns)}",
            where=table.source,
            expected="volume in base units",
            fix="for mark prices give --symbol SYMBOL.mark or name the file ...-mark-...",
        )
    for role in ("symbol", "exchange", "confirm"):
        if role in names:
            roles[role] = names[role]
    content = Content.MARK if hint is Content.MARK else Content.CANDLES
    return Layout(content, _dialect(names, table, form), roles, f"{before}{after}".strip("_"))


def _trades(
    names: dict[str, str], _table: Table, form: str, _hint: Content | None
) -> Layout | None:
    found = {
        "time": _first(names, _TIMES),
        "price": _first(names, _PRICES),
        "amount": _first(names, _AMOUNTS),
    }
    roles = {role: name for role, name in found.items() if name is not None}
    if len(roles) < len(found):
        return None
    identity = _first(names, _IDS)
    if identity is not None:
        roles["id"] = identity
    for role in ("symbol", "exchange"):
        if role in names:
            roles[role] = names[role]
    dialect = "tardis" if "local_timestamp" in names else form
    return Layout(Content.TRADES, dialect, roles)


def _affixes(names: dict[str, str]) -> list[tuple[str, str]]:
    """Return the (prefix, suffix) pairs around open, high, low and close; plain names win."""
    found = []
    for name in names:
        before, mid, after = name.partition("open")
        if mid and all(f"{before}{price}{after}" in names for price in OHLC):
            found.append((before, after))
    if not found and all(letter in names for letter in "ohlc"):
        for letter, price in zip("ohlc", OHLC, strict=True):
            names[price] = names[letter]
        found = [("", "")]
    return [("", "")] if ("", "") in found else found


def _base_volume(names: dict[str, str], table: Table) -> str | None:
    """Find `volume_btc` in a file of `BTCUSD`: there the plain `volume` counts the quote."""
    if "symbol" not in names or not len(table):
        return None
    symbol = str(table.columns[names["symbol"]][0].as_py()).lower()
    for name, original in names.items():
        base = name.removeprefix("volume_")
        if base != name and symbol.startswith(base):
            return original
    return None


def _dialect(names: dict[str, str], table: Table, form: str) -> str:
    if "cryptodatadownload" in table.banner.lower():
        return "cryptodatadownload"
    if any(name.startswith("taker_buy") for name in names):
        return "binance"
    if "date" in names and table.format in ("feather", "parquet"):
        return "freqtrade"
    return form


def _refuse_books(names: dict[str, str], source: str) -> None:
    """Recognise order-book and quote data, and say that they are not for here yet."""
    levels = any(name.startswith(("asks[", "bids[", "ask_0", "bids_0")) for name in names)
    updates = "side" in names and ("is_snapshot" in names or "update_type" in names)
    quotes = "ask_price" in names and "bid_price" in names
    if levels or updates or {"asks", "bids"} <= names.keys() or quotes:
        what = "best quotes" if quotes else "order-book data"
        raise DataError(
            f"this file holds {what}, from which no candles can be made",
            where=source,
            expected="candles, trades or funding rates",
            fix="import the trades or candles of the same market; books are not stored yet",
        )


def _order(table: Table) -> str:
    """Return the name of the column order of a table without names."""
    width = len(table.columns)
    cells = list(table.columns.values())
    if width in (6, 7, 8):
        stamps = [int((times(cell.slice(0, 5)) != UNREADABLE).sum()) for cell in cells]
        full = min(len(table), 5)
        if stamps[0] < full and width > 5 and stamps[min(5, width - 1)] == full:  # noqa: PLR2004
            return "binance-aggtrades"
        if stamps[0] < full and stamps[4] == full:
            return "binance-trades"
    by_width = {7: "bybit", 8: "kraken", 9: "okx", 12: "binance"}
    if width in by_width:
        return by_width[width]
    if width != len(FORMATS["ohlcv"]):
        raise DataError(
            f"{width} columns without names",
            where=table.source,
            expected="6 (time, open, high, low, close, volume), 12 (Binance), or a line of names",
        )
    values = np.array([numbers(cell.slice(0, _SAMPLE)) for cell in cells[1:5]])
    scores = {form: _share_of_candles(values, form) for form in ("ohlcv", "bitfinex", "coinbase")}
    best = max(scores, key=lambda form: scores[form])
    return "ohlcv" if scores["ohlcv"] == scores[best] else best


def _share_of_candles(values: NDArray[np.float64], form: str) -> float:
    order = FORMATS[form][1:5]
    high, low = values[order.index("high")], values[order.index("low")]
    return float(((high >= values.max(axis=0)) & (low <= values.min(axis=0))).mean())


def _renamed(table: Table, form: str) -> Table:
    order, cells = FORMATS[form], list(table.columns.values())
    if len(order) < len(cells) or len(order) > len(cells) + 1:
        raise DataError(
            f"{len(cells)} columns", where=table.source, expected=f"{len(order)} for '{form}'"
        )
    columns = dict(zip(order, cells, strict=False))
    if form == "okx":
        columns["volume"] = _okx_volume(columns)
    return replace(table, columns=columns, named=True)


def _okx_volume(columns: dict[str, object]) -> object:
    """Return the volume in base units: the first column for spot, the second for contracts."""
    turnover = numbers(columns["quote_volume"]) / numbers(columns["close"])
    errors = [
        float(np.nanmedian(np.abs(numbers(columns[name]) - turnover)))
        for name in ("volume", "volume_currency")
    ]
    return columns["volume" if errors[0] <= errors[1] else "volume_currency"]


def _unknown(names: dict[str, str], table: Table) -> DataError:
    missing = [name for name in OHLC if name not in names]
    near = [hint for name in missing if (hint := suggest(name, names))]
    found = ", ".join(name[:24] for name in list(table.columns)[:12])
    return DataError(
        f"the columns {found} are not of a known format",
        where=table.source,
        expected="candles (time, open, high, low, close, volume), trades or funding rates",
        fix=f"for '{missing[0]}' {near[0]}" if near else "",
    )
