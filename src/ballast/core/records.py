"""Records: the memory of compiled code, one dtype a thing, shared by loop, paper and live.

Structured arrays of these dtypes are passed to compiled functions, which read and write fields in
place. Prices are float64 on the tick grid, quantities int64 lots, money float64 quote currency,
times int64 milliseconds UTC, fractions plain (0.01 is 1 %). A zero turns an optional rule off.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

TAKES_MAX = 4
"""Partial exits of one position: two in the reference family, two to spare."""
RING_MAX = 64
"""Entry times kept for the hourly and daily caps; the ceiling of the daily cap is 50."""


class Signal(IntFlag):
    """Bits of one bar's byte in the signal column, set by the plan and the gap policy."""

    ENTER_LONG = 1
    EXIT_LONG = 2
    ENTER_SHORT = 4
    EXIT_SHORT = 8
    NO_FILL = 16
    SEGMENT_END = 32


class Size(IntEnum):
    """Sizing modes (SEMANTICS 5)."""

    RISK = 0
    FIXED_NOTIONAL = 1
    VOLATILITY_TARGET = 2
    KELLY = 3
    ALL_IN = 4
    FIXED_QTY = 5


class Level(IntEnum):
    """How a distance is given: not at all, in ATR, as a fraction of price, in R, as a column."""

    NONE = 0
    ATR = 1
    PERCENT = 2
    R = 3
    COLUMN = 4


class Intrabar(IntEnum):
    """Which of two levels inside one bar comes first (SEMANTICS 2.3)."""

    PESSIMISTIC = 0
    PATH = 1
    DETAIL = 2


class Margin(IntEnum):
    """Isolated: a position can lose its own margin. Cross: the whole account backs it."""

    ISOLATED = 0
    CROSS = 1


class FeeAsset(IntEnum):
    """What a fee is paid in."""

    QUOTE = 0
    BASE = 1
    DISCOUNT_TOKEN = 2


def _dtype(*fields: tuple[str, str] | tuple[str, str, int]) -> np.dtype[np.void]:
    return np.dtype(list(fields), align=True)


SPEC = _dtype(  # one row a symbol: the instrument, its slices of the flat arrays, its costs
    ("first", "i8"),
    ("last", "i8"),  # bars [first, last) of the flat bar arrays
    ("fund_first", "i8"),
    ("fund_last", "i8"),  # rows of the funding arrays
    ("fee_first", "i8"),
    ("fee_last", "i8"),  # rows of the fee schedule
    ("tier_first", "i8"),
    ("tier_last", "i8"),  # rows of the leverage tiers
    ("depth_first", "i8"),
    ("depth_last", "i8"),  # rows of the depth ladder
    ("tick_num", "f8"),
    ("tick_den", "f8"),
    ("lot_num", "f8"),
    ("lot_den", "f8"),
    ("min_lots", "i8"),
    ("max_lots", "i8"),
    ("min_notional", "f8"),
    ("perpetual", "i8"),
    ("cluster", "i8"),
    ("timeframe_ms", "i8"),
    ("delisted", "i8"),
    ("fee_asset", "i8"),
    ("fee_discount", "f8"),
    ("maker", "f8"),
    ("taker", "f8"),
    ("slip_fraction", "f8"),
    ("half_spread", "f8"),
    ("slip_vol", "f8"),
    ("slip_impact", "f8"),
    ("slip_stop_multiple", "f8"),
    ("slip_book", "i8"),
    ("participation", "f8"),
    ("liquidation_fee", "f8"),
    ("has_mark", "i8"),  # 1 when the mark arrays differ from the last prices
)

PLAN = _dtype(  # one row a symbol: trade construction of its strategy
    ("allow_long", "i8"),
    ("allow_short", "i8"),
    ("close_on_signal", "i8"),
    ("entry_limit_atr", "f8"),
    ("entry_ttl_bars", "i8"),
    ("latency_bars", "i8"),
    ("size_mode", "i8"),
    ("size_value", "f8"),
    ("size_in_quote", "i8"),
    ("stop_kind", "i8"),
    ("stop_value", "f8"),
    ("trail_kind", "i8"),
    ("trail_activation", "f8"),
    ("trail_distance", "f8"),
    ("trail_adaptive", "i8"),
    ("trail_floor_entry", "i8"),
    ("take_count", "i8"),
    ("take_kind", "i8", TAKES_MAX),
    ("take_value", "f8", TAKES_MAX),
    ("take_fraction", "f8", TAKES_MAX),
    ("breakeven_r", "f8"),
    ("exit_after_bars", "i8"),
    ("exit_after_ms", "i8"),
    ("position_drawdown", "f8"),
    ("leverage", "f8"),
    ("margin", "i8"),
    ("trigger_mark", "i8"),
    ("touch_fills", "i8"),
    ("intrabar", "i8"),
    ("entry_bar_exposed", "i8"),
    ("stop_before_exit", "i8"),
    ("use_confidence", "i8"),
    ("use_volatility", "i8"),
)

LIMITS = _dtype(  # one row a run: the safety gate's numbers; 0 switches a rule off
    ("daily_loss", "f8"),
    ("drawdown_kill", "f8"),
    ("kill_closes", "i8"),
    ("rolling_drawdown", "f8"),
    ("rolling_days", "i8"),
    ("loss_streak", "i8"),
    ("streak_cooldown_ms", "i8"),
    ("loss_cooldown_ms", "i8"),
    ("entry_spacing_ms", "i8"),
    ("entries_hour", "i8"),
    ("entries_day", "i8"),
    ("positions", "i8"),
    ("confidence", "f8"),
    ("volatility_block", "f8"),
    ("reward_risk", "f8"),
    ("slippage", "f8"),
    ("position_cap", "f8"),
    ("position_risk", "f8"),
    ("total_risk", "f8"),
    ("cluster_risk", "f8"),
    ("correlation", "f8"),
    ("correlation_bars", "i8"),
    ("correlation_refuses", "i8"),
    ("sector_share", "f8"),
    ("value_at_risk", "f8"),
    ("value_at_risk_bars", "i8"),
    ("volume_share", "f8"),
    ("liquidity_block", "f8"),
    ("liquidity_shrink", "f8"),
    ("liquidity_bars", "i8"),
    ("leverage", "f8"),
    ("scale_drawdown", "i8"),
    ("scale_streak", "f8"),
    ("scale_confidence", "i8"),
    ("scale_atr", "f8"),
    ("scale_volatility", "f8"),
    ("scale_equity_days", "i8"),
)

POSITION = _dtype(  # one row a symbol: the position, its orders, its cursors
    ("side", "i8"),
    ("lots", "i8"),
    ("lots_entered", "i8"),
    ("id", "i8"),
    ("entry", "f8"),
    ("entry_bar", "i8"),
    ("entry_ms", "i8"),
    ("decided_bar", "i8"),
    ("atr", "f8"),
    ("stop", "f8"),
    ("stop_reason", "i8"),
    ("best", "f8"),
    ("armed", "i8"),
    ("take_price", "f8", TAKES_MAX),
    ("take_done", "i8", TAKES_MAX),
    ("take_left", "i8", TAKES_MAX),  # lots of a partly filled take still resting
    ("high", "f8"),
    ("low", "f8"),
    ("risk", "f8"),
    ("risk_cash", "f8"),
    ("margin", "f8"),
    ("liquidation", "f8"),
    ("bankruptcy", "f8"),
    ("realised", "f8"),
    ("fees", "f8"),
    ("slippage", "f8"),
    ("funding", "f8"),
    ("exit_notional", "f8"),
    ("exit_lots", "i8"),
    ("fills", "i8"),
    ("confidence", "f8"),
    ("signal_price", "f8"),
    ("dust", "f8"),  # base units too small to trade: recorded, never sold
    ("dust_cost", "f8"),
    ("idle", "i8"),  # 1: flat, nothing queued, and nothing to do before `wake_ms`
    ("wake_bar", "i8"),  # the next bar with an entry signal
    ("wake_ms", "i8"),  # its close
    ("watched", "i8"),  # 1: the three thresholds below are those of the position as it stands
    ("low_at", "f8"),
    ("high_at", "f8"),
    ("wake_at", "f8"),
    ("budget", "i8"),  # lots this bar's volume still lets us trade
    ("in_side", "i8"),
    ("in_lots", "i8"),
    ("in_limit", "f8"),
    ("in_from_ms", "i8"),
    ("in_until_ms", "i8"),
    ("in_atr", "f8"),
    ("in_distance", "f8"),
    ("in_stop", "f8"),
    ("in_confidence", "f8"),
    ("in_bar", "i8"),
    ("in_value", "f8"),
    ("in_cost", "f8"),  # cash that a quote unit of the queued entry takes, fee and slippage in it
    ("out_lots", "i8"),
    ("out_reason", "i8"),
    ("out_from_ms", "i8"),
    ("mark", "f8"),
    ("depth_lack", "f8"),  # part of its usual depth that a live book lacks; 0: none, or not known
    ("last_entry_ms", "i8"),
    ("cooldown_until_ms", "i8"),
    ("bar", "i8"),
    ("fund_row", "i8"),
    ("fee_row", "i8"),
)

ACCOUNT = _dtype(  # one row a run
    ("cash", "f8"),
    ("equity", "f8"),
    ("initial", "f8"),
    ("peak", "f8"),
    ("live", "i8"),  # how many symbols are awake in this step
    ("marked", "i8"),  # 1: the next step's bar is matched and marked, only to be decided
    ("trough", "f8"),  # lowest equity since the peak
    ("flows", "f8"),
    ("day", "i8"),
    ("day_end_ms", "i8"),
    ("day_open", "f8"),
    ("day_blocked", "i8"),
    ("killed", "i8"),
    ("killed_ms", "i8"),
    ("realised", "f8"),
    ("fees", "f8"),
    ("funding", "f8"),
    ("slippage", "f8"),
    ("losses_in_row", "i8"),  # since the last win or cool-down: what the rules read
    ("losing_run", "i8"),  # since the last win: what the reports say
    ("blocked_until_ms", "i8"),
    ("ring", "i8", RING_MAX),
    ("ring_at", "i8"),
    ("next_id", "i8"),
    ("now_ms", "i8"),
    ("first_ms", "i8"),
    ("status", "i8"),
    ("identity_gap", "f8"),
    ("fills", "i8"),
    ("trades", "i8"),
    ("refusals", "i8"),
    ("sized", "i8"),
    ("steps", "i8"),
    ("days", "i8"),
    ("wins", "i8"),
    ("losses", "i8"),
    ("gross_win", "f8"),
    ("gross_loss", "f8"),
    ("worst_drawdown", "f8"),
    ("peak_ms", "i8"),
    ("longest_drawdown_ms", "i8"),
    ("exposed_ms", "i8"),
    ("held_bars", "i8"),
    ("turnover", "f8"),
    ("worst_streak", "i8"),
    ("liquidations", "i8"),
    ("sum_r", "f8"),
)

FILL = _dtype(
    ("position", "i8"),
    ("symbol", "i4"),
    ("side", "i4"),
    ("reason", "i4"),
    ("maker", "i4"),
    ("bar", "i8"),
    ("at_ms", "i8"),
    ("price", "f8"),
    ("lots", "i8"),
    ("fee", "f8"),
    ("slippage", "f8"),
    ("cash", "f8"),
)

TRADE = _dtype(  # one row a position, written when it closes (or at the end, reason END)
    ("position", "i8"),
    ("symbol", "i4"),
    ("side", "i4"),
    ("reason", "i4"),
    ("fills", "i4"),
    ("decided_bar", "i8"),
    ("entry_bar", "i8"),
    ("exit_bar", "i8"),
    ("entry_ms", "i8"),
    ("exit_ms", "i8"),
    ("lots", "i8"),
    ("entry", "f8"),
    ("exit", "f8"),
    ("pnl", "f8"),
    ("fees", "f8"),
    ("slippage", "f8"),
    ("funding", "f8"),
    ("mae", "f8"),
    ("mfe", "f8"),
    ("risk_cash", "f8"),
    ("r", "f8"),
    ("confidence", "f8"),
    ("signal_price", "f8"),
)

REFUSED = _dtype(
    ("symbol", "i4"),
    ("side", "i4"),
    ("reason", "i4"),
    ("bar", "i8"),
    ("at_ms", "i8"),
    ("measured", "f8"),
    ("limit", "f8"),
)

TIER = _dtype(
    ("floor", "f8"),
    ("cap", "f8"),
    ("leverage", "f8"),
    ("maintenance", "f8"),
    ("deduction", "f8"),
)

FUNDING = _dtype(("at_ms", "i8"), ("rate", "f8"), ("mark", "f8"))

FEE = _dtype(("from_ms", "i8"), ("maker", "f8"), ("taker", "f8"))

DEPTH = _dtype(("slip", "f8"), ("notional", "f8"))  # rungs: so much fills at that mean slippage

Plain = Mapping[str, tuple[float, ...]]
"""A record as numbers by field name: what a journal can hold."""


def plain_of(row: Any) -> dict[str, tuple[float, ...]]:  # noqa: ANN401 - a record
    """Return the fields of a record as numbers; an array field gives several."""
    names = row.dtype.names or ()
    return {name: tuple(float(x) for x in np.atleast_1d(row[name])) for name in names}


def rows_of(dtype: np.dtype[np.void], rows: Sequence[Plain]) -> Any:  # noqa: ANN401 - a recarray
    """Return records of `plain_of`; a field not given is zero, an unknown one a `DataError`."""
    found = np.zeros(len(rows), dtype).view(np.recarray)
    known = set(dtype.names or ())
    for row, plain in zip(found, rows, strict=True):
        if unknown := sorted(set(plain) - known):
            raise DataError(f"a record has no field {', '.join(unknown)}")
        for name, values in plain.items():
            row[name] = values if dtype[name].shape else values[0]
    return found
