"""Issues: what can be wrong between memory, journal and venue, how bad it is, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ballast.service.diagnose.views import View


class Severity(IntEnum):
    """How bad; the exit code of `ballast diagnose` is the worst one's."""

    LOW = 0
    MEDIUM = 1
    HIGH = 3
    CRITICAL = 4


class Kind(StrEnum):
    """What is wrong."""

    MISSING = "missing instance"
    """A position that nobody protects."""
    ORPHAN = "orphan instance"
    """A stop without a position."""
    STATE = "state mismatch"
    """Places that hold different quantities."""
    PRICE = "price mismatch"
    """Places that have the stop at different prices."""
    SILENT = "silent node"
    """The node does not say how it is."""
    SLOW_JOURNAL = "slow journal"
    SLOW_VENUE = "slow venue"
    UNANSWERED = "venue does not answer"
    MACHINE = "unwell process"
    """Its loop, memory, disk or the venue's silence is beyond a limit."""
    HEAVY = "heavy process"
    """It takes more memory or more of a core than it should in rest (R-OBS-06)."""


ADVICE = {
    Kind.MISSING: "look at the venue now: place a stop or close by hand, then `ballast explain`",
    Kind.ORPHAN: "the node cancels it at its next look; if it stays, cancel it at the venue",
    Kind.STATE: "`ballast audit -s SYMBOL`: a fill may be missing; the node asks for trades",
    Kind.PRICE: "a move is under way or was refused: `ballast audit -s SYMBOL --text trigger`",
    Kind.SILENT: "is the process there? the same `ballast live` command goes on where it was",
    Kind.SLOW_JOURNAL: "see the disk: `ballast doctor`",
    Kind.SLOW_VENUE: "see the line and the venue's status; entries wait, stops rest there",
    Kind.MACHINE: "free memory or disk, or give the process a core; `ballast doctor` looks too",
    Kind.HEAVY: "many symbols, short bars or long warm-ups take more: a target in rest, no limit",
    Kind.UNANSWERED: "protection rests at the venue; see its status page",
}


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong."""

    kind: Kind
    severity: Severity
    symbol: str
    text: str
    at_ns: int
    context: Mapping[str, object]

    @property
    def key(self) -> tuple[str, str]:
        """Return what makes two looks see the same issue."""
        return self.kind.value, self.symbol


def compare(
    memory: Mapping[str, View] | None,
    journal: Mapping[str, View],
    venue: Mapping[str, View],
    at_ns: int,
) -> list[Issue]:
    """Return what three views of the same symbols disagree about; `memory` None: none is told."""
    found: list[Issue] = []
    for symbol, there in venue.items():
        views = {"journal": journal[symbol], "venue": there}
        if memory is not None and symbol in memory:
            views = {"memory": memory[symbol], **views}
        context = {name: view.as_plain() for name, view in views.items()}
        for kind, severity, text in _wrong(symbol, views):
            found.append(Issue(kind, severity, symbol, text, at_ns, context))
    return found


def _wrong(symbol: str, views: Mapping[str, View]) -> Iterator[tuple[Kind, Severity, str]]:
    venue = views["venue"]
    dust = max(one.dust_lots for one in views.values())
    lots = {name: 0 if abs(one.lots) <= dust else one.lots for name, one in views.items()}
    if len(set(lots.values())) > 1:
        said = ", ".join(f"{name} {one}" for name, one in lots.items())
        yield Kind.STATE, Severity.HIGH, f"{symbol}: lots by {said}"
    is_held = lots["venue"] != 0
    if is_held and not venue.stops:
        yield Kind.MISSING, Severity.CRITICAL, f"{symbol}: held, and no stop rests at the venue"
    elif is_held:
        covered = sum(one[2] for one in venue.stops)
        if covered < abs(lots["venue"]) - dust:
            text = f"{symbol}: {lots['venue']} lots, and stops for {covered}"
            yield Kind.MISSING, Severity.CRITICAL, text
        for name in views.keys() - {"venue"}:
            if not views[name].stops:
                text = f"{symbol}: a stop rests at the venue that the {name} does not know"
                yield Kind.MISSING, Severity.HIGH, text
    elif venue.stops:
        yield Kind.ORPHAN, Severity.MEDIUM, f"{symbol}: flat, and a stop rests at the venue"
    prices = {
        name: sorted(ticks for _, ticks, _ in one.stops) for name, one in views.items() if one.stops
    }
    if is_held and len({tuple(one) for one in prices.values()}) > 1:
        said = ", ".join(f"{name} {one}" for name, one in sorted(prices.items()))
        yield Kind.PRICE, Severity.HIGH, f"{symbol}: stop ticks by {said}"


class Persisting:
    """Lets an issue count once two looks in a row saw it: what is on its way is no issue."""

    def __init__(self) -> None:
        """Begin without a past."""
        self._before: set[tuple[str, str]] = set()
        self._told: set[tuple[str, str]] = set()

    def take(self, issues: list[Issue]) -> list[Issue]:
        """Return the issues that persist and were not told yet."""
        now = {one.key for one in issues}
        found = [one for one in issues if one.key in self._before and one.key not in self._told]
        self._told |= {one.key for one in found}
        self._told &= now
        self._before = now
        return found


def worst(issues: list[Issue]) -> Severity:
    """Return the worst severity; LOW without any."""
    return max((one.severity for one in issues), default=Severity.LOW)
