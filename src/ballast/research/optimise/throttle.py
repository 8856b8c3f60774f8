"""Throttle: when a new optimisation is worth anything (R-BT-18, R-OPT-05).

The audited bot chose its parameters anew every two minutes, from data in which nothing had changed
but noise. Here both must hold: a candle has closed that the last optimisation did not know, and the
least time between two has passed since the data it knew. Unchanged inputs are the same study, and
its result is there already.
"""

from __future__ import annotations


def is_due(*, seen_ms: int | None, newest_ms: int, timeframe_ms: int, least_ms: int) -> bool:
    """Tell whether to optimise again.

    `seen_ms` is the end of the data of the last optimisation (None: there was none), `newest_ms`
    that of the data there are now, `least_ms` the setting `validation.reoptimise_ms`.
    """
    if seen_ms is None:
        return True
    passed = newest_ms - seen_ms
    return passed >= timeframe_ms and passed >= least_ms
