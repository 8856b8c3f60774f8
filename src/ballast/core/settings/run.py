"""Settings of a run: the engine, the data it reads, where strategies and results lie."""

from __future__ import annotations

from dataclasses import dataclass

from ballast.core.settings.rule import setting


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How bars become fills (SEMANTICS 1 and 2)."""

    mode: str = setting(
        "research",
        "What the run is. Paper and live keep every hard bound and every rule of the gate.",
        "R-CONF-10",
        choices=("research", "paper", "live"),
    )
    intrabar: str = setting(
        "pessimistic",
        "Which of two levels inside one bar comes first: the stop; along the path open, nearer "
        "extreme, other extreme, close; or as the finer bars say.",
        "R-BT-11",
        choices=("pessimistic", "path", "detail"),
    )
    touch_fills: bool = setting(
        False,
        "A limit fills when the price only touches it; off, it must trade through.",
        "R-BT-11",
    )
    gap_policy: str = setting(
        "split",
        "What a gap in the bars does: stop the run, split it into segments, or mark flat bars on "
        "which nothing fills. Paper and live reject.",
        "R-DQ-05",
        choices=("reject", "split", "mark"),
    )
    max_gap_bars: int = setting(
        3,
        "Longest gap a position is carried over; a longer one closes it at the last bar before.",
        "R-DQ-10",
        unit="bars",
        low=0,
        high=10_000,
    )
    entry_ttl_bars: int = setting(
        1, "Bars an entry order waits for its fill.", "R-BT-14", unit="bars", low=1, high=1000
    )
    margin: str = setting(
        "isolated",
        "Margin of perpetuals: a position can lose its own margin, or the whole account backs it.",
        "R-PERP-04",
        choices=("isolated", "cross"),
    )
    leverage: float = setting(
        1.0,
        "Leverage of perpetuals whose strategy names none; never above `risk.leverage`.",
        "R-PERP-02",
        unit="ratio",
        low=1.0,
        high=5.0,
        hard=True,
    )
    trigger: str = setting(
        "last",
        "Which price triggers the stops of perpetuals; liquidation always looks at the mark.",
        "R-PERP-04",
        choices=("last", "mark"),
    )
    minimum_rows: int = setting(
        50,
        "Fewest bars of a run; a longer warm-up asks for more. Fixed.",
        "R-IND-13, R-BT-08",
        unit="bars",
        low=50,
        high=50,
        used_by="fixed",
    )
    seed: int = setting(
        42, "Seed of everything random.", "R-CLI-04", unit="", low=0, high=2**53 - 1
    )
    initial_cash: float = setting(
        10_000.0, "Cash at the start.", "R-BT-01", unit="quote currency", low=0.01, high=1e12
    )


@dataclass(frozen=True, slots=True)
class DataSettings:
    """Where candles lie and when they are good enough."""

    root: str = setting("data", "Folder of the candle store, from the workspace.", "R-DATA-01")
    cache_mb: int = setting(
        8192,
        "Size the memory-mapped cache of candles may reach on disk.",
        "R-CACHE-05",
        unit="MB",
        low=16,
        high=10_000_000,
    )
    gap_factor: float = setting(
        1.5,
        "A step between bars longer than this many timeframes is a gap.",
        "R-DQ-03",
        unit="timeframes",
        low=1.01,
        high=2.0,
    )
    completeness: float = setting(
        0.95,
        "Share of the expected bars below which an issue is raised.",
        "R-DQ-06",
        unit="fraction of bars",
        low=0.0,
        high=1.0,
    )
    extreme_move: float = setting(
        0.30,
        "Close-to-close move that is flagged.",
        "R-DQ-04",
        unit="fraction of price",
        low=0.001,
        high=10.0,
    )
    spread: float = setting(
        0.01,
        "Widest spread that passes the check.",
        "R-DQ-07",
        unit="fraction of bid",
        low=0.0001,
        high=1.0,
    )
    quality_threshold: float = setting(
        0.8,
        "Quality score below which a series is said to be unfit for signals.",
        "R-DQ-12",
        unit="score",
        low=0.0,
        high=1.0,
    )
    ticker_age_ms: int = setting(
        10_000,
        "Age at which a cached ticker is asked for again.",
        "R-CACHE-09",
        unit="ms",
        low=1000,
        high=60_000,
        used_by="live",
    )


@dataclass(frozen=True, slots=True)
class StrategySettings:
    """Where strategies of the user lie."""

    root: str = setting("strategies", "Folder of strategy files, from the workspace.", "R-STRAT-01")


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """Where results go."""

    root: str = setting("results", "Folder of results, from the workspace.", "R-MET-01")
