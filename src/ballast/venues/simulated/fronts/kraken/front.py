"""Kraken spot: routes, what each costs, and who may call it; streams are opened here too."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from ballast.core.orders import SelfTrade
from ballast.venues.simulated.engine.profile import BuyFee, PostOnly, VenueProfile
from ballast.venues.simulated.fronts.board import Board, Minutes
from ballast.venues.simulated.fronts.kraken import account, errors, ledger, names, public, trading
from ballast.venues.simulated.fronts.kraken.call import Call, read_body
from ballast.venues.simulated.fronts.kraken.counters import (
    INTERMEDIATE,
    PUBLIC_CALLS,
    PUBLIC_DECAY_MILLI,
    Counter,
    Tier,
)
from ballast.venues.simulated.fronts.kraken.encoding import answer
from ballast.venues.simulated.fronts.kraken.errors import Refusal
from ballast.venues.simulated.fronts.kraken.memory import Memory
from ballast.venues.simulated.fronts.kraken.security import Doorkeeper
from ballast.venues.simulated.fronts.kraken.socket import KrakenSocket
from ballast.venues.simulated.fronts.kraken.words import Words
from ballast.venues.simulated.fronts.parameters import BadParameter, Parameters
from ballast.venues.simulated.wire.frontend import Trouble
from ballast.venues.simulated.wire.messages import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.engine.exchange import Exchange
    from ballast.venues.simulated.fronts.keys import KeyRing
    from ballast.venues.simulated.wire.frontend import Session
    from ballast.venues.simulated.wire.messages import Request

    Handler = Callable[["KrakenFront", Call], Any]

HOSTS = frozenset({"api.kraken.com", "ws.kraken.com", "ws-auth.kraken.com"})
PROFILE = VenueProfile(
    name="kraken",
    post_only=PostOnly.REJECT,
    self_trade=SelfTrade.CANCEL_TAKER,
    buy_fee=BuyFee.QUOTE,
    trigger_at_once=True,
)
"""How Kraken trades: fees in quote on both sides, a stop that is passed already fires."""


AMENDS_FROM = 1 << 60
"""Ids of changes begin as those of trades do; their numbers are apart."""


class Security(Enum):
    """What a route asks of a request."""

    SIGNED = auto()
    TRADE = auto()  # signed, by a key that may trade


@dataclass(frozen=True, slots=True)
class Route:
    """One private path: what answers it, how many points it costs, what it asks."""

    handler: Handler
    points: int = 1
    security: Security = Security.SIGNED
    lists: tuple[str, ...] = ()  # arrays it takes, in JSON


_T = Security.TRADE
PUBLIC: dict[str, Handler] = {
    "Time": public.server_time,
    "SystemStatus": public.system_status,
    "Assets": public.assets,
    "AssetPairs": public.asset_pairs,
    "Ticker": public.ticker,
    "OHLC": public.candles,
    "Depth": public.depth,
    "Trades": public.trades,
    "Spread": public.spread,
}
PRIVATE: dict[str, Route] = {
    "Balance": Route(account.balance),
    "BalanceEx": Route(account.balance_parts),
    "TradeBalance": Route(account.trade_balance),
    "OpenOrders": Route(account.open_orders),
    "ClosedOrders": Route(account.closed_orders),
    "QueryOrders": Route(account.query_orders),
    "TradesHistory": Route(account.trades_history, 2),
    "QueryTrades": Route(account.query_trades),
    "Ledgers": Route(ledger.ledgers, 2),
    "TradeVolume": Route(account.trade_volume),
    "GetWebSocketsToken": Route(account.token),
    "GetApiKeyInfo": Route(account.key_info),
    "AddOrder": Route(trading.add, 0, _T),
    "AddOrderBatch": Route(trading.add_many, 0, _T, ("orders",)),
    "AmendOrder": Route(trading.amend, 0, _T),
    "EditOrder": Route(trading.edit, 0, _T),
    "CancelOrder": Route(trading.cancel, 0, _T),
    "CancelOrderBatch": Route(trading.cancel_many, 0, _T, ("orders", "cl_ord_ids")),
    "CancelAll": Route(trading.cancel_all, 1, _T),
    "CancelAllOrdersAfter": Route(trading.cancel_after, 1, _T),
}
TROUBLES = {
    Trouble.UNAVAILABLE: errors.BUSY,
    Trouble.MAINTENANCE: errors.UNAVAILABLE,
    Trouble.RATE_LIMITED: errors.CALLS,
    Trouble.BANNED: errors.LOCKOUT,
    Trouble.NOT_FOUND: errors.UNKNOWN_ORDER,
    Trouble.REFUSED: errors.FUNDS,
}


class KrakenFront:
    """The front end of one exchange: spot."""

    name = "kraken"
    hosts = HOSTS

    def __init__(self, market: Exchange, keys: KeyRing, *, tier: Tier = INTERMEDIATE) -> None:
        """Stand in front of `market`, for the holders of `keys`, all of them of one tier."""
        self.market = market
        self.pairs = names.Pairs(market.listings)
        self.memory = Memory(market)
        self.words = Words(market, self.pairs, self.memory)
        self.board = Board()
        self.door = Doorkeeper(keys)
        self.clock_skew_ns = 0
        self.trading = Counter(tier.trading, tier.trading_decay_milli)
        self._opened = 0
        self._calls = Counter(tier.calls, tier.calls_decay_milli)
        self._public = Counter(PUBLIC_CALLS, PUBLIC_DECAY_MILLI)
        self._amends = 0

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
            "door._nonces": dict[str, int],
            "door._tokens": dict[str, tuple[str, int]],
            "door._given": int,
            "trading.levels": dict[str, tuple[int, int]],
            "_calls.levels": dict[str, tuple[int, int]],
            "_public.levels": dict[str, tuple[int, int]],
            "_amends": int,
            "_opened": int,
        }

    def reopened(self) -> None:
        """Take no notice: nothing here knows who is connected."""

    def observe(self, event: Event) -> None:
        """Keep candles, spreads, what orders cost, and what money moved."""
        self.board.observe(event)
        self.memory.observe(event)

    def new_amend_id(self) -> str:
        """Return the id of a change; counted, never random."""
        self._amends += 1
        return names.txid(names.TRADE, AMENDS_FROM + self._amends)

    def is_order_entry(self, request: Request) -> bool:
        """Tell whether the request can place, change or cancel an order."""
        route = PRIVATE.get(request.path.removeprefix("/0/private/"))
        return request.path.startswith("/0/private/") and route is not None and route.security is _T

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        try:
            kind, _, name = request.path.removeprefix("/0/").partition("/")
            if not request.path.startswith("/0/") or kind not in {"public", "private"}:
                raise errors.METHOD
            return answer(self._public_call(name, request) if kind == "public"
                          else self._private_call(name, request))  # fmt: skip
        except BadParameter as problem:
            return errors.parameter(problem).response()
        except Refusal as refusal:
            return refusal.response()

    def _public_call(self, name: str, request: Request) -> Any:  # noqa: ANN401 - JSON
        handler = PUBLIC.get(name)
        if handler is None or request.method not in {"GET", "POST"}:
            raise errors.METHOD
        if not self._public.spend(request.address, 1, self.wire_now_ns):
            raise errors.TOO_MANY
        pairs = [(key, value) for key, value in request.query_pairs() if value]
        given = Parameters.of(pairs)
        if request.method == "POST":
            given, _ = read_body(request)
        return handler(self, Call(given, self.wire_now_ns, self.pairs))

    def _private_call(self, method: str, request: Request) -> Any:  # noqa: ANN401 - JSON
        route = PRIVATE.get(method)
        if route is None or request.method != "POST":
            raise errors.METHOD
        given, lists = read_body(request)
        key = self.door.key_of(request, given.values.get("nonce", ""))
        given.allow("nonce", "otp")
        call = Call(given, self.wire_now_ns, self.pairs, key, lists)
        if not self._calls.spend(key.key, route.points, call.now_ns):
            raise errors.CALLS
        if route.security is _T and not key.can_trade:
            raise errors.PERMISSION
        for name in lists:
            if name not in route.lists:
                raise errors.wrong(name)
        return route.handler(self, call)

    def new_connection_id(self) -> int:
        """Return the number of a websocket; counted, never random."""
        self._opened += 1
        return self._opened

    def connect(self, request: Request) -> Session | Response:
        """Open a websocket of version 2: public, private, or both where no host says which."""
        if request.path.rstrip("/") != "/v2":
            return Response.of({"error": [errors.METHOD.text]}, 404)
        return KrakenSocket(self, request.host.partition(":")[0].lower())

    def trouble(self, kind: Trouble, request: Request) -> Response:
        """Return how Kraken says it; what it does not know is a page of the cloud before it."""
        del request
        if kind is Trouble.UNKNOWN_STATUS:
            return Response(520, errors.UNKNOWN_PAGE, (("Content-Type", "text/html"),))
        return TROUBLES[kind].response()
