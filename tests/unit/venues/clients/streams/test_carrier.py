"""A stream tells everything once, in order, and is renewed in time (R-NET-16)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web
from tests.fakes.stream_scene import run, scene
from tests.fakes.streams import eventually

from ballast.venues.clients.calls import CallError, Verdict
from ballast.venues.clients.streams.carrier import LINGER_S
from ballast.venues.clients.streams.line import ANSWER_MAX_S
from ballast.venues.clients.streams.state import Phase

CONNECTING, READY, STALE, DOWN = Phase.CONNECTING, Phase.READY, Phase.STALE, Phase.DOWN


def test_news_come_in_order_each_once_with_the_time_of_receipt() -> None:
    async def check() -> None:
        async with scene() as it:
            assert it.ear.states[-1].missed_since_ns == 0, "before the first, all may be missed"
            for number in range(500):
                await it.venue.say({"n": number})
            await it.until_numbers(*range(500))
            assert {at for _, at in it.ear.news} == {it.clock.now_ns()}
            assert it.carrier.traffic.frames == 501
            assert it.carrier.traffic.news == 500

    run(check())


def test_frames_are_stamped_when_they_come_however_slow_the_owner_is() -> None:
    """800 frames in few segments, and an owner who takes 1 ms for each (exchanges.md 6.1)."""

    async def check() -> None:
        async with scene() as it:
            told = it.ear.on_news

            def slow(news: Any, at_ns: int) -> None:
                it.clock.now_s += 0.001
                told(news, at_ns)

            it.carrier._on_news = slow
            began_ns = it.clock.now_ns()
            for number in range(800):
                await it.venue.say({"n": number})
            await it.until_numbers(*range(800))
            stamps = [at for _, at in it.ear.news]
            assert stamps == sorted(stamps)
            assert stamps[-1] - began_ns < 0.8 * 1e9, "stamped when read, not when heard"
            assert it.carrier.traffic.waiting_max > 1
            assert it.carrier.traffic.delay_ns_max > 0

    run(check())


def test_a_stream_without_greeting_is_ready_when_it_is_open() -> None:
    async def check() -> None:
        async with scene(greeting=()) as it:
            assert it.venue.heard == [[]]

    run(check())


def test_replies_are_sent_at_most_four_messages_a_second() -> None:
    async def check() -> None:
        async with scene() as it:
            for number in range(8):
                await it.venue.say({"ask": f"reply {number}"})
            await eventually(lambda: len(it.venue.heard[0]) == 4)
            await it.clock.pass_(0.9)
            assert it.venue.heard[0] == ["subscribe", "reply 0", "reply 1", "reply 2"]
            await it.clock.pass_(0.2)
            assert len(it.venue.heard[0]) == 8
            await it.clock.pass_(1.0)
            assert it.venue.heard[0][1:] == [f"reply {number}" for number in range(8)]

    run(check())


def test_a_quiet_stream_that_answers_pings_stays() -> None:
    async def check() -> None:
        async with scene(ping_s=20.0) as it:
            await it.clock.pass_(300.0)
            assert it.ear.phases == [CONNECTING, READY]
            assert it.venue.pings[0] == 30, "every ten seconds, whatever the venue allows"

    run(check())


def test_a_venue_that_pings_is_answered() -> None:
    async def check() -> None:
        async with scene() as it:
            await it.venue.sockets[0].ping(b"tick")
            await eventually(lambda: it.venue.pongs == [b"tick"])

    run(check())


def test_a_connection_is_renewed_before_its_end_without_a_gap() -> None:
    """News are told on the old connection until, and a while after, the new one is ready."""

    async def check() -> None:
        async with scene(life_s=100.0) as it:
            it.venue.confirms = False  # the new one is not ready yet
            await it.clock.pass_(100.0)
            assert len(it.venue.sockets) == 2
            assert it.ear.phases == [CONNECTING, READY]
            await it.venue.say({"n": 1}, place=0)
            await it.until_numbers(1)
            await it.venue.say({"ready": True}, place=1)
            await it.until(READY, READY)
            assert it.ear.states[-1].missed_since_ns is None
            assert it.ear.states[-1].reason == "the end of its life is near"
            await it.venue.say({"n": 2}, place=0)  # on its way when the new one was ready
            await it.venue.say({"n": 2}, place=1)
            await it.until_numbers(1, 2, 2)
            await it.clock.pass_(LINGER_S + 0.1)
            await eventually(lambda: it.venue.sockets[0].closed)
            assert not it.venue.sockets[1].closed
            assert it.carrier.traffic.renewals == 1
            assert it.carrier.traffic.losses == 0
            assert it.ear.phases == [CONNECTING, READY, READY]

    run(check())


def test_a_renewal_that_fails_leaves_the_old_connection_and_is_tried_again() -> None:
    async def check() -> None:
        async with scene(life_s=100.0) as it:
            it.venue.refusals = [web.Response(status=503)] * 2
            await it.clock.pass_(110.0)
            await it.until(READY, READY)
            assert it.ear.phases == [CONNECTING, READY, READY]
            assert not it.venue.refusals

    run(check())


def test_an_old_connection_that_ends_before_its_successor_is_ready_leaves_a_gap() -> None:
    async def check() -> None:
        async with scene(life_s=100.0) as it:
            it.venue.confirms = False
            await it.clock.pass_(100.0)
            heard_ns = it.carrier._heard_ns
            await it.venue.sockets[0].close()
            await it.until(READY, DOWN, CONNECTING)
            await it.venue.say({"ready": True}, place=1)
            await it.until(CONNECTING, READY)
            assert it.ear.states[-1].missed_since_ns == heard_ns
            assert len(it.venue.sockets) == 2

    run(check())


def test_a_connection_is_kept_allowed() -> None:
    async def check() -> None:
        async with scene(keep_s=1_200.0) as it:
            await it.clock.pass_(3_700.0)
            assert it.talks[0].kept == 3

    run(check())


@pytest.mark.parametrize("verdict", [Verdict.UNCLEAR, Verdict.MISSING])
def test_a_connection_that_is_not_kept_is_renewed_or_ended(verdict: Verdict) -> None:
    """A doubt is asked again and then a successor made; a key the venue denies is dead."""

    async def check() -> None:
        async with scene(keep_s=1_200.0) as it:

            def fail() -> None:
                raise CallError(verdict, "no")

            it.talks[0].on_keep = fail
            await it.clock.pass_(1_300.0)
            await it.pass_until(READY)
            phases = it.ear.phases[2:]
            if verdict is Verdict.UNCLEAR:
                assert it.talks[0].kept == 3
                assert phases == [READY]
            else:
                assert phases == [DOWN, CONNECTING, READY]

    run(check())


def test_a_defect_of_ours_is_raised() -> None:
    async def check() -> None:
        async with scene() as it:
            await it.venue.say({"defect": 1})
            assert it.task is not None
            with pytest.raises(AssertionError, match="ours"):
                await it.task

    run(check())


def test_a_defect_in_a_task_of_its_own_is_raised_too() -> None:
    async def check() -> None:
        async with scene(keep_s=5.0) as it:

            def fail() -> None:
                raise AssertionError("ours")

            it.talks[0].on_keep = fail
            await it.clock.pass_(6.0)
            assert it.task is not None
            with pytest.raises(AssertionError, match="ours"):
                await it.task

    run(check())


def test_a_cancelled_carrier_closes_its_connection_and_leaves_no_task() -> None:
    async def check() -> None:
        async with scene() as it:
            assert it.task is not None
            it.task.cancel()
            await asyncio.gather(it.task, return_exceptions=True)
            assert it.task.cancelled()
            await eventually(lambda: it.venue.sockets[0].closed)
            assert not it.carrier._tasks

    run(check())


def test_the_limits_of_silence_are_seconds() -> None:
    assert ANSWER_MAX_S <= 5.0
