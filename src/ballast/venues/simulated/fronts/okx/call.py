"""Call: one request on its way through the OKX front end, and how its parameters are read.

OKX takes texts; numbers and booleans of JSON count as their text, empty texts and nulls as not
sent. Names it does not know are dropped without a word, as the venue does (clients send some).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from ballast.core.instrument import Kind
from ballast.venues.simulated.fronts.asked import Asked
from ballast.venues.simulated.fronts.numbers import plain_decimal, whole_number
from ballast.venues.simulated.fronts.okx import errors, ids
from ballast.venues.simulated.fronts.parameters import Parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal

    from ballast.venues.simulated.engine.profile import Listing
    from ballast.venues.simulated.fronts.keys import ApiKey

    _T = TypeVar("_T")

TYPES = {Kind.SPOT: "SPOT", Kind.PERPETUAL: "SWAP"}
OTHER_TYPES = frozenset({"MARGIN", "FUTURES", "OPTION", "EVENTS"})
"""Types that the venue has and that are not simulated: there is nothing of them."""
PAGE_MAX = 100


def type_of(listing: Listing) -> str:
    """Return the `instType` of a listing."""
    return TYPES[listing.kind]


def read_json(body: bytes) -> Any:  # noqa: ANN401 - JSON
    """Return a body with its numbers as they were written; raise a `Refusal` for no JSON."""
    try:
        return json.loads(body, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        raise errors.NO_JSON from None


def parameters(value: Any) -> Parameters:  # noqa: ANN401 - JSON
    """Return the parameters in a JSON object; raise a `Refusal` for anything else."""
    if not isinstance(value, dict):
        raise errors.NO_JSON
    values = {}
    for name, one in value.items():
        text = _text(one)
        if text:
            values[name] = text
    try:
        "".join((*values, *values.values())).encode()
    except UnicodeEncodeError:  # half a surrogate pair
        raise errors.NO_JSON from None
    return Parameters(values)


def _text(value: Any) -> str:  # noqa: ANN401 - JSON
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case []:
            return ""
        case _:
            return json.dumps(value, separators=(",", ":"))


@dataclass(slots=True)
class Call(Asked):
    """What was sent, by whom, and the venue's time when it arrived."""

    given: Parameters
    now_ns: int
    listings: dict[str, Listing]
    key: ApiKey | None = None
    body: Any = None
    """The decoded JSON of a POST, where it is a list."""

    def of(self, value: Any) -> Call:  # noqa: ANN401 - JSON
        """Return the call of one element of a batch."""
        return replace(self, given=parameters(value), body=None)

    def listing(self) -> Listing:
        """Return the mandatory instrument; raise a `Refusal` for one that is not listed."""
        return self.known(self.given.required("instId"))

    def maybe_listing(self) -> Listing | None:
        """Return the instrument where one was sent."""
        text = self.given.optional("instId")
        return None if text is None else self.known(text)

    def swap(self) -> Listing:
        """Return the mandatory instrument, a swap."""
        listing = self.listing()
        if listing.kind is not Kind.PERPETUAL:
            raise errors.WRONG_TYPE
        return listing

    def known(self, name: str) -> Listing:
        """Return an instrument that is listed."""
        found = self.listings.get(name)
        if found is None:
            raise errors.INSTRUMENT
        return found

    def chosen(self, *, needs_type: bool) -> list[Listing]:
        """Return the instruments that `instType`, `instFamily` or `uly`, and `instId` mean."""
        read = self.given.required if needs_type else self.given.optional
        kind = read("instType")
        if kind is not None and kind not in {*TYPES.values(), *OTHER_TYPES}:
            raise errors.wrong("instType")
        families = {self.given.optional("instFamily"), self.given.optional("uly")} - {None}
        one = self.given.optional("instId")
        found = [each for each in self.listings.values() if kind in {None, type_of(each)}]
        if families:
            found = [
                each for each in found
                if each.kind is Kind.PERPETUAL and families == {f"{each.base}-{each.quote}"}
            ]  # fmt: skip
        if one is not None:
            self.known(one)
            found = [each for each in found if each.symbol == one]
        return found

    def choice(self, name: str, options: Sequence[str], default: str | None = None) -> str:
        """Return one of some words; raise 51000 for another one, 50014 for none."""
        text = self.given.optional(name) or default
        if text is None:
            raise errors.missing(name)
        if text not in options:
            raise errors.wrong(name)
        return text

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a boolean."""
        return self.choice(name, ("true", "false"), "true" if default else "false") == "true"

    def whole(self, name: str, default: int, most: int = 2**63 - 1) -> int:
        """Return a whole number, the default where none was sent."""
        text = self.given.optional(name)
        if text is None:
            return default
        value = whole_number(text)
        if value is None:
            raise errors.wrong(name)
        return min(value, most)

    def maybe_decimal(self, name: str) -> Decimal | None:
        """Return a positive decimal where one was sent."""
        text = self.given.optional(name)
        if text is None:
            return None
        value = plain_decimal(text)
        if value is None or value <= 0:
            raise errors.wrong(name)
        return value

    def ticks(self, listing: Listing, name: str) -> int:
        """Return a price in ticks where one was sent, else 0; raise 51000 for one off the grid."""
        price = self.maybe_decimal(name)
        if price is None:
            return 0
        found = listing.ticks(price)
        if found is None:
            raise errors.wrong(name)
        return found

    def lots(self, listing: Listing, name: str) -> int:
        """Return a size in lots where one was sent, else 0; raise 51121 for one off the grid."""
        qty = self.maybe_decimal(name)
        if qty is None:
            return 0
        found = listing.lots(qty)
        if found is None:
            raise errors.LOT
        return found

    def own(self, name: str) -> str:
        """Return a client's id: up to 32 letters and digits."""
        text = self.given.optional(name) or ""
        if text and not ids.OWN.fullmatch(text):
            raise errors.wrong(name)
        return text

    def tag(self) -> str:
        """Return an order's tag: up to 16 letters and digits."""
        text = self.given.optional("tag") or ""
        if text and not ids.TAG.fullmatch(text):
            raise errors.wrong("tag")
        return text

    def page(
        self, rows: Sequence[_T], place: Callable[[_T], int], most: int = PAGE_MAX,
        default: int = PAGE_MAX,
    ) -> list[_T]:  # fmt: skip
        """Return the asked part of rows that are newest first: `after` is older, `before` newer."""
        older, newer = self.whole("after", 2**63 - 1), self.whole("before", -1)
        limit = self.whole("limit", default, most)
        found = [one for one in rows if newer < place(one) < older]
        return found[:limit]
