"""`ballast audit` and `ballast journal`: look, export, verify, back up, restore, archive."""

from __future__ import annotations

import csv
import itertools
import json
from typing import TYPE_CHECKING

import pytest
from tests.fakes.journals import Home, numbered, put_by_hand, triggers_off
from tests.fakes.shell import ballast

from ballast.core.journal import Entry, Head
from ballast.service.cli.audit import followed
from ballast.store.journal import JournalReader, Query
from ballast.store.journal.headfile import create_head
from ballast.store.journal.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from pathlib import Path

NOW_NS = 1_764_000_000 * 10**9  # 2025-11-24T16:00:00Z
REFUSED = '{"limit":3,"measured":4,"symbol":"BTC/USDT"}'


@pytest.fixture
def space(tmp_path: Path) -> Path:
    """A workspace whose node wrote a few records, some years ago and lately."""
    assert ballast(tmp_path, "init").code == 0
    with Home(tmp_path / "journal").open() as journal:
        journal.append(numbered(0, 6))
        journal.append([Entry("gate.refused", REFUSED, NOW_NS)])
        journal.snapshot(b"state", seq=journal.head.seq, at_ns=NOW_NS)
        journal.append([Entry("note", '{"text":"a, \\"b\\""}', NOW_NS)])
    return tmp_path


def kinds(space: Path, *arguments: str) -> list[str]:
    return [one["kind"] for one in ballast(space, "audit", *arguments, "--json").json()["records"]]


def test_audit_shows_the_newest_and_finds(space: Path) -> None:
    """R-LOG-07, Q-34: by kind, symbol, text, run and time."""
    assert kinds(space)[0] == "journal.opened"
    assert kinds(space, "--last", "2") == ["journal.snapshot", "note"]
    assert kinds(space, "--kind", "gate.*", "--kind", "note") == ["gate.refused", "note"]
    assert kinds(space, "-s", "BTC/USDT") == ["gate.refused"]
    assert kinds(space, "--text", '"n":3') == ["order.intent"]
    assert kinds(space, "--run", "run-2") == []
    assert kinds(space, "--period", "2025-11-24..") == ["gate.refused", "journal.snapshot", "note"]
    assert kinds(space, "--period", "..1970-01-01T00:00:02") == [
        "journal.opened", "order.intent", "order.intent",
    ]  # fmt: skip
    shown = ballast(space, "audit")
    assert "2025-11-24T16:00:00.000000000Z" in shown.out
    assert REFUSED in shown.out


@pytest.mark.parametrize("form", [".csv", ".json", ".jsonl"])
def test_an_export_holds_every_record_as_it_was_written(form: str, space: Path) -> None:
    told = ballast(space, "audit", "--export", f"out{form}", "--json").json()
    text = (space / f"out{form}").read_text()
    if form == ".csv":
        rows = list(csv.DictReader(text.splitlines()))
        bodies = [row["body"] for row in rows]
    else:
        rows = json.loads(text) if form == ".json" else list(map(json.loads, text.splitlines()))
        bodies = [json.dumps(row["body"], separators=(",", ":"), sort_keys=True) for row in rows]
    assert told["records"] == len(rows) == 10
    assert bodies[7] == REFUSED
    assert bodies[9] == '{"text":"a, \\"b\\""}'
    assert rows[7]["at"] == "2025-11-24T16:00:00.000000000Z"
    some = ballast(space, "audit", "--kind", "order.*", "--export", f"some{form}", "--json").json()
    assert some["records"] == 6


def test_an_empty_export_is_still_a_document(space: Path) -> None:
    for form in (".csv", ".json", ".jsonl"):
        ballast(space, "audit", "--kind", "nothing", "--export", f"no{form}", "--json").json()
    assert json.loads((space / "no.json").read_text()) == []
    assert (space / "no.jsonl").read_text() == ""
    assert (space / "no.csv").read_text().startswith("seq,at,")


def test_verify_says_whole_and_then_what_is_not(space: Path) -> None:
    head = ballast(space, "audit", "--json").json()["head"]
    found = ballast(space, "audit", "--verify", "--anchor", head, "--json").json()
    assert found["whole"]
    assert found["head"] == head
    other = ballast(space, "audit", "--verify", "--anchor", f"3:{'ab' * 32}")
    assert other.code == 1
    assert "names record 3, which this journal does not have" in other.out
    home = Home(space / "journal")
    put_by_hand(home, triggers_off(home, "records"))
    put_by_hand(home, "UPDATE records SET body = '{}' WHERE seq = 3")
    done = ballast(space, "audit", "--verify")
    assert done.code == 1
    assert "NOT WHOLE" in done.out
    assert "record 3 was changed" in done.out


def test_back_up_lose_everything_and_restore(space: Path) -> None:
    """R-STATE-12: the commands of the page, in their order."""
    made = ballast(space, "journal", "backup", "--json").json()
    again = ballast(space, "journal", "backup")
    assert "nothing was recorded since this backup" in again.mistake()
    assert ballast(space, "audit", "--file", made["backup"], "--verify").code == 0
    home = Home(space / "journal")
    home.path.unlink()
    gone = ballast(space, "audit", "--verify")
    assert gone.code == 1
    assert "the journal is gone" in gone.out
    back = ballast(space, "journal", "restore", made["backup"], "--json").json()
    assert back["head"].startswith("11:")
    assert ballast(space, "audit", "--verify", "--anchor", made["head"]).code == 0


def test_restoring_an_older_backup_needs_a_reason(space: Path) -> None:
    made = ballast(space, "journal", "backup", "safe.sqlite", "--json").json()
    with Home(space / "journal").open() as journal:
        journal.append(numbered(6, 1))
    refused = ballast(space, "journal", "restore", "safe.sqlite").mistake()
    assert "keep the journal, or say --accept-loss REASON" in refused
    short = ballast(space, "journal", "restore", "safe.sqlite", "--accept-loss", "why")
    assert "is no reason" in short.mistake()
    reason = "Tuesday was recorded twice"
    done = ballast(space, "journal", "restore", made["backup"], "--accept-loss", reason)
    assert done.code == 0, done
    assert kinds(space, "--last", "2") == ["journal.opened", "journal.loss"]
    assert reason in ballast(space, "audit", "--verify").out


def test_only_the_newest_backups_stay(space: Path) -> None:
    home = Home(space / "journal")
    for number in range(4):
        with home.open() as journal:
            journal.append(numbered(number, 1))
        told = ballast(space, "--set", "journal.backups=2", "journal", "backup", "--json").json()
    names = sorted(path.name for path in (space / "journal" / "backups").iterdir())
    assert len(names) == 4, "two backups and their heads"
    assert told["backup"].endswith(names[2])


def test_archiving_moves_old_records_and_verify_reads_them(space: Path) -> None:
    assert "nothing is ever archived" in ballast(space, "journal", "archive").mistake()
    told = ballast(space, "journal", "archive", "--days", "1", "--json").json()
    assert told["archived"] == 8
    assert kinds(space, "--kind", "order.*") == []
    assert ballast(space, "audit", "--verify").code == 0
    status = ballast(space, "journal", "status", "--json").json()
    assert status["archived"] == 8
    assert status["epoch"] == 2
    assert ballast(space, "journal", "archive", "--days", "1", "--json").json()["archived"] == 0
    (space / "journal" / "archives" / "main" / "1-8.jsonl.zst").write_bytes(b"")
    done = ballast(space, "audit", "--verify")
    assert done.code == 1
    assert "archive 1-8.jsonl.zst is not what was kept" in done.out


def test_a_journal_behind_its_head_goes_on_only_by_word(space: Path) -> None:
    home = Home(space / "journal")
    reason = "the venue was asked by hand"
    not_behind = ballast(space, "journal", "accept-loss", "--reason", reason)
    assert "is not behind its head" in not_behind.mistake()
    create_head(home.head_file, Head(99, "ab" * 32))
    refused = ballast(space, "journal", "archive", "--days", "1").mistake()
    assert "it is an earlier copy, or has lost its end" in refused
    assert ballast(space, "journal", "accept-loss", "--reason", reason).code == 0
    done = ballast(space, "audit", "--verify")
    assert done.code == 0
    assert reason in done.out


WRONG = {
    "taking over from the living": (
        ("journal", "restore", "x.sqlite", "--take-over"), "stop it; a dead one holds nothing"
    ),
    "a kind": (("audit", "--kind", "Order"), "is no kind of a record"),
    "a period": (("audit", "--period", "yesterday"), "is not a period"),
    "a form": (("audit", "--export", "x.xlsx"), "expected a name in .csv, .json, .jsonl"),
    "a file": (("audit", "--file", "nothing.sqlite"), "there is no such journal"),
    "an anchor": (("audit", "--verify", "--anchor", "x"), "is not the head of a journal"),
    "a backup": (("journal", "restore", "nothing.sqlite"), "there is no such backup"),
    "an account": (("--set", "journal.account=../x", "audit"), "cannot name an account"),
    "a secret as a flag": (
        ("--set", "journal.url=postgresql://u:hunter2@h/x", "audit"), "set BALLAST__JOURNAL__URL"
    ),
    "a number": (("audit", "--last", "0"), "greater than or equal to 1"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgres://u:hunter2@[", "is no address of a PostgreSQL"),
        ("postgresql://u:hunter2@localhost:1/x", "PostgreSQL cannot be reached"),
    ],
)
def test_an_address_that_does_not_work_is_one_line_without_its_password(
    url: str, said: str, space: Path
) -> None:
    line = ballast(space, "audit", environment={"BALLAST__JOURNAL__URL": url}).mistake()
    assert said in line
    assert "hunter2" not in line


@pytest.mark.parametrize("what", WRONG)
def test_wrong_input_is_one_line_without_the_password(what: str, space: Path) -> None:
    arguments, said = WRONG[what]
    line = ballast(space, *arguments).mistake()
    assert said in line
    assert "hunter2" not in line


def test_where_there_is_no_journal_nothing_is_made(tmp_path: Path) -> None:
    assert ballast(tmp_path, "init").code == 0
    assert ballast(tmp_path, "audit", "--json").json() == {"records": [], "head": None}
    assert not ballast(tmp_path, "journal", "status", "--json").json()["exists"]
    for verb in (("backup",), ("archive", "--days", "3"), ("accept-loss", "--reason", "x" * 20)):
        assert "there is no journal" in ballast(tmp_path, "journal", *verb).mistake()
    assert not (tmp_path / "journal" / "main.sqlite").exists()


def test_a_file_that_is_no_journal_is_one_line(space: Path) -> None:
    """R-STATE-01, A-STATE-04, S-47: nothing of it is run."""
    (space / "letter.sqlite").write_bytes(b"\x80\x04\x95 a pickle" * 200)
    line = ballast(space, "audit", "--file", "letter.sqlite").mistake()
    assert "the journal cannot be read" in line
    (space / "journal" / "main.sqlite.head").write_bytes(b"no head")
    line = ballast(space, "journal", "archive", "--days", "1").mistake()
    assert "is not the head of a journal" in line


def test_following_shows_the_newest_and_then_what_comes(tmp_path: Path) -> None:
    """R-CLI-17: each record once, those that match only, in order."""
    home = Home(tmp_path)
    with home.open() as journal:
        journal.append([Entry("gate.refused", '{"n":1}', 1), Entry("order.fill", '{"n":2}', 2)])
        reader = JournalReader(SqliteDatabase(home.path, read_only=True))
        waits: list[int] = []

        def pause() -> None:
            waits.append(1)
            if len(waits) > 3:
                raise KeyboardInterrupt
            more = Entry("order.fill", f'{{"n":{10 + len(waits)}}}', 3)
            journal.append([Entry("gate.refused", '{"n":9}', 3), more])

        found = followed(reader, Query(kinds=("order.*",)), 5, pause)
        seen = [json.loads(one.body)["n"] for one in itertools.islice(found, 4)]
        with pytest.raises(KeyboardInterrupt):
            next(found)
        reader.database.close()
    assert seen == [2, 11, 12, 13]


def test_following_has_an_end_by_a_person_only(space: Path) -> None:
    assert "never ends" in ballast(space, "audit", "--follow", "--verify").mistake()
    nobody = ("--set", "journal.account=nobody")
    assert "there is no journal" in ballast(space, "audit", "--follow", *nobody).mistake()
