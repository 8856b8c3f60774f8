"""Random requests on random venues: what holds after each of them (R-EXCH-16, R-OMS-02)."""

from __future__ import annotations

from typing import get_args

import pytest
from tests.fakes.venue import venue
from tests.oracle import venuechecks
from tests.oracle.venueacts import Acts, opened
from tests.oracle.venuechecks import Stream

from ballast.core.rng import stream
from ballast.venues.simulated.engine.events import Event


def soak(
    seed: int,
    steps: int,
    *,
    check_every: int = 1,
    restart: float = 0.0,
    reader: Stream | None = None,
) -> Acts:
    """Act for so many steps; check; sometimes go on in another exchange, from a snapshot."""
    rng = stream(seed, "engine soak")
    exchange = opened(rng, seed)
    acts, reader = Acts(exchange, rng), reader or Stream()
    for number in range(steps):
        acts.act()
        if number % check_every == 0:
            venuechecks.all_of(acts.exchange)
        if rng.random() < restart:
            state = acts.exchange.snapshot()
            other = venue(acts.exchange.profile, seed=seed)
            other.restore(state)
            assert other.snapshot() == state
            acts.exchange = other
        reader.read(acts.exchange.drain())
    reader.same_books(acts.exchange)
    assert reader.fills > steps // 20
    return acts


@pytest.mark.parametrize("seed", range(6))
def test_assets_locks_books_and_events_hold_after_every_act(seed: int) -> None:
    soak(seed, 2_000)


@pytest.mark.slow
def test_a_hundred_thousand_acts() -> None:
    """Issue: conservation to the last atom, locks, priority, limits: 100,000 steps and more."""
    answers: dict[str, int] = {}
    kinds: set[str] = set()
    for seed in range(100, 150):
        reader = Stream()
        acts = soak(seed, 2_000, check_every=5, reader=reader)
        kinds |= reader.kinds
        for name, count in acts.answers.items():
            answers[name] = answers.get(name, 0) + count
    assert sum(answers.values()) >= 100_000
    assert len(answers) >= 20, answers
    assert kinds == {one.__name__ for one in get_args(Event)} - {"Answered"}, "what never happened"


@pytest.mark.parametrize("seed", range(3))
def test_restarts_at_random_steps_change_nothing(seed: int) -> None:
    """The same acts with and without restarts give the same state, byte for byte."""
    one = soak(seed + 50, 400, check_every=50)
    two = soak_with_restarts(seed + 50, 400)
    assert one.exchange.snapshot() == two.exchange.snapshot()


def soak_with_restarts(seed: int, steps: int) -> Acts:
    rng, coin = stream(seed, "engine soak"), stream(seed, "restarts")
    acts = Acts(opened(rng, seed), rng)
    for _ in range(steps):
        acts.act()
        rng.random()  # the draw that `soak` spends on restarting
        if coin.random() < 0.1:
            other = venue(acts.exchange.profile, seed=seed)
            other.restore(acts.exchange.snapshot())
            acts.exchange = other
        acts.exchange.drain()
    return acts


def test_the_same_seed_gives_the_same_bytes() -> None:
    """Issue, point 5."""
    assert soak(7, 300).exchange.snapshot() == soak(7, 300).exchange.snapshot()
