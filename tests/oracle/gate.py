"""One candidate through the gate: checks, size, what only a known size can tell, the order."""

from __future__ import annotations

from ballast.core.reasons import Refusal
from ballast.core.records import Margin
from tests.oracle.books import liquidation_price
from tests.oracle.checks import CHECKS, Candidate
from tests.oracle.costs import slip
from tests.oracle.sized import sized
from tests.oracle.sizing import correlated, queued_qty, size, unit_cost
from tests.oracle.state import EntryOrder
from tests.oracle.tail import value_at_risk


def after_size(c: Candidate) -> Refusal:
    """Check what only a known size can tell: slippage, relatives, sector, margin."""
    limits, sym, close = c.world.limits, c.sym, c.bar.close
    notional = sym.qty(c.lots) * close
    if limits.slippage > 0 and slip(sym, c.bar, close, notional) > limits.slippage:
        return Refusal.SLIPPAGE
    if limits.correlation_refuses and limits.correlation > 0 and moves_with_another(c):
        return Refusal.CORRELATION
    if sector_is_full(c, notional):
        return Refusal.SECTOR_SHARE
    if 0 < limits.value_at_risk < value_at_risk(c, notional) / c.world.account.equity:
        return Refusal.VALUE_AT_RISK
    return Refusal.NONE if sym.spot else of_margin(c, notional)


def of_margin(c: Candidate, notional: float) -> Refusal:
    """Check the allowed leverage of a perpetual, and its stop against the liquidation price."""
    limits, sym, close = c.world.limits, c.sym, c.bar.close
    allowed = [t.leverage for t in sym.tiers if notional < t.cap or t is sym.tiers[-1]][:1]
    if limits.leverage > 0:
        allowed.append(limits.leverage)
    if allowed and sym.plan.leverage > min(allowed):
        return Refusal.LEVERAGE
    if sym.plan.margin == Margin.ISOLATED and c.away > 0:
        qty = sym.qty(c.lots)
        backing = qty * close / sym.plan.leverage
        liquidation = liquidation_price(sym, qty, close, c.side, backing)
        if c.side * (close - liquidation) <= c.away:
            return Refusal.STOP_BEYOND_LIQUIDATION
    return Refusal.NONE


def moves_with_another(c: Candidate) -> bool:
    """Tell whether a position or a queued entry of this side is correlated with this one."""
    for sym in c.world.symbols:
        holds = sym.position or sym.entry
        if sym is not c.sym and holds is not None and holds.side == c.side and correlated(c, sym):
            return True
    return False


def sector_is_full(c: Candidate, notional: float) -> bool:
    """Tell whether the sector's notional, this entry included, is too much of the equity."""
    most, mine = c.world.limits.sector_share, c.sym.spec.cluster
    if most <= 0 or mine < 0:
        return False
    for sym in c.world.symbols:
        if sym is not c.sym and sym.spec.cluster == mine:
            held = sym.qty(sym.position.lots) if sym.position else 0.0
            notional += (held + queued_qty(sym)) * sym.mark
    return bool(notional / c.world.account.equity > most)


def decide(c: Candidate) -> Refusal:
    """Send one candidate through everything; queue its entry if nothing speaks against it."""
    for reason, blocks in CHECKS:
        if blocks(c):
            return reason
    small = size(c)
    reason = small or after_size(c)
    c.world.sized.append(sized(c, reason, 0 if small else c.lots))
    if reason:
        return reason
    world, sym, bar, plan = c.world, c.sym, c.bar, c.sym.plan
    limit = None
    if plan.entry_limit_atr > 0:
        level = bar.close - c.side * plan.entry_limit_atr * bar.atr
        limit = max(sym.against(level, -c.side), sym.spec.tick_num / sym.spec.tick_den)
    from_ms = world.now_ms + plan.latency_bars * sym.spec.timeframe_ms
    until_ms = from_ms + plan.entry_ttl_bars * sym.spec.timeframe_ms
    sym.entry = EntryOrder(
        c.side, c.lots, c.value, limit, from_ms, until_ms, bar.atr, c.away, bar.stop,
        bar.confidence, bar.index, bar.close, unit_cost(sym, bar),
    )  # fmt: skip
    sym.last_entry_ms = world.now_ms
    world.account.entries_ms.append(world.now_ms)
    return Refusal.NONE
