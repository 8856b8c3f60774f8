"""Certificates: the quality report of a series as a file beside it, sealed by its own hash.

A certificate speaks about one content: it carries the fingerprint of the bars it was made from. A
series that changed since has no certificate (`check` says so); a certificate that was edited is
refused. The seal is a hash, no secret: it guards against accidents, not against forgers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import ballast
from ballast.core.errors import DataError
from ballast.core.hashing import canonical_json, value_hash
from ballast.store.disk import Disk, replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.core.bars import Bars
    from ballast.store.quality.report import QualityReport

FORMAT = 1
SUFFIX = ".quality.json"
FIX = "run `ballast data check --certify` again"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate states. `report` is `QualityReport.plain()`."""

    fingerprint: str
    score: float
    threshold: float
    tool: str
    report: dict[str, Any]

    @property
    def passed(self) -> bool:
        """Say whether the score reached the threshold it was held against."""
        return self.score >= self.threshold

    def check(self, bars: Bars) -> None:
        """Raise `DataError` unless the certificate speaks about exactly these bars."""
        if bars.fingerprint() != self.fingerprint:
            raise DataError(
                "the data changed since its quality was certified", where=bars.name, fix=FIX
            )


def certify(report: QualityReport, *, threshold: float) -> Certificate:
    """Make the certificate of a report."""
    tool = f"ballast {ballast.__version__}"
    return Certificate(report.fingerprint, report.score, threshold, tool, report.plain())


def path_beside(series: Path) -> Path:
    """Return where the certificate of a file or of a series' folder lies: beside it."""
    return series.with_name(series.name + SUFFIX)


def write(path: Path, certificate: Certificate) -> str:
    """Write atomically; return the seal. Equal certificates are equal bytes."""
    body = _body(certificate)
    seal = value_hash(body)
    replace_file(Disk(), path, [f"{canonical_json({**body, 'seal': seal})}\n".encode()])
    return seal


def read(path: Path) -> Certificate:
    """Read a certificate; raise `DataError` if it is missing, unreadable or was edited."""
    try:
        found: Any = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise DataError("there is no certificate", where=str(path), fix=FIX) from None
    except (OSError, ValueError):
        raise DataError("the certificate cannot be read", where=str(path), fix=FIX) from None
    body = dict(found) if isinstance(found, dict) else {}
    seal = body.pop("seal", None)
    if seal is None or body.get("format") != FORMAT:
        raise DataError("this is no certificate", where=str(path), fix=FIX)
    if value_hash(body) != seal:
        raise DataError("the certificate was changed after it was sealed", where=str(path), fix=FIX)
    report = cast("dict[str, Any]", body["report"])
    return Certificate(
        str(body["fingerprint"]),
        float(body["score"]),
        float(body["threshold"]),
        str(body["tool"]),
        report,
    )


def _body(certificate: Certificate) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "fingerprint": certificate.fingerprint,
        "score": certificate.score,
        "threshold": certificate.threshold,
        "tool": certificate.tool,
        "report": certificate.report,
    }
