"""Planted bugs of the node that decides: kernel, halts, takes, gate, restart, journal (R8)."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from itertools import chain, count, product
from typing import TYPE_CHECKING, Any

import pytest

from ballast.core.errors import BallastError
from ballast.core.ids import Purpose
from ballast.core.journal import WriteFailedError
from ballast.oms.book import BookOfRecord
from ballast.oms.protection import guard as guarding
from ballast.oms.protection.cover import Cover, Verdict
from ballast.risk.halt import modes
from ballast.runtime.node import decider as deciding
from ballast.runtime.node import entering, execution, journalled
from ballast.runtime.node import node as noding
from ballast.runtime.node.decider import Decider
from ballast.runtime.node.entering import Entering
from ballast.runtime.node.events import Submit
from ballast.runtime.node.execution import Execution
from ballast.runtime.node.journalled import JournalledNode
from ballast.runtime.node.node import Node
from ballast.runtime.node.session import Session
from ballast.runtime.node.settling import Settling
from tests.sim import (
    test_planted_node_bugs,
    test_planted_order_bugs,
    test_planted_protection_bugs,
)
from tests.sim.auditing import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ballast.runtime.node.events import Effect, Event

SEEDS = max(72, int(os.environ.get("BALLAST_EXAMPLES", "24")))
HOURS = 30
SHORT, SHORTS = 5, 8
"""Some short runs first: a broken node may fall into a storm of restarts that takes minutes."""
WHERE = ("perpetual, new first", "spot, cancels")
FILLED, LEARNT, WANT, COMMANDED = Decider.filled, Node._booked, Node._want, modes.commanded
COVER, LOOK, POSITION, STARTED, REPLAYED = (
    Execution._cover, Execution._look_after, Execution._position, Node._started,
    journalled.replayed,
)  # fmt: skip
NUMBERS = count(1)


def nothing(*_: Any, **__: Any) -> None:
    return None


def told_twice(node: Node, record: Any, fill: Any) -> None:
    LEARNT(node, record, fill)
    if record.purpose is Purpose.ENTRY:
        LEARNT(node, record, fill)


def not_told_of(purpose: Purpose) -> Callable[..., None]:
    def booked(node: Node, record: Any, fill: Any) -> None:
        if record.purpose is not purpose:
            LEARNT(node, record, fill)

    return booked


def a_lot_less(decider: Decider, s: int, fill: Any, _: float) -> int:
    return fill.qty_lots - 1 if s >= 0 and decider else 0


def no_fee(*_: Any) -> tuple[float, float]:
    return 0.0, 0.0


def a_little_off(ticks: int, num: int, den: int) -> float:
    return (ticks + ticks // 1_000) * num / den


def of_another_clock(*_: Any) -> int:
    return 1_700_000_000_000 + next(NUMBERS)


def twice_as_large(node: Node, decider: Decider, one: Any, at_ns: int) -> None:
    notional = one.notional / 2
    WANT(node, decider, replace(one, notional=notional), at_ns)


def another_way(node: Node, purpose: Purpose, request: Any, **more: int) -> Submit:
    if purpose is Purpose.ENTRY:
        request = replace(request, side=type(request.side)(-int(request.side)))
    return ENTER(node, purpose, request, **more)


def without_the_command(order: modes.Command) -> Callable[..., modes.Halt]:
    def commanded(halt: modes.Halt, asked: modes.Command, **more: Any) -> modes.Halt:
        return halt if asked is order else COMMANDED(halt, asked, **more)

    return commanded


def always(_: modes.Halt) -> bool:
    return True


def never_closes(node: Node, symbol: str, lots: int, desk: Any) -> Any:
    return replace(COVER(node, symbol, lots, desk), closes=False)


def half_of_it(node: Node, symbol: str, lots: int, desk: Any) -> Any:
    return COVER(node, symbol, lots - lots // 2, desk)


def only_the_first(node: Node, symbol: str) -> None:
    if symbol == min(node.desks):
        LOOK(node, symbol)


def sends_before_it_writes(live: JournalledNode, event: Event) -> list[Effect]:
    effects = live.node.handle(event)
    try:
        live.journal.append(journalled.entries_of(event, effects, live.node.now_ns))
    except WriteFailedError:
        return effects
    return effects


def only_the_event(event: Event, _: Iterable[Effect], at_ns: int) -> list[Any]:
    return [journalled.CODEC.entry(event, at_ns)]


def sends_again(node: Node) -> None:
    """Incident 1: what was on its way is sent once more."""
    again = [Submit(one.purpose, one.request) for one in node.book.doubtful()]
    STARTED(node)
    node._out += again


def names_of_the_process(purpose: Purpose, **_: Any) -> str:
    return client_name(purpose, decision=next(NUMBERS))


def client_name(purpose: Purpose, *, decision: int) -> str:
    return CLIENT_ID(purpose, account="ours", strategy="x", symbol="AAAUSDT", decision=decision)


def without_the_end(records: Iterable[Any], *more: Any, **how: Any) -> Any:
    """Incident 68: the last steps are not there after a start."""
    kept = list(records)
    places = [k for k, one in enumerate(kept) if one.kind == "node.event"]
    return REPLAYED(kept[: places[-8]] if len(places) > 16 else kept, *more, **how)


def no_gate(snapshot: Any, memory: Any, limits: Any) -> Any:
    running = modes.Halt(modes.Mode.RUNNING)
    return JUDGE(replace(snapshot, account=replace(snapshot.account, halt=running)), memory, limits)


def every_trade(book: BookOfRecord, symbol: str, *more: Any) -> int:
    """Trades go although their orders stay: the next copy of a frame is booked again."""
    for key in [key for key in book._trades if key[0] == symbol]:
        del book._trades[key]
    return FORGET(book, symbol, *more)


def whatever_is_missing(node: Execution, event: Any) -> None:
    """What ended leaves at the first look, and fills that are on their way find nothing."""
    for record in [one for one in node.book._orders.values() if not one.is_open]:
        del node.book._orders[record.client_id]
        node.book._doubtful.pop(record.client_id, None)
    POSITION(node, event)


def never_crossed(*_: Any) -> bool:
    return False


def without_limits(session: Session) -> Any:
    """Limits of the account that nobody holds (F3)."""
    market = MARKET(session)
    for name in ("entries_hour", "entries_day", "positions"):
        market.limits[name] = 0
    return market


def whatever_the_halt(node: Entering) -> None:
    halt, node.halt = node.halt, modes.Halt(modes.Mode.RUNNING)
    GO_ON(node)
    node.halt = halt


def one_more(*asked: Any) -> tuple[int, ...]:
    parts = PARTS(*asked)
    return (*parts, parts[-1]) if len(parts) > 1 else parts


def but_the_last(node: Settling, report: Any) -> None:
    TAKE(node, report)
    for name, cost in node.desk(report.symbol).costs.items():
        record = node.book.get(name)
        if record is not None and record.is_settled and cost.lots:
            node.desk(report.symbol).costs[name] = replace(cost, lots=cost.lots - 1)


def no_plans(node: Entering) -> None:
    for desk in node.desks.values():
        desk.plan = None


def whatever_became_of_it(node: Entering) -> None:
    """What ended an entry is forgotten, and nothing speaks against going on."""
    node.__dict__["_against"] = lambda *_: ""
    for desk in node.desks.values():
        if desk.plan is not None:
            desk.plan = replace(desk.plan, over="")
    GO_ON(node)


def cancels_first(case: Any, old: Any, **_: Any) -> Verdict:
    """Incident 19: the old stop goes before the new one is there."""
    return Verdict(case.memory, tuple(guarding._cancels([old])))


MARKET = Session.market
ENTER, CLIENT_ID, JUDGE, FORGET = (
    Execution._enter,
    execution.client_id,
    noding.judge,
    BookOfRecord.forget,
)
GO_ON, PARTS, TAKE = Entering._go_on, entering.parts_of, Settling._take
BUGS: dict[str, tuple[Any, str, Any]] = {
    "the kernel hears of no fill": (Node, "_booked", nothing),
    "the kernel hears of an entry twice": (Node, "_booked", told_twice),
    "the kernel hears of no stop": (Node, "_booked", not_told_of(Purpose.STOP)),
    "the kernel hears of no take": (Node, "_booked", not_told_of(Purpose.TAKE)),
    "the kernel hears of no market exit": (Node, "_booked", not_told_of(Purpose.FLATTEN)),
    "the kernel hears of a lot less": (Decider, "_received", a_lot_less),
    "a fee that is not booked": (Decider, "_fee", no_fee),
    "a price that is a little off": (deciding, "from_steps", a_little_off),
    "a time that no replay gives again": (Decider, "_counts_from", of_another_clock),
    "an entry larger than approved": (Node, "_want", twice_as_large),
    "an entry the other way": (Execution, "_enter", another_way),
    "a pause that is not heard": (modes, "commanded", without_the_command(modes.Command.PAUSE)),
    "a kill that is not heard": (modes, "commanded", without_the_command(modes.Command.KILL)),
    "a flatten that is not heard": (
        modes, "commanded", without_the_command(modes.Command.FLATTEN),
    ),
    "a halt that lets entries pass": (modes.Halt, "allows_entries", property(always)),
    "a gate that does not ask the halt": (noding, "judge", no_gate),
    "a position that is never closed": (Execution, "_cover", never_closes),
    "half of a position is protected": (Execution, "_cover", half_of_it),
    "only the first symbol is guarded": (Execution, "_look_after", only_the_first),
    "a failed write that stops nothing": (JournalledNode, "handle", sends_before_it_writes),
    "effects that are not written": (journalled, "entries_of", only_the_event),
    "a restart that sends again": (Node, "_started", sends_again),
    "names that no restart gives again": (execution, "client_id", names_of_the_process),
    "nothing is ever forgotten": (Execution, "_forget", nothing),
    "trades forgotten before their orders": (BookOfRecord, "forget", every_trade),
    "orders forgotten while fills are missing": (Execution, "_position", whatever_is_missing),
    "a stop behind the price": (Cover, "is_crossed", never_crossed),
    "refused stops that stop nothing": (Execution, "_pause", nothing),
    "cancel, then perhaps create": (guarding._Case, "_moved", cancels_first),
    "limits of the account not held": (Session, "market", without_limits),
    "slices that go on after a halt": (Entering, "_go_on", whatever_the_halt),
    "slices that go on after an exit": (Entering, "_go_on", whatever_became_of_it),
    "a slice more than was approved": (entering, "parts_of", one_more),
    "slices that no restart remembers": (Entering, "_look_again", no_plans),
    "slices that are dropped in silence": (Entering, "_tell", nothing),
    "what orders cost is told without their last fill": (Settling, "_take", but_the_last),
    "a restart without its last steps": (journalled, "replayed", without_the_end),
}  # fmt: skip


def test_at_least_60_bugs_are_planted() -> None:
    """Orders, protection, the node that is told, the node that decides."""
    others = (test_planted_node_bugs, test_planted_order_bugs, test_planted_protection_bugs)
    assert sum(len(one.BUGS) for one in others) + len(BUGS) >= 60


@pytest.mark.slow
@pytest.mark.parametrize("bug", BUGS)
def test_the_simulation_finds(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, wrong = BUGS[bug]
    monkeypatch.setattr(owner, name, wrong)
    short, long = product([SHORT], range(SHORTS)), product([HOURS], range(SEEDS))
    for hours, seed in chain(short, long):
        try:
            run(WHERE[seed % 2], seed, hours, Counter())
        except (AssertionError, BallastError):
            return
    pytest.fail(f"{bug}: not found in {SEEDS} seeds")
