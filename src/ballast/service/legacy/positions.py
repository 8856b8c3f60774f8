"""Positions: the state of a pair, checked against itself (R-STOP-40)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.service.legacy.fields import exact
from ballast.service.legacy.model import Position

if TYPE_CHECKING:
    from decimal import Decimal

    from ballast.service.legacy.fields import Taker

BUYS = ("long", "buy")


def position_of(take: Taker) -> Position:
    """Return a pair's state; what is wrong with it is in `take.problems`."""
    base, quote = take.symbol()
    side = take.text("side")
    if side and side.lower() not in BUYS:
        take.wrong(take.key("side"), f"side '{side}'", "long", "the former bot traded spot")
    prices: dict[str, Decimal | None] = {
        name: take.number(name, may_be_zero=True)
        for name in ("entry_price", "max_price", "atr_at_entry", "stop_price", "trailing_stop")
    }
    stated = {name: value or None for name, value in prices.items()}
    found = Position(
        take.record.source, take.record.where, f"{base}{quote}", quote,
        partial_taken_1=bool(take.flag("partial_taken_1")),
        partial_taken_2=bool(take.flag("partial_taken_2")),
        trailing_active=take.flag("trailing_active"),
        stop_order_id=take.text("stop_order_id"),
        qty=take.number("quantity", may_be_zero=True) or None,
        qty_at_entry=take.number("quantity_at_entry", may_be_zero=True) or None,
        entry_ms=take.time("entry_time") if _is_stated(take, "entry_time") else None,
        updated_ms=take.time("updated_at"),
        timeframe=take.timeframe(), scenario=take.scenario(),
        **stated,
    )  # fmt: skip
    _check(found, take)
    return found


def _is_stated(take: Taker, name: str) -> bool:
    """Tell whether a time is there: a flat pair has 0 or an empty text."""
    return take.has(name) and take.text(name) not in ("", "0")


def _check(found: Position, take: Taker) -> None:
    """Note what cannot be true at once."""
    is_held = take.flag("in_position")
    entry = found.entry_price
    if entry is None:
        is_none = not take.has("entry_price") or exact(take.value("entry_price")) == 0
        if is_none and (found.qty is not None or is_held):
            take.missing("entry_price", "a price above 0, for something is held")
        return
    if is_held is False:
        take.wrong(
            take.key("in_position"), "says that nothing is held at an entry price", "true",
            "correct the file",
        )  # fmt: skip
    high, atr, stop = found.max_price, found.atr_at_entry, found.stop
    if high is not None and high < entry:
        take.wrong(
            take.key("max_price"), f"{high} is below the entry price {entry}",
            "the highest price since the entry", "correct the file",
        )  # fmt: skip
    if atr is not None and atr >= entry:
        take.wrong(
            take.key("atr_at_entry"), f"{atr} is not below the entry price {entry}",
            "a distance in quote currency", "correct the file",
        )  # fmt: skip
    if stop is not None and stop >= max(entry, high or entry):
        take.wrong(
            take.key("stop_price"), f"{stop} is above every price since the entry",
            "a stop under the market", "correct the file",
        )  # fmt: skip
    whole, left = found.qty_at_entry, found.qty
    if whole is not None and left is not None and left > whole:
        take.wrong(
            take.key("quantity"), f"{left} is more than was bought ({whole})", f"at most {whole}",
            "correct the file",
        )  # fmt: skip
