"""Hundreds of own events in a few TCP segments: none is lost, none counts twice (R-NET-16).

ccxt's loop as documented delivered 150 of 200 positions of such a burst, and merged 448 of 800
order events (exchanges.md 6.1). What our carrier told, put through the life of an order, must be
what the venue says when it is asked.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from tests.fakes.streams import Ear, eventually

from ballast.core.ids import Purpose, client_id
from ballast.core.orders import Fill, OrderKind, OrderRequest, OrderStatus, Side
from ballast.core.reports import OrderReport
from ballast.core.settings.rule import Secret
from ballast.oms.lifecycle import apply, sent
from ballast.oms.record import OrderRecord, Phase
from ballast.runtime.clock import SystemClock
from ballast.service.testing import simulated_exchange
from ballast.venues.clients.access import Keys
from ballast.venues.clients.asking.asker import VenueAsker
from ballast.venues.clients.streams.carrier import Carrier
from ballast.venues.clients.streams.state import Phase as Stream
from ballast.venues.clients.venues import VENUES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.service.testing import ServedVenue

ORDERS = 300
EVENTS = 800
ROWS = [("BINANCE", "binance"), ("BYBIT", "bybit"), ("OKX", "okx")]


def orders(symbol: str) -> list[OrderRequest]:
    """Return market orders, buys and sells in turn, of sizes that sweep some levels."""
    return [
        OrderRequest(
            symbol,
            Side.BUY if number % 2 else Side.SELL,
            OrderKind.MARKET,
            qty_lots=100 + 70 * (number % 7),
            client_id=client_id(
                Purpose.ENTRY, account="burst", strategy="x", symbol=symbol, decision=number
            ),
        )
        for number in range(1, ORDERS + 1)
    ]


def place_all(venue: ServedVenue, requests: Sequence[OrderRequest]) -> None:
    """Place them within one turn of the venue's loop: all frames leave together."""
    opened = venue._opened

    def act() -> None:
        symbol = next(iter(opened.exchange.listings))
        for one in requests:
            theirs = OrderRequest(
                symbol, one.side, one.kind, qty_lots=one.qty_lots, client_id=one.client_id
            )
            opened.exchange.submit(opened.key.account, theirs)

    venue._there(act)


@pytest.mark.parametrize(("name", "exchange"), ROWS)
def test_a_burst_of_own_events_is_told_whole_and_once(name: str, exchange: str) -> None:
    async def check(venue: ServedVenue) -> None:
        row = VENUES[name]
        keys = Keys(Secret(venue.key), Secret(venue.secret), Secret(venue.passphrase))
        async with venue.session() as session:
            asker = VenueAsker(row.access, session, time.time_ns, keys)
            desk = row.desk(asker, time.time_ns)
            await desk.load()
            symbol = next(iter(desk.markets))
            requests = orders(symbol)
            records = {
                one.client_id: sent(OrderRecord(one.client_id, Purpose.ENTRY, one, number, 1), 2, 3)
                for number, one in enumerate(requests)
            }
            ear, began_ms = Ear(), time.time_ns() // 1_000_000 - 1_000
            carriers = [
                Carrier(
                    session, lambda place=place: desk.private([symbol])[place], SystemClock(),
                    time.time_ns, on_news=ear.on_news, on_state=ear.on_state,
                )
                for place in range(len(desk.private([symbol])))
            ]  # fmt: skip
            tasks = [asyncio.create_task(one.run()) for one in carriers]
            try:
                await eventually(lambda: ear.phases.count(Stream.READY) == len(carriers))
                place_all(venue, requests)
                time.sleep(0.3)  # noqa: ASYNC251 - we are busy: all of it waits in the socket
                known: dict[str, int] = {}

                def is_done() -> bool:
                    _tell(records, ear, known)
                    return all(one.phase is Phase.ENDED for one in records.values())

                await eventually(is_done, "not all orders are over")
                await asyncio.sleep(0.2)  # what else there is
                _tell(records, ear, known)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            assert sum(one.traffic.frames for one in carriers) + len(ear.news) >= EVENTS
            assert ear.phases.count(Stream.DOWN) == 0
            told = [one for one, _ in ear.news if isinstance(one, Fill)]
            asked = await desk.trades(symbol, began_ms)
            assert {one.trade_id for one in told} == {one.trade_id for one in asked}
            assert len(told) == len(asked) >= ORDERS
            for request in requests:
                record = records[request.client_id]
                theirs = sum(one.qty_lots for one in asked if one.order_id == record.order_id)
                assert record.filled_lots == record.booked_lots == theirs
                assert (record.status is OrderStatus.FILLED) == (theirs == request.qty_lots)
            bought = sum(one.qty_lots * one.side for one in told)
            assert bought == sum(one.qty_lots * one.side for one in asked)

    with simulated_exchange(exchange=exchange, market="synthetic:seed=7") as venue:
        asyncio.run(check(venue))


def _tell(records: dict[str, OrderRecord], ear: Ear, known: dict[str, int]) -> None:
    """Put what was heard since the last time through the life of its order."""
    first = known.get("told", 0)
    for news, _ in ear.news[first:]:
        if isinstance(news, OrderReport | Fill) and news.client_id in records:
            records[news.client_id] = apply(records[news.client_id], news).record
    known["told"] = len(ear.news)
