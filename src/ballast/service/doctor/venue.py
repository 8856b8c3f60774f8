"""Venue: can it be reached, does its clock agree, what may the key do, can a stop rest there.

Only questions are asked: nothing is sent that changes an order or a setting.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from ballast.core.orders import OrderKind, PositionMode
from ballast.service.doctor.finding import OK, PROBLEM, WARNING, Finding, judged
from ballast.venues.clients.calls import CallError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from ballast.runtime.wiring import Line
    from ballast.venues.clients.account import Grants

MS_NS = 1_000_000
DAY_MS = 86_400_000
ROUNDS = 3
ROUND_MS_MAX = 1_000.0
"""A venue a second away answers a stop two seconds late."""
OFFSET_MS_MAX = 1_000.0
"""As the gate's: what is dated further off is refused by venues."""
EXPIRES_DAYS_MIN = 14
KEYS_PAGE = "see docs/keys.md, and the venue's page of keys"


async def venue_findings(
    line: Line, symbols: Sequence[str], *, has_keys: bool
) -> AsyncIterator[Finding]:
    """Yield what a venue says of itself, its clock, its symbols, and of the key if there is one."""
    yield await _reached(line)
    yield await _opened(line)
    yield _clock(line)
    for symbol in symbols:
        yield _symbol(line, symbol)
    if not has_keys:
        yield Finding("key at venue", WARNING, "no keys: only public data", "`ballast keys add`")
        return
    try:
        grants = await line.desk.grants()
    except CallError as error:
        yield Finding("key at venue", PROBLEM, str(error), KEYS_PAGE)
        return
    for finding in key_findings(grants, line.now_ns() // MS_NS):
        yield finding


async def _reached(line: Line) -> Finding:
    """Return how long the way there and back takes, the middle of three."""
    taken_ms = []
    for _ in range(ROUNDS):
        begun_s = line.clock.monotonic()
        try:
            await line.desk.server_ms()
        except CallError as error:
            return Finding("venue reached", PROBLEM, str(error), "look at the network")
        taken_ms.append((line.clock.monotonic() - begun_s) * 1e3)
    usual = median(taken_ms)
    fix = "trade from nearer: stops are moved that late" if usual > ROUND_MS_MAX else ""
    return judged("venue reached", f"{line.name} in {usual:.0f} ms there and back", warning=fix)


async def _opened(line: Line) -> Finding:
    try:
        status = await line.desk.status()
    except CallError as error:
        return Finding("venue open", PROBLEM, str(error), "try again when it answers")
    if status.is_open:
        return Finding("venue open", OK, f"open, lists {len(line.desk.markets):,} symbols")
    return Finding("venue open", PROBLEM, status.text or "closed", "wait for the end of it")


def _clock(line: Line) -> Finding:
    offset_ns = line.timing().offset_ns
    if offset_ns is None:
        return Finding("clock at venue", PROBLEM, "not measured", "look at the network")
    offset_ms = offset_ns / MS_NS
    fix = "let NTP keep this machine's clock" if abs(offset_ms) > OFFSET_MS_MAX else ""
    return judged("clock at venue", f"{offset_ms:+.0f} ms from ours", warning=fix)


def _symbol(line: Line, symbol: str) -> Finding:
    """Return whether a position of a symbol can be protected by an order that rests there."""
    market = line.desk.markets.get(symbol)
    if market is None:
        return Finding(symbol, PROBLEM, f"{line.name} does not list it", "see how it is spelled")
    if not market.is_trading:
        return Finding(symbol, PROBLEM, f"not trading: {market.status}", "wait, or leave it out")
    abilities = line.venue.abilities(market)
    stop = OrderKind.STOP_MARKET if abilities.stops_at_market else OrderKind.STOP_LIMIT
    if stop not in market.kinds:
        fix = "do not trade it: a position would be bare"
        return Finding(symbol, PROBLEM, f"takes no {stop} order", fix)
    found = f"trading, tick {market.tick}, lot {market.lot}, protected by {stop}"
    return Finding(symbol, OK, found)


def key_findings(grants: Grants, now_ms: int) -> Iterator[Finding]:
    """Yield what the rights of a key mean (S11, R-SEC-12): as the venue says."""
    name = "key at venue"
    if not grants.can_read:
        yield Finding(name, PROBLEM, "may not read", KEYS_PAGE)
    if grants.can_withdraw:
        fix = "delete it at the venue and make one without that right"
        yield Finding(name, PROBLEM, "may withdraw", fix)
    elif grants.can_withdraw is None:
        yield Finding(name, WARNING, "the venue does not say whether it may withdraw", KEYS_PAGE)
    if grants.can_trade is False:
        yield Finding(name, WARNING, "may not trade: good for looking only", KEYS_PAGE)
    elif grants.can_read and not grants.can_withdraw:
        yield Finding(name, OK, "may read and trade")
    yield from _bounds(grants, now_ms)


def _bounds(grants: Grants, now_ms: int) -> Iterator[Finding]:
    """Yield from where and how long a key works, and how its account is set."""
    if grants.is_ip_bound is False:
        yield Finding("key's address", WARNING, "works from anywhere", "bind it to this machine's")
    elif grants.is_ip_bound:
        yield Finding("key's address", OK, "bound")
    if grants.expires_ms:
        days = (grants.expires_ms - now_ms) // DAY_MS
        fix = "make a new one, then `ballast keys rotate`" if days < EXPIRES_DAYS_MIN else ""
        yield judged("key ends", f"in {days} days", warning=fix)
    if grants.position_mode is not PositionMode.ONE_WAY:
        fix = "set one-way mode at the venue"
        yield Finding("account", PROBLEM, f"{grants.account_kind}, hedge mode", fix)
    elif grants.account_kind:
        yield Finding("account", OK, grants.account_kind)
