"""Terminal, JSON and CSV (R-MET-01, R-MET-11)."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from tests.fakes.results import Deal, busy_result, make_result, walk

from ballast.research.metrics import summary
from ballast.research.metrics.catalogue import METRICS, metric
from ballast.research.report import words
from ballast.research.report.document import result_document, result_json
from ballast.research.report.ledger import COLUMNS, trade_rows, trades_csv
from ballast.research.report.plain import plain
from ballast.research.report.terminal import BOXES, render_terminal


def screen(width: int, *, full: bool = False, result: Any = None) -> str:
    shown = result or busy_result()
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    console.print(render_terminal(shown, summary(shown), full=full))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert isinstance(text, str)
    return text


def test_the_terminal_shows_every_family() -> None:
    text = screen(120)
    for word in ("Max drawdown", "Sharpe ratio", "Win rate", "Final equity", "SYM1USDT", "Fees"):
        assert word in text
    for word in ("trailing_stop", "already_in_position", "2023", "still open"):
        assert word in text
    assert "Monday" not in text
    assert "Monday" in screen(120, full=True)


@pytest.mark.parametrize("width", [80, 120, 200])
def test_no_number_is_cut_at_usual_widths(width: int) -> None:
    """An ellipsis inside a number is a wrong number."""
    assert "…" not in screen(width, full=True)


def test_a_run_without_trades_still_prints() -> None:
    assert "No trade was closed" in screen(100, full=True, result=make_result([]))


def test_every_box_names_a_known_figure() -> None:
    assert all(metric(path) for paths in BOXES.values() for path in paths)


def numbers(value: Any) -> Any:
    if isinstance(value, dict):
        for item in value.values():
            yield from numbers(item)
    elif isinstance(value, list):
        for item in value:
            yield from numbers(item)
    elif isinstance(value, float):
        yield value


def test_json_is_finite_complete_and_the_same_bytes() -> None:
    result = busy_result()
    text = result_json(result, summary(result))
    assert text == result_json(busy_result(), summary(busy_result()))
    document = json.loads(text)
    assert (document["schema"], document["schema_version"]) == ("ballast.result", 1)
    assert all(math.isfinite(number) for number in numbers(document))
    assert len(document["trades"]) == len(result.run.trades)
    assert len(document["days"]["equity"]) == document["summary"]["account"]["days"]
    assert document["card"]["params"] == {"fast": 12, "slow": 26.5}


def test_every_null_figure_in_the_json_has_its_reason() -> None:
    result = make_result([Deal(4, 9)], [walk(20)])
    document = result_document(result, summary(result))
    for each in METRICS:
        family, _, leaf = each.path.partition(".")
        if document["summary"][family][leaf] is None:
            assert document["undefined"][each.path]


def test_plain_knows_numpy_and_drops_what_json_cannot_say() -> None:
    value = {"a": np.float64("nan"), "b": np.int32(3), "c": (np.inf, True), "d": np.arange(2)}
    assert plain(value) == {"a": None, "b": 3, "c": [None, True], "d": [0, 1]}


def test_the_csv_reads_back_as_the_ledger() -> None:
    result = busy_result()
    rows = list(csv.DictReader(io.StringIO(trades_csv(result))))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == len(result.run.trades)
    assert sum(float(row["pnl"]) for row in rows) == pytest.approx(result.run.trades["pnl"].sum())
    assert [row["state"] for row in rows].count("open") == 2
    assert {row["r"] == "" for row in rows} == {True, False}
    for row in rows:
        notional = float(row["quantity"]) * float(row["entry_price"])
        assert float(row["return"]) == pytest.approx(float(row["pnl"]) / notional)


def test_ledger_prices_carry_no_binary_noise() -> None:
    for row in trade_rows(busy_result()):
        assert len(repr(row["entry_price"])) <= 16


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0s"),
        (59_000, "59s"),
        (7_500_000, "2h 5m"),
        (273_600_000, "3d 4h"),
        (None, words.NOTHING),
    ],
)
def test_durations_read_well(value: int | None, text: str) -> None:
    assert words.span(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234.5, "1,234.50"), (-0.004, "-0.004"), (12_345_678.9, "12,345,679"), (0.0, "0.00")],
)
def test_money_reads_well(value: float, text: str) -> None:
    assert words.cash(value) == text


def test_every_figure_prints_in_its_unit() -> None:
    found = summary(busy_result())
    for each in METRICS:
        assert words.shown(each, each.value(found))
        assert words.shown(each, None) == words.NOTHING


def test_bars_in_the_ledger_are_those_of_the_symbol() -> None:
    """The kernel counts bars over all symbols; a reader looks into one symbol's bars."""
    result = busy_result()
    opens = {bars.symbol: bars for bars in result.bars}
    for row in trade_rows(result):
        assert opens[row["symbol"]].ts[row["entry_bar"]] == row["entry_ms"]
