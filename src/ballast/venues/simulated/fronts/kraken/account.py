"""What an account can ask Kraken: balances, orders, trades, fees, a token for streams."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.orders import TERMINAL
from ballast.venues.simulated.fronts.kraken import errors, names, orders
from ballast.venues.simulated.fronts.kraken.encoding import SECOND_NS
from ballast.venues.simulated.fronts.kraken.errors import wrong
from ballast.venues.simulated.fronts.kraken.security import TOKEN_S
from ballast.venues.simulated.fronts.kraken.words import fill_number
from ballast.venues.simulated.fronts.numbers import fixed, plain_decimal

if TYPE_CHECKING:
    from ballast.core.orders import Fill, Order
    from ballast.venues.simulated.fronts.kraken.call import Call
    from ballast.venues.simulated.fronts.kraken.front import KrakenFront

PAGE = 50
QUERIES_MAX, TRADE_QUERIES_MAX = 50, 20
KEPT_MAX = 10_000
"""Orders and fills asked of the engine: more than it keeps."""
TIME_MAX_NS = 2**62
PERCENT_DIGITS = 4
READ_RIGHTS = ("query-funds", "query-open-trades", "query-closed-trades", "access-ws")
TRADE_RIGHTS = ("modify-trades", "close-trades")
"""Rights of a key, by the venue's names."""


def balance(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """Balance: all of each asset, also what open orders hold."""
    call.given.finish()
    return {
        names.code_of(one.asset): front.words.money(one.asset, one.total_atoms)
        for one in front.market.balances(call.account)
    }


def balance_parts(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """BalanceEx: all of each asset, and what open orders hold of it."""
    call.given.finish()
    return {
        names.code_of(one.asset): {
            "balance": front.words.money(one.asset, one.total_atoms),
            "hold_trade": front.words.money(one.asset, one.locked_atoms),
        }
        for one in front.market.balances(call.account)
    }


def trade_balance(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """TradeBalance: what everything is worth in quote, at last prices; there is no margin."""
    call.given.allow("asset")
    call.given.finish()
    worth = Decimal(0)
    pairs = {one.listing.base: one for one in front.pairs}
    for one in front.market.balances(call.account):
        amount = front.market.amount(one.asset, one.total_atoms)
        pair = pairs.get(one.asset)
        price = pair.listing.price(front.market.last_ticks(pair.symbol)) if pair else Decimal(1)
        worth += amount * price
    text, zero = fixed(worth, 4), "0.0000"
    return {
        "eb": text, "tb": text, "m": zero, "n": zero, "c": zero, "v": zero, "e": text, "mf": text,
        "uv": zero,
    }  # fmt: skip


def trade_volume(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """TradeVolume: one step of fees, which no volume changes."""
    found = call.some_pairs()
    call.given.allow("fee-info")
    call.given.finish()
    rows = {one.key: front.market.fee_rates_ppm(call.account, one.symbol) for one in found}
    return {
        "currency": "ZUSD",
        "volume": "0.0000",
        "fees": {key: _fee(taker) for key, (_, taker) in rows.items()},
        "fees_maker": {key: _fee(maker) for key, (maker, _) in rows.items()},
    }


def _fee(ppm: int) -> dict[str, str | None]:
    text = fixed(Decimal(ppm) / 10_000, PERCENT_DIGITS)
    return {
        "fee": text, "minfee": text, "maxfee": text, "nextfee": None, "nextvolume": None,
        "tiervolume": "0.0000",
    }  # fmt: skip


def key_info(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GetApiKeyInfo: what the key may do, and from where; times are seconds, 0 for never."""
    call.given.finish()
    key = call.key
    assert key is not None  # noqa: S101 - the route demands a signature
    rights = [*READ_RIGHTS]
    rights += TRADE_RIGHTS if key.can_trade else ()
    rights += ("withdraw-funds",) if key.can_withdraw else ()
    since = str(front.wire_now_ns // SECOND_NS)
    return {
        "api_key_name": "simulated", "api_key": key.key,
        "nonce": str(front.door.last_nonce(key)), "nonce_window": 0, "permissions": rights,
        "iban": "", "valid_until": "0", "query_from": "0", "query_to": "0",
        "created_time": since, "modified_time": since, "ip_allowlist": sorted(key.addresses),
        "last_used": since,
    }  # fmt: skip


def token(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GetWebSocketsToken."""
    call.given.finish()
    assert call.key is not None  # noqa: S101 - the route demands a signature
    return {"token": front.door.new_token(call.key, call.now_ns), "expires": TOKEN_S}


# Orders ------------------------------------------------------------------------------------


def open_orders(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """OpenOrders."""
    trades, userref = call.flag("trades"), orders.read_userref(call)
    own = call.given.optional("cl_ord_id")
    call.given.finish()
    found = front.market.open_orders(call.account)
    rows = [one for one in found if _is_meant(front, one, userref, own)]
    return {"open": _printed(front, reversed(rows), trades=trades)}


def _is_meant(front: KrakenFront, order: Order, userref: str, own: str | None) -> bool:
    fits = not userref or front.memory.note(order.order_id).userref == userref
    return fits and own in {None, order.request.client_id}


def _printed(front: KrakenFront, found: Any, *, trades: bool) -> dict[str, Any]:  # noqa: ANN401
    return {
        names.txid(names.ORDER, one.order_id): front.words.order(one, trades=trades)
        for one in found
    }


def closed_orders(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """ClosedOrders: fifty at a time, the last ones first."""
    trades, userref = call.flag("trades"), orders.read_userref(call)
    own = call.given.optional("cl_ord_id")
    by = call.choice("closetime", ("open", "close", "both"), "both")
    begin_ns, end_ns = _bound(front, call, "start", 0), _bound(front, call, "end", TIME_MAX_NS)
    offset, plain = call.whole("ofs", 0), call.flag("without_count")
    call.given.allow("consolidate_taker")
    call.given.finish()

    def is_inside(one: Order) -> bool:
        opened = begin_ns < one.created_ns <= end_ns
        ended = begin_ns < one.updated_ns <= end_ns
        return {"open": opened, "close": ended, "both": opened or ended}[by]

    found = [
        one
        for symbol in front.market.listings
        for one in front.market.orders(call.account, symbol, KEPT_MAX)
        if one.status in TERMINAL and is_inside(one) and _is_meant(front, one, userref, own)
    ]
    found.sort(key=lambda one: (-one.updated_ns, -one.order_id))
    rows = {"closed": _printed(front, found[offset : offset + PAGE], trades=trades)}
    return rows if plain else {**rows, "count": len(found)}


def _bound(front: KrakenFront, call: Call, name: str, default: int) -> int:
    """Read a bound of time: seconds, or the id of an order or a trade, whose time is meant."""
    text = call.given.optional(name)
    if text is None:
        return default
    value = plain_decimal(text)
    if value is not None:
        return int(value * SECOND_NS)
    if names.number_of(names.TRADE, text) is not None:
        found = [one for one in _fills(front, call) if _trade_id(one) == text]
        if found:
            return found[0].at_ns
    elif names.number_of(names.ORDER, text) is not None:
        order = orders.find(front, call.account, text)
        if order is not None:
            return order.created_ns
    raise wrong(name)


def query_orders(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """QueryOrders: by ids; an id of nobody is left out, and none at all is unknown."""
    trades, userref = call.flag("trades"), orders.read_userref(call)
    own = call.given.optional("cl_ord_id")
    call.given.allow("consolidate_taker")
    texts = call.words("txid", QUERIES_MAX)
    call.given.finish()
    if not texts and not userref and own is None:
        raise wrong("txid")
    if texts:
        found = [one for text in texts if (one := orders.find(front, call.account, text))]
    else:
        found = [
            one
            for symbol in front.market.listings
            for one in front.market.orders(call.account, symbol, KEPT_MAX)
        ]
    chosen = [one for one in found if _is_meant(front, one, userref, own)]
    if not chosen:
        raise errors.UNKNOWN_ORDER
    return _printed(front, chosen[:QUERIES_MAX], trades=trades)


# Trades ------------------------------------------------------------------------------------


def _fills(front: KrakenFront, call: Call) -> list[Fill]:
    return front.market.fills(call.account, limit=KEPT_MAX)


def _trade_id(fill: Fill) -> str:
    return names.txid(names.TRADE, fill_number(fill))


def _told(front: KrakenFront, call: Call, fills: list[Fill]) -> dict[str, Any]:
    return {
        _trade_id(one): front.words.fill(
            one, orders.find(front, call.account, names.txid(names.ORDER, one.order_id))
        )
        for one in fills
    }


def trades_history(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """TradesHistory: fifty at a time, the last ones first."""
    kind = call.choice(
        "type", ("all", "any position", "closed position", "closing position", "no position"), "all"
    )
    begin_ns, end_ns = _bound(front, call, "start", 0), _bound(front, call, "end", TIME_MAX_NS)
    offset, plain = call.whole("ofs", 0), call.flag("without_count")
    call.given.allow("trades", "consolidate_taker", "ledgers")
    call.given.finish()
    found = [one for one in reversed(_fills(front, call)) if begin_ns < one.at_ns <= end_ns]
    if kind not in {"all", "no position"}:
        found = []
    rows = {"trades": _told(front, call, found[offset : offset + PAGE])}
    return rows if plain else {**rows, "count": len(found)}


def query_trades(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """QueryTrades."""
    call.given.required("txid")
    texts = call.words("txid", TRADE_QUERIES_MAX)
    call.given.allow("trades")
    call.given.finish()
    if any(names.number_of(names.TRADE, one) is None for one in texts):
        raise wrong("txid")
    found = [one for one in _fills(front, call) if _trade_id(one) in set(texts)]
    if not found:
        raise wrong("txid")
    return _told(front, call, found)
