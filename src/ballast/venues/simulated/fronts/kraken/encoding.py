"""Encoding: JSON whose numbers keep their decimals, and the venue's ways to write a time.

Streams carry numbers, not texts, and a checksum is taken over their digits: a float would lose the
idle zeros. Numbers are printed elsewhere and put into the JSON as they are.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from ballast.venues.simulated.wire.messages import JSON_TYPE, Response, Text

SECOND_NS = 1_000_000_000
RAW_DIGITS = 4
"""Decimals of the seconds in REST answers."""


def number(text: str) -> msgspec.Raw:
    """Return a printed number as a JSON number."""
    return msgspec.Raw(text.encode())


def seconds(at_ns: int, digits: int = RAW_DIGITS) -> msgspec.Raw:
    """Return a time in seconds as a JSON number."""
    whole, rest = divmod(at_ns, SECOND_NS)
    return number(f"{whole}.{rest:09d}"[: len(str(whole)) + 1 + digits])


def iso(at_ns: int) -> str:
    """Return a time as streams write it: to the microsecond, UTC."""
    whole, rest = divmod(at_ns, SECOND_NS)
    at = datetime.fromtimestamp(whole, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{rest // 1_000:06d}Z"


def from_iso(text: str) -> int | None:
    """Return the nanoseconds of a time of RFC 3339, None for a text that is none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    if at.tzinfo is None:
        return None
    span = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (span.days * 86_400 + span.seconds) * SECOND_NS + span.microseconds * 1_000


def clean(text: str) -> str:
    """Return a text that can be sent: JSON may hold half a surrogate pair, an answer may not."""
    return text.encode("utf-8", "replace").decode()


def answer(result: Any) -> Response:  # noqa: ANN401 - JSON
    """Return the answer of a call that was done."""
    return Response(200, msgspec.json.encode({"error": [], "result": result}), (JSON_TYPE,))


def frame(value: Any) -> Text:  # noqa: ANN401 - JSON
    """Return a frame of a stream."""
    return Text(msgspec.json.encode(value).decode())
