"""`ballast indicators`, as a person and as a script meet it (R-CLI-05, R-CLI-06, R-CLI-07)."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import typer.testing

from ballast.core.errors import DataError, StrategyError
from ballast.features.indicators import registry, twins
from ballast.research.synthetic import synthetic_market
from ballast.service.cli import indicators
from ballast.service.cli.stores import candle_store

if TYPE_CHECKING:
    from pathlib import Path

RUNNER = typer.testing.CliRunner()


@pytest.fixture(autouse=True)
def _workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("BALLAST")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, code: int = 0) -> str:
    done = RUNNER.invoke(indicators.app, arguments, catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.stdout


def asked(*arguments: str, code: int = 0) -> Any:
    return json.loads(run(*arguments, "--json", code=code))


def test_the_list_is_that_of_the_registry() -> None:
    rows = asked()
    assert [row["name"] for row in rows] == list(registry.names())
    assert rows == asked("list") == registry.describe()
    assert {"inputs", "params", "outputs", "warmup", "convention"} < set(rows[0])
    assert "stochrsi" in run()


def test_talib_is_listed_with_its_lookback() -> None:
    rows = {row["name"]: row for row in asked("--talib")}
    assert tuple(rows) == registry.talib_names()
    assert rows["RSI"]["warmup"] == "14"
    assert rows["BBANDS"]["outputs"] == "upperband, middleband, lowerband"
    assert asked("list", "--talib")[0] == next(iter(rows.values()))


def test_one_indicator_in_full() -> None:
    shown = asked("show", "macd")
    assert shown["warmup_rows"] == 33
    assert shown["outputs"] == ["macd", "signal", "hist"]
    assert shown["checked_against"] == "TA-Lib MACD"
    assert shown["params"][1] == {
        "parameter": "slow", "default": 26, "low": 1, "high": 10_000, "whole": True,
    }  # fmt: skip
    assert "fast" in run("show", "macd")
    assert "true_range" in run("show", "true_range")  # has no parameters: no empty table


def test_capitals_mean_talib() -> None:
    shown = asked("show", "RSI")
    assert (shown["library"], shown["warmup_rows"]) == ("TA-Lib", 14)
    assert shown["checked_against"] is None
    assert asked("show", "vwap")["checked_against"] is None


def test_unknown_names_are_one_line_with_a_suggestion() -> None:
    with pytest.raises(StrategyError, match="did you mean 'stochrsi'"):
        run("show", "stochrs")
    with pytest.raises(StrategyError, match="did you mean 'CDLDOJI'"):
        run("show", "CDLDOJJI")
    with pytest.raises(StrategyError, match="`ballast indicators` lists them"):
        run("show", "qqqqq")


def test_a_seeded_market_is_checked_where_none_is_named() -> None:
    """R-CLI-05, R-CLI-06, R-CLI-07: TA-Lib, one by one, and the methods of StochRSI."""
    found = asked("check", "--rows", "60")
    assert found["verdict"] == "same"
    rows = {row["indicator"]: row for row in found["indicators"]}
    assert tuple(rows) == registry.names()
    assert {row["streamed"] for row in rows.values()} == {60}
    assert 0 < rows["stochrsi"]["worst_error"] < 1e-9
    assert rows["vwap"]["talib"] is None
    methods = {row["name"]: row for row in found["stochrsi"]}
    assert methods["ballast"]["last"] == pytest.approx(methods["talib"]["last"], abs=1e-12)
    assert methods["smoothed"]["filter_disagreement"] > 0.1
    assert found == asked("check", "--rows", "60")


def test_a_stored_series_is_checked() -> None:
    bars = synthetic_market(3, ["TRX/USDT"], "1h", 900).bars[0]
    candle_store().write(bars)
    found = asked("check", "TRX/USDT", "--rows", "30")
    assert (found["on"], found["bars"]) == (bars.name, len(bars))
    assert found["fingerprint"] == bars.fingerprint()
    part = asked("check", "TRX/USDT", "--rows", "30", "--period", "2020-01-05..")
    assert part["bars"] < len(bars)
    assert "StochRSI, by method" in run("check", "TRX/USDT", "-t", "1h", "--rows", "30")


def test_a_difference_is_named_and_is_exit_1(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = [replace(twin, options=(21,)) if twin.name == "ema" else twin for twin in twins.TWINS]
    monkeypatch.setattr(twins, "TWINS", tuple(wrong))
    found = asked("check", "--rows", "30", code=1)
    assert found["verdict"] == "different"
    bad = [row for row in found["indicators"] if row["verdict"] == "different"]
    assert [row["indicator"] for row in bad] == ["ema"]
    assert bad[0]["worst_error"] > 1e-6
    assert bad[0]["worst_at"].startswith("2020-")


def test_wrong_words_are_one_line() -> None:
    with pytest.raises(DataError, match="no stored series fits 'BTC/USDT'"):
        run("check", "BTC/USDT")
    with pytest.raises(DataError, match="without a series"):
        run("check", "--venue", "BINANCE")
    with pytest.raises(DataError, match="expected at least 300 to compare"):
        run("check", "--period", "2020-01-01..2020-01-03")
