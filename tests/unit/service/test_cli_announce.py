"""`ballast announce`: a word of a shock, through the inbox to a session (R-DATA-23, S-16)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.fakes.shell import ballast

from ballast.core.errors import DataError
from ballast.service.commands import take_commands
from ballast.store.inbox import Inbox, Message

if TYPE_CHECKING:
    from pathlib import Path

HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--for: is missing"),
        (("war",), "--for: is missing"),
        (("war", "--for", "soon"), "--for: 'soon' is no length of time"),
        (("war", "--for", "5w"), "at most 31 days ahead"),
        (("", "--for", "2h"), 'text is ""'),
        (("war", "--for", "2h", "-s", "BTC USDT"), "is no symbol"),
        (("war", "--for", "2h", "--name", "a b"), 'name is "a b"'),
        (("war", "--over", "cpi"), "TEXT and --over"),
        (("--over", "cpi", "--for", "2h"), "--for and --over"),
        (("--over", "cpi", "--tighten"), "--tighten and --over"),
        (("--over", "a b"), 'name is "a b"'),
    ],
)
def test_a_mistake_is_one_line_and_leaves_nothing(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    assert said in ballast(tmp_path, "announce", *arguments).mistake()
    assert not list(tmp_path.glob("journal/inbox/**/*.json"))


def test_it_is_left_in_the_inbox_whole(tmp_path: Path) -> None:
    told = ballast(
        tmp_path, "announce", "US CPI", "--for", "2h", "-s", "btcusdt", "--source", "calendar",
        "--name", "cpi", "--tighten", "--json",
    ).json()  # fmt: skip
    assert told == {"name": "cpi", "source": "calendar", "account": "main", "outcome": None}
    inbox = Inbox(tmp_path / "journal" / "inbox" / "main")
    (left,) = inbox.waiting()
    assert (left.command, left.who, left.reason) == ("announce", "calendar", "US CPI")
    until_ms = left.at_ns // 1_000_000 + 2 * HOUR_MS
    assert left.more == {
        "name": "cpi", "text": "US CPI", "until": until_ms, "symbols": ["BTCUSDT"], "tightens": True
    }  # fmt: skip
    taken: list[Message] = []
    take_commands(inbox, lambda *_: "", announce=lambda one: taken.append(one) or "done")  # type: ignore[func-returns-value]
    assert taken == [left]
    assert inbox.outcome(left.name) == "done"
    assert not list(inbox.waiting())


def test_one_without_a_name_is_called_after_its_time(tmp_path: Path) -> None:
    name = ballast(tmp_path, "announce", "war", "--for", "1h", "--json").json()["name"]
    assert len(str(name)) == len("20261210T143000")
    over = ballast(tmp_path, "announce", "--over", str(name), "--json").json()
    assert over["name"] == name


def test_a_session_that_hears_no_announcements_says_so(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox")
    name = inbox.put("announce", "ann", "war", 1, {"name": "war"})
    take_commands(inbox, lambda *_: "")
    assert inbox.outcome(name) == "no command 'announce'"


@pytest.mark.parametrize("more", [1, "x", [], None])
def test_a_file_that_is_no_command_is_named(more: object, tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox")
    inbox.put("announce", "ann", "war", 1, {"name": "war"})
    (path,) = inbox.folder.glob("*.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"more": more}))
    with pytest.raises(DataError, match="is no command"):
        list(inbox.waiting())


def test_a_session_on_stored_candles_is_held_for_as_long_from_its_own_time(
    tmp_path: Path,
) -> None:
    """S-16, R-GATE-22: refused with the reason, and over when its hours have passed."""
    ballast(tmp_path, "init", "--json").json()
    ballast(tmp_path, "data", "synth", "--bars", "500", "--seed", "5", "--timeframe", "1h")
    symbol = ballast(tmp_path, "data", "list", "--json").json()["candles"][0]["symbol"]
    command = ("paper", "ema_cross", "-s", str(symbol), "--json", "--bars")
    ballast(tmp_path, *command, "1").json()
    said = ballast(
        tmp_path, "announce", "US CPI", "--for", "30d", "--name", "cpi", "--json"
    ).json()  # fmt: skip
    assert said["outcome"] is None
    held = ballast(tmp_path, *command, "200").json()
    assert held["fills"] == 0
    (said,) = ballast(tmp_path, "status", "--json").json()["portfolio"]["announced"]
    assert said["text"] == "US CPI"
    assert f"US CPI ({said['source']}), until {said['until']}" in ballast(tmp_path, "status").out
    told = ballast(tmp_path, "explain", "--refused", "--json").json()["decisions"]
    lines = [line for one in told for line in one["reasons"] if line.startswith("announced")]
    assert lines, told
    assert all("US CPI" in one and "no shock announced" in one for one in lines)
    ballast(tmp_path, "announce", "--over", "cpi", "--json").json()
    assert ballast(tmp_path, *command, "250").json()["fills"] > 0
    assert ballast(tmp_path, "replay", "--json").code == 0
    texts = [one["text"] for one in ballast(tmp_path, "explain", "--json").json()["account"]]
    assert any(one.startswith("announced: US CPI") for one in texts)
    assert any(one.startswith("announcement over: US CPI") for one in texts)
