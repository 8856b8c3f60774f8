"""Lane: what one thread holds to run one span: its own state and clock, and room for trades.

A span is not a copy of the data. The market's flat arrays stay whole and the rows of SPEC say where
each symbol starts and ends, so that funding, fees, finer bars and columns keep their places.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.errors import UserError
from ballast.core.time import DAY_MS
from ballast.kernel.run import FIRST_ROWS, Simulation, raw
from ballast.research.evaluation.batch import run_batch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ballast.kernel.market import Floats, Ints, Market
    from ballast.research.evaluation.span import Span
    from ballast.research.series import Series


def spec_of(market: Market, group: Sequence[Series], span: Span) -> Any:  # noqa: ANN401 - SPEC rows
    """Return the SPEC rows of a span; raise `UserError` where no symbol has a bar in it."""
    spec: Any = market.spec.copy()
    for row, one in zip(spec, group, strict=True):
        start, (first, last) = int(row.first), span.rows(one.bars)
        row.first, row.last = start + first, start + last
        if first == last:
            row.fund_first = row.fund_last
            continue
        # Fundings before the first bar met no position; the cursor need not walk over them.
        paid = market.funding["at_ms"][row.fund_first : row.fund_last]
        row.fund_first += int(np.searchsorted(paid, one.bars.ts[first], side="left"))
        end_ms = int(one.bars.ts[last - 1]) + one.bars.timeframe.ms
        gone = one.rules.delisted_ms
        row.delisted = gone is not None and gone <= end_ms
    if not np.any(spec.last > spec.first):
        raise UserError(f"no bars in the period {span}", fix="choose a period inside the data")
    return spec


class Lane:
    """One span, ready to be run again and again from the same start."""

    def __init__(
        self, market: Market, group: Sequence[Series], span: Span, cash: float, first_day: int
    ) -> None:
        """Prepare runs of `span` from `cash`; `first_day` is the first column of its returns."""
        self.market = replace(market, spec=spec_of(market, group, span))
        self._simulation = sim = Simulation(self.market, cash, record=False)
        sim.record_trades(FIRST_ROWS + sim.step_rows)
        self._state = tuple((raw(rows), raw(rows).copy()) for rows in (sim.pos, sim.account))
        self._frame_ms = group[0].bars.timeframe.ms
        self.padding = (int(sim.clock[0]) - 1) // DAY_MS - first_day

    @property
    def days(self) -> int:
        """Count the calendar days from the first bar of the span to its last."""
        return len(self._simulation.daily)

    def run(self, combos: NDArray[np.int64], out: Floats, returns: Floats, longest: Ints) -> None:
        """Run every combination (a row of addresses); write figures, returns, longest trades."""
        sim = self._simulation
        done = 0
        while done < len(combos):
            done = run_batch(
                sim.tape, sim.account, sim.refusals, sim.daily, self._state, combos, done,
                self._frame_ms, out, returns, self.padding, longest,
            )  # fmt: skip
            if done < len(combos):
                sim.record_trades(2 * len(sim.trades))

    @property
    def open_positions(self) -> Any:  # noqa: ANN401 - POSITION rows
        """The positions as the last run left them, valid until the next."""
        return self._simulation.pos
