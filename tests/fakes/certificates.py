"""A certificate with something in every field."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ballast.core.certificate import (
    Certificate,
    Expectation,
    Limits,
    Trials,
    Verdict,
    judged,
    noted,
    skipped,
)

CHECKS = (
    judged("deflated_sharpe", "Deflated Sharpe ratio", 0.971, 0.95, at_least=True),
    judged("overfitting", "Probability of overfitting", 0.1, 0.2, at_least=False, detail="60 sets"),
    noted("regimes", "Regimes", None, "no labels"),
    skipped("plateau", "Plateau", "one parameter set"),
)


def certificate(**changes: Any) -> Certificate:
    """Return a certificate that passes, with `changes`."""
    made = Certificate(
        verdict=Verdict.PASS,
        strategy="ema_cross",
        strategy_hash="ab" * 16,
        family_hash="cd" * 16,
        params={"fast": 9.0, "slow": 21.0, "stop": 2.5},
        space={"fast": (5.0, 9.0), "slow": (21.0,)},
        data={"BINANCE-BTCUSDT-1h": "ef" * 16},
        data_root="data",
        from_ms=1_600_000_000_000,
        to_ms=1_700_000_000_000,
        settings={"engine": {"initial_cash": 10_000.0}, "risk": {"daily_loss": 0.05}},
        settings_hash="12" * 16,
        code_version="0.1.0",
        seed=7,
        checks=CHECKS,
        trials=Trials(61, 60, 14.5, 4, 120, "34" * 16, ("a result without its trial",)),
        limits=Limits(
            "BINANCE", "spot", ("BTCUSDT",), "1h", 250_000.0, 1.0, 220, 1_707_776_000_000
        ),
        expectation=Expectation(412, 0.0031, 0.021, 0.44, 5.0, 2.0, 0.36, 1157.0, 1.2),
        evidence_hash="56" * 16,
        notes=("data quality 0.99",),
    )
    return replace(made, **changes)
