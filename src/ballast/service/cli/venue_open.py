"""Putting a simulated venue together: engine, market, account, key, front end, gateway."""

from __future__ import annotations

import time
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from ballast.core.errors import UserError
from ballast.core.instrument import Kind
from ballast.core.time import Timeframe
from ballast.service.cli.output import progress
from ballast.venues.simulated.engine.exchange import Exchange
from ballast.venues.simulated.engine.street import Steerable
from ballast.venues.simulated.fronts.board import CANDLES_MAX, MINUTE_NS
from ballast.venues.simulated.fronts.keys import ApiKey, KeyRing
from ballast.venues.simulated.server.pace import Pace
from ballast.venues.simulated.wire.faults import FaultPlan
from ballast.venues.simulated.wire.gateway import Gateway

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ballast.service.cli.venue_fronts import Front
    from ballast.service.cli.venue_market import Plan
    from ballast.venues.simulated.wire.faults import Fault
    from ballast.venues.simulated.wire.frontend import FrontEnd

QUOTE_START = Decimal(100_000)
"""What an account has in quote where nothing is said; in base, as much at the first price."""
NS_MS = 1_000_000
BASE_PLACES = Decimal("0.0001")
FUNDING_E9 = 100_000
"""The rate perpetuals pay where no source says another: 0.01 %, what venues fall back to."""


@dataclass(frozen=True, slots=True)
class OpenVenue:
    """A venue that stands and is not served yet."""

    venue: Front
    exchange: Exchange
    front: FrontEnd
    gateway: Gateway
    key: ApiKey
    pace: Pace
    plan: Plan
    started_ns: int


def open_venue(
    venue: Front,
    plan: Plan,
    *,
    balances: Sequence[str],
    seed: int,
    speed: float,
    past: str | None = None,
    scripts: Sequence[tuple[str, int]] = (),
    faults: Mapping[Fault, float] | None = None,
) -> OpenVenue:
    """Open a venue whose clients come now, and whose market began a `past` ago.

    Raise `UserError` for a venue that cannot be.
    """
    Pace(0, time.monotonic_ns, speed)  # refuses an impossible speed before anything runs
    start_ns = time.time_ns() - _past_ns(past)
    listings = [one.listing for one in plan.markets]
    exchange = Exchange(venue.profile, listings, seed=seed, start_ns=start_ns)
    account = exchange.open_account("main", _balances(balances, plan))
    for one in plan.markets:
        exchange.attach(one.source(start_ns))
        if one.listing.kind is Kind.PERPETUAL:
            exchange.street.set_funding(one.listing.symbol, FUNDING_E9)
    keys = KeyRing()
    key = keys.make(account, "main", seed=seed)
    front = venue.make(exchange, keys)
    gateway = Gateway([front], FaultPlan(seed, faults or {}), now_ns=start_ns)
    _run_up(gateway, start_ns)
    opened_ns = time.time_ns()
    for source in exchange.sources:
        if isinstance(source, Steerable):
            for name, after_ns in scripts:
                source.schedule(name, opened_ns + after_ns)
    pace = Pace(opened_ns, time.monotonic_ns, speed)
    return OpenVenue(venue, exchange, front, gateway, key, pace, plan, opened_ns)


def _past_ns(text: str | None) -> int:
    if text is None:
        return 0
    span_ns = Timeframe.parse(text).ms * NS_MS
    if span_ns > CANDLES_MAX * MINUTE_NS:
        raise UserError(f"a past of {text}", where="--past", expected="at most 1000h")
    return span_ns


def _run_up(gateway: Gateway, start_ns: int) -> None:
    """Let the market run until now, a minute at a time: candles are kept, events are not."""
    minutes = (time.time_ns() - start_ns) // MINUTE_NS
    if not minutes:
        return
    with progress("past", minutes) as bar:
        for minute in range(1, minutes + 1):
            gateway.advance(start_ns + minute * MINUTE_NS)
            bar.advance()


def _balances(given: Sequence[str], plan: Plan) -> dict[str, Decimal]:
    listing = plan.listing
    if not given:
        start = {listing.quote: QUOTE_START}
        if any(one.listing.kind is Kind.SPOT for one in plan.markets):
            start[listing.base] = (QUOTE_START / plan.price).quantize(BASE_PLACES)
        return start
    balances: dict[str, Decimal] = {}
    for text in given:
        asset, _, amount = text.partition("=")
        try:
            value = Decimal(amount)
        except InvalidOperation:
            value = Decimal(-1)
        if asset not in {listing.base, listing.quote} or not value.is_finite() or value < 0:
            raise UserError(
                f"'{text}'",
                where="--balance",
                expected=f"{listing.quote}=1000 or {listing.base}=0.5",
            )
        balances[asset] = balances.get(asset, Decimal(0)) + value
    return balances
