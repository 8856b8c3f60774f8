"""What came to an account of Binance and left it, out of the rows that the venue tells."""

from __future__ import annotations

import asyncio
import itertools
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from ballast.venues.clients.account import Flow
from ballast.venues.clients.binance.access import SPOT_WEIGHT, USDM_WEIGHT
from ballast.venues.clients.binance.faults import read_spot
from ballast.venues.clients.binance.spot import SpotDemoDesk, SpotDesk
from ballast.venues.clients.binance.usdm import UsdmDemoDesk, UsdmDesk
from ballast.venues.clients.calls import Call, CallError, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Says = Callable[[dict[str, Any]], Any]

DAY_MS = 86_400_000
NOW_MS = 1_700_000_000_000
"""2023-11-14 22:13:20."""
NS_MS = 1_000_000
DEPOSITS, WITHDRAWALS = "sapiGetCapitalDepositHisrec", "sapiGetCapitalWithdrawHistory"
TRANSFERS, INCOME = "sapiGetAssetTransfer", "fapiPrivateGetIncome"
PRICES = [{"symbol": "BTCUSDT", "price": "60000"}, {"symbol": "USDTTRY", "price": "32"}]
EMPTY: dict[str, Says] = {
    DEPOSITS: lambda _: [],
    WITHDRAWALS: lambda _: [],
    TRANSFERS: lambda _: {"total": 0},
    INCOME: lambda _: [],
    "publicGetTickerPrice": lambda _: PRICES,
    "fapiPublicV2GetTickerPrice": lambda _: PRICES,
}


class Venue:
    """Answers each method with what a test makes of its parameters."""

    key = passphrase = ""

    def __init__(self, **says: Says) -> None:
        self.says = EMPTY | says
        self.calls: list[Call] = []

    async def ask(self, call: Call) -> Any:
        self.calls.append(call)
        body = call.body
        assert isinstance(body, dict)
        return self.says[call.method](body)

    def now_ms(self) -> int:
        return NOW_MS

    def sign(self, text: str, *, digest: str = "hex") -> str:
        raise AssertionError((text, digest))

    def token(self) -> str:
        raise AssertionError

    def asked(self, method: str) -> list[dict[str, Any]]:
        return [dict(one.body) for one in self.calls if one.method == method]


def spot(venue: Venue, since_ms: int = NOW_MS - DAY_MS, quote: str = "USDT") -> list[Flow]:
    found = asyncio.run(SpotDesk(venue, lambda: 5).flows(quote, since_ms))
    assert found is not None
    return found


def usdm(venue: Venue, since_ms: int = NOW_MS - DAY_MS) -> list[Flow]:
    found = asyncio.run(UsdmDesk(venue, lambda: 5).flows("USDT", since_ms))
    assert found is not None
    return found


def deposit(number: int = 1, ago_ms: int = 1_000, **change: Any) -> dict[str, Any]:
    return {
        "id": str(number), "amount": "0.5", "coin": "USDT", "network": "ETH", "status": 1,
        "address": "0x", "txId": f"0x{number}", "insertTime": NOW_MS - ago_ms, "transferType": 0,
        "confirmTimes": "1/1", "walletType": 0,
    } | change  # fmt: skip


def withdrawal(**change: Any) -> dict[str, Any]:
    return {
        "id": "b6ae", "amount": "8.91000000", "transactionFee": "0.004", "coin": "USDT",
        "status": 6, "applyTime": "2023-11-14 22:13:19", "network": "ETH", "transferType": 0,
        "walletType": 0, "completeTime": "2023-11-14 23:50:00",
    } | change  # fmt: skip


def transfer(way: str, number: int = 9, **change: Any) -> dict[str, Any]:
    return {
        "asset": "USDT", "amount": "2", "type": way, "status": "CONFIRMED", "tranId": number,
        "timestamp": NOW_MS - 500,
    } | change  # fmt: skip


def income(number: int, ago_ms: int, **change: Any) -> dict[str, Any]:
    return {
        "symbol": "", "incomeType": "TRANSFER", "income": "-0.375", "asset": "USDT",
        "info": "TRANSFER", "time": NOW_MS - ago_ms, "tranId": number, "tradeId": "",
    } | change  # fmt: skip


# Spot -----------------------------------------------------------------------------------------


def test_what_came_what_left_and_what_went_between_wallets_is_told_in_order() -> None:
    """R-RISK-28: a withdrawal costs its fee besides; it is dated to when it was asked for."""
    venue = Venue(
        **{
            DEPOSITS: lambda _: [deposit(7, 300, coin="BTC")],
            WITHDRAWALS: lambda _: [withdrawal()],
            TRANSFERS: lambda asked: {
                "total": 1, "rows": [transfer(asked["type"], 8 if "UM" in asked["type"] else 9)],
            } if asked["type"] in {"UMFUTURE_MAIN", "MAIN_FUNDING"} else {"total": 0},
        }
    )  # fmt: skip
    gone, moved, paid, came = spot(venue)
    assert gone == Flow(
        "USDT", Decimal("-8.914"), Decimal("-8.914"), (NOW_MS - 1_000) * NS_MS, "withdrawal-b6ae"
    )
    assert (moved.amount, moved.flow_id) == (2, "transfer-8")
    assert (paid.amount, paid.flow_id) == (-2, "transfer-9")
    assert came == Flow("BTC", Decimal("0.5"), Decimal(30_000), (NOW_MS - 300) * NS_MS, "deposit-7")


@pytest.mark.parametrize(
    ("row", "counts"),
    [
        (deposit(status=0), False), (deposit(status=6), True), (deposit(status=7), False),
        (deposit(status=8), False), (deposit(status=2), False), (deposit(walletType=1), False),
        (deposit(completeTime=NOW_MS - 1), True), (deposit(completeTime=None), True),
    ],
)  # fmt: skip
def test_a_deposit_counts_once_the_balance_of_spot_has_it(
    row: dict[str, Any], *, counts: bool
) -> None:
    """R-RISK-28: one that cannot be withdrawn again yet is credited already (status 6)."""
    assert bool(spot(Venue(**{DEPOSITS: lambda _: [row]}))) is counts


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ({"status": 0}, True), ({"status": 2}, True), ({"status": 4}, True),
        ({"status": 1}, False), ({"status": 3}, False), ({"status": 5}, False),
        ({"walletType": 1}, False), ({"transferType": 1, "transactionFee": "0"}, True),
    ],
)  # fmt: skip
def test_a_withdrawal_counts_once_it_is_asked_for(change: dict[str, Any], *, counts: bool) -> None:
    """R-RISK-28: what waits for approval is in no balance, and would look like a loss."""
    assert bool(spot(Venue(**{WITHDRAWALS: lambda _: [withdrawal(**change)]}))) is counts


@pytest.mark.parametrize("status", ["PENDING", "FAILED"])
def test_a_transfer_that_is_not_confirmed_moved_nothing(status: str) -> None:
    says = {"total": 1, "rows": [transfer("UMFUTURE_MAIN", status=status)]}
    assert spot(Venue(**{TRANSFERS: lambda _: says})) == []


def test_what_was_begun_before_and_done_since_is_told_and_nothing_older() -> None:
    """R-RISK-28: the venue's `startTime` is that of the beginning, so a week more is asked for."""
    late = deposit(1, 3 * DAY_MS, completeTime=NOW_MS - 1_000)
    old = deposit(2, 3 * DAY_MS, completeTime=NOW_MS - 2 * DAY_MS)
    venue = Venue(**{DEPOSITS: lambda _: [late, old, deposit(3, 2 * DAY_MS)]})
    assert [one.flow_id for one in spot(venue)] == ["deposit-1"]
    (asked,) = venue.asked(DEPOSITS)
    assert asked["startTime"] == NOW_MS - 8 * DAY_MS
    assert asked["endTime"] >= NOW_MS


def test_a_minute_costs_six_of_the_weight() -> None:
    """R-NET-01: asked for each minute it is a thousandth of what there is."""
    venue = Venue()
    assert spot(venue) == []
    assert sum(one.cost for one in venue.calls) == 6 <= SPOT_WEIGHT / 1_000
    assert [one["type"] for one in venue.asked(TRANSFERS)] == [
        "UMFUTURE_MAIN", "MAIN_UMFUTURE", "FUNDING_MAIN", "MAIN_FUNDING",
    ]  # fmt: skip


def test_a_long_time_is_asked_for_in_spans_that_the_venue_allows() -> None:
    venue = Venue()
    spot(venue, 0)
    spans = [(one["startTime"], one["endTime"]) for one in venue.asked(WITHDRAWALS)]
    assert all(end - start < 90 * DAY_MS for start, end in spans)
    assert all(end + 1 == start for (_, end), (start, _) in itertools.pairwise(spans))
    assert spans[0][0] == NOW_MS - 187 * DAY_MS
    assert spans[-1][1] >= NOW_MS
    assert {one["startTime"] for one in venue.asked(TRANSFERS)} == {NOW_MS - 180 * DAY_MS}


def page_of(rows: Sequence[Any], asked: dict[str, Any]) -> list[Any]:
    return list(rows[asked["offset"] : asked["offset"] + asked["limit"]])


def test_all_pages_are_read_though_rows_move_on_meanwhile() -> None:
    rows = [deposit(number) for number in range(2_500)]

    def told(asked: dict[str, Any]) -> list[Any]:
        found = page_of(rows, asked)
        rows.insert(0, deposit(3_000 + asked["offset"]))  # the last ones come first
        return found

    found = spot(Venue(**{DEPOSITS: told}))
    assert {one.flow_id for one in found} >= {f"deposit-{number}" for number in range(2_500)}
    assert len({one.flow_id for one in found}) == len(found)
    many = [transfer("FUNDING_MAIN", number) for number in range(250)]

    def moved(asked: dict[str, Any]) -> Any:
        first = (asked["current"] - 1) * asked["size"]
        mine = many if asked["type"] == "FUNDING_MAIN" else []
        return {"total": len(mine), "rows": mine[first : first + asked["size"]]}

    assert len(spot(Venue(**{TRANSFERS: moved}))) == 250


@pytest.mark.parametrize("method", [DEPOSITS, WITHDRAWALS, TRANSFERS])
def test_pages_that_do_not_end_are_given_up(method: str) -> None:
    says: dict[str, Any] = {
        DEPOSITS: [deposit()] * 1_000, WITHDRAWALS: [withdrawal()] * 1_000,
        TRANSFERS: {"total": 10**6, "rows": [transfer("UMFUTURE_MAIN")]},
    }  # fmt: skip
    with pytest.raises(CallError, match="end after 50 pages"):
        spot(Venue(**{method: lambda _: says[method]}))


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        (DEPOSITS, {}), (DEPOSITS, [{}]), (DEPOSITS, [deposit(amount="much")]),
        (WITHDRAWALS, [withdrawal(applyTime="yesterday")]),
        (WITHDRAWALS, [withdrawal(transactionFee=None)]), (TRANSFERS, []),
        (TRANSFERS, {"total": 1, "rows": [transfer("UMFUTURE_MAIN", amount="NaN")]}),
        ("publicGetTickerPrice", [{"symbol": "BTCUSDT", "price": "x"}]),
    ],
)  # fmt: skip
def test_an_answer_of_another_shape_is_a_failed_call(method: str, answer: Any) -> None:
    says: dict[str, Says] = {DEPOSITS: lambda _: [deposit(coin="BTC")], method: lambda _: answer}
    with pytest.raises(CallError) as caught:
        spot(Venue(**says))
    assert caught.value.verdict is Verdict.UNCLEAR


def test_a_key_that_may_not_read_the_wallet_is_told_as_that() -> None:
    """R-RISK-28: whoever asks goes on without."""

    def refused(_: dict[str, Any]) -> Any:
        error = read_spot(401, {"code": -2015, "msg": "Invalid API-key, IP, or permissions."}, "")
        assert error is not None
        raise error

    with pytest.raises(CallError) as caught:
        spot(Venue(**{WITHDRAWALS: refused}))
    assert (caught.value.verdict, caught.value.code) == (Verdict.KEY, "-2015")


def test_a_coin_counts_as_much_as_equity_counts_it_and_without_a_price_nothing() -> None:
    rows = [deposit(1, 3, coin="TRY", amount="64"), deposit(2, 2, coin="OLD"), deposit(3, 1)]
    found = spot(Venue(**{DEPOSITS: lambda _: rows}))
    assert [one.worth for one in found] == [2, 0, Decimal("0.5")]


def test_demo_trading_has_no_wallet_of_spot_and_one_of_futures() -> None:
    venue = Venue(**{INCOME: lambda asked: [income(1, 5)] if asked["incomeType"] == "TRANSFER"
                     else []})  # fmt: skip
    assert asyncio.run(SpotDemoDesk(venue, lambda: 5).flows("USDT", 0)) is None
    assert venue.calls == []
    assert len(asyncio.run(UsdmDemoDesk(venue, lambda: 5).flows("USDT", 0)) or ()) == 1


# USD-M ----------------------------------------------------------------------------------------


def test_transfers_of_both_kinds_are_told_by_their_sign_and_asset() -> None:
    """R-RISK-28: numbers are unique within a kind only."""
    rows = {
        "TRANSFER": [income(5, 20), income(6, 10, income="0.5", asset="BTC")],
        "INTERNAL_TRANSFER": [income(5, 15, income="3", incomeType="INTERNAL_TRANSFER")],
    }
    venue = Venue(**{INCOME: lambda asked: rows[asked["incomeType"]]})
    first, inside, coin = usdm(venue)
    assert first == Flow(
        "USDT", Decimal("-0.375"), Decimal("-0.375"), (NOW_MS - 20) * NS_MS, "TRANSFER-5-USDT"
    )
    assert (inside.amount, inside.flow_id) == (3, "INTERNAL_TRANSFER-5-USDT")
    assert (coin.asset, coin.worth, coin.flow_id) == ("BTC", 30_000, "TRANSFER-6-BTC")
    assert sum(one.cost for one in venue.calls) == 62 < USDM_WEIGHT / 30
    assert not any("symbol" in one for one in venue.asked(INCOME))


def test_pages_of_income_overlap_and_go_back_three_months() -> None:
    full = [income(number, 5_000 - number) for number in range(1_000)]
    last = [income(999, 4_001), income(1_000, 4_000)]

    def told(asked: dict[str, Any]) -> list[Any]:
        if asked["incomeType"] != "TRANSFER":
            return []
        return last if asked["startTime"] == NOW_MS - 4_001 else full

    venue = Venue(**{INCOME: told})
    assert len(usdm(venue, 0)) == 1_001
    assert venue.asked(INCOME)[0]["startTime"] == NOW_MS - 90 * DAY_MS


def test_more_of_one_moment_than_a_page_holds_is_not_half_told() -> None:
    venue = Venue(**{INCOME: lambda _: [income(number, 5) for number in range(1_000)]})
    with pytest.raises(CallError, match="does not go on"):
        usdm(venue)
