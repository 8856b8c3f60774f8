"""OKX: routes, what each may cost, and who may call it; streams are opened here too."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from ballast.core.orders import MarginMode, SelfTrade
from ballast.venues.simulated.engine.profile import PostOnly, VenueProfile
from ballast.venues.simulated.fronts.board import Board, Minutes
from ballast.venues.simulated.fronts.okx import (
    account,
    algos,
    errors,
    history,
    market,
    orders,
    public,
    security,
    socket,
)
from ballast.venues.simulated.fronts.okx.batch import Batch
from ballast.venues.simulated.fronts.okx.call import Call, parameters, read_json
from ballast.venues.simulated.fronts.okx.errors import Refusal
from ballast.venues.simulated.fronts.okx.memory import Memory
from ballast.venues.simulated.fronts.okx.settings import Settings
from ballast.venues.simulated.fronts.okx.words import Words
from ballast.venues.simulated.fronts.parameters import BadParameter, Parameters
from ballast.venues.simulated.wire.frontend import Trouble
from ballast.venues.simulated.wire.messages import Response
from ballast.venues.simulated.wire.weights import Budget, Meter, Spent, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.engine.exchange import Exchange
    from ballast.venues.simulated.fronts.keys import KeyRing
    from ballast.venues.simulated.wire.frontend import Session
    from ballast.venues.simulated.wire.messages import Request

    Handler = Callable[["OkxFront", Call], Any]

SECOND_NS = 1_000_000_000
NS_US = 1_000
NS_MS = 1_000_000
HOSTS = frozenset(
    {
        "www.okx.com", "aws.okx.com", "ws.okx.com", "wsaws.okx.com", "app.okx.com", "my.okx.com",
        "eea.okx.com", "us.okx.com", "wseea.okx.com", "wsus.okx.com",
    }
)  # fmt: skip
PROFILE = VenueProfile(name="okx", post_only=PostOnly.EXPIRE, self_trade=SelfTrade.CANCEL_MAKER)
"""How OKX trades: a post-only order that would take is accepted and then cancelled."""
WINDOW_NS = 2 * SECOND_NS
EDGE = Budget("edge", 1 << 30, WINDOW_NS, refusals_before_ban=0, ban_ns=60 * SECOND_NS)
"""The cloud before the venue: an address that it sends away is sent away for a minute at least."""
ORDERS_2S = Budget("orders", 1_000, WINDOW_NS, refusals_before_ban=0)
"""New orders and amends of an account in two seconds, over all instruments."""


SENT_AWAY = Response(errors.FORBIDDEN, errors.PAGE_403, (("Content-Type", "text/html"),))


class Security(Enum):
    """What a route asks of a request."""

    NONE = auto()
    SIGNED = auto()
    TRADE = auto()  # signed, by a key that may trade


@dataclass(frozen=True, slots=True)
class Route:
    """One path: what answers it, how often in two seconds, what it asks, whether of a list."""

    handler: Handler
    limit: int = 20
    security: Security = Security.NONE
    takes_list: bool = False


_S, _T = Security.SIGNED, Security.TRADE
_GETS: dict[str, Route] = {
    "public/time": Route(public.server_time, 10),
    "public/instruments": Route(public.instruments),
    "public/mark-price": Route(public.mark_prices, 10),
    "public/funding-rate": Route(public.funding_rate),
    "public/funding-rate-history": Route(public.funding_history, 10),
    "public/position-tiers": Route(public.position_tiers, 10),
    "public/price-limit": Route(public.price_limit),
    "public/open-interest": Route(public.open_interest),
    "system/status": Route(public.status, 1),
    "market/ticker": Route(market.one_ticker),
    "market/tickers": Route(market.tickers),
    "market/index-tickers": Route(market.index_tickers),
    "market/books": Route(market.books, 40),
    "market/trades": Route(market.trades, 100),
    "market/history-trades": Route(market.history_trades),
    "market/candles": Route(market.candles, 40),
    "market/history-candles": Route(market.candles),
    "trade/order": Route(history.query, 60, _S),
    "trade/orders-pending": Route(history.pending, 60, _S),
    "trade/orders-history": Route(history.closed, 40, _S),
    "trade/orders-history-archive": Route(history.closed, 20, _S),
    "trade/fills": Route(history.fills, 60, _S),
    "trade/fills-history": Route(history.fills, 10, _S),
    "trade/order-algo": Route(algos.query, 20, _S),
    "trade/orders-algo-pending": Route(algos.pending, 20, _S),
    "trade/orders-algo-history": Route(algos.history, 20, _S),
    "asset/currencies": Route(public.currencies, 12, _S),
    "account/instruments": Route(public.instruments, 20, _S),
    "account/balance": Route(account.balance, 10, _S),
    "account/positions": Route(account.positions, 10, _S),
    "account/config": Route(account.config, 5, _S),
    "account/leverage-info": Route(account.leverage_info, 20, _S),
    "account/max-size": Route(account.max_size, 20, _S),
    "account/trade-fee": Route(account.trade_fee, 5, _S),
    "account/bills": Route(account.bills, 10, _S),
    "account/bills-archive": Route(account.bills, 10, _S),
}
_POSTS: dict[str, Route] = {
    "trade/order": Route(orders.place, 60, _T),
    "trade/batch-orders": Route(orders.place_many, 300, _T, takes_list=True),
    "trade/cancel-order": Route(orders.cancel, 60, _T),
    "trade/cancel-batch-orders": Route(orders.cancel_many, 300, _T, takes_list=True),
    "trade/amend-order": Route(orders.amend, 60, _T),
    "trade/amend-batch-orders": Route(orders.amend_many, 300, _T, takes_list=True),
    "trade/close-position": Route(orders.close_position, 20, _T),
    "trade/cancel-all-after": Route(orders.cancel_all_after, 2, _T),
    "trade/order-algo": Route(algos.place, 20, _T),
    "trade/cancel-algos": Route(algos.cancel_many, 20, _T, takes_list=True),
    "trade/amend-algos": Route(algos.amend, 20, _T),
    "account/set-position-mode": Route(account.set_position_mode, 5, _T),
    "account/set-leverage": Route(account.set_leverage, 20, _T),
    "account/set-isolated-mode": Route(account.set_isolated_mode, 5, _T),
    "account/position/margin-balance": Route(account.margin_balance, 20, _T),
}
ROUTES: dict[tuple[str, str], Route] = {
    (method, f"/api/v5/{path}"): route
    for method, routes in (("GET", _GETS), ("POST", _POSTS))
    for path, route in routes.items()
}
PATHS = {path for _, path in ROUTES}
ENTRY_PATHS = frozenset(f"/api/v5/{path}" for path in _POSTS if path.startswith("trade/"))
TROUBLES = {
    Trouble.UNKNOWN_STATUS: errors.UNKNOWN_STATUS,
    Trouble.UNAVAILABLE: errors.BUSY,
    Trouble.MAINTENANCE: errors.UNAVAILABLE_NOW,
    Trouble.RATE_LIMITED: errors.TOO_OFTEN,
}


class OkxFront:
    """The front end of one exchange: spot and swaps."""

    name = "okx"
    hosts = HOSTS

    def __init__(self, market: Exchange, keys: KeyRing, *, sends_checksums: bool = False) -> None:
        """Stand in front of `market`, for the holders of `keys`.

        OKX sends 0 as the checksum of a book since 2026-06-23; `sends_checksums` has it as before.
        """
        self.market = market
        self.keys = keys
        self.sends_checksums = sends_checksums
        self.memory = Memory(market)
        self.words = Words(market, self.memory)
        self.board = Board()
        self.settings = Settings(market)
        self.clock_skew_ns = 0
        self._meters: dict[tuple[str, str], Meter] = {}
        self._orders_2s = Meter(ORDERS_2S)
        self._edge = Meter(EDGE)
        self._codes = {symbol: 10_000 + at for at, symbol in enumerate(market.listings)}
        self._opened = 0
        self._counts: dict[tuple[int, str], int] = {}

    @property
    def wire_now_ns(self) -> int:
        """The venue's time as clients see it."""
        return self.market.now_ns + self.clock_skew_ns

    @property
    def kept(self) -> Mapping[str, Any]:
        """What outlives the front end."""
        return {
            **{f"memory.{name}": kind for name, kind in self.memory.kept.items()},
            "board._minutes": dict[str, Minutes],
            "settings._levers": dict[tuple[int, str, MarginMode], int],
            "_meters": dict[tuple[str, str], Meter],
            "_orders_2s.accounts": dict[str, Spent],
            "_edge.accounts": dict[str, Spent],
            "_opened": int,
        }

    def reopened(self) -> None:
        """Take no notice: connections to a channel are counted as they come."""

    def observe(self, event: Event) -> None:
        """Keep candles, and what orders and positions cost."""
        self.board.observe(event)
        self.memory.observe(event)

    def code_of(self, symbol: str) -> int:
        """Return the number of an instrument (`instIdCode`)."""
        return self._codes[symbol]

    def new_connection_id(self) -> str:
        """Return the id of a websocket; counted, never random."""
        self._opened += 1
        return f"{self._opened:08x}"

    def count_channel(self, account: int, name: str, change: int) -> int:
        """Count an account's connections to a private channel; return how many there are."""
        place = (account, name)
        self._counts[place] = self._counts.get(place, 0) + change
        return self._counts[place]

    def is_order_entry(self, request: Request) -> bool:
        """Tell whether the request can place, change or cancel an order."""
        return request.method == "POST" and request.path in ENTRY_PATHS

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        began_ns = self.wire_now_ns
        if self._edge.spend(request.address, 1, began_ns) is Standing.BANNED:
            return SENT_AWAY
        route = ROUTES.get((request.method, request.path))
        try:
            if route is None:
                raise errors.METHOD if request.path in PATHS else errors.NO_PATH
            told = self._called(route, request, began_ns)
        except BadParameter as problem:
            return errors.parameter(problem).response()
        except Refusal as refusal:
            return refusal.response()
        return Response.of(self.answer(told, began_ns))

    def answer(self, told: Any, began_ns: int) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Return what a handler said with its code around it."""
        if not isinstance(told, Batch):
            return {"code": "0", "data": told, "msg": ""}
        stamp = str(began_ns // NS_US)
        return {
            "code": told.code, "data": told.items, "inTime": stamp, "msg": told.text,
            "outTime": stamp,
        }  # fmt: skip

    def _called(self, route: Route, request: Request, now_ns: int) -> Any:  # noqa: ANN401 - JSON
        call = Call(Parameters({}), now_ns, self.market.listings)
        who = request.address
        if route.security is not Security.NONE:
            call.key = security.key_of(request, self.keys, now_ns)
            who = str(call.key.account)
        self._read(route, request, call)
        self._spend(route, request, call, who)
        if route.security is Security.TRADE and call.key is not None and not call.key.can_trade:
            raise errors.PERMISSION
        self._check_deadline(request, call)
        return route.handler(self, call)

    def _read(self, route: Route, request: Request, call: Call) -> None:
        if request.method == "GET":
            pairs = [(name, value) for name, value in request.query_pairs() if value]
            call.given = Parameters.of(pairs)
            return
        if not request.body.strip():
            raise errors.EMPTY_BODY
        if "json" not in request.headers.get("content-type", ""):
            raise errors.NO_JSON_TYPE
        value = read_json(request.body)
        if route.takes_list:
            call.body = value
        else:
            call.given = parameters(value)

    def _spend(self, route: Route, request: Request, call: Call, who: str) -> None:
        """Count a call; raise 50011 for one too many. Trading counts by instrument too."""
        if request.path in ENTRY_PATHS:
            who = f"{who}/{call.given.values.get('instId', '')}"
        place = (request.method, request.path)
        meter = self._meters.get(place)
        if meter is None:
            budget = Budget(request.path, route.limit, WINDOW_NS, refusals_before_ban=0)
            meter = self._meters[place] = Meter(budget)
        weight = max(1, len(call.body)) if isinstance(call.body, list) else 1
        if meter.spend(who, weight, call.now_ns) is not Standing.GOOD:
            raise errors.TOO_OFTEN

    def _check_deadline(self, request: Request, call: Call) -> None:
        """Raise 51149 for a request that says it should be over by now (`expTime`)."""
        text = request.headers.get("exptime", "")
        if text and not (text.isascii() and text.isdigit() and len(text) < 20):  # noqa: PLR2004
            raise errors.wrong("expTime")
        if text and int(text) < call.now_ms:
            raise errors.TIMED_OUT

    def count_order(self, call: Call) -> None:
        """Count a new order against its account; raise 50061 for one too many."""
        if self._orders_2s.spend(str(call.account), 1, call.now_ns) is not Standing.GOOD:
            raise Refusal(50061, "You've reached the maximum order rate limit for this account.")

    def connect(self, request: Request) -> Session | Response:
        """Open a websocket: public, private or business."""
        kind = request.path.rstrip("/").removeprefix("/ws/v5/")
        if request.path.startswith("/ws/v5/") and kind in socket.KINDS:
            return socket.OkxSocket(self, kind, request.address)
        return errors.NO_PATH.response()

    def trouble(self, kind: Trouble, request: Request) -> Response:
        """Return how OKX says it."""
        if kind is Trouble.BANNED:
            self._edge.ban(request.address, self.wire_now_ns)
            return SENT_AWAY
        if kind in TROUBLES:
            return TROUBLES[kind].response()
        refusal = errors.rejected_for_money()
        if kind is Trouble.NOT_FOUND:
            cancels = "cancel" in request.path
            refusal = errors.NOT_CANCELLED if cancels else errors.NOT_AMENDED
            if request.method == "GET":
                return errors.NO_SUCH_ORDER.response()
        item = {"clOrdId": "", "ordId": "", "tag": "", "ts": str(self.wire_now_ns // NS_MS),
                "sCode": str(refusal.code), "sMsg": refusal.text}  # fmt: skip
        return Response.of(self.answer(Batch([item]), self.wire_now_ns))
