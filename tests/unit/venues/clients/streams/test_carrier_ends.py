"""Every way a connection can end, and what the owner is told (R-NET-16, R-DATA-06, A-EXCH-08)."""

from __future__ import annotations

import pytest
from aiohttp import web
from tests.fakes.stream_scene import run, scene
from tests.fakes.streams import Talk, eventually

from ballast.venues.clients.calls import CallError, Verdict
from ballast.venues.clients.streams.carrier import PAUSE_MAX_S, PAUSE_S
from ballast.venues.clients.streams.line import CONNECT_S, READY_S
from ballast.venues.clients.streams.state import Phase

CONNECTING, READY, STALE, DOWN = Phase.CONNECTING, Phase.READY, Phase.STALE, Phase.DOWN


#   how the connection ends                        what the owner reads
ENDINGS = [
    ("closes", "closed by the venue (1000"),
    ("breaks", "closed by the venue (1006"),
    ("unreadable", "a frame cannot be read: JSONDecodeError"),
    ("odd shape", "a frame cannot be read: KeyError: 'n'"),
    ("ends", "listen key expired"),
]  # fmt: skip


@pytest.mark.parametrize(("how", "why"), ENDINGS)
def test_a_connection_that_ends_is_made_anew(how: str, why: str) -> None:
    async def check() -> None:
        async with scene() as it:
            await it.venue.say({"n": 1})
            await it.until_numbers(1)
            heard_ns = it.clock.now_ns()
            await it.clock.pass_(1.0)
            match how:
                case "closes":
                    await it.venue.sockets[0].close()
                case "breaks":
                    it.venue.sockets[0]._req.transport.abort()
                case "unreadable":
                    await it.venue.say('{"n": 2')
                case "odd shape":
                    await it.venue.say({"m": 2})
                case _:
                    await it.venue.say({"ends": "listen key expired"})
            await it.until(DOWN)
            down = it.ear.states[-1]
            assert down.reason.startswith(why)
            assert down.retry_s is not None
            assert PAUSE_S / 2 <= down.retry_s <= PAUSE_S
            assert len(it.venue.sockets) == 1
            await it.clock.pass_(PAUSE_S)
            await it.until(DOWN, CONNECTING, READY)
            await eventually(lambda: it.venue.sockets[0].closed, "the old one is closed")
            assert it.ear.states[-1].missed_since_ns == heard_ns
            assert len(it.talks) == 2, "a new conversation, without memory"
            await it.venue.say({"n": 3})
            await it.until_numbers(1, 3)

    run(check())


def test_what_follows_an_unreadable_frame_on_its_connection_is_not_heard() -> None:
    async def check() -> None:
        async with scene() as it:
            for text in ('{"n": 1}', "{", '{"n": 2}'):
                await it.venue.say(text)
            await it.until(DOWN)
            await it.clock.pass_(PAUSE_S)
            await it.until(READY)
            assert it.ear.numbers == [1]
            assert it.carrier.traffic.unreadable == 1

    run(check())


@pytest.mark.parametrize("ping", [None, "ping"])
def test_a_half_open_connection_is_found_within_seconds(ping: str | None) -> None:
    """R-NET-10: lost connectivity is noticed, and there again once it is there."""

    async def check() -> None:
        async with scene(ping_s=4.0, ping=ping) as it:
            it.venue.is_deaf = True
            stale_s = await it.pass_until(STALE)
            assert 4.0 <= stale_s <= 9.0
            dead_s = stale_s + await it.pass_until(STALE, DOWN)
            assert dead_s <= 13.0
            assert it.ear.states[-1].reason.startswith("silent for")
            asked = it.venue.pings[0] if ping is None else it.venue.heard[0].count("ping")
            assert asked >= 2
            it.venue.is_deaf = False
            await it.pass_until(READY)
            assert len(it.venue.sockets) == 2

    run(check())


def test_one_that_answers_late_is_stale_and_then_ready_again() -> None:
    async def check() -> None:
        async with scene(ping_s=4.0) as it:
            it.venue.is_deaf = True
            await it.pass_until(STALE, step_s=0.5)
            await it.venue.say({"n": 1})
            await it.until(STALE, READY)
            assert it.ear.states[-1].missed_since_ns is None, "a late frame is not a lost one"
            it.venue.is_deaf = False
            await it.clock.pass_(60.0)
            assert it.ear.phases[-1] is READY
            assert len(it.venue.sockets) == 1

    run(check())


def test_alive_without_news_is_given_up_where_news_must_come() -> None:
    """The venue answers pings but tells nothing any more (N10)."""

    async def check() -> None:
        async with scene(news_within_s=60.0) as it:
            await it.clock.pass_(5.0)
            await it.venue.say({"n": 1})
            await it.until_numbers(1)
            news_ns = it.clock.now_ns()
            took_s = await it.pass_until(DOWN)
            assert 60.0 <= took_s <= 62.0
            assert it.ear.states[-1].reason.startswith("no news for 60")
            await it.pass_until(READY)
            assert it.ear.states[-1].missed_since_ns == news_ns

    run(check())


def test_an_owner_can_give_a_connection_up() -> None:
    async def check() -> None:
        async with scene() as it:
            it.carrier.restart("an order it never told of")
            await it.until(DOWN)
            await it.clock.pass_(PAUSE_S)
            await it.until(READY)
            assert len(it.venue.sockets) == 2

    run(check())


def test_pauses_double_to_half_a_minute_and_are_drawn() -> None:
    async def check() -> None:
        async with scene(ready=False) as it:
            it.venue.refusals = [web.Response(status=500) for _ in range(10)]
            it.start()
            await it.pass_until(READY, most_s=400.0)
            pauses = [one.retry_s for one in it.ear.states if one.phase is DOWN]
            assert len(pauses) == 10
            for place, pause_s in enumerate(pauses):
                full_s = min(PAUSE_MAX_S, PAUSE_S * 2**place)
                assert pause_s is not None
                assert full_s / 2 <= pause_s <= full_s
            assert len({round(pause_s or 0, 6) for pause_s in pauses}) == 10

    run(check())


def test_a_connection_that_was_good_for_long_begins_the_pauses_anew() -> None:
    async def check() -> None:
        async with scene() as it:
            for steady_s, most_s in ((1.0, PAUSE_S), (1.0, 2 * PAUSE_S), (40.0, PAUSE_S)):
                await it.clock.pass_(steady_s)
                await it.venue.sockets[-1].close()
                await it.until(DOWN)
                pause_s = it.ear.states[-1].retry_s
                assert pause_s is not None
                assert most_s / 2 <= pause_s <= most_s
                await it.pass_until(READY)

    run(check())


#   the handshake is answered with         and the pause is at least
REFUSALS = [
    (503, {"Retry-After": "17"}, 17.0),
    (429, {"Retry-After": "90"}, 90.0),
    (429, {}, 60.0),
    (418, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, 60.0),
    (503, {}, 0.25),
]  # fmt: skip


@pytest.mark.parametrize(("status", "headers", "least_s"), REFUSALS)
def test_a_handshake_that_is_refused_says_when_to_come_back(
    status: int, headers: dict[str, str], least_s: float
) -> None:
    async def check() -> None:
        async with scene(ready=False) as it:
            it.venue.refusals = [web.Response(status=status, headers=headers)]
            it.start()
            await it.until(CONNECTING, DOWN)
            down = it.ear.states[-1]
            assert down.reason == f"refused with HTTP {status}"
            assert down.retry_s is not None
            assert least_s <= down.retry_s <= max(least_s, PAUSE_S)
            await it.clock.pass_(down.retry_s - 0.01)
            assert it.ear.phases[-1] is DOWN
            await it.clock.pass_(0.02)
            await it.until(READY)

    run(check())


#   asking for the address fails with                            verdict told   pause at least
ADDRESSES = [
    (CallError(Verdict.KEY, "invalid key"), 60.0),
    (CallError(Verdict.RATE, "slow down", retry_after_s=33.0), 33.0),
    (CallError(Verdict.UNCLEAR, "no answer"), 0.25),
]  # fmt: skip


@pytest.mark.parametrize(("error", "least_s"), ADDRESSES)
def test_an_address_that_is_not_given_is_asked_for_again(error: CallError, least_s: float) -> None:
    """R-NET-11: recovery is to connect again, and to ask where."""

    async def check() -> None:
        async with scene(ready=False) as it:

            async def refuse() -> None:
                raise error

            def prepare(talk: Talk) -> None:
                talk.on_url = refuse if not it.talks else None

            it.prepare = prepare
            it.start()
            await it.until(CONNECTING, DOWN)
            down = it.ear.states[-1]
            assert down.verdict is error.verdict
            assert down.retry_s is not None
            assert down.retry_s >= least_s
            await it.pass_until(READY)

    run(check())


def test_a_handshake_that_hangs_is_given_up() -> None:
    """R-NET-14: the sockets have their time limits too."""

    async def check() -> None:
        async with scene(ready=False) as it:
            it.venue.answers.clear()
            it.start()
            await it.until(CONNECTING)
            took_s = await it.pass_until(DOWN)
            assert CONNECT_S <= took_s <= CONNECT_S + 1
            it.venue.answers.set()
            await it.pass_until(READY)

    run(check())


def test_a_subscription_that_is_never_confirmed_is_given_up() -> None:
    async def check() -> None:
        async with scene(ready=False) as it:
            it.venue.confirms = False
            it.start()
            await it.until(CONNECTING)
            took_s = await it.pass_until(DOWN)
            assert READY_S <= took_s <= READY_S + 2
            assert "not subscribed" in it.ear.states[-1].reason
            it.venue.confirms = True
            await it.pass_until(READY)

    run(check())
