"""Report: a paper session as one self-contained HTML page, made of its journal."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from ballast.core.reason_texts import REFUSAL_TEXT
from ballast.core.reasons import label
from ballast.core.time import format_ms
from ballast.research.assignment import title_of
from ballast.service.paper.facts import facts_of
from ballast.store.disk import Disk, replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.service.paper.facts import Facts
    from ballast.service.paper.running import Running

PACKAGE = "ballast.service.paper"
STYLE = ("ballast.research.report", "style.css")
POINTS_MAX = 4_000
ALERTS_SHOWN = 200


def write_report(running: Running, folder: Path) -> Path:
    """Write the page of a session; return where it lies."""
    opened = running.opened
    quote = running.paper.quote
    scale = 10 ** opened.client.digits()[quote]
    facts = facts_of(running.shell.live.journal.records(), opened.exchange.listings, scale)
    path = folder / f"paper-{opened.rules.account}.html"
    replace_file(Disk(), path, [page_of(running, facts, quote).encode()])
    return path


def page_of(running: Running, facts: Facts, quote: str) -> str:
    """Return the page."""
    opened, node = running.opened, running.node
    first, last = (facts.equity[0], facts.equity[-1]) if facts.equity else ((0, 0.0), (0, 0.0))
    start = opened.legs[0].settings.engine.initial_cash
    peak, fall = start, 0.0
    for _, value in facts.equity:
        peak = max(peak, value)
        fall = min(fall, value / peak - 1.0)
    fees = sum(float(str(one["fee"])) for one in facts.fills)
    slipped = sum(one.slippage for one in facts.costs.values())
    change = last[1] / start - 1.0
    faults = dict(getattr(opened.client, "seen", {}))
    cards = [
        ("Equity", f"{last[1]:,.2f}", f"{change:+.2%} of {start:,.0f} {quote}", change),
        ("Largest fall", f"{fall:.2%}", "marked at each close", fall),
        ("Fills", f"{len(facts.fills):,}", f"{fees:,.2f} {quote} of fees", 0.0),
        ("Slippage", f"{slipped:,.2f}", f"{quote}, against the prices at the decisions", 0.0),
        ("Entries", f"{facts.accepted:,}", f"{sum(facts.refused.values()):,} reasons against", 0.0),
        ("Starts", f"{len(facts.starts):,}", f"{running.relived:,} requests lived again", 0.0),
        ("Faults", f"{sum(faults.values()):,}", "drawn since the last start", 0.0),
        ("Mode", str(node.halt.mode), node.halt.reason, 0.0),
        ("Journal", f"{facts.records:,}", "records", 0.0),
    ]
    values: dict[str, Any] = {
        "title": f"Paper: {title_of(opened.assignments)}",
        "strategy": title_of(opened.assignments),
        "series": [f"{one.symbol} {one.timeframe}" for one in opened.bars],
        "venue": opened.bars[0].venue,
        "account": node.rules.account,
        "period": f"{format_ms(first[0])} to {format_ms(last[0])} UTC",
        "cards": cards,
        "refused": [
            (rule, count, MEANINGS.get(rule.removeprefix("kernel: "), ""))
            for rule, count in facts.refused.most_common()
        ],
        "exposure": running.exposure.of(node),
        "fills": facts.fills,
        "costs": sorted(facts.costs.items()),
        "alerts": [
            (format_ms(at_ms), symbol or "account", text)
            for at_ms, symbol, text in facts.alerts[-ALERTS_SHOWN:]
        ],
        "commands": [
            (format_ms(at_ms), order, who, reason) for at_ms, order, who, reason in facts.commands
        ],
        "starts": [format_ms(one) for one in facts.starts],
        "style": Markup(_style()),  # noqa: S704 - our own file
        "plotly": Markup(get_plotlyjs()),  # noqa: S704 - the installed library
        "data": Markup(_embedded(_data(facts))),  # noqa: S704 - escaped by `_embedded`
    }
    return _environment().get_template("page.html.j2").render(values)


MEANINGS = {label(reason): text for reason, (text, _) in REFUSAL_TEXT.items()}


def _data(facts: Facts) -> dict[str, Any]:
    """Return what the charts draw."""
    return {
        "equity": _thin(facts.equity),
        "closes": {symbol: _thin(rows) for symbol, rows in facts.closes.items()},
        "fills": facts.fills,
        "starts": facts.starts,
    }


def _thin(rows: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return at most some thousand of the rows, the last one always among them."""
    step = max(1, len(rows) // POINTS_MAX)
    return [*rows[::step], *rows[-1:]]


def _embedded(value: dict[str, Any]) -> str:
    text = json.dumps(value, separators=(",", ":"), sort_keys=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _style() -> str:
    package, name = STYLE
    return (files(package) / "templates" / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader(PACKAGE, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
