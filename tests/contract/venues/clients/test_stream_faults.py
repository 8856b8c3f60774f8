"""Streams over real sockets: what the simulated exchange does to a line, and what comes of it.

The book that a carrier tells must be whole again after each fault, and its owner must have been
told of the gap (R-NET-16, S-40).
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from tests.fakes.streams import Ear, eventually

from ballast.core.instrument import Kind
from ballast.core.marketdata import BookUpdate
from ballast.runtime.clock import SystemClock
from ballast.service.testing import simulated_exchange
from ballast.venues.clients.bybit.public import DepthStream
from ballast.venues.clients.bybit.words import SPOT
from ballast.venues.clients.market import Market
from ballast.venues.clients.streams.carrier import Carrier
from ballast.venues.clients.streams.state import Phase

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ballast.service.testing import ServedVenue

BTC = Market("BTCUSDT", "BTCUSDT", "BTC", "USDT", Kind.SPOT, Decimal("0.01"), Decimal("0.00001"))
READY, STALE, DOWN = Phase.READY, Phase.STALE, Phase.DOWN


class QuickStream(DepthStream):
    """One whose pings are not minutes apart."""

    ping_s = 0.4


@pytest.fixture(scope="module")
def venue() -> Iterator[ServedVenue]:
    with simulated_exchange(exchange="bybit", market="synthetic:seed=7") as served:
        yield served


@asynccontextmanager
async def carried(
    venue: ServedVenue, news_within_s: float = 0.0
) -> AsyncIterator[tuple[Carrier, Ear]]:
    ear = Ear()
    async with venue.session() as session:
        carrier = Carrier(
            session, lambda: QuickStream(SPOT, [BTC]), SystemClock(), time.time_ns,
            on_news=ear.on_news, on_state=ear.on_state, news_within_s=news_within_s,
        )  # fmt: skip
        task = asyncio.create_task(carrier.run())
        try:
            await eventually(lambda: ear.phases[-1:] == [READY] or task.done(), "ready")
            yield carrier, ear
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert task.cancelled(), "what a venue does never ends a carrier"


def books(ear: Ear) -> list[BookUpdate]:
    return [one for one, _ in ear.news if isinstance(one, BookUpdate)]


#   fault            and the owner is told
ENDINGS = [
    ("half_open",    "silent for"),
    ("break_frame",  "a frame cannot be read"),
    ("close_stream", "closed by the venue"),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "why"), ENDINGS)
def test_a_faulty_line_is_made_anew_and_begins_with_a_whole_book(
    venue: ServedVenue, fault: str, why: str
) -> None:
    async def check() -> None:
        async with carried(venue) as (carrier, ear):
            await eventually(lambda: len(books(ear)) > 3)
            venue.fault(fault, "STREAM")
            await eventually(lambda: DOWN in ear.phases, "down")
            down = next(one for one in ear.states if one.phase is DOWN)
            assert down.reason.startswith(why)
            told = len(books(ear))
            await eventually(lambda: ear.phases[-1] is READY, "ready again")
            missed_ns = ear.states[-1].missed_since_ns
            assert missed_ns is not None
            assert 0 < missed_ns <= down.at_ns
            await eventually(lambda: len(books(ear)) > told + 1)
            assert books(ear)[told].is_snapshot
            assert carrier.traffic.connects == 2

    asyncio.run(check())


def test_a_line_that_tells_nothing_any_more_though_it_answers_is_given_up(
    venue: ServedVenue,
) -> None:
    async def check() -> None:
        async with carried(venue, news_within_s=1.0) as (_, ear):
            await eventually(lambda: len(books(ear)) > 3)
            venue.fault("go_silent", "STREAM")
            await eventually(
                lambda: ear.phases[-2:] == [Phase.CONNECTING, READY] and DOWN in ear.phases
            )
            assert any(one.reason.startswith("no news for") for one in ear.states)

    asyncio.run(check())


def test_a_refused_handshake_is_tried_again(venue: ServedVenue) -> None:
    async def check() -> None:
        venue.fault("refuse_stream", "", count=2)
        async with carried(venue) as (_, ear):
            downs = [one for one in ear.states if one.phase is DOWN]
            assert len(downs) == 2
            assert all(one.reason.startswith("refused with HTTP") for one in downs)

    asyncio.run(check())


@pytest.mark.parametrize("fault", ["drop_frame", "repeat_frame", "swap_frames"])
def test_frames_that_are_lost_or_twice_are_told_as_they_come(
    venue: ServedVenue, fault: str
) -> None:
    """Whether a book is whole is for the one who builds it: the numbers are told untouched."""

    async def check() -> None:
        async with carried(venue) as (carrier, ear):
            await eventually(lambda: len(books(ear)) > 2)
            venue.fault(fault, "STREAM")
            before = len(books(ear))
            await eventually(lambda: len(books(ear)) > before + 8)
            ids = [one.last_id for one in books(ear) if not one.is_snapshot]
            steps = [after - first for first, after in pairwise(ids)]
            odd = [one for one in steps if one != 1]
            assert odd, f"the fault did not happen: {ids}"
            assert ear.phases == [Phase.CONNECTING, READY]
            assert carrier.traffic.losses == 0

    asyncio.run(check())
