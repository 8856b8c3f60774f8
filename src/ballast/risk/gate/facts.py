"""Facts: what the gate looks at, gathered at one moment. None means "not known", and refuses."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - the codec reads the types of fields
from dataclasses import dataclass, field, replace

from ballast.core.orders import Side  # noqa: TC001
from ballast.core.reasons import Refusal
from ballast.risk.halt.breaker import Gate  # noqa: TC001
from ballast.risk.halt.health import HealthFault  # noqa: TC001
from ballast.risk.halt.modes import Halt  # noqa: TC001
from ballast.risk.halt.shocks import Shock  # noqa: TC001


@dataclass(frozen=True, slots=True)
class Reading:
    """A number and when it was measured."""

    value: float
    at_ns: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry somebody wants to make. `kernel` is what the kernel's own limits said of it."""

    symbol: str
    side: Side
    strategy_hash: str
    signalled_ns: int
    notional: float
    kernel: Refusal = Refusal.NONE
    measured: float = 0.0
    limit: float = 0.0
    declares: tuple[str, ...] = ()
    """Inputs the strategy says it depends on: it is refused while one of them is missing or old."""
    inputs: Mapping[str, Reading] = field(default_factory=dict)
    edge: float | None = None
    """Expected gain as a part of the notional, before costs, where the strategy states one."""
    cost: float = 0.0
    """Fees, spread and slippage of the round trip, as a part of the notional."""


@dataclass(frozen=True, slots=True)
class Permission:
    """What was proved, and for what (R-GATE-23, R-GATE-24)."""

    strategy_hash: str
    is_passed: bool
    expires_ns: int
    symbols: tuple[str, ...]
    notional_max: float
    mean_return: float | None = None
    """Of a trade in the proof, net of what it cost there; None: nothing is expected."""
    slippage: float = 0.0
    """Of a fill in the proof, as a part of its price."""

    def edge(self, fee: float) -> float | None:
        """Return the expected gain of a trade before costs, at this fee of a fill (R-GATE-27)."""
        if self.mean_return is None:
            return None
        return self.mean_return + 2.0 * (fee + self.slippage)


@dataclass(frozen=True, slots=True)
class Link:
    """The venue, as it is known now."""

    gate: Gate
    is_trading: bool | None
    is_maintenance: bool | None
    data_ns: int | None
    """Newest datum of the symbol that changed anything: a repeated one does not count (E3)."""
    is_contiguous: bool | None
    spread: float | None
    """Ask over bid, less 1."""
    slippage: float | None
    """Expected of the largest size there may be, from the visible depth."""
    clock_offset_ns: int | None
    clock_ns: int | None
    """When the offset was measured."""
    rungs: tuple[tuple[float, float], ...] = ()
    """The same of smaller sizes: notional and slippage, rising."""
    moved_1m: float = 0.0
    """Largest move of any watched price within a minute of the last five, up or down."""
    moved_5m: float = 0.0
    depth_share: float | None = None
    """What the book shows as a part of what it usually does; the kernel holds sizes against it."""

    def round_trip(self, notional: float, fee: float, *, rests: bool) -> float:
        """Return what entering and leaving with such a size costs, as a part of the notional.

        Fees, spread and slippage of both fills; of the second alone where the entry `rests`. What
        is not known is left out: it refuses by itself.
        """
        taken = (self.spread or 0.0) / 2.0 + (self.of_size(notional).slippage or 0.0)
        return 2.0 * fee + taken * (1 if rests else 2)

    def of_size(self, notional: float) -> Link:
        """Return it with the slippage of the first rung that holds so much."""
        for most, slippage in self.rungs:
            if notional <= most:
                return replace(self, slippage=slippage)
        return self


@dataclass(frozen=True, slots=True)
class Position:
    """What is held of the symbol: by our fills, and as the venue says when asked."""

    ours_lots: int
    venue_lots: int | None
    asked_ns: int | None


@dataclass(frozen=True, slots=True)
class Funds:
    """What an entry needs of the quote asset, and what the venue says is free of it, in one unit.

    On spot: of the coins that it pays with; of a perpetual: of the margin that is available.
    """

    needed: float
    free: float | None
    asked_ns: int | None


NO_FUNDS = Funds(0.0, None, None)
"""Before the venue said anything."""


@dataclass(frozen=True, slots=True)
class Account:
    """The account, and what hangs over it."""

    halt: Halt
    chosen_hash: str
    """The strategy that is shown and selected; another one may not trade."""
    permission: Permission | None
    is_equity_known: bool
    unprotected: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    """Client ids of orders of which nobody knows."""
    ltv: float | None = 0.0
    """Maintenance margin over margin, or loan over collateral."""
    health: tuple[HealthFault, ...] = ()
    """What the process lacks of its machine; a session in virtual time has no machine."""
    shock: Shock | None = None
    """What is announced for the candidate's symbol."""
    source_fault: str = ""
    """Why the source of announcements is not heard; empty: it is, or there is none."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One candidate at one moment."""

    now_ns: int
    candidate: Candidate
    link: Link
    position: Position
    account: Account
    funds: Funds
