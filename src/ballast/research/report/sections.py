"""The parts of the page that are words and tables: cards, figures, groups, months, run card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.time import format_ms
from ballast.research.metrics.catalogue import METRICS, metric
from ballast.research.metrics.groups import by_strategy
from ballast.research.report import words
from ballast.research.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ballast.research.metrics import Summary
    from ballast.research.metrics.groups import Group
    from ballast.research.metrics.significance import Interval
    from ballast.research.regimes import RegimeTable
    from ballast.research.result import Result

FAMILIES = {
    "account": "Account",
    "returns": "Returns",
    "drawdown": "Drawdown",
    "tails": "Tails of daily returns",
    "trades": "Trades",
    "excursion": "Excursions",
    "exposure": "Exposure",
    "costs": "Costs",
    "market": "Against the market",
    "significance": "Significance",
    "refusals": "Refusals",
}
TONE_FLAT = ""
HEAT_FULL = 0.15
"""A month of 15 % has the full colour; most months lie well below."""
HEAT_MAX = 55  # per cent of colour in a cell: above it, text would lose contrast


def cards(found: Summary) -> list[dict[str, str]]:
    """Return the headline figures: label, value, a second line, a tone (good, bad or none)."""
    returns, trades, market = found.returns, found.trades, found.market
    sharpe, mean = found.significance.sharpe_mertens, found.significance.mean_trade
    years = "" if returns.cagr is None else f"{words.percent(returns.cagr)} a year"
    return [
        _card("Net profit", words.cash(found.account.profit), years, found.account.profit),
        _card(
            "Total return",
            words.percent(returns.total),
            f"buy and hold {words.percent(market.change)}",
            returns.total,
        ),
        _card("Max drawdown", words.percent(found.drawdown.max), _lasted(found), None),
        _card("Sharpe", words.ratio(returns.sharpe), _between(sharpe), returns.sharpe),
        _card(
            "Profit factor",
            words.ratio(trades.profit_factor),
            f"{trades.wins:,} wins, {trades.losses:,} losses",
            None if trades.profit_factor is None else trades.profit_factor - 1.0,
        ),
        _card(
            "Expectancy",
            words.cash(trades.expectancy),
            _between(mean),
            trades.expectancy,
        ),
        _card(
            "Trades",
            f"{trades.count:,}",
            f"{words.percent(trades.win_rate)} won",
            None,
        ),
        _card(
            "In the market",
            words.percent(found.exposure.time),
            f"costs {words.cash(found.costs.total)}",
            None,
        ),
    ]


def families(found: Summary) -> list[dict[str, Any]]:
    """Return every figure of the catalogue by family, with its formula and why it is missing."""
    tables = []
    for family, title in FAMILIES.items():
        rows = [
            {
                "label": each.label,
                "value": words.shown(each, each.value(found)),
                "formula": each.formula,
                "why": each.undefined if each.value(found) is None else "",
            }
            for each in METRICS
            if each.family == family
        ]
        rows += _intervals(found) if family == "significance" else []
        tables.append({"title": title, "rows": rows})
    return tables


def group_tables(result: Result, found: Summary) -> list[dict[str, Any]]:
    """Return the cuts of the closed trades that say something: one row needs no table."""
    strategies = by_strategy(result)
    cuts: list[tuple[str, str, Sequence[Group]]] = [
        ("Long and short", "side", found.sides),
        ("By exit", "exit", found.exits),
        ("By symbol", "symbol", found.symbols),
        ("By strategy", "strategy", strategies),
        ("By tag", "tag", found.tags if found.tags != strategies else ()),
        ("By weekday of entry (UTC)", "weekday", found.weekdays),
        ("By hour of entry (UTC)", "hour", found.hours),
    ]
    return [
        {
            "title": title,
            "rows": [_group(row) for row in rows],
            "folded": key in {"weekday", "hour"},  # the charts above them say the same
        }
        for title, key, rows in cuts
        if len(rows) > 1 or key == "exit"
    ]


def month_rows(found: Summary) -> list[dict[str, Any]]:
    """Return one row a year: twelve cells with text, sign and strength of colour, then the year."""
    changes = {(row.year, row.month): row.change for row in found.months}
    return [
        {
            "year": row.year,
            "cells": [_heat(changes.get((row.year, month))) for month in range(1, 13)],
            "total": _heat(row.change),
            "fall": f"{100 * row.max_drawdown:.1f}",
        }
        for row in found.years
    ]


def drawdown_rows(found: Summary) -> list[dict[str, str]]:
    """Return the worst falls as text."""
    return [
        {
            "depth": words.percent(fall.depth),
            "start": format_ms(fall.start_ms),
            "trough": format_ms(fall.trough_ms),
            "end": "not yet" if fall.end_ms is None else format_ms(fall.end_ms),
            "lasted": words.span(fall.duration_ms),
            "recovery": words.span(fall.recovery_ms),
        }
        for fall in found.drawdown.worst
    ]


def cost_rows(found: Summary) -> list[dict[str, str]]:
    """Return the ladder: what the same trades would have left at other costs."""
    return [
        {
            "multiple": f"{rung.multiple:g} x",
            "net": words.cash(rung.net),
            "change": words.percent(rung.change),
            "tone": tone(rung.net),
        }
        for rung in found.costs.ladder
    ]


def regime_rows(found: RegimeTable) -> list[dict[str, str]]:
    """Return the result by regime as text; nothing where no regime was known."""
    if found.known_share == 0.0:
        return []
    return [
        {
            "regime": row.regime,
            "share": f"{row.share:.1%}",
            "trades": f"{row.trades:,}",
            "won": words.percent(row.win_rate),
            "net": words.cash(row.net),
            "tone": tone(row.net),
            "mean": words.cash(row.expectancy),
            "r": words.ratio(row.expectancy_r),
            "contribution": words.percent(row.contribution),
            "sharpe": words.ratio(row.sharpe),
            "fall": words.percent(row.max_drawdown),
        }
        for row in found.rows
    ]


def refusal_rows(found: Summary) -> list[dict[str, str]]:
    """Return the refused entries by reason."""
    return [
        {
            "reason": row.reason.replace("_", " "),
            "count": f"{row.count:,}",
            "share": f"{row.share:.1%}",
            "width": f"{100 * row.share:.1f}%",
        }
        for row in found.refusals.rows
    ]


def run_card(result: Result) -> list[tuple[str, str]]:
    """Return the card as name and text: what it takes to run this again to the same bytes."""
    card = result.card
    rows = [
        ("Run", card.run_id),
        ("Strategy", card.strategy),
        ("Strategy hash", card.strategy_hash),
        ("Code", card.code_version),
        ("Engine", card.engine),
        ("Seed", str(card.seed)),
        ("From", f"{format_ms(card.from_ms)} UTC"),
        ("To", f"{format_ms(card.to_ms)} UTC"),
        ("Data root", card.data_root),
        ("Settings hash", card.settings_hash),
    ]
    rows += [(f"Data {name}", print_) for name, print_ in card.data.items()]
    rows += [(f"Parameter {name}", str(value)) for name, value in flat(card.params)]
    for name, one in zip(card.names[1:], card.others, strict=True):
        rows += [
            ("Strategy beside", f"{name} on {', '.join(one.symbols)}"),
            (f"{name}: strategy hash", one.strategy_hash),
        ]
        rows += [(f"{name}: {key}", str(value)) for key, value in flat(one.params)]
    return rows


def settings_rows(result: Result) -> list[tuple[str, str]]:
    """Return the effective settings as dotted names."""
    return [(name, str(value)) for name, value in flat(result.card.settings)]


def flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of nested mappings as dotted names, sorted."""
    for name in sorted(tree):
        value = tree[name]
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", plain(value)


def tone(value: float | None) -> str:
    """Return the class of a number: gain, loss, or none for zero and nothing."""
    if value is None or value == 0:
        return TONE_FLAT
    return "gain" if value > 0 else "loss"


def _card(label: str, value: str, more: str, judged: float | None) -> dict[str, str]:
    return {"label": label, "value": value, "more": more, "tone": tone(judged)}


def _lasted(found: Summary) -> str:
    if found.drawdown.duration_ms is None:
        return "equity never fell"
    word = "lasted" if found.drawdown.end_ms is not None else "for"
    more = "" if found.drawdown.end_ms is not None else ", still below"
    return f"{word} {words.span(found.drawdown.duration_ms)}{more}"


def _between(interval: Interval | None) -> str:
    if interval is None:
        return "no interval"
    return f"95 %: {words.ratio(interval.low)} to {words.ratio(interval.high)}"


def _intervals(found: Summary) -> list[dict[str, str]]:
    stats = found.significance
    won = stats.win_rate
    share = {
        "label": "Win rate, 95 % (Wilson 1927)",
        "value": words.NOTHING
        if won is None
        else f"{words.percent(won.low)} to {words.percent(won.high)}",
        "formula": "score interval of wins / trades",
        "why": metric("trades.win_rate").undefined if won is None else "",
    }
    pairs = (
        ("Mean trade, 95 %", stats.mean_trade, "mean +- t * std / sqrt(n)"),
        ("Sharpe, 95 % (Lo 2002)", stats.sharpe_lo, "normal, independent days"),
        ("Sharpe, 95 % (Mertens 2002)", stats.sharpe_mertens, "skewed, fat-tailed days"),
    )
    return [
        share,
        *(
            {
                "label": label,
                "value": words.NOTHING
                if interval is None
                else f"{words.ratio(interval.low)} to {words.ratio(interval.high)}",
                "formula": formula,
                "why": metric("significance.t_statistic").undefined if interval is None else "",
            }
            for label, interval, formula in pairs
        ),
    ]


def _group(row: Group) -> dict[str, str]:
    return {
        "key": row.key.replace("_", " "),
        "count": f"{row.count:,}",
        "won": words.percent(row.win_rate),
        "net": words.cash(row.net),
        "tone": tone(row.net),
        "mean": words.cash(row.expectancy),
        "r": words.ratio(row.expectancy_r),
        "factor": words.ratio(row.profit_factor),
        "held": words.span(row.average_ms),
        "fees": words.cash(row.fees),
    }


def _heat(change: float | None) -> dict[str, str]:
    if change is None:
        return {"text": "", "tone": "", "strength": "0%"}
    strength = min(abs(change) / HEAT_FULL, 1.0) * HEAT_MAX
    text = f"{100 * change:.1f}"
    return {
        "text": "0.0" if text == "-0.0" else text,
        "tone": tone(change),
        "strength": f"{strength:.0f}%",
    }
