"""What a person sees of announcements on the screen of a session and in `status` (R-DATA-23)."""

from __future__ import annotations

import io
import json
from typing import Any

from rich.console import Console
from tests.fakes.memory_journal import Memory, MemoryJournal
from tests.fakes.papers import opened

from ballast.risk.halt.shocks import UNHEARD
from ballast.runtime.node.events import Announced, SourceShown
from ballast.service.announce.shown import LINES, shock_lines, shocks_of
from ballast.service.cli.paper_screen import drawn
from ballast.service.cli.standing import _tables
from ballast.service.paper.running import Running
from ballast.service.paper.state import state_of
from ballast.service.standing import portfolio_of

HOUR_NS, MINUTE_NS = 3_600 * 10**9, 60 * 10**9


def session() -> Running:
    return Running(opened(), MemoryJournal(Memory(), "one"))


def announce(running: Running, name: str, *symbols: str, hours: float = 2.0) -> None:
    now_ns = running.opened.exchange.now_ns
    running.shell.tell(
        Announced(
            name, "calendar", f"US {name}", symbols, now_ns + round(hours * HOUR_NS), True, now_ns
        )
    )


def screen_of(running: Running) -> list[str]:
    """What its head says of announcements; alerts below tell when they began."""
    console = Console(file=io.StringIO(), width=200)
    console.print(drawn(state_of(running)))
    assert isinstance(console.file, io.StringIO)
    lines = [one.rstrip() for one in console.file.getvalue().splitlines()]
    return [one[1:] for one in lines if one.startswith((" announced: ", " event source: "))]


def status_of(running: Running) -> list[tuple[str, str]]:
    found: dict[str, Any] = {"portfolio": portfolio_of(running.node), "positions": []}
    rows = [(str(one[0]), str(one[1])) for one in _tables(found)[0].rows]
    return [one for one in rows if one[0] in {"announced", "event source"}]


def test_where_all_is_calm_nothing_is_said() -> None:
    running = session()
    assert shocks_of(running.node) == {"announced": [], "event_source": ""}
    assert screen_of(running) == []
    assert status_of(running) == []


def test_what_holds_entries_back_is_shown_with_its_time_and_its_symbols() -> None:
    running = session()
    announce(running, "CPI", "BTCUSDT", "ETHUSDT")
    (one,) = shocks_of(running.node)["announced"]
    assert (one["text"], one["source"], one["left_s"]) == ("US CPI", "calendar", 7_200)
    assert one["symbols"] == ["BTCUSDT", "ETHUSDT"]
    assert one["tightens"]
    json.dumps(one)
    line = (
        f"announced: US CPI (calendar), until {one['until']} (2h left): "
        "nothing is opened in BTCUSDT, ETHUSDT"
    )
    assert screen_of(running) == [line]
    assert status_of(running) == [tuple(line.split(": ", 1))]
    announce(running, "CPI", hours=0.0)
    assert screen_of(running) == [], "withdrawn"


def test_it_is_gone_when_its_time_is_over() -> None:
    running = session()
    while not running.heard.judged:
        running.step()
    announce(running, "CPI", hours=1.5)
    running.step()
    left = shocks_of(running.node)["announced"]
    assert [one["left_s"] < 5_400 for one in left] == [True]
    running.step()
    assert shocks_of(running.node)["announced"] == []


def test_the_longest_of_many_are_shown_and_the_rest_is_counted() -> None:
    running = session()
    for hours in range(1, 8):
        announce(running, f"event-{hours}", *(f"S{k}USDT" for k in range(9)), hours=hours)
    lines = screen_of(running)
    assert len(lines) == LINES + 1
    assert "US event-7" in lines[0]
    assert "S5USDT and 3 more" in lines[0]
    assert "4 more, none of which lasts longer" in lines[-1]
    assert len(status_of(running)) == 7, "status has more room"


def test_a_source_that_is_not_heard_is_shown_until_it_is() -> None:
    running = session()
    now_ns = running.opened.exchange.now_ns
    running.shell.tell(SourceShown(UNHEARD, now_ns))
    assert screen_of(running) == ["event source: not heard since the start; no entries"]
    running.shell.tell(SourceShown("", now_ns))
    assert screen_of(running) == []
    running.shell.tell(SourceShown("news.jsonl: cannot be read: no such file", now_ns))
    said = "event source: news.jsonl: cannot be read: no such file; no entries"
    assert screen_of(running) == [said]
    assert status_of(running) == [tuple(said.split(": ", 1))]


def test_lines_say_any_symbol_where_none_is_named() -> None:
    one = {
        "text": "war", "source": "ann", "until": "2026-12-10 14:30", "left_s": 90, "symbols": [],
    }  # fmt: skip
    (line,) = shock_lines([one], "")
    assert line.endswith("until 2026-12-10 14:30 (1m 30s left): nothing is opened in any symbol")
