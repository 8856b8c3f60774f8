"""A node that decides by itself, on a line that loses things, killed and started again.

200 days and more than 20,000 faults; `make days` plays more, `make sim N=…` N seeds of each kind.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import pytest

from ballast.core.ids import Purpose
from ballast.core.journal import WriteFailedError
from ballast.risk.halt.modes import Command
from ballast.runtime.node import events as told
from tests.fakes.deciding import PLACES, DecidingClient
from tests.fakes.drawn_sessions import is_mixed
from tests.fakes.market_line import FAULTS
from tests.sim import many
from tests.sim.auditing import RATES, Auditor, again, run

SEEDS = int(os.environ.get("BALLAST_EXAMPLES", "40"))
HOURS = 30
BLOCK = len(RATES)
"""Seeds of one test, each on every kind of venue: one at each rate of faults."""
FAULTS_OF_BLOCK = 2_000


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_what_it_decides_is_carried_out_and_protected(first: int) -> None:
    """A-OMS-01, R-OMS-03, R-OMS-14: what was lost is looked for, nothing is there twice."""
    seen: Counter[str] = Counter()
    for seed in range(first, first + BLOCK):
        for name in PLACES:
            run(name, seed, HOURS, seen)
    assert seen.total() >= FAULTS_OF_BLOCK, seen


def test_the_days_and_faults_that_are_promised() -> None:
    """R1: what the simulation of `make test` comes to; each block sees to its own faults."""
    blocks = 40 // BLOCK
    assert blocks * BLOCK * len(PLACES) * HOURS >= 200 * 24
    assert blocks * FAULTS_OF_BLOCK >= 20_000


@pytest.mark.slow
def test_every_fault_and_every_end_is_met() -> None:
    """R9: a simulation whose faults never fire proves nothing."""
    seen: Counter[str] = Counter()
    orders = takes = 0
    for seed in (1_002, 1_006, 1_010, 1_050):
        client = run("perpetual, amends", seed, 48, seen).client
        orders += len(client.line.accepted)
        takes += sum(f'"purpose":"{Purpose.TAKE}"' in one.body for one in client.memory.records)
    assert all(seen[fault] for fault in FAULTS), seen
    assert orders > 40, orders
    assert takes > 0, "takes rest at the venue"


def test_some_sessions_are_of_two_strategies() -> None:
    """Each owns its symbols; cash, limits, halts and the gate are one account's."""
    seeds = [seed for seed in range(40) if is_mixed(seed)]
    assert len(seeds) > 10
    entered: Counter[int] = Counter()
    for seed in seeds[:3]:
        client = run("perpetual, amends", seed, HOURS, Counter()).client
        session = client.rules.session
        assert session is not None
        assert len(session.traders) == 2
        owner = {seat.symbol: seat.trader for seat in session.seats}
        entered.update(owner[symbol] for symbol, _, _ in client.heard.entries)
    assert min(entered[0], entered[1]) > 2, entered


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu"])
def test_another_process_gives_the_same_journal(zone: str) -> None:
    """One seed, one digest: no clock, no hash seed, no time zone is read (E6, R2)."""
    here = run("perpetual, amends", 1, 12, Counter()).client.memory.records[-1].hash
    again = subprocess.run(
        [sys.executable, "-m", "tests.sim.auditing", "perpetual, amends", "1", "12"],
        capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONHASHSEED": str(len(zone)), "TZ": zone},
    )  # fmt: skip
    assert again.stdout.strip() == str(here)


def test_a_flatten_is_not_over_while_fills_of_an_entry_are_on_their_way() -> None:
    """The order is reported as filled, its trades come later: flat by the book is not flat."""
    run("perpetual, new first", 17, HOURS, Counter())


def test_an_entry_that_was_denied_and_comes_after_a_flatten_is_closed() -> None:
    """Its refusal was a lie, and the flatten was over when it filled."""
    run("spot, cancels", 124, HOURS, Counter())


def test_what_is_left_and_cannot_be_sold_alone_is_no_position() -> None:
    """C6: a rest of an entry filled after the order that closed it, too little for another one."""
    client = run("spot, cancels", 20_193, HOURS, Counter()).client
    assert any(client.live.node.desk(one).dust_lots for one in client.symbols)


def test_nothing_is_sent_after_a_write_that_failed() -> None:
    """R-STATE-07, A1, G1: the step whose record is not there is as if it had not been."""
    client = DecidingClient("spot, cancels", 3, 0.0, Counter())
    written = len(client.memory.records)
    client.memory.fail_next = True
    flatten = told.Commanded(Command.FLATTEN, "ann", "test", client.now_ns)
    with pytest.raises(WriteFailedError):
        client.live.handle(flatten)
    with pytest.raises(WriteFailedError, match="closed"):
        client.live.handle(flatten)
    assert len(client.memory.records) == written
    client.start()
    assert client.live.node.halt.allows_entries, "the command is not in the journal"


def test_a_failure_says_how_to_run_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.sim.auditing.Auditor.kernel", failing)
    with pytest.raises(AssertionError, match="broken") as caught:
        run("spot, cancels", 7, 2, Counter())
    (note,) = caught.value.__notes__
    assert "python -m tests.sim.auditing 'spot, cancels' 7 2  # step 1" in note
    assert 3 < len(note.splitlines()) <= 31, "the last records, and no more"


@pytest.mark.slow
def test_what_fails_is_counted_and_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kept command for long runs: a failure costs no other seed, and its cause is cut down."""
    honest = many.played(16, 1)
    assert (honest.hours, honest.failed) == (many.SEEDS_AT_ONCE, [])
    assert honest.faults.total() > 0
    assert "0 violations" in honest.line()

    def broken(auditor: Auditor) -> None:
        hours = auditor.client.hour
        assert hours < 2 or not auditor.client.line.seen["read lost"], "two hours, a read (X1)"

    monkeypatch.setattr("tests.sim.auditing.Auditor.replay", broken)
    name = next(iter(PLACES))
    assert many.failure(name, 2, 1, frozenset()) == ""
    assert many.failure(name, 2, 4, frozenset()) == "(X1)"
    hours, without = many.shrunk(name, 2, 4)
    assert (hours, without) == (2, frozenset(FAULTS) - {"read lost"})
    assert again(name, 2, hours, without).endswith(f"'{','.join(sorted(without))}'")


def failing(*_: object) -> None:
    raise AssertionError("broken")
