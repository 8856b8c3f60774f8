"""Desk: what a node is told once, what it keeps of a symbol, and the snapshot the gate judges."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ballast.core.ids import Purpose
from ballast.core.orders import Fill  # noqa: TC001 - the codec reads the types
from ballast.oms.book import Keeping
from ballast.oms.lifecycle import Remark
from ballast.oms.protection.cover import Abilities, Memory, Patience, Take
from ballast.oms.record import Phase, Wish
from ballast.risk.gate.checks import Limits
from ballast.risk.gate.facts import (
    NO_FUNDS,
    Account,
    Funds,
    Link,
    Permission,
    Position,
    Snapshot,
)
from ballast.risk.halt import baselines
from ballast.risk.halt.breaker import Gate
from ballast.runtime.node.session import Session  # noqa: TC001 - the codec reads the types
from ballast.runtime.node.slices import SlicePlan, SliceRules

if TYPE_CHECKING:
    from ballast.oms.book import BookOfRecord, Taken
    from ballast.oms.record import OrderRecord
    from ballast.risk.gate.facts import Candidate
    from ballast.risk.halt.baselines import Baselines
    from ballast.risk.halt.health import HealthFault
    from ballast.risk.halt.modes import Halt
    from ballast.risk.halt.shocks import Shock

LATE_S = 60.0
"""A fill that is heard of later than this is told as an alert."""


@dataclass(frozen=True, slots=True)
class NodeRules:
    """What a node is told once: whose it is, what it may do, how its venue moves stops."""

    account: str
    strategy_hash: str
    """Of what trades symbols that are in no session."""
    permissions: tuple[Permission, ...] = ()
    """What was proved of each strategy; without one it may trade nothing."""
    limits: Limits = field(default_factory=Limits)
    abilities: Abilities = field(default_factory=Abilities)
    drawdown_warning: float = 1.0
    """How far below its peak equity is when a person is told (R-RISK-16); 1: never."""
    tells_lost: bool = False
    """Whether a person is told of stops that are gone and of fills that are heard of late."""
    names_birth: bool = False
    """Whether client ids are also made of when the journal began: a lost one repeats none (A3)."""
    tells_kill: bool = False
    """Whether a person's kill is told to everybody who hears alerts, as a rule's is (R-RISK-04)."""
    books_strange: bool = False
    """Whether trades of no order of ours that closed a position are booked (F8)."""
    drawdown_kill: float = 0.15
    kill_closes: bool = True
    cooldown_ns: int = 300_000_000_000
    entry_ns: int = 60_000_000_000
    """How long an entry may rest before it is cancelled (R-OMS-18)."""
    position_max: int = 1_000_000
    """Largest notional of a position, in the unit of candidates: what a runaway is measured by."""
    patience: Patience = field(default_factory=Patience)
    may_be_bare: bool = False
    """Whether a strategy without a stop may hold a position without one."""
    keeping: Keeping = field(default_factory=Keeping)
    """How long orders that are over stay in memory."""
    settle_ns: int = 0
    """A market order that is open for longer is cancelled (R-OMS-18); 0: it is waited for."""
    slip_alarm: float = 0.0
    """Slippage of an order that a person is told of (R-COST-08); 0: what orders cost is not told.
    """
    tells_sizes: bool = False
    """Whether it is told what each size was made of; journals of before hold none."""
    tells_all: bool = False
    """Whether beside a refusal of the kernel the gate's reasons are told too (R-GATE-22)."""
    recosts_slices: bool = False
    """Whether each slice of an entry is held against its own costs, not those of the first."""
    slices: SliceRules = field(default_factory=SliceRules)
    """When an entry is sent in parts."""
    tighten_atr: float = 0.0
    """Distance of stops from the price, in ATR of the entry, while a shock asks for it; 0: never.
    """
    has_source: bool = False
    """Whether a source of announcements is listened to: until it is heard nothing is opened."""
    session: Session | None = None
    """What is decided here; None: another part decides, and says so in `Decided`."""

    def owner_hash(self, symbol: str) -> str:
        """Return the strategy that trades a symbol."""
        trader = self.session.trader(symbol) if self.session is not None else None
        return self.strategy_hash if trader is None else trader.strategy_hash

    def permission(self, strategy_hash: str, symbol: str) -> Permission | None:
        """Return what was proved of a strategy for a symbol; else what comes nearest to it."""
        its = [one for one in self.permissions if one.strategy_hash == strategy_hash]
        fits = [one for one in its if symbol in one.symbols]
        return next(iter(fits or its or self.permissions), None)


@dataclass(frozen=True, slots=True)
class Early:
    """A fill that closes what the kernel has not heard was opened: it waits for the entry."""

    client_id: str
    fill: Fill
    """Of the lots that wait."""
    take: int | None
    kills: bool


@dataclass(frozen=True, slots=True)
class Cost:
    """What an order has traded so far: lots, and ticks times lots, against a price."""

    decided_ticks: int
    """At the decision; 0: not known."""
    lots: int = 0
    value: int = 0


@dataclass(slots=True)
class Desk:
    """What the node keeps of one symbol beside the book."""

    stop_ticks: int = 0
    price_ticks: int = 0
    priced_ns: int = 0
    dust_lots: int = 0
    """What is held and cannot be sold alone: no position, and in no order."""
    closes: bool = False
    guard: Memory = field(default_factory=Memory)
    takes: tuple[Take, ...] = ()
    taking: dict[str, int] = field(default_factory=dict)
    """The number of the take that an order is for, by client id."""
    refused_takes: tuple[int, ...] = ()
    """Takes the venue refused: they are not asked for again with this position."""
    link: Link | None = None
    linked_ns: int = 0
    """When that was told last."""
    costs: dict[str, Cost] = field(default_factory=dict)
    """Of orders that are not settled yet, by client id."""
    slipped: int = 0
    """What the settled ones cost against their decisions, in ticks times lots."""
    overdue: tuple[str, ...] = ()
    """Orders nobody knows of, that a person was told of."""
    plan: SlicePlan | None = None
    """The entry that is under way in slices."""
    early: tuple[Early, ...] = ()
    """In the order in which they were heard; none is left once the symbol is flat."""
    venue_lots: int | None = None
    asked_ns: int | None = None
    aside_lots: int | None = None
    """Coins of a person in a spot account; None: nobody has looked yet."""
    gap_ns: int = 0
    agreed_ns: int = 0
    """When the venue was last asked and held what our fills come to."""
    strange: tuple[Fill, ...] = ()
    """The last trades of no order of ours: a person's, or the venue's own (a liquidation)."""
    funded_ns: int = 0
    """Time of the last funding payment that is booked."""
    was_held: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What the node itself knows of a candidate's account and symbol."""

    halt: Halt
    levels: Baselines
    book: BookOfRecord
    desk: Desk
    bare: frozenset[str] = frozenset()
    """Symbols that need no stop."""
    health: tuple[HealthFault, ...] = ()
    funds: Funds = NO_FUNDS
    shock: Shock | None = None
    source_fault: str = ""


def gather(asked: Candidate, link: Link, known: Known, rules: NodeRules, now_ns: int) -> Snapshot:
    """Return everything the gate looks at: what the decision brought, and what the node knows."""
    desk = known.desk
    lost = {Phase.UNKNOWN, Phase.PREPARED}
    account = Account(
        known.halt,
        rules.owner_hash(asked.symbol),
        rules.permission(asked.strategy_hash, asked.symbol),
        is_equity_known=known.levels.equity > 0,
        unprotected=tuple(unprotected(known.book, known.bare)),
        unknown=tuple(one.client_id for one in known.book.doubtful() if one.phase in lost),
        health=known.health,
        shock=known.shock,
        source_fault=known.source_fault,
    )
    dust = desk.dust_lots
    held = known.book.holding(asked.symbol).lots - dust
    venue = None if desk.venue_lots is None else desk.venue_lots - dust
    position = Position(held, venue, desk.asked_ns)
    sized = link.of_size(asked.notional)
    return Snapshot(now_ns, asked, sized, position, account, known.funds)


NO_LINK = Link(
    Gate.OPEN, is_trading=None, is_maintenance=None, data_ns=None, is_contiguous=None, spread=None,
    slippage=None, clock_offset_ns=None, clock_ns=None,
)  # fmt: skip
"""What is known of a venue before anybody said anything: nothing, and so nothing passes."""


def warning(levels: Baselines, rules: NodeRules) -> tuple[Baselines, str]:
    """Return the levels, and what to tell of their drawdown: once, while there is time to act."""
    after = baselines.warned(levels, rules.drawdown_warning)
    is_killed = levels.breaks(rules.drawdown_kill, of_day=False)  # that is told by itself
    if levels.is_warned or not after.is_warned or is_killed:
        return after, ""
    line = f"drawdown: {levels.drawdown:.1%} below the peak"
    return after, f"{line}; the kill switch latches at {rules.drawdown_kill:.1%}"


def unprotected(book: BookOfRecord, bare: frozenset[str] = frozenset()) -> list[str]:
    """Return the symbols whose position has no live stop of its size (B2); `bare` need none."""
    found = []
    for (symbol, _), holding in sorted(book.holdings().items()):
        if symbol in bare:
            continue
        sizes = [
            one.open_lots
            for one in book.open_orders(symbol)
            if one.purpose is Purpose.STOP and one.phase is Phase.LIVE
        ]
        if max(sizes, default=0) < abs(holding.lots):
            found.append(symbol)
    return found


# ------------------------------------------------------------ what a person is told; "": nothing


def stray_fill(fill: Fill, taken: Taken) -> str:
    """Tell of a fill that no order of the book can be booked for, unless it was booked."""
    if Remark.FORGOTTEN in taken.remarks:
        return (
            f"a fill of {fill.client_id}, which is over and forgotten, is not booked: "
            f"{fill.trade_id}"
        )
    return f"a fill of no order of ours: {fill.trade_id}" if taken.is_new else ""


def heard_late(fill: Fill, now_ns: int) -> str:
    """Tell of a fill from a time when nobody was listening (R-RECON-04)."""
    late_s = (now_ns - fill.at_ns) / 1_000_000_000
    if late_s <= LATE_S:
        return ""
    what = "bought" if fill.side > 0 else "sold"
    return f"{fill.qty_lots} lots {what} by {fill.client_id}, heard of {late_s:.0f} s later"


def lost_stop(before: OrderRecord, after: OrderRecord, lots: int) -> str:
    """Tell of the end of a stop that nobody here asked for, while something is held (R-STOP-30).

    What was asked stands in the record of `before` its end.
    """
    is_ours = before.cancel is not Wish.NONE or after.phase is Phase.REFUSED
    is_whole = after.filled_lots >= after.request.qty_lots
    if after.purpose is not Purpose.STOP or is_ours or is_whole or not lots:
        return ""
    return f"the stop {after.client_id} is gone, and nobody here cancelled it"
