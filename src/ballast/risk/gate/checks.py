"""Checks: one function a rule; each returns what it measured and its limit, or None: it passes.

`CHECKS` is the chain, in the order in which reasons are told. A check reads the snapshot, the
memory and the limits, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.core.reason_texts import limit_text, measured_text
from ballast.core.reasons import Refusal
from ballast.risk.gate.memory import Memory, State
from ballast.risk.halt.breaker import Gate

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.core.settings import Settings
    from ballast.risk.gate.facts import Snapshot

SECOND_NS = 1_000_000_000
MS_NS = 1_000_000
UNKNOWN = "not known"
SPREAD_MAX = 0.01
"""R-DQ-07: of the bid."""
POSITION_AGE_NS = 5 * SECOND_NS
"""How old the venue's word on the position may be: as old as a signal."""
CLOCK_AGE_NS = 600 * SECOND_NS
CLOCK_OFFSET_NS = SECOND_NS
"""D4: half of the shortest receive window we use, less what a request is on its way."""
FUNDS_SLACK = 1e-9
"""An entry of all that is free is sized by numbers that are rounded."""
SPOOF, PENALTY = "spoof_score", "risk_penalty"


@dataclass(frozen=True, slots=True)
class Against:
    """What speaks against: the value and its limit, as they are stored and shown."""

    measured: float | str
    limit: float | str


@dataclass(frozen=True, slots=True)
class Limits:
    """The settings the chain reads, in its own units."""

    signal_age_ns: int = 5 * SECOND_NS
    duplicate_ns: int = 60 * SECOND_NS
    same_side_ns: int = 300 * SECOND_NS
    data_age_ns: int = 10 * SECOND_NS
    slippage: float = 0.005
    spoof_score: float = 0.5
    risk_penalty: float = 0.8
    ltv: float = 0.55
    moved_1m: float = 0.05
    moved_5m: float = 0.1
    funds_age_ns: int = 5 * SECOND_NS
    """0: the venue is not asked what is free, as in journals of before."""

    @staticmethod
    def of(settings: Settings) -> Limits:
        """Take them from the settings."""
        gate, risk = settings.gate, settings.risk
        return Limits(
            signal_age_ns=gate.signal_age_ms * MS_NS,
            duplicate_ns=gate.duplicate_window_ms * MS_NS,
            same_side_ns=risk.entry_spacing_ms * MS_NS,
            slippage=risk.slippage,
            spoof_score=gate.spoof_score,
            risk_penalty=gate.risk_penalty,
            ltv=gate.ltv_alarm,
            moved_1m=gate.moved_1m,
            moved_5m=gate.moved_5m,
            funds_age_ns=gate.funds_age_ms * MS_NS,
        )


def mode(snap: Snapshot, _: Memory, __: Limits) -> Against | None:
    """Let entries pass in RUNNING only (R-GATE-29)."""
    halt = snap.account.halt
    return None if halt.allows_entries else Against(f"{halt.mode}: {halt.reason}", "running")


def kernel(snap: Snapshot, _: Memory, __: Limits) -> Against | None:
    """Take the account's own limits as the kernel's steps found them: the same in every mode."""
    asked = snap.candidate
    if asked.kernel is Refusal.NONE:
        return None
    reason = asked.kernel
    return Against(measured_text(reason, asked.measured), limit_text(reason, asked.limit))


def certificate(snap: Snapshot, _: Memory, __: Limits) -> Against | None:
    """Ask for a passed certificate of this strategy, in force, for symbol and size (R-GATE-24)."""
    held, asked = snap.account.permission, snap.candidate
    if held is None or not held.is_passed:
        return Against("none" if held is None else "failed", "passed")
    if held.strategy_hash != asked.strategy_hash:
        return Against(f"of strategy {held.strategy_hash}", asked.strategy_hash)
    if snap.now_ns >= held.expires_ns:
        return Against("expired", "in force")
    if asked.symbol not in held.symbols:
        return Against(asked.symbol, ", ".join(sorted(held.symbols)))
    if asked.notional > held.notional_max:
        return Against(asked.notional, held.notional_max)
    return None


def scenario(snap: Snapshot, _: Memory, __: Limits) -> Against | None:
    """Refuse another strategy than the one that is shown and selected (R-GATE-23)."""
    asked, chosen = snap.candidate.strategy_hash, snap.account.chosen_hash
    return None if asked == chosen else Against(asked, chosen)


def symbol_state(snap: Snapshot, memory: Memory, _: Limits) -> Against | None:
    """Let entries pass from ANALYZING only (R-GATE-20)."""
    state = memory.of(snap.candidate.symbol).state_at(snap.now_ns)
    return None if state is State.ANALYZING else Against(str(state), str(State.ANALYZING))


def signal_age(snap: Snapshot, _: Memory, limits: Limits) -> Against | None:
    """Let a signal act while it is young, and never before it was made (R-GATE-13)."""
    age_ns = snap.now_ns - snap.candidate.signalled_ns
    if 0 <= age_ns <= limits.signal_age_ns:
        return None
    return Against(age_ns / SECOND_NS, limits.signal_age_ns / SECOND_NS)


def duplicate(snap: Snapshot, memory: Memory, limits: Limits) -> Against | None:
    """Refuse a second signal of one side within the window (R-GATE-03)."""
    asked = snap.candidate
    last = memory.of(asked.symbol).last_signal_ns(asked.side)
    since = asked.signalled_ns - last if last is not None else limits.duplicate_ns
    if since >= limits.duplicate_ns:
        return None
    return Against(since / SECOND_NS, limits.duplicate_ns / SECOND_NS)


def same_side(snap: Snapshot, memory: Memory, limits: Limits) -> Against | None:
    """Keep accepted entries of one side apart (R-GATE-15)."""
    asked = snap.candidate
    last = memory.of(asked.symbol).accepted_ns(asked.side)
    if last is None or snap.now_ns - last >= limits.same_side_ns:
        return None
    return Against((snap.now_ns - last) / SECOND_NS, limits.same_side_ns / SECOND_NS)


def conflict(snap: Snapshot, memory: Memory, limits: Limits) -> Against | None:
    """Refuse while a signal of the other side is as young as a signal may be (R-GATE-14)."""
    asked = snap.candidate
    other = memory.of(asked.symbol).last_signal_ns(type(asked.side)(-asked.side))
    if other is None or abs(asked.signalled_ns - other) > limits.signal_age_ns:
        return None
    return Against("signals for both sides", "one side")


def spoof(snap: Snapshot, _: Memory, limits: Limits) -> Against | None:
    """Refuse on a book that seems made up (R-GATE-04)."""
    return _declared(snap, SPOOF, limits.spoof_score, limits)


def penalty(snap: Snapshot, _: Memory, limits: Limits) -> Against | None:
    """Refuse on too many warnings of the analysis (R-GATE-05)."""
    return _declared(snap, PENALTY, limits.risk_penalty, limits)


def _declared(snap: Snapshot, name: str, most: float, limits: Limits) -> Against | None:
    """Hold an input against its limit; one that is declared must be there and young."""
    asked = snap.candidate
    found = asked.inputs.get(name)
    if found is None:
        return Against(UNKNOWN, most) if name in asked.declares else None
    age_ns = snap.now_ns - found.at_ns
    if not 0 <= age_ns <= limits.signal_age_ns:
        return Against(f"{age_ns / SECOND_NS:g} s old", limits.signal_age_ns / SECOND_NS)
    return None if found.value <= most else Against(found.value, most)  # a NaN is refused too


def inputs(snap: Snapshot, _: Memory, limits: Limits) -> Against | None:
    """Ask that whatever else the strategy declares is there, young, and a number."""
    asked = snap.candidate
    for name in sorted(set(asked.declares) - {SPOOF, PENALTY}):
        found = asked.inputs.get(name)
        if found is None or found.value != found.value:
            return Against(f"{name}: {UNKNOWN}", "known")
        if not 0 <= snap.now_ns - found.at_ns <= limits.signal_age_ns:
            return Against(f"{name}: old", limits.signal_age_ns / SECOND_NS)
    return None


def position(snap: Snapshot, _: Memory, __: Limits) -> Against | None:
    """Ask that the venue, asked just now, holds what we hold: nothing (R-GATE-11, R-GATE-12)."""
    ours = snap.position.ours_lots
    return _agrees(snap) or (Against(ours, 0) if ours else None)


def _agrees(snap: Snapshot) -> Against | None:
    """Ask that the venue, asked just now, holds what our fills come to."""
    held = snap.position
    if held.venue_lots is None or held.asked_ns is None:
        return Against(UNKNOWN, "asked at the venue")
    if snap.now_ns - held.asked_ns > POSITION_AGE_NS:
        return Against((snap.now_ns - held.asked_ns) / SECOND_NS, POSITION_AGE_NS / SECOND_NS)
    if held.venue_lots != held.ours_lots:
        return Against(f"{held.venue_lots} lots at the venue", f"{held.ours_lots} by our fills")
    return None


def part_held(snap: Snapshot, _: Memory, __: Limits) -> Against | None:
    """Ask that the venue holds what the slices before this one came to, and nothing else."""
    held = snap.position.ours_lots
    if held and held * int(snap.candidate.side) < 0:
        return Against(held, "a position of the same side")
    return _agrees(snap)


def protection(snap: Snapshot, _: Memory, __: Limits) -> Against | None:
    """Refuse while any position is without its stop (B2)."""
    bare = snap.account.unprotected
    return Against(", ".join(bare), "all protected") if bare else None


def unknown_orders(snap: Snapshot, _: Memory, __: Limits) -> Against | None:
    """Refuse while nobody knows what became of an order (A4)."""
    lost = snap.account.unknown
    return Against(len(lost), 0) if lost else None


def breaker(snap: Snapshot, _: Memory, __: Limits) -> Against | None:
    """Ask that the link to the venue works (R-NET-08); its one trial call is no entry."""
    gate = snap.link.gate
    return None if gate is Gate.CLOSED else Against(str(gate), str(Gate.CLOSED))


def market(snap: Snapshot, _: Memory, __: Limits) -> Against | None:
    """Ask that the symbol trades and the venue is not being maintained (R-GATE-28)."""
    link = snap.link
    if link.is_trading is None or link.is_maintenance is None:
        return Against(UNKNOWN, "trading")
    if link.is_maintenance:
        return Against("maintenance", "trading")
    return None if link.is_trading else Against("halted", "trading")


def calm(snap: Snapshot, _: Memory, limits: Limits) -> Against | None:
    """Refuse in a market event: a crash or a squeeze of any price that is watched (R-RISK-19)."""
    link = snap.link
    if not link.moved_1m < limits.moved_1m:  # a NaN is refused too
        return Against(f"{link.moved_1m:.1%} in a minute", f"{limits.moved_1m:.1%}")
    if not link.moved_5m < limits.moved_5m:
        return Against(f"{link.moved_5m:.1%} in 5 minutes", f"{limits.moved_5m:.1%}")
    return None


def announced(snap: Snapshot, _: Memory, __: Limits) -> Against | None:
    """Refuse while a shock is announced, or its source is not heard (R-DATA-23)."""
    account = snap.account
    if account.shock is not None:
        return Against(account.shock.line, "no shock announced")
    if account.source_fault:
        return Against(f"event source: {account.source_fault}", "heard")
    return None


def data_fresh(snap: Snapshot, _: Memory, limits: Limits) -> Against | None:
    """Ask that the newest datum that changed anything is young (E3)."""
    if snap.link.data_ns is None:
        return Against(UNKNOWN, limits.data_age_ns / SECOND_NS)
    age_ns = snap.now_ns - snap.link.data_ns
    if 0 <= age_ns <= limits.data_age_ns:
        return None
    return Against(age_ns / SECOND_NS, limits.data_age_ns / SECOND_NS)


def contiguous(snap: Snapshot, _: Memory, __: Limits) -> Against | None:
    """Refuse on a gap in the bars of the decision (E4)."""
    found = snap.link.is_contiguous
    return None if found else Against(UNKNOWN if found is None else "gap", "contiguous")


def spread(snap: Snapshot, _: Memory, __: Limits) -> Against | None:
    """Ask for a spread of at most 1 % (R-DQ-07)."""
    return _at_most(snap.link.spread, SPREAD_MAX)


def slippage(snap: Snapshot, _: Memory, limits: Limits) -> Against | None:
    """Ask that the visible depth takes this size for at most 0.5 % (R-COST-09)."""
    return _at_most(snap.link.slippage, limits.slippage)


def cost(snap: Snapshot, _: Memory, __: Limits) -> Against | None:
    """Ask that an edge, where one is stated, exceeds what the round trip costs (R-GATE-27)."""
    asked = snap.candidate
    if asked.edge is None or asked.edge > asked.cost:
        return None
    return Against(asked.edge, asked.cost)


def clock(snap: Snapshot, _: Memory, __: Limits) -> Against | None:
    """Ask that our clock and the venue's agree, as measured not long ago (D4)."""
    link = snap.link
    if link.clock_offset_ns is None or link.clock_ns is None:
        return Against(UNKNOWN, CLOCK_OFFSET_NS / SECOND_NS)
    if snap.now_ns - link.clock_ns > CLOCK_AGE_NS:
        return Against((snap.now_ns - link.clock_ns) / SECOND_NS, CLOCK_AGE_NS / SECOND_NS)
    if abs(link.clock_offset_ns) > CLOCK_OFFSET_NS:
        return Against(link.clock_offset_ns / SECOND_NS, CLOCK_OFFSET_NS / SECOND_NS)
    return None


def equity(snap: Snapshot, _: Memory, __: Limits) -> Against | None:
    """Ask that what the account is worth is known (R-RISK-27)."""
    return None if snap.account.is_equity_known else Against(UNKNOWN, "known")


def funds(snap: Snapshot, _: Memory, limits: Limits) -> Against | None:
    """Ask that the venue, asked just now, has free what the entry costs (R-OMS-12).

    What the account's own orders and positions leave is known here; what those of others hold is
    not, and the venue would refuse the order.
    """
    held = snap.funds
    if not limits.funds_age_ns:
        return None
    if held.free is None or held.asked_ns is None:
        return Against(UNKNOWN, "asked at the venue")
    age_ns = snap.now_ns - held.asked_ns
    if age_ns > limits.funds_age_ns:
        return Against(f"{age_ns / SECOND_NS:g} s old", limits.funds_age_ns / SECOND_NS)
    if held.needed <= held.free * (1.0 + FUNDS_SLACK):  # a NaN is refused too
        return None
    return Against(f"{held.needed:.8g} needed", f"{held.free:.8g} free at the venue")


def ltv(snap: Snapshot, _: Memory, limits: Limits) -> Against | None:
    """Keep the account far from liquidation (R-RISK-21)."""
    return _at_most(snap.account.ltv, limits.ltv)


def health(snap: Snapshot, _: Memory, __: Limits) -> Against | None:
    """Refuse while loop, memory or disk of the process are beyond their limits (G5, G8)."""
    found = next((one for one in snap.account.health if one.blocks), None)
    return None if found is None else Against(f"{found.vital} {found.measured}", found.limit)


def _at_most(value: float | None, most: float) -> Against | None:
    if value is None:
        return Against(UNKNOWN, most)
    return None if value <= most else Against(value, most)  # a NaN is refused too


CHECKS: dict[str, Callable[[Snapshot, Memory, Limits], Against | None]] = {
    one.__name__: one
    for one in (
        mode, kernel, certificate, scenario, symbol_state, signal_age, duplicate, same_side,
        conflict, spoof, penalty, inputs, position, protection, unknown_orders, breaker, market,
        calm, announced, data_fresh, contiguous, spread, slippage, cost, clock, equity, funds,
        ltv, health,
    )
}  # fmt: skip
"""The chain: id and rule."""

PART_CHECKS = {
    name: check
    for name, check in CHECKS.items()
    if check not in {symbol_state, signal_age, duplicate, same_side, position}
} | {part_held.__name__: part_held}
"""What is asked again before each further slice of an entry: all but its signal's age and place."""
