"""Account data of Binance spot, and the few wallet pages that clients read at their start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.fronts.binance import errors
from ballast.venues.simulated.fronts.binance.spot_words import ZERO, rate

if TYPE_CHECKING:
    from ballast.venues.simulated.fronts.binance.call import Call
    from ballast.venues.simulated.fronts.binance.front import BinanceFront
    from ballast.venues.simulated.fronts.binance.spot import BinanceSpot

NS_MS = 1_000_000
ORDERS_10S, ORDERS_DAY = 100, 200_000


def account(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/account."""
    hides_empty = call.given.optional("omitZeroBalances") == "true"
    call.given.finish()
    balances = []
    for one in front.market.balances(call.account):
        free, locked = front.words.balance(one)
        if not (hides_empty and free == locked == ZERO):
            balances.append({"asset": one.asset, "free": free, "locked": locked})
    maker, taker = _rates(front, call)
    assert call.key is not None  # noqa: S101 - the route demands a signature
    return {
        "makerCommission": maker // 100,
        "takerCommission": taker // 100,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {
            "maker": rate(maker), "taker": rate(taker), "buyer": ZERO, "seller": ZERO,
        },
        "canTrade": call.key.can_trade,
        "canWithdraw": call.key.can_withdraw,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": call.now_ms,
        "accountType": "SPOT",
        "balances": balances,
        "permissions": ["SPOT"],
        "uid": call.account,
    }  # fmt: skip


def _rates(front: BinanceSpot, call: Call, symbol: str | None = None) -> tuple[int, int]:
    """Return maker and taker rates in ppm: of a symbol, else of the first one listed."""
    listing = front.market.listings[symbol or next(iter(front.market.listings))]
    return front.market.fee_rates_ppm(call.account, listing.symbol)


def my_trades(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/myTrades."""
    symbol = call.symbol()
    order_id = call.maybe_whole("orderId")
    from_id = call.whole("fromId", 0)
    start, end = call.whole("startTime", 0), call.whole("endTime", 2**62)
    limit = call.whole("limit", 500, 1_000)
    call.given.finish()
    found = [
        one
        for one in front.market.fills(call.account, symbol, from_id, 20_000)
        if (order_id is None or one.order_id == order_id) and start <= one.at_ns // NS_MS <= end
    ]
    chosen = found[:limit] if from_id or start else found[-limit:]
    return [front.words.fill(one) for one in chosen]


def commission(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/account/commission."""
    symbol = call.symbol()
    call.given.finish()
    maker, taker = _rates(front, call, symbol)
    nothing = {"maker": ZERO, "taker": ZERO, "buyer": ZERO, "seller": ZERO}
    return {
        "symbol": symbol,
        "standardCommission": {**nothing, "maker": rate(maker), "taker": rate(taker)},
        "specialCommission": nothing,
        "taxCommission": nothing,
        "discount": {
            "enabledForAccount": False,
            "enabledForSymbol": False,
            "discountAsset": front.market.profile.discount_asset or "BNB",
            "discount": "0.75000000",
        },
    }


def order_rate(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v3/rateLimit/order."""
    call.given.finish()
    used_10s, used_day = front.orders_used(call)
    shape = {"rateLimitType": "ORDERS"}
    return [
        {**shape, "interval": "SECOND", "intervalNum": 10, "limit": ORDERS_10S, "count": used_10s},
        {**shape, "interval": "DAY", "intervalNum": 1, "limit": ORDERS_DAY, "count": used_day},
    ]


def system_status(front: BinanceFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /sapi/v1/system/status."""
    call.given.finish()
    halted = all(front.is_halted(name) for name in front.market.listings)
    return {"status": int(halted), "msg": "system maintenance" if halted else "normal"}


def coins(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /sapi/v1/capital/config/getall."""
    call.given.finish()
    names = sorted(
        {one.base for one in front.market.listings.values()}
        | {one.quote for one in front.market.listings.values()}
    )
    return [
        {
            "coin": name,
            "name": name,
            "isLegalMoney": False,
            "trading": True,
            "depositAllEnable": True,
            "withdrawAllEnable": False,
            "free": "0",
            "locked": "0",
            "freeze": "0",
            "withdrawing": "0",
            "ipoing": "0",
            "ipoable": "0",
            "storage": "0",
            "networkList": [
                {
                    "network": name,
                    "coin": name,
                    "withdrawFee": "0",
                    "depositEnable": True,
                    "withdrawEnable": False,
                    "isDefault": True,
                    "withdrawIntegerMultiple": "0.00000001",
                    "withdrawMin": "0",
                    "withdrawMax": "0",
                    "name": name,
                }
            ],
        }
        for name in names
    ]


def no_pairs(_front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET of the margin pairs: there is no margin here."""
    call.given.finish()
    return []


def restrictions(_front: BinanceFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /sapi/v1/account/apiRestrictions: what the key may do."""
    call.given.finish()
    key = call.key
    if key is None:
        raise errors.KEY_REFUSED
    return {
        "ipRestrict": bool(key.addresses),
        "createTime": 0,
        "enableReading": True,
        "enableSpotAndMarginTrading": key.can_trade,
        "enableWithdrawals": key.can_withdraw,
        "enableInternalTransfer": False,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
        "enableFutures": False,
        "enableMargin": False,
        "enablePortfolioMarginTrading": False,
    }


def trade_fees(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /sapi/v1/asset/tradeFee."""
    one = call.maybe_symbol()
    call.given.finish()
    names = [one] if one else list(front.market.listings)
    return [
        {"symbol": name, "makerCommission": rate(maker), "takerCommission": rate(taker)}
        for name in names
        for maker, taker in [_rates(front, call, name)]
    ]
