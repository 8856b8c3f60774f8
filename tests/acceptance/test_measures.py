"""A-PERF: what is bounded by counting. Times are measured by `bench/`, not asserted here.

A test that asserts a time fails on a busy machine and says nothing on a quick one.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from decimal import Decimal

import pytest

from ballast.core.instrument import Kind
from ballast.core.settings import Settings
from ballast.risk.halt.health import Health, HealthLimits, Vital, faults_of
from ballast.runtime.node.journalled import SNAPSHOT_RECORDS
from ballast.runtime.shell.asking import Asking
from tests.e2e.live.soak import grows
from tests.fakes.live_sessions import LiveSession

TEN = tuple(f"C{number}USDT" for number in range(10))
QUESTIONS = {
    "trades": 10,
    "top": 10,
    "orders": 1,
    "positions": 1,
    "equity": 1,
    "free": 1,
    "flows": 1,
}
"""Of a reconciliation and a look at all depths; orders and positions are asked for all at once."""


class Counted:
    """A desk of ten symbols that counts what it is asked."""

    venue = "SIM"

    def __init__(self, markets: dict[str, object]) -> None:
        self.markets = markets
        self.asked: Counter[str] = Counter()

    async def trades(self, symbol: str, since_ms: int | None = None) -> list[object]:
        del symbol, since_ms
        self.asked["trades"] += 1
        return []

    async def open_orders(self, symbols: object) -> tuple[()]:
        del symbols
        self.asked["orders"] += 1
        return ()

    async def positions(self, symbols: object) -> list[object]:
        del symbols
        self.asked["positions"] += 1
        return []

    async def equity(self, quote: str) -> Decimal:
        del quote
        self.asked["equity"] += 1
        return Decimal(1_000)

    async def free(self, quote: str) -> Decimal:
        del quote
        self.asked["free"] += 1
        return Decimal(1_000)

    async def flows(self, quote: str, since_ms: int) -> list[object]:
        del quote, since_ms
        self.asked["flows"] += 1
        return []

    async def top(self, symbol: str, depth: int) -> None:
        del symbol, depth
        self.asked["top"] += 1


def test_a_perf_01_a_cycle_of_ten_symbols_is_a_small_part_of_the_calls_allowed() -> None:
    """A-PERF-01, R-NET-15: 25 questions, so less than fifty in two minutes; 1,200 are allowed.

    Bars and prices come by streams and cost nothing. What a question weighs is each venue's own
    matter: the budget of its line counts that, and makes a question wait where it must.
    """
    session = LiveSession(Kind.PERPETUAL)
    market = next(iter(session.desk.markets.values()))
    desk = Counted(dict.fromkeys(TEN, market))
    asking = Asking(desk, session.shell, TEN)  # type: ignore[arg-type]

    async def cycle() -> None:
        assert await asking.reconcile()
        await asyncio.gather(*(asking.look_at_depth(one) for one in TEN))

    asyncio.run(cycle())
    assert dict(desk.asked) == QUESTIONS
    a_minute = sum(QUESTIONS.values())
    network = Settings().network
    assert a_minute < min(network.data_minute, network.calls_minute) * 0.05


def test_a_perf_02_a_save_is_what_happened_and_not_everything_again() -> None:
    """A-PERF-02, R-STATE-14: a step writes its event and its effects; times: `bench_node.py`."""
    session = LiveSession(Kind.PERPETUAL)
    session.trade(60)
    kinds = Counter(one.kind for one in session.memory.records)
    assert kinds["journal.snapshot"] <= 1 + len(session.memory.records) // SNAPSHOT_RECORDS
    sizes = [len(one.body) for one in session.memory.records if one.kind != "node.rules"]
    assert sorted(sizes)[len(sizes) // 2] < 1_000
    steps = kinds["node.event"]
    assert kinds["node.effect"] < 5 * steps


@pytest.mark.parametrize(
    ("samples", "is_growing"),
    [
        ([300.0 + k for k in range(80)] + [380.0] * 80, False),  # filled its caches, then stayed
        ([300.0 + 2 * k for k in range(160)], True),
        ([300.0, 310.0] * 80, False),
    ],
)
def test_a_perf_03_the_soak_fails_where_memory_grows(
    samples: list[float], *, is_growing: bool
) -> None:
    """A-PERF-03: `make soak` runs hours of ten symbols; here it is its judgement that is held."""
    assert bool(grows(samples)) is is_growing


def test_a_perf_03_at_500_mb_a_process_opens_nothing_more() -> None:
    """A-PERF-03, R-DEP-02: and its supervisor starts it again; the limit is a setting."""
    assert Settings().operations.memory_mb == 500
    limits = HealthLimits(memory_mb=float(Settings().operations.memory_mb))
    for own_mb, blocks in ((499.0, False), (501.0, True)):
        found = faults_of(Health(0.0, own_mb, 10_000.0, 0.0), limits)
        assert [one.vital for one in found if one.blocks] == ([Vital.MEMORY] if blocks else [])
