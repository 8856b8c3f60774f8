"""Call: one request on its way, and its fields, read strictly: an unknown one is refused.

The fields of a JSON body have the types the documents give them: a size is a text, a flag is a
boolean. In a query everything is text, and a name may be repeated where it is a list.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.fronts.asked import Asked
from ballast.venues.simulated.fronts.coinbase import errors
from ballast.venues.simulated.fronts.numbers import plain_decimal, whole_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal

    from ballast.venues.simulated.engine.profile import Listing
    from ballast.venues.simulated.fronts.keys import ApiKey

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")
SECOND_NS = 1_000_000_000
NS_US = 1_000
LISTS = frozenset(
    {"product_ids", "order_ids", "trade_ids", "order_status", "order_types", "time_in_forces"}
)
"""Names of a query that may be repeated."""


def iso(at_ns: int) -> str:
    """Print a time in ISO 8601 with microseconds."""
    seconds, rest = divmod(at_ns, SECOND_NS)
    at = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{at}.{rest // NS_US:06d}Z"


def moment_ns(text: str) -> int | None:
    """Return a time written in ISO 8601, None for anything else."""
    if not MOMENT.fullmatch(text) or not text.isascii():
        return None
    whole, _, part = text.removesuffix("Z").partition(".")
    try:
        at = datetime.fromisoformat(whole).replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(at.timestamp()) * SECOND_NS + int(part.ljust(9, "0") if part else 0)


@dataclass(slots=True)
class Fields:
    """What was sent by name. Reading marks a name as known; `finish` refuses the others."""

    values: Mapping[str, Any]
    _read: set[str] = field(default_factory=set)

    @staticmethod
    def of_query(pairs: Iterable[tuple[str, str]]) -> Fields:
        """Take the pairs of a query; raise a `Refusal` for a name repeated that is no list."""
        values: dict[str, Any] = {}
        for name, value in pairs:
            if name in LISTS:
                values.setdefault(name, []).append(value)
            elif name in values:
                raise errors.invalid(f"too many values for field {_shown(name)}")
            else:
                values[name] = value
        return Fields(values)

    @staticmethod
    def of_json(value: Any) -> Fields:  # noqa: ANN401 - JSON
        """Take a JSON object; raise a `Refusal` for anything else."""
        if not isinstance(value, dict):
            raise errors.invalid("a JSON object is required")
        return Fields(value)

    def _raw(self, name: str) -> Any:  # noqa: ANN401 - JSON
        self._read.add(name)
        return self.values.get(name)

    def maybe(self, name: str) -> str:
        """Return a text, empty where none was sent."""
        value = self._raw(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise errors.invalid(f"invalid value for string field {name}")
        return value

    def text(self, name: str) -> str:
        """Return a mandatory text."""
        value = self.maybe(name)
        if not value:
            raise errors.missing(name)
        return value

    def texts(self, name: str) -> list[str]:
        """Return a list of texts; none where it was not sent."""
        value = self._raw(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise errors.invalid(f"invalid value for repeated field {name}")
        return value

    def flag(self, name: str) -> bool:
        """Return a boolean, False where none was sent."""
        value = self._raw(name)
        known = {None: False, "": False, "true": True, "false": False}
        if isinstance(value, bool):
            return value
        if isinstance(value, str | None) and value in known:
            return known[value]
        raise errors.invalid(f"invalid value for bool field {name}")

    def part(self, name: str) -> Fields:
        """Return a mandatory object."""
        value = self._raw(name)
        if value is None:
            raise errors.missing(name)
        return Fields.of_json(value)

    def choice(self, name: str, options: Sequence[str]) -> str:
        """Return one of some words, empty where none was sent."""
        value = self.maybe(name)
        if value and value not in options:
            raise errors.invalid(f"invalid {name}")
        return value

    def whole(self, name: str, default: int, most: int = 2**63 - 1) -> int:
        """Return a whole number, at most so much; the default where none was sent."""
        value = self.maybe(name)
        number = whole_number(value) if value else default
        if number is None:
            raise errors.invalid(f"invalid value for integer field {name}")
        return min(number, most)

    def maybe_decimal(self, name: str) -> Decimal | None:
        """Return a positive number where one was sent."""
        value = self.maybe(name)
        if not value:
            return None
        number = plain_decimal(value)
        if number is None or number <= 0:
            raise errors.invalid(f"invalid {name}")
        return number

    def decimal(self, name: str) -> Decimal:
        """Return a mandatory positive number."""
        number = self.maybe_decimal(name)
        if number is None:
            raise errors.missing(name)
        return number

    def moment(self, name: str, default: int) -> int:
        """Return a time in nanoseconds, the default where none was sent."""
        value = self.maybe(name)
        at_ns = moment_ns(value) if value else default
        if at_ns is None:
            raise errors.invalid(f"invalid value for timestamp field {name}")
        return at_ns

    def finish(self) -> None:
        """Raise a `Refusal` for the first name nobody asked for."""
        for name in self.values:
            if name not in self._read:
                raise errors.Refusal("unknown", f"proto: unknown field {_shown(name)}")


def _shown(name: str) -> str:
    """Return a name that may be printed back, whatever it holds."""
    return json.dumps(name[:64])


@dataclass(slots=True)
class Call(Asked):
    """What was sent, by whom, and the venue's time when it arrived."""

    given: Fields
    now_ns: int
    listings: dict[str, Listing]
    key: ApiKey | None = None
    part: str = ""
    """What stands in the path where its pattern has a name."""

    def known(self, name: str) -> Listing:
        """Return a product that is listed."""
        found = self.listings.get(name)
        if found is None:
            raise errors.NO_PRODUCT
        return found

    def named(self) -> Listing:
        """Return the product of the path."""
        return self.known(self.part)

    def product(self) -> Listing:
        """Return the mandatory product."""
        return self.known(self.given.text("product_id"))

    def products(self) -> list[Listing]:
        """Return the products that are asked for; all of them where none is named."""
        names = self.given.texts("product_ids")
        one = self.given.maybe("product_id")
        asked = [*names, one] if one else names
        return [self.known(name) for name in asked] or list(self.listings.values())
