"""Closing: in both stores, whatever interrupts it, nothing of what was is lost."""

from __future__ import annotations

import json
from contextlib import closing as ending
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.fakes.disk import Crash
from tests.fakes.journals import Home, numbered

from ballast.core.errors import DataError
from ballast.core.journal import CLOSED, FOLLOWS
from ballast.store.journal import JournalReader, Query, closing
from ballast.store.journal.writer import Start

if TYPE_CHECKING:
    from ballast.core.journal import Head

START = Start("reset-1", "a test", 99)


def kinds(home: Home) -> list[str]:
    with ending(home.database(read_only=True)) as database:
        return [one.kind for one in JournalReader(database).find(Query())]


def close(home: Home) -> closing.Closed:
    with home.open() as writer:
        return closing.close(writer, home.account, who="ann", reason="anew", at_ns=98)


def finish(home: Home, said: closing.Closed) -> Head:
    archives = home.folder / "archives" / home.account
    with ending(home.database()) as database:
        return closing.finish(database, home.path, archives, said, START)  # type: ignore[arg-type]


def kept_home(home: Home, said: closing.Closed) -> Home:
    return replace(home, account=said.kept_as)


def filled(home: Home) -> None:
    with home.open() as journal:
        journal.append(numbered(0, 5))
    (home.folder / "archives" / home.account).mkdir(parents=True)


def check(home: Home, said: closing.Closed) -> None:
    """What was is whole under its other name; the account begins with a word of it."""
    kept = kept_home(home, said)
    assert kept.numbers() == [0, 1, 2, 3, 4]
    assert kinds(kept)[-1] == CLOSED
    assert kept.verify().is_whole
    assert kept.verify().head == said.head
    assert home.verify().is_whole
    assert kinds(home)[0] == "journal.opened"
    assert home.numbers() == []
    assert (home.folder / "archives" / said.kept_as).is_dir()


def test_the_old_journal_is_kept_whole_and_the_new_one_names_it(home: Home) -> None:
    """R-CLI-03: who and why in both; the new one also where the old one ended."""
    filled(home)
    said = close(home)
    assert (said.kept_as, said.who, said.reason) == (f"{home.account}_closed_1", "ann", "anew")
    head = finish(home, said)
    check(home, said)
    with ending(home.database(read_only=True)) as database:
        (word,) = JournalReader(database).find(Query(kinds=(FOLLOWS,)))
    assert json.loads(word.body) == {
        "kept_as": said.kept_as, "head": str(said.head), "who": "ann", "reason": "anew"
    }  # fmt: skip
    assert word.head == head
    second = close(home)
    assert second.kept_as == f"{home.account}_closed_2"
    finish(home, second)
    check(home, said)
    assert kinds(kept_home(home, second)) == [
        "journal.opened", FOLLOWS, "journal.opened", CLOSED
    ]  # fmt: skip


def test_nothing_follows_the_last_record_of_a_closed_journal(home: Home) -> None:
    filled(home)
    said = close(home)
    with pytest.raises(DataError, match="closed by a reset"):
        home.open()
    finish(home, said)
    with pytest.raises(DataError, match="closed by a reset"):
        kept_home(home, said).open()
    with home.open() as journal:
        journal.append(numbered(0, 1))
    assert home.numbers() == [0]


@pytest.mark.parametrize("step", [0, 1, 2])
def test_what_interrupts_it_is_finished_by_closing_again(
    step: int, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before the head, the archives, or the journal itself took their new name."""
    filled(home)
    said = close(home)
    taken = iter(range(10))
    move = closing._move

    def dying(*paths: object) -> None:
        if next(taken) == step:
            raise Crash
        move(*paths)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(closing, "_move", dying)
        if step == 2:
            database = home.database()
            patched.setattr(type(database), "rename", lambda *_: (_ for _ in ()).throw(Crash))
        with pytest.raises(Crash):
            finish(home, said)
    with pytest.raises(DataError, match="closed by a reset"):
        home.open()
    with ending(home.database(read_only=True)) as database:
        found = closing.closed(JournalReader(database))
    assert found == said
    finish(home, found)
    check(home, said)


def test_a_writer_that_goes_on_keeps_its_journal(home: Home) -> None:
    filled(home)
    said = close(home)
    with ending(home.database()) as other:
        assert other.lock()
        with pytest.raises(DataError, match="writes this journal"):
            finish(home, said)
    finish(home, said)
    check(home, said)


def test_a_long_name_is_cut_so_that_it_stays_a_name(home: Home) -> None:
    long = replace(home, account="a" * 40)
    filled(long)
    said = close(long)
    assert said.kept_as == "a" * 31 + "_closed_1"
    finish(long, said)
    check(long, said)
