"""Public data of Kraken: time, assets, pairs, tickers, candles, books, trades, spreads."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.engine.events import Trading
from ballast.venues.simulated.fronts.kraken import errors, names
from ballast.venues.simulated.fronts.kraken.encoding import SECOND_NS, iso, number, seconds
from ballast.venues.simulated.fronts.numbers import shortest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.venues.simulated.engine.events import Trade
    from ballast.venues.simulated.fronts.board import Candle
    from ballast.venues.simulated.fronts.kraken.call import Call
    from ballast.venues.simulated.fronts.kraken.front import KrakenFront
    from ballast.venues.simulated.fronts.kraken.names import Pair

MINUTE_NS = 60 * SECOND_NS
DAY_NS = 86_400 * SECOND_NS
INTERVALS = (1, 5, 15, 30, 60, 240, 1_440, 10_080, 21_600)
"""Minutes of a candle."""
CANDLES_MAX, BOOK_MAX, TRADES_MAX = 720, 500, 1_000
STATES = {
    Trading.TRADING: "online", Trading.CANCEL_ONLY: "cancel_only",
    Trading.HALTED: "maintenance", Trading.DELISTED: "delisted",
}  # fmt: skip
PPM_PERCENT = Decimal(10_000)


def server_time(_front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """Time."""
    call.given.finish()
    at = datetime.fromtimestamp(call.now_ns // SECOND_NS, UTC)
    return {"unixtime": call.now_ns // SECOND_NS, "rfc1123": f"{at:%a, %d %b %y %H:%M:%S} +0000"}


def system_status(_front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """SystemStatus."""
    call.given.finish()
    return {"status": "online", "timestamp": iso(call.now_ns)[:19] + "Z"}


def assets(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """Assets."""
    wanted = call.given.optional("asset")
    call.given.allow("aclass")
    call.given.finish()
    known = {names.code_of(one): one for one in front.pairs.digits}
    chosen = list(known)
    if wanted is not None:
        others = {
            name: code for code, one in known.items() for name in (one, names.altname_of(one))
        }
        chosen = [one if one in known else others.get(one, "") for one in wanted.split(",")]
        if "" in chosen:
            raise errors.ASSET
    return {
        code: {
            "aclass": "currency", "altname": names.altname_of(known[code]),
            "decimals": front.pairs.digits[known[code]],
            "display_decimals": min(5, front.pairs.digits[known[code]]), "status": "enabled",
        }
        for code in chosen
    }  # fmt: skip


def asset_pairs(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """AssetPairs: all that is known of a pair, or one part of it."""
    found = call.some_pairs()
    info = call.choice("info", ("info", "leverage", "fees", "margin"), "info")
    call.given.allow("aclass_base", "aclass_quote", "country_code", "execution_venue")
    call.given.finish()
    rows = {call.title(one): _pair(front, one) for one in found}
    parts = {
        "leverage": ("leverage_buy", "leverage_sell"),
        "fees": ("fees", "fees_maker", "fee_volume_currency"),
        "margin": ("margin_call", "margin_stop"),
    }.get(info)
    if parts is None:
        return rows
    return {key: {name: row[name] for name in parts} for key, row in rows.items()}


def _pair(front: KrakenFront, pair: Pair) -> dict[str, Any]:
    listing = pair.listing
    return {
        "altname": pair.altname,
        "wsname": pair.wsname,
        "aclass_base": "currency",
        "base": names.code_of(listing.base),
        "aclass_quote": "currency",
        "quote": names.code_of(listing.quote),
        "lot": "unit",
        "cost_decimals": pair.quote_digits,
        "pair_decimals": pair.price_digits,
        "lot_decimals": pair.lot_digits,
        "lot_multiplier": 1,
        "leverage_buy": [],
        "leverage_sell": [],
        "fees": [[0, percent(listing.taker_ppm)]],
        "fees_maker": [[0, percent(listing.maker_ppm)]],
        "fee_volume_currency": "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": shortest(listing.filters.min_qty or listing.lot),
        "costmin": shortest(listing.filters.min_notional),
        "tick_size": shortest(listing.tick),
        "status": STATES[front.market.trading(listing.symbol)],
        "execution_venue": "international",
    }


def percent(ppm: int) -> Any:  # noqa: ANN401 - a JSON number
    """Return a fee rate in percent as a JSON number."""
    return number(shortest(Decimal(ppm) / PPM_PERCENT))


def ticker(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """Ticker: of today and of the last 24 hours."""
    found = call.some_pairs()
    call.given.allow("asset_class")
    call.given.finish()
    return {call.title(one): _ticker(front, one, call.now_ns) for one in found}


def _ticker(front: KrakenFront, pair: Pair, now_ns: int) -> dict[str, Any]:
    symbol = pair.symbol
    view = front.market.book(symbol, 1)
    today = front.board.running(symbol, DAY_NS, now_ns=now_ns)
    day = front.board.day(symbol, now_ns)
    tape = front.market.trades(symbol, 1)
    last = (tape[-1].price_ticks, tape[-1].qty_lots) if tape else (0, 0)
    spans = [today, day]

    def both(printed: Any) -> list[Any]:  # noqa: ANN401 - a function of a candle
        return [printed(one) for one in spans]

    return {
        "a": _touch(pair, view.asks),
        "b": _touch(pair, view.bids),
        "c": [pair.price(last[0]), pair.volume(last[1])],
        "v": both(lambda one: pair.volume(one.lots if one else 0)),
        "p": both(lambda one: pair.average(one.value, one.lots) if one else pair.price(0)),
        "t": both(lambda one: one.trades if one else 0),
        "l": both(lambda one: pair.price(one.low if one else 0)),
        "h": both(lambda one: pair.price(one.high if one else 0)),
        "o": pair.price(today.open if today else 0),
    }


def _touch(pair: Pair, side: Sequence[tuple[int, int]]) -> list[str]:
    """Return best price, its volume in whole units, its volume."""
    ticks, lots = side[0] if side else (0, 0)
    return [pair.price(ticks), str(int(pair.listing.qty(lots))), pair.volume(lots)]


def candles(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """OHLC: up to 720 candles after `since`; `last` names the last that is closed."""
    pair = call.pair()
    minutes = int(call.choice("interval", tuple(map(str, INTERVALS)), "1"))
    since_s = call.whole("since", -1)
    call.given.allow("asset_class")
    call.given.finish()
    found = front.board.candles(pair.symbol, minutes * MINUTE_NS, now_ns=call.now_ns)
    rows = [candle(pair, one) for one in found if one.open_ns // SECOND_NS > since_s]
    chosen = rows[-CANDLES_MAX:]
    closed = [row[0] for row in chosen[:-1]]
    return {call.title(pair): chosen, "last": closed[-1] if closed else max(since_s, 0)}


def candle(pair: Pair, one: Candle) -> list[Any]:
    """Return a candle: time, prices, average, volume, trades."""
    average = pair.average(one.value, one.lots)
    return [
        one.open_ns // SECOND_NS,
        *(pair.price(value) for value in (one.open, one.high, one.low, one.close)),
        average,
        pair.volume(one.lots),
        one.trades,
    ]


def depth(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """Depth."""
    pair = call.pair()
    count = call.whole("count", 100, BOOK_MAX)
    call.given.allow("asset_class")
    call.given.finish()
    if not count:
        raise errors.wrong("count")
    view = front.market.book(pair.symbol, count)
    at_s = call.now_ns // SECOND_NS
    return {
        call.title(pair): {
            "asks": [[pair.price(ticks), pair.volume(lots), at_s] for ticks, lots in view.asks],
            "bids": [[pair.price(ticks), pair.volume(lots), at_s] for ticks, lots in view.bids],
        }
    }


def trades(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """Trades: after `since` (nanoseconds, or seconds where it is short), oldest first."""
    pair = call.pair()
    since = call.given.optional("since")
    count = call.whole("count", TRADES_MAX, TRADES_MAX)
    call.given.allow("asset_class")
    call.given.finish()
    if not count:
        raise errors.wrong("count")
    since_ns = _since_ns(since)
    found = front.market.trades(pair.symbol, TRADES_MAX)
    later = [one for one in found if one.at_ns > since_ns]
    rows = later[:count] if since is not None else later[-count:]
    last_ns = rows[-1].at_ns if rows else max(since_ns, 0)
    return {call.title(pair): [_trade(pair, one) for one in rows], "last": str(last_ns)}


def _since_ns(text: str | None) -> int:
    if text is None:
        return -1
    whole, _, rest = text.partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 19) or (  # noqa: PLR2004 - int64
        rest and not (rest.isascii() and rest.isdigit())
    ):
        raise errors.wrong("since")
    value = int(whole)
    if value < 10**12:  # seconds, perhaps with a fraction
        return value * SECOND_NS + int(f"{rest:0<9}"[:9] or "0")
    return value


def _trade(pair: Pair, one: Trade) -> list[Any]:
    """Return a public trade: market and limit takers cannot be told apart here."""
    side = "b" if one.taker_side > 0 else "s"
    return [
        pair.price(one.price_ticks), pair.volume(one.qty_lots), seconds(one.at_ns, 7), side, "l",
        "", one.trade_id,
    ]  # fmt: skip


def spread(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """Spread: the last changes of the best prices."""
    pair = call.pair()
    since_s = call.whole("since", 0)
    call.given.allow("asset_class")
    call.given.finish()
    found = front.memory.spreads.get(pair.symbol, ())
    rows = [
        [at_ns // SECOND_NS, pair.price(bid), pair.price(ask)]
        for at_ns, bid, ask in found
        if at_ns // SECOND_NS >= since_s
    ]
    return {call.title(pair): rows, "last": rows[-1][0] if rows else since_s}
