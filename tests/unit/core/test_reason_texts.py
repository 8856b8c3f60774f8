"""What a refusal measured, in a unit that people read (R-GATE-22)."""

from __future__ import annotations

import pytest

from ballast.core.reason_texts import refused_text
from ballast.core.reasons import Refusal
from ballast.core.time import span_text

LINES = [
    (Refusal.LOSS_STREAK, 79_200_000.0, 86_400_000.0, "loss_streak 22h left, limit 1d"),
    (Refusal.LOSS_COOLDOWN, 61_000.0, 300_000.0, "loss_cooldown 1m 1s left, limit 5m"),
    (Refusal.ENTRY_SPACING, 299_000.0, 300_000.0, "entry_spacing 4m 59s, limit 5m"),
    (Refusal.CLUSTER_RISK, 0.0231234, 0.02, "cluster_risk 2.312 %, limit 2 %"),
    (Refusal.SLIPPAGE, 0.0051, 0.005, "slippage 0.51 %, limit 0.5 %"),
    (Refusal.REWARD_RISK, 1.49, 1.5, "reward_risk 1.49, limit 1.5"),
    (Refusal.LEVERAGE, 3.2, 3.0, "leverage 3.2, limit 3"),
    (Refusal.HOURLY_CAP, 4.0, 4.0, "hourly_cap 4, limit 4"),
    (Refusal.MIN_NOTIONAL, 4.2, 5.0, "min_notional 4.2, limit 5"),
    (Refusal.NO_CASH, 1_200.0, 999.5, "no_cash 1200, limit 999.5"),
]


@pytest.mark.parametrize(("reason", "measured", "limit", "line"), LINES)
def test_a_refusal_is_said_in_the_unit_of_its_limit(
    reason: Refusal, measured: float, limit: float, line: str
) -> None:
    assert refused_text(reason, measured, limit) == line


@pytest.mark.parametrize(
    ("ms", "text"),
    [(0, "0s"), (999.6, "1s"), (59_000, "59s"), (3_600_000, "1h"), (90_061_000, "1d 1h")],
)
def test_a_span_has_its_two_largest_units(ms: float, text: str) -> None:
    assert span_text(ms) == text
