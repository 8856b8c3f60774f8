"""The node, event by event: halts, slots, and what is told once (F4, R-GATE-12, R-RISK-07)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ballast.core.ids import Purpose
from ballast.core.orders import Fill, OrderStatus, PositionSide, RejectReason, Side
from ballast.core.reports import Action, OrderReport, Rejection, Source
from ballast.oms.protection.cover import Abilities
from ballast.oms.record import Phase
from ballast.risk.gate.facts import Candidate, Link, Permission
from ballast.risk.gate.memory import State
from ballast.risk.halt.breaker import Gate
from ballast.risk.halt.modes import Command, Mode
from ballast.runtime.node.desk import NodeRules
from ballast.runtime.node.events import (
    Alert,
    CancelOrder,
    Commanded,
    Decided,
    Effect,
    Elapsed,
    FundsShown,
    Judged,
    OrdersShown,
    PositionShown,
    Priced,
    Reported,
    Started,
    Submit,
    Valued,
)
from ballast.runtime.node.node import Node

SECOND = 1_000_000_000
NOW = 1_000 * SECOND
SYMBOL = "BTCUSDT"
PERMISSION = Permission(
    "4f1c", is_passed=True, expires_ns=10**18, symbols=(SYMBOL,), notional_max=1e9
)
RULES = NodeRules("main", "4f1c", (PERMISSION,))
LINK = Link(
    Gate.CLOSED, is_trading=True, is_maintenance=False, data_ns=NOW, is_contiguous=True,
    spread=0.0, slippage=0.0, clock_offset_ns=0, clock_ns=NOW,
)  # fmt: skip


CANDIDATE = Candidate(SYMBOL, Side.BUY, "4f1c", NOW, 100.0)


def link(at_ns: int) -> Link:
    """Return the good link at a time."""
    return replace(LINK, data_ns=at_ns, clock_ns=at_ns)


def ready(rules: NodeRules = RULES) -> Node:
    """Return a node that may enter: started, valued, resumed, priced, flat at the venue."""
    made = Node(rules)
    for event in (
        Started(NOW), Valued(10**9, NOW), Commanded(Command.RESUME, "ann", "checked", NOW),
        Priced(SYMBOL, 10_000, NOW), PositionShown(SYMBOL, 0, NOW, NOW),
    ):  # fmt: skip
        made.handle(event)
    return made


@pytest.fixture
def node() -> Node:
    return ready()


def decide(node: Node, at_ns: int = NOW) -> list[Effect]:
    asked = replace(CANDIDATE, signalled_ns=at_ns)
    node.handle(FundsShown(10**9, at_ns, at_ns))
    return node.handle(Decided(asked, link(at_ns), 10, 10_001, 9_500, at_ns))


def entry(node: Node) -> Submit:
    (submit,) = (one for one in decide(node) if isinstance(one, Submit))
    assert submit.purpose is Purpose.ENTRY
    return submit


def shown(submit: Submit, status: OrderStatus = OrderStatus.NEW, order_id: int = 7) -> OrderReport:
    name = submit.request.client_id
    return OrderReport(SYMBOL, name, order_id, status, 0, NOW + SECOND, Source.STREAM)


def filled(submit: Submit, lots: int = 10) -> Fill:
    request = submit.request
    return Fill(
        1, 7, request.client_id, 1, SYMBOL, request.side, PositionSide.BOTH, 10_001, lots,
        False, "USDT", 5, 0, NOW + SECOND,
    )  # fmt: skip


def cancels(effects: list[Effect]) -> list[str]:
    return [one.client_id for one in effects if isinstance(one, CancelOrder)]


def placed(effects: list[Effect]) -> list[Purpose]:
    return [one.purpose for one in effects if isinstance(one, Submit)]


def told(effects: list[Effect]) -> list[str]:
    return [one.text for one in effects if isinstance(one, Alert)]


def test_a_fill_is_protected_in_the_same_step(node: Node) -> None:
    """R-STOP-02."""
    submit = entry(node)
    assert placed(node.handle(Reported(filled(submit), NOW + SECOND))) == [Purpose.STOP]


def test_an_entry_that_becomes_known_after_a_halt_is_cancelled(node: Node) -> None:
    """F4: on its way when the account was paused, live a second later."""
    submit = entry(node)
    paused = node.handle(Commanded(Command.PAUSE, "ann", "news", NOW))
    assert cancels(paused) == [], "nobody knows it yet"
    assert cancels(node.handle(Reported(shown(submit), NOW + SECOND))) == [submit.request.client_id]
    assert cancels(node.handle(Elapsed(NOW + SECOND))) == [], "asked once"


def test_what_fills_after_a_command_to_flatten_is_closed(node: Node) -> None:
    """R-OMS-24: not flat by the command, but when every fill says so."""
    submit = entry(node)
    node.handle(Commanded(Command.FLATTEN, "ann", "news", NOW))
    assert node.halt.mode is Mode.REDUCING, "an entry is still on its way"
    late = node.handle(Reported(filled(submit), NOW + SECOND))
    assert placed(late) == [Purpose.FLATTEN]


def test_an_entry_that_was_called_refused_and_fills_after_the_flatten_is_closed(node: Node) -> None:
    """Found by the simulation: flat by all that was known, so the order to close was over."""
    submit = entry(node)
    node.handle(Commanded(Command.FLATTEN, "ann", "news", NOW))
    name = submit.request.client_id
    lie = Rejection(SYMBOL, name, Action.SUBMIT, RejectReason.INSUFFICIENT_BALANCE, "", NOW)
    node.handle(Reported(lie, NOW + SECOND))
    assert (node.halt.mode, node.halt.closes) == (Mode.PAUSED, False)
    late = node.handle(Reported(filled(submit), NOW + 2 * SECOND))
    assert placed(late) == [Purpose.FLATTEN]
    assert "closing: it was entered before the account was flattened" in told(late)


C = Command
LATE = {
    "running": ((), [Purpose.STOP]),
    "paused: the slot's rule": ((C.PAUSE,), [Purpose.FLATTEN]),
    "latched: the slot's rule": ((C.KILL,), [Purpose.FLATTEN]),
    "paused and resumed": ((C.PAUSE, C.RESUME), [Purpose.STOP]),
    "flattened: both rules": ((C.FLATTEN,), [Purpose.FLATTEN]),
    "flattened and resumed: the late entry's rule": ((C.FLATTEN, C.RESUME), [Purpose.FLATTEN]),
}
"""Commands after an entry was called refused, and what its fill leads to after all."""


@pytest.mark.parametrize("is_shown_first", [False, True])
@pytest.mark.parametrize("case", LATE)
def test_one_of_two_rules_owns_an_entry_that_turns_up_late(
    node: Node, case: str, *, is_shown_first: bool
) -> None:
    """F4, R-GATE-12: closed where the account is halted, or was flattened since it was sent."""
    commands, wanted = LATE[case]
    submit = entry(node)
    name = submit.request.client_id
    lie = Rejection(SYMBOL, name, Action.SUBMIT, RejectReason.INSUFFICIENT_BALANCE, "", NOW)
    node.handle(Reported(lie, NOW + SECOND))
    for command in commands:
        node.handle(Commanded(command, "ann", "news", NOW + SECOND))
    assert not node.halt.closes
    if is_shown_first:
        node.handle(Reported(shown(submit), NOW + 2 * SECOND))
    assert placed(node.handle(Reported(filled(submit), NOW + 2 * SECOND))) == wanted


def test_flatten_with_nothing_held_is_done_at_once(node: Node) -> None:
    node.handle(Commanded(Command.FLATTEN, "ann", "news", NOW))
    assert node.halt.mode is Mode.PAUSED


@pytest.mark.parametrize("by_list", [False, True])
def test_an_entry_that_reappears_holds_its_slot_again(node: Node, *, by_list: bool) -> None:
    """A refusal that lied freed the slot; a second entry beside the first would double it."""
    submit = entry(node)
    refusal = Rejection(
        SYMBOL, submit.request.client_id, Action.SUBMIT, RejectReason.MIN_NOTIONAL, "-1013", NOW
    )
    node.handle(Reported(refusal, NOW))
    assert node.gate.of(SYMBOL).state is State.IDLE
    report, at_ns = shown(submit), NOW + 2 * SECOND
    there = OrdersShown((report,), at_ns, at_ns) if by_list else Reported(report, at_ns)
    assert any("reappeared" in text for text in told(node.handle(there)))
    assert node.gate.of(SYMBOL).state is State.IN_POSITION
    judged = [one for one in decide(node, NOW + 400 * SECOND) if isinstance(one, Judged)]
    assert any("symbol_state" in line for line in judged[0].reasons)


def test_a_drawdown_latches_and_is_told_once(node: Node) -> None:
    first = node.handle(Valued(85 * 10**7, NOW))
    assert told(first) == ["kill switch: 15.0% below the peak (drawdown_kill)"]
    assert node.halt.mode is Mode.ALERT
    assert told(node.handle(Valued(84 * 10**7, NOW))) == []
    (judged,) = (one for one in decide(node) if isinstance(one, Judged))
    assert any(line.startswith("mode: alert") for line in judged.reasons)


def by_ann(order: Command, at_ns: int = NOW) -> Commanded:
    return Commanded(order, "ann", "understood", at_ns)


def test_a_released_drawdown_is_measured_from_what_there_is_then(node: Node) -> None:
    """F1, F2: trading goes on below the old peak, and latches as far below the new one."""
    node.handle(Valued(85 * 10**7, NOW))
    (line,) = told(node.handle(by_ann(Command.RELEASE)))
    assert line.endswith("from 850000000 atoms on, the peak was 1000000000 atoms (ann: understood)")
    node.handle(by_ann(Command.RESUME))
    assert told(node.handle(Valued(84 * 10**7, NOW))) == []
    assert node.halt.mode is Mode.RUNNING
    assert node.levels.daily_loss == pytest.approx(0.16), "the day is its own rule"
    assert told(node.handle(Valued(7225 * 10**5, NOW))) == [
        "kill switch: 15.0% below the peak (drawdown_kill)"
    ]


def test_a_drawdown_beside_a_kill_of_a_person_is_released_with_it(node: Node) -> None:
    node.handle(by_ann(Command.KILL))
    node.handle(Valued(80 * 10**7, NOW))
    assert len(told(node.handle(by_ann(Command.RELEASE)))) == 1
    assert node.levels.peak == 80 * 10**7


def test_the_release_of_another_kill_leaves_the_peak(node: Node) -> None:
    """F2: whoever releases a kill of his own has not said that the losses count no more."""
    node.handle(by_ann(Command.KILL))
    node.handle(Valued(86 * 10**7, NOW))
    assert told(node.handle(by_ann(Command.RELEASE))) == []
    assert node.levels.peak == 10**9
    node.handle(by_ann(Command.RESUME))
    node.handle(Valued(85 * 10**7, NOW))
    assert node.halt.mode is Mode.ALERT


def test_waiting_for_coins_is_told_once() -> None:
    """On spot a stop must go before the position can be closed; that takes a few events."""
    node = ready(replace(RULES, abilities=Abilities(reduces_only=False)))
    effects = node.handle(Reported(filled(entry(node)), NOW + SECOND))
    (stop,) = (one for one in effects if isinstance(one, Submit))
    untriggered = shown(stop, OrderStatus.UNTRIGGERED, order_id=8)
    node.handle(Reported(untriggered, NOW + SECOND))
    first = node.handle(Commanded(Command.FLATTEN, "ann", "news", NOW + 2 * SECOND))
    assert (told(first), cancels(first)) == ([], [stop.request.client_id])
    assert told(node.handle(Elapsed(NOW + 3 * SECOND))) == []
    freed = replace(untriggered, status=OrderStatus.CANCELLED, at_ns=NOW + 3 * SECOND)
    assert told(node.handle(Reported(freed, NOW + 4 * SECOND))) == ["closing order sent"]
    assert told(node.handle(Elapsed(NOW + 5 * SECOND))) == []


def test_an_old_order_leaves_once_the_venue_agrees(node: Node) -> None:
    """G6, A8: not by time alone; the fill that then comes again is told and not booked."""
    day = 86_400 * SECOND
    submit = entry(node)
    node.handle(Reported(shown(submit, OrderStatus.CANCELLED), NOW + SECOND))
    name, fill = submit.request.client_id, filled(submit)
    for number in range(node.rules.keeping.orders):  # newer ones, so that the first is not kept
        later = replace(submit.request, client_id=f"bleffffffff{number:07d}")
        record = node.book.prepare(later.client_id, Purpose.ENTRY, later, decision=0, at_ns=NOW)
        node.book.keep(replace(record, phase=Phase.REFUSED))
    node.handle(Started(NOW + 8 * day))
    node.handle(PositionShown(SYMBOL, 3, NOW + 8 * day, NOW + 8 * day))
    assert node.book.get(name) is not None, "something is missing: perhaps a fill of it"
    node.handle(PositionShown(SYMBOL, 0, NOW + 8 * day, NOW + 8 * day))
    assert node.book.get(name) is None
    assert told(node.handle(Reported(fill, NOW + 8 * day))) == [
        f"a fill of {name}, which is over and forgotten, is not booked: 1"
    ]
    assert not node.book.holdings()


def test_stops_refused_twice_close_the_position_and_pause_the_account(node: Node) -> None:
    """R-STOP-41: B4: closed at market, told, and nothing more is opened until a person resumes."""
    effects = node.handle(Reported(filled(entry(node)), NOW + SECOND))
    for _ in range(2):
        (stop,) = (one for one in effects if isinstance(one, Submit))
        assert stop.purpose is Purpose.STOP
        name = stop.request.client_id
        no = Rejection(
            SYMBOL, name, Action.SUBMIT, RejectReason.MAX_CONDITIONAL_ORDERS, "", NOW + SECOND
        )
        effects = node.handle(Reported(no, NOW + SECOND))
    assert placed(effects) == [Purpose.FLATTEN]
    assert told(effects) == [
        "stop refused",
        f"paused: the venue refuses stops of {SYMBOL} (no_stop)",
    ]
    assert node.halt.mode is Mode.PAUSED
    node.handle(by_ann(Command.RESUME))
    assert node.halt.mode is Mode.RUNNING


BOOKS = replace(RULES, books_strange=True)

# What others close -----------------------------------------------------------------------------


def held(node: Node, lots: int = 10) -> None:
    """Let an entry fill and its stop rest."""
    submit = entry(node)
    effects = node.handle(Reported(filled(submit, lots), NOW + SECOND))
    (stop,) = (one for one in effects if isinstance(one, Submit))
    node.handle(Reported(shown(stop, OrderStatus.UNTRIGGERED, 8), NOW + SECOND))
    node.handle(PositionShown(SYMBOL, lots, NOW + 2 * SECOND, NOW + 2 * SECOND))


def strange(lots: int, trade_id: int = 90, at_s: int = 5) -> Fill:
    return Fill(
        trade_id, 900, "autoclose-1", 1, SYMBOL, Side.SELL, PositionSide.BOTH, 9_000, lots, False,
        "USDT", 5, 0, NOW + at_s * SECOND,
    )  # fmt: skip


def looked(node: Node, lots: int) -> list[Effect]:
    """Show a position until it is no lag of reads any more."""
    effects = []
    for at_s in (6, 20):
        at_ns = NOW + at_s * SECOND
        effects += node.handle(PositionShown(SYMBOL, lots, at_ns, at_ns))
    return effects


@pytest.mark.parametrize(("closed", "left"), [(10, 0), (4, 6)])
def test_what_the_venue_closed_itself_is_booked_once_and_entries_pause(
    closed: int, left: int
) -> None:
    """R-PERP-04, F8: a liquidation, or a person who closed by hand; the rest stays protected."""
    node = ready(BOOKS)
    held(node)
    for _ in range(3):
        node.handle(Reported(strange(closed), NOW + 5 * SECOND))
    effects = looked(node, left)
    assert node.book.holding(SYMBOL).lots == left
    assert told(effects) == [
        f"{closed} lots of BTCUSDT were closed by no order of ours: booked, and entries pause"
    ]
    assert (node.halt.mode, node.halt.who) == (Mode.PAUSED, "strange")
    assert told(node.handle(Reported(strange(closed), NOW + 21 * SECOND))) == []
    assert node.book.holding(SYMBOL).lots == left


@pytest.mark.parametrize(
    "fills",
    [
        (),
        (strange(3),),  # not all of what is missing
        (strange(14),),  # more than was held
        (strange(10, at_s=-60),),  # from before the venue last agreed
    ],
)
def test_what_does_not_explain_a_gap_to_the_lot_is_not_booked(fills: tuple[Fill, ...]) -> None:
    """R-RECON-06, S-22: a gap is told, asked about, keeps entries away; nothing is guessed."""
    node = ready(BOOKS)
    held(node)
    for one in fills:
        node.handle(Reported(one, NOW + 5 * SECOND))
    effects = looked(node, 0)
    assert node.book.holding(SYMBOL).lots == 10
    assert "0 lots at the venue, 10 by fills" in told(effects)


def test_coins_of_a_spot_account_are_nobody_elses_to_book() -> None:
    node = ready(replace(BOOKS, abilities=Abilities(reduces_only=False)))
    held(node)
    node.handle(Reported(strange(10), NOW + 5 * SECOND))
    looked(node, 0)
    assert node.book.holding(SYMBOL).lots == 10


def test_a_strange_fill_is_told_once() -> None:
    node = ready(BOOKS)
    said = [told(node.handle(Reported(strange(10), NOW + at * SECOND))) for at in (1, 2, 3)]
    assert said == [["a fill of no order of ours: 90"], [], []]
