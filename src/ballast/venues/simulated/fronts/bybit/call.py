"""Call: one request on its way through the Bybit front end.

The venue ignores names it does not know, and is strict about what it does know: a number that is
traded with is a JSON text, a switch is `true` or `false`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ballast.core.instrument import Kind
from ballast.venues.simulated.fronts.asked import Asked
from ballast.venues.simulated.fronts.bybit import errors
from ballast.venues.simulated.fronts.numbers import plain_decimal, whole_number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from ballast.venues.simulated.engine.profile import Listing
    from ballast.venues.simulated.fronts.keys import ApiKey

NS_MS = 1_000_000
CATEGORIES = {"spot": Kind.SPOT, "linear": Kind.PERPETUAL}
OTHERS = frozenset({"inverse", "option"})
"""Categories of the venue that nothing is listed in here."""
Listed = dict[tuple[str, str], "Listing"]
"""(category, name on the wire) -> listing."""
PAGE = "page"
PAGES_MAX = 10**9


def wire_name(listing: Listing) -> str:
    """Return the name of a symbol on the wire; its category tells spot from linear."""
    return listing.base + listing.quote


def category_of(listing: Listing) -> str:
    """Return the category of a listing."""
    return "spot" if listing.kind is Kind.SPOT else "linear"


@dataclass(slots=True)
class Call(Asked):
    """What was sent, by whom, and the venue's time when it arrived."""

    given: Mapping[str, Any]
    now_ns: int
    listed: Listed
    key: ApiKey | None = None

    def of(self, given: Mapping[str, Any]) -> Call:
        """Return the same call about something else: one order of a batch."""
        return Call(given, self.now_ns, self.listed, self.key)

    # What is asked about -----------------------------------------------------------------

    def category(self) -> str:
        """Return the category; raise a `Refusal` for none, or one nothing can be asked about."""
        name = self.text("category")
        if name in CATEGORIES or name in OTHERS:
            return name
        raise errors.CATEGORY

    def listing(self) -> Listing:
        """Return the symbol of the category."""
        found = self.maybe_listing()
        if found is None:
            raise errors.SYMBOL
        return found

    def maybe_listing(self) -> Listing | None:
        """Return the symbol where one was sent."""
        category, name = self.category(), self.text("symbol")
        if not name:
            return None
        found = self.listed.get((category, name))
        if found is None:
            raise errors.SYMBOL
        return found

    def listings(self) -> list[Listing]:
        """Return the symbol that is asked about, or all of the category (of its coins)."""
        one = self.maybe_listing()
        if one is not None:
            return [one]
        base, settle = self.text("baseCoin"), self.text("settleCoin")
        category = self.category()
        return [
            found
            for (kind, _), found in self.listed.items()
            if kind == category
            and (not base or found.base == base)
            and (not settle or found.quote == settle)
        ]

    # Values ------------------------------------------------------------------------------

    def has(self, name: str) -> bool:
        """Tell whether something was sent under a name; an empty text is nothing."""
        return self.given.get(name) not in (None, "")

    def text(self, name: str, default: str = "") -> str:
        """Return a text, the default where none was sent."""
        value = self.given.get(name)
        if value is None or value == "":
            return default
        if not isinstance(value, str) or not _is_unicode(value):
            raise errors.invalid(name)
        return value

    def required(self, name: str) -> str:
        """Return a text that must be there."""
        value = self.text(name)
        if not value:
            raise errors.invalid(name)
        return value

    def choice(self, name: str, among: Mapping[str, Any], default: str = "") -> Any:  # noqa: ANN401
        """Return what one of a few words stands for."""
        word = self.text(name, default)
        if word not in among:
            raise errors.invalid(name)
        return among[word]

    def flag(self, name: str) -> bool:
        """Return a switch; off where it was not sent."""
        value = self.given.get(name)
        if value is None or value == "":
            return False
        if not isinstance(value, bool):
            raise errors.invalid(name)
        return value

    def whole(self, name: str, default: int) -> int:
        """Return a whole number, which may be a JSON number; the default where none was sent."""
        value = self.given.get(name)
        if value is None or value == "":
            return default
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63:
            return value
        found = whole_number(value) if isinstance(value, str) else None
        if found is None:
            raise errors.invalid(name)
        return found

    def limit(self, default: int, most: int) -> int:
        """Return how many rows to answer with."""
        return max(1, min(self.whole("limit", default), most))

    def maybe_decimal(self, name: str) -> Decimal | None:
        """Return a number that is zero or more, where one was sent."""
        text = self.text(name)
        if not text:
            return None
        value = plain_decimal(text)
        if value is None:
            raise errors.invalid(name)
        return value

    def page(self) -> int:
        """Return how many rows earlier pages had."""
        cursor = self.text("cursor")
        if not cursor:
            return 0
        found = whole_number(cursor.removeprefix(PAGE), PAGES_MAX)
        if found is None or not cursor.startswith(PAGE):
            raise errors.invalid("cursor")
        return found

    def between(self, at_ns: int) -> bool:
        """Tell whether a time lies within `startTime` and `endTime`."""
        stamp = at_ns // NS_MS
        return self.whole("startTime", 0) <= stamp <= self.whole("endTime", 1 << 62)


def paged(rows: list[Any], call: Call, default: int, most: int) -> tuple[list[Any], str]:
    """Return a page of rows, newest first already, and the cursor of the next one."""
    skipped, limit = call.page(), call.limit(default, most)
    chosen = rows[skipped : skipped + limit]
    more = skipped + limit < len(rows)
    return chosen, f"{PAGE}{skipped + limit}" if more else ""


def _is_unicode(text: str) -> bool:
    """Tell a text from half a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
