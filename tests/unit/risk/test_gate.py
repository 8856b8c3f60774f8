"""The gate: each check at its limit, reasons told, nothing approved twice (A-GATE, S-19, S-24)."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballast.core.errors import InternalError
from ballast.core.orders import Side
from ballast.core.reasons import Refusal
from ballast.core.settings import Settings
from ballast.risk.gate import memory as remembering
from ballast.risk.gate.checks import CHECKS, PENALTY, SPOOF, Limits
from ballast.risk.gate.facts import (
    Account,
    Candidate,
    Funds,
    Link,
    Permission,
    Position,
    Reading,
    Snapshot,
)
from ballast.risk.gate.judge import Approved, judge, judge_all, judge_part
from ballast.risk.gate.memory import Memory, State
from ballast.risk.halt.breaker import Gate
from ballast.risk.halt.health import HealthFault, Vital
from ballast.risk.halt.modes import Halt, Mode
from ballast.risk.halt.shocks import Shock

SECOND = 1_000_000_000
NOW = 1_700_000_000 * SECOND
LIMITS = Limits.of(Settings())
RUNNING = Halt(Mode.RUNNING, "started", "ann", 0)
BUY, SELL = Side.BUY, Side.SELL

CANDIDATE = Candidate("BTCUSDT", BUY, "4f1c", NOW, 500.0)
LINK = Link(
    Gate.CLOSED, is_trading=True, is_maintenance=False, data_ns=NOW, is_contiguous=True,
    spread=0.0001, slippage=0.001, clock_offset_ns=0, clock_ns=NOW,
)  # fmt: skip
PERMISSION = Permission("4f1c", True, NOW + SECOND, ("BTCUSDT", "ETHUSDT"), 1_000.0)
ACCOUNT = Account(RUNNING, "4f1c", PERMISSION, is_equity_known=True)
GOOD = Snapshot(NOW, CANDIDATE, LINK, Position(0, 0, NOW), ACCOUNT, Funds(100.0, 100.0, NOW))


def snap(part: str = "", **changes: Any) -> Snapshot:
    """Return a good snapshot with something changed in one of its parts."""
    if not part:
        return replace(GOOD, **changes)
    return replace(GOOD, **{part: replace(getattr(GOOD, part), **changes)})


def reasons(one: Snapshot, memory: Memory | None = None) -> list[str]:
    return [reason.check for reason in judge(one, memory or Memory(), LIMITS).reasons]


def test_a_good_entry_passes_every_check() -> None:
    verdict = judge(GOOD, Memory(), LIMITS)
    assert verdict.reasons == ()
    assert verdict.approved is not None
    assert verdict.memory.of("BTCUSDT").state is State.IN_POSITION


READ = {SPOOF: Reading(0.5, NOW), PENALTY: Reading(0.8, NOW)}
OLD = NOW - 5 * SECOND
SLOW = HealthFault(Vital.LAG, "0.6 s", "0.5 s", blocks=False)
SHOCK = Shock("cpi", "calendar", "US CPI", ("BTCUSDT",), NOW + SECOND, tightens=False)
CASES = [
    # part, what is changed at the limit, and just beyond it, the check that must refuse
    ("account", {"halt": RUNNING}, {"halt": Halt()}, "mode"),
    ("account", {}, {"halt": replace(RUNNING, mode=Mode.ALERT)}, "mode"),
    ("candidate", {}, {"kernel": Refusal.HOURLY_CAP, "measured": 4.0, "limit": 4.0}, "kernel"),
    ("account", {}, {"permission": None}, "certificate"),
    ("account", {}, {"permission": replace(PERMISSION, is_passed=False)}, "certificate"),
    ("account", {}, {"permission": replace(PERMISSION, strategy_hash="x")}, "certificate"),
    ("account", {}, {"permission": replace(PERMISSION, expires_ns=NOW)}, "certificate"),
    ("account", {}, {"permission": replace(PERMISSION, symbols=())}, "certificate"),
    ("candidate", {"notional": 1_000.0}, {"notional": 1_000.1}, "certificate"),
    ("account", {}, {"chosen_hash": "another"}, "scenario"),  # A-GATE-17, S-27
    ("candidate", {"signalled_ns": OLD}, {"signalled_ns": OLD - 1}, "signal_age"),  # A-GATE-07
    ("candidate", {}, {"signalled_ns": NOW + 1}, "signal_age"),  # from the future
    ("candidate", {"inputs": READ}, {"inputs": READ | {SPOOF: Reading(0.5001, NOW)}}, "spoof"),
    ("candidate", {}, {"inputs": READ | {SPOOF: Reading(math.nan, NOW)}}, "spoof"),
    ("candidate", {}, {"inputs": READ | {PENALTY: Reading(0.8001, NOW)}}, "penalty"),  # A-GATE-04
    ("candidate", {}, {"inputs": READ | {SPOOF: Reading(0.1, OLD - 1)}}, "spoof"),
    ("candidate", {}, {"declares": (SPOOF,)}, "spoof"),
    ("candidate", {}, {"declares": ("flow",)}, "inputs"),
    ("position", {}, {"venue_lots": None}, "position"),
    ("position", {}, {"venue_lots": -3}, "position"),  # A-GATE-11, S-22
    ("position", {}, {"venue_lots": 3, "ours_lots": 3}, "position"),
    ("position", {"asked_ns": OLD}, {"asked_ns": OLD - 1}, "position"),
    ("account", {}, {"unprotected": ("ETHUSDT",)}, "protection"),
    ("account", {}, {"unknown": ("ble",)}, "unknown_orders"),
    ("link", {}, {"gate": Gate.OPEN}, "breaker"),
    ("link", {}, {"gate": Gate.HALF_OPEN}, "breaker"),
    ("link", {}, {"is_trading": False}, "market"),
    ("link", {}, {"is_maintenance": True}, "market"),
    ("link", {}, {"is_trading": None}, "market"),
    ("funds", {}, {"needed": 100.001}, "funds"),
    ("funds", {}, {"free": None}, "funds"),
    ("funds", {}, {"free": math.nan}, "funds"),
    ("funds", {}, {"asked_ns": None}, "funds"),
    ("funds", {"asked_ns": OLD}, {"asked_ns": OLD - 1}, "funds"),
    ("link", {"moved_1m": 0.0499}, {"moved_1m": 0.05}, "calm"),
    ("link", {"moved_5m": 0.0999}, {"moved_5m": 0.1}, "calm"),
    ("link", {}, {"moved_1m": math.nan}, "calm"),
    ("link", {"data_ns": NOW - 10 * SECOND}, {"data_ns": NOW - 10 * SECOND - 1}, "data_fresh"),
    ("link", {}, {"data_ns": None}, "data_fresh"),
    ("link", {}, {"is_contiguous": False}, "contiguous"),
    ("link", {}, {"is_contiguous": None}, "contiguous"),
    ("link", {"spread": 0.01}, {"spread": 0.0101}, "spread"),
    ("link", {"slippage": 0.005}, {"slippage": 0.0051}, "slippage"),
    ("link", {}, {"slippage": None}, "slippage"),
    ("candidate", {"edge": 0.003, "cost": 0.002}, {"edge": 0.002, "cost": 0.002}, "cost"),
    ("link", {"clock_offset_ns": -SECOND}, {"clock_offset_ns": -SECOND - 1}, "clock"),
    ("link", {}, {"clock_ns": NOW - 601 * SECOND}, "clock"),
    ("link", {}, {"clock_offset_ns": None}, "clock"),
    ("account", {}, {"is_equity_known": False}, "equity"),
    ("account", {"ltv": 0.55}, {"ltv": 0.56}, "ltv"),
    ("account", {}, {"ltv": math.nan}, "ltv"),
    ("account", {}, {"shock": SHOCK}, "announced"),
    ("account", {}, {"source_fault": "the file is gone"}, "announced"),
    ("account", {"health": (SLOW,)}, {"health": (SLOW, replace(SLOW, blocks=True))}, "health"),
]  # fmt: skip


@pytest.mark.parametrize(("part", "at", "beyond", "check"), CASES)
def test_each_check_refuses_just_beyond_its_limit(
    part: str, at: dict[str, Any], beyond: dict[str, Any], check: str
) -> None:
    """R-GATE-04, R-GATE-05, R-GATE-11, R-GATE-13, R-GATE-28, R-GATE-29."""
    assert reasons(snap(part, **at)) == []
    assert reasons(snap(part, **{**at, **beyond})) == [check]


def test_every_check_has_a_case() -> None:
    by_memory = {"symbol_state", "duplicate", "same_side", "conflict"}
    assert {case[3] for case in CASES} | by_memory == set(CHECKS)


def test_all_reasons_are_told_with_what_was_measured() -> None:
    """R-GATE-01, R-GATE-22."""
    bad = replace(snap("link", spread=0.02, is_trading=False), now_ns=NOW + 60 * SECOND)
    verdict = judge(bad, Memory(), LIMITS)
    assert verdict.approved is None
    names = [reason.check for reason in verdict.reasons]
    assert {"certificate", "signal_age", "market", "data_fresh", "spread"} <= set(names)
    lines = [reason.line for reason in verdict.reasons]
    assert "spread: 0.02, limit 0.01" in lines
    assert "signal_age: 60, limit 5" in lines


def test_a_defect_of_a_check_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A-GATE-15: fails closed, and says what failed."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError("no equity")

    monkeypatch.setitem(CHECKS, "spread", broken)
    (reason,) = judge(GOOD, Memory(), LIMITS).reasons
    assert reason.line == "spread: ZeroDivisionError: no equity, limit a check that works"


# ---------------------------------------------------------------- what is remembered


def refused_at(at_ns: int, side: Side = BUY) -> Snapshot:
    """Return a candidate of a time that something speaks against: its spread."""
    asked = replace(CANDIDATE, signalled_ns=at_ns, side=side)
    return at(at_ns, side, candidate=asked, link=replace(fresh(at_ns).link, spread=0.5))


def fresh(at_ns: int) -> Snapshot:
    """Return the good snapshot at another time."""
    permission = replace(PERMISSION, expires_ns=at_ns + SECOND)
    return Snapshot(
        at_ns, replace(CANDIDATE, signalled_ns=at_ns),
        replace(LINK, data_ns=at_ns, clock_ns=at_ns), Position(0, 0, at_ns),
        replace(ACCOUNT, permission=permission), Funds(100.0, 100.0, at_ns),
    )  # fmt: skip


def at(at_ns: int, side: Side = BUY, **changes: Any) -> Snapshot:
    one = fresh(at_ns)
    return replace(one, **{"candidate": replace(one.candidate, side=side), **changes})


@pytest.mark.parametrize(("seconds", "found"), [(59, ["duplicate"]), (60, [])])
def test_a_signal_of_the_same_side_within_a_minute_is_a_duplicate(
    seconds: int, found: list[str]
) -> None:
    """R-GATE-03, A-GATE-03, S-21."""
    memory = judge(refused_at(NOW), Memory(), LIMITS).memory
    assert reasons(at(NOW + seconds * SECOND), memory) == found


def test_a_stream_of_signals_does_not_shut_the_symbol_for_ever() -> None:
    """One every 15 s: the duplicates between do not count, the fifth is judged anew."""
    memory = judge(refused_at(NOW), Memory(), LIMITS).memory
    told = []
    for number in range(1, 5):
        verdict = judge(refused_at(NOW + number * 15 * SECOND), memory, LIMITS)
        memory = verdict.memory
        told.append("duplicate" in [reason.check for reason in verdict.reasons])
    assert told == [True, True, True, False]


def test_signals_for_both_sides_are_no_signal() -> None:
    """A-GATE-08, S-18: the flip-flop of the audited analyser, a signal a second."""
    memory = judge(refused_at(NOW, SELL), Memory(), LIMITS).memory
    assert reasons(at(NOW + 5 * SECOND), memory) == ["conflict"]
    assert reasons(at(NOW + 6 * SECOND), memory) == []


def test_a_slot_is_taken_by_approval_and_given_back_by_failure() -> None:
    """R-GATE-15, R-GATE-26, R-GATE-20."""
    memory = judge(GOOD, Memory(), LIMITS).memory
    later = at(NOW + 400 * SECOND)
    assert reasons(later, memory) == ["symbol_state"]
    freed = remembering.came_to_nothing(memory, "BTCUSDT")
    assert reasons(later, freed) == []
    assert reasons(at(NOW + 299 * SECOND), freed) == ["same_side"]
    cooling = remembering.closed(memory, "BTCUSDT", NOW + 500 * SECOND)
    assert reasons(later, cooling) == ["symbol_state"]
    assert reasons(at(NOW + 500 * SECOND), cooling) == [], "the cool-down ends by itself"


@given(count=st.integers(2, 100))
def test_of_many_signals_in_one_moment_one_passes(count: int) -> None:
    """A-GATE-05, S-21, Q-03: a hundred in a minute open one position of a symbol."""
    step = 60 * SECOND // count
    memory, approved = Memory(), 0
    for number in range(count):
        verdict = judge(at(NOW + number * step), memory, LIMITS)
        memory = verdict.memory
        approved += verdict.approved is not None
    assert approved == 1


def test_candidates_of_one_close_are_judged_in_order() -> None:
    """R-GATE-34, A-GATE-22: each on what the one before it left."""
    ether = replace(GOOD, candidate=replace(CANDIDATE, symbol="ETHUSDT"))
    verdicts = judge_all([GOOD, ether, GOOD], Memory(), LIMITS)
    assert [one.approved is not None for one in verdicts] == [True, True, False]
    assert {reason.check for reason in verdicts[2].reasons} == {
        "symbol_state", "duplicate", "same_side"
    }  # fmt: skip


# ---------------------------------------------------------------- the seal


def test_a_further_slice_is_judged_on_market_and_account_not_on_its_old_signal() -> None:
    """Its signal was judged when the whole was: it is old by now, and its slot is taken."""
    memory = judge(GOOD, Memory(), LIMITS).memory
    later = replace(GOOD, now_ns=NOW + 60 * SECOND, position=Position(7, 7, NOW + 60 * SECOND))
    account = replace(ACCOUNT, permission=replace(PERMISSION, expires_ns=NOW + 90 * SECOND))
    later = replace(later, account=account, funds=Funds(100.0, 100.0, NOW + 60 * SECOND))
    fresh = replace(later, link=replace(LINK, data_ns=NOW + 60 * SECOND))
    verdict = judge_part(fresh, memory, LIMITS)
    assert (verdict.reasons, verdict.memory) == ((), memory)
    assert verdict.approved is not None
    for changed, check in (
        (later, "data_fresh"),
        (replace(fresh, account=replace(account, halt=Halt(Mode.PAUSED))), "mode"),
        (replace(fresh, account=replace(account, unprotected=("BTCUSDT",))), "protection"),
        (replace(fresh, link=replace(fresh.link, slippage=0.006)), "slippage"),
        (replace(fresh, funds=replace(fresh.funds, free=99.0)), "funds"),
        (replace(fresh, position=Position(7, 9, NOW + 60 * SECOND)), "part_held"),
        (replace(fresh, position=Position(7, 7, NOW)), "part_held"),
        (replace(fresh, position=Position(-7, -7, NOW + 60 * SECOND)), "part_held"),
    ):
        refused = judge_part(changed, memory, LIMITS)
        assert [one.check for one in refused.reasons] == [check]
        assert refused.approved is None


def test_an_approval_can_be_narrowed_to_a_part_and_not_widened() -> None:
    approved = judge(GOOD, Memory(), LIMITS).approved
    assert approved is not None
    part = approved.part(200.0)
    part.check("BTCUSDT", BUY, 200.0, NOW)
    with pytest.raises(InternalError, match="approved"):
        part.check("BTCUSDT", BUY, 201.0, NOW)
    with pytest.raises(InternalError, match="a part"):
        part.part(300.0)


def test_only_the_gate_approves_for_one_order_and_a_moment() -> None:
    with pytest.raises(InternalError, match="only the gate approves"):
        Approved(object(), GOOD)
    approved = judge(GOOD, Memory(), LIMITS).approved
    assert approved is not None
    approved.check("BTCUSDT", BUY, 500.0, NOW + 2 * SECOND)
    for symbol, side, notional, now_ns in (
        ("ETHUSDT", BUY, 500.0, NOW),
        ("BTCUSDT", SELL, 500.0, NOW),
        ("BTCUSDT", BUY, 500.1, NOW),
        ("BTCUSDT", BUY, 500.0, NOW + 2 * SECOND + 1),
    ):
        with pytest.raises(InternalError):
            approved.check(symbol, side, notional, now_ns)
    with pytest.raises(AttributeError):
        approved.extra = 1  # type: ignore[attr-defined]


def test_limits_are_those_of_the_settings_table() -> None:
    assert Limits() == LIMITS


@pytest.mark.parametrize(
    ("mean", "slipped", "fee", "edge"),
    [(None, 0.001, 0.001, None), (0.004, 0.0, 0.0, 0.004), (0.004, 0.0005, 0.001, 0.007)],
)
def test_the_certified_edge_is_told_before_costs(
    mean: float | None, slipped: float, fee: float, edge: float | None
) -> None:
    """R-GATE-27: what fills cost in the proof is added back, for both of them."""
    held = replace(PERMISSION, mean_return=mean, slippage=slipped)
    assert held.edge(fee) == (None if edge is None else pytest.approx(edge))


@pytest.mark.parametrize(
    ("spread", "notional", "rests", "cost"),
    #  fee 0.001; 500 slips 0.002, 1,000 slips 0.005
    [
        (0.0, 500.0, False, 0.006),
        (0.01, 500.0, False, 0.016),
        (0.01, 1_000.0, False, 0.022),
        (0.01, 500.0, True, 0.009),
        (None, 500.0, False, 0.006),
    ],
)
def test_a_round_trip_costs_fees_spread_and_the_slippage_of_its_size(
    spread: float | None, notional: float, rests: bool, cost: float
) -> None:
    """R-GATE-27: a limit that rests pays spread and slippage once, when the position is left."""
    seen = replace(GOOD.link, spread=spread, slippage=0.005, rungs=((500.0, 0.002), (1e3, 0.005)))
    assert seen.round_trip(notional, 0.001, rests=rests) == pytest.approx(cost)
