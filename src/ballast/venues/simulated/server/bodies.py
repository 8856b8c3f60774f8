"""Bodies: what the control interface is sent, read and bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from ballast.core.errors import UserError, suggest

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.exchange import Exchange

NS_S = 1_000_000_000
AHEAD_MAX_S = 30 * 86_400.0
"""How far ahead a script or a point may lie: a month."""

_B = TypeVar("_B", bound=msgspec.Struct)


def read(body: bytes, kind: type[_B]) -> _B:
    """Return a body as what is expected; raise `UserError` for anything else."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as problem:  # also of values that do not fit
        raise UserError(
            f"the body: {problem}", expected=", ".join(kind.__struct_fields__)
        ) from None


def span_ns(seconds: float) -> int:
    """Return seconds as nanoseconds; raise `UserError` for the past and for what is too far."""
    if not 0.0 <= seconds <= AHEAD_MAX_S:
        raise UserError(f"in {seconds:g} s", expected=f"0 to {AHEAD_MAX_S:g}")
    return round(seconds * NS_S)


def check_listed(exchange: Exchange, symbol: str) -> None:
    """Raise `UserError` for a symbol that the venue does not list."""
    if symbol not in exchange.listings:
        raise UserError(f"unknown symbol '{symbol}'", fix=suggest(symbol, exchange.listings))
