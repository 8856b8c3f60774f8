"""Market data of OKX at a venue in memory: our symbols, ticks and lots."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.fakes.okx_asker import OkxAsker
from tests.unit.venues.clients.okx.line import LOTS, Line, buys, sent, ticks
from tests.unit.venues.clients.okx.markets import SPOT, SWAP

from ballast.core.marketdata import BookUpdate, Candle, Quote, Trade
from ballast.core.orders import OrderKind
from ballast.core.time import Timeframe
from ballast.venues.clients.desk import Listed
from ballast.venues.clients.okx.public import Bars, Books, Quotes
from ballast.venues.clients.okx.spot import OkxSpot
from ballast.venues.clients.okx.swap import OkxSwap
from ballast.venues.simulated.engine.events import Trading

if TYPE_CHECKING:
    from ballast.venues.clients.okx.desk import OkxDesk

MINUTE = Timeframe.parse("1m")


@pytest.fixture
def asker() -> OkxAsker:
    return OkxAsker()


@pytest.fixture(params=["spot", "swap"])
def desk(request: pytest.FixtureRequest, asker: OkxAsker) -> OkxDesk:
    kind = OkxSpot if request.param == "spot" else OkxSwap
    made = kind(asker, asker.now_ns)
    asyncio.run(made.load())
    return made


def test_best_prices_and_trades_are_under_our_symbol_in_lots_of_base(
    asker: OkxAsker, desk: OkxDesk
) -> None:
    (quotes, _) = (Line(asker, one) for one in desk.public(["BTCUSDT"], MINUTE))  # type: ignore[arg-type]
    assert quotes.ready == 1
    sent(desk, buys())
    quote: Quote = quotes.listen().of(Quote)[0]
    top = asyncio.run(desk.top("BTCUSDT", 1))
    assert (quote.symbol, (quote.bid_ticks, quote.bid_lots)) == ("BTCUSDT", top.bids[0])
    trades: list[Trade] = quotes.of(Trade)
    assert sum(one.qty_lots for one in trades) == LOTS
    assert {one.symbol for one in trades} == {"BTCUSDT"}


def test_bars_grow_and_close_with_their_length_in_our_words(asker: OkxAsker, desk: OkxDesk) -> None:
    (_, talk) = desk.public(["BTCUSDT"], MINUTE)
    bars = Line(asker, talk)  # type: ignore[arg-type]
    sent(desk, buys())
    asker.venue.pass_time(61_000_000_000)
    found: list[Candle] = bars.listen().of(Candle)
    assert {(one.symbol, one.interval) for one in found} == {("BTCUSDT", "1m")}
    closed = [one for one in found if one.is_closed]
    assert closed[0].volume_lots >= LOTS
    since_ms = closed[0].open_ns // 10**6
    row = asyncio.run(desk.candles("BTCUSDT", MINUTE, since_ms, 1))[0]
    market = desk.markets["BTCUSDT"]
    assert (row.open_ms, row.close) == (since_ms, market.tick * closed[0].close_ticks)
    assert row.volume == market.lot * closed[0].volume_lots


def test_books_are_told_whole_and_then_as_they_change(asker: OkxAsker, desk: OkxDesk) -> None:
    books = Line(asker, desk.depth(["BTCUSDT"])[0])  # type: ignore[arg-type]
    first: BookUpdate = books.of(BookUpdate)[0]
    assert (first.symbol, first.is_snapshot) == ("BTCUSDT", True)
    top = asyncio.run(desk.top("BTCUSDT", 3))
    assert tuple((int(one[0]), int(one[1])) for one in first.bids[:3]) == top.bids
    sent(desk, replace(buys(), kind=OrderKind.LIMIT, price_ticks=ticks(desk, 50_000)))
    asker.venue.pass_time(200_000_000)
    change: BookUpdate = books.listen().of(BookUpdate)[-1]
    assert (change.is_snapshot, change.prev_id) == (False, first.last_id)


def test_a_halt_of_a_market_of_ours_is_told_once(asker: OkxAsker, desk: OkxDesk) -> None:
    market = desk.markets["BTCUSDT"]
    quotes = Line(asker, Quotes(desk.venue, [market]))
    assert quotes.of(Listed) == []
    for state in (Trading.HALTED, Trading.HALTED, Trading.TRADING):
        asker.venue.exchange.set_trading(market.name, state)
        asker.venue.pass_time(1_000_000_000)
    assert quotes.listen().of(Listed) == [
        Listed("BTCUSDT", is_trading=False, status="suspend"),
        Listed("BTCUSDT", is_trading=True, status="live"),
    ]


def test_a_public_frame_that_breaks_the_protocol_is_an_error() -> None:
    frame = {"arg": {"channel": "trades", "instId": "BTC-USDT"}, "data": [{"px": "1"}]}
    with pytest.raises(ValueError, match="message"):
        Quotes("OKX", [SPOT]).hear(json.dumps(frame).encode(), 0)


def test_quantities_of_swaps_are_counted_alike_in_frames_and_orders() -> None:
    row = {
        "instId": "BTC-USDT-SWAP", "tradeId": "1", "px": "60000.1", "sz": "1.5", "side": "buy",
        "ts": "1700000000000",
    }  # fmt: skip
    frame = {"arg": {"channel": "trades", "instId": "BTC-USDT-SWAP"}, "data": [row]}
    (trade,) = Quotes("OKXSWAP", [SWAP]).hear(json.dumps(frame).encode(), 0).news
    assert isinstance(trade, Trade)
    assert SWAP.lot * trade.qty_lots == Decimal("0.015")


def test_many_markets_are_subscribed_in_requests_of_a_size_the_venue_takes() -> None:
    markets = [
        replace(SPOT, name=f"C{number}-USDT", symbol=f"C{number}USDT") for number in range(130)
    ]
    talk = Books("OKX", markets)
    sizes = [len(json.loads(one)["args"]) for one in talk.greeting(0)]
    assert sizes == [100, 30]
    assert all(len(one) < 64 * 1024 for one in talk.greeting(0))
    assert Bars("OKX", markets[:2], MINUTE).greeting(0) != ()
