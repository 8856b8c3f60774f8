"""Assembly: series, plans and settings become the flat arrays of a `Market`.

Nothing is decided here. What sizing and costs read beside the strategy's columns (average volume,
daily volatility) is computed here once a series and shared by all combinations of a sweep.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.errors import ConfigError
from ballast.core.instrument import Kind
from ballast.core.records import (
    LIMITS,
    PLAN,
    Intrabar,
    Level,
    Margin,
    Signal,
    Size,
)
from ballast.core.time import DAY_MS
from ballast.features.activity import log_return_deviation, mean_quote_volume
from ballast.kernel.market import NEUTRAL, Market
from ballast.research.floors import floors_of
from ballast.research.hands import do_all, flat, flat_columns, pieces, share, shared_cache
from ballast.research.tables import Tables, records, tables_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ballast.core.bars import Bars
    from ballast.core.settings import RiskSettings, Settings
    from ballast.research.series import Series
    from ballast.strategies.cache import ColumnCache
    from ballast.strategies.plan import Plan

    Floats = NDArray[np.float64]

ENTRIES = int(Signal.ENTER_LONG | Signal.ENTER_SHORT)
SIZES = {
    "risk": (Size.RISK, "risk_per_trade"),
    "fixed_notional": (Size.FIXED_NOTIONAL, "fixed_notional"),
    "volatility_target": (Size.VOLATILITY_TARGET, "volatility_target"),
    "kelly": (Size.KELLY, "kelly_fraction"),
    "all_in": (Size.ALL_IN, "all_in"),
    "fixed_qty": (Size.FIXED_QTY, "fixed_qty"),
}
INTRABARS = {
    "pessimistic": Intrabar.PESSIMISTIC,
    "path": Intrabar.PATH,
    "detail": Intrabar.DETAIL,
}


@dataclass(frozen=True, slots=True)
class Leg:
    """One symbol of a run: its series, its plan, its settings."""

    series: Series
    plan: Plan
    settings: Settings
    kelly: float = 0.0  # full Kelly fraction of the strategy's out-of-sample record; 0 without one


def plan_defaults(settings: Settings) -> dict[str, float]:
    """Return the PLAN fields a strategy takes from the settings where it names none."""
    exits, engine, sizing = settings.exits, settings.engine, settings.sizing
    mode, attribute = SIZES[sizing.mode]
    trails = exits.trail_distance > 0.0
    return {
        "size_mode": int(mode),
        "size_value": getattr(sizing, attribute),
        "stop_kind": int(Level.ATR),
        "stop_value": exits.stop_atr,
        "trail_kind": int(Level.ATR if trails else Level.NONE),
        "trail_activation": exits.trail_activation,
        "trail_distance": exits.trail_distance,
        "trail_adaptive": int(exits.trail_adaptive),
        "breakeven_r": exits.breakeven_r,
        "position_drawdown": exits.position_drawdown,
        "entry_ttl_bars": engine.entry_ttl_bars,
        "latency_bars": settings.costs.latency_bars,
        "leverage": engine.leverage,
        "margin": int(Margin.CROSS if engine.margin == "cross" else Margin.ISOLATED),
        "trigger_mark": int(engine.trigger == "mark"),
        "touch_fills": int(engine.touch_fills),
        "intrabar": int(INTRABARS[engine.intrabar]),
    }


def limits_of(risk: RiskSettings) -> Any:  # noqa: ANN401 - a recarray
    """Return the LIMITS row of the settings; all off where the gate is not enforced."""
    rows = records(LIMITS, 1)
    if risk.enforce:
        for name in LIMITS.names or ():
            rows[0][name] = getattr(risk, name)
    return rows


def plan_row(leg: Leg, row: Any) -> None:  # noqa: ANN401 - a record
    """Write one PLAN row and hold it against the hard bounds of the settings."""
    leg.plan.construction.fill(row)
    if row["size_mode"] == Size.KELLY:
        row["size_value"] *= max(leg.kelly, 0.0)
    name = leg.plan.strategy.name
    risk = leg.settings.risk
    if leg.series.rules.kind is not Kind.PERPETUAL:
        row["leverage"] = 1.0
    if not risk.enforce:
        return
    if (
        risk.hard_bounds
        and row["size_mode"] == Size.RISK
        and row["size_value"] > risk.position_risk
    ):
        raise ConfigError(
            f"risks {row['size_value']:.2%} a trade",
            where=name,
            expected=f"at most risk.position_risk = {risk.position_risk:.2%}",
            fix="lower the strategy's size",
        )
    if 0.0 < risk.leverage < row["leverage"]:
        raise ConfigError(
            f"leverage {row['leverage']:g}",
            where=name,
            expected=f"at most risk.leverage = {risk.leverage:g}",
            fix="lower the leverage of the strategy or of engine.leverage",
        )


@dataclass(frozen=True, slots=True)
class Reads:
    """Which of the market's own columns a run reads, and on which bars."""

    sigma: bool
    quote_volume: bool
    everywhere: bool  # on every bar, not only where an entry is decided

    @staticmethod
    def of(settings: Sequence[Settings], plan: Any) -> Reads:  # noqa: ANN401 - PLAN rows
        """Ask the costs, the caps and the sizing modes."""
        impact = any(one.costs.slip_impact > 0.0 for one in settings)
        capped = any(one.risk.enforce and one.risk.volume_share > 0.0 for one in settings)
        by_volatility = bool(np.any(plan["size_mode"] == Size.VOLATILITY_TARGET))
        return Reads(impact or by_volatility, impact or capped, impact)


def activity(
    series: Sequence[Series], reads: Reads, signals: NDArray[np.uint8] | None = None
) -> tuple[Floats, Floats]:
    """Return (daily sigma, mean quote volume of a bar), flat; length 0 where nothing reads them.

    With `signals`, the volume is computed only on the bars that ask for an entry, which the cap
    reads; the impact reads every bar.
    """
    sigma = flat([daily_sigma(one.bars) for one in series]) if reads.sigma else np.zeros(0)
    if not reads.quote_volume:
        return sigma, np.zeros(0)
    rows = sum(len(one.bars) for one in series)
    volume = np.zeros(rows)
    sparse = signals is not None and not reads.everywhere
    marks = signals if signals is not None and sparse else np.full(rows, ENTRIES, np.uint8)
    tasks: list[Callable[[], object]] = []
    start = 0
    for one in series:
        part = slice(start, start + len(one.bars))
        bars = (one.bars.close, one.bars.volume, marks[part], ENTRIES)
        tasks += [
            partial(mean_quote_volume, *bars, *piece, volume[part])
            for piece in pieces(len(one.bars))
        ]
        start = part.stop
    do_all(tasks, rows)
    return sigma, volume


def assemble(
    legs: Sequence[Leg],
    tables: Tables | None = None,
    cache: ColumnCache | None = None,
    *,
    dense: bool = False,
) -> Market:
    """Return the market of a run; `tables` and `cache` are shared between runs of a sweep.

    `dense` computes every bar of what only entries read, for a market whose signals will change.
    """
    if tables is None:
        tables = tables_of([leg.series for leg in legs], [leg.settings for leg in legs])
    plan = records(PLAN, len(legs))
    for leg, row in zip(legs, plan, strict=True):
        plan_row(leg, row)
    used = cache if cache is not None else own_cache(legs)
    signals, atr, stop, confidence, volatility = columns_of_legs(legs, used)
    floor = np.zeros(0)
    if np.any(plan["use_confidence"]):
        floor = floors_of([leg.series.bars for leg in legs], [leg.settings for leg in legs], used)
    reads = Reads.of([leg.settings for leg in legs], plan)
    sigma, volume = activity([leg.series for leg in legs], reads, None if dense else signals)
    return Market(
        spec=tables.spec,
        plan=plan,
        limits=limits_of(legs[0].settings.risk),
        **tables.prices,
        signals=signals,
        atr=atr,
        stop=stop,
        confidence=confidence,
        floor=floor,
        volatility=volatility,
        sigma=sigma,
        quote_volume=volume,
        funding=tables.funding,
        fees=tables.fees,
        tiers=tables.tiers,
        depth=tables.depth,
        fine_first=tables.fine_first,
        fine=tables.fine,
    )


def own_cache(legs: Sequence[Leg]) -> ColumnCache:
    """Return the cache of a single run, filled by threads where the run is large."""
    cache = shared_cache()
    market = {leg.series.bars.symbol: leg.series.bars for leg in legs}
    parts = [leg.plan.tasks(market, leg.series.bars.symbol, cache) for leg in legs]
    share([task for part in parts for task in part], sum(len(bars) for bars in market.values()))
    return cache


def columns_of_legs(
    legs: Sequence[Leg], cache: ColumnCache
) -> tuple[NDArray[np.uint8], Floats, Floats, Floats, Floats]:
    """Return (signals, atr, stop, confidence, volatility) of all symbols, flat."""
    market = {leg.series.bars.symbol: leg.series.bars for leg in legs}
    columns = [leg.plan.columns(market, leg.series.bars.symbol, cache) for leg in legs]
    names = ("signals", "atr", "stop", "confidence", "volatility")
    parts = {name: [getattr(part, name) for part in columns] for name in names}
    for name in names[2:]:
        _fill_optional(name, parts[name], [leg.series.bars for leg in legs])
    found = flat_columns(parts)
    signals, atr, stop, confidence, volatility = (found[name] for name in names)
    return signals, atr, stop, confidence, volatility


def daily_sigma(bars: Bars) -> Floats:
    """Return the standard deviation of a day's log return, from the last 20 bars; 0 before."""
    per_bar = np.zeros(len(bars))
    log_return_deviation(bars.close, per_bar)
    return per_bar * float(np.sqrt(DAY_MS / bars.timeframe.ms))


def _fill_optional(name: str, parts: list[Floats], bars: Sequence[Bars]) -> None:
    """Give symbols whose strategy does not state a column its neutral value, if others have it."""
    if not any(len(part) for part in parts):
        return
    for s, one in enumerate(bars):
        if not len(parts[s]):
            parts[s] = np.full(len(one), NEUTRAL[name])
