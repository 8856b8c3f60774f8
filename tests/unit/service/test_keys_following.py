"""A session that runs: new keys are taken a minute later, and a broken place is said once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.fakes import canary

from ballast.core.settings import NetworkSettings, Secret
from ballast.service.keys import ring as rings
from ballast.service.keys.account import Keys
from ballast.service.keys.following import LOOK_S, follow
from ballast.service.keys.keyfile import KeyFile
from ballast.service.keys.passphrase import Unlock
from ballast.service.keys.sealed import COST_MIN
from ballast.service.keys.source import KeySource, open_source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PHRASE = Secret("five random words do well")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeyFile:
    monkeypatch.setenv("BALLAST_KEYS", str(tmp_path / "keys"))
    monkeypatch.setattr(rings, "_PRIORITY_MIN", 1e9)
    made = KeyFile(cost=COST_MIN)
    put(made, "A")
    return made


def put(file: KeyFile, letter: str) -> None:
    keys = Keys("binance", "main", Secret(letter * 40), Secret(canary.SECRET))
    file.change(PHRASE, lambda _: [keys])


def source() -> KeySource:
    unlock = Unlock({"BALLAST_KEYS_PASSPHRASE": PHRASE.reveal()})
    return open_source("binance", "main", environment={}, network=NetworkSettings(), unlock=unlock)


def followed(acts: list[Callable[[], object]]) -> tuple[list[str], list[str]]:
    """Do one thing before each look; return which keys were taken, and what was said."""
    taken: list[str] = []
    said: list[str] = []
    left = iter(acts)

    async def sleep(seconds: float) -> None:
        assert seconds == LOOK_S
        try:
            next(left)()
        except StopIteration:
            raise asyncio.CancelledError from None

    async def run() -> None:
        with pytest.raises(asyncio.CancelledError):
            await follow(
                source(), lambda one: taken.append(one.key.reveal()[0]), said.append, sleep
            )

    asyncio.run(run())
    canary.assert_unseen(" ".join(said))
    return taken, said


def test_new_keys_are_taken_once(file: KeyFile) -> None:
    """R-SEC-05: a swap without downtime."""
    taken, said = followed([
        lambda: None, lambda: put(file, "B"), lambda: None, lambda: put(file, "B"),
        lambda: put(file, "C"),
    ])  # fmt: skip
    assert taken == ["B", "C"]
    assert said[0] == "keys of binance/main: BBBB... (40) from now on, by the file"
    assert len(said) == 2


def test_a_broken_place_is_said_once_and_the_keys_stay(file: KeyFile) -> None:
    taken, said = followed([
        lambda: file.path.chmod(0o644), lambda: None, lambda: file.path.write_bytes(b"x"),
        lambda: file.path.chmod(0o600), file.path.unlink, lambda: put(file, "D"),
    ])  # fmt: skip
    assert taken == ["D"]
    assert [line.partition(": ")[2].partition(": ")[2][:30] for line in said[:2]] == [
        "others may touch it (mode 0644", "is no file of keys, or damaged"
    ]  # fmt: skip
    assert "there are no keys of this account" in said[2]
    assert "DDDD... (40)" in said[3]
    assert len(said) == 4
