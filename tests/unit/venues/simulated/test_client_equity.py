"""What the paper account is worth: an isolated margin is still ours (A4 of the baselines)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ballast.core.instrument import Kind
from ballast.core.orders import MarginMode, OrderKind, OrderRequest, Side
from ballast.venues.simulated.client import SimulatedClient
from ballast.venues.simulated.engine.exchange import Exchange
from ballast.venues.simulated.engine.liquidity import ScriptedPath
from ballast.venues.simulated.engine.profile import Listing, VenueProfile

CASH = Decimal(10_000)


@pytest.mark.parametrize("mode", list(MarginMode))
@pytest.mark.parametrize("side", list(Side))
def test_opening_a_position_costs_its_fee_and_the_spread_and_nothing_else(
    mode: MarginMode, side: Side
) -> None:
    listing = Listing(
        "BTCUSDT", "BTC", "USDT", tick=Decimal(1), lot=Decimal("0.01"), kind=Kind.PERPETUAL
    )
    exchange = Exchange(VenueProfile(), [listing], seed=1, start_ns=0)
    exchange.attach(ScriptedPath("BTCUSDT", [(1, 10_000)]))
    account = exchange.open_account("paper", {"USDT": CASH})
    exchange.set_margin_mode(account, "BTCUSDT", mode)
    exchange.advance(2)
    client = SimulatedClient(exchange, account)
    before = exchange.amount("USDT", client.equity_atoms("USDT"))
    exchange.submit(account, OrderRequest("BTCUSDT", side, OrderKind.MARKET, 40, client_id="x"))
    after = exchange.amount("USDT", client.equity_atoms("USDT"))
    assert exchange.position(account, "BTCUSDT").qty_lots == int(side) * 40
    assert before == CASH
    assert Decimal(0) < before - after < Decimal("0.4") * 20
