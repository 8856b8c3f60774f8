"""Hypothesis strategies of small, nasty markets.

Hypothesis draws the rules (plans, limits, costs, what kind of data); the bars come from a seed it
draws too. So a failure shrinks to few symbols, few bars and few rules switched on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st

from ballast.core.records import (
    DEPTH,
    FEE,
    FUNDING,
    LIMITS,
    PLAN,
    SPEC,
    TAKES_MAX,
    TIER,
    FeeAsset,
    Intrabar,
    Level,
    Margin,
    Size,
)
from ballast.core.rng import stream
from ballast.kernel.market import Market
from tests.oracle.paths import Series, series_of

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

CASH = 10_000.0
START_MS = 1_609_459_200_000  # 2021-01-01 00:00
GRIDS = ((1, 100), (5, 10), (1, 1_000_000), (25, 100))
LOTS = ((1, 1), (1, 1_000), (1, 100_000_000), (5, 10))
TIMEFRAMES_MS = (60_000, 900_000, 3_600_000, 14_400_000)


class Drawn(Market):
    """A drawn market; it prints short, because Hypothesis would print every bar of it."""

    __slots__ = ()

    def _repr_pretty_(self, printer: Any, _cycle: object) -> None:
        printer.text(repr(self))

    def __repr__(self) -> str:
        return f"<market of {len(self.spec)} symbols and {len(self.ts)} bars>"


def records(dtype: np.dtype[np.void], n: int) -> Any:
    """Return `n` zero rows."""
    return np.zeros(n, dtype).view(np.recarray)


def off_or(*values: float) -> st.SearchStrategy[float]:
    """A rule that is mostly off."""
    return st.sampled_from((0, 0, 0, *values))


def rarely(*values: float) -> st.SearchStrategy[float]:
    """A rule that would rule everything if it were on half of the time."""
    return st.sampled_from((0,) * 4 * len(values) + values)


def flag() -> st.SearchStrategy[int]:
    return st.sampled_from((0, 1))


@st.composite
def plans(draw: DrawFn, row: Any, *, perpetual: bool) -> None:
    """Fill one PLAN row."""
    row.allow_long = draw(st.sampled_from((1, 1, 1, 1, 1, 1, 0)))
    row.allow_short = draw(st.sampled_from((1, 1, 1, 1, 0)))
    row.close_on_signal = draw(st.sampled_from((1, 1, 0)))
    row.entry_limit_atr = draw(off_or(0.1, 0.5, 1.5))
    row.entry_ttl_bars = draw(st.sampled_from((1, 1, 2, 5)))
    row.latency_bars = draw(st.sampled_from((0, 0, 0, 1, 2)))
    row.size_mode = draw(st.sampled_from(Size))
    row.size_value = draw(_size_values(row.size_mode))
    row.size_in_quote = draw(st.sampled_from((0, 0, 1)))
    row.stop_kind = draw(
        st.sampled_from((Level.NONE, Level.ATR, Level.ATR, Level.PERCENT, Level.COLUMN))
    )
    row.stop_value = draw(st.sampled_from((0.5, 1.0, 3.0, 6.0)))
    if row.stop_kind == Level.PERCENT:
        row.stop_value *= 0.02
    draw(_trails(row))
    draw(_takes(row))
    row.breakeven_r = draw(off_or(0.5, 1.0))
    row.exit_after_bars = draw(rarely(1, 3, 10))
    row.exit_after_ms = draw(rarely(1, 3_600_000, 86_400_000))
    row.position_drawdown = draw(rarely(0.02, 0.1))
    row.leverage = draw(st.sampled_from((1, 1, 2, 3, 5, 20, 50))) if perpetual else 1
    row.margin = draw(st.sampled_from(Margin))
    row.trigger_mark = draw(flag())
    row.touch_fills = draw(flag())
    row.intrabar = draw(st.sampled_from(Intrabar))
    row.entry_bar_exposed = draw(st.sampled_from((1, 1, 1, 0)))
    row.stop_before_exit = draw(st.sampled_from((0, 0, 1)))
    row.use_confidence = draw(flag())
    row.use_volatility = draw(flag())


@st.composite
def patience(draw: DrawFn, row: Any) -> None:
    """Move the levels of a plan away, so that bars pass between entry, ratchets and exit."""
    row.stop_value *= 2
    row.trail_distance *= 3
    row.take_value *= 3
    row.entry_limit_atr *= draw(st.sampled_from((0, 0, 1)))
    row.trail_adaptive *= draw(st.sampled_from((0, 0, 1)))
    row.close_on_signal = draw(st.sampled_from((0, 0, 1)))
    row.latency_bars = 0


def _size_values(mode: int) -> st.SearchStrategy[float]:
    match mode:
        case Size.RISK:
            return st.sampled_from((0.01, 0.05))
        case Size.FIXED_QTY:
            return st.sampled_from((0.0, 1.0, 17.5, 1000.0))
        case _:
            return st.sampled_from((0.1, 0.5, 0.95, 3.0))


@st.composite
def _trails(draw: DrawFn, row: Any) -> None:
    row.trail_kind = draw(st.sampled_from((Level.NONE, Level.ATR, Level.PERCENT)))
    unit = 0.01 if row.trail_kind == Level.PERCENT else 1.0
    row.trail_activation = draw(st.sampled_from((0.0, 0.5, 2.0))) * unit
    row.trail_distance = draw(st.sampled_from((0.5, 1.0, 3.0, 5.5))) * unit
    row.trail_adaptive = draw(flag())
    row.trail_floor_entry = draw(flag())


@st.composite
def _takes(draw: DrawFn, row: Any) -> None:
    row.take_count = draw(st.sampled_from((0, 1, 2, TAKES_MAX)))
    left = 1.0
    for k in range(row.take_count):
        row.take_kind[k] = draw(st.sampled_from((Level.ATR, Level.PERCENT, Level.R)))
        unit = 0.02 if row.take_kind[k] == Level.PERCENT else 1.0
        row.take_value[k] = draw(st.sampled_from((0.3, 0.5, 1.0, 2.0))) * unit
        row.take_fraction[k] = min(left, draw(st.sampled_from((0.1, 0.3, 0.5, 1.0))))
        left -= row.take_fraction[k]


@st.composite
def limits(draw: DrawFn, *, busy: bool) -> Any:
    """Return the LIMITS row of a run: all off, or each on with some chance."""
    rows = records(LIMITS, 1)
    if not busy:
        return rows
    row = rows[0]
    off = draw(st.sampled_from((3, 10, 30)))
    choices: dict[str, tuple[float, ...]] = {
        "daily_loss": (0.01, 0.05), "drawdown_kill": (0.05, 0.15), "kill_closes": (1,),
        "rolling_drawdown": (0.02, 0.1), "rolling_days": (1, 3), "loss_streak": (1, 3),
        "streak_cooldown_ms": (3_600_000, 86_400_000), "loss_cooldown_ms": (300_000, 7_200_000),
        "entry_spacing_ms": (300_000, 7_200_000), "entries_hour": (1, 2), "entries_day": (1, 5),
        "positions": (1, 2), "confidence": (0.4, 0.65), "volatility_block": (1.5,),
        "reward_risk": (0.5, 1.5), "slippage": (0.001, 0.005), "position_cap": (0.1, 0.5),
        "position_risk": (0.01, 0.02), "total_risk": (0.02, 0.06), "cluster_risk": (0.02, 0.04),
        "correlation": (0.3, 0.8), "correlation_refuses": (1,), "sector_share": (0.1, 0.3),
        "value_at_risk": (0.01, 0.1),
        "liquidity_block": (0.3, 0.8), "liquidity_shrink": (0.5, 1.0),
        "volume_share": (0.01, 0.1), "leverage": (1.0, 3.0),
        "scale_drawdown": (1,), "scale_streak": (0.5,), "scale_confidence": (1,),
        "scale_atr": (10.0,), "scale_volatility": (0.5,), "scale_equity_days": (1, 3),
    }  # fmt: skip
    for name, values in choices.items():
        row[name] = draw(st.sampled_from((0,) * off + values))
    row.kill_closes = draw(flag())
    row.correlation_bars = draw(st.sampled_from((4, 20)))
    row.value_at_risk_bars = draw(st.sampled_from((4, 24)))
    row.liquidity_bars = draw(st.sampled_from((20, 30)))
    return rows


@st.composite
def costs(draw: DrawFn, row: Any) -> None:
    """Fill the cost fields of a SPEC row."""
    row.fee_asset = draw(st.sampled_from(FeeAsset))
    row.fee_discount = draw(st.sampled_from((0.0, 0.25)))
    row.maker = draw(st.sampled_from((0.0, 0.0002, -0.0001)))
    row.taker = draw(st.sampled_from((0.0, 0.0007, 0.01)))
    row.slip_fraction = draw(off_or(0.0005, 0.01))
    row.half_spread = draw(off_or(0.0003))
    row.slip_vol = draw(off_or(0.05))
    row.slip_impact = draw(off_or(0.5))
    row.slip_stop_multiple = draw(st.sampled_from((1.0, 2.0, 50.0)))
    row.slip_book = draw(flag())
    row.participation = draw(off_or(0.01, 0.1, 0.5))
    row.liquidation_fee = draw(st.sampled_from((0.0, 0.01)))


@st.composite
def specs(draw: DrawFn, row: Any) -> None:
    """Fill the instrument fields of a SPEC row."""
    row.tick_num, row.tick_den = draw(st.sampled_from(GRIDS))
    row.lot_num, row.lot_den = draw(st.sampled_from(LOTS))
    row.min_lots = draw(st.sampled_from((0, 1, 2, 5)))
    row.max_lots = draw(rarely(50, 100_000))
    row.min_notional = draw(rarely(5.0, 500.0))
    row.perpetual = draw(st.sampled_from((0, 1, 1)))
    row.cluster = draw(st.sampled_from((-1, 0, 1)))
    row.timeframe_ms = draw(st.sampled_from(TIMEFRAMES_MS))
    row.delisted = draw(flag())
    row.has_mark = row.perpetual and draw(flag())
    draw(costs(row))


def _extra_rows(spec: Any, series: list[Series]) -> tuple[Any, Any, Any, Any]:
    """Concatenate fundings, fees, tiers and depth; set the slices of `spec`."""
    out: list[Any] = []
    for field, dtype in (("fund", FUNDING), ("fee", FEE), ("tier", TIER), ("depth", DEPTH)):
        at = 0
        parts = []
        for s, one in enumerate(series):
            rows = np.array(getattr(one, field), dtype)
            spec[s][f"{field}_first"], spec[s][f"{field}_last"] = at, at + len(rows)
            at += len(rows)
            parts.append(rows)
        out.append(np.concatenate(parts).view(np.recarray))
    return out[0], out[1], out[2], out[3]


def build(spec: Any, plan: Any, limit: Any, series: list[Series], on: dict[str, bool]) -> Market:
    """Lay the series of all symbols into one Market."""
    at = 0
    for row, one in zip(spec, series, strict=True):
        row.first, row.last = at, at + len(one.ts)
        at += len(one.ts)
    fund, fee, tier, depth = _extra_rows(spec, series)

    def flat(name: str) -> Any:
        if not on.get(name, True):
            return np.zeros(0)
        return np.concatenate([getattr(one, name) for one in series])

    fine_first, fine = np.zeros(0, np.int64), np.zeros((5, 0))
    if on["fine"]:
        counts = np.concatenate([one.fine_count for one in series])
        fine_first = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        fine = np.ascontiguousarray(np.concatenate([one.fine for one in series], axis=1))
    return Drawn(
        spec, plan, limit, flat("ts"), flat("open"), flat("high"), flat("low"), flat("close"),
        flat("volume"), flat("mark_high"), flat("mark_low"), flat("mark_close"), flat("signals"),
        flat("atr"), flat("stop"), flat("confidence"), flat("floor"), flat("volatility"),
        flat("sigma"), flat("quote_volume"), fund, fee, tier, depth, fine_first, fine,
    )  # fmt: skip


@st.composite
def markets(draw: DrawFn, *, busy: bool | None = None, calm: bool = False) -> Market:
    """Return a whole market; `busy` forces the safety limits on or off.

    A `calm` one is a symbol whose positions live for many bars: it is for shortcuts over them.
    """
    symbols = 1 if calm else draw(st.sampled_from((1, 1, 2, 3, 4)))
    spec, plan = records(SPEC, symbols), records(PLAN, symbols)
    one_timeframe = draw(st.booleans())
    for s in range(symbols):
        draw(specs(spec[s]))
        if one_timeframe:
            spec[s].timeframe_ms = spec[0].timeframe_ms
        draw(plans(plan[s], perpetual=bool(spec[s].perpetual)))
        if calm:
            draw(patience(plan[s]))
    on = {
        name: draw(st.booleans())
        for name in ("confidence", "floor", "volatility", "sigma", "quote_volume", "fine")
    }
    on["stop"] = any(p.stop_kind == Level.COLUMN for p in plan)
    bars = draw(st.integers(20, 150))
    density = draw(st.sampled_from((0.06, 0.12) if calm else (0.03, 0.2, 0.6)))
    wild = draw(st.sampled_from((0.0, 0.0, 0.03) if calm else (0.0, 0.03, 0.15)))
    rng = stream(draw(st.integers(0, 2**32)), "oracle")
    gaps = 0.0 if calm else draw(st.sampled_from((0.0, 0.0, 0.1, 0.4)))
    series = [series_of(rng, spec[s], START_MS, bars, density, wild, gaps) for s in range(symbols)]
    if busy is None:
        busy = draw(st.sampled_from((False, False, True) if calm else (False, True)))
    limit = draw(limits(busy=busy))
    return build(spec, plan, limit, series, on)
