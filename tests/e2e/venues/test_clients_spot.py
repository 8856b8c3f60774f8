"""The same afternoon through three clients of Binance ends in the same state (R-QA-10)."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.venues.clients.by_ccxt import Trader
from tests.e2e.venues.clients.scenario import STEPS
from tests.fakes.binance_desk import SYMBOL, SpotDesk, eventually, spot_server, with_ccxt

CLIENTS = Path(__file__).parent / "clients"
PYTHON = Path(__file__).parents[3] / ".venv-clients" / "bin" / "python"
needs_clients = pytest.mark.skipif(
    not PYTHON.exists(),
    reason=f"NO CLIENTS: expected {PYTHON}, which `make .venv-clients/.stamp` builds",
)


def plain(value: Any) -> Any:
    """Return numbers in text without their idle zeros, whatever they lie in."""
    match value:
        case dict():
            return {name: plain(one) for name, one in value.items()}
        case list() | tuple():
            return [plain(one) for one in value]
        case str() if value.replace(".", "", 1).isdigit():
            number = Decimal(value).normalize()
            return format(number, "f")
    return value


def state(desk: SpotDesk) -> dict[str, Any]:
    """Return all that the venue knows of the account and the book: times and ids left out."""
    market, mine = desk.exchange, desk.account
    view = market.book(SYMBOL, 50)
    return {
        "balances": [
            (one.asset, one.free_atoms, one.locked_atoms) for one in market.balances(mine)
        ],
        "orders": [
            (one.request.client_id, one.request.kind, one.status, one.reason, one.filled_lots,
             one.value, one.request.price_ticks, one.request.trigger_ticks)
            for one in market.orders(mine, SYMBOL)
        ],
        "fills": [
            (one.client_id, one.side, one.price_ticks, one.qty_lots, one.is_maker, one.fee_asset,
             one.fee_atoms)
            for one in market.fills(mine, SYMBOL)
        ],
        "book": (view.bids, view.asks),
    }  # fmt: skip


async def by_script(script: str) -> tuple[list[Any], dict[str, Any], str]:
    """Let a client of another interpreter take all steps; return what it was told, and the end."""
    async with spot_server(climbs=False) as (desk, server):
        port = server.plain_ports["binance"]
        place = {
            "http": f"http://127.0.0.1:{port}",
            "ws": f"ws://127.0.0.1:{port}",
            "key": desk.key.key,
            "secret": desk.key.secret,
        }
        sent = [place, *([step.do, step.with_] for step in STEPS)]
        child = await asyncio.create_subprocess_exec(
            PYTHON,
            CLIENTS / script,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        text = "".join(json.dumps(one) + "\n" for one in sent)
        try:
            out, err = await asyncio.wait_for(child.communicate(text.encode()), 60)
        finally:
            if child.returncode is None:
                child.kill()
        assert child.returncode == 0, err.decode()
        return [json.loads(line) for line in out.splitlines()], state(desk), err.decode()


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
        ends.append((told, state(desk)))

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
    told, end, complaints = asyncio.run(by_script(script))
    check_told(told)
    assert complaints == ""
    assert end == ccxt_end[1]
