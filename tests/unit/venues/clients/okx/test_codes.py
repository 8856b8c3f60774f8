"""What each code of OKX means: a definite refusal, a doubt, or nothing to do with the order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ballast.core.orders import RejectReason as Why
from ballast.venues.clients.calls import CallError, Verdict
from ballast.venues.clients.okx.codes import FAULTS, read_fault
from ballast.venues.simulated.engine.outcomes import Rejected
from ballast.venues.simulated.fronts.okx import errors


def fault(answer: Any, status: int = 200) -> CallError | None:
    return read_fault(status, answer, json.dumps(answer))


def whole(code: int | str) -> CallError:
    """Return what a code of the answer means."""
    found = fault({"code": str(code), "data": [], "msg": "text"})
    assert found is not None
    return found


def item(code: int | str, of: str = "1") -> CallError:
    """Return what a code beside an order means, under a code of the answer."""
    found = fault({"code": of, "data": [{"ordId": "", "sCode": str(code), "sMsg": "x"}], "msg": ""})
    assert found is not None
    return found


# Row by row, from the venue's pages "Error Code", not from the table of the code.
REFUSED = [
    (50014, Why.BAD_REQUEST),
    (50015, Why.BAD_REQUEST),
    (50020, Why.NOT_TRADING),
    (50037, Why.EXPIRY),
    (50071, Why.DUPLICATE_CLIENT_ID),
    (50072, Why.NOT_SUPPORTED),
    (51000, Why.BAD_REQUEST),
    (51001, Why.UNKNOWN_SYMBOL),
    (51004, Why.MAX_POSITION),
    (51005, Why.QTY_TOO_LARGE),
    (51006, Why.PRICE_PERCENT),
    (51007, Why.QTY_TOO_SMALL),
    (51008, Why.INSUFFICIENT_BALANCE),
    (51010, Why.NOT_SUPPORTED),
    (51016, Why.DUPLICATE_CLIENT_ID),
    (51020, Why.QTY_TOO_SMALL),
    (51022, Why.NOT_TRADING),
    (51023, Why.NO_POSITION),
    (51025, Why.MAX_ORDERS),
    (51028, Why.NOT_TRADING),
    (51030, Why.NOT_TRADING),
    (51065, Why.DUPLICATE_CLIENT_ID),
    (51101, Why.QTY_TOO_LARGE),
    (51109, Why.NO_LIQUIDITY),
    (51112, Why.REDUCE_ONLY),
    (51121, Why.QTY_STEP),
    (51131, Why.INSUFFICIENT_BALANCE),
    (51139, Why.NOT_SUPPORTED),
    (51155, Why.NOT_SUPPORTED),
    (51169, Why.REDUCE_ONLY),
    (51170, Why.REDUCE_ONLY),
    (51174, Why.MAX_ORDERS),
    (51201, Why.MAX_NOTIONAL),
    (51204, Why.BAD_REQUEST),
    (51261, Why.MAX_CONDITIONAL_ORDERS),
    (51278, Why.WOULD_TRIGGER),
    (51280, Why.WOULD_TRIGGER),
    (51304, Why.WOULD_TRIGGER),
    (51415, Why.NOT_SUPPORTED),
    (51502, Why.INSUFFICIENT_BALANCE),
    (51506, Why.NOT_SUPPORTED),
    (51511, Why.WOULD_TRADE),
    (51529, Why.NOT_SUPPORTED),
    (52000, Why.NO_CHANGE),
    (59000, Why.OPEN_ORDERS_OR_POSITION),
    (59102, Why.LEVERAGE),
    (59108, Why.INSUFFICIENT_MARGIN),
]
OTHERS = [
    *[(code, Verdict.MISSING) for code in (51400, 51401, 51402, 51410, 51412, 51416, 51503, 51603)],
    *[(code, Verdict.RATE) for code in (50011, 50040, 50061)],
    *[(code, Verdict.CLOCK) for code in (50102, 50112)],
    *[(code, Verdict.KEY) for code in (50100, 50101, 50103, 50105, 50110, 50111, 50113, 50119)],
    *[(code, Verdict.KEY) for code in (50120, 51024)],
    (50001, Verdict.MAINTENANCE),
    # What the venue itself does not know (exchanges.md 5.2), and what nobody has heard of.
    *[(code, Verdict.UNCLEAR) for code in (50004, 50013, 50026, 51054, 51149)],
    *[(code, Verdict.UNCLEAR) for code in (1, 2, 7, 50999, 51999, 59999, 70000)],
]


@pytest.mark.parametrize(("code", "reason"), REFUSED)
def test_a_refusal_is_definite_and_has_a_reason(code: int, reason: Why) -> None:
    for found in (whole(code), item(code)):
        assert (found.verdict, found.reason, found.code) == (Verdict.REFUSED, reason, str(code))


@pytest.mark.parametrize(("code", "verdict"), OTHERS)
def test_what_is_no_refusal_says_what_else_it_is(code: int, verdict: Verdict) -> None:
    for found in (whole(code), item(code)):
        assert (found.verdict, found.reason) == (verdict, None)


def test_no_code_means_two_things() -> None:
    table = [*((code, Verdict.REFUSED) for code, _ in REFUSED), *OTHERS]
    assert len({code for code, _ in table}) == len(table)
    assert all(one.verdict is Verdict.REFUSED for one in FAULTS.values() if one.reason)


@pytest.mark.parametrize("of", ["0", "1", "2"])
def test_an_order_is_refused_under_whatever_code_the_answer_has(of: str) -> None:
    """A conditional order that is refused comes under the code 0 (a user's finding, not a rule)."""
    assert item(51280, of).reason is Why.WOULD_TRIGGER
    assert item(51149, of).verdict is Verdict.UNCLEAR


def test_a_sub_code_is_part_of_its_code() -> None:
    found = item("51008_1000")
    assert (found.reason, found.code) == (Why.INSUFFICIENT_BALANCE, "51008_1000")


def test_a_success_is_no_fault_and_what_has_no_code_is_left_to_http() -> None:
    """D7: `{}`, a page, a code of 0 behind an HTTP error."""
    assert fault({"code": "0", "data": [{"ordId": "1", "sCode": "0", "sMsg": ""}]}) is None
    assert fault({"code": "0", "data": []}) is None
    assert fault({"code": "0", "data": [{"ts": "1"}]}) is None
    for answer in ({}, [], None):
        assert fault(answer) is None
    assert read_fault(502, None, "<html>") is None
    late = fault({"code": "0", "data": []}, 503)
    assert late is not None
    assert late.verdict is Verdict.UNCLEAR


def test_only_the_edge_of_the_venue_sends_everybody_away_for_a_time() -> None:
    """R-NET-03: 50011 is of one end point, and a stop that goes elsewhere must not wait for it."""
    assert whole(50011).retry_after_s is None
    edge = read_fault(403, None, "<html>403 Forbidden</html>")
    assert edge is not None
    assert (edge.verdict, edge.retry_after_s) == (Verdict.BANNED, 60.0)


def test_what_the_simulated_venue_refuses_is_read_back_as_what_it_meant() -> None:
    alike = {  # one code of the venue's for several of ours
        Why.PRICE_RANGE: Why.PRICE_PERCENT,
        Why.MIN_NOTIONAL: Why.QTY_TOO_SMALL,
        Why.INSUFFICIENT_MARGIN: Why.INSUFFICIENT_BALANCE,
        Why.POSITION_SIDE: Why.BAD_REQUEST,
    }
    for reason in errors._REJECTED:
        refusal = errors.rejected(Rejected(reason))
        found = item(refusal.code)
        if reason in {Why.UNKNOWN_ORDER, Why.ALREADY_FILLED}:
            assert found.verdict is Verdict.MISSING, reason
        else:
            assert found.reason is alike.get(reason, reason), reason
