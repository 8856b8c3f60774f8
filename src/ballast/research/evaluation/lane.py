"""Lane: what one thread holds to run one span: its own state and clock, and room for trades.

A span is not a copy of the data. The market's flat arrays stay whole and the rows of SPEC say where
each symbol starts and ends, so that funding, fees, finer bars and columns keep their places.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.errors import InternalError
from ballast.core.time import DAY_MS
from ballast.kernel.run import Simulation, raw
from ballast.research.evaluation.batch import run_batch
from ballast.research.sweep_row import METRICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ballast.kernel.market import Floats, Ints, Market
    from ballast.research.evaluation.span import Span
    from ballast.research.series import Series


FIRST_ROWS = 256
"""Room for trades at first: it doubles where a run needs more, and zeroing it costs time."""
CASH_FIELDS = ("cash", "equity", "initial", "peak", "trough", "day_open")
"""What the cash at the start is written to."""


def spec_of(market: Market, group: Sequence[Series], span: Span) -> Any:  # noqa: ANN401 - SPEC rows
    """Return the SPEC rows of a span; raise `UserError` where no symbol has a bar in it."""
    span.require_bars(group)
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
    return spec


@dataclass(frozen=True, slots=True)
class Rows:
    """Where a lane writes: one row a combination."""

    figures: Floats  # [n, metrics]
    daily: Floats  # [n, days], or no rows: not wanted
    closed: Ints  # [n, stops] trades closed before each stop
    longest_ms: Ints  # [n, stops] longest trade before each stop
    held: Floats  # [n] notional open at the end

    @staticmethod
    def empty(count: int, days: int, stops: int, *, daily: bool) -> Rows:
        """Return zeroed rows."""
        return Rows(
            np.zeros((count, len(METRICS))),
            np.zeros((count if daily else 0, days)),
            np.zeros((count, stops), np.int64),
            np.zeros((count, stops), np.int64),
            np.zeros(count),
        )

    def part(self, rows: slice) -> Rows:
        """Return some of the rows, as views."""
        return Rows(
            self.figures[rows],
            self.daily[rows],
            self.closed[rows],
            self.longest_ms[rows],
            self.held[rows],
        )


class Lane:
    """One span, ready to be run again and again from the same start."""

    def __init__(self, market: Market, group: Sequence[Series], span: Span, first_day: int) -> None:
        """Prepare runs of `span`; `first_day` is the first column of its returns."""
        self.market = replace(market, spec=spec_of(market, group, span))
        self._simulation = sim = Simulation(self.market, 1.0, record=False, trade_rows=FIRST_ROWS)
        self._start = sim.account.copy()
        self._state = ((raw(sim.pos), raw(sim.pos).copy()), (raw(sim.account), raw(self._start)))
        self._frame_ms = group[0].bars.timeframe.ms
        self.padding = (int(sim.clock[0]) - 1) // DAY_MS - first_day

    def run(self, combos: NDArray[np.int64], cash: float, rows: Rows, stops: Ints) -> None:
        """Run every combination (a row of addresses) from `cash`; look at it after `stops` bars."""
        sim, done = self._simulation, 0
        if len(rows.daily) and self.padding + len(sim.daily) > rows.daily.shape[1]:
            raise InternalError("a run has more days than its span")
        for name in CASH_FIELDS:
            self._start[name] = cash
        while done < len(combos):
            done = run_batch(
                sim.tape, sim.account, sim.refusals, sim.daily, self._state, combos, stops, done,
                self._frame_ms, rows.figures, rows.daily, self.padding, rows.closed,
                rows.longest_ms, rows.held,
            )  # fmt: skip
            if done < len(combos):
                sim.record_trades(2 * len(sim.trades))

    def stops(self, ends: Sequence[int]) -> Ints:
        """Return how many steps lie before each of `ends` (ms, by open time), and how many at all.

        An end before the first bar has none; the run looks at its first step then.
        """
        clock = self._simulation.clock - self._frame_ms
        inner = np.searchsorted(clock, np.asarray(ends, np.int64), side="left")
        return np.append(np.maximum(inner, 1), len(clock)).astype(np.int64)
