"""Sessions: the legs of a run as what a node decides with: the rows research would use.

The same settings, the same plan, the same construction, limits and instruments; only what a venue
does by itself (funding, marks, finer bars) is left to the venue.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.certificate import Verdict
from ballast.core.errors import UserError
from ballast.core.records import plain_of
from ballast.features.regime.labels import Regime
from ballast.kernel.live import OPTIONAL
from ballast.oms.protection.cover import Patience
from ballast.research.assembly import assemble
from ballast.research.floors import OFF
from ballast.risk.confidence import confidence_floor
from ballast.risk.gate.checks import Limits
from ballast.risk.gate.facts import Permission
from ballast.runtime.node.desk import NodeRules
from ballast.runtime.node.session import Seat, Session, Trader
from ballast.runtime.node.slices import SliceRules
from ballast.strategies.definition import Strategy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ballast.core.certificate import Certificate
    from ballast.core.settings import Settings
    from ballast.kernel.market import Market
    from ballast.oms.protection.cover import Abilities
    from ballast.research.assembly import Leg
    from ballast.research.assignment import Assignment
    from ballast.strategies.plan import AnyStrategy

MS_NS = 1_000_000
BPS = 1e4
FOREVER_NS = 2**62
PPM = 1_000_000
TRAIL_STEP_PPM = 1_000
"""Venues take the distance of a trailing stop in steps of a tenth of a percent (Binance)."""
ROOM = 4_096
ROOM_WARMUPS = 4
"""Bars kept, in warm-ups: a recursive mean has forgotten its start after three."""


def session_of(
    legs: Sequence[Leg],
    cash: float,
    digits: Mapping[str, int],
    *,
    market: Market | None = None,
    room: int = 0,
) -> Session:
    """Return the session of some legs; raise `UserError` for what only a backtest can do.

    `digits` are those in which the venue keeps its assets; `market` is that of the legs, if it is
    at hand. An entry sized in quote units is sent in lots at the price of the close.
    """
    first = legs[0]
    traders, owners = _traders(legs)
    market = market or assemble(legs)
    spec, plan = market.spec.copy(), market.plan.copy()
    if np.any(spec["slip_book"]):
        raise UserError("costs.slip_book is on", fix="switch it off: the venue has a book")
    plan["size_in_quote"] = 0
    for name in ("first", "last", "fund_first", "fund_last", "depth_first", "depth_last"):
        spec[name] = 0
    seats = tuple(
        Seat(
            leg.series.bars.symbol,
            owners[s],
            leg.series.rules.base,
            leg.series.rules.quote,
            {asset: digits[asset] for asset in (leg.series.rules.base, leg.series.rules.quote)},
            plain_of(spec[s]),
            plain_of(plan[s]),
        )
        for s, leg in enumerate(legs)
    )
    detector = first.settings.risk.confidence_regimes
    reads_floor = len(market.floor) > 0 and detector != OFF
    return Session(
        traders=traders,
        venue=first.series.bars.venue,
        timeframe=str(first.series.bars.timeframe),
        seats=seats,
        limits=plain_of(market.limits[0]),
        fees=tuple(plain_of(row) for row in market.fees),
        tiers=tuple(plain_of(row) for row in market.tiers),
        reads=tuple(name for name in OPTIONAL if len(getattr(market, name))),
        detector=detector if reads_floor else "",
        floors=tuple(confidence_floor(Regime(code), first.settings) for code in (0, 1, 2, -1))
        if reads_floor
        else (),
        cash=cash,
        room=room or max(ROOM, ROOM_WARMUPS * max(leg.plan.warmup for leg in legs)),
    )


def _traders(legs: Sequence[Leg]) -> tuple[tuple[Trader, ...], list[int]]:
    """Return the strategies of some legs, each once, and the place of the one of each leg."""
    found: list[Trader] = []
    owners = []
    for leg in legs:
        strategy = leg.plan.strategy
        text = strategy.to_json() if isinstance(strategy, Strategy) else ""
        trader = Trader(text, strategy.hash, dict(leg.plan.params), strategy.name)
        if trader not in found:
            found.append(trader)
        owners.append(found.index(trader))
    return tuple(found), owners


def rules_of(
    legs: Sequence[Leg],
    settings: Settings,
    account: str,
    digits: Mapping[str, int],
    abilities: Abilities,
) -> NodeRules:
    """Return what a node is told; it may trade nothing until it is given a permission."""
    risk, orders = settings.risk, settings.orders
    return NodeRules(
        account,
        legs[0].plan.strategy.hash,
        limits=Limits.of(settings),
        abilities=with_room(abilities, settings),
        drawdown_warning=settings.gate.drawdown_warning,
        tells_lost=True,
        tells_sizes=True,
        tells_kill=True,
        tells_all=True,
        recosts_slices=True,
        books_strange=True,
        names_birth=True,
        drawdown_kill=risk.drawdown_kill or 1.0,
        kill_closes=bool(risk.kill_closes),
        cooldown_ns=risk.loss_cooldown_ms * MS_NS,
        position_max=max(round(settings.engine.initial_cash), 1),
        patience=Patience(),
        settle_ns=orders.settle_ms * MS_NS,
        slip_alarm=orders.slippage_alarm,
        slices=SliceRules(
            orders.slice_share, orders.slice_interval_ms * MS_NS, orders.slices_max, risk.slippage
        ),
        tighten_atr=settings.gate.event_tighten_atr,
        has_source=bool(settings.gate.event_source.strip()),
        session=session_of(legs, settings.engine.initial_cash, digits),
    )


def with_room(abilities: Abilities, settings: Settings) -> Abilities:
    """Return what a venue allows, with the room that a stop-limit is given (R-STOP-04).

    Its pairs (R-STOP-28) and trailing stops (R-STOP-27) are used where that is wanted; raise
    `UserError` where it is, and the market has none.
    """
    exits = settings.exits
    if exits.pairs and not abilities.pairs:
        raise UserError(
            "take and stop cannot rest as a pair here",
            where="exits.pairs",
            expected="spot of Binance, with symbols that have OCO pairs",
            fix="set it to false: the take is watched",
        )
    if exits.native_trail and not abilities.trails:
        raise UserError(
            "no trailing stop can rest here",
            where="exits.native_trail",
            expected="perpetuals of Binance or OKX",
            fix="set it to 0: the node trails by itself",
        )
    return replace(
        abilities,
        pairs=exits.pairs,
        trail_ppm=round(exits.native_trail * PPM / TRAIL_STEP_PPM) * TRAIL_STEP_PPM,
        offset_ppm=round(exits.stop_limit_offset * PPM),
        offset_atr=exits.stop_limit_atr,
    )


def require_stop(legs: Sequence[Leg], market: Market, *, allow_bare: bool) -> None:
    """Raise `UserError` for a strategy without a stop, unless that is wanted."""
    for leg, kind in zip(legs, market.plan["stop_kind"], strict=True):
        if not kind and not allow_bare:
            raise UserError(
                f"{leg.plan.strategy.name} has no stop",
                fix="give it one, or say --allow-bare: its positions then have no order that ends "
                "them",
            )


def certified(
    assignments: Sequence[Assignment], certificates: Sequence[Certificate]
) -> tuple[tuple[Assignment, Certificate | None], ...]:
    """Return each strategy with its certificate, and with its numbers where none are given.

    Of several certificates of a strategy it is the one that covers its symbols and numbers; where
    none does, one that says why. Raise `UserError` where some are given, and none of a strategy.
    """
    found = []
    for one in assignments:
        held = _certificate(one, certificates)
        if held is None and len(assignments) == 1:
            held = next(iter(certificates), None)  # whatever it is of: the gate will say
        if held is None and certificates:
            raise UserError(
                f"no certificate of {one.strategy.name} among those given",
                where="--certificate",
                fix="give one for each strategy",
            )
        if held is not None and _has_numbers(one, held):
            one = replace(one, params=held.params)  # noqa: PLW2901 - whole, defaults included
        found.append((one, held))
    return tuple(found)


def _certificate(one: Assignment, certificates: Sequence[Certificate]) -> Certificate | None:
    """Return the certificate of a strategy: under its hash, or at least under its name."""
    its = [held for held in certificates if held.strategy_hash == one.strategy.hash]
    named = [held for held in certificates if held.strategy == one.strategy.name]
    covers = [
        held
        for held in its
        if set(one.symbols) <= set(held.limits.symbols) and _has_numbers(one, held)
    ]
    return next(iter(covers or its or named), None)


def _has_numbers(one: Assignment, held: Certificate) -> bool:
    """Whether nothing else than the numbers of a certificate is asked for."""
    return not one.params or one.strategy.values(one.params) == dict(held.params)


def permissions_of(
    proved: Sequence[tuple[Assignment, Certificate | None]],
) -> tuple[Permission, ...]:
    """Return what strategies may trade; without a certificate: anything of their symbols.

    That is for paper and rehearsals. Of several strategies each has only its own symbols, so that
    one that comes twice with other numbers is held against the certificate of those numbers.
    """
    found = []
    for one, held in proved:
        leave = any_permission(one.strategy, one.symbols) if held is None else permission_of(held)
        if len(proved) > 1:
            own = tuple(symbol for symbol in leave.symbols if symbol in one.symbols)
            leave = replace(leave, symbols=own)
        found.append(leave)
    return tuple(found)


def permission_of(certificate: Certificate) -> Permission:
    """Return what a certificate allows: the gate holds every entry against it (R-GATE-24)."""
    limits, expected = certificate.limits, certificate.expectation
    return Permission(
        certificate.strategy_hash,
        is_passed=certificate.verdict is Verdict.PASS,
        expires_ns=limits.expires_ms * MS_NS,
        symbols=limits.symbols,
        notional_max=limits.capital_max,
        mean_return=None if expected is None else expected.mean,
        slippage=0.0 if expected is None else expected.slippage_bps / BPS,
    )


def any_permission(strategy: AnyStrategy, symbols: tuple[str, ...]) -> Permission:
    """Return leave to trade a strategy without a certificate: for paper and rehearsals only."""
    return Permission(
        strategy.hash, is_passed=True, expires_ns=FOREVER_NS, symbols=symbols, notional_max=1e15
    )
