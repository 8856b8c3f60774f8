"""Wiring: one trade goes through every part that protects it, and through nothing else.

The bots that were audited had risk managers, position managers and executors that nobody called.
"""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from ballast.core.ids import Purpose, purpose_of
from ballast.core.instrument import Kind
from ballast.core.orders import Fill
from ballast.runtime.node.events import Judged, Reported, Settled, Submit
from ballast.runtime.node.journalled import CODEC, EFFECT, EVENT
from tests.data import ROOT
from tests.fakes.live_sessions import LiveSession

if TYPE_CHECKING:
    from types import FrameType

    from ballast.runtime.node.events import Event

SRC = f"{ROOT}/src/ballast/"
CLOSES = 60
PROTECTIVE = [
    ("the steps of the kernel", "kernel/live.py", "Live.close"),
    ("the gate", "risk/gate/judge.py", "judge"),
    ("its checks", "risk/gate/checks.py", "certificate"),
    ("its memory of entries", "risk/gate/memory.py", "closed"),
    ("the baselines of the day and the peak", "risk/halt/baselines.py", "marked"),
    ("the runaway detector", "risk/halt/runaway.py", "sending"),
    ("the mode of the account", "risk/halt/modes.py", "commanded"),
    ("the breaker of the link", "risk/halt/breaker.py", "succeeded"),
    ("the book of orders", "oms/book.py", "BookOfRecord.take"),
    ("the states of an order", "oms/lifecycle.py", "sent"),
    ("the resolver of silence", "oms/resolver.py", "next_step"),
    ("the comparison with the venue", "oms/reconcile.py", "compare_orders"),
    ("the guard of positions", "oms/protection/guard.py", "guard"),
    ("the facts of the venue", "runtime/shell/venue_facts.py", "VenueFacts.link"),
    ("the approval at the door", "venues/clients/trading.py", "TradingClient.submit"),
]


@pytest.fixture(scope="module")
def seen() -> tuple[LiveSession, Counter[tuple[str, str]], Counter[str]]:
    """Trade once, and note every function of ours that ran and every event that was told."""
    session = LiveSession(Kind.PERPETUAL)
    called: Counter[tuple[str, str]] = Counter()
    told: Counter[str] = Counter()
    handle = session.shell.live.handle

    def handled(event: Event) -> Any:
        told[type(event).__name__] += 1
        return handle(event)

    session.shell.live.handle = handled  # type: ignore[method-assign]

    def note(frame: FrameType, what: str, _: object) -> None:
        code = frame.f_code
        if what == "call" and code.co_filename.startswith(SRC):
            called[code.co_filename.removeprefix(SRC), code.co_qualname] += 1

    sys.setprofile(note)
    try:
        session.trade(CLOSES)
    finally:
        sys.setprofile(None)
    return session, called, told


@pytest.mark.parametrize(
    ("part", "file", "function"), PROTECTIVE, ids=[one[0] for one in PROTECTIVE]
)
def test_one_trade_goes_through(
    part: str, file: str, function: str, seen: tuple[LiveSession, Counter[tuple[str, str]], Any]
) -> None:
    """R-ARCH-07: the real loop, a simulated venue, and each protective part was called."""
    session, called, _ = seen
    purposes = {purpose_of(one.client_id) for one in session.fills()}
    assert Purpose.ENTRY in purposes
    assert len(purposes) >= 2, "nothing was closed"
    ours = sorted(name for path, name in called if path == file)
    assert called[file, function] > 0, (part, ours)


@pytest.mark.parametrize(
    "event",
    ["Commanded", "BarsClosed", "Linked", "Priced", "Reported", "OrdersShown",
     "PositionShown", "Valued", "Elapsed"],
)  # fmt: skip
def test_everything_reaches_the_node_as_an_event(
    event: str, seen: tuple[LiveSession, Any, Counter[str]]
) -> None:
    """R-ARCH-05: prices, closed bars, orders, fills, time and commands; nothing is polled for."""
    _, _, told = seen
    assert told[event] > 0, dict(told)


def test_every_fill_is_stored_with_what_caused_it(
    seen: tuple[LiveSession, Any, Counter[str]],
) -> None:
    """R-OMS-25: the order that was wanted and why, the fill, and what it came to, in that order."""
    session, *_ = seen
    values = [
        (one.seq, CODEC.value(one)) for one in session.memory.records if one.kind in {EVENT, EFFECT}
    ]
    fills = {one.client_id for one in session.fills()}
    assert fills
    for name in fills:
        wanted = min(n for n, one in values if _is_wish(one, name))
        filled = min(n for n, one in values if _is_fill(one, name))
        settled = min(n for n, one in values if isinstance(one, Settled) and one.client_id == name)
        assert wanted < filled < settled
        if purpose_of(name) is Purpose.ENTRY:
            verdicts = [one for n, one in values if n < wanted and isinstance(one, Judged)]
            assert any(not one.reasons for one in verdicts)


def _is_wish(value: object, name: str) -> bool:
    return isinstance(value, Submit) and value.request.client_id == name


def _is_fill(value: object, name: str) -> bool:
    fill = value.report if isinstance(value, Reported) else None
    return isinstance(fill, Fill) and fill.client_id == name
