"""The simulated exchange for tests of bots: as the page shows it, and as a fixture (R-QA)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest
from tests.data import ROOT

from ballast.core.errors import InternalError, UserError
from ballast.service.testing import ServedVenue, restored_exchange, simulated_exchange

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "simulated-exchange.md").read_text(encoding="utf-8")
PLUGIN = """
pytest_plugins = ["ballast.service.testing.plugin"]
"""
BOT = """
from urllib.request import urlopen

SEEN = []

def test_two_venues_at_once(simulated_exchange):
    for name, path in (("bybit", "/v5/market/time"), ("okx", "/api/v5/public/time")):
        venue = simulated_exchange(exchange=name)
        SEEN.append(venue)
        assert urlopen(venue.url + path).status == 200

def test_all_are_shut_down_after_their_test():
    assert len(SEEN) == 2
    for venue in SEEN:
        try:
            urlopen(venue.url)
        except OSError:
            continue
        raise AssertionError(venue.url)
"""


def test_the_example_of_the_page_runs() -> None:
    section = PAGE.partition("### Test your own bot")[2]
    text = re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL)[0]
    scope: dict[str, Any] = {"__name__": "page"}
    exec(text, scope)  # noqa: S102 - our own page
    scope["test_a_lost_answer_buys_once"]()


def test_the_plugin_gives_the_fixture_and_closes_what_it_opened(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(PLUGIN)
    (tmp_path / "test_bot.py").write_text(BOT)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", str(tmp_path)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def get(url: str) -> bytes:
    with urlopen(url) as answer:  # noqa: S310 - loopback
        return bytes(answer.read())


def threads() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name.startswith("simulated-exchange")]


def closed(venue: ServedVenue) -> bool:
    for one in threads():
        one.join(5.0)
    alive = bool(threads())
    with pytest.raises(OSError, match="refused"):
        get(venue.url)
    with pytest.raises(InternalError, match="has ended"):
        venue.state()
    return not alive and not venue.ca.exists()


def test_a_block_that_fails_closes_its_venue_too() -> None:
    venues = []

    def fail() -> None:
        with simulated_exchange(exchange="bybit", balances={"USDT": "12.5"}) as venue:
            venues.append(venue)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert closed(venues[0])


def test_state_says_what_the_control_interface_says() -> None:
    with simulated_exchange(balances={"USDT": 250}, symbol="ETH-USDT", seed=3) as venue:
        balance = {"asset": "USDT", "free": "250.00000000", "locked": "0E-8"}
        assert balance in venue.state()["accounts"][0]["balances"]
        assert venue.symbols == ("ETHUSDT",)
        venue.command("POST", "/halt", symbol="ETHUSDT")
        told = json.loads(get(f"{venue.control_url}/status"))
        assert told["symbols"]["ETHUSDT"]["trading"] == "halted"
        assert venue.status()["symbols"]["ETHUSDT"]["trading"] == "halted"
        with pytest.raises(UserError, match="unknown symbol 'NONE'"):
            venue.command("POST", "/halt", symbol="NONE")
        assert venue.ca.read_bytes().startswith(b"-----BEGIN CERTIFICATE")
        assert abs(venue.now_ms - venue.status()["now_ms"]) < 60_000


def test_every_test_can_begin_from_a_venue_that_was_kept(tmp_path: Path) -> None:
    kept = tmp_path / "begin.venue"
    with simulated_exchange(exchange="bybit", balances={"USDT": 777}) as venue:
        venue.keep(kept)
        began = venue.state()
    for _ in range(2):
        with restored_exchange(kept) as again:
            assert again.key == venue.key
            assert again.state()["accounts"] == began["accounts"]
            assert 0 <= again.now_ms - began["now_ms"] < 60_000
    with restored_exchange(kept, catches_up=True) as present:
        assert present.now_ms > began["now_ms"]
    kept.write_bytes(b"")
    with pytest.raises(UserError, match="not a snapshot"), restored_exchange(kept):
        pass


def test_faults_come_at_their_rate() -> None:
    with simulated_exchange(faults={"unavailable": 1.0}) as venue:
        with pytest.raises(OSError, match="503"):
            get(f"{venue.url}/api/v3/ping")
        assert venue.status()["faults"] == 1


def test_what_breaks_the_venue_is_raised_when_the_block_ends() -> None:
    """A market that dies must not look like a client that waits."""

    def out(_to_ns: int) -> None:
        raise AssertionError("the market is out")

    def wait() -> None:
        with simulated_exchange() as venue:
            venue._opened.exchange.advance = out  # type: ignore[method-assign]
            venue._ended.exception(10)

    with pytest.raises(AssertionError, match="the market is out"):
        wait()
    for one in threads():
        one.join(5.0)
    assert threads() == []


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"exchange": "bynance"}, "unknown exchange"),
        ({"market": "synthetik"}, "unknown market"),
        ({"faults": {"lose_repy": 0.1}}, "lose_reply"),
        ({"faults": {"lose_reply": 2.0}}, "from 0 to 1"),
        ({"balances": {"DOGE": 1}}, "DOGE=1"),
        ({"speed": 0.0}, "speed 0"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:  # noqa: SIM117 - one opens, one sees
        with simulated_exchange(**asked):
            raise AssertionError
    assert "\n" not in caught.value.line()
