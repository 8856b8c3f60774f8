"""What only PostgreSQL can do to a journal: sessions end, servers crash, settings lie."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.fakes.journals import Home, numbered
from tests.fakes.postgres import cluster, server
from tests.fakes.shell import Done, ballast

from ballast.core.errors import UserError
from ballast.core.journal import WriteFailedError
from ballast.store.journal.postgres import PostgresDatabase

if TYPE_CHECKING:
    from pathlib import Path


def test_a_session_that_ends_halts_its_writer_and_frees_the_journal(
    tmp_path: Path, postgres_url: str
) -> None:
    """N5, A10: no waiting for a lease to run out; the server knows that the session is gone."""
    home = Home(tmp_path, postgres_url, account="ended")
    old = home.open()
    told = old.append(numbered(0, 2))
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE pid != pg_backend_pid() AND backend_type = 'client backend'"
        )
    with pytest.raises(WriteFailedError, match="could not be written"):
        old.append(numbered(2, 1))
    with home.open() as new:
        assert new.epoch == 2
        with pytest.raises(WriteFailedError, match="closed for writing"):
            old.append(numbered(2, 1))
        new.append(numbered(2, 1))
    old.close()
    assert home.numbers() == [0, 1, 2]
    assert home.verify(("told", told)).is_whole


def test_a_server_that_crashes_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """`pg_ctl -m immediate` is a kill: what was acknowledged comes back from its log."""
    with server() as running:
        home = Home(tmp_path, running.url)
        done = 0
        for life in range(3):
            journal = home.open()
            for _ in range(20):
                told = journal.append(numbered(done, 2))
                done += 2
            running.crash()
            with pytest.raises(WriteFailedError):
                journal.append(numbered(done, 1))
            journal.close()
            assert home.numbers() == list(range(done)), life
            assert home.verify(("told", told)).is_whole


def test_a_server_that_does_not_sync_is_refused(tmp_path: Path) -> None:
    with (
        cluster(fsync="off") as url,
        closing(PostgresDatabase(url, "main")) as database,
        pytest.raises(UserError, match="fsync = off and would lose records at a power cut"),
    ):
        Home(tmp_path, url).open(database)


def test_the_verbs_work_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    """The page's "move to PostgreSQL", and back."""
    assert ballast(tmp_path, "init").code == 0
    with Home(tmp_path / "journal").open() as journal:
        journal.append(numbered(0, 5))
        journal.snapshot(b"five", seq=journal.head.seq, at_ns=1)
        head = str(journal.append(numbered(5, 2)))

    def there(*arguments: str) -> Done:
        account = ("--set", "journal.account=verbs")
        server = {"BALLAST__JOURNAL__URL": postgres_url}
        return ballast(tmp_path, *account, *arguments, environment=server)

    made = ballast(tmp_path, "journal", "backup", "move.sqlite", "--json").json()
    assert made["head"] == head
    assert there("journal", "restore", "move.sqlite").code == 0
    found = there("audit", "--verify", "--anchor", head, "--json").json()
    assert found["whole"]
    shown = there("audit", "--symbol", "S1", "--json").json()
    assert len(shown["records"]) == 2
    status = there("journal", "status", "--json").json()
    assert status["journal"] == "postgresql schema ballast_verbs"
    assert status["tail"] == 4
    told = there("journal", "archive", "--days", "9", "--json").json()
    assert told["archived"] == 6
    assert there("audit", "--verify").code == 0
    there("journal", "backup", "--json").json()
    exported = there("audit", "--export", "all.csv", "--json").json()
    assert exported["records"] == 6
