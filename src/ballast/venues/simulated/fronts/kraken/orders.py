"""Orders of Kraken: what a client may send, and what it means to the engine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from ballast.core.errors import ConfigError
from ballast.core.orders import (
    TERMINAL,
    OrderKind,
    OrderRef,
    OrderRequest,
    SelfTrade,
    Side,
    TimeInForce,
)
from ballast.venues.simulated.fronts.kraken import errors, names
from ballast.venues.simulated.fronts.kraken.encoding import SECOND_NS
from ballast.venues.simulated.fronts.kraken.errors import Refusal, wrong
from ballast.venues.simulated.fronts.kraken.memory import Note
from ballast.venues.simulated.fronts.kraken.words import description
from ballast.venues.simulated.fronts.numbers import plain_decimal, shortest, whole_number

if TYPE_CHECKING:
    from ballast.core.orders import Order
    from ballast.venues.simulated.fronts.kraken.call import Call
    from ballast.venues.simulated.fronts.kraken.front import KrakenFront
    from ballast.venues.simulated.fronts.kraken.names import Pair

KINDS = {
    "market": OrderKind.MARKET,
    "limit": OrderKind.LIMIT,
    "iceberg": OrderKind.LIMIT,
    "stop-loss": OrderKind.STOP_MARKET,
    "stop-loss-limit": OrderKind.STOP_LIMIT,
    "take-profit": OrderKind.TAKE_PROFIT_MARKET,
    "take-profit-limit": OrderKind.TAKE_PROFIT_LIMIT,
    "trailing-stop": OrderKind.TRAILING_STOP,
}
TRIGGERED = frozenset({"stop-loss", "stop-loss-limit", "take-profit", "take-profit-limit"})
TWO_PRICES = frozenset({"stop-loss-limit", "take-profit-limit"})
SIDES = {"buy": Side.BUY, "sell": Side.SELL}
TIFS = {"GTC": TimeInForce.GTC, "IOC": TimeInForce.IOC, "GTD": TimeInForce.GTD}
SELF_TRADE = {
    "cancel-newest": SelfTrade.CANCEL_TAKER,
    "cancel-oldest": SelfTrade.CANCEL_MAKER,
    "cancel-both": SelfTrade.CANCEL_BOTH,
}
FLAGS = frozenset({"post", "fcib", "fciq", "nompp", "viqc"})
OWN_ID = re.compile(
    r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9a-fA-F]{32}|[!-~]{1,18}"
)
"""A UUID with or without hyphens, or up to 18 signs."""
USERREF = re.compile(r"-?[0-9]{1,10}")
INT32_MAX = 2**31 - 1
PERCENT_PPM = 10_000
PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class Asked:
    """A new order as it was read."""

    pair: Pair
    request: OrderRequest
    note: Note

    @property
    def words(self) -> str:
        """What the order is, in a sentence."""
        asked, pair = self.request, self.pair
        limit = pair.price(asked.price_ticks)
        first = pair.price(asked.trigger_ticks) if asked.trigger_ticks else limit
        volume = self.note.cost or pair.volume(asked.qty_lots)
        price = self.note.trails or first
        return description(pair, asked.side, volume, self.note.order_type, price, limit)["order"]


def read(front: KrakenFront, call: Call) -> Asked:
    """Read a new order; raise a `Refusal` or `BadParameter` for what cannot be."""
    pair = call.pair()
    kind = call.choice("ordertype", tuple(KINDS))
    side = SIDES[call.choice("type", tuple(SIDES))]
    _refuse_margin(call)
    flags = read_flags(call, kind, side)
    lots, atoms, cost = _size(front, call, pair, flags)
    price_ticks, trigger_ticks, trail_ppm, trail_ticks, trails = _prices(call, pair, kind)
    tif, expire_ns = _lifetime(front, call)
    shown = _shown(call, pair, kind)
    own, userref = _ids(call)
    request = OrderRequest(
        pair.symbol,
        side,
        KINDS[kind],
        lots,
        price_ticks,
        own,
        quote_atoms=atoms,
        tif=tif,
        expire_ns=expire_ns,
        post_only="post" in flags,
        trigger_ticks=trigger_ticks,
        trail_ppm=trail_ppm,
        trail_ticks=trail_ticks,
        display_lots=shown,
        self_trade=SELF_TRADE[call.choice("stptype", tuple(SELF_TRADE), "cancel-newest")],
    )
    return Asked(pair, request, Note(userref, flags, kind, trails, cost))


def _refuse_margin(call: Call) -> None:
    """Refuse what only margin and scheduled orders have: there is spot only, and only now."""
    if call.given.optional("leverage") not in {None, "none", "1", "1:1"}:
        raise errors.NO_MARGIN
    if call.flag("reduce_only"):
        raise errors.NO_POSITION
    if call.given.optional("starttm") not in {None, "0"}:
        raise wrong("starttm")
    call.given.allow("asset_class")


def read_flags(call: Call, kind: str, side: Side) -> tuple[str, ...]:
    """Read `oflags`. The fee is in quote: one in base is refused, for it could not be had."""
    flags = call.words("oflags", 5)
    if set(flags) - FLAGS or "fcib" in flags:
        raise wrong("oflags")
    if "post" in flags and kind not in {"limit", "iceberg"}:
        raise wrong("oflags")
    if "viqc" in flags and (kind != "market" or side is not Side.BUY):
        raise wrong("viqc")
    return tuple(dict.fromkeys([*flags, "fciq"]))


def _size(
    front: KrakenFront, call: Call, pair: Pair, flags: tuple[str, ...]
) -> tuple[int, int, str]:
    """Read `volume`: lots, or atoms of quote and how it was sent."""
    call.given.required("volume")
    if "viqc" not in flags:
        return read_lots(call, pair, "volume"), 0, ""
    money = call.maybe_decimal("volume")
    assert money is not None  # noqa: S101 - required above
    try:
        return 0, front.market.atoms(pair.listing.quote, money), shortest(money)
    except ConfigError:  # more digits than the asset has
        raise wrong("volume") from None


def read_lots(call: Call, pair: Pair, name: str) -> int:
    """Read a volume; 0 where none was sent."""
    value = call.maybe_decimal(name)
    lots = 0 if value is None else pair.listing.lots(value)
    if lots is None:
        raise wrong(name)
    return lots


def read_ticks(call: Call, pair: Pair, name: str) -> int:
    """Read a price; 0 where none was sent. Offsets from the market are not taken."""
    text = call.given.optional(name)
    if text is None:
        return 0
    value = plain_decimal(text)
    if value is None:
        raise wrong(name)
    if value <= 0:
        raise errors.INVALID_PRICE
    ticks = pair.listing.ticks(value)
    if ticks is not None:
        return ticks
    if -int(value.normalize().as_tuple().exponent) > pair.price_digits:
        raise Refusal(
            f"EOrder:Invalid price:{pair.key} price can only be specified up to "
            f"{pair.price_digits} decimals."
        )
    raise errors.TICK


def _prices(call: Call, pair: Pair, kind: str) -> tuple[int, int, int, int, str]:
    """Return limit and trigger (ticks), how far a stop trails (ppm or ticks), and that as sent."""
    trigger_by = call.choice("trigger", ("last", "index"), "last")
    if trigger_by == "index":
        raise wrong("Index unavailable")
    if kind == "trailing-stop":
        return (0, 0, *_trail(call, pair))
    first = read_ticks(call, pair, "price")
    second = read_ticks(call, pair, "price2")
    if kind == "market":
        if first or second:
            raise wrong("price")
        return 0, 0, 0, 0, ""
    if not first:
        raise wrong("price")
    if bool(second) is not (kind in TWO_PRICES):
        raise wrong("price2")
    if kind in TRIGGERED:
        return second, first, 0, 0, ""
    return first, 0, 0, 0, ""


def _trail(call: Call, pair: Pair) -> tuple[int, int, str]:
    """Read how far a stop trails: +100 of quote, or +1.5%."""
    text = call.given.required("price")
    if call.given.optional("price2") is not None:
        raise wrong("price2")
    value = plain_decimal(text.removeprefix("+").removesuffix("%"))
    if not text.startswith("+") or value is None or value <= 0:
        raise errors.INVALID_PRICE
    if text.endswith("%"):
        ppm = value * PERCENT_PPM
        if ppm != int(ppm) or ppm >= PPM:
            raise errors.INVALID_PRICE
        return int(ppm), 0, text
    ticks = pair.listing.ticks(value)
    if ticks is None:
        raise errors.TICK
    return 0, ticks, text


def _lifetime(front: KrakenFront, call: Call) -> tuple[TimeInForce, int]:
    """Read how long an order stays; `+30` is in thirty seconds."""
    sent = call.given.optional("timeinforce")
    text = call.given.optional("expiretm") or "0"
    if sent is not None and sent not in TIFS:
        raise wrong("timeinforce")
    tif = TIFS[sent] if sent else TimeInForce.GTD if text != "0" else TimeInForce.GTC
    if (tif is TimeInForce.GTD) is not (text != "0"):
        raise wrong("expiretm")
    if tif is not TimeInForce.GTD:
        return tif, 0
    value = plain_decimal(text.removeprefix("+"))
    if value is None:
        raise wrong("expiretm")
    begin_ns = call.now_ns if text.startswith("+") else 0
    expire_ns = begin_ns + int(value * SECOND_NS)
    if not call.now_ns < expire_ns < 2**62:
        raise wrong("expiretm")
    return tif, expire_ns - front.clock_skew_ns


def _shown(call: Call, pair: Pair, kind: str) -> int:
    """Read how much of an iceberg shows."""
    lots = read_lots(call, pair, "displayvol")
    if bool(lots) is not (kind == "iceberg"):
        raise wrong("displayvol")
    return lots


def _ids(call: Call) -> tuple[str, str]:
    """Read the owner's id and the owner's number, of which an order has one at most."""
    own, userref = call.given.optional("cl_ord_id"), read_userref(call)
    if own is not None and not OWN_ID.fullmatch(own):
        raise wrong("cl_ord_id")
    if own is not None and userref:
        raise wrong("userref")
    return own or "", userref


def read_userref(call: Call) -> str:
    """Read the owner's number, empty where none was sent."""
    text = call.given.optional("userref")
    if text is None:
        return ""
    if not USERREF.fullmatch(text) or abs(int(text)) > INT32_MAX:
        raise wrong("userref")
    return str(int(text))


def check_own(front: KrakenFront, account: int, own: str) -> None:
    """Raise a `Refusal` for the id of an open order of any pair."""
    if own and any(one.request.client_id == own for one in front.market.open_orders(account)):
        raise wrong("cl_ord_id")


def check_minimum(front: KrakenFront, asked: Asked) -> None:
    """Raise a `Refusal` for an order that is too small: what a validated order is held to."""
    bounds, request, pair = asked.pair.listing.filters, asked.request, asked.pair
    if request.qty_lots and pair.listing.qty(request.qty_lots) < bounds.min_qty:
        raise errors.MINIMUM
    ticks = request.price_ticks or request.trigger_ticks or front.market.last_ticks(pair.symbol)
    cost = Decimal(asked.note.cost or pair.cost(ticks * request.qty_lots))
    if ticks and cost < bounds.min_notional:
        raise errors.COST_MINIMUM


# Find --------------------------------------------------------------------------------------


def find(front: KrakenFront, account: int, text: str) -> Order | None:
    """Return an order of an id; raise a `Refusal` for what is no id."""
    number = names.number_of(names.ORDER, text)
    if number is None:
        raise errors.INVALID_ORDER
    found = (front.market.order(account, OrderRef(one, number)) for one in front.market.listings)
    return next((one for one in found if one is not None), None)


def find_open(front: KrakenFront, account: int, text: str) -> list[Order]:
    """Return the open orders of an id, or of an owner's number: the venue takes either."""
    if USERREF.fullmatch(text):
        return [
            one
            for one in front.market.open_orders(account)
            if front.memory.note(one.order_id).userref == str(int(text))
        ]
    found = find(front, account, text)
    return [found] if found is not None and found.status not in TERMINAL else []


def find_own(front: KrakenFront, account: int, own: str) -> list[Order]:
    """Return the open orders of an owner's id."""
    return [one for one in front.market.open_orders(account) if one.request.client_id == own]


def reference(order: Order) -> OrderRef:
    """Return what names an order to the engine."""
    return OrderRef(order.request.symbol, order.order_id)


def whole_seconds(call: Call, name: str, most: int) -> int:
    """Read a mandatory number of seconds."""
    value = whole_number(call.given.required(name), most)
    if value is None:
        raise wrong(name)
    return value
