"""The data verbs: import, list, show, resample, export, rules, fees; one line for a mistake."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
from tests.data import ROOT, SHARED, needs_data
from tests.unit.store.bars import HOUR, same, some_bars

from ballast.core.bars import Bars
from ballast.core.time import Timeframe, parse_ms
from ballast.service.cli.data_show import BLOCKS, sparkline
from ballast.service.cli.main import app
from ballast.store.candles import CandleStore
from ballast.store.export import export_bars

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Done(NamedTuple):
    code: int
    out: str
    err: str

    def json(self) -> Any:
        assert self.code == 0, self
        return json.loads(self.out)

    def mistake(self) -> str:
        assert (self.code, self.out) == (2, ""), self
        assert len(self.err.splitlines()) == 1, self.err
        return self.err


@pytest.fixture
def ballast(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("BALLAST"):
            monkeypatch.delenv(name)

    def run(*arguments: str) -> Done:
        with pytest.raises(SystemExit) as ended:
            app(["data", *arguments])
        said = capsys.readouterr()
        return Done(ended.value.code if isinstance(ended.value.code, int) else 0, *said)

    return run


@pytest.fixture
def store(tmp_path: Path) -> CandleStore:
    return CandleStore(tmp_path / "data")


def _files(folder: Path) -> dict[str, bytes]:
    return {
        str(path): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def test_a_folder_is_imported_and_listed(
    ballast: Callable[..., Done], store: CandleStore, tmp_path: Path
) -> None:
    """R-CLI-02: many series in one command; a second time nothing changes."""
    source = tmp_path / "source"
    source.mkdir()
    for at, symbol in enumerate(("AAA", "BBB")):
        export_bars(some_bars(symbol=symbol, seed=at), source, "parquet")
    (source / "notes.txt").write_text("not data")
    done = ballast("import", "source", "--json").json()
    assert [row["series"] for row in done["files"]] == ["BINANCE-AAA-1h", "BINANCE-BBB-1h"]
    assert [row["inserted"] for row in done["files"]] == [100, 100]
    again = ballast("import", "source/*.parquet", "--json").json()
    assert [row["unchanged"] for row in again["files"]] == [100, 100]
    assert same(store.read("BINANCE", "AAA", HOUR), some_bars(symbol="AAA", seed=0))
    listed = ballast("list", "--verify", "--json").json()
    assert [(row["symbol"], row["bars"]) for row in listed["candles"]] == [
        ("AAA", 100),
        ("BBB", 100),
    ]
    table = ballast("list", "--symbol", "aaa")
    assert (table.code, "AAA" in table.out, "BBB" in table.out) == (0, True, False)


def test_a_dry_run_writes_nothing(ballast: Callable[..., Done], tmp_path: Path) -> None:
    export_bars(some_bars(), tmp_path / "BINANCE-BTCUSDT-1h.csv", "csv")
    done = ballast("import", "BINANCE-BTCUSDT-1h.csv", "--dry-run", "--json").json()
    assert (done["dry_run"], done["files"][0]["inserted"]) == (True, 100)
    assert not (tmp_path / "data").exists()


def test_a_bad_file_among_good_ones_stops_the_whole_import(
    ballast: Callable[..., Done], tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    export_bars(some_bars(), source, "parquet")
    (source / "X-Y-1h.csv").write_text("a,b,c\n1,2,3\n")
    assert "X-Y-1h.csv: the columns a, b, c are not" in ballast("import", "source").mistake()
    assert _files(tmp_path / "data") == {}
    done = ballast("import", "source", "--skip-bad")
    assert done.code == 0
    assert "warning: skipped" in done.err
    assert ballast("list", "--json").json()["candles"][0]["bars"] == 100


def test_rejected_rows_are_counted_shown_and_kept_in_a_file(
    ballast: Callable[..., Done], tmp_path: Path
) -> None:
    """R-DQ-02: the quarantine log."""
    path = export_bars(some_bars(), tmp_path / "X-AB-1h.csv", "csv")
    lines = path.read_text().splitlines()
    lines[5] = lines[5].rpartition(",")[0] + ",-1"
    path.write_text("\n".join(lines))
    (row,) = ballast("import", "X-AB-1h.csv", "--json").json()["files"]
    assert (row["inserted"], row["rejected"]) == (99, 1)
    kept = [json.loads(line) for line in open(row["quarantine"])]  # noqa: SIM115, PTH123
    assert kept[0][1:3] == [5, "volume is negative"]
    assert "1 bad rows, first row 5" in ballast("import", "X-AB-1h.csv", "--strict").mistake()


def test_a_revision_is_said_and_strict_refuses_it(
    ballast: Callable[..., Done], store: CandleStore, tmp_path: Path
) -> None:
    bars = some_bars()
    store.write(bars)
    changed = Bars.of(
        "BINANCE",
        "BTCUSDT",
        HOUR,
        bars.ts,
        {
            "open": bars.open,
            "high": bars.high + np.where(np.arange(100) == 7, 1.0, 0.0),
            "low": bars.low,
            "close": bars.close,
            "volume": bars.volume,
        },
    )
    path = str(export_bars(changed, tmp_path, "parquet"))
    before = _files(tmp_path / "data")
    assert "1 stored bars of 2024-01 would change" in ballast("import", path, "--strict").mistake()
    assert _files(tmp_path / "data") == before
    done = ballast("import", path)
    assert "2024-01-01 07:00 high" in done.err
    assert store.read("BINANCE", "BTCUSDT", HOUR).high[7] == bars.high[7] + 1.0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("import", "nothing.csv"), "nothing.csv: no such file"),
        (("import", "*.tsv"), "*.tsv: no file fits this pattern"),
        (("import", "empty"), "no files to import"),
        (("import", "x.csv", "-t", "1y"), "'1y' is not a timeframe"),
        (("show", "BTCUSDC"), "no stored series fits 'BTCUSDC'"),
        (("show", "BTCUSDT"), "may mean BINANCE-BTCUSDT-1h, OTHER-BTCUSDT-1h"),
        (("show", "BINANCE-BTCUSDT-5m"), "no 5m bars of BTCUSDT; expected 1h"),
        (("show", "BINANCE-BTCUSDT-1h", "--period", "2030-01-01.."), "no bars in this period"),
        (("resample", "BINANCE-BTCUSDT-1h", "--to", "30m"), "30m is not a multiple of 1h"),
        (("export", "BINANCE-BTCUSDT-1h", "-o", "a.cvs"), "did you mean 'csv'"),
        (("rules", "import", "x.csv"), "not JSON"),
        (("rules", "show", "BTCUSDT"), "no rules are known of it; give --venue"),
        (("fees", "set", "--venue", "X"), "--maker and --taker, or from --file"),
        (("fees", "set", "--venue", "X", "--maker", "1", "--taker", "1"), "write 1%"),
        (("fees", "show"), "give a symbol or --venue"),
    ],
)
def test_mistakes_are_one_line(
    ballast: Callable[..., Done],
    store: CandleStore,
    tmp_path: Path,
    arguments: tuple[str, ...],
    said: str,
) -> None:
    store.write(some_bars())
    store.write(some_bars(venue="OTHER"))
    (tmp_path / "empty").mkdir()
    (tmp_path / "x.csv").write_text("ts,open\n")
    assert said in ballast(*arguments).mistake()


def test_show_prints_the_span_the_gaps_and_the_ends(
    ballast: Callable[..., Done], store: CandleStore
) -> None:
    bars = some_bars(count=200)
    store.write(bars.slice(0, 90))
    store.write(bars.slice(100, 200))
    shown = ballast("show", "BTCUSDT", "--json", "--head", "2", "--tail", "1").json()
    assert (shown["bars"], shown["missing"], shown["gaps"]) == (190, 10, 1)
    assert shown["largest gap"] == "10 bars after 2024-01-04 17:00"
    assert [row["ts"] for row in shown["bars_shown"]] == bars.ts[[0, 1, 199]].tolist()
    text = ballast("show", "binance-btc/usdt-1h", "--period", "2024-01-02..2024-01-03")
    assert (text.code, "2024-01-02 23:00" in text.out) == (0, True)


def test_sparklines() -> None:
    assert sparkline(np.arange(8.0)) == BLOCKS
    assert sparkline(np.ones(3)) == BLOCKS[0] * 3
    assert len(sparkline(np.arange(1_000.0))) == 60


def test_resample_stores_longer_bars_and_export_writes_them(
    ballast: Callable[..., Done], store: CandleStore, tmp_path: Path
) -> None:
    store.write(some_bars("2024-01-01T01:00", 200))
    made = ballast("resample", "BTCUSDT", "--to", "4h", "--to", "1d", "--json").json()
    assert [(row["series"], row["bars"]) for row in made] == [
        ("BINANCE-BTCUSDT-4h", 49),
        ("BINANCE-BTCUSDT-1d", 7),
    ]
    done = ballast("export", "BTCUSDT", "-t", "4h", "-o", "out.csv", "--json").json()
    assert done["bars"] == 49
    assert (tmp_path / "out.csv").read_text().count("\n") == 50
    done = ballast("export", "BTCUSDT", "-t", "1d", "-o", ".", "--format", "freqtrade-json")
    assert "BTC_USDT-1d.json" in done.out


def test_resampling_over_different_stored_bars_needs_force(
    ballast: Callable[..., Done], store: CandleStore
) -> None:
    store.write(some_bars(count=96))
    store.write(some_bars(count=20, timeframe=Timeframe.parse("4h"), seed=9))
    said = ballast("resample", "BINANCE-BTCUSDT-1h", "--to", "4h").mistake()
    assert "would change" in said
    assert "--force" in said
    assert ballast("resample", "BINANCE-BTCUSDT-1h", "--to", "4h", "--force").code == 0


def test_rules_and_fees(ballast: Callable[..., Done], tmp_path: Path) -> None:
    """R-DATA-26, R-COST-01: rules from an exchange's list, fees from a dated file."""
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": "0.01", "maxPrice": "1000000"},
        {"filterType": "LOT_SIZE", "stepSize": "0.001", "minQty": "0.001", "maxQty": "900"},
    ]
    names = {"symbol": "ABUSDT", "baseAsset": "AB", "quoteAsset": "USDT", "filters": filters}
    (tmp_path / "info.json").write_text(json.dumps({"symbols": [names]}))
    assert "give --from" in ballast("rules", "import", "info.json").mistake()
    (row,) = ballast("rules", "import", "info.json", "--from", "2024-01-01", "--json").json()
    assert (row["venue"], row["news"], row["skipped"]) == ("BINANCE", 1, 0)
    fees = tmp_path / "fees.toml"
    fees.write_text('[[fee]]\nfrom = "2024-02-01"\nmaker = "0.1%"\ntaker = "0.2%"\n')
    assert ballast("fees", "set", "--venue", "binance", "--file", "fees.toml").code == 0
    shown = ballast("rules", "show", "AB/USDT", "--json").json()
    assert (shown["tick"], shown["lot"], shown["known_from"]) == (
        "0.01",
        "0.001",
        "2024-01-01 00:00",
    )
    assert shown["fees"] == [{"from": "2024-02-01 00:00", "maker": 0.001, "taker": 0.002}]
    assert ballast("fees", "show", "ABUSDT", "--json").json()[0]["taker"] == 0.002
    assert ballast("rules", "show", "--json").json() == [{"venue": "BINANCE", "symbols": 1}]
    assert "tick" in ballast("rules", "show", "ABUSDT").out


def test_a_damaged_file_shows_in_the_list_with_exit_code_1(
    ballast: Callable[..., Done], store: CandleStore, tmp_path: Path
) -> None:
    store.write(some_bars())
    store.write(some_bars(symbol="ETHUSDT"))
    path = tmp_path / "data/candles/BINANCE/BTCUSDT/1h/2024-01.parquet"
    stat = path.stat()
    whole = path.read_bytes()
    path.write_bytes(whole[:300] + bytes([whole[300] ^ 1]) + whole[301:])
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert ballast("list").code == 0, "size and time are those of the manifest"
    done = ballast("list", "--verify")
    assert done.code == 1
    assert "2024-01.parquet: the " in done.err
    assert "ETHUSDT" in done.out


def test_an_unreadable_store_is_one_line_not_a_traceback(
    ballast: Callable[..., Done], tmp_path: Path
) -> None:
    export_bars(some_bars(), tmp_path, "parquet")
    (tmp_path / "data").write_text("a file where the folder would be")
    assert ballast("import", "BINANCE-BTCUSDT-1h.parquet").mistake().startswith("error: ")


def test_ctrl_c_in_the_middle_of_an_import_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    """A real process and a real signal, while month files are being staged."""
    store = CandleStore(tmp_path / "data")
    old = some_bars("2020-01-05", 500)
    store.write(old)
    before = _files(tmp_path / "data")
    years = some_bars("2020-01-01", 60_000, seed=3)
    path = export_bars(years, tmp_path, "parquet")
    run = subprocess.Popen(
        [sys.executable, "-m", "ballast.service.cli.main", "data", "import", path.name],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stderr=subprocess.PIPE,
        text=True,
    )
    staged = tmp_path / "data/candles/BINANCE/BTCUSDT/1h"
    while run.poll() is None and not list(staged.glob(".*.tmp")):
        pass
    run.send_signal(signal.SIGINT)
    _, said = run.communicate()
    assert (run.returncode, said) == (130, "interrupted; nothing is half-written\n")
    assert _files(tmp_path / "data") == before
    assert same(store.read("BINANCE", "BTCUSDT", HOUR), old)
    store.write(years)
    assert len(store.read("BINANCE", "BTCUSDT", HOUR)) == 60_000


@needs_data
def test_the_shared_funding_marks_and_rules_go_in_together(ballast: Callable[..., Done]) -> None:
    perp = str(SHARED / "perp" / "BINANCEUSDM-BTCUSDT-*.parquet")
    files = ballast("import", perp, "--json").json()["files"]
    assert {row["content"]: row["inserted"] for row in files} == {"funding": 6_914, "mark": 52_813}
    listed = ballast("list", "--json").json()
    assert listed["candles"][0]["symbol"] == "BTCUSDT.mark"
    assert listed["funding"][0]["settlements"] == 6_914
    again = ballast("import", perp, "--strict", "--json").json()["files"]
    assert [row["revised"] for row in again] == [0, 0]
    assert parse_ms(listed["funding"][0]["first"]) == parse_ms("2019-09-10T08:00")
