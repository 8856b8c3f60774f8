"""What is golden: trades, refusals, final equity to the cent, and a hash of every fill.

The hash covers what a fill is (symbol, side, reason, bar, price on the tick grid, lots), not the
last bit of its fee, so that another processor may round a logarithm its own way.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.bars import Bars
from ballast.core.records import FUNDING
from ballast.core.time import Timeframe
from ballast.research.run import backtest
from ballast.research.series import Series
from ballast.store.gaps import apply_gap_policy
from ballast.strategies import catalog
from tests.fakes.real import between, read
from tests.fakes.runs import series_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.research.result import Result

HERE = Path(__file__).resolve().parent
SYNTHETIC, REAL = HERE / "synthetic.json", HERE / "real.json"
FIRST, LAST = "2021-01-01T00:00", "2021-12-31T23:00"
FIELDS = ("symbol", "side", "reason", "maker", "bar", "at_ms", "price", "lots")
Figures = dict[str, dict[str, Any]]


def figures(result: Result) -> dict[str, Any]:
    """Return the golden figures of one run."""
    digest = hashlib.sha256()
    for name in FIELDS:
        digest.update(np.ascontiguousarray(result.run.fills[name]).tobytes())
    return {
        "trades": len(result.run.trades),
        "fills": len(result.run.fills),
        "refused": int(result.run.refusals.sum()),
        "final_equity": f"{result.run.equity[-1]:.2f}",
        "hash": digest.hexdigest()[:32],
    }


def _of_library(series: Sequence[Series]) -> Figures:
    return {name: figures(backtest(catalog.load(name), series)) for name in catalog.names()}


def compute_synthetic() -> dict[str, Figures]:
    """Return the figures on two years of a synthetic market, as spot and as perpetuals."""
    symbols = ("BTCUSDT", "ETHUSDT", "TRXUSDT")
    return {
        kind: _of_library(series_of(17_520, symbols=symbols, perpetual=kind == "perpetual"))
        for kind in ("spot", "perpetual")
    }


def compute_real() -> dict[str, Figures]:
    """Return the figures on 2021: hours of four spot symbols, and of two perpetuals."""
    spot = [Series(_bars("BINANCE", name)) for name in ("BTCUSDT", "ETHUSDT", "SOLUSDT", "TRXUSDT")]
    return {
        "spot": _of_library(spot),
        "perpetual": _of_library([_perpetual("BTCUSDT"), _perpetual("ETHUSDT")]),
    }


def _bars(venue: str, symbol: str, name: str = "") -> Bars:
    file = name or f"candles/{venue}-{symbol}-1h.parquet"
    columns = between(read(file), FIRST, LAST)
    columns.setdefault("volume", np.zeros(len(columns["ts"])))
    bars = Bars.of(venue, symbol, Timeframe.parse("1h"), columns["ts"], columns)
    return apply_gap_policy(bars, "split", 3)


def _perpetual(symbol: str) -> Series:
    rates = between(read(f"perp/BINANCEUSDM-{symbol}-funding.parquet"), FIRST, LAST)
    funding = np.zeros(len(rates["ts"]), FUNDING)
    funding["at_ms"], funding["rate"], funding["mark"] = rates["ts"], rates["rate"], np.nan
    mark = _bars("BINANCEUSDM", f"{symbol}.mark", f"perp/BINANCEUSDM-{symbol}-mark-1h.parquet")
    return Series(_bars("BINANCEUSDM", symbol), funding=funding, mark=mark)


def write(path: Path, golden: dict[str, Figures]) -> None:
    """Write figures so that a change reads well as a diff."""
    path.write_text(json.dumps(golden, indent=1, sort_keys=True) + "\n")


def stored(path: Path) -> dict[str, Figures]:
    """Read golden figures."""
    found: dict[str, Figures] = json.loads(path.read_text())
    return found
