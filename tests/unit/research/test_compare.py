"""Comparing runs: every difference is found, and the first one is explained."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import numpy as np
from rich.console import Console
from tests.fakes.results import Deal, busy_result, make_result, walk

from ballast.core.reasons import Refusal
from ballast.core.records import REFUSED
from ballast.research.compare import Comparison, compare
from ballast.research.metrics import summary
from ballast.research.metrics.catalogue import METRICS
from ballast.research.report.comparison import render_comparison
from ballast.research.report.plain import json_text

DEALS = [Deal(30, 40), Deal(60, 80, side=-1), Deal(100, 130, stop_distance=2.0)]


def compared(a: Any, b: Any) -> Comparison:
    return compare(a, b, figures_a=summary(a), figures_b=summary(b))


def test_a_run_equals_itself() -> None:
    found = compared(busy_result(), busy_result())
    assert found.same
    assert found.words == ()
    assert found.parting is None
    assert found.equal_trades == 60
    assert all(figure.difference in (0, None) for figure in found.figures)
    assert len(found.figures) == len(METRICS)


def test_a_missing_trade_is_named_with_the_bar_that_had_no_signal() -> None:
    found = compared(make_result(DEALS), make_result([DEALS[0], DEALS[2]]))
    assert (found.equal_trades, found.only_a, found.only_b) == (2, 1, 0)
    assert found.parting is not None
    assert "A opens BTCUSDT short at 2023-01-03 12:00, B does not" in found.parting.why
    assert "no entry signal on the bar of 2023-01-03 11:00" in found.parting.why
    assert found.equity_parts_ms is not None


def test_a_missing_trade_that_was_refused_says_by_which_rule() -> None:
    b = make_result([DEALS[0], DEALS[2]])
    row = np.zeros(1, REFUSED)
    row["reason"], row["side"], row["bar"] = Refusal.POSITION_RISK, -1, 59
    row["measured"], row["limit"] = 0.031, 0.02
    b = replace(b, run=replace(b.run, refused=row))
    found = compared(b, make_result(DEALS))
    assert found.parting is not None
    assert found.parting.why.startswith("B opens")
    assert "refused, position risk 3.1 %, limit 2 %" in found.parting.why


def test_a_changed_price_is_the_first_field_that_differs() -> None:
    found = compared(make_result(DEALS), make_result(DEALS, slippage=0.001))
    assert found.changed_trades == 3
    assert found.parting is not None
    names = [word.name for word in found.parting.fields]
    assert names[0] == "entry_price"
    assert "then entry price differs" in found.parting.why


def test_the_earliest_difference_comes_first_whatever_the_symbol() -> None:
    markets = [walk(200), walk(200, seed=2, symbol="AAA")]
    both = [Deal(50, 60, symbol=0), Deal(20, 30, symbol=1)]
    found = compared(make_result(both, markets), make_result([], markets))
    assert found.parting is not None
    assert "AAA" in found.parting.why


def test_another_symbol_and_another_period_are_said() -> None:
    a = make_result([Deal(30, 40)], [walk(200)])
    other = compared(a, make_result([], [walk(200, symbol="ETHUSDT")]))
    assert other.parting is not None
    assert "does not trade this symbol" in other.parting.why
    short = compared(a, make_result([], [walk(20)]))
    assert short.parting is not None
    assert "bars do not reach there" in short.parting.why


def test_two_trades_of_one_identity_are_both_kept() -> None:
    twice = make_result([Deal(30, 30, lots=100), Deal(30, 40, lots=100)])
    assert compared(twice, twice).equal_trades == 2


def test_cards_are_compared_leaf_by_leaf() -> None:
    a, b = make_result(DEALS), make_result(DEALS, params={"fast": 13, "slow": 26.5, "new": 1})
    words = {word.name: (word.a, word.b) for word in compared(a, b).words}
    assert words == {"params.fast": (12, 13), "params.new": (None, 1)}


def test_better_follows_the_direction_of_the_figure() -> None:
    found = compared(make_result(DEALS, fee=0.002), make_result(DEALS))
    figures = {figure.path: figure for figure in found.figures}
    assert figures["costs.fees"].better == "b"  # less is better
    assert figures["account.final"].better == "b"
    assert figures["trades.count"].better == ""


def test_the_comparison_prints_and_serialises() -> None:
    other = make_result(DEALS[:2], params={"fast": 9, "slow": "x" * 60})
    found = compared(make_result(DEALS, fee=0.002), other)
    console = Console(width=100, file=io.StringIO())
    for full in (False, True):
        console.print(render_comparison(found, full=full))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "First trade that differs" in text
    assert "Sharpe ratio" in text
    assert "params.fast" in text
    assert "x" * 31 + "..." in text
    assert "…" not in text
    document = json.loads(json_text(found))
    assert document["same"] is False
    assert document["only_a"] == 1


def test_equal_runs_print_that_they_are_equal() -> None:
    console = Console(width=100, file=io.StringIO())
    console.print(render_comparison(compared(make_result(DEALS), make_result(DEALS))))
    assert "are the same" in console.file.getvalue()  # type: ignore[attr-defined]
