"""The formats people have: small samples of each, and the real ones of the shared data."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path, PurePath

import numpy as np
import pyarrow as pa
import pyarrow.feather as pafeather
import pyarrow.parquet as pq
import pytest
import zstandard

from ballast.core.bars import COLUMNS, Bars
from ballast.core.errors import DataError
from ballast.core.time import Timeframe, format_ms, parse_ms
from ballast.store.importers.model import Content, Imported, Wanted
from ballast.store.importers.names import parse_name
from ballast.store.importers.read import read_any, read_files

MINUTE = Timeframe.parse("1m")
BASE_MS = parse_ms("2024-01-01")
#       open  high  low  close volume
ROWS = [(10.0, 12.0, 9.0, 11.0, 1.5), (11.0, 13.0, 10.5, 12.0, 2.0), (12.0, 12.5, 11.0, 11.5, 0.0)]


def _read(path: Path) -> Imported:
    return read_any(path, venue="X", symbol="AB")


def _check(bars: Bars | None) -> None:
    assert bars is not None
    assert bars.timeframe == MINUTE
    assert bars.ts.tolist() == [BASE_MS, BASE_MS + 60_000, BASE_MS + 120_000]
    rows = np.array([getattr(bars, name) for name in COLUMNS[1:]]).T.tolist()
    assert rows == [list(row) for row in ROWS]


def _stamps(unit: str) -> list[str]:
    ms = [BASE_MS + 60_000 * at for at in range(3)]
    return {
        "s": [str(at // 1_000) for at in ms],
        "ms": [str(at) for at in ms],
        "us": [str(at * 1_000) for at in ms],
        "ns": [str(at * 1_000_000) for at in ms],
        "float": [f"{at / 1_000:.3f}" for at in ms],
        "iso": [f"2024-01-01 00:0{at}:00" for at in range(3)],
        "iso-t": [f"2024-01-01T00:0{at}:00Z" for at in range(3)],
        "iso-zone": [f"2024-01-01 01:0{at}:00+01:00" for at in range(3)],
        "fraction": [f"2024-01-01 00:0{at}:00.000" for at in range(3)],
        "slashes": [f"2024/01/01 00:0{at}" for at in range(3)],
        "utc": [f"2024-01-01 00:0{at}:00 UTC" for at in range(3)],
        "am": [f"2024-01-01 12:0{at} AM" for at in range(3)],
    }[unit]


@pytest.mark.parametrize(
    "unit",
    [
        "s",
        "ms",
        "us",
        "ns",
        "float",
        "iso",
        "iso-t",
        "iso-zone",
        "fraction",
        "slashes",
        "utc",
        "am",
    ],
)
def test_times_in_every_unit(tmp_path: Path, unit: str) -> None:
    lines = ["time,open,high,low,close,volume"]
    lines += [
        f"{at},{','.join(map(str, row))}" for at, row in zip(_stamps(unit), ROWS, strict=True)
    ]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(lines))
    _check(_read(path).bars)


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize(
    "names",
    [
        "date,open,high,low,close,volume",
        "Timestamp,Open,High,Low,Close,Volume",
        "open_time,Open_1m,High_1m,Low_1m,Close_1m,Vol_1m",
        "t,o,h,l,c,v",
        "spot_time,spot_open,spot_high,spot_low,spot_close,spot_volume",
        "",
    ],
)
def test_delimited_text_with_all_sorts_of_names(tmp_path: Path, delimiter: str, names: str) -> None:
    rows = [[at, *map(str, row)] for at, row in zip(_stamps("ms"), ROWS, strict=True)]
    lines = [delimiter.join(row) for row in ([names.split(",")] if names else []) + rows]
    path = tmp_path / "a.csv"
    path.write_text("\ufeff" + "\r\n".join(lines) + "\r\n")
    _check(_read(path).bars)


def _json_forms() -> dict[str, object]:
    stamps = [BASE_MS + 60_000 * at for at in range(3)]
    arrays = [[at, *row] for at, row in zip(stamps, ROWS, strict=True)]
    names = ("ts", "open", "high", "low", "close", "volume")
    return {
        "arrays": arrays,
        "strings": [[str(cell) for cell in row] for row in arrays],
        "objects": [dict(zip(names, row, strict=True)) for row in arrays],
        "columns": {name: [row[at] for row in arrays] for at, name in enumerate(names)},
        "split": {"columns": list(names), "index": [0, 1, 2], "data": arrays},
        "wrapped": {"error": [], "result": {"XAB": arrays, "last": 3}},
        "bitfinex": [[at, o, c, h, l, v] for at, (o, h, l, c, v) in zip(stamps, ROWS, strict=True)],
        "coinbase": [
            [at // 1_000, l, h, o, c, v] for at, (o, h, l, c, v) in zip(stamps, ROWS, strict=True)
        ][::-1],
        "kraken": [
            [at // 1_000, str(o), str(h), str(l), str(c), str(o), str(v), 7]
            for at, (o, h, l, c, v) in zip(stamps, ROWS, strict=True)
        ],
        "bybit": {"result": {"list": [[*map(str, row), "1"] for row in arrays][::-1]}},
        "binance": [
            [at, *map(str, row), at + 59_999, "1", 5, "1", "1", "0"]
            for at, row in zip(stamps, ROWS, strict=True)
        ],
        "okx spot": [
            [str(at), *map(str, row[:4]), str(row[4]), str(row[4] * 11), str(row[4] * 11), "1"]
            for at, row in zip(stamps, ROWS, strict=True)
        ],
        "okx swap": [
            [str(at), *map(str, row[:4]), str(row[4] * 100), str(row[4]), str(row[4] * 11), "1"]
            for at, row in zip(stamps, ROWS, strict=True)
        ],
    }


@pytest.mark.parametrize("form", list(_json_forms()))
@pytest.mark.parametrize("lines", [False, True])
def test_json_in_every_shape(tmp_path: Path, form: str, lines: bool) -> None:
    document = _json_forms()[form]
    path = tmp_path / "a.json"
    if lines and isinstance(document, list):
        path.write_text("\n".join(json.dumps(row) for row in document))
    else:
        path.write_text(json.dumps(document))
    _check(_read(path).bars)


def test_overlapping_pages_are_merged(tmp_path: Path) -> None:
    """Bitfinex pages as received: the last candle of a page opens the next one."""
    rows = _json_forms()["bitfinex"]
    assert isinstance(rows, list)
    pages = [{"page": "1", "body": rows[:2]}, {"page": "2", "body": rows[1:]}]
    path = tmp_path / "pages.jsonl"
    path.write_text("\n".join(json.dumps(page) for page in pages))
    found = _read(path)
    _check(found.bars)
    assert (found.format, found.duplicates) == ("bitfinex", 1)


def test_an_unclosed_okx_bar_is_rejected(tmp_path: Path) -> None:
    rows = _json_forms()["okx spot"]
    assert isinstance(rows, list)
    path = tmp_path / "a.json"
    path.write_text(json.dumps([*rows[:2], [*rows[2][:8], "0"]]))
    found = _read(path)
    assert found.bars is not None
    assert len(found.bars) == 2
    assert found.rejected[0].reason == "the bar was not closed yet"


def test_the_binance_archive_before_and_after_the_switch_to_microseconds(tmp_path: Path) -> None:
    """One file with both units, without a line of names, inside a zip."""
    stamps = [BASE_MS, (BASE_MS + 60_000) * 1_000, BASE_MS + 120_000]
    lines = [
        f"{at},{','.join(map(str, row))},{at},1,1,1,1,0"
        for at, row in zip(stamps, ROWS, strict=True)
    ]
    path = tmp_path / "ABUSDT-1m-2024-01.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ABUSDT-1m-2024-01.csv", "\n".join(lines))
    found = read_any(path, venue="BINANCE")
    _check(found.bars)
    assert (found.symbol, found.format) == ("ABUSDT", "binance")
    assert found.source.endswith("ABUSDT-1m-2024-01.zip:ABUSDT-1m-2024-01.csv")


@pytest.mark.parametrize("packed", ["gz", "zst", "zip", "gz.zst", "2zst"])
def test_packed_files(tmp_path: Path, packed: str) -> None:
    data = json.dumps(_json_forms()["arrays"]).encode()
    for suffix in packed.split("."):
        if suffix == "gz":
            data = gzip.compress(data)
        elif suffix == "zst":
            data = zstandard.compress(data)
        elif suffix == "2zst":  # two frames, as of a file that was appended to
            data = zstandard.compress(data[:50]) + zstandard.compress(data[50:])
        else:
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w") as archive:
                archive.writestr("a.json", data)
            data = buffer.getvalue()
    path = tmp_path / f"X-AB-1m.json.{packed.removeprefix('2')}"
    path.write_bytes(data)
    found = read_any(path)
    _check(found.bars)
    assert (found.venue, found.symbol) == ("X", "AB")


@pytest.mark.parametrize("kind", ["timestamp", "int", "float", "text", "dictionary"])
@pytest.mark.parametrize("form", ["parquet", "feather"])
def test_columnar_files(tmp_path: Path, kind: str, form: str) -> None:
    stamps = np.array([BASE_MS + 60_000 * at for at in range(3)])
    time = {
        "timestamp": pa.array(stamps, pa.timestamp("ms", "UTC")),
        "int": pa.array(stamps),
        "float": pa.array(stamps / 1_000.0),
        "text": pa.array(_stamps("iso")),
        "dictionary": pa.array(_stamps("iso")).dictionary_encode(),
    }[kind]
    columns = {"date": time}
    columns |= {name: pa.array([row[at] for row in ROWS]) for at, name in enumerate(COLUMNS[1:])}
    path = tmp_path / f"a.{form}"
    table = pa.table(columns)
    if form == "parquet":
        pq.write_table(table, path)
    else:
        pafeather.write_feather(table, path)
    _check(_read(path).bars)


def test_cryptodatadownload_takes_the_volume_in_base_units(tmp_path: Path) -> None:
    path = tmp_path / "Coinbase_BTCUSD_1h.csv"
    path.write_text(
        "Timestamps are UTC timezone,https://www.CryptoDataDownload.com\n"
        "date,symbol,open,high,low,close,volume_btc,volume\n"
        "2019-10-17 01-PM,BTCUSD,8051,8056.83,8021.23,8035.88,61.25,492394.56\n"
        "2019-10-17 12-PM,BTCUSD,7975.89,8070,7975.89,8051,370.45,2971610.86\n"
    )
    found = read_any(path)
    assert found.bars is not None
    assert (found.venue, found.symbol, found.format) == ("COINBASE", "BTCUSD", "cryptodatadownload")
    assert [format_ms(int(ts)) for ts in found.bars.ts] == ["2019-10-17 12:00", "2019-10-17 13:00"]
    assert found.bars.volume.tolist() == [370.45, 61.25]
    assert found.notes == ("the newest row came first: order reversed",)


def test_a_long_table_of_symbols_is_several_series(tmp_path: Path) -> None:
    rows = [
        f"{at},{symbol},{','.join(map(str, row))}"
        for symbol in ("AB", "CD")
        for at, row in zip(_stamps("ms"), ROWS, strict=True)
    ]
    path = tmp_path / "panel.csv"
    path.write_text("\n".join(["ts,symbol,open,high,low,close,volume", *rows]))
    assert [item.symbol for item in read_files(path, Wanted(venue="X"))] == ["AB", "CD"]
    _check(read_any(path, venue="X", symbol="CD").bars)
    with pytest.raises(DataError, match="holds 2 series: X-AB, X-CD; give --symbol"):
        read_any(path, venue="X")
    with pytest.raises(DataError, match="no rows of EF; expected one of AB, CD"):
        read_any(path, venue="X", symbol="EF")


def test_trades_make_bars_of_any_length(tmp_path: Path) -> None:
    """R-DATA-10: a tardis file; the first and the last bucket may lack trades."""
    head = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount"
    seconds = [0, 1, 61, 62, 90, 130, 185]
    prices = [9, 10, 11, 14, 12, 13, 20]
    rows = [
        f"bitmex,XBTUSD,{(BASE_MS + 1_000 * s) * 1_000},{0},{at},buy,{price},0.1"
        for at, (s, price) in enumerate(zip(seconds, prices, strict=True))
    ]
    path = tmp_path / "trades.csv"
    path.write_text("\n".join([head, *rows, rows[2]]))  # one page overlap
    found = read_any(path, timeframe=MINUTE)
    assert found.bars is not None
    assert (found.venue, found.symbol, found.content) == ("BITMEX", "XBTUSD", Content.TRADES)
    assert found.bars.ts.tolist() == [BASE_MS + 60_000, BASE_MS + 120_000]
    assert [getattr(found.bars, name)[0] for name in COLUMNS[1:]] == [11, 14, 11, 12, 0.3]
    assert found.duplicates == 1
    assert "the first and the last (partial) bucket left out" in found.notes[0]
    with pytest.raises(DataError, match="give --timeframe 1m"):
        read_any(path)


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("aggTrades", "{id},{price},1.5,7,7,{ms},true,true"),
        ("trades", "{id},{price},1.5,15,{ms},true,true"),
    ],
)
def test_binance_trade_archives_of_a_whole_day_keep_all_buckets(
    tmp_path: Path, name: str, row: str
) -> None:
    rows = [row.format(id=at, price=10 + at, ms=BASE_MS + 30_000 * at) for at in range(6)]
    path = tmp_path / f"ABUSDT-{name}-2024-01-01.csv"
    path.write_text("\n".join(rows))
    found = read_any(path, venue="BINANCE", timeframe=MINUTE)
    assert found.bars is not None
    assert found.bars.volume.tolist() == [3.0, 3.0, 3.0]
    assert found.bars.close.tolist() == [11, 13, 15]


def test_funding_rates_with_late_stamps(tmp_path: Path) -> None:
    hour = 3_600_000
    path = tmp_path / "BINANCEUSDM-ABUSDT-funding.csv"
    path.write_text(f"ts,rate\n{BASE_MS},0.0001\n{BASE_MS + 8 * hour + 9},-0.0002\n")
    found = read_any(path)
    assert found.funding is not None
    assert found.content is Content.FUNDING
    assert found.funding["at_ms"].tolist() == [BASE_MS, BASE_MS + 8 * hour]
    assert found.funding["rate"].tolist() == [0.0001, -0.0002]
    assert np.isnan(found.funding["mark"]).all()
    assert found.notes == ("1 settlement times were moved to the full hour",)


def test_freqtrade_funding_and_mark_files(tmp_path: Path) -> None:
    stamps = pa.array([BASE_MS, BASE_MS + 3_600_000 * 8], pa.timestamp("ms", "UTC"))
    rate = pa.table({"date": stamps, **{name: pa.array([0.0001, 0.0002]) for name in COLUMNS[1:]}})
    (tmp_path / "binance").mkdir()
    path = tmp_path / "binance" / "AB_USDT_USDT-8h-funding_rate.feather"
    pafeather.write_feather(rate, path)
    found = read_any(path)
    assert (found.venue, found.symbol, found.content) == ("BINANCE", "AB/USDT:USDT", "funding")
    mark = tmp_path / "binance" / "AB_USDT_USDT-8h-mark.feather"
    pafeather.write_feather(rate, mark)
    found = read_any(mark)
    assert (found.symbol, found.content) == ("AB/USDT:USDT.mark", "mark")


@pytest.mark.parametrize(
    ("path", "venue", "symbol", "timeframe", "content"),
    [
        ("BINANCE-BTCUSDT-1h.parquet", "BINANCE", "BTCUSDT", "1h", None),
        ("BINANCEUSDM-BTCUSDT-mark-1h.parquet", "BINANCEUSDM", "BTCUSDT", "1h", "mark"),
        ("BINANCEUSDM-BTCUSDT-funding.parquet", "BINANCEUSDM", "BTCUSDT", None, "funding"),
        ("BTCUSDT-5m-2024-01.zip", None, "BTCUSDT", "5m", None),
        ("BTCUSDT-aggTrades-2024-10-18.zip", None, "BTCUSDT", None, "trades"),
        ("okx/BTC_USDT-1h.json.gz", "OKX", "BTC/USDT", "1h", None),
        ("okx/futures/BTC_USDT_USDT-4h-futures.feather", "OKX", "BTC/USDT:USDT", "4h", None),
        ("Binance_BTCUSDT_d.csv", "BINANCE", "BTCUSDT", "1d", None),
        ("BTC-USD-1h.csv", None, "BTC-USD", "1h", None),
        ("ticks.csv", None, None, None, None),
        ("1h.csv", None, None, None, None),
    ],
)
def test_file_names_say_what_they_say(
    path: str, venue: str | None, symbol: str | None, timeframe: str | None, content: str | None
) -> None:
    named = parse_name(PurePath(path))
    assert (named.venue, named.symbol, named.content) == (venue, symbol, content)
    assert (str(named.timeframe) if named.timeframe else None) == timeframe
