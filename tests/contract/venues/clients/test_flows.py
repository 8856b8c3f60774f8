"""Money that comes and goes while a desk looks: told by the wire of each venue that tells it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from ballast.core.orders import OrderKind, Side

if TYPE_CHECKING:
    from tests.contract.venues.clients.rig import Rig

    from ballast.venues.clients.account import Flow

pytestmark = pytest.mark.needs("flows")
NS_MS = 1_000_000
SECOND_MS = 1_000


def moved(rig: Rig, amount: str, asset: str = "USDT") -> None:
    """Deposit into the account, or, negative, withdraw."""
    rig.venue.command("POST", "/transfer", asset=asset, amount=amount)


def told(rig: Rig, since_ms: int, *amounts: str) -> list[Flow]:
    """Return the flows of these amounts, which no other test uses, in that order."""
    found = {one.amount: one for one in rig.run(rig.desk.flows("USDT", since_ms)) or ()}
    return [found[Decimal(amount)] for amount in amounts]


def test_a_deposit_and_a_withdrawal_come_back(rig: Rig) -> None:
    """R-RISK-28, R-RECON-08: amount, worth, time, and an id that stays."""
    before_ms = rig.venue.now_ms
    moved(rig, "250.5")
    moved(rig, "-100.25")
    after_ms = rig.venue.now_ms
    found = told(rig, before_ms, "250.5", "-100.25")
    for one in found:
        assert (one.asset, one.worth) == ("USDT", one.amount)
        # Binance dates a withdrawal to its second.
        assert before_ms - SECOND_MS < one.at_ns / NS_MS <= after_ms + 1
    assert found[0].flow_id != found[1].flow_id
    moved(rig, "1.125")
    assert told(rig, before_ms, "250.5", "-100.25") == found


def test_equity_changes_by_what_they_are_worth(rig: Rig) -> None:
    """R-RISK-28: which is what a baseline has to be moved by."""
    rig.clear()
    before_ms, before = rig.venue.now_ms, rig.run(rig.desk.equity("USDT"))
    moved(rig, "70000.5")
    after = rig.run(rig.desk.equity("USDT"))
    (flow,) = told(rig, before_ms, "70000.5")
    assert float(after - before) == pytest.approx(float(flow.worth), rel=0.05)


def test_coins_are_worth_their_last_price(rig: Rig) -> None:
    """R-RISK-28: nothing, where they do not count in equity either."""
    rig.submit(rig.order(OrderKind.MARKET, Side.BUY))  # a market that never traded has no price
    before_ms = rig.venue.now_ms
    moved(rig, "0.03125", "BTC")
    (flow,) = told(rig, before_ms, "0.03125")
    price = 0 if "other_coins" in rig.row.lacks else sum(rig.touch()) * rig.market.tick / 2
    assert flow.asset == "BTC"
    assert float(flow.worth) == pytest.approx(float(flow.amount * price), rel=0.005)


def test_nothing_from_before_is_told(rig: Rig) -> None:
    """R-RISK-28: two seconds later not even what is dated to a whole second."""
    moved(rig, "3.0625")
    moved(rig, "-3.03125")
    since_ms = rig.venue.now_ms + 2 * SECOND_MS
    rig.eventually(lambda: rig.venue.now_ms >= since_ms)
    assert rig.run(rig.desk.flows("USDT", since_ms)) == []


def test_more_than_a_page_of_them_all_come(rig: Rig) -> None:
    """R-RECON-08."""
    since_ms = rig.venue.now_ms
    amounts = [str(Decimal(number) / 64) for number in range(1_001, 1_121)]
    for amount in amounts:
        moved(rig, amount)
    assert len(told(rig, since_ms, *amounts)) == len(amounts)


def test_what_was_traded_is_no_flow(rig: Rig) -> None:
    """R-RISK-28."""
    rig.eventually(lambda: rig.run(rig.desk.flows("USDT", rig.venue.now_ms)) == [])
    since_ms = rig.venue.now_ms
    rig.hold()
    assert rig.run(rig.desk.flows("USDT", since_ms)) == []
