"""Call: one request on its way through a Binance front end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.venues.simulated.fronts.asked import Asked
from ballast.venues.simulated.fronts.binance import errors
from ballast.venues.simulated.fronts.numbers import plain_decimal, whole_number

if TYPE_CHECKING:
    from decimal import Decimal

    from ballast.venues.simulated.engine.profile import Listing
    from ballast.venues.simulated.fronts.keys import ApiKey
    from ballast.venues.simulated.fronts.parameters import Parameters


@dataclass(slots=True)
class Call(Asked):
    """What was sent, by whom, and the venue's time when it arrived."""

    given: Parameters
    now_ns: int
    listings: dict[str, Listing]
    key: ApiKey | None = None

    def symbol(self) -> str:
        """Return the mandatory symbol; raise a `Refusal` for one that is not listed."""
        return self.known(self.given.required("symbol"))

    def maybe_symbol(self) -> str | None:
        """Return the symbol where one was sent."""
        text = self.given.optional("symbol")
        return None if text is None else self.known(text)

    def known(self, symbol: str) -> str:
        """Return a symbol that is listed."""
        if not (symbol.isascii() and symbol.isalnum() and symbol.isupper()):
            raise errors.Refusal(
                -1100,
                "Illegal characters found in parameter 'symbol'; "
                "legal range is '^[A-Z0-9-_.]{1,20}$'.",
            )
        if symbol not in self.listings:
            raise errors.SYMBOL
        return symbol

    def whole(self, name: str, default: int, most: int = 2**63 - 1) -> int:
        """Return a whole number, the default where none was sent."""
        text = self.given.optional(name)
        if text is None:
            return default
        value = whole_number(text)
        if value is None:
            raise errors.illegal(name)
        return min(value, most)

    def maybe_whole(self, name: str) -> int | None:
        """Return a whole number where one was sent."""
        return None if self.given.optional(name) is None else self.whole(name, 0)

    def maybe_decimal(self, name: str) -> Decimal | None:
        """Return a positive decimal where one was sent."""
        text = self.given.optional(name)
        if text is None:
            return None
        value = plain_decimal(text)
        if value is None:
            raise errors.illegal(name)
        if value <= 0:
            raise errors.Refusal(-1013, f"Invalid {name}.")
        return value

    def decimal(self, name: str) -> Decimal:
        """Return a mandatory positive decimal."""
        self.given.required(name)
        value = self.maybe_decimal(name)
        assert value is not None  # noqa: S101 - `required` saw it
        return value
