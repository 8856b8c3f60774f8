"""Kernel against oracle: the first difference, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ballast.core.reasons import Refusal
from tests.oracle.sized import differing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ballast.kernel.market import Run
    from tests.oracle.state import World

EXACT = {
    "position", "symbol", "side", "reason", "maker", "bar", "at_ms", "price", "lots", "fills",
    "decided_bar", "entry_bar", "exit_bar", "entry_ms", "exit_ms",
}  # fmt: skip
RELATIVE = 1e-9


def close(a: float, b: float, scale: float) -> bool:
    """Equal to 1e-9 of the larger of themselves and the money at stake; NaN equals NaN."""
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return abs(a - b) <= RELATIVE * max(abs(a), abs(b), scale)


def _rows(kernel: Any, oracle: list[Any], what: str, scale: float) -> Iterator[str]:
    for k, row in enumerate(oracle):
        if k >= len(kernel):
            yield f"{what} {k} is missing in the kernel: {row}"
            return
        for name in row.__dataclass_fields__:
            ours, theirs = getattr(row, name), kernel[k][name].item()
            same = ours == theirs if name in EXACT else close(ours, theirs, scale)
            if not same:
                yield f"{what} {k}: {name} {theirs!r} in the kernel, not {ours!r}\n  oracle {row}\n  kernel {_show(kernel[k])}"  # noqa: E501
                return
    if len(kernel) > len(oracle):
        yield f"{what} {len(oracle)} is missing in the oracle: {_show(kernel[len(oracle)])}"


def _show(row: Any) -> str:
    return ", ".join(f"{name}={row[name]}" for name in row.dtype.names)


def differences(run: Run, world: World, cash: float) -> list[str]:
    """Return what differs, most telling first; empty when the two agree."""
    found = list(_rows(run.fills, world.fills, "fill", cash))
    found += _rows(run.refused, world.refused, "refusal", cash)
    found += _rows(run.trades, world.trades, "trade", cash)
    found += differing(run.sized, world.sized, cash)
    counts = [0] * len(Refusal)
    for row in world.refused:
        counts[row.reason] += 1
    if run.refusals.tolist() != counts:
        found.append(f"refusal counts {run.refusals.tolist()} in the kernel, not {counts}")
    for name, ours, theirs in (
        ("clock", world.clock_ms, run.clock_ms),
        ("equity", world.equity, run.equity),
        ("daily", world.daily, run.daily),
    ):
        if len(ours) != len(theirs):
            found.append(f"{len(theirs)} rows of {name} in the kernel, not {len(ours)}")
        for k, (a, b) in enumerate(zip(ours, theirs.tolist(), strict=False)):
            if not close(a, b, cash):
                found.append(f"{name} {k}: {b!r} in the kernel, not {a!r}")
                break
    account = world.account
    for name in ("cash", "equity", "peak", "fees", "funding", "realised"):
        ours, theirs = getattr(account, name), float(run.account[name])
        if not close(ours, theirs, cash):
            found.append(f"final {name}: {theirs!r} in the kernel, not {ours!r}")
    return found
