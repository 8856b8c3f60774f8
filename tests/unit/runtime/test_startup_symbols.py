"""What the probe says of symbols and of the account: what is a remark, and what refuses."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ballast.core.instrument import Kind
from ballast.oms.protection.cover import Abilities
from ballast.runtime.maintenance import Planned
from ballast.runtime.shell.venue_facts import Timing
from ballast.runtime.startup import Mark, Probe, Wanted
from ballast.venues.clients.account import Balance, Grants, VenueStatus
from ballast.venues.clients.market import Market

MARKET = Market("BTCUSDT", "BTCUSDT", "BTC", "USDT", Kind.SPOT, Decimal("0.1"), Decimal("0.001"))


class Venue:
    venue = "BYBIT"

    def __init__(self, market: Market, kind: str = "spot", total: str = "1") -> None:
        self.markets = {market.symbol: market}
        self.kind, self.total = kind, Decimal(total)

    async def status(self) -> VenueStatus:
        return VenueStatus(is_open=True)

    async def grants(self) -> Grants:
        return Grants(can_read=True, can_trade=True, can_withdraw=False, account_kind=self.kind)

    async def balances(self) -> list[Balance]:
        return [Balance("USDT", self.total, self.total)]

    async def set_up(self, *_: object) -> None:
        return None

    async def setting(self, _: str) -> None:
        return None

    async def positions(self, _: tuple[str, ...]) -> list[Any]:
        return []


def said(
    market: Market,
    what: str = "BTCUSDT",
    *,
    ours: int = 0,
    planned: Planned | None = None,
    now_ns: int = 0,
    **account: str,
) -> list[tuple[Mark, str]]:
    desk: Any = Venue(market, **account)
    able = Abilities(reduces_only=False, replaces=True)
    wanted = Wanted(
        ("BTCUSDT",), able, ours=(("BTCUSDT", ours),), planned=planned or Planned(), now_ns=now_ns
    )
    probe = Probe(desk, wanted, lambda: Timing(0, 0))
    return [(one.mark, one.text) for one in asyncio.run(probe.run()) if one.what == what]


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


@pytest.mark.parametrize(
    ("account", "words"),
    [
        ({}, []),
        ({"kind": "unified"}, []),
        ({"kind": "margin"}, ["of margin (margin): a purchase may borrow"]),
        ({"kind": "multi-currency"}, ["of margin (multi-currency): a purchase may borrow"]),
        ({"total": "-0.5"}, ["owes 0.5 USDT"]),
    ],
)  # fmt: skip
def test_a_margin_account_or_a_debt_refuses_the_start_where_spot_is_expected(
    account: dict[str, str], words: list[str]
) -> None:
    """A-RISK-11, S-49, R-RISK-14."""
    assert said(MARKET, "account", **account) == [(Mark.BAD, one) for one in words]
    perpetual = replace(MARKET, kind=Kind.PERPETUAL)
    debts = [one for one in words if one.startswith("owes")]
    assert said(perpetual, "account", **account) == [(Mark.BAD, one) for one in debts]
    held = said(perpetual, "account", ours=5, **account)
    assert held == [(Mark.REMARK, one) for one in debts], "a position of ours is looked after"
