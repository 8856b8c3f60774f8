"""Verdict: which findings are a cheat, and which a remark.

A cheat is a proof: an answer that changed with the future, with what was asked before, or with the
first bar for ever; or money earned where nothing can be known. How good a p-value or a decay curve
must be is no matter of cheating; whoever certifies a strategy sets that bar.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ballast.research.attacks.battery import Attacks

SURVIVAL_T = 5.0
"""Mean over standard error of the results on driftless permutations, and of what they are above
those of signals from another permutation: both must get there. At 16 permutations an honest
strategy, whose mean is at best 0, gets there once in 12,000 (Student's t, 15 degrees)."""
KEPT_LEAST = 0.5
"""Share of the result that one bar of delay may take without a remark."""


def cheats(found: Attacks) -> tuple[str, ...]:
    """Return a line for each proof of cheating; empty where there is none."""
    lines = []
    if found.truncation.violation is not None:
        lines.append(f"looks ahead: {found.truncation.violation.line()}")
    if found.state.memory is not None:
        lines.append(f"keeps state between calls: {found.state.memory.line()}")
    if not found.warmup.settled:
        lines.append(f"never forgets its first bar: {found.warmup.line()}")
    if found.shuffle.knowing_t >= SURVIVAL_T:
        lines.append(
            f"earns on bars in random order without a trend: mean {found.shuffle.metric} "
            f"{found.shuffle.driftless.mean:.2f} of {len(found.shuffle.driftless.values)}, "
            f"t = {found.shuffle.survival_t:.1f}; {found.shuffle.surplus.mean:.2f} more than "
            f"signals of another order, t = {found.shuffle.surplus_t:.1f}"
        )
    return tuple(lines)


def remarks(found: Attacks) -> tuple[str, ...]:
    """Return what is no cheat and yet worth knowing."""
    lines = []
    warmup, shuffle = found.warmup, found.shuffle
    needs = max(warmup.needed_bars, warmup.level_bars)
    if warmup.settled and needs > warmup.declared_bars:
        lines.append(f"warm-up: {warmup.line()}; give a live run at least {needs} bars of history")
    if shuffle.p_value > 0.05:  # noqa: PLR2004 - the usual level, and only a remark
        lines.append(
            f"no edge over its own bars in random order: {shuffle.metric} {shuffle.real:.2f}, "
            f"p = {shuffle.p_value:.3f}"
        )
    late = next((row for row in found.delay.rows if row.bars > 0), None)
    if late is not None and late.kept is not None and late.kept < KEPT_LEAST:
        lines.append(f"{late.bars} bar later only {late.kept:.0%} of the result is left")
    return tuple(lines)
