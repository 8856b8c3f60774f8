"""`data check`, `data events`, `data synth`: verdicts, exit codes, certificates, mistakes."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
from tests.data import SHARED, needs_data
from tests.unit.store.quality.series import START, drop, put, walk

from ballast.core.time import HOUR_MS
from ballast.service.cli.main import app
from ballast.store.candles import CandleStore
from ballast.store.eventbook import EventBook
from ballast.store.events import EventKind, InstrumentEvent
from ballast.store.funding import FundingStore
from ballast.store.history import read_history
from ballast.store.instruments import InstrumentBook
from ballast.store.quality import certificate
from ballast.store.units import scale_bars

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ballast.core.bars import Bars


PART = Fraction(1, 100)


class Done(NamedTuple):
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)

    def mistake(self) -> str:
        assert (self.code, self.out) == (2, ""), self
        assert len(self.err.splitlines()) == 1, self.err
        return self.err


@pytest.fixture
def data(
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


def named(bars: Bars, venue: str, symbol: str) -> Bars:
    return replace(bars, venue=venue, symbol=symbol)


def test_fit_series_gives_code_0_and_unfit_gives_1(
    data: Callable[..., Done], store: CandleStore
) -> None:
    """R-DQ-08, R-DQ-12: a table, a score, a verdict a script can read."""
    store.write(walk(name="V-GOODUSDT"))
    done = data("check")
    assert done.code == 0
    assert "V-GOODUSDT-1h" in done.out
    store.write(drop(walk(name="V-POORUSDT"), slice(100, 300)))
    done = data("check", "--json")
    assert done.code == 1
    rows = {row["series"]: row for row in done.json()["series"]}
    assert rows["V-GOODUSDT-1h"]["verdict"] == "fit"
    assert rows["V-POORUSDT-1h"]["verdict"] == "unfit"
    assert {each["kind"] for each in rows["V-POORUSDT-1h"]["findings"]} >= {"gap", "incomplete"}
    assert data("check", "V-GOODUSDT-1h").code == 0
    assert data("check", "POORUSDT", "--threshold", "0.1").code == 0


def test_threshold_is_a_setting(data: Callable[..., Done], store: CandleStore) -> None:
    """R-DQ-12: `data.quality_threshold`, 0.8 unless said otherwise."""
    store.write(drop(walk(name="V-SOSOUSDT"), slice(100, 130)))
    assert data("check").code == 0
    assert data("check", "--set", "data.quality_threshold=0.99").code == 1


def test_certificate_lies_beside_the_series(data: Callable[..., Done], store: CandleStore) -> None:
    """R-DQ-08: stored; it speaks about exactly these bars; the store does not mind it."""
    bars = walk(name="V-GOODUSDT")
    store.write(bars)
    (row,) = data("check", "--certify", "--json").json()["series"]
    found = certificate.read(certificate.path_beside(store.key_of(bars).folder))
    assert row["certificate"].endswith("1h.quality.json")
    found.check(store.read("V", "GOODUSDT", bars.timeframe))
    assert found.passed
    assert len(CandleStore(store.root).series()) == 1
    assert "a whole series" in data("check", "--certify", "--period", "2024-01-01..").mistake()


def test_files_are_checked_where_they_lie(data: Callable[..., Done], tmp_path: Path) -> None:
    """A file, a folder; rejected rows are listed with their reason."""
    lines = ["ts,open,high,low,close,volume"]
    bars = walk(100)
    for i in range(100):
        price = "nan" if i == 50 else bars.close[i]
        cells = (bars.ts[i], bars.open[i], bars.high[i], bars.low[i], price, bars.volume[i])
        lines.append(",".join(str(cell) for cell in cells))
    path = tmp_path / "in" / "V-SUSDT-1h.csv"
    path.parent.mkdir()
    path.write_text("\n".join(lines))
    (row,) = data("check", str(path), "--json").json()["series"]
    assert row["rejected"] == 1
    assert "51" in row["rejected_rows"][0]
    assert row["counters"]["missing"] == 1
    assert row["source"] == "V-SUSDT-1h.csv"
    done = data("check", "in", "--certify")
    assert done.code == 0
    assert (path.parent / "V-SUSDT-1h.csv.quality.json").is_file()
    assert data("check", "in").code == 0  # the certificate is not taken for candles


def test_same_venue_decides_between_halt_and_hole(
    data: Callable[..., Done], store: CandleStore
) -> None:
    """R-DQ-03: the other symbols of the venue are asked without being named."""
    store.write(drop(walk(name="V-AAAUSDT"), slice(100, 137)))
    store.write(walk(name="V-BBBUSDT", seed=2))
    rows = {row["series"]: row for row in data("check", "--json").json()["series"]}
    kinds = {each["kind"] for each in rows["V-AAAUSDT-1h"]["findings"]}
    assert "download_hole" in kinds
    assert "halt" not in kinds
    assert rows["V-BBBUSDT-1h"]["findings"] == []


def test_same_pair_on_another_venue_is_compared(
    data: Callable[..., Done], store: CandleStore
) -> None:
    """R-DQ-14: a copied market is found when both are stored; a 1000-token contract compares."""
    store.write(walk(name="V-AAAUSDT"))
    store.write(walk(name="W-AAAUSDT"))
    rows = data("check", "--json").json()["series"]
    assert [row["worst"] for row in rows] == ["copied_market", "copied_market"]
    token = walk(name="V-PEPEUSDT", seed=5)
    louder = put(token, volume=dict(enumerate((token.volume * 3).tolist())))
    contract = named(scale_bars(louder, Fraction(1000)), "X", "1000PEPEUSDT")
    store.write(token)
    store.write(contract)
    done = data("check", "X-1000PEPEUSDT-1h", "--json")
    assert done.json()["series"][0]["findings"] == []
    assert done.json()["series"][0]["fingerprint"] == contract.fingerprint()


def test_against_compares_with_any_series(data: Callable[..., Done], store: CandleStore) -> None:
    """R-DATA-18: a history pair against the traded pair."""
    store.write(walk(name="V-AAAUSDT"))
    store.write(walk(name="V-AAAUSDC", seed=9))
    done = data("check", "AAAUSDT", "--against", "V-AAAUSDC-1h", "--json")
    assert done.code == 1
    assert done.json()["series"][0]["worst"] == "venue_deviation"


def test_wide_quotes_are_told(
    data: Callable[..., Done], store: CandleStore, tmp_path: Path
) -> None:
    """R-DQ-07, A-DATA-04: the maximum of the spread is in the report."""
    store.write(walk(name="V-AAAUSDT"))
    (tmp_path / "q.csv").write_text("ts,bid,ask\n1704067200000,100,101.1\n")
    done = data("check", "AAAUSDT", "--quotes", "q.csv", "--json")
    assert done.json()["series"][0]["findings"][0]["measured"] == pytest.approx(0.011)
    store.write(walk(name="V-BBBUSDT"))
    assert "the one series" in data("check", "--quotes", "q.csv").mistake()


def test_freshness_is_judged_only_when_asked(data: Callable[..., Done], store: CandleStore) -> None:
    """R-DQ-12: history is not stale; a feed is."""
    store.write(walk(name="V-AAAUSDT"))
    assert data("check").code == 0
    done = data("check", "--fresh", "2", "--json")
    assert done.code == 1
    assert done.json()["series"][0]["worst"] == "stale_series"


def test_events_are_kept_and_change_how_history_is_read(
    data: Callable[..., Done], store: CandleStore
) -> None:
    """R-DATA-20: without the event a break, with it one history; the stored bars stay."""
    whole = walk(100, name="V-NEWUSDT")
    old = named(scale_bars(whole, 1 / PART), "V", "OLDUSDT")
    at = START + 60 * HOUR_MS
    store.write(whole.slice(60, 100))
    store.write(old.slice(0, 60))
    added = data(
        *("events", "add", "v", "OLDUSDT", "migration", "2024-01-03T12:00"),
        *("--factor", "1/100", "--to", "NEWUSDT", "--note", "swap", "--json"),
    )
    assert added.json()["factor"] == "1/100"
    (row,) = data("events", "list", "--json").json()
    assert (row["symbol"], row["to"], row["at"]) == ("OLDUSDT", "NEWUSDT", "2024-01-03 12:00")
    book = EventBook(store.root)
    swap = InstrumentEvent("V", "OLDUSDT", EventKind.MIGRATION, at, PART, "NEWUSDT", "swap")
    assert book.events("V") == (swap,)
    joined = read_history(store, book, "V", "NEWUSDT", whole.timeframe)
    assert np.array_equal(joined.close, whole.close)
    assert len(read_history(store, book, "V", "NEWUSDT", whole.timeframe, from_ms=at)) == 40
    assert len(store.read("V", "NEWUSDT", whole.timeframe)) == 40
    done = data("check", "V-NEWUSDT-1h", "--json")
    assert done.json()["series"][0]["bars"] == 100


def test_synthetic_market_is_stored_with_its_rules(
    data: Callable[..., Done], store: CandleStore
) -> None:
    """Same seed, same bytes; candles, marks, funding and rules; it passes its own check."""
    arguments = ("synth", "--bars", "1000", "--perpetual", "--seed", "7", "--json")
    first = data(*arguments).json()
    assert first == data(*arguments).json()
    assert len(first["series"]) == 4
    assert len(store.series()) == 8
    assert len(FundingStore(store.root).read("SYNTH", "BTCUSDT")) == 125
    assert InstrumentBook(store.root).get("SYNTH", "BTCUSDT").kind.value == "perpetual"
    assert data("check").code == 0
    assert data("synth", "--seed", "8", "--bars", "1000", "--json").json() != first


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("check", "nothere"), "nothere"),
        (("check", "nothere.csv"), "no such file"),
        (("check", "--against", "nothere"), "nothere"),
        (("check", "--period", "soon"), "not a period"),
        (("events", "add", "V", "S", "splitt", "2024-01-01"), "did you mean 'split'"),
        (("events", "add", "V", "S", "split", "2024-01-01"), "positive and not 1"),
        (("events", "add", "V", "S", "split", "2024-01-01", "--factor", "x"), "not a factor"),
        (("events", "add", "V", "S", "delisting", "soon"), "not a date"),
        (("synth", "WHAT"), "base and quote"),
        (("synth", "--bars", "0"), "0 synthetic bars"),
        (("synth", "--correlation", "2"), "correlation"),
        (("synth", "-t", "soon"), "not a timeframe"),
    ],
)
def test_mistakes_are_one_line(
    data: Callable[..., Done], tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    """Exit code 2, nothing on stdout, nothing written."""
    assert message in data(*arguments).mistake()
    assert list(tmp_path.rglob("*.parquet")) == []
    assert list(tmp_path.rglob("*.toml")) == []


def test_empty_store_says_what_to_do(data: Callable[..., Done]) -> None:
    """No series is no defect."""
    done = data("check")
    assert (done.code, done.out) == (0, "")
    assert "ballast data import --help" in done.err
    assert "ballast data events add --help" in data("events", "list").err


@needs_data
def test_dirty_files_of_the_shared_data(data: Callable[..., Done]) -> None:
    """Every dirty file through the door: verdicts and worst findings."""
    done = data("check", str(SHARED / "dirty"), "--json")
    assert done.code == 1
    worst = {row["source"].removesuffix(".parquet"): row["worst"] for row in done.json()["series"]}
    assert worst == {
        "BINANCEUSDM-BTCUSDT-1h-two-500h-holes": "paging_hole",
        "BINANCEUSDM-BTCUSDT-5m-before-revision": "incomplete",
        "BINANCEUSDM-BTCUSDT-5m-spot-splice": "market_splice",
        "BITFINEX-BTCUSD-1m-2016Q3": "incomplete",
        "BITFINEX-BTCUSD-1m": "gap",
        "BYBIT-ADAUSDT-1m-paged-holes": "paging_hole",
        "BYBIT-BTCUSDT-1m-testnet-like": "test_network",
        "FREQTRADE2018-ADABTC-5m": "gap",
        "FREQTRADE2018-TRXBTC-5m": "gap",
        "FTX-GBTCUSD-1h-illiquid": "illiquid",
        "HYPERLIQUID-BTCUSDC-4h-prelisting": "pre_listing",
    }
