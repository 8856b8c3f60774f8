"""A bar of a stream that never says so is closed once, and never before its last word (E2)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ballast.core.marketdata import Candle
from ballast.venues.clients.candles import Growing

SPAN, LATE = 60, 5


def candle(number: int, close: int = 1, symbol: str = "BTCUSD") -> Candle:
    return Candle(symbol, 0, number * SPAN, "1m", 1, 1, 1, close, 1, is_closed=False)


def shown(found: list[Candle]) -> list[tuple[int, int, bool]]:
    return [(one.open_ns // SPAN, one.close_ticks, one.is_closed) for one in found]


def test_the_next_candle_closes_the_one_before_it_as_it_was_last_told() -> None:
    growing = Growing(SPAN, LATE)
    assert shown(growing.take(candle(1, 5))) == [(1, 5, False)]
    assert shown(growing.take(candle(1, 6))) == [(1, 6, False)]
    assert shown(growing.take(candle(2, 7))) == [(1, 6, True), (2, 7, False)]
    assert growing.take(candle(1, 8)) == []  # late word


def test_the_venues_time_closes_a_candle_once() -> None:
    growing = Growing(SPAN, LATE)
    growing.take(candle(1, 5))
    assert growing.due(2 * SPAN + LATE - 1) == []
    assert shown(growing.due(2 * SPAN + LATE)) == [(1, 5, True)]
    assert growing.due(2 * SPAN + LATE + 1) == []
    assert growing.take(candle(1, 6)) == []  # it is over
    assert shown(growing.take(candle(3, 7))) == [(3, 7, False)]


def test_symbols_have_candles_of_their_own() -> None:
    growing = Growing(SPAN, LATE)
    growing.take(candle(1, 5))
    assert shown(growing.take(candle(2, 9, "ETHUSD"))) == [(2, 9, False)]
    assert shown(growing.due(2 * SPAN + LATE)) == [(1, 5, True)]


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), max_size=40))
def test_every_bar_is_closed_at_most_once_and_none_grows_after_it(
    steps: list[tuple[int, bool]],
) -> None:
    growing = Growing(SPAN, LATE)
    closed: set[int] = set()
    for number, is_time in steps:
        found = growing.due((number + 1) * SPAN + LATE) if is_time else growing.take(candle(number))
        for one in found:
            place = one.open_ns // SPAN
            assert place not in closed
            if one.is_closed:
                closed.add(place)
