"""Orders of OKX: what a client may send, and what it means to the engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ballast.core.errors import ConfigError
from ballast.core.instrument import Kind
from ballast.core.orders import (
    AmendRequest,
    ListKind,
    ListRequest,
    OrderKind,
    OrderRef,
    OrderRequest,
    OrderStatus,
    PositionSide,
    RejectReason,
    SelfTrade,
    Side,
    TimeInForce,
)
from ballast.venues.simulated.engine.outcomes import Rejected
from ballast.venues.simulated.fronts.okx import attached, errors, ids, risk, settings
from ballast.venues.simulated.fronts.okx.batch import Batch, each
from ballast.venues.simulated.fronts.okx.errors import Refusal
from ballast.venues.simulated.fronts.okx.memory import Note

if TYPE_CHECKING:
    from ballast.core.orders import Order
    from ballast.venues.simulated.engine.profile import Listing
    from ballast.venues.simulated.fronts.okx.call import Call
    from ballast.venues.simulated.fronts.okx.front import OkxFront

TYPES = ("market", "limit", "post_only", "fok", "ioc", "optimal_limit_ioc")
SIDES = {"buy": Side.BUY, "sell": Side.SELL}
TIFS = {"fok": TimeInForce.FOK, "ioc": TimeInForce.IOC}
SELF_TRADE = {
    "cancel_maker": SelfTrade.CANCEL_MAKER,
    "cancel_taker": SelfTrade.CANCEL_TAKER,
    "cancel_both": SelfTrade.CANCEL_BOTH,
}
AMENDED = {
    RejectReason.UNKNOWN_ORDER: errors.NOT_AMENDED,
    RejectReason.ALREADY_FILLED: errors.NOT_AMENDED,
    RejectReason.INSUFFICIENT_BALANCE: Refusal(
        51502, "Order modification failed for insufficient margin or balance"
    ),
    RejectReason.INSUFFICIENT_MARGIN: Refusal(
        51502, "Order modification failed for insufficient margin or balance"
    ),
    RejectReason.WOULD_TRADE: Refusal(
        51511, "Operation failed as the order price doesn't meet the requirement for Post Only."
    ),
    RejectReason.NO_CHANGE: Refusal(52000, "No updates"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A new order as it was read."""

    request: OrderRequest
    note: Note
    legs: tuple[OrderRequest, ...] = ()
    list_own: str = ""


def read(front: OkxFront, call: Call) -> Asked:
    """Read a new order; raise a `Refusal` or `BadParameter` for what cannot be."""
    listing = call.listing()
    td_mode = settings.trade_mode(call, listing)
    side = SIDES[call.choice("side", tuple(SIDES))]
    kind = call.choice("ordType", TYPES)
    is_market = kind in {"market", "optimal_limit_ioc"}
    if kind == "optimal_limit_ioc" and listing.kind is Kind.SPOT:
        raise errors.wrong("ordType")
    which = settings.position_side(call, listing, front.market.position_mode(call.account))
    price = call.ticks(listing, "px")
    if not is_market and not price:
        raise errors.NO_PRICE
    lots, money, tgt_ccy = _size(front, call, listing, side, is_market=is_market)
    request = OrderRequest(
        listing.symbol,
        side,
        OrderKind.MARKET if is_market else OrderKind.LIMIT,
        price_ticks=0 if is_market else price,
        client_id=call.own("clOrdId"),
        tif=TIFS.get(kind, TimeInForce.GTC),
        post_only=kind == "post_only",
        reduce_only=reduce_only(call, listing, which),
        position_side=which,
        self_trade=_self_trade(call),
        qty_lots=lots,
        quote_atoms=money,
    )
    legs, own = attached.read(front, call, request)
    note = Note(
        tag=call.tag(),
        td_mode=td_mode,
        tgt_ccy=tgt_ccy,
        sz=call.given.required("sz") if money else "",
        ord_type=kind if kind == "optimal_limit_ioc" else "",
        attached=attached.printed(front, legs, own),
    )
    return Asked(request, note, legs, own)


def reduce_only(call: Call, listing: Listing, which: PositionSide) -> bool:
    """Read `reduceOnly`: spot has nothing to reduce, a hedged side says it by itself."""
    wanted = call.flag("reduceOnly")
    if wanted and listing.kind is Kind.SPOT:
        raise Refusal(
            51139, "Reduce-only feature is unavailable for the spot transactions by spot mode."
        )
    return wanted and which is PositionSide.BOTH


def _size(
    front: OkxFront, call: Call, listing: Listing, side: Side, *, is_market: bool
) -> tuple[int, int, str]:
    """Read `sz`: base units or contracts, or quote for a market order of spot that says so.

    A market buy of spot is in quote unless it says otherwise.
    """
    call.given.required("sz")
    sent = call.given.optional("tgtCcy")
    if sent is not None and sent not in {"base_ccy", "quote_ccy"}:
        raise errors.wrong("tgtCcy")
    if listing.kind is not Kind.SPOT or not is_market:
        return call.lots(listing, "sz"), 0, ""
    unit = sent or ("quote_ccy" if side is Side.BUY else "base_ccy")
    if unit == "base_ccy":
        return call.lots(listing, "sz"), 0, unit
    money = call.maybe_decimal("sz")
    assert money is not None  # noqa: S101 - required above
    try:
        return 0, front.market.atoms(listing.quote, money), unit
    except ConfigError:  # more digits than the asset has
        raise errors.wrong("sz") from None


def _self_trade(call: Call) -> SelfTrade | None:
    text = call.given.optional("stpMode")
    if text is None:
        return None
    if text not in SELF_TRADE:
        raise errors.wrong("stpMode")
    return SELF_TRADE[text]


# Place -------------------------------------------------------------------------------------


def place(front: OkxFront, call: Call) -> Batch:
    """POST /api/v5/trade/order."""
    return each(front, call, _place, ("ordId", "clOrdId", "tag"))


def place_many(front: OkxFront, call: Call) -> Batch:
    """POST /api/v5/trade/batch-orders."""
    return each(front, call, _place, ("ordId", "clOrdId", "tag"), many=True)


def _place(front: OkxFront, call: Call) -> dict[str, str]:
    front.count_order(call)
    asked = read(front, call)
    check_own(front, call.account, asked.request.client_id)
    if asked.note.td_mode != "cash":
        mode = settings.MODES[asked.note.td_mode]
        front.settings.use(call.account, asked.request.symbol, mode)
    _check_closable(front, call.account, asked.request)
    if asked.legs:
        group = ListRequest(
            asked.request.symbol,
            ListKind.BRACKET,
            (asked.request, *asked.legs),
            ids.ALGO_MARK + asked.list_own if asked.list_own else "",
            sizes_by_fill=True,
        )
        outcome = front.market.submit_list(call.account, group)
    else:
        outcome = front.market.submit(call.account, asked.request)
    if isinstance(outcome, Rejected):
        raise errors.rejected(outcome, asked.request)
    order = outcome.orders[0]
    front.memory.keep(order.order_id, asked.note)
    for leg in outcome.orders[1:]:
        front.memory.keep(leg.order_id, Note(tag=asked.note.tag, td_mode=asked.note.td_mode))
    return {
        "clOrdId": asked.request.client_id,
        "ordId": ids.order_id(order.order_id),
        "tag": asked.note.tag,
        "ts": str(call.now_ms),
    }


def _check_closable(front: OkxFront, account: int, asked: OrderRequest) -> None:
    """Raise 51112 for an order that closes more of a hedged position than is left to close."""
    which = asked.position_side
    closes = which is not PositionSide.BOTH and (which is PositionSide.LONG) != (asked.side > 0)
    if not closes:
        return
    held = front.market.position(account, asked.symbol, which)
    if held.qty_lots and asked.qty_lots > risk.closable_lots(front, held):
        raise errors.NOT_CLOSABLE


def check_own(front: OkxFront, account: int, own: str) -> None:
    """Raise 51016 for the id of an open order of any instrument."""
    if not own:
        return
    for symbol in front.market.listings:
        found = front.market.order(account, OrderRef(symbol, client_id=own))
        if found is not None and not is_over(found):
            raise errors.DUPLICATE


def is_over(order: Order) -> bool:
    """Tell whether nothing can happen to an order any more."""
    return order.status in {
        OrderStatus.FILLED, OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.REJECTED,
    }  # fmt: skip


# Find, cancel, amend -----------------------------------------------------------------------


def reference(call: Call, symbol: str) -> OrderRef:
    """Read which order is meant; `ordId` wins over `clOrdId`."""
    text, own = call.given.optional("ordId"), call.given.optional("clOrdId")
    if text is None and own is None:
        raise errors.either("ordId", "clOrdId")
    if text is None:
        return OrderRef(symbol, client_id=own or "")
    return OrderRef(symbol, ids.order_number(text) or -1)


def find(front: OkxFront, account: int, ref: OrderRef) -> Order | None:
    """Return an order; an algo order is one only once it has triggered."""
    if ref.client_id.startswith(ids.ALGO_MARK):
        return None
    found = front.market.order(account, ref)
    return found if found is not None and is_order(found) else None


def is_order(order: Order) -> bool:
    """Tell whether the venue shows it among orders: not while, or if ever, it only waited."""
    return bool(order.triggered_ns) or not ids.is_algo(order)


def cancel(front: OkxFront, call: Call) -> Batch:
    """POST /api/v5/trade/cancel-order."""
    return each(front, call, _cancel, ("ordId", "clOrdId"))


def cancel_many(front: OkxFront, call: Call) -> Batch:
    """POST /api/v5/trade/cancel-batch-orders."""
    return each(front, call, _cancel, ("ordId", "clOrdId"), many=True)


def _cancel(front: OkxFront, call: Call) -> dict[str, str]:
    ref = reference(call, call.listing().symbol)
    found = find(front, call.account, ref)
    if found is None:
        raise errors.NOT_CANCELLED
    outcome = front.market.cancel(call.account, OrderRef(ref.symbol, found.order_id))
    if isinstance(outcome, Rejected):
        raise errors.NOT_CANCELLED
    order = outcome.order
    return {
        "clOrdId": ids.own_id(order),
        "ordId": ids.order_id(order.order_id),
        "ts": str(call.now_ms),
    }


def amend(front: OkxFront, call: Call) -> Batch:
    """POST /api/v5/trade/amend-order."""
    return each(front, call, _amend, ("ordId", "clOrdId", "reqId"))


def amend_many(front: OkxFront, call: Call) -> Batch:
    """POST /api/v5/trade/amend-batch-orders."""
    return each(front, call, _amend, ("ordId", "clOrdId", "reqId"), many=True)


def _amend(front: OkxFront, call: Call) -> dict[str, str]:
    listing = call.listing()
    ref = reference(call, listing.symbol)
    request_id = call.own("reqId")
    ends = call.flag("cxlOnFail")
    lots, ticks = call.lots(listing, "newSz"), call.ticks(listing, "newPx")
    for name in ("newTpTriggerPx", "newSlTriggerPx", "attachAlgoOrds", "newPxUsd", "newPxVol"):
        if call.given.optional(name) is not None:
            raise errors.NOT_AMENDABLE
    if not lots and not ticks:
        raise errors.NOTHING_TO_AMEND
    found = find(front, call.account, ref)
    if found is None:
        raise errors.NOT_AMENDED
    ref = OrderRef(listing.symbol, found.order_id)
    outcome = front.market.amend(call.account, AmendRequest(ref, lots, ticks))
    if isinstance(outcome, Rejected):
        if ends:
            front.market.cancel(call.account, ref)
        raise AMENDED.get(outcome.reason) or errors.rejected(outcome)
    note = front.memory.note(found.order_id)
    if lots and note.sz:
        front.memory.keep(found.order_id, replace(note, sz=""))
    return {
        "clOrdId": ids.own_id(found),
        "ordId": ids.order_id(found.order_id),
        "reqId": request_id,
        "ts": str(call.now_ms),
    }


# Everything at once ------------------------------------------------------------------------


def close_position(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /api/v5/trade/close-position."""
    listing = call.swap()
    call.choice("mgnMode", tuple(settings.MODES))
    which = settings.position_side(call, listing, front.market.position_mode(call.account))
    own, tag, cancels = call.own("clOrdId"), call.tag(), call.flag("autoCxl")
    position = front.market.position(call.account, listing.symbol, which)
    if not position.qty_lots:
        raise errors.NO_POSITION
    side = Side.SELL if position.qty_lots > 0 else Side.BUY
    closing = [
        one
        for one in front.market.open_orders(call.account, listing.symbol)
        if one.request.side is side
        and one.request.position_side is which
        and is_order(one)
        and (one.request.reduce_only or which is not PositionSide.BOTH)
    ]
    if closing and not cancels:
        raise Refusal(51115, "Cancel all pending close-orders before liquidation.")
    check_own(front, call.account, own)
    for one in closing:
        front.market.cancel(call.account, OrderRef(listing.symbol, one.order_id))
    request = OrderRequest(
        listing.symbol, side, OrderKind.MARKET, abs(position.qty_lots), client_id=own,
        reduce_only=which is PositionSide.BOTH, position_side=which,
    )  # fmt: skip
    outcome = front.market.submit(call.account, request)
    if isinstance(outcome, Rejected):
        raise errors.rejected(outcome, request)
    front.memory.keep(outcome.order.order_id, Note(tag=tag, td_mode="cross"))
    sides = {one: name for name, one in settings.SIDES.items()}
    return [{"clOrdId": own, "instId": listing.symbol, "posSide": sides[which], "tag": tag}]


COUNTDOWN_S = (10, 120)


def cancel_all_after(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /api/v5/trade/cancel-all-after: of the account; a tag narrows nothing here."""
    call.given.required("timeOut")
    seconds = call.whole("timeOut", 0)
    if call.given.optional("tag") is not None:
        raise errors.wrong("tag")
    if seconds and not COUNTDOWN_S[0] <= seconds <= COUNTDOWN_S[1]:
        raise errors.wrong("timeOut")
    front.market.countdown(call.account, None, seconds * 1_000)
    due = str(call.now_ms + seconds * 1_000) if seconds else "0"
    return [{"triggerTime": due, "tag": "", "ts": str(call.now_ms)}]
