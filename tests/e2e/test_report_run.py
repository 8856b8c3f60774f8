"""From a real strategy on the real kernel to figures, folder and page: one story, no gaps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.fakes.results import walk

from ballast.core.reasons import Refusal
from ballast.core.settings import Settings
from ballast.research import storage
from ballast.research.compare import compare
from ballast.research.metrics import summary
from ballast.research.report.ledger import trade_rows
from ballast.research.report.page import report_html
from ballast.research.run import backtest
from ballast.research.series import Series
from ballast.strategies.catalog import load

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.research.result import Result


@pytest.fixture(scope="module")
def result() -> Result:
    bars = [walk(3000, seed=4, symbol="AAAUSDT"), walk(2500, seed=8, symbol="BBBUSDT", start=3.0)]
    return backtest(load("stochrsi"), [Series(one) for one in bars], settings=Settings())


def test_the_figures_agree_with_the_account_of_the_kernel(result: Result) -> None:
    """R-MET-09: fees, slippage, turnover, counts and drawdown, each by two independent ways."""
    found, account = summary(result), result.run.account
    assert found.trades.count > 10
    assert found.costs.fees == pytest.approx(float(account["fees"]))
    assert found.costs.slippage == pytest.approx(float(account["slippage"]))
    assert found.costs.funding == pytest.approx(float(account["funding"]))
    assert found.exposure.turnover == pytest.approx(float(account["turnover"]))
    assert found.trades.wins == int(account["wins"])
    assert found.trades.gross_win == pytest.approx(float(account["gross_win"]))
    assert -found.drawdown.max == pytest.approx(float(account["worst_drawdown"]))
    assert found.account.profit == pytest.approx(found.trades.net + found.trades.open_pnl)
    assert found.refusals.total == int(result.run.refusals.sum())


def test_the_ledger_points_at_the_bars_it_traded(result: Result) -> None:
    """Entries are market orders: filled at their bar's open, moved by slippage and the tick."""
    bars = {one.symbol: one for one in result.bars}
    for row in trade_rows(result):
        opened = bars[row["symbol"]].open[row["entry_bar"]]
        assert row["entry_price"] == pytest.approx(opened, rel=0.01)
        assert bars[row["symbol"]].ts[row["entry_bar"]] == row["entry_ms"]


def test_a_run_survives_the_disk_and_draws_the_same_page(result: Result, tmp_path: Path) -> None:
    stored = storage.load(storage.save(result, tmp_path))
    assert report_html(stored.result, stored.summary()) == report_html(result, summary(result))


def test_a_refused_trade_is_explained_by_its_rule(result: Result) -> None:
    """Two runs that differ in one limit part at the first entry that limit refuses."""
    series = [Series(bars) for bars in result.bars]
    base = Settings()
    strict = replace(base, risk=replace(base.risk, positions=1))
    other = backtest(load("stochrsi"), series, settings=strict)
    assert int(other.run.refusals[Refusal.MAX_POSITIONS]) > 0
    found = compare(result, other, figures_a=summary(result), figures_b=summary(other))
    assert found.parting is not None
    assert "refused, max positions" in found.parting.why
    assert any(word.name == "settings.risk.positions" for word in found.words)
