"""Positions: what is held, at what leverage, and what closing earned."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.instrument import Kind
from ballast.core.orders import PRICED, PositionMode, PositionSide, RejectReason, Side
from ballast.venues.simulated.engine.outcomes import Rejected
from ballast.venues.simulated.engine.profile import digits_of
from ballast.venues.simulated.fronts.bybit import errors, forms
from ballast.venues.simulated.fronts.bybit.call import paged, wire_name
from ballast.venues.simulated.fronts.bybit.errors import Refusal
from ballast.venues.simulated.fronts.bybit.order_words import create_word
from ballast.venues.simulated.fronts.bybit.trading_stop import linear
from ballast.venues.simulated.fronts.bybit.words import (
    POSITION_MODES,
    SIDE_WORDS,
    average,
    milli,
    order_name,
)
from ballast.venues.simulated.fronts.numbers import shortest

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.profile import Listing
    from ballast.venues.simulated.fronts.bybit.call import Call
    from ballast.venues.simulated.fronts.bybit.ledger import Close
    from ballast.venues.simulated.fronts.bybit.unified import BybitUnified

ONE_WAY = (PositionSide.BOTH,)
HEDGE = (PositionSide.LONG, PositionSide.SHORT)
MARGIN_DIGITS = 8
LEVERAGE_REFUSED = Refusal(110013, "cannot set leverage gt maxLeverage by risk limit")


def position_list(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v5/position/list: a symbol with or without a position, else those that are open."""
    category = call.category()
    if category == "spot":
        raise errors.CATEGORY
    if category == "linear" and not (call.has("symbol") or call.has("settleCoin")):
        raise errors.bad("Missing some parameters that must be filled in, symbol or settleCoin")
    hedged = front.market.position_mode(call.account) is PositionMode.HEDGE
    sides = HEDGE if hedged else ONE_WAY
    rows = []
    for listing in call.listings():
        for side in sides:
            one = front.market.position(call.account, listing.symbol, side)
            if one.qty_lots or call.has("symbol"):
                rows.append(front.order_words.position(one))
    chosen, cursor = paged(rows, call, 20, 200)
    return {"category": category, "list": chosen, "nextPageCursor": cursor}


def set_leverage(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /v5/position/set-leverage: one leverage for both sides."""
    listing = linear(call)
    buy, sell = call.maybe_decimal("buyLeverage"), call.maybe_decimal("sellLeverage")
    if not buy or not sell or buy != sell:
        raise errors.bad("buy leverage should be equal to sell leverage")
    if buy != int(buy):
        raise errors.invalid("buyLeverage")  # the engine's leverage is whole
    outcome = front.market.set_leverage(call.account, listing.symbol, int(buy))
    if isinstance(outcome, Rejected):
        match outcome.reason:
            case RejectReason.NO_CHANGE:
                raise Refusal(110043, "leverage not modified")
            case RejectReason.LEVERAGE:
                raise LEVERAGE_REFUSED
            case _:
                raise Refusal(110012, "Available balance not enough")
    return {}


def switch_mode(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /v5/position/switch-mode: here for all perpetuals of the account at once."""
    if call.category() != "linear":
        raise errors.CATEGORY
    if not (call.has("symbol") or call.has("coin")):
        raise errors.SYMBOL
    if call.has("symbol"):
        call.listing()
    mode = POSITION_MODES.get(call.whole("mode", -1) if call.has("mode") else -1)
    if mode is None:
        raise errors.invalid("mode")
    outcome = front.market.set_position_mode(call.account, mode)
    if isinstance(outcome, Rejected):
        if outcome.reason is RejectReason.NO_CHANGE:
            raise Refusal(110025, "Position mode is not modified")
        held = any(one.qty_lots for one in front.market.positions(call.account))
        if held:
            raise Refusal(
                110024, "You have an existing position, so position mode cannot be switched"
            )
        raise Refusal(110028, "You have existing open orders, so position mode cannot be switched")
    return {}


def switch_isolated(_front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /v5/position/switch-isolated: a unified account has one mode for all."""
    linear(call)
    raise errors.UNIFIED_ONLY


def add_margin(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /v5/position/add-margin: to an isolated position, or, negative, out of it."""
    listing = linear(call)
    which = forms.position_side(call)
    front.check_position_side(call.account, which)
    text = call.required("margin")
    value = call.of({"margin": text.removeprefix("-")}).maybe_decimal("margin")
    if not value or digits_of(value) > MARGIN_DIGITS:
        raise errors.invalid("margin")
    atoms = front.market.atoms(listing.quote, value) * (-1 if text.startswith("-") else 1)
    outcome = front.market.add_margin(call.account, listing.symbol, which, atoms)
    if isinstance(outcome, Rejected):
        if outcome.reason is not RejectReason.NO_POSITION:
            raise Refusal(110014, "Available balance not enough to add margin")
        held = front.market.position(call.account, listing.symbol, which)
        if held.qty_lots:
            raise Refusal(110015, "the position is in cross_margin")
        raise Refusal(110033, "can't set margin without open position")
    held = front.market.position(call.account, listing.symbol, which)
    return {"category": "linear", **front.order_words.position(held)}


def closed_pnl(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v5/position/closed-pnl: what each order earned by closing."""
    category = call.category()
    symbols = {one.symbol: one for one in call.listings()}
    rows = [
        _closed(front, symbols[one.order.request.symbol], one)
        for one in front.ledger.closes(call.account)
        if one.order.request.symbol in symbols and call.between(one.at_ns)
    ]
    chosen, cursor = paged(rows, call, 50, 100)
    return {"category": category, "list": chosen, "nextPageCursor": cursor}


def _closed(front: BybitUnified, listing: Listing, one: Close) -> dict[str, Any]:
    words, request = front.words, one.order.request
    size = listing.qty(one.lots) * listing.contract
    entry, exit_ = (
        front.market.amount(listing.quote, atoms) for atoms in (one.entry_atoms, one.exit_atoms)
    )
    made_by = create_word(one.order, front.ledger.note(one.order.order_id))
    return {
        "symbol": wire_name(listing),
        "orderId": order_name(listing, one.order.order_id),
        "side": SIDE_WORDS[Side(request.side)],
        "qty": words.qty(listing.symbol, request.qty_lots),
        "orderPrice": words.price(listing.symbol, request.price_ticks),
        "orderType": "Limit" if request.kind in PRICED else "Market",
        "execType": "BustTrade" if made_by == "CreateByLiq" else "Trade",
        "closedSize": words.qty(listing.symbol, one.lots),
        "cumEntryValue": shortest(entry),
        "avgEntryPrice": average(entry, size),
        "cumExitValue": shortest(exit_),
        "avgExitPrice": average(exit_, size),
        "closedPnl": words.money(listing.quote, one.earned_atoms),
        "openFee": words.money(listing.quote, one.open_fee_atoms),
        "closeFee": words.money(listing.quote, one.close_fee_atoms),
        "fillCount": str(one.fills),
        "leverage": str(one.leverage),
        "createdTime": milli(one.order.created_ns),
        "updatedTime": milli(one.at_ns),
    }


def margined(front: BybitUnified) -> list[Listing]:
    """Return the perpetuals."""
    return [one for one in front.market.listings.values() if one.kind is Kind.PERPETUAL]


ZERO = Decimal(0)
