"""`ballast import-legacy`: what it writes, what it says, and that it writes nothing half."""

from __future__ import annotations

import csv
import json
import shlex
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest
from tests.fakes.legacy import BEST, HISTORY, PAIR, STATE, row
from tests.fakes.shell import ballast, tree

from ballast.core.errors import DataError
from ballast.research.report.ledger import COLUMNS
from ballast.service.legacy.writing import write_all
from ballast.store.disk import Disk

if TYPE_CHECKING:
    from collections.abc import Iterable


@pytest.fixture
def space(tmp_path: Path) -> Path:
    """A workspace, and beside it the folder of the former bot."""
    ballast(tmp_path, "init", "--json").json()
    (tmp_path / "old").mkdir()
    put(tmp_path, "state", STATE)
    return tmp_path


def put(space: Path, name: str, document: Any) -> None:
    (space / "old" / f"{name}.json").write_text(json.dumps(document))


def document(space: Path, name: str) -> Any:
    return json.loads((space / "legacy" / f"{name}.json").read_text())


def test_everything_is_written_and_says_where_it_came_from(space: Path) -> None:
    """R-STATE-16, R-STATE-08, R-STATE-10: strategies, four documents, tables, a summary."""
    told = ballast(space, "import-legacy", "old", "--json").json()
    names = sorted(str(Path(one).relative_to(space)) for one in told["written"])
    assert names == [
        "legacy/history.json", "legacy/parameters.json", "legacy/portfolio.json",
        "legacy/positions.json", "legacy/summary.json", "legacy/trades.csv",
        "legacy/trades.parquet", "strategies/legacy_btcusdt_1h.toml",
    ]  # fmt: skip
    counts = {"open_positions": 1, "flat_pairs": 1, "parameters": 1, "fills": 3, "trades": 1}
    assert told["counts"] == counts | {"portfolios": 1}
    assert told["strategies"] == ["legacy_btcusdt_1h"]
    held, _ = document(space, "positions")["positions"]
    assert (held["entry_price"], held["from"]) == (
        "60000.5", "old/state.json.pair_state.BTCUSDT"
    )  # fmt: skip
    (symbol,) = document(space, "summary")["symbols"]
    assert (symbol["pnl"], symbol["won"], symbol["quote"]) == ("29.7", 1, "USDT")
    (chosen,) = document(space, "parameters")["parameters"]
    assert chosen["based_on"] == "stochrsi_adx"
    assert [one["purpose"] for one in document(space, "history")] == ["entry", "take_1", "stop"]


def test_trades_have_the_columns_of_the_ledger(space: Path) -> None:
    """R-STATE-10, R-MET-11: CSV exact, Parquet as decimals."""
    ballast(space, "import-legacy", "old", "--json").json()
    text = (space / "legacy" / "trades.csv").read_text()
    (trade,) = csv.DictReader(text.splitlines())
    assert tuple(trade) == COLUMNS
    assert (trade["pnl"], trade["exit_reason"], trade["mae"]) == ("29.7", "stop", "")
    table = pq.read_table(space / "legacy" / "trades.parquet")
    assert tuple(table.column_names) == COLUMNS
    assert table["pnl"].to_pylist() == [Decimal("29.7")]
    assert table["entry_ms"].to_pylist() == [1_700_000_000_000]


# what differs from the documented pair, and what the command says
ADOPTS: list[tuple[dict[str, Any], str]] = [
    ({}, "--stop 58500 --qty 0.05 --from-trades --days"),
    ({"partial_taken_1": False}, "--stop 58500 --qty 0.05 --entry 60000.5 --reason"),
    ({"stop_price": None, "partial_taken_1": False}, "-t 1h --qty 0.05 --entry 60000.5"),
    ({"trailing_stop": 61000, "partial_taken_1": False}, "--stop 61000 --qty"),
    ({"quantity": None, "partial_taken_1": False}, "--stop 58500 --entry 60000.5"),
    ({"entry_time": None}, "--from-trades --days 730"),
    ({"timeframe": "4h"}, "adopt BTCUSDT stochrsi --venue BINANCE -t 4h"),
]


@pytest.mark.parametrize(("other", "says"), ADOPTS)
def test_an_open_position_becomes_a_command_and_no_state(
    other: dict[str, Any], says: str, space: Path
) -> None:
    """R-STATE-16, R-STATE-17: provisional until the venue says the same; no journal is touched."""
    put(space, "state", {"pairs": {"BTCUSDT": PAIR | other}, "best": {"BTCUSDT": BEST}})
    (line,) = ballast(space, "import-legacy", "old", "--json").json()["adopt"]
    assert says in line
    assert not (space / "journal").exists()
    done = ballast(space, *shlex.split(line)[1:], "--rehearse", "1", "--dry-run")
    assert done.code != 0
    assert "--help" not in done.err, "every word of it is one that `adopt` knows"


def test_what_a_person_must_know_is_said(space: Path) -> None:
    put(space, "state", {"BTCUSDT": PAIR | {"stop_price": None, "stop_order_id": 77}})
    told = ballast(space, "import-legacy", "old", "--json").json()["remarks"]
    for text in ("no parameter set", "no stop is stated", "order 77 may hold the coins"):
        assert any(text in one for one in told), text


def test_several_parameter_sets_give_several_commands(space: Path) -> None:
    put(space, "more", {"BTCUSDT": BEST | {"timeframe": "4h"}})
    told = ballast(space, "import-legacy", "old", "--json").json()
    assert [shlex.split(one)[3] for one in told["adopt"]] == [
        "legacy_btcusdt_4h", "legacy_btcusdt_1h"
    ]  # fmt: skip
    assert any("choose one of the commands" in one for one in told["remarks"])


def test_any_problem_writes_nothing_and_names_all(space: Path) -> None:
    """R-STATE-16, R-STATE-01: exit 2, one line each, no traceback, the workspace as it was."""
    put(space, "wrong", {"BTCUSDT": PAIR | {"max_price": -1, "odd": 1}})
    (space / "old" / "cache.pkl").write_bytes(b"\x80\x04.")
    before = tree(space)
    done = ballast(space, "import-legacy", "old")
    assert (done.code, done.out) == (2, "")
    *found, last = done.err.splitlines()
    assert len(found) == 3
    assert [one.split(": ")[1] for one in found] == [
        "old/cache.pkl", "old/wrong.json.BTCUSDT.odd", "old/wrong.json.BTCUSDT.max_price"
    ]  # fmt: skip
    assert last == (
        "error: old: 3 problems, nothing was written; expected documents without any; "
        "mend them, or --skip-bad for the rest"
    )
    assert tree(space) == before


def test_skip_bad_keeps_the_rest_and_says_what_is_left_out(space: Path) -> None:
    put(space, "wrong", [row("BUY", -1, 1, 0)])
    told = ballast(space, "import-legacy", "old", "--skip-bad", "--json").json()
    assert told["counts"]["fills"] == 3
    (line,) = told["left_out"]
    assert "old/wrong.json[0].price: -1" in line


def test_a_rehearsal_writes_nothing(space: Path) -> None:
    before = tree(space)
    told = ballast(space, "import-legacy", "old", "--dry-run", "--json").json()
    assert told["dry_run"]
    assert len(told["written"]) == 8
    assert tree(space) == before


def test_the_same_again_changes_nothing_and_another_asks(space: Path) -> None:
    ballast(space, "import-legacy", "old", "--json").json()
    before = tree(space)
    again = ballast(space, "import-legacy", "old", "--json").json()
    assert (again["written"], len(again["unchanged"]), tree(space)) == ([], 8, before)
    put(space, "state", STATE | {"trade_history": [*HISTORY, row("BUY", 9, 1, 5)]})
    line = ballast(space, "import-legacy", "old").mistake()
    assert "files of another import are there" in line
    assert "--replace" in line
    assert {one: text for one, text in tree(space).items() if "old" not in one} == {
        one: text for one, text in before.items() if "old" not in one
    }
    assert ballast(space, "import-legacy", "old", "--replace", "--json").json()["written"]


WRONG = {
    "no such file": (("nothing.json",), "nothing.json: cannot be read: no such file"),
    "an empty folder": (("results",), "results: no JSON document in this folder"),
    "no zone": (("old", "--timezone", "Mars/Base"), "--timezone: unknown time zone 'Mars/Base'"),
    "no timeframe": (("old", "-t", "soon"), "'soon' is not a timeframe"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_options_are_one_line(name: str, space: Path) -> None:
    arguments, says = WRONG[name]
    done = ballast(space, "import-legacy", *arguments)
    assert done.code == 2
    assert says in done.err
    assert "Traceback" not in done.err


def test_an_empty_document_is_nothing_to_import(space: Path) -> None:
    put(space, "state", {})
    assert "nothing to import" in ballast(space, "import-legacy", "old").mistake()


class Full(Disk):
    """A disk that is full at the n-th file."""

    def __init__(self, at: int) -> None:
        self.at = at

    def write(self, path: Path, parts: Iterable[bytes | memoryview]) -> None:
        self.at -= 1
        if self.at < 0:
            raise OSError(28, "No space left on device")
        super().write(path, parts)


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_full_disk_leaves_nothing_half_written(at: int, tmp_path: Path) -> None:
    """R-STATE-02: all is staged before the first file takes its place."""
    contents = {tmp_path / "a" / f"{name}.json": b"{}" for name in "xyz"}
    with pytest.raises(DataError, match="the disk is full, nothing was changed"):
        write_all(contents, list(contents), Full(at))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    write_all(contents, list(contents))
    assert len(list((tmp_path / "a").iterdir())) == 3
