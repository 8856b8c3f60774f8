"""Quantity, scales and caps of docs/engine.md, "Gate and sizing"."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import fmean
from typing import TYPE_CHECKING

from ballast.core.reasons import Refusal
from ballast.core.records import Size
from tests.oracle.books import free_cash
from tests.oracle.checks import last_days, least_confidence, liquidity
from tests.oracle.costs import rates, slip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.oracle.checks import Candidate
    from tests.oracle.state import Bar, Symbol, World


def wanted_qty(c: Candidate) -> float:
    """Return the quantity of the sizing mode, before scales and caps."""
    plan, equity, close = c.sym.plan, c.world.account.equity, c.bar.close
    match plan.size_mode:
        case Size.RISK:
            return equity * plan.size_value / c.away
        case Size.VOLATILITY_TARGET:
            return equity * plan.size_value / c.bar.sigma / close if c.bar.sigma > 0 else 0.0
        case Size.FIXED_QTY:
            return plan.size_value
        case _:
            return equity * plan.size_value / close


def factors(c: Candidate) -> dict[str, float]:
    """Return each scale that applies, by the name it is recorded under."""
    limits, account, plan = c.world.limits, c.world.account, c.sym.plan
    found = {}
    if limits.scale_confidence and plan.use_confidence:
        least = least_confidence(c)
        over = (c.bar.confidence - least) / (1 - least) if least < 1 else 1.0
        found["by_confidence"] = 0.5 + 0.5 * min(1.0, max(0.0, over))
    if limits.scale_volatility > 0 and plan.use_volatility and c.bar.volatility > 1:
        found["by_volatility"] = limits.scale_volatility
    if limits.scale_atr > 0 and c.bar.atr > 0:
        found["by_atr"] = 1 / (1 + limits.scale_atr * c.bar.atr / c.bar.close)
    if limits.scale_drawdown and limits.drawdown_kill > 0:
        drawdown = 1 - account.equity / account.peak
        found["by_drawdown"] = max(0.2, 1 - drawdown / limits.drawdown_kill)
    if limits.scale_streak > 0:
        found["by_streak"] = max(0.25, limits.scale_streak**account.losses_in_row)
    days = last_days(c.world, limits.scale_equity_days)
    if len(days) == limits.scale_equity_days > 0 and account.equity < fmean(days) * (1 - 1e-12):
        found["by_equity"] = 0.5
    return found


def open_risk(sym: Symbol) -> float:
    """Return what a position and a queued entry would lose at their stops."""
    risk = 0.0
    p = sym.position
    if p and p.stop is None:
        risk += sym.qty(p.lots) * sym.mark
    elif p:
        risk += max(0.0, p.side * (p.entry - p.stop)) * sym.qty(p.lots)
    if sym.entry:
        away = sym.entry.away if sym.entry.away > 0 else sym.mark
        risk += away * queued_qty(sym)
    return risk


def queued_qty(sym: Symbol) -> float:
    return sym.qty(sym.entry.lots) if sym.entry else 0.0


def caps(c: Candidate) -> Iterator[tuple[float, Refusal]]:
    """Yield every cap that is on, as a quantity, with the refusal it would name."""
    limits, equity, close = c.world.limits, c.world.account.equity, c.bar.close
    thin = thinness(c)
    if limits.position_cap > 0:
        yield equity * (limits.position_cap * thin) / close, Refusal.POSITION_CAP
    if c.away > 0:
        yield from risk_caps(c)
    if limits.volume_share > 0 and c.bar.quote_volume > 0:
        yield c.bar.quote_volume * (limits.volume_share * thin) / close, Refusal.LIQUIDITY
    if limits.leverage > 0:
        yield (equity * limits.leverage - gross(c.world)) / close, Refusal.LEVERAGE
    yield affordable_qty(c), Refusal.NO_CASH


def thinness(c: Candidate) -> float:
    """Return the factor on the caps of a market that trades less than it should."""
    least = c.world.limits.liquidity_shrink
    return min(1.0, liquidity(c) / least) if least > 0 else 1.0


def risk_caps(c: Candidate) -> Iterator[tuple[float, Refusal]]:
    """Yield the caps that ask what the stop would cost; an entry without one meets none."""
    limits, equity = c.world.limits, c.world.account.equity
    if limits.position_risk > 0:
        yield equity * limits.position_risk / c.away, Refusal.POSITION_RISK
    if limits.total_risk > 0:
        used = sum(open_risk(sym) for sym in c.world.symbols)
        yield (equity * limits.total_risk - used) / c.away, Refusal.TOTAL_RISK
    alike = [sym for sym in c.world.symbols if limits.cluster_risk > 0 and together(c, sym)]
    if alike:
        used = sum(open_risk(sym) for sym in alike)
        yield (equity * limits.cluster_risk - used) / c.away, Refusal.CLUSTER_RISK


def gross(world: World) -> float:
    """Return the notional of all positions and queued entries."""
    total = 0.0
    for sym in world.symbols:
        if sym.position:
            total += sym.qty(sym.position.lots) * sym.mark
        if sym.entry:
            total += queued_qty(sym) * sym.mark
    return total


def affordable_cash(world: World) -> float:
    """Return the cash that queued entries leave."""
    free = free_cash(world)
    for sym in world.symbols:
        if sym.entry:
            free -= queued_qty(sym) * sym.mark * sym.entry.cost
    return free


def affordable_qty(c: Candidate) -> float:
    return affordable_cash(c.world) / (c.bar.close * unit_cost(c.sym, c.bar))


def unit_cost(sym: Symbol, bar: Bar) -> float:
    """Return the cash a quote unit of notional takes."""
    taker = rates(sym, bar.close_ms)[1]
    part = slip(sym, bar, bar.close, 0.0)
    return (1.0 if sym.spot else 1 / sym.plan.leverage) + taker + part


def together(c: Candidate, other: Symbol) -> bool:
    """Tell whether `other` holds the same side in the same cluster, or moves alike."""
    holds = other.position or other.entry
    if other is c.sym or holds is None or holds.side != c.side:
        return False
    if c.sym.spec.cluster >= 0 and c.sym.spec.cluster == other.spec.cluster:
        return True
    limits = c.world.limits
    return bool(limits.correlation > 0 and not limits.correlation_refuses and correlated(c, other))


def correlated(c: Candidate, other: Symbol) -> bool:
    """Compare log returns over the last n common bars."""
    n = c.world.limits.correlation_bars
    closes = {bar.close_ms: bar.close for bar in other.bars[: other.next_bar]}
    mine = c.sym.bars[: c.sym.next_bar]
    pairs = [(bar.close, closes[bar.close_ms]) for bar in mine if bar.close_ms in closes]
    pairs = pairs[-(n + 1) :]
    if len(pairs) - 1 < max(1, n / 2):
        return True
    x = [math.log(b[0] / a[0]) for a, b in pairwise(pairs)]
    y = [math.log(b[1] / a[1]) for a, b in pairwise(pairs)]
    mx, my = fmean(x), fmean(y)
    sxy = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True))
    sxx = sum((a - mx) ** 2 for a in x)
    syy = sum((b - my) ** 2 for b in y)
    if not sxx > 0 or not syy > 0:
        return True
    return sxy / math.sqrt(sxx * syy) > c.world.limits.correlation


def size(c: Candidate) -> Refusal:
    """Set the candidate's lots and value, or name why there are none."""
    sym = c.sym
    qty = wanted_qty(c) * math.prod(factors(c).values())
    binding = Refusal.NONE
    for cap, reason in caps(c):
        if cap < qty:
            qty, binding = cap, reason
    if not qty > 0:
        return binding or Refusal.SIZE_ZERO
    c.lots = sym.lots_in(qty)
    if sym.spec.max_lots > 0:
        c.lots = min(c.lots, sym.spec.max_lots)
    c.value = sym.qty(c.lots) * c.bar.close
    if c.lots < 1:
        return binding or Refusal.SIZE_ZERO
    if c.lots < 1.02 * sym.spec.min_lots:
        return binding or Refusal.MIN_QTY
    if c.value < sym.spec.min_notional:
        return binding or Refusal.MIN_NOTIONAL
    return Refusal.NONE
