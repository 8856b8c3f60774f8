"""Binance USD-M futures: routes, weights, security; what a request costs and who may send it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from ballast.core.orders import SelfTrade
from ballast.venues.simulated.engine.profile import VenueProfile
from ballast.venues.simulated.fronts.binance import (
    errors,
    public,
    spot_account,
    usdm_account,
    usdm_algos,
    usdm_errors,
    usdm_orders,
    usdm_positions,
    usdm_public,
    usdm_streams,
)
from ballast.venues.simulated.fronts.binance.front import BinanceFront, Route, Security
from ballast.venues.simulated.fronts.binance.usdm_ledger import Ledger
from ballast.venues.simulated.fronts.binance.usdm_words import UsdmWords
from ballast.venues.simulated.wire.frontend import Trouble
from ballast.venues.simulated.wire.weights import Budget

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ballast.core.orders import Order
    from ballast.venues.simulated.engine.events import Event, Liquidated
    from ballast.venues.simulated.engine.exchange import Exchange
    from ballast.venues.simulated.fronts.keys import KeyRing
    from ballast.venues.simulated.wire.frontend import Session
    from ballast.venues.simulated.wire.messages import Request, Response

SECOND_NS = 1_000_000_000
PROFILE = VenueProfile(
    name="binance-usdm",
    amend_keeps_priority=False,
    self_trade=SelfTrade.CANCEL_MAKER,
    market_protection_ppm=50_000,
)
"""How USD-M trades; a market order goes at most five percent from the best price."""
WEIGHT = Budget("weight", 2_400, 60 * SECOND_NS)
ORDERS_10S = Budget("orders", 300, 10 * SECOND_NS, refusals_before_ban=0)
ORDERS_MINUTE = Budget("orders", 1_200, 60 * SECOND_NS, refusals_before_ban=0)
HOSTS = frozenset(
    {
        "fapi.binance.com", "fstream.binance.com", "fstream-auth.binance.com",
        "testnet.binancefuture.com", "stream.binancefuture.com", "demo-fapi.binance.com",
        "fstream.binancefuture.com",
        "api.binance.com",  # of the wallet: what a key may do, whether Binance is open
    }
)  # fmt: skip
_K, _S, _W, _T = Security.KEY, Security.SIGNED, Security.SETTING, Security.TRADE
ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/sapi/v1/system/status"): Route(spot_account.system_status),
    ("GET", "/sapi/v1/account/apiRestrictions"): Route(usdm_account.restrictions, 1, _S),
    ("GET", "/fapi/v1/ping"): Route(public.ping),
    ("GET", "/fapi/v1/time"): Route(public.server_time),
    ("GET", "/fapi/v1/exchangeInfo"): Route(usdm_public.exchange_info),
    ("GET", "/fapi/v1/depth"): Route(usdm_public.depth, 10),
    ("GET", "/fapi/v1/trades"): Route(usdm_public.trades, 5),
    ("GET", "/fapi/v1/historicalTrades"): Route(usdm_public.trades, 20, _K),
    ("GET", "/fapi/v1/aggTrades"): Route(usdm_public.aggregate_trades, 20),
    ("GET", "/fapi/v1/klines"): Route(usdm_public.klines, 5),
    ("GET", "/fapi/v1/markPriceKlines"): Route(usdm_public.mark_klines, 5),
    ("GET", "/fapi/v1/premiumIndex"): Route(usdm_public.premium_index),
    ("GET", "/fapi/v1/fundingRate"): Route(usdm_public.funding_rate),
    ("GET", "/fapi/v1/fundingInfo"): Route(usdm_public.funding_info),
    ("GET", "/fapi/v1/openInterest"): Route(usdm_public.open_interest),
    ("GET", "/fapi/v1/ticker/24hr"): Route(usdm_public.day_ticker),
    ("GET", "/fapi/v1/ticker/price"): Route(usdm_public.price_ticker),
    ("GET", "/fapi/v2/ticker/price"): Route(usdm_public.price_ticker),
    ("GET", "/fapi/v1/ticker/bookTicker"): Route(usdm_public.book_ticker, 2),
    ("POST", "/fapi/v1/order"): Route(usdm_orders.new, 0, _T),
    ("POST", "/fapi/v1/order/test"): Route(usdm_orders.test, 0, _T),
    ("GET", "/fapi/v1/order"): Route(usdm_orders.query, 1, _S),
    ("PUT", "/fapi/v1/order"): Route(usdm_orders.amend, 1, _T),
    ("DELETE", "/fapi/v1/order"): Route(usdm_orders.cancel, 1, _T),
    ("POST", "/fapi/v1/batchOrders"): Route(usdm_orders.batch_new, 5, _T),
    ("PUT", "/fapi/v1/batchOrders"): Route(usdm_orders.batch_amend, 5, _T),
    ("DELETE", "/fapi/v1/batchOrders"): Route(usdm_orders.batch_cancel, 1, _T),
    ("GET", "/fapi/v1/openOrder"): Route(usdm_orders.open_order, 1, _S),
    ("GET", "/fapi/v1/openOrders"): Route(usdm_orders.open_orders, 1, _S),
    ("GET", "/fapi/v1/allOrders"): Route(usdm_orders.all_orders, 5, _S),
    ("DELETE", "/fapi/v1/allOpenOrders"): Route(usdm_orders.cancel_open, 1, _T),
    ("POST", "/fapi/v1/countdownCancelAll"): Route(usdm_orders.countdown, 10, _T),
    ("POST", "/fapi/v1/algoOrder"): Route(usdm_algos.new, 0, _T),
    ("GET", "/fapi/v1/algoOrder"): Route(usdm_algos.query, 1, _S),
    ("DELETE", "/fapi/v1/algoOrder"): Route(usdm_algos.cancel, 1, _T),
    ("DELETE", "/fapi/v1/algoOpenOrders"): Route(usdm_algos.cancel_open, 1, _T),
    ("GET", "/fapi/v1/openAlgoOrders"): Route(usdm_algos.open_orders, 1, _S),
    ("GET", "/fapi/v1/allAlgoOrders"): Route(usdm_algos.all_orders, 5, _S),
    ("POST", "/fapi/v1/leverage"): Route(usdm_positions.set_leverage, 1, _W),
    ("POST", "/fapi/v1/marginType"): Route(usdm_positions.set_margin_type, 1, _W),
    ("POST", "/fapi/v1/positionMargin"): Route(usdm_positions.add_margin, 1, _W),
    ("GET", "/fapi/v1/positionSide/dual"): Route(usdm_positions.position_mode, 30, _S),
    ("POST", "/fapi/v1/positionSide/dual"): Route(usdm_positions.set_position_mode, 1, _W),
    ("GET", "/fapi/v2/positionRisk"): Route(usdm_positions.risk_v2, 5, _S),
    ("GET", "/fapi/v3/positionRisk"): Route(usdm_positions.risk_v3, 5, _S),
    ("GET", "/fapi/v1/leverageBracket"): Route(usdm_positions.brackets, 1, _S),
    ("GET", "/fapi/v1/symbolConfig"): Route(usdm_positions.symbol_config, 5, _S),
    ("GET", "/fapi/v1/multiAssetsMargin"): Route(usdm_account.multi_assets, 30, _S),
    ("GET", "/fapi/v1/accountConfig"): Route(usdm_account.config, 5, _S),
    ("GET", "/fapi/v2/account"): Route(usdm_account.account_v2, 5, _S),
    ("GET", "/fapi/v3/account"): Route(usdm_account.account_v3, 5, _S),
    ("GET", "/fapi/v2/balance"): Route(usdm_account.balance, 5, _S),
    ("GET", "/fapi/v3/balance"): Route(usdm_account.balance, 5, _S),
    ("GET", "/fapi/v1/userTrades"): Route(usdm_account.user_trades, 5, _S),
    ("GET", "/fapi/v1/income"): Route(usdm_account.income, 30, _S),
    ("GET", "/fapi/v1/commissionRate"): Route(usdm_account.commission, 20, _S),
    ("GET", "/fapi/v1/rateLimit/order"): Route(usdm_account.order_rate, 1, _S),
    ("POST", "/fapi/v1/listenKey"): Route(usdm_account.listen, 1, _K),
    ("PUT", "/fapi/v1/listenKey"): Route(usdm_account.keep_listening, 1, _K),
    ("DELETE", "/fapi/v1/listenKey"): Route(usdm_account.stop_listening, 1, _K),
}
TROUBLES = {
    Trouble.UNKNOWN_STATUS: errors.UNKNOWN_STATUS,
    Trouble.UNAVAILABLE: errors.OVERLOADED,
    Trouble.MAINTENANCE: errors.MAINTENANCE,
    Trouble.NOT_FOUND: errors.NO_SUCH_ORDER,
    Trouble.REFUSED: usdm_errors.NO_MARGIN,
}
BY_LIMIT = {
    "/fapi/v1/depth": (500, ((50, 2), (100, 5), (500, 10), (1_000, 20))),
    "/fapi/v1/klines": (500, ((99, 1), (499, 2), (1_000, 5), (1_500, 10))),
    "/fapi/v1/markPriceKlines": (500, ((99, 1), (499, 2), (1_000, 5), (1_500, 10))),
}
"""What a path costs by how much is asked for: the default limit, then steps."""
OF_ALL = {
    "/fapi/v1/openOrders": 40, "/fapi/v1/openAlgoOrders": 40, "/fapi/v1/ticker/24hr": 40,
    "/fapi/v1/ticker/price": 2, "/fapi/v2/ticker/price": 2, "/fapi/v1/ticker/bookTicker": 5,
    "/fapi/v1/premiumIndex": 10,
}  # fmt: skip
"""What a path costs without a symbol."""
CONFIGS_MAX = 1_000


class Configs:
    """Changes of leverage, numbered: the streams of their accounts tell them."""

    def __init__(self) -> None:
        """Begin without any."""
        self.count = 0
        self._last: deque[tuple[int, int, str, int]] = deque(maxlen=CONFIGS_MAX)

    def note(self, account: int, symbol: str, leverage: int) -> None:
        """Take a change."""
        self.count += 1
        self._last.append((self.count, account, symbol, leverage))

    def since(self, number: int, account: int) -> Iterator[tuple[str, int]]:
        """Yield symbol and leverage of each change of an account after a number."""
        for at, whose, symbol, leverage in self._last:
            if at > number and whose == account:
                yield symbol, leverage


class BinanceUsdm(BinanceFront):
    """The USD-M futures front end of one exchange."""

    words: UsdmWords
    name = "binance-usdm"
    hosts = HOSTS
    routes = ROUTES
    weight = WEIGHT
    order_budgets = (("10s", ORDERS_10S), ("1m", ORDERS_MINUTE))
    too_many_orders = usdm_errors.TOO_MANY_ORDERS
    troubles = TROUBLES

    def __init__(self, market: Exchange, keys: KeyRing) -> None:
        """Stand in front of `market`, for the holders of `keys`."""
        super().__init__(market, keys)
        self.words = UsdmWords(market)
        self.ledger = Ledger(market)
        self.configs = Configs()

    @property
    def kept(self) -> Mapping[str, Any]:
        """What outlives the front end."""
        mine = {f"ledger.{name}": kind for name, kind in self.ledger.kept.items()}
        return {**super().kept, **mine}

    def observe(self, event: Event) -> None:
        """Keep candles, halts, and what the account will ask for."""
        super().observe(event)
        self.ledger.observe(event)

    def liquidation_of(self, event: Liquidated) -> Order | None:
        """Return the order that traded for a liquidation: the last one that nobody sent."""
        found = self.market.orders(event.account, event.symbol, 20)
        made = [one for one in found if not one.request.client_id]
        return made[-1] if made else None

    def connect(self, request: Request) -> Session | Response:
        """Open streams, of the market and of one's own."""
        return usdm_streams.open_streams(self, request)

    def _weight(self, route: Route, request: Request) -> int:
        """Return what a request costs; much of something, and all symbols, cost more."""
        pairs = dict(request.query_pairs())
        if request.path in BY_LIMIT:
            default, costs = BY_LIMIT[request.path]
            text = pairs.get("limit", "")
            limit = int(text) if text.isascii() and text.isdigit() else default
            return next((cost for most, cost in costs if limit <= most), costs[-1][1])
        if "symbol" not in pairs:
            return OF_ALL.get(request.path, route.weight)
        return route.weight
