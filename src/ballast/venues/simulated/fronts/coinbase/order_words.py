"""A new order of Coinbase, as it is read: one configuration of those the documents know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ballast.core.errors import ConfigError
from ballast.core.orders import OrderKind, OrderRequest, Side, TimeInForce
from ballast.venues.simulated.fronts.coinbase import errors
from ballast.venues.simulated.fronts.coinbase.private import check_portfolio

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.profile import Listing
    from ballast.venues.simulated.fronts.coinbase.call import Call, Fields
    from ballast.venues.simulated.fronts.coinbase.front import CoinbaseFront

CLIENT_ID_MAX = 64
SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
DIRECTIONS = {"STOP_DIRECTION_STOP_UP": True, "STOP_DIRECTION_STOP_DOWN": False}
UNSERVED = frozenset(
    {
        "trigger_bracket_gtc", "trigger_bracket_gtd", "twap_limit_gtd", "scaled_limit_gtc",
        "limit_limit_ioc", "market_market_fok",
    }
)  # fmt: skip
"""Configurations that the documents know and this venue refuses."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a configuration means: a limit order in all cases but one."""

    tif: TimeInForce = TimeInForce.GTC
    has_end: bool = False
    can_post: bool = False
    is_stop: bool = False


SHAPES = {
    "market_market_ioc": None,
    "sor_limit_ioc": Shape(TimeInForce.IOC),
    "limit_limit_gtc": Shape(can_post=True),
    "limit_limit_gtd": Shape(TimeInForce.GTD, has_end=True, can_post=True),
    "limit_limit_fok": Shape(TimeInForce.FOK),
    "stop_limit_stop_limit_gtc": Shape(is_stop=True),
    "stop_limit_stop_limit_gtd": Shape(TimeInForce.GTD, has_end=True, is_stop=True),
}


def read_order(front: CoinbaseFront, call: Call, *, own: str = "") -> OrderRequest:
    """Read an order; raise `Refusal` for a request, `OrderRefusal` for an order that cannot be."""
    given = call.given
    name, side = given.text("product_id"), given.text("side")
    configuration = given.part("order_configuration")
    leverage, margin = given.maybe("leverage"), given.maybe("margin_type")
    given.maybe("self_trade_prevention_id")
    check_portfolio(call)
    given.finish()
    listing = call.listings.get(name)
    if listing is None:
        raise errors.PRODUCT
    if side not in SIDES:
        raise errors.SIDE
    if leverage not in {"", "1"}:
        raise errors.LEVERAGE
    if margin:
        raise errors.MARGIN
    if len(configuration.values) != 1:
        raise errors.invalid("exactly one order_configuration is required")
    kind = next(iter(configuration.values))
    if kind in UNSERVED:
        raise errors.UNSUPPORTED
    if kind not in SHAPES:
        raise errors.invalid("unknown order_configuration")
    shape, part = SHAPES[kind], configuration.part(kind)
    if shape is None:
        return _market(front, listing, SIDES[side], part, own)
    return _limit(listing, SIDES[side], part, own, shape)


def _market(
    front: CoinbaseFront, listing: Listing, side: Side, part: Fields, own: str
) -> OrderRequest:
    qty, money = part.maybe_decimal("base_size"), part.maybe_decimal("quote_size")
    part.flag("rfq_disabled")
    part.flag("reduce_only")
    part.finish()
    if (qty is None) == (money is None):
        raise errors.invalid("exactly one of base_size and quote_size is required")
    if qty is not None:
        lots = _lots(listing, qty)
        return OrderRequest(listing.symbol, side, OrderKind.MARKET, lots, client_id=own)
    assert money is not None  # noqa: S101 - one of both is there
    if side is Side.SELL:
        raise errors.UNSUPPORTED
    if money % listing.tick:
        raise errors.QUOTE_GRID
    try:
        atoms = front.market.atoms(listing.quote, money)
    except ConfigError:
        raise errors.QUOTE_GRID from None
    return OrderRequest(listing.symbol, side, OrderKind.MARKET, client_id=own, quote_atoms=atoms)


def _limit(listing: Listing, side: Side, part: Fields, own: str, shape: Shape) -> OrderRequest:
    qty, price = part.decimal("base_size"), part.decimal("limit_price")
    more: dict[str, Any] = {}
    if shape.has_end:
        part.text("end_time")
        more["expire_ns"] = part.moment("end_time", 0)
    if shape.can_post:
        more["post_only"] = part.flag("post_only")
    if not shape.is_stop:
        part.flag("rfq_disabled")
    part.flag("reduce_only")
    ticks = ticks_of(listing, price)
    kind = OrderKind.LIMIT
    if shape.is_stop:
        kind = OrderKind.STOP_LIMIT
        direction = part.text("stop_direction")
        if direction not in DIRECTIONS:
            raise errors.invalid("invalid stop_direction")
        more["trigger_ticks"] = ticks_of(listing, part.decimal("stop_price"))
        more["trigger_rises"] = DIRECTIONS[direction]
    part.finish()
    request = OrderRequest(
        listing.symbol, side, kind, _lots(listing, qty), ticks, client_id=own, tif=shape.tif, **more
    )
    _check_stop(request)
    return request


def _check_stop(request: OrderRequest) -> None:
    """Raise for a stop whose limit could not trade once it is reached."""
    stop, limit = request.trigger_ticks, request.price_ticks
    if not stop:
        return
    if request.side is Side.BUY and request.trigger_rises and stop > limit:
        raise errors.STOP_ABOVE_LIMIT
    if request.side is Side.SELL and not request.trigger_rises and stop < limit:
        raise errors.STOP_BELOW_LIMIT


def ticks_of(listing: Listing, price: Any) -> int:  # noqa: ANN401 - a decimal
    """Return a price in ticks; raise for one off the grid."""
    found = listing.ticks(price)
    if found is None:
        raise errors.PRICE_GRID
    return found


def _lots(listing: Listing, qty: Any) -> int:  # noqa: ANN401 - a decimal
    found = listing.lots(qty)
    if found is None:
        raise errors.BASE_GRID
    return found


def client_id(call: Call) -> str:
    """Return the mandatory id that the client gives its order."""
    own = call.given.text("client_order_id")
    if len(own) > CLIENT_ID_MAX or not own.isprintable() or not own.isascii():
        raise errors.invalid("invalid client_order_id")
    return own
