"""Questions of the trading client: for trades, one at a time a symbol (R-NET-04, R-NET-15)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ballast.venues.clients.calls import CallError, Verdict
from ballast.venues.clients.trading import TradingClient

if TYPE_CHECKING:
    from collections.abc import Sequence


class SlowDesk:
    """Answers a question for trades when it is told to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.may_answer = asyncio.Event()
        self.fails = False

    async def trades(self, symbol: str) -> Sequence[Any]:
        self.asked.append(symbol)
        await self.may_answer.wait()
        if self.fails:
            raise CallError(Verdict.UNREACHED, "the line is cut")
        return []


async def asked_for(fails: list[bool]) -> list[str]:
    desk = SlowDesk()
    client = TradingClient(desk, lambda: 0)  # type: ignore[arg-type]
    client.serve(lambda _: None, lambda _: 0)
    for one in fails:
        desk.fails = one
        desk.may_answer.clear()
        for symbol in ("BTCUSDT", "BTCUSDT", "ETHUSDT", "BTCUSDT"):
            client.trades(symbol)
        await asyncio.sleep(0)
        desk.may_answer.set()
        assert await client.settle(1.0) == 0
    assert client.failed is None
    return desk.asked


def test_trades_of_a_symbol_are_asked_for_by_one_question_at_a_time() -> None:
    assert asyncio.run(asked_for([False])) == ["BTCUSDT", "ETHUSDT"]


def test_an_answered_or_failed_question_makes_room_for_the_next() -> None:
    assert asyncio.run(asked_for([True, False])) == ["BTCUSDT", "ETHUSDT"] * 2
