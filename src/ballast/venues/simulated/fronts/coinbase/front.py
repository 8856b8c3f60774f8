"""Coinbase: routes, who may call them, how often; streams are opened here too."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from ballast.core.orders import SelfTrade
from ballast.venues.simulated.engine.profile import BuyFee, ClientIds, VenueProfile
from ballast.venues.simulated.fronts.board import Board, Minutes
from ballast.venues.simulated.fronts.coinbase import (
    errors,
    orders,
    private,
    public,
    security,
    socket,
)
from ballast.venues.simulated.fronts.coinbase.call import Call, Fields
from ballast.venues.simulated.fronts.coinbase.errors import Refusal
from ballast.venues.simulated.fronts.coinbase.words import Paid, Words
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

    Handler = Callable[["CoinbaseFront", Call], Any]

SECOND_NS = 1_000_000_000
REST_HOST = "api.coinbase.com"
HOSTS = frozenset(
    {REST_HOST, "advanced-trade-ws.coinbase.com", "advanced-trade-ws-user.coinbase.com"}
)
PROFILE = VenueProfile(
    name="coinbase",
    client_ids=ClientIds.EVER,
    buy_fee=BuyFee.QUOTE,
    self_trade=SelfTrade.CANCEL_BOTH,
)
"""How Coinbase trades: every fee is in quote, an id names one order for ever."""
PRIVATE_S = Budget("private", 30, SECOND_NS, refusals_before_ban=0)
"""Signed requests of an account in a second."""
PUBLIC_S = Budget("public", 10, SECOND_NS, refusals_before_ban=0)
"""Other requests of an address in a second."""
FRAMES_S = Budget("frames", 8, SECOND_NS, refusals_before_ban=0)
"""Frames that an address may send its websockets in a second."""


class Security(Enum):
    """What a route asks of a request."""

    NONE = auto()
    SIGNED = auto()
    TRADE = auto()  # signed, by a key that may trade


@dataclass(frozen=True, slots=True)
class Route:
    """One path: what answers it, and what it asks. `{}` stands for one segment of the path."""

    handler: Handler
    security: Security = Security.NONE


_S, _T = Security.SIGNED, Security.TRADE
_DATA: dict[str, Handler] = {
    "products": public.products,
    "products/{}": public.one_product,
    "products/{}/candles": public.candles,
    "products/{}/ticker": public.trades,
    "product_book": public.book,
}
_BROKERAGE: dict[tuple[str, str], Route] = {
    ("GET", "time"): Route(public.server_time),
    **{("GET", f"market/{path}"): Route(handler) for path, handler in _DATA.items()},
    **{("GET", path): Route(handler, _S) for path, handler in _DATA.items()},
    ("GET", "best_bid_ask"): Route(public.best, _S),
    ("GET", "accounts"): Route(private.accounts, _S),
    ("GET", "accounts/{}"): Route(private.one_account, _S),
    ("GET", "orders/historical/batch"): Route(private.orders, _S),
    ("GET", "orders/historical/fills"): Route(private.fills, _S),
    ("GET", "orders/historical/{}"): Route(private.one_order, _S),
    ("GET", "transaction_summary"): Route(private.transaction_summary, _S),
    ("GET", "key_permissions"): Route(private.key_permissions, _S),
    ("POST", "orders"): Route(orders.create, _T),
    ("POST", "orders/batch_cancel"): Route(orders.cancel, _T),
    ("POST", "orders/edit"): Route(orders.edit, _T),
    ("POST", "orders/edit_preview"): Route(orders.edit_preview, _S),
    ("POST", "orders/preview"): Route(orders.preview, _S),
}
ROUTES: dict[tuple[str, str], Route] = {
    **{(method, f"/api/v3/brokerage/{path}"): one for (method, path), one in _BROKERAGE.items()},
    ("GET", "/v2/time"): Route(public.time_v2),
    ("GET", "/v2/currencies"): Route(public.currencies),
    ("GET", "/v2/currencies/crypto"): Route(public.crypto),
    ("GET", "/v2/exchange-rates"): Route(public.exchange_rates),
    ("GET", "/v2/accounts"): Route(private.accounts_v2, _S),
}
PATHS = {path for _, path in ROUTES}
PATTERNS = [
    (method, re.compile(re.escape(path).replace(r"\{\}", "([^/]+)")), route)
    for (method, path), route in ROUTES.items()
    if "{}" in path
]
ENTRY_PATHS = frozenset(path for (_, path), one in ROUTES.items() if one.security is _T)
TROUBLES = {
    Trouble.UNKNOWN_STATUS: errors.UNKNOWN_STATUS,
    Trouble.UNAVAILABLE: errors.BUSY,
    Trouble.MAINTENANCE: errors.MAINTENANCE,
}


class CoinbaseFront:
    """The front end of one exchange: spot."""

    name = "coinbase"
    hosts = HOSTS

    def __init__(self, market: Exchange, keys: KeyRing) -> None:
        """Stand in front of `market`, for the holders of `keys`."""
        self.market = market
        self.keys = keys
        self.words = Words(market)
        self.board = Board()
        self.clock_skew_ns = 0
        self._private, self._public = Meter(PRIVATE_S), Meter(PUBLIC_S)
        self._frames = Meter(FRAMES_S)

    @property
    def wire_now_ns(self) -> int:
        """The venue's time as clients see it."""
        return self.market.now_ns + self.clock_skew_ns

    @property
    def kept(self) -> Mapping[str, Any]:
        """What outlives the front end."""
        return {
            "board._minutes": dict[str, Minutes],
            "words._paid": dict[int, Paid],
            **{f"{name}.accounts": dict[str, Spent] for name in ("_private", "_public", "_frames")},
        }

    def reopened(self) -> None:
        """Take no notice: nothing here knows who is connected."""

    def observe(self, event: Event) -> None:
        """Keep candles, and what orders paid."""
        self.board.observe(event)
        self.words.observe(event)

    def is_order_entry(self, request: Request) -> bool:
        """Tell whether the request can place, change or cancel an order."""
        return request.method == "POST" and request.path in ENTRY_PATHS

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        now_ns = self.wire_now_ns
        try:
            route, part = _route(request)
            call = Call(Fields({}), now_ns, self.market.listings, part=part)
            if route.security is Security.NONE:
                meter, who = self._public, request.address
            else:
                call.key = self._key(request, now_ns)
                meter, who = self._private, str(call.key.account)
        except Refusal as refusal:
            return refusal.response()
        if meter.spend(who, 1, now_ns) is not Standing.GOOD:
            return self._limited(meter, who, now_ns, errors.TOO_OFTEN.response())
        return self._limited(meter, who, now_ns, self._answered(route, request, call))

    def _key(self, request: Request, now_ns: int) -> ApiKey:
        """Return who signed a request; count it to the address where nobody did."""
        try:
            return security.key_of(request, self.keys, now_ns)
        except Refusal:
            if self._public.spend(request.address, 1, now_ns) is not Standing.GOOD:
                raise errors.TOO_OFTEN from None
            raise

    def _answered(self, route: Route, request: Request, call: Call) -> Response:
        try:
            if route.security is _T and call.key is not None and not call.key.can_trade:
                raise errors.SCOPES
            if request.method == "GET":
                call.given = Fields.of_query(request.query_pairs())
            else:
                call.given = Fields.of_json(_decoded(request))
            return Response.of(route.handler(self, call))
        except Refusal as refusal:
            return refusal.response()

    def _limited(self, meter: Meter, who: str, now_ns: int, response: Response) -> Response:
        """Return an answer with what is left of this second."""
        limit = meter.budget.limit
        return response.with_headers(
            ("x-ratelimit-limit", str(limit)),
            ("x-ratelimit-remaining", str(limit - meter.used(who, now_ns))),
            ("x-ratelimit-reset", "1"),
        )

    def may_send(self, address: str) -> bool:
        """Count a frame of a client's websocket; False for one too many."""
        return self._frames.spend(address, 1, self.wire_now_ns) is Standing.GOOD

    def connect(self, request: Request) -> Session | Response:
        """Open a websocket."""
        if request.path.strip("/") or request.host.partition(":")[0] == REST_HOST:
            return errors.NO_PATH.response()
        return socket.CoinbaseSocket(self, request.address)

    def trouble(self, kind: Trouble, request: Request) -> Response:
        """Return how Coinbase says it."""
        if kind in TROUBLES:
            return TROUBLES[kind].response()
        if kind is Trouble.BANNED:
            return Response(errors.FORBIDDEN, errors.PAGE_403, (("Content-Type", "text/html"),))
        if kind is Trouble.RATE_LIMITED:
            now_ns = self.wire_now_ns
            return self._limited(
                self._private, request.address, now_ns, errors.TOO_OFTEN.response()
            )
        return self._made_up(kind, request)

    def _made_up(self, kind: Trouble, request: Request) -> Response:
        """Return a refusal of an order, or that there is none, though it may not be so."""
        if request.path.endswith("/batch_cancel"):
            result = {"success": False, "failure_reason": errors.CANCEL_UNKNOWN, "order_id": ""}
            return Response.of({"results": [result]})
        if request.path.endswith("/edit"):
            reason = {"edit_failure_reason": errors.EDIT_UNKNOWN}
            return Response.of({"success": False, "errors": [reason]})
        if kind is Trouble.NOT_FOUND:
            return errors.NO_ORDER.response()
        return Response.of(orders.refused(errors.FUNDS, None))


def _route(request: Request) -> tuple[Route, str]:
    """Return what answers a path, and the segment it names."""
    exact = ROUTES.get((request.method, request.path))
    if exact is not None and "{}" not in request.path:
        return exact, ""
    is_path = request.path in PATHS
    for method, pattern, route in PATTERNS:
        if found := pattern.fullmatch(request.path):
            if method == request.method and not is_path:
                return route, found[1]
            is_path = True
    raise errors.METHOD if is_path else errors.NO_PATH


def _decoded(request: Request) -> Any:  # noqa: ANN401 - JSON
    try:
        value = request.json_body()
        # What is sent back must be JSON: no half of a surrogate pair, no NaN.
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise errors.invalid("malformed JSON") from None
    return {} if value is None else value
