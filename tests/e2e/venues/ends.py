"""How an afternoon of a client ends: what it was told, and what the venue knows then."""

from __future__ import annotations

import asyncio
import json
import os
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ballast.venues.simulated.engine.exchange import Exchange
    from ballast.venues.simulated.fronts.keys import ApiKey

CLIENTS = Path(__file__).parent / "clients"
ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".venv-clients" / "bin" / "python"
COINBASE_PYTHON = ROOT / ".venv-coinbase" / "bin" / "python"


def needs(python: Path) -> pytest.MarkDecorator:
    """Skip a test where an environment of clients was not built."""
    name = python.parents[1].name
    return pytest.mark.skipif(
        not python.exists(),
        reason=f"NO CLIENTS: expected {python}, which `make {name}/.stamp` builds",
    )


needs_clients = needs(PYTHON)


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


def state(market: Exchange, mine: int, symbol: str) -> dict[str, Any]:
    """Return all that the venue knows of the account and the book: times and ids left out."""
    view = market.book(symbol, 50)
    return {
        "balances": [
            (one.asset, one.free_atoms, one.locked_atoms) for one in market.balances(mine)
        ],
        "orders": [
            (one.request.client_id, one.request.kind, one.status, one.reason, one.filled_lots,
             one.value, one.request.price_ticks, one.request.trigger_ticks)
            for one in market.orders(mine, symbol)
        ],
        "fills": [
            (one.client_id, one.side, one.price_ticks, one.qty_lots, one.is_maker, one.fee_asset,
             one.fee_atoms)
            for one in market.fills(mine, symbol)
        ],
        "positions": [
            (one.qty_lots, one.cost_atoms, one.realised_atoms)
            for one in market.positions(mine, symbol)
        ],
        "book": (view.bids, view.asks),
    }  # fmt: skip


async def by_script(
    script: str,
    port: int,
    key: ApiKey,
    steps: Iterable[Any],
    trusts: Path | None = None,
    python: Path = PYTHON,
    **more: str,
) -> tuple[list[Any], str]:
    """Let a client of another interpreter take all steps; return what it was told, and stderr.

    `trusts` is a certificate for a client that takes TLS only, `python` the interpreter it is of.
    """
    place = {
        "http": f"http://127.0.0.1:{port}",
        "ws": f"ws://127.0.0.1:{port}",
        "key": key.key,
        "secret": key.secret,
        **more,
    }
    sent = [place, *([step.do, step.with_] for step in steps)]
    child = await asyncio.create_subprocess_exec(
        python,
        CLIENTS / script,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ if trusts is None else {**os.environ, "SSL_CERT_FILE": str(trusts)},
    )
    text = "".join(json.dumps(one) + "\n" for one in sent)
    try:
        out, err = await asyncio.wait_for(child.communicate(text.encode()), 60)
    finally:
        if child.returncode is None:
            child.kill()
    assert child.returncode == 0, err.decode()
    return [json.loads(line) for line in out.splitlines()], err.decode()
