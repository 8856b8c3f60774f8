"""Shocks: what somebody announced, and what nothing is opened in while it lasts (R-DATA-23). Pure.

    announced --until, or withdrawn--> over --its time--> forgotten

The same name again replaces what it said before. One that was withdrawn stays known to its time:
whoever only repeats the same words, as a file does that is read again, does not begin it anew.

At most `MOST` are kept. What is withdrawn leaves first; then those that end soonest become one
without a name of their own, which holds every symbol until the last of them: a crowd of
announcements may block too much, never too little.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ballast.core.time import format_ms

MS_NS = 1_000_000
MOST = 64
"""A person or a calendar announces a few a day; more at once is a source that runs away."""
MORE = "more"
"""The name of what stands for those that had no room."""
UNHEARD = "not heard since the start"
"""The fault of a source that this process has not heard yet; nobody is told of it."""


@dataclass(frozen=True, slots=True)
class Shock:
    """One announcement. `symbols` empty: all of the account."""

    name: str
    source: str
    text: str
    symbols: tuple[str, ...]
    until_ns: int
    tightens: bool
    """Whether it asks for closer stops; the account's own rule says whether and how close."""
    is_over: bool = False
    """Withdrawn before its time."""
    tightened: tuple[str, ...] = ()
    """Symbols whose stop was moved for it."""

    def names(self, symbol: str) -> bool:
        """Whether a symbol is meant."""
        return not self.symbols or symbol in self.symbols

    @property
    def says(self) -> tuple[str, str, tuple[str, ...]]:
        """What a person hears of it, but for its time."""
        return self.text, self.source, self.symbols

    def repeats(self, other: Shock) -> bool:
        """Whether it says just what another one says."""
        return replace(self, is_over=False, tightened=()) == replace(
            other, is_over=False, tightened=()
        )

    @property
    def line(self) -> str:
        """Say it in one line."""
        return f"{self.text} ({self.source}), until {format_ms(self.until_ns // MS_NS)}"

    @property
    def where(self) -> str:
        """Say what it is about."""
        return ", ".join(self.symbols) or "any symbol"


@dataclass(frozen=True, slots=True)
class Shocks:
    """What is announced to an account, and whether its source of announcements is heard."""

    every: tuple[Shock, ...] = ()
    fault: str = ""
    """Why the source is not heard; empty: it is, or there is none."""

    @property
    def in_force(self) -> tuple[Shock, ...]:
        """What holds entries back."""
        return tuple(one for one in self.every if not one.is_over)

    def of(self, name: str) -> Shock | None:
        """Return what is known under a name, withdrawn or not."""
        return next((one for one in self.every if one.name == name), None)

    def against(self, symbol: str) -> Shock | None:
        """Return what speaks against entries of a symbol, of several the one that lasts longest."""
        found = [one for one in self.in_force if one.names(symbol)]
        return max(found, key=lambda one: one.until_ns, default=None)

    def having(self, one: Shock) -> Shocks:
        """Return them with one in the place of what has its name, at the end where none has."""
        if self.of(one.name) is None:
            return replace(self, every=(*self.every, one))
        every = tuple(one if other.name == one.name else other for other in self.every)
        return replace(self, every=every)


def announced(shocks: Shocks, one: Shock, now_ns: int) -> Shocks:
    """Take an announcement; one whose time is over withdraws what has its name."""
    kept = shocks.of(one.name)
    if one.until_ns <= now_ns:
        return shocks if kept is None else shocks.having(replace(kept, is_over=True))
    if kept is not None and kept.is_over and kept.repeats(one):
        return shocks
    if kept is not None and not kept.is_over:
        one = replace(one, tightened=kept.tightened)
    after = shocks.having(one)
    return replace(after, every=_bounded(after.every))


def ended(shocks: Shocks, now_ns: int) -> tuple[Shocks, tuple[Shock, ...]]:
    """Forget what is over; return what held entries back until now."""
    left = tuple(one for one in shocks.every if one.until_ns > now_ns)
    if len(left) == len(shocks.every):
        return shocks, ()
    gone = tuple(one for one in shocks.in_force if one.until_ns <= now_ns)
    return replace(shocks, every=left), gone


def _bounded(every: tuple[Shock, ...]) -> tuple[Shock, ...]:
    """Keep at most `MOST`, and no entry less away than before."""
    if len(every) > MOST:
        every = tuple(one for one in every if not one.is_over)
    if len(every) <= MOST:
        return every
    crowd = [one for one in every if one.name == MORE]
    named = sorted((one for one in every if one.name != MORE), key=lambda one: one.until_ns)
    gone = named[: len(named) - MOST + 1]
    until_ns = max(one.until_ns for one in (*crowd, *gone))
    text = f"more than {MOST} announcements at once"
    names = {MORE, *(one.name for one in gone)}
    rest = tuple(one for one in every if one.name not in names)
    return (*rest, Shock(MORE, "the node", text, (), until_ns, tightens=False))
