"""The row that is added bar by bar against the columns computed whole, on any expression."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.property.strategies.expressions import VALUES, conditions, series_nodes
from tests.property.strategies.test_evaluation import COUNT, markets
from tests.unit.strategies.bars import walk

from ballast.strategies.cache import OneRun
from ballast.strategies.catalog import load, names
from ballast.strategies.compiling import Compiler, ScalarTable
from ballast.strategies.evaluation import Evaluation, Step
from ballast.strategies.newest import Columns, newest_of
from ballast.strategies.plan import compile_plan
from ballast.strategies.program import SERIES_ROOTS

if TYPE_CHECKING:
    from ballast.core.bars import Bars
    from ballast.strategies.nodes import Node

WINDOW = 700


def with_holes(bars: Bars, rows: list[int]) -> Bars:
    """Return bars in which some prices are not known, as no venue sends them and a mark may."""
    high = bars.high.copy()
    high[[row for row in rows if row < len(high)]] = np.nan
    return replace(bars, high=high)


@given(
    st.one_of(conditions(), series_nodes()),
    markets(),
    st.lists(st.integers(1, 40), min_size=1, max_size=COUNT),
    st.lists(st.integers(0, COUNT - 1), max_size=4),
)
def test_rows_added_are_bit_for_bit_those_of_a_whole_run(
    node: Node, market: dict[str, Bars], steps: list[int], holes: list[int]
) -> None:
    """SEMANTICS 1.2: what a live close computes is what research computes on the same bars."""
    table = ScalarTable([node])
    root: Step = Compiler(table).root(node)
    assume(not root.others)
    scalars = table.resolve(VALUES)
    bars = with_holes(market["A/USDT"], holes)
    cache = OneRun()
    whole = Evaluation(cache.frames(bars)[0], market, scalars, cache).column(root)
    columns, at = Columns(scalars), 0
    for step in steps:
        at = min(at + step, len(bars))
        columns.take(bars.slice(0, at))
        assert columns.of(root).tobytes() == whole[:at].tobytes()


@given(st.sampled_from(names()), st.integers(0, 30), st.integers(1, 5), st.integers(1, 300))
def test_a_strategy_says_of_the_newest_bar_what_its_whole_columns_say(
    name: str, seed: int, by: int, cut: int
) -> None:
    """SEMANTICS 1.2: for each strategy of the library, also when the window begins elsewhere."""
    bars = walk(WINDOW, seed)
    plan = compile_plan(load(name), {}, timeframe=bars.timeframe)
    newest = newest_of(plan)
    for first, to in ((0, WINDOW - cut), (cut, WINDOW)):
        for at in range(to - 3 * by, to + 1, by):
            window = bars.slice(first, at)
            market = {window.symbol: window}
            columns = plan.evaluate(market, window.symbol)
            wanted = {"signals": float(columns.signals[-1])} | {
                one: float(part[-1]) for one in SERIES_ROOTS if len(part := getattr(columns, one))
            }
            got = newest.row(market, window.symbol)
            assert (
                np.array(list(got.values())).tobytes() == np.array(list(wanted.values())).tobytes()
            )
            assert list(got) == list(wanted)
