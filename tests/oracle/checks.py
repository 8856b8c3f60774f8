"""The checks of the gate, in the order of docs/engine.md, "Gate and sizing"."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median_low
from typing import TYPE_CHECKING

from ballast.core.reasons import Refusal
from ballast.core.records import Level, Signal, Size
from tests.oracle.costs import rates, slip
from tests.oracle.state import DAY_MS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.oracle.state import Bar, Symbol, World

HOUR_MS = 3_600_000


@dataclass
class Candidate:
    """An entry signal on its way through the gate."""

    world: World
    sym: Symbol
    bar: Bar
    side: int
    away: float = 0.0
    lots: int = 0
    value: float = 0.0


def side_of(bits: Signal) -> int:
    return 1 if bits & Signal.ENTER_LONG else -1


def least_confidence(c: Candidate) -> float:
    """Return what the account asks of every entry, or the bar's own floor where that is more."""
    return max(c.world.limits.confidence, c.bar.floor)


# ------------------------------------------------------------------ the account's own checks


def _killed(c: Candidate) -> bool:
    return c.world.account.killed


def _daily_loss(c: Candidate) -> bool:
    return c.world.account.day_blocked


def _rolling_drawdown(c: Candidate) -> bool:
    limits, equity = c.world.limits, c.world.account.equity
    if not limits.rolling_drawdown > 0:
        return False
    top = max([equity, *last_days(c.world, limits.rolling_days)])
    return equity - top <= -limits.rolling_drawdown * top


def last_days(world: World, count: int) -> list[float]:
    return world.daily[-count:] if count > 0 else []


def _loss_streak(c: Candidate) -> bool:
    return c.world.now_ms < c.world.account.blocked_until_ms


def _recent(c: Candidate, span_ms: int) -> int:
    return sum(at > c.world.now_ms - span_ms for at in c.world.account.entries_ms)


def _hourly_cap(c: Candidate) -> bool:
    return 0 < c.world.limits.entries_hour <= _recent(c, HOUR_MS)


def _daily_cap(c: Candidate) -> bool:
    return 0 < c.world.limits.entries_day <= _recent(c, DAY_MS)


def _max_positions(c: Candidate) -> bool:
    busy = sum(1 for sym in c.world.symbols if sym.position or sym.entry)
    return 0 < c.world.limits.positions <= busy


# ------------------------------------------------------------------ the symbol's checks


def _spot_cannot_short(c: Candidate) -> bool:
    return c.side < 0 and c.sym.spot


def _side_not_allowed(c: Candidate) -> bool:
    return not (c.sym.plan.allow_long if c.side > 0 else c.sym.plan.allow_short)


def _loss_cooldown(c: Candidate) -> bool:
    return c.world.now_ms < c.sym.cooldown_until_ms


def _entry_spacing(c: Candidate) -> bool:
    last, spacing = c.sym.last_entry_ms, c.world.limits.entry_spacing_ms
    return spacing > 0 and last is not None and c.world.now_ms - last < spacing


def _confidence(c: Candidate) -> bool:
    return bool(c.sym.plan.use_confidence and not c.bar.confidence >= least_confidence(c))


def _volatility(c: Candidate) -> bool:
    block = c.world.limits.volatility_block
    return bool(block > 0 and c.sym.plan.use_volatility and not c.bar.volatility <= block)


def _no_stop(c: Candidate) -> bool:
    return c.sym.plan.stop_kind == Level.NONE and c.sym.plan.size_mode == Size.RISK


def _bad_stop(c: Candidate) -> bool:
    plan, close = c.sym.plan, c.bar.close
    if plan.stop_kind == Level.NONE:
        return False
    if plan.stop_kind == Level.ATR:
        c.away = plan.stop_value * c.bar.atr
    elif plan.stop_kind == Level.PERCENT:
        c.away = plan.stop_value * close
    else:
        c.away = c.side * (close - c.bar.stop)
    return not c.away > 0


def _reward_risk(c: Candidate) -> bool:
    minimum = c.world.limits.reward_risk
    target = _target(c)
    if not minimum > 0 or not target > 0 or not c.away > 0:
        return False
    taker = rates(c.sym, c.bar.close_ms)[1]
    cost = 2 * (taker + slip(c.sym, c.bar, c.bar.close, 0.0)) * c.bar.close
    return not (target - cost) / (c.away + cost) >= minimum


def _target(c: Candidate) -> float:
    plan = c.sym.plan
    unit = {Level.ATR: c.bar.atr, Level.PERCENT: c.bar.close, Level.R: c.away}
    fractions = plan.take_fraction[: plan.take_count]
    if plan.take_count and sum(fractions) >= 1 - 1e-9:
        return sum(
            fractions[k] * plan.take_value[k] * unit[plan.take_kind[k]]
            for k in range(plan.take_count)
        )
    if plan.trail_kind != Level.NONE:
        return plan.trail_activation * unit[plan.trail_kind]
    return 0.0


def liquidity(c: Candidate) -> float:
    """Return the mean quote volume of 5 bars over the lower median of the last n, at most 1."""
    traded = [bar.close * bar.volume for bar in c.sym.bars[: c.sym.next_bar]]
    traded = traded[-int(c.world.limits.liquidity_bars) :]
    norm = median_low(traded)
    if len(traded) < 20 or not norm > 0:
        return 1.0
    return min(1.0, sum(traded[-5:]) / 5 / norm)


def _liquidity_collapse(c: Candidate) -> bool:
    return c.world.limits.liquidity_block > 0 and liquidity(c) < c.world.limits.liquidity_block


CHECKS: list[tuple[Refusal, Callable[[Candidate], bool]]] = [
    (Refusal.KILL_SWITCH, _killed),
    (Refusal.DAILY_LOSS, _daily_loss),
    (Refusal.ROLLING_DRAWDOWN, _rolling_drawdown),
    (Refusal.LOSS_STREAK, _loss_streak),
    (Refusal.HOURLY_CAP, _hourly_cap),
    (Refusal.DAILY_CAP, _daily_cap),
    (Refusal.MAX_POSITIONS, _max_positions),
    (Refusal.SPOT_CANNOT_SHORT, _spot_cannot_short),
    (Refusal.SIDE_NOT_ALLOWED, _side_not_allowed),
    (Refusal.LOSS_COOLDOWN, _loss_cooldown),
    (Refusal.ENTRY_SPACING, _entry_spacing),
    (Refusal.CONFIDENCE, _confidence),
    (Refusal.VOLATILITY, _volatility),
    (Refusal.NO_STOP, _no_stop),
    (Refusal.BAD_STOP, _bad_stop),
    (Refusal.REWARD_RISK, _reward_risk),
    (Refusal.LIQUIDITY_COLLAPSE, _liquidity_collapse),
]
