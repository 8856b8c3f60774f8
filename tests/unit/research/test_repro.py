"""Repro: the same bytes again, or the reason why not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.fakes.runs import series_of

import ballast.research.repro as reproducing
import ballast.research.run as running
from ballast.core.errors import DataError, StrategyError
from ballast.core.records import DEPTH
from ballast.core.settings import CostSettings, DataSettings, EngineSettings, ExitSettings, Settings
from ballast.core.time import Timeframe
from ballast.research import storage, workspace
from ballast.research.loading import load_series
from ballast.research.repro import Reproduction, repro
from ballast.research.run import backtest
from ballast.store.candles import CandleStore
from ballast.store.depth import DepthStore
from ballast.store.funding import FundingStore
from ballast.store.instruments import InstrumentBook
from ballast.store.resample import resample

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.core.bars import Bars

HOUR = Timeframe.parse("1h")
CODE = """from ballast.strategies import close, ema, strategy, atr_stop
STRATEGY = strategy("own", enter_long=ema(close, 9) > ema(close, {slow}), stop=atr_stop(3.0),
                    exit_long=ema(close, 9) < ema(close, {slow}))
"""


@dataclass(frozen=True)
class Space:
    """A workspace with a store, a strategy file and one finished run."""

    root: Path

    @property
    def strategies(self) -> Path:
        return self.root / "strategies"

    @property
    def data(self) -> Path:
        return self.root / "data"

    def write(self, slow: int = 21) -> None:
        (self.strategies / "own.py").write_text(CODE.format(slow=slow))

    def run(self, name: str = "own", settings: Settings | None = None, **more: Any) -> Any:
        """Backtest from the store and save."""
        chosen = settings or Settings()
        symbols = more.pop("symbols", ["BTCUSDT"])
        detail = Timeframe.parse(more["detail"]) if "detail" in more else None
        span = {key: more.pop(key) for key in ("from_ms", "to_ms") if key in more}
        frame = more.pop("frame", HOUR)
        series = load_series(self.data, "SYNTH", symbols, frame, chosen, detail=detail, **span)
        strategy = workspace.load(name, self.strategies)
        result = backtest(strategy, series, settings=chosen, data_root="data", **more)
        return storage.load(storage.save(result, self.root / "results"))

    def again(self, stored: Any) -> Reproduction:
        return repro(stored, self.strategies, self.data)


@pytest.fixture
def space(tmp_path: Path) -> Space:
    made = Space(tmp_path)
    made.strategies.mkdir()
    made.write()
    store = CandleStore(made.data)
    for one in series_of(700, symbols=("BTCUSDT", "TRXUSDT"), perpetual=True):
        store.write(one.bars)
        assert one.mark is not None
        store.write(one.mark)
        InstrumentBook(made.data).put(one.rules, 0)
        FundingStore(made.data).write("SYNTH", one.bars.symbol, one.funding)
        book = {0: np.array([(0.0001, 1_000.0), (0.0003, 9_000.0)], DEPTH)}
        DepthStore(made.data).write("SYNTH", one.bars.symbol, book)
    return made


CHOICES: dict[str, dict[str, Any]] = {
    "plain": {},
    "library": {"name": "stochrsi", "params": {"ema1": 7.0}},
    "shorts": {"name": "donchian_breakout", "symbols": ["TRXUSDT", "BTCUSDT"]},
    "kelly": {"kelly": 0.2},
    "period": {"from_ms": 1_609_632_000_000, "to_ms": 1_611_000_000_000},
    "marked gaps": {"settings": Settings(engine=EngineSettings(gap_policy="mark"))},
    "gap factor": {
        "settings": Settings(
            engine=EngineSettings(max_gap_bars=0), data=DataSettings(gap_factor=2.0)
        )
    },
    "quality": {"settings": Settings(data=DataSettings(quality_threshold=1.0))},
    "book": {"settings": Settings(costs=CostSettings(slip_book=True))},
    "own settings": {
        "symbols": ["BTCUSDT", "TRXUSDT"],
        "symbol_settings": {"TRXUSDT": Settings(exits=ExitSettings(stop_atr=1.5))},
    },
    "detail": {
        "frame": Timeframe.parse("4h"),
        "detail": "1h",
        "settings": Settings(engine=EngineSettings(intrabar="detail", seed=5)),
    },
    "spelled": {"symbols": ["BTC/USDT"]},
}


@pytest.mark.parametrize("choice", CHOICES)
def test_a_run_from_its_card_gives_the_same_bytes(choice: str, space: Space) -> None:
    """R-BT-07, with every choice that can stand on a card."""
    if choice == "detail":
        store = CandleStore(space.data)
        store.write(resample(store.read("SYNTH", "BTCUSDT", HOUR), Timeframe.parse("4h")).bars)
    stored = space.run(**CHOICES[choice])
    assert len(stored.result.run.fills) > 0
    found = space.again(stored)
    assert (found.identical, found.files, found.causes) == (True, (), ())
    assert found.result.card == stored.result.card


def test_a_symbol_with_a_slash_in_its_name(space: Space) -> None:
    """The name was once taken for a part of the card, and repro broke on it."""
    (one,) = series_of(700)
    CandleStore(space.data).write(replace(one.bars, symbol="SOL/USDT:USDT"))
    stored = space.run(symbols=["SOL/USDT:USDT"])
    assert space.again(stored).identical


def test_another_strategy_of_the_name_is_refused(space: Space) -> None:
    stored = space.run()
    space.write(slow=34)
    with pytest.raises(StrategyError, match=r"own: the strategy is not the one that ran.*hash"):
        space.again(stored)
    space.write()
    assert space.again(stored).identical
    (space.strategies / "own.py").unlink()
    with pytest.raises(StrategyError, match="unknown strategy 'own'"):
        space.again(stored)


def revised(bars: Bars) -> Bars:
    close = bars.close.copy()
    close[400] = bars.high[400]
    return replace(bars, close=close)


def test_other_bars_are_refused_and_name_the_series(space: Space) -> None:
    stored = space.run()
    store = CandleStore(space.data)
    store.write(revised(store.read("SYNTH", "BTCUSDT", HOUR)))
    with pytest.raises(DataError, match="SYNTH-BTCUSDT-1h: the bars are not the ones"):
        space.again(stored)


def test_more_bars_at_the_end_do_no_harm(space: Space) -> None:
    stored = space.run(to_ms=1_611_000_000_000)
    assert space.again(stored).identical


def test_what_changed_beside_the_bars_is_named(space: Space) -> None:
    """Other funding is another run: its id differs, and so does every file that holds it."""
    stored = space.run()
    funding = FundingStore(space.data).read("SYNTH", "BTCUSDT")
    rows = np.array(funding)
    rows["rate"] *= 2.0
    FundingStore(space.data).write("SYNTH", "BTCUSDT", rows)
    found = space.again(stored)
    assert not found.identical
    assert found.causes == ("trading rules, funding, depth or mark prices of the store changed",)
    assert "card.json" in found.files
    assert set(found.files) <= set(stored.sums)


def test_other_code_is_noted(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = space.run()
    monkeypatch.setattr(reproducing, "code_version", lambda: "9.9.9+new")
    monkeypatch.setattr(running, "code_version", lambda: "9.9.9+new")
    found = space.again(stored)
    (cause,) = found.causes
    assert cause.startswith("code 0.")
    assert cause.endswith("then, 9.9.9+new now")
    assert "card.json" in found.files
    assert "trades.csv" not in found.files, "the fills themselves are the same"


def test_a_result_that_cannot_be_explained_names_its_files(space: Space) -> None:
    """Same strategy, data and code, other bytes: a defect, told by file."""
    stored = space.run()
    sums = dict(stored.sums) | {"trades.csv": "0" * 64}
    found = space.again(replace(stored, sums=sums))
    assert (found.identical, found.files, found.causes) == (False, ("trades.csv",), ())


def test_the_settings_of_the_card_are_used_not_todays(space: Space) -> None:
    dear = Settings(costs=CostSettings(slip_fraction=0.002))
    stored = space.run(settings=dear)
    plain = space.run()
    assert stored.result.card.run_id != plain.result.card.run_id
    assert space.again(stored).result.run.fills.tobytes() == stored.result.run.fills.tobytes()
