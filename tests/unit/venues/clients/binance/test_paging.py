"""All rows since a time, whatever the size of a page and the span of a question."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from ballast.venues.clients.binance import paging

NOW_MS, SPAN_MS = 1_000, 100


@dataclass(frozen=True)
class Row:
    id: int
    time: int


class Venue:
    """Answers as Binance says it does: a page at most, a span at a time, or from a number on."""

    def __init__(self, times: list[int], *, newest_spans: bool) -> None:
        self.rows = [Row(number, at) for number, at in enumerate(sorted(times), 1)]
        self.newest_spans = newest_spans
        self.asked = 0

    async def page(
        self, startTime: int = -1, endTime: int = -1, fromId: int = -1  # noqa: N803 - its names
    ) -> list[Row]:  # fmt: skip
        self.asked += 1
        if fromId >= 0:
            return [row for row in self.rows if row.id >= fromId][: paging.PAGE]
        if startTime >= 0:
            assert endTime - startTime < SPAN_MS, "a question spans no more"
            return [row for row in self.rows if startTime <= row.time <= endTime][: paging.PAGE]
        first = NOW_MS - SPAN_MS if self.newest_spans else 0
        return [row for row in self.rows if row.time >= first][-paging.PAGE :]


@given(
    times=st.lists(st.integers(0, NOW_MS), max_size=30),
    since=st.integers(0, NOW_MS),
    size=st.integers(1, 5),
    newest_spans=st.booleans(),
)
def test_nothing_is_missed_and_nothing_older_is_told(
    times: list[int], since: int, size: int, *, newest_spans: bool
) -> None:
    venue = Venue(times, newest_spans=newest_spans)
    with patch.object(paging, "PAGE", size):
        found = asyncio.run(
            paging.rows_since(venue.page, since, NOW_MS, SPAN_MS, newest_spans=newest_spans)
        )
    assert found == [row for row in venue.rows if row.time >= since]


def test_the_newest_page_is_one_question_and_mostly_enough() -> None:
    venue = Venue(list(range(500, 510)), newest_spans=False)
    assert len(asyncio.run(paging.rows_since(venue.page, None, NOW_MS, SPAN_MS))) == 10
    assert len(asyncio.run(paging.rows_since(venue.page, 505, NOW_MS, SPAN_MS))) == 5
    assert venue.asked == 2
