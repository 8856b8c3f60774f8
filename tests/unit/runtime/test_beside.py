"""R-GATE-22: beside what the kernel refused stands what the gate has against it, and only that.

A refusal of the kernel ends a signal before the gate is asked. Who sees `reward_risk` alone thinks
that a better target would have let it in, while the account is paused and the data are old.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.scripted import CONFIDENCE, NAMES, Scripted

from ballast.core.reasons import Refusal
from ballast.core.records import REFUSED
from ballast.kernel.live import NO_SIGNALS, Live
from ballast.research.assembly import assemble
from ballast.risk.gate import judge as judging
from ballast.risk.gate.facts import Link
from ballast.risk.gate.memory import closed
from ballast.risk.halt.breaker import Gate
from ballast.risk.halt.health import HealthFault, Vital
from ballast.risk.halt.modes import Command
from ballast.runtime.node.events import (
    BarsClosed,
    Commanded,
    FundsShown,
    HealthShown,
    Judged,
    Linked,
    PositionShown,
)
from ballast.runtime.node.journalled import CODEC, RULES, replayed
from ballast.runtime.node.state import packed
from ballast.runtime.shell.feeds import closed_bar
from ballast.strategies import percent_stop, pull_back, take

if TYPE_CHECKING:
    from ballast.core.journal import Record
    from ballast.runtime.node.events import Effect, Event

FLAT = "100 100 100 100"
SYMBOL = NAMES[0]
SECOND = 1_000_000_000
KERNEL = "kernel: reward_risk 0.95848, limit 1.5"
"""What every signal meets here: its take is as far away as its stop."""
RUNGS = tuple((1_000.0 * 2**place, 1e-4) for place in range(8))


def refusing(letter: str = "L", **more: Any) -> Scripted:
    """Return a session before the close of bar 1, whose signal the kernel will refuse."""
    table = Scripted(
        [FLAT, f"{FLAT} {letter}", FLAT], risk={"reward_risk": 1.5}, stop=percent_stop(0.05),
        takes=[take(0.05, 1.0)], **more,
    )  # fmt: skip
    return table.play(0)


def link(now_ns: int, **changed: Any) -> Link:
    """Return a venue that nothing speaks against."""
    good = Link(
        Gate.CLOSED, is_trading=True, is_maintenance=False, data_ns=now_ns, is_contiguous=True,
        spread=1e-4, slippage=1e-4, clock_offset_ns=0, clock_ns=now_ns, rungs=RUNGS,
    )  # fmt: skip
    return replace(good, **changed)


def told(table: Scripted, *events: Event, free: int = 10**15, **changed: Any) -> list[Effect]:
    """Let bar 1 close on what is shown right before, changed as the case wants it."""
    node, now_ns = table.node, table.close_ns(1)
    shown = (
        PositionShown(SYMBOL, 0, now_ns, now_ns),
        FundsShown(free, now_ns, now_ns),
        Linked(SYMBOL, link(now_ns, **changed), now_ns),
    )
    for event in (*shown, *events):
        node.handle(event)
    return node.handle(BarsClosed((closed_bar(table.bars[0], 1),), now_ns, now_ns))


def reasons(effects: list[Effect]) -> list[str]:
    (judged,) = (one for one in effects if isinstance(one, Judged))
    return list(judged.reasons)


def with_proof(table: Scripted, **stated: Any) -> Scripted:
    """Let the certificate of the strategy state something else."""
    (held,) = table.node.rules.permissions
    table.node.rules = replace(table.node.rules, permissions=(replace(held, **stated),))
    return table


def test_where_nothing_else_speaks_against_it_nothing_else_is_told() -> None:
    """Were a check asked without its input, every refusal would carry a false reason."""
    assert reasons(told(refusing())) == [KERNEL]
    assert reasons(told(refusing("S"))) == [KERNEL]


FULL = (HealthFault(Vital.DISK, "10 MB", "200 MB", blocks=True),)
CASES: list[tuple[dict[str, Any], str]] = [
    # what the venue is like, and what is told beside the kernel's reason
    ({"gate": Gate.OPEN}, "breaker: open, limit closed"),
    ({"is_trading": False}, "market: halted, limit trading"),
    ({"is_maintenance": True}, "market: maintenance, limit trading"),
    ({"moved_1m": 0.06}, "calm: 6.0% in a minute, limit 5.0%"),
    ({"data_ns": None}, "data_fresh: not known, limit 36000"),
    ({"is_contiguous": False}, "contiguous: gap, limit contiguous"),
    ({"spread": 0.02}, "spread: 0.02, limit 0.01"),
    ({"slippage": None, "rungs": ()}, "slippage: not known, limit 1"),
    ({"rungs": ((1_000.0, 1.5),)}, "slippage: 1.5, limit 1"),
    ({"clock_ns": None}, "clock: not known, limit 1"),
]


@pytest.mark.parametrize(("changed", "beside"), CASES)
def test_what_the_gate_has_against_it_is_told_too(changed: dict[str, Any], beside: str) -> None:
    assert reasons(told(refusing(), **changed)) == [KERNEL, beside]


def test_all_of_them_are_told_in_the_order_of_the_chain() -> None:
    table = refusing(permitted=False)
    now_ns = table.close_ns(1)
    table.node.gate = closed(table.node.gate, SYMBOL, now_ns + SECOND)
    paused = Commanded(Command.PAUSE, "ann", "lunch", now_ns)
    effects = told(table, paused, HealthShown(FULL, now_ns), free=-1, data_ns=None, spread=0.02)
    assert reasons(effects) == [
        KERNEL,
        "mode: paused: lunch, limit running",
        "certificate: none, limit passed",
        "symbol_state: cooldown, limit analyzing",
        "data_fresh: not known, limit 36000",
        "spread: 0.02, limit 0.01",
        "funds: 0 needed, limit -1e-08 free at the venue",
        "health: free disk 10 MB, limit 200 MB",
    ]


def test_a_size_that_is_not_known_speaks_against_nothing() -> None:
    """Certificate, slippage, cost and funds are held against the least size: it meets them all.

    What they would say of a size is another question, which nobody asked the kernel.
    """
    table = with_proof(refusing(), notional_max=0.0, mean_return=0.0004)
    dear = tuple((most, 1e-4 if place == 0 else 2.0) for place, (most, _) in enumerate(RUNGS))
    assert reasons(told(table, free=0, rungs=dear, slippage=2.0)) == [KERNEL]


def test_an_edge_that_pays_no_size_is_told() -> None:
    """Twice the fee, half the spread and the least size's slippage come to more than its edge."""
    table = with_proof(refusing(), mean_return=0.0002)
    assert reasons(told(table)) == [KERNEL, "cost: 0.00095, limit 0.00105"]
    rests = with_proof(refusing(entry_limit=pull_back(1.0, 1)), mean_return=0.0002)
    assert reasons(told(rests)) == [KERNEL], "what rests pays spread and slippage once"


def test_telling_changes_nothing() -> None:
    """No cool-down, no signal that counts, no slot: the state is that of a node that tells less."""
    more, less = refusing(), refusing()
    less.node.rules = replace(less.node.rules, tells_all=False)
    for table in (more, less):
        told(table, spread=0.02)
    assert more.node.gate == less.node.gate
    less.node.rules = more.node.rules
    assert packed(more.node) == packed(less.node)


def test_a_signal_that_was_looked_at_does_not_stand_against_the_next_one() -> None:
    """It is no duplicate and no conflict of one that comes a moment later: nobody took it."""
    rows = [FLAT, f"{FLAT} S c=0.1", f"{FLAT} L c=0.9", FLAT]
    table = Scripted(rows, frame="1s", confidence=CONFIDENCE, stop=percent_stop(0.05))
    assert table.finish().entered() == [2]
    assert [bar for bar, _ in table.refused()] == [1]


def test_a_check_that_fails_of_itself_is_told_to_a_person_here_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(judging, "CHECKS", {"spread": broken})
    effects = told(refusing())
    line = "spread: ZeroDivisionError: by zero, limit a check that works"
    assert reasons(effects) == [KERNEL, line]
    alerts = [one.text for one in effects if hasattr(one, "text")]
    assert f"a check fails of itself: {line}" in alerts


# What is told of the kernel and is no blocked signal --------------------------------------------


def test_signals_for_both_sides_have_no_side_to_be_judged_for() -> None:
    """Their side is 0, which no order has: an earlier version ended the session here."""
    table = refusing("B")
    paused = Commanded(Command.PAUSE, "ann", "lunch", table.close_ns(1))
    assert reasons(told(table, paused)) == ["kernel: conflicting_signals 0, limit 0"]


def test_a_signal_against_what_is_held_is_not_judged() -> None:
    table = Scripted([f"{FLAT} L", FLAT, f"{FLAT} S", FLAT], stop=percent_stop(0.05))
    assert table.finish().refused() == [(2, "kernel: already_in_position 1")]


def test_an_entry_that_a_rule_of_the_account_cancels_is_not_judged() -> None:
    """It was approved, and its slot is taken: the gate would say so of itself.

    The first symbol fills at 98 and falls by 3 %; the entry of the second waits at 98.
    """
    held = [f"{FLAT} L", "100 100 97.5 98", "98 98 95 95", "95 95 95 95"]
    waits = [f"{FLAT} L", FLAT, FLAT, FLAT]
    table = Scripted(
        held, waits, risk={"daily_loss": 0.001, "correlation": 0.0}, entry_limit=pull_back(1.0, 20),
        stop=percent_stop(0.05),
    )  # fmt: skip
    table.play(2)
    assert [one for _, one in table.refused()] == ["kernel: daily_loss 0.6039 %"]
    assert not [one for one in table.client.open_orders() if one.symbol == NAMES[1]]


@pytest.mark.parametrize("reason", [one for one in Refusal if one is not Refusal.NONE])
def test_which_refusals_are_blocked_signals(reason: Refusal) -> None:
    """Of an entry that was queued before, none is, whatever ended it."""
    table = refusing()
    live = Live(assemble(table.legs), 1_000.0, 0, room=8)
    for place in range(3):
        live.append(0, place, (1.0, 1.0, 1.0, 1.0, 1.0), ())
    row: Any = np.zeros(1, REFUSED).view(np.recarray)[0]
    row.side, row.reason, row.bar = 1, int(reason), 2
    assert live._refused(row, is_closed=True).is_signal is (reason not in NO_SIGNALS)
    assert not live._refused(row, is_closed=False).is_signal
    row.bar = 1
    assert not live._refused(row, is_closed=True).is_signal


# Journals ---------------------------------------------------------------------------------------


def of_version_16(record: Record) -> Record:
    """Return a record as the version before wrote it."""
    if record.kind != RULES:
        return record
    body = json.loads(record.body)
    del body["tells_all"], body["recosts_slices"]
    return replace(record, body=json.dumps(body), version=16)


@pytest.mark.parametrize("tells_all", [False, True])
def test_journals_replay_byte_for_byte(*, tells_all: bool) -> None:
    """What an older version told of a refusal stays so; the new one repeats itself too."""
    table = refusing()
    table.rules_of_node = replace(
        table.rules_of_node, tells_all=tells_all, recosts_slices=tells_all
    )
    table.restart()
    table.command(Command.PAUSE)
    table.finish()
    said = [one.reasons for _, one in table.told if isinstance(one, Judged)]
    beside = ("mode: paused: as drawn, limit running",) if tells_all else ()
    assert said == [(KERNEL, *beside)]
    records = list(MemoryJournal(table.memory, "later").records())
    if tells_all:
        assert replayed(records).effects > 0
        return
    before = [of_version_16(one) for one in records if one.kind != RULES]
    (*_, rules) = (one for one in records if one.kind == RULES)
    before.insert(0, of_version_16(rules))
    again = replayed(before).node
    assert again is not None
    assert not again.rules.tells_all
    assert CODEC.value(of_version_16(rules)) == table.rules_of_node
