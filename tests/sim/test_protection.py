"""Positions over a line that loses things: protected, not turned, not left behind (B1 to B9)."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from ballast.core.orders import OrderKind
from ballast.oms.record import Phase, Wish
from tests.fakes.guarded import KINDS, GuardedClient
from tests.fakes.lossy_line import Line
from tests.fakes.venue import SECOND

if TYPE_CHECKING:
    from tests.fakes.noded import NodedClient

SEEDS = int(os.environ.get("BALLAST_EXAMPLES", "8"))
SPANS_NS = ((15 * SECOND, 25 * SECOND),) * 4 + ((60 * SECOND, 120 * SECOND),)
"""Faulty, then honest: short ones for what must be quick, a long one for what must come to rest."""
SETTLED_NS = 60 * SECOND
"""After the faults: the fence of the last lost order, the looks behind it, and one comparison."""
COVERED_NS = 10 * SECOND
"""T_p of the design for spot; from when the position is known and the line is honest (B1, R14)."""


class Auditor:
    """Looks at the venue, not at what the client believes."""

    def __init__(self, line: Line, client: GuardedClient | NodedClient) -> None:
        self.line = line
        self.client = client
        self.direction = client.kind.direction
        self.symbol = client.kind.symbol
        self.seen = 0
        self.best = 0
        self.before = (0, 0)
        self.honest_ns = line.now_ns
        self.known_ns = self.bare_ns = self.wrong_ns = self.flat_ns = line.now_ns
        self.covered = 0
        self.longest_ns = 0

    def look(self, *, is_honest: bool) -> None:
        """Check everything that can be checked now."""
        lots = self.line.true_lots()
        assert self.direction * lots >= 0, "turned around (B6)"
        self.ratchet()
        now_ns = self.line.now_ns
        if not is_honest:
            self.honest_ns = now_ns
        orders = self.line.exchange.open_orders(self.line.account, self.symbol)
        stops = [one for one in orders if one.request.kind is not OrderKind.LIMIT]
        there = {one.request.client_id for one in orders}
        book = self.client.book
        phantom = any(
            one.phase is Phase.LIVE and one.cancel is Wish.NONE and one.client_id not in there
            for one in book.open_orders(self.symbol)
        )
        if phantom or book.holding(self.symbol).lots != lots:
            self.known_ns = now_ns  # frames were lost: only a comparison can tell
        held = sum(one.left_lots for one in stops)
        is_covered = held == abs(lots) and len(stops) == 1
        if lots:
            self.flat_ns = now_ns
            self.covered += is_honest and is_covered
        if is_covered or not lots:
            self.wrong_ns = now_ns
        self.gap(lots, held)
        if held >= abs(lots):
            self.bare_ns = now_ns
        self.in_time(f"{lots} lots, {stops}", is_left=bool(stops) and not lots)

    def in_time(self, what: str, *, is_left: bool) -> None:
        """Hold against the clock: how long the line was honest, the position known, and bare."""
        now_ns = self.line.now_ns
        settled_ns = now_ns - self.honest_ns - SETTLED_NS
        wrong_ns = now_ns - self.wrong_ns
        assert min(wrong_ns, settled_ns) <= COVERED_NS, f"not covered: {what} (B1)"
        if self.client.kind.abilities.holds_two:
            honest_ns = now_ns - self.honest_ns
            bare_ns = now_ns - max(self.bare_ns, self.known_ns)
            self.longest_ns = max(self.longest_ns, min(bare_ns, honest_ns))
            assert min(bare_ns, honest_ns) <= COVERED_NS, f"not covered in time: {what} (B1)"
        if is_left:
            left_ns = min(now_ns - self.flat_ns, settled_ns)
            assert left_ns <= COVERED_NS, f"left behind: {what} (B5)"

    def gap(self, lots: int, held: int) -> None:
        """See to it that moving a stop leaves none where two can rest (B7)."""
        before, self.before = self.before, (lots, held)
        is_honest = self.line.now_ns - self.honest_ns > 15 * SECOND  # nothing late is under way
        is_known = self.known_ns < self.line.now_ns and lots == before[0]
        if is_honest and is_known and self.client.kind.abilities.holds_two:
            lapsed = before[1] >= abs(lots) > held
            assert not lapsed, f"{before[1]} lots of stops, then {held}, for {lots} (B7)"

    def ratchet(self) -> None:
        """See to it that no stop of a position is asked for behind one before it (B9)."""
        for trigger in self.client.triggers[self.seen :]:
            if trigger is None:  # the client was flat
                self.best = 0
                continue
            assert not self.best or self.direction * (trigger - self.best) >= 0, "loosened (B9)"
            self.best = trigger
        self.seen = len(self.client.triggers)


def played(
    name: str,
    seed: int,
    rate: float,
    seen: Counter[str],
    client_of: type[GuardedClient | NodedClient] = GuardedClient,
) -> Auditor:
    kind = KINDS[name]
    line = Line(seed, 0.0, seen, symbol=kind.symbol)
    client = client_of(line, kind)
    auditor = Auditor(line, client)
    for spans_ns in SPANS_NS:
        for honest, span_ns in zip((False, True), spans_ns, strict=True):
            line.rate = 0.0 if honest else rate
            began_ns = line.now_ns
            while line.now_ns < began_ns + span_ns:
                client.move()
                client.act()
                client.step()
                auditor.look(is_honest=honest)
    return auditor


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_position_is_protected_whatever_the_line_does(name: str, seed: int) -> None:
    """R-STOP-02."""
    played(name, seed, (0.0, 0.1, 0.25, 0.5)[seed % 4], Counter())
