"""What a size was made of: the second opinion on `core.sized.SIZED` (R-SIZE-22)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ballast.core.reasons import Refusal
from tests.oracle.checks import least_confidence
from tests.oracle.costs import rates, slip
from tests.oracle.sizing import (
    affordable_cash,
    caps,
    factors,
    gross,
    open_risk,
    thinness,
    wanted_qty,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.oracle.checks import Candidate

FACTORS = (
    "by_confidence", "by_volatility", "by_atr", "by_drawdown", "by_streak", "by_equity",
)  # fmt: skip
CAPS = {
    Refusal.POSITION_CAP: "cap_position",
    Refusal.POSITION_RISK: "cap_position_risk",
    Refusal.TOTAL_RISK: "cap_total_risk",
    Refusal.CLUSTER_RISK: "cap_cluster",
    Refusal.LIQUIDITY: "cap_volume",
    Refusal.LEVERAGE: "cap_leverage",
    Refusal.NO_CASH: "cap_cash",
}


def sized(c: Candidate, reason: Refusal, lots: int) -> dict[str, float]:
    """Return the row of a candidate that was sized; `reason`: why it went no further."""
    account, bar, wanted = c.world.account, c.bar, wanted_qty(c)
    by = dict.fromkeys(FACTORS, 1.0) | factors(c)
    allowed = {why: cap for cap, why in caps(c)}
    most = min(allowed.values())
    is_cut = most < wanted * math.prod(by.values())
    binding = next(why for why in CAPS if allowed.get(why) == most)
    free = affordable_cash(c.world)
    return {
        "symbol": c.sym.index, "side": c.side, "reason": reason, "cap": binding if is_cut else 0,
        "bar": bar.index, "at_ms": c.world.now_ms, "lots": lots,
        "equity": account.equity, "peak": account.peak, "losses_in_row": account.losses_in_row,
        "close": bar.close, "atr": bar.atr, "away": c.away, "floor": least_confidence(c),
        "free": free, "slip": slip(c.sym, bar, bar.close, 0.0),
        "fee": rates(c.sym, bar.close_ms)[1],
        "open_risk": sum(open_risk(sym) for sym in c.world.symbols), "gross": gross(c.world),
        "thin": thinness(c), "wanted": wanted,
        **by, **{name: allowed.get(why, math.inf) for why, name in CAPS.items()},
    }  # fmt: skip


def differing(kernel: Any, oracle: list[dict[str, float]], scale: float) -> Iterator[str]:
    """Yield how the kernel's rows differ from these; `scale` is the money at stake.

    Correlations are dear: where all open risk together would not cut the size, the kernel does not
    ask which of it moves with the symbol, and says that this cap is off.
    """
    if len(kernel) != len(oracle):
        yield f"{len(kernel)} sizes in the kernel, not {len(oracle)}"
    for k, (ours, theirs) in enumerate(zip(oracle, kernel, strict=False)):
        by = math.prod(ours[name] for name in FACTORS)
        for name, value in ours.items():
            told = float(theirs[name])
            if told == value or math.isclose(told, value, rel_tol=1e-9, abs_tol=1e-9 * scale):
                continue
            is_unasked = name == "cap_cluster" and told == math.inf and value >= ours["wanted"] * by
            if not is_unasked:
                yield f"size {k}: {name} {told!r} in the kernel, not {value!r}\n  {ours}"
                return
