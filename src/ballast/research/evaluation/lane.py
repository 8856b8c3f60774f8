"""Lane: where one thread runs spans: one state, one clock, pointed at one span after the other.

A span is not a copy of the data. The market's flat arrays stay whole and the rows of SPEC say where
each symbol starts and ends, so that funding, fees, finer bars and columns keep their places. To run
another span those rows, the clock and the fresh state are written anew; making a run from nothing
takes ten times as long as a fold of three months.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.errors import InternalError
from ballast.core.memory import Binding
from ballast.core.records import ACCOUNT, POSITION
from ballast.core.time import DAY_MS
from ballast.kernel.run import Simulation, raw, start_account, start_positions
from ballast.research.evaluation.batch import run_batch
from ballast.research.sweep_row import METRICS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ballast.core.time import Timeframe
    from ballast.kernel.market import Floats, Ints, Market, Records
    from ballast.research.evaluation.span import Span
    from ballast.research.series import Series


FIRST_ROWS = 256
"""Room for trades at first: it doubles where a run needs more, and zeroing it costs time."""


def spec_of(market: Market, group: Sequence[Series], span: Span) -> Any:  # noqa: ANN401 - SPEC rows
    """Return the SPEC rows of a span; raise `UserError` where no symbol has a bar in it."""
    spec: Any = market.spec.copy()
    write_span(np.asarray(spec), np.asarray(market.spec), market, group, span)
    return spec


def write_span(
    spec: Records, whole: Records, market: Market, group: Sequence[Series], span: Span
) -> None:
    """Write the rows `whole` of all the data into `spec`, cut to a span."""
    span.require_bars(group)
    spec[:] = whole
    for s, one in enumerate(group):
        first, last = span.rows(one.bars)
        spec["first"][s] = whole["first"][s] + first
        spec["last"][s] = whole["first"][s] + last
        if first == last:
            spec["fund_first"][s] = whole["fund_last"][s]
            continue
        # Fundings before the first bar met no position; the cursor need not walk over them.
        since, until = int(whole["fund_first"][s]), int(whole["fund_last"][s])
        if since < until:
            paid = market.funding["at_ms"][since:until]
            spec["fund_first"][s] += np.searchsorted(paid, one.bars.ts[first], side="left")
        gone = one.rules.delisted_ms
        end_ms = int(one.bars.ts[last - 1]) + one.bars.timeframe.ms
        spec["delisted"][s] = gone is not None and gone <= end_ms


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
    """One simulation, pointed at one span after the other and run from its start."""

    def __init__(self, market: Market, group: Sequence[Series], timeframe: Timeframe) -> None:
        """Prepare runs of `market`; nothing can be run before `point`."""
        self._group = group
        self._timeframe = timeframe
        self._whole = np.asarray(market.spec).copy()
        own = market.spec.copy()
        market = replace(market, spec=own)
        self._simulation = sim = Simulation(market, 1.0, record=False, trade_rows=FIRST_ROWS)
        # Plain arrays: a recarray spends more time on its names than a short run takes.
        self._market, self._spec, self._tape = market, np.asarray(own), np.asarray(sim.tape)
        self._opens = sim.clock - timeframe.ms
        self._pos = np.zeros(len(own), POSITION)
        self._account = np.zeros(1, ACCOUNT)
        pairs = (sim.pos, self._pos), (sim.account, self._account)
        self._state = tuple((raw(now), raw(fresh)) for now, fresh in pairs)
        self._clock = Binding()
        self._at: tuple[Span, float] | None = None
        self._daily = sim.daily
        self.padding = 0

    def point(self, span: Span, cash: float) -> None:
        """Make the next runs those of `span` from `cash`; raise `UserError` without a bar in it."""
        if (span, cash) == self._at:
            return
        self._at = None
        write_span(self._spec, self._whole, self._market, self._group, span)
        first, last = np.searchsorted(self._opens, (span.from_ms, span.to_ms), side="left")
        clock = self._opens[first:last] + self._timeframe.ms
        first_day, last_day = ((int(ms) - 1) // DAY_MS for ms in (clock[0], clock[-1]))
        start_positions(self._pos, self._spec)
        start_account(self._account, cash, int(clock[0]))
        self._clock.close()
        self._simulation.clock = clock  # it counts the steps anew when room for trades grows
        self._tape["clock"], self._tape["steps"] = self._clock.bind(clock), len(clock)
        self._daily = self._simulation.daily[: last_day - first_day + 1]
        self.padding = first_day - span.first_day(self._timeframe)
        self._at = (span, cash)

    def run(self, combos: NDArray[np.int64], rows: Rows, ends: Sequence[int]) -> None:
        """Run every combination (a row of addresses); look at it at `ends` and at the end."""
        sim, done = self._simulation, 0
        if self._at is None or (
            len(rows.daily) and self.padding + len(self._daily) > rows.daily.shape[1]
        ):
            raise InternalError("a lane points at no span, or at one of more days than its rows")
        stops = self._stops(self._at[0], ends)
        while done < len(combos):
            done = run_batch(
                sim.at, sim.account, sim.refusals, self._daily, self._state, combos, stops, done,
                self._timeframe.ms, rows.figures, rows.daily, self.padding, rows.closed,
                rows.longest_ms, rows.held,
            )  # fmt: skip
            if done < len(combos):
                sim.record_trades(2 * len(sim.trades))

    def _stops(self, span: Span, ends: Sequence[int]) -> Ints:
        """Return how many steps lie before each of `ends` (ms, by open time), and how many at all.

        An end before the first bar has none; the run looks at its first step then.
        """
        before = [span.from_ms, *ends, span.to_ms]
        steps = np.searchsorted(self._opens, before, side="left")
        found: Ints = np.maximum(steps[1:] - steps[0], 1).astype(np.int64)
        return found
