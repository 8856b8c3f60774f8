"""Events: everything a node is told; and, from `Submit` on, effects: everything it wants done.

Both are what the journal holds, so their fields are values that `core/codec.py` writes.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - the codec reads the types of fields
from dataclasses import dataclass

from ballast.core.ids import Purpose  # noqa: TC001 - the codec reads the types of fields
from ballast.core.orders import Fill, OrderRequest, PositionSide
from ballast.core.reports import Miss, OrderReport, Rejection, Unclear  # noqa: TC001
from ballast.oms.resolver import Step  # noqa: TC001
from ballast.risk.gate.facts import Candidate, Link  # noqa: TC001
from ballast.risk.halt.health import HealthFault  # noqa: TC001
from ballast.risk.halt.modes import Command  # noqa: TC001


@dataclass(frozen=True, slots=True)
class Started:
    """A process begins, or begins again: what was on its way is not known any more."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class Elapsed:
    """Time passed, as a timer says."""

    at_ns: int


@dataclass(frozen=True, slots=True)
class Priced:
    """The newest price of a symbol, of the kind its stops are triggered by."""

    symbol: str
    ticks: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class Decided:
    """The strategy wants to enter. `price_ticks` 0: at market. The kernel sized it."""

    candidate: Candidate
    link: Link
    qty_lots: int
    price_ticks: int
    stop_ticks: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class ClosedBar:
    """A bar that closed: prices are open, high, low, close, volume; mark high, low, close or ()."""

    symbol: str
    open_ms: int
    prices: tuple[float, ...]
    mark: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Learned:
    """Bars of the past, oldest first: the strategy knows them, and decides nothing on them."""

    bars: tuple[ClosedBar, ...]
    at_ns: int


@dataclass(frozen=True, slots=True)
class Linked:
    """What is known of the venue for a symbol, for the gate to judge the next entry by."""

    symbol: str
    link: Link
    at_ns: int


@dataclass(frozen=True, slots=True)
class BarsClosed:
    """The bars of one close time, all that have arrived; `is_late` for one that came after it."""

    bars: tuple[ClosedBar, ...]
    close_ns: int
    at_ns: int
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Funded:
    """A funding payment of a position, in quote atoms; negative: received."""

    symbol: str
    paid: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class Moved:
    """The strategy's steps say where the stop of a position belongs now."""

    symbol: str
    stop_ticks: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class Left:
    """The strategy wants out of a position."""

    symbol: str
    reason: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class Reported:
    """The venue, or the line to it, said something of an order."""

    report: OrderReport | Rejection | Unclear | Miss | Fill
    at_ns: int


@dataclass(frozen=True, slots=True)
class OrdersShown:
    """The venue's complete list of open orders, as asked for at `asked_ns`."""

    orders: tuple[OrderReport, ...]
    asked_ns: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class PositionShown:
    """What the venue says is held of a symbol."""

    symbol: str
    lots: int
    asked_ns: int
    at_ns: int
    side: PositionSide = PositionSide.BOTH


@dataclass(frozen=True, slots=True)
class SetAside:
    """Coins of a spot account that are a person's: they are never counted, sold or protected."""

    symbol: str
    lots: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class Adopted:
    """A person has the node take over what the venue holds and the journal does not know.

    `fills` are what it missed, oldest first; where the venue's trades are not asked for, one that
    stands for all of them. `orders` are ours, rest at the venue, and are in no record; `cancels`
    are such that must go. `stop_ticks` 0: where the strategy's rule puts it.
    """

    symbol: str
    fills: tuple[Fill, ...]
    orders: tuple[OrderReport, ...]
    cancels: tuple[str, ...]
    stop_ticks: int
    who: str
    reason: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class Valued:
    """The equity of the account, in atoms."""

    equity: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class FundsShown:
    """What the venue says a new order may use of the quote asset, in atoms."""

    free: int
    """On spot: coins in no order; of perpetuals: margin in no order and no position."""
    asked_ns: int
    at_ns: int


@dataclass(frozen=True, slots=True)
class Flowed:
    """A deposit, or, negative, a withdrawal, in atoms of the quote asset."""

    amount: int
    at_ns: int
    is_quote: bool = True
    """Whether it is the quote asset itself; else `amount` is what another one is worth in it."""
    flowed_ns: int = 0
    """When it happened, by the venue; 0: now."""
    name: str = ""
    """What the venue calls it, the same whenever it is asked; empty: a person told it."""


@dataclass(frozen=True, slots=True)
class Commanded:
    """A person's command."""

    order: Command
    who: str
    reason: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class HealthShown:
    """What the process lacks of its machine now; (): nothing."""

    faults: tuple[HealthFault, ...]
    at_ns: int


@dataclass(frozen=True, slots=True)
class Announced:
    """A shock: these symbols, all if none is named, open nothing until it is over or withdrawn."""

    name: str
    source: str
    """Who says so: a person, a program, a feed."""
    text: str
    symbols: tuple[str, ...]
    until_ns: int
    """Not after `at_ns`: what has its name is withdrawn; else it is replaced."""
    tightens: bool
    """Whether it asks for closer stops; done only where the account's rules have a distance."""
    at_ns: int


@dataclass(frozen=True, slots=True)
class SourceShown:
    """Whether the configured source of announcements is heard; `fault` empty: it is."""

    fault: str
    at_ns: int


Event = (
    Started | Elapsed | Priced | Decided | Moved | Left | Reported | OrdersShown | PositionShown
    | Valued | Flowed | Commanded | Learned | Linked | BarsClosed | Funded | SetAside
    | HealthShown | Adopted | FundsShown | Announced | SourceShown
)  # fmt: skip


def touched(event: Event) -> str:
    """Return the one symbol an event can matter to; empty: it may matter to all."""
    match event:
        case Priced() | Moved() | Left() | Linked() | PositionShown() | Funded() | SetAside():
            return event.symbol
        case Reported():
            return event.report.symbol
        case _:
            return ""


@dataclass(frozen=True, slots=True)
class Submit:
    """Send a new order. An entry goes out with the approval that `Node.approval` gives."""

    purpose: Purpose
    request: OrderRequest


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Cancel an order."""

    symbol: str
    client_id: str


@dataclass(frozen=True, slots=True)
class AmendOrder:
    """Change a resting stop in place."""

    symbol: str
    client_id: str
    qty_lots: int
    trigger_ticks: int
    price_ticks: int


@dataclass(frozen=True, slots=True)
class ReplaceOrder:
    """Cancel a resting stop and send another in one request."""

    symbol: str
    client_id: str
    submit: Submit


@dataclass(frozen=True, slots=True)
class SubmitPair:
    """Send a take and a stop for the same coins in one request: both or neither (OCO)."""

    take: Submit
    stop: Submit


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the venue about an order: by id, among the open ones, or for its trades."""

    symbol: str
    client_id: str
    step: Step


@dataclass(frozen=True, slots=True)
class AskTrades:
    """Ask the venue for all trades of a symbol: what is held does not agree."""

    symbol: str


@dataclass(frozen=True, slots=True)
class AskMarket:
    """Ask for `PositionShown`, then `Linked`: the next slice waits for them, and goes with both."""

    symbol: str


@dataclass(frozen=True, slots=True)
class Sliced:
    """What becomes of an entry that is sent in slices: how it began, how it ended."""

    symbol: str
    decision: int
    """The number of the verdict that approved it whole."""
    sent: int
    slices: int
    dropped_lots: int
    """What will not be sent any more."""
    text: str


@dataclass(frozen=True, slots=True)
class Settled:
    """What an order came to, now that it is over and all its fills are booked."""

    symbol: str
    client_id: str
    purpose: Purpose
    lots: int
    mean_ticks: float
    decided_ticks: int
    """The price at the decision; of a stop its trigger, of a take its level."""
    slippage_bps: float
    """Of the mean price against that one; a cost is positive."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the gate said of a candidate: no reason, it was approved."""

    symbol: str
    decision: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sized:
    """What the size of a candidate was made of: a row of `core.sized.SIZED` (R-SIZE-22)."""

    symbol: str
    decision: int
    row: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Alert:
    """Tell a person."""

    symbol: str
    text: str


@dataclass(frozen=True, slots=True)
class Wake:
    """Send `Elapsed` at this time, if nothing comes before."""

    at_wake_ns: int


Effect = (
    Submit | CancelOrder | AmendOrder | ReplaceOrder | SubmitPair | Ask | AskTrades | AskMarket
    | Judged | Sized | Sliced | Settled | Alert | Wake
)  # fmt: skip
