"""Paging: all rows since a time, where a venue gives a page at most and spans so much at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PAGE = 1_000
"""Rows a question gives at most."""


class Numbered(Protocol):
    """A row with a number that grows, and a time in ms."""

    @property
    def id(self) -> int:
        """Return its number."""
        ...

    @property
    def time(self) -> int:
        """Return its time."""
        ...


R = TypeVar("R", bound=Numbered)


async def rows_since(
    page: Callable[..., Awaitable[list[R]]],
    since_ms: int | None,
    now_ms: int,
    span_ms: int,
    *,
    newest_spans: bool = False,
) -> list[R]:
    """Return rows since a time, oldest first; None: the newest page.

    `page(**where)` takes `startTime` and `endTime` together, or `fromId`, or nothing for the newest
    page, which mostly reaches far enough. Where it does not, spans are asked for one by one until
    one has a row, and from that row on page by page. `newest_spans`: the newest page, too, goes
    back a span only.
    """
    rows = await page()
    if since_ms is None:
        return rows
    is_whole = len(rows) < PAGE and not (newest_spans and since_ms < now_ms - span_ms)
    if not is_whole and not (rows and rows[0].time < since_ms):
        rows = await _rows_from(page, since_ms, now_ms, span_ms)
    return [row for row in rows if row.time >= since_ms]


async def _rows_from(
    page: Callable[..., Awaitable[list[R]]], since_ms: int, now_ms: int, span_ms: int
) -> list[R]:
    rows: list[R] = []
    for start in range(since_ms, now_ms + 1, span_ms):
        rows = await page(startTime=start, endTime=start + span_ms - 1)
        if rows:
            break
    found = rows
    while found:
        found = await page(fromId=rows[-1].id + 1)
        rows = [*rows, *found]
    return rows
