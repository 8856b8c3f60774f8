"""From the former bot's documents to a backtest of its parameters, on the command line alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.fakes.legacy import BEST, STATE
from tests.fakes.shell import ballast, csv_rows, write_csv

if TYPE_CHECKING:
    from pathlib import Path


def test_the_former_bots_parameters_run_in_a_backtest(tmp_path: Path) -> None:
    """R-STATE-16: what is imported is what runs, at a risk of 1 % however much that bot bought."""
    ballast(tmp_path, "init", "--json").json()
    write_csv(tmp_path / "BINANCE-BTCUSDT-1h.csv", csv_rows(1_500, volume=1e6))
    ballast(tmp_path, "data", "import", "BINANCE-BTCUSDT-1h.csv", "--json").json()
    best = BEST | {"scenario": "StochRSI", "ema1_period": 7, "ema2_period": 33}
    best |= {"sizing_mode": "baseline", "risk_per_trade": 0.05}
    (tmp_path / "state.json").write_text(json.dumps(STATE | {"best_params": {"BTCUSDT": best}}))
    done = ballast(tmp_path, "import-legacy", "state.json")
    assert done.code == 0, done
    assert "sizing 'baseline' is not taken over, it can ruin" in done.err
    assert "next: ballast backtest legacy_btcusdt_1h -s BTCUSDT -t 1h" in done.err
    assert "ballast adopt BTCUSDT legacy_btcusdt_1h" in done.out
    ballast(tmp_path, "strategies", "check", "legacy_btcusdt_1h", "--json").json()
    at = ("-s", "BTCUSDT", "-t", "1h", "--json")
    run = ballast(tmp_path, "backtest", "legacy_btcusdt_1h", *at).json()
    own = ("-p", "ema1=7", "-p", "ema2=33")
    plain = ballast(tmp_path, "backtest", "stochrsi", *own, *at).json()
    assert run["summary"]["trades"]["count"] > 0
    assert run["summary"]["returns"] == plain["summary"]["returns"]
