"""Prepared combinations: plan and columns, kept between the spans that are run with them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Hashable

BUDGET_BYTES = 64 * 1024 * 1024
"""Signals kept: more than a thousand combinations of five years of hours, or one of minutes."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Plan, signals, atr, stop, confidence, volatility of one combination, as the kernel asks."""

    arrays: tuple[Any, ...]

    @property
    def size(self) -> int:
        """Bytes that only this combination holds; series are those of the column cache."""
        return int(self.arrays[0].nbytes + self.arrays[1].nbytes)


class Shelf:
    """The combinations used last, by their parameters; bounded in bytes, safe between threads."""

    def __init__(self, budget_bytes: int = BUDGET_BYTES) -> None:
        self.budget_bytes = budget_bytes
        self.used_bytes = 0
        self._kept: OrderedDict[Hashable, Prepared] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Prepared | None:
        """Return a combination, and mark it as recently used."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def put(self, key: Hashable, prepared: Prepared) -> None:
        """Keep a combination; the least recently used ones make room."""
        with self._lock:
            if key in self._kept:
                return
            self._kept[key] = prepared
            self.used_bytes += prepared.size
            while self.used_bytes > self.budget_bytes and len(self._kept) > 1:
                self.used_bytes -= self._kept.popitem(last=False)[1].size

    def __len__(self) -> int:
        """Count the combinations kept."""
        return len(self._kept)
