"""Instrument events: what each kind does to history, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.unit.store.quality.series import START, drop, walk

from ballast.core.errors import DataError, UserError
from ballast.core.time import HOUR_MS, parse_ms
from ballast.store.eventbook import EventBook
from ballast.store.events import EventKind, InstrumentEvent, adjust, check_events, restore
from ballast.store.quality import Kind, check_bars
from ballast.store.units import scale_bars

if TYPE_CHECKING:
    from pathlib import Path

AT = START + 50 * HOUR_MS


def event(
    kind: str, factor: int | str = 1, *, symbol: str = "S", at: int = AT, to: str = ""
) -> InstrumentEvent:
    """Write an event in one line."""
    return InstrumentEvent("V", symbol, EventKind(kind), at, Fraction(factor), to)


@pytest.mark.parametrize("kind", ["redenomination", "split", "multiplier"])
def test_bars_before_the_event_are_in_todays_units(kind: str) -> None:
    """R-DATA-20: 1000 old units became one: old prices x 1000, old volumes / 1000."""
    today = walk(100)
    traded = restore(today, [event(kind, 1000)])
    assert traded.close[10] == pytest.approx(today.close[10] / 1000)
    assert traded.close[60] == today.close[60]
    assert check_bars(traded).has(Kind.EXTREME_MOVE)
    adjusted = adjust(traded, [event(kind, 1000)])
    for name in ("ts", "open", "high", "low", "close", "volume"):
        assert np.array_equal(getattr(adjusted, name), getattr(today, name))
    assert check_bars(adjusted).findings == ()


def test_two_redenominations_multiply() -> None:
    """The oldest bars carry both factors."""
    events = [
        event("redenomination", 10, at=AT),
        event("redenomination", "1/4", at=AT + 20 * HOUR_MS),
    ]
    out = adjust(walk(100), events)
    before = walk(100)
    assert out.close[:50] == pytest.approx(before.close[:50] * 2.5)
    assert out.close[50:70] == pytest.approx(before.close[50:70] / 4)
    assert np.array_equal(out.close[70:], before.close[70:])


def test_rename_joins_the_older_series() -> None:
    """MATIC became POL: one history under the new name."""
    whole = walk(100, name="V-NEW")
    old, new = walk(100, name="V-OLD").slice(0, 60), whole.slice(50, 100)
    joined = adjust(new, [event("rename", symbol="OLD", to="NEW")], older={"OLD": old})
    assert joined.name == "V-NEW-1h"
    assert np.array_equal(joined.ts, whole.ts)  # bars of the old name after the date are cut
    assert np.array_equal(joined.close, whole.close)
    alone = adjust(new, [event("rename", symbol="OLD", to="NEW")])
    assert np.array_equal(alone.ts, new.ts)


def test_migration_joins_and_scales() -> None:
    """100 LEND became 1 AAVE."""
    new = walk(100, name="V-AAVE").slice(50, 100)
    old = scale_bars(walk(100, name="V-LEND"), Fraction(1, 100)).slice(0, 50)
    joined = adjust(new, [event("migration", 100, symbol="LEND", to="AAVE")], older={"LEND": old})
    assert joined.close == pytest.approx(walk(100).close, rel=1e-14)
    assert check_bars(joined).findings == ()


def test_chain_of_names_is_followed() -> None:
    """A became B became C, and B was redenominated in between."""
    a, b, c = (walk(90, name=f"V-{name}") for name in "ABC")
    later = START + 70 * HOUR_MS
    events = [
        event("rename", symbol="A", to="B", at=START + 30 * HOUR_MS),
        event("redenomination", 5, symbol="B"),
        event("rename", symbol="B", to="C", at=later),
    ]
    older = {"A": a.slice(0, 30), "B": b.slice(30, 70)}
    joined = adjust(c.slice(70, 90), events, older=older)
    assert len(joined) == 90
    assert joined.close[:50] == pytest.approx(a.close[:50] * 5)
    assert np.array_equal(joined.close[50:], c.close[50:])


def test_bars_after_a_delisting_are_cut() -> None:
    """What was recorded afterwards is no market."""
    out = adjust(walk(100), [event("delisting")])
    assert len(out) == 50
    assert int(out.ts[-1]) == AT - HOUR_MS


def test_events_of_others_change_nothing() -> None:
    """Another symbol, another venue."""
    bars = walk(100)
    other = InstrumentEvent("W", "S", EventKind.SPLIT, AT, Fraction(2))
    out = adjust(bars, [event("split", 2, symbol="T"), other])
    assert out.close is bars.close


NONSENSE = [
    ([("delisting", 1, AT, ""), ("delisting", 1, AT + 1, "")], "ended with a delisting"),
    ([("delisting", 1, AT, ""), ("split", 2, AT + 1, "")], "ended with a delisting"),
    ([("rename", 1, AT, "T"), ("delisting", 1, AT + 1, "")], "ended with a rename"),
    ([("split", 2, AT, ""), ("redenomination", 3, AT, "")], "at the same time as a split"),
]


@pytest.mark.parametrize(("events", "message"), NONSENSE)
def test_events_that_contradict_each_other_are_refused(
    events: list[tuple[str, int, int, str]], message: str
) -> None:
    """Overlapping nonsense: one line that says which."""
    made = [event(kind, factor, at=at, to=to) for kind, factor, at, to in events]
    with pytest.raises(DataError, match=message):
        check_events(made)


def test_event_of_a_name_that_does_not_exist_yet_is_refused() -> None:
    """A redenomination of POL before MATIC became POL."""
    events = [event("rename", symbol="OLD", to="NEW"), event("split", 2, symbol="NEW", at=AT - 1)]
    with pytest.raises(DataError, match="before 'NEW' continued 'OLD'"):
        check_events(events)


def test_names_that_run_in_a_circle_or_together_are_refused() -> None:
    """A series can continue only one other, and never itself."""
    circle = [event("rename", symbol="A", to="B"), event("rename", symbol="B", to="A", at=AT + 1)]
    with pytest.raises(DataError, match="become itself again"):
        check_events(circle)
    merged = [event("rename", symbol="A", to="C"), event("rename", symbol="B", to="C", at=AT + 1)]
    with pytest.raises(DataError, match="already continues 'A'"):
        check_events(merged)


@pytest.mark.parametrize(
    ("kind", "factor", "to", "message"),
    [
        ("split", 1, "", "positive and not 1"),
        ("split", -2, "", "positive and not 1"),
        ("delisting", 2, "", "not given"),
        ("rename", 1, "", "another symbol"),
        ("rename", 1, "S", "another symbol"),
        ("split", 2, "T", "no symbol"),
        ("split", 10**13, "", "at most 1e12"),
    ],
)
def test_event_that_says_nothing_is_refused(kind: str, factor: int, to: str, message: str) -> None:
    """Every event means exactly one thing."""
    with pytest.raises(DataError, match=message):
        event(kind, factor, to=to)


def test_series_that_starts_before_its_name_is_refused() -> None:
    """Joining would give two bars for one time."""
    bars, old = walk(100, name="V-NEW"), walk(100, name="V-OLD")
    with pytest.raises(DataError, match="before it continued 'OLD'"):
        adjust(bars, [event("rename", symbol="OLD", to="NEW")], older={"OLD": old})
    hours, quarters = bars.slice(60, 100), walk(100, "15m", name="V-OLD")
    with pytest.raises(DataError, match="cannot join 15m bars"):
        adjust(hours, [event("rename", symbol="OLD", to="NEW")], older={"OLD": quarters})
    empty = drop(bars, slice(0, 100))
    assert len(adjust(empty, [event("split", 2, symbol="NEW")])) == 0


def test_book_reads_back_what_it_was_told(tmp_path: Path) -> None:
    """R-DATA-20: dated events as TOML, one file a venue, sorted and checked."""
    book = EventBook(tmp_path)
    later = InstrumentEvent(
        "V", "T", EventKind.REDENOMINATION, AT + 500, Fraction(1, 3), "", 'a "b" \\ c\n'
    )
    book.add(later)
    book.add(event("migration", 100, symbol="LEND", to="AAVE"))
    assert book.venues() == ["V"]
    assert book.events("v") == (event("migration", 100, symbol="LEND", to="AAVE"), later)
    assert book.events("W") == ()
    with pytest.raises(DataError, match="already known"):
        book.add(later)
    with pytest.raises(DataError, match="ended with a migration"):
        book.add(event("delisting", symbol="LEND", at=AT + 1))
    assert len(book.events("V")) == 2


def test_book_written_by_hand(tmp_path: Path) -> None:
    """The form the documentation shows."""
    folder = tmp_path / "events"
    folder.mkdir()
    lines = ['symbol = "LENDUSDT"', 'kind = "migration"', 'at = "2020-10-03"', 'factor = "100"']
    text = "\n".join(["[[event]]", *lines, 'successor = "AAVEUSDT"'])
    (folder / "BINANCE.toml").write_text(text)
    (found,) = EventBook(tmp_path).events("BINANCE")
    assert (found.at_ms, found.factor, found.successor) == (parse_ms("2020-10-03"), 100, "AAVEUSDT")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[event", "cannot be read"),
        ("x = 1", "no list of events"),
        ("event = 3", "no list of events"),
        ('[[event]]\nsymbol = "S"', "without symbol, kind and at"),
        ('[[event]]\nsymbol = "S"\nkind = "splt"\nat = "2024-01-01"', "did you mean 'split'"),
        (
            '[[event]]\nsymbol = "S"\nkind = "split"\nat = "2024-01-01"\nfaktor = "2"',
            "did you mean 'factor'",
        ),
        (
            '[[event]]\nsymbol = "S"\nkind = "split"\nat = "2024-01-01"\nfactor = "a"',
            "is not a factor",
        ),
        ('[[event]]\nsymbol = "S"\nkind = "split"\nat = "soon"\nfactor = "2"', "is not a date"),
    ],
)
def test_wrong_book_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    """What, where, and the nearest right word."""
    folder = tmp_path / "events"
    folder.mkdir()
    (folder / "V.toml").write_text(text)
    with pytest.raises(UserError, match=message) as caught:
        EventBook(tmp_path).events("V")
    assert "\n" not in str(caught.value)
