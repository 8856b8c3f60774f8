"""Windows: how long a call waits where a venue counts each of its end points by itself.

A window slides: what was spent within the last `span_s` counts. A share of each window is kept for
what protects. The span is taken a tenth longer than the venue says, for calls arrive less evenly
than they are sent.
"""

from __future__ import annotations

from collections import deque

MARGIN = 1.1
RESERVE = 0.2
"""The share of a window that only urgent calls may use."""


class Windows:
    """What was spent of each end point: at most `budget` in any `span_s`."""

    def __init__(self, budget: float, span_s: float) -> None:
        """Begin with nothing spent."""
        self._budget = budget
        self._span_s = span_s * MARGIN
        self._spent: dict[str, deque[tuple[float, float]]] = {}

    def spend(self, name: str, cost: float, now_s: float, *, is_urgent: bool = False) -> float:
        """Spend, and return 0; or spend nothing, and return how long to wait.

        A call that costs more than the budget is alone in a window as much longer.
        """
        spent = self._spent.setdefault(name, deque())
        span_s = self._span_s * max(1.0, cost / self._budget)
        while spent and not 0 <= now_s - spent[0][0] < span_s:  # a clock that was set back, too
            spent.popleft()
        budget = self._budget if is_urgent else max(self._budget * (1 - RESERVE), cost)
        total = sum(one for _, one in spent)
        if spent and total + cost > budget:
            return spent[0][0] + span_s - now_s
        spent.append((now_s, cost))
        return 0.0
