"""Breaker: after failures in a row, leave a link alone for a while; then try once (R-NET-08).

CLOSED     calls go through; `failures` in a row open it
OPEN       no call but for protection, for `open_ns`
HALF_OPEN  one call is let through: its success closes, its failure opens again
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

SECOND_NS = 1_000_000_000


class Gate(StrEnum):
    """Whether calls go through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """`network.breaker_*` of the settings."""

    failures: int = 3
    open_ns: int = 300 * SECOND_NS
    history: int = 50


RULES = BreakerRules()


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed call, for the report."""

    at_ns: int
    what: str


@dataclass(frozen=True, slots=True)
class Breaker:
    """The breaker of one link. `in_row` counts failures since the last success."""

    in_row: int = 0
    opened_ns: int = 0
    trying: bool = False
    failures: tuple[Failure, ...] = ()

    def gate(self, now_ns: int, rules: BreakerRules = RULES) -> Gate:
        """Return whether calls go through now."""
        if self.in_row < rules.failures:
            return Gate.CLOSED
        if now_ns < self.opened_ns + rules.open_ns or self.trying:
            return Gate.OPEN
        return Gate.HALF_OPEN


def tried(breaker: Breaker, now_ns: int, rules: BreakerRules = RULES) -> Breaker:
    """Return the breaker after a call was let through; of a half-open one it is the only one."""
    return (
        replace(breaker, trying=True) if breaker.gate(now_ns, rules) is Gate.HALF_OPEN else breaker
    )


def succeeded(breaker: Breaker) -> Breaker:
    """Return the breaker after a success; the failures stay for the report (R-NET-09)."""
    return Breaker(failures=breaker.failures)


def failed(breaker: Breaker, what: str, now_ns: int, rules: BreakerRules = RULES) -> Breaker:
    """Return the breaker after a failure."""
    in_row = breaker.in_row + 1
    opens = in_row >= rules.failures and (in_row == rules.failures or breaker.trying)
    kept = (*breaker.failures, Failure(now_ns, what))[-rules.history :]
    return Breaker(in_row, now_ns if opens else breaker.opened_ns, trying=False, failures=kept)
