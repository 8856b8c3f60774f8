"""A-STOP: what protects a position, by the node at the simulated venue."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ballast.core.errors import InternalError
from ballast.core.ids import Purpose, client_id, purpose_of
from ballast.core.instrument import Kind
from ballast.core.orders import OrderKind, OrderRef, OrderRequest, OrderStatus, Side
from ballast.core.reports import Action, Unclear
from ballast.oms.book import BookOfRecord
from ballast.oms.protection.cover import Abilities
from ballast.runtime.node.events import AmendOrder, Moved, Priced, Reported, Submit
from ballast.strategies import percent_stop, percent_trail, take
from tests.fakes.papers import DiesError
from tests.fakes.scripted import NAMES, Scripted
from tests.unit.runtime.test_node import NOW, RULES, SECOND, entry, filled, ready, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.runtime.node.node import Node

STOP = percent_stop(0.05)
TAKES = [take(0.02, 0.5), take(0.04, 0.3)]
UP_AND_DOWN = [
    "100 100 100 100 L", "100 101 100 101", "101 102.5 101 102.5", "102.5 103 102.5 103",
    "103 104.5 103 104.5", "104.5 104.5 101 101", "101 105 101 105", "105 105 103 103",
    "103 103 90 90",
]  # fmt: skip
"""Up past +2 % in bar 2 and past +4 % in bar 4, down under both, up again, and to the stop."""


def sold(table: Scripted) -> dict[Purpose, int]:
    """Return the lots of the fills of each purpose."""
    found: dict[Purpose, int] = {}
    for one in table.fills():
        purpose = purpose_of(one.client_id)
        assert purpose is not None
        found[purpose] = found.get(purpose, 0) + one.qty_lots
    return found


@pytest.mark.parametrize("kind", [Kind.PERPETUAL, Kind.SPOT])
def test_a_stop_04_each_partial_executes_once_also_over_restarts_and_told_again(kind: Kind) -> None:
    """Restarted after every bar, and all trades told once more each time: 50 %, 30 %, the rest.

    R-STOP-16.
    """
    table = Scripted(UP_AND_DOWN, kind=kind, stop=STOP, takes=TAKES)
    for bar in range(len(UP_AND_DOWN)):
        table.play(bar).restart()
        for fill in table.fills():
            table.tell(Reported(fill, table.now_ns))
    lots = sold(table)
    whole = lots[Purpose.ENTRY]
    assert lots[Purpose.TAKE] == whole // 2 + whole * 3 // 10
    assert lots[Purpose.TAKE] + lots[Purpose.STOP] == whole
    assert len([one for one in table.fills() if purpose_of(one.client_id) is Purpose.TAKE]) == 2
    assert table.client.position_lots(NAMES[0]) == 0
    assert not table.node.book.holdings()


def dies(table: Scripted, request: int, *, after: bool) -> bool:
    """Play; die at the n-th request, before it is sent or after; return whether it came to that."""
    client: Any = table.client
    left = [request]

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            left[0] -= 1
            if left[0] == 0 and not after:
                raise DiesError
            answer = method(*arguments)
            if left[0] == 0:
                raise DiesError
            return answer

        return call

    names = ("submit", "cancel", "amend", "replace")
    for name in names:
        setattr(client, name, counted(getattr(client, name)))
    try:
        table.play(len(UP_AND_DOWN) - 2)
    except DiesError:
        return True
    finally:
        for name in names:
            delattr(client, name)
    return False


@pytest.mark.parametrize("after", [False, True], ids=["not sent", "sent, not heard"])
@pytest.mark.parametrize("kind", [Kind.PERPETUAL, Kind.SPOT])
def test_a_stop_05_a_crash_at_any_step_leaves_one_right_stop(kind: Kind, *, after: bool) -> None:
    """S-05: at each request of an entry, a stop that trails and two partials, in turn.

    A minute after the restart the venue holds one stop, of the size of what is held. On spot a stop
    that may have been sent is waited for; where there is none the position is closed (B4).
    """
    places = 0
    for request in range(1, 40):
        table = Scripted(
            UP_AND_DOWN, kind=kind, stop=STOP, trail=percent_trail(0.01, 0.03), takes=TAKES
        )
        if not dies(table, request, after=after):
            break
        places += 1
        table.exchange.drain()  # what was told to the dead process
        table.restart()
        table.paper.run(table.now_ns + 60 * SECOND)
        held = abs(table.client.position_lots(NAMES[0]))
        stops = [one.qty_lots for one in table.stops() if purpose_of(one.client_id) is Purpose.STOP]
        assert stops == ([held] if held else []), (request, table.alerts())
        table.finish()
        lots = sold(table)
        assert sum(lots.values()) == 2 * lots.get(Purpose.ENTRY, 0), request
        assert table.client.position_lots(NAMES[0]) == 0
    assert places >= 6


def held_node(abilities: Abilities) -> tuple[Node, Submit]:
    """Return a node that holds 10 lots bought at 10,001, and its stop at 9,500, which rests."""
    node = ready(replace(RULES, abilities=abilities))
    effects = node.handle(Reported(filled(entry(node)), NOW + SECOND))
    (stop,) = (one for one in effects if isinstance(one, Submit))
    node.handle(Reported(shown(stop, OrderStatus.UNTRIGGERED, order_id=8), NOW + SECOND))
    return node, stop


def test_a_stop_06_a_limit_stop_that_does_not_fill_is_followed_by_a_market_exit() -> None:
    """Set off at 9,500, limit 9,452, and the price is beyond: after 5 s at market, no sooner."""
    node, stop = held_node(Abilities(stops_at_market=False))
    assert (stop.request.kind, stop.request.price_ticks) == (OrderKind.STOP_LIMIT, 9_452)
    at_ns = NOW + 2 * SECOND
    node.handle(Priced("BTCUSDT", 9_400, at_ns))
    node.handle(Reported(shown(stop, OrderStatus.NEW, order_id=8), at_ns))
    early = node.handle(Priced("BTCUSDT", 9_390, at_ns + 5 * SECOND - 1))
    assert not [one for one in early if isinstance(one, Submit)]
    (exit_,) = (
        one
        for one in node.handle(Priced("BTCUSDT", 9_390, at_ns + 5 * SECOND))
        if isinstance(one, Submit)
    )
    assert exit_.purpose is Purpose.FLATTEN
    assert (exit_.request.kind, exit_.request.qty_lots) == (OrderKind.MARKET, 10)
    assert exit_.request.reduce_only


RISING = ["100 100 100 100 L"]
RISING += [f"{100 + k} {101 + k} {100 + k} {101 + k}" for k in range(8)]
RISING += ["108 108 106 106", "106 107 106 107", "107 107 100 100"]


@pytest.mark.parametrize("kind", [Kind.PERPETUAL, Kind.SPOT])
def test_a_stop_10_a_trail_goes_on_over_a_restart_as_if_there_had_been_none(kind: Kind) -> None:
    """S-34: the kernel's row (best price, level, whether it is armed) and the stop at the venue.

    R-STOP-34, R-STOP-40.
    """
    plain = Scripted(RISING, kind=kind, stop=STOP, trail=percent_trail(0.02, 0.03))
    other = Scripted(RISING, kind=kind, stop=STOP, trail=percent_trail(0.02, 0.03))
    levels = []
    for bar in range(len(RISING)):
        plain.play(bar)
        other.play(bar).restart()
        rows = []
        for one in (plain, other):
            decider = one.node.decider
            assert decider is not None
            rows.append((decider.live.pos.tobytes(), [stop.trigger_ticks for stop in one.stops()]))
        assert rows[0] == rows[1], bar
        levels += rows[0][1]
    assert len(set(levels)) > 4, "it trailed"
    assert levels == sorted(levels), "and never back"
    assert [(one.price_ticks, one.qty_lots) for one in plain.fills()] == [
        (one.price_ticks, one.qty_lots) for one in other.fills()
    ]


@pytest.mark.parametrize("is_told", [True, False])
def test_a_stop_11_a_position_whose_stop_is_gone_has_another_at_the_next_look(
    *, is_told: bool
) -> None:
    """S-35: somebody cancels it at the venue; the node hears of it, or misses it at a look."""
    table = Scripted(["100 100 100 100 L", *["100 100 100 100"] * 3], stop=STOP).play(1)
    (gone,) = table.stops()
    table.exchange.cancel(table.client.account, OrderRef(NAMES[0], client_id=gone.client_id))
    if is_told:
        table.paper.bring()
    else:
        table.exchange.drain()
        table.play(2)
    (stop,) = table.stops()
    assert stop.client_id != gone.client_id
    assert (stop.trigger_ticks, stop.qty_lots) == (gone.trigger_ticks, gone.qty_lots)
    line = f"the stop {gone.client_id} is gone, and nobody here cancelled it"
    assert table.alerts() == [line]


def test_a_stop_that_goes_so_that_the_coins_can_be_sold_is_not_called_lost() -> None:
    """R-STOP-30: on spot an exit first cancels its own stop, and is told once."""
    rows = ["100 100 100 100 L", *["100 100 100 100"] * 2, "100 100 100 100 l"]
    table = Scripted([*rows, *["100 100 100 100"] * 2], stop=STOP, kind=Kind.SPOT).play(6)
    assert not table.stops()
    assert table.alerts() == ["closing: signal", "closing order sent"]


def test_a_stop_12_a_thousand_ticks_a_second_move_a_stop_every_five_seconds() -> None:
    """S-39: twelve seconds of better stops are three amends. What protects never waits."""
    node, _ = held_node(Abilities(amends_stops=True))
    amends, at_ns = [], NOW + 2 * SECOND
    for tick in range(12_000):
        at_ns += SECOND // 1_000
        price = 10_000 + tick // 4
        effects = [
            *node.handle(Priced("BTCUSDT", price, at_ns)),
            *node.handle(Moved("BTCUSDT", price - 500, at_ns)),
        ]
        for one in effects:
            if isinstance(one, AmendOrder):
                amends.append((at_ns, one.trigger_ticks))
                moved = shown(_stop_of(node), OrderStatus.UNTRIGGERED, order_id=8)
                moved = replace(moved, at_ns=at_ns, qty_lots=10, trigger_ticks=one.trigger_ticks)
                node.handle(Reported(moved, at_ns))
    assert len(amends) == 3
    assert all(b[0] - a[0] >= 5 * SECOND for a, b in itertools.pairwise(amends))
    best = amends[-1][1]
    assert best > 9_500
    gone = shown(_stop_of(node), OrderStatus.CANCELLED, order_id=8)
    urgent = node.handle(Reported(replace(gone, at_ns=at_ns), at_ns))
    (stop,) = (one for one in urgent if isinstance(one, Submit))
    assert stop.purpose is Purpose.STOP, "at once, though the last move was just now"
    assert stop.request.trigger_ticks >= best


def _stop_of(node: Node) -> Submit:
    (record,) = (one for one in node.book.open_orders("BTCUSDT") if one.purpose is Purpose.STOP)
    return Submit(Purpose.STOP, record.request)


@pytest.mark.parametrize("done", [0, 1, 2], ids=["nothing", "the cancel", "both"])
def test_a_stop_13_a_replace_that_fails_half_way_ends_with_one_stop(done: int) -> None:
    """R-STOP-33, S-38, Binance spot: cancel and new in one request, whose answer is lost.

    Never two, and a minute later one, or no position: what is bare for 15 s is closed (B4).
    """
    table = Scripted(RISING, kind=Kind.SPOT, stop=STOP, trail=percent_trail(0.02, 0.03))
    table.rules_of_node = replace(
        table.rules_of_node, abilities=Abilities(reduces_only=False, replaces=True)
    )
    table.restart()
    client: Any = table.client
    whole, seen = client.replace, []

    def lost(name: str, request: OrderRequest) -> Any:
        seen.append(name)
        if len(seen) > 1:
            return whole(name, request)
        if done == 1:
            client.cancel(request.symbol, name)
        elif done == 2:
            whole(name, request)
        return [
            Unclear(request.symbol, name, Action.CANCEL, "504", table.now_ns),
            Unclear(request.symbol, request.client_id, Action.SUBMIT, "504", table.now_ns),
        ]

    client.replace = lost
    worst = 0
    for bar in range(len(RISING)):
        for after_s in (0, 5, 60):
            table.paper.run(table.close_ns(bar) + after_s * SECOND)
            worst = max(worst, len(table.stops()))
        held = table.client.position_lots(NAMES[0])
        assert [one.qty_lots for one in table.stops()] == ([held] if held else []), bar
    assert seen, "it trailed by replacing"
    assert worst == 1
    lots = sold(table)
    assert sum(lots.values()) == 2 * lots[Purpose.ENTRY]


@pytest.mark.parametrize(
    "wrong",
    [
        {"symbol": ""}, {"qty_lots": 0}, {"qty_lots": -1}, {"trigger_ticks": 0},
        {"qty_lots": "10"}, {"trigger_ticks": 95.5}, {"qty_lots": True},
    ],
    ids=str,
)  # fmt: skip
def test_a_stop_14_a_stop_that_cannot_be_one_is_never_an_order(wrong: dict[str, Any]) -> None:
    """R-STOP-39: No symbol, no quantity, no number: it does not even come into the book.

    A symbol that the venue does not list is refused by its desk, unsent
    (`test_an_order_of_an_unlisted_symbol_is_not_even_sent`).
    """
    name = client_id(Purpose.STOP, account="a", strategy="s", symbol="BTCUSDT", decision=1)
    good = OrderRequest(
        "BTCUSDT", Side.SELL, OrderKind.STOP_MARKET, 10, client_id=name, trigger_ticks=9_500
    )
    book = BookOfRecord()
    with pytest.raises(InternalError, match="no order"):
        book.prepare(name, Purpose.STOP, replace(good, **wrong), decision=1, at_ns=NOW)
    assert not list(book.open_orders())
    book.prepare(name, Purpose.STOP, good, decision=1, at_ns=NOW)


@pytest.mark.parametrize("restarts", [False, True])
def test_a_stop_15_a_position_older_than_two_hours_is_closed(*, restarts: bool) -> None:
    """Where its strategy says so (X-44): `exit_after="2h"`, at the first close from then on."""
    rows = ["100 100 100 100 L", *["100 100 100 100"] * 12]
    table = Scripted(rows, frame="15m", stop=STOP, exit_after="2h")
    loop = [int(one.at_ms) for one in table.loop()[1].fills]
    if restarts:
        table.play(5).restart()
    table.finish()
    at_ms = [one.at_ns // 1_000_000 for one in table.fills()]
    assert at_ms == loop
    assert at_ms[1] - at_ms[0] == 2 * 3_600_000


SIGNALS_ONLY = [
    "100 100 100 100 L", "100 100 100 100", "100 112 100 112", "112 115 112 115",
    "115 115 103 103", "103 103 103 103",
]  # fmt: skip
"""In at 100 with an ATR of 2; armed at 111 by bar 2, best at 115, and down again."""


@pytest.mark.parametrize("kind", [Kind.PERPETUAL, Kind.SPOT])
def test_a_strategy_of_signals_alone_has_a_computed_stop_and_a_trail(kind: Kind) -> None:
    """R-STOP-21: it names no exits; the settings give it 3 ATR, and 5.5 ATR that follow.

    The stop rests at the venue from the first fill on, and moves there as the trail does.
    """
    table = Scripted(SIGNALS_ONLY, kind=kind)
    levels = []
    for bar in range(1, 5):
        table.play(bar)
        levels.append([one.trigger_ticks for one in table.stops()])
    bought = table.fills()[0].price_ticks
    assert levels[0] == [bought - 600], "3 ATR of 2, in ticks of a hundredth"
    assert levels[1:] == [[11_200 - 1_100], [11_500 - 1_100], []]
    assert [purpose_of(one.client_id) for one in table.fills()] == [Purpose.ENTRY, Purpose.STOP]
    loop, _ = table.loop()
    assert len(loop) == 2, "in, and out by the trail"


def test_a_computed_take_rests_beside_the_computed_stop() -> None:
    """R-STOP-21: both ends of a position are orders at the venue, by its own entry price."""
    table = Scripted(SIGNALS_ONLY, stop=STOP, takes=[take(0.06, 1.0)]).play(1)
    bought = table.fills()[0].price_ticks
    (stop,) = table.stops()
    (target,) = (one for one in table.client.open_orders() if one not in table.stops())
    assert stop.trigger_ticks == pytest.approx(bought * 0.95, abs=1)
    assert target.price_ticks == pytest.approx(bought * 1.06, abs=1)
    table.play(2)
    assert [purpose_of(one.client_id) for one in table.fills()] == [Purpose.ENTRY, Purpose.TAKE]
    assert table.client.open_orders() == ()
