"""What each reason means, in a sentence, and the setting behind it."""

from __future__ import annotations

from ballast.core.reasons import Exit, Refusal

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
    Refusal.CORRELATION: ("A correlated position is open on this side.", "risk.correlation"),
}
