"""Fields: typed values out of one record, every mistake noted and none raised.

A record that has a mistake gives no value at all, but all its mistakes are told at once: who has
four hundred positions does not want to hear of them one by one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Context, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from ballast.core.errors import DataError, UserError, suggest
from ballast.core.time import SECOND_MS, Timeframe, format_ms
from ballast.service.legacy.names import canonical, plain_name
from ballast.service.legacy.reading import Bad
from ballast.service.legacy.spelling import SCENARIOS, scenario_name, symbol_parts

if TYPE_CHECKING:
    from collections.abc import Collection
    from zoneinfo import ZoneInfo

    from ballast.service.legacy.model import Record

NUMBER_MAX = Decimal(10) ** 15
"""No price, quantity or account of that bot is larger; what is, is a mistake."""
PLACES = 18
"""Digits after the point that are kept: no venue states more."""
EXACT = Context(prec=80)
"""In which everything is reckoned: no product of two such numbers is rounded before its end."""
STEP = Decimal(1).scaleb(-PLACES)
SECONDS_MIN, SECONDS_MAX = 1_000_000_000, 100_000_000_000
"""A number of this size is seconds (2001 to 5138); a thousandfold of it milliseconds."""
FIRST_MS = 1_498_867_200_000
"""2017-07-01: the venue of that bot opened in that month, so no time lies before."""
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person said beside the files, and the time."""

    now_ms: int
    zone: ZoneInfo
    """Of times without a zone."""
    timeframe: str = ""
    """Where a parameter record states none."""
    ignored: frozenset[str] = frozenset()


@dataclass(slots=True)
class Taker:
    """Takes the fields of one record. `problems` is what was wrong with them."""

    record: Record
    asked: Asked
    extra: Collection[str] = ()
    """Plain names of fields that belong here and are none of the table's."""
    problems: list[DataError] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    rest: dict[str, Any] = field(default_factory=dict)
    """Values of `extra`, by plain name."""
    _values: dict[str, tuple[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Sort the keys: known, extra, ignored, unknown, and one thing said twice."""
        names = canonical(self.record.kind)
        for key, value in self.record.values.items():
            plain = plain_name(key)
            if plain in self.asked.ignored:
                self.ignored.append(plain)
            elif isinstance(value, Bad):
                self.wrong(key, value.what, "one finite number or text", "correct the file")
            elif plain in names:
                self._put(names[plain], key, value)
            elif plain in self.extra:
                self.rest[plain] = value
            else:
                near = suggest(plain, [*names, *self.extra])
                fix = f"{near or 'if it does not matter:'} --ignore {plain}"
                self.wrong(key, "unknown field", f"a field of a {self.record.kind}", fix)

    def _put(self, name: str, key: str, value: Any) -> None:  # noqa: ANN401 - a JSON value
        if name in self._values:
            other = self._values[name][0]
            self.wrong(key, f"says the same as '{other}'", "one of the two", f"--ignore {other}")
        elif value is not None:
            self._values[name] = key, value

    def wrong(self, key: str, what: str, expected: str, fix: str) -> None:
        """Note what is wrong with a field."""
        where = f"{self.record.where}.{key}" if key else self.record.where
        self.problems.append(DataError(what, where=where, expected=expected, fix=fix))

    def has(self, name: str) -> bool:
        """Whether the record states a field, and it is not null."""
        return name in self._values

    def key(self, name: str) -> str:
        """Return how the record spells a field of ours."""
        return self._values[name][0] if name in self._values else name

    def value(self, name: str) -> Any:  # noqa: ANN401 - a JSON value
        """Return a field as it stands, None where it is not stated."""
        return self._values[name][1] if name in self._values else None

    def missing(self, name: str, expected: str) -> None:
        """Note that a field is not there."""
        self.wrong(name, "is missing", expected, "complete the document, or --skip-bad")

    # -- values

    def number(
        self, name: str, *, low: Decimal | None = Decimal(0), may_be_zero: bool = False
    ) -> Decimal | None:
        """Return a finite number above `low` (None: any sign), None where it is not stated."""
        if name not in self._values:
            return None
        key, value = self._values[name]
        found = exact(value)
        lowest = "above 0" if not may_be_zero else "from 0 on"
        expected = "a number" if low is None else f"a number {lowest}"
        if found is None or abs(found) > NUMBER_MAX:
            self.wrong(key, f"{shown(value)} is no number", expected, "correct the file")
            return None
        if low is not None and (found < low or (found == low and not may_be_zero)):
            self.wrong(key, f"{found}", expected, "correct the file")
            return None
        return found

    def flag(self, name: str) -> bool | None:
        """Return a yes or no, None where it is not stated."""
        if name not in self._values:
            return None
        key, value = self._values[name]
        text = str(value).lower()
        if text in _YES or text in _NO:
            return text in _YES
        self.wrong(key, f"{shown(value)} is neither yes nor no", "true or false", "correct it")
        return None

    def text(self, name: str) -> str:
        """Return a short text or a number as text, empty where it is not stated."""
        if name not in self._values:
            return ""
        key, value = self._values[name]
        if isinstance(value, str | int | Decimal) and len(str(value)) <= TEXT_MAX:
            return " ".join(str(value).split())
        self.wrong(key, f"{shown(value)} is no short text", "a text", "correct the file")
        return ""

    def time(self, name: str) -> int | None:
        """Return a time in ms UTC that is not in the future, None where it is not stated."""
        if name not in self._values:
            return None
        key, value = self._values[name]
        found = time_of(value, self.asked.zone)
        if found is None:
            expected = "UTC as 2024-01-31T12:00, or seconds or milliseconds"
            self.wrong(key, f"{shown(value)} is no time", expected, "correct the file")
            return None
        if not FIRST_MS <= found <= self.asked.now_ms:
            side = "the future" if found > self.asked.now_ms else "before there was such a bot"
            expected = f"from {format_ms(FIRST_MS)} to {format_ms(self.asked.now_ms)} UTC"
            fix = "check the clock, or --timezone" if found > FIRST_MS else "correct the file"
            self.wrong(key, f"{shown(value)} is in {side}", expected, fix)
            return None
        return found

    def symbol(self) -> tuple[str, str]:
        """Return (base, quote) of the record, else of what stands around it."""
        text = self.text("symbol") or self.record.symbol
        if not text:
            self.missing("symbol", "BTCUSDT")
            return "", ""
        try:
            return symbol_parts(text)
        except DataError as error:
            self.wrong(self.key("symbol"), error.what, error.expected, error.fix)
            return "", ""

    def timeframe(self) -> str:
        """Return the timeframe of the record, of what stands around it, or empty."""
        text = self.text("timeframe") or self.record.timeframe
        if not text:
            return ""
        try:
            return str(Timeframe.parse(text))
        except UserError as error:
            self.wrong(self.key("timeframe"), error.what, error.expected, error.fix)
            return ""

    def scenario(self) -> str:
        """Return the library's strategy of the record's scenario, empty where none is stated."""
        text = self.text("scenario") or self.record.scenario
        name = SCENARIOS.get(scenario_name(text), "") if text else ""
        if text and not name:
            expected = "StochRSI, StochRSI_SMA, StochRSI_ADX or StochRSI_TRIX"
            self.wrong(
                self.key("scenario"), f"unknown scenario '{text}'", expected,
                suggest(scenario_name(text), SCENARIOS) or "correct the file",
            )  # fmt: skip
        return name


TEXT_MAX = 200
"""Of a reason, an id, a name."""


def exact(value: Any) -> Decimal | None:  # noqa: ANN401 - a JSON value
    """Return a number, or a text that is one, with at most `PLACES` places; None for any other."""
    if isinstance(value, str):
        try:
            value = Decimal(value.strip())
        except InvalidOperation:
            return None
    if not isinstance(value, Decimal) or not value.is_finite() or abs(value) > NUMBER_MAX:
        return None
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)  # noqa: S101 - it is finite
    return value.quantize(STEP, context=EXACT) if exponent < -PLACES else value


def time_of(value: Any, zone: ZoneInfo) -> int | None:  # noqa: ANN401 - a JSON value
    """Return ms UTC of a date or a number of seconds or ms; `zone` is of dates that say none."""
    number = exact(value)
    if number is not None:
        if SECONDS_MIN <= number < SECONDS_MAX:
            return int(number * SECOND_MS)
        in_ms = SECONDS_MIN * SECOND_MS <= number < SECONDS_MAX * SECOND_MS
        return int(number) if in_ms else None
    if not isinstance(value, str):
        return None
    clean = re.sub(r"\s*(Z|UTC)$", "+00:00", value.strip())
    try:
        moment = datetime.fromisoformat(clean)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return round(moment.astimezone(UTC).timestamp() * SECOND_MS)


def shown(value: Any) -> str:  # noqa: ANN401 - a JSON value
    """Return a value as a line can show it."""
    text = " ".join(str(value).split())
    return f"'{text[:40]}'"
