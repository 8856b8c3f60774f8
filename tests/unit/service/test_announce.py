"""Sources of announcements: a file and a feed, watched; what they say, and that they are silent.

R-DATA-23, R-GATE-01.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.live_sessions import LiveSession

from ballast.core.errors import ConfigError, DataError
from ballast.core.instrument import Kind
from ballast.core.notices import Heard, Notice
from ballast.core.settings import Settings
from ballast.risk.halt.shocks import UNHEARD
from ballast.runtime.node.events import Alert
from ballast.service.announce import file as files
from ballast.service.announce import watch as watching
from ballast.service.announce.file import FileEvents
from ballast.service.announce.telling import announce
from ballast.service.announce.url import UrlEvents
from ballast.service.announce.watch import EventWatch, listened
from ballast.store.inbox import Message

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.runtime.node.events import Event

NOW = 1_796_000_000_000
HOUR = 3_600_000


def line(name: str = "cpi", until: int = NOW + HOUR, **more: Any) -> str:
    return json.dumps({"name": name, "text": "US CPI", "until": until} | more)


def read(source: FileEvents) -> Heard:
    return asyncio.run(source.read(NOW))


# A file -------------------------------------------------------------------------------------


@pytest.fixture
def source(tmp_path: Path) -> FileEvents:
    return FileEvents(tmp_path / "news.jsonl")


def append(source: FileEvents, text: str) -> None:
    with source.path.open("a", encoding="utf-8") as file:
        file.write(text)


def names(found: Heard) -> list[str]:
    return [one.name for one in found.notices]


def test_a_file_is_read_on_from_where_it_ended(source: FileEvents) -> None:
    append(source, line("a") + "\n\n" + line("b") + "\n")
    assert names(read(source)) == ["a", "b"]
    assert read(source) == Heard()
    append(source, line("c") + "\n")
    assert names(read(source)) == ["c"]


def test_half_a_line_waits_for_its_end(source: FileEvents) -> None:
    text = line("a")
    for part in (text[:10], text[10:-1]):
        append(source, part)
        assert read(source) == Heard()
    append(source, text[-1])
    assert names(read(source)) == ["a"], "whole, though its line has not ended"
    append(source, "\n" + line("b") + "\n")
    assert names(read(source)) == ["b"]


def test_a_bad_line_is_named_with_its_place_and_the_next_is_read(source: FileEvents) -> None:
    append(source, line("a") + "\nWAR!\n" + line("b") + "\n")
    found = read(source)
    assert names(found) == ["a", "b"]
    (fault,) = found.faults
    assert f"{source.path} line 2: " in fault
    append(source, "{}\n")
    assert "line 4: name is missing" in read(source).faults[0]


def test_bytes_that_are_no_text_and_lines_that_do_not_end_are_named(source: FileEvents) -> None:
    source.path.write_bytes(b"\xff\xfe\n" + b"x" * (files.LINE_MOST + 1) + b"\n")
    text, long = read(source).faults
    assert "line 1: is no text" in text
    assert "line 2: 16385 bytes" in long


def test_a_file_that_begins_anew_is_read_anew(source: FileEvents) -> None:
    append(source, line("a") + "\n" + line("b") + "\n")
    read(source)
    source.path.write_text(line("c") + "\n")
    assert names(read(source)) == ["c"], "it became shorter"
    other = source.path.with_name("other")
    other.write_text(line("d") + "\n" + line("e") + "\n")
    other.replace(source.path)
    assert names(read(source)) == ["d", "e"], "another file under the name"


def test_a_file_that_is_not_there_is_no_answer(source: FileEvents) -> None:
    with pytest.raises(DataError, match="cannot be read: No such file"):
        read(source)
    source.path.mkdir()
    with pytest.raises(DataError, match="cannot be read"):
        read(source)


def test_a_file_that_nobody_empties_is_no_answer(
    source: FileEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "BYTES_MOST", 10)
    append(source, line() + "\n")
    with pytest.raises(DataError, match="begin another file"):
        read(source)


# A watch ------------------------------------------------------------------------------------


class Said:
    """A source that says what a test has it say."""

    name = "feed"
    patience_s = 0.0

    def __init__(self) -> None:
        self.answers: list[Heard | DataError] = []

    async def read(self, now_ms: int) -> Heard:
        assert now_ms > 0
        found = self.answers.pop(0) if self.answers else Heard()
        if isinstance(found, DataError):
            raise found
        return found


class Table:
    """A live session in virtual time with a watched source."""

    def __init__(self, patience_s: float = 0.0) -> None:
        self.session = LiveSession(Kind.PERPETUAL)
        self.said = Said()
        self.said.patience_s = patience_s
        self.heard: list[str] = []
        self.told: list[Event] = []
        session = self.session
        session.shell.hear = lambda one: (
            self.heard.append(one.text) if isinstance(one, Alert) else None
        )
        session.shell.started(session.effects)
        self.watch = EventWatch(self.said, session.shell, session.clock, lambda: 0, 15.0, self.tell)

    def tell(self, event: Event) -> None:
        self.told.append(event)
        self.session.shell.tell(event)

    def look(self, *answers: Heard | DataError, seconds: float = 15.0) -> None:
        """Let time pass, and look once for each answer."""
        self.said.answers += answers
        for _ in answers:
            self.session.clock.now_s += seconds
            asyncio.run(self.watch.look())

    def notice(self, name: str = "cpi", hours: int = 1, text: str = "US CPI") -> Notice:
        return Notice(name, text, self.session.now_ns() // 1_000_000 + hours * HOUR)

    @property
    def in_force(self) -> list[str]:
        return [one.name for one in self.session.shell.node.shocks.in_force]


GONE = DataError("cannot be read", where="news.jsonl")


def test_what_a_source_says_is_told_once_however_often_it_says_it() -> None:
    table = Table()
    cpi = table.notice()
    table.look(*[Heard((cpi,))] * 5)
    assert table.in_force == ["cpi"]
    assert len(table.told) == 2, "that it is heard, and what it said"
    assert len(table.heard) == 1
    table.look(Heard((Notice("cpi"),)), Heard((Notice("cpi"),)))
    assert table.in_force == []
    assert table.heard[1:] == ["announcement over: US CPI (feed)"]


def test_a_process_that_begins_again_does_not_tell_again_what_is_known() -> None:
    table = Table()
    cpi, past = table.notice(), Notice("old", "over", 5)
    table.look(Heard((past, cpi)))
    again = EventWatch(
        table.said, table.session.shell, table.session.clock, lambda: 0, 15.0, table.tell
    )
    table.watch, before = again, len(table.heard)
    table.look(Heard((past, cpi, table.notice("x"), Notice("x"))))
    assert table.in_force == ["cpi"]
    assert len(table.heard) == before


def test_what_a_person_withdrew_a_source_does_not_begin_again() -> None:
    table = Table()
    cpi = table.notice()
    table.look(Heard((cpi,)))
    node, now_ns = table.session.shell.node, table.session.now_ns()
    over = Message("1", "announce", "ann", "over", now_ns, Notice("cpi").plain)
    assert announce(node, table.tell, over, now_ns, 0) == "done: 'cpi' is over"
    table.watch = EventWatch(
        table.said, table.session.shell, table.session.clock, lambda: 0, 15.0, table.tell
    )
    table.look(Heard((cpi,)))
    assert table.in_force == []
    table.look(Heard((table.notice(hours=2),)))
    assert table.in_force == ["cpi"], "other words are another matter"


def test_what_a_source_leaves_out_goes_on() -> None:
    table = Table()
    table.look(Heard((table.notice(),)), Heard())
    assert table.in_force == ["cpi"]


def test_a_source_that_is_gone_is_told_once_and_refuses() -> None:
    table = Table()
    node = table.session.shell.node
    table.look(Heard(), *[GONE] * 3)
    assert node.shocks.fault == "news.jsonl: cannot be read"
    assert table.heard == ["event source: news.jsonl: cannot be read; no entries"]
    table.look(Heard(), Heard())
    assert node.shocks.fault == ""
    assert table.heard[1:] == ["the event source is heard again"]


def test_a_feed_may_be_silent_for_its_patience() -> None:
    table = Table(patience_s=60.0)
    node = table.session.shell.node
    node.rules = rules_with_source(node.rules)
    node._listen()
    assert node.shocks.fault == UNHEARD
    table.look(GONE, GONE)
    assert node.shocks.fault == UNHEARD, "nothing is opened before its first answer"
    assert table.heard == []
    table.look(Heard())
    assert node.shocks.fault == ""
    table.look(GONE, GONE, GONE)
    assert node.shocks.fault == ""
    table.look(GONE)
    assert node.shocks.fault == "news.jsonl: cannot be read"
    assert len(table.heard) == 1


def rules_with_source(rules: Any) -> Any:
    return replace(rules, has_source=True)


def test_what_is_no_announcement_is_told_once_and_some_of_many() -> None:
    table = Table()
    faults = tuple(f"feed event {k}: name is missing" for k in range(9))
    table.look(Heard((), faults), Heard((), faults))
    assert len(table.heard) == 6
    assert table.heard[0] == "no announcement: feed event 0: name is missing"
    assert table.heard[-1] == "no announcement: 4 more of feed"


def test_a_look_that_does_not_end_is_no_answer_and_no_second_is_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watching, "WAIT_S", 0.0)
    table = Table()
    begun: list[int] = []

    async def hangs(now_ms: int) -> Heard:
        begun.append(now_ms)
        await asyncio.Event().wait()
        return Heard()

    table.said.read = hangs  # type: ignore[method-assign]

    async def looks() -> None:
        for _ in range(3):
            await table.watch.look()
        assert table.watch._asked is not None
        table.watch._asked.cancel()

    asyncio.run(looks())
    assert len(begun) == 1
    assert len(table.heard) == 1


# Which source -------------------------------------------------------------------------------


def gate(said: str) -> Settings:
    settings = Settings()
    return replace(settings, gate=replace(settings.gate, event_source=said))


def test_the_setting_names_a_file_of_the_workspace_or_a_url(tmp_path: Path) -> None:
    assert listened(gate(" "), tmp_path) is None
    found, every_s = listened(gate("news.jsonl"), tmp_path) or (None, 0.0)
    assert isinstance(found, FileEvents)
    assert (found.path, every_s) == (tmp_path / "news.jsonl", 15.0)
    url, _ = listened(gate("https://calendar.example/v1/shocks?key=secret"), tmp_path) or (None, 0)
    assert isinstance(url, UrlEvents)
    assert (url.name, url.patience_s) == ("calendar.example/v1/shocks", 120.0)


@pytest.mark.parametrize(
    "said", ["ftp://host/x", "https://", "http:x", "https://ann:pw@host/x", "https://host:x/"]
)
def test_what_is_no_url_is_refused_and_not_shown(said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gate\.event_source") as error:
        listened(gate(said), tmp_path)
    assert "pw" not in error.value.line().replace("password", "")


@pytest.mark.parametrize(
    ("text", "mark", "said"),
    [
        (None, "remark", "nothing is opened until it is heard"),
        ("WAR\n", "remark", "line 1: "),
        (line() + "\n", "ok", "news.jsonl says 1 announcements"),
    ],
)
def test_a_preflight_looks_at_the_source(
    text: str | None, mark: str, said: str, tmp_path: Path
) -> None:
    assert asyncio.run(watching.looked_at(gate(""), tmp_path)) == []
    if text is not None:
        (tmp_path / "news.jsonl").write_text(text.replace(str(NOW + HOUR), "5"))
    (found,) = asyncio.run(watching.looked_at(gate("news.jsonl"), tmp_path))
    assert found.mark == mark
    assert said in found.text


# A person's word ----------------------------------------------------------------------------


def word(more: dict[str, Any]) -> Message:
    return Message("1", "announce", "ann", "", 1, more)


@pytest.mark.parametrize(
    ("more", "apart_h", "said"),
    [
        ({"name": "cpi"}, 0, "refused: the announcement: text is missing"),
        ({"name": "cpi", "over": True}, 0, "refused: nothing is announced under 'cpi'"),
        ({"text": "US CPI", "until": -1}, 0, "refused: it was over at"),
        ({"text": "US CPI", "until": 2}, 0, "done: nothing is opened in any symbol until"),
        ({"text": "US CPI", "until": 2}, -9_000, "done: nothing is opened in any symbol until"),
        ({"text": "x", "until": 2, "symbols": ["NONE"]}, 0, "not traded here: NONE"),
    ],
)
def test_an_announcement_of_a_person_is_taken_or_refused(
    more: dict[str, Any], apart_h: int, said: str
) -> None:
    """`until` in hours from people's now; a session in another hour is held as long."""
    table = Table()
    node, now_ns = table.session.shell.node, table.session.now_ns()
    apart_ns = apart_h * HOUR * 1_000_000
    wall_ms = (now_ns - apart_ns) // 1_000_000
    if "until" in more:
        more = more | {"until": wall_ms + more["until"] * HOUR, "name": "cpi"}
    assert said in announce(node, table.tell, word(more), now_ns, apart_ns)
    if said.startswith("done"):
        (one,) = node.shocks.in_force
        assert abs(one.until_ns - now_ns - 2 * HOUR * 1_000_000) < 1_000_000
