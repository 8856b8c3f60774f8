"""The charts of a report, each from plain evidence; an empty text where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np

from ballast.research.report.svg import Plot, number, percent, reach

LOW, NARROW = 200.0, 480.0
"""Of charts that stand side by side: fewer units a line, so that their text is not small."""
SHADES = 8
HEAT_CELLS_MAX = 40


def all_of(evidence: dict[str, Any]) -> dict[str, str]:
    """Return every chart by name."""
    return {name: draw(evidence) for name, draw in CHARTS.items()}


def _equity(evidence: dict[str, Any]) -> str:
    curve = evidence.get("equity")
    if not curve:
        return ""
    x, y = np.array(curve["ms"], float), np.array(curve["level"], float)
    plot = Plot("Equity of the chosen set over all data", (x[0], x[-1]), reach(y), is_time=True)
    plot.across(1.0)
    plot.line(x, y, "c-accent")
    if evidence.get("split_ms"):
        plot.upright(evidence["split_ms"], "not seen by the choice")
    return plot.svg()


def _walk(evidence: dict[str, Any]) -> str:
    walk = evidence.get("walk")
    if not walk or not walk["curve"]:
        return ""
    x, y = (np.array(walk["curve"][name], float) for name in ("ms", "level"))
    plot = Plot("Walk-forward equity, out of sample only", (x[0], x[-1]), reach(y), is_time=True)
    plot.across(1.0)
    for border in walk["borders_ms"]:
        plot.upright(border)
    plot.line(x, y, "c-gain" if y[-1] >= 1.0 else "c-loss")
    return plot.svg()


def _fan(evidence: dict[str, Any]) -> str:
    fan = evidence.get("fan")
    if not fan:
        return ""
    x = np.array(fan["days"], float)
    rows = np.array(fan["values"], float)
    plot = Plot(
        "A year of resampled out-of-sample days",
        (x[0], x[-1]),
        reach(rows),
        height=LOW,
        width=NARROW,
    )
    plot.across(1.0)
    plot.band(x, rows[0], rows[-1])
    plot.band(x, rows[1], rows[-2])
    plot.line(x, rows[len(rows) // 2], "c-accent")
    return plot.svg()


def _bars(
    data: dict[str, Any] | None, title: str, *, mark: float | None = None, label: str = "",
    split: float | None = None,
) -> str:  # fmt: skip
    """Draw a histogram; bars left of `split` are losses, `mark` is the figure in question."""
    if not data:
        return ""
    edges, counts = np.array(data["edges"], float), np.array(data["counts"], float)
    low, high = float(edges[0]), float(edges[-1])
    if mark is not None:
        low, high = min(low, mark), max(high, mark)
    room = (high - low) * 0.03
    plot = Plot(title, (low - room, high + room), (0.0, float(counts.max()) * 1.08 or 1.0),
                height=LOW, width=NARROW)  # fmt: skip
    for left, right, count in zip(edges[:-1], edges[1:], counts, strict=True):
        kind = "c-loss" if split is not None and (left + right) / 2 <= split else "c-soft"
        plot.bar(left, right, 0.0, count, kind, f"{left:.3g} to {right:.3g}: {count:.0f}")
    if mark is not None:
        plot.upright(mark, label, "c-accent")
    return plot.svg()


def _logits(evidence: dict[str, Any]) -> str:
    one = evidence.get("overfitting")
    return _bars(one["logits"], "Logits of the winner's rank out of sample", split=0.0,
                 mark=0.0, label="as good as a coin") if one else ""  # fmt: skip


def _shuffled(evidence: dict[str, Any]) -> str:
    attacks = evidence.get("attacks")
    if not attacks:
        return ""
    one = attacks["shuffle"]
    return _bars(one["permuted"], "Sharpe ratio on shuffled markets", mark=one["real"],
                 label="the real one")  # fmt: skip


def _random(evidence: dict[str, Any]) -> str:
    stress = evidence.get("stress")
    if not stress:
        return ""
    one = stress["entries"]
    return _bars(one["random"], "Sharpe ratio of random entries with the same exits",
                 mark=one["real"], label="the strategy")  # fmt: skip


def _orders(evidence: dict[str, Any]) -> str:
    one = evidence.get("trade_order")
    return _bars(one["drawdowns"], "Deepest fall over orders of the same trades",
                 mark=one["observed"], label="as it came") if one else ""  # fmt: skip


def _paths(evidence: dict[str, Any]) -> str:
    values = evidence.get("paths")
    if not values:
        return ""
    row = np.sort(np.array(values, float))
    plot = Plot("Sharpe ratio of each cross-validated path", (0.0, float(len(row))),
                reach(row, np.zeros(1)), height=LOW, width=NARROW, x_ticks=())  # fmt: skip
    plot.across(0.0)
    for place, value in enumerate(row):
        kind = "c-gain" if value > 0 else "c-loss"
        plot.bar(place + 0.1, place + 0.9, 0.0, float(value), kind, f"{value:.2f}")
    return plot.svg()


def _costs(evidence: dict[str, Any]) -> str:
    stress = evidence.get("stress")
    if not stress or not stress["costs"]:
        return ""
    rungs = stress["costs"]
    values = np.array([one["return"] for one in rungs], float)
    plot = Plot("Return at multiples of the costs", (0.0, float(len(rungs))),
                reach(values, np.zeros(1)), height=LOW, width=NARROW, y_label=percent,
                x_ticks=())  # fmt: skip
    plot.across(0.0)
    for place, one in enumerate(rungs):
        kind = "c-gain" if one["return"] > 0 else "c-loss"
        label = f"{one['multiple']:g}\N{MULTIPLICATION SIGN} costs: {percent(one['return'])}"
        plot.bar(place + 0.2, place + 0.8, 0.0, one["return"], kind, label)
        plot.caption(place + 0.5, f"{one['multiple']:g}\N{MULTIPLICATION SIGN}")
    return plot.svg()


def _delay(evidence: dict[str, Any]) -> str:
    attacks = evidence.get("attacks")
    if not attacks:
        return ""
    rows = attacks["delay"]
    values = np.array([one["sharpe"] or 0.0 for one in rows], float)
    plot = Plot("Sharpe ratio, acting later", (0.0, float(len(rows))), reach(values, np.zeros(1)),
                height=LOW, width=NARROW, x_ticks=())  # fmt: skip
    plot.across(0.0)
    for place, (one, value) in enumerate(zip(rows, values, strict=True)):
        kind = "c-gain" if value > 0 else "c-loss"
        plot.bar(place + 0.2, place + 0.8, 0.0, float(value), kind, f"{value:.2f}")
        plot.caption(place + 0.5, f"+{one['bars']} bars" if one["bars"] else "at once")
    return plot.svg()


def _capacity(evidence: dict[str, Any]) -> str:
    stress = evidence.get("stress")
    points = [one for one in (stress or {}).get("capacity", []) if one["cagr"] is not None]
    if len(points) < 2:  # noqa: PLR2004 - a line has two ends
        return ""
    x = np.log10([one["cash"] for one in points])
    y = np.array([one["cagr"] for one in points], float)
    plot = Plot("Yearly growth by account size", (float(x[0]), float(x[-1])),
                reach(y, np.zeros(1)), y_label=percent, x_label=_power, height=LOW, width=NARROW,
                x_ticks=tuple(range(int(np.ceil(x[0])), int(x[-1]) + 1)))  # fmt: skip
    plot.across(0.0)
    plot.line(x, y, "c-accent")
    for place, level in zip(x, y, strict=True):
        plot.dot(float(place), float(level), "c-accent", percent(float(level)))
    return plot.svg()


def _power(exponent: float) -> str:
    return f"{10.0**exponent:,.0f}"


def _surface(evidence: dict[str, Any]) -> str:
    """Draw the neighbourhood of the chosen set as a table of shades."""
    surface = (evidence.get("stress") or {}).get("surface")
    if not surface:
        return ""
    rows = np.array([[np.nan if v is None else v for v in row] for row in surface["rows"]], float)
    if np.isnan(rows).all() or max(rows.shape) > HEAT_CELLS_MAX:
        return ""
    most = float(np.nanmax(np.abs(rows))) or 1.0
    params = evidence.get("params", {})
    head = "".join(f'<th scope="col">{number(value)}</th>' for value in surface["x_values"])
    body = []
    for value, row in zip(surface["y_values"], rows, strict=True):
        cells = []
        for x_value, cell in zip(surface["x_values"], row, strict=True):
            if np.isnan(cell):
                cells.append("<td></td>")
                continue
            here = params.get(surface["x"]) == x_value and params.get(surface["y"]) == value
            strength = round(85.0 * abs(float(cell)) / most)
            kind = "gain" if cell > 0 else "loss"
            chosen = ' aria-current="true"' if here else ""
            cells.append(
                f'<td class="{kind}" style="--strength:{strength}%"{chosen}>{cell:.2f}</td>'
            )
        body.append(f'<tr><th scope="row">{number(value)}</th>{"".join(cells)}</tr>')
    return (
        f'<table class="heat plateau"><caption>Sharpe ratio by {surface["x"]} (across) and '
        f"{surface['y']} (down); the outlined cell was chosen</caption>"
        f"<thead><tr><th></th>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    )


CHARTS = {
    "equity": _equity,
    "walk": _walk,
    "fan": _fan,
    "logits": _logits,
    "shuffled": _shuffled,
    "random": _random,
    "orders": _orders,
    "paths": _paths,
    "costs": _costs,
    "delay": _delay,
    "capacity": _capacity,
    "surface": _surface,
}
