"""A-STATE: what a start finds: another instance, and what happened while nobody was there."""

from __future__ import annotations

import pytest

from ballast.core.instrument import Kind
from ballast.core.journal import LeaseLostError
from ballast.core.orders import AmendRequest, OrderRef
from ballast.runtime.node.events import Elapsed, OrdersShown, PositionShown, Reported
from ballast.strategies import percent_stop
from tests.fakes.scripted import NAMES, Scripted

STOP = percent_stop(0.05)
FLAT = "100 100 100 100"


@pytest.mark.parametrize("kind", [Kind.PERPETUAL, Kind.SPOT])
def test_a_state_06_a_stop_that_filled_while_nothing_ran_is_booked_and_told(kind: Kind) -> None:
    """R-RECON-04: bought, then no process for three bars; the price falls through the stop."""
    rows = [f"{FLAT} L", FLAT, FLAT, "100 100 90 90", *["90 90 90 90"] * 4]
    table = Scripted(rows, kind=kind, stop=STOP).play(1)
    lots = table.node.book.holding(NAMES[0]).lots
    assert lots > 0
    table.sleep(5)
    table.paper.show(table.now_ns)
    for fill in table.client.trades(NAMES[0]):  # what a start asks for
        table.tell(Reported(fill, table.now_ns))
    assert not table.node.book.holdings()
    sold = table.fills()[1]
    line = f"{lots} lots sold by {sold.client_id}, heard of 9000 s later"
    assert [one for one in table.alerts() if "heard of" in one] == [line]
    decider = table.node.decider
    assert decider is not None
    worth = table.client.equity_atoms("USDT") / 10 ** table.client.digits()["USDT"]
    table.finish()
    assert decider.live.account.equity[0] == pytest.approx(worth, abs=0.01)
    assert not table.stops()


def test_a_state_06_at_any_look_what_is_missing_is_asked_for_and_booked() -> None:
    """Nobody tells the trades by themselves: the node asks once position and book differ."""
    rows = [f"{FLAT} L", FLAT, "100 100 90 90", *["90 90 90 90"] * 4]
    table = Scripted(rows, stop=STOP).play(1)
    table.sleep(3)
    for second in range(0, 120, 5):
        table.paper.run(table.close_ns(3) + second * 1_000_000_000)
        now_ns = table.now_ns
        table.tell(OrdersShown(table.client.open_orders(), now_ns, now_ns))
        table.tell(PositionShown(NAMES[0], table.client.position_lots(NAMES[0]), now_ns, now_ns))
    assert not table.node.book.holdings()
    assert any("heard of" in one for one in table.alerts())


def test_a_state_05_an_instance_that_another_one_followed_writes_and_sends_nothing_more() -> None:
    """The journal has one writer: the second takes it only when the first is gone (S-46).

    Should the first live after all, its next write fails, and what is not written is not sent. A
    second start beside a living one is refused by the journal itself
    (`test_a_second_writer_is_refused_and_told_who_writes`).
    """
    table = Scripted([f"{FLAT} L", FLAT], stop=STOP)
    first = table.shell
    table.restart()
    with pytest.raises(LeaseLostError):
        first.tell(Elapsed(table.now_ns))
    table.finish()
    assert table.entered() == [0]


@pytest.mark.parametrize("trigger", [9_000, 9_700])
def test_s_37_a_stop_that_was_moved_at_the_venue_is_put_back_to_the_safest_level(
    trigger: int,
) -> None:
    """S-37: the node's is 9,501. A looser one is tightened again at the next look; a tighter one,
    which may only lose less, is left."""
    rows = [f"{FLAT} L", *[FLAT] * 4]
    table = Scripted(rows, stop=STOP).play(1)
    (stop,) = table.stops()
    assert stop.trigger_ticks == 9_501
    ref = OrderRef(NAMES[0], client_id=stop.client_id)
    table.exchange.amend(table.client.account, AmendRequest(ref, trigger_ticks=trigger))
    table.exchange.drain()
    table.play(3)
    (now,) = table.stops()
    assert now.trigger_ticks == max(trigger, 9_501)
