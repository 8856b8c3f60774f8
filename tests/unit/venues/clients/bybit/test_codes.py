"""What each code of Bybit means: a definite refusal, a doubt, or nothing to do with the order."""

from __future__ import annotations

import pytest

from ballast.core.orders import RejectReason as Why
from ballast.venues.clients.bybit.codes import FAULTS, read_fault
from ballast.venues.clients.calls import DONE_IS_KNOWN, CallError, Verdict
from ballast.venues.simulated.engine.outcomes import Rejected
from ballast.venues.simulated.fronts.bybit import errors


def fault(code: int, text: str = "", status: int = 200) -> CallError:
    answer = {"retCode": code, "retMsg": text, "result": {}, "time": 1}
    found = read_fault(status, answer, str(answer))
    assert found is not None
    return found


# Row by row, from the venue's page "Error Codes" (v5), not from the table of the code.
REFUSED = [
    (110003, Why.PRICE_RANGE),
    (110004, Why.INSUFFICIENT_MARGIN),
    (110007, Why.INSUFFICIENT_MARGIN),
    (110009, Why.MAX_CONDITIONAL_ORDERS),
    (110013, Why.LEVERAGE),
    (110017, Why.REDUCE_ONLY),
    (110020, Why.MAX_ORDERS),
    (110025, Why.NO_CHANGE),
    (110026, Why.NO_CHANGE),
    (110030, Why.DUPLICATE_CLIENT_ID),
    (110033, Why.NO_POSITION),
    (110043, Why.NO_CHANGE),
    (110045, Why.INSUFFICIENT_MARGIN),
    (110057, Why.BAD_REQUEST),
    (110063, Why.NOT_TRADING),
    (110066, Why.NOT_TRADING),
    (110072, Why.DUPLICATE_CLIENT_ID),
    (110090, Why.MAX_POSITION),
    (110092, Why.WOULD_TRIGGER),
    (110093, Why.WOULD_TRIGGER),
    (110094, Why.MIN_NOTIONAL),
    (34040, Why.NO_CHANGE),
    (170121, Why.UNKNOWN_SYMBOL),
    (170124, Why.MAX_NOTIONAL),
    (170131, Why.INSUFFICIENT_BALANCE),
    (170132, Why.PRICE_RANGE),
    (170133, Why.PRICE_RANGE),
    (170134, Why.PRICE_RANGE),
    (170135, Why.QTY_TOO_LARGE),
    (170136, Why.QTY_TOO_SMALL),
    (170137, Why.QTY_STEP),
    (170140, Why.MIN_NOTIONAL),
    (170141, Why.DUPLICATE_CLIENT_ID),
    (170148, Why.QTY_STEP),
    (170151, Why.NOT_TRADING),
    (170193, Why.PRICE_PERCENT),
    (170210, Why.BAD_REQUEST),
    (170218, Why.WOULD_TRADE),
    (170810, Why.MAX_ORDERS),
    (170811, Why.MAX_CONDITIONAL_ORDERS),
    (3400045, Why.OPEN_ORDERS_OR_POSITION),
    (10017, Why.BAD_REQUEST),
]
OTHERS = [
    *[(code, Verdict.MISSING) for code in (110001, 110008, 110010, 170139, 170142, 170213)],
    *[(code, Verdict.CLOCK) for code in (10002, -1)],
    *[(code, Verdict.KEY) for code in (10003, 10004, 10005, 10007, 10010, 10024, 33004, -2015)],
    *[(code, Verdict.RATE) for code in (10006, 10018, 170222)],
    (10009, Verdict.BANNED),
    # What the venue itself does not know (exchanges.md 5.2), and what nobody has heard of.
    *[(code, Verdict.UNCLEAR) for code in (10000, 10016, 10019, 10429, 110079, 10014)],
    *[(code, Verdict.UNCLEAR) for code in (170001, 170007, 170146, 170147, 170149, 170234)],
    *[(code, Verdict.UNCLEAR) for code in (7, 99_999, 119_999, 179_999)],
]


@pytest.mark.parametrize(("code", "reason"), REFUSED)
def test_a_refusal_is_definite_and_has_a_reason(code: int, reason: Why) -> None:
    """R-EXCH-18."""
    found = fault(code, "no")
    assert (found.verdict, found.reason, found.code) == (Verdict.REFUSED, reason, str(code))


@pytest.mark.parametrize(("code", "verdict"), OTHERS)
def test_what_is_no_refusal_of_the_order_has_its_verdict(code: int, verdict: Verdict) -> None:
    """R-EXCH-18, R-NET-07."""
    found = fault(code)
    assert (found.verdict, found.reason) == (verdict, None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("params error: symbol invalid", Why.UNKNOWN_SYMBOL),
        ("The number of contracts exceeds minimum limit allowed", Why.QTY_TOO_SMALL),
        ("The number of contracts exceeds maximum limit allowed: too large", Why.QTY_TOO_LARGE),
        ("Qty invalid", Why.QTY_STEP),
        ("Price invalid", Why.PRICE_RANGE),
        ("position idx not match position mode", Why.POSITION_SIDE),
        ("can not set tp/sl/ts for zero position", Why.NO_POSITION),
        (
            "StopLoss:605000000 set for Buy position should be lower than base_price:600000000",
            Why.WOULD_TRIGGER,
        ),
        ("The order remains unchanged as the parameters entered match", Why.NO_CHANGE),
        ("Illegal category", Why.BAD_REQUEST),
    ],
)
def test_a_parameter_error_says_in_words_what_is_wrong(text: str, reason: Why) -> None:
    found = fault(10001, text)
    assert (found.verdict, found.reason) == (Verdict.REFUSED, reason)


@pytest.mark.parametrize("category", ["spot", "linear"])
def test_what_the_simulated_venue_refuses_is_read_back_as_what_it_meant(category: str) -> None:
    said = {"spot": errors._SPOT, "linear": errors._LINEAR}[category]
    asked_for = {Why.UNKNOWN_ORDER, Why.ALREADY_FILLED}
    alike = {  # one code of the venue's for several of ours: the first is what it is read as
        Why.PRICE_PERCENT: Why.PRICE_RANGE,
        Why.NO_PRICE: {"spot": Why.BAD_REQUEST, "linear": Why.PRICE_RANGE}[category],
        Why.NO_LIQUIDITY: {"spot": Why.BAD_REQUEST, "linear": Why.PRICE_RANGE}[category],
    }
    if category == "linear":
        alike |= {
            Why.MAX_NOTIONAL: Why.QTY_TOO_LARGE,
            Why.INSUFFICIENT_BALANCE: Why.INSUFFICIENT_MARGIN,
        }
    for reason in said:
        refusal = errors.rejected(category, Rejected(reason))
        found = fault(refusal.code, refusal.text)
        if reason in asked_for:
            assert found.verdict is Verdict.MISSING, reason
        else:
            assert (found.verdict, found.reason) == (
                Verdict.REFUSED, alike.get(reason, reason)
            ), reason  # fmt: skip


def test_no_code_means_two_things() -> None:
    table = [*((code, Verdict.REFUSED) for code, _ in REFUSED), *OTHERS]
    assert len({code for code, _ in table}) == len(table)
    assert all(one.verdict in DONE_IS_KNOWN for one in FAULTS.values() if one.reason)


def test_a_success_is_no_fault_and_what_has_no_code_is_a_doubt() -> None:
    """D7: `{}`, a list, a code of 0 behind an HTTP error."""
    assert read_fault(200, {"retCode": 0, "retMsg": "OK"}, "") is None
    for answer in ({}, [], {"result": {"orderId": "1"}}):
        found = read_fault(200, answer, "{}")
        assert found is not None
        assert found.verdict is Verdict.UNCLEAR
    late = read_fault(503, {"retCode": 0, "retMsg": "OK"}, "")
    assert late is not None
    assert late.verdict is Verdict.UNCLEAR
    assert read_fault(502, None, "<html>") is None  # HTTP's own words
    assert read_fault(200, None, '{"retCode":0,"res') is None


def test_an_address_that_asked_too_often_waits_ten_minutes_and_other_403s_are_not_that() -> None:
    """R-NET-03."""
    banned = read_fault(403, '"403, access too frequent"', '"403, access too frequent"')
    assert banned is not None
    assert (banned.verdict, banned.retry_after_s) == (Verdict.BANNED, 600.0)
    assert read_fault(403, None, "The Amazon CloudFront distribution is configured to") is None
    assert fault(10006).retry_after_s == 1.0
    assert fault(110001).retry_after_s is None
