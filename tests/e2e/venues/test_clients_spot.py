"""The same afternoon through three clients of Binance ends in the same state (R-QA-10)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.e2e.venues.clients.by_ccxt import Trader
from tests.e2e.venues.clients.scenario import STEPS
from tests.e2e.venues.ends import by_script, needs_clients, plain, state
from tests.fakes.binance_desk import SYMBOL, SpotDesk, eventually, spot_server, with_ccxt


def left(desk: SpotDesk) -> dict[str, Any]:
    """Return what the venue knows of the account in the end."""
    return state(desk.exchange, desk.account, SYMBOL)


async def end_of(script: str) -> tuple[list[Any], dict[str, Any], str]:
    """Let a client of another interpreter take all steps; return what it was told, and the end."""
    async with spot_server(climbs=False) as (desk, server):
        told, complaints = await by_script(script, server.plain_ports["binance"], desk.key, STEPS)
        return told, left(desk), complaints


def check_told(told: list[Any], without: frozenset[str] = frozenset()) -> None:
    """Hold every answer against what the scenario says, but for what a client cannot do."""
    assert len(told) == len(STEPS)
    for number, (step, heard) in enumerate(zip(STEPS, told, strict=True)):
        if step.do in without:
            continue
        assert plain(heard) == plain(step.told), f"step {number}: {step.do} {step.with_}"


async def by_ccxt(desk: SpotDesk, client: Any) -> list[Any]:
    """Let ccxt take all steps in this process; return what it was told."""
    trader = Trader(client)
    watching = [asyncio.create_task(one) for one in (trader.watch_orders(), trader.watch_book())]
    await eventually(lambda: is_listening(desk))
    told = [await trader.take(step.do, step.with_) for step in STEPS]
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    return told


def is_listening(desk: SpotDesk) -> bool:
    """Tell whether both streams of a client have been answered."""
    return sum(one.sent > 0 for one in desk.gateway.connections) == 2


@pytest.fixture(scope="module")
def ccxt_end() -> tuple[list[Any], dict[str, Any]]:
    """Return what ccxt was told, and the state it left."""
    ends: list[tuple[list[Any], dict[str, Any]]] = []

    async def test(desk: SpotDesk, client: Any) -> None:
        told = await by_ccxt(desk, client)
        ends.append((told, left(desk)))

    with_ccxt(test, climbs=False)
    return ends[0]


def test_ccxt_is_told_what_the_scenario_says(ccxt_end: tuple[list[Any], dict[str, Any]]) -> None:
    assert len(STEPS) >= 30
    check_told(ccxt_end[0], without=frozenset({"streamed pairs"}))


@needs_clients
@pytest.mark.parametrize("script", ["by_python_binance.py", "by_binance_sdk.py"])
def test_an_independent_client_ends_where_ccxt_does(
    script: str, ccxt_end: tuple[list[Any], dict[str, Any]]
) -> None:
    """Its models complain of an answer that does not fit them; nothing may be complained of."""
    told, end, complaints = asyncio.run(end_of(script))
    check_told(told)
    assert complaints == ""
    assert end == ccxt_end[1]
