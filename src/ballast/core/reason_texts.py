"""What each reason means, in a sentence, the setting behind it, and what it measured."""

from __future__ import annotations

from ballast.core.reasons import Exit, Refusal, label
from ballast.core.time import span_text

EXIT_TEXT: dict[Exit, tuple[str, str]] = {
    Exit.ENTRY: ("No exit: the fill opened or enlarged the position.", ""),
    Exit.SIGNAL: ("The strategy's exit condition held at the close before.", ""),
    Exit.STOP: ("The price reached the first stop.", "exits.stop_atr"),
    Exit.TRAILING_STOP: ("The price fell back to the trailing stop.", "exits.trail_distance"),
    Exit.TAKE_1: ("The first partial target was reached.", ""),
    Exit.TAKE_2: ("The second partial target was reached.", ""),
    Exit.TAKE_3: ("The third partial target was reached.", ""),
    Exit.TAKE_4: ("The fourth partial target was reached.", ""),
    Exit.BREAK_EVEN: ("The stop, moved to entry plus costs, was reached.", "exits.breakeven_r"),
    Exit.TIME: ("The position reached its longest holding time.", ""),
    Exit.LIQUIDATION: ("The mark price reached the liquidation price.", "engine.leverage"),
    Exit.KILL_SWITCH: ("The kill switch latched and closes positions.", "risk.kill_closes"),
    Exit.POSITION_DRAWDOWN: (
        "The loss from the entry value passed its limit.",
        "exits.position_drawdown",
    ),
    Exit.SEGMENT_END: ("A gap follows that no position is carried over.", "engine.max_gap_bars"),
    Exit.DELISTED: ("The symbol stops trading.", ""),
    Exit.RESIDUAL: ("What was left would have been dust.", "exits.residual"),
    Exit.END: ("No exit: the data ended with the position open, marked at the last close.", ""),
}
REFUSAL_TEXT: dict[Refusal, tuple[str, str]] = {
    Refusal.NONE: ("Not refused.", ""),
    Refusal.ALREADY_IN_POSITION: ("The symbol has a position in the other direction.", ""),
    Refusal.CONFLICTING_SIGNALS: ("The bar says enter and exit, or long and short, at once.", ""),
    Refusal.SPOT_CANNOT_SHORT: ("A short signal on a spot instrument.", ""),
    Refusal.SIDE_NOT_ALLOWED: ("The strategy does not trade this side.", ""),
    Refusal.KILL_SWITCH: ("The kill switch is latched.", "risk.drawdown_kill"),
    Refusal.DAILY_LOSS: ("The day's loss limit was reached.", "risk.daily_loss"),
    Refusal.ROLLING_DRAWDOWN: (
        "The drawdown of the last days is past its limit.",
        "risk.rolling_drawdown",
    ),
    Refusal.LOSS_STREAK: ("The pause after losses in a row is not over.", "risk.loss_streak"),
    Refusal.LOSS_COOLDOWN: ("The pause after the last loss is not over.", "risk.loss_cooldown_ms"),
    Refusal.ENTRY_SPACING: ("The last entry is too recent.", "risk.entry_spacing_ms"),
    Refusal.HOURLY_CAP: ("Enough entries in the last hour.", "risk.entries_hour"),
    Refusal.DAILY_CAP: ("Enough entries in the last 24 hours.", "risk.entries_day"),
    Refusal.MAX_POSITIONS: ("Enough positions are open or queued.", "risk.positions"),
    Refusal.CONFIDENCE: ("The signal's confidence is below the minimum.", "risk.confidence"),
    Refusal.VOLATILITY: ("Volatility is in its upper band.", "risk.volatility_block"),
    Refusal.REWARD_RISK: ("The target is too near for the stop, net of costs.", "risk.reward_risk"),
    Refusal.SLIPPAGE: ("The estimated slippage is above its limit.", "risk.slippage"),
    Refusal.NO_STOP: ("Sizing by risk needs a stop, and the strategy has none.", "sizing.mode"),
    Refusal.BAD_STOP: ("The stop is missing or on the wrong side of the price.", "exits.stop_atr"),
    Refusal.SIZE_ZERO: ("The size came out as nothing.", "sizing.mode"),
    Refusal.POSITION_CAP: ("The cap on one position leaves nothing.", "risk.position_cap"),
    Refusal.POSITION_RISK: ("The cap on one position's risk leaves nothing.", "risk.position_risk"),
    Refusal.TOTAL_RISK: ("The risk of open positions leaves no room.", "risk.total_risk"),
    Refusal.CLUSTER_RISK: ("Related positions leave no room.", "risk.cluster_risk"),
    Refusal.LIQUIDITY: ("The market's volume leaves nothing.", "risk.volume_share"),
    Refusal.LEVERAGE: ("The leverage is above its limit.", "risk.leverage"),
    Refusal.NO_CASH: ("Free cash does not buy a legal order.", "engine.initial_cash"),
    Refusal.MIN_QTY: ("The size is below the instrument's least quantity.", ""),
    Refusal.MIN_NOTIONAL: ("The size is below the instrument's least notional.", ""),
    Refusal.EXPIRED: ("The entry order's time in force ended.", "engine.entry_ttl_bars"),
    Refusal.NO_LIQUIDITY_AT_FILL: (
        "No volume to fill the entry in its time in force.",
        "costs.participation",
    ),
    Refusal.STOP_BEYOND_LIQUIDATION: (
        "The position would be liquidated before its stop.",
        "engine.leverage",
    ),
    Refusal.LAST_BAR: ("The data ended before the entry could fill.", ""),
    Refusal.SECTOR_SHARE: ("Its sector would be too much of the equity.", "risk.sector_share"),
    Refusal.CORRELATION: ("A correlated position is open on this side.", "risk.correlation"),
    Refusal.LIQUIDITY_COLLAPSE: (
        "The market trades a small part of what it usually does.",
        "risk.liquidity_block",
    ),
    Refusal.VALUE_AT_RISK: (
        "With it, one day in a hundred would lose more than the limit.",
        "risk.value_at_risk",
    ),
}

SHARES = frozenset(
    {
        Refusal.KILL_SWITCH,
        Refusal.DAILY_LOSS,
        Refusal.ROLLING_DRAWDOWN,
        Refusal.SLIPPAGE,
        Refusal.POSITION_CAP,
        Refusal.POSITION_RISK,
        Refusal.TOTAL_RISK,
        Refusal.CLUSTER_RISK,
        Refusal.LIQUIDITY,
        Refusal.SECTOR_SHARE,
        Refusal.LIQUIDITY_COLLAPSE,
        Refusal.VALUE_AT_RISK,
    }
)
"""Measured and limited as a fraction: of equity, of a peak, of a price, of volume."""
PAUSES = frozenset({Refusal.LOSS_STREAK, Refusal.LOSS_COOLDOWN})
"""Measured in milliseconds that are left, limited by those of the whole pause."""


def refused_text(reason: Refusal, measured: float, limit: float) -> str:
    """Say a refusal in a line, its value and its limit in one unit that people read."""
    return f"{measured_text(reason, measured)}, limit {limit_text(reason, limit)}"


def measured_text(reason: Refusal, measured: float) -> str:
    """Say the reason and what it measured: `loss_streak 22h left`, `cluster_risk 2.31 %`."""
    left = " left" if reason in PAUSES else ""
    return f"{label(reason)} {limit_text(reason, measured)}{left}"


def limit_text(reason: Refusal, value: float) -> str:
    """Say a value in the unit of the reason."""
    if reason in PAUSES or reason is Refusal.ENTRY_SPACING:
        return span_text(value)
    return f"{value * 100:.4g} %" if reason in SHARES else f"{value:g}"
