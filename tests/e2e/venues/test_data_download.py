"""`ballast data download` as a process: store, resume, exit codes (R-DATA-01, R-DATA-02)."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import typer
from tests.fakes.clock import VirtualClock
from tests.fakes.exchange_server import FakeExchange, serving
from tests.fakes.markets import random_bars
from tests.fakes.sinks import COLUMNS

from ballast.core.errors import UserError
from ballast.core.records import FUNDING
from ballast.core.time import Timeframe, parse_ms
from ballast.service.cli import data_download
from ballast.store.candles import CandleStore
from ballast.store.funding import FundingStore
from ballast.store.instruments import InstrumentBook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ballast.core.bars import Bars

START = parse_ms("2024-01-30")
MINUTE = Timeframe.parse("1m")
N_BARS = 25_000  # more than two flushes of 10,000, over a month's end
PROGRAM = "from ballast.service.cli.main import main; main()"


class Shop:
    """A local exchange with one market, and a workspace to download it into."""

    def __init__(self, exchange: FakeExchange, url: str, workspace: Path, bars: Bars) -> None:
        self.exchange, self.url, self.workspace, self.bars = exchange, url, workspace, bars

    def command(self, *arguments: str) -> list[str]:
        return [
            sys.executable,
            "-c",
            PROGRAM,
            "data",
            "download",
            *arguments,
            "--base-url",
            self.url,
        ]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.workspace,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def stored(self) -> Bars | None:
        store = CandleStore(self.workspace / "data")
        if not store.has("BINANCE", "BTCUSDT", MINUTE):
            return None
        return store.read("BINANCE", "BTCUSDT", MINUTE)

    def assert_complete(self) -> None:
        got = self.stored()
        assert got is not None
        np.testing.assert_array_equal(got.ts, self.bars.ts)
        for name in COLUMNS:
            np.testing.assert_array_equal(getattr(got, name), getattr(self.bars, name))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    bars = random_bars(1, "1m", START, N_BARS, absent=(15_000, 15_001))
    exchange = FakeExchange(now_ms=int(bars.ts[-1]) + MINUTE.ms)
    exchange.bars["BTCUSDT", "1m"] = bars
    with serving(exchange) as url:
        yield Shop(exchange, url, tmp_path, bars)


MINUTES = ("BINANCE", "BTC/USDT", "-t", "1m", "--from", "2024-01-30")


def test_a_download_lands_in_the_store_and_the_next_one_asks_for_nothing(shop: Shop) -> None:
    code, out, err = shop.run(*MINUTES, "--json")
    assert (code, err) == (0, "")
    (row,) = json.loads(out)["series"]
    assert row["new_bars"] == N_BARS - 2
    assert row["absent_at_venue"] == 2
    assert row["problem"] == ""
    shop.assert_complete()
    shop.exchange.log.clear()
    code, out, err = shop.run(*MINUTES)
    assert (code, err) == (0, "")
    assert "BINANCE-BTCUSDT-1m" in out
    assert shop.exchange.asked("klines") == []


@pytest.mark.parametrize("request_number", [pytest.param(3, marks=pytest.mark.slow), 17])
def test_a_killed_download_leaves_a_whole_store_and_goes_on(
    shop: Shop, request_number: int
) -> None:
    shop.exchange.faults = lambda number, _path: "hang" if number == request_number else ""
    with shop.start(*MINUTES) as process:
        assert shop.exchange.hung.wait(60)
        process.kill()
        process.communicate()
    before = shop.stored()
    held = 0 if before is None else len(before)
    assert held == max(0, request_number - 2) // 10 * 10_000
    shop.exchange.faults = lambda _number, _path: ""
    shop.exchange.log.clear()
    code, _, err = shop.run(*MINUTES)
    assert (code, err) == (0, "")
    shop.assert_complete()
    first = min(int(entry.query["startTime"]) for entry in shop.exchange.asked("klines"))
    assert first == START + held * MINUTE.ms


def test_ctrl_c_keeps_what_has_arrived(shop: Shop) -> None:
    shop.exchange.faults = lambda number, _path: "hang" if number == 5 else ""
    with shop.start(*MINUTES) as process:
        assert shop.exchange.hung.wait(60)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "interrupted; nothing is half-written\n"
    stored = shop.stored()
    assert stored is not None
    assert len(stored) == 3_000


def test_perpetuals_bring_mark_prices_funding_and_rules(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """R-DATA-26: everything a perpetual needs lies beside its candles after one command."""
    hours = random_bars(2, "1h", START, 100)
    shop.exchange.bars["BTCUSDT", "1h"] = hours
    shop.exchange.bars["BTCUSDT.mark", "1h"] = random_bars(3, "1h", START, 100)
    shop.exchange.funding["BTCUSDT"] = np.array(
        [(START + k * 8 * 3_600_000, 1e-4 * k, np.nan) for k in range(12)], FUNDING
    )
    monkeypatch.chdir(shop.workspace)
    wanted = {"start": "2024-01-30", "stop": "2024-02-03", "base_url": shop.url}
    data_download.download(
        "BYBITLINEAR", ["BTCUSDT"], funding=True, mark=True, rules=True, json=True, **wanted
    )
    out, err = capsys.readouterr()
    assert err == ""
    report = json.loads(out)
    assert [row["series"] for row in report["series"]] == [
        "BYBITLINEAR-BTCUSDT-1h",
        "BYBITLINEAR-BTCUSDT.mark-1h",
    ]
    root = shop.workspace / "data"
    mark = CandleStore(root).read("BYBITLINEAR", "BTCUSDT.mark", Timeframe.parse("1h"))
    assert len(mark) == 96
    assert not mark.volume.any()
    assert len(FundingStore(root).read("BYBITLINEAR", "BTCUSDT")) == 12
    rules = InstrumentBook(root).get("BYBITLINEAR", "BTCUSDT")
    assert (str(rules.tick), str(rules.lot), len(rules.tiers)) == ("0.1", "0.001", 3)
    assert rules.fees[0].taker == 0.0006


def test_wrong_input_is_one_line_and_exit_2(shop: Shop) -> None:
    code, out, err = shop.run("BINANCE", "BTCUST")
    assert (code, out) == (2, "")
    assert "did you mean 'BTCUSDT'" in err
    assert err.count("\n") == 1
    assert list(shop.workspace.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"venue": "BINANSE"}, "did you mean 'BINANCE'"),
        ({"timeframe": ["7m"]}, "has no 7m candles"),
        ({"timeframe": ["soon"]}, "is not a timeframe"),
        ({"start": "2024-02-01", "stop": "2024-01-01"}, "swap the two"),
        ({"workers": 0}, "expected 1 to 32"),
    ],
)
def test_a_question_is_checked_before_anything_is_written(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, arguments: dict[str, object], words: str
) -> None:
    monkeypatch.chdir(shop.workspace)
    given: dict[str, Any] = {"venue": "BINANCE", "symbols": ["BTCUSDT"], **arguments}
    with pytest.raises(UserError, match=words):
        data_download.download(**given, base_url=shop.url)
    assert list(shop.workspace.iterdir()) == []


def test_a_ban_is_one_line_and_exit_75(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.exchange.retry_after_s = 7_200
    shop.exchange.faults = lambda number, _path: "418" if number >= 4 else ""
    monkeypatch.chdir(shop.workspace)
    with pytest.raises(typer.Exit) as caught:
        data_download.download(
            "BINANCE", ["BTC/USDT"], ["1m"], start="2024-01-30", base_url=shop.url
        )
    out, err = capsys.readouterr()
    assert caught.value.exit_code == 75
    assert "BINANCE-BTCUSDT-1m" in out
    assert err.count("\n") == 1
    assert "banned" in err
    assert len(shop.stored() or ()) == 2_000


def test_no_network_is_one_line_and_exit_75(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In this process, so that the waits between attempts cost nothing."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(data_download, "SystemClock", VirtualClock)
    with pytest.raises(typer.Exit) as caught:
        data_download.download("BINANCE", ["BTCUSDT"], base_url="http://127.0.0.1:9")
    assert caught.value.exit_code == 75
    err = capsys.readouterr().err
    assert err.startswith("error: BINANCE: the venue cannot be reached")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
