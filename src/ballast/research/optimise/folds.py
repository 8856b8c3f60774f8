"""Folds: the periods a combination is judged in, one after the other, none of them the last.

The last part of the history (`validation.in_sample` of it stays) is held out: no optimiser may look
at it, so that something is left that can judge the chosen one (R-WF-01, R-WF-06). What is before is
cut at midnights into equal folds. The parameters are the same in all of them and nothing is fitted
between: every fold judges, each from a flat start with fresh cash.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from ballast.core.errors import DataError, UserError
from ballast.core.time import DAY_MS, format_ms
from ballast.research.evaluation import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.research.series import Series

FOLDS_MAX = 50
DAYS_MIN = 14
"""Days of a fold: with fewer a Sharpe ratio is noise whatever the strategy does."""
BARS_MIN = 50  # R-IND-13: the floor under every judgement


def folds_of(group: Sequence[Series], count: int, in_sample: float) -> tuple[Span, ...]:
    """Return `count` spans over the first `in_sample` of the time of a group.

    Raise `UserError` for a count that cannot be, `DataError` where the data are too short for it.
    """
    if not 1 <= count <= FOLDS_MAX:
        raise UserError(f"{count} folds", expected=f"1 to {FOLDS_MAX}")
    whole = Span.of(group)
    first = whole.from_ms
    last_day = (first + round((whole.to_ms - first) * in_sample)) // DAY_MS
    first_day = -(-first // DAY_MS)  # the first midnight
    days = last_day - first_day
    if days < count * DAYS_MIN:
        raise DataError(
            f"{max(days, 0)} days are too few for {count} folds",
            where=f"{group[0].bars.name}, {format_ms(first)} to {format_ms(last_day * DAY_MS)}",
            expected=f"at least {count * DAYS_MIN}",
            fix="take fewer folds or a longer period",
        )
    edges = [first_day + days * k // count for k in range(count + 1)]
    spans = tuple(Span(a * DAY_MS, b * DAY_MS) for a, b in pairwise(edges))
    for span in spans:
        for one in group:
            start, end = span.rows(one.bars)
            if end - start < BARS_MIN:
                raise DataError(
                    f"{end - start} bars in the fold {span}",
                    where=one.bars.name,
                    expected=f"at least {BARS_MIN}",
                    fix="take fewer folds, a longer period or a shorter timeframe",
                )
    return spans
