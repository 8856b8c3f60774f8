"""Tampering: emptied, truncated, edited, replaced or restored, the ledger shows it (R-WF-06)."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import astuple, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.fakes.trials import numbered

from ballast.store.trials import Head, Outcome, State, TrialLedger, heads, verify
from ballast.store.trials.results import RUN_MARK

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def fill(home: Path, batches: int = 4) -> Path:
    """Make a ledger of batches of ten trials, with repeats and outcomes; return its file."""
    path = home / "ledger" / "trials.sqlite"
    with TrialLedger(path) as ledger:
        for at in range(batches):
            outcomes = [Outcome(10 * at + k, State.DONE, k, (float(k),)) for k in range(10)]
            ledger.append(numbered(10 * at, 10), outcomes)
        ledger.append(numbered(0, 3))
    return path


def edit(path: Path, *statements: str) -> None:
    """Change the file as somebody with the sqlite3 shell would: triggers off, edit, triggers on."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = rows.fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, text in triggers:
            connection.execute(text)
        connection.commit()


def problems(path: Path, results: Path | None = None, *anchors: tuple[str, Head]) -> str:
    with TrialLedger(path) as ledger:
        return "\n".join(verify(ledger, results, anchors).problems)


def snapshot(path: Path, target: Path) -> None:
    """Copy the ledger as it is now, log included."""
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)


def restore(path: Path, copy: Path) -> None:
    for tail in ("-wal", "-shm"):
        path.with_name(path.name + tail).unlink(missing_ok=True)
    shutil.copy(copy, path)


def run_folder(results: Path, name: str, head: Head | None = None) -> Path:
    """Make what a finished backtest leaves, as far as the ledger looks."""
    folder = results / name
    folder.mkdir(parents=True)
    (folder / RUN_MARK).write_text("0" * 64 + "  card.json\n")
    if head is not None:
        heads.write_file(folder / heads.ANCHOR, head)
    return folder


def test_an_untouched_ledger_is_whole(tmp_path: Path) -> None:
    path = fill(tmp_path)
    with TrialLedger(path) as ledger:
        found = verify(ledger)
    assert found.is_whole
    assert found.remarks == ()
    assert (found.trials, found.uncounted) == (40, 0)


TAMPERING = {
    "a better Sharpe": ["UPDATE trials SET sharpe = 9 WHERE id = 17"],
    "another parameter": ["UPDATE trials SET params = x'00' WHERE id = 17"],
    "a stream": ["UPDATE trials SET sketch = x'0000803F' WHERE id = 17"],
    "a trial taken out": ["DELETE FROM trials WHERE id = 17"],
    "the last trial taken out": ["DELETE FROM trials WHERE id = 40"],
    "a trial slipped in": [
        (
            "INSERT INTO trials SELECT id + 1000, x'11', params, sharpe, trades, total_return, "
            "skew, kurtosis, days, sketch FROM trials WHERE id = 17"
        )
    ],
    "a repeat taken out": ["DELETE FROM repeats WHERE id = 2"],
    "a repeat of another": ["UPDATE repeats SET trial = 9 WHERE id = 2"],
    "an outcome": ["UPDATE outcomes SET score = x'00' WHERE number = 12"],
    "an outcome taken out": ["DELETE FROM outcomes WHERE number = 39"],
    "an outcome slipped in": ["INSERT INTO outcomes VALUES ('other', 0, 1, 1, x'', '')"],
    "a family": ["UPDATE batches SET family = 'other' WHERE seq = 3"],
    "the count": ["UPDATE batches SET trials = 1 WHERE seq = 6"],
    "uncounted": ["UPDATE batches SET uncounted = 3"],
    "the last batch cut off": [
        "DELETE FROM batches WHERE seq = 6",
        "DELETE FROM repeats",
    ],
    "the middle cut out": [
        "DELETE FROM batches WHERE seq = 3",
        "DELETE FROM trials WHERE id > 10 AND id <= 20",
        "DELETE FROM outcomes WHERE number >= 10 AND number < 20",
    ],
    "everything": ["DELETE FROM batches", "DELETE FROM trials", "DELETE FROM repeats"],
}


@pytest.mark.parametrize("name", TAMPERING)
def test_an_edited_ledger_is_found_out(name: str, tmp_path: Path) -> None:
    path = fill(tmp_path)
    assert problems(path) == ""
    edit(path, *TAMPERING[name])
    assert problems(path) != ""


def test_a_lost_trigger_is_found_out(tmp_path: Path) -> None:
    path = fill(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TRIGGER trials_no_delete")
    assert "tables or triggers were changed: trials_no_delete" in problems(path)


def test_a_chain_forged_from_the_middle_is_found_by_the_head_beside_it(tmp_path: Path) -> None:
    """Whoever computes all hashes anew has another ledger, and the heads outside know the first."""
    path, other = fill(tmp_path / "a"), fill(tmp_path / "b", batches=2)
    with TrialLedger(other) as forged:
        forged.append(numbered(500, 10))
        forged.append(numbered(700, 10))
        assert verify(forged).is_whole
    restore(path, other)
    assert "the ledger is not the one of its head" in problems(path)


def test_an_older_copy_is_found_by_the_head_and_recorded_by_the_next_run(tmp_path: Path) -> None:
    path = fill(tmp_path, batches=2)
    snapshot(path, tmp_path / "old")
    with TrialLedger(path) as ledger:
        lost = ledger.append(numbered(100, 30))
    restore(path, tmp_path / "old")
    assert "an older copy" in problems(path)
    with TrialLedger(path) as ledger:
        ledger.append(numbered(900, 1))
        found = verify(ledger, anchors=[("a certificate from before", lost)])
    assert found.is_whole, "the ledger goes on, and says for ever what happened"
    assert "30 trials were lost" in found.remarks[0]
    assert (found.trials, found.uncounted) == (21, 30)


def test_an_older_copy_with_its_head_is_found_by_results_and_certificates(tmp_path: Path) -> None:
    path, results = fill(tmp_path, batches=2), tmp_path / "results"
    shutil.copytree(path.parent, tmp_path / "old")
    with TrialLedger(path) as ledger:
        head = ledger.append(numbered(100, 30, study="run1"))
        anchor = ledger.anchor()
    run_folder(results, "run1", head)
    assert problems(path, results, ("certificate", anchor)) == ""
    shutil.rmtree(path.parent)
    shutil.copytree(tmp_path / "old", path.parent)
    assert problems(path) == ""
    assert "run1 was made under batch 5 with 50 trials" in problems(path, results)
    assert "certificate was made under batch 5" in problems(path, None, ("certificate", anchor))


def test_a_ledger_taken_away_is_reported_and_its_count_goes_on(tmp_path: Path) -> None:
    path = fill(tmp_path)
    for file in path.parent.glob("trials.sqlite*"):
        file.unlink()
    assert "the ledger is gone: its head beside it names batch 6 and 40 trials" in problems(path)
    with TrialLedger(path) as ledger:
        ledger.append(numbered(0, 1))
        found = verify(ledger)
    assert found.is_whole
    assert "40 trials were lost" in found.remarks[0]
    assert (found.trials, found.uncounted) == (1, 40)


def test_a_ledger_taken_away_under_an_open_connection_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "ledger" / "trials.sqlite"
    with TrialLedger(path) as ledger:
        ledger.append(numbered(0, 5))
        for file in path.parent.glob("trials.sqlite*"):
            file.unlink()
        assert ledger.count() == 0
        ledger.append(numbered(0, 2))
        assert (ledger.count(), ledger.uncounted()) == (2, 5)


def test_results_without_a_ledger_are_reported_and_counted_when_it_begins(tmp_path: Path) -> None:
    results = tmp_path / "results"
    run_folder(results, "aaaa")
    run_folder(results, "bbbb")
    swept = results / "sweeps" / "cccc" / "sweep.parquet"
    swept.parent.mkdir(parents=True)
    pq.write_table(pa.table({"sharpe": np.zeros(37)}), swept)
    path = tmp_path / "ledger" / "trials.sqlite"
    with TrialLedger(path, results) as ledger:
        found = verify(ledger, results)
        assert found.problems == ("there is no ledger, and there are 3 results",)
        assert found.uncounted == 39
        ledger.append(numbered(0, 1))
        found = verify(ledger, results)
    assert found.is_whole
    assert "begun where the results of 39 trials lay" in found.remarks[0]
    assert "3 results are in no batch of the ledger" in found.remarks[1]
    assert (found.trials, found.uncounted) == (1, 39)


def test_a_lost_or_unreadable_head_is_reported(tmp_path: Path) -> None:
    path = fill(tmp_path)
    head = heads.head_path(path)
    kept = head.read_bytes()
    head.unlink()
    assert problems(path) == "the head beside the ledger is gone"
    for text in ("{}", "not json", '{"seq": "x", "trials": 1, "hash": "a"}', "[]"):
        head.write_text(text)
        assert "is not the head of a trial ledger" in problems(path)
    head.write_bytes(kept)
    assert problems(path) == ""


def test_a_writer_killed_between_ledger_and_head_is_no_tampering(tmp_path: Path) -> None:
    """The head may lag by a batch; it is never ahead."""
    path = fill(tmp_path, batches=2)
    lagging = heads.head_path(path).read_bytes()
    with TrialLedger(path) as ledger:
        ledger.append(numbered(100, 5))
        heads.head_path(path).write_bytes(lagging)
        assert verify(ledger).is_whole
        head = ledger.append(numbered(200, 5))
        found = verify(ledger)
    assert found.is_whole
    assert found.remarks == ()
    assert heads.read(path) == head


@pytest.mark.parametrize("byte", [30, 5_000, 9_000])
def test_a_flipped_byte_never_passes(byte: int, tmp_path: Path) -> None:
    path = fill(tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(path.read_bytes())
    data[byte] ^= 0xFF
    if bytes(data) != path.read_bytes():
        path.write_bytes(data)
    assert problems(path) != "" or _reads_the_same(path, tmp_path)


def _reads_the_same(path: Path, tmp_path: Path) -> bool:
    """A byte of unused space may change: then every row is as it was."""
    whole = fill(tmp_path / "again")
    ask: Callable[[sqlite3.Connection], list[str]] = lambda one: list(one.iterdump())  # noqa: E731
    with closing(sqlite3.connect(path)) as a, closing(sqlite3.connect(whole)) as b:
        return ask(a) == ask(b)


def test_another_head_of_the_same_number_is_not_the_head(tmp_path: Path) -> None:
    path = fill(tmp_path)
    with TrialLedger(path) as ledger:
        head = ledger.head()
    assert astuple(head)[:2] == (6, 40)
    for wrong in (replace(head, hash="f" * 32), replace(head, trials=39), replace(head, seq=7)):
        assert problems(path, None, ("copy", wrong)) != ""
    assert problems(path, None, ("copy", head), ("first", Head())) == ""
