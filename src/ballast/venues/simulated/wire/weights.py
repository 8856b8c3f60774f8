"""Rate budgets as venues keep them: so much weight a window, a warning, then a ban.

A window is fixed (it begins at a whole multiple of its length), as Binance and Bybit count. Who
goes on after a refusal is banned for a time that doubles with each ban.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto


class Standing(Enum):
    """How a client stands with its budget."""

    GOOD = auto()
    LIMITED = auto()
    BANNED = auto()


@dataclass(frozen=True, slots=True)
class Budget:
    """What one kind of call may spend: `limit` units in each window of `window_ns`."""

    name: str
    limit: int
    window_ns: int
    refusals_before_ban: int = 10  # refused calls in one window until the ban; 0: never
    ban_ns: int = 120_000_000_000
    ban_ns_max: int = 259_200_000_000_000  # three days


@dataclass(slots=True)
class Spent:
    """What one key has used of a budget in its window, and what came of too much."""

    window: int = -1
    used: int = 0
    refused: int = 0
    bans: int = 0
    banned_until_ns: int = 0


@dataclass(slots=True)
class Meter:
    """Counts what each key (an address, an account) has spent of one budget."""

    budget: Budget
    accounts: dict[str, Spent] = field(default_factory=dict)

    def spend(self, key: str, weight: int, now_ns: int) -> Standing:
        """Take `weight` from the key's window; a refused or banned call takes nothing."""
        account = self._of(key, now_ns)
        if now_ns < account.banned_until_ns:
            return Standing.BANNED
        if account.used + weight > self.budget.limit:
            account.refused += 1
            limit = self.budget.refusals_before_ban
            if limit and account.refused > limit:
                self.ban(key, now_ns)
                return Standing.BANNED
            return Standing.LIMITED
        account.used += weight
        return Standing.GOOD

    def ban(self, key: str, now_ns: int) -> None:
        """Ban a key, twice as long each time."""
        account = self._of(key, now_ns)
        length = min(self.budget.ban_ns << min(account.bans, 20), self.budget.ban_ns_max)
        account.bans += 1
        account.banned_until_ns = now_ns + length

    def used(self, key: str, now_ns: int) -> int:
        """Return what the key has spent in this window."""
        return self._of(key, now_ns).used

    def retry_after_ns(self, key: str, now_ns: int) -> int:
        """Return how long the key has to wait: until the ban ends, or the next window begins."""
        account = self._of(key, now_ns)
        if now_ns < account.banned_until_ns:
            return account.banned_until_ns - now_ns
        return self.budget.window_ns - now_ns % self.budget.window_ns

    def _of(self, key: str, now_ns: int) -> Spent:
        account = self.accounts.setdefault(key, Spent())
        window = now_ns // self.budget.window_ns
        if window != account.window:
            account.window, account.used, account.refused = window, 0, 0
        return account
