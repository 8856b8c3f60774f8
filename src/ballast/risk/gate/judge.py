"""Judge: ask every check, tell every reason, and seal what is approved.

`Approved` cannot be made elsewhere: its seal is an object of this module, and a trade client takes
nothing else. It is good for a few seconds and for one order. Candidates of one close are judged in
the order of their rank, each on the memory that the one before it left (R-GATE-34).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.core.errors import InternalError
from ballast.risk.gate import memory as remembering
from ballast.risk.gate.checks import CHECKS, PART_CHECKS, SECOND_NS, Against, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ballast.core.orders import Side
    from ballast.risk.gate.facts import Snapshot
    from ballast.risk.gate.memory import Memory

LIFE_NS = 2 * SECOND_NS
"""Of an approval: the market of the snapshot is gone by then."""
WORKS = "a check that works"
"""The limit in the reason of a check that failed of itself."""
_SEAL = object()


class Approved:
    """Leave to send one entry. Only `judge` makes it; `check` is what a trade client asks of it."""

    __slots__ = ("expires_ns", "notional", "side", "strategy_hash", "symbol")

    def __init__(self, seal: object, snap: Snapshot) -> None:
        """Refuse to be made by anybody else."""
        if seal is not _SEAL:
            raise InternalError("only the gate approves")
        asked = snap.candidate
        self.symbol: str = asked.symbol
        self.side: Side = asked.side
        self.strategy_hash: str = asked.strategy_hash
        self.notional: float = asked.notional
        self.expires_ns: int = snap.now_ns + LIFE_NS

    def part(self, notional: float) -> Approved:
        """Narrow it to a part of its size: the first slice of an entry."""
        if notional > self.notional:
            raise InternalError(f"a part of {notional:g} of an approval of {self.notional:g}")
        self.notional = notional
        return self

    def is_old(self, now_ns: int) -> bool:
        """Whether it is good no more: the market it was given for is gone."""
        return now_ns > self.expires_ns

    def check(self, symbol: str, side: Side, notional: float, now_ns: int) -> None:
        """Raise `InternalError` unless this approval is for such an order, and still good."""
        if (symbol, side) != (self.symbol, self.side) or notional > self.notional:
            raise InternalError(
                f"approved: {self.side.name} {self.notional:g} of {self.symbol}; "
                f"used for {side.name} {notional:g} of {symbol}"
            )
        if self.is_old(now_ns):
            raise InternalError(f"the approval of {symbol} has expired")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why not: the check, what it measured, and its limit (R-GATE-22)."""

    check: str
    measured: float | str
    limit: float | str

    @property
    def is_defect(self) -> bool:
        """Whether the check failed of itself: a defect of ours, which a person must hear of."""
        return self.limit == WORKS

    @property
    def line(self) -> str:
        """Say it in one line."""
        return f"{self.check}: {_shown(self.measured)}, limit {_shown(self.limit)}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a candidate; `approved` or at least one reason. `memory` is to be journalled."""

    memory: Memory
    approved: Approved | None
    reasons: tuple[Reason, ...]


def judge(snap: Snapshot, memory: Memory, limits: Limits) -> Verdict:
    """Judge one candidate. A check that fails of itself refuses, and is told (R-GATE-01)."""
    asked = snap.candidate
    memory = remembering.analysing(memory, asked.symbol, snap.now_ns)
    reasons = _against(CHECKS, snap, memory, limits)
    after = remembering.judged(
        memory, asked.symbol, asked.side, signalled_ns=asked.signalled_ns, now_ns=snap.now_ns,
        is_approved=not reasons, is_duplicate=any(one.check == "duplicate" for one in reasons),
    )  # fmt: skip
    return Verdict(after, None if reasons else Approved(_SEAL, snap), tuple(reasons))


def judge_part(snap: Snapshot, memory: Memory, limits: Limits) -> Verdict:
    """Judge the next slice of an entry that was approved whole: its signal was judged then.

    What the market, the venue and the account are like is asked again; the memory stays as it is.
    """
    reasons = _against(PART_CHECKS, snap, memory, limits)
    return Verdict(memory, None if reasons else Approved(_SEAL, snap), tuple(reasons))


def beside(snap: Snapshot, memory: Memory, limits: Limits) -> tuple[Reason, ...]:
    """Return what speaks against a candidate that was refused before it came here (R-GATE-22).

    It is looked at as if it were new, and nothing comes of it: no approval, nothing remembered. It
    has no size, so its notional is 0: what depends on one is held against the least there is.
    """
    looking = remembering.analysing(memory, snap.candidate.symbol, snap.now_ns)
    return tuple(_against(CHECKS, snap, looking, limits))


def _against(
    checks: Mapping[str, Callable[[Snapshot, Memory, Limits], Against | None]],
    snap: Snapshot,
    memory: Memory,
    limits: Limits,
) -> list[Reason]:
    """Return everything that speaks against a candidate."""
    reasons = []
    for name, check in checks.items():
        try:
            found = check(snap, memory, limits)
        except Exception as error:  # noqa: BLE001 - a defect here must block, not pass and not crash
            found = Against(f"{type(error).__name__}: {error}", WORKS)
        if found is not None:
            reasons.append(Reason(name, found.measured, found.limit))
    return reasons


def judge_all(snaps: Sequence[Snapshot], memory: Memory, limits: Limits) -> list[Verdict]:
    """Judge candidates in the order of their rank, best first, each after the one before it."""
    found = []
    for snap in snaps:
        found.append(judge(snap, memory, limits))
        memory = found[-1].memory
    return found


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
