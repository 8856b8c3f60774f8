"""Bybit v2, retired in 2023: kept for recordings of that time.

Linear and inverse markets wrote the same field as a number or as text, and the last perpetuals in
camel case; a price or rate came scaled by a power of ten that its name states (`mark_price_e4`).
A book had no sequence a client could check: `cross_seq` only grows.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from ballast.core.marketdata import NONE, BookUpdate, Liquidation, Side, Ticker, Trade
from ballast.venues.normalise.exact import (
    BrokenError,
    Raw,
    counted,
    exact,
    level_rows,
    ns_of_iso,
    ns_of_ms,
    ns_of_us,
    number_text,
    side_of,
    whole,
)

if TYPE_CHECKING:
    from ballast.core.marketdata import Event
    from ballast.venues.normalise.market import Market

OLD_TOPICS = frozenset(
    {"orderBookL2_25", "orderBook_200", "trade", "instrument_info", "liquidation"}
)
_DEPTHS = {"orderBookL2_25": 25, "orderBook_200": 200}
_ZERO = msgspec.Raw(b"0")


class _Envelope(msgspec.Struct):
    data: Raw
    type: str = ""
    cross_seq: int | str = NONE
    crossSeq: int | str = NONE  # noqa: N815 - the spelling of the last perpetuals
    timestamp_e6: int | str = 0
    timestampE6: int | str = 0  # noqa: N815 - as above

    @property
    def sequence(self) -> int:
        """Return the number of the change."""
        return max(whole(self.cross_seq, "cross_seq"), whole(self.crossSeq, "crossSeq"))

    @property
    def at_ns(self) -> int:
        """Return when it was sent."""
        return ns_of_us(self.timestamp_e6 or self.timestampE6, "timestamp_e6")


class _Level(msgspec.Struct):
    price: str
    symbol: str
    side: str
    size: Raw = _ZERO  # a deleted level has none


class _Changes(msgspec.Struct):
    delete: list[_Level] = []
    update: list[_Level] = []
    insert: list[_Level] = []


class _Whole(msgspec.Struct):
    order_book: list[_Level] = []
    orderBook: list[_Level] = []  # noqa: N815 - as above


class _Trade(msgspec.Struct):
    symbol: str
    side: str
    size: Raw
    price: Raw
    timestamp: str = ""
    trade_time_ms: int | str = 0
    tradeTimeMs: int | str = 0  # noqa: N815 - as above
    trade_id: str = ""
    tradeId: str = ""  # noqa: N815 - as above


class _Forced(msgspec.Struct):
    symbol: str
    side: str
    price: Raw
    qty: Raw
    time: int


class _Rows(msgspec.Struct):
    update: list[dict[str, Any]] = []


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_LEVELS = msgspec.json.Decoder(list[_Level])
_WHOLE = msgspec.json.Decoder(_Whole)
_CHANGES = msgspec.json.Decoder(_Changes)
_TRADES = msgspec.json.Decoder(list[_Trade])
_ONE_FORCED = msgspec.json.Decoder(_Forced)
_MANY_FORCED = msgspec.json.Decoder(list[_Forced])
_INFO = msgspec.json.Decoder(dict[str, Any])
_ROWS = msgspec.json.Decoder(_Rows)


def parse_old(kind: str, rest: str, frame: bytes, market: Market) -> list[Event]:
    """Return the events of a message of topic `kind.rest`."""
    envelope = _ENVELOPE.decode(frame)
    symbol = rest.rpartition(".")[2]
    if kind in _DEPTHS:
        return _book(envelope, symbol, _DEPTHS[kind], market)
    if kind == "trade":
        return _trades(envelope, market)
    if kind == "liquidation":
        return _forced(envelope, market)
    return _info(envelope, symbol, market)


def _book(envelope: _Envelope, symbol: str, depth: int, market: Market) -> list[Event]:
    is_snapshot = envelope.type == "snapshot"
    if is_snapshot:
        if bytes(envelope.data).lstrip().startswith(b"["):
            levels = _LEVELS.decode(envelope.data)
        else:
            found = _WHOLE.decode(envelope.data)
            levels = found.order_book or found.orderBook
    elif envelope.type == "delta":
        changes = _CHANGES.decode(envelope.data)
        levels = [*changes.delete, *changes.update, *changes.insert]
    else:
        raise BrokenError("type", f"'{envelope.type[:40]}'")
    grid = market.grid(symbol)
    sides: dict[Side, list[tuple[str, str]]] = {Side.BUY: [], Side.SELL: []}
    for level in levels:
        row = (level.price, number_text(level.size, "size"))
        sides[side_of(level.side, "side")].append(row)
    return [
        BookUpdate(
            symbol=symbol,
            at_ns=envelope.at_ns,
            is_snapshot=is_snapshot,
            bids=level_rows(sides[Side.BUY], grid, "levels"),
            asks=level_rows(sides[Side.SELL], grid, "levels"),
            last_id=envelope.sequence,
            depth=depth,
        )
    ]


def _trades(envelope: _Envelope, market: Market) -> list[Event]:
    found: list[Event] = []
    for trade in _TRADES.decode(envelope.data):
        grid = market.grid(trade.symbol)
        at_ms = trade.trade_time_ms or trade.tradeTimeMs
        iso = trade.timestamp
        found.append(
            Trade(
                symbol=trade.symbol,
                at_ns=ns_of_ms(at_ms, "trade_time_ms") if at_ms else ns_of_iso(iso, "timestamp"),
                trade_id=trade.trade_id or trade.tradeId,
                price_ticks=counted(number_text(trade.price, "price"), grid.price, "price"),
                qty_lots=counted(number_text(trade.size, "size"), grid.qty, "size"),
                side=side_of(trade.side, "side"),
            )
        )
    return found


def _forced(envelope: _Envelope, market: Market) -> list[Event]:
    if bytes(envelope.data).lstrip().startswith(b"["):
        orders = _MANY_FORCED.decode(envelope.data)
    else:
        orders = [_ONE_FORCED.decode(envelope.data)]
    found: list[Event] = []
    for order in orders:
        grid = market.grid(order.symbol)
        found.append(
            Liquidation(
                symbol=order.symbol,
                at_ns=ns_of_ms(order.time, "time"),
                price_ticks=counted(number_text(order.price, "price"), grid.price, "price"),
                qty_lots=counted(number_text(order.qty, "qty"), grid.qty, "qty"),
                side=Side(-side_of(order.side, "side")),  # stated: the side of the position
            )
        )
    return found


def _info(envelope: _Envelope, symbol: str, market: Market) -> list[Event]:
    market.grid(symbol)
    if envelope.type == "snapshot":
        fields = _INFO.decode(envelope.data)
    else:
        rows = _ROWS.decode(envelope.data).update
        fields = rows[0] if rows else {}
    funding = fields.get("next_funding_time") or fields.get("nextFundingTime")
    return [
        Ticker(
            symbol=symbol,
            at_ns=envelope.at_ns,
            last=_price(fields, "last_price", "lastPrice"),
            mark=_price(fields, "mark_price", "markPrice"),
            index=_price(fields, "index_price", "indexPrice"),
            funding_rate=_scaled(fields, 6, "funding_rate_e6", "fundingRateE6"),
            predicted_rate=_scaled(
                fields, 6, "predicted_funding_rate_e6", "predictedFundingRateE6"
            ),
            funding_ns=ns_of_iso(str(funding), "next_funding_time") or None if funding else None,
            open_interest=_interest(fields),
        )
    ]


def _price(fields: dict[str, Any], *names: str) -> Decimal | None:
    """Return a price: of its plain text where that is sent, for `_e4` may hold five places."""
    for name in names:
        if isinstance(fields.get(name), str):
            return exact(fields[name], name)
    return _scaled(fields, 4, *(f"{name}{end}" for name in names for end in ("_e4", "E4")))


def _interest(fields: dict[str, Any]) -> Decimal | None:
    found = _scaled(fields, 8, "open_interest_e8", "openInterestE8")
    return _scaled(fields, 0, "open_interest") if found is None else found


def _scaled(fields: dict[str, Any], places: int, *names: str) -> Decimal | None:
    """Return the first of these fields over 10**places; None if there is none of them."""
    for name in names:
        value = fields.get(name)
        if value is None or value == "":
            continue
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise BrokenError(name, "not a whole number")
        text = str(value)
        sign = -1 if text.startswith("-") else 1
        return sign * Decimal(whole(text.removeprefix("-"), name)).scaleb(-places)
    return None
