"""What an asker does around a call: repeats, the clock, records (R-NET-06, R-NET-07, A-EXCH-04)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, cast

import aiohttp
import pytest
from tests.fakes.clock import VirtualClock

from ballast.core.errors import InternalError
from ballast.core.rng import stream
from ballast.core.settings.rule import Secret
from ballast.venues.clients.access import Access, Keys
from ballast.venues.clients.asking.asker import MEASURE_S, VenueAsker
from ballast.venues.clients.asking.patience import ONCE, WAITING, Patience
from ballast.venues.clients.asking.record import ERRORS_KEPT
from ballast.venues.clients.calls import Call, CallError, Urgency, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

READ = Call("publicGetTime")
WRITE = Call("privatePostOrder", changes=True)
WORDS = {
    "clock": Verdict.CLOCK, "key": Verdict.KEY, "refused": Verdict.REFUSED,
    "missing": Verdict.MISSING, "rate": Verdict.RATE, "banned": Verdict.BANNED,
    "closed": Verdict.MAINTENANCE, "unclear": Verdict.UNCLEAR,
}  # fmt: skip
OK = '{"fine": 1}'


def read_fault(status: int, answer: Any, body: str) -> CallError | None:
    del status, body
    word = answer.get("word") if isinstance(answer, dict) else None
    return CallError(WORDS[word], word, code="-1") if word else None


@dataclass
class Line:
    """A session that answers by a script; the last line of it goes on for ever."""

    script: list[str | Exception]
    clock: VirtualClock
    takes_s: float = 0.0
    asked: list[str] = field(default_factory=list)

    def request(self, method: str, url: object, **_: Any) -> Line:
        self.asked.append(f"{method} {url}")
        return self

    async def __aenter__(self) -> Self:
        self.clock.now_s += self.takes_s
        said = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(said, Exception):
            raise said
        self.said = said
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    status = 200
    headers: dict[str, str] = field(default_factory=dict)

    async def text(self, errors: str) -> str:
        del errors
        return self.said


class Desk:
    """An asker on a scripted line."""

    def __init__(self, *script: str | Exception, patience: Patience | None = None) -> None:
        self.clock = VirtualClock()
        self.line = Line(list(script), self.clock)
        self.asker = VenueAsker(
            Access("BINANCE", "binance", read_fault),
            cast("aiohttp.ClientSession", self.line),
            lambda: int(self.clock.now_s * 1e9),
            Keys(Secret("k"), Secret("s")),
            clock=self.clock,
            may_change=True,
            **({"patience": patience} if patience else {}),
        )

    async def ask(self, call: Call) -> object:
        try:
            return await self.asker.ask(call)
        except CallError as error:
            return error.verdict


def word(name: str) -> str:
    return f'{{"word": "{name}"}}'


def run(work: Callable[[], Any]) -> None:
    asyncio.run(work())


#   what the venue does first                    asked again
FAILURES = [
    (aiohttp.ServerDisconnectedError(),          True),
    (TimeoutError(),                             True),
    (word("unclear"),                            True),
    (word("rate"),                               True),
    ("<html>",                                   True),
    (word("refused"),                            False),
    (word("missing"),                            False),
    (word("key"),                                False),
    (word("closed"),                             False),
    (word("clock"),                              False),  # nobody measures it here
]  # fmt: skip


@pytest.mark.parametrize(("first", "again"), FAILURES)
def test_a_question_is_asked_again_where_it_may_pass(first: str | Exception, again: bool) -> None:
    """A-EXCH-04: an invalid key stops at once, a blip does not."""

    async def check() -> None:
        desk = Desk(first, OK)
        answer = await desk.ask(READ)
        assert (answer == {"fine": 1}) is again
        assert len(desk.line.asked) == 1 + again

    run(check)


@pytest.mark.parametrize(("first", "again"), FAILURES)
def test_what_changes_something_is_never_sent_twice(first: str | Exception, again: bool) -> None:
    """R-NET-06: the sender finds out what became of it."""
    del again

    async def check() -> None:
        desk = Desk(first, OK)
        assert await desk.ask(WRITE) in set(Verdict)
        assert len(desk.line.asked) == 1

    run(check)


def test_a_question_is_given_up_after_three_attempts_with_growing_waits() -> None:
    async def check() -> None:
        desk = Desk(TimeoutError())
        assert await desk.ask(READ) is Verdict.UNCLEAR
        assert len(desk.line.asked) == 3
        first_s, second_s = desk.clock.slept_s
        assert 0.125 <= first_s <= 0.25
        assert 0.25 <= second_s <= 0.5
        assert desk.asker.record.repeated == 2

    run(check)


def test_no_attempt_begins_long_after_the_first() -> None:
    async def check() -> None:
        desk = Desk(TimeoutError())
        desk.line.takes_s = 10.0
        assert await desk.ask(READ) is Verdict.UNCLEAR
        assert len(desk.line.asked) == 2

    run(check)


def refusal(status: int, retry_after_s: float | None, verdict: Verdict = Verdict.RATE) -> CallError:
    return CallError(verdict, "too many", status=status, retry_after_s=retry_after_s)


#   who refuses, how long it says       the wait of attempt 1, and of attempt 3
REFUSALS = [
    (refusal(429, 30.0),                       30.0, 30.0),
    (refusal(429, 180.0),                      180.0, 180.0),
    (refusal(429, 181.0),                      None, None),   # a ban by another name
    (refusal(429, None),                       1.0, 4.0),     # no time: longer each time
    (refusal(418, 90.0, Verdict.BANNED),       90.0, 90.0),
    (refusal(418, 600.0, Verdict.BANNED),      None, None),
    (refusal(403, None, Verdict.BANNED),       None, None),
    (refusal(0, 45.0),                         45.0, 45.0),   # our own budget, closed by another
    (refusal(0, None),                         None, None),   # our own budget, too long a queue
]  # fmt: skip


@pytest.mark.parametrize(("error", "first_s", "third_s"), REFUSALS)
def test_a_command_that_only_asks_waits_as_it_is_told_within_bounds(
    error: CallError, first_s: float | None, third_s: float | None
) -> None:
    """R-NET-03, R-NET-06."""
    rng = stream(0, "test")
    assert WAITING.pause_s(READ, error, 1, 0.0, rng) == first_s
    assert WAITING.pause_s(READ, error, 3, 60.0, rng) == third_s
    assert WAITING.pause_s(READ, error, WAITING.attempts, 0.0, rng) is None
    assert WAITING.pause_s(READ, error, 1, WAITING.within_s, rng) is None
    assert WAITING.pause_s(WRITE, error, 1, 0.0, rng) is None, "never what changes something"


def test_before_each_wait_is_told_why_and_how_long() -> None:
    told: list[tuple[Verdict, float]] = []

    async def check() -> None:
        desk = Desk(word("rate"), OK)

        def wait(error: CallError, seconds: float) -> None:
            told.append((error.verdict, seconds))
            desk.line.status = 200

        asker = VenueAsker(
            Access("BINANCE", "binance", read_fault),
            cast("aiohttp.ClientSession", desk.line),
            lambda: 0,
            clock=desk.clock,
            patience=WAITING,
            on_wait=wait,
        )
        desk.line.status = 429
        desk.line.headers = {"Retry-After": "33"}
        assert await asker.ask(READ) == {"fine": 1}
        assert sum(desk.clock.slept_s) == pytest.approx(33.0, abs=0.1)

    run(check)
    assert told == [(Verdict.RATE, 33.0)]


def test_patience_can_be_none() -> None:
    async def check() -> None:
        desk = Desk(TimeoutError(), OK, patience=ONCE)
        assert await desk.ask(READ) is Verdict.UNCLEAR

    run(check)


@pytest.mark.parametrize("call", [READ, WRITE])
def test_a_wrong_time_is_measured_and_the_call_sent_once_more(call: Call) -> None:
    """A call refused for its time was not carried out: it may be sent again, once."""

    async def check() -> None:
        desk = Desk(word("clock"), OK)
        asked: list[Urgency] = []

        async def ask_ms() -> int:
            asked.append(Urgency.PROTECT)
            return int(desk.clock.now_s * 1_000) + 8_000

        desk.asker.keep_time(ask_ms)
        assert await desk.ask(call) == {"fine": 1}
        assert desk.asker.offset_ns == pytest.approx(8e9, abs=1e6)
        assert desk.asker.now_ms() - desk.clock.now_s * 1_000 == pytest.approx(8_000, abs=2)
        assert len(desk.line.asked) == 2
        assert len(asked) == 3

    run(check)


@pytest.mark.parametrize("call", [READ, WRITE])
def test_a_time_that_stays_wrong_is_told(call: Call) -> None:
    async def check() -> None:
        desk = Desk(word("clock"))

        async def ask_ms() -> int:
            return 1_000_000

        desk.asker.keep_time(ask_ms)
        assert await desk.ask(call) is Verdict.CLOCK
        assert len(desk.line.asked) == 2

    run(check)


def test_a_venue_that_does_not_tell_its_time_holds_a_call_for_seconds_at_most() -> None:
    async def check() -> None:
        desk = Desk(word("clock"), OK)

        async def ask_ms() -> int:
            await asyncio.Event().wait()
            return 0

        desk.asker.keep_time(ask_ms)
        assert await desk.ask(WRITE) is Verdict.CLOCK
        assert desk.clock.slept_s == [MEASURE_S]

    run(check)


def test_the_question_for_the_time_goes_before_all_and_measures_nothing_itself() -> None:
    async def check() -> None:
        desk = Desk(word("clock"), word("clock"), patience=ONCE)
        await desk.asker.budget.acquire(Call("x", urgency=Urgency.TRADE, cost=960.0))

        async def ask_ms() -> int:
            await desk.asker.ask(READ)  # routine: four fifths are used up
            return 0

        desk.asker.keep_time(ask_ms)
        with pytest.raises(CallError) as caught:
            await desk.asker.measure()
        assert caught.value.verdict is Verdict.CLOCK
        assert desk.clock.slept_s == []

    run(check)


def test_counts_and_the_last_fifty_errors_can_be_read() -> None:
    """R-NET-09, R-NET-17."""

    async def check() -> None:
        desk = Desk(word("refused"), OK, word("key"), word("unclear"), patience=ONCE)
        for _ in range(4):
            await desk.ask(READ)
        record = desk.asker.record
        assert (record.calls, record.answered, record.failures_in_a_row) == (4, 2, 2)
        assert record.verdicts == {Verdict.REFUSED: 1, Verdict.KEY: 1, Verdict.UNCLEAR: 1}
        assert [one.text for one in record.errors] == ["refused", "key", "unclear"]
        for _ in range(60):
            await desk.ask(WRITE)
        assert len(record.errors) == ERRORS_KEPT
        assert "s" not in {getattr(one, "body", "") for one in record.errors}

    run(check)


def test_a_method_that_ccxt_does_not_have_is_our_defect() -> None:
    async def check() -> None:
        with pytest.raises(InternalError, match="no method privateGetNothing"):
            await Desk(OK).asker.ask(Call("privateGetNothing"))

    run(check)


def test_429_closes_the_budget() -> None:
    async def check() -> None:
        desk = Desk(word("banned"), OK)
        assert await desk.ask(READ) is Verdict.BANNED
        assert await desk.ask(READ) is Verdict.BANNED
        assert len(desk.line.asked) == 1, "the second was not sent"

    run(check)
