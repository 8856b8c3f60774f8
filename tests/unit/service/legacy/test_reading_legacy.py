"""What is read out of the former bot's documents, and each way in which one can be wrong."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.legacy import (
    BEST,
    HISTORY,
    HOUR,
    NOW_MS,
    PAIR,
    PORTFOLIO,
    STATE,
    T0,
    asked,
    imported,
    lines,
    row,
)

from ballast.core.records import Size
from ballast.core.settings import SizingSettings
from ballast.service.legacy.importing import read_legacy
from ballast.service.legacy.parameters import FRACTION_MAX, RISK_MAX, TARGET_MAX
from ballast.strategies.nodes import Number

if TYPE_CHECKING:
    from pathlib import Path


def test_one_document_of_everything_is_read_whole(tmp_path: Path) -> None:
    """R-STATE-16: every documented field, known by its shape alone."""
    found = imported(tmp_path, STATE)
    assert lines(found, tmp_path) == []
    held, flat = found.positions
    assert (held.symbol, held.quote, held.is_open) == ("BTCUSDT", "USDT", True)
    assert (held.entry_price, held.max_price) == (Decimal("60000.5"), Decimal(62000))
    assert (held.partial_taken_1, held.partial_taken_2) == (True, False)
    assert (held.atr_at_entry, held.stop) == (Decimal("500.25"), Decimal(58500))
    assert (held.qty, held.entry_ms) == (Decimal("0.05"), 1_761_991_200_000)
    assert (flat.symbol, flat.is_open) == ("ETHUSDT", False)
    (chosen,) = found.parameters
    assert (chosen.based_on, chosen.timeframe) == ("stochrsi_adx", "1h")
    assert chosen.strategy.name == "legacy_btcusdt_1h"
    assert chosen.strategy.values({})["ema2"] == 21
    (trade,) = found.trades
    assert (trade.qty, trade.entry_price, trade.exit_price) == (2, 100, 115)
    assert (trade.pnl, trade.fees, trade.reason) == (Decimal("29.7"), Decimal("0.3"), "stop")
    (portfolio,) = found.portfolios
    assert portfolio.balances == {"BTC": Decimal("0.6"), "USDT": Decimal(1000)}
    assert portfolio.money == {"equity": Decimal("1234.5")}


# the same thing in other shapes: a list, one bare record, by symbol and timeframe
SHAPES: dict[str, tuple[Any, str, int]] = {
    "a list of positions": ([PAIR | {"symbol": "BTC/USDT"}], "positions", 1),
    "one bare position": (PAIR | {"pair": "BTCUSDT"}, "positions", 1),
    "symbols at the top": ({"BTCUSDT": PAIR}, "positions", 1),
    "in camel case": ({"BTCUSDT": {"entryPrice": 5, "maxPrice": 6}}, "positions", 1),
    "by timeframe": ({"BTCUSDT": {"1h": BEST, "4h": BEST | {"timeframe": "4h"}}}, "parameters", 2),
    "by scenario": (
        {"BTCUSDT": {"StochRSI": {"ema1": 9, "ema2": 21, "timeframe": "1h"}}}, "parameters", 1
    ),
    "a record that says where it belongs": (
        {"symbol": "BTCUSDT", "timeframe": "1h", "params": {"ema1_period": 9}}, "parameters", 1
    ),
    "trades": ({"trades": HISTORY}, "trades", 1),
    "whole trades": (
        [{"symbol": "BTCUSDT", "buy_price": 1, "sell_price": 2, "qty": 3, "pnl": 3,
          "entry_time": T0, "exit_time": T0 + 5}], "trades", 1,
    ),
    "cumulative earnings": ({"cumulative_earnings": -3, "timestamp": T0}, "portfolios", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_a_document_is_known_by_its_shape(name: str, tmp_path: Path) -> None:
    """R-STATE-16."""
    document, rows, count = SHAPES[name]
    found = imported(tmp_path, document)
    assert lines(found, tmp_path) == []
    assert len(getattr(found, rows)) == count


def pair(**other: Any) -> dict[str, Any]:
    return {"BTCUSDT": PAIR | other}


def best(**other: Any) -> dict[str, Any]:
    return {"BTCUSDT": BEST | other}


# document, and what its one problem says
BAD: dict[str, tuple[Any, str]] = {
    "not JSON": ('{"BTCUSDT": ', "0.json: not JSON: Expecting value at line 1, column 13"),
    "another JSON": ({"a": 1}, "0.json: an object of a"),
    "a number": (7, "0.json: '7' is no record"),
    "candles": ([[1, 2, 3]], "0.json: a list that begins with '1'"),
    "NaN": ('{"BTCUSDT": {"entry_price": NaN}}', "entry_price: NaN is no number"),
    "Infinity": ('{"BTCUSDT": {"entry_price": -Infinity}}', "entry_price: -Infinity is no number"),
    "NaN as a text": (pair(entry_price="NaN"), "entry_price: 'NaN' is no number"),
    "twice": (
        '{"BTCUSDT": {"entry_price": 1, "entry_price": 2}}', "entry_price: is there twice"
    ),
    "twice the symbol": ('{"BTCUSDT": {}, "BTCUSDT": {}}', "BTCUSDT: is there twice"),
    "one thing twice": (pair(buy_price=1), "buy_price: says the same as 'entry_price'"),
    "a negative price": (pair(entry_price=-1), "entry_price: -1; expected a number from 0"),
    "a huge number": (pair(max_price=10**400), "max_price: "),
    "an unknown field": (pair(leverage=3), "leverage: unknown field"),
    "an unknown field around": (
        {"positions": pair(), "balance_check": 3}, "0.json: unknown field 'balance_check'"
    ),
    "a text for a price": (pair(entry_price="much"), "entry_price: 'much' is no number"),
    "a list for a price": (pair(entry_price=[1]), "entry_price: '[Decimal('1')]' is no number"),
    "the future": (pair(entry_time="2031-01-01"), "entry_time: '2031-01-01' is in the future"),
    "the past": (pair(entry_time="2001-01-01"), "is in before there was such a bot"),
    "no time": (pair(entry_time="soon"), "entry_time: 'soon' is no time"),
    "short": (pair(side="short"), "side: side 'short'"),
    "a perpetual": ({"positions": [PAIR | {"symbol": "BTC/USDT:USDT"}]}, "is no spot market"),
    "no symbol": ([PAIR], "symbol: is missing"),
    "no yes and no no": (pair(partial_taken_1="maybe"), "'maybe' is neither yes nor no"),
    "a high below the entry": (pair(max_price=59000), "max_price: 59000 is below the entry"),
    "a stop above the market": (pair(stop_price=70000), "stop_price: 70000 is above every price"),
    "an ATR above the entry": (pair(atr_at_entry=70000), "atr_at_entry: 70000 is not below"),
    "more than was bought": (pair(initial_quantity=0.01), "quantity: 0.05 is more than was bought"),
    "held without an entry": (pair(entry_price=None), "entry_price: is missing"),
    "no timeframe": (best(timeframe=None), "timeframe: is missing"),
    "another scenario": (best(scenario="Ichimoku"), "scenario: unknown scenario 'Ichimoku'"),
    "averages the wrong way": (best(ema1_period=50), "0.json.BTCUSDT: "),
    "an average of no length": (best(ema1_period=0), "ema1_period: 0; expected a whole number"),
    "StochRSI in per cent": (best(stoch_high=80), "stoch_high: 80; expected a number from 0 to 1"),
    "another sizing": (best(sizing_mode="martingale"), "unknown sizing mode 'martingale'"),
    "no cap": (best(max_position_size="all"), "max_position_size: 'all' is no such number"),
    "a side of none": ([row("HOLD", 1, 1, 0)], "side: side 'HOLD'"),
    "a sale of nothing": ([row("SELL", 1, 1, 0)], "1 of BTCUSDT are sold, 0 were held"),
    "no price": ([row("BUY", 0, 1, 0)], "price: 0; expected a number above 0"),
    "no quantity": (
        [{"symbol": "BTCUSDT", "side": "BUY", "price": 3, "time": T0}], "quantity: is missing"
    ),
    "a value of something else": (
        [row("BUY", 100, 2, 0, cost=300)], "cost: 300 is not price x quantity"
    ),
    "a fee above the trade": ([row("BUY", 1, 1, 0, fee=2)], "fee: 2 is more than the trade"),
    "a fee of more coins": (
        [row("BUY", 9, 1, 0, fee=2, fee_asset="btc")], "fee: 2 is more than the trade"
    ),
    "worth more than there is": ([row("BUY", 1e9, 1e9, 0)], "is worth too much"),
    "sold before it was bought": (
        [{"symbol": "BTCUSDT", "entry_price": 1, "exit_price": 2, "quantity": 1,
          "entry_time": T0, "exit_time": T0 - 5}], "exit_time: is before the entry",
    ),
    "a gain of something else": (
        [{"symbol": "BTCUSDT", "entry_price": 1, "exit_price": 2, "quantity": 1, "profit": 9,
          "entry_time": T0, "exit_time": T0 + 5}], "profit: 9 is not what these prices earn",
    ),
    "a balance below nothing": (
        PORTFOLIO | {"balances": {"BTC": -1}}, "balances.BTC: '-1' is no balance"
    ),
    "a peak below the equity": (PORTFOLIO | {"peak_equity": 5}, "peak_equity: 5 is below"),
    "two currencies": (
        {"a": [row("BUY", 1, 1, 0), row("BUY", 1, 1, 0, symbol="ETHUSDT")],
         "b": [row("BUY", 1, 1, 1, symbol="ETHBTC")]},
        "0.json.b[0]: is in BTC; expected one currency: USDT",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_said_in_one_line_with_its_place(name: str, tmp_path: Path) -> None:
    """R-STATE-16, A-STATE-04: what, where, what was expected, what to do."""
    document, says = BAD[name]
    found = imported(tmp_path, document)
    (line,) = lines(found, tmp_path)
    assert says in line
    assert line.startswith("0.json")
    (problem,) = found.problems
    assert problem.expected
    assert problem.fix


def test_all_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    """R-STATE-16: and what is beside a bad record is read all the same."""
    wrong = {"BTCUSDT": PAIR | {"max_price": 1, "odd": 2}, "ETHUSDT": {"entry_price": 3}}
    found = imported(tmp_path, wrong, "{", best(ema1_period=1))
    assert [line.split(":")[0] for line in lines(found, tmp_path)] == [
        "0.json.BTCUSDT.odd", "0.json.BTCUSDT.max_price", "1.json", "2.json.BTCUSDT.ema1_period"
    ]  # fmt: skip
    assert [one.symbol for one in found.positions] == ["ETHUSDT"]


def trap(path: Path) -> bytes:
    """A pickle of protocol 2, written by hand, that makes a file when somebody loads it."""

    def text(value: str) -> bytes:
        return b"X" + len(value.encode()).to_bytes(4, "little") + value.encode()

    return b"\x80\x02cbuiltins\nopen\n" + text(str(path)) + text("w") + b"\x86R."


@pytest.mark.parametrize("name", ["state.pkl", "state.json", "state.PICKLE"])
def test_a_pickle_is_refused_and_nothing_of_it_runs(name: str, tmp_path: Path) -> None:
    """R-STATE-01, A-STATE-04, R-SEC-08: by its name, or by its first byte under any name."""
    mark = tmp_path / "ran"
    file = tmp_path / name
    file.write_bytes(trap(mark))
    found = read_legacy([file], asked())
    (problem,) = found.problems
    assert "a pickle can run code when it is loaded" in problem.what
    assert not mark.exists()


# sizing of the former bot, what becomes of it, and whether a person is told
SIZES: list[tuple[dict[str, Any], Size | None, float, str]] = [
    ({}, None, 0, ""),
    ({"sizing_mode": "risk", "risk_per_trade": 0.01}, Size.RISK, 0.01, ""),
    ({"risk_per_trade": 0.02}, Size.RISK, 0.02, ""),
    ({"risk_per_trade": 0.05}, Size.RISK, 0.01, "risk_per_trade 0.05 is above the bound of 0.02"),
    ({"sizing_mode": "baseline", "risk_per_trade": 0.05}, None, 0, "'baseline' is not taken over"),
    ({"sizing_mode": "fixed_notional"}, Size.FIXED_NOTIONAL, 0.1, ""),
    ({"sizing_mode": "fixed_notional", "fixed_notional": 0.95}, Size.FIXED_NOTIONAL, 0.1, "above"),
    ({"sizing_mode": "volatility-parity"}, Size.VOLATILITY_TARGET, 0.005, ""),
    ({"capital_fraction": 0.95}, None, 0, "capital_fraction 0.95 is not taken over"),
]


@pytest.mark.parametrize(("stated", "mode", "value", "told"), SIZES)
def test_a_size_that_could_ruin_is_never_taken_over_in_silence(
    stated: dict[str, Any], mode: Size | None, value: float, told: str, tmp_path: Path
) -> None:
    """R-STATE-16, R-SIZE-02, R-SIZE-03, R-SIZE-05."""
    (one,) = imported(tmp_path, best(**stated)).parameters
    size = one.strategy.construction.size
    assert (size.mode if size else None) == mode
    if size is not None:
        assert size.value == Number(value)
    assert any(told in text for text in one.remarks) if told else one.remarks == ()


def test_the_bounds_are_those_of_the_settings() -> None:
    """R-SIZE-05: a strategy beyond them would not even run."""
    highest = {one.name: one.metadata["rule"].high for one in fields(SizingSettings)}
    assert highest["risk_per_trade"] == float(RISK_MAX)
    assert highest["fixed_notional"] == float(FRACTION_MAX)
    assert highest["volatility_target"] == float(TARGET_MAX)


def test_numbers_of_other_scenarios_do_not_matter(tmp_path: Path) -> None:
    """That bot kept one record for all four."""
    found = imported(tmp_path, best(trix_length=9, sma_period=200, adx_threshold=30, profit=12.5))
    (one,) = found.parameters
    assert one.taken["adx_level"] == 30
    assert "trix_period" not in one.taken
    assert one.claims == {"profit": "12.5"}


def test_a_field_may_be_left_out_and_is_counted(tmp_path: Path) -> None:
    found = imported(tmp_path, pair(leverage=3), said=asked("", "UTC", "leverage"))
    assert lines(found, tmp_path) == []
    assert found.ignored == {"leverage": 1}


def test_a_time_without_a_zone_is_of_the_zone_that_was_said(tmp_path: Path) -> None:
    document = pair(entry_time="2025-07-01 12:00:00")
    for zone, hour in (("UTC", 12), ("Europe/Paris", 10)):
        (one,) = imported(tmp_path, document, said=asked("", zone)).positions
        assert one.entry_ms == 1_751_328_000_000 + hour * HOUR * 1000
    for value in (T0, T0 * 1000, str(T0), float(T0)):
        (one,) = imported(tmp_path, pair(entry_time=value)).positions
        assert one.entry_ms == T0 * 1000
    assert NOW_MS > T0 * 1000


def test_two_documents_of_one_thing_are_a_problem(tmp_path: Path) -> None:
    found = imported(tmp_path, pair(), pair(), best(), best())
    assert [line.split(";")[0] for line in lines(found, tmp_path)] == [
        "1.json.BTCUSDT: a second position of BTCUSDT",
        "3.json.BTCUSDT: a second parameter set of BTCUSDT",
    ]


def test_exports_that_overlap_are_counted_once(tmp_path: Path) -> None:
    """With ids by these; without, what one file repeats is two and what two files repeat is one."""
    twice = [row("BUY", 100, 1, 0), row("BUY", 100, 1, 0), row("SELL", 101, 2, 1)]
    found = imported(tmp_path, twice, twice[1:])
    assert (len(found.fills), lines(found, tmp_path)) == (3, [])
    assert found.remarks == ["2 repeated purchases and sales are counted once"]
    named = [row("BUY", 100, 1, 0, id=7), row("BUY", 100, 1, 0, id=7), row("SELL", 9, 1, 1, id=8)]
    assert len(imported(tmp_path, named).fills) == 2
    other = [named[0], named[0] | {"price": 101}]
    (line,) = lines(imported(tmp_path, other), tmp_path)
    assert "trade 7 is another one than at" in line


def test_one_trade_told_as_fills_and_as_a_whole_is_a_problem(tmp_path: Path) -> None:
    whole = {"symbol": "BTCUSDT", "entry_price": 100, "exit_price": 115, "quantity": 2,
             "entry_time": T0, "exit_time": T0 + 2 * HOUR}  # fmt: skip
    (line,) = lines(imported(tmp_path, HISTORY, [whole]), tmp_path)
    assert "a trade of BTCUSDT within another" in line
    assert lines(imported(tmp_path, [whole], [whole]), tmp_path) == []


#       side   price qty  fee   asset    what is left ends the trade below 2 % of what was bought
FEES = [("BUY", 100, 1.0, 0.001, "BTC"), ("SELL", 110, 0.99, 0, "USDT")]


def test_a_fee_in_coins_leaves_dust_that_ends_the_trade(tmp_path: Path) -> None:
    """R-STOP-18: and the fee is worth what the coins cost."""
    rows = [
        row(side, price, qty, at, fee=fee, fee_asset=asset)
        for at, (side, price, qty, fee, asset) in enumerate(FEES)
    ]
    (trade,) = imported(tmp_path, rows).trades
    assert trade.exit_ms is not None
    assert trade.fees == Decimal("0.1")
    assert trade.pnl == Decimal("9.8")


def test_a_fee_in_a_third_asset_leaves_the_gain_unknown(tmp_path: Path) -> None:
    rows = [HISTORY[0] | {"fee_asset": "BNB"}, *HISTORY[1:]]
    (trade,) = imported(tmp_path, rows).trades
    assert (trade.fees, trade.pnl) == (None, None)


def test_what_is_not_sold_is_an_open_trade(tmp_path: Path) -> None:
    (trade,) = imported(tmp_path, HISTORY[:2]).trades
    assert (trade.exit_ms, trade.reason, trade.exit_price) == (None, "open", 110)
    assert trade.pnl == Decimal("9.8")


def test_two_currencies_and_the_one_that_is_meant(tmp_path: Path) -> None:
    rows = [row("BUY", 1, 1, 0), row("BUY", 1, 1, 0, symbol="ETHBTC")]
    assert [one.quote for one in imported(tmp_path, rows, quote="btc").fills] == ["BTC"]
    both = imported(tmp_path, rows, PORTFOLIO | {"currency": "BTC"})
    assert [one.quote for one in both.fills] == ["BTC"]
