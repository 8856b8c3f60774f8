"""What each message of each venue becomes; real payloads where there are any."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import msgspec
import numpy as np
import pytest
from tests.data import needs_data
from tests.fakes.recorded import (
    FIXTURES,
    SESSIONS,
    AnySymbol,
    documents_of,
    kinds_of,
    session,
)

from ballast.core.errors import DataError
from ballast.core.marketdata import (
    BookUpdate,
    Candle,
    Control,
    Event,
    Grid,
    Liquidation,
    Quote,
    Side,
    TheirFault,
    Ticker,
    Trade,
    Word,
)
from ballast.venues.normalise.parse import PROTOCOLS, normalise

GRID = Grid(Decimal("0.1"), Decimal("0.001"))
GRIDS = dict.fromkeys(
    ("BTCUSDT", "BTC-USDT-SWAP", "BTC-USDT", "BTC/USD", "BTC-USD", "BTC", "X"), GRID
)
MS = 1_000_000

# venue, message -> event
CASES: list[tuple[str, bytes, Event]] = [
    (
        "BINANCE",
        b'{"e":"trade","E":2,"s":"BTCUSDT","t":9,"p":"100.5","q":"0.002","T":1,"m":true,"M":true}',
        Trade("BTCUSDT", MS, "9", 1005, 2, Side.SELL, first_id=9, last_id=9),
    ),
    (
        "BINANCEUSDM",
        (b'{"stream":"btcusdt@trade","data":{"e":"trade","E":2,"T":1,"s":"BTCUSDT","t":9,'
        b'"p":"100.5","q":"0.002","X":"INSURANCE_FUND","m":false}}'),
        Trade("BTCUSDT", MS, "9", 1005, 2, Side.BUY, off_book=True, first_id=9, last_id=9),
    ),
    (
        "BINANCE",
        b'{"e":"aggTrade","E":2,"s":"BTCUSDT","a":5,"p":"1","q":"1","f":7,"l":9,"T":1,"m":false}',
        Trade("BTCUSDT", MS, "5", 10, 1000, Side.BUY, is_aggregate=True, first_id=7, last_id=9),
    ),
    (
        "BINANCE",
        b'{"u":400,"s":"BTCUSDT","b":"25.3","B":"31.21","a":"25.4","A":"40.66"}',
        Quote("BTCUSDT", 0, 253, 31210, 254, 40660, update_id=400),
    ),
    (
        "BINANCE",
        (b'{"e":"kline","E":3,"s":"BTCUSDT","k":{"t":1,"T":2,"s":"BTCUSDT","i":"1m","f":1,"L":2,'
        b'"o":"1","c":"2","h":"2.5","l":"0.5","v":"10","n":1,"x":true,"q":"1","V":"5","Q":"1"}}'),
        Candle("BTCUSDT", 3 * MS, MS, "1m", 10, 25, 5, 20, 10_000, is_closed=True),
    ),
    (
        "BINANCEUSDM",
        (b'{"e":"markPriceUpdate","E":3,"s":"BTCUSDT","p":"11794.15","i":"11784.6","P":"1","r":'
        b'"0.00038167","T":7}'),
        Ticker(
            "BTCUSDT",
            3 * MS,
            mark=Decimal("11794.15"),
            index=Decimal("11784.6"),
            funding_rate=Decimal("0.00038167"),
            funding_ns=7 * MS,
        ),
    ),
    (
        "BINANCEUSDM",
        b'{"e":"forceOrder","E":3,"o":{"s":"BTCUSDT","S":"SELL","q":"0.014","p":"9910","T":2}}',
        Liquidation("BTCUSDT", 2 * MS, 99100, 14, Side.SELL),
    ),
    ("BINANCE", b'{"result":null,"id":3}', Control(Word.ANSWER, "", "3")),
    ("BINANCE", b'{"code":-1121,"msg":"Invalid symbol."}', Control(Word.ERROR, "Invalid symbol.")),
    ("BINANCE", b'{"e":"executionReport","s":"X"}', Control(Word.PRIVATE, "executionReport")),
    ("BINANCE", b'{"e":"trade","s":"NO","t":1,"p":"1","q":"1","T":1,"m":true}',
     Control(Word.UNLISTED, "NO")),
    (
        "BYBIT",
        (b'{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":2,"data":[{"T":1,"s":"BTCUSDT",'
        b'"S":"Buy","v":"0.010","p":"27451.00","L":"PlusTick","i":"9dc7","BT":true}]}'),
        Trade("BTCUSDT", MS, "9dc7", 274_510, 10, Side.BUY, off_book=True),
    ),
    (
        "BYBITLINEAR",
        (b'{"topic":"allLiquidation.BTCUSDT","type":"snapshot","ts":2,"data":[{"T":1,"s":"BTCUSDT",'
        b'"S":"Sell","v":"0.003","p":"43511.7"}]}'),
        Liquidation("BTCUSDT", MS, 435_117, 3, Side.BUY),
    ),
    (
        "BYBITLINEAR",
        (b'{"topic":"kline.5.BTCUSDT","data":[{"start":1,"end":2,"interval":"5","open":"1","close":'
        b'"2","high":"3","low":"0.5","volume":"4","turnover":"5","confirm":false,"timestamp":6}],'
        b'"ts":7,"type":"snapshot"}'),
        Candle("BTCUSDT", 6 * MS, MS, "5", 10, 30, 5, 20, 4_000, is_closed=False),
    ),
    ("BYBIT", b'{"success":true,"ret_msg":"pong","conn_id":"1","op":"ping"}',
     Control(Word.PONG, "pong")),
    ("BYBIT", b'{"success":true,"ret_msg":"","conn_id":"1","req_id":"7","op":"subscribe"}',
     Control(Word.SUBSCRIBED, "subscribe", "7")),
    ("BYBIT", b'{"success":false,"ret_msg":"Invalid topic","op":"subscribe"}',
     Control(Word.ERROR, "Invalid topic")),
    ("OKX", b"pong", Control(Word.PONG)),
    (
        "OKXSWAP",
        (b'{"arg":{"channel":"trades","instId":"BTC-USDT-SWAP"},"data":[{"instId":"BTC-USDT-SWAP",'
        b'"tradeId":"13","px":"42219.9","sz":"0.12","side":"buy","ts":"1630048897897","count":"3"}]}'),
        Trade("BTC-USDT-SWAP", 1_630_048_897_897 * MS, "13", 422_199, 120, Side.BUY,
              is_aggregate=True),
    ),
    (
        "OKX",
        (b'{"arg":{"channel":"bbo-tbt","instId":"BTC-USDT"},"data":[{"asks":[["8476.9","415","0",'
        b'"13"]],"bids":[],"ts":"1597026383085","seqId":123456}]}'),
        Quote("BTC-USDT", 1_597_026_383_085 * MS, 0, 0, 84_769, 415_000, update_id=123456),
    ),
    ("OKX", b'{"event":"error","code":"60012","msg":"Invalid request","connId":"a4"}',
     Control(Word.ERROR, "Invalid request")),
    (
        "KRAKEN",
        b'[0,[["5541.2","0.158","1534614057.321597","s","l",""]],"trade","BTC/USD"]',
        Trade("BTC/USD", 1_534_614_057_321_597_000, "", 55_412, 158, Side.SELL),
    ),
    (
        "KRAKEN",
        (b'[42,["1542057314.748456","1542057360.435743","3586.7","3587.0","3586.6","3586.8","3586.7",'
        b'"0.034",2],"ohlc-5","BTC/USD"]'),
        Candle("BTC/USD", 1_542_057_314_748_456_000, 1_542_057_060_435_743_000, "5m", 35_867,
               35_870, 35_866, 35_868, 34, is_closed=False),
    ),
    (
        "KRAKEN",
        (b'{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":100.1,'
        b'"qty":0.250,"ord_type":"limit","trade_id":123,"timestamp":"2026-07-10T00:00:00.123456Z"}]}'),
        Trade("BTC/USD", 1_783_641_600_123_456_000, "123", 1001, 250, Side.BUY),
    ),
    ("KRAKEN", b'{"method":"subscribe","success":false,"error":"Currency pair not supported"}',
     Control(Word.ERROR, "Currency pair not supported")),
    (
        "COINBASE",
        (b'{"channel":"market_trades","client_id":"","timestamp":"2026-04-07T14:30:02Z",'
        b'"sequence_num":5,"events":[{"type":"update","trades":[{"trade_id":"99","product_id":'
        b'"BTC-USD","price":"68900.5","size":"0.0010","side":"BUY","time":"2026-04-07T14:30:02Z"}]}]}'),
        Trade("BTC-USD", 1_775_572_202_000 * MS, "99", 689_005, 1, Side.SELL, frame_id=5),
    ),
    ("COINBASE", (b'{"channel":"heartbeats","timestamp":"2026-04-07T14:30:02Z","sequence_num":6,'
     b'"events":[]}'), Control(Word.HEARTBEAT, "heartbeats", frame_id=6)),
    (
        "HYPERLIQUID",
        (b'{"channel":"trades","data":[{"coin":"BTC","side":"A","px":"1.9","sz":"10.5","time":2,'
        b'"hash":"0xdd","tid":611}]}'),
        Trade("BTC", 2 * MS, "611", 19, 10_500, Side.SELL),
    ),
    (
        "HYPERLIQUID",
        b'{"channel":"bbo","data":{"coin":"BTC","time":2,"bbo":[null,{"px":"2","sz":"1","n":1}]}}',
        Quote("BTC", 2 * MS, 0, 0, 20, 1_000),
    ),
    ("DERIBIT", b'{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}}',
     Control(Word.PING)),
]  # fmt: skip


@pytest.mark.parametrize(("venue", "frame", "event"), CASES)
def test_a_message_becomes_its_event(venue: str, frame: bytes, event: Event) -> None:
    """R-DATA-10: one case a kind; the side of a trade is who took liquidity."""
    assert normalise(venue, frame, GRIDS) == [event]


BOOKS = [
    ("BINANCE", b'{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":5,"u":7,"b":[["1.5","2"]],"a":[]}',
     (False, [[15, 2000]], [], 5, 7, -1, None, 0)),
    ("BINANCE", (b'{ "data" : {"u":7,"U":5,"s":"BTCUSDT","e":"depthUpdate","E":1,"b":[],"a":'
     b'[["2","0"]]}, "stream":"btcusdt@depth"}'), (False, [], [[20, 0]], 5, 7, -1, None, 0)),
    ("BINANCEUSDM", (b'{"stream":"btcusdt@depth5@100ms","data":{"e":"depthUpdate","E":2,"T":1,"s":'
     b'"BTCUSDT","U":5,"u":7,"pu":4,"b":[["1.5","2"]],"a":[["1.6","1"]]}}'),
     (True, [[15, 2000]], [[16, 1000]], 5, 7, 4, None, 0)),
    ("BINANCE", b'{"lastUpdateId":9,"bids":[["1.5","2"]],"asks":[]}',
     (True, [[15, 2000]], [], -1, 9, -1, None, 0)),
    ("BYBIT", (b'{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":2,"data":{"s":"BTCUSDT","b":'
     b'[["1.5","0"]],"a":[],"u":8,"seq":3},"cts":1}'), (False, [[15, 0]], [], 8, 8, -1, None, 50)),
    ("OKX", (b'{"arg":{"channel":"books","instId":"BTC-USDT"},"action":"update","data":[{"asks":'
     b'[["8476.9","415","0","13"]],"bids":[],"ts":"1","checksum":-855196043,"prevSeqId":5,'
     b'"seqId":6}]}'), (False, [], [[84_769, 415_000]], -1, 6, 5, -855_196_043, 400)),
    ("OKX", b'{"code":"0","msg":"","data":[{"asks":[["2","1","0","1"]],"bids":[],"ts":"1"}]}',
     (True, [], [[20, 1000]], -1, -1, -1, None, 400)),
    ("KRAKEN", (b'[1,{"a":[["2.0","1.000","1534614248.456738"]]},{"b":[["1.5","0.000",'
     b'"1534614248.765567","r"]],"c":"974942666"},"book-10","BTC/USD"]'),
     (False, [[15, 0]], [[20, 1000]], -1, -1, -1, 974_942_666, 10)),
    ("KRAKEN", (b'{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":'
     b'[{"price":1.5,"qty":2.000}],"asks":[],"checksum":77,"timestamp":"2026-07-10T00:00:00Z"}]}'),
     (True, [[15, 2000]], [], -1, -1, -1, 77, 0)),
    ("COINBASE", (b'{"channel":"l2_data","timestamp":"2026-04-07T14:30:02Z","sequence_num":3,'
     b'"events":[{"type":"update","product_id":"BTC-USD","updates":[{"side":"bid","event_time":"",'
     b'"price_level":"1.5","new_quantity":"0"},{"side":"offer","price_level":"2","new_quantity":'
     b'"1"}]}]}'), (False, [[15, 0]], [[20, 1000]], -1, -1, -1, None, 0)),
    ("HYPERLIQUID", (b'{"channel":"l2Book","data":{"coin":"BTC","time":1,"levels":[[{"px":"1.5",'
     b'"sz":"2","n":1}],[]]}}'), (True, [[15, 2000]], [], -1, -1, -1, None, 0)),
]  # fmt: skip


@pytest.mark.parametrize(("venue", "frame", "wanted"), BOOKS)
def test_a_book_message_becomes_levels(
    venue: str, frame: bytes, wanted: tuple[object, ...]
) -> None:
    """R-DATA-11: levels, the numbers that link updates, checksum and depth."""
    found = normalise(venue, frame, GRIDS, "X")
    assert not isinstance(found, TheirFault)
    (update,) = found
    assert isinstance(update, BookUpdate)
    bids, asks = (side[:, :2].tolist() for side in (update.bids, update.asks))
    assert (
        update.is_snapshot, bids, asks, update.first_id, update.last_id, update.prev_id,
        update.checksum, update.depth,
    ) == wanted  # fmt: skip


@pytest.mark.parametrize("venue", PROTOCOLS)
@pytest.mark.parametrize(
    "frame",
    [b"", b"x", b"\xff\xfe", b"{}", b"[]", b"null", b"1", b'{"e":"no such event"}', b"[" * 50_000,
     b'{"a":' * 50_000, b'{"channel":"\\ud800"}', b'[1,2,3,4,"x","y"]', b'{"topic":"no.such"}'],
)  # fmt: skip
def test_bytes_that_say_nothing_are_their_fault(venue: str, frame: bytes) -> None:
    found = normalise(venue, frame, GRIDS)
    assert isinstance(found, TheirFault)
    assert found.why


def test_a_message_is_taken_whole_or_not_at_all() -> None:
    """The second of two trades is broken: the first is not reported either."""
    good = b'{"T":1,"s":"BTCUSDT","S":"Buy","v":"1","p":"1","i":"a"}'
    bad = good.replace(b'"p":"1"', b'"p":"-1"')
    frame = b'{"topic":"publicTrade.BTCUSDT","ts":1,"data":[' + good + b"," + bad + b"]}"
    assert isinstance(normalise("BYBIT", frame, GRIDS), TheirFault)


def test_a_level_off_the_grid_is_refused_and_not_rounded() -> None:
    frame = b'{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":1,"b":[["1.55","2"]],"a":[]}'
    found = normalise("BINANCE", frame, GRIDS)
    assert isinstance(found, TheirFault)
    assert "whole number of steps" in found.why


def test_a_venue_without_a_protocol_is_our_mistake() -> None:
    with pytest.raises(DataError, match="did you mean 'KRAKEN'"):
        normalise("KRAKN", b"{}", GRIDS)


@needs_data
@pytest.mark.parametrize("name", SESSIONS)
def test_every_message_of_a_recorded_session_is_understood(name: str) -> None:
    """R-DATA-04: 19,600 messages as received; one Kraken book needs a coarser grid than ours."""
    coarse = Grid(Decimal("1e-6"), Decimal("1e-8"))
    faults = []
    for frame, symbol in session(name):
        found = normalise(SESSIONS[name], frame, AnySymbol(), symbol)
        if isinstance(found, TheirFault):  # a price of ten billion
            found = normalise(SESSIONS[name], frame, AnySymbol(coarse), symbol)
        if isinstance(found, TheirFault):
            faults.append((found, frame[:200]))
    assert faults == []


MARKET_DATA = {
    "depth_update_stream": ["BookUpdate"],
    "kline_stream_closed": ["Candle"],
    "mark_price_stream": ["Ticker"],
    "ticker_stream": ["Ticker"],
    "depth_response": ["Snapshot"],
    "http_futures_market_depth": ["Snapshot"],
    "ws_spot_ticker_book": ["Quote"],
    "ws_public_trade": ["Trade"],
    "ws_subscription_failure": ["error"],
    "ws_auth_failure": ["error"],
    "http_get_orderbook": ["Snapshot"],
    "http_get_order_book": ["Snapshot"],
    "ws_bbo_tbt": ["Quote"],
    "ws_books_update": ["BookUpdate"],
    "ws_candle": ["Candle"],
    "ws_tickers": ["Ticker", "Quote"],
    "http_order_book": ["Snapshot"],
    "ws_ticker_snapshot": ["Quote", "Ticker"],
    "ws_trade_update": ["Trade", "Trade"],
    "ws_l2_data_snapshot": ["Snapshot"],
    "ws_market_trades": ["Trade", "Trade"],
    "http_product_book": ["Snapshot"],
    "http_l2_book_snapshot": ["Snapshot"],
    "ws_quote": ["Quote"],
    "ws_error": ["error"],
}


@needs_data
def test_recorded_payloads_become_what_their_names_say() -> None:
    """247 payloads of seven venues; private ones are named and left alone."""
    seen: Counter[str] = Counter()
    for name, venue in FIXTURES.items():
        for record in documents_of(f"api/fixtures/{name}"):
            frame = msgspec.json.encode(record["payload"])
            found = normalise(venue, frame, AnySymbol(), "X")
            kinds = ["fault"] if isinstance(found, TheirFault) else kinds_of(found)
            wanted = MARKET_DATA.get(record["name"])
            if wanted is not None and not (venue == "DERIBIT" and "http" in record["name"]):
                assert kinds == wanted, (venue, record["name"], kinds)
                seen[record["name"]] += 1
            if any(word in record["name"] for word in ("account", "execution_report", "orders_")):
                assert kinds[0] in {"private", "fault", "answer", "ignored"}, (
                    venue,
                    record["name"],
                )
    assert set(seen) == set(MARKET_DATA)


def test_level_arrays_keep_their_order() -> None:
    frame = b'{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":1,"u":1,"b":[["1","2"],["3","4"]],"a":[]}'
    found = normalise("BINANCE", frame, GRIDS)
    assert not isinstance(found, TheirFault)
    (update,) = found
    assert isinstance(update, BookUpdate)
    assert np.array_equal(update.bids[:, 0], [10, 30])
