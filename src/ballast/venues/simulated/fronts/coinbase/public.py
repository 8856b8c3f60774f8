"""What anybody may ask of Coinbase: time, products, books, candles, trades, currencies.

Each path of market data is there twice: under `market` for anybody, without it for a signed
request. The paths of v2 are those that clients of v3 still ask.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.engine.events import Trading
from ballast.venues.simulated.fronts.board import MINUTE_NS
from ballast.venues.simulated.fronts.coinbase import errors
from ballast.venues.simulated.fronts.coinbase.call import SECOND_NS, iso
from ballast.venues.simulated.fronts.coinbase.words import text

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.events import Trade
    from ballast.venues.simulated.engine.profile import Listing
    from ballast.venues.simulated.fronts.board import Candle
    from ballast.venues.simulated.fronts.coinbase.call import Call
    from ballast.venues.simulated.fronts.coinbase.front import CoinbaseFront

GRANULARITIES_NS = {
    "ONE_MINUTE": MINUTE_NS,
    "FIVE_MINUTE": 5 * MINUTE_NS,
    "FIFTEEN_MINUTE": 15 * MINUTE_NS,
    "THIRTY_MINUTE": 30 * MINUTE_NS,
    "ONE_HOUR": 60 * MINUTE_NS,
    "TWO_HOUR": 120 * MINUTE_NS,
    "FOUR_HOUR": 240 * MINUTE_NS,
    "SIX_HOUR": 360 * MINUTE_NS,
    "ONE_DAY": 1_440 * MINUTE_NS,
}
CANDLES_MAX = 350
BOOK_MAX = 5_000
TRADES_DEFAULT, TRADES_MAX = 100, 1_000
BIPS = 10_000
BASE_MAX, QUOTE_MAX = Decimal(3_400), Decimal(150_000_000)
FIAT = frozenset({"USD", "EUR", "GBP"})
TYPES = ("UNKNOWN_PRODUCT_TYPE", "SPOT", "FUTURE")
EXPIRIES = ("UNKNOWN_CONTRACT_EXPIRY_TYPE", "EXPIRING", "PERPETUAL")


def server_time(_front: CoinbaseFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET time."""
    call.given.finish()
    return {
        "iso": iso(call.now_ns),
        "epochSeconds": str(call.now_ns // SECOND_NS),
        "epochMillis": str(call.now_ms),
    }


def products(front: CoinbaseFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET products."""
    given = call.given
    limit, offset = given.whole("limit", 1_000), given.whole("offset", 0)
    kind = given.choice("product_type", TYPES)
    given.choice("contract_expiry_type", EXPIRIES)
    for name in ("get_tradability_status", "get_all_products", "expiring_contract_status",
                 "products_sort_order", "cursor"):  # fmt: skip
        given.maybe(name)
    found = call.products() if kind != "FUTURE" else []
    given.finish()
    rows = [product(front, one, call.now_ns) for one in found[offset : offset + limit]]
    return {"products": rows, "num_products": len(found)}


def one_product(front: CoinbaseFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET products/{product_id}."""
    call.given.flag("get_tradability_status")
    call.given.finish()
    return product(front, call.named(), call.now_ns)


def product(front: CoinbaseFront, listing: Listing, now_ns: int) -> dict[str, Any]:
    """Return a product and its last day."""
    market, bounds, words = front.market, listing.filters, front.words
    day = front.board.day(listing.symbol, now_ns)
    last = market.last_ticks(listing.symbol)
    bid, ask = market.best(listing.symbol)
    trading = market.trading(listing.symbol)
    return {
        "product_id": listing.symbol,
        "price": words.price(listing, last),
        "price_percentage_change_24h": percent_of(day),
        "volume_24h": words.qty(listing, day.lots if day else 0),
        "volume_percentage_change_24h": "0",
        "base_increment": text(listing.lot),
        "quote_increment": text(listing.tick),
        "quote_min_size": text(bounds.min_notional or listing.tick),
        "quote_max_size": text(bounds.max_notional or QUOTE_MAX),
        "base_min_size": text(bounds.min_qty or listing.lot),
        "base_max_size": text(bounds.max_qty or BASE_MAX),
        "base_name": listing.base,
        "quote_name": listing.quote,
        "watched": False,
        "is_disabled": trading is Trading.DELISTED,
        "new": False,
        "status": "delisted" if trading is Trading.DELISTED else "online",
        "cancel_only": trading is Trading.CANCEL_ONLY,
        "limit_only": False,
        "post_only": False,
        "trading_disabled": trading is not Trading.TRADING,
        "auction_mode": False,
        "product_type": "SPOT",
        "quote_currency_id": listing.quote,
        "base_currency_id": listing.base,
        "fcm_trading_session_details": None,
        "mid_market_price": text((listing.price(bid) + listing.price(ask)) / 2) if bid and ask
        else "",
        "alias": "",
        "alias_to": [],
        "base_display_symbol": listing.base,
        "quote_display_symbol": listing.quote,
        "view_only": False,
        "price_increment": text(listing.tick),
        "display_name": listing.symbol,
        "product_venue": "CBE",
        "approximate_quote_24h_volume": text(words.worth(listing, day.value if day else 0)),
    }  # fmt: skip


def percent_of(day: Candle | None) -> str:
    """Print by how many per cent a price changed in a day."""
    if day is None or not day.open:
        return "0"
    change = Decimal(100 * (day.close - day.open)) / day.open
    return text(change.quantize(Decimal("0.00000001")))


def levels(
    front: CoinbaseFront, listing: Listing, depth: int
) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Return the best bids and asks."""
    view, words = front.market.book(listing.symbol, depth), front.words
    bids, asks = (
        [
            {"price": words.price(listing, ticks), "size": words.qty(listing, lots)}
            for ticks, lots in side
        ]
        for side in (view.bids, view.asks)
    )
    return bids, asks


def book(front: CoinbaseFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET product_book."""
    listing = call.product()
    depth = call.given.whole("limit", BOOK_MAX, BOOK_MAX)
    if call.given.maybe("aggregation_price_increment"):
        raise errors.invalid("aggregation_price_increment is not served")
    call.given.finish()
    bid, ask = (listing.price(one) for one in front.market.best(listing.symbol))
    middle = (bid + ask) / 2 if bid and ask else Decimal(0)
    apart = ask - bid if middle else Decimal(0)
    bips = (apart * BIPS / middle).quantize(Decimal("0.000000000001")) if middle else middle
    return {
        "pricebook": _book(front, call, listing, max(depth, 1)),
        "last": front.words.price(listing, front.market.last_ticks(listing.symbol)),
        "mid_market": text(middle),
        "spread_bps": text(bips),
        "spread_absolute": text(apart),
    }


def _book(front: CoinbaseFront, call: Call, listing: Listing, depth: int) -> dict[str, Any]:
    bids, asks = levels(front, listing, depth)
    return {"product_id": listing.symbol, "bids": bids, "asks": asks, "time": iso(call.now_ns)}


def best(front: CoinbaseFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET best_bid_ask."""
    found = call.products()
    call.given.finish()
    return {"pricebooks": [_book(front, call, one, 1) for one in found]}


def candles(front: CoinbaseFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET products/{product_id}/candles: the newest first, at most 350."""
    listing, given = call.named(), call.given
    given.text("start")
    given.text("end")
    start, end = (given.whole(name, 0, 2**33) for name in ("start", "end"))
    name = given.text("granularity")
    limit = given.whole("limit", CANDLES_MAX, CANDLES_MAX)
    given.finish()
    span_ns = GRANULARITIES_NS.get(name)
    if span_ns is None:
        raise errors.invalid("invalid granularity")
    if end < start:
        raise errors.invalid("start must be before end")
    if (end - start) * SECOND_NS > CANDLES_MAX * span_ns:
        raise errors.invalid("number of candles requested should be less than 350 ")
    found = front.board.candles(
        listing.symbol, span_ns, now_ns=call.now_ns, from_ns=start * SECOND_NS,
        to_ns=end * SECOND_NS,
    )  # fmt: skip
    return {"candles": [candle(front, listing, one) for one in reversed(found)][:limit]}


def candle(front: CoinbaseFront, listing: Listing, one: Candle) -> dict[str, str]:
    """Return a candle."""
    words = front.words
    return {
        "start": str(one.open_ns // SECOND_NS),
        "low": words.price(listing, one.low),
        "high": words.price(listing, one.high),
        "open": words.price(listing, one.open),
        "close": words.price(listing, one.close),
        "volume": words.qty(listing, one.lots),
    }


def trades(front: CoinbaseFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET products/{product_id}/ticker: the last trades, the newest first."""
    listing, given = call.named(), call.given
    limit = given.whole("limit", TRADES_DEFAULT, TRADES_MAX)
    start, end = given.whole("start", 0, 2**33), given.whole("end", 2**33, 2**33)
    given.finish()
    found = [
        one
        for one in reversed(front.market.trades(listing.symbol, TRADES_MAX))
        if start <= one.at_ns // SECOND_NS <= end
    ]
    bid, ask = (front.words.price(listing, one) for one in front.market.best(listing.symbol))
    rows = [trade(front, listing, one) for one in found[:limit]]
    return {"trades": rows, "best_bid": bid, "best_ask": ask}


def trade(front: CoinbaseFront, listing: Listing, one: Trade) -> dict[str, str]:
    """Return a trade; its side is the maker's."""
    return {
        "trade_id": str(one.trade_id),
        "product_id": listing.symbol,
        "price": front.words.price(listing, one.price_ticks),
        "size": front.words.qty(listing, one.qty_lots),
        "time": iso(one.at_ns),
        "side": "SELL" if one.taker_side > 0 else "BUY",
    }


# v2 ----------------------------------------------------------------------------------------


def time_v2(_front: CoinbaseFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v2/time."""
    call.given.finish()
    seconds = call.now_ns // SECOND_NS
    return {"data": {"iso": iso(seconds * SECOND_NS), "epoch": seconds}}


def assets(front: CoinbaseFront) -> list[str]:
    """Return every asset of a listing."""
    return sorted(
        {name for one in front.market.listings.values() for name in (one.base, one.quote)}
    )


def currencies(front: CoinbaseFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v2/currencies: money of states."""
    call.given.finish()
    found = [one for one in assets(front) if one in FIAT]
    return {"data": [{"id": one, "name": one, "min_size": "0.01"} for one in found]}


def crypto(front: CoinbaseFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v2/currencies/crypto."""
    call.given.finish()
    found = [one for one in assets(front) if one not in FIAT]
    return {
        "data": [
            {"asset_id": one, "code": one, "name": one, "color": "", "sort_index": place,
             "exponent": 8, "type": "crypto", "address_regex": ""}
            for place, one in enumerate(found)
        ]
    }  # fmt: skip


def exchange_rates(_front: CoinbaseFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v2/exchange-rates: of a dollar to itself; prices of coins are the products'."""
    currency = call.given.maybe("currency") or "USD"
    call.given.finish()
    return {"data": {"currency": currency, "rates": {currency: "1"}}}
