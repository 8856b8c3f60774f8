"""The state attack: what a strategy keeps between calls shows; a file is run anew for each life."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.fakes.cheats import (
    LOOK_AHEAD,
    counts_its_calls,
    remembers_its_first_bars,
    through_another_symbol,
)
from tests.unit.strategies.bars import walk

from ballast.research.attacks.state import state_attack
from ballast.research.attacks.truncation import truncation_attack
from ballast.research.workspace import load_file, reborn
from ballast.strategies.catalog import load, names
from ballast.strategies.custom import ClassStrategy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MARKET = {"A/USDT": walk(400, 1), "B/USDT": walk(400, 2, symbol="B/USDT")}
KEEPS = '''"""Keeps the mean of the first bars it sees in a variable of the file."""
from ballast.strategies import Signals, SignalStrategy
MEAN = []
class Keeps(SignalStrategy):
    name = "keeps"
    def signals(self, bars):
        if not MEAN:
            MEAN.append(bars.close.mean())
        return Signals(enter_long=bars.close > MEAN[0])
'''


@pytest.mark.parametrize(
    ("form", "says"),
    [
        (counts_its_calls, "when it is asked again"),
        (through_another_symbol, "when it is asked again"),
        (remembers_its_first_bars, "when it was asked for the first half before"),
    ],
)
def test_kept_state_is_caught(form: Callable[[], ClassStrategy], says: str) -> None:
    memory = state_attack(form(), MARKET, fresh=form).memory
    assert memory is not None
    assert says in memory.line()


def test_a_file_that_keeps_state_is_run_anew_for_each_life(tmp_path: Path) -> None:
    """The mean of all bars was learnt before the attack began; both attacks see it all the same."""
    path = tmp_path / "keeps.py"
    path.write_text(KEEPS)
    form = load_file(path, tmp_path)
    assert isinstance(form, ClassStrategy)
    form.start({}).signals(MARKET["A/USDT"])  # type: ignore[union-attr]
    assert truncation_attack(form, MARKET).violation is not None
    assert state_attack(form, MARKET).memory is not None
    again = reborn(form)
    assert isinstance(again, ClassStrategy)
    assert again.form is not form.form
    assert again.hash == form.hash


@pytest.mark.parametrize("cheat", LOOK_AHEAD)
def test_a_cheat_without_memory_is_not_accused_of_one(cheat: type) -> None:
    assert state_attack(ClassStrategy(cheat), MARKET).memory is None


@pytest.mark.parametrize("name", names())
def test_no_library_strategy_keeps_anything(name: str) -> None:
    assert state_attack(load(name), {"A/USDT": walk(400, 3)}).memory is None
