"""Every error of Kraken means what the table says, and what no table has is a doubt (R-EXCH-18)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballast.core.orders import RejectReason
from ballast.venues.clients.asking.budget import PROTECT_SHARE
from ballast.venues.clients.asking.window import Window
from ballast.venues.clients.calls import Verdict
from ballast.venues.clients.kraken.access import ACCESS, FAULTS, LOCKED_S, fault_of, read_fault
from ballast.venues.simulated.fronts.kraken.counters import INTERMEDIATE, Counter

V, R = Verdict, RejectReason
ROWS: list[tuple[str, Verdict, RejectReason | None]] = [
    ("EOrder:Insufficient funds", V.REFUSED, R.INSUFFICIENT_BALANCE),
    ("EOrder:Insufficient margin", V.REFUSED, R.INSUFFICIENT_MARGIN),
    ("EOrder:Margin allowance exceeded", V.REFUSED, R.INSUFFICIENT_MARGIN),
    ("EOrder:Margin level too low", V.REFUSED, R.INSUFFICIENT_MARGIN),
    ("EOrder:Margin position size exceeded", V.REFUSED, R.INSUFFICIENT_MARGIN),
    ("EOrder:Cannot open position", V.REFUSED, R.NOT_SUPPORTED),
    ("EOrder:Cannot open opposing position", V.REFUSED, R.NOT_SUPPORTED),
    ("EOrder:Unknown order", V.MISSING, None),
    ("EOrder:Invalid order", V.REFUSED, R.BAD_REQUEST),
    ("EOrder:Invalid price:XXBTZUSD price can only be specified up to 1 decimals.", V.REFUSED,
     R.PRICE_RANGE),
    ("EOrder:Tick size check failed", V.REFUSED, R.PRICE_RANGE),
    ("EOrder:Order minimum not met", V.REFUSED, R.QTY_TOO_SMALL),
    ("EOrder:Cost minimum not met", V.REFUSED, R.MIN_NOTIONAL),
    ("EOrder:Post only order", V.REFUSED, R.WOULD_TRADE),
    ("EOrder:Orders limit exceeded", V.REFUSED, R.MAX_ORDERS),
    ("EOrder:Scheduled orders limit exceeded", V.REFUSED, R.MAX_CONDITIONAL_ORDERS),
    ("EOrder:Positions limit exceeded", V.REFUSED, R.MAX_POSITION),
    ("EOrder:Unknown position", V.REFUSED, R.NO_POSITION),
    ("EOrder:Reduce only:No position exists", V.REFUSED, R.NO_POSITION),
    ("EOrder:Reduce only:Position is closed", V.REFUSED, R.REDUCE_ONLY),
    ("EOrder:Rate limit exceeded", V.RATE, None),
    ("EOrder:Domain rate limit exceeded", V.RATE, None),
    ("EOrder:Trading agreement required", V.KEY, None),
    ("EOrder:Cancel pending", V.UNCLEAR, None),
    ("EAPI:Rate limit exceeded", V.RATE, None),
    ("EAPI:Invalid key", V.KEY, None),
    ("EAPI:Invalid signature", V.KEY, None),
    ("EAPI:Feature disabled", V.KEY, None),
    ("EAPI:Invalid nonce", V.CLOCK, None),
    ("EAPI:Bad request", V.REFUSED, R.BAD_REQUEST),
    ("EAccount:Invalid permissions:BTC trading restricted for US:NY.", V.KEY, None),
    ("EAuth:Account temporary disabled", V.KEY, None),
    ("EAuth:Account unconfirmed", V.KEY, None),
    ("EAuth:Rate limit exceeded", V.RATE, None),
    ("EAuth:Too many requests", V.RATE, None),
    ("EGeneral:Permission denied", V.KEY, None),
    ("EGeneral:Temporary lockout", V.BANNED, None),
    ("EGeneral:Too many requests", V.RATE, None),
    ("EGeneral:Unknown method", V.REFUSED, R.NOT_SUPPORTED),
    ("EGeneral:Internal error", V.UNCLEAR, None),
    ("EGeneral:Invalid arguments:volume minimum not met", V.REFUSED, R.QTY_TOO_SMALL),
    ("EGeneral:Invalid arguments:volume", V.REFUSED, R.QTY_STEP),
    ("EGeneral:Invalid arguments:price", V.REFUSED, R.PRICE_RANGE),
    ("EGeneral:Invalid arguments:cl_ord_id", V.REFUSED, R.DUPLICATE_CLIENT_ID),
    ("EGeneral:Invalid arguments:expiretm", V.REFUSED, R.EXPIRY),
    ("EGeneral:Invalid arguments:deadline", V.CLOCK, None),
    ("EGeneral:Invalid arguments", V.REFUSED, R.BAD_REQUEST),
    ("EGeneral:Invalid arguments:Index unavailable", V.REFUSED, R.BAD_REQUEST),
    ("EQuery:Unknown asset pair", V.REFUSED, R.UNKNOWN_SYMBOL),
    ("EQuery:Invalid asset pair", V.REFUSED, R.UNKNOWN_SYMBOL),
    ("EQuery:Unknown asset", V.REFUSED, R.UNKNOWN_SYMBOL),
    ("EService:Market in cancel_only mode", V.REFUSED, R.NOT_TRADING),
    ("EService:Market in post_only mode", V.REFUSED, R.NOT_TRADING),
    ("EService:Deadline elapsed", V.CLOCK, None),
    ("EService:Throttled: 1700000000", V.RATE, None),
    ("EService:Unavailable", V.UNCLEAR, None),
    ("EService:Busy", V.UNCLEAR, None),
    ("EDatabase:Internal error", V.UNCLEAR, None),
    ("ESession:Invalid session", V.KEY, None),
    ("ETrade:User Locked", V.KEY, None),
    ("ETrade:Locked", V.KEY, None),
    ("EOrder:Something new", V.UNCLEAR, None),
    ("nothing like it", V.UNCLEAR, None),
]  # fmt: skip


@pytest.mark.parametrize(("code", "verdict", "reason"), ROWS, ids=[row[0] for row in ROWS])
def test_a_code_means(code: str, verdict: Verdict, reason: RejectReason | None) -> None:
    error = read_fault(200, {"error": [code]}, "")
    assert error is not None
    assert (error.verdict, error.reason, error.code) == (verdict, reason, code)


def test_every_row_of_the_table_is_looked_at() -> None:
    def first(code: str) -> str:
        return max((name for name in FAULTS if code.startswith(name)), key=len, default="")

    assert {first(code) for code, _, _ in ROWS} - {""} == set(FAULTS)


def test_a_warning_is_no_error_and_does_not_hide_one() -> None:
    assert read_fault(200, {"error": ["WGeneral:Danger"], "result": {}}, "") is None
    error = read_fault(200, {"error": ["WGeneral:Danger", "EAPI:Invalid key"]}, "")
    assert error is not None
    assert error.code == "EAPI:Invalid key"


@pytest.mark.parametrize("answer", [{}, {"error": []}, {"error": [], "result": None}])
def test_a_success_without_a_result_is_a_doubt(answer: dict[str, object]) -> None:
    error = read_fault(200, answer, "")
    assert error is not None
    assert error.verdict is V.UNCLEAR


@pytest.mark.parametrize(("status", "answer"), [(520, None), (429, {}), (502, None), (200, [1])])
def test_what_is_not_said_by_the_venue_is_left_to_http(status: int, answer: object) -> None:
    assert read_fault(status, answer, "") is None


def test_a_lockout_says_how_long_it_may_last() -> None:
    error = read_fault(200, {"error": ["EGeneral:Temporary lockout"]}, "")
    assert error is not None
    assert error.retry_after_s == LOCKED_S
    assert fault_of("EGeneral:Temporary lockout:more").verdict is V.BANNED


@given(st.lists(st.tuples(st.floats(0, 30), st.sampled_from([1, 2])), max_size=200))
def test_what_our_budget_lets_go_never_fills_a_counter_that_decays(
    asked: list[tuple[float, int]],
) -> None:
    """R-NET-01. The venue's own counters, as the simulated one counts: nothing is refused."""
    spans = {
        (ACCESS.data_minute, INTERMEDIATE.calls, INTERMEDIATE.calls_decay_milli),
        (ACCESS.orders_minute, INTERMEDIATE.trading, INTERMEDIATE.trading_decay_milli),
    }
    for most, points, decay in spans:
        window, counter, now_s = Window(ACCESS.minute_s, most), Counter(points, decay), 0.0
        for pause_s, cost in [*asked, *[(0.0, 1)] * 200]:
            now_s += pause_s
            now_s += window.free_s(now_s, cost, most * PROTECT_SHARE)
            window.add(now_s, cost)
            assert counter.spend("us", cost, int(now_s * 1e9))
