"""One backtest: the same inputs give the same bytes, other inputs another id, and it says so."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.data import ROOT
from tests.fakes.runs import START_MS, flat_bars, scripted, series_of

from ballast.core.errors import DataError, StrategyError, UserError
from ballast.core.instrument import FeeRate, Kind
from ballast.core.reasons import Refusal
from ballast.core.records import FUNDING
from ballast.core.settings import (
    CostSettings,
    DataSettings,
    EngineSettings,
    ReportSettings,
    RiskSettings,
    Settings,
    SizingSettings,
)
from ballast.core.time import HOUR_MS
from ballast.research.run import backtest
from ballast.research.series import Series
from ballast.research.storage import result_files
from ballast.strategies import catalog, fixed_qty, no_stop, no_trail
from ballast.strategies.cache import ColumnCache

if TYPE_CHECKING:
    from ballast.research.result import Result

APART = RiskSettings(correlation_refuses=False)
"""Prices that stand still count as correlated: one of two entries would be refused."""
SHORTS = ("stochrsi_short", "stochrsi_adx_short", "stochrsi_sma_short", "stochrsi_trix_short")
TWO = ("BTCUSDT", "ETHUSDT")


def bytes_of(result: Result) -> str:
    digest = hashlib.sha256()
    for name, data in sorted(result_files(result).items()):
        digest.update(name.encode() + b"\0" + data)
    return digest.hexdigest()


@pytest.mark.parametrize("name", catalog.names())
def test_every_strategy_of_the_library_runs_and_the_books_balance(name: str) -> None:
    """SEMANTICS 7: the identity holds at every bar; R-BT-07: twice is the same to the byte."""
    series = series_of(symbols=TWO, perpetual=True)
    first = backtest(catalog.load(name), series, audit=True)
    again = backtest(catalog.load(name), series, cache=ColumnCache())
    assert first.run.identity_gap is not None
    assert first.run.identity_gap < 1e-9
    assert again.run.identity_gap is None
    assert bytes_of(first) == bytes_of(again), "audited and cached runs are the same runs"
    assert len(first.run.fills) > 0 or int(first.run.refusals.sum()) > 0


@pytest.mark.parametrize("name", SHORTS)
def test_short_mirrors_go_short_on_perpetuals_and_are_refused_on_spot(name: str) -> None:
    perpetual = backtest(catalog.load(name), series_of(3_000, perpetual=True))
    assert len(perpetual.run.trades) > 0
    assert set(perpetual.run.trades["side"].tolist()) == {-1}
    spot = backtest(catalog.load(name), series_of(3_000))
    assert len(spot.run.fills) == 0
    assert spot.run.refusals[Refusal.SPOT_CANNOT_SHORT] == spot.run.refusals.sum() > 0


PROCESS = """
import sys
sys.path.insert(0, {root!r})
from tests.unit.research.test_run import SHORTS, TWO, bytes_of, series_of
from ballast.research.run import backtest
from ballast.strategies import catalog
for name in ("stochrsi", "enhanced_momentum", "random_entry"):
    print(name, bytes_of(backtest(catalog.load(name), series_of(symbols=TWO, perpetual=True))))
"""


def test_two_processes_with_other_hash_seeds_give_the_same_bytes() -> None:
    """R-QA-05."""
    said = []
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", PROCESS.format(root=str(ROOT))],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        said.append(done.stdout)
    assert said[0] == said[1]
    assert len(said[0].split()) == 6
    here = bytes_of(backtest(catalog.load("stochrsi"), series_of(symbols=TWO, perpetual=True)))
    assert said[0].split()[1] == here


def card_id(**changes: Any) -> str:
    """The id of a small run, with something changed."""
    given: dict[str, Any] = {"series": [Series(flat_bars([100.0 + k % 7 for k in range(80)]))]}
    given |= {"strategy": scripted({"BTCUSDT": {60: "L"}}), "settings": Settings()} | changes
    return backtest(given.pop("strategy"), given.pop("series"), **given).card.run_id


def changed(section: str, **values: Any) -> Settings:
    base = Settings()
    return replace(base, **{section: replace(getattr(base, section), **values)})


def other_series(**changes: Any) -> list[Series]:
    bars = flat_bars([100.0 + k % 7 for k in range(80)])
    if "price" in changes:
        close = bars.close.copy()
        close[70] = np.nextafter(close[70], 0.0)
        bars = replace(bars, close=close)
    if "flags" in changes:
        bars = bars.with_flags(np.where(np.arange(80) == 3, 1, 0).astype(np.uint8))
    one = Series(bars)
    rules = replace(one.rules, **changes.get("rules", {}))
    beside = {name: changes[name] for name in ("funding", "mark", "fine") if name in changes}
    return [replace(one, instrument=rules, is_inferred=True, **beside)]


RATES = np.array([(START_MS + HOUR_MS, 1e-4, 100.0)], FUNDING)
IDENTITY: dict[str, dict[str, Any]] = {
    "strategy": {"strategy": scripted({"BTCUSDT": {61: "L"}})},
    "construction": {"strategy": scripted({"BTCUSDT": {60: "L"}}, stop=no_stop())},
    "price by one ulp": {"series": other_series(price=True)},
    "flags": {"series": other_series(flags=True)},
    "taker fee": {"settings": changed("costs", taker=0.0008)},
    "fee schedule": {"series": other_series(rules={"fees": (FeeRate(0, 0.0, 0.001),)})},
    "tick": {"series": other_series(rules={"min_notional": 5})},
    "funding": {"series": other_series(funding=RATES)},
    "mark": {"series": other_series(mark=flat_bars([99.0] * 80))},
    "fine": {"series": other_series(fine=flat_bars([99.0] * 80, timeframe="5m"))},
    "seed": {"settings": changed("engine", seed=43)},
    "cash": {"settings": changed("engine", initial_cash=10_001.0)},
    "limit": {"settings": changed("risk", positions=4)},
    "exit": {"settings": changed("exits", stop_atr=3.1)},
    "size": {"settings": changed("sizing", risk_per_trade=0.011)},
    "gap factor": {"settings": changed("data", gap_factor=1.6)},
    "kelly": {"kelly": 0.1},
    "detail": {"detail": "5m"},
    "symbol settings": {"symbol_settings": {"BTCUSDT": changed("costs", taker=0.002)}},
}


def test_the_id_changes_with_everything_that_can_change_the_result() -> None:
    """R-BT-07: the card names strategy, parameters, data, code, seed and costs."""
    ids = {name: card_id(**changes) for name, changes in IDENTITY.items()} | {"": card_id()}
    assert len(set(ids.values())) == len(ids), ids


def test_the_id_changes_with_a_parameter() -> None:
    series = series_of()
    ids = {
        backtest(catalog.load("ema_cross"), series, params=params).card.run_id
        for params in ({}, {"fast": 8.0}, {"slow": 22.0})
    }
    assert len(ids) == 3
    spelled = backtest(catalog.load("ema_cross"), series, params={"fast": 9.0})
    assert spelled.card.run_id in ids, "a default that is said aloud is the same run"


def test_the_id_does_not_change_with_what_cannot_change_the_result() -> None:
    same = [
        card_id(),
        card_id(data_root="elsewhere"),
        card_id(audit=True),
        card_id(cache=ColumnCache()),
        card_id(settings=replace(Settings(), data=DataSettings(root="x", cache_mb=64))),
        card_id(settings=replace(Settings(), reports=ReportSettings(root="y"))),
        card_id(symbol_settings={"ETHUSDT": changed("costs", taker=0.002)}),
        card_id(series=other_series()),
    ]
    assert len(set(same)) == 1


def test_notes_say_what_a_reader_must_know() -> None:
    assert backtest(scripted({}), series_of(perpetual=True)).notes == ()
    bare = Series(flat_bars([100.0] * 80, venue="OKXSWAP"))
    notes = " ".join(backtest(scripted({}), [bare]).notes)
    for words in (
        "no stored trading rules for BTCUSDT",
        "no funding rates for BTCUSDT",
        "no fee schedule for BTCUSDT: maker 0.0700%, taker 0.0700% assumed",
    ):
        assert words in notes
    assert "gate was off" not in notes


def test_a_latched_kill_switch_and_liquidations_are_noted() -> None:
    closes = [100.0] * 62 + [85.0] * 20
    story = scripted(
        {"BTCUSDT": {60: "L"}}, size=fixed_qty(200.0), stop=no_stop(), trail=no_trail()
    )
    loose = RiskSettings(hard_bounds=False, position_cap=3.0, volume_share=0.0)
    killed = backtest(story, [Series(flat_bars(closes))], settings=Settings(risk=loose))
    assert any("the kill switch latched at 2021-01-03" in note for note in killed.notes)
    levered = scripted(
        {"BTCUSDT": {60: "L"}}, size=fixed_qty(200.0), stop=no_stop(), trail=no_trail(),
        leverage=10.0,
    )  # fmt: skip
    perpetual = Series(flat_bars(closes, venue="OKXSWAP"))
    off = Settings(risk=RiskSettings(enforce=False))
    dead = backtest(levered, [perpetual], settings=off)
    assert "1 positions were liquidated" in dead.notes
    assert any("safety gate was off" in note for note in dead.notes)


def test_detail_without_finer_bars_is_noted() -> None:
    settings = changed("engine", intrabar="detail")
    one = Series(flat_bars([100.0] * 80))
    words = "no finer bars of BTCUSDT: the pessimistic rule decided inside its bars"
    assert words in backtest(scripted({}), [one], settings=settings).notes
    fine = replace(one, fine=flat_bars([100.0] * 960, timeframe="5m"))
    assert words not in backtest(scripted({}), [fine], settings=settings).notes


def test_series_that_cannot_share_a_run_are_refused() -> None:
    hours, days = flat_bars([100.0] * 80), flat_bars([100.0] * 80, timeframe="1d", symbol="E")
    with pytest.raises(UserError, match="mixed timeframes: 1d, 1h"):
        backtest(scripted({}), [Series(hours), Series(days)])
    with pytest.raises(UserError, match="BTCUSDT is named twice"):
        backtest(scripted({}), [Series(hours), Series(hours)])
    with pytest.raises(UserError, match="no series"):
        backtest(scripted({}), [])
    with pytest.raises(DataError, match="49 bars are too few"):
        backtest(scripted({}), [Series(hours.slice(0, 49))])
    with pytest.raises(UserError, match="initial cash is -5"):
        backtest(scripted({}), [Series(hours)], settings=changed("engine", initial_cash=-5.0))
    with pytest.raises(StrategyError, match=r"unknown parameter 'fsat'.*did you mean 'fast'"):
        backtest(catalog.load("ema_cross"), [Series(hours)], params={"fsat": 3.0})


def test_a_symbol_can_have_settings_of_its_own() -> None:
    """R-PORT-02: costs and exits may differ; the limits are the account's."""
    series = [Series(flat_bars([100.0] * 80, symbol=name)) for name in ("A", "B")]
    story = scripted({"A": {60: "L"}, "B": {60: "L"}}, size=fixed_qty(1.0), stop=no_stop())
    base = Settings(costs=CostSettings(taker=0.001, slip_fraction=0.0), risk=APART)
    own = replace(base, costs=replace(base.costs, taker=0.01), risk=RiskSettings(positions=1))
    for name in ("A", "B"):
        result = backtest(story, series, settings=base, symbol_settings={name: own})
        fees = result.run.fills["fee"]
        expected = [0.01 if one == name else 0.001 for one in ("A", "B")]
        assert fees / (100.0 * 1.0) == pytest.approx(expected)
        assert result.card.settings["symbols"][name]["costs"]["taker"] == 0.01
        assert result.card.settings["symbols"][name]["risk"]["positions"] == base.risk.positions


def test_symbols_share_one_account() -> None:
    """R-PORT-01: what the first symbol spends the second does not have."""
    series = [Series(flat_bars([100.0] * 80, symbol=name)) for name in ("A", "B")]
    both = scripted(
        {"A": {60: "L"}, "B": {60: "L"}}, size=fixed_qty(80.0), stop=no_stop(), trail=no_trail()
    )
    free = CostSettings(maker=0.0, taker=0.0, slip_fraction=0.0, participation=0.0)
    settings = Settings(risk=RiskSettings(enforce=False), costs=free)
    result = backtest(both, series, settings=settings)
    lots = [float(row["lots"]) * 1e-5 for row in result.run.fills]
    assert lots == pytest.approx([80.0, 20.0])
    swapped = backtest(both, series[::-1], settings=settings)
    assert swapped.run.fills["symbol"].tolist() == [0, 1], "declared order decides who comes first"


def test_symbols_may_start_and_end_at_different_times() -> None:
    late = flat_bars([100.0] * 90, symbol="B", start_ms=START_MS + 24 * HOUR_MS)
    result = backtest(
        scripted({"A": {60: "L"}, "B": {60: "L"}}, size=fixed_qty(1.0)),
        [Series(flat_bars([100.0] * 80, symbol="A")), Series(late)],
        settings=Settings(risk=APART),
    )
    hours = (result.run.fills["at_ms"] - START_MS) // HOUR_MS
    assert hours.tolist() == [61, 61 + 24]
    assert result.card.from_ms == START_MS
    assert result.card.to_ms == START_MS + (90 + 24) * HOUR_MS
    assert len(result.run.equity) == 90 + 24


def test_the_default_gate_holds_everywhere() -> None:
    """R-CONF-05: what is sized by the defaults risks 1 % and never more than half of equity."""
    (one,) = series_of(3_000)
    result = backtest(catalog.load("stochrsi"), [one])
    lots = float(one.rules.lot)
    for trade in result.run.trades:
        notional = trade["lots"] * lots * trade["entry"]
        assert notional < 0.52 * 10_000 * 1.2
        assert trade["risk_cash"] < 0.0101 * 10_000 * 1.2
    assert one.rules.kind is Kind.SPOT
    modes = Settings(sizing=SizingSettings(mode="fixed_notional", fixed_notional=0.05))
    smaller = backtest(catalog.load("stochrsi"), [one], settings=modes)
    assert smaller.run.account["turnover"] != result.run.account["turnover"]


def test_an_engine_choice_is_on_the_card() -> None:
    engine = EngineSettings(intrabar="path", seed=7)
    card = backtest(scripted({}), series_of(), settings=Settings(engine=engine)).card
    assert (card.seed, card.settings["engine"]["intrabar"]) == (7, "path")
    assert card.settings["data"] == {
        "gap_factor": 1.5,
        "completeness": 0.95,
        "extreme_move": 0.3,
        "quality_threshold": 0.8,
    }
    assert "root" not in str(card.settings["data"])
