"""The user's events of Binance spot, over the websocket interface: orders, fills, balances.

`userDataStream.subscribe.signature` needs no listen key and nothing that keeps it. The venue may
say `eventStreamTerminated` and leave the connection open, alive and silent (exchanges.md 6.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ballast.core.orders import Fill, PositionSide
from ballast.core.reports import OrderReport, Source
from ballast.venues.clients.access import WINDOW_MS
from ballast.venues.clients.account import Balance
from ballast.venues.clients.binance import spot_words
from ballast.venues.clients.binance.faults import SPOT, error_of
from ballast.venues.clients.binance.rows import NS_MS, ShapeError, of_ours
from ballast.venues.clients.binance.talk import NOTHING, Talk
from ballast.venues.clients.desk import Heard
from ballast.venues.clients.market import fee_atoms, number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ballast.venues.clients.calls import Asker
    from ballast.venues.clients.desk import News
    from ballast.venues.clients.market import Market

SUBSCRIBE = "userDataStream.subscribe.signature"
REQUEST = "ballast"
OK = 200
NO_NAME = frozenset({"", "null"})


class _Error(msgspec.Struct):
    code: int = 0
    msg: str = ""


class _Frame(msgspec.Struct):
    event: msgspec.Raw = msgspec.Raw()
    id: str | int | None = None
    status: int = 0
    error: _Error = msgspec.field(default_factory=_Error)


class _Kind(msgspec.Struct):
    e: str


class _Execution(msgspec.Struct):
    """An execution report, in the venue's letters."""

    s: str
    c: str
    S: str
    o: str
    f: str
    q: str
    p: str
    P: str
    x: str
    X: str
    i: int
    l: str
    z: str
    L: str
    T: int
    t: int
    m: bool
    n: str | None = None
    N: str | None = None
    C: str = ""
    w: bool = False
    g: int = -1


class _Held(msgspec.Struct):
    a: str
    f: str
    l: str


class _Wallet(msgspec.Struct):
    B: tuple[_Held, ...]


FRAME, KIND = msgspec.json.Decoder(_Frame), msgspec.json.Decoder(_Kind)
EXECUTION, WALLET = msgspec.json.Decoder(_Execution), msgspec.json.Decoder(_Wallet)


class SpotTalk(Talk):
    """One connection that tells the events of the account."""

    def __init__(self, address: str, asker: Asker, markets: Mapping[str, Market]) -> None:
        """Speak for the key of `asker`."""
        super().__init__("private", address)
        self._asker, self._markets = asker, markets
        self._readers: dict[str, Callable[[bytes], tuple[News, ...]]] = {
            "executionReport": self._execution,
            "outboundAccountPosition": self._wallet,
        }

    def greeting(self, now_ns: int) -> Sequence[str]:
        """Return the signed subscription."""
        del now_ns
        params: dict[str, str | int] = {
            "apiKey": self._asker.key,
            "recvWindow": WINDOW_MS,
            "timestamp": self._asker.now_ms(),
        }  # sorted by name: so they are signed
        text = "&".join(f"{name}={value}" for name, value in params.items())
        params["signature"] = self._asker.sign(text)
        asked = {"id": REQUEST, "method": SUBSCRIBE, "params": params}
        return [msgspec.json.encode(asked).decode()]

    def hear(self, frame: bytes, now_ns: int) -> Heard:
        """Read a frame; raise `ShapeError`, `OffGridError`."""
        del now_ns
        try:
            read = FRAME.decode(frame)
            if bytes(read.event):
                return self._event(bytes(read.event))
        except msgspec.MsgspecError as error:
            raise ShapeError(str(error)) from None
        if read.id == REQUEST and read.status == OK:
            return Heard(is_ready=True)
        if read.status:
            said = read.error
            fault = error_of(SPOT, said.code, said.msg, read.status)
            why = f"subscription refused: {said.code} {said.msg}"
            return Heard(ends=why, verdict=fault.verdict)
        raise ShapeError("a frame that is neither an event nor an answer")

    def _event(self, event: bytes) -> Heard:
        kind = KIND.decode(event).e
        reader = self._readers.get(kind)
        if reader is not None:
            return Heard(news=reader(event))
        if kind in {"eventStreamTerminated", "serverShutdown"}:
            return Heard(ends=kind)
        return NOTHING  # of lists, deposits, locks: orders and balances are told besides

    def _execution(self, event: bytes) -> tuple[News, ...]:
        row = EXECUTION.decode(event)
        market = self._markets.get(row.s)
        if market is None:
            return ()
        client_id = row.c if row.C in NO_NAME else row.C
        return of_ours(client_id, lambda: _told(market, row, client_id), ())

    @staticmethod
    def _wallet(event: bytes) -> tuple[News, ...]:
        held = WALLET.decode(event).B
        return tuple(Balance(one.a, number(one.f) + number(one.l), number(one.f)) for one in held)


def _told(market: Market, row: _Execution, client_id: str) -> tuple[News, ...]:
    """Return the report of an execution, and its fill."""
    at_ns = row.T * NS_MS
    report = OrderReport(
        symbol=market.symbol,
        client_id=client_id,
        order_id=row.i,
        status=spot_words.status_of(row.X, row.o, is_working=row.w),
        filled_lots=market.lots_of(row.z),
        at_ns=at_ns,
        source=Source.STREAM,
        reason=spot_words.end_of(row.X, row.o, row.f, row.g),
        qty_lots=market.lots_of(row.q),
        price_ticks=market.ticks_of(row.p) if row.o != "MARKET" else 0,
        trigger_ticks=market.ticks_of(row.P),
    )
    if row.x != "TRADE":
        return (report,)
    fill = Fill(
        trade_id=row.t,
        order_id=row.i,
        client_id=client_id,
        account=0,
        symbol=market.symbol,
        side=spot_words.side_of(row.S),
        position_side=PositionSide.BOTH,
        price_ticks=market.ticks_of(row.L),
        qty_lots=market.lots_of(row.l),
        is_maker=row.m,
        fee_asset=row.N or "",
        fee_atoms=fee_atoms(row.n),
        realised_atoms=0,
        at_ns=at_ns,
    )
    return (report, fill)
