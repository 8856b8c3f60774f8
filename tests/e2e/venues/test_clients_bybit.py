"""The same afternoons through ccxt and pybit on Bybit end in one state (R-QA-10, R-EXCH-10)."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.venues.clients.by_ccxt_bybit import Trader
from tests.e2e.venues.clients.bybit_spot import steps as spot_steps
from tests.e2e.venues.clients.perp_scenario import Rules
from tests.e2e.venues.clients.perp_scenario import steps as linear_steps
from tests.e2e.venues.ends import by_script, needs_clients, plain, state
from tests.fakes.binance_desk import eventually
from tests.fakes.bybit_desk import LINEAR, SPOT, BybitDesk, bybit_server, with_bybit

if TYPE_CHECKING:
    from tests.e2e.venues.clients.perp_scenario import Step

RULES = Rules(
    refuses_post_only=False,
    has_close_position=False,
    has_symbol_margin=False,
    has_trailing_orders=False,
)
"""A post-only order ends on the venue; what closes or trails a position is set on the position."""
STEPS: dict[str, list[Step]] = {"linear": linear_steps(RULES), "spot": spot_steps()}
FAR_NS = 100_000_000
"""pybit notes what it asked of a stream after it has sent: answers must not be there before."""
SYMBOLS = {"linear": LINEAR, "spot": SPOT}


def left(desk: BybitDesk, category: str) -> dict[str, Any]:
    """Return what the venue knows of the account in the end."""
    return state(desk.exchange, desk.account, SYMBOLS[category])


def desk_of(category: str) -> dict[str, Any]:
    """Return how the desk of a category opens."""
    cash = {"USDT": Decimal(100_000)}
    return {"cash": cash if category == "linear" else {**cash, "BTC": Decimal(2)}}


async def by_pybit(category: str) -> tuple[list[Any], dict[str, Any], str]:
    """Let pybit take all steps in its own interpreter; return what it was told, and the end."""
    more = {**desk_of(category), "stream_delay_ns": FAR_NS}
    async with bybit_server(**more) as (desk, server):
        port = server.plain_ports["bybit"]
        told, complaints = await by_script(
            "by_pybit.py", port, desk.key, STEPS[category], category=category
        )
        return told, left(desk, category), complaints


def by_ccxt(category: str) -> tuple[list[Any], dict[str, Any]]:
    """Let ccxt take all steps in this process; return what it was told, and the end."""
    ends: list[tuple[list[Any], dict[str, Any]]] = []

    async def test(desk: BybitDesk, client: Any) -> None:
        trader = Trader(client, category)
        watches = [trader.watch_orders(), trader.watch_book()]
        if category == "linear":
            watches += [trader.watch_positions(), trader.watch_balance()]
        tasks = [asyncio.create_task(one) for one in watches]
        await eventually(lambda: is_listening(desk, category))
        told = [await trader.take(step.do, step.with_) for step in STEPS[category]]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        ends.append((told, left(desk, category)))

    with_bybit(test, "swap" if category == "linear" else "spot", **desk_of(category))
    return ends[0]


def is_listening(desk: BybitDesk, category: str) -> bool:
    """Tell whether every subscription of a client has been answered."""
    topics = [len(getattr(one.session, "topics", ())) for one in desk.gateway.connections]
    return sorted(topics) == ([1, 3] if category == "linear" else [1, 1])


def check_told(category: str, told: list[Any]) -> None:
    """Hold every answer against what the scenario says."""
    assert len(told) == len(STEPS[category])
    for number, (step, heard) in enumerate(zip(STEPS[category], told, strict=True)):
        assert plain(heard) == plain(step.told), f"step {number}: {step.do} {step.with_}"


@pytest.fixture(scope="module", params=list(STEPS))
def ccxt_end(request: pytest.FixtureRequest) -> tuple[str, list[Any], dict[str, Any]]:
    """Return a category, what ccxt was told there, and the state it left."""
    return (request.param, *by_ccxt(request.param))


def test_ccxt_is_told_what_the_scenario_says(
    ccxt_end: tuple[str, list[Any], dict[str, Any]],
) -> None:
    category, told, _ = ccxt_end
    assert len(STEPS[category]) >= 30
    check_told(category, told)


@needs_clients
def test_pybit_ends_where_ccxt_does(ccxt_end: tuple[str, list[Any], dict[str, Any]]) -> None:
    category, _, expected = ccxt_end
    told, end, complaints = asyncio.run(by_pybit(category))
    check_told(category, told)
    # It is faster than the venue allows, and waits when it is told so.
    assert all("ate limit" in line or "Rate Limit" in line for line in complaints.splitlines())
    assert end == expected
