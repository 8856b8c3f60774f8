"""Trading on Kraken: orders are placed, changed and cancelled; each costs points of its pair."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ballast.core.orders import AmendRequest, OrderKind, OrderStatus, RejectReason
from ballast.venues.simulated.engine.outcomes import HalfDone, Rejected
from ballast.venues.simulated.fronts.kraken import counters, errors, names, orders
from ballast.venues.simulated.fronts.kraken.call import flat
from ballast.venues.simulated.fronts.kraken.encoding import SECOND_NS, iso
from ballast.venues.simulated.fronts.kraken.errors import Refusal, wrong
from ballast.venues.simulated.fronts.kraken.words import description

if TYPE_CHECKING:
    from ballast.core.orders import Order
    from ballast.venues.simulated.fronts.kraken.call import Call
    from ballast.venues.simulated.fronts.kraken.front import KrakenFront
    from ballast.venues.simulated.fronts.kraken.orders import Asked

BATCH_MIN, BATCH_MAX, CANCELS_MAX = 2, 15, 50
COUNTDOWN_MAX_S = 86_400
AGES = {"amend": counters.AMEND_AGES_S, "edit": counters.EDIT_AGES_S}


def add(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """AddOrder; with `validate` it is only looked at."""
    validates = receive(front, call, 1)
    asked = orders.read(front, call)
    call.check_deadline()
    call.given.finish()
    if validates:
        orders.check_minimum(front, asked)
        return {"descr": {"order": asked.words}}
    order = place(front, call, asked)
    return {"descr": {"order": asked.words}, "txid": [names.txid(names.ORDER, order.order_id)]}


def receive(front: KrakenFront, call: Call, points: int) -> bool:
    """Count an order as it comes, whatever is wrong with it; tell whether it is only looked at."""
    pair, validates = call.pair(), call.flag("validate")
    if not validates:
        spend(front, call, pair.symbol, points)
    return validates


def place(front: KrakenFront, call: Call, asked: Asked) -> Order:
    """Place an order; raise a `Refusal` for one the venue does not take."""
    orders.check_own(front, call.account, asked.request.client_id)
    outcome = front.market.submit(call.account, asked.request)
    if isinstance(outcome, Rejected):
        raise errors.rejected(outcome)
    front.memory.keep(outcome.order.order_id, asked.note)
    return outcome.order


def spend(front: KrakenFront, call: Call, symbol: str, points: int) -> None:
    """Count points of a pair; raise a `Refusal` for one too many, which counts all the same."""
    who = f"{call.account}/{symbol}"
    if not front.trading.spend(who, points, call.now_ns, always=True):
        raise errors.ORDERS


def add_many(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """AddOrderBatch: all are read before one is placed; what the engine refuses stops no other."""
    elements = call.lists.pop("orders", [])
    if not BATCH_MIN <= len(elements) <= BATCH_MAX:
        raise wrong("orders")
    validates = receive(front, call, -(-len(elements) // 2))
    pair = call.pair()
    call.check_deadline()
    call.given.finish()
    found = [_read_one(front, call, one, pair.key) for one in elements]
    items: list[dict[str, Any]] = []
    for asked in found:
        said: dict[str, Any] = {"descr": {"order": asked.words}}
        try:
            if validates:
                orders.check_minimum(front, asked)
            else:
                order = place(front, call, asked)
                said["txid"] = names.txid(names.ORDER, order.order_id)
        except Refusal as refusal:
            said = {"error": refusal.text}
        items.append(said)
    return {"orders": items}


def _read_one(front: KrakenFront, call: Call, one: Any, pair: str) -> Asked:  # noqa: ANN401 - JSON
    given, _ = flat(one)
    if given.has("pair"):
        raise wrong("pair")
    given.values["pair"] = pair
    inner = replace(call, given=given)
    asked = orders.read(front, inner)
    given.finish()
    return asked


# Change ------------------------------------------------------------------------------------


def _meant(front: KrakenFront, call: Call) -> Order:
    """Return the open order that `txid` or `cl_ord_id` means."""
    text, own = call.given.optional("txid"), call.given.optional("cl_ord_id")
    if (text is None) is (own is None):
        raise wrong("txid")
    if text is not None:
        found = orders.find_open(front, call.account, text)
    else:
        found = orders.find_own(front, call.account, own or "")
    if len(found) != 1:
        raise errors.UNKNOWN_ORDER
    return found[0]


def _spend_change(front: KrakenFront, call: Call, order: Order, kind: str) -> None:
    age_ns = front.market.now_ns - front.memory.since_ns(order)
    points = 1 + counters.by_age(AGES[kind], age_ns)
    spend(front, call, order.request.symbol, points)


def amend(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """AmendOrder: the order keeps its ids, and its place where it only gets smaller."""
    order = _meant(front, call)
    pair = front.pairs.of(order.request.symbol)
    if call.given.optional("pair") is not None and call.pair() != pair:
        raise errors.PAIR
    if call.given.optional("display_qty") is not None:  # the engine changes all of an iceberg
        raise wrong("display_qty")
    trails = order.request.kind is OrderKind.TRAILING_STOP
    if trails and call.given.optional("trigger_price") is not None:
        raise wrong("trigger_price")
    lots = orders.read_lots(call, pair, "order_qty")
    limit = orders.read_ticks(call, pair, "limit_price")
    trigger = orders.read_ticks(call, pair, "trigger_price")
    post_only = call.flag("post_only")
    call.check_deadline()
    call.given.finish()
    _spend_change(front, call, order, "amend")
    if not (lots or limit or trigger):
        raise errors.ARGUMENTS
    if post_only and order.status is not OrderStatus.UNTRIGGERED:
        _refuse_taking(front, order, limit)
    asked = AmendRequest(orders.reference(order), lots, limit, trigger)
    outcome = front.market.amend(call.account, asked)
    if isinstance(outcome, Rejected) and outcome.reason is not RejectReason.NO_CHANGE:
        raise errors.rejected(outcome)
    front.memory.amended(order.order_id, front.market.now_ns)
    return {"amend_id": front.new_amend_id()}


def _refuse_taking(front: KrakenFront, order: Order, limit: int) -> None:
    """Raise a `Refusal` where the new price would trade at once."""
    bid, ask = front.market.best(order.request.symbol)
    best = ask if order.request.side > 0 else bid
    if limit and best and (limit - best) * order.request.side >= 0:
        raise errors.POST_ONLY


def edit(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """EditOrder: another order in place of the old one. It has no word for an owner's id."""
    order = _edited(front, call)
    asked = order.request
    pair = front.pairs.of(asked.symbol)
    lots = orders.read_lots(call, pair, "volume") or order.left_lots
    first = orders.read_ticks(call, pair, "price")
    second = orders.read_ticks(call, pair, "price2")
    shown = orders.read_lots(call, pair, "displayvol") or asked.display_lots
    note = front.memory.note(order.order_id)
    flags = call.given.optional("oflags") and orders.read_flags(call, note.order_type, asked.side)
    userref = orders.read_userref(call)
    validates = call.flag("validate")
    call.given.allow("cancel_response", "asset_class")
    call.check_deadline()
    call.given.finish()
    if asked.trigger_ticks:
        changed = replace(asked, trigger_ticks=first or asked.trigger_ticks,
                          price_ticks=second or asked.price_ticks)  # fmt: skip
    elif second or (first and not asked.price_ticks):
        raise wrong("price2" if second else "price")
    else:
        changed = replace(asked, price_ticks=first or asked.price_ticks)
    changed = replace(changed, qty_lots=lots, display_lots=shown,
                      post_only="post" in flags if flags else asked.post_only)  # fmt: skip
    note = replace(note, userref=userref or note.userref, flags=flags or note.flags)
    if validates:
        orders.check_minimum(front, orders.Asked(pair, changed, note))
    else:
        _spend_change(front, call, order, "edit")
    new = None if validates else _replaced(front, call, order, orders.Asked(pair, changed, note))
    limit = pair.price(changed.price_ticks)
    price = pair.price(changed.trigger_ticks) if changed.trigger_ticks else limit
    price2 = limit if changed.trigger_ticks and changed.price_ticks else "0"
    volume = pair.volume(lots)
    said = description(pair, asked.side, volume, note.order_type, price, price2)
    return {
        "status": "ok",
        "txid": "" if new is None else names.txid(names.ORDER, new.order_id),
        "originaltxid": names.txid(names.ORDER, order.order_id),
        "volume": volume,
        "price": price,
        "price2": price2,
        "orders_cancelled": 0 if new is None else 1,
        "descr": {"order": said["order"]},
    }


def _edited(front: KrakenFront, call: Call) -> Order:
    """Return the order that is edited; one with an owner's id, or that trails, cannot be."""
    text = call.given.required("txid")
    found = orders.find_open(front, call.account, text)
    if len(found) != 1 or call.pair() != front.pairs.of(found[0].request.symbol):
        raise errors.UNKNOWN_ORDER
    order = found[0]
    trails = order.request.kind is OrderKind.TRAILING_STOP
    if order.request.client_id or trails or order.triggered_ns:
        raise errors.INVALID_ORDER
    return order


def _replaced(front: KrakenFront, call: Call, order: Order, asked: Asked) -> Order:
    outcome = front.market.cancel_replace(call.account, orders.reference(order), asked.request)
    if isinstance(outcome, HalfDone):
        raise errors.rejected(outcome.rejected)
    if isinstance(outcome, Rejected):
        raise errors.rejected(outcome)
    new = outcome.orders[0]  # the old one comes after it
    front.memory.keep(new.order_id, asked.note)
    return new


# Cancel ------------------------------------------------------------------------------------


def cancel(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """CancelOrder: by id, by an owner's number, by an owner's id."""
    texts, owns = call.words("txid", CANCELS_MAX), call.words("cl_ord_id", CANCELS_MAX)
    call.given.finish()
    if bool(texts) is bool(owns):
        raise wrong("txid")
    return {"count": len(end(front, call, texts, owns))}


def cancel_many(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """CancelOrderBatch."""
    texts, owns = call.lists.pop("orders", []), call.lists.pop("cl_ord_ids", [])
    call.given.finish()
    texts = [one.get("txid") if isinstance(one, dict) else one for one in texts]
    every = [*texts, *owns]
    if not 1 <= len(every) <= CANCELS_MAX or not all(isinstance(one, str) for one in every):
        raise wrong("orders")
    return {"count": len(end(front, call, texts, owns))}


def end(front: KrakenFront, call: Call, texts: list[str], owns: list[str]) -> list[Order]:
    """Cancel the open orders of some names; raise a `Refusal` where there are none."""
    found = [one for text in texts for one in orders.find_open(front, call.account, text)]
    found += [one for own in owns for one in orders.find_own(front, call.account, own)]
    unique = list({one.order_id: one for one in found}.values())
    if not unique:
        raise errors.UNKNOWN_ORDER
    return [one for one in unique if _cancelled(front, call, one)]


def _cancelled(front: KrakenFront, call: Call, order: Order) -> bool:
    """Cancel one order, and count it: a cancel is never refused for its points."""
    age_ns = front.market.now_ns - front.memory.since_ns(order)
    points = counters.by_age(counters.CANCEL_AGES_S, age_ns)
    who = f"{call.account}/{order.request.symbol}"
    front.trading.spend(who, points, call.now_ns, always=True)
    outcome = front.market.cancel(call.account, orders.reference(order))
    return not isinstance(outcome, Rejected)


def cancel_all(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """CancelAll."""
    call.given.finish()
    return {"count": len(front.market.cancel_all(call.account).orders)}


def cancel_after(front: KrakenFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """CancelAllOrdersAfter: in so many seconds unless it is sent again; 0 disarms."""
    span_s = orders.whole_seconds(call, "timeout", COUNTDOWN_MAX_S)
    call.given.finish()
    front.market.countdown(call.account, None, span_s * 1_000)
    due = iso(call.now_ns + span_s * SECOND_NS)[:19] + "Z" if span_s else "0"
    return {"currentTime": iso(call.now_ns)[:19] + "Z", "triggerTime": due}
