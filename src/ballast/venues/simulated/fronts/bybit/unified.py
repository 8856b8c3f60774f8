"""Bybit v5: routes, limits, security; what a request may ask and how often."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from ballast.core.orders import PositionMode, PositionSide, Side
from ballast.venues.simulated.engine.events import MarkChanged, PositionChanged
from ballast.venues.simulated.engine.profile import (
    BracketEntry,
    ClientIds,
    PostOnly,
    VenueProfile,
)
from ballast.venues.simulated.fronts.board import Board, Minutes
from ballast.venues.simulated.fronts.bybit import (
    account,
    disconnect,
    errors,
    executions,
    orders,
    positions,
    private,
    public,
    security,
    streams,
    trading,
    trading_stop,
    transactions,
)
from ballast.venues.simulated.fronts.bybit.call import Call
from ballast.venues.simulated.fronts.bybit.errors import Refusal, envelope
from ballast.venues.simulated.fronts.bybit.ledger import Ledger
from ballast.venues.simulated.fronts.bybit.order_words import OrderWords
from ballast.venues.simulated.fronts.bybit.words import Words
from ballast.venues.simulated.fronts.sayings import Sayings
from ballast.venues.simulated.wire.frontend import Trouble
from ballast.venues.simulated.wire.messages import Response
from ballast.venues.simulated.wire.weights import Budget, Meter, Spent, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.engine.exchange import Exchange
    from ballast.venues.simulated.fronts.keys import ApiKey, KeyRing
    from ballast.venues.simulated.wire.frontend import Session
    from ballast.venues.simulated.wire.messages import Request

    Handler = Callable[["BybitUnified", Call], Any]

SECOND_NS = 1_000_000_000
NS_MS = 1_000_000
ADDRESS = Budget(
    "address", 600, 5 * SECOND_NS, refusals_before_ban=1, ban_ns=600 * SECOND_NS,
    ban_ns_max=600 * SECOND_NS,
)  # fmt: skip
"""Requests of one address: beyond it all are answered with 403 for ten minutes."""
HOSTS = frozenset(
    {
        "api.bybit.com", "api.bytick.com", "stream.bybit.com", "stream.bytick.com",
        "api-testnet.bybit.com", "stream-testnet.bybit.com",
    }
)  # fmt: skip
PROFILE = VenueProfile(
    name="bybit",
    client_ids=ClientIds.EVER,
    post_only=PostOnly.EXPIRE,
    bracket=BracketEntry.EVERY_FILL,
    market_protection_ppm=50_000,
)
"""How Bybit trades; a market order goes at most five percent from the best price."""
FUNDING_KEPT = 1_000


class Security(Enum):
    """What a route asks of a request."""

    NONE = auto()
    SIGNED = auto()
    TRADE = auto()  # signed, by a key that may trade


@dataclass(frozen=True, slots=True)
class Route:
    """One path: what answers it, how often an account may ask it in a second, what it asks."""

    handler: Handler
    per_second: int = 0
    security: Security = Security.NONE


_S, _T = Security.SIGNED, Security.TRADE
ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/v5/market/time"): Route(public.server_time),
    ("GET", "/v5/system/status"): Route(public.system_status),
    ("GET", "/v5/market/instruments-info"): Route(public.instruments),
    ("GET", "/v5/market/orderbook"): Route(public.orderbook),
    ("GET", "/v5/market/tickers"): Route(public.tickers),
    ("GET", "/v5/market/kline"): Route(public.klines),
    ("GET", "/v5/market/mark-price-kline"): Route(public.mark_klines),
    ("GET", "/v5/market/recent-trade"): Route(public.recent_trades),
    ("GET", "/v5/market/funding/history"): Route(public.funding_history),
    ("GET", "/v5/market/risk-limit"): Route(public.risk_limit),
    ("GET", "/v5/market/open-interest"): Route(public.open_interest),
    ("POST", "/v5/order/create"): Route(orders.create, 20, _T),
    ("POST", "/v5/order/amend"): Route(orders.amend, 20, _T),
    ("POST", "/v5/order/cancel"): Route(orders.cancel, 20, _T),
    ("POST", "/v5/order/cancel-all"): Route(orders.cancel_all, 20, _T),
    ("POST", "/v5/order/create-batch"): Route(orders.create_batch, 20, _T),
    ("POST", "/v5/order/amend-batch"): Route(orders.amend_batch, 20, _T),
    ("POST", "/v5/order/cancel-batch"): Route(orders.cancel_batch, 20, _T),
    ("POST", "/v5/order/disconnected-cancel-all"): Route(disconnect.set_window, 5, _T),
    ("GET", "/v5/order/realtime"): Route(orders.realtime, 50, _S),
    ("GET", "/v5/order/history"): Route(orders.history, 50, _S),
    ("GET", "/v5/execution/list"): Route(executions.executions, 50, _S),
    ("GET", "/v5/position/list"): Route(positions.position_list, 50, _S),
    ("POST", "/v5/position/set-leverage"): Route(positions.set_leverage, 10, _T),
    ("POST", "/v5/position/switch-mode"): Route(positions.switch_mode, 10, _T),
    ("POST", "/v5/position/switch-isolated"): Route(positions.switch_isolated, 10, _T),
    ("POST", "/v5/position/trading-stop"): Route(trading_stop.trading_stop, 10, _T),
    ("POST", "/v5/position/add-margin"): Route(positions.add_margin, 10, _T),
    ("GET", "/v5/position/closed-pnl"): Route(positions.closed_pnl, 50, _S),
    ("GET", "/v5/account/wallet-balance"): Route(account.wallet_balance, 50, _S),
    ("GET", "/v5/account/info"): Route(account.info, 50, _S),
    ("GET", "/v5/account/fee-rate"): Route(account.fee_rate, 10, _S),
    ("GET", "/v5/account/transaction-log"): Route(transactions.transaction_log, 30, _S),
    ("GET", "/v5/account/query-dcp-info"): Route(disconnect.query, 5, _S),
    ("POST", "/v5/account/set-margin-mode"): Route(account.set_margin_mode, 5, _T),
    ("GET", "/v5/asset/transfer/query-account-coins-balance"): Route(account.coins_balance, 5, _S),
    ("GET", "/v5/asset/coin/query-info"): Route(account.coin_info, 5, _S),
    ("GET", "/v5/user/query-api"): Route(account.query_api, 10, _S),
}
TROUBLES = {
    Trouble.UNKNOWN_STATUS: errors.TIMED_OUT,
    Trouble.UNAVAILABLE: errors.SERVER,
    Trouble.MAINTENANCE: errors.MAINTENANCE,
}
ENTRY_PATHS = frozenset(path for _, path in ROUTES if path.startswith("/v5/order/"))


class BybitUnified:
    """The front end of one exchange: spot and linear of a unified account."""

    name = "bybit"
    hosts = HOSTS

    def __init__(self, market: Exchange, keys: KeyRing) -> None:
        """Stand in front of `market`, for the holders of `keys`."""
        self.market = market
        self.keys = keys
        self.words = Words(market)
        self.ledger = Ledger(market)
        self.order_words = OrderWords(self.words, self.ledger)
        self.board = Board()
        self.sayings = Sayings()
        self.marks = Board()
        self.windows = disconnect.Windows()
        self.funding: dict[str, deque[tuple[int, int]]] = {}
        self.clock_skew_ns = 0
        self._due: dict[str, tuple[int, int]] = {}
        self._addresses = Meter(ADDRESS)
        self._meters: dict[str, Meter] = {}
        self._connections = 0

    @property
    def wire_now_ns(self) -> int:
        """The venue's time as clients see it."""
        return self.market.now_ns + self.clock_skew_ns

    @property
    def kept(self) -> Mapping[str, Any]:
        """What outlives the front end."""
        return {
            **{f"ledger.{name}": kind for name, kind in self.ledger.kept.items()},
            "board._minutes": dict[str, Minutes],
            "marks._minutes": dict[str, Minutes],
            "windows._seconds": dict[tuple[int, str], int],
            "windows._listening": dict[tuple[int, str], int],
            "funding": dict[str, deque[tuple[int, int]]],
            "_due": dict[str, tuple[int, int]],
            "_addresses.accounts": dict[str, Spent],
            "_meters": dict[str, Meter],
            "_connections": int,
        }

    def reopened(self) -> None:
        """Let the disconnection protection count: who listened is gone."""
        self.windows.all_left(self)

    def observe(self, event: Event) -> None:
        """Keep candles, fundings, and what orders and positions leave behind."""
        self.board.observe(event)
        self.ledger.observe(event)
        if isinstance(event, MarkChanged):
            self._mark(event)
        elif isinstance(event, PositionChanged):
            trading_stop.drop_orphans(self, event.position)

    def _mark(self, event: MarkChanged) -> None:
        """Keep candles of marks; a next funding that moved on means that one was paid."""
        self.marks.of(event.symbol).trade(event.mark_ticks, 0, Side.BUY, 0, event.at_ns)
        due = self._due.get(event.symbol)
        if due is not None and due[0] < event.next_funding_ns:
            paid = self.funding.setdefault(event.symbol, deque(maxlen=FUNDING_KEPT))
            paid.append(due)
        self._due[event.symbol] = (event.next_funding_ns, event.funding_rate_e9)

    # Figures of the whole venue ----------------------------------------------------------

    def open_lots(self, symbol: str) -> int:
        """Return the open interest of the customers who have keys."""
        known = {one.account for one in self.keys}
        held = [one for number in sorted(known) for one in self.market.positions(number, symbol)]
        return sum(abs(one.qty_lots) for one in held)

    def realised(self, account: int, asset: str) -> Decimal:
        """Return what an account's perpetuals of an asset have brought, fees and funding in."""
        atoms = sum(
            self.ledger.held(account, one.symbol, side).realised_atoms
            for one in positions.margined(self)
            for side in PositionSide
            if one.quote == asset
        )
        return self.market.amount(asset, atoms) if atoms else Decimal(0)

    def check_position_side(self, account: int, which: PositionSide) -> None:
        """Raise a `Refusal` for a position that the account's mode does not have."""
        hedged = self.market.position_mode(account) is PositionMode.HEDGE
        if hedged == (which is PositionSide.BOTH):
            raise errors.POSITION_INDEX

    # Requests ----------------------------------------------------------------------------

    def is_order_entry(self, request: Request) -> bool:
        """Tell whether the request can place, change or cancel an order."""
        return request.method == "POST" and request.path in ENTRY_PATHS

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        now_ns = self.wire_now_ns
        if self._addresses.spend(request.address, 1, now_ns) is not Standing.GOOD:
            return errors.BANNED
        route = ROUTES.get((request.method, request.path))
        if route is None:
            return errors.NO_PATH.response(now_ns // NS_MS)
        call = Call({}, now_ns, self.words.listed)
        try:
            self._admit(route, request, call)
            result = route.handler(self, call)
        except Refusal as refusal:
            response = refusal.response(call.now_ms)
        else:
            response = Response.of(_said(result, call.now_ms))
        return response.with_headers(*self._headers(request, call))

    def _admit(self, route: Route, request: Request, call: Call) -> None:
        """Check who sends it and how often, then read what was sent."""
        if route.security is not Security.NONE:
            name = request.headers.get(security.KEY, "")
            call.key = security.known_key(name, request.address, self.keys)
            security.check_signed(request, call.key, call.now_ns)
            if route.security is Security.TRADE and not call.key.can_trade:
                raise errors.PERMISSION
            if self.spend(request.path, call) is not Standing.GOOD:
                raise errors.TOO_MANY
        call.given = _given(request)

    def spend(self, path: str, call: Call) -> Standing:
        """Count a call of an account against the limit of its path."""
        return self._meter(path).spend(str(call.account), 1, call.now_ns)

    def _meter(self, path: str) -> Meter:
        found = self._meters.get(path)
        if found is None:
            limit = next(one.per_second for (_, known), one in ROUTES.items() if known == path)
            budget = Budget(path, limit, SECOND_NS, refusals_before_ban=0)
            found = self._meters[path] = Meter(budget)
        return found

    def limits(self, path: str, call: Call) -> list[tuple[str, str]]:
        """Return the headers that tell how much of a limit is left."""
        meter, account_name = self._meter(path), str(call.account)
        left = meter.budget.limit - meter.used(account_name, call.now_ns)
        reset_ns = call.now_ns + meter.retry_after_ns(account_name, call.now_ns)
        return [
            ("X-Bapi-Limit", str(meter.budget.limit)),
            ("X-Bapi-Limit-Status", str(left)),
            ("X-Bapi-Limit-Reset-Timestamp", str((call.now_ns if left else reset_ns) // NS_MS)),
        ]

    def _headers(self, request: Request, call: Call) -> list[tuple[str, str]]:
        headers = [("Timenow", str(call.now_ms))]
        return headers + (self.limits(request.path, call) if call.key is not None else [])

    def call_of(self, given: dict[str, Any], key: ApiKey) -> Call:
        """Return a call that came over a websocket."""
        return Call(given, self.wire_now_ns, self.words.listed, key)

    # Streams and troubles ----------------------------------------------------------------

    def connect(self, request: Request) -> Session | Response:
        """Open a public, the private or the trading stream."""
        self._connections += 1
        name = f"sim{self._connections:012d}"
        path = request.path.rstrip("/")
        category = path.removeprefix("/v5/public/")
        if category in streams.CATEGORIES and path != category:
            return streams.PublicStream(self, category, name)
        if path == "/v5/private":
            return private.PrivateStream(self, request, name)
        if path == "/v5/trade":
            return trading.TradingStream(self, request.address, name)
        return errors.NO_PATH.response(self.wire_now_ns // NS_MS)

    def trouble(self, kind: Trouble, request: Request) -> Response:
        """Return how Bybit says it."""
        now_ns = self.wire_now_ns
        now_ms = now_ns // NS_MS
        is_spot = "spot" in request.query or b'"spot"' in request.body
        category = "spot" if is_spot else "linear"
        match kind:
            case Trouble.BANNED:
                self._addresses.ban(request.address, now_ns)
                return errors.BANNED
            case Trouble.RATE_LIMITED:
                reset = str(now_ms + 1_000)
                return errors.TOO_MANY.response(now_ms).with_headers(
                    ("X-Bapi-Limit-Status", "0"), ("X-Bapi-Limit-Reset-Timestamp", reset)
                )
            case Trouble.NOT_FOUND:
                act = "replace" if request.path.endswith("amend") else "cancel"
                return errors.not_found(category, act).response(now_ms)
            case Trouble.REFUSED:
                return errors.no_money(category).response(now_ms)
            case _:
                return TROUBLES[kind].response(now_ms)


def _given(request: Request) -> dict[str, Any]:
    """Return what was sent: the query of a GET, the JSON object of a POST."""
    if request.method == "GET":
        return dict(request.query_pairs())
    try:
        body = request.json_body()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise errors.bad("Request parameter error.")
    return body


def _said(result: Any, now_ms: int) -> dict[str, Any]:  # noqa: ANN401 - JSON
    if isinstance(result, orders.Batch):
        return envelope(result.result, now_ms, extra=result.extra)
    return envelope(result, now_ms)
