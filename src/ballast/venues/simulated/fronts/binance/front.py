"""What the front ends of Binance share: routes, security, weights, bans, order counts.

A venue of Binance is a table of routes, its budgets and its words; spot and USD-M add theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ballast.venues.simulated.engine.events import BookChanged, HaltChanged, Trading
from ballast.venues.simulated.fronts.binance import errors, security
from ballast.venues.simulated.fronts.binance.call import Call
from ballast.venues.simulated.fronts.binance.errors import Refusal
from ballast.venues.simulated.fronts.binance.gathered import Depths
from ballast.venues.simulated.fronts.board import Board, Minutes
from ballast.venues.simulated.fronts.parameters import BadParameter, Parameters
from ballast.venues.simulated.fronts.sayings import Sayings
from ballast.venues.simulated.wire.frontend import Trouble
from ballast.venues.simulated.wire.messages import Response
from ballast.venues.simulated.wire.weights import Meter, Spent, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.engine.exchange import Exchange
    from ballast.venues.simulated.fronts.keys import ApiKey, KeyRing
    from ballast.venues.simulated.wire.messages import Request
    from ballast.venues.simulated.wire.weights import Budget

    Handler = Callable[[Any, Call], Any]

SECOND_NS = 1_000_000_000
NS_MS = 1_000_000


class Security(Enum):
    """What a route asks of a request."""

    NONE = auto()
    KEY = auto()
    SIGNED = auto()
    SETTING = auto()  # signed, by a key that may trade; places no order
    TRADE = auto()  # as above, and may place, change or cancel an order


MAY_TRADE = frozenset({Security.SETTING, Security.TRADE})


@dataclass(frozen=True, slots=True)
class Route:
    """One path: what answers it, what it costs, what it asks."""

    handler: Handler
    weight: int = 1
    security: Security = Security.NONE


class Units(Protocol):
    """Prints numbers in the units and decimals of a market."""

    def price_digits(self, symbol: str, /) -> int:
        """Return the decimals a price has."""
        ...

    def price(self, symbol: str, ticks: int) -> str:
        """Print a price, or a difference of prices."""
        ...

    def qty(self, symbol: str, lots: int) -> str:
        """Print a quantity."""
        ...

    def quote(self, symbol: str, value: int) -> str:
        """Print ticks times lots in quote."""
        ...


class BinanceFront:
    """A front end of Binance in front of one exchange."""

    name: str
    words: Units
    hosts: frozenset[str]
    routes: ClassVar[Mapping[tuple[str, str], Route]]
    weight: ClassVar[Budget]
    order_budgets: ClassVar[tuple[tuple[str, Budget], ...]]
    """The window in the name of its header, and how many orders fit it."""
    too_many_orders: ClassVar[Refusal]
    troubles: ClassVar[Mapping[Trouble, Refusal]]

    def __init__(self, market: Exchange, keys: KeyRing) -> None:
        """Stand in front of `market`, for the holders of `keys`."""
        self.market = market
        self.keys = keys
        self.board = Board()
        self.depths = Depths()
        self.sayings = Sayings()
        self.clock_skew_ns = 0
        self._weights = Meter(self.weight)
        self._orders = [(window, Meter(budget)) for window, budget in self.order_budgets]
        self._entries = frozenset(
            path
            for (method, path), route in self.routes.items()
            if route.security is Security.TRADE and method != "GET"
        )
        self._trading: dict[str, Trading] = {}
        self._made_ids = 0

    @property
    def wire_now_ns(self) -> int:
        """The venue's time as clients see it."""
        return self.market.now_ns + self.clock_skew_ns

    @property
    def kept(self) -> Mapping[str, Any]:
        """What outlives the front end."""
        return {
            "board._minutes": dict[str, Minutes],
            "_trading": dict[str, Trading],
            "_made_ids": int,
            "_weights.accounts": dict[str, Spent],
            **{f"_orders.{at}.1.accounts": dict[str, Spent] for at in range(len(self._orders))},
        }

    def reopened(self) -> None:
        """Take no notice: what streams said is theirs."""

    def observe(self, event: Event) -> None:
        """Keep candles and halts, gather depth."""
        self.board.observe(event)
        if isinstance(event, BookChanged):
            self.depths.observe(event)
        elif isinstance(event, HaltChanged):
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
        return request.method != "GET" and request.path in self._entries

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        route = self.routes.get((request.method, request.path))
        now_ns = self.wire_now_ns
        if route is None:
            return errors.NO_PATH.response()
        standing = self._weights.spend(request.address, self._weight(route, request), now_ns)
        if standing is not Standing.GOOD:
            return self._over(request, standing, now_ns)
        try:
            response = Response.of(self._called(route, request, now_ns))
        except Refusal as refusal:
            response = refusal.response()
        return response.with_headers(*self._headers(request, now_ns))

    def _weight(self, route: Route, request: Request) -> int:
        """Return what a request costs."""
        del request
        return route.weight

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
        if route.security in MAY_TRADE and not call.key.can_trade:
            raise errors.KEY_REFUSED

    def _over(self, request: Request, standing: Standing, now_ns: int) -> Response:
        wait_ns = self._weights.retry_after_ns(request.address, now_ns)
        refusal = errors.too_many(self.weight.limit, "1 MINUTE")
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
                (f"x-mbx-order-count-{window}", str(meter.used(account, now_ns)))
                for window, meter in self._orders
            ]
        return headers

    def count_order(self, call: Call) -> None:
        """Count a new order against its account; raise -1015 for one too many."""
        account = str(call.account)
        for _, meter in self._orders:
            if meter.spend(account, 1, call.now_ns) is not Standing.GOOD:
                raise self.too_many_orders

    def orders_used(self, call: Call) -> list[int]:
        """Return the new orders of each window that is counted."""
        account = str(call.account)
        return [meter.used(account, call.now_ns) for _, meter in self._orders]

    def call_of(self, values: dict[str, str], key: ApiKey | None) -> Call:
        """Return a call that did not come as a request of its own."""
        return Call(Parameters(values), self.wire_now_ns, self.market.listings, key)

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
        return self.troubles[kind].response()
