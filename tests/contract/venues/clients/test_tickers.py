"""The last 24 hours of all symbols, against the market and the account that traded in it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from ballast.core.time import DAY_MS, Timeframe

if TYPE_CHECKING:
    from tests.contract.venues.clients.rig import Rig

    from ballast.venues.clients.account import DayTicker


def ticker_of(rig: Rig) -> DayTicker:
    (found,) = [one for one in rig.run(rig.desk.tickers()) if one.symbol == rig.row.symbol]
    return found


def traded(rig: Rig) -> Decimal:
    """Return the worth of a day's bars, each at its middle: the other way to the same number."""
    since_ms = rig.venue.now_ms - DAY_MS
    bars = rig.run(rig.desk.candles(rig.row.symbol, Timeframe.parse("1h"), since_ms, 25))
    return sum((one.volume * (one.high + one.low) / 2 for one in bars), Decimal(0))


def test_volume_is_that_of_a_day_of_bars_in_quote(rig: Rig) -> None:
    """R-DATA-13: coins would be 60,000 times too few, contracts a hundred times off."""
    rig.hold()
    least = traded(rig)
    assert least > 0
    found = ticker_of(rig)
    most = traded(rig)
    assert least * Decimal("0.99") <= found.volume_quote <= most * Decimal("1.01")
    top = sum(rig.touch()) * rig.market.tick / 2
    assert found.last == pytest.approx(top, rel=Decimal("0.001"))


def test_best_prices_are_those_of_the_book(rig: Rig) -> None:
    if "best_prices" in rig.row.lacks:
        assert (ticker_of(rig).bid, ticker_of(rig).ask, ticker_of(rig).spread_bps) == (0, 0, None)
        return
    bid, ask = rig.touch()
    found = ticker_of(rig)
    near = Decimal("0.001")  # the market moves between two questions
    assert found.bid == pytest.approx(bid * rig.market.tick, rel=near)
    assert found.ask == pytest.approx(ask * rig.market.tick, rel=near)
    assert found.spread_bps is not None
    assert 0 <= found.spread_bps < 20


def test_every_ticker_is_of_a_symbol_of_ours_and_none_comes_twice(rig: Rig) -> None:
    names = [one.symbol for one in rig.run(rig.desk.tickers())]
    assert len(names) == len(set(names))
    assert set(names) <= set(rig.desk.markets)


def test_no_market_of_the_simulated_venue_is_about_to_be_delisted(rig: Rig) -> None:
    """R-EXCH-15: the far date of a perpetual (4133404800000, '0', '') is no announcement."""
    assert {one.delists_ms for one in rig.desk.markets.values()} == {None}
