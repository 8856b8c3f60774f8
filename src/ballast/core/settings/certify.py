"""Settings of a certificate: what a strategy must show, and how hard it is looked at.

Every threshold carries its reason in `docs/certificate.md`. They were set so that a strategy picked
as the luckiest of sixty on a market without any edge passes in fewer than one case of a hundred
(`bench/bench_certify.py` measures it), and a real edge still does in most. None is a hard bound:
who lowers one sees so in the certificate, which names every threshold it was judged by.
"""

from __future__ import annotations

from dataclasses import dataclass

from ballast.core.settings.rule import setting

DAYS_EXPIRY = 90


@dataclass(frozen=True, slots=True)
class CertifySettings:
    """Thresholds and sizes of the battery behind `ballast certify`."""

    expiry_days: int = setting(
        DAYS_EXPIRY,
        "Days after the last bar of the evidence until a certificate is void: evidence ages.",
        "R-WF-02",
        unit="days",
        low=1,
        high=3650,
    )
    trades: int = setting(
        30,
        "Fewest out-of-sample trades.",
        "R-WF-08",
        unit="trades",
        low=1,
        high=1_000_000,
    )
    deflated_sharpe: float = setting(
        0.975,
        "Least probability that the Sharpe ratio is above what the best of all trials would show "
        "by luck.",
        "R-WF-06",
        unit="probability",
        low=0.0,
        high=1.0,
    )
    overfitting: float = setting(
        0.20,
        "Largest probability of backtest overfitting (PBO) of the parameter space.",
        "R-WF-06",
        unit="probability",
        low=0.0,
        high=1.0,
    )
    reality_check: float = setting(
        0.05,
        "Largest p-value of Hansen's test that the best of the space only seems to beat cash.",
        "R-WF-06",
        unit="probability",
        low=0.0,
        high=1.0,
    )
    holdout: float = setting(
        0.0,
        "Least Sharpe ratio on the last part of the data, which no choice has seen.",
        "R-WF-01",
        unit="ratio",
        low=-10.0,
        high=10.0,
    )
    walk_forward: float = setting(
        0.5,
        "Least Sharpe ratio of the stitched walk-forward equity.",
        "R-WF-03",
        unit="ratio",
        low=-10.0,
        high=10.0,
    )
    efficiency: float = setting(
        0.4,
        "Least walk-forward efficiency: yearly return out of sample over that in sample.",
        "R-WF-03",
        unit="ratio",
        low=-10.0,
        high=10.0,
    )
    paths: float = setting(
        0.0,
        "Least Sharpe ratio of the tenth percentile of the cross-validated paths.",
        "R-WF-03",
        unit="ratio",
        low=-10.0,
        high=10.0,
    )
    sharpe_floor: float = setting(
        0.0,
        "Least lower end of the 90 % bootstrap interval of the Sharpe ratio.",
        "R-WF-05",
        unit="ratio",
        low=-10.0,
        high=10.0,
    )
    ruin: float = setting(
        0.05,
        "Largest bootstrapped probability of falling by `certify.ruin_drawdown` within a year.",
        "R-WF-05",
        unit="probability",
        low=0.0,
        high=1.0,
    )
    ruin_drawdown: float = setting(
        0.30,
        "The fall from a peak that counts as ruin.",
        "R-WF-05",
        unit="fraction of equity",
        low=0.05,
        high=1.0,
    )
    history_bars: int = setting(
        2_000,
        "Most bars of history that the decisions may need before they no longer hang on where the "
        "data begins: a live run has to load them before its first decision.",
        "R-WF-06",
        unit="bars",
        low=1,
        high=1_000_000,
    )
    shuffle: float = setting(
        0.05,
        "Largest p-value of the Sharpe ratio among those on shuffled returns.",
        "R-WF-06",
        unit="probability",
        low=0.0,
        high=1.0,
    )
    random_entry: float = setting(
        0.10,
        "Largest p-value of the result among those of random entries with the same exits.",
        "R-WF-06",
        unit="probability",
        low=0.0,
        high=1.0,
    )
    delay: float = setting(
        0.25,
        "Least share of the Sharpe ratio that survives acting one bar later.",
        "R-WF-04",
        unit="fraction",
        low=-10.0,
        high=1.0,
    )
    plateau: float = setting(
        0.7,
        "Least share of the neighbouring parameter sets that earn money.",
        "R-WF-04",
        unit="fraction",
        low=0.0,
        high=1.0,
    )
    noise: float = setting(
        0.5,
        "Least share of the Sharpe ratio that survives noise in prices, and missed fills.",
        "R-WF-04",
        unit="fraction",
        low=-10.0,
        high=1.0,
    )
    cost_multiple: float = setting(
        1.5,
        "Least multiple of the assumed costs at which the strategy breaks even.",
        "R-MET-12",
        unit="ratio",
        low=0.0,
        high=100.0,
    )
    capacity: float = setting(
        2.0,
        "Least multiple of the cash at which impact takes half of the return.",
        "R-COST-12",
        unit="ratio",
        low=0.0,
        high=1_000_000.0,
    )
    draws: int = setting(
        1_000,
        "Bootstrap draws of each interval.",
        "R-WF-05",
        unit="draws",
        low=100,
        high=1_000_000,
    )
    shuffles: int = setting(
        100,
        "Shuffled markets, and random-entry twins, that the result is compared with.",
        "R-WF-06",
        unit="runs",
        low=20,
        high=100_000,
    )
    folds: int = setting(
        8, "Folds of the walk-forward.", "R-WF-03", unit="folds", low=2, high=1_000
    )
    groups: int = setting(
        8, "Groups of the cross-validation; two at a time are tested.", "R-WF-03", low=4, high=20
    )
    embargo_days: int = setting(
        1,
        "Days left out behind a test period, beyond the longest trade.",
        "R-WF-03",
        unit="days",
        low=0,
        high=365,
    )
