"""Paper with more than a stop: a take in a pair, a stop that trails (R-STOP-27, R-STOP-28).

They are killed between journal and sending, and their screen says what rests.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.papers import Sessions

from ballast.core.ids import Purpose, purpose_of
from ballast.core.instrument import Kind
from ballast.core.settings import Settings
from ballast.runtime.node.journalled import replayed
from ballast.service.paper.state import state_of
from ballast.strategies import close, ema, no_trail, percent_stop, strategy, take

if TYPE_CHECKING:
    from ballast.strategies.definition import Strategy


def one_take() -> Strategy:
    """Return a strategy with a fixed stop and one target for all."""
    return strategy(
        "one_take", enter_long=ema(close, 3).crosses_above(ema(close, 8)), stop=percent_stop(0.02),
        trail=no_trail(), takes=[take(0.01)],
    )  # fmt: skip


def sessions(kind: Kind, rate: float = 0.0, **exits: object) -> Sessions:
    usual = Settings()
    settings = replace(
        usual,
        exits=replace(usual.exits, **exits),  # type: ignore[arg-type]
        risk=replace(usual.risk, reward_risk=0.0),
    )
    return Sessions(kind, rate, settings, one_take())


def sent(one: Sessions) -> dict[Purpose | None, int]:
    """Return how many orders of each purpose the venue took."""
    client = one.running.opened.client
    orders = client.exchange.orders(client.account, one.running.opened.symbols[0], limit=100_000)
    found: dict[Purpose | None, int] = {}
    for order in orders:
        purpose = purpose_of(order.request.client_id)
        found[purpose] = found.get(purpose, 0) + 1
    return found


def beside(one: Sessions) -> set[str]:
    """Return what was said to rest beside a stop, in all that the session showed."""
    said = set()
    while one.running.step():
        (position,) = state_of(one.running)["positions"]
        assert position["agree"], position
        said.add(position["beside"])
    return said


def test_a_take_rests_with_the_stop_and_is_seen() -> None:
    found = sessions(Kind.SPOT, pairs=True)
    assert beside(found) == {"-", "take"}
    assert sent(found)[Purpose.TAKE] > 3
    fills = found.running.opened.client.trades(found.running.opened.symbols[0])
    takes = [one for one in fills if purpose_of(one.client_id) is Purpose.TAKE]
    assert takes
    assert all(one.is_maker for one in takes)


def test_a_stop_that_trails_at_the_venue_is_seen_and_is_not_the_stop() -> None:
    found = sessions(Kind.PERPETUAL, native_trail=0.015)
    assert beside(found) == {"-", "take, trail"}
    assert sent(found)[Purpose.TRAIL] > 3


@pytest.fixture(scope="module")
def whole() -> Sessions:
    made = sessions(Kind.SPOT, pairs=True)
    made.finish()
    return made


@pytest.mark.parametrize("request_number", [1, 2, 3, 4, 6, 9])
def test_a_kill_between_journal_and_sending_doubles_no_pair(
    whole: Sessions, request_number: int
) -> None:
    """A1, A2, G2: both orders are in the journal; the next start finds both, or neither."""
    again = sessions(Kind.SPOT, pairs=True)
    again.dies_at(request_number)
    again.start()
    again.finish()
    assert again.starts == 2
    assert again.fills() == whole.fills()


@pytest.mark.parametrize(
    ("kind", "exits"), [(Kind.SPOT, {"pairs": True}), (Kind.PERPETUAL, {"native_trail": 0.015})]
)
def test_with_faults_it_ends_covered_and_replays(kind: Kind, exits: dict[str, object]) -> None:
    found = sessions(kind, rate=0.2, **exits)
    found.finish()
    assert all(one["agree"] for one in state_of(found.running)["positions"])
    node = replayed(MemoryJournal(found.memory, "later").load().tail).node
    assert node is not None
    assert node.book.holdings() == found.running.node.book.holdings()
