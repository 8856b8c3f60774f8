"""The `--latency` of a served venue: how long each way takes.

20ms                                    each way takes 20 ms
entry=5ms+10ms~0.8,ack=5ms              orders 5 ms and a log-normal part of median 10 ms
feed=15ms+20ms~1.0                      only the feed is late
"""

from __future__ import annotations

import re

from ballast.core.errors import UserError, suggest
from ballast.venues.simulated.engine.latency import Latency, Leg

LEGS = ("feed", "entry", "ack")
UNITS_NS = {"us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
WAY = re.compile(
    r"(?P<least>\d+(?:\.\d+)?)(?P<unit>us|ms|s)"
    r"(?:\+(?P<median>\d+(?:\.\d+)?)(?P<more>us|ms|s)(?:~(?P<sigma>\d+(?:\.\d+)?))?)?"
)
LONGEST_NS = 60 * UNITS_NS["s"]
"""A minute: clients have given up long before."""
SIGMA_MAX = 3.0
"""One answer in forty takes 400 times the median; beyond, means lose their meaning."""


def latency_of(text: str | None) -> Latency:
    """Return what `--latency` says; raise `UserError` for what says nothing."""
    if text is None:
        return Latency()
    legs: dict[str, Leg] = {}
    for part in text.split(","):
        name, equals, way = part.rpartition("=")
        names = (name,) if equals else LEGS
        for one in names:
            if one not in LEGS:
                raise UserError(
                    f"unknown way '{one}'",
                    where="--latency",
                    expected=f"one of {', '.join(LEGS)}",
                    fix=suggest(one, LEGS),
                )
            if one in legs:
                raise UserError(f"'{text}' says {one} twice", where="--latency")
            legs[one] = _leg(way)
    return Latency(**legs)


def _leg(text: str) -> Leg:
    found = WAY.fullmatch(text)
    if found is None:
        raise UserError(
            f"'{text}'",
            where="--latency",
            expected="such as 20ms, or 5ms+10ms~0.8 (least, median of what is on top, spread)",
        )
    least = round(float(found["least"]) * UNITS_NS[found["unit"]])
    median = round(float(found["median"]) * UNITS_NS[found["more"]]) if found["median"] else 0
    sigma = float(found["sigma"] or 0.0)
    if least > LONGEST_NS or median > LONGEST_NS or sigma > SIGMA_MAX:
        raise UserError(
            f"'{text}'", where="--latency", expected=f"up to 60 s, a spread up to {SIGMA_MAX:g}"
        )
    return Leg(least, median, sigma)
