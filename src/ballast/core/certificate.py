"""Certificate: what was proved about a strategy, by which tests, and where the proof ends.

A certificate is a value. It says yes or no, names every test with its figure and its threshold, and
states the limits under which it holds. It carries no clock: it dates from the last bar of its
evidence, so that the same evidence gives the same bytes. Signing is `store.certificates`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from ballast.core.errors import DataError
from ballast.core.hashing import value_hash
from ballast.core.time import DAY_MS

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = "ballast.certificate"
SCHEMA_VERSION = 1


class Verdict(StrEnum):
    """What a test, or the whole battery, came to."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    SKIPPED = "skipped"  # it does not apply; `detail` says why
    NOTE = "note"  # told, not judged


@dataclass(frozen=True, slots=True)
class Check:
    """One test: its figure, the threshold it was held against, and what came of it."""

    id: str
    title: str
    value: float | None
    threshold: float | None
    at_least: bool  # the figure must reach the threshold; else it must not exceed it
    verdict: Verdict
    detail: str = ""

    @property
    def line(self) -> str:
        """Say it in one line."""
        shown = "not defined" if self.value is None else f"{self.value:.4g}"
        if self.threshold is None:
            return f"{self.title}: {shown}"
        bound = "at least" if self.at_least else "at most"
        return f"{self.title}: {shown}, asked for {bound} {self.threshold:.4g}"


def judged(
    id_: str,
    title: str,
    value: float | None,
    threshold: float,
    *,
    at_least: bool,
    detail: str = "",
) -> Check:
    """Hold a figure against its threshold; one that is not defined fails."""
    holds = value is not None and (value >= threshold if at_least else value <= threshold)
    verdict = Verdict.PASS if holds else Verdict.FAIL
    return Check(id_, title, value, threshold, at_least, verdict, detail)


def noted(id_: str, title: str, value: float | None, detail: str = "") -> Check:
    """Tell a figure without judging it."""
    return Check(id_, title, value, None, True, Verdict.NOTE, detail)  # noqa: FBT003


def skipped(id_: str, title: str, why: str) -> Check:
    """Say that a test does not apply, and why."""
    return Check(id_, title, None, None, True, Verdict.SKIPPED, why)  # noqa: FBT003


@dataclass(frozen=True, slots=True)
class Trials:
    """How often the market has been tried, and what of the ledger was seen."""

    count: int  # distinct trials on this market, whatever the idea, and those known to be lost
    family: int  # of these, trials of this strategy
    independent: float  # so many independent trials would have a luckiest one as lucky
    ledger_seq: int
    ledger_count: int  # distinct trials of the whole ledger
    ledger_hash: str  # of its last batch: a ledger cut shorter cannot show it again
    gaps: tuple[str, ...] = ()  # what speaks against the ledger


@dataclass(frozen=True, slots=True)
class Limits:
    """Where the proof ends: beyond any of these the certificate says nothing."""

    venue: str
    venue_kind: str  # spot or perpetual
    symbols: tuple[str, ...]
    timeframe: str
    capital_max: float  # quote units
    leverage_max: float
    history_bars: int  # to be loaded before the first decision
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Expectation:
    """What trades are to be expected: what a degradation watch compares reality with.

    `mean` and `deviation` are of a trade's return, `dispersion` is variance over mean of the daily
    counts of trades.
    """

    trades: int
    mean: float
    deviation: float
    hit_rate: float
    slippage_bps: float
    slippage_deviation_bps: float
    trades_per_day: float
    days: float
    dispersion: float


@dataclass(frozen=True, slots=True)
class Certificate:
    """The whole record; `store.certificates` signs it."""

    verdict: Verdict
    strategy: str
    strategy_hash: str
    family_hash: str
    params: dict[str, float]
    space: dict[str, tuple[float, ...]]
    data: dict[str, str]
    data_root: str
    from_ms: int
    to_ms: int
    settings: dict[str, Any]
    settings_hash: str
    code_version: str
    seed: int
    checks: tuple[Check, ...]
    trials: Trials
    limits: Limits
    expectation: Expectation | None  # None: too few trades to expect anything
    evidence_hash: str
    notes: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Return the hash of everything in it."""
        return value_hash(as_document(self))

    @property
    def failed(self) -> tuple[Check, ...]:
        """Return the tests that failed."""
        return tuple(one for one in self.checks if one.verdict is Verdict.FAIL)

    def refusal(
        self,
        *,
        strategy_hash: str,
        params: Mapping[str, float],
        symbol: str,
        capital: float,
        now_ms: int,
    ) -> str:
        """Return why this certificate does not cover a run, or an empty text if it does.

        A run is covered by the strategy and the parameters that were proved, on a symbol, within
        the capital and before the day that the certificate names.
        """
        limits = self.limits
        days_late = (now_ms - limits.expires_ms) // DAY_MS
        reasons = (
            (self.verdict is not Verdict.PASS, f"the certificate of {self.strategy} says no"),
            (
                strategy_hash != self.strategy_hash,
                f"the strategy has changed since it was certified ({self.strategy})",
            ),
            (dict(params) != self.params, f"other parameters were certified: {words(self.params)}"),
            (
                symbol not in limits.symbols,
                f"{symbol} was not certified, only {', '.join(limits.symbols)}",
            ),
            (
                capital > limits.capital_max,
                f"capital {capital:.0f} is above the certified {limits.capital_max:.0f}",
            ),
            (now_ms >= limits.expires_ms, f"the certificate expired {days_late} days ago"),
        )
        return next((text for broken, text in reasons if broken), "")


def words(params: Mapping[str, float]) -> str:
    """Return `fast=9, slow=21`."""
    return ", ".join(f"{name}={value:g}" for name, value in params.items()) or "none"


def overall(checks: tuple[Check, ...]) -> Verdict:
    """Return PASS if at least one test was judged and none failed."""
    verdicts = {one.verdict for one in checks}
    if Verdict.FAIL in verdicts or Verdict.PASS not in verdicts:
        return Verdict.FAIL
    return Verdict.PASS


def as_document(certificate: Certificate) -> dict[str, Any]:
    """Return plain values, as they are written and signed."""
    plain = {item.name: _plain(getattr(certificate, item.name)) for item in fields(certificate)}
    return {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, **plain}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any field of a certificate
    if isinstance(value, Check | Trials | Limits | Expectation):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, StrEnum):
        return str(value)
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    return value


def from_document(document: Mapping[str, Any]) -> Certificate:
    """Read what `as_document` wrote; raise `DataError` for anything else."""
    if document.get("schema") != SCHEMA:
        raise DataError("is no certificate", expected=f"schema {SCHEMA}")
    if document.get("schema_version") != SCHEMA_VERSION:
        raise DataError(
            f"has version {document.get('schema_version')}", expected=f"version {SCHEMA_VERSION}"
        )
    try:
        values = {item.name: document[item.name] for item in fields(Certificate)}
        values["verdict"] = Verdict(values["verdict"])
        values["checks"] = tuple(
            Check(**{**one, "verdict": Verdict(one["verdict"])}) for one in values["checks"]
        )
        values["trials"] = Trials(**{**values["trials"], "gaps": tuple(values["trials"]["gaps"])})
        limits = values["limits"]
        values["limits"] = Limits(**{**limits, "symbols": tuple(limits["symbols"])})
        if values["expectation"] is not None:
            values["expectation"] = Expectation(**values["expectation"])
        values["space"] = {name: tuple(axis) for name, axis in values["space"].items()}
        values["notes"] = tuple(values["notes"])
        return Certificate(**values)
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise DataError(
            f"is no whole certificate: {type(problem).__name__} {problem}",
            fix="make it anew with `ballast certify`",
        ) from None
