"""The battery: every planted cheat is named, and no honest strategy of the library is accused."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest
from tests.data import needs_data
from tests.fakes import cheats as planted
from tests.fakes.real import read
from tests.fakes.runs import series_of
from tests.unit.strategies.bars import walk

from ballast.core.bars import Bars
from ballast.core.errors import StrategyError
from ballast.core.time import Timeframe
from ballast.research.attacks.battery import Effort, attack
from ballast.research.attacks.verdict import cheats, remarks
from ballast.research.case import Case
from ballast.research.series import Series
from ballast.strategies import close, strategy
from ballast.strategies.catalog import load, names
from ballast.strategies.custom import ClassStrategy

if TYPE_CHECKING:
    from collections.abc import Callable

QUICK = Effort(permutations=5, driftless=8)
MARKET = (Series(walk(1_500, 1)), Series(walk(1_500, 2, symbol="B/USDT")))


@pytest.mark.parametrize(
    ("make", "headline"),
    [
        *((lambda form=form: ClassStrategy(form), "looks ahead") for form in planted.LOOK_AHEAD),
        (planted.through_another_symbol, "looks ahead"),
        (planted.remembers_its_first_bars, "keeps state between calls"),
        (planted.counts_its_calls, "keeps state between calls"),
    ],
    ids=[
        *(form.__name__ for form in planted.LOOK_AHEAD),
        "ThroughAnotherSymbol",
        "FirstMean",
        "Counter",
    ],
)
def test_every_planted_cheat_is_named(make: Callable[[], ClassStrategy], headline: str) -> None:
    """R-WF-06: what cheats is found before anybody believes its figures."""
    found = attack(Case(make(), MARKET), effort=QUICK, fresh=make)
    assert any(line.startswith(headline) for line in cheats(found))


@pytest.mark.parametrize("name", names())
def test_no_library_strategy_is_accused_on_a_synthetic_market(name: str) -> None:
    found = attack(Case(load(name), series_of(3_000, perpetual=True)), effort=QUICK)
    assert cheats(found) == ()


@cache
def bitcoin() -> Series:
    """Return a year of hours of the Bitcoin perpetual."""
    columns = read("candles/BINANCEUSDM-BTCUSDT-1h.parquet")
    names = ("open", "high", "low", "close", "volume")
    bars = Bars.of(
        "BINANCEUSDM",
        "BTCUSDT",
        Timeframe.parse("1h"),
        columns["ts"].astype("int64"),
        {name: columns[name] for name in names},
    )
    return Series(bars.slice(5_000, 14_000))


@needs_data
@pytest.mark.parametrize("name", names())
def test_no_library_strategy_is_accused_on_real_data(name: str) -> None:
    found = attack(Case(load(name), [bitcoin()]), effort=QUICK)
    assert cheats(found) == ()


def test_remarks_say_what_is_no_cheat() -> None:
    found = attack(Case(load("stochrsi"), series_of(3_000)), effort=QUICK)
    lines = remarks(found)
    assert any("warm-up: declared 69, needed" in line for line in lines)
    assert any("no edge over its own bars in random order" in line for line in lines)


def test_the_battery_repeats_and_tells_how_far_it_is() -> None:
    steps: list[int] = []
    case = Case(load("momentum"), series_of(1_500))
    one = attack(case, effort=QUICK, seed=3, step=lambda: steps.append(1))
    assert one == attack(case, effort=QUICK, seed=3)
    assert one != attack(case, effort=QUICK, seed=4)
    assert len(steps) == QUICK.steps


def test_a_strategy_that_never_trades_is_refused() -> None:
    with pytest.raises(StrategyError, match="never trades"):
        attack(Case(strategy("silent", enter_long=close < 0), series_of(800)), effort=QUICK)
