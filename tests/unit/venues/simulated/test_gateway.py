"""The gateway: routes, streams, and every fault, in memory and in virtual time (R-EXCH, R-QA)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.toy_venue import SECOND_NS, ToyVenue, asked, texts

from ballast.core.errors import UserError
from ballast.venues.simulated.wire.faults import (
    FRAME_FAULTS,
    REQUEST_FAULTS,
    Command,
    Fault,
    FaultPlan,
    Window,
    fault_named,
)
from ballast.venues.simulated.wire.gateway import Gateway
from ballast.venues.simulated.wire.messages import Answer, Close, Hang, Ping, Reset, Response, Text
from ballast.venues.simulated.wire.streams import WAITING_MAX, Connection
from ballast.venues.simulated.wire.weights import Budget, Meter, Standing


def gateway(*commands: Command, **plan: Any) -> tuple[Gateway, ToyVenue]:
    venue = ToyVenue()
    faults = FaultPlan(**plan)
    for command in commands:
        faults.command(command)
    return Gateway([venue], faults), venue


def stream_of(gate: Gateway) -> Connection:
    opened = gate.connect(asked("GET", "/stream"), gate.now_ns)
    assert isinstance(opened, Connection)
    gate.receive(opened, "subscribe", gate.now_ns)
    assert texts(gate.take(opened, gate.now_ns)) == ["heard subscribe"]
    return opened


def order(gate: Gateway, now_ns: int | None = None) -> Any:
    return gate.request(asked("POST", "/order"), gate.now_ns if now_ns is None else now_ns)


def test_a_request_goes_by_host_by_prefix_or_to_the_only_venue() -> None:
    two = Gateway([ToyVenue(), type("Other", (ToyVenue,), {"name": "b", "hosts": {"b.x"}})()])
    for host, path, status in (
        ("api.toy.example", "/time", 200),
        ("API.TOY.EXAMPLE:443", "/time", 200),
        ("127.0.0.1:8080", "/toy/time", 200),
        ("127.0.0.1:8080", "/b/time", 200),
        ("127.0.0.1:8080", "/time", 404),
        ("evil.example", "/time", 404),
    ):
        outcome = two.request(asked("GET", path, host=host), 0)
        assert isinstance(outcome, Answer)
        assert outcome.response.status == status, (host, path)
    one, _ = gateway()
    outcome = one.request(asked("GET", "/time", host="127.0.0.1"), 0)
    assert isinstance(outcome, Answer)
    assert outcome.response.status == 200


def test_time_never_goes_back() -> None:
    gate, venue = gateway()
    for now_ns in (5, 3, 9, 1):
        gate.request(asked("GET", "/time"), now_ns)
    assert venue.market.now_ns == gate.now_ns == 9


#  fault                     done?   what the client sees
BEFALLEN: list[tuple[Fault, int, Any]] = [
    (Fault.LOSE_REQUEST, 0, Hang()),
    (Fault.RESET_REQUEST, 0, Reset()),
    (Fault.LOSE_REPLY, 1, Hang()),
    (Fault.RESET_REPLY, 1, Reset()),
    (Fault.ERROR_BEFORE, 0, 504),
    (Fault.ERROR_AFTER, 1, 504),
    (Fault.UNAVAILABLE, 0, 503),
    (Fault.MAINTENANCE, 0, 503),
    (Fault.RATE_LIMITED, 0, 429),
    (Fault.BANNED, 0, 418),
    (Fault.FALSE_NOT_FOUND, 0, 400),
    (Fault.REJECT_THEN_APPEAR, 1, 400),
    (Fault.TWICE, 2, 200),
    (Fault.NOT_JSON, 1, 502),
    (Fault.CHANGED_SHAPE, 1, 200),
    (Fault.TRUNCATE, 1, 200),
    (Fault.DELAY, 1, 200),
]


def test_every_request_fault_is_in_the_table() -> None:
    assert {fault for fault, _, _ in BEFALLEN} == set(REQUEST_FAULTS)


@pytest.mark.parametrize(("fault", "done", "seen"), BEFALLEN)
def test_a_request_fault_does_what_its_name_says(fault: Fault, done: int, seen: Any) -> None:
    """Executed or not, and what of it reaches the client: the two must not be mixed up."""
    gate, venue = gateway(Command(fault, "/order"))
    outcome = order(gate)
    assert venue.market.orders == done
    if isinstance(seen, int):
        assert isinstance(outcome, Answer)
        assert outcome.response.status == seen
        whole = fault not in {Fault.TRUNCATE, Fault.DELAY}
        assert whole == (outcome.cut_bytes is None and outcome.delay_ns == 0)
    else:
        assert outcome == seen
    assert [(one.fault, one.target) for one in gate.faults.log] == [(fault, "toy POST /order")]
    assert isinstance(order(gate), Answer)  # commanded once, happens once
    assert gate.faults.count == 1


def test_a_changed_shape_lost_a_field_and_gained_one() -> None:
    gate, _ = gateway(Command(Fault.CHANGED_SHAPE))
    outcome = order(gate)
    assert set(outcome.response.json()) == {"form", "newField"}


@pytest.mark.parametrize("fault", [Fault.TWICE, Fault.REJECT_THEN_APPEAR])
def test_reads_are_not_repeated_or_refused(fault: Fault) -> None:
    gate, _ = gateway(rates={fault: 1.0})
    outcome = gate.request(asked("GET", "/time"), 0)
    assert isinstance(outcome, Answer)
    assert outcome.response.status == 200
    assert gate.faults.count == 0


#  fault                what two frames become
STREAMS: list[tuple[Fault, list[str]]] = [
    (Fault.DROP_FRAME, ["order 2", "order 3"]),
    (Fault.REPEAT_FRAME, ["order 1", "order 1", "order 2", "order 3"]),
    (Fault.SWAP_FRAMES, ["order 2", "order 1", "order 3"]),
    (Fault.DELAY_FRAME, ["order 2", "order 3", "order 1"]),
    (Fault.BREAK_FRAME, ['{"e":"depthUpd', "order 2", "order 3"]),
    (Fault.GO_SILENT, []),
    (Fault.HALF_OPEN, []),
]


@pytest.mark.parametrize(("fault", "expected"), STREAMS)
def test_a_stream_fault_does_what_its_name_says(fault: Fault, expected: list[str]) -> None:
    gate, venue = gateway(hold_ns=SECOND_NS)
    stream = stream_of(gate)
    gate.faults.command(Command(fault, "STREAM"))
    for _ in range(3):
        order(gate)
    assert venue.seen == [1, 2, 3]  # what a client misses, the venue knows
    assert texts(gate.take(stream, gate.now_ns + SECOND_NS)) == expected
    assert [one.fault for one in gate.faults.log] == [fault]


def test_a_stream_from_afar_brings_every_frame_later_and_in_order() -> None:
    gate = Gateway([ToyVenue()], stream_delay_ns=SECOND_NS)
    opened = gate.connect(asked("GET", "/stream"), 0)
    assert isinstance(opened, Connection)
    gate.receive(opened, "subscribe", 0)
    order(gate, SECOND_NS // 2)
    assert list(gate.take(opened, SECOND_NS - 1)) == []
    assert texts(gate.take(opened, SECOND_NS)) == ["heard subscribe"]
    told = texts(gate.take(opened, 2 * SECOND_NS))
    near, _ = gateway()
    stream = stream_of(near)
    order(near, SECOND_NS // 2)
    assert told == texts(near.take(stream, near.now_ns)) != []


def test_a_closed_stream_says_its_code_and_is_forgotten() -> None:
    gate, venue = gateway()
    stream = stream_of(gate)
    gate.faults.command(Command(Fault.CLOSE_STREAM))
    order(gate)
    order(gate)
    frames = list(gate.take(stream, gate.now_ns))
    assert isinstance(frames[0], Close)
    assert venue.sessions[0].gone
    assert gate.connections == ()
    assert {fault for fault, _ in STREAMS} | {Fault.CLOSE_STREAM} == set(FRAME_FAULTS)


def test_a_silent_stream_still_pings_and_a_half_open_one_does_not() -> None:
    """N9 and N10: the watchdog of a client has to find both by other means."""
    for fault, pings in ((Fault.GO_SILENT, 1), (Fault.HALF_OPEN, 0)):
        gate, _ = gateway()
        stream = stream_of(gate)
        gate.faults.command(Command(fault))
        order(gate)
        gate.advance(30 * SECOND_NS)
        frames = list(gate.take(stream, gate.now_ns))
        assert [type(one) for one in frames] == [Ping] * pings


def test_a_stream_ends_after_a_day() -> None:
    gate, _ = gateway()
    stream = stream_of(gate)
    gate.advance(86_400 * SECOND_NS)
    assert Close(1001, "a day is over") in list(gate.take(stream, gate.now_ns))


def test_a_stream_can_be_refused_by_the_venue_or_by_a_fault() -> None:
    gate, _ = gateway()
    refused = gate.connect(asked("GET", "/nowhere"), 0)
    assert isinstance(refused, Response)
    assert refused.status == 403
    gate.faults.command(Command(Fault.REFUSE_STREAM))
    refused = gate.connect(asked("GET", "/stream"), 0)
    assert isinstance(refused, Response)
    assert refused.status == 503


def test_a_client_that_reads_nothing_is_dropped() -> None:
    """Bounded memory: what waits for one client is counted."""
    gate, _ = gateway()
    stream = stream_of(gate)
    for number in range(WAITING_MAX + 5):
        stream.push(Text(str(number)), 0)
    assert stream.dead
    assert Close(1008, "too slow") in [frame for _, _, frame in stream.waiting]
    assert len(stream.waiting) <= 5


def run(seed: int, rates: dict[Fault, float]) -> list[Any]:
    gate, venue = gateway(seed=seed, rates=rates)
    stream = stream_of(gate)
    seen: list[Any] = []
    for step in range(400):
        seen.append(order(gate, step * SECOND_NS // 10))
        if stream.ended or stream.dead:
            gate.disconnect(stream)
            stream = stream_of(gate)
        seen.extend(gate.take(stream, gate.now_ns))
    return [*seen, venue.market.orders, *gate.faults.log]


def test_the_same_seed_and_traffic_give_the_same_faults_and_another_seed_others() -> None:
    rates = dict.fromkeys((*REQUEST_FAULTS, *FRAME_FAULTS), 0.01)
    rates[Fault.HALF_OPEN] = rates[Fault.GO_SILENT] = 0.0
    first = run(7, rates)
    assert run(7, rates) == first
    assert run(8, rates) != first


def test_faults_come_at_their_rate() -> None:
    gate, _ = gateway(rates={Fault.LOSE_REPLY: 0.1, Fault.UNAVAILABLE: 0.05})
    for _ in range(4_000):
        order(gate)
    counts = [sum(one.fault is kind for one in gate.faults.log) for kind in gate.faults.rates]
    assert counts[0] == pytest.approx(400, abs=70)
    assert counts[1] == pytest.approx(200, abs=55)


def test_drawn_faults_keep_to_their_windows_and_commanded_ones_do_not() -> None:
    gate, _ = gateway(rates={Fault.UNAVAILABLE: 1.0}, windows=(Window(10, 20),))
    statuses = [order(gate, now_ns).response.status for now_ns in (5, 10, 19, 20)]
    assert statuses == [200, 503, 503, 200]
    gate.faults.command(Command(Fault.BANNED))
    assert order(gate, 30).response.status == 418


def test_a_commanded_fault_waits_for_its_target_and_counts_down() -> None:
    gate, _ = gateway(Command(Fault.UNAVAILABLE, r"POST /order$", 2))
    assert gate.request(asked("GET", "/time"), 0).response.status == 200  # type: ignore[union-attr]
    assert [order(gate).response.status for _ in range(3)] == [503, 503, 200]
    assert gate.faults.waiting() == ()


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (lambda: FaultPlan(rates={Fault.DELAY: 1.5}), "from 0 to 1"),
        (lambda: FaultPlan().command(Command(Fault.DELAY, "(")), "pattern"),
        (lambda: FaultPlan().command(Command(Fault.DELAY, "", 0)), "at least 1"),
        (lambda: fault_named("lose_repy"), "did you mean 'lose_reply'"),
    ],
)
def test_an_impossible_plan_is_refused_in_one_line(bad: Any, words: str) -> None:
    with pytest.raises(UserError) as caught:
        bad()
    assert words in caught.value.line()
    assert "\n" not in caught.value.line()


def test_a_budget_limits_then_bans_ever_longer() -> None:
    meter = Meter(Budget("weight", 10, 60 * SECOND_NS, 2, 120 * SECOND_NS))
    said = [meter.spend("a", 4, 0) for _ in range(5)]
    assert said == [
        Standing.GOOD, Standing.GOOD, Standing.LIMITED, Standing.LIMITED, Standing.BANNED,
    ]  # fmt: skip
    assert meter.spend("b", 10, 0) is Standing.GOOD  # another address has its own
    assert meter.retry_after_ns("a", 30 * SECOND_NS) == 90 * SECOND_NS
    assert meter.spend("a", 1, 119 * SECOND_NS) is Standing.BANNED
    assert meter.spend("a", 1, 120 * SECOND_NS) is Standing.GOOD
    meter.ban("a", 120 * SECOND_NS)
    assert meter.retry_after_ns("a", 120 * SECOND_NS) == 240 * SECOND_NS


def test_a_new_window_is_a_new_budget() -> None:
    meter = Meter(Budget("weight", 10, 60 * SECOND_NS, 0))
    assert meter.spend("a", 10, 59 * SECOND_NS) is Standing.GOOD
    assert meter.spend("a", 1, 59 * SECOND_NS) is Standing.LIMITED
    assert meter.retry_after_ns("a", 59 * SECOND_NS) == SECOND_NS
    assert meter.used("a", 59 * SECOND_NS) == 10
    assert meter.spend("a", 1, 60 * SECOND_NS) is Standing.GOOD
    assert meter.used("a", 60 * SECOND_NS) == 1
