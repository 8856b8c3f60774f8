"""The same afternoons through two clients of OKX end in the same state (R-QA-10, R-EXCH-09)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.e2e.venues.clients.by_ccxt_okx import Trader
from tests.e2e.venues.clients.okx_spot import NEUTRAL
from tests.e2e.venues.clients.perp_scenario import Rules, steps
from tests.e2e.venues.ends import by_script, needs_clients, plain, state
from tests.fakes.okx_desk import SPOT, SWAP, OkxDesk, eventually, okx_server, with_ccxt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = pytest.mark.slow  # ccxt keeps to its own limits: half a minute
RULES = Rules(refuses_post_only=False, has_min_notional=False, has_symbol_margin=False)
AFTERNOONS: dict[str, Sequence[Any]] = {SPOT: NEUTRAL, SWAP: steps(RULES)}
both = pytest.mark.parametrize("symbol", [SPOT, SWAP])


def left(desk: OkxDesk, symbol: str) -> dict[str, Any]:
    """Return what the venue knows of the account in the end."""
    return state(desk.exchange, desk.account, symbol)


async def by_python_okx(symbol: str, folder: Path) -> tuple[list[Any], dict[str, Any], str]:
    """Let python-okx take all steps; return what it was told, the end, and its complaints."""
    async with okx_server() as (desk, server):
        assert server.authority is not None
        pem = folder / "ca.pem"
        pem.write_bytes(server.authority.root_pem)
        told, complaints = await by_script(
            "by_python_okx.py",
            server.plain_ports["okx"],
            desk.key,
            AFTERNOONS[symbol],
            pem,
            ws=f"wss://localhost:{server.tls_port}",
            passphrase=desk.key.passphrase,
            symbol=symbol,
        )
        return told, left(desk, symbol), complaints


def check_told(symbol: str, told: list[Any]) -> None:
    """Hold every answer against what the scenario says."""
    asked = AFTERNOONS[symbol]
    assert len(asked) >= 30
    assert len(told) == len(asked)
    for number, (step, heard) in enumerate(zip(asked, told, strict=True)):
        assert plain(heard) == plain(step.told), f"step {number}: {step.do} {step.with_}"


@pytest.fixture(scope="module")
def ccxt_ends() -> dict[str, tuple[list[Any], dict[str, Any]]]:
    """Return what ccxt was told on each instrument, and the state it left."""
    ends: dict[str, tuple[list[Any], dict[str, Any]]] = {}
    for symbol, asked in AFTERNOONS.items():

        async def test(
            desk: OkxDesk, client: Any, symbol: str = symbol, asked: Any = asked
        ) -> None:
            trader = Trader(client, symbol)
            watching = [asyncio.create_task(one) for one in trader.watching()]
            # public, private, business; the private one has told balances and positions
            await eventually(
                lambda: (
                    sum(one.sent > 1 for one in desk.gateway.connections) == 3 and bool(trader.kept)
                )
            )
            told = [await trader.take(step.do, step.with_) for step in asked]
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
            ends[symbol] = told, left(desk, symbol)

        with_ccxt(test)
    return ends


@both
def test_ccxt_is_told_what_the_scenario_says(
    symbol: str, ccxt_ends: dict[str, tuple[list[Any], dict[str, Any]]]
) -> None:
    check_told(symbol, ccxt_ends[symbol][0])


@needs_clients
@both
def test_python_okx_ends_where_ccxt_does(
    symbol: str, ccxt_ends: dict[str, tuple[list[Any], dict[str, Any]]], tmp_path: Path
) -> None:
    told, end, complaints = asyncio.run(by_python_okx(symbol, tmp_path))
    check_told(symbol, told)
    assert complaints == ""
    assert end == ccxt_ends[symbol][1]
