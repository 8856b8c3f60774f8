"""Time: int milliseconds UTC in storage and in the research loop; timeframes; periods.

A bar is known by its open time and may be read only when closed, at `open + timeframe`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from ballast.core.errors import UserError

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
WEEK_MS = 7 * DAY_MS
YEAR_DAYS = 365  # crypto trades every day of the year

_UNIT_MS = {"s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS, "w": WEEK_MS}
_TIMEFRAME = re.compile(r"^([1-9][0-9]{0,4})([smhdw])$")
_PERIOD = re.compile(r"^(\S*?)(?:\.\.|:)(\S*)$")


@dataclass(frozen=True, slots=True, order=True)
class Timeframe:
    """The length of a bar, e.g. `Timeframe.parse("1h")`; `ms` is its length."""

    ms: int

    @staticmethod
    def parse(text: str) -> Timeframe:
        """Read `1m`, `15m`, `4h`, `1d`, `1w`; raise `UserError` otherwise."""
        match = _TIMEFRAME.match(text.strip())
        if match is None:
            raise UserError(
                f"'{text}' is not a timeframe",
                expected="a number and one of s, m, h, d, w",
                fix="write for example 15m, 1h or 1d",
            )
        return Timeframe(int(match[1]) * _UNIT_MS[match[2]])

    @property
    def bars_per_year(self) -> float:
        """Bars in a year of 365 days, the annualisation factor of crypto."""
        return YEAR_DAYS * DAY_MS / self.ms

    def __str__(self) -> str:
        """Print the shortest form that reads back: `1h`, `90m`, `1d`."""
        for unit in ("w", "d", "h", "m", "s"):
            if self.ms % _UNIT_MS[unit] == 0:
                return f"{self.ms // _UNIT_MS[unit]}{unit}"
        raise UserError(f"{self.ms} ms is not a whole number of seconds")


def parse_ms(text: str) -> int:
    """Read a UTC instant: `2024-01-31`, `20240131`, `2024-01-31T12:00`, or integer milliseconds."""
    clean = text.strip().replace("Z", "+00:00")
    if re.fullmatch(r"\d{8}", clean):
        clean = f"{clean[:4]}-{clean[4:6]}-{clean[6:]}"
    elif re.fullmatch(r"\d{11,14}", clean):
        return int(clean)
    try:
        moment = datetime.fromisoformat(clean)
    except ValueError:
        raise UserError(
            f"'{text}' is not a date",
            expected="UTC as 2024-01-31, 20240131, 2024-01-31T12:00 or milliseconds",
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * SECOND_MS)


def parse_period(text: str) -> tuple[int | None, int | None]:
    """Read `FROM..TO` (or `FROM:TO`, or freqtrade's `20240101-20240201`), either side open.

    The period holds bars whose open time is >= from and < to.
    """
    clean = text.strip()
    old_style = re.fullmatch(r"(\d{8})?-(\d{8})?", clean)
    match = old_style or re.fullmatch(r"(\S*?)\.\.(\S*)", clean) or _PERIOD.match(clean)
    if match is None or clean == "-":
        raise UserError(
            f"'{text}' is not a period", expected="FROM..TO, for example 2023-01-01..2024-01-01"
        )
    start = parse_ms(match[1]) if match[1] else None
    stop = parse_ms(match[2]) if match[2] else None
    if start is not None and stop is not None and start >= stop:
        raise UserError(f"period '{text}' ends before it starts", fix="swap its two dates")
    return start, stop


def span_text(ms: float) -> str:
    """Print a duration with its two largest units: `3d 4h`, `2h 5m`, `45s`."""
    rest = round(ms)
    parts = []
    for name, size in (("d", DAY_MS), ("h", HOUR_MS), ("m", MINUTE_MS), ("s", SECOND_MS)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count:,}{name}")
    return " ".join(parts[:2]) if parts else "0s"


def format_ms(at_ms: int) -> str:
    """Print a UTC instant as `2024-01-31 12:00` (seconds only when there are any)."""
    moment = datetime.fromtimestamp(at_ms / SECOND_MS, tz=UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S" if at_ms % MINUTE_MS else "%Y-%m-%d %H:%M")
