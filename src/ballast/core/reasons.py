"""Closed sets of reasons. Every fill, exit and refusal has one; compiled code uses the ints.

The numbers are stable: they are stored in results. Add at the end, never renumber.
"""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Why a position, or part of it, was closed. `ENTRY` marks opening fills."""

    ENTRY = 0
    SIGNAL = 1
    STOP = 2
    TRAILING_STOP = 3
    TAKE_1 = 4
    TAKE_2 = 5
    TAKE_3 = 6
    TAKE_4 = 7
    BREAK_EVEN = 8
    TIME = 9
    LIQUIDATION = 10
    KILL_SWITCH = 11
    POSITION_DRAWDOWN = 12
    SEGMENT_END = 13
    DELISTED = 14
    RESIDUAL = 15
    END = 16


class Refusal(IntEnum):
    """Why an entry signal was not taken; one per refused signal, in the order of the checks."""

    NONE = 0
    ALREADY_IN_POSITION = 1
    CONFLICTING_SIGNALS = 2
    SPOT_CANNOT_SHORT = 3
    SIDE_NOT_ALLOWED = 4
    KILL_SWITCH = 5
    DAILY_LOSS = 6
    ROLLING_DRAWDOWN = 7
    LOSS_STREAK = 8
    LOSS_COOLDOWN = 9
    ENTRY_SPACING = 10
    HOURLY_CAP = 11
    DAILY_CAP = 12
    MAX_POSITIONS = 13
    CONFIDENCE = 14
    VOLATILITY = 15
    REWARD_RISK = 16
    SLIPPAGE = 17
    NO_STOP = 18
    BAD_STOP = 19
    SIZE_ZERO = 20
    POSITION_CAP = 21
    POSITION_RISK = 22
    TOTAL_RISK = 23
    CLUSTER_RISK = 24
    LIQUIDITY = 25
    LEVERAGE = 26
    NO_CASH = 27
    MIN_QTY = 28
    MIN_NOTIONAL = 29
    EXPIRED = 30
    NO_LIQUIDITY_AT_FILL = 31
    STOP_BEYOND_LIQUIDATION = 32
    LAST_BAR = 33
    CORRELATION = 34
    SECTOR_SHARE = 35
    LIQUIDITY_COLLAPSE = 36
    VALUE_AT_RISK = 37


def label(reason: Exit | Refusal) -> str:
    """Return the printed name: `trailing_stop`."""
    return reason.name.lower()
