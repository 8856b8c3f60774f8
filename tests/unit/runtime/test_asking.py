"""The breaker of a session: three failures keep entries away for 300 s, then one trial decides.

R-NET-08, A-EXCH-05. Questions go on meanwhile, because what is held must be watched; their answers
close nothing before the time is over.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.live_sessions import LiveSession

from ballast.core.instrument import Kind
from ballast.risk.halt.breaker import Gate
from ballast.risk.halt.modes import Mode
from ballast.runtime.shell.asking import LOOKS, Asking
from ballast.venues.clients.calls import CallError, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence


async def answers() -> int:
    return 1


async def fails(verdict: Verdict = Verdict.UNCLEAR) -> int:
    raise CallError(verdict, "no answer")


@pytest.fixture
def session() -> LiveSession:
    return LiveSession(Kind.PERPETUAL)


def ask(session: LiveSession, *questions: Awaitable[int]) -> None:
    async def all_of() -> None:
        for one in questions:
            await session.live.ask(lambda one=one: one)

    asyncio.run(all_of())


def test_an_open_breaker_stays_open_for_its_time_whatever_answers(session: LiveSession) -> None:
    live = session.live
    ask(session, fails(), fails(), answers(), fails(), fails())
    assert live.gate() is Gate.CLOSED
    ask(session, fails())
    assert live.gate() is Gate.OPEN
    session.clock.now_s += 299.0
    ask(session, answers(), answers())
    assert live.gate() is Gate.OPEN
    session.clock.now_s += 1.0
    assert live.gate() is Gate.HALF_OPEN
    ask(session, answers())
    assert live.gate() is Gate.CLOSED


def test_a_trial_that_fails_opens_it_again(session: LiveSession) -> None:
    ask(session, fails(), fails(), fails())
    session.clock.now_s += 300.0
    ask(session, fails())
    assert session.live.gate() is Gate.OPEN
    session.clock.now_s += 299.0
    ask(session, answers())
    assert session.live.gate() is Gate.OPEN
    session.clock.now_s += 1.0
    ask(session, answers())
    assert session.live.gate() is Gate.CLOSED


@pytest.mark.parametrize("verdict", [Verdict.REFUSED, Verdict.KEY, Verdict.MISSING, Verdict.CLOCK])
def test_a_refusal_is_an_answer(session: LiveSession, verdict: Verdict) -> None:
    """Also as the trial: else a refused trial would leave the breaker waiting for ever."""
    ask(session, fails(), fails(), fails(verdict), fails(), fails())
    assert session.live.gate() is Gate.CLOSED
    ask(session, fails())
    session.clock.now_s += 300.0
    ask(session, fails(verdict))
    assert session.live.gate() is Gate.CLOSED


def test_a_person_is_told_once_when_it_opens(session: LiveSession) -> None:
    told: list[object] = []
    session.shell.hear = told.append
    ask(session, fails(), fails(), fails(), fails(), answers())
    assert len(told) == 1


TEN = tuple(f"C{number}USDT" for number in range(10))


class AllAtOnce:
    """A desk that answers nobody before all ten symbols have been asked about."""

    venue = "SIM"

    def __init__(self) -> None:
        self.markets = {one: SimpleNamespace(quote="USDT", is_trading=True, delists_ms=None,
                                             symbol=one) for one in TEN}  # fmt: skip
        self.all_asked = asyncio.Barrier(len(TEN))

    async def trades(self, symbol: str, since_ms: int | None = None) -> list[object]:
        del symbol, since_ms
        await self.all_asked.wait()
        return []

    async def open_orders(self, symbols: Sequence[str]) -> tuple[()]:
        assert tuple(symbols) == TEN, "one question for all"
        return ()

    async def positions(self, symbols: Sequence[str]) -> list[object]:
        assert tuple(symbols) == TEN, "one question for all"
        return []

    async def equity(self, quote: str) -> Decimal:
        del quote
        return Decimal(1_000)

    async def flows(self, quote: str, since_ms: int) -> list[object]:
        del quote, since_ms
        return []

    async def free(self, quote: str) -> Decimal:
        del quote
        return Decimal(1_000)


def test_ten_symbols_are_asked_about_at_once(session: LiveSession) -> None:
    """R-ARCH-16, R-ARCH-22, R-DATA-19: no symbol waits for the answer about another one.

    Were they asked one after the other, the first would wait for ever. What the node is told stays
    one event after the other, so that the decisions on each symbol are in order.
    """

    async def reconciled() -> bool:
        asking = Asking(AllAtOnce(), session.shell, TEN)  # type: ignore[arg-type]
        return await asyncio.wait_for(asking.reconcile(), 10.0)

    assert asyncio.run(reconciled())


class Fallen:
    """The desk of a session whose account seems to have lost nearly all it was worth."""

    def __init__(self, session: LiveSession) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session.desk, name)

    async def equity(self, quote: str) -> Decimal:
        return await self._session.desk.equity(quote) / 10

    async def flows(self, quote: str, since_ms: int) -> list[object]:
        del quote, since_ms
        return []


def test_a_mark_that_is_waited_for_holds_up_nothing_that_is_held(session: LiveSession) -> None:
    """R-RISK-28, B3: a fall is asked for again for seconds; what is held and open is told before.

    Told after the mark, a position would go without its stop for as long.
    """
    session.shell.started(session.effects)
    asking = Asking(session.desk, session.shell, session.opened.symbols)
    asyncio.run(asking.show())  # what it is worth is known from here on
    waits: list[list[str]] = []

    async def wait(seconds: float) -> None:
        assert seconds > 0.0
        told = [one.body for one in session.memory.records[begun:] if one.kind == "node.event"]
        kinds = ("PositionShown", "OrdersShown", "Valued")
        waits.append([one for one in kinds if any(f'"type":"{one}"' in body for body in told)])

    begun = len(session.memory.records)
    fallen: Any = Fallen(session)
    asyncio.run(Asking(fallen, session.shell, session.opened.symbols, wait=wait).show())
    assert waits == [["PositionShown", "OrdersShown"]] * LOOKS
    assert session.shell.node.halt.mode is Mode.ALERT, "and the mark is told in the end"
