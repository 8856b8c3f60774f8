"""Issue: findings and checks become a certificate, with the limits under which it holds."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.certificate import (
    Certificate,
    Check,
    Expectation,
    Limits,
    Trials,
    overall,
)
from ballast.core.errors import DataError
from ballast.core.hashing import value_hash
from ballast.core.instrument import Kind
from ballast.core.settings import as_dict
from ballast.core.time import DAY_MS
from ballast.research.certify.evidence import evidence_of
from ballast.research.code import code_version
from ballast.research.metrics.trades import closed_trades
from ballast.research.metrics.units import quantities, trade_returns
from ballast.research.run import beside_hash, effective_settings, own_settings
from ballast.risk.degradation.expectation import expectation_of
from ballast.strategies.family import family_hash

if TYPE_CHECKING:
    from ballast.research.certify.findings import Findings
    from ballast.research.certify.subject import Subject
    from ballast.research.result import Result

NO_TRIALS = Trials(0, 0, 1.0, 0, 0, "")
TRADES_EXPECTED = 10
"""Fewer closed trades have no deviation worth holding reality against."""
BPS = 10_000.0


@dataclass(frozen=True, slots=True)
class Certified:
    """The certificate, and the evidence its report draws: plain values, hashed in it."""

    certificate: Certificate
    evidence: dict[str, Any]
    findings: Findings


def issue(subject: Subject, found: Findings, checks: tuple[Check, ...]) -> Certified:
    """Return the certificate of these findings."""
    evidence = evidence_of(found)
    own = own_settings(subject.group, subject.settings, subject.symbol_settings)
    settings = effective_settings(subject.settings, own)
    plain = as_dict(subject.settings)
    settings["certify"] = plain["certify"]
    settings["validation"] = {"in_sample": plain["validation"]["in_sample"]}
    ends = [int(one.bars.ts[-1]) + one.bars.timeframe.ms for one in subject.group]
    certificate = Certificate(
        verdict=overall(checks),
        strategy=subject.strategy.name,
        strategy_hash=subject.strategy.hash,
        family_hash=family_hash(subject.strategy),
        params=dict(found.params),
        space={name: tuple(axis) for name, axis in subject.space.items()},
        data=_data(subject),
        data_root=subject.data_root,
        from_ms=min(int(one.bars.ts[0]) for one in subject.group),
        to_ms=max(ends),
        settings=settings,
        settings_hash=value_hash(settings),
        code_version=code_version(),
        seed=subject.seed,
        checks=tuple(replace(one, value=_finite(one.value)) for one in checks),
        trials=found.trials or NO_TRIALS,
        limits=_limits(subject, found, max(ends)),
        expectation=found.expectation,
        evidence_hash=value_hash(evidence),
        notes=tuple(found.notes),
    )
    return Certified(certificate, evidence, found)


def _finite(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)


def _data(subject: Subject) -> dict[str, str]:
    data = {}
    own = own_settings(subject.group, subject.settings, subject.symbol_settings)
    for one in subject.group:
        its = own.get(one.bars.symbol, subject.settings)
        data[one.bars.name] = one.bars.fingerprint()
        data[f"{one.bars.name}/beside"] = beside_hash(one, walks=its.costs.slip_book)
    return data


def _limits(subject: Subject, found: Findings, end_ms: int) -> Limits:
    """Return where the proof ends: the size at which impact takes half, a time after the data."""
    settings = subject.settings
    cash = settings.engine.initial_cash
    if found.stress is not None and found.stress.capacity.half_cash is not None:
        cash = max(cash, found.stress.capacity.half_cash)
    elif found.stress is not None:
        cash = max(cash, found.stress.capacity.points[-1].cash)
    perpetual = any(one.rules.kind is Kind.PERPETUAL for one in subject.group)
    return Limits(
        venue=subject.group[0].bars.venue,
        venue_kind="perpetual" if perpetual else "spot",
        symbols=tuple(one.bars.symbol for one in subject.group),
        timeframe=str(subject.group[0].bars.timeframe),
        capital_max=cash,
        leverage_max=settings.engine.leverage if perpetual else 1.0,
        history_bars=0 if found.attacks is None else found.attacks.warmup.needed_bars,
        expires_ms=end_ms + settings.certify.expiry_days * DAY_MS,
    )


def expected_of(result: Result, days: int) -> Expectation | None:
    """Return what trades are to be expected; None with too few of them, or all alike."""
    trades = closed_trades(result.run.trades)
    if len(trades) < TRADES_EXPECTED:
        return None
    traded = quantities(result, trades) * (trades["entry"] + trades["exit"])
    slips = trades["slippage"] / np.where(traded > 0.0, traded, 1.0) * BPS
    first_day = (int(result.run.account.first_ms) - 1) // DAY_MS
    entered = (trades["entry_ms"] - 1) // DAY_MS - first_day
    counts = np.bincount(np.clip(entered, 0, days - 1), minlength=days)
    try:
        found = expectation_of(
            trade_returns(result, trades).tolist(), slips.tolist(), counts.tolist()
        )
    except DataError:  # all results alike
        return None
    return Expectation(**{item.name: getattr(found, item.name) for item in fields(found)})
