"""The report of a certificate: one self-contained page, verdict on top, no script at all.

Charts are SVG text in the page's own colours; a content policy forbids any network access. The same
certificate and evidence give the same bytes.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ballast.core.certificate import Verdict, words
from ballast.core.time import format_ms
from ballast.research.certify import charts
from ballast.research.report.page import code
from ballast.research.report.svg import STYLE, percent

if TYPE_CHECKING:
    from ballast.core.certificate import Certificate

NOTHING = "\N{EN DASH}"
ORDER = {Verdict.FAIL: 0, Verdict.PASS: 1, Verdict.SKIPPED: 2, Verdict.NOTE: 3}
MARKS = {
    Verdict.PASS: ("✓", "gain"),
    Verdict.FAIL: ("✗", "loss"),
    Verdict.SKIPPED: (NOTHING, ""),
    Verdict.NOTE: ("i", ""),
}


def certificate_html(certificate: Certificate, evidence: dict[str, Any], key: str = "") -> str:
    """Return the whole page; `key` is the public key that signed the certificate."""
    passed = certificate.verdict is Verdict.PASS
    judged = [one for one in certificate.checks if one.verdict in {Verdict.PASS, Verdict.FAIL}]
    values = {
        "style": Markup(_style()),  # noqa: S704 - our own files
        "strategy": certificate.strategy,
        "passed": passed,
        "failed": certificate.failed,
        "passes": sum(one.verdict is Verdict.PASS for one in judged),
        "judged": len(judged),
        "params": words(certificate.params),
        "space": {name: _axis(axis) for name, axis in certificate.space.items()},
        "combinations": evidence.get("combinations", 1),
        "series": sorted(name for name in certificate.data if not name.endswith("/beside")),
        "period": f"{format_ms(certificate.from_ms)} to {format_ms(certificate.to_ms)} UTC",
        "checks": [_row(one) for one in sorted(certificate.checks, key=_place)],
        "trials": certificate.trials,
        "limits": certificate.limits,
        "expires": format_ms(certificate.limits.expires_ms),
        "expectation": certificate.expectation,
        "notes": certificate.notes,
        "id": certificate.id,
        "key": key,
        "certificate": certificate,
        "evidence": {"stress": None, "regimes": None, **evidence},
        "charts": {name: Markup(text) for name, text in charts.all_of(evidence).items()},  # noqa: S704
        "folds": _folds(evidence),
        "percent": percent,
        "nothing": NOTHING,
    }
    return _environment().get_template("certificate.html.j2").render(values)


def _place(check: Any) -> int:  # noqa: ANN401 - a check
    return ORDER[check.verdict]


def _row(check: Any) -> dict[str, Any]:  # noqa: ANN401 - a check
    mark, tone = MARKS[check.verdict]
    bound = ""
    if check.threshold is not None:
        bound = f"{'at least' if check.at_least else 'at most'} {check.threshold:.4g}"
    return {
        "mark": mark,
        "tone": tone,
        "title": check.title,
        "value": NOTHING if check.value is None else f"{check.value:.4g}",
        "bound": bound,
        "detail": check.detail,
        "verdict": str(check.verdict),
    }


def _axis(axis: tuple[float, ...]) -> str:
    shown = ", ".join(f"{value:g}" for value in axis[:12])
    return shown + (f", … ({len(axis)})" if len(axis) > 12 else "")  # noqa: PLR2004 - a line full


def _folds(evidence: dict[str, Any]) -> list[dict[str, Any]]:
    walk = evidence.get("walk")
    if not walk:
        return []
    rows = []
    for one in walk["folds"]:
        inside, outside = one["in_sample"], one["out_of_sample"]
        rows.append(
            {
                "test": f"{format_ms(one['test'][0])[:10]} to {format_ms(one['test'][1])[:10]}",
                "params": "nothing: flat" if one["params"] is None else _chosen(one["params"]),
                "drift": _number(one["drift"]),
                "inside": _number(inside["sharpe"] if inside else None),
                "outside": _number(outside["sharpe"]),
                "return": percent(outside["yearly_return"]),
                "fall": percent(-outside["max_drawdown"]),
                "trades": outside["trades"],
                "tone": "gain" if outside["yearly_return"] > 0 else "loss",
            }
        )
    return rows


def _chosen(params: dict[str, float]) -> str:
    return words(params) if params else "as given"


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2f}"


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("ballast.research.certify", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["code"] = code
    return made


@cache
def _style() -> str:
    house = files("ballast.research.report") / "templates" / "style.css"
    own = files("ballast.research.certify") / "templates" / "certificate.css"
    return "\n".join((house.read_text("utf-8"), STYLE, own.read_text("utf-8")))
