"""Again: make the evidence of a certificate once more, and say what differs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ballast.core.certificate import as_document
from ballast.core.errors import DataError, StrategyError
from ballast.core.settings import build
from ballast.core.time import Timeframe
from ballast.research import workspace
from ballast.research.certify.battery import certify
from ballast.research.certify.subject import Subject
from ballast.research.code import code_version
from ballast.research.loading import load_series
from ballast.research.run import SYMBOLS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ballast.core.certificate import Certificate
    from ballast.research.certify.issue import Certified


@dataclass(frozen=True, slots=True)
class Remade:
    """The second certificate; `differs` names the fields that are not the same."""

    certified: Certified
    differs: tuple[str, ...]
    causes: tuple[str, ...]


def certify_again(
    certificate: Certificate,
    strategies: Path,
    data_root: Path,
    *,
    step: Callable[[str], None] = lambda _stage: None,
) -> Remade:
    """Make a certificate again from its own words; raise `UserError` where that is impossible."""
    subject = subject_of(certificate, strategies, data_root)
    again = certify(subject, trials=certificate.trials, step=step)
    first, second = as_document(certificate), as_document(again.certificate)
    differs = tuple(name for name in first if first[name] != second.get(name))
    causes = []
    if certificate.code_version != code_version():
        causes.append(f"code {certificate.code_version} then, {code_version()} now")
    if certificate.data != again.certificate.data:
        causes.append("the data, or the trading rules beside them, changed")
    return Remade(again, differs, tuple(causes))


def subject_of(certificate: Certificate, strategies: Path, data_root: Path) -> Subject:
    """Return what a certificate was made of."""
    strategy = workspace.load(certificate.strategy, strategies)
    if strategy.hash != certificate.strategy_hash:
        raise StrategyError(
            "the strategy is not the one that was certified",
            where=certificate.strategy,
            expected=f"hash {certificate.strategy_hash[:12]}, found {strategy.hash[:12]}",
            fix="bring back its file as it was, or certify it anew",
        )
    plain: dict[str, Any] = {k: v for k, v in certificate.settings.items() if k != SYMBOLS}
    settings = build(plain)
    own = {name: build(values) for name, values in certificate.settings.get(SYMBOLS, {}).items()}
    series = load_series(
        data_root,
        certificate.limits.venue,
        list(certificate.limits.symbols),
        Timeframe.parse(certificate.limits.timeframe),
        settings,
        from_ms=certificate.from_ms,
        to_ms=certificate.to_ms,
    )
    for one in series:
        known = certificate.data.get(one.bars.name, "")
        if one.bars.fingerprint() != known:
            raise DataError(
                "the bars are not the ones of the certificate",
                where=one.bars.name,
                expected=f"fingerprint {known[:12]}",
                fix="bring back the data as they were, or certify anew",
            )
    fixed = {
        name: value for name, value in certificate.params.items() if name not in certificate.space
    }
    return Subject(
        strategy,
        series,
        settings,
        params=fixed,
        space=certificate.space,
        symbol_settings=own,
        seed=certificate.seed,
        data_root=certificate.data_root,
    )
