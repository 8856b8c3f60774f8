"""Documents of the former bot, as its audits describe them, and a way to import some."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from ballast.service.legacy.fields import Asked
from ballast.service.legacy.importing import read_legacy

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.service.legacy.model import Legacy

NOW_MS = 1_764_374_400_000  # 2025-11-29
PAIR = {
    "entry_price": 60000.5,
    "max_price": 62000,
    "partial_taken_1": True,
    "partial_taken_2": False,
    "atr_at_entry": 500.25,
    "stop_price": "58500",
    "quantity": 0.05,
    "entry_time": "2025-11-01T10:00:00Z",
}
BEST = {
    "scenario": "StochRSI_ADX",
    "timeframe": "1h",
    "ema1_period": 9,
    "ema2_period": 21,
    "stoch_period": 14,
}
T0 = 1_700_000_000
HOUR = 3600


def row(side: str, price: float, qty: float, hours: int, **more: Any) -> dict[str, Any]:
    """A purchase or a sale of the trade history."""
    named = {"symbol": "BTCUSDT", "side": side, "price": price, "quantity": qty}
    return named | {"time": T0 + hours * HOUR} | more


HISTORY = [
    row("BUY", 100, 2, 0, fee=0.1),
    row("SELL", 110, 1, 1, fee=0.1, reason="PARTIAL-1"),
    row("SELL", 120, 1, 2, fee=0.1, reason="STOP-LOSS"),
]
PORTFOLIO = {
    "timestamp": T0,
    "total_value": 1234.5,
    "currency": "USDT",
    "balances": {"BTC": {"free": "0.5", "locked": "0.1"}, "USDT": 1000},
}
STATE = {
    "version": 3,
    "saved_at": "2025-11-20T00:00:00Z",
    "pair_state": {"BTCUSDT": PAIR, "ETHUSDT": {"entry_price": None, "max_price": 0}},
    "best_params": {"BTCUSDT": BEST},
    "trade_history": HISTORY,
    "portfolio": PORTFOLIO,
}


def asked(timeframe: str = "", zone: str = "UTC", *ignored: str) -> Asked:
    """What a person said beside the files."""
    return Asked(NOW_MS, ZoneInfo(zone), timeframe, frozenset(ignored))


def imported(folder: Path, *documents: Any, said: Asked | None = None, quote: str = "") -> Legacy:
    """Write documents (a text as it stands) into files 0.json, 1.json, ... and read them."""
    files = []
    for place, document in enumerate(documents):
        text = document if isinstance(document, str) else json.dumps(document)
        files.append(folder / f"{place}.json")
        files[-1].write_text(text, encoding="utf-8")
    return read_legacy(files, said or asked(), quote)


def lines(legacy: Legacy, folder: Path) -> list[str]:
    """The problems, without the folder."""
    return [one.line().removeprefix(f"{folder}/") for one in legacy.problems]
