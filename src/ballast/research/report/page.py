"""One self-contained HTML file: opens anywhere, asks nobody, prints well.

Everything is inside: style, scripts, data, plotly.js. A content policy in the head forbids any
network access, so that "self-contained" is enforced by the browser and not only promised. The bytes
depend on the result and the installed plotly and zlib, on nothing else: no clock, no random ids.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from plotly.offline import get_plotlyjs

from ballast.core.time import format_ms
from ballast.research.regimes import regime_table
from ballast.research.report import sections
from ballast.research.report.assumptions import ASSUMPTIONS
from ballast.research.report.figures import page_data
from ballast.research.report.plain import plain

if TYPE_CHECKING:
    from ballast.research.metrics import Summary
    from ballast.research.result import Result

PACKAGE = "ballast.research.report"
STYLES = ("style.css",)
SCRIPTS = ("theme.js", "data.js", "charts.js", "candles.js", "trades.js", "main.js")


def report_html(result: Result, found: Summary) -> str:
    """Return the whole page; the same result gives the same bytes."""
    card, account = result.card, found.account
    regimes = regime_table(result)
    values: dict[str, Any] = {
        "title": f"{card.title}: {', '.join(bars.symbol for bars in result.bars)}",
        "strategy": card.title,
        "series": [f"{bars.symbol} {bars.timeframe}" for bars in result.bars],
        "venues": sorted({bars.venue for bars in result.bars}),
        "period": f"{format_ms(account.from_ms)} to {format_ms(account.to_ms)} UTC",
        "account": account,
        "run_id": card.run_id,
        "quote": result.instruments[0].quote if result.instruments else "",
        "cards": sections.cards(found),
        "remarks": found.remarks,
        "notes": result.notes,
        "assumptions": ASSUMPTIONS,
        "months": sections.month_rows(found),
        "drawdowns": sections.drawdown_rows(found),
        "groups": sections.group_tables(result, found),
        "ladder": sections.cost_rows(found),
        "regimes": sections.regime_rows(regimes),
        "detector": regimes.detector,
        "refusals": sections.refusal_rows(found),
        "refused": f"{found.refusals.total:,}",
        "families": sections.families(found),
        "card": sections.run_card(result),
        "settings": sections.settings_rows(result),
        "symbols": [bars.symbol for bars in result.bars],
        "style": Markup("\n".join(_asset(name) for name in STYLES)),  # noqa: S704 - our own file
        "script": Markup("\n".join(_asset(name) for name in SCRIPTS)),  # noqa: S704 - our own files
        "plotly": Markup(get_plotlyjs()),  # noqa: S704 - the installed library
        "data": Markup(embedded(page_data(result, found))),  # noqa: S704 - escaped by `embedded`
    }
    return _environment().get_template("page.html.j2").render(values)


def embedded(value: dict[str, Any]) -> str:
    """Print JSON that cannot end its script element, whatever a symbol or a tag is called."""
    text = json.dumps(plain(value), separators=(",", ":"), sort_keys=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def code(text: str) -> Markup:
    """Show what stands between backticks as code; everything else stays escaped text."""
    parts = [escape(part) for part in text.split("`")]
    if len(parts) % 2 == 0:  # an odd backtick quotes nothing
        return escape(text)
    shown = (f"<code>{part}</code>" if i % 2 else str(part) for i, part in enumerate(parts))
    return Markup("".join(shown))  # noqa: S704 - every part was escaped above


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader(PACKAGE, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["code"] = code
    return made


@cache
def _asset(name: str) -> str:
    return (files(PACKAGE) / "templates" / name).read_text(encoding="utf-8")
