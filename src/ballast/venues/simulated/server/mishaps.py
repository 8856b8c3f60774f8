"""Mishaps: what a venue can be made to suffer beyond single faults, by the control interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ballast.core.errors import UserError
from ballast.venues.simulated.engine.events import Trading
from ballast.venues.simulated.server.bodies import NS_S, check_listed, read, span_ns

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.venues.simulated.engine.exchange import Exchange
    from ballast.venues.simulated.server.sockets import VenueServer

NS_MS = 1_000_000
SKEW_MAX_S = 3_600.0
"""How far off the clock may be: no venue is an hour off."""


class _Seconds(msgspec.Struct, forbid_unknown_fields=True):
    seconds: float


class _Maintenance(msgspec.Struct, forbid_unknown_fields=True):
    in_s: float
    for_s: float


class _Delisting(msgspec.Struct, forbid_unknown_fields=True):
    symbol: str
    in_s: float = 0.0


class Mishaps:
    """Outages, a wrong clock, and what a venue announces."""

    def __init__(self, server: VenueServer, exchange: Exchange, now_ns: Callable[[], int]) -> None:
        """`now_ns` lets everything happen that is due, and returns the venue's time."""
        self._gateway = server.gateway
        self._exchange = exchange
        self._now_ns = now_ns

    @property
    def doors(self) -> dict[str, dict[str, Callable[[bytes], dict[str, Any]]]]:
        """Return what answers which path and method."""
        return {
            "/outage": {"POST": self._cut},
            "/dismiss": {"POST": self._dismiss},
            "/skew": {"POST": self._skew},
            "/maintenance": {"POST": self._maintain},
            "/delist": {"POST": self._delist},
        }

    def _cut(self, body: bytes) -> dict[str, Any]:
        now_ns = self._now_ns()
        until_ns = now_ns + span_ns(read(body, _Seconds).seconds)
        self._gateway.cut(until_ns, now_ns)
        return {"until_ms": until_ns // NS_MS}

    def _skew(self, body: bytes) -> dict[str, Any]:
        seconds = read(body, _Seconds).seconds
        if not abs(seconds) <= SKEW_MAX_S:
            raise UserError(f"a clock {seconds:g} s ahead", expected=f"at most {SKEW_MAX_S:g}")
        for front in self._gateway.front_ends:
            front.clock_skew_ns = round(seconds * NS_S)
        return {"seconds": seconds}

    def _maintain(self, body: bytes) -> dict[str, Any]:
        wanted = read(body, _Maintenance)
        if wanted.in_s <= 0 or wanted.for_s <= 0:
            raise UserError("a maintenance that is past", expected="in_s and for_s above 0")
        from_ns = self._now_ns() + span_ns(wanted.in_s)
        until_ns = from_ns + span_ns(wanted.for_s)
        self._exchange.announce_maintenance(from_ns, until_ns)
        return {"from_ms": from_ns // NS_MS, "until_ms": until_ns // NS_MS}

    def _delist(self, body: bytes) -> dict[str, Any]:
        wanted = read(body, _Delisting)
        check_listed(self._exchange, wanted.symbol)
        now_ns = self._now_ns()
        at_ns = now_ns + span_ns(wanted.in_s)
        if at_ns > now_ns:
            self._exchange.announce_end(wanted.symbol, at_ns)
        else:
            self._exchange.set_trading(wanted.symbol, Trading.DELISTED)
        return {"symbol": wanted.symbol, "at_ms": at_ns // NS_MS}

    def _dismiss(self, _body: bytes) -> dict[str, Any]:
        return {"streams": self._gateway.dismiss(self._now_ns())}
