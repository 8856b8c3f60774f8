"""Trial rows: runs of the research room as rows of the trial ledger.

    scope = scope_of(strategy, group, settings, kind=Kind.WALKFORWARD, study=study_id)
    ledger.append(batch_of(scope, strategy, combos, daily, trades, first_day))

Whoever looks at a result of a parameter set writes it down before anybody acts on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.core.hashing import value_hash
from ballast.core.time import DAY_MS
from ballast.research.code import code_version
from ballast.research.metrics.curves import daily_curve
from ballast.research.metrics.trades import closed_trades
from ballast.research.run import beside_hash, effective_settings, own_settings
from ballast.research.stream_row import BLOCK_DAYS, describe, returns_of
from ballast.store.trials import FIGURES, Kind, Scope, TrialBatch
from ballast.store.trials.rows import BLOCKS_MAX
from ballast.strategies.family import body_hash, family_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ballast.core.settings import Settings
    from ballast.research.result import Result
    from ballast.research.series import Series
    from ballast.store.trials import Head, TrialLedger
    from ballast.strategies.plan import AnyStrategy

    Floats = NDArray[np.float64]


def compile_streams() -> None:
    """Compile what a trial's row needs, while the loop is compiled elsewhere."""
    Streams(1, 0, 1).add(np.zeros(1), 0.0)


class Streams:
    """FIGURES and sketches of up to `room` runs over the same `days` days from `first_day` on."""

    def __init__(self, room: int, first_day: int, days: int) -> None:
        last_block = (first_day + max(days, 1) - 1) // BLOCK_DAYS
        self.first_day = first_day
        self.first_block = max(first_day // BLOCK_DAYS, last_block - BLOCKS_MAX + 1)
        self.count = 0
        self.figures = np.zeros((room, len(FIGURES)))
        self.sketches = np.zeros((room, last_block - self.first_block + 1), np.float32)
        self._returns = np.zeros(days)

    def add(self, returns: Floats, trades: float) -> None:
        """Take the daily returns of one run, or of its first days, and forget them.

        Blocks that were not reached are NaN in the sketch.
        """
        at = self.count
        reached = (self.first_day + max(len(returns), 1) - 1) // BLOCK_DAYS - self.first_block
        self.sketches[at, max(reached + 1, 0) :] = np.nan
        describe(
            returns, self.first_day, self.first_block, trades, self.figures[at], self.sketches[at]
        )
        self.count += 1

    def add_equity(self, initial: float, daily: Floats, trades: float) -> None:
        """Take the equities at the ends of the days of one run."""
        returns_of(initial, daily, self._returns)
        self.add(self._returns, trades)

    def batch(self, scope: Scope, values: Sequence[Sequence[float]]) -> TrialBatch:
        """Return what was taken as a batch; `values` are the parameters, sorted by name."""
        n = self.count
        return TrialBatch(
            scope,
            np.array(values, np.float64).reshape(n, len(scope.names)),
            self.figures[:n],
            self.sketches[:n],
            self.first_block,
        )


def scope_of(
    strategy: AnyStrategy,
    group: Sequence[Series],
    settings: Settings,
    *,
    kind: Kind,
    study: str,
    symbol_settings: Mapping[str, Settings] | None = None,
    kelly: float = 0.0,
    period: tuple[int, int] | None = None,
) -> Scope:
    """Return what the trials of a strategy over a group of series share.

    `period` (from_ms, to_ms) says which part of the series was run; all of it without one.
    """
    own = own_settings(group, settings, symbol_settings or {})
    data = {}
    for one in group:
        its = own.get(one.bars.symbol, settings)
        data[one.bars.name] = one.bars.fingerprint()
        data[f"{one.bars.name}/beside"] = beside_hash(one, walks=its.costs.slip_book)
    first, last = period or (
        min(int(one.bars.ts[0]) for one in group),
        max(int(one.bars.ts[-1]) + one.bars.timeframe.ms for one in group),
    )
    return Scope(
        kind=kind,
        study=study,
        strategy=strategy.name,
        family=family_hash(strategy),
        body=body_hash(strategy),
        data=value_hash(data),
        market=market_of([(one.bars.venue, one.bars.symbol) for one in group]),
        timeframe=str(group[0].bars.timeframe),
        from_ms=first,
        to_ms=last,
        settings=value_hash(effective_settings(settings, own, kelly)),
        code_version=code_version(),
        names=tuple(sorted(strategy.params)),
    )


def market_of(series: Sequence[tuple[str, str]]) -> str:
    """Return the word for a market: `BINANCE BTCUSDT+ETHUSDT`."""
    return f"{series[0][0]} {'+'.join(symbol for _, symbol in series)}"


def values_of(strategy: AnyStrategy, params: Mapping[str, float]) -> list[float]:
    """Return every parameter value of a combination, defaults included, sorted by name."""
    values = strategy.values(params)
    return [values[name] for name in sorted(values)]


def batch_of(
    scope: Scope,
    strategy: AnyStrategy,
    combos: Sequence[Mapping[str, float]],
    daily: Floats,
    trades: Floats,
    first_day: int,
) -> TrialBatch:
    """Return combinations as trials: `daily` [n, days] returns from UTC day `first_day` on."""
    streams = Streams(len(combos), first_day, daily.shape[1])
    for returns, count in zip(daily, trades, strict=True):
        streams.add(np.ascontiguousarray(returns), float(count))
    return streams.batch(scope, [values_of(strategy, one) for one in combos])


def record_result(ledger: TrialLedger, result: Result, strategies: Sequence[AnyStrategy]) -> Head:
    """Write a finished backtest down as a trial of each of its strategies; return the new head.

    They are in the order of the card. Whoever sees an account that several strategies traded has
    seen something of each.
    """
    head = ledger.head()
    for place, strategy in enumerate(strategies):
        head = ledger.append(batch_of_result(result, strategy, place))
    return head


def batch_of_result(result: Result, strategy: AnyStrategy, place: int = 0) -> TrialBatch:
    """Return a finished backtest as one trial of a strategy; its study is the run's id.

    `place` is that of the strategy in the card. The figures are those of the whole account.
    """
    card = result.card
    params = card.others[place - 1].params if place else card.params
    traded = [
        (one.venue, one.symbol)
        for one, name in zip(result.bars, result.strategies, strict=True)
        if name == card.names[place]
    ]
    days = daily_curve(result)
    scope = Scope(
        kind=Kind.BACKTEST,
        study=card.run_id,
        strategy=strategy.name,
        family=family_hash(strategy),
        body=body_hash(strategy),
        data=value_hash(card.data),
        market=market_of(traded),
        timeframe=str(result.bars[0].timeframe),
        from_ms=card.from_ms,
        to_ms=card.to_ms,
        settings=card.settings_hash,
        code_version=card.code_version,
        names=tuple(sorted(params)),
    )
    first_day = int(days.day[0]) if len(days) else card.from_ms // DAY_MS
    streams = Streams(1, first_day, len(days))
    streams.add(np.ascontiguousarray(days.returns), len(closed_trades(result.run.trades)))
    return streams.batch(scope, [[params[name] for name in scope.names]])
