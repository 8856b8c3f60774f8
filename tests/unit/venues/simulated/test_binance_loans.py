"""Loans of the simulated Binance: balances move, LTV follows the price, and our reader reads it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from tests.fakes.binance_desk import SpotDesk, with_ccxt

from ballast.core.settings import GateSettings
from ballast.risk.ltv.levels import Level, LtvLimits, judge
from ballast.venues.clients.binance.loans import earn_rates, open_loans
from ballast.venues.clients.calls import CallError, Verdict
from ballast.venues.simulated.fronts.keys import hmac_hex
from ballast.venues.simulated.wire.keeping import keep, put_back
from ballast.venues.simulated.wire.messages import Answer, Request

if TYPE_CHECKING:
    from ballast.venues.clients.calls import Call

START_NS = 1_700_000_000_000_000_000
NOW_NS = START_NS + 1_000_000_000
LIMITS = LtvLimits.of(GateSettings())
PAIR = {"loanCoin": "USDT", "collateralCoin": "BTC"}
TURNED = {"loanCoin": "BTC", "collateralCoin": "USDT"}
LOAN = "/sapi/v2/loan/flexible"


def send(desk: SpotDesk, method: str, path: str, **values: str) -> Any:
    asked = {**values, "timestamp": str(NOW_NS // 1_000_000)}
    asked["signature"] = hmac_hex(desk.key.secret, urlencode(asked).encode())
    headers = {"x-mbx-apikey": desk.key.key}
    request = Request(method, "api.binance.com", path, urlencode(asked), headers)
    outcome = desk.gateway.request(request, NOW_NS)
    assert isinstance(outcome, Answer)
    return outcome.response.json()


@pytest.fixture
def desk() -> SpotDesk:
    """One BTC costs 60,000 and stays there; the account has 2 of them and 100,000 USDT."""
    made = SpotDesk(START_NS, climbs=False)
    made.gateway.advance(NOW_NS)
    return made


def held(desk: SpotDesk) -> tuple[Decimal, Decimal]:
    rows = {one["asset"]: Decimal(one["free"]) for one in send(
        desk, "GET", "/api/v3/account")["balances"]}  # fmt: skip
    return rows["USDT"], rows["BTC"]


def test_a_loan_moves_balances_there_and_back(desk: SpotDesk) -> None:
    """19,500 against half a coin of 60,000 is 65 %; repaid, everything is as it was."""
    before = held(desk)
    made = send(desk, "POST", f"{LOAN}/borrow", **PAIR, collateralAmount="0.5")
    assert (made["status"], Decimal(made["loanAmount"])) == ("Succeeds", Decimal(19_500))
    assert held(desk) == (before[0] + 19_500, before[1] - Decimal("0.5"))
    row = send(desk, "GET", f"{LOAN}/ongoing/orders")["rows"][0]
    assert (row["currentLTV"], Decimal(row["totalDebt"])) == ("0.6500", 19_500)
    part = send(desk, "POST", f"{LOAN}/repay", **PAIR, repayAmount="1500")
    assert (Decimal(part["remainingDebt"]), part["currentLTV"]) == (18_000, "0.6000")
    done = send(desk, "POST", f"{LOAN}/repay", **PAIR, repayAmount="1", fullRepayment="TRUE")
    assert done["fullRepayment"] is True
    assert held(desk) == before
    assert send(desk, "GET", f"{LOAN}/ongoing/orders")["total"] == 0


def test_collateral_is_added_and_taken_back_up_to_the_initial_ltv(desk: SpotDesk) -> None:
    send(desk, "POST", f"{LOAN}/borrow", **PAIR, loanAmount="19500")
    adjust = {**PAIR, "direction": "ADDITIONAL", "adjustmentAmount": "0.5"}
    assert send(desk, "POST", f"{LOAN}/adjust/ltv", **adjust)["currentLTV"] == "0.3250"
    adjust["direction"] = "REDUCED"
    assert send(desk, "POST", f"{LOAN}/adjust/ltv", **adjust)["currentLTV"] == "0.6500"
    assert send(desk, "POST", f"{LOAN}/adjust/ltv", **adjust)["code"] == -2010


@pytest.mark.parametrize(
    ("path", "values", "code"),
    [
        ("borrow", {**PAIR}, -1102),
        ("borrow", {**PAIR, "loanAmount": "1", "collateralAmount": "1"}, -1102),
        ("borrow", {**PAIR, "collateralAmount": "3"}, -2010),
        ("borrow", {**TURNED, "collateralAmount": "0.00000001"}, -1013),
        ("borrow", {**PAIR, "collateralAmount": "0.5000000001"}, -1100),
        ("borrow", {**PAIR, "loanAmount": "1.0000000001"}, -1100),
        ("borrow", {**PAIR, "loanAmount": "1", "more": "1"}, -1104),
        ("borrow", {"loanCoin": "ETH", "collateralCoin": "BTC", "loanAmount": "1"}, -1102),
        ("repay", {**PAIR, "repayAmount": "1"}, -1128),
        ("adjust/ltv", {**PAIR, "adjustmentAmount": "1", "direction": "UP"}, -1128),
    ],
)
def test_what_cannot_be_is_refused_and_moves_nothing(
    path: str, values: dict[str, str], code: int, desk: SpotDesk
) -> None:
    before = held(desk)
    assert send(desk, "POST", f"{LOAN}/{path}", **values)["code"] == code
    assert held(desk) == before


def test_loans_outlive_the_front_end(desk: SpotDesk) -> None:
    send(desk, "POST", f"{LOAN}/borrow", **PAIR, loanAmount="19500")
    before = send(desk, "GET", f"{LOAN}/ongoing/orders")
    saved = keep(desk.front)
    desk.front.loans.open.clear()
    put_back(desk.front, saved)
    assert send(desk, "GET", f"{LOAN}/ongoing/orders") == before


class ByCcxt:
    """An asker that is plain ccxt: what our reader is given is what the wire says."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.asked: list[str] = []

    async def ask(self, call: Call) -> Any:
        self.asked.append(call.method)
        return await getattr(self.client, call.method)(call.body)


def test_our_reader_reads_what_ccxt_brings_and_a_fall_alarms() -> None:
    """R-CLI-11: borrowed at 65 %, judged critical; 20,000 repaid of 39,000 and it is fine."""

    async def scene(desk: SpotDesk, client: Any) -> None:
        asker = ByCcxt(client)
        assert await open_loans(asker) == ()
        assert asker.asked == ["sapiV2GetLoanFlexibleOngoingOrders"], "no loan, no bounds"
        await client.sapiV2PostLoanFlexibleBorrow({**PAIR, "collateralAmount": "1"})
        (loan,) = await open_loans(asker)
        assert (loan.name, loan.collateral) == ("USDT-BTC", 1)
        assert (loan.margin_call, loan.liquidation) == (0.75, 0.83)
        found = judge([loan], await earn_rates(asker), LIMITS)
        assert found.level is Level.CRITICAL
        assert found.ltv == pytest.approx(0.65, abs=1e-3)
        await client.sapiV2PostLoanFlexibleRepay({**PAIR, "repayAmount": "20000"})
        assert judge(await open_loans(asker), [], LIMITS).level is Level.FINE
        assert desk.exchange.balance(desk.account, "BTC").total_atoms == 10**8

    with_ccxt(scene, climbs=False)


@pytest.mark.parametrize(
    "answer",
    [
        {}, {"rows": [{}], "total": 1}, {"rows": [], "total": "many"}, [], None,
        {"rows": [{"loanCoin": "USDT", "totalDebt": "much", "collateralCoin": "BTC",
                   "collateralAmount": "1", "currentLTV": "0.1"}], "total": 1},
        {"rows": [{"loanCoin": "USDT", "totalDebt": "-1", "collateralCoin": "BTC",
                   "collateralAmount": "1", "currentLTV": "0.1"}], "total": 1},
    ],
)  # fmt: skip
def test_an_answer_of_another_shape_is_a_failed_call(answer: Any) -> None:
    class Says:
        async def ask(self, call: Call) -> Any:
            return answer if "Ongoing" in call.method else {"rows": [], "total": 0}

    with pytest.raises(CallError) as error:
        asyncio.run(open_loans(Says()))  # type: ignore[arg-type]
    assert error.value.verdict is Verdict.UNCLEAR


def test_all_pages_are_asked_for_and_an_endless_one_is_given_up() -> None:
    row = {"asset": "BTC", "latestAnnualPercentageRate": "0.01", "canPurchase": True}

    class Pages:
        def __init__(self, total: int) -> None:
            self.total, self.asked = total, 0

        async def ask(self, call: Call) -> Any:
            self.asked += 1
            assert call.body == {"current": self.asked, "size": 100}
            left = self.total - 100 * (self.asked - 1)
            return {"rows": [row] * min(100, left), "total": self.total}

    pages = Pages(250)
    assert len(asyncio.run(earn_rates(pages))) == 250  # type: ignore[arg-type]
    assert pages.asked == 3
    with pytest.raises(CallError, match="does not end"):
        asyncio.run(earn_rates(Pages(10**6)))  # type: ignore[arg-type]
