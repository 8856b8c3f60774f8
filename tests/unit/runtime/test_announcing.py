"""Announced shocks: no entries while they last, closer stops where that is wanted.

R-DATA-23, S-16, R-RISK-19, R-GATE-01.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.papers import Sessions
from tests.unit.runtime.test_node import (
    NOW,
    RULES,
    SECOND,
    SYMBOL,
    cancels,
    decide,
    entry,
    filled,
    placed,
    ready,
    shown,
    told,
)

from ballast.core.ids import Purpose
from ballast.core.instrument import Kind
from ballast.core.settings import Settings
from ballast.oms.record import Phase
from ballast.risk.halt.shocks import UNHEARD
from ballast.runtime.node.events import (
    Announced,
    Elapsed,
    Event,
    Judged,
    Reported,
    SourceShown,
    Started,
    Wake,
)
from ballast.runtime.node.journalled import replayed
from ballast.runtime.node.state import packed, unpacked

if TYPE_CHECKING:
    from ballast.core.orders import Side
    from ballast.runtime.node.events import Effect
    from ballast.runtime.node.node import Node

HOUR = 3_600 * SECOND
CPI = Announced("cpi", "calendar", "US CPI", (SYMBOL,), NOW + HOUR, tightens=True, at_ns=NOW)


def reasons(effects: list[Effect]) -> list[str]:
    (judged,) = (one for one in effects if isinstance(one, Judged))
    return [one.split(":")[0] for one in judged.reasons]


@pytest.mark.parametrize(
    ("symbols", "found"), [((SYMBOL,), ["announced"]), (("ETHUSDT",), []), ((), ["announced"])]
)
def test_entries_of_the_named_symbols_are_refused(
    symbols: tuple[str, ...], found: list[str]
) -> None:
    node = ready()
    node.handle(replace(CPI, symbols=symbols))
    assert reasons(decide(node)) == found


def test_the_reason_says_who_what_and_how_long() -> None:
    """R-GATE-22."""
    node = ready()
    node.handle(CPI)
    (judged,) = (one for one in decide(node) if isinstance(one, Judged))
    until = "1970-01-01 01:16:40"
    assert judged.reasons == (
        f"announced: US CPI (calendar), until {until}, limit no shock announced",
    )


def test_a_person_is_told_once_when_it_begins_and_once_when_it_ends() -> None:
    node = ready()
    effects = node.handle(CPI)
    (alert,) = told(effects)
    assert alert.startswith("announced: US CPI (calendar), until ")
    assert alert.endswith(f": nothing is opened in {SYMBOL}")
    assert Wake(CPI.until_ns) in effects, "nobody else may tell it that the time is over"
    assert told(node.handle(CPI)) == [], "told again and again, as a feed does"
    assert told(node.handle(Elapsed(CPI.until_ns - 1))) == []
    assert told(node.handle(Elapsed(CPI.until_ns))) == ["announcement over: US CPI (calendar)"]
    assert told(node.handle(Elapsed(CPI.until_ns + SECOND))) == []
    assert node.shocks.every == ()


def test_one_that_is_withdrawn_is_over_at_once() -> None:
    node = ready()
    node.handle(CPI)
    over = replace(CPI, until_ns=NOW + SECOND, at_ns=NOW + SECOND)
    assert told(node.handle(over)) == ["announcement over: US CPI (calendar)"]
    assert reasons(decide(node, NOW + SECOND)) == []
    assert told(node.handle(Elapsed(CPI.until_ns))) == []


def test_another_text_or_time_replaces_it() -> None:
    node = ready()
    node.handle(CPI)
    assert told(node.handle(replace(CPI, until_ns=CPI.until_ns + HOUR))) == []
    assert len(told(node.handle(replace(CPI, text="US CPI, late")))) == 1
    (one,) = node.shocks.every
    assert (one.text, one.until_ns) == ("US CPI, late", CPI.until_ns)


def test_a_resting_entry_of_the_symbol_is_cancelled_and_its_fill_is_protected() -> None:
    """As a pause does (F4): also where it becomes known later. What filled keeps its stop."""
    node = ready()
    submit = entry(node)
    node.handle(Reported(shown(submit), NOW))
    effects = node.handle(CPI)
    assert cancels(effects) == [submit.request.client_id]
    assert placed(node.handle(Reported(filled(submit), NOW + SECOND))) == [Purpose.STOP]

    other = ready()
    late = entry(other)
    other.handle(CPI)
    assert cancels(other.handle(Reported(shown(late), NOW + SECOND))) == [late.request.client_id]


def test_a_resting_entry_of_another_symbol_stays() -> None:
    node = ready()
    submit = entry(node)
    node.handle(Reported(shown(submit), NOW))
    assert cancels(node.handle(replace(CPI, symbols=("ETHUSDT",)))) == []


def test_exits_are_never_held_back() -> None:
    """R-GATE-31."""
    node = ready()
    submit = entry(node)
    node.handle(Reported(filled(submit), NOW + SECOND))
    node.handle(replace(CPI, symbols=(), at_ns=NOW + SECOND))
    node._leave(SYMBOL, "signal")
    assert Purpose.FLATTEN in placed(node.handle(Elapsed(NOW + 2 * SECOND)))


def test_it_survives_a_restart_and_a_snapshot() -> None:
    node = ready()
    node.handle(CPI)
    after = unpacked(packed(node))
    assert packed(after) == packed(node)
    effects = after.handle(Started(NOW + SECOND))
    assert Wake(CPI.until_ns) in effects
    assert told(effects) == []
    assert reasons(decide(after, NOW + SECOND)) == ["announced"]
    late = unpacked(packed(node))
    assert told(late.handle(Started(CPI.until_ns))) == ["announcement over: US CPI (calendar)"]


# The source ---------------------------------------------------------------------------------


def listening() -> Node:
    """Return a node with a configured source that has just begun."""
    return ready(replace(RULES, has_source=True))


def test_nothing_is_opened_before_the_source_is_heard() -> None:
    """R-GATE-01: what nobody has asked for may have been announced."""
    node = listening()
    assert node.shocks.fault == UNHEARD
    assert reasons(decide(node)) == ["announced"]
    assert told(node.handle(SourceShown("", NOW))) == []
    heard = listening()
    heard.handle(SourceShown("", NOW))
    assert reasons(decide(heard)) == []


def test_a_source_that_is_lost_refuses_entries_and_is_told_once() -> None:
    node = listening()
    submit = entry_of(node)
    gone = SourceShown("news.jsonl cannot be read", NOW)
    effects = node.handle(gone)
    assert told(effects) == ["event source: news.jsonl cannot be read; no entries"]
    assert cancels(effects) == [], "nobody said that anything is the matter"
    assert told(node.handle(replace(gone, fault="no answer for 130 s"))) == []
    assert reasons(decide(node))[-1] == "announced"
    assert told(node.handle(SourceShown("", NOW))) == ["the event source is heard again"]
    node.handle(Started(NOW + SECOND))
    assert node.shocks.fault == UNHEARD, "of the process that ended"
    assert submit


def entry_of(node: Node) -> str:
    node.handle(SourceShown("", NOW))
    submit = entry(node)
    node.handle(Reported(shown(submit), NOW))
    return submit.request.client_id


def test_without_a_source_nothing_waits_for_one() -> None:
    node = ready()
    assert node.shocks.fault == ""
    assert reasons(decide(node)) == []


# Closer stops -------------------------------------------------------------------------------


def tightening(atrs: float) -> Settings:
    settings = Settings()
    return replace(settings, gate=replace(settings.gate, event_tighten_atr=atrs))


class Held:
    """A paper session that holds a position, and whose rules tighten by so many ATR."""

    def __init__(self, atrs: float, kind: Kind = Kind.PERPETUAL) -> None:
        self.sessions = Sessions(kind, settings=tightening(atrs))
        running = self.sessions.running
        self.symbol = running.opened.symbols[0]
        while not self.node.book.holding(self.symbol).lots:
            assert running.step(), "never entered"

    @property
    def node(self) -> Node:
        return self.sessions.running.node

    @property
    def side(self) -> Side | int:
        return 1 if self.node.book.holding(self.symbol).lots > 0 else -1

    @property
    def stop(self) -> int:
        """The trigger that rests at the venue."""
        stops = [
            one.request.trigger_ticks
            for one in self.node.book.open_orders(self.symbol)
            if one.purpose is Purpose.STOP and one.phase is Phase.LIVE
        ]
        assert len(stops) == 1, stops
        return stops[0]

    @property
    def price(self) -> int:
        return self.node.desk(self.symbol).price_ticks

    @property
    def atr(self) -> float:
        decider = self.node.decider
        assert decider is not None
        return decider.held(self.symbol).atr_ticks

    def shock(self, *, tightens: bool = True, name: str = "cpi") -> Announced:
        now_ns = self.sessions.running.opened.exchange.now_ns
        return Announced(name, "feed", "US CPI", (), now_ns + HOUR, tightens, now_ns)

    def tell(self, event: Event) -> None:
        """Tell it, and let half a minute pass for the venue to answer and the guard to move."""
        running = self.sessions.running
        running.shell.tell(event)
        running.paper.run(running.opened.exchange.now_ns + 30 * SECOND)

    def alerts(self) -> list[str]:
        return [one.text for _, one in self.sessions.running.heard.alerts if "ATR" in one.text]


@pytest.mark.parametrize("kind", [Kind.PERPETUAL, Kind.SPOT])
def test_the_stop_at_the_venue_moves_to_the_distance_once(kind: Kind) -> None:
    table = Held(0.5, kind)
    before, takes = table.stop, takes_of(table)
    shock = table.shock()
    wanted = table.price - table.side * 0.5 * table.atr
    assert table.side * (wanted - before) > 0, "else there is nothing to see"
    table.tell(shock)
    assert abs(table.stop - wanted) <= 1.0
    assert takes_of(table) == takes, "what the position aims at is not measured anew"
    assert len(table.alerts()) == 1
    moved = table.stop
    table.node.desk(table.symbol).price_ticks += round(table.side * table.atr)
    table.tell(replace(shock, until_ns=shock.until_ns + HOUR, text="again"))
    assert table.stop == moved, "once for each announcement"
    assert len(table.alerts()) == 1


def takes_of(table: Held) -> tuple[object, ...]:
    decider = table.node.decider
    assert decider is not None
    return decider.held(table.symbol).takes


@pytest.mark.parametrize(
    ("atrs", "tightens"),
    [
        (0.0, True),  # the account does not want it
        (0.5, False),  # the announcement does not ask for it
        (50.0, True),  # further away than the stop is: it never loosens
    ],
)
def test_otherwise_the_stop_stays(atrs: float, *, tightens: bool) -> None:
    """B9."""
    table = Held(atrs)
    before = table.stop
    table.tell(table.shock(tightens=tightens))
    assert table.stop == before


def test_without_an_atr_the_stop_stays_and_it_is_said() -> None:
    table = Held(0.5)
    decider = table.node.decider
    assert decider is not None
    decider.live.pos["atr"][decider.places[table.symbol]] = 0.0
    before = table.stop
    table.tell(table.shock())
    assert table.stop == before
    assert table.alerts() == ["stop stays where it is, no ATR of its entry is known: US CPI"]


def test_a_journal_with_announcements_is_replayed_byte_for_byte() -> None:
    """C8: what was moved is moved again, from the first record and from a snapshot."""
    table = Held(0.5)
    before = table.stop
    table.tell(table.shock())
    assert table.stop != before
    table.sessions.running.step()
    records = list(MemoryJournal(table.sessions.memory, "later").records())
    assert any('"type":"Announced"' in one.body for one in records)
    again = replayed(records).node
    assert again is not None
    assert packed(again) == packed(table.node)
