"""Algo words: conditional orders of the engine as OKX's algo orders, found and printed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.instrument import Kind
from ballast.core.orders import EndReason, OrderKind, OrderStatus
from ballast.venues.simulated.fronts.okx import conditions, ids
from ballast.venues.simulated.fronts.okx.call import type_of
from ballast.venues.simulated.fronts.okx.words import (
    MARKET_PX,
    POSITION_SIDES,
    SIDES,
    TRIGGER_BY,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.core.orders import Order
    from ballast.venues.simulated.fronts.okx.front import OkxFront

NS_MS = 1_000_000
ORDERS_MAX = 10_000
FAILED = frozenset({EndReason.INSUFFICIENT, EndReason.POSITION_CLOSED})
PPM_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Algo:
    """One algo order: a conditional order, or the two of a pair."""

    number: int
    legs: tuple[Order, ...]

    @property
    def own(self) -> str:
        """Its owner's id."""
        return ids.algo_own(self.legs[0])

    @property
    def kind(self) -> str:
        """Its `ordType`."""
        return kind_of(self.legs)

    @property
    def waiting(self) -> Order | None:
        """The first order that still waits."""
        found = (one for one in self.legs if one.status is OrderStatus.UNTRIGGERED)
        return next(found, None)

    @property
    def triggered(self) -> Order | None:
        """The order whose price came."""
        return next((one for one in self.legs if one.triggered_ns), None)

    @property
    def state(self) -> str:
        """Where it stands."""
        triggered = self.triggered
        if triggered is not None:
            failed = triggered.reason in FAILED and not triggered.filled_lots
            return "order_failed" if failed else "effective"
        if self.waiting is not None:
            return "live"
        return "order_failed" if self.legs[0].reason in FAILED else "canceled"


def kind_of(legs: Sequence[Order]) -> str:
    """Return OKX's `ordType` of an algo order."""
    asked = legs[0].request
    if asked.kind is OrderKind.TRAILING_STOP:
        return "move_order_stop"
    if asked.trigger_rises is not None:
        return "trigger"
    return "oco" if len(legs) > 1 else "conditional"


def was_placed(order: Order) -> bool:
    """Tell whether a conditional order ever waited: one attached to an order begins later."""
    asked = order.request
    is_sized = bool(asked.qty_lots or asked.close_position)
    return ids.is_algo(order) and order.status is not OrderStatus.PENDING and is_sized


def algos_of(front: OkxFront, account: int, symbols: Sequence[str]) -> list[Algo]:
    """Return the algo orders of an account, oldest first."""
    groups: dict[int, list[Order]] = {}
    for symbol in symbols:
        for order in front.market.orders(account, symbol, ORDERS_MAX):
            if was_placed(order):
                groups.setdefault(ids.algo_number(order), []).append(order)
    found = [Algo(number, tuple(legs)) for number, legs in groups.items()]
    return sorted(found, key=lambda one: one.legs[0].order_id)


def find(
    front: OkxFront,
    account: int,
    symbols: Sequence[str],
    *,
    text: str = "",
    own: str = "",
    is_live: bool = False,
) -> Algo | None:
    """Return the algo order of an id, the last one of an owner's id."""
    for one in reversed(algos_of(front, account, symbols)):
        meant = str(one.number) == text if text else one.own == own
        if meant and not (is_live and one.state != "live"):
            return one
    return None


def of_order(front: OkxFront, order: Order) -> Algo:
    """Return the algo order that an order is a part of, as it is now."""
    symbol = order.request.symbol
    number = ids.algo_number(order)
    if not order.list_id:
        return Algo(number, (order,))
    found = find(front, order.account, [symbol], text=str(number))
    return found or Algo(number, (order,))


def printed(front: OkxFront, algo: Algo) -> dict[str, Any]:
    """Return an algo order as it is asked for, and as it is pushed."""
    first, words = algo.legs[0], front.words
    asked, symbol = first.request, first.request.symbol
    listing, note = words.listing(symbol), front.memory.note(first.order_id)
    perpetual = listing.kind is Kind.PERPETUAL
    return {
        "algoId": str(algo.number),
        "algoClOrdId": algo.own,
        "clOrdId": "",
        "instType": type_of(listing),
        "instId": symbol,
        "ordType": algo.kind,
        "side": SIDES[asked.side],
        "posSide": POSITION_SIDES[asked.position_side] if perpetual else "net",
        "tdMode": words.td_mode(first),
        "ccy": "",
        "tgtCcy": "" if perpetual else "base_ccy",
        "sz": "" if asked.close_position else words.qty(symbol, asked.qty_lots),
        "closeFraction": "1" if asked.close_position else "",
        "state": algo.state,
        "lever": words.lever(first),
        "tag": note.tag,
        "reduceOnly": "true" if asked.reduce_only or asked.close_position else "false",
        "last": words.maybe_price(symbol, front.market.last_ticks(symbol)),
        "attachAlgoOrds": [],
        "linkedOrd": {"ordId": ""},
        "amendPxOnTriggerType": "0",
        "cxlOnClosePos": "false",
        "quickMgnType": "",
        "failCode": "51008" if algo.state == "order_failed" else "",
        "cTime": str(first.created_ns // NS_MS),
        "uTime": str(max(one.updated_ns for one in algo.legs) // NS_MS),
        **_pairs(front, algo),
        **_waits(front, algo),
        **_outcome(front, algo),
    }


def _pairs(front: OkxFront, algo: Algo) -> dict[str, str]:
    """Return the take-profit and the stop-loss of a conditional or oco order."""
    shown: dict[str, str] = {}
    for which in ("tp", "sl"):
        found = None
        if algo.kind in {"conditional", "oco"}:
            legs = (one.request for one in algo.legs)
            found = next((one for one in legs if one.kind in conditions.KINDS[which]), None)
        shown |= {f"{which}TriggerPx": "", f"{which}TriggerPxType": "", f"{which}OrdPx": ""}
        if found is not None:
            price = front.words.maybe_price(found.symbol, found.price_ticks) or MARKET_PX
            shown |= {
                f"{which}TriggerPx": front.words.price(found.symbol, found.trigger_ticks),
                f"{which}TriggerPxType": TRIGGER_BY[found.trigger_by],
                f"{which}OrdPx": price,
            }
    return shown


def _waits(front: OkxFront, algo: Algo) -> dict[str, str]:
    """Return what a trigger order or a trailing stop waits for."""
    first, words = algo.legs[0], front.words
    asked, symbol = first.request, first.request.symbol
    triggers, trails = algo.kind == "trigger", algo.kind == "move_order_stop"
    ratio = Decimal(asked.trail_ppm).scaleb(-PPM_DIGITS)
    order_px = words.maybe_price(symbol, asked.price_ticks) or MARKET_PX
    return {
        "triggerPx": words.maybe_price(symbol, asked.trigger_ticks) if triggers else "",
        "triggerPxType": TRIGGER_BY[asked.trigger_by] if triggers else "",
        "ordPx": order_px if triggers else "",
        "callbackRatio": text(ratio) if asked.trail_ppm else "",
        "callbackSpread": words.maybe_price(symbol, asked.trail_ticks),
        "activePx": words.maybe_price(symbol, asked.activation_ticks),
        "moveTriggerPx": words.maybe_price(symbol, first.stop_ticks) if trails else "",
    }


def _outcome(front: OkxFront, algo: Algo) -> dict[str, Any]:
    """Return which order it became."""
    order = algo.triggered
    if order is None or algo.state == "order_failed":
        return {"ordId": "", "ordIdList": [], "actualSz": "", "actualPx": "", "actualSide": "",
                "triggerTime": ""}  # fmt: skip
    symbol = order.request.symbol
    number = ids.order_id(order.order_id)
    gains = order.request.kind in conditions.KINDS["tp"]
    paired = algo.kind in {"conditional", "oco"}
    return {
        "ordId": number,
        "ordIdList": [number],
        "actualSz": front.words.qty(symbol, order.request.qty_lots),
        "actualPx": front.words.maybe_price(symbol, order.request.price_ticks)
        or front.words.average(symbol, order.value, order.filled_lots),
        "actualSide": ("tp" if gains else "sl") if paired else "",
        "triggerTime": str(order.triggered_ns // NS_MS),
    }
