"""`data depth`: books come in, and what orders would pay comes out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.data import SHARED, needs_data
from tests.fakes.shell import ballast, tree

if TYPE_CHECKING:
    from pathlib import Path

FIRST, SECOND = "2023-11-14 22:13:20", "2023-11-15 22:13:20"
TAKEN_MS = 1_700_000_000_000


def book(folder: Path, name: str, *, days: int = 0, ask: str = "101") -> str:
    """Write a book around 100: one unit bid at 99 and two asked."""
    answer = {
        "lastUpdateId": 1,
        "T": TAKEN_MS + days * 86_400_000,
        "bids": [["99", "1"]],
        "asks": [[ask, "2"]],
    }
    (folder / name).write_text(json.dumps(answer))
    return name


IMPORT = ("data", "depth", "import")
MARKET = ("--venue", "test", "--symbol", "BTCUSDT")


def test_books_are_imported_and_shown(tmp_path: Path) -> None:
    """R-COST-14, R-DATA-11: the cost of sizes, half the spread included."""
    names = [book(tmp_path, "a.json"), book(tmp_path, "b.json", days=1)]
    done = ballast(tmp_path, *IMPORT, *names, *MARKET, "--json").json()
    assert (done["venue"], done["symbol"], done["inserted"]) == ("TEST", "BTCUSDT", 2)
    assert [row["at"] for row in done["snapshots"]] == [FIRST, SECOND]
    again = ballast(tmp_path, *IMPORT, *names, *MARKET)
    assert (again.code, "reaches 200 quote units" in again.err) == (0, True)
    assert again.out.split()[-3:] == ["0", "2", "0"]
    shown = ballast(tmp_path, "data", "depth", "show", "btc/usdt", "--json").json()
    assert shown["slippage"] == [
        {"notional": 0.1, "slippage_bps": 100.0, "beyond": False},
        {"notional": 1.0, "slippage_bps": 100.0, "beyond": False},
        {"notional": 10.0, "slippage_bps": 100.0, "beyond": False},
        {"notional": 100.0, "slippage_bps": 100.0, "beyond": False},
        {"notional": 200.0, "slippage_bps": 100.0, "beyond": False},
        {"notional": 1000.0, "slippage_bps": 100.0, "beyond": True},
    ]
    assert [row["notional"] for row in shown["ladder"]] == pytest.approx([100.0, 100.0])
    table = ballast(tmp_path, "data", "depth", "show", "BTCUSDT", "--venue", "TEST")
    assert [line.split()[0] for line in table.out.splitlines()][:2] == ["notional", "0.1"]
    assert f"snapshots: 2, {FIRST} to {SECOND}" in table.err
    (listed,) = ballast(tmp_path, "data", "depth", "show", "--json").json()
    assert (listed["symbol"], listed["snapshots"], listed["last"]) == ("BTCUSDT", 2, SECOND)


def test_a_period_shows_the_ladder_of_a_run_over_it(tmp_path: Path) -> None:
    names = [book(tmp_path, "a.json"), book(tmp_path, "b.json", days=1, ask="103")]
    assert ballast(tmp_path, *IMPORT, *names, *MARKET).code == 0

    def cost(*period: str) -> float:
        done = ballast(tmp_path, "data", "depth", "show", "BTCUSDT", "--json", *period)
        return float(done.json()["slippage"][0]["slippage_bps"])

    assert cost("--period", "2023-11-14..2023-11-15") == 100.0
    assert cost("--period", "2024-01-01..") == pytest.approx(2 / 101 * 1e4, abs=1e-4)
    assert cost() == pytest.approx((0.01 + 2 / 101) / 2 * 1e4, abs=1e-4)


def test_mistakes_are_one_line_and_write_nothing(tmp_path: Path) -> None:
    name = book(tmp_path, "a.json")
    (tmp_path / "bad.json").write_text("{}")
    before = tree(tmp_path)
    assert "no such file" in ballast(tmp_path, *IMPORT, "zz.json", *MARKET).mistake()
    said = ballast(tmp_path, *IMPORT, name, "bad.json", *MARKET).mistake()
    assert "bad.json: no order book snapshot in this file; expected a depth snapshot of" in said
    assert "no order books of 'ETH'" in ballast(tmp_path, "data", "depth", "show", "ETH").mistake()
    assert tree(tmp_path) == before
    for venue in ("ONE", "TWO"):
        assert ballast(tmp_path, *IMPORT, name, "--venue", venue, *MARKET[2:]).code == 0
    said = ballast(tmp_path, "data", "depth", "show", "BTCUSDT").mistake()
    assert "'BTCUSDT' is stored of ONE, TWO; give --venue" in said
    said = ballast(tmp_path, "data", "depth", "show", "BTCUSD", "--venue", "ONE").mistake()
    assert "did you mean 'BTCUSDT'?" in said


@needs_data
def test_a_recorded_book_of_bitcoin_costs_what_it_should(tmp_path: Path) -> None:
    """The spread was one cent: an order inside the best level pays half of it."""
    source = str(SHARED / "l2/binance-spot_btcusdt_20240808.txt.zst")
    market = ("--venue", "BINANCE", "--symbol", "BTCUSDT", "--levels", "1000")
    assert ballast(tmp_path, *IMPORT, source, *market).code == 0
    shown = ballast(tmp_path, "data", "depth", "show", "BTCUSDT", "--json").json()
    costs = {row["notional"]: row["slippage_bps"] for row in shown["slippage"]}
    assert costs[1_000.0] == pytest.approx(0.005 / 61_837.635 * 1e4, abs=1e-4)
    assert list(costs.values()) == sorted(costs.values())
