"""Binance spot: routes, weights, security; what a request costs and who may send it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.engine.events import ListChanged, Transferred
from ballast.venues.simulated.fronts.binance import (
    errors,
    loans,
    public,
    spot_account,
    spot_lists,
    spot_orders,
    spot_public,
    spot_socket,
    spot_streams,
    spot_wallet,
)
from ballast.venues.simulated.fronts.binance.errors import Refusal
from ballast.venues.simulated.fronts.binance.front import BinanceFront, Route, Security
from ballast.venues.simulated.fronts.binance.spot_words import Words
from ballast.venues.simulated.wire.frontend import Trouble
from ballast.venues.simulated.wire.weights import Budget

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ballast.core.orders import Order
    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.engine.exchange import Exchange
    from ballast.venues.simulated.fronts.keys import KeyRing
    from ballast.venues.simulated.wire.frontend import Session
    from ballast.venues.simulated.wire.messages import Request, Response

SECOND_NS = 1_000_000_000
WEIGHT = Budget("weight", 6_000, 60 * SECOND_NS)
ORDERS_10S = Budget("orders", 100, 10 * SECOND_NS, refusals_before_ban=0)
ORDERS_DAY = Budget("orders", 200_000, 86_400 * SECOND_NS, refusals_before_ban=0)
HOSTS = frozenset(
    {
        "api.binance.com", "api-gcp.binance.com", "api1.binance.com", "api2.binance.com",
        "api3.binance.com", "api4.binance.com", "stream.binance.com", "ws-api.binance.com",
        "demo-api.binance.com", "demo-ws-api.binance.com", "demo-stream.binance.com",
        "data-api.binance.vision", "data-stream.binance.vision",
    }
)  # fmt: skip


_S, _T = Security.SIGNED, Security.TRADE
ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/api/v3/ping"): Route(public.ping),
    ("GET", "/api/v3/time"): Route(public.server_time),
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
    ("POST", "/api/v3/orderList/oto"): Route(spot_lists.place_triggering, 1, _T),
    ("POST", "/api/v3/orderList/otoco"): Route(spot_lists.place_triggering_pair, 1, _T),
    ("DELETE", "/api/v3/orderList"): Route(spot_lists.cancel, 1, _T),
    ("GET", "/api/v3/orderList"): Route(spot_lists.query, 4, _S),
    ("GET", "/api/v3/openOrderList"): Route(spot_lists.open_lists, 6, _S),
    ("GET", "/api/v3/account"): Route(spot_account.account, 20, _S),
    ("GET", "/api/v3/account/commission"): Route(spot_account.commission, 20, _S),
    ("GET", "/api/v3/myTrades"): Route(spot_account.my_trades, 20, _S),
    ("GET", "/api/v3/rateLimit/order"): Route(spot_account.order_rate, 40, _S),
    ("GET", "/sapi/v1/system/status"): Route(spot_account.system_status),
    ("GET", "/sapi/v1/capital/config/getall"): Route(spot_account.coins, 10, _S),
    ("GET", "/sapi/v1/capital/deposit/hisrec"): Route(spot_wallet.deposits, 1, _S),
    ("GET", "/sapi/v1/capital/withdraw/history"): Route(spot_wallet.withdrawals, 1, _S),
    ("GET", "/sapi/v1/asset/transfer"): Route(spot_wallet.transfers, 1, _S),
    ("GET", "/sapi/v1/margin/allPairs"): Route(spot_account.no_pairs, 1, Security.KEY),
    ("GET", "/sapi/v1/margin/isolated/allPairs"): Route(spot_account.no_pairs, 10, _S),
    ("GET", "/sapi/v1/account/apiRestrictions"): Route(spot_account.restrictions, 1, _S),
    ("GET", "/sapi/v1/asset/tradeFee"): Route(spot_account.trade_fees, 1, _S),
    ("POST", "/sapi/v2/loan/flexible/borrow"): Route(loans.borrow, 1, Security.SETTING),
    ("POST", "/sapi/v2/loan/flexible/repay"): Route(loans.repay, 1, Security.SETTING),
    ("POST", "/sapi/v2/loan/flexible/adjust/ltv"): Route(loans.adjust, 1, Security.SETTING),
    ("GET", "/sapi/v2/loan/flexible/ongoing/orders"): Route(loans.ongoing, 300, _S),
    ("GET", "/sapi/v2/loan/flexible/collateral/data"): Route(loans.bounds, 400, _S),
    ("GET", "/sapi/v1/simple-earn/flexible/list"): Route(loans.savings, 150, _S),
}
TROUBLES = {
    Trouble.UNKNOWN_STATUS: errors.UNKNOWN_STATUS,
    Trouble.UNAVAILABLE: errors.OVERLOADED,
    Trouble.MAINTENANCE: errors.MAINTENANCE,
    Trouble.NOT_FOUND: errors.NO_SUCH_ORDER,
    Trouble.REFUSED: Refusal(-2010, "Account has insufficient balance for requested action."),
}
BY_WORDS = frozenset({"/api/v3/depth", "/api/v3/openOrders", "/api/v3/ticker/24hr"})
"""Paths whose weight depends on what is asked."""
DEPTH_WEIGHTS = ((100, 5), (500, 25), (1_000, 50), (5_000, 250))


class BinanceSpot(BinanceFront):
    """The spot front end of one exchange."""

    words: Words
    name = "binance"
    hosts = HOSTS
    routes = ROUTES
    weight = WEIGHT
    order_budgets = (("10s", ORDERS_10S), ("1d", ORDERS_DAY))
    too_many_orders = errors.TOO_MANY_ORDERS
    troubles = TROUBLES

    def __init__(self, market: Exchange, keys: KeyRing) -> None:
        """Stand in front of `market`, for the holders of `keys`."""
        super().__init__(market, keys)
        self.lists = spot_lists.Lists()
        self.loans = loans.Loans()
        self.wallet = spot_wallet.Wallet()
        self.words = Words(market, self.lists.get)

    @property
    def kept(self) -> Mapping[str, Any]:
        """What outlives the front end: of spot also loans, and what the engine has forgotten."""
        mine = {
            "lists._by_id": dict[int, ListChanged],
            "loans.open": dict[str, loans.Loan],
            "wallet.rows": deque[spot_wallet.Moved],
            "wallet.numbers": int,
        }
        return {**super().kept, **mine}

    def observe(self, event: Event) -> None:
        """Keep candles, pairs of orders, halts, deposits and withdrawals."""
        super().observe(event)
        if isinstance(event, ListChanged):
            self.lists.observe(event)
        elif isinstance(event, Transferred):
            self.wallet.observe(event)

    def cancel_rest(self, order: Order) -> None:
        """Cancel what goes with an order that was cancelled."""
        spot_lists.cancel_rest(self, order)

    def connect(self, request: Request) -> Session | Response:
        """Open market streams, or the websocket interface of requests and user data."""
        if request.path.startswith("/ws-api/"):
            return spot_socket.SpotSocket(self, request.address)
        return spot_streams.open_streams(self, request)

    def _weight(self, route: Route, request: Request) -> int:
        """Return what a request costs; deep books and questions about all symbols cost more."""
        if request.path not in BY_WORDS:
            return route.weight
        pairs = dict(request.query_pairs())
        if request.path == "/api/v3/depth":
            text = pairs.get("limit", "100")
            limit = int(text) if text.isascii() and text.isdigit() else 100
            return next((cost for most, cost in DEPTH_WEIGHTS if limit <= most), 250)
        return route.weight if "symbol" in pairs else 80
