"""Seat: what one thread holds of an evaluator: compiled strategies, and a lane to run in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.core.memory import Binding
from ballast.core.records import PLAN
from ballast.research.assembly import Leg, columns_of_legs, plan_defaults, plan_row
from ballast.research.evaluation.lane import Lane, Rows
from ballast.research.evaluation.prepared import Prepared
from ballast.research.tables import records
from ballast.strategies.plan import CompiledStrategy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ballast.core.settings import Settings
    from ballast.research.evaluation.evaluator import Evaluator
    from ballast.research.evaluation.span import Span


class Seat:
    """One thread's place. Everything that is written during a run lies here."""

    def __init__(self, judge: Evaluator, known: Mapping[Settings, CompiledStrategy]) -> None:
        """Compile the strategy for the settings that are not `known` to have been compiled."""
        self.judge = judge
        self.known = dict(known)
        for one in judge.settings_of:
            if one not in self.known:
                self.known[one] = CompiledStrategy(judge.strategy, plan_defaults(one))
        self.compiled = [self.known[one] for one in judge.settings_of]
        self._lane: Lane | None = None

    def legs(self, params: Mapping[str, float]) -> list[Leg]:
        """Return the legs of one combination; raise `UserError` where it cannot run."""
        judge = self.judge
        plans = {id(one): one.plan(params, judge.timeframe) for one in self.compiled}
        parts = zip(judge.group, self.compiled, judge.settings_of, strict=True)
        return [Leg(one, plans[id(of)], its, judge.kelly) for one, of, its in parts]

    def prepare(self, params: Mapping[str, float]) -> Prepared:
        """Return plan and columns of a combination, from the shelf or computed now."""
        shelf = self.judge.shelf
        key = tuple(params.items())
        found = shelf.get(key)
        if found is None:
            legs = self.legs(params)
            plan = records(PLAN, len(legs))
            for leg, row in zip(legs, plan, strict=True):
                plan_row(leg, row)
            found = Prepared((np.asarray(plan), *columns_of_legs(legs, self.judge.cache)))
            shelf.put(key, found)
        return found

    def lane(self, params: Mapping[str, float]) -> Lane:
        """Return this thread's lane; the market of the first combination will do for all."""
        if self._lane is None:
            judge = self.judge
            self._lane = Lane(judge.market(params, self), judge.group, judge.timeframe)
        return self._lane

    def run(
        self,
        combos: Sequence[Mapping[str, float]],
        spans: Sequence[Span],
        cash: float,
        found: Sequence[Rows],
        ends: Sequence[int] = (),
    ) -> None:
        """Run combinations in all spans and write them into the rows; look at them at `ends`."""
        prepared = [self.prepare(params) for params in combos]
        binding = Binding()
        addresses = np.array(
            [[binding.bind(array) for array in one.arrays] for one in prepared], np.int64
        )
        lane = self.lane(combos[0])
        for span, rows in zip(spans, found, strict=True):
            lane.point(span, cash)
            lane.run(addresses, rows, ends)
        binding.close()
