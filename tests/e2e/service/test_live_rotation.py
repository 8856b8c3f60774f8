"""Keys are rotated under a live session: it goes on, the old key is deleted, nobody restarts it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.shell import ballast

from ballast.core.settings import Secret
from ballast.service.keys import following
from ballast.service.keys.account import Keys
from ballast.service.keys.keyfile import KeyFile
from ballast.service.keys.sealed import COST_MIN
from ballast.service.live import running
from ballast.service.testing.venue import ServedVenue, simulated_exchange

if TYPE_CHECKING:
    from pathlib import Path

PHRASE = "five random words do well"
SPEED = 20.0


def rotate(venue: ServedVenue, file: KeyFile, begun: threading.Event, done: list[str]) -> None:
    """Once the session runs: a second key into the file, and a while later the old one deleted."""
    assert begun.wait(120)
    ring = venue._opened.front.keys  # type: ignore[attr-defined]
    made = venue._there(lambda: ring.make(1, "second", seed=99))
    keys = Keys("binance", "main", Secret(made.key), Secret(made.secret))
    file.change(Secret(PHRASE), lambda _: [keys])
    threading.Event().wait(3.0)  # ten looks of the session
    venue._there(lambda: ring.revoke(venue.key))
    done.append(made.key[:4])


@pytest.mark.slow
def test_a_live_session_takes_a_rotated_key_and_outlives_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-SEC-05: a swap without downtime, on the wire."""
    begun = threading.Event()

    async def followed(*arguments: Any) -> None:
        begun.set()
        await following.follow(*arguments)

    monkeypatch.setattr(following, "LOOK_S", 0.3)
    monkeypatch.setattr(running, "follow", followed)
    ballast(tmp_path, "init")
    file = KeyFile(tmp_path / ".keys" / "venues.keys", cost=COST_MIN)
    with simulated_exchange("binance", past="8h", speed=SPEED) as venue:
        keys = Keys("binance", "main", Secret(venue.key), Secret(venue.secret))
        file.change(Secret(PHRASE), lambda _: [keys])
        done: list[str] = []
        later = threading.Thread(target=rotate, args=(venue, file, begun, done))
        later.start()
        ended = ballast(
            tmp_path, "live", "ema_cross", "--venue", "BINANCE", "-s", "BTCUSDT", "-t", "1m",
            "--rehearse", str(venue.port), "--ca", str(venue.ca), "--speed", str(SPEED),
            "--closes", "8", environment={"BALLAST_KEYS_PASSPHRASE": PHRASE},
        )  # fmt: skip
        later.join()
    assert ended.code == 0, ended
    (letters,) = done
    assert f"keys of binance/main: {letters}... (64) from now on, by the file" in ended.err
    assert "stopped; protection rests at the venue" in ended.err
