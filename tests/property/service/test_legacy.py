"""Documents of the former bot as a rule: what is drawn comes back exactly, whatever its shape."""

from __future__ import annotations

import json
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.legacy import NOW_MS, imported, lines

from ballast.core.time import format_ms
from ballast.service.legacy.documents import Target
from ballast.service.legacy.fields import FIRST_MS
from ballast.service.legacy.writing import contents_of
from ballast.strategies.definition import Strategy
from ballast.strategies.plan import compile_plan

SYMBOLS = ("BTCUSDT", "ETH/USDT", "SOLUSDT", "TRX-USDT")
money = st.decimals(Decimal("0.00000001"), Decimal(10) ** 7, places=8)
wide = st.decimals(Decimal("1e-18"), Decimal(10) ** 15, allow_nan=False)
"""Whatever a file may hold, beyond what any market does."""
ms = st.integers(FIRST_MS // 1000, NOW_MS // 1000).map(lambda one: one * 1000)


@st.composite
def pairs(draw: st.DrawFn) -> dict[str, Any]:
    """A held pair that is true to itself."""
    entry = draw(money)
    high = entry + draw(money)
    return {
        "entry_price": entry,
        "max_price": high,
        "partial_taken_1": draw(st.booleans()),
        "partial_taken_2": draw(st.booleans()),
        "atr_at_entry": entry / 2,
        "stop_price": entry / 2,
        "quantity": draw(money),
        "entry_time": draw(ms),
    }


@st.composite
def parameters(draw: st.DrawFn) -> dict[str, Any]:
    """A parameter set within the ranges of the family."""
    fast = draw(st.integers(2, 99))
    return {
        "scenario": draw(st.sampled_from(["StochRSI", "StochRSI_SMA", "stochrsi-trix"])),
        "timeframe": draw(st.sampled_from(["15m", "1h", "1d"])),
        "ema1_period": fast,
        "ema2_period": draw(st.integers(fast + 1, 300)),
        "stoch_period": draw(st.integers(2, 100)),
        "risk_per_trade": draw(st.decimals("0.0001", "0.2", places=4)),
    }


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Whole trades of one symbol, each bought once and sold in parts."""
    rows: list[dict[str, Any]] = []
    at = FIRST_MS
    for _ in range(draw(st.integers(0, 4))):
        qty = draw(st.integers(10, 10_000))
        parts = draw(st.sampled_from([(100,), (50, 50), (50, 30, 20)]))
        rows.append(_row("BUY", draw(money), Decimal(qty), at))
        for part in parts:
            at += draw(st.integers(1, 10**6)) * 1000
            rows.append(_row("SELL", draw(money), Decimal(qty * part) / 100, at))
        at += 1000
    return rows


def _row(side: str, price: Decimal, qty: Decimal, at: int) -> dict[str, Any]:
    return {"symbol": "BTCUSDT", "side": side, "price": price, "quantity": qty, "time": at}


def written(value: Any, *, as_text: bool) -> str:
    """JSON with decimals as digits, or as texts of them."""
    if isinstance(value, dict):
        inner = (
            f"{json.dumps(key)}: {written(one, as_text=as_text)}" for key, one in value.items()
        )
        return "{" + ", ".join(inner) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(written(one, as_text=as_text) for one in value) + "]"
    if isinstance(value, Decimal):
        return f'"{value:f}"' if as_text else f"{value:f}"
    return json.dumps(value)


@given(
    held=st.dictionaries(st.sampled_from(SYMBOLS), pairs(), max_size=4),
    best=st.dictionaries(st.sampled_from(SYMBOLS), parameters(), max_size=4),
    history=histories(),
    as_text=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_whatever_is_documented_comes_back_exactly(
    held: dict[str, Any], best: dict[str, Any], history: list[dict[str, Any]], as_text: bool
) -> None:
    """R-STATE-16: numbers to the last digit, strategies that compile, trades that add up."""
    document = {"positions": held, "best": best, "trades": history}
    with tempfile.TemporaryDirectory() as name:
        found = imported(Path(name), written(document, as_text=as_text))
        assert lines(found, Path(name)) == []
    home = Path("/space")
    files = contents_of(found, Target("BINANCE", NOW_MS), home, home / "strategies")
    if held:
        shown = json.loads(files[home / "legacy" / "positions.json"])["positions"]
        for row, given_ in zip(shown, held.values(), strict=True):
            for key in ("entry_price", "max_price", "atr_at_entry", "stop_price"):
                assert Decimal(row[key]) == given_[key]
            assert Decimal(row["qty"]) == given_["quantity"]
            assert row["entry_time"] == format_ms(given_["entry_time"])
            assert row["partial_taken_2"] == given_["partial_taken_2"]
            assert len(row["adopt"]) == 1
    for one, given_ in zip(found.parameters, best.values(), strict=True):
        text = files[home / "strategies" / f"{one.strategy.name}.toml"].decode()
        again = Strategy.from_toml(text)
        assert again.hash == one.strategy.hash
        values = again.values({})
        assert (values["ema1"], values["ema2"]) == (given_["ema1_period"], given_["ema2_period"])
        compile_plan(again, {})
    assert len(found.fills) == len(history)
    earned = sum(_cash(row) for row in history)
    pnl = sum((one.pnl for one in found.trades if one.pnl is not None), Decimal(0))
    assert abs(pnl - earned) < Decimal("1e-6") * max(1, len(history))


def _cash(row: dict[str, Any]) -> Decimal:
    worth: Decimal = row["price"] * row["quantity"]
    return worth if row["side"] == "SELL" else -worth


@given(st.lists(st.tuples(st.sampled_from(["BUY", "SELL"]), wide, wide, wide), max_size=5))
@settings(max_examples=150, deadline=None)
def test_any_numbers_are_tables_or_lines(rows: list[tuple[str, Decimal, Decimal, Decimal]]) -> None:
    """R-STATE-16: 33 digits, the largest and the smallest, are exact or refused."""
    document = [
        _row(side, price, qty, FIRST_MS + at * 1000) | {"fee": fee}
        for at, (side, price, qty, fee) in enumerate(rows)
    ]
    with tempfile.TemporaryDirectory() as name:
        found = imported(Path(name), written(document, as_text=False))
    home = Path("/space")
    assert contents_of(found, Target("BINANCE", NOW_MS), home, home / "strategies")


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["BTCUSDT", "entry_price", "max_price", "side", "price", "quantity", "time", "ema1",
             "scenario", "timeframe", "balances", "equity", "stop_price", "symbol", "x"]
        ), inner, max_size=5,
    ),
    max_leaves=20,
)  # fmt: skip


@given(json_values)
@settings(max_examples=200, deadline=None)
def test_any_json_is_rows_or_lines_and_never_a_crash(value: Any) -> None:
    """R-STATE-16: also NaN and Infinity, which `json.dumps` writes."""
    with tempfile.TemporaryDirectory() as name:
        found = imported(Path(name), value)
    for problem in found.problems:
        assert "\n" not in problem.line()
        assert problem.where
    if not found.problems:
        home = Path("/space")
        assert contents_of(found, Target("BINANCE", NOW_MS), home, home / "strategies")
