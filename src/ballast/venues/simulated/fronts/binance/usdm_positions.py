"""Positions of Binance USD-M: what is held, at what margin, and the settings of a symbol."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.orders import (
    MarginMode,
    OrderStatus,
    PositionMode,
    PositionSide,
    RejectReason,
    Side,
)
from ballast.venues.simulated.engine.outcomes import Rejected
from ballast.venues.simulated.fronts.binance import errors, usdm_errors, usdm_forms
from ballast.venues.simulated.fronts.binance.errors import Refusal
from ballast.venues.simulated.fronts.numbers import fixed, plain_decimal, shortest

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.events import Position
    from ballast.venues.simulated.engine.profile import Listing, Tier
    from ballast.venues.simulated.fronts.binance.call import Call
    from ballast.venues.simulated.fronts.binance.usdm import BinanceUsdm

ONE_WAY = (PositionSide.BOTH,)
HEDGE = (PositionSide.LONG, PositionSide.SHORT)
MARGIN_WORDS = {MarginMode.CROSS: "CROSSED", MarginMode.ISOLATED: "ISOLATED"}
MARGIN_DIGITS = 8
NS_MS = 1_000_000
NO_CAP = Decimal(9223372036854775807)
ZERO = Decimal(0)
SUCCESS = {"code": 200, "msg": "success"}


@dataclass(frozen=True, slots=True)
class Figures:
    """A position in quote units."""

    notional: Decimal
    profit: Decimal
    initial: Decimal
    maintenance: Decimal
    isolated: Decimal
    """Its own margin and its profit; zero in cross margin."""
    own: Decimal


def tier_for(listing: Listing, value: Decimal) -> Tier:
    """Return the leverage bracket of a position's value."""
    return next(
        (one for one in listing.tiers if not one.cap or value <= one.cap), listing.tiers[-1]
    )


def figures(front: BinanceUsdm, held: Position) -> Figures:
    """Return what a position is worth and what margin it needs."""
    listing = front.market.listings[held.symbol]
    notional = front.words.worth(held.symbol, held.qty_lots * held.mark_ticks)
    value = abs(notional)
    tier = tier_for(listing, value)
    profit = front.market.amount(listing.quote, held.unrealised_atoms)
    own = front.market.amount(listing.quote, held.margin_atoms)
    is_alone = held.margin_mode is MarginMode.ISOLATED and held.qty_lots
    return Figures(
        notional=notional,
        profit=profit,
        initial=value / held.leverage,
        maintenance=max(ZERO, value * tier.maintenance - tier.deduction),
        isolated=own + profit if is_alone else ZERO,
        own=own,
    )


def sides_of(front: BinanceUsdm, account: int) -> tuple[PositionSide, ...]:
    """Return the positions a symbol has in the account's mode."""
    hedged = front.market.position_mode(account) is PositionMode.HEDGE
    return HEDGE if hedged else ONE_WAY


def entry_price(front: BinanceUsdm, held: Position) -> str:
    """Print an entry price; it need not lie on a tick."""
    if not held.qty_lots:
        return "0.0"
    listing = front.market.listings[held.symbol]
    cost = front.market.amount(listing.quote, held.cost_atoms)
    return fixed(cost / (listing.lot * listing.contract * held.qty_lots), MARGIN_DIGITS)


def money(value: Decimal) -> str:
    """Print an amount of the quote asset."""
    return fixed(value, MARGIN_DIGITS)


def risk_v2(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v2/positionRisk: every symbol."""
    wanted = call.maybe_symbol()
    call.given.finish()
    names = [wanted] if wanted else list(front.market.listings)
    return [
        {**_risk(front, held), **_settings(front, held)}
        for name in names
        for side in sides_of(front, call.account)
        for held in [front.market.position(call.account, name, side)]
    ]


def risk_v3(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v3/positionRisk: symbols with a position or an open order."""
    wanted = call.maybe_symbol()
    call.given.finish()
    rows = []
    for name in [wanted] if wanted else list(front.market.listings):
        orders = front.market.open_orders(call.account, name)
        for side in sides_of(front, call.account):
            held = front.market.position(call.account, name, side)
            if held.qty_lots or any(one.request.position_side is side for one in orders):
                rows.append({**_risk(front, held), **_needs(front, held)})
    return rows


def _risk(front: BinanceUsdm, held: Position) -> dict[str, Any]:
    words, found = front.words, figures(front, held)
    entry = entry_price(front, held)
    return {
        "symbol": held.symbol,
        "positionSide": held.side.name,
        "positionAmt": words.qty(held.symbol, held.qty_lots),
        "entryPrice": entry,
        "breakEvenPrice": entry,
        "markPrice": words.price(held.symbol, held.mark_ticks),
        "unRealizedProfit": money(found.profit),
        "liquidationPrice": words.price(held.symbol, held.liquidation_ticks)
        if held.liquidation_ticks
        else "0",
        "isolatedMargin": money(found.isolated),
        "notional": money(found.notional),
        "isolatedWallet": money(found.own),
        "updateTime": front.wire_now_ns // NS_MS if held.qty_lots else 0,
    }


def _settings(front: BinanceUsdm, held: Position) -> dict[str, Any]:
    listing = front.market.listings[held.symbol]
    return {
        "leverage": str(held.leverage),
        "maxNotionalValue": shortest(most_at(listing, held.leverage)),
        "marginType": "isolated" if held.margin_mode is MarginMode.ISOLATED else "cross",
        "isAutoAddMargin": "false",
    }


def _needs(front: BinanceUsdm, held: Position) -> dict[str, Any]:
    found, orders = figures(front, held), open_value(front, held)
    return {
        "marginAsset": front.market.listings[held.symbol].quote,
        "initialMargin": money(found.initial + max(orders.values()) / held.leverage),
        "maintMargin": money(found.maintenance),
        "positionInitialMargin": money(found.initial),
        "openOrderInitialMargin": money(max(orders.values()) / held.leverage),
        "adl": 2 if held.qty_lots else 0,
        "bidNotional": money(orders[Side.BUY]),
        "askNotional": money(orders[Side.SELL]),
    }


def open_value(front: BinanceUsdm, held: Position) -> dict[Side, Decimal]:
    """Return what the resting orders of a position are worth, by side."""
    worth = {Side.BUY: ZERO, Side.SELL: ZERO}
    for one in front.market.open_orders(held.account, held.symbol):
        asked = one.request
        is_resting = one.status in {OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED}
        if asked.position_side is held.side and is_resting and not asked.reduce_only:
            value = front.words.worth(held.symbol, one.left_lots * asked.price_ticks)
            worth[asked.side] += value
    return worth


def most_at(listing: Listing, leverage: int) -> Decimal:
    """Return the largest position value a leverage allows."""
    allowed = [one for one in listing.tiers if one.max_leverage >= leverage]
    return (allowed[-1].cap or NO_CAP) if allowed else ZERO


# Settings ------------------------------------------------------------------------------------


def set_leverage(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /fapi/v1/leverage: the same again is no fault."""
    symbol = call.symbol()
    call.given.required("leverage")
    leverage = call.whole("leverage", 0)
    call.given.finish()
    outcome = front.market.set_leverage(call.account, symbol, leverage)
    listing = front.market.listings[symbol]
    if isinstance(outcome, Rejected) and outcome.reason is not RejectReason.NO_CHANGE:
        if outcome.reason is RejectReason.INSUFFICIENT_MARGIN:
            raise usdm_errors.NO_MARGIN
        if 1 <= leverage <= listing.tiers[0].max_leverage:
            raise Refusal(-2027, "Exceeded the maximum allowable position at current leverage.")
        raise Refusal(-4028, f"Leverage {leverage} is not valid")
    front.configs.note(call.account, symbol, leverage)
    most = shortest(most_at(listing, leverage))
    return {"symbol": symbol, "leverage": leverage, "maxNotionalValue": most}


def set_margin_type(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /fapi/v1/marginType."""
    symbol, word = call.symbol(), call.given.required("marginType")
    call.given.finish()
    mode = next((one for one, known in MARGIN_WORDS.items() if known == word), None)
    if mode is None:
        raise errors.missing("marginType")
    outcome = front.market.set_margin_mode(call.account, symbol, mode)
    if isinstance(outcome, Rejected):
        if outcome.reason is RejectReason.NO_CHANGE:
            raise Refusal(-4046, "No need to change margin type.")
        if front.market.open_orders(call.account, symbol):
            raise Refusal(-4047, "Margin type cannot be changed if there exists open orders.")
        raise Refusal(-4048, "Margin type cannot be changed if there exists position.")
    return dict(SUCCESS)


def position_mode(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/positionSide/dual."""
    call.given.finish()
    hedged = front.market.position_mode(call.account) is PositionMode.HEDGE
    return {"dualSidePosition": hedged}


def set_position_mode(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /fapi/v1/positionSide/dual."""
    call.given.required("dualSidePosition")
    hedged = usdm_forms.flag(call, "dualSidePosition")
    call.given.finish()
    mode = PositionMode.HEDGE if hedged else PositionMode.ONE_WAY
    outcome = front.market.set_position_mode(call.account, mode)
    if isinstance(outcome, Rejected):
        if outcome.reason is RejectReason.NO_CHANGE:
            raise Refusal(-4059, "No need to change position side.")
        if front.market.open_orders(call.account):
            raise Refusal(-4067, "Position side cannot be changed if there exists open orders.")
        raise Refusal(-4068, "Position side cannot be changed if there exists position.")
    return dict(SUCCESS)


def add_margin(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /fapi/v1/positionMargin: type 1 adds margin to an isolated position, 2 takes it out."""
    symbol = call.symbol()
    which = usdm_forms.position_side(front, call)
    amount, kind = plain_decimal(call.given.required("amount")), call.given.required("type")
    call.given.finish()
    if kind not in {"1", "2"}:
        raise errors.missing("type")
    if amount is None or amount <= 0 or amount != amount.quantize(Decimal("1e-8")):
        raise errors.missing("amount")
    atoms = front.market.atoms(front.market.listings[symbol].quote, amount)
    sign = 1 if kind == "1" else -1
    outcome = front.market.add_margin(call.account, symbol, which, sign * atoms)
    if isinstance(outcome, Rejected):
        if outcome.reason is RejectReason.INSUFFICIENT_MARGIN:
            if sign > 0:
                raise Refusal(-4050, "Cross balance insufficient.")
            raise Refusal(-4051, "Isolated balance insufficient.")
        held = front.market.position(call.account, symbol, which)
        if held.margin_mode is MarginMode.CROSS:
            raise Refusal(-4049, "Add margin only support for isolated position.")
        raise Refusal(-4054, "Cannot add position margin: position is 0.")
    return {
        "amount": float(amount),
        "code": 200,
        "msg": "Successfully modify position margin.",
        "type": int(kind),
    }


def brackets(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/leverageBracket."""
    wanted = call.maybe_symbol()
    call.given.finish()
    return [
        {"symbol": name, "notionalCoef": 1.0, "brackets": _brackets(front.market.listings[name])}
        for name in ([wanted] if wanted else front.market.listings)
    ]


def _brackets(listing: Listing) -> list[dict[str, Any]]:
    rows, floor = [], ZERO
    for number, tier in enumerate(listing.tiers, 1):
        rows.append(
            {
                "bracket": number,
                "initialLeverage": tier.max_leverage,
                "notionalCap": int(tier.cap or NO_CAP),
                "notionalFloor": int(floor),
                "maintMarginRatio": float(tier.maintenance),
                "cum": float(tier.deduction),
            }
        )
        floor = tier.cap
    return rows


def symbol_config(front: BinanceUsdm, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /fapi/v1/symbolConfig."""
    wanted = call.maybe_symbol()
    call.given.finish()
    rows = []
    for name in [wanted] if wanted else front.market.listings:
        leverage, mode = front.market.leverage(call.account, name)
        most = shortest(most_at(front.market.listings[name], leverage))
        rows.append(
            {
                "symbol": name,
                "marginType": MARGIN_WORDS[mode],
                "isAutoAddMargin": False,
                "leverage": leverage,
                "maxNotionalValue": most,
            }
        )
    return rows
