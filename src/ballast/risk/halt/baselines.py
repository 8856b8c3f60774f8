"""Baselines: the equity that losses are measured from; cash flows are neither profit nor loss.

Two levels are kept: the day's open (UTC) and the highest equity ever marked. A deposit or
withdrawal scales both by `equity after / equity before`, the unit-value method of funds: the
drawdown is the same before and after it (R-RISK-28). Adding the amount instead would let a deposit
hide a loss: 85 of a peak of 100 is 15 % down; with 100 deposited, 185 of 200 would be 7.5 %.

All values are atoms of the account's quote asset, integers: a level never drifts by being stored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ballast.core.errors import InternalError

DAY_NS = 86_400_000_000_000


@dataclass(frozen=True, slots=True)
class Baselines:
    """The levels of an account; all 0 before its equity was first marked."""

    equity: int = 0
    peak: int = 0
    day_open: int = 0
    day: int = 0
    """Days since 1970, UTC."""
    known_ns: int = 0
    """When the equity was last known."""
    is_warned: bool = False
    """Whether somebody was told of the present drawdown (R-RISK-16)."""

    @property
    def daily_loss(self) -> float:
        """How far equity is below the day's open, as a part of it; 0 where it is not."""
        return _below(self.equity, self.day_open)

    @property
    def drawdown(self) -> float:
        """How far equity is below its peak, as a part of it."""
        return _below(self.equity, self.peak)

    def breaks(self, limit: float, *, of_day: bool) -> bool:
        """Tell whether a loss limit is reached, exactly: a limit of 5 % is reached at 95 of 100.

        The limit is taken to a millionth; integers decide, so that no rounding lets a loss through.
        """
        return _is_below(self.equity, self.day_open if of_day else self.peak, limit)


def marked(levels: Baselines, equity: int, at_ns: int) -> Baselines:
    """Return the levels after equity was marked at a time; the first of a day is its open."""
    _in_order(levels, at_ns)
    day = at_ns // DAY_NS
    is_new = day > levels.day or not levels.day_open
    # The open of a day is the last equity of the day before: a gap over midnight is in the day.
    opened = (levels.equity or equity) if is_new else levels.day_open
    peak = max(levels.peak, equity)
    return Baselines(equity, peak, opened, max(day, levels.day), at_ns, levels.is_warned)


def warned(levels: Baselines, limit: float) -> Baselines:
    """Return the levels after the drawdown was held against the level of its warning.

    `is_warned` turns on at the limit and off where half of it is won back: a person is told once,
    not at every mark on either side of the limit.
    """
    if levels.is_warned:
        return replace(levels, is_warned=_is_below(levels.equity, levels.peak, limit / 2))
    return replace(levels, is_warned=levels.breaks(limit, of_day=False))


def flowed(levels: Baselines, amount: int, at_ns: int) -> Baselines:
    """Return the levels after a deposit (or, negative, a withdrawal) of so many atoms.

    An account that is emptied, or was empty, begins anew: there is nothing to be a part of.
    """
    _in_order(levels, at_ns)
    after = levels.equity + amount
    if levels.equity <= 0 or after <= 0:
        return Baselines(after, max(after, 0), max(after, 0), at_ns // DAY_NS, at_ns)
    # Rounded up: a baseline that is a fraction of an atom too high is on the safe side.
    peak, day_open = (
        -(-level * after // levels.equity) for level in (levels.peak, levels.day_open)
    )
    return replace(levels, equity=after, peak=peak, day_open=day_open)


def restarted(levels: Baselines) -> Baselines:
    """Return the levels after a person released the drawdown's latch: the peak is equity now.

    Only a person lowers a peak, with a reason (F2). The day's open stays: its loss is its own rule.
    """
    return replace(levels, peak=max(levels.equity, 0), is_warned=False)


def unknown(levels: Baselines, worst: int) -> Baselines:
    """Return the levels while equity cannot be determined: as bad as `worst` (R-RISK-27)."""
    return replace(levels, equity=min(levels.equity, worst))


def _is_below(equity: int, level: int, limit: float) -> bool:
    allowed = round(limit * 1_000_000)
    return level > 0 and (level - equity) * 1_000_000 >= allowed * level


def _below(equity: int, level: int) -> float:
    return max(0.0, 1.0 - equity / level) if level > 0 else 0.0


def _in_order(levels: Baselines, at_ns: int) -> None:
    if at_ns < levels.known_ns:
        raise InternalError(f"equity of {at_ns} after that of {levels.known_ns}")
