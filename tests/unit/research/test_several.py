"""Several strategies of one run: owners of symbols, the card, the ledger, trials (R-PORT-01)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.runs import scripted, series_of

from ballast.core.errors import StrategyError, UserError
from ballast.core.settings import Settings
from ballast.research import storage, workspace
from ballast.research.assembly import assemble
from ballast.research.assignment import Assignment, assigned
from ballast.research.loading import load_series
from ballast.research.metrics import summary
from ballast.research.report.page import report_html
from ballast.research.report.terminal import render_terminal
from ballast.research.repro import case_of, repro
from ballast.research.run import backtest, legs_of
from ballast.research.trial_rows import record_result
from ballast.store.candles import CandleStore
from ballast.store.instruments import InstrumentBook
from ballast.store.trials import TrialLedger
from ballast.strategies.catalog import load

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.research.result import Result

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
FIRST, SECOND = load("ema_cross"), load("donchian_breakout")
SERIES = series_of(900, symbols=SYMBOLS)


def mixed(*others: Assignment, **more: Any) -> Result:
    return backtest(FIRST, SERIES, others=others, **more)


BOTH = Assignment(SECOND, ("ETHUSDT", "SOLUSDT"), {"entry": 30.0})

# who trades what beside the first, and what is said
WRONG = {
    "two owners": ([Assignment(SECOND, ("ETHUSDT",)), Assignment(FIRST, ("ETHUSDT",))],
                   "ETHUSDT is given to donchian_breakout and ema_cross"),
    "twice": ([Assignment(SECOND, ("ETHUSDT", "ETHUSDT"))], "ETHUSDT is given to"),
    "strange": ([Assignment(SECOND, ("XRPUSDT",))], "XRPUSDT is not in the run"),
    "nothing left": ([Assignment(SECOND, SYMBOLS)], "ema_cross has no symbol"),
    "nothing": ([Assignment(SECOND, ())], "donchian_breakout has no symbol"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_symbol_has_one_owner(case: str) -> None:
    others, said = WRONG[case]
    with pytest.raises(UserError, match=said):
        mixed(*others)


def test_the_first_trades_what_no_other_does() -> None:
    found = assigned(FIRST, SYMBOLS, {"fast": 9.0}, [BOTH])
    assert [one.symbols for one in found] == [("BTCUSDT",), ("ETHUSDT", "SOLUSDT")]
    legs = legs_of(FIRST, SERIES, {"fast": 9.0}, others=[BOTH])
    assert [leg.plan.strategy.name for leg in legs] == ["ema_cross", *["donchian_breakout"] * 2]
    assert legs[0].plan.params["fast"] == 9.0
    assert legs[1].plan.params["entry"] == 30.0


def test_a_column_that_only_one_of_them_states_is_neutral_for_the_others() -> None:
    sure = scripted({"ETHUSDT": {120: "L"}}, sure=0.7)
    market = assemble(legs_of(FIRST, SERIES, others=[Assignment(sure, ("ETHUSDT",))]))
    stated = market.confidence[market.spec[1].first : market.spec[1].last]
    assert (stated == 0.7).all()
    assert (market.confidence == 1.0).sum() == len(market.confidence) - len(stated)
    assert market.plan["use_confidence"].tolist() == [0, 1, 0]


def test_the_longest_warm_up_is_the_runs() -> None:
    alone = backtest(SECOND, SERIES[1:2], params={"entry": 200.0, "leave": 10.0})
    other = Assignment(SECOND, ("ETHUSDT",), {"entry": 200.0, "leave": 10.0})
    assert mixed(other).warmup_bars == alone.warmup_bars > backtest(FIRST, SERIES).warmup_bars


def test_the_card_names_all_of_them_and_its_id_hangs_on_each() -> None:
    card = mixed(BOTH).card
    (other,) = card.others
    assert (card.strategy, other.strategy) == ("ema_cross", "donchian_breakout")
    assert other.symbols == ("ETHUSDT", "SOLUSDT")
    assert other.params["entry"] == 30.0
    ids = {
        one.card.run_id
        for one in (
            mixed(BOTH),
            mixed(BOTH),
            mixed(replace(BOTH, params={"entry": 31.0})),
            mixed(replace(BOTH, symbols=("ETHUSDT",))),
            mixed(replace(BOTH, strategy=load("momentum"), params={})),
            backtest(FIRST, SERIES),
        )
    }
    assert len(ids) == 5


def test_every_trade_and_table_names_its_strategy() -> None:
    result = mixed(BOTH)
    files = storage.result_files(result)
    document = json.loads(files[storage.DOCUMENT])
    owner = {"BTCUSDT": "ema_cross", "ETHUSDT": "donchian_breakout", "SOLUSDT": "donchian_breakout"}
    assert document["trades"]
    assert all(one["strategy"] == owner[one["symbol"]] for one in document["trades"])
    groups = {one["key"]: one["count"] for one in document["strategies"]}
    assert sum(groups.values()) == document["summary"]["trades"]["count"]
    assert list(groups) == ["ema_cross", "donchian_breakout"]
    assert all(groups.values())
    assert files[storage.TRADES].decode().splitlines()[0].endswith(",strategy")
    assert "By strategy" in report_html(result, summary(result))
    assert render_terminal(result, summary(result))


def test_a_run_of_one_strategy_says_nothing_of_others() -> None:
    files = storage.result_files(backtest(FIRST, SERIES))
    document = json.loads(files[storage.DOCUMENT])
    assert "others" not in document["card"]
    assert "strategies" not in document
    assert "strategy" not in document["trades"][0]


def test_one_strategy_may_come_twice_with_other_numbers() -> None:
    result = mixed(Assignment(FIRST, ("SOLUSDT",), {"fast": 5.0}))
    assert result.strategies == ("ema_cross", "ema_cross", "ema_cross #2")


@pytest.fixture
def stored(tmp_path: Path) -> storage.Stored:
    for one in SERIES:
        CandleStore(tmp_path).write(one.bars)
        InstrumentBook(tmp_path).put(one.rules, 0)
    (tmp_path / "own.toml").write_text(SECOND.to_toml().replace("donchian_breakout", "own"))
    own = Assignment(workspace.load("own", tmp_path), ("SOLUSDT",), {"entry": 25.0})
    bars = SERIES[0].bars
    series = load_series(tmp_path, bars.venue, SYMBOLS, bars.timeframe, Settings())
    result = backtest(FIRST, series, others=[own])
    return storage.load(storage.save(result, tmp_path / "results"))


def test_a_run_from_its_card_gives_the_same_bytes(stored: storage.Stored, tmp_path: Path) -> None:
    assert stored.result.card.others
    found = repro(stored, tmp_path, tmp_path)
    assert (found.identical, found.files, found.causes) == (True, (), ())
    assert found.result.card == stored.result.card
    (row,) = storage.index(tmp_path / "results")
    assert row["strategy"] == "ema_cross + own"


def test_any_of_them_that_changed_is_named(stored: storage.Stored, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(path.read_text().replace("2.0", "2.5"))
    with pytest.raises(StrategyError, match="own: the strategy is not the one that ran"):
        repro(stored, tmp_path, tmp_path)


def test_what_takes_a_run_of_one_strategy_says_so(stored: storage.Stored, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the run is of 2 strategies: ema_cross, own"):
        case_of(stored, tmp_path, tmp_path)


def test_it_is_a_trial_of_each(tmp_path: Path) -> None:
    result = mixed(BOTH)
    with TrialLedger(tmp_path / "ledger.sqlite", tmp_path) as ledger:
        record_result(ledger, result, [FIRST, SECOND])
        found = {one.family: (one.strategies, one.markets) for one in ledger.families()}
    assert sorted(found.values()) == [
        ("donchian_breakout", "SYNTH ETHUSDT+SOLUSDT"), ("ema_cross", "SYNTH BTCUSDT")
    ]  # fmt: skip
