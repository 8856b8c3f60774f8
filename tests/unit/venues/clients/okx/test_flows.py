"""Flows of OKX: what was moved into the trading account and out of it, at a venue in memory."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.fakes.okx_asker import OkxAsker
from tests.unit.venues.clients.okx.test_desk import opened, run

from ballast.venues.clients.account import Flow
from ballast.venues.clients.calls import CallError, Verdict
from ballast.venues.clients.okx.spot import OkxSpot
from ballast.venues.clients.okx.swap import OkxSwap

SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS
MS_NS = 1_000_000
BILL: dict[str, str] = {
    "bal": "1250.5", "balChg": "250.5", "billId": "623950854533513219", "ccy": "USDT",
    "clOrdId": "", "earnAmt": "", "earnApr": "", "execType": "", "fee": "0", "fillTime": "",
    "from": "6", "instId": "", "instType": "", "interest": "0", "mgnMode": "", "notes": "",
    "ordId": "", "pnl": "0", "posBal": "0", "posBalChg": "0", "px": "", "subType": "11",
    "sz": "250.5", "tag": "", "to": "18", "ts": "1695033476167", "type": "1",
}  # fmt: skip
"""A bill with the fields that the venue's documents list."""
DETAILS = [
    {"ccy": "USDT", "eq": "1100", "eqUsd": "1098.9"},
    {"ccy": "BTC", "eq": "0.5", "eqUsd": "30000"},
    {"ccy": "ETH", "eq": "0", "eqUsd": "0"},
]


@pytest.fixture
def asker() -> OkxAsker:
    """A venue whose coin has a price."""
    asker = OkxAsker()
    asker.venue.pass_time(SECOND_NS)
    asker.venue.walk("BTC-USDT", "60000")
    return asker


def desk_of(kind: Any, asker: OkxAsker) -> Any:
    return opened(kind(asker, asker.now_ns))


def paid(asker: OkxAsker, asset: str, amount: str, account: int = 0) -> int:
    """Pay in or out a second later; return when."""
    venue = asker.venue
    venue.pass_time(SECOND_NS)
    atoms = venue.exchange.atoms(asset, Decimal(amount))
    venue.exchange.transfer(account or venue.account, asset, atoms)
    venue.pass_time(0)
    return venue.exchange.now_ns // MS_NS


def said(asker: OkxAsker, *rows: dict[str, Any]) -> None:
    """Let the venue answer with these bills."""
    asker.says["account/bills"] = asker.says["account/bills-archive"] = {
        "code": "0",
        "data": list(rows),
    }


@pytest.mark.parametrize(("kind", "coin"), [(OkxSpot, 60_000), (OkxSwap, 0)])
def test_what_was_moved_in_and_out_is_told_oldest_first(
    kind: Any, coin: int, asker: OkxAsker
) -> None:
    """R-RISK-28: where a swap counts its own coin alone, another is worth nothing to it."""
    desk = desk_of(kind, asker)
    before = run(desk.equity("USDT"))
    times = [paid(asker, *one) for one in (("USDT", "250.5"), ("BTC", "-0.5"), ("USDT", "-40"))]
    found = run(desk.flows("USDT", times[0]))
    assert [(one.asset, one.amount, one.worth) for one in found] == [
        ("USDT", Decimal("250.5"), Decimal("250.5")),
        ("BTC", Decimal("-0.5"), Decimal("-0.5") * coin),
        ("USDT", Decimal(-40), Decimal(-40)),
    ]
    assert [one.at_ns // MS_NS for one in found] == times
    assert len({one.flow_id for one in found}) == 3
    assert found == run(desk.flows("USDT", times[0]))
    assert run(desk.equity("USDT")) - before == sum(one.worth for one in found)


def test_flows_begin_with_the_time_that_is_asked_for(asker: OkxAsker) -> None:
    """R-RISK-28: what was there before is in the baseline already."""
    desk = desk_of(OkxSwap, asker)
    at_ms = paid(asker, "USDT", "1")
    assert [one.amount for one in run(desk.flows("USDT", at_ms))] == [1]
    assert run(desk.flows("USDT", at_ms + 1)) == []
    first = run(desk.flows("USDT", at_ms - 60_000))
    assert [one.amount for one in first] == [100_000, 2, 1]  # the account was opened with them


def test_more_than_a_page_is_told_from_the_archive_too(asker: OkxAsker) -> None:
    """R-RECON-08."""
    desk = desk_of(OkxSpot, asker)
    since_ms = paid(asker, "USDT", "1")
    for number in range(2, 251):
        paid(asker, "USDT", str(number))
    amounts = list(range(1, 251))
    assert [one.amount for one in run(desk.flows("USDT", since_ms))] == amounts
    assert len(asker.asked("account/bills")) == 3
    asker.venue.pass_time(8 * DAY_NS)
    assert [one.amount for one in run(desk.flows("USDT", since_ms))] == amounts
    assert len(asker.asked("account/bills-archive")) == 3


def test_what_others_are_paid_and_what_was_traded_is_no_flow(asker: OkxAsker) -> None:
    desk = desk_of(OkxSpot, asker)
    other = asker.venue.exchange.open_account("other", {"USDT": Decimal(5)})
    at_ms = paid(asker, "USDT", "77", other)
    asker.venue.spot("buy", "market", "0.1")
    assert run(desk.flows("USDT", at_ms)) == []
    said(asker, {**BILL, "type": "2"}, BILL)
    assert run(desk.flows("USDT", at_ms)) == [
        Flow("USDT", Decimal("250.5"), Decimal("250.5"), 1695033476167 * MS_NS, BILL["billId"])
    ]


@pytest.mark.parametrize(
    ("asset", "quote", "worth"),
    [
        ("BTC", "USDT", "30030.03003"),  # 30,000 dollars at 0.999 dollars each
        ("BTC", "USDC", "30000"),  # not held, and a dollar
        ("ETH", "USDT", "1500"),  # not held any more: at its last trade
        ("DUST", "USDT", "0"),
    ],
)
@pytest.mark.parametrize("level", ["3", "4"])
def test_where_all_coins_answer_each_is_worth_its_dollars(
    level: str, asset: str, quote: str, worth: str, asker: OkxAsker
) -> None:
    """R-RISK-28."""
    desk = desk_of(OkxSwap, asker)
    desk._level = level
    said(asker, {**BILL, "ccy": asset, "balChg": "0.5"})
    asker.says["account/balance"] = {"code": "0", "data": [{"details": DETAILS}]}
    last = [
        {"instId": name, "last": price}
        for name, price in (("ETH-USDT", "3000"), ("BTC-USDT", "1"), ("NEW-USDT", ""))
    ]
    asker.says["market/tickers"] = {"code": "0", "data": last}
    (found,) = run(desk.flows(quote, 0))
    assert float(found.worth) == pytest.approx(float(worth))


def test_no_price_is_asked_for_where_none_is_needed(asker: OkxAsker) -> None:
    desk = desk_of(OkxSpot, asker)
    at_ms = paid(asker, "USDT", "1")
    run(desk.flows("USDT", at_ms))
    assert asker.asked("market/tickers") == []


@pytest.mark.parametrize(
    "broken",
    [
        {"balChg": ""}, {"balChg": "much"}, {"balChg": "-1"}, {"billId": ""}, {"ccy": ""},
        {"ts": ""}, {"subType": "12"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", [OkxSpot, OkxSwap])
def test_a_transfer_that_cannot_be_read_is_no_answer(
    kind: Any, broken: dict[str, str], asker: OkxAsker
) -> None:
    """R-RISK-28: a flow that is left out in silence would look like a profit or a loss."""
    desk = desk_of(kind, asker)
    said(asker, BILL, {**BILL, **broken})
    with pytest.raises(CallError, match="cannot be read") as caught:
        run(desk.flows("USDT", 0))
    assert caught.value.verdict is Verdict.UNCLEAR
