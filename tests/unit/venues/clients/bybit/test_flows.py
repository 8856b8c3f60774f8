"""Flows of Bybit: what was paid in and out, from a script and from the simulated venue's log."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.bybit_desk import NAME, NS_MS, START_NS, BybitDesk
from tests.unit.venues.clients.bybit import asked
from tests.unit.venues.clients.bybit.asked import ScriptedAsker, listed
from tests.unit.venues.clients.bybit.test_desk import linear, run, spot

from ballast.core.time import DAY_MS
from ballast.venues.clients.account import Flow
from ballast.venues.clients.bybit.codes import read_fault
from ballast.venues.clients.bybit.desk import BybitLinear, BybitSpot
from ballast.venues.clients.calls import CallError, Verdict

if TYPE_CHECKING:
    from ballast.venues.clients.calls import Call

LOG = "privateGetV5AccountTransactionLog"
WALLET = "privateGetV5AccountWalletBalance"
TICKERS = "publicGetV5MarketTickers"
PATHS = {
    LOG: "/v5/account/transaction-log",
    WALLET: "/v5/account/wallet-balance",
    TICKERS: "/v5/market/tickers",
}
ROW: dict[str, Any] = {
    "id": "592324_USDT_161440249321", "symbol": "", "category": "", "side": "None",
    "transactionTime": "1699999000000", "type": "TRANSFER_IN", "transSubType": "", "qty": "0",
    "size": "0", "currency": "USDT", "tradePrice": "", "funding": "", "fee": "0",
    "cashFlow": "250.5", "change": "250.5", "cashBalance": "1250.5", "feeRate": "",
    "bonusChange": "", "tradeId": "", "orderId": "", "orderLinkId": "", "extraFees": "",
}  # fmt: skip
"""A row with the fields that the venue's documents list."""
OUT = {**ROW, "id": "7", "type": "TRANSFER_OUT", "change": "-40", "cashFlow": "-40"}
COIN = {**ROW, "id": "8", "currency": "BTC", "change": "0.5"}
HELD = {
    "totalEquity": "31098.9",
    "coin": [
        {"coin": "BTC", "equity": "0.5", "usdValue": "30000"},
        {"coin": "USDT", "equity": "1100", "usdValue": "1098.9"},
        {"coin": "ETH", "equity": "0", "usdValue": "0"},
    ],
}
DAY_AGO = asked.NOW_MS - DAY_MS


class InMemory(ScriptedAsker):
    """Asks a simulated venue in memory."""

    def __init__(self, venue: BybitDesk) -> None:
        """Ask this venue."""
        super().__init__()
        self.venue = venue

    async def ask(self, call: Call) -> Any:
        """Send a question."""
        self.calls.append(call)
        given = {name: value for name, value in dict(call.params).items() if value is not None}
        answer = self.venue.get(PATHS[call.method], **given)
        fault = read_fault(200, answer, json.dumps(answer))
        if fault is not None:
            raise fault
        return answer

    def now_ms(self) -> int:
        """Return the venue's time."""
        return self.venue.now_ns // NS_MS


@pytest.fixture
def venue() -> BybitDesk:
    """A venue that has traded, a second after it opened."""
    venue = BybitDesk()
    venue.at(1)
    bought = {"side": "Buy", "orderType": "Market", "qty": "0.1", "marketUnit": "baseCoin"}
    assert venue.order("spot", **bought)["retCode"] == 0
    return venue


def paid(venue: BybitDesk, at_s: float, asset: str, amount: str, account: int = 0) -> None:
    """Pay in or out at a time after the start."""
    venue.at(at_s)
    atoms = venue.exchange.atoms(asset, Decimal(amount))
    venue.exchange.transfer(account or venue.account, asset, atoms)
    venue.at(at_s)


@pytest.mark.parametrize("kind", [BybitSpot, BybitLinear])
def test_what_was_paid_in_and_out_is_told_oldest_first(kind: Any, venue: BybitDesk) -> None:
    """R-RISK-28: amount, worth, time and a name that stays, of the account that both share."""
    since_ms = START_NS // NS_MS + 2_000
    paid(venue, 2, "USDT", "250.5")
    paid(venue, 3, "BTC", "-0.5")
    paid(venue, 4, "USDT", "-40")
    desk = kind(InMemory(venue), lambda: 0)
    before, found = run(desk.equity("USDT")), run(desk.flows("USDT", since_ms))
    price = venue.ask("/v5/market/tickers", category="spot", symbol=NAME)["result"]["list"][0]
    assert [(one.asset, one.amount, one.at_ns) for one in found] == [
        ("USDT", Decimal("250.5"), START_NS + 2_000 * NS_MS),
        ("BTC", Decimal("-0.5"), START_NS + 3_000 * NS_MS),
        ("USDT", Decimal(-40), START_NS + 4_000 * NS_MS),
    ]
    worth = [one.worth for one in found]
    assert worth == [Decimal("250.5"), Decimal("-0.5") * Decimal(price["lastPrice"]), Decimal(-40)]
    assert len({one.flow_id for one in found}) == 3
    assert found == run(desk.flows("USDT", since_ms))
    paid(venue, 5, "BTC", "1")  # what equity changes by is what the flow is worth
    (new,) = run(desk.flows("USDT", since_ms + 3_000))
    assert run(desk.equity("USDT")) - before == new.worth > 0


def test_flows_begin_with_the_time_that_is_asked_for(venue: BybitDesk) -> None:
    """R-RISK-28: what was there before is in the baseline already."""
    paid(venue, 2, "USDT", "1")
    desk = BybitSpot(InMemory(venue), lambda: 0)
    at_ms = START_NS // NS_MS + 2_000
    assert [one.amount for one in run(desk.flows("USDT", at_ms))] == [1]
    assert run(desk.flows("USDT", at_ms + 1)) == []
    first = run(desk.flows("USDT", START_NS // NS_MS))
    assert [one.amount for one in first] == [100_000, 2, 1]  # the account was opened with them


def test_more_than_a_page_of_several_weeks_is_told(venue: BybitDesk) -> None:
    """R-RECON-08."""
    days, each = (2, 9, 17), 60
    for day in days:
        for number in range(each):
            paid(venue, day * 86_400 + number, "USDT", str(number + 1))
    asker = InMemory(venue)
    found = run(BybitLinear(asker, lambda: 0).flows("USDT", START_NS // NS_MS + 5_000))
    assert [one.amount for one in found] == [one + 1 for one in range(each)] * len(days)
    spans = {(one["startTime"], one["endTime"]) for one in asker.asked(LOG)}
    assert all(end - start < 7 * DAY_MS for start, end in spans)
    assert len(spans) == 3


def test_what_others_are_paid_is_not_ours(venue: BybitDesk) -> None:
    other = venue.exchange.open_account("other", {"USDT": Decimal(5)})
    paid(venue, 2, "USDT", "77", other)
    desk = BybitSpot(InMemory(venue), lambda: 0)
    assert run(desk.flows("USDT", START_NS // NS_MS + 2_000)) == []


def test_each_kind_of_transfer_is_asked_for_by_itself() -> None:
    """Trades would fill the pages otherwise; other rows that come are passed over."""
    desk, asker = linear(**{LOG: [listed({**ROW, "type": "TRADE"}, ROW), listed(OUT)]})
    assert run(desk.flows("USDT", DAY_AGO)) == [
        Flow("USDT", Decimal("250.5"), Decimal("250.5"), 1699999000_000_000_000, ROW["id"]),
        Flow("USDT", Decimal(-40), Decimal(-40), 1699999000_000_000_000, "7"),
    ]
    assert [one["type"] for one in asker.asked(LOG)] == ["TRANSFER_IN", "TRANSFER_OUT"]
    first = asker.asked(LOG)[0]
    assert (first["accountType"], first["limit"], first["startTime"]) == ("UNIFIED", 50, DAY_AGO)
    assert len(asker.calls) == 2  # nothing else has to be known


def test_a_row_that_two_pages_show_is_one_flow() -> None:
    """The log moves on by a row while its pages are read."""
    pages = [listed(ROW, cursor="2"), listed(ROW), asked.NONE]
    desk, _ = spot(**{LOG: pages})
    assert len(run(desk.flows("USDT", DAY_AGO))) == 1


@pytest.mark.parametrize(
    ("asset", "quote", "worth"),
    [
        ("BTC", "USDT", "30030.03003003"),  # 30,000 dollars at 0.999 dollars each
        ("BTC", "USDC", "30000"),  # not held, and a dollar
        ("USDT", "BTC", "0.00832500"),
        ("ETH", "USDT", "1501.50150150"),  # not held any more: at its last trade
        ("ETH", "BTC", "0.02500000"),
        ("DUST", "USDT", "0"),
        ("BTC", "EUR", "23076.92307692"),
    ],
)
def test_a_coin_is_worth_what_equity_counts_it_as(asset: str, quote: str, worth: str) -> None:
    """R-RISK-28."""
    row = {**COIN, "currency": asset, "change": "500" if asset == "USDT" else "0.5"}
    prices = {"ETHUSDT": "3000", "BTCUSDT": "59999", "EURUSDT": "1.3", "NEWUSDT": ""}
    rows = [{"symbol": name, "lastPrice": price} for name, price in prices.items()]
    desk, asker = spot(
        **{LOG: [listed(row), asked.NONE], WALLET: listed(HELD), TICKERS: listed(*rows)}
    )
    (found,) = run(desk.flows(quote, DAY_AGO))
    assert found.worth == Decimal(worth)
    assert asker.asked(TICKERS) in ([], [{"category": "spot"}])


def test_a_quote_without_a_price_is_no_answer() -> None:
    desk, _ = spot(**{LOG: [listed(ROW), asked.NONE], WALLET: listed(HELD), TICKERS: asked.NONE})
    with pytest.raises(CallError, match="no price"):
        run(desk.flows("EUR", DAY_AGO))


@pytest.mark.parametrize(
    "broken",
    [
        {"change": ""}, {"change": "much"}, {"change": "-250.5"}, {"change": None}, {"id": ""},
        {"currency": ""}, {"transactionTime": ""}, {"transactionTime": None},
    ],
)  # fmt: skip
def test_a_transfer_that_cannot_be_read_is_no_answer(broken: dict[str, Any]) -> None:
    """R-RISK-28: a flow that is left out in silence would look like a profit or a loss."""
    desk, _ = linear(**{LOG: [listed(ROW, {**ROW, "id": "9", **broken}), asked.NONE]})
    with pytest.raises(CallError, match="cannot be read") as caught:
        run(desk.flows("USDT", DAY_AGO))
    assert caught.value.verdict is Verdict.UNCLEAR
