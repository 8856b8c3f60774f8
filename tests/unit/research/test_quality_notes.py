"""Doubtful candles: a run says so in one line, always the same line (R-DQ-12)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from tests.data import SHARED, needs_data
from tests.fakes.runs import scripted
from tests.unit.store.quality.series import drop, walk

from ballast.core.instrument import Instrument
from ballast.core.settings import DataSettings, EngineSettings, Settings
from ballast.core.time import Timeframe
from ballast.research.loading import load_series
from ballast.research.run import backtest
from ballast.research.series import Series
from ballast.store.candles import CandleStore
from ballast.store.importers.read import read_any
from ballast.store.instruments import InstrumentBook
from ballast.store.quality import check_bars

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.core.bars import Bars

HOLED = drop(walk(2_000), slice(300, 700))
"""A fifth is missing: 0.4 of the score."""
STRICT = Settings(data=DataSettings(quality_threshold=0.9))


def load(root: Path, bars: Bars, settings: Settings | None = None) -> Series:
    CandleStore(root).write(bars)
    frame = bars.timeframe
    (one,) = load_series(root, bars.venue, [bars.symbol], frame, settings or Settings())
    return one


def notes(one: Series, settings: Settings | None = None) -> list[str]:
    found = backtest(scripted({}), [one], settings=settings).notes
    return [line for line in found if "quality" in line]


def test_faultless_candles_are_not_talked_about(tmp_path: Path) -> None:
    one = load(tmp_path, walk(500))
    assert one.quality == (1.0, ())
    assert notes(one) == []
    assert Series(walk(500)).quality is None
    assert notes(Series(HOLED)) == [], "own data is not checked behind anyone's back"


def test_a_score_under_the_threshold_is_noted_with_its_reasons(tmp_path: Path) -> None:
    """R-DQ-12: the reason is visible."""
    one = load(tmp_path, HOLED)
    assert one.quality == (0.6, ("incomplete",))
    assert notes(one) == ["S: data quality 0.6, under 0.8: incomplete; see `ballast data check`"]
    low = Settings(data=DataSettings(quality_threshold=0.5))
    assert notes(load(tmp_path, HOLED, low), low) == []


def test_the_threshold_is_that_of_the_settings(tmp_path: Path) -> None:
    bars = drop(walk(1_000), slice(300, 370))
    score = check_bars(bars).score
    assert 0.8 < score < 0.9
    assert notes(load(tmp_path, bars)) == []
    (line,) = notes(load(tmp_path, bars, STRICT), STRICT)
    assert line.startswith(f"S: data quality {score:g}, under 0.9: ")


def test_what_is_stored_is_judged_and_not_what_the_gap_policy_made_of_it(tmp_path: Path) -> None:
    """Bars that the policy makes up are no finding against the data."""
    marking = Settings(engine=EngineSettings(gap_policy="mark"))
    assert load(tmp_path, HOLED, marking).quality == (0.6, ("incomplete",))


def test_known_rules_are_held_against_the_prices(tmp_path: Path) -> None:
    rules = Instrument("V", "S", "S", "USDT", tick=Decimal("0.5"))
    InstrumentBook(tmp_path).put(rules, 0)
    expected = check_bars(walk(500), instrument=rules).score
    assert expected < 1.0
    assert load(tmp_path, walk(500)).quality == (expected, ())


def test_a_severe_finding_is_noted_above_any_threshold(tmp_path: Path) -> None:
    one = replace(load(tmp_path, walk(500)), quality=(0.7, ("market_splice", "paging_hole")))
    low = Settings(data=DataSettings(quality_threshold=0.5))
    assert notes(one, low) == [
        "S: data quality 0.7: market_splice, paging_hole; see `ballast data check`"
    ]


def test_the_same_data_give_the_same_note_and_the_same_card(tmp_path: Path) -> None:
    """R-BT-07: the settings that decide the note are on the card."""
    first, second = (backtest(scripted({}), [load(tmp_path, HOLED)]) for _ in range(2))
    assert (first.notes, first.card) == (second.notes, second.card)
    strict = backtest(scripted({}), [load(tmp_path, HOLED, STRICT)], settings=STRICT)
    assert strict.card.run_id != first.card.run_id


@needs_data
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("BINANCEUSDM-BTCUSDT-5m-spot-splice", "market_splice"),
        ("BYBIT-ADAUSDT-1m-paged-holes", "paging_hole"),
    ],
)
def test_real_candles_with_known_defects_are_named(tmp_path: Path, name: str, kind: str) -> None:
    """R-DQ-12."""
    venue, symbol, frame = name.split("-")[:3]
    bars = read_any(
        SHARED / f"dirty/{name}.parquet",
        venue=venue,
        symbol=symbol,
        timeframe=Timeframe.parse(frame),
    ).bars
    assert bars is not None
    one = load(tmp_path, bars.slice(0, 20_000))
    (line,) = notes(one)
    assert line.startswith(f"{symbol}: data quality 0.")
    assert ", under 0.8: " in line
    assert kind in line
