"""Settings of the live engine: gate, brain, network, validation, operations.

A backtest ignores them; they are named here because the requirements fix their numbers and bounds
(R-CONF-07), and because one file configures every mode. `show-config` marks them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from ballast.core.settings.rule import Secret
from ballast.core.settings.rule import setting as any_setting

setting = partial(any_setting, used_by="live")
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
UNSET = Secret("")


@dataclass(frozen=True, slots=True)
class GateSettings:
    """What an entry must pass beyond `risk` when the market is live."""

    signal_age_ms: int = setting(
        5_000,
        "Oldest signal an entry may act on.",
        "R-GATE-13",
        unit="ms",
        low=100,
        high=5000,
        hard=True,
    )
    duplicate_window_ms: int = setting(
        60_000,
        "A signal of the same symbol and side within this time is a duplicate.",
        "R-GATE-03",
        unit="ms",
        low=1000,
        high=HOUR_MS,
    )
    spoof_score: float = setting(
        0.50,
        "Largest spoof score of an entry.",
        "R-GATE-04",
        unit="score",
        low=0.0,
        high=0.5,
        hard=True,
    )
    risk_penalty: float = setting(
        0.80,
        "Largest risk penalty of an entry.",
        "R-GATE-05",
        unit="score",
        low=0.0,
        high=0.8,
        hard=True,
    )
    latency_ms: int = setting(
        50,
        "Latency between decision and execution assumed in event-driven simulation.",
        "R-COST-11",
        unit="ms",
        low=0,
        high=60000,
    )
    funds_age_ms: int = setting(
        5_000,
        "Oldest word of the venue on what is free of the quote asset that an entry may act on.",
        "R-OMS-12",
        unit="ms",
        low=100,
        high=5000,
        hard=True,
    )
    moved_1m: float = setting(
        0.05,
        "Move of any price that is watched, within a minute, that refuses entries for five.",
        "R-RISK-19",
        unit="fraction of price",
        low=0.001,
        high=1.0,
    )
    moved_5m: float = setting(
        0.10,
        "The same within five minutes.",
        "R-RISK-19",
        unit="fraction of price",
        low=0.001,
        high=1.0,
    )
    event_source: str = setting(
        "",
        "File of JSON lines, or URL (https, http), that announces shocks: nothing is opened while"
        " one lasts, and while the source is not heard. Empty: only `ballast announce`.",
        "R-DATA-23",
    )
    event_poll_ms: int = setting(
        15_000, "Between two looks at it.", "R-DATA-23", unit="ms", low=1000, high=HOUR_MS
    )
    event_silent_ms: int = setting(
        2 * MINUTE_MS,
        "Without an answer of that URL for so long nothing is opened; of a file: at once.",
        "R-DATA-23",
        unit="ms",
        low=1000,
        high=HOUR_MS,
    )
    event_tighten_atr: float = setting(
        0.0,
        "Distance that stops move to when a shock asks for it, in ATR of the entry; 0: none move.",
        "R-DATA-23",
        unit="ATR",
        low=0.0,
        high=100.0,
    )
    ltv_alarm: float = setting(
        0.55,
        "Loan to value, or nearness of liquidation, that pauses trading.",
        "R-RISK-21",
        unit="ratio",
        low=0.05,
        high=0.55,
        hard=True,
    )
    ltv_warning: float = setting(
        0.50,
        "Loan to value from which `ballast ltv` asks to repay or to add collateral.",
        "R-RISK-21",
        unit="ratio",
        low=0.05,
        high=0.55,
    )
    drawdown_warning: float = setting(
        0.10,
        "Equity this far below its peak is told, before `risk.drawdown_kill` latches.",
        "R-RISK-16",
        unit="fraction of equity",
        low=0.001,
        high=0.15,
    )
    earn_apr: float = setting(
        0.10,
        "Yearly rate of lending an asset from which `ballast ltv` tells of it.",
        "R-ALERT-05",
        unit="fraction a year",
        low=0.0,
        high=10.0,
    )
    cycle_ms: int = setting(
        2 * MINUTE_MS,
        "Period of the supervision cycle beside the events.",
        "R-DATA-07",
        unit="ms",
        low=1000,
        high=HOUR_MS,
    )


@dataclass(frozen=True, slots=True)
class BrainSettings:
    """The order-book signal builder."""

    interval_ms: int = setting(
        15_000,
        "Time between two signals of the brain.",
        "R-BRAIN-01",
        unit="ms",
        low=1000,
        high=HOUR_MS,
    )
    holding_ms: int = setting(
        2 * HOUR_MS,
        "Longest holding of a position the brain opened.",
        "R-STOP-20",
        unit="ms",
        low=MINUTE_MS,
        high=24 * HOUR_MS,
    )


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """Budgets of calls, the circuit breaker, the keys, maintenance."""

    maintenance: str = setting(
        "",
        "Times (UTC) at which a venue is closed, beside what it announces itself; from a quarter of"
        " an hour before nothing is opened. As `OKX Wed 06:00-08:00; BINANCE 2026-12-03"
        " 22:00-02:00`; `*` is any venue.",
        "R-EXCH-14",
    )

    orders_minute: int = setting(
        1_200,
        "Order calls a minute, until the venue's headers say otherwise.",
        "R-NET-01",
        unit="calls",
        low=1,
        high=1200,
        hard=True,
    )
    data_minute: int = setting(
        2_400,
        "Data calls a minute, until the venue's headers say otherwise.",
        "R-NET-01",
        unit="calls",
        low=1,
        high=2400,
        hard=True,
    )
    calls_minute: int = setting(
        1_200,
        "Calls a minute where a venue has one budget for all.",
        "R-NET-01",
        unit="calls",
        low=1,
        high=1200,
        hard=True,
    )
    breaker_failures: int = setting(
        3,
        "Failures in a row that open the circuit breaker.",
        "R-NET-08",
        unit="failures",
        low=1,
        high=100,
    )
    breaker_open_ms: int = setting(
        300_000,
        "Time the breaker stays open before its trial call.",
        "R-NET-08",
        unit="ms",
        low=1000,
        high=24 * HOUR_MS,
    )
    breaker_history: int = setting(
        50, "Errors kept for the report.", "R-NET-09", unit="errors", low=1, high=10000
    )
    api_key: Secret = setting(
        UNSET, "Key of the venue; from the environment only, never from a file.", "R-CONF-01"
    )
    api_secret: Secret = setting(
        UNSET,
        "Secret of the venue; from the environment only, never from a file.",
        "R-CONF-01",
    )
    api_passphrase: Secret = setting(
        UNSET,
        "Passphrase of the key, where the venue has one; from the environment only.",
        "R-CONF-01",
    )
    key_days: int = setting(
        90,
        "Age at which `ballast keys check` and `ballast doctor` ask for new keys.",
        "R-SEC-05",
        unit="days",
        low=1,
        high=3650,
    )


@dataclass(frozen=True, slots=True)
class ValidationSettings:
    """What a strategy must show before it may trade."""

    in_sample: float = any_setting(
        0.70,
        "Share of history a strategy is fitted on; the rest judges it.",
        "R-WF-01",
        unit="fraction of bars",
        low=0.1,
        high=0.95,
    )
    reoptimise_ms: int = any_setting(
        HOUR_MS,
        "Least time between two optimisations; a new candle is needed too.",
        "R-BT-18",
        unit="ms",
        low=HOUR_MS,
        high=8760 * HOUR_MS,
        hard=True,
    )
    paper_days: int = setting(
        30, "Days of paper trading before live.", "R-WF-09", unit="days", low=1, high=3650
    )
    embargo_days: int = any_setting(
        1,
        "Days left out of fitting next to a test, because returns remember.",
        "R-WF-03",
        unit="days",
        low=0,
        high=365,
    )
    switch_margin: float = any_setting(
        0.10,
        "How far a challenger's score must beat the incumbent's, by the size of the latter.",
        "R-OPT-06",
        unit="fraction of score",
        low=0.0,
        high=10.0,
    )
    switch_times: int = any_setting(
        3,
        "Evaluations in a row in which it must.",
        "R-OPT-06",
        unit="evaluations",
        low=1,
        high=100,
    )


@dataclass(frozen=True, slots=True)
class OperationsSettings:
    """Logs, watchdog, dashboard, diagnostics, targets."""

    log_bytes: int = setting(
        10_000_000,
        "Size at which a log file is rotated; a new day rotates it too.",
        "R-LOG-01",
        unit="bytes",
        low=100000,
        high=1000000000,
    )
    log_files: int = setting(
        5, "Fewest rotated log files kept.", "R-LOG-01", unit="files", low=5, high=10000
    )
    log_days: int = setting(
        30, "Fewest days of logs kept.", "R-LOG-01", unit="days", low=1, high=36500
    )
    restarts_hour: int = setting(
        5,
        "Restarts an hour before the watchdog gives up and alerts.",
        "R-DEP-01",
        unit="restarts",
        low=1,
        high=60,
    )
    memory_mb: int = setting(
        500,
        "Memory of its own at which a process opens nothing more, and a supervisor restarts it.",
        "R-DEP-02",
        unit="MB",
        low=100,
        high=1000000,
    )
    dashboard_host: str = setting("127.0.0.1", "Address the dashboard listens on.", "R-UI-01")
    dashboard_port: int = setting(5000, "Port of the dashboard.", "R-UI-01", low=1, high=65535)
    diagnostics_ms: int = setting(
        15 * MINUTE_MS,
        "Length of a diagnostic session.",
        "R-DIAG-01",
        unit="ms",
        low=MINUTE_MS,
        high=24 * HOUR_MS,
    )
    snapshot_ms: int = setting(
        30_000,
        "Time between two snapshots of the state in a diagnostic session.",
        "R-DIAG-04",
        unit="ms",
        low=1000,
        high=HOUR_MS,
    )
    order_check_ms: int = setting(
        60_000,
        "Time between two looks at the venue's orders in a diagnostic session.",
        "R-DIAG-05",
        unit="ms",
        low=1000,
        high=HOUR_MS,
    )
    target_uptime: float = setting(
        0.99,
        "Share of a month the system shall be up.",
        "R-OBS-06",
        unit="fraction of time",
        low=0.5,
        high=1.0,
    )
    target_memory_mb: int = setting(
        150,
        "Memory of a live process in rest; `diagnose` tells of more.",
        "R-OBS-06",
        unit="MB",
        low=10,
        high=100000,
    )
    target_cpu: float = setting(
        0.02,
        "Processor use of a live process in rest; `diagnose` tells of more.",
        "R-OBS-06",
        unit="fraction of a core",
        low=0.0,
        high=1.0,
    )
    target_call_ms: int = setting(
        500, "Time of one call to a venue.", "R-OBS-06", unit="ms", low=1, high=60000
    )
