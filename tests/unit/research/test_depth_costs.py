"""Walking a stored order book in a backtest: exact costs, no free fills, the book on the card."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.fakes.runs import START_MS, flat_bars, scripted

from ballast.core.errors import ConfigError
from ballast.core.records import DEPTH
from ballast.core.settings import CostSettings, RiskSettings, Settings
from ballast.core.time import DAY_MS, Timeframe
from ballast.research.loading import load_series
from ballast.research.run import backtest
from ballast.store.candles import CandleStore
from ballast.store.depth import DepthStore, ladder, walk
from ballast.strategies import fixed_qty, no_stop, no_trail

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.research.series import Series

BIDS = np.array([(99.0, 1.0), (98.0, 3.0)])
ASKS = np.array([(101.0, 2.0), (102.0, 1.0)])
BOOK = ladder(BIDS, ASKS, 20)
WALKING = Settings(
    costs=CostSettings(slip_book=True, slip_fraction=0.0, half_spread=0.0),
    risk=RiskSettings(enforce=False),
)
OTHERWISE = replace(WALKING, costs=replace(WALKING.costs, slip_book=False, slip_fraction=0.001))


def load(root: Path, settings: Settings = WALKING) -> tuple[Series, ...]:
    return load_series(root, "TEST", ["BTCUSDT"], Timeframe.parse("1h"), settings)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    CandleStore(tmp_path).write(flat_bars([100.0] * 80))
    return tmp_path


@pytest.mark.parametrize(
    ("units", "bought", "sold"),
    [
        (1.0, 101.0, 99.0),  # inside the first level of both sides
        (2.5, 101.4, 98.6),  # buying costs 1.2 %, selling 1.6 %
        (5.0, 101.7, 98.3),  # more than the book holds: 1.6 % and 1.8 %
    ],
)
def test_a_fill_costs_what_walking_the_stored_book_costs(
    root: Path, units: float, bought: float, sold: float
) -> None:
    """R-COST-14: by hand, from the store to the fill."""
    DepthStore(root).write("TEST", "BTCUSDT", {START_MS: BOOK})
    story = scripted(
        {"BTCUSDT": {60: "L", 64: "l"}}, size=fixed_qty(units), stop=no_stop(), trail=no_trail()
    )
    fills = backtest(story, load(root), settings=WALKING).run.fills
    assert fills["price"].tolist() == [bought, sold]
    cost = walk(BOOK, units * 100.0) * units * 100.0
    assert fills["slippage"] == pytest.approx([cost, cost], rel=1e-9)


def test_the_snapshots_of_the_period_are_averaged(root: Path) -> None:
    late = np.array([(0.03, 100.0)], DEPTH)
    DepthStore(root).write(
        "TEST", "BTCUSDT", {START_MS: BOOK, START_MS + DAY_MS: late, START_MS + 9 * DAY_MS: late}
    )
    (one,) = load(root)
    assert walk(one.depth, 100.0) == pytest.approx(0.02)
    DepthStore(root).write("TEST", "BTCUSDT", {START_MS + DAY_MS: BOOK})
    (one,) = load(root)
    assert walk(one.depth, 100.0) == pytest.approx(0.01), "the one after the end does not count"


def test_no_book_is_a_mistake_and_never_free(root: Path) -> None:
    """R-COST-14: a symbol without a ladder once walked nothing and paid nothing."""
    series = load(root)
    with pytest.raises(ConfigError) as caught:
        backtest(scripted({}), series, settings=WALKING)
    line = caught.value.line()
    assert "costs.slip_book is on, and no order book of BTCUSDT is stored" in line
    assert "`ballast data depth import FILE --venue TEST --symbol BTCUSDT`" in line
    with pytest.raises(ConfigError, match="TEST-BTCUSDT"):
        backtest(scripted({}), series, symbol_settings={"BTCUSDT": WALKING})
    assert backtest(scripted({}), series, settings=OTHERWISE).run.account["fills"] == 0


def test_a_book_is_on_the_card_of_the_runs_that_walk_it(root: Path) -> None:
    """R-BT-07: what cannot change a result does not change its id."""

    def card(settings: Settings, **more: Settings) -> str:
        done = backtest(scripted({}), load(root), settings=settings, symbol_settings=more)
        return done.card.run_id

    without = card(OTHERWISE)
    store = DepthStore(root)
    store.write("TEST", "BTCUSDT", {START_MS: BOOK})
    first = card(WALKING), card(OTHERWISE, BTCUSDT=WALKING)
    assert card(OTHERWISE) == without
    store.write("TEST", "BTCUSDT", {START_MS: np.array([(0.03, 100.0)], DEPTH)})
    second = card(WALKING), card(OTHERWISE, BTCUSDT=WALKING)
    assert len({*first, *second, without}) == 5
    assert card(OTHERWISE) == without
