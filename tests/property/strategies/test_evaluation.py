"""Compiled expressions against the slow evaluator, on any expression and any bars."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.oracle.formulas import Cell, Oracle
from tests.property.strategies.expressions import VALUES, conditions, series_nodes
from tests.unit.strategies.bars import START_MS, walk

from ballast.core.bars import Bars
from ballast.core.time import HOUR_MS
from ballast.strategies.cache import ColumnCache, OneRun
from ballast.strategies.compiling import Compiler, ScalarTable
from ballast.strategies.evaluation import Evaluation, Leads

if TYPE_CHECKING:
    from ballast.strategies.nodes import Node

COUNT = 120


@st.composite
def markets(draw: st.DrawFn) -> dict[str, Bars]:
    """Two symbols of hours, each with holes, the second starting at another time."""
    market = {}
    for place, symbol in enumerate(("A/USDT", "B/USDT")):
        start = START_MS + draw(st.integers(0, 5)) * HOUR_MS * (1 + place)
        bars = walk(COUNT, draw(st.integers(0, 50)), symbol=symbol, start_ms=start)
        keep = np.ones(COUNT, np.bool_)
        keep[draw(st.lists(st.integers(0, COUNT - 1), max_size=12))] = False
        columns = {
            name: getattr(bars, name)[keep] for name in ("open", "high", "low", "close", "volume")
        }
        market[symbol] = Bars.of("TEST", symbol, bars.timeframe, bars.ts[keep], columns)
    return market


def cells(node: Node, market: dict[str, Bars], cache: ColumnCache) -> tuple[list[Cell], int]:
    """Return the compiled result as the oracle writes it, and the declared warm-up."""
    table = ScalarTable([node])
    root = Compiler(table).root(node)
    scalars = table.resolve(VALUES)
    bars = market["A/USDT"]
    column = Evaluation(cache.frames(bars)[0], market, scalars, cache).column(root)
    lead = Leads(scalars, bars.timeframe, {}).of(root)
    if column.dtype == np.uint8:
        return [None if row == 2 else bool(row) for row in column], lead
    return [None if math.isnan(row) else float(row) for row in column], lead


def same(one: Cell, two: Cell) -> bool:
    if isinstance(one, float) and isinstance(two, float) and math.isfinite(one):
        return math.isclose(one, two, rel_tol=1e-12, abs_tol=1e-12)
    return one == two


@given(st.one_of(conditions(), series_nodes()), markets())
def test_compiled_equals_the_oracle(node: Node, market: dict[str, Bars]) -> None:
    """Every word, nested at random, with unknown values, holes and another symbol."""
    got, lead = cells(node, market, OneRun())
    wanted = Oracle(market["A/USDT"], VALUES, market).rows(node)
    wrong = [i for i, pair in enumerate(zip(got, wanted, strict=True)) if not same(*pair)]
    assert not wrong, (wrong[0], got[wrong[0]], wanted[wrong[0]])
    assert lead >= 0


@given(st.one_of(conditions(), series_nodes()), markets())
def test_a_shared_cache_changes_nothing(node: Node, market: dict[str, Bars]) -> None:
    """R-IND-17, R-BT-09: the second look-up, and a cache that is too small, give equal bytes."""
    alone, _ = cells(node, market, OneRun())
    cache = ColumnCache()
    assert cells(node, market, cache)[0] == alone
    assert cells(node, market, cache)[0] == alone
    assert cells(node, market, ColumnCache(budget_bytes=1000))[0] == alone


@given(st.one_of(conditions(), series_nodes()), markets(), st.integers(1, COUNT))
def test_every_expression_is_causal(node: Node, market: dict[str, Bars], count: int) -> None:
    """SEMANTICS 1.2: the language cannot look ahead, whatever is written in it."""
    bars = market["A/USDT"]
    count = min(count, len(bars))
    moment = int(bars.ts[count - 1]) + bars.timeframe.ms
    known = {
        name: other.slice(0, int(np.searchsorted(other.ts + HOUR_MS, moment, side="right")))
        for name, other in market.items()
    }
    whole, _ = cells(node, market, OneRun())
    assert cells(node, known, OneRun())[0] == whole[:count]
