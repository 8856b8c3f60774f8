"""The user's events of Binance USD-M: orders of both services, fills, wallet, positions, funding.

The stream is named by a listen key that lives an hour from the last time it was asked for. When it
dies, `listenKeyExpired` is told once and the connection stays open, alive and silent (exchanges.md
6.2). There is nothing to subscribe: who is connected hears.

A conditional order that is set off becomes an order of another number. What is told of that child
comes under our client id, or, should the venue name it otherwise, under the id of the conditional
order that names it (`ai`): what came before that was known is then told again under our id.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import msgspec

from ballast.core.ids import is_ours
from ballast.core.orders import EndReason, Fill, MarginMode
from ballast.core.reports import OrderReport, Source
from ballast.venues.clients.account import Balance, VenuePosition
from ballast.venues.clients.binance import usdm_words as words
from ballast.venues.clients.binance.rows import NS_MS, ShapeError, of_ours, read
from ballast.venues.clients.binance.spot_words import side_of
from ballast.venues.clients.binance.talk import NOTHING, Talk
from ballast.venues.clients.binance.usdm_account import payment_id
from ballast.venues.clients.binance.usdm_rows import ListenKey, whole_of
from ballast.venues.clients.calls import Call, CallError, Urgency, Verdict
from ballast.venues.clients.desk import Heard, Paid
from ballast.venues.clients.market import fee_atoms, number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ballast.venues.clients.calls import Asker
    from ballast.venues.clients.desk import News
    from ballast.venues.clients.market import Market

KEEP_S = 1_200.0
STRAYS = 500
"""Events of orders that are not known to be ours, kept until a conditional order may name them."""
FUNDING = "FUNDING_FEE"
TRADED = frozenset({"TRADE", "CALCULATED"})


class _Kind(msgspec.Struct):
    e: str


class _Order(msgspec.Struct):
    s: str
    c: str
    S: str
    o: str
    f: str
    q: str
    p: str
    x: str
    X: str
    i: int
    l: str
    z: str
    L: str
    T: int
    t: int
    m: bool
    ps: str
    rp: str = ""
    n: str | None = None
    N: str | None = None


class _OrderEvent(msgspec.Struct):
    o: _Order


class _Algo(msgspec.Struct):
    caid: str
    aid: int
    s: str
    X: str
    q: str = ""
    ai: str | int | None = ""
    aq: str = ""
    tp: str = ""
    p: str = ""


class _AlgoEvent(msgspec.Struct):
    o: _Algo
    T: int = 0
    E: int = 0


class _Wallet(msgspec.Struct):
    a: str
    wb: str
    bc: str = ""


class _Position(msgspec.Struct):
    s: str
    pa: str
    ep: str
    ps: str
    up: str = ""
    mt: str = "cross"


class _Account(msgspec.Struct):
    m: str
    B: tuple[_Wallet, ...] = ()
    P: tuple[_Position, ...] = ()


class _AccountEvent(msgspec.Struct):
    a: _Account
    T: int


KIND = msgspec.json.Decoder(_Kind)
ORDER, ALGO = msgspec.json.Decoder(_OrderEvent), msgspec.json.Decoder(_AlgoEvent)
ACCOUNT = msgspec.json.Decoder(_AccountEvent)
MARGIN = {"cross": MarginMode.CROSS, "isolated": MarginMode.ISOLATED}


class UsdmTalk(Talk):
    """One connection that tells the events of the account."""

    def __init__(self, host: str, asker: Asker, markets: Mapping[str, Market]) -> None:
        """Speak for the key of `asker`; `host` is where the streams are, with its protocol."""
        super().__init__("private", f"{host}/private/ws/")
        self._asker, self._markets = asker, markets
        self._named: dict[int, str] = {}
        self._algos: set[str] = set()
        self._strays: deque[_Order] = deque(maxlen=STRAYS)
        self._readers: dict[str, Callable[[bytes], tuple[News, ...]]] = {
            "ORDER_TRADE_UPDATE": self._order,
            "ALGO_UPDATE": self._algo,
            "ACCOUNT_UPDATE": self._account,
        }

    async def url(self) -> str:
        """Ask for a listen key, or for the one that lives."""
        answer = await self._asker.ask(Call("fapiPrivatePostListenKey", urgency=Urgency.PROTECT))
        try:
            return self._address + read(answer, ListenKey).listen_key
        except ShapeError as error:
            raise CallError(Verdict.UNCLEAR, f"no listen key: {error}") from error

    def greeting(self, now_ns: int) -> tuple[str, ...]:
        """Return nothing: connected is subscribed."""
        del now_ns
        return ()

    async def keep(self) -> None:
        """Let the key live another hour; raise `CallError` where it is dead."""
        await self._asker.ask(Call("fapiPrivatePutListenKey", urgency=Urgency.PROTECT))

    @property
    def keep_s(self) -> float:
        """Return seconds between two keeps: the key lives an hour."""
        return KEEP_S

    def hear(self, frame: bytes, now_ns: int) -> Heard:
        """Read a frame; raise `ShapeError`, `OffGridError`."""
        del now_ns
        try:
            kind = KIND.decode(frame).e
            reader = self._readers.get(kind)
            if reader is not None:
                return Heard(news=reader(frame))
        except msgspec.MsgspecError as error:
            raise ShapeError(str(error)) from None
        return Heard(ends=kind) if kind == "listenKeyExpired" else NOTHING

    # Orders -----------------------------------------------------------------------------------

    def _order(self, frame: bytes) -> tuple[News, ...]:
        row = ORDER.decode(frame).o
        market = self._markets.get(row.s)
        if market is None:
            return ()
        if not (is_ours(row.c) or row.i in self._named):
            self._strays.append(row)
        name = self._named.get(row.i) or row.c
        return of_ours(name, lambda: self._told(market, row), ())

    def _told(self, market: Market, row: _Order) -> tuple[News, ...]:
        """Return the report of an event of an order, and its fill."""
        name = self._named.get(row.i) or row.c
        is_child = row.i in self._named or name in self._algos
        order_id = words.number_for(name, row.i, algo=is_child)
        at_ns = row.T * NS_MS
        report = OrderReport(
            symbol=market.symbol,
            client_id=name,
            order_id=order_id,
            status=words.status_of(row.X),
            filled_lots=market.lots_of(row.z),
            at_ns=at_ns,
            source=Source.STREAM,
            reason=words.end_of(row.X, row.o, row.f),
            qty_lots=market.lots_of(row.q),
            price_ticks=market.ticks_of(row.p) if row.o != "MARKET" else 0,
        )
        if row.x not in TRADED or not market.lots_of(row.l):
            return (report,)
        fill = Fill(
            trade_id=row.t,
            order_id=order_id,
            client_id=name,
            account=0,
            symbol=market.symbol,
            side=side_of(row.S),
            position_side=words.position_side_of(row.ps),
            price_ticks=market.ticks_of(row.L),
            qty_lots=market.lots_of(row.l),
            is_maker=row.m,
            fee_asset=row.N or "",
            fee_atoms=fee_atoms(row.n),
            realised_atoms=words.atoms_of(row.rp),
            at_ns=at_ns,
        )
        return (report, fill)

    def _algo(self, frame: bytes) -> tuple[News, ...]:
        event = ALGO.decode(frame)
        row, market = event.o, self._markets.get(event.o.s)
        if market is None:
            return ()
        return of_ours(row.caid, lambda: self._conditional(market, event), ())

    def _conditional(self, market: Market, event: _AlgoEvent) -> tuple[News, ...]:
        row = event.o
        again = self._linked(market, row)
        filled, wanted = market.lots_of(row.aq), market.lots_of(row.q)
        if row.X == words.FINISHED and not 0 < wanted <= filled:
            return again  # how it ended, the events of its child tell
        report = OrderReport(
            symbol=market.symbol,
            client_id=row.caid,
            order_id=words.number_for(row.caid, row.aid, algo=True),
            status=words.algo_status(row.X, filled, wanted),
            filled_lots=filled,
            at_ns=(event.T or event.E) * NS_MS,
            source=Source.STREAM,
            reason=EndReason.REQUESTED if row.X == "CANCELED" else EndReason.NONE,
            qty_lots=wanted,
            price_ticks=market.ticks_of(row.p),
            trigger_ticks=market.ticks_of(row.tp),
        )
        return (report, *again)

    def _linked(self, market: Market, row: _Algo) -> tuple[News, ...]:
        """Learn which order a conditional one became; tell again what was told of it before."""
        self._algos.add(row.caid)
        child = whole_of(row.ai)
        if not child or child in self._named:
            return ()
        self._named[child] = row.caid
        mine = [one for one in self._strays if one.i == child and one.c != row.caid]
        return tuple(news for one in mine for news in self._told(market, one))

    # Account ----------------------------------------------------------------------------------

    def _account(self, frame: bytes) -> tuple[News, ...]:
        event = ACCOUNT.decode(frame)
        news: list[News] = [
            Balance(one.a, number(one.wb), number(one.wb), has_free=False) for one in event.a.B
        ]
        for row in event.a.P:
            market = self._markets.get(row.s)
            if market is not None:
                news.append(_position(market, row))
        if event.a.m == FUNDING and len(event.a.P) == len(event.a.B) == 1:
            # Of a position in cross margin the venue does not say which: REST does.
            symbol, amount = event.a.P[0].s, -number(event.a.B[0].bc)
            at_ns = event.T * NS_MS
            news.append(Paid(symbol, amount, at_ns, payment_id(symbol, event.T)))
        return tuple(news)


def _position(market: Market, row: _Position) -> VenuePosition:
    if row.mt not in MARGIN:
        raise ShapeError(f"unknown margin mode: {row.mt!r}")
    return VenuePosition(
        symbol=market.symbol,
        lots=market.lots_of(row.pa),
        side=words.position_side_of(row.ps),
        entry=number(row.ep),
        unrealised=number(row.up),
        margin_mode=MARGIN[row.mt],
    )
