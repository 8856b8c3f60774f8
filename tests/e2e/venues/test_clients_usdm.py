"""The same afternoon through three clients of Binance USD-M ends in one state (R-QA-10)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.e2e.venues.clients.by_ccxt_usdm import Trader
from tests.e2e.venues.clients.perp_scenario import Rules, steps
from tests.e2e.venues.ends import by_script, needs_clients, plain, state
from tests.fakes.binance_desk import eventually
from tests.fakes.usdm_desk import SYMBOL, UsdmDesk, usdm_server, with_usdm

STEPS = steps(Rules())
"""USD-M does all that the scenario knows of."""


def left(desk: UsdmDesk) -> dict[str, Any]:
    """Return what the venue knows of the account in the end."""
    return state(desk.exchange, desk.account, SYMBOL)


async def end_of(script: str) -> tuple[list[Any], dict[str, Any], str]:
    """Let a client of another interpreter take all steps; return what it was told, and the end."""
    async with usdm_server() as (desk, server):
        port = server.plain_ports["binance-usdm"]
        told, complaints = await by_script(script, port, desk.key, STEPS)
        return told, left(desk), complaints


def check_told(told: list[Any]) -> None:
    """Hold every answer against what the scenario says."""
    assert len(told) == len(STEPS)
    for number, (step, heard) in enumerate(zip(STEPS, told, strict=True)):
        assert plain(heard) == plain(step.told), f"step {number}: {step.do} {step.with_}"


@pytest.fixture(scope="module")
def ccxt_end() -> tuple[list[Any], dict[str, Any]]:
    """Return what ccxt was told, and the state it left."""
    ends: list[tuple[list[Any], dict[str, Any]]] = []

    async def test(desk: UsdmDesk, client: Any) -> None:
        trader = Trader(client)
        tasks = trader.watching()
        # One connection for the book, one for all that is one's own.
        await eventually(lambda: len(desk.gateway.connections) == 2 and bool(trader.kept))
        told = [await trader.step(step.do, step.with_) for step in STEPS]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        ends.append((told, left(desk)))

    with_usdm(test)
    return ends[0]


def test_ccxt_is_told_what_the_scenario_says(ccxt_end: tuple[list[Any], dict[str, Any]]) -> None:
    assert len(STEPS) >= 60
    check_told(ccxt_end[0])


@needs_clients
@pytest.mark.parametrize("script", ["by_python_binance_usdm.py", "by_usds_sdk.py"])
def test_an_independent_client_ends_where_ccxt_does(
    script: str, ccxt_end: tuple[list[Any], dict[str, Any]]
) -> None:
    """Its models complain of an answer that does not fit them; nothing may be complained of."""
    told, end, complaints = asyncio.run(end_of(script))
    check_told(told)
    assert complaints == ""
    assert end == ccxt_end[1]
