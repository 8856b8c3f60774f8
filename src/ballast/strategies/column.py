"""One formula on bars: what it says of each bar, outside any strategy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import StrategyError
from ballast.strategies.cache import ColumnCache, OneRun
from ballast.strategies.compiling import Compiler, ScalarTable
from ballast.strategies.evaluation import Evaluation
from ballast.strategies.nodes import Kind, Node
from ballast.strategies.plan import bars_of
from ballast.strategies.printing import show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ballast.core.bars import Bars


def column_of(
    node: Node, market: Mapping[str, Bars], symbol: str, cache: ColumnCache | None = None
) -> NDArray[np.float64]:
    """Return the values of a series, one a bar of `symbol`, NaN where unknown; read-only.

    Segments of bars are computed one by one, as in a run. Raise `StrategyError` unless the formula
    is a number for each bar, and reads no parameter.
    """
    if node.kind is not Kind.SERIES:
        raise StrategyError(
            f"'{show(node)}' is {node.kind.value}", expected=Kind.SERIES.value, where="formula"
        )
    table = ScalarTable([node])
    if table.names:
        raise StrategyError(
            f"'{show(node)}' reads p.{table.names[0]}", expected="numbers", where="formula"
        )
    step = Compiler(table).step(node)
    used = OneRun() if cache is None else cache
    scalars = table.resolve({})
    parts = [
        Evaluation(frame, market, scalars, used).column(step)
        for frame in used.frames(bars_of(market, symbol))
    ]
    if len(parts) == 1:
        return parts[0]
    whole = np.concatenate(parts)
    whole.flags.writeable = False
    return whole
