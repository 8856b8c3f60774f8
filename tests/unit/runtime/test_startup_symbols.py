"""What the probe says of symbols: an announced delisting is a remark, a halt refuses."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ballast.core.instrument import Kind
from ballast.oms.protection.cover import Abilities
from ballast.runtime.shell.venue_facts import Timing
from ballast.runtime.startup import Mark, Probe, Wanted
from ballast.venues.clients.account import Grants, VenueStatus
from ballast.venues.clients.market import Market

MARKET = Market("BTCUSDT", "BTCUSDT", "BTC", "USDT", Kind.SPOT, Decimal("0.1"), Decimal("0.001"))


class Venue:
    venue = "BYBIT"

    def __init__(self, market: Market) -> None:
        self.markets = {market.symbol: market}

    async def status(self) -> VenueStatus:
        return VenueStatus(is_open=True)

    async def grants(self) -> Grants:
        return Grants(can_read=True, can_trade=True, can_withdraw=False)

    async def positions(self, _: tuple[str, ...]) -> list[Any]:
        return []


def said(market: Market) -> list[tuple[Mark, str]]:
    desk: Any = Venue(market)
    able = Abilities(reduces_only=False, replaces=True)
    probe = Probe(desk, Wanted(("BTCUSDT",), able), lambda: Timing(0, 0))
    return [(one.mark, one.text) for one in asyncio.run(probe.run()) if one.what == "BTCUSDT"]


@pytest.mark.parametrize(
    ("market", "mark", "words"),
    [
        (replace(MARKET, delists_ms=1_750_000_000_000), Mark.REMARK, "off its list on 2025-06-15"),
        (replace(MARKET, is_trading=False, status="BREAK"), Mark.BAD, "not trading: BREAK"),
    ],
)
def test_an_announced_end_is_a_remark_and_a_halt_refuses(
    market: Market, mark: Mark, words: str
) -> None:
    """R-EXCH-15: what is held must be watched to its end, so an announcement refuses no start."""
    assert any(one == mark and words in text for one, text in said(market))
    assert not any("off its list" in text for _, text in said(MARKET))
