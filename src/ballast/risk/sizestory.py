"""Size story: what a size was made of, in numbers that people read (R-SIZE-22). Pure.

A row of `core.sized.SIZED` names every input, every factor and every cap. Here it becomes one line:
what the mode asks for, what scales it down, which cap cuts it, what is left.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ballast.core.reasons import Refusal, label
from ballast.core.sized import SIZED

if TYPE_CHECKING:
    from collections.abc import Mapping

FACTORS = {
    "by_confidence": "confidence",
    "by_volatility": "volatility",
    "by_atr": "ATR",
    "by_drawdown": "drawdown",
    "by_streak": "losses in a row",
    "by_equity": "weak equity",
}
CAPS = {
    "cap_position": Refusal.POSITION_CAP,
    "cap_position_risk": Refusal.POSITION_RISK,
    "cap_total_risk": Refusal.TOTAL_RISK,
    "cap_cluster": Refusal.CLUSTER_RISK,
    "cap_volume": Refusal.LIQUIDITY,
    "cap_leverage": Refusal.LEVERAGE,
    "cap_cash": Refusal.NO_CASH,
}
WHOLE_NUMBERS = frozenset(
    {"symbol", "side", "reason", "cap", "bar", "at_ms", "lots", "losses_in_row"}
)


def story_of(row: Mapping[str, float]) -> dict[str, float | str | None]:
    """Return a row for documents: words for the numbers of reasons, None where a cap is off.

    `cluster_risk` is None where no position moves with the symbol.
    """
    found: dict[str, float | str | None] = {}
    for name in SIZED.names or ():
        value = row.get(name, math.nan)
        is_known = math.isfinite(value) and not (name == "cluster_risk" and value < 0.0)
        found[name] = (int(value) if name in WHOLE_NUMBERS else value) if is_known else None
    found["reason"] = _word(row["reason"])
    found["cap"] = _word(row["cap"])
    found["scaled"] = scaled(row)
    return found


def scaled(row: Mapping[str, float]) -> float:
    """Return the base units that the mode and the factors ask for, before any cap."""
    return row["wanted"] * math.prod(row[name] for name in FACTORS)


def line_of(row: Mapping[str, float]) -> str:
    """Say a size in one line; factors of 1 and caps that did not cut are left out."""
    parts = [f"{row['wanted']:.6g}"]
    parts += [f"x {row[name]:.3g} {word}" for name, word in FACTORS.items() if row[name] != 1.0]
    cap = Refusal(int(row["cap"]))
    if cap is not Refusal.NONE:
        name = next(name for name, reason in CAPS.items() if reason is cap)
        parts.append(f"cut to {max(row[name], 0.0):.6g} by {label(cap)}")
    if row["thin"] != 1.0:
        parts.append(f"(caps x {row['thin']:.3g}: a thin market)")
    return f"{' '.join(parts)} = {int(row['lots'])} lots"


def _word(reason: float) -> str | None:
    return label(Refusal(int(reason))) if reason else None
