"""Orders over a line that loses things: the book ends where the venue is (A2, A4-A8, C2)."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from ballast.oms.record import Phase
from tests.fakes.lossy_line import SPOT, Client, Line

SEEDS = int(os.environ.get("BALLAST_EXAMPLES", "40"))
STEPS = 400
QUIET_NS = 200 * 1_000_000_000
FAULTS = ("lost", "late", "reply lost", "read lost", "read lags", "frame dropped",
          "frame doubled", "refusal lies")  # fmt: skip


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_book_ends_where_the_venue_is(seed: int) -> None:
    """Each seed has its own rate of faults, none included; then the line is honest for a while."""
    agrees(*played(seed, (0.0, 0.05, 0.2, 0.5)[seed % 4], Counter()))


def test_every_fault_and_every_end_is_met() -> None:
    """R9: a simulation whose faults never fire proves nothing."""
    seen: Counter[str] = Counter()
    phases: Counter[Phase] = Counter()
    for seed in range(1_000, 1_008):
        _, client = played(seed, 0.25, seen)
        phases.update(record.phase for name in client.names if (record := client.book.get(name)))
    assert all(seen[fault] >= 30 for fault in FAULTS), seen
    assert all(phases[one] for one in (Phase.ENDED, Phase.LIVE, Phase.ABSENT)), phases


class Watch:
    """Sees to it at every step that orders only go forward, and none is given up (A4, A7)."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.known: dict[str, tuple[bool, int, int]] = {}

    def look(self) -> None:
        line = self.client.line
        there = {one.request.client_id for one in line.exchange.open_orders(line.account)}
        for name in self.client.names:
            record = self.client.book.get(name)
            assert record is not None
            now = (record.phase is Phase.ENDED, record.filled_lots, record.booked_lots)
            before = self.known.get(name, now)
            assert all(a >= b for a, b in zip(now, before, strict=True)), record
            if record.phase is Phase.ABSENT:
                assert name not in there, "given up, and the venue has it (A4)"
            self.known[name] = now


def played(seed: int, rate: float, seen: Counter[str]) -> tuple[Line, Client]:
    line = Line(seed, rate, seen)
    client = Client(line)
    watch = Watch(client)
    for _ in range(STEPS):
        client.act()
        client.step()
        watch.look()
    line.rate = 0.0
    until_ns = line.now_ns + QUIET_NS
    while line.now_ns < until_ns:
        client.step()
        watch.look()
    assert not list(client.book.doubtful()), "it comes to rest (G10)"
    return line, client


def agrees(line: Line, client: Client) -> None:
    book, exchange = client.book, line.exchange
    assert max(line.accepted.values(), default=1) == 1, "at most once (A2)"
    there = {one.request.client_id: one for one in exchange.open_orders(line.account)}
    ours = {one.client_id: one for one in book.open_orders()}
    assert {k: one.filled_lots for k, one in ours.items()} == {
        k: one.filled_lots for k, one in there.items()
    }, "open orders (C2)"
    fills = exchange.fills(line.account, SPOT, limit=10_000)
    held = book.holding(SPOT)
    assert held.lots == sum(int(one.side) * one.qty_lots for one in fills), "each fill once (A8)"
    spent = sum(int(one.side) * one.qty_lots * one.price_ticks for one in fills)
    assert held.value(0) == -spent, "what all fills together earned (C3)"
    paid: Counter[str] = Counter()
    for one in fills:
        paid[one.fee_asset] += one.fee_atoms
    assert book.fees() == paid
    filled: Counter[str] = Counter()
    for one in fills:
        filled[one.client_id] += one.qty_lots
    for name in client.names:
        record = book.get(name)
        assert record is not None
        assert record.booked_lots == filled[name], "every fill to its order"
        if name not in line.accepted:
            assert record.phase in {Phase.REFUSED, Phase.ABSENT}, "what never was is not there"
