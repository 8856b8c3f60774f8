"""The trial ledger: every trial once, nothing taken back (R-OPT-09, R-WF-06)."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.data import ROOT
from tests.fakes.trials import BLOCKS, numbered, scope

from ballast.core.errors import DataError, InternalError
from ballast.store.trials import (
    FIGURES,
    Head,
    Kind,
    Outcome,
    State,
    TrialBatch,
    TrialLedger,
    schema,
    verify,
)
from ballast.store.trials.chain import GENESIS
from ballast.store.trials.file import LedgerFile
from ballast.store.trials.heads import head_path
from ballast.store.trials.rows import BLOCKS_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[TrialLedger]:
    with TrialLedger(tmp_path / "ledger" / "trials.sqlite") as made:
        yield made


def test_a_trial_is_counted_once_and_its_repetition_is_recorded(ledger: TrialLedger) -> None:
    ledger.append(numbered(0, 5))
    ledger.append(numbered(3, 5))
    assert ledger.count() == 8
    assert ledger.repeats() == 2
    twice = numbered(20, 1)
    joined = TrialBatch(
        twice.scope, twice.values.repeat(2, 0), twice.figures.repeat(2, 0),
        twice.sketches.repeat(2, 0), twice.first_block,
    )  # fmt: skip
    ledger.append(joined)
    assert (ledger.count(), ledger.repeats()) == (9, 3)
    assert verify(ledger).is_whole


@pytest.mark.parametrize(
    ("changes", "is_same"),
    [
        ({"kind": Kind.OPTIMISE, "study": "other"}, True),
        ({"strategy": "renamed"}, True),
        ({"code_version": "2"}, True),
        ({"market": "another word for it"}, True),
        ({"family": "other"}, False),
        ({"body": "other"}, False),
        ({"data": "other"}, False),
        ({"timeframe": "4h"}, False),
        ({"from_ms": 1}, False),
        ({"to_ms": 1}, False),
        ({"settings": "other"}, False),
        ({"names": ("fast", "slower")}, False),
    ],
)
def test_what_makes_two_looks_one_trial(
    ledger: TrialLedger, changes: dict[str, Any], is_same: bool
) -> None:
    """Same family, numbers, data, period and settings: one trial, whoever looked."""
    ledger.append(numbered(0, 3))
    ledger.append(numbered(0, 3, **changes))
    assert ledger.count() == (3 if is_same else 6)
    assert ledger.repeats() == (3 if is_same else 0)


def test_counts_and_streams_by_family_data_and_market(ledger: TrialLedger) -> None:
    ledger.append(numbered(0, 4))
    ledger.append(numbered(10, 3, family="other", data="d2", market="TEST ETHUSDT"))
    ledger.append(numbered(20, 2, data="d2"))
    assert ledger.count() == 9
    assert ledger.count(family="fam") == 6
    assert ledger.count(data="d2") == 5
    assert ledger.count(family="fam", data="d2") == 2
    assert ledger.count(market="TEST ETHUSDT") == 3
    assert ledger.count(family="nobody") == 0
    assert ledger.sharpes(family="fam").tolist() == [0.0, 0.01, 0.02, 0.03, 0.2, 0.21]
    found = ledger.sketches(family="fam")
    assert found.first_block == 700
    assert np.array_equal(found.values[4], numbered(20, 1).sketches[0])
    assert found.values.dtype == np.float32
    lines = {one.family: one for one in ledger.families()}
    assert lines["fam"].trials == 6
    assert lines["fam"].best_sharpe == 0.21
    assert lines["other"].markets == "TEST ETHUSDT"


def test_streams_of_other_periods_stand_on_one_calendar(ledger: TrialLedger) -> None:
    ledger.append(numbered(0, 1))
    later = replace(numbered(1, 1, data="d2"), first_block=705)
    ledger.append(later)
    found = ledger.sketches()
    assert found.values.shape == (2, BLOCKS + 5)
    assert np.isnan(found.values[0, BLOCKS:]).all()
    assert np.isnan(found.values[1, :5]).all()
    assert np.array_equal(found.values[1, 5:], later.sketches[0])
    assert not np.isnan(found.filled()).any()


def test_a_part_of_the_streams_is_spread_over_all_of_them(ledger: TrialLedger) -> None:
    for first in range(0, 100, 10):
        ledger.append(numbered(first, 10))
    rows = ledger.sharpes(limit=10) * 100
    assert len(rows) == 10
    assert np.allclose(np.diff(rows), 10)
    assert len(ledger.sketches(limit=10).values) == 10
    assert len(ledger.sharpes(limit=1_000)) == 100


def test_a_ledger_that_is_not_there_counts_nothing_and_makes_nothing(tmp_path: Path) -> None:
    with TrialLedger(tmp_path / "ledger" / "trials.sqlite") as none:
        assert (none.count(), none.repeats(), none.uncounted()) == (0, 0, 0)
        assert none.head() == none.anchor() == Head(0, 0, GENESIS)
        assert len(none.sketches().values) == len(none.sharpes()) == len(none.study("x")) == 0
        assert none.families() == []
        assert not none.knows("study")
    assert list(tmp_path.iterdir()) == []


def test_a_strategy_without_parameters_is_one_trial(ledger: TrialLedger) -> None:
    one = replace(numbered(0, 1), scope=scope(names=()), values=np.zeros((1, 0)))
    ledger.append(one)
    ledger.append(one)
    assert ledger.count() == 1
    assert verify(ledger).is_whole


def test_the_anchor_stays_where_a_repetition_moves_the_head(ledger: TrialLedger) -> None:
    """A certificate made twice is the same bytes: it names the anchor."""
    first = ledger.append(numbered(0, 5))
    assert ledger.anchor() == ledger.head() == first
    second = ledger.append(numbered(0, 5))
    assert second.seq == first.seq + 1
    assert ledger.head() == second
    assert ledger.anchor() == first


@pytest.mark.parametrize("table", schema.TABLES)
@pytest.mark.parametrize("verb", ["UPDATE {} SET rowid = rowid", "DELETE FROM {}"])
def test_rows_can_be_neither_changed_nor_deleted(
    ledger: TrialLedger, table: str, verb: str
) -> None:
    ledger.append(numbered(0, 3), [Outcome(0, State.DONE, 0, (1.0,))])
    ledger.append(numbered(0, 3))
    statement = verb.format(table)
    if table == "outcomes":
        statement = statement.replace("rowid", "number")
    with (
        closing(sqlite3.connect(ledger.path)) as other,
        pytest.raises(sqlite3.IntegrityError, match="append-only"),
    ):
        other.execute(statement)
    assert verify(ledger).is_whole


def test_every_commit_is_synced_and_logged_ahead(ledger: TrialLedger) -> None:
    ledger.append(numbered(0, 1))
    with ledger.file.reading() as connection:
        assert connection is not None
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


def test_outcomes_come_back_by_number(ledger: TrialLedger) -> None:
    done = [Outcome(0, State.DONE, 0, (1.5, np.nan)), Outcome(1, State.REFUSED, None)]
    ledger.append(numbered(5, 1, study="s"), done)
    ledger.append(numbered(6, 1, study="s"), [Outcome(2, State.PRUNED, 0, (2.5,), "words")])
    rows = ledger.study("s")
    assert rows.numbers.tolist() == [0, 1, 2]
    assert rows.states.tolist() == [State.DONE, State.REFUSED, State.PRUNED]
    assert rows.words == ("", "", "words")
    assert np.array_equal(rows.scores, [[1.5, np.nan], [np.nan] * 2, [2.5, np.nan]], equal_nan=True)
    assert np.array_equal(rows.params, [[5, 5.5], [np.nan] * 2, [6, 6.5]], equal_nan=True)
    with pytest.raises(DataError, match="UNIQUE"):
        ledger.append(numbered(7, 1, study="s"), [Outcome(2, State.DONE, 0)])
    assert ledger.count() == 2, "what could not be written whole was not written"
    with pytest.raises(InternalError):
        ledger.append(numbered(7, 2, study="s"), [Outcome(k, State.DONE, 0) for k in (3, 5)])
    assert verify(ledger).is_whole


def test_a_batch_that_makes_no_sense_is_a_defect() -> None:
    plain = numbered(0, 2)
    with pytest.raises(InternalError, match="sorted"):
        scope(names=("slow", "fast"))
    for changes in (
        {"values": np.zeros((2, 3))},
        {"figures": np.zeros((3, len(FIGURES)))},
        {"sketches": np.zeros((2, BLOCKS_MAX + 1), np.float32)},
        {"values": np.full((2, 2), np.nan)},
    ):
        with pytest.raises(InternalError):
            replace(plain, **changes)  # type: ignore[arg-type]


def test_threads_of_one_process_share_a_ledger(ledger: TrialLedger) -> None:
    def run(name: int) -> None:
        for at in range(10):
            ledger.append(numbered(1_000 * name + at, 1))
            ledger.append(numbered(7, 1))

    threads = [threading.Thread(target=run, args=(name,)) for name in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert ledger.count() == 40, "trial 7 is also one of thread 0"
    assert ledger.repeats() == 40
    assert verify(ledger).is_whole


def test_a_ledger_begun_between_two_looks_of_the_reader_is_whole(tmp_path: Path) -> None:
    """No head yet, then the first writer of all, then the ledger: nobody took a head away."""
    path = tmp_path / "ledger" / "trials.sqlite"

    class Overtaken(LedgerFile):
        @contextmanager
        def reading(self) -> Iterator[sqlite3.Connection | None]:
            if not self.path.exists():
                with TrialLedger(path) as writer:
                    writer.append(numbered(0, 3))
            with super().reading() as connection:
                yield connection

    with TrialLedger(path) as ledger:
        ledger.file = Overtaken(path, None)
        found = verify(ledger)
    assert found.problems == ()
    assert found.trials == 3
    head_path(path).unlink()
    with TrialLedger(path) as ledger:
        assert verify(ledger).problems == ("the head beside the ledger is gone",)


def test_a_reader_changes_nothing_about_the_file(tmp_path: Path) -> None:
    """A reader and the first writer, both changing the mode of a new file, were refused."""
    path = tmp_path / "trials.sqlite"
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE begun (id)")
    before = path.read_bytes()
    with TrialLedger(path) as ledger:
        assert ledger.count() == 0
    assert path.read_bytes() == before


def test_processes_write_at_once_and_none_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "ledger" / "trials.sqlite"
    children = [spawn(path, name, 12, 3) for name in range(3)]
    with TrialLedger(path) as ledger:
        while any(child.poll() is None for child in children):
            assert verify(ledger).problems == (), "a reader sees one state, not a part of two"
    for child in children:
        assert child.wait(timeout=120) == 0
        assert child.stdout is not None
        child.stdout.close()
    with TrialLedger(path) as ledger:
        assert ledger.count() == 3 * 12 * 3 + 13
        assert ledger.repeats() == 3 * 12 * 2 - 13
        assert verify(ledger).is_whole


@pytest.mark.parametrize("seed", range(6))
def test_a_kill_at_any_moment_loses_nothing_that_was_acknowledged(
    seed: int, tmp_path: Path
) -> None:
    """SIGKILL between any two system calls: the chain is whole, no trial twice, no half batch."""
    path = tmp_path / "ledger" / "trials.sqlite"
    rng = np.random.default_rng(seed)
    written = 0
    for name in range(2):
        child = spawn(path, name, 1_000, 4)
        assert child.stdout is not None
        said = int(rng.integers(1, 12))
        for _ in range(said):
            child.stdout.readline()
        threading.Event().wait(rng.uniform(0.0, 0.02))
        child.kill()
        told = said + len(child.stdout.read().split())
        child.wait()
        child.stdout.close()
        with TrialLedger(path) as ledger:
            assert verify(ledger).problems == ()
            rows = ledger.study(f"worker-{name}")
            assert rows.numbers.tolist() == list(range(len(rows)))
            assert len(rows) % 4 == 0, "a batch is there whole or not at all"
            assert len(rows) >= 4 * told, "what was said to be written is written"
            written += len(rows)
            sharpes = ledger.sharpes()
            assert len(set(sharpes.tolist())) == len(sharpes), "no trial is there twice"
            assert np.count_nonzero(sharpes >= 10_000) == written


def spawn(path: Path, name: int, batches: int, size: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-m", "tests.fakes.trials", str(path), str(name)]
    return subprocess.Popen(
        [*arguments, str(batches), str(size)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_a_file_that_is_no_ledger_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "trials.sqlite"
    path.write_bytes(b"this is a letter to my aunt" * 100)
    with TrialLedger(path) as ledger:
        for act in (lambda: ledger.append(numbered(0, 1)), ledger.count, ledger.head):
            with pytest.raises(DataError, match="the trial ledger cannot be used: file is not a"):
                act()
        assert "not a database" in verify(ledger).problems[0]
    blocked = tmp_path / "file"
    blocked.write_text("a file where the folder would be")
    with TrialLedger(blocked / "trials.sqlite") as ledger, pytest.raises(DataError):
        ledger.append(numbered(0, 1))


def test_a_ledger_of_a_newer_version_is_not_touched(ledger: TrialLedger) -> None:
    ledger.append(numbered(0, 1))
    ledger.close()
    with closing(sqlite3.connect(ledger.path)) as other:
        other.execute("PRAGMA user_version = 99")
    with pytest.raises(DataError, match=r"version 99.*expected at most 1.*update ballast"):
        ledger.append(numbered(1, 1))


def test_a_new_version_moves_the_tables_on_after_a_backup(
    ledger: TrialLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-STATE-03."""
    ledger.append(numbered(0, 4))
    ledger.close()
    more = "CREATE TABLE extra (id INTEGER PRIMARY KEY);"
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, more))
    ledger.append(numbered(4, 1))
    assert ledger.count() == 5
    assert verify(ledger).is_whole
    backup = ledger.path.with_name("trials.sqlite.v1")
    with closing(sqlite3.connect(backup)) as old:
        assert old.execute("SELECT count(*) FROM trials").fetchone() == (4,)
        assert old.execute("PRAGMA user_version").fetchone() == (1,)
