"""`ballast doctor`: every check, content and not, and that it changes nothing."""

from __future__ import annotations

import errno
import json
import resource
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import apsw
import pytest
from tests.fakes import canary
from tests.fakes.journals import Home, numbered
from tests.fakes.shell import ballast, tree

from ballast.core.settings import Secret
from ballast.service.doctor import machine, places
from ballast.service.doctor.machine import clock_finding
from ballast.service.keys.account import Keys
from ballast.service.keys.keyfile import KeyFile
from ballast.service.keys.sealed import COST_MIN
from ballast.service.supervise.history import History, HistoryFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

NOW_NS = 1_764_000_000 * 10**9


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiler is tried by the test of an empty folder; here it costs half a second a case."""
    monkeypatch.setattr(machine, "_compiles", lambda: "not tried")


@pytest.fixture
def space(tmp_path: Path) -> Path:
    """A workspace whose node wrote five records."""
    assert ballast(tmp_path, "init").code == 0
    with Home(tmp_path / "journal").open() as journal:
        journal.append(numbered(0, 5))
    return tmp_path


def findings(
    home: Path, *arguments: str, held: Mapping[str, str] | None = None, code: int = 0
) -> dict[str, dict[str, Any]]:
    done = ballast(home, *arguments, "doctor", "--json", environment=held or {})
    assert done.code == code, done
    return {one["check"]: one for one in json.loads(done.out)["findings"]}


def test_a_sound_workspace_has_no_problem_and_is_left_as_it_was(space: Path) -> None:
    """Every part is looked at: disk, its speed, journal, folder, clock, limits, keys."""
    before = {name for name in tree(space) if "sqlite-" not in name}
    found = findings(space)
    assert {name for name in tree(space) if "sqlite-" not in name} == before
    assert {one["state"] for one in found.values()} <= {"ok", "warning"}
    assert {
        "python", "clock", "open files", "core files", "language", "settings", "candle store",
        "disk", "disk writes", "journal folder", "journal", "keys",
    } <= set(found)  # fmt: skip
    assert "6 records, head 6, whole" in found["journal"]["found"]
    assert "version 1" in found["journal"]["found"]
    assert "none; paper" in found["keys"]["found"]


def by_hand(home: Path, sql: str) -> None:
    """Change the journal as its owner could, with a shell."""
    with closing(apsw.Connection(str(home / "journal" / "main.sqlite"))) as connection:
        connection.execute(sql)


BROKEN: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "a head that is gone": (
        lambda home: (home / "journal" / "main.sqlite.head").unlink(),
        "journal", "the head beside the journal is gone",
    ),
    "a journal that is gone": (
        lambda home: (home / "journal" / "main.sqlite").write_bytes(b"nothing"),
        "journal", "",
    ),
    "tables of a newer version": (
        lambda home: by_hand(home, "PRAGMA user_version = 99"), "journal", "version 99, and 1 is"
    ),
    "an edited record": (
        lambda home: by_hand(
            home, "DROP TRIGGER records_no_update; UPDATE records SET body = '{}' WHERE seq = 3"
        ),
        "journal", "6 records, head 6: ",
    ),
    "a folder for everybody": (
        lambda home: (home / "journal").chmod(0o777), "journal folder", "others may write into it"
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_place_is_a_problem_and_the_rest_is_looked_at(what: str, space: Path) -> None:
    spoil, check, said = BROKEN[what]
    spoil(space)
    found = findings(space, code=1)
    assert found[check]["state"] == "problem"
    assert said in found[check]["found"]
    assert found[check]["fix"]
    assert "keys" in found, "the last check still ran"
    (space / "journal").chmod(0o700)


@pytest.mark.parametrize(
    ("history", "state", "said"),
    [
        (History(why="ended as asked (exit 0)"), "ok", "0 in the last day"),
        (History((time.time_ns(),), why="crashed (SIGKILL)"), "warning", "1 in the last day"),
        (History((NOW_NS,), gave_up_ns=NOW_NS, why="hung"), "problem", "given up at 2025-11-24"),
    ],
    ids=["none", "one", "given up"],
)
def test_restarts_by_a_supervisor_are_told(
    history: History, state: str, said: str, space: Path
) -> None:
    """S-33: a crash loop that ended while nobody looked is found by the next look."""
    HistoryFile(space / "journal" / "state" / "main.restarts.json").write(history)
    found = findings(space, code=int(state == "problem"))["restarts"]
    assert found["state"] == state
    assert said in found["found"]


def test_a_journal_from_the_future_is_a_wrong_clock(space: Path) -> None:
    later = numbered(5, 1)[0]
    with Home(space / "journal").open() as journal:
        at_ns = time.time_ns() + 3_600 * 10**9
        journal.append([type(later)(later.kind, later.body, at_ns)])
    assert "from the future" in findings(space, code=1)["journal"]["found"]


def test_a_server_that_is_not_there_is_a_problem_without_its_password(space: Path) -> None:
    held = {"BALLAST__JOURNAL__URL": f"postgresql://u:{canary.KEY}@localhost:1/x"}
    found = findings(space, held=held, code=1)["journal"]
    assert "cannot be reached" in found["found"]
    canary.assert_unseen(str(found))


def test_a_slow_disk_and_one_that_keeps_nothing_are_remarked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for taken_ms, state, said in (
        (2.0, "ok", ""), (80.0, "warning", "faster disk"), (0.005, "warning", "this is memory"),
    ):  # fmt: skip
        monkeypatch.setattr(places, "_write_ms", lambda _, taken_ms=taken_ms: taken_ms)
        found = places.write_finding(tmp_path)
        assert (found.state, said in found.fix) == (state, True)
    monkeypatch.undo()
    assert "synced in" in places.write_finding(tmp_path).found
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_a_problem(
    space: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: Path) -> float:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(places, "_write_ms", refused)
    assert findings(space, code=1)["disk writes"]["state"] == "problem"


@pytest.mark.parametrize(
    ("wall_ns", "parted_ms", "is_kept", "state", "said"),
    [
        (NOW_NS, 0.1, True, "ok", "2025-11-24 16:00:00 UTC, steady, kept"),
        (NOW_NS, -0.1, None, "ok", "steady"),
        (0, 0.0, True, "problem", "1970-01-01"),
        (5_000_000_000 * 10**9, 0.0, True, "problem", "2128"),
        (NOW_NS, 900.0, True, "warning", "moved by +900 ms"),
        (NOW_NS, -30.0, True, "warning", "moved by -30 ms"),
        (NOW_NS, 0.0, False, "warning", "kept by nobody"),
    ],
)
def test_a_clock_that_is_wrong_jumps_or_drifts_is_seen(
    wall_ns: int, parted_ms: float, is_kept: bool | None, state: str, said: str
) -> None:
    """R-TIME: venues refuse what is dated wrong."""
    found = clock_finding(wall_ns, parted_ms, is_kept=is_kept)
    assert found.state == state
    assert said in found.found


def test_few_open_files_are_remarked(space: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    try:
        found = findings(space)["open files"]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert (found["state"], found["found"]) == ("warning", "512")


# Keys --------------------------------------------------------------------------------------


def test_keys_are_shown_masked_with_how_they_are_kept(space: Path) -> None:
    """A passphrase that is at hand opens the file; nobody is asked for one."""
    file = KeyFile(space / ".keys" / "venues.keys", cost=COST_MIN)
    held = Keys("okx", "main", Secret(canary.KEY), Secret(canary.SECRET), Secret(canary.PHRASE))
    file.change(Secret(canary.PHRASE), lambda _: [held])
    closed = findings(space)
    assert "mode 0600, sealed; not opened" in closed["keys"]["found"]
    opened = findings(space, held={"BALLAST_KEYS_PASSPHRASE": canary.PHRASE})
    assert opened["keys okx/main"]["found"].startswith("file: cN4r... (36)")
    wrong = findings(space, held={"BALLAST_KEYS_PASSPHRASE": "another one"}, code=1)
    assert "does not open it" in wrong["keys"]["found"]
    gone = findings(space, held={"BALLAST_KEYS_PASSPHRASE_FILE": "nothing"}, code=1)
    assert "no such file" in gone["passphrase"]["found"]
    file.path.chmod(0o644)
    for phrase in ({}, {"BALLAST_KEYS_PASSPHRASE": canary.PHRASE}):
        assert "others may touch it" in findings(space, held=phrase, code=1)["keys"]["found"]
    canary.assert_unseen(str([closed, opened, wrong, gone]))


def test_keys_of_the_environment_and_the_settings_are_named(space: Path) -> None:
    held = {"BALLAST_KEY__BYBIT__MAIN": "k" * 18, "BALLAST_SECRET__BYBIT__MAIN": "s" * 36,
            "BALLAST__NETWORK__API_KEY": "n" * 20}  # fmt: skip
    found = findings(space, held=held)
    assert "environment: kkkk... (18)" in found["keys bybit/main"]["found"]
    assert "network.api_key is set" in found["keys"]["found"]
