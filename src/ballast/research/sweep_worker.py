"""Worker: what one thread of a sweep holds of one group, and how it runs a combination.

A run over 100,000 bars takes half a millisecond, so what each combination costs beside it counts:
the rows of trade constructions are remembered by their numbers, and columns that the combination
before has bound are not looked up again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.records import PLAN
from ballast.core.time import DAY_MS
from ballast.kernel.run import Repeater, raw
from ballast.research.assembly import Leg, assemble, columns_of_legs, plan_defaults, plan_row
from ballast.research.sweep_row import METRICS, figures_at
from ballast.research.tables import Tables, records
from ballast.research.trial_rows import Streams
from ballast.strategies.plan import CompiledStrategy

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ballast.core.settings import Settings
    from ballast.research.series import Series
    from ballast.strategies.cache import ColumnCache
    from ballast.strategies.evaluation import Scalars
    from ballast.strategies.plan import AnyStrategy, Plan

    Group = tuple[Series, ...]

_TRADES = METRICS.index("trades")
ROWS_KNOWN_MAX = 4096
"""Trade constructions a worker remembers: a few hundred bytes a symbol each."""


class Worker:
    """What one thread holds of one group: plans, state, and a row to write figures in."""

    def __init__(
        self,
        strategy: AnyStrategy,
        group: Group,
        settings: Sequence[Settings],
        cash: float,
        tables: Tables,
        cache: ColumnCache,
    ) -> None:
        self.group = group
        self.settings = settings
        self.cash = cash
        self.tables = tables
        self.cache = cache
        compiled = {
            id(one): CompiledStrategy(strategy, plan_defaults(one)) for one in self.settings
        }
        self.compiled = [compiled[id(one)] for one in self.settings]
        self.timeframe = group[0].bars.timeframe
        self.distinct = list(compiled.values())
        self.plans = records(PLAN, len(group))
        self.rows = raw(self.plans)
        self.known_rows: dict[tuple[Scalars, ...], NDArray[np.uint8]] = {}
        self.bound: tuple[Scalars, ...] | None = None
        self.streams: Streams | None = None
        self.repeater: Repeater | None = None

    def plans_of(self, params: dict[str, float]) -> dict[int, Plan] | None:
        """Return the plan of each of the group's settings; None where a rule leaves it out."""
        found = {}
        for one in self.distinct:
            plan = one.allowed_plan(params, self.timeframe)
            if plan is None:
                return None
            found[id(one)] = plan
        return found

    def legs(self, plans: dict[int, Plan]) -> list[Leg]:
        """Return the legs of one combination."""
        return [
            Leg(one, plans[id(compiled)], settings)
            for one, compiled, settings in zip(
                self.group, self.compiled, self.settings, strict=True
            )
        ]

    def construct(self, plans: dict[int, Plan]) -> None:
        """Write the PLAN rows of one combination; raise `UserError` where it cannot run.

        Neighbours of a sweep often differ in their signals only, and rows are slow to write.
        """
        key = tuple([plan.trade_numbers for plan in plans.values()])
        known = self.known_rows.get(key)
        if known is not None:
            self.rows[:] = known
            return
        for leg, row in zip(self.legs(plans), self.plans, strict=True):
            plan_row(leg, row)
        if len(self.known_rows) >= ROWS_KNOWN_MAX:
            self.known_rows.clear()
        self.known_rows[key] = self.rows.copy()

    def run(self, params: dict[str, float], out: Any) -> bool:  # noqa: ANN401 - a float64 array
        """Write the figures of one combination to `out`; return False where a rule leaves it out.

        What the combination before has bound already is not looked up again.
        """
        plans = self.plans_of(params)
        if plans is None:
            return False
        self.construct(plans)
        if self.repeater is None:
            market = assemble(self.legs(plans), self.tables, self.cache, dense=True)
            self.repeater = Repeater(market, self.cash)
        numbers = tuple([plan.numbers for plan in plans.values()])
        if numbers != self.bound:
            self.bound = None
            columns = columns_of_legs(self.legs(plans), self.cache)
            self.repeater.bind(self.plans, *columns)
            self.bound = numbers
        done = self.repeater
        done.repeat()
        figures_at(done.tape, done.daily, done.refusals, self.timeframe.ms, out)
        if self.streams is not None:
            self.streams.add_equity(self.cash, done.daily, float(out[_TRADES]))
        return True

    def listen(self, room: int) -> Streams:
        """Keep the trial rows of the next `room` runs."""
        ends = [int(one.bars.ts[-1]) for one in self.group]
        first = min(int(one.bars.ts[0]) for one in self.group) + self.timeframe.ms
        days = (max(ends) + self.timeframe.ms - 1) // DAY_MS - (first - 1) // DAY_MS + 1
        self.streams = Streams(room, (first - 1) // DAY_MS, days)
        return self.streams
