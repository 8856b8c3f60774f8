"""Sessions are asked about what concerns them, and told no less for it (R-EXCH, R-PERF)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from tests.fakes.binance_desk import SYMBOL, SpotDesk
from tests.fakes.bybit_desk import NAME, START_NS, BybitDesk
from tests.fakes.okx_desk import SPOT, SWAP, OkxDesk, login_of
from tests.fakes.toy_venue import SECOND_NS, ToySession, ToyVenue, asked, texts

from ballast.core.orders import OrderKind, OrderRequest, Side
from ballast.venues.simulated.fronts.keys import hmac_hex
from ballast.venues.simulated.wire.gateway import Gateway
from ballast.venues.simulated.wire.interests import interest_of
from ballast.venues.simulated.wire.messages import Close, Request, Response, Text
from ballast.venues.simulated.wire.streams import Connection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.venues.simulated.engine.exchange import Exchange
    from ballast.venues.simulated.wire.frontend import FrontEnd
    from ballast.venues.simulated.wire.interests import Interest
    from ballast.venues.simulated.wire.messages import Frame

STEP_NS = SECOND_NS // 20
NS_MS = 1_000_000
CLIMB = [(step * STEP_NS, 600_000 + step) for step in range(2_000)]


class Picky(ToySession):
    """Wants what the client last named: `int` events, or nothing."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.asked: list[Any] = []

    def interests(self) -> frozenset[Interest]:
        return frozenset({(int, "")} if self.subscribed else ())

    def publish(self, event: Any) -> Sequence[Frame]:
        self.asked.append(event)
        return super().publish(event)


def opened(gate: Gateway, request: Request, now_ns: int) -> Connection:
    found = gate.connect(request, now_ns)
    assert isinstance(found, Connection), found
    return found


def test_a_session_is_asked_only_about_what_it_wants_now() -> None:
    venue = ToyVenue()
    gate = Gateway([venue])
    broad = opened(gate, asked("GET", "/stream"), 0)
    session = Picky(venue.market, 0)
    venue.connect = lambda _request: session  # type: ignore[assignment,method-assign,misc]
    picky = opened(gate, asked("GET", "/stream"), 0)
    gate.request(asked("POST", "/order"), 0)
    gate.receive(picky, "subscribe", 0)
    gate.request(asked("POST", "/order"), 0)
    gate.receive(picky, "unsubscribe", 0)
    gate.request(asked("POST", "/order"), 0)
    assert session.asked == [2]
    gate.receive(broad, "subscribe", 0)
    gate.request(asked("POST", "/order"), 0)
    assert texts(gate.take(broad, 0)) == ["heard subscribe", "order 4"]


def test_a_request_asks_nobody_for_the_time_and_a_turn_does() -> None:
    gate = Gateway([ToyVenue()])
    stream = opened(gate, asked("GET", "/stream"), 0)
    gate.request(asked("GET", "/time"), 30 * SECOND_NS)
    assert list(gate.take(stream, 30 * SECOND_NS)) == []
    gate.advance(30 * SECOND_NS)
    assert len(list(gate.take(stream, 30 * SECOND_NS))) == 1


def test_a_stream_is_called_once_for_what_it_has_and_again_for_what_is_still_on_its_way() -> None:
    gate = Gateway([ToyVenue()], stream_delay_ns=SECOND_NS)
    stream = opened(gate, asked("GET", "/stream"), 0)
    gate.receive(stream, "subscribe", 0)
    assert gate.arrived(SECOND_NS - 1) == []
    assert gate.arrived(SECOND_NS) == [stream]
    assert gate.arrived(SECOND_NS) == []
    gate.request(asked("POST", "/order"), SECOND_NS)
    assert texts(gate.take(stream, SECOND_NS)) == ["heard subscribe"]
    assert gate.arrived(2 * SECOND_NS) == [stream]
    gate.disconnect(stream)
    assert gate.arrived(9 * SECOND_NS) == []


# What is told is the same as if everybody were asked about everything ------------------------


class AskAll(Gateway):
    """Asks every session about every event, and remembers which answers it would have missed."""

    def __init__(self, front: FrontEnd, now_ns: int) -> None:
        super().__init__([front], now_ns=now_ns)
        self.missed: list[Any] = []

    def _audience(self, market: Any, interest: Interest) -> tuple[Connection, ...]:
        del market, interest
        return self.connections

    def advance(self, now_ns: int) -> None:
        for one in self.connections:
            if not isinstance(one.session, Watched):
                one.session = Watched(one.session, self.missed)
        super().advance(now_ns)


class Watched:
    """A session whose answers are held against what it says it wants."""

    def __init__(self, session: Any, missed: list[Any]) -> None:
        self._session, self._missed = session, missed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def receive(self, text: str) -> Sequence[Frame]:
        return tuple(self._session.receive(text))

    def tick(self, now_ns: int) -> Sequence[Frame]:
        return tuple(self._session.tick(now_ns))

    def pong(self) -> None:
        self._session.pong()

    def closed(self) -> None:
        self._session.closed()

    def publish(self, event: Any) -> Sequence[Frame]:
        frames = tuple(self._session.publish(event))
        wanted = self._session.interests()
        if frames and wanted is not None and interest_of(event) not in wanted:
            self._missed.append((event, frames))
        return frames


def binance(gate_of: Any) -> tuple[Gateway, Exchange, int, str, list[Connection]]:
    desk = SpotDesk(START_NS)
    gate = gate_of(desk.front, START_NS)
    low = SYMBOL.lower()
    kinds = ("depth@100ms", "depth", "trade", "aggTrade", "bookTicker", "miniTicker", "ticker",
             "depth5@100ms", "kline_1m")  # fmt: skip
    names = [f"{low}@{kind}" for kind in kinds] + ["!miniTicker@arr", f"{low}@trade"]
    streams = [opened(gate, Request("GET", "h", f"/ws/{name}"), START_NS) for name in names]
    own = opened(gate, Request("GET", "h", "/ws-api/v3"), START_NS)
    values = {"apiKey": desk.key.key, "timestamp": str(START_NS // NS_MS)}
    values["signature"] = hmac_hex(desk.key.secret, urlencode(sorted(values.items())).encode())
    frame = {"id": 1, "method": "userDataStream.subscribe.signature", "params": values}
    gate.receive(own, json.dumps(frame), START_NS)
    return gate, desk.exchange, desk.account, SYMBOL, [*streams, own]


def bybit(gate_of: Any) -> tuple[Gateway, Exchange, int, str, list[Connection]]:
    desk = BybitDesk(path=CLIMB)
    gate = desk.gateway = gate_of(desk.front, START_NS)
    streams = []
    for category in ("spot", "linear"):
        for topic in ("orderbook.50", "publicTrade", "tickers", "kline.1"):
            streams.append(desk.open(f"/v5/public/{category}"))
            desk.gateway.receive(
                streams[-1], json.dumps({"op": "subscribe", "args": [f"{topic}.{NAME}"]}), START_NS
            )
    own = desk.open("/v5/private")
    gate.receive(own, json.dumps({"op": "auth", "args": desk.auth()}), START_NS)
    topics = ["order", "execution", "position", "wallet"]
    gate.receive(own, json.dumps({"op": "subscribe", "args": topics}), START_NS)
    symbol = next(one for one in desk.exchange.listings if one != NAME)
    return gate, desk.exchange, desk.account, symbol, [*streams, own, desk.open("/v5/trade")]


def okx(gate_of: Any) -> tuple[Gateway, Exchange, int, str, list[Connection]]:
    desk = OkxDesk(START_NS, climbs=True)
    gate = desk.gateway = gate_of(desk.front, START_NS)
    streams = []
    channels = [(name, one) for name in ("books", "bbo-tbt", "trades", "tickers")
                for one in (SPOT, SWAP)]  # fmt: skip
    for name, symbol in (*channels, ("mark-price", SWAP)):
        stream = desk.open("public")
        stream.send({"op": "subscribe", "args": [{"channel": name, "instId": symbol}]})
        streams.append(stream.connection)
    candles = desk.open("business")
    candles.send({"op": "subscribe", "args": [{"channel": "candle1m", "instId": SWAP}]})
    own = desk.open("private")
    own.send({"op": "login", "args": [login_of(desk.key, START_NS)]})
    whole = {"instType": "ANY"}
    private = [{"channel": "orders", **whole}, {"channel": "positions", **whole},
               {"channel": "account"}]  # fmt: skip
    own.send({"op": "subscribe", "args": private})
    found = [*streams, candles.connection, own.connection]
    return gate, desk.exchange, desk.account, SWAP, found


def afternoon(venue: Any, gate_of: Any) -> tuple[Gateway, list[list[Any]]]:
    """Trade a little while time passes; return all frames of all streams."""
    gate, exchange, account, symbol, streams = venue(gate_of)
    heard: list[list[Any]] = [[] for _ in streams]
    for step in range(1, 80):
        now_ns = START_NS + step * STEP_NS
        gate.advance(now_ns)
        if step % 10 == 0:
            side = Side.BUY if step % 20 else Side.SELL
            exchange.submit(account, OrderRequest(symbol, side, OrderKind.MARKET, qty_lots=3))
            gate.request(Request("GET", "h", "/none"), now_ns)
        for place, stream in enumerate(streams):
            heard[place] += gate.take(stream, now_ns)
    return gate, heard


@pytest.mark.parametrize("venue", [binance, bybit, okx])
def test_interests_leave_out_nothing_that_would_be_told(venue: Any) -> None:
    """A kind of event missing from `interests` would be a stream that is silent: both are tried."""
    usual, told = afternoon(venue, lambda front, at_ns: Gateway([front], now_ns=at_ns))
    suspicious, all_told = afternoon(venue, AskAll)
    assert isinstance(suspicious, AskAll)
    assert suspicious.missed == []
    assert told == all_told
    assert all(told[place] for place in range(len(told) - (venue is bybit)))
    assert not any(isinstance(one, Close) for frames in told for one in frames)
    assert usual.now_ns == suspicious.now_ns


def test_readers_of_one_stream_get_one_text() -> None:
    """Printed once: fifty readers of depth cost one encoding a message."""
    desk = SpotDesk(START_NS)
    path = f"/stream?streams={SYMBOL.lower()}@depth@100ms/{SYMBOL.lower()}@trade"
    name, _, query = path.partition("?")
    two = [opened(desk.gateway, Request("GET", "h", name, query), START_NS) for _ in range(2)]
    late_ns = START_NS + 3 * SECOND_NS + STEP_NS
    frames: list[list[Any]] = [[], []]
    for now_ns in range(START_NS, late_ns, STEP_NS):
        desk.gateway.advance(now_ns)
        for place, one in enumerate(two):
            frames[place] += desk.gateway.take(one, now_ns)
    assert len(frames[0]) > 60
    assert all(one is other for one, other in zip(*frames, strict=True))
    late = opened(desk.gateway, Request("GET", "h", name, query), late_ns)
    assert not isinstance(late, Response)
    desk.gateway.disconnect(two[0])
    desk.gateway.advance(late_ns + SECOND_NS)
    first = [list(desk.gateway.take(one, late_ns + SECOND_NS)) for one in (two[1], late)]
    depths = [[one for one in frames if "depthUpdate" in _text(one)] for frames in first]
    assert depths[0] == depths[1]
    assert len(depths[0]) == 1


def _text(frame: Any) -> str:
    return frame.text if isinstance(frame, Text) else ""
