"""`ballast attack` and `ballast stress`: tables, JSON, exit codes, mistakes in one line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.fakes.shell import ballast, csv_rows, write_csv

if TYPE_CHECKING:
    from pathlib import Path

PEEKS = '''"""Reads the next bar."""
import numpy as np
from ballast.strategies import Signals, SignalStrategy

class Peeks(SignalStrategy):
    name = "peeks"

    def signals(self, bars):
        later = np.append(bars.close[1:], bars.close[-1:])
        return Signals(enter_long=later > bars.close, exit_long=later < bars.close)
'''
START_MS, HOUR_MS = int(csv_rows(1)[0].split(",")[0]), 3_600_000
TWENTY_HOURS = str(START_MS + 20 * HOUR_MS)
SILENT = 'name = "silent"\n[signals]\nenter_long = "close < 0"\n'


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with candles, a cheat, and a strategy that never trades."""
    space = tmp_path_factory.mktemp("attack")
    assert ballast(space, "init").code == 0
    rows = csv_rows(900, volume=1e6)
    write_csv(space / "BINANCE-BTCUSDT-1h.csv", rows)
    write_csv(space / "BINANCE-FLATUSDT-1h.csv", [
        ",".join([row.split(",")[0], *("100.00",) * 4, "1000"]) for row in rows
    ])  # fmt: skip
    for name in ("BTCUSDT", "FLATUSDT"):
        assert ballast(space, "data", "import", f"BINANCE-{name}-1h.csv").code == 0
    (space / "strategies" / "peeks.py").write_text(PEEKS)
    (space / "strategies" / "silent.toml").write_text(SILENT)
    return space


def test_an_honest_strategy_passes(space: Path) -> None:
    done = ballast(space, "attack", "ema_cross", "BTCUSDT", "--permutations", "9")
    assert done.code == 0, done
    for word in ("truncation", "state", "warm-up", "survival", "shuffle", "bars late"):
        assert word in done.out
    assert "CHEAT" not in done.out
    assert "give a live run at least" in done.err


def test_a_cheat_is_exit_1_and_named(space: Path) -> None:
    done = ballast(space, "attack", "peeks", "BTCUSDT", "--permutations", "9")
    assert done.code == 1, done
    assert "looks ahead: BTCUSDT: signals at bar" in done.out
    assert "earns on bars in random order" in done.out


def test_attack_speaks_json_and_repeats(space: Path) -> None:
    asked = ("attack", "ema_cross", "BTCUSDT", "--permutations", "9", "--json")
    first = ballast(space, *asked, "--seed", "5")
    found = json.loads(first.out)
    assert found["cheats"] == []
    assert found["attacks"]["seed"] == 5
    assert len(found["attacks"]["shuffle"]["permuted"]["values"]) == 9
    assert ballast(space, *asked, "--seed", "5").out == first.out
    assert ballast(space, *asked, "--seed", "6").out != first.out


def test_stress_prints_every_table_and_json_has_every_number(space: Path) -> None:
    done = ballast(space, "stress", "ema_cross", "BTCUSDT", "-p", "fast=8")
    assert done.code == 0, done
    for word in (
        "breaks even at", "noise 2 bps", "entries missed", "other first days", "Plateau around",
        "Random entries", "Stress windows", "not in the data", "Capacity", "Regimes by regime()",
    ):  # fmt: skip
        assert word in done.out, word
    found = json.loads(ballast(space, "stress", "ema_cross", "BTCUSDT", "--json").out)
    assert [rung["multiple"] for rung in found["costs"]["rungs"]] == [1, 2, 3, 5]
    assert found["plateau"]["surface"]["x_values"]
    assert found["regimes"]["rows"]


def test_what_was_tried_is_counted(space: Path) -> None:
    """R-OPT-09: an attack looks at one combination, a stress test at all neighbours, each once."""

    def trials() -> int:
        return int(ballast(space, "trials", "--json").json()["trials"])

    ballast(space, "attack", "momentum", "BTCUSDT", "--permutations", "1")
    before = trials()
    ballast(space, "attack", "momentum", "BTCUSDT", "--permutations", "2")
    assert trials() == before
    ballast(space, "stress", "momentum", "BTCUSDT")
    after = trials()
    assert after > before + 40
    ballast(space, "stress", "momentum", "BTCUSDT")
    assert trials() == after


@pytest.mark.parametrize("verb", ["attack", "stress"])
@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("silent", "BTCUSDT"), "silent: never trades"),
        (("ema_cross", "FLATUSDT"), "the price never changes"),
        (("ema_cross", "BTCUSDT", "--to", TWENTY_HOURS), "are too few for ema_cross"),
        (("ema_cross", "BTCUSDT", "--metric", "sharp"), "did you mean 'sharpe'"),
        (("ema_crass", "BTCUSDT"), "did you mean 'ema_cross'"),
        (("ema_cross", "BTCUSDT", "-p", "fast=30"), "does not hold"),
        (("ema_cross", "ETHUSDT"), "ETHUSDT"),
    ],
)
def test_mistakes_are_one_line(
    space: Path, verb: str, arguments: tuple[str, ...], line: str
) -> None:
    assert line in ballast(space, verb, *arguments).mistake()
