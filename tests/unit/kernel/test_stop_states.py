"""R-STOP-35: the stop's states and transitions, as docs/engine.md lists them and the steps do them.

Every row of the table is driven, and no drawn walk does what no row says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.doc_tables import table_of
from tests.fakes.market import HOUR_MS, START_MS, one_symbol

from ballast.core.reasons import Exit
from ballast.core.records import Level
from ballast.core.rng import stream
from ballast.kernel.live import Live

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = {one["#"]: one for one in table_of("engine.md", "The stop, as states")}
MOVES = ("same", "better", "worse")
HELD = ("bare", "fixed", "even", "armed", "trailing")
STOP: dict[str, Any] = {"stop_kind": Level.PERCENT, "stop_value": 0.05}
TRAIL: dict[str, Any] = {
    "trail_kind": Level.ATR, "trail_activation": 5.0, "trail_distance": 2.0,
}  # fmt: skip
"""With an ATR of 2: armed at 110, and 4 below the best price."""
LOOSE = TRAIL | {"trail_activation": 1.0, "trail_distance": 4.0}
"""Armed at 102, where its level of 94 is below the stop of 95."""
WIDE = TRAIL | {"trail_distance": 6.0}
"""Armed at 110 as well, and 12 below."""
EVEN: dict[str, Any] = {"breakeven_r": 1.0}
"""At 105, to 100: nothing is paid here."""


@dataclass(frozen=True)
class Seen:
    """What one event did."""

    before: str
    event: str
    after: str
    stop: str
    """first, better, same, none; worse: what a person may want."""

    @property
    def line(self) -> tuple[str, str, str, str]:
        return self.before, self.event, self.after, self.stop


class Walk:
    """One long position of the live steps, and what each event did to it."""

    def __init__(self, **plan: Any) -> None:
        self.live = Live(
            one_symbol(["100 100 100 100"], plan={"take_count": 0} | plan), 1e6, START_MS, room=512
        )
        self.seen: list[Seen] = []
        self.bars = 0
        self._bar(100.0, 100.0)
        self.live.foreseen(0, 1, START_MS, 100.0, bars=0, atr=2.0, stop=math.nan, confidence=1.0)

    @property
    def state(self) -> str:
        row = self.live.pos[0]
        if not row.lots:
            return "flat"
        if row.stop_reason == Exit.TRAILING_STOP:
            return "trailing"
        if row.armed:
            return "armed"
        return {0: "bare", int(Exit.STOP): "fixed", int(Exit.BREAK_EVEN): "even"}[row.stop_reason]

    def stop(self) -> float:
        row = self.live.pos[0]
        return float(row.stop) if row.lots and row.stop_reason else -math.inf

    def does(self, event: str, act: Callable[[], None]) -> Walk:
        before, stop = self.state, self.stop()
        act()
        after = self.stop()
        if after == stop:
            change = "same" if math.isfinite(stop) else "none"
        elif not math.isfinite(after):
            change = "none"
        elif not math.isfinite(stop):
            change = "first"
        else:
            change = "better" if after > stop else "worse"
        self.seen.append(Seen(before, event, self.state, change))
        return self

    # Events ---------------------------------------------------------------------------------

    def fills(self, price: float = 100.0, lots: int = 100) -> Walk:
        now_ms = START_MS + self.bars * HOUR_MS
        return self.does(
            "entry fill",
            lambda: self.live.opened(0, now_ms, price, lots, is_maker=False, fee=0.0),
        )

    def bar(self, high: float, atr: float = 2.0) -> Walk:
        return self.does("bar closes", lambda: self._bar(high, atr))

    def _bar(self, high: float, atr: float) -> None:
        now_ms = START_MS + self.bars * HOUR_MS
        self.live.append(0, now_ms, (high, high, high, high, 1.0), ())
        self.bars += 1
        self.live.close(now_ms + HOUR_MS, {0: {"signals": 0, "atr": atr}})

    def tightens(self, price: float) -> Walk:
        return self.does("shock tightens", lambda: self.live.tightened(0, price))

    def moved(self, price: float) -> Walk:
        return self.does("a person moves it", lambda: self.live.restopped(0, price))

    def closes(self) -> Walk:
        now_ms, lots = START_MS + self.bars * HOUR_MS, int(self.live.pos[0].lots)
        return self.does(
            "all is closed",
            lambda: self.live.closed(
                0, now_ms, 100.0, lots, is_maker=False, fee=0.0, ideal=100.0, reason=Exit.STOP
            ),
        )


def into(state: str) -> Walk:
    """Return a walk that stands in a state."""
    if state == "bare":
        return Walk(**TRAIL).fills()
    if state == "fixed":
        return Walk(**STOP, **TRAIL, **EVEN).fills()
    if state == "even":
        return into("fixed").bar(106.0)
    if state == "armed":
        return Walk(**STOP, **LOOSE).fills().bar(102.0)
    assert state == "trailing"
    return Walk(**STOP, **TRAIL).fills().bar(112.0)


def moved(*states: str) -> list[Walk]:
    """Let a person move the stop of each of these states away, closer, and nowhere."""
    made = [into(one).moved(to) for one in states for to in (90.0, 109.0)]
    still = [into(one) for one in states if one != "bare"]
    return [*made, *(one.moved(one.stop()) for one in still)]


def adaptive() -> Walk:
    """Return a walk that trails by the ATR of each bar."""
    return Walk(**STOP, **TRAIL, trail_adaptive=1).fills().bar(112.0)


DRIVEN: dict[str, Callable[[], list[Walk]]] = {
    "S1": lambda: [Walk(**STOP).fills()],
    "S2": lambda: [Walk(**TRAIL).fills()],
    "S3": lambda: [Walk(**STOP).fills().fills(104.0)],
    "S4": lambda: [into(one).fills(150.0, 900) for one in HELD[3:]],
    "S5": lambda: [into(one).fills(100.0) for one in HELD],
    "S6": lambda: [into("bare").bar(109.0), Walk().fills().bar(500.0)],
    "S7": lambda: [into("bare").bar(110.0)],
    "S8": lambda: [into("fixed").bar(104.9), Walk(**STOP).fills().bar(500.0)],
    "S9": lambda: [Walk(**STOP, **TRAIL).fills().bar(110.0)],
    "S10": lambda: [Walk(**STOP, **LOOSE).fills().bar(102.0)],
    "S11": lambda: [into("fixed").bar(105.0)],
    "S12": lambda: [Walk(**STOP, **LOOSE, **EVEN).fills().bar(107.0)],
    "S13": lambda: [into("even").bar(109.0), into("even").fills(102.0, 100).bar(109.0)],
    "S14": lambda: [into("even").bar(112.0)],
    "S15": lambda: [
        Walk(**STOP, **WIDE, **EVEN).fills().bar(106.0).bar(110.0),
        Walk(**STOP, **WIDE, **EVEN).fills().bar(106.0).fills(102.0).bar(111.0),
    ],
    "S16": lambda: [into("armed").bar(102.5), into("armed").bar(90.0)],
    "S17": lambda: [into("armed").bar(104.0)],
    "S18": lambda: [Walk(**STOP, **LOOSE, **EVEN).fills().bar(102.0).bar(105.0)],
    "S19": lambda: [into("trailing").bar(113.0), adaptive().bar(111.0, 1.0)],
    "S20": lambda: [into("trailing").bar(111.0), adaptive().bar(111.0, 9.0)],
    "S21": lambda: [Walk(**STOP, **LOOSE, breakeven_r=1.4).fills().bar(104.0).bar(107.0)],
    "S22": lambda: [into(one).tightens(109.0) for one in HELD[1:]],
    "S23": lambda: [into("bare").tightens(109.0), *(into(one).tightens(1.0) for one in HELD[1:])],
    "S24": lambda: moved(*HELD[:3]),
    "S25": lambda: moved(*HELD[3:]),
    "S26": lambda: [into(one).closes() for one in HELD],
}  # fmt: skip


def lines_of(row: dict[str, str]) -> set[tuple[str, str, str, str]]:
    """Return what a row allows: its states may be several, and its next one the same.

    Where no stop is, none can stay, move or be taken; where one is, none comes as the first.
    """
    befores = HELD if row["State"] == "any held" else tuple(row["State"].split(", "))
    fits = {one: {"none", "first"} if one in {"flat", "bare"} else {*MOVES} for one in befores}
    return {
        (one, row["Event"], one if row["Next"] == "as it was" else row["Next"], stop)
        for one in befores
        for stop in row["Stop"].split(" or ")
        if stop in fits[one] or row["Next"] == "flat"
    }


def test_each_row_is_driven_and_each_drive_has_a_row() -> None:
    assert list(ROWS) == list(DRIVEN)


@pytest.mark.parametrize("number", DRIVEN)
def test_the_steps_do_what_the_row_says(number: str) -> None:
    last = [walk.seen[-1].line for walk in DRIVEN[number]()]
    assert set(last) == lines_of(ROWS[number]), "no other one, and each of them"


def walked(seed: int) -> Walk:
    """Return sixty drawn events of a drawn plan, sixty times from the entry on."""
    draw = stream(seed, "stop states")
    plan: dict[str, Any] = {}
    if draw.random() < 0.8:
        plan |= STOP
    if draw.random() < 0.8:
        plan |= {
            "trail_kind": Level.ATR, "trail_activation": float(draw.uniform(0.0, 5.0)),
            "trail_distance": float(draw.uniform(0.5, 5.0)),
            "trail_adaptive": int(draw.integers(2)),
        }  # fmt: skip
    if draw.random() < 0.6:
        plan["breakeven_r"] = float(draw.uniform(0.2, 2.0))
    walk = Walk(**plan).fills()
    price = 100.0
    for _ in range(60):
        price = max(price + float(draw.normal(0.5, 2.0)), 60.0)
        match int(draw.choice(8, p=[0.05, 0.65, 0.1, 0.1, 0.04, 0.04, 0.01, 0.01])):
            case 0:
                walk.fills(price, 10)
            case 2 | 3:
                walk.bar(price, float(draw.uniform(0.5, 4.0)))
            case 4:
                walk.tightens(price - float(draw.uniform(-1.0, 8.0)))
            case 5:
                walk.moved(price - float(draw.uniform(1.0, 8.0)))
            case 6:
                return walk.closes()
            case _:
                walk.bar(price)
    return walk


def test_no_drawn_walk_leaves_the_table() -> None:
    """It found four of the rows."""
    allowed = {line for row in ROWS.values() for line in lines_of(row)}
    seen = {one.line for seed in range(120) for one in walked(seed).seen}
    assert seen <= allowed, sorted(seen - allowed)
    assert len(seen) > len(allowed) / 2
