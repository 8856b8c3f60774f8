"""Deposits and withdrawals of the account, against what the simulated venue was told to book."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.contract.venues.clients.rig import Rig

    from ballast.venues.clients.account import Flow

pytestmark = [pytest.mark.only(one) for one in ("BYBIT", "BYBITLINEAR", "OKX", "OKXSWAP")]


def paid(rig: Rig, asset: str, amount: str) -> None:
    """Pay into the account, or out of it."""
    rig.venue.command("POST", "/transfer", asset=asset, amount=amount)


def flows(rig: Rig, since_ms: int) -> list[Flow]:
    found: list[Flow] | None = rig.run(rig.desk.flows("USDT", since_ms))
    assert found is not None
    return found


def test_a_deposit_and_a_withdrawal_are_told_with_their_worth(rig: Rig) -> None:
    """R-RISK-28: their sum is what equity changed by that was no profit."""
    rig.hold()  # a market that has never traded has no price
    rig.clear()
    since_ms = rig.run(rig.desk.server_ms())
    for asset, amount in (("USDT", "250.5"), ("BTC", "1.5"), ("USDT", "-40")):
        paid(rig, asset, amount)
    found = flows(rig, since_ms)
    assert [(one.asset, one.amount) for one in found] == [
        ("USDT", Decimal("250.5")), ("BTC", Decimal("1.5")), ("USDT", Decimal(-40)),
    ]  # fmt: skip
    bid, ask = rig.touch()
    price = rig.market.tick * (bid + ask) / 2 if "other_coins" not in rig.row.lacks else 0
    assert (found[0].worth, found[2].worth) == (Decimal("250.5"), Decimal(-40))
    assert float(found[1].worth) == pytest.approx(float(price * Decimal("1.5")), rel=0.005)
    assert all(abs(one.at_ns // 1_000_000 - since_ms) < 5_000 for one in found)
    again = flows(rig, since_ms)
    assert [one.flow_id for one in again] == [one.flow_id for one in found]
    assert len({one.flow_id for one in found}) == 3
    assert all(one.flow_id for one in found)
    assert flows(rig, found[-1].at_ns // 1_000_000 + 1) == []


def test_more_than_a_page_of_them_all_come(rig: Rig) -> None:
    """R-RECON-08."""
    since_ms = rig.run(rig.desk.server_ms())
    for number in range(1, 121):
        paid(rig, "USDT", str(number))
    assert [one.amount for one in flows(rig, since_ms)] == list(range(1, 121))


def test_what_was_traded_is_no_flow(rig: Rig) -> None:
    """R-RISK-28."""
    since_ms = rig.run(rig.desk.server_ms())
    rig.hold()
    assert flows(rig, since_ms) == []
