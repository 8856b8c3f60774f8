"""Call: one request on its way through the Kraken front end, and how its parameters are read.

A body is a form or JSON; numbers and booleans of JSON count as their text, nulls as not sent. Names
that nobody reads are refused: a misspelt protection must not look like success.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.fronts.asked import Asked
from ballast.venues.simulated.fronts.kraken import errors
from ballast.venues.simulated.fronts.kraken.encoding import SECOND_NS, from_iso
from ballast.venues.simulated.fronts.numbers import plain_decimal, whole_number
from ballast.venues.simulated.fronts.parameters import Parameters

if TYPE_CHECKING:
    from ballast.venues.simulated.fronts.keys import ApiKey
    from ballast.venues.simulated.fronts.kraken.names import Pair, Pairs
    from ballast.venues.simulated.wire.messages import Request

FLAGS = {"true": True, "false": False, "1": True, "0": False}
NUMBER_MAX = 40
"""Digits of a number that is read."""
DEADLINE_MAX_NS = 60 * SECOND_NS


@dataclass(slots=True)
class Call(Asked):
    """What was sent, by whom, and the venue's time when it arrived."""

    given: Parameters
    now_ns: int
    pairs: Pairs
    key: ApiKey | None = None
    lists: dict[str, list[Any]] = field(default_factory=dict)  # JSON arrays, by name
    titles: dict[str, str] = field(default_factory=dict)

    def pair(self) -> Pair:
        """Return the mandatory pair."""
        return self.known(self.given.required("pair"))

    def known(self, name: str) -> Pair:
        """Return a pair that is listed, by any of its names."""
        found = self.pairs.get(name)
        if found is None:
            raise errors.PAIR
        if "/" in name:
            self.titles[found.symbol] = name
        return found

    def title(self, pair: Pair) -> str:
        """Return what a pair is answered under: its key, or a name with a stroke as it was sent."""
        return self.titles.get(pair.symbol, pair.key)

    def some_pairs(self) -> list[Pair]:
        """Return the pairs of a list divided by commas; all of them where none was sent."""
        text = self.given.optional("pair")
        return list(self.pairs) if text is None else [self.known(one) for one in text.split(",")]

    def flag(self, name: str) -> bool:
        """Return a flag, off where none was sent."""
        text = self.given.optional(name)
        if text is None:
            return False
        if text.lower() not in FLAGS:
            raise errors.wrong(name)
        return FLAGS[text.lower()]

    def whole(self, name: str, default: int, most: int = 2**63 - 1) -> int:
        """Return a whole number, the default where none was sent."""
        text = self.given.optional(name)
        if text is None:
            return default
        value = whole_number(text, most)
        if value is None:
            raise errors.wrong(name)
        return value

    def choice(self, name: str, options: tuple[str, ...], default: str = "") -> str:
        """Return one word of some; mandatory where there is no default."""
        text = self.given.optional(name) if default else self.given.required(name)
        if text is None:
            return default
        if text not in options:
            raise errors.wrong(name)
        return text

    def maybe_decimal(self, name: str) -> Decimal | None:
        """Return a positive decimal where one was sent."""
        text = self.given.optional(name)
        if text is None:
            return None
        value = plain_decimal(text)
        if value is None or value <= 0:
            raise errors.wrong(name)
        return value

    def words(self, name: str, most: int) -> list[str]:
        """Return the words of a list divided by commas; none where none was sent."""
        text = self.given.optional(name)
        found = text.split(",") if text is not None else []
        if len(found) > most:
            raise errors.wrong(name)
        return found

    def check_deadline(self) -> None:
        """Raise a `Refusal` for a request that should be over by now (`deadline`)."""
        text = self.given.optional("deadline")
        if text is None:
            return
        at_ns = from_iso(text)
        if at_ns is None or at_ns > self.now_ns + DEADLINE_MAX_NS:
            raise errors.wrong("deadline")
        if at_ns <= self.now_ns:
            raise errors.DEADLINE


def read_body(request: Request) -> tuple[Parameters, dict[str, list[Any]]]:
    """Return the parameters of a body, and its arrays apart; raise a `Refusal` for no form."""
    if "json" not in request.headers.get("content-type", ""):
        return Parameters.of([(name, one) for name, one in request.form_pairs() if one]), {}
    try:
        value = read_json(request.body)
    except (ValueError, RecursionError):
        raise errors.ARGUMENTS from None
    return flat(value)


class Digits(str):
    """The text of a JSON number: told from texts where the venue wants a number."""

    __slots__ = ()


def read_json(text: str | bytes) -> Any:  # noqa: ANN401 - JSON
    """Return JSON with its numbers as `Digits`; raise `ValueError` for what is none."""
    return json.loads(text, parse_float=_plain, parse_int=Digits, parse_constant=Digits)


def _plain(text: str) -> Digits:
    """Return a number without its exponent, where that is small."""
    value = Decimal(text)
    sized = value.is_finite() and abs(value.adjusted()) < NUMBER_MAX and len(text) < NUMBER_MAX
    return Digits(f"{value:f}" if sized else text)


def flat(value: Any) -> tuple[Parameters, dict[str, list[Any]]]:  # noqa: ANN401 - JSON
    """Return a JSON object as parameters, and its arrays apart; an object in it is `name[part]`."""
    if not isinstance(value, dict):
        raise errors.ARGUMENTS
    lists = {name: one for name, one in value.items() if isinstance(one, list)}
    pairs: list[tuple[str, str]] = []
    for name, one in value.items():
        if isinstance(one, dict):
            pairs += [(f"{name}[{part}]", _text(name, inner)) for part, inner in one.items()]
        elif one is not None and not isinstance(one, list):
            pairs.append((name, _text(name, one)))
    return Parameters.of([(name, text) for name, text in pairs if text]), lists


def _text(name: str, value: Any) -> str:  # noqa: ANN401 - JSON
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise errors.wrong(name)
    return value
