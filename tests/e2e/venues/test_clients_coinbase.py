"""The same afternoon through two clients of Coinbase ends the same (R-QA-10, R-EXCH-12)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.venues.clients.by_ccxt_coinbase import Trader
from tests.e2e.venues.clients.coinbase_spot import STEPS
from tests.e2e.venues.ends import COINBASE_PYTHON, by_script, needs, plain, state
from tests.fakes.coinbase_desk import (
    SYMBOL,
    CoinbaseDesk,
    coinbase_server,
    eventually,
    with_ccxt,
)

from ballast.venues.simulated.fronts.coinbase import front

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow


def left(desk: CoinbaseDesk) -> dict[str, Any]:
    """Return what the venue knows of the account in the end."""
    return state(desk.exchange, desk.account, SYMBOL)


async def by_coinbase_sdk(folder: Path) -> tuple[list[Any], dict[str, Any], str]:
    """Let coinbase-advanced-py take all steps; return what it was told, the end, its complaints."""
    async with coinbase_server() as (desk, server):
        assert server.authority is not None
        pem = folder / "ca.pem"
        pem.write_bytes(server.authority.root_pem)
        told, complaints = await by_script(
            "by_coinbase_sdk.py",
            server.plain_ports["coinbase"],
            desk.key,
            STEPS,
            pem,
            python=COINBASE_PYTHON,
            host=f"localhost:{server.tls_port}",
            ws=f"wss://localhost:{server.tls_port}",
        )
        return told, left(desk), complaints


def check_told(told: list[Any]) -> None:
    """Hold every answer against what the scenario says."""
    assert len(told) == len(STEPS) >= 45
    for number, (step, heard) in enumerate(zip(STEPS, told, strict=True)):
        assert plain(heard) == plain(step.told), f"step {number}: {step.do} {step.with_}"


@pytest.fixture(scope="module", autouse=True)
def unhurried() -> Iterator[None]:
    """Let a fast machine ask as fast as it can: limits have tests of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(front, "PRIVATE_S", replace(front.PRIVATE_S, limit=3_000))
        yield


@pytest.fixture(scope="module")
def ccxt_end() -> tuple[list[Any], dict[str, Any]]:
    """Return what ccxt was told, and the state it left."""
    ends: list[tuple[list[Any], dict[str, Any]]] = []

    async def test(desk: CoinbaseDesk, client: Any) -> None:
        trader = Trader(client)
        watching = [asyncio.create_task(one) for one in trader.watching()]
        await eventually(lambda: any(one.sent >= 4 for one in desk.gateway.connections))
        told = [await trader.take(step.do, step.with_) for step in STEPS]
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        ends.append((told, left(desk)))

    with_ccxt(test)
    return ends[0]


def test_ccxt_is_told_what_the_scenario_says(ccxt_end: tuple[list[Any], dict[str, Any]]) -> None:
    check_told(ccxt_end[0])


def test_ccxt_reads_the_market() -> None:
    async def test(_desk: CoinbaseDesk, client: Any) -> None:
        assert await client.fetch_time()
        market = client.market("BTC/USD")
        assert (market["taker"], market["precision"]["price"]) == (0.012, 0.01)
        assert (await client.fetch_ticker("BTC/USD"))["bid"] == 59_999.99
        assert (await client.fetch_tickers())["BTC/USD"]["last"] == 60_000
        assert (await client.fetch_trades("BTC/USD"))[-1]["price"] == 60_000
        assert (await client.fetch_ohlcv("BTC/USD", "1m", limit=5))[-1][4] == 60_000
        assert (await client.fetch_balance())["BTC"]["total"] == 2
        assert {one["code"] for one in await client.fetch_accounts()} == {"BTC", "USD"}
        assert (await client.fetch_trading_fees())["BTC/USD"]["maker"] == 0.006

    with_ccxt(test)


def test_a_key_of_somebody_else_is_an_authentication_error_in_ccxt() -> None:
    import ccxt  # noqa: PLC0415 - half a second

    async def test(_desk: CoinbaseDesk, client: Any) -> None:
        client.apiKey = "organizations/a/apiKeys/b"
        with pytest.raises(ccxt.AuthenticationError):
            await client.fetch_balance()

    with_ccxt(test)


@needs(COINBASE_PYTHON)
def test_coinbase_advanced_py_ends_where_ccxt_does(
    ccxt_end: tuple[list[Any], dict[str, Any]], tmp_path: Path
) -> None:
    told, end, complaints = asyncio.run(by_coinbase_sdk(tmp_path))
    check_told(told)
    # It logs the refusal that a step asks for.
    assert [one for one in complaints.splitlines() if " 404 Client Error" not in one] == []
    assert end == ccxt_end[1]
