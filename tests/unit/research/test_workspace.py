"""The user's strategy files: found, loaded, begun; and one line for whatever is wrong in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ballast.core.errors import StrategyError
from ballast.research import workspace
from ballast.strategies.catalog import load as library
from ballast.strategies.custom import ClassStrategy
from ballast.strategies.definition import Strategy

if TYPE_CHECKING:
    from pathlib import Path

CLASS = '''
"""A class."""
import numpy as np
from ballast.strategies import OnBarStrategy, Signal, SignalStrategy, Signals

class Mine(SignalStrategy):
    """Always long."""
    name = "mine"
    def signals(self, bars):
        return Signals(enter_long=np.ones(len(bars), bool))
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "strategies"
    made.mkdir()
    return made


@pytest.mark.parametrize("form", ["python", "toml", "json"])
@pytest.mark.parametrize("source", [None, "stochrsi_trix_short"])
def test_a_new_strategy_loads_by_name_by_file_and_by_path(
    folder: Path, form: str, source: str | None
) -> None:
    """R-STRAT-27: begun from ten lines or from any strategy of the library, in any form."""
    template = library(source) if source else None
    text = workspace.new_strategy("my_first", template, form)
    path = workspace.write_strategy(folder, "my_first", text, form)
    loaded = [workspace.load(name, folder) for name in ("my_first", path.name, str(path))]
    assert all(isinstance(item, Strategy) and item.name == "my_first" for item in loaded)
    assert len({item.hash for item in loaded}) == 1
    assert loaded[0].doc
    assert [found.name for found in workspace.find(folder)][:2] == ["my_first", "buy_and_hold"]
    assert not list(folder.glob("__pycache__"))
    with pytest.raises(StrategyError, match="exists; take another name"):
        workspace.write_strategy(folder, "my_first", text, form)


def test_all_forms_of_one_beginning_are_one_strategy(folder: Path) -> None:
    hashes = set()
    for form in ("python", "toml", "json"):
        text = workspace.new_strategy("same", None, form)
        hashes.add(
            workspace.load_file(
                workspace.write_strategy(folder / form, "same", text, form), folder
            ).hash
        )
    assert len(hashes) == 1


def test_a_class_is_loaded_and_its_text_is_in_the_hash(folder: Path) -> None:
    (folder / "mine.py").write_text(CLASS)
    one = workspace.load("mine", folder)
    assert isinstance(one, ClassStrategy)
    assert (one.name, one.doc) == ("mine", "Always long.")
    (folder / "mine.py").write_text(CLASS + "\n# another thought\n")
    assert workspace.load("mine", folder).hash != one.hash
    with pytest.raises(StrategyError, match="only formulas can be printed"):
        workspace.new_strategy("copy", one)


def test_a_file_hides_the_library_and_the_library_is_found_without_one(folder: Path) -> None:
    assert workspace.load("momentum", folder).hash == library("momentum").hash
    text = workspace.new_strategy("momentum", library("ema_cross"), "json")
    workspace.write_strategy(folder, "momentum", text, "json")
    assert workspace.load("momentum", folder).hash != library("momentum").hash


def test_a_python_file_outside_of_the_workspace_is_not_run(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "trap.py"
    outside.write_text("raise SystemExit('it was run')")
    for name in (str(outside), "../trap.py"):
        with pytest.raises(StrategyError, match="is a program and is run only from the workspace"):
            workspace.load(name, folder)
    link = folder / "link.py"
    link.symlink_to(outside)
    with pytest.raises(StrategyError, match="only from the workspace"):
        workspace.load("link", folder)
    data = tmp_path / "data.json"
    data.write_text(workspace.new_strategy("data", None, "json"))
    assert workspace.load(str(data), folder).name == "data"


IMPORT = "from ballast.strategies import close, open, strategy\n"
TWO = "a = strategy('a', enter_long=close > 1)\nb = strategy('b', enter_long=close > 1)"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = (", r"bad.py:1: .*never closed"),
        ("def f(:\n  pass", r"bad.py:1: invalid syntax"),
        ("x = 1\ny = x / 0\n", r"bad.py:2: ZeroDivisionError: division by zero"),
        ("from ballast.strategies import closs", r"bad.py:1: ImportError.*closs"),
        (IMPORT + "x = close.shift(-1)", r"bad.py:2: shift.*not known yet"),
        (IMPORT + "if close > 1:\n  pass", r"bad.py:2: .*no single truth value"),
        (IMPORT + "x = close[-1]", r"bad.py:2: a formula has no index"),
        (IMPORT + "x = max(close, open)", r"bad.py:2: .*maximum"),
        (IMPORT + "x = sum(close)", r"bad.py:2: .*cannot be looped over"),
        ("x = 1", r"bad.py: no strategy in the file; .*STRATEGY = strategy"),
        (IMPORT + TWO, r"bad.py: 2 strategies in the file; expected one, or one named 'bad'"),
    ],
)
def test_a_mistake_in_the_users_file_is_file_line_and_what(
    folder: Path, text: str, words: str
) -> None:
    (folder / "bad.py").write_text(text)
    with pytest.raises(StrategyError, match=words) as caught:
        workspace.load("bad", folder)
    assert "\n" not in caught.value.line()


def test_files_that_cannot_be_used_are_named(folder: Path) -> None:
    with pytest.raises(StrategyError, match=r"strategy 'stockrsi'.*did you mean 'stochrsi'"):
        workspace.load("stockrsi", folder)
    with pytest.raises(StrategyError, match=r"no file 'x.toml'"):
        workspace.load("x.toml", folder)
    (folder / "twice.toml").write_text("")
    (folder / "twice.json").write_text("")
    with pytest.raises(StrategyError, match=r"is in twice.json and in twice.toml"):
        workspace.load("twice", folder)
    (folder / "latin.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(StrategyError, match="not UTF-8"):
        workspace.load("latin", folder)
    (folder / "big.json").write_text(" " * 1_000_001)
    with pytest.raises(StrategyError, match="1000001 bytes"):
        workspace.load("big", folder)
    with pytest.raises(StrategyError, match="form 'yaml'"):
        workspace.new_strategy("x", None, "yaml")
    with pytest.raises(StrategyError, match="not a strategy name"):
        workspace.new_strategy("My Idea", None, "toml")


def test_a_name_that_cannot_be_is_refused_before_a_file_is_written(folder: Path) -> None:
    with pytest.raises(StrategyError, match="not a strategy name"):
        workspace.write_strategy(folder, "../evil", "text", "toml")
    assert list(folder.iterdir()) == []
