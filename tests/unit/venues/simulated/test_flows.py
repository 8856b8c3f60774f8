"""Deposits and withdrawals of the simulated venues, as our desks read them (R-RISK-28)."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from tests.fakes import kraken_desk, usdm_desk
from tests.fakes.binance_desk import SpotDesk

from ballast.venues.clients.binance.spot import SpotDesk as SpotClient
from ballast.venues.clients.binance.usdm import UsdmDesk as UsdmClient
from ballast.venues.clients.kraken.desk import KrakenDesk as KrakenClient
from ballast.venues.simulated.fronts.keys import hmac_hex
from ballast.venues.simulated.wire.keeping import keep, put_back
from ballast.venues.simulated.wire.messages import Answer, Request, Response, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ballast.venues.clients.account import Flow
    from ballast.venues.clients.calls import Call

START_NS = 1_700_000_000_000_000_000
START_MS = START_NS // 1_000_000
NS_MS = 1_000_000
PATHS = {
    "sapiGetCapitalDepositHisrec": "/sapi/v1/capital/deposit/hisrec",
    "sapiGetCapitalWithdrawHistory": "/sapi/v1/capital/withdraw/history",
    "sapiGetAssetTransfer": "/sapi/v1/asset/transfer",
    "publicGetTickerPrice": "/api/v3/ticker/price",
    "fapiPrivateGetIncome": "/fapi/v1/income",
    "fapiPublicV2GetTickerPrice": "/fapi/v2/ticker/price",
}
DEPOSITS, WITHDRAWALS = PATHS["sapiGetCapitalDepositHisrec"], PATHS["sapiGetCapitalWithdrawHistory"]
TRANSFERS, LOAN = PATHS["sapiGetAssetTransfer"], "/sapi/v2/loan/flexible"
FLOWS: dict[str, tuple[str, int]] = {"spot": ("USDT", 1_000), "usdm": ("USDT", 1_000),
                                     "kraken": ("USD", 50)}  # fmt: skip
"""By venue: the quote asset, and the rows of a page."""
SPOTS = ("spot", "kraken")


class Scene:
    """A venue in memory and our desk at it, with nothing but the front end between them."""

    key = passphrase = ""

    def __init__(self, venue: str) -> None:
        self.venue, (self.quote, self.page) = venue, FLOWS[venue]
        self.now_ms = START_MS
        self.asked: list[str] = []
        if venue == "spot":
            self.desk: Any = SpotDesk(START_NS, climbs=False)
            self.client: Any = SpotClient(self._asker(), lambda: 0)
        elif venue == "usdm":
            self.desk = usdm_desk.UsdmDesk(START_NS)
            self.client = UsdmClient(self._asker(), lambda: 0)
        else:
            self.desk = kraken_desk.KrakenDesk(START_NS, tier=kraken_desk.UNHURRIED)
            self.client = KrakenClient(self._asker(), lambda: 0)
            asyncio.run(self.client.load())
        self.at(1)

    def _asker(self) -> Any:
        scene = self

        class Asker:
            async def ask(self, call: Call) -> Any:
                scene.asked.append(call.method)
                return scene.answer(call.method, call.body)

            def now_ms(self) -> int:
                return scene.now_ms

        return Asker()

    def at(self, ms: int) -> None:
        """Let so many milliseconds of the scene have passed."""
        self.now_ms = START_MS + ms
        self.desk.now_ns = self.now_ms * NS_MS
        self.desk.gateway.advance(self.desk.now_ns)

    def move(self, ms: int, amount: str, asset: str = "", *, account: int = 0) -> None:
        """Deposit, or, negative, withdraw, at a time."""
        self.at(ms)
        exchange, asset = self.desk.exchange, asset or self.quote
        atoms = exchange.atoms(asset, Decimal(amount))
        exchange.transfer(account or self.desk.account, asset, atoms)
        self.at(ms)

    def answer(self, method: str, body: Mapping[str, Any]) -> Any:
        """Return what the front end answers to a call."""
        if method.startswith("privatePost"):
            return {"result": self.desk.ask(method.removeprefix("privatePost"), **body)}
        if self.venue == "kraken":
            return {"result": self.desk.get(method.removeprefix("publicGet"), **body)}
        return self.send("GET", PATHS[method], **body)

    def send(self, method: str, path: str, **values: Any) -> Any:
        """Send a signed request to Binance."""
        given = values if "ticker" in path else {**values, "timestamp": str(self.now_ms)}
        text = urlencode(given)
        if "ticker" not in path:
            text += f"&signature={hmac_hex(self.desk.key.secret, text.encode())}"
        host = usdm_desk.HOST if self.venue == "usdm" else "api.binance.com"
        request = Request(method, host, path, text, {"x-mbx-apikey": self.desk.key.key})
        outcome = self.desk.gateway.request(request, self.now_ms * NS_MS)
        assert isinstance(outcome, Answer)
        return outcome.response.json()

    def flows(self, since_ms: int = 2) -> list[Flow]:
        """Return the flows since so many milliseconds of the scene."""
        found = asyncio.run(self.client.flows(self.quote, START_MS + since_ms))
        assert found is not None
        return list(found)


@pytest.fixture(params=list(FLOWS))
def scene(request: pytest.FixtureRequest) -> Scene:
    return Scene(request.param)


def test_a_deposit_and_a_withdrawal_come_back_with_amount_worth_and_time(scene: Scene) -> None:
    """R-RISK-28, R-RECON-08: what moved is told to the last digit, with an id that stays."""
    scene.move(1_000, "250.5")
    scene.move(3_000, "-100.25")
    came, gone = found = scene.flows()
    assert (came.asset, came.amount, came.worth) == (scene.quote, Decimal("250.5"), came.amount)
    assert (gone.asset, gone.amount, gone.worth) == (scene.quote, Decimal("-100.25"), gone.amount)
    assert [one.at_ns - START_NS for one in found] == [10**9, 3 * 10**9]
    assert came.flow_id != gone.flow_id
    asked = scene.asked[-20:]
    assert not any("Ticker" in one for one in asked), "no price is needed for quote"
    scene.move(9_000, "1")
    assert scene.flows()[:2] == found


@pytest.mark.parametrize("venue", SPOTS)
def test_other_coins_are_worth_their_last_price(venue: str) -> None:
    """R-RISK-28: 60,000 a coin, which is what equity counts them as."""
    scene = Scene(venue)
    scene.desk.exchange.street.trade(next(iter(scene.desk.exchange.listings)), 1, 6_000_000, 1)
    scene.desk.exchange.settle()
    scene.move(1_000, "0.5", "BTC")
    scene.move(2_000, "-0.25", "BTC")
    assert [(one.asset, one.amount, one.worth) for one in scene.flows()] == [
        ("BTC", Decimal("0.5"), Decimal(30_000)), ("BTC", Decimal("-0.25"), Decimal(-15_000)),
    ]  # fmt: skip


def test_nothing_from_before_is_told(scene: Scene) -> None:
    """R-RISK-28: to the millisecond; the opening balance is a deposit like others."""
    scene.move(5_000, "1")
    scene.move(5_001, "2")
    assert [one.amount for one in scene.flows(5_001)] == [2]
    assert [one.amount for one in scene.flows(5_000)] == [1, 2]
    assert scene.flows(5_002) == []
    assert {one.worth for one in scene.flows(-1)} >= {Decimal(100_000)}


def test_a_withdrawal_of_binance_spot_is_dated_to_its_second() -> None:
    scene = Scene("spot")
    scene.move(5_700, "-3")
    (gone,) = scene.flows(5_600)
    assert gone.at_ns - START_NS == 5 * 10**9
    assert scene.flows(6_000) == []


def test_more_than_a_page_of_them_all_come(scene: Scene) -> None:
    """R-RISK-28, R-RECON-08: and in the order in which they came."""
    count = 2 * scene.page + 1
    for number in range(1, count + 1):
        scene.move(10 + number, str(number))
    found = scene.flows()
    assert [one.amount for one in found] == list(range(1, count + 1))
    assert len({one.flow_id for one in found}) == count


def test_those_of_another_account_are_not_shown(scene: Scene) -> None:
    """R-RECON-08."""
    other = scene.desk.exchange.open_account("other", {scene.quote: Decimal(70)})
    scene.move(1_000, "5", account=other)
    scene.move(1_001, "-6", account=other)
    assert scene.flows() == []
    scene.move(1_002, "7")
    assert [one.amount for one in scene.flows()] == [7]


def test_they_outlive_the_front_end(scene: Scene) -> None:
    scene.move(1_000, "5")
    scene.move(3_000, "-2")
    before, saved = scene.flows(), keep(scene.desk.front)
    fresh = Scene(scene.venue)
    put_back(fresh.desk.front, saved)
    fresh.desk.nonce = 1_000  # Kraken's only grow
    fresh.at(3_000)
    assert fresh.flows() == before
    fresh.move(4_000, "1")
    assert len({one.flow_id for one in fresh.flows()}) == 3


# Rows -----------------------------------------------------------------------------------------


def test_the_pages_of_the_wallet_are_shaped_as_the_documents_show_them() -> None:
    scene = Scene("spot")
    scene.move(1_500, "5")
    scene.move(3_500, "-2.5")
    (came,) = scene.send("GET", DEPOSITS, startTime=START_MS + 2)
    assert {name: came[name] for name in ("id", "amount", "coin", "status", "insertTime")} == {
        "id": "3", "amount": "5.00000000", "coin": "USDT", "status": 1,
        "insertTime": START_MS + 1_500,
    }  # fmt: skip
    (gone,) = scene.send("GET", WITHDRAWALS)
    told = {name: gone[name] for name in ("amount", "coin", "status", "applyTime", "walletType")}
    assert told == {
        "amount": "2.50000000", "coin": "USDT", "status": 6, "applyTime": "2023-11-14 22:13:23",
        "walletType": 0,
    }  # fmt: skip
    assert scene.send("GET", TRANSFERS, type="MAIN_UMFUTURE") == {"total": 0, "rows": []}


@pytest.mark.parametrize(
    ("path", "values", "count"),
    [
        (DEPOSITS, {}, 4), (DEPOSITS, {"coin": "BTC"}, 1), (DEPOSITS, {"status": 0}, 0),
        (DEPOSITS, {"offset": 1, "limit": 2}, 2), (DEPOSITS, {"offset": 3}, 1),
        (DEPOSITS, {"endTime": START_MS}, 2), (WITHDRAWALS, {"status": 6}, 0),
        (WITHDRAWALS, {"status": 2}, 0),
    ],
)  # fmt: skip
def test_pages_are_cut_as_they_are_asked_for(path: str, values: dict[str, Any], count: int) -> None:
    scene = Scene("spot")
    scene.move(1_500, "5")
    scene.move(1_600, "6")
    assert len(scene.send("GET", path, **values)) == count


@pytest.mark.parametrize(
    ("path", "values", "code"),
    [
        (DEPOSITS, {"status": 3}, -1100), (WITHDRAWALS, {"status": 7}, -1100),
        (DEPOSITS, {"startTime": START_MS - 91 * 86_400_000}, -1127), (TRANSFERS, {}, -1102),
        (TRANSFERS, {"type": "MAIN_MOON"}, -1100), (DEPOSITS, {"colour": "red"}, -1104),
    ],
)  # fmt: skip
def test_a_question_the_wallet_does_not_know_is_refused(
    path: str, values: dict[str, Any], code: int
) -> None:
    assert Scene("spot").send("GET", path, **values)["code"] == code


def test_what_a_loan_moves_is_no_deposit() -> None:
    """The pages of loans tell it: the money is owed."""
    scene = Scene("spot")
    pair = {"loanCoin": "USDT", "collateralCoin": "BTC"}
    scene.send("POST", f"{LOAN}/borrow", **pair, collateralAmount="0.5")
    scene.send("POST", f"{LOAN}/repay", **pair, repayAmount="1", fullRepayment="TRUE")
    assert scene.flows() == []
    scene.move(1_000, "19500")  # as much as was lent, and no loan
    assert [one.amount for one in scene.flows()] == [19_500]


def test_the_income_of_usdm_names_a_transfer_and_no_symbol() -> None:
    scene = Scene("usdm")
    scene.move(1_000, "-2.5")
    *_, row = scene.send("GET", PATHS["fapiPrivateGetIncome"], incomeType="TRANSFER")
    assert row == {
        "symbol": "", "incomeType": "TRANSFER", "income": "-2.50000000", "asset": "USDT",
        "info": "TRANSFER", "time": START_MS + 1_000, "tranId": 2, "tradeId": "",
    }  # fmt: skip
    assert scene.send("GET", PATHS["fapiPrivateGetIncome"], incomeType="INTERNAL_TRANSFER") == []


def test_the_ledger_of_kraken_has_entries_as_the_documents_show_them() -> None:
    scene = Scene("kraken")
    scene.move(1_250, "5")
    said = scene.desk.ask("Ledgers", type="deposit", start=str(START_MS // 1_000), asset="ZUSD")
    ((ledger_id, row),) = said["ledger"].items()
    assert said["count"] == 1
    assert ledger_id.startswith("L")
    assert {name: row[name] for name in row if name != "refid"} == {
        "time": 1_700_000_001.25, "type": "deposit", "subtype": "", "aclass": "currency",
        "asset": "ZUSD", "amount": "5.00000000", "fee": "0.00000000", "balance": "100005.00000000",
    }  # fmt: skip
    assert scene.desk.ask("Ledgers", type="deposit", start=ledger_id)["count"] == 0
    assert scene.desk.ask("Ledgers", type="deposit", end=ledger_id)["count"] == 3
    assert scene.desk.ask("Ledgers", type="transfer")["count"] == 0
    assert scene.desk.ask("Ledgers", type="deposit", asset="XBT")["count"] == 1
    for wrong in ({}, {"type": "trade"}, {"type": "gift"}):
        assert scene.desk.ask("Ledgers", **wrong) == "EGeneral:Invalid arguments:type"
    assert scene.desk.ask("Ledgers", type="deposit", start="LA") == (
        "EGeneral:Invalid arguments:start"
    )


# Streams --------------------------------------------------------------------------------------


def test_the_stream_of_spot_tells_what_moved_before_the_balance() -> None:
    """R-RECON-08."""
    scene = Scene("spot")
    request = Request("GET", "ws-api.binance.com", "/ws-api/v3", "")
    opened = scene.desk.gateway.connect(request, scene.now_ms * NS_MS)
    assert not isinstance(opened, Response)
    values = {"apiKey": scene.desk.key.key, "timestamp": str(scene.now_ms)}
    values["signature"] = hmac_hex(
        scene.desk.key.secret, urlencode(sorted(values.items())).encode()
    )
    method = "userDataStream.subscribe.signature"
    text = json.dumps({"id": 1, "method": method, "params": values})
    scene.desk.gateway.receive(opened, text, scene.now_ms * NS_MS)
    scene.move(1_000, "-2.5")
    frames = [
        json.loads(one.text)
        for one in scene.desk.gateway.take(opened, scene.now_ms * NS_MS)
        if isinstance(one, Text)
    ]
    moved, balance = (one["event"] for one in frames if "event" in one)
    at_ms = START_MS + 1_000
    assert moved == {"e": "balanceUpdate", "E": at_ms, "a": "USDT", "d": "-2.50000000", "T": at_ms}
    assert balance["e"] == "outboundAccountPosition"
    assert balance["B"] == [{"a": "USDT", "f": "99997.50000000", "l": "0.00000000"}]


def test_the_stream_of_kraken_names_the_entries_of_the_ledger() -> None:
    """R-RECON-08."""
    scene = Scene("kraken")
    stream = scene.desk.open(private=True)
    token = scene.desk.ask("GetWebSocketsToken")["token"]
    asked = {"channel": "balances", "token": token, "snapshot": False}
    stream.send({"method": "subscribe", "params": asked})
    scene.move(1_000, "5")
    scene.move(2_000, "-2")
    told = [one["data"][0] for one in stream.heard() if one.get("channel") == "balances"]
    assert [(one["type"], one["amount"]) for one in told] == [
        ("deposit", "5.00000000"), ("withdrawal", "-2.00000000"),
    ]  # fmt: skip
    assert [one["ledger_id"] for one in told] == [one.flow_id for one in scene.flows()]
