"""The same afternoon through two clients of Kraken ends in the same state (R-QA-10, R-EXCH-12)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.e2e.venues.clients.by_ccxt_kraken import Trader
from tests.e2e.venues.clients.kraken_spot import STEPS
from tests.e2e.venues.ends import by_script, needs_clients, plain, state
from tests.fakes.kraken_desk import SYMBOL, KrakenDesk, eventually, kraken_server, with_ccxt

pytestmark = pytest.mark.slow


def left(desk: KrakenDesk) -> dict[str, Any]:
    """Return what the venue knows of the account in the end."""
    return state(desk.exchange, desk.account, SYMBOL)


async def by_kraken_sdk() -> tuple[list[Any], dict[str, Any], str]:
    """Let python-kraken-sdk take all steps; return what it was told, the end, its complaints."""
    async with kraken_server() as (desk, server):
        port = server.plain_ports["kraken"]
        told, complaints = await by_script("by_kraken_sdk.py", port, desk.key, STEPS)
        return told, left(desk), complaints


def check_told(told: list[Any]) -> None:
    """Hold every answer against what the scenario says."""
    assert len(told) == len(STEPS) >= 45
    for number, (step, heard) in enumerate(zip(STEPS, told, strict=True)):
        assert plain(heard) == plain(step.told), f"step {number}: {step.do} {step.with_}"


@pytest.fixture(scope="module")
def ccxt_end() -> tuple[list[Any], dict[str, Any]]:
    """Return what ccxt was told, and the state it left."""
    ends: list[tuple[list[Any], dict[str, Any]]] = []

    async def test(desk: KrakenDesk, client: Any) -> None:
        trader = Trader(client)
        watching = [asyncio.create_task(one) for one in trader.watching()]
        await eventually(lambda: trader.kept is not None and trader.cash is not None)
        told = [await trader.take(step.do, step.with_) for step in STEPS]
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        ends.append((told, left(desk)))

    with_ccxt(test)
    return ends[0]


def test_ccxt_is_told_what_the_scenario_says(ccxt_end: tuple[list[Any], dict[str, Any]]) -> None:
    check_told(ccxt_end[0])


def test_ccxt_trades_over_the_stream() -> None:
    import ccxt  # noqa: PLC0415 - half a second

    async def test(_desk: KrakenDesk, client: Any) -> None:
        made = await client.create_order_ws(
            "BTC/USD", "limit", "buy", 0.01, 50_000, {"clientOrderId": "mine"}
        )
        assert made["clientOrderId"] == "mine"
        await client.edit_order_ws(made["id"], "BTC/USD", "limit", "buy", 0.02, 51_000.5)
        row = (await client.fetch_order(made["id"]))["info"]
        assert row["descr"]["order"] == "buy 0.02000 XBTUSD @ limit 51000.50"
        await client.cancel_order_ws(made["id"])
        assert (await client.fetch_order(made["id"]))["status"] == "canceled"
        with pytest.raises(ccxt.ExchangeError, match="EOrder:Insufficient funds"):
            await client.create_order_ws("BTC/USD", "limit", "buy", 100, 50_000)

    with_ccxt(test)


@needs_clients
def test_python_kraken_sdk_ends_where_ccxt_does(
    ccxt_end: tuple[list[Any], dict[str, Any]],
) -> None:
    told, end, complaints = asyncio.run(by_kraken_sdk())
    check_told(told)
    assert complaints == ""
    assert end == ccxt_end[1]
