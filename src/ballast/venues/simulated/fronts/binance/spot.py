"""Binance spot: routes, weights, security; what a request costs and who may send it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.engine.events import HaltChanged, ListChanged, Trading
from ballast.venues.simulated.fronts.binance import (
    errors,
    security,
    spot_account,
    spot_lists,
    spot_orders,
    spot_public,
    spot_socket,
    spot_streams,
)
from ballast.venues.simulated.fronts.binance.call import Call
from ballast.venues.simulated.fronts.binance.errors import Refusal
from ballast.venues.simulated.fronts.binance.spot_words import Words
from ballast.venues.simulated.fronts.board import Board
from ballast.venues.simulated.fronts.parameters import BadParameter, Parameters
from ballast.venues.simulated.wire.frontend import Trouble
from ballast.venues.simulated.wire.messages import Response
from ballast.venues.simulated.wire.weights import Budget, Meter, Standing

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.engine.exchange import Exchange
    from ballast.venues.simulated.fronts.keys import ApiKey, KeyRing
    from ballast.venues.simulated.wire.frontend import Session
    from ballast.venues.simulated.wire.messages import Request

    Handler = Callable[["BinanceSpot", Call], Any]

SECOND_NS = 1_000_000_000
NS_MS = 1_000_000
WEIGHT = Budget("weight", 6_000, 60 * SECOND_NS)
ORDERS_10S = Budget("orders", 100, 10 * SECOND_NS, refusals_before_ban=0)
ORDERS_DAY = Budget("orders", 200_000, 86_400 * SECOND_NS, refusals_before_ban=0)
HOSTS = frozenset(
    {
        "api.binance.com", "api-gcp.binance.com", "api1.binance.com", "api2.binance.com",
        "api3.binance.com", "api4.binance.com", "stream.binance.com", "ws-api.binance.com",
        "data-api.binance.vision", "data-stream.binance.vision",
    }
)  # fmt: skip


class Security(Enum):
    """What a route asks of a request."""

    NONE = auto()
    KEY = auto()
    SIGNED = auto()
    TRADE = auto()  # signed, by a key that may trade


@dataclass(frozen=True, slots=True)
class Route:
    """One path: what answers it, what it costs, what it asks."""

    handler: Handler
    weight: int = 1
    security: Security = Security.NONE


_S, _T = Security.SIGNED, Security.TRADE
ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/api/v3/ping"): Route(spot_public.ping),
    ("GET", "/api/v3/time"): Route(spot_public.server_time),
    ("GET", "/api/v3/exchangeInfo"): Route(spot_public.exchange_info, 20),
    ("GET", "/api/v3/depth"): Route(spot_public.depth, 5),
    ("GET", "/api/v3/trades"): Route(spot_public.trades, 25),
    ("GET", "/api/v3/historicalTrades"): Route(spot_public.trades, 25),
    ("GET", "/api/v3/aggTrades"): Route(spot_public.aggregate_trades, 4),
    ("GET", "/api/v3/klines"): Route(spot_public.klines, 2),
    ("GET", "/api/v3/uiKlines"): Route(spot_public.klines, 2),
    ("GET", "/api/v3/avgPrice"): Route(spot_public.average_price, 2),
    ("GET", "/api/v3/ticker/24hr"): Route(spot_public.day_ticker, 2),
    ("GET", "/api/v3/ticker/price"): Route(spot_public.price_ticker, 2),
    ("GET", "/api/v3/ticker/bookTicker"): Route(spot_public.book_ticker, 2),
    ("POST", "/api/v3/order"): Route(spot_orders.new, 1, _T),
    ("POST", "/api/v3/order/test"): Route(spot_orders.test, 1, _T),
    ("GET", "/api/v3/order"): Route(spot_orders.query, 4, _S),
    ("DELETE", "/api/v3/order"): Route(spot_orders.cancel, 1, _T),
    ("POST", "/api/v3/order/cancelReplace"): Route(spot_orders.replace_order, 1, _T),
    ("DELETE", "/api/v3/openOrders"): Route(spot_orders.cancel_open, 1, _T),
    ("GET", "/api/v3/openOrders"): Route(spot_orders.open_orders, 6, _S),
    ("GET", "/api/v3/allOrders"): Route(spot_orders.all_orders, 20, _S),
    ("POST", "/api/v3/orderList/oco"): Route(spot_lists.place, 1, _T),
    ("DELETE", "/api/v3/orderList"): Route(spot_lists.cancel, 1, _T),
    ("GET", "/api/v3/orderList"): Route(spot_lists.query, 4, _S),
    ("GET", "/api/v3/openOrderList"): Route(spot_lists.open_lists, 6, _S),
    ("GET", "/api/v3/account"): Route(spot_account.account, 20, _S),
    ("GET", "/api/v3/account/commission"): Route(spot_account.commission, 20, _S),
    ("GET", "/api/v3/myTrades"): Route(spot_account.my_trades, 20, _S),
    ("GET", "/api/v3/rateLimit/order"): Route(spot_account.order_rate, 40, _S),
    ("GET", "/sapi/v1/system/status"): Route(spot_account.system_status),
    ("GET", "/sapi/v1/capital/config/getall"): Route(spot_account.coins, 10, _S),
    ("GET", "/sapi/v1/margin/allPairs"): Route(spot_account.no_pairs, 1, Security.KEY),
    ("GET", "/sapi/v1/margin/isolated/allPairs"): Route(spot_account.no_pairs, 10, _S),
    ("GET", "/sapi/v1/account/apiRestrictions"): Route(spot_account.restrictions, 1, _S),
    ("GET", "/sapi/v1/asset/tradeFee"): Route(spot_account.trade_fees, 1, _S),
}
TROUBLES = {
    Trouble.UNKNOWN_STATUS: errors.UNKNOWN_STATUS,
    Trouble.UNAVAILABLE: errors.OVERLOADED,
    Trouble.MAINTENANCE: errors.MAINTENANCE,
    Trouble.NOT_FOUND: errors.NO_SUCH_ORDER,
    Trouble.REFUSED: Refusal(-2010, "Account has insufficient balance for requested action."),
}
DEPTH_WEIGHTS = ((100, 5), (500, 25), (1_000, 50), (5_000, 250))
ENTRY_PATHS = frozenset(
    path for (method, path), route in ROUTES.items() if route.security is _T and method != "GET"
)


class BinanceSpot:
    """The spot front end of one exchange."""

    name = "binance"
    hosts = HOSTS

    def __init__(self, market: Exchange, keys: KeyRing) -> None:
        """Stand in front of `market`, for the holders of `keys`."""
        self.market = market
        self.keys = keys
        self.words = Words(market)
        self.board = Board()
        self.lists = spot_lists.Lists()
        self.clock_skew_ns = 0
        self._weights = Meter(WEIGHT)
        self._orders_10s = Meter(ORDERS_10S)
        self._orders_day = Meter(ORDERS_DAY)
        self._trading: dict[str, Trading] = {}
        self._made_ids = 0

    @property
    def wire_now_ns(self) -> int:
        """The venue's time as clients see it."""
        return self.market.now_ns + self.clock_skew_ns

    def observe(self, event: Event) -> None:
        """Keep candles, pairs of orders and halts."""
        self.board.observe(event)
        if isinstance(event, ListChanged):
            self.lists.observe(event)
        if isinstance(event, HaltChanged):
            self._trading[event.symbol] = event.trading

    def trading(self, symbol: str) -> Trading:
        """Return what may be done with a symbol."""
        return self._trading.get(symbol, Trading.TRADING)

    def is_halted(self, symbol: str) -> bool:
        """Tell whether a symbol does not trade."""
        return self.trading(symbol) is not Trading.TRADING

    def new_client_id(self) -> str:
        """Return an id for an order whose owner gave none; counted, never random."""
        self._made_ids += 1
        return f"auto{self._made_ids:018d}"

    def is_order_entry(self, request: Request) -> bool:
        """Tell whether the request can place, change or cancel an order."""
        return request.method != "GET" and request.path in ENTRY_PATHS

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        route = ROUTES.get((request.method, request.path))
        now_ns = self.wire_now_ns
        if route is None:
            return errors.NO_PATH.response()
        standing = self._weights.spend(request.address, _weight(route, request), now_ns)
        if standing is not Standing.GOOD:
            return self._over(request, standing, now_ns)
        try:
            response = Response.of(self._called(route, request, now_ns))
        except Refusal as refusal:
            response = refusal.response()
        return response.with_headers(*self._headers(request, now_ns))

    def _called(self, route: Route, request: Request, now_ns: int) -> Any:  # noqa: ANN401 - JSON
        pairs = request.query_pairs()
        if request.body:
            pairs += request.form_pairs()
        try:
            given = Parameters.of(pairs)
            call = Call(given, now_ns, self.market.listings)
            if route.security is not Security.NONE:
                call.key = security.key_of(request, self.keys)
                self._admit(route, request, call)
            elif request.headers.get(security.KEY_HEADER):
                given.allow("timestamp", "recvWindow", "signature")
            return route.handler(self, call)
        except BadParameter as problem:
            read = len(pairs) - 1
            raise errors.parameter(problem, len(pairs), read) from None

    def _admit(self, route: Route, request: Request, call: Call) -> None:
        given = call.given
        assert call.key is not None  # noqa: S101 - set just before
        if route.security is Security.KEY:
            given.allow("timestamp", "recvWindow", "signature")
            return
        security.check_signed(request, call.key, given, call.now_ns)
        if route.security is Security.TRADE and not call.key.can_trade:
            raise errors.KEY_REFUSED

    def _over(self, request: Request, standing: Standing, now_ns: int) -> Response:
        wait_ns = self._weights.retry_after_ns(request.address, now_ns)
        refusal = errors.too_many(WEIGHT.limit, "1 MINUTE")
        if standing is Standing.BANNED:
            refusal = errors.banned((now_ns + wait_ns) // NS_MS)
        seconds = str(-(-wait_ns // SECOND_NS))
        return refusal.response().with_headers(
            ("Retry-After", seconds), *self._headers(request, now_ns)
        )

    def _headers(self, request: Request, now_ns: int) -> list[tuple[str, str]]:
        used = str(self._weights.used(request.address, now_ns))
        headers = [("x-mbx-used-weight", used), ("x-mbx-used-weight-1m", used)]
        key = self.keys.get(request.headers.get(security.KEY_HEADER, ""))
        if key is not None and self.is_order_entry(request):
            account = str(key.account)
            headers += [
                ("x-mbx-order-count-10s", str(self._orders_10s.used(account, now_ns))),
                ("x-mbx-order-count-1d", str(self._orders_day.used(account, now_ns))),
            ]
        return headers

    def count_order(self, call: Call) -> None:
        """Count a new order against its account; raise -1015 for one too many."""
        account = str(call.account)
        for meter in (self._orders_10s, self._orders_day):
            if meter.spend(account, 1, call.now_ns) is not Standing.GOOD:
                raise errors.TOO_MANY_ORDERS

    def orders_used(self, call: Call) -> tuple[int, int]:
        """Return the new orders of the last 10 s window and of the day."""
        account = str(call.account)
        return (
            self._orders_10s.used(account, call.now_ns),
            self._orders_day.used(account, call.now_ns),
        )

    def call_of(self, values: dict[str, str], key: ApiKey | None) -> Call:
        """Return a call that came over a websocket."""
        return Call(Parameters(values), self.wire_now_ns, self.market.listings, key)

    def connect(self, request: Request) -> Session | Response:
        """Open market streams, or the websocket interface of requests and user data."""
        if request.path.startswith("/ws-api/"):
            return spot_socket.SpotSocket(self, request.address)
        return spot_streams.open_streams(self, request)

    def trouble(self, kind: Trouble, request: Request) -> Response:
        """Return how Binance says it."""
        now_ns = self.wire_now_ns
        if kind is Trouble.BANNED:
            self._weights.ban(request.address, now_ns)
            return self._over(request, Standing.BANNED, now_ns)
        if kind is Trouble.RATE_LIMITED:
            return self._over(request, Standing.LIMITED, now_ns)
        if kind is Trouble.NOT_FOUND and request.method != "GET":
            return errors.UNKNOWN_ORDER.response()
        return TROUBLES[kind].response()


def _weight(route: Route, request: Request) -> int:
    """Return what a request costs; deep books and questions about all symbols cost more."""
    pairs = dict(request.query_pairs())
    if request.path == "/api/v3/depth":
        text = pairs.get("limit", "100")
        limit = int(text) if text.isascii() and text.isdigit() else 100
        return next((cost for most, cost in DEPTH_WEIGHTS if limit <= most), 250)
    if "symbol" not in pairs and request.path in {"/api/v3/openOrders", "/api/v3/ticker/24hr"}:
        return 80
    return route.weight
