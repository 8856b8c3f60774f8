"""Algo orders of OKX: conditional, oco, trigger and move_order_stop, placed, amended, cancelled."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.instrument import Kind
from ballast.core.orders import (
    AmendRequest,
    ListKind,
    ListRequest,
    OrderKind,
    OrderRef,
    OrderRequest,
    PositionMode,
    RejectReason,
    Side,
    TriggerBy,
)
from ballast.venues.simulated.engine.outcomes import Rejected
from ballast.venues.simulated.fronts.okx import (
    algo_words,
    conditions,
    errors,
    ids,
    orders,
    settings,
)
from ballast.venues.simulated.fronts.okx.batch import Batch, each
from ballast.venues.simulated.fronts.okx.errors import Refusal
from ballast.venues.simulated.fronts.okx.memory import Note
from ballast.venues.simulated.fronts.okx.words import MARKET_PX

if TYPE_CHECKING:
    from ballast.core.orders import Order
    from ballast.venues.simulated.engine.profile import Listing
    from ballast.venues.simulated.fronts.okx.algo_words import Algo
    from ballast.venues.simulated.fronts.okx.call import Call
    from ballast.venues.simulated.fronts.okx.front import OkxFront

TYPES = ("conditional", "oco", "trigger", "move_order_stop")
CALLBACK = (Decimal("0.001"), Decimal(1))
PPM = 1_000_000
CANCELS_MAX = 10
ECHOES = ("algoId", "algoClOrdId", "clOrdId", "tag")
_CALLBACK = Refusal(51257, "Trail order callback rate error")


def place(front: OkxFront, call: Call) -> Batch:
    """POST /api/v5/trade/order-algo."""
    return each(front, call, _place, ECHOES)


def _place(front: OkxFront, call: Call) -> dict[str, str]:
    front.count_order(call)
    listing = call.listing()
    td_mode = settings.trade_mode(call, listing, as_algo=True)
    kind = call.choice("ordType", TYPES)
    own, tag = call.own("algoClOrdId"), call.tag()
    like = _like(front, call, listing, kind, own)
    legs = _READERS[kind](front, call, listing, like)
    _check_unit(call, listing, legs)
    if own and algo_words.find(front, call.account, list(call.listings), own=own, is_live=True):
        raise errors.DUPLICATE_ALGO
    if td_mode != "cash":
        front.settings.use(call.account, listing.symbol, settings.MODES[td_mode])
    if len(legs) > 1:
        named = tuple(
            replace(one, client_id=f"{one.client_id}/{number}" if own else "")
            for number, one in enumerate(legs)
        )
        group = ListRequest(listing.symbol, ListKind.OCO, named, like.client_id)
        outcome = front.market.submit_list(call.account, group)
    else:
        outcome = front.market.submit(call.account, legs[0])
    if isinstance(outcome, Rejected):
        raise errors.rejected(outcome, _passed(front, legs))
    for order in outcome.orders:
        front.memory.keep(order.order_id, Note(tag=tag, td_mode=td_mode))
    number = ids.algo_number(outcome.orders[0])
    return {"algoId": str(number), "clOrdId": "", "algoClOrdId": own, "tag": tag}


def _passed(front: OkxFront, legs: tuple[OrderRequest, ...]) -> OrderRequest:
    """Return the leg to name in a refusal: the first whose trigger has passed."""
    for leg in legs:
        ticks = price_now(front, leg.symbol, leg.trigger_by)
        gains = leg.kind in conditions.KINDS["tp"]
        waits_above = gains is (leg.side is Side.SELL)
        if ticks and (ticks >= leg.trigger_ticks) is waits_above:
            return leg
    return legs[0]


def price_now(front: OkxFront, symbol: str, by: TriggerBy) -> int:
    """Return the price that a trigger looks at, 0 before there is one."""
    last = front.market.last_ticks(symbol)
    if by is TriggerBy.LAST or front.market.listings[symbol].kind is Kind.SPOT:
        return last
    view = front.market.perpetual(symbol)
    return view.mark_ticks if by is TriggerBy.MARK else view.index_ticks


def _like(front: OkxFront, call: Call, listing: Listing, kind: str, own: str) -> OrderRequest:
    """Read what every type has: side, position, size."""
    side = orders.SIDES[call.choice("side", tuple(orders.SIDES))]
    mode = front.market.position_mode(call.account)
    which = settings.position_side(call, listing, mode)
    reduces = orders.reduce_only(call, listing, which)
    closes = _closes(call, listing, kind, reduces=reduces or mode is PositionMode.HEDGE)
    if not closes:
        call.given.required("sz")
    return OrderRequest(
        listing.symbol,
        side,
        OrderKind.STOP_MARKET,
        qty_lots=0 if closes else call.lots(listing, "sz"),
        client_id=ids.ALGO_MARK + own if own else "",
        reduce_only=reduces and not closes,
        close_position=closes,
        position_side=which,
    )


def _closes(call: Call, listing: Listing, kind: str, *, reduces: bool) -> bool:
    """Read `closeFraction`: 1 closes whatever the position is by then."""
    text = call.given.optional("closeFraction")
    if text is None:
        return False
    if text != "1":
        raise errors.wrong("closeFraction")
    if listing.kind is Kind.SPOT:
        raise Refusal(51327, "closeFraction is only available for Futures and Perpetual swaps")
    if not reduces:
        raise Refusal(51328, "closeFraction is only available for reduceOnly orders")
    market_only = all(
        call.given.values.get(name, MARKET_PX) == MARKET_PX for name in ("tpOrdPx", "slOrdPx")
    )
    if kind not in {"conditional", "oco"} or not market_only:
        raise Refusal(51330, "closeFraction is only available for stop market orders")
    return True


def _check_unit(call: Call, listing: Listing, legs: tuple[OrderRequest, ...]) -> None:
    """Raise a `Refusal` for a size in quote: an order that waits cannot be sized so here.

    At the venue that is the default of a market buy of spot.
    """
    unit = call.given.optional("tgtCcy")
    if unit not in {None, "base_ccy", "quote_ccy"}:
        raise errors.wrong("tgtCcy")
    if listing.kind is not Kind.SPOT:
        return
    buys_at_market = any(one.side is Side.BUY and not one.price_ticks for one in legs)
    if unit == "quote_ccy" or (unit is None and buys_at_market):
        raise errors.wrong("tgtCcy")


def _conditional(
    _front: OkxFront, call: Call, listing: Listing, like: OrderRequest
) -> tuple[OrderRequest, ...]:
    """Read one of take-profit and stop-loss; with both the venue drops the take-profit."""
    gain, stop = (conditions.leg(call, listing, which, like) for which in ("tp", "sl"))
    found = stop or gain
    if found is None:
        raise errors.either("tpTriggerPx", "slTriggerPx")
    return (found,)


def _oco(
    _front: OkxFront, call: Call, listing: Listing, like: OrderRequest
) -> tuple[OrderRequest, ...]:
    call.given.required("tpTriggerPx")
    call.given.required("slTriggerPx")
    found = (conditions.leg(call, listing, which, like) for which in ("tp", "sl"))
    return tuple(one for one in found if one is not None)


def _trigger(
    front: OkxFront, call: Call, listing: Listing, like: OrderRequest
) -> tuple[OrderRequest, ...]:
    """Read an order that waits for a price from whichever side it lies on."""
    call.given.required("triggerPx")
    ticks = call.ticks(listing, "triggerPx")
    price = conditions.order_ticks(call, listing, "orderPx")
    by = conditions.trigger_by(call, "triggerPxType")
    request = replace(
        like,
        kind=OrderKind.STOP_LIMIT if price else OrderKind.STOP_MARKET,
        price_ticks=price,
        trigger_ticks=ticks,
        trigger_by=by,
        trigger_rises=ticks > price_now(front, listing.symbol, by),
    )
    return (request,)


def _trailing(
    _front: OkxFront, call: Call, listing: Listing, like: OrderRequest
) -> tuple[OrderRequest, ...]:
    share, spread = call.maybe_decimal("callbackRatio"), call.ticks(listing, "callbackSpread")
    if (share is None) == (not spread):
        raise (
            errors.either("callbackRatio", "callbackSpread")
            if share is None
            else errors.both("callbackRatio", "callbackSpread")
        )
    ppm = 0
    if share is not None:
        ppm = int(share * PPM)
        if not CALLBACK[0] <= share < CALLBACK[1] or ppm != share * PPM:
            raise _CALLBACK
    request = replace(
        like,
        kind=OrderKind.TRAILING_STOP,
        trail_ppm=ppm,
        trail_ticks=spread,
        activation_ticks=call.ticks(listing, "activePx"),
    )
    return (request,)


_READERS = {
    "conditional": _conditional,
    "oco": _oco,
    "trigger": _trigger,
    "move_order_stop": _trailing,
}


# Cancel and amend --------------------------------------------------------------------------


def _meant(front: OkxFront, call: Call) -> Algo | None:
    """Return the algo order that is meant, wherever it stands."""
    listing = call.listing()
    text, own = call.given.optional("algoId"), call.given.optional("algoClOrdId")
    if text is None and own is None:
        raise errors.either("algoId", "algoClOrdId")
    names = [listing.symbol]
    if text is not None:
        return algo_words.find(front, call.account, names, text=text)
    return algo_words.find(front, call.account, names, own=own or "")


def cancel_many(front: OkxFront, call: Call) -> Batch:
    """POST /api/v5/trade/cancel-algos."""
    return each(front, call, _cancel, ECHOES, many=True, most=CANCELS_MAX)


def _cancel(front: OkxFront, call: Call) -> dict[str, str]:
    found = _meant(front, call)
    waiting = found.waiting if found is not None else None
    if found is None or waiting is None:
        raise errors.NOT_CANCELLED
    ref = OrderRef(waiting.request.symbol, waiting.order_id)
    if isinstance(front.market.cancel(call.account, ref), Rejected):
        raise errors.NOT_CANCELLED
    return {
        "algoId": str(found.number), "algoClOrdId": found.own, "clOrdId": "",
        "tag": front.memory.note(waiting.order_id).tag,
    }  # fmt: skip


def amend(front: OkxFront, call: Call) -> Batch:
    """POST /api/v5/trade/amend-algos."""
    return each(front, call, _amend, ("algoId", "algoClOrdId", "reqId"))


def _amend(front: OkxFront, call: Call) -> dict[str, str]:
    found = _meant(front, call)
    listing = call.listing()
    request_id, ends = call.own("reqId"), call.flag("cxlOnFail")
    lots = call.lots(listing, "newSz")
    prefixes = {one.order_id: _prefix(one) for one in found.legs} if found is not None else {}
    changes = {name: _change(call, listing, name) for name in {*prefixes.values()}}
    waiting = found.waiting if found is not None else None
    if found is None or waiting is None:
        raise errors.NOT_AMENDED
    if not lots and not any(any(one) for one in changes.values()):
        raise errors.NOTHING_TO_AMEND
    wanted = [(leg, *changes[prefixes[leg.order_id]]) for leg in found.legs]
    if any(
        price and (price == MARKET) == bool(leg.request.price_ticks) for leg, _, price in wanted
    ):
        raise errors.NOT_AMENDABLE
    try:
        _amend_legs(front, call.account, wanted, lots)
    except Refusal:
        if ends:
            front.market.cancel(call.account, OrderRef(listing.symbol, waiting.order_id))
        raise
    return {"algoId": str(found.number), "algoClOrdId": found.own, "reqId": request_id}


def _amend_legs(
    front: OkxFront, account: int, wanted: list[tuple[Order, int, int]], lots: int
) -> None:
    """Change each leg; raise a `Refusal` for one that cannot be, or if all stay as they are."""
    unchanged = 0
    for leg, trigger, price in wanted:
        ref = OrderRef(leg.request.symbol, leg.order_id)
        change = AmendRequest(ref, lots, max(price, 0), trigger)
        outcome = front.market.amend(account, change)
        if isinstance(outcome, Rejected) and outcome.reason is RejectReason.NO_CHANGE:
            unchanged += 1
        elif isinstance(outcome, Rejected):
            changed = replace(leg.request, trigger_ticks=trigger or leg.request.trigger_ticks)
            raise orders.AMENDED.get(outcome.reason) or errors.rejected(outcome, changed)
    if unchanged == len(wanted):
        raise orders.AMENDED[RejectReason.NO_CHANGE]


MARKET = -1
"""Order price of a change: the market."""


def _prefix(leg: Order) -> str:
    """Return how the parameters that change a leg begin."""
    if algo_words.kind_of((leg,)) in {"trigger", "move_order_stop"}:
        return "new"
    return "newTp" if leg.request.kind in conditions.KINDS["tp"] else "newSl"


def _change(call: Call, listing: Listing, prefix: str) -> tuple[int, int]:
    """Read the trigger and the order price of one leg; 0 where it stays."""
    trigger = call.ticks(listing, f"{prefix}TriggerPx")
    if call.given.optional(f"{prefix}TriggerPxType") not in {None, "last"}:
        raise errors.NOT_AMENDABLE
    text = call.given.optional(f"{prefix}OrdPx")
    price = MARKET if text == MARKET_PX else call.ticks(listing, f"{prefix}OrdPx")
    return trigger, price


# Read --------------------------------------------------------------------------------------


def query(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/trade/order-algo."""
    text, own = call.given.optional("algoId"), call.given.optional("algoClOrdId")
    if text is None and own is None:
        raise errors.either("algoId", "algoClOrdId")
    names = list(call.listings)
    found = algo_words.find(front, call.account, names, text=text or "", own=own or "")
    if found is None:
        raise errors.NO_SUCH_ORDER
    return [algo_words.printed(front, found)]


def _chosen(front: OkxFront, call: Call) -> list[Algo]:
    """Return the algo orders of the asked types and instruments, the newest first."""
    kinds = set(call.given.required("ordType").split(","))
    if kinds - {*TYPES, "iceberg", "twap", "chase", "smart_iceberg"}:
        raise errors.wrong("ordType")
    text = call.given.optional("algoId")
    names = [one.symbol for one in call.chosen(needs_type=False)]
    found = algo_words.algos_of(front, call.account, names)
    return [
        one for one in reversed(found)
        if one.kind in kinds and text in {None, str(one.number)}
    ]  # fmt: skip


def pending(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/trade/orders-algo-pending."""
    found = [one for one in _chosen(front, call) if one.state == "live"]
    chosen = call.page(found, lambda one: one.number)
    return [algo_words.printed(front, one) for one in chosen]


def history(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/trade/orders-algo-history."""
    state = call.given.optional("state")
    found = [one for one in _chosen(front, call) if one.state != "live"]
    if state is None and not call.given.has("algoId"):
        raise errors.either("state", "algoId")
    if state not in {None, "effective", "canceled", "order_failed"}:
        raise errors.wrong("state")
    rows = [one for one in found if state in {None, one.state}]
    chosen = call.page(rows, lambda one: one.number)
    return [algo_words.printed(front, one) for one in chosen]
