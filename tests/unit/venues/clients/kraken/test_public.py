"""Kraken's public sockets: candles that close once, best prices, trades, halts, books."""

from __future__ import annotations

import pytest
from tests.fakes.kraken_desk import KrakenDesk
from tests.unit.venues.clients.kraken.venue import SYMBOL, Line, names_of

from ballast.core.marketdata import BookUpdate, Candle, Quote, Trade
from ballast.venues.clients.desk import Listed
from ballast.venues.clients.kraken.public import LATE_NS, BookTalk, PublicTalk
from ballast.venues.simulated.engine.events import Trading

MINUTE_NS = 60_000_000_000
SECOND_NS = 1_000_000_000
OFF_GRID = (
    b'{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":1.005,'
    b'"qty":1,"trade_id":1,"timestamp":"2023-09-22T10:33:05Z"}]}'
)


@pytest.fixture
def venue() -> KrakenDesk:
    found = KrakenDesk()
    found.pass_time(MINUTE_NS - found.now_ns % MINUTE_NS)  # a minute begins
    return found


@pytest.fixture
def line(venue: KrakenDesk) -> Line:
    return Line(venue, PublicTalk(names_of(venue), [SYMBOL], 1), private=False)


def candles(news: list[object]) -> list[Candle]:
    return [one for one in news if isinstance(one, Candle)]


def test_it_is_ready_once_every_channel_was_answered(line: Line) -> None:
    assert (line.times_ready, line.ends) == (1, "")
    quotes = [one for heard in line.heard for one in heard.news if isinstance(one, Quote)]
    assert [(one.symbol, one.bid_ticks, one.ask_ticks) for one in quotes] == [
        (SYMBOL, *line.venue.exchange.best("BTC/USD")),
    ]


def test_trades_and_best_prices_are_told_under_our_symbol(line: Line) -> None:
    line.venue.order("buy", "market", "1")  # all of the best level
    news = line.take()
    (trade,) = (one for one in news if isinstance(one, Trade))
    assert (trade.symbol, trade.qty_lots, trade.side) == (SYMBOL, 100_000, 1)
    quote = [one for one in news if isinstance(one, Quote)][-1]
    assert (quote.bid_ticks, quote.ask_ticks) == line.venue.exchange.best("BTC/USD")


def test_a_candle_grows_and_is_closed_by_the_next_one(line: Line) -> None:
    begin_ns = line.venue.now_ns
    line.venue.walk("60001")
    line.venue.walk("60002")
    growing = candles(line.take())
    assert [one.is_closed for one in growing] == [False, False]
    assert growing[-1].open_ns == begin_ns
    assert (growing[-1].high_ticks, growing[-1].volume_lots) == (6_000_200, 2)
    line.venue.pass_time(
        begin_ns + MINUTE_NS - line.venue.now_ns
    )  # to the first instant of the next
    line.venue.walk("60003")
    closed, fresh = candles(line.take())
    assert (closed.is_closed, closed.open_ns, closed.close_ticks) == (True, begin_ns, 6_000_200)
    assert (fresh.is_closed, fresh.open_ns) == (False, begin_ns + MINUTE_NS)


def test_a_candle_is_closed_by_the_venues_time_where_nothing_trades_after_it(line: Line) -> None:
    """Only once, and not by our clock: what is heard late was not said late."""
    venue, begin_ns = line.venue, line.venue.now_ns
    venue.walk("60001")
    line.take()
    told: list[Candle] = []
    for step in range(1, 8):  # only what is bid at the best price changes
        venue.pass_time(begin_ns + MINUTE_NS + step * SECOND_NS // 4 - venue.now_ns)
        venue.order("buy", "limit", "0.1", price="59999.99")
        fresh = candles(line.take())
        assert not fresh or step * SECOND_NS // 4 >= LATE_NS
        told += fresh
    assert [(one.is_closed, one.open_ns) for one in told] == [(True, begin_ns)]
    venue.walk("60002")
    assert [one.is_closed for one in candles(line.take())] == [False]


def test_candles_of_the_stream_are_those_of_the_history(line: Line) -> None:
    for step in range(200):
        line.venue.walk(str(60_000 + step % 7))
        line.venue.pass_time(900_000_000)
    line.take()
    closed = {one.open_ns // SECOND_NS: one for heard in line.heard for one in heard.news
              if isinstance(one, Candle) and one.is_closed}  # fmt: skip
    rows = line.venue.get("OHLC", pair="XBTUSD", interval="1")["XXBTZUSD"]
    history = {row[0]: row for row in rows}
    assert len(closed) >= 2
    for at_s, one in closed.items():
        o, h, l, c = (round(float(text) * 100) for text in history[at_s][1:5])
        assert (one.open_ticks, one.high_ticks, one.low_ticks, one.close_ticks) == (o, h, l, c)
        assert one.volume_lots == round(float(history[at_s][6]) * 100_000)


def test_a_halt_is_told(line: Line) -> None:
    line.venue.exchange.set_trading("BTC/USD", Trading.CANCEL_ONLY)
    line.venue.pass_time(1_000_000)
    assert Listed(SYMBOL, is_trading=False, status="cancel_only") in line.take()
    line.venue.exchange.set_trading("BTC/USD", Trading.TRADING)
    line.venue.pass_time(1_000_000)
    assert Listed(SYMBOL, is_trading=True, status="online") in line.take()


def test_books_are_told_whole_and_then_as_changes(venue: KrakenDesk) -> None:
    line = Line(venue, BookTalk(names_of(venue), [SYMBOL]), private=False)
    assert line.times_ready == 1
    (whole,) = (one for heard in line.heard for one in heard.news)
    assert isinstance(whole, BookUpdate)
    assert (whole.symbol, whole.is_snapshot) == (SYMBOL, True)
    venue.order("buy", "limit", "0.1", price="59000")
    (change,) = line.take()
    assert isinstance(change, BookUpdate)
    assert [tuple(row[:2]) for row in change.bids] == [(5_900_000, 10_000)]


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"", b'{"channel":"book","type":"odd","data":[]}', b'{"channel":"unknown"}',
        b'{"channel":"instrument","type":"update"}',
        b'{"channel":"executions","type":"update","data":[]}',
        OFF_GRID,
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_value_error(venue: KrakenDesk, body: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        PublicTalk(names_of(venue), [SYMBOL], 1).hear(body, 0)


def test_a_refused_subscription_ends_the_connection(venue: KrakenDesk) -> None:
    line = Line(venue, PublicTalk(names_of(venue), [SYMBOL], 7), private=False)  # no such interval
    assert line.ends == "refused: Subscription ohlc interval not supported"
    assert line.times_ready == 0
