"""Requests: the orders of a guard, as they are asked of a venue."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ballast.core.ids import Purpose
from ballast.core.orders import OrderKind, OrderRequest, Side
from ballast.oms.protection.cover import Place, PlacePair

if TYPE_CHECKING:
    from ballast.oms.protection.cover import Abilities, Cover, Take

PPM = 1_000_000


def stop_of(cover: Cover, trigger_ticks: int, abilities: Abilities) -> Place:
    """Return a stop of all that is held."""
    limited = not abilities.stops_at_market
    request = OrderRequest(
        cover.symbol,
        _side(cover),
        OrderKind.STOP_LIMIT if limited else OrderKind.STOP_MARKET,
        abs(cover.lots),
        limit_ticks(cover, trigger_ticks, abilities),
        position_side=cover.side,
        reduce_only=abilities.reduces_only,
        trigger_ticks=trigger_ticks,
        trigger_by=cover.trigger_by,
    )
    return Place(request, Purpose.STOP)


def trail_of(cover: Cover, abilities: Abilities) -> Place:
    """Return a stop of all that is held which the venue itself moves with the price."""
    request = OrderRequest(
        cover.symbol,
        _side(cover),
        OrderKind.TRAILING_STOP,
        abs(cover.lots),
        position_side=cover.side,
        reduce_only=True,
        trigger_by=cover.trigger_by,
        trail_ppm=abilities.trail_ppm,
    )
    return Place(request, Purpose.TRAIL)


def limit_ticks(cover: Cover, trigger_ticks: int, abilities: Abilities) -> int:
    """Return the worst price of a stop-limit, rounded away from the market; 0 at market."""
    if abilities.stops_at_market:
        return 0
    offset = abilities.offset_ppm
    wide = math.ceil(abilities.offset_atr * cover.atr_ticks)
    if cover.direction > 0:
        return max(min(trigger_ticks * (PPM - offset) // PPM, trigger_ticks - wide), 1)
    return max(-(-trigger_ticks * (PPM + offset) // PPM), trigger_ticks + wide)


def close_of(cover: Cover, abilities: Abilities) -> Place:
    """Return an order at market of all that is held."""
    request = _market(cover, abs(cover.lots), reduce_only=abilities.reduces_only)
    return Place(request, Purpose.FLATTEN)


def take_at_market(cover: Cover, take: Take) -> Place:
    """Return a take that was watched, now that its price is passed."""
    request = _market(cover, min(take.lots, abs(cover.lots)), reduce_only=False)
    return Place(request, Purpose.TAKE, take.number)


def take_of(cover: Cover, take: Take) -> Place:
    """Return a take that rests beside the stop: it can only reduce."""
    return _resting(cover, take, is_paired=False)


def pair_of(cover: Cover, take: Take, stop: Place) -> PlacePair:
    """Return a take and a stop as one act; the take adds to the book: it costs no spread."""
    return PlacePair(_resting(cover, take, is_paired=True), stop)


def _market(cover: Cover, lots: int, *, reduce_only: bool) -> OrderRequest:
    return OrderRequest(
        cover.symbol,
        _side(cover),
        OrderKind.MARKET,
        lots,
        position_side=cover.side,
        reduce_only=reduce_only,
    )


def _resting(cover: Cover, take: Take, *, is_paired: bool) -> Place:
    request = OrderRequest(
        cover.symbol,
        _side(cover),
        OrderKind.LIMIT,
        take.lots,
        take.ticks,
        position_side=cover.side,
        reduce_only=not is_paired,
        post_only=is_paired,
    )
    return Place(request, Purpose.TAKE, take.number)


def _side(cover: Cover) -> Side:
    return Side.SELL if cover.direction > 0 else Side.BUY
