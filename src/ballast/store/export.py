"""Writing bars out: CSV, JSON, Parquet, Feather, and freqtrade's two layouts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.feather as pafeather
import pyarrow.parquet as pq

from ballast.core.bars import COLUMNS, SYNTHETIC, Bars
from ballast.core.errors import DataError, suggest
from ballast.store.disk import Disk, replace_file
from ballast.store.symbols import folder_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_QUOTES = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USD", "EUR", "GBP", "BTC", "ETH", "BNB")
"""Quote currencies told apart in a symbol without a separator, longest of a kind first."""


def export_bars(bars: Bars, path: Path, form: str, *, disk: Disk | None = None) -> Path:
    """Write bars in the given format (see `FORMATS`); return the file written.

    `path` may be a folder: the file is then named as the format's readers expect. The file is
    replaced in one step. Synthetic bars are left out: they are no data, and no format marks them.
    """
    if form not in FORMATS:
        raise DataError(
            f"unknown export format '{form}'",
            expected=f"one of {', '.join(FORMATS)}",
            fix=suggest(form, FORMATS),
        )
    name, encode = FORMATS[form]
    real = bars.flags & SYNTHETIC == 0
    if not real.all():
        columns = {column: getattr(bars, column)[real] for column in COLUMNS[1:]}
        bars = Bars.of(bars.venue, bars.symbol, bars.timeframe, bars.ts[real], columns)
    target = path / name(bars) if path.is_dir() else path
    replace_file(disk or Disk(), target.absolute(), (encode(bars),))
    return target


def _plain_table(bars: Bars) -> Any:  # noqa: ANN401 - pyarrow has no types
    return pa.table({name: getattr(bars, name) for name in COLUMNS})


def _dated_table(bars: Bars) -> Any:  # noqa: ANN401 - pyarrow has no types
    columns = {"date": bars.ts.astype("datetime64[ms]")}
    columns |= {name: getattr(bars, name) for name in COLUMNS[1:]}
    table = pa.table(columns)
    return table.cast(table.schema.set(0, pa.field("date", pa.timestamp("ms", "UTC"))))


def _to_csv(bars: Bars) -> memoryview:
    sink = pa.BufferOutputStream()
    pacsv.write_csv(_plain_table(bars), sink, pacsv.WriteOptions(quoting_style="none"))
    return memoryview(sink.getvalue())


def _to_parquet(bars: Bars) -> memoryview:
    sink = pa.BufferOutputStream()
    pq.write_table(_plain_table(bars), sink, compression="zstd")
    return memoryview(sink.getvalue())


def _to_feather(bars: Bars) -> memoryview:
    sink = pa.BufferOutputStream()
    pafeather.write_feather(_plain_table(bars), sink, compression="lz4")
    return memoryview(sink.getvalue())


def _to_freqtrade_feather(bars: Bars) -> memoryview:
    sink = pa.BufferOutputStream()
    pafeather.write_feather(_dated_table(bars), sink, compression="lz4")
    return memoryview(sink.getvalue())


def _to_json(bars: Bars) -> bytes:
    return _json_lines(bars, ("{", "}"), [f'"{name}":' for name in COLUMNS])


def _to_freqtrade_json(bars: Bars) -> bytes:
    return _json_lines(bars, ("[", "]"), [""] * len(COLUMNS))


def _json_lines(bars: Bars, brackets: tuple[str, str], keys: list[str]) -> bytes:
    """Return a JSON list with one bar a line; `repr` of a float reads back to the same bits."""
    before, after = brackets
    columns = [getattr(bars, name).tolist() for name in COLUMNS]
    rows = [
        before + ",".join(f"{key}{cell!r}" for key, cell in zip(keys, row, strict=True)) + after
        for row in zip(*columns, strict=True)
    ]
    return ("[" + ",\n".join(rows) + "]\n").encode()


def _own_name(suffix: str) -> Callable[[Bars], str]:
    def name(bars: Bars) -> str:
        return f"{bars.venue}-{folder_name(bars.symbol)}-{bars.timeframe}.{suffix}"

    return name


def _freqtrade_name(suffix: str) -> Callable[[Bars], str]:
    """Return the name freqtrade looks for: `BTC_USDT-1h.feather`, `BTC_USDT_USDT-1h-futures...`."""

    def name(bars: Bars) -> str:
        pair = pair_of(bars.symbol)
        kind = "-futures" if ":" in pair else ""
        return f"{pair.replace('/', '_').replace(':', '_')}-{bars.timeframe}{kind}.{suffix}"

    return name


def pair_of(symbol: str) -> str:
    """Return a symbol as `BASE/QUOTE`; raise `DataError` where the quote cannot be told."""
    if "/" in symbol:
        return symbol
    for separator in "-_":
        base, found, quote = symbol.partition(separator)
        if found:
            return f"{base}/{quote}"
    for quote in _QUOTES:
        if symbol.endswith(quote) and symbol != quote:
            return f"{symbol.removesuffix(quote)}/{quote}"
    raise DataError(
        f"cannot tell base and quote of '{symbol}'", fix="name the file with --output FILE"
    )


FORMATS: dict[str, tuple[Callable[[Bars], str], Callable[[Bars], bytes | memoryview]]] = {
    "csv": (_own_name("csv"), _to_csv),
    "json": (_own_name("json"), _to_json),
    "parquet": (_own_name("parquet"), _to_parquet),
    "feather": (_own_name("feather"), _to_feather),
    "freqtrade-feather": (_freqtrade_name("feather"), _to_freqtrade_feather),
    "freqtrade-json": (_freqtrade_name("json"), _to_freqtrade_json),
}
"""Format -> (file name inside a folder, encoder)."""
