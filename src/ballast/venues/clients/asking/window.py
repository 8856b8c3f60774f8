"""Windows: how much of a budget is spent, exactly, in any span of time.

A venue counts what arrives within a span: 1,200 a minute, 10 a second. A window keeps every cost
with its time and adds up those younger than the span, so no span of that length holds more than was
allowed, wherever the venue's own count begins. What a venue states of a budget counts requests of
others behind the same address too: it holds beside our own count until the venue's span is over.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

CLOSE_ENOUGH = 1e-9
"""Weight too small to wait for: costs are sums of floats."""


class Window:
    """Costs of the last `span_s` seconds, of at most `limit`."""

    def __init__(self, span_s: float, limit: float) -> None:
        """Begin with nothing spent."""
        self.span_s = span_s
        self.limit = limit
        self._costs: deque[tuple[float, float]] = deque()
        self._used = 0.0

    def add(self, now_s: float, cost: float) -> None:
        """Spend. What costs more than the whole limit is alone, for as many spans."""
        ends_s = now_s + self.span_s * max(1.0, cost / self.limit)
        self._costs.append((ends_s, cost))
        self._used += cost

    def used(self, now_s: float) -> float:
        """Return what was spent within the span."""
        costs = self._costs
        while costs and costs[0][0] <= now_s:
            self._used -= costs.popleft()[1]
        if not costs:
            self._used = 0.0  # what rounding left
        return self._used

    def free_s(self, now_s: float, cost: float, most: float) -> float:
        """Return in how many seconds `cost` fits below `most`; 0 if it does now.

        A cost above `most` fits where nothing else is in the window.
        """
        used = self.used(now_s)
        room = max(most - cost, 0.0)
        if used <= room + CLOSE_ENOUGH:
            return 0.0
        for ends_s, spent in self._costs:
            used -= spent
            if used <= room + CLOSE_ENOUGH:
                return max(ends_s - now_s, 0.0)
        return self.span_s


@dataclass(slots=True)
class Stated:
    """What the venue says is used of a limit, with what we sent since, until it is free again."""

    limit: float
    used: float
    until_s: float

    def free_s(self, now_s: float, cost: float, share: float) -> float:
        """Return in how many seconds `cost` fits below a share of the limit."""
        if self.used + cost <= self.limit * share + CLOSE_ENOUGH:
            return 0.0
        return max(self.until_s - now_s, 0.0)
