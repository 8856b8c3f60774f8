"""Candles: bars of OKX by REST, in pages.

Rows come newest first. `after` is older than, `before` newer than; with `before` alone the newest
rows are returned, so both are always said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.orders import RejectReason
from ballast.venues.clients.account import CandleRow
from ballast.venues.clients.market import number
from ballast.venues.clients.okx import words
from ballast.venues.clients.okx.questions import read
from ballast.venues.clients.okx.requests import refused

if TYPE_CHECKING:
    from ballast.core.time import Timeframe
    from ballast.venues.clients.market import Market
    from ballast.venues.clients.okx.questions import Questions

RECENT_BARS = 1_400
"""How many bars back `candles` reaches (1,440); `history-candles` has the others."""
RECENT_PAGE, OLD_PAGE = 300, 100


def bar_of(timeframe: Timeframe) -> str:
    """Return OKX's word for a length of bars; raise `CallError` for one it has not."""
    found = words.BARS.get(timeframe.ms)
    if found is None:
        raise refused(f"OKX has no bars of {timeframe}", RejectReason.BAD_REQUEST)
    return found


async def candles_of(
    asks: Questions, market: Market, timeframe: Timeframe, since_ms: int, limit: int
) -> list[CandleRow]:
    """Return bars from a time on, oldest first, at most `limit`."""
    found: list[CandleRow] = []
    bar, span = bar_of(timeframe), timeframe.ms
    now_ms = asks.now_ms()
    from_ms = -(-since_ms // span) * span
    while len(found) < limit and from_ms <= now_ms:
        is_old = from_ms < now_ms - RECENT_BARS * span
        most = min(limit - len(found), OLD_PAGE if is_old else RECENT_PAGE)
        to_ms = from_ms + most * span
        call = read(
            "publicGetMarketHistoryCandles" if is_old else "publicGetMarketCandles",
            20 if is_old else 40,
            instId=market.name,
            bar=bar,
            before=str(from_ms - 1),
            after=str(to_ms),
            limit=str(most),
        )
        answer = await asks.lists(call)
        rows = [_row(one, market) for one in reversed(answer)]
        found += [one for one in rows if from_ms <= one.open_ms < to_ms]
        from_ms = to_ms
    return found[:limit]


def _row(row: list[str], market: Market) -> CandleRow:
    return CandleRow(
        int(row[0]),
        number(row[1]),
        number(row[2]),
        number(row[3]),
        number(row[4]),
        number(row[5]) * market.contract,
    )
