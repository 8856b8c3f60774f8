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
    request = OrderRequest(
        cover.symbol,
        _side(cover),
        OrderKind.MARKET,
        abs(cover.lots),
        position_side=cover.side,
        reduce_only=abilities.reduces_only,
    )
    return Place(request, Purpose.FLATTEN)


def take_of(cover: Cover, take: Take) -> Place:
    """Return a take that rests beside the stop: it can only reduce."""
    request = OrderRequest(
        cover.symbol,
        _side(cover),
        OrderKind.LIMIT,
        take.lots,
        take.ticks,
        position_side=cover.side,
        reduce_only=True,
    )
    return Place(request, Purpose.TAKE, take.number)


def take_at_market(cover: Cover, take: Take) -> Place:
    """Return a take that was watched, now that its price is passed."""
    request = OrderRequest(
        cover.symbol,
        _side(cover),
        OrderKind.MARKET,
        min(take.lots, abs(cover.lots)),
        position_side=cover.side,
    )
    return Place(request, Purpose.TAKE, take.number)


def pair_of(cover: Cover, take: Take, stop: Place) -> PlacePair:
    """Return a take and a stop as one act; the take adds to the book: it costs no spread."""
    request = OrderRequest(
        cover.symbol,
        _side(cover),
        OrderKind.LIMIT,
        take.lots,
        take.ticks,
        position_side=cover.side,
        post_only=True,
    )
    return PlacePair(Place(request, Purpose.TAKE, take.number), stop)


def _side(cover: Cover) -> Side:
    return Side.SELL if cover.direction > 0 else Side.BUY
