"""The compiled book against a plain one: priority, sizes, limits, depth, growth (R-EXCH-16)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracle.booksteps import Both, Step, draw, queues

from ballast.core.rng import stream
from ballast.kernel.exchange import batch, layout, match, views
from ballast.kernel.exchange.growth import with_room

SIDES = st.sampled_from([1, -1])
PRICES = st.integers(1, 11)
LOTS = st.integers(1, 25)
FLAGS = st.builds(
    lambda kind, pause, stp, reduces: kind | pause | stp << 8 | reduces,
    st.sampled_from([0, 0, 1, 2, 4, 12]),
    st.sampled_from([0, 16]),
    st.integers(0, 3),
    st.sampled_from([0, 64]),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just(0), st.integers(0, 3), SIDES, PRICES, LOTS, FLAGS, st.integers(0, 4)),
        st.tuples(st.just(1), st.integers(1, 20)),
        st.tuples(st.just(2), st.integers(1, 20), LOTS),
        st.tuples(
            st.just(3), SIDES, PRICES, st.integers(0, 40), st.integers(0, 2),
            st.sampled_from([0, layout.AHEAD]),
        ),
        st.tuples(st.just(4), SIDES, PRICES, LOTS),
    ),
    max_size=60,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_the_compiled_book_does_what_the_plain_one_does(steps: list[Step]) -> None:
    both = Both()
    for step in steps:
        both.step(step)
    queues(both)


def soak(seed: int, count: int) -> Both:
    rng, both = stream(seed, "order book"), Both(rows=16)
    for number in range(count):
        both.step(draw(rng))
        if number % 50 == 0:
            queues(both)
    return both


def test_many_steps_with_a_small_output() -> None:
    """With few output rows and PAUSE the work is cut into pieces: it must add up to the same."""
    both = soak(1, 8_000)
    assert both.next_id > 1_000


@pytest.mark.slow
def test_a_hundred_thousand_steps() -> None:
    """Issue: priority is never violated, the book never crossed, over 100,000 steps and more."""
    assert soak(2, 100_000).next_id > 10_000


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_a_batch_is_its_commands_one_by_one(steps: list[Step]) -> None:
    """The batch door: same facts, same book, however often it has to stop for room."""
    commands = np.zeros((len(steps), layout.COMMAND_WORDS), dtype=np.int64)
    for row, step in enumerate(steps):
        commands[row] = command(row + 1, step)
    one, two = layout.new_book(4, 4), layout.new_book(4, 4)
    out = layout.new_output(32)
    facts_one: list[list[int]] = []
    facts_two: list[list[int]] = []
    done = 0
    while done < len(commands):
        two = with_room(two)
        begun = batch.apply(two, out, commands, done)
        facts_two += out[1 : int(out[0, 0]) + 1].tolist()
        assert int(two[layout.STATUS]) != layout.MORE or begun > done
        done = complete(two, out, commands, begun, facts_two)
    for row in commands:
        one = with_room(one)
        batch.apply(one, out, row.reshape(1, -1), 0)
        facts_one += out[1 : int(out[0, 0]) + 1].tolist()
        complete(one, out, row.reshape(1, -1), 1, facts_one)
    assert trades(facts_one) == trades(facts_two)
    for side in (1, -1):
        assert shown(one, side) == shown(two, side)


def trades(facts: list[list[int]]) -> list[list[int]]:
    """Levels are told once a piece of work, so only what traded or went can be equal."""
    return [fact for fact in facts if fact[0] != layout.LEVEL_NOW]


def shown(book: np.ndarray, side: int) -> list[list[int]]:
    rows = np.zeros((64, 2), dtype=np.int64)
    return rows[: views.levels(book, side, rows)].tolist()


def complete(
    book: np.ndarray, out: np.ndarray, commands: np.ndarray, begun: int, facts: list[list[int]]
) -> int:
    """Finish a placement that stopped because the output was full."""
    result = int(book[layout.STATUS])
    while result == layout.MORE:
        _, order_id, owner, side, price, _, flags, display = commands[begun - 1].tolist()
        left = int(book[layout.LEFT])
        flags |= layout.RESUMED
        result = match.place(book, out, order_id, owner, side, price, left, flags, display)
        facts += out[1 : int(out[0, 0]) + 1].tolist()
    return begun


def command(order_id: int, step: Step) -> list[int]:
    kind, *numbers = step
    if kind == 1:
        return [layout.CANCEL, max(1, order_id - numbers[0]), 0, 0, 0, 0, 0, 0]
    if kind == 2:
        return [layout.REDUCE, max(1, order_id - numbers[0]), 0, 0, 0, numbers[1], 0, 0]
    if kind == 3:
        side, price, lots, rule, _ = numbers
        return [layout.SET_LEVEL, 0, 0, side, price, lots, 0, rule]
    if kind == 4:
        return [layout.TRADE, 0, 0, *numbers, 0, 0]
    owner, side, price, lots, flags, display = numbers
    return [layout.PLACE, order_id, owner, side, price, lots, flags & ~layout.PAUSE, display]
