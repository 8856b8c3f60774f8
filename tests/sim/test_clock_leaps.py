"""The venue's clock leaps an hour ahead for a minute, and comes back (X26, D4, B1)."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import pytest

from ballast.runtime.clock import SlewedClock
from tests.fakes.guarded import KINDS, VenueKind
from tests.fakes.noded import NodedClient
from tests.fakes.venue import SECOND
from tests.sim.test_protection import Auditor, played

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.runtime.node.events import Event
    from tests.fakes.lossy_line import Line

LEAP_NS, FROM_NS, TO_NS = 3_600 * SECOND, 30 * SECOND, 90 * SECOND


class LeaptClient(NodedClient):
    """A client whose events are dated by a clock that follows a venue's that leaps."""

    def __init__(self, line: Line, kind: VenueKind) -> None:
        self.line = line
        self.begun_ns = line.now_ns
        self.date_ns = self.dated()
        self.leaps = 0
        self.moved_ns = line.now_ns
        self.stood_ns = 0
        """The longest true time for which the node's own stood still."""
        super().__init__(line, kind)

    def offset_ns(self) -> int:
        return LEAP_NS * (FROM_NS <= self.line.now_ns - self.begun_ns < TO_NS)

    def dated(self) -> Callable[[], int]:
        return SlewedClock(lambda: self.line.now_ns, self.offset_ns).now_ns

    def tell(self, event: Event, *, dies: bool = False) -> None:
        at_ns = self.date_ns()
        self.leaps += at_ns != self.line.now_ns
        names = {one.name for one in fields(event)}
        times: dict[str, Any] = {one: at_ns for one in ("at_ns", "asked_ns") if one in names}
        before_ns = self.live.node.now_ns
        super().tell(replace(event, **times), dies=dies)
        if self.live.node.now_ns > before_ns:
            self.moved_ns = self.line.now_ns
        self.stood_ns = max(self.stood_ns, self.line.now_ns - self.moved_ns)


class JumpingClient(LeaptClient):
    """A client that takes each measurement at once."""

    def dated(self) -> Callable[[], int]:
        return lambda: self.line.now_ns + self.offset_ns()


def leapt(client_of: type[LeaptClient], name: str, seed: int, rate: float) -> Auditor:
    return played(name, seed, rate, Counter(), client_of)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("seed", range(2))
def test_what_is_held_is_protected_in_time_while_the_venues_clock_leaps(
    name: str, seed: int
) -> None:
    """B1 to B9 by the true time; the book ends where the venue is (C2)."""
    auditor = leapt(LeaptClient, name, seed, (0.1, 0.5)[seed])
    client = auditor.client
    assert isinstance(client, LeaptClient)
    assert client.leaps > 100, "its time was never another than the true one"
    assert auditor.covered > 0
    assert client.stood_ns <= SECOND, "its timers stood"
    for _ in range(80):
        client.step()
    assert client.book.holding(client.symbol).lots == client.line.true_lots()


def test_a_clock_that_leaps_as_well_stops_the_nodes_timers() -> None:
    """R9: the rule above notices what it is there for."""
    client = leapt(JumpingClient, "perpetual, amends", 0, 0.1).client
    assert isinstance(client, LeaptClient)
    assert client.stood_ns > (TO_NS - FROM_NS)
