"""Putting a simulated venue together: engine, market, account, key, front end, gateway."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from ballast.core.errors import DataError, UserError
from ballast.core.instrument import Kind
from ballast.core.time import Timeframe, format_ms
from ballast.service.cli.output import progress
from ballast.service.cli.venue_fronts import front_of
from ballast.service.cli.venue_symbols import plan_of
from ballast.venues.simulated.engine.exchange import Exchange
from ballast.venues.simulated.engine.street import Steerable
from ballast.venues.simulated.fronts.board import CANDLES_MAX, MINUTE_NS
from ballast.venues.simulated.fronts.keys import ApiKey, KeyRing
from ballast.venues.simulated.server import snapshot as snapshots
from ballast.venues.simulated.server.pace import Pace
from ballast.venues.simulated.wire.faults import FaultPlan
from ballast.venues.simulated.wire.gateway import Gateway

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ballast.service.cli.venue_fronts import Front
    from ballast.service.cli.venue_market import Plan
    from ballast.venues.simulated.server.snapshot import Recipe, Snapshot
    from ballast.venues.simulated.wire.faults import Fault
    from ballast.venues.simulated.wire.frontend import FrontEnd

ACCOUNT = "main"
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
    recipe: Recipe | None = None

    def snapshot(self) -> bytes:
        """Return all of it as the content of a file; raise `UserError` for one without a recipe."""
        if self.recipe is None:
            raise UserError("nothing says from what this venue was made")
        return snapshots.packed(snapshots.take(self.gateway, self.exchange, self.recipe))


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
    recipe: Recipe | None = None,
) -> OpenVenue:
    """Open a venue whose clients come now, and whose market began a `past` ago.

    With a `recipe`, of which venue and plan are made, it can be kept. Raise `UserError` for a venue
    that cannot be.
    """
    if plan.feed is not None and past is not None:
        raise UserError("a live market has no past", where="--past", fix="leave it out")
    money = _balances(balances, plan)
    start_ns = time.time_ns() - _past_ns(past)
    opened = _stand(venue, plan, seed, start_ns, speed, faults)
    account = opened.exchange.open_account(ACCOUNT, money)
    assert account == opened.key.account  # noqa: S101 - nobody was there before
    _run_up(opened.gateway)
    opened_ns = time.time_ns()
    for source in opened.exchange.sources:
        if isinstance(source, Steerable):
            for name, after_ns in scripts:
                source.schedule(name, opened_ns + after_ns)
    kept = None if recipe is None else replace(recipe, start_ns=start_ns, words=plan.words)
    return replace(_begun(opened, opened_ns), recipe=kept)


def reopen_venue(snapshot: Snapshot, *, speed: float, catches_up: bool = True) -> OpenVenue:
    """Set up a venue that was taken down.

    It catches up: its market runs on to the present before it opens. Otherwise it goes on at the
    time of the snapshot, and whoever signs must take the venue's time. Raise `UserError` where what
    it was made from is not there any more.
    """
    recipe = snapshot.recipe
    venue, plan = front_of(recipe.exchange), plan_of(recipe)
    if plan.words != recipe.words:
        raise DataError(
            f"the market is now {plan.words}",
            expected=recipe.words,
            fix="restore where its data is as it was",
        )
    opened = _stand(venue, plan, recipe.seed, recipe.start_ns, speed)
    snapshots.put_back(snapshot, opened.gateway, opened.exchange)
    opened = replace(opened, recipe=recipe)
    if not catches_up:
        return _begun(opened, snapshot.now_ns)
    if time.time_ns() - snapshot.now_ns > CANDLES_MAX * MINUTE_NS:
        raise UserError(
            f"the snapshot is of {format_ms(snapshot.now_ns // NS_MS)}",
            fix="go on at that time with --no-catch-up",
        )
    _run_up(opened.gateway)
    return _begun(opened, max(snapshot.now_ns, time.time_ns()))


def _stand(
    venue: Front,
    plan: Plan,
    seed: int,
    start_ns: int,
    speed: float,
    faults: Mapping[Fault, float] | None = None,
) -> OpenVenue:
    """Put a venue together at the time its market begins; nobody has an account yet."""
    pace = Pace(start_ns, time.monotonic_ns, speed)  # refuses an impossible speed at once
    if plan.feed is not None and speed != 1.0:
        raise UserError(f"speed {speed:g}", where="--speed", expected="1: the market is live")
    listings = [one.listing for one in plan.markets]
    exchange = Exchange(venue.profile, listings, seed=seed, start_ns=start_ns)
    for one in plan.markets:
        exchange.attach(one.source(start_ns))
        if one.listing.kind is Kind.PERPETUAL:
            exchange.street.set_funding(one.listing.symbol, FUNDING_E9)
    keys = KeyRing()
    key = venue.make_key(keys, 1, ACCOUNT, seed=seed)
    front = venue.make(exchange, keys)
    gateway = Gateway([front], FaultPlan(seed, faults or {}), now_ns=start_ns)
    return OpenVenue(venue, exchange, front, gateway, key, pace, plan, start_ns)


def _begun(opened: OpenVenue, at_ns: int) -> OpenVenue:
    """Let the venue's time run from now on."""
    pace = Pace(at_ns, time.monotonic_ns, opened.pace.speed)
    return replace(opened, pace=pace, started_ns=at_ns)


def _past_ns(text: str | None) -> int:
    if text is None:
        return 0
    span_ns = Timeframe.parse(text).ms * NS_MS
    if span_ns > CANDLES_MAX * MINUTE_NS:
        raise UserError(f"a past of {text}", where="--past", expected="at most 1000h")
    return span_ns


def _run_up(gateway: Gateway) -> None:
    """Let the market run until now, a minute at a time: candles are kept, events are not."""
    start_ns = gateway.now_ns
    minutes = (time.time_ns() - start_ns) // MINUTE_NS
    if minutes <= 0:
        return
    with progress("past", minutes) as bar:
        for minute in range(1, minutes + 1):
            gateway.advance(start_ns + minute * MINUTE_NS)
            bar.advance()


def _balances(given: Sequence[str], plan: Plan) -> dict[str, Decimal]:
    quote = plan.listing.quote
    if not given:
        start = {quote: QUOTE_START}
        for one in plan.markets:
            if one.listing.kind is Kind.SPOT:
                base = one.listing.base
                start[base] = (QUOTE_START / plan.prices[base]).quantize(BASE_PLACES)
        return start
    balances: dict[str, Decimal] = {}
    for text in given:
        asset, _, amount = text.partition("=")
        try:
            value = Decimal(amount)
        except InvalidOperation:
            value = Decimal(-1)
        if asset not in {quote, *plan.prices} or not value.is_finite() or value < 0:
            raise UserError(
                f"'{text}'",
                where="--balance",
                expected=f"{quote}=1000 or {plan.listing.base}=0.5",
            )
        balances[asset] = balances.get(asset, Decimal(0)) + value
    return balances
