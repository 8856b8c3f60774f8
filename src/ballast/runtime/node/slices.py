"""Slices: an entry that is large for its market, cut into parts that are sent one by one (TWAP).

    parts_of(1_000, Flow(largest_lots=300, least_lots=10, room_ns=3_600 * SECOND), rules)
    # (250, 250, 250, 250)

The plan is a value of the node's state, so a restart goes on with it. A limit entry is cut the same
way: only one part of it is ever shown in the book (an iceberg).
"""

from __future__ import annotations

from dataclasses import dataclass

from ballast.risk.gate.facts import Candidate  # noqa: TC001 - the codec reads the types of fields


@dataclass(frozen=True, slots=True)
class SliceRules:
    """When an entry is cut, and how it is sent then. A share of 0: never."""

    share: float = 0.0
    """Of the mean volume of 20 bars: the largest part."""
    interval_ns: int = 15_000_000_000
    """Least time between two parts."""
    most: int = 10
    """Most parts; a larger entry has larger parts."""
    away: float = 0.005
    """How far the price may move against the entry before the rest is dropped."""


@dataclass(frozen=True, slots=True)
class Flow:
    """What the market of a symbol takes. `largest_lots` 0: not known, nothing is cut."""

    largest_lots: int
    least_lots: int
    """The least part, whose position can still be protected and sold alone."""
    room_ns: int
    """How long the entry may take."""


@dataclass(frozen=True, slots=True)
class SlicePlan:
    """An entry under way in parts: `lots` are all of them, `sent` of them have been sent."""

    asked: Candidate
    """The whole of it, as the gate approved it."""
    judged: int
    """The number of that verdict."""
    decision: int
    """From which, with its place, each part's client id derives."""
    lots: tuple[int, ...]
    limit_ticks: int
    from_ticks: int
    """The price it was decided at."""
    client_id: str
    """Of the part that was sent last."""
    begun_ns: int
    due_ns: int
    """The next part is not sent before this."""
    sent: int = 1
    asked_ns: int = 0
    """When the market was asked about for the next part; 0: not yet."""
    has_filled: bool = False
    over: str = ""
    """Why no more is sent; empty: more is."""

    @property
    def left_lots(self) -> int:
        """What was not sent."""
        return sum(self.lots[self.sent :])

    @property
    def goes_on(self) -> bool:
        """Whether there is a part to send yet."""
        return not self.over and self.sent < len(self.lots)

    def moved(self, price_ticks: int) -> float:
        """Return how far the price has moved against the entry, as a part of where it began."""
        if price_ticks <= 0:
            return 0.0
        return int(self.asked.side) * (price_ticks - self.from_ticks) / self.from_ticks


def parts_of(lots: int, flow: Flow, rules: SliceRules) -> tuple[int, ...]:
    """Return the parts of an entry, as equal as lots allow; one part: it is sent whole."""
    if rules.share <= 0.0 or not 0 < flow.largest_lots < lots:
        return (lots,)
    count = min(
        -(-lots // flow.largest_lots),
        rules.most,
        flow.room_ns // rules.interval_ns,
        lots // max(flow.least_lots, 1),
    )
    if count < 2:  # noqa: PLR2004 - one part is the whole
        return (lots,)
    base, spare = divmod(lots, count)
    return tuple(base + (place < spare) for place in range(count))
