"""Case: one strategy with its numbers, on its data, under its settings; run again when they change.

Attacks and stress ask one question many times: what would have happened if? A `Case` is what they
ask it of. `changed` gives another case, which shares what the change leaves as it was: the compiled
strategy, and on the same bars all columns, so that another fee costs one walk of the loop.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.bars import PRICE_COLUMNS
from ballast.core.errors import DataError, StrategyError
from ballast.core.reasons import Refusal, label
from ballast.core.settings import Settings
from ballast.core.time import format_ms
from ballast.kernel.run import Repeater, Simulation
from ballast.research.assembly import Leg, assemble, columns_of_legs, plan_defaults
from ballast.research.evaluation import Evaluator
from ballast.research.run import check_series, own_settings
from ballast.research.sweep_row import METRICS, figures
from ballast.strategies.cache import OneRun
from ballast.strategies.plan import CompiledStrategy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from ballast.core.bars import Bars
    from ballast.kernel.market import Market, Run
    from ballast.research.result import Result
    from ballast.research.series import Series
    from ballast.strategies.plan import AnyStrategy, Plan

    Bits = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The figures of one run, named and defined as in a sweep; None where one is not defined."""

    total_return: float
    cagr: float | None
    sharpe: float | None
    sortino: float | None
    max_drawdown: float
    trades: float
    win_rate: float | None
    profit_factor: float | None
    expectancy: float | None
    exposure: float
    turnover: float  # traded value / cash at the start
    fees: float
    slippage: float
    funding: float
    killed: float
    refused: float

    def value(self, metric: str) -> float:
        """Return a figure; 0 where it is not defined: a run that did nothing earned nothing."""
        found = getattr(self, metric)
        return 0.0 if found is None else float(found)

    @staticmethod
    def of(row: NDArray[np.float64]) -> Outcome:
        """Read a row of `sweep_row.METRICS`."""
        return Outcome(**{name: _defined(row[place]) for name, place in _PLACES.items()})


_PLACES = {item.name: METRICS.index(item.name) for item in fields(Outcome)}
FIGURES = tuple(_PLACES)
"""Names of the figures of an `Outcome`."""


def _defined(value: float) -> Any:  # noqa: ANN401 - a float, or None where it is NaN
    return None if np.isnan(value) else float(value)


@dataclass(slots=True, eq=False)
class _Shared:
    """What cases of one strategy and one set of numbers share."""

    strategy: AnyStrategy
    params: Mapping[str, float]
    plans: dict[tuple[Any, ...], Plan]

    def plan(self, settings: Settings, series: Series) -> Plan:
        defaults = plan_defaults(settings)
        key = (series.bars.timeframe, *defaults.values())
        if key not in self.plans:
            compiled = CompiledStrategy(self.strategy, defaults)
            self.plans[key] = compiled.plan(self.params, series.bars.timeframe)
        return self.plans[key]


class Case:
    """A strategy, its numbers, its series and settings. Not changed once it is made."""

    def __init__(
        self,
        strategy: AnyStrategy,
        series: Sequence[Series],
        *,
        params: Mapping[str, float] | None = None,
        settings: Settings | None = None,
        symbol_settings: Mapping[str, Settings] | None = None,
        kelly: float = 0.0,
    ) -> None:
        """Raise `UserError` for series that cannot run together, or hold no prices to speak of."""
        check_series(series)
        self.series = tuple(series)
        self.settings = settings or Settings()
        self.symbol_settings = dict(symbol_settings or {})
        self.kelly = kelly
        self._shared = _Shared(strategy, strategy.values(params or {}), {})
        self._cache = OneRun()
        self._ready: tuple[Repeater, Market] | None = None
        self._result: Result | None = None
        self._judge: Evaluator | None = None
        for one in self.series:
            check_prices(one.bars)
        longest = max(self.series, key=lambda one: len(one.bars))
        self.legs()[self.series.index(longest)].plan.require_bars(longest.bars)

    @property
    def strategy(self) -> AnyStrategy:
        """The strategy."""
        return self._shared.strategy

    @property
    def params(self) -> dict[str, float]:
        """A value for each parameter."""
        return dict(self._shared.params)

    @property
    def market(self) -> dict[str, Bars]:
        """The bars of each symbol."""
        return {one.bars.symbol: one.bars for one in self.series}

    @property
    def warmup(self) -> int:
        """Leading bars on which nothing is decided, the most of any symbol."""
        return max(leg.plan.warmup for leg in self.legs())

    def changed(
        self,
        *,
        series: Sequence[Series] | None = None,
        settings: Callable[[Settings], Settings] | None = None,
        params: Mapping[str, float] | None = None,
    ) -> Case:
        """Return a case with other series, settings (a function of each), or numbers."""
        other = object.__new__(Case)
        change = settings or (lambda one: one)
        other.settings = change(self.settings)
        other.symbol_settings = {name: change(one) for name, one in self.symbol_settings.items()}
        other.kelly = self.kelly
        other.series = self.series if series is None else tuple(series)
        other._shared = self._shared
        if params is not None:
            values = self.strategy.values(self.params | dict(params))
            other._shared = _Shared(self.strategy, values, {})
        same = series is None or _same_bars(other.series, self.series)
        other._ready = other._result = other._judge = None
        other._cache = self._cache if same else OneRun()
        return other

    def legs(self) -> tuple[Leg, ...]:
        """Return every symbol with its plan and settings."""
        own = own_settings(self.series, self.settings, self.symbol_settings)
        legs = []
        for one in self.series:
            its = own.get(one.bars.symbol, self.settings)
            legs.append(Leg(one, self._shared.plan(its, one), its, self.kelly))
        return tuple(legs)

    def signals(self) -> Bits:
        """Return the signal bytes of all symbols, one symbol after the other."""
        return columns_of_legs(self.legs(), self._cache)[0]

    def evaluator(self) -> Evaluator:
        """Return what runs many combinations or spans of this case; made once."""
        if self._judge is None:
            self._judge = Evaluator(
                self.strategy,
                self.series,
                self.settings,
                symbol_settings=self.symbol_settings,
                kelly=self.kelly,
            )
        return self._judge

    def result(self) -> Result:
        """Return the recorded backtest, as every report reads it; made once."""
        if self._result is None:
            self._result = self.evaluator().run(self.params)
        return self._result

    def confidence(self) -> NDArray[np.float64]:
        """Return the stated confidence of all bars, flat as `signals`; empty where none is."""
        return columns_of_legs(self.legs(), self._cache)[3]

    def run(self, signals: Bits | None = None, *, delay_bars: int = 0) -> Run:
        """Run with everything recorded; other `signals`, or everything done later, where given."""
        return self._simulate(signals, delay_bars, record=True).finish()

    def outcome(self, signals: Bits | None = None, *, delay_bars: int = 0) -> Outcome:
        """Run and return the figures."""
        if signals is not None and not delay_bars:
            return self._again(signals)
        simulation = self._simulate(signals, delay_bars, record=False)
        run = simulation.finish()
        return self._measured(simulation.account, run.daily, run.refusals, run.positions["lots"])

    def _again(self, signals: Bits) -> Outcome:
        """Run other signals on the data as they lie ready since the last time."""
        if self._ready is None:
            market = assemble(self.legs(), cache=self._cache, dense=True)
            self._ready = Repeater(market, self.settings.engine.initial_cash), market
        repeater, market = self._ready
        found = repeater(
            market.plan,
            np.ascontiguousarray(signals, np.uint8),
            market.atr,
            market.stop,
            market.confidence,
            market.volatility,
        )
        return self._measured(*found, np.ones(repeater.open_count))

    def _measured(self, account: Any, daily: Any, refusals: Any, lots: Any) -> Outcome:  # noqa: ANN401
        row = np.zeros(len(METRICS))
        frame_ms = self.series[0].bars.timeframe.ms
        figures(account, daily, int(refusals.sum()), int(np.count_nonzero(lots)), frame_ms, row)
        return Outcome.of(row)

    def require_trades(self) -> Outcome:
        """Return the figures of the run as it is; raise `StrategyError` where it never trades."""
        found = self.outcome()
        if found.trades > 0.0 or found.exposure > 0.0:
            return found
        raise StrategyError(
            "never trades",
            where=self.strategy.name,
            expected="an entry in " + ", ".join(one.bars.name for one in self.series),
            fix=self._why_none(),
        )

    def _why_none(self) -> str:
        refusals = self.run().refusals
        if not refusals.any():
            return "no entry signal; `ballast strategies check` counts what each filter takes away"
        worst = int(np.argmax(refusals))
        return f"{int(refusals[worst]):,} entries were refused: {label(Refusal(worst))}"

    def _simulate(self, signals: Bits | None, delay_bars: int, *, record: bool) -> Simulation:
        market: Market = assemble(self.legs(), cache=self._cache, dense=signals is not None)
        if signals is not None:
            market = replace(market, signals=np.ascontiguousarray(signals, np.uint8))
        if delay_bars:
            plan = market.plan.copy()
            plan["latency_bars"] += delay_bars
            market = replace(market, plan=plan)
        simulation = Simulation(market, self.settings.engine.initial_cash, record=record)
        simulation.advance()
        return simulation


def _same_bars(one: Sequence[Series], two: Sequence[Series]) -> bool:
    return len(one) == len(two) and all(a.bars is b.bars for a, b in zip(one, two, strict=True))


def check_prices(bars: Bars) -> None:
    """Raise `DataError` for prices that are no numbers, not above zero, or always the same."""
    for name in PRICE_COLUMNS:
        column = getattr(bars, name)
        good = np.isfinite(column) & (column > 0.0)
        if not good.all():
            row = int(np.argmin(good))
            raise DataError(
                f"{name} is {column[row]:g} at bar {row} ({format_ms(int(bars.ts[row]))})",
                where=bars.name,
                expected="prices above 0",
                fix="`ballast data check` finds such bars",
            )
    if len(bars) and bars.close.min() == bars.close.max() and bars.high.max() == bars.low.min():
        raise DataError(
            "the price never changes",
            where=bars.name,
            expected="a market that moves",
            fix="take another period or symbol",
        )


def rebuilt(one: Series, bars: Bars) -> Series:
    """Return a series with made-up bars: marks and finer bars of the real ones go, rules stay."""
    funding = one.funding
    if len(funding):
        funding = funding.copy()
        funding["mark"] = np.nan  # taken from the new bars
    return replace(one, bars=bars, mark=None, fine=None, funding=funding)
