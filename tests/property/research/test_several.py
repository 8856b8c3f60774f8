"""Strategies of one account that cannot get in each other's way trade as each alone (R-PORT-01)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.drawn_strategies import drawn_strategy
from tests.fakes.runs import scripted, series_of

from ballast.core.records import FILL
from ballast.core.settings import EngineSettings, RiskSettings, Settings
from ballast.research.assignment import Assignment
from ballast.research.run import backtest
from ballast.strategies import fixed_qty

if TYPE_CHECKING:
    from ballast.research.result import Result
    from ballast.strategies.plan import AnyStrategy

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
AMPLE = Settings(engine=EngineSettings(initial_cash=1e12), risk=RiskSettings(enforce=False))
"""Cash that no position feels, and no limit."""
SURE = scripted(
    {symbol: {120: "L", 140: "l", 200: "L", 230: "l"} for symbol in SYMBOLS},
    sure=0.7,
    size=fixed_qty(0.5),
)
"""States a confidence, which the others do not."""


OF_THE_ACCOUNT = {"symbol", "bar", "position", "cash"}
"""Of a fill's fields: those that count over all symbols."""


def sized(seed: int) -> AnyStrategy:
    """Return a drawn strategy of a fixed size: one that reads equity feels the other."""
    if seed % 5 == 0:
        return SURE
    drawn = drawn_strategy(seed)
    return replace(drawn, construction=replace(drawn.construction, size=fixed_qty(0.5)))


def fills_of(result: Result, symbol: str) -> list[tuple[float, ...]]:
    """Return a symbol's fills, with bars counted in its own."""
    place = [bars.symbol for bars in result.bars].index(symbol)
    first = sum(len(bars) for bars in result.bars[:place])
    names = [name for name in FILL.names or () if name not in OF_THE_ACCOUNT]
    return [
        (int(fill["bar"]) - first, *(float(fill[name]) for name in names))
        for fill in result.run.fills[result.run.fills["symbol"] == place]
    ]


@settings(max_examples=25, deadline=None)
@given(
    st.tuples(st.integers(0, 400), st.integers(0, 400)),
    st.sampled_from([(0,), (1,), (2,), (0, 1), (0, 2), (1, 2)]),
)
def test_two_strategies_on_their_own_symbols_are_two_runs(
    seeds: tuple[int, int], theirs: tuple[int, ...]
) -> None:
    series = series_of(420, symbols=SYMBOLS, perpetual=True)
    first, second = (sized(seed) for seed in seeds)
    own = tuple(SYMBOLS[place] for place in theirs)
    mixed = backtest(first, series, settings=AMPLE, others=[Assignment(second, own)])
    alone = {
        symbol: backtest(second if symbol in own else first, [series[place]], settings=AMPLE)
        for place, symbol in enumerate(SYMBOLS)
    }
    for symbol, run in alone.items():
        assert fills_of(mixed, symbol) == fills_of(run, symbol)


def test_something_is_traded_by_both() -> None:
    """The rule above is not kept by runs that do nothing."""
    series = series_of(420, symbols=SYMBOLS, perpetual=True)
    mixed = backtest(sized(4), series, settings=AMPLE, others=[Assignment(SURE, ("ETHUSDT",))])
    assert all(fills_of(mixed, symbol) for symbol in SYMBOLS)
    assert mixed.strategies == ("drawn_4", "scripted", "drawn_4")
