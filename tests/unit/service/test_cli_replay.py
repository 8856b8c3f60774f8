"""`ballast replay`: a node's journal on disk, run again (C8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.fakes.journals import Home
from tests.fakes.shell import ballast

from ballast.risk.halt.modes import Command
from ballast.runtime.node.desk import NodeRules
from ballast.runtime.node.events import Alert, Commanded, Left, Priced
from ballast.runtime.node.journalled import CODEC, started

if TYPE_CHECKING:
    from pathlib import Path

RULES = NodeRules("main", "4f1c")


@pytest.fixture
def space(tmp_path: Path) -> Path:
    """A workspace whose node was started twice, resumed, priced, and told to leave."""
    assert ballast(tmp_path, "init").code == 0
    for run in range(2):
        with Home(tmp_path / "journal").open() as journal:
            live, _ = started(RULES, journal, 10 + run)
            live.handle(Commanded(Command.RESUME, "ann", "checked", 20 + run))
            live.handle(Priced("BTCUSDT", 6_000_000, 30 + run))
            live.handle(Left("BTCUSDT", "signal", 40 + run))
    return tmp_path


def test_a_journal_replays_and_says_what_the_node_holds(space: Path) -> None:
    told = ballast(space, "replay", "--json").json()
    assert told == {
        "events": 8, "effects": 1, "starts": 2, "mode": "running", "reason": "checked",
        "holdings": {}, "open_orders": [],
    }  # fmt: skip
    assert "every effect is the one that was written" in ballast(space, "replay").err


def test_an_effect_that_nothing_led_to_is_one_line_and_exit_2(space: Path) -> None:
    with Home(space / "journal").open() as journal:
        journal.append([CODEC.entry(Alert("BTCUSDT", "made up"), 50)])
    failed = ballast(space, "replay")
    assert failed.code == 2
    assert "another effect than was written: none" in failed.err
    assert "Traceback" not in failed.err


def test_without_a_journal_there_is_nothing_to_replay(tmp_path: Path) -> None:
    assert ballast(tmp_path, "init").code == 0
    assert ballast(tmp_path, "replay", "--json").json()["events"] == 0
