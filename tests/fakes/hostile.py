"""What a venue must survive: values no client should send, and seeded choices among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.rng import stream

if TYPE_CHECKING:
    import numpy as np

HOSTILE = [
    "", " ", "0", "-1", "-0", "1e5", "1E400", "NaN", "Infinity", "-Infinity", ".5", "5.", "+1",
    "1_0",
    "0x10", "9" * 19, "9" * 40, "9" * 5_000, "0." + "0" * 300 + "1", "٣", "²", "é", "\x00", "\n",
    "\ud800", "�", "null", "true", "[]", "{}", '["' + "A" * 500 + '"]', "[" * 3_000, "%", "&",
    "=", "btcusdt", "BTCUSDT ", "ETHUSDT", "'; drop", "../..", "18446744073709551616",
    "9223372036854775807", "-9223372036854775808", "a" * 36, "a" * 37,
]  # fmt: skip


class Dice:
    """Seeded choices."""

    def __init__(self, name: str) -> None:
        self.draw: np.random.Generator = stream(7, name)

    def one(self, options: Any) -> Any:
        return options[int(self.draw.integers(len(options)))]

    def chance(self, share: float) -> bool:
        return bool(self.draw.random() < share)
