"""The scenarios of requirements.md, each at four venues over TLS, an auditor at the venue's engine.

One test a scenario and venue: a real client and its streams, a node, a journal, against a simulated
exchange in a thread of its own. When the scenario is over the trader gets flat; then there must be
no violation (`auditing.py`). What each is for it asserts itself (`scenarios/`).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from tests.contract.venues.clients.rows import ROWS
from tests.e2e.live.hand import Hand
from tests.e2e.live.scenarios import link, market, orders, pairs, trails
from tests.e2e.live.scenarios.play import Play
from tests.e2e.live.session import trading

from ballast.service.testing.venue import simulated_exchange
from ballast.venues.clients.asking import budget

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

SPOT, PERPETUALS = ("BINANCE",), ("BINANCEUSDM", "BYBITLINEAR", "OKXSWAP")
SECOND_NS = 1_000_000_000
VENUES = (*SPOT, *PERPETUALS)
TAKES = {"has_takes": True}
TRAILING = ("BINANCEUSDM", "OKXSWAP")
TRAILED = {"trail_ppm": 10_000}


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens, and what it shows (`ids` of requirements.md).

    `speed` is how fast the venue's time runs; `how` goes to `session.trading`.
    """

    act: Callable[[Play], Awaitable[None]]
    ids: str
    venues: tuple[str, ...] = VENUES
    speed: float = 1.0
    how: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.act.__name__


SCENARIOS = (
    Scenario(link.outage, "S-04 S-09 R-NET-13 R-STOP-26 R-RISK-27", speed=3.0),
    Scenario(link.rate_limit, "S-10 R-NET-01 R-NET-03 R-NET-05", speed=2.0),
    Scenario(
        link.reserve,
        "R-NET-01 R-NET-05",
        venues=SPOT,
        speed=2.0,
        how={"entry_ns": 90 * SECOND_NS},
    ),
    Scenario(link.ban, "S-10 R-NET-03", speed=3.0),
    Scenario(link.clock_drift, "S-30 R-EXCH-03 R-EXCH-05 R-EXCH-06"),
    Scenario(link.silent_streams, "S-40 R-DATA-06 R-NET-16", speed=4.0),
    Scenario(link.broken_streams, "S-40 R-NET-16"),
    Scenario(link.dismissed, "S-40 R-NET-16", speed=2.0),
    Scenario(orders.partial_fill, "S-12 R-OMS-13 R-STOP-24", how={"entry_ns": 3 * SECOND_NS}),
    Scenario(orders.entry_refused, "S-11 S-13 R-OMS-12 R-OMS-16"),
    Scenario(orders.stop_refused, "S-13 R-OMS-16 R-STOP-03"),
    Scenario(pairs.pair_in_an_outage, "R-STOP-28 S-04", venues=SPOT, speed=3.0, how=TAKES),
    Scenario(pairs.pair_that_moves, "R-STOP-28", venues=SPOT, how=TAKES),
    Scenario(pairs.pair_that_trades_in_part, "R-STOP-28 R-OMS-13", venues=SPOT, how=TAKES),
    Scenario(trails.trail_in_an_outage, "R-STOP-27 S-04", venues=TRAILING, speed=3.0, how=TRAILED),
    Scenario(
        trails.trail_goes_with_the_position, "R-STOP-27 R-STOP-33", venues=TRAILING, how=TRAILED
    ),
    Scenario(market.flash_crash, "S-01 S-02 R-STOP-03 R-STOP-42 R-RISK-19"),
    Scenario(
        market.flash_crash_past_a_limit,
        "S-02 R-STOP-03 R-STOP-42",
        speed=2.0,
        how={"limits_stops": True},
    ),
    Scenario(market.news_shock, "S-16 R-DATA-23 R-RISK-19"),
    Scenario(market.halted, "S-15 R-EXCH-15"),
    Scenario(market.delisted, "S-15 R-EXCH-15 R-DATA-20", venues=PERPETUALS),
    Scenario(market.maintenance, "S-14 R-EXCH-14", speed=5.0),
    Scenario(market.stop_before_liquidation, "R-PERP-04", venues=PERPETUALS),
    Scenario(market.money_moves, "R-RISK-28 R-RECON-08", speed=2.0, how={"drawdown_kill": 0.15}),
    Scenario(market.liquidation, "S-22 R-PERP-04 R-RECON-09", venues=PERPETUALS, speed=4.0),
)
CASES = [
    pytest.param(one, venue, id=f"{one.name}-{venue}") for one in SCENARIOS for venue in one.venues
]


@pytest.mark.slow
def test_without_a_reserve_the_stop_would_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-NET-05: the scenario sees it when questions may use all of a budget."""
    monkeypatch.setattr(budget, "SHARE", 1.0)
    with pytest.raises(AssertionError, match="its stop is out"):
        run(next(one for one in SCENARIOS if one.act is link.reserve), "BINANCE", tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("scenario", "venue"), CASES)
def test_a_trader_comes_through(scenario: Scenario, venue: str, tmp_path: Path) -> None:
    run(scenario, venue, tmp_path)


def run(scenario: Scenario, venue: str, tmp_path: Path) -> None:
    """Let a scenario happen at a venue."""
    row = ROWS[venue]
    with simulated_exchange(row.exchange, "synthetic:seed=7", speed=scenario.speed) as served:
        hand = Hand(served, row.listing)

        async def play() -> None:
            async with trading(
                served, row, tmp_path, speed=scenario.speed, **scenario.how
            ) as session:
                await scenario.act(Play(session, served, hand, row))

        asyncio.run(play())
