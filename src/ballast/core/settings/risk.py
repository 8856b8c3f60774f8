"""Settings of the safety gate: what the account may lose, hold and do.

The fields carry the names of `records.LIMITS`: what is written here is what compiled code reads.
Fractions are plain (0.05 is 5 %), times milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from ballast.core.settings.rule import EQUITY, setting

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class RiskSettings:
    """The safety gate: what the account may lose, hold and do."""

    enforce: bool = setting(
        True,
        "Apply the rules of this section. Off, no entry is refused and no kill switch exists: "
        "for research only, refused in paper and live.",
        "R-GATE-01",
    )
    hard_bounds: bool = setting(
        True,
        "Refuse values past a hard bound. Off, research may loosen a rule or switch it off with 0; "
        "refused in paper and live.",
        "R-CONF-05",
    )
    daily_loss: float = setting(
        0.05,
        "Equity this far below the UTC day's open stops entries until the next day.",
        "R-RISK-01",
        unit=EQUITY,
        low=0.001,
        high=0.05,
        hard=True,
    )
    drawdown_kill: float = setting(
        0.15,
        "Equity this far below its peak latches the kill switch.",
        "R-RISK-02",
        unit=EQUITY,
        low=0.001,
        high=0.15,
        hard=True,
    )
    kill_closes: bool = setting(
        True, "The kill switch closes open positions; off, it keeps them protected.", "R-RISK-07"
    )
    rolling_drawdown: float = setting(
        0.20,
        "Equity this far below its best close of `rolling_days` stops entries.",
        "R-RISK-15",
        unit=EQUITY,
        low=0.01,
        high=1.0,
        off=True,
    )
    rolling_days: int = setting(
        30, "Days of the rolling drawdown.", "R-RISK-15", unit="days", low=1, high=3650
    )
    loss_streak: int = setting(
        3,
        "Losing trades in a row that start `streak_cooldown_ms`.",
        "R-GATE-18",
        unit="trades",
        low=1,
        high=3,
        hard=True,
    )
    streak_cooldown_ms: int = setting(
        DAY_MS,
        "Pause of entries after a loss streak.",
        "R-GATE-18",
        unit="ms",
        low=MINUTE_MS,
        high=30 * DAY_MS,
    )
    loss_cooldown_ms: int = setting(
        300_000,
        "Pause of entries in a symbol after a losing trade there; it doubles with each loss.",
        "R-GATE-17",
        unit="ms",
        low=MINUTE_MS,
        high=30 * DAY_MS,
        hard=True,
    )
    entry_spacing_ms: int = setting(
        300_000,
        "Least time between two entries in a symbol.",
        "R-GATE-02",
        unit="ms",
        low=MINUTE_MS,
        high=30 * DAY_MS,
        hard=True,
    )
    entries_hour: int = setting(
        4,
        "Entries of the account in any 60 minutes; a reversal counts two.",
        "R-GATE-07",
        unit="entries",
        low=1,
        high=10,
        hard=True,
    )
    entries_day: int = setting(
        20,
        "Entries of the account in 24 hours; a reversal counts two.",
        "R-GATE-08",
        unit="entries",
        low=1,
        high=50,
        hard=True,
    )
    positions: int = setting(
        5, "Open positions of the account.", "R-GATE-12", unit="positions", low=1, high=1000
    )
    confidence: float = setting(
        0.65,
        "Least confidence of a signal, where the strategy states one. Paper and live may only "
        "raise it.",
        "R-GATE-06",
        unit="probability",
        low=0.0,
        high=1.0,
    )
    confidence_ranging: float = setting(
        0.70,
        "Least confidence in a ranging market; `risk.confidence` holds in a trending one.",
        "R-GATE-06",
        unit="probability",
        low=0.7,
        high=1.0,
        hard=True,
    )
    confidence_volatile: float = setting(
        0.75,
        "Least confidence in a volatile or unknown market.",
        "R-GATE-06",
        unit="probability",
        low=0.75,
        high=1.0,
        hard=True,
    )
    confidence_regimes: str = setting(
        "regime_clusters",
        "Which detector names the regime that decides the least confidence; off: "
        "`risk.confidence` holds in all.",
        "R-GATE-06",
        choices=("regime_clusters", "regime_hmm", "regime", "off"),
    )
    volatility_block: float = setting(
        2.0,
        "z-score of historical volatility above which no entry is made.",
        "R-GATE-16",
        unit="z",
        low=0.1,
        high=100.0,
        off=True,
    )
    reward_risk: float = setting(
        1.5,
        "Least reward over risk, net of costs, of entries that have both a target and a stop.",
        "R-GATE-19",
        unit="ratio",
        low=0.0,
        high=100.0,
        off=True,
    )
    slippage: float = setting(
        0.005,
        "Largest estimated slippage of an entry; exits are never refused.",
        "R-COST-09",
        unit="fraction of price",
        low=0.0001,
        high=0.005,
        hard=True,
    )
    position_cap: float = setting(
        0.50,
        "Largest notional of one position; the cautious profile takes 0.10.",
        "R-SIZE-10, R-SIZE-11",
        unit=EQUITY,
        low=0.001,
        high=0.50,
        hard=True,
    )
    position_risk: float = setting(
        0.02,
        "Largest loss of one position at its stop.",
        "R-RISK-10",
        unit=EQUITY,
        low=0.0001,
        high=0.02,
        hard=True,
    )
    total_risk: float = setting(
        0.06,
        "Largest loss of all positions at their stops together.",
        "R-RISK-09",
        unit=EQUITY,
        low=0.0001,
        high=0.06,
        hard=True,
    )
    cluster_risk: float = setting(
        0.02,
        "Largest loss at their stops of positions that move together: of one side, and of one "
        "sector or, without `correlation_refuses`, correlated above `correlation`.",
        "R-RISK-08",
        unit=EQUITY,
        low=0.0001,
        high=0.06,
        off=True,
    )
    correlation: float = setting(
        0.7,
        "Correlation of returns above which two positions of one side move together.",
        "R-RISK-08",
        unit="correlation",
        low=0.01,
        high=0.7,
        hard=True,
    )
    correlation_bars: int = setting(
        720,
        "Bars the correlation is measured over; 720 hours are 30 days.",
        "R-RISK-08",
        unit="bars",
        low=10,
        high=100_000,
    )
    correlation_refuses: bool = setting(
        True,
        "Refuse an entry that moves together with a position of its side; off, they share "
        "`cluster_risk`.",
        "R-RISK-08",
    )
    sector_share: float = setting(
        0.30,
        "Largest notional of all positions of one sector (`sizing.sector`), both sides added.",
        "R-RISK-11",
        unit=EQUITY,
        low=0.01,
        high=0.3,
        hard=True,
    )
    value_at_risk: float = setting(
        0.0,
        "Largest loss that one day in a hundred may exceed, of all positions with the new one.",
        "R-RISK-12",
        unit=EQUITY,
        low=0.001,
        high=1.0,
        off=True,
    )
    value_at_risk_bars: int = setting(
        720,
        "Bars whose moves are the days of the past; with fewer than half of them all is at risk.",
        "R-RISK-12",
        unit="bars",
        low=20,
        high=4_000,
    )
    volume_share: float = setting(
        0.01,
        "Largest notional of an entry as a share of the mean quote volume of 20 bars.",
        "R-SIZE-16",
        unit="fraction of volume",
        low=0.0001,
        high=1.0,
        off=True,
    )
    liquidity_block: float = setting(
        0.1,
        "Quote volume of the last 5 bars, or the depth a live book shows, as a part of its norm, "
        "under which no entry is made.",
        "R-RISK-20",
        unit="fraction of norm",
        low=0.01,
        high=1.0,
        off=True,
    )
    liquidity_shrink: float = setting(
        0.25,
        "Part of its norm under which quote volume, or depth, shrinks `position_cap` and "
        "`volume_share`: at half of this they are half.",
        "R-RISK-20",
        unit="fraction of norm",
        low=0.01,
        high=1.0,
        off=True,
    )
    liquidity_bars: int = setting(
        240,
        "Bars whose median quote volume is the norm; 240 hours are 10 days.",
        "R-RISK-20",
        unit="bars",
        low=20,
        high=2_000,
    )
    leverage: float = setting(
        3.0,
        "Largest leverage of a perpetual; spot is always 1.",
        "R-RISK-13",
        unit="ratio",
        low=1.0,
        high=5.0,
        hard=True,
    )
    scale_drawdown: bool = setting(
        True,
        "Shrink positions as the drawdown nears `drawdown_kill`: max(0.2, 1 - dd / limit).",
        "R-SIZE-12",
    )
    scale_streak: float = setting(
        0.75,
        "Factor on size for each loss of the running streak; 1 leaves size alone.",
        "R-SIZE-14",
        unit="factor",
        low=0.1,
        high=1.0,
    )
    scale_confidence: bool = setting(
        True, "Grow size with confidence above the minimum, within the caps.", "R-SIZE-13"
    )
    scale_atr: float = setting(
        0.0,
        "k of the factor 1 / (1 + k x ATR / price); 10 is the audited formula.",
        "R-SIZE-09",
        unit="factor",
        low=0.0,
        high=1000.0,
    )
    scale_volatility: float = setting(
        0.5,
        "Factor on size while the z-score of volatility is above 1; 1 leaves size alone.",
        "R-SIZE-21",
        unit="factor",
        low=0.01,
        high=1.0,
    )
    scale_equity_days: int = setting(
        0,
        "Halve size while equity is below its own mean of this many days; 0 switches it off.",
        "R-SIZE-15",
        unit="days",
        low=0,
        high=365,
    )
    scale_floor: float = setting(
        0.2,
        "Least factor of `scale_drawdown`; fixed, SEMANTICS 5 names it.",
        "R-RISK-15, R-SIZE-12",
        unit="factor",
        low=0.2,
        high=0.2,
        used_by="fixed",
    )
