"""`ballast strategies` and `ballast new-strategy`, as a person meets them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import typer.testing

from ballast.core.errors import StrategyError
from ballast.service.cli import new_strategy, strategies

if TYPE_CHECKING:
    from pathlib import Path

RUNNER = typer.testing.CliRunner()


@pytest.fixture(autouse=True)
def _workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "strategies").mkdir()
    monkeypatch.chdir(tmp_path)


def run(app: typer.Typer, *arguments: str) -> str:
    done = RUNNER.invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def asked(app: typer.Typer, *arguments: str) -> Any:
    return json.loads(run(app, *arguments, "--json"))


def test_a_new_strategy_is_listed_shown_and_checked() -> None:
    made = asked(new_strategy.app, "mine")
    assert made["file"].endswith("mine.py")
    run(new_strategy.app, "mine2", "--from", "stochrsi_sma", "--form", "toml")
    rows = asked(strategies.app, "list")
    assert [row["name"] for row in rows][:3] == ["mine", "mine2", "buy_and_hold"]
    assert rows[1]["sides"] == "long"
    shown = asked(strategies.app, "show", "mine")
    assert shown["signals"]["enter_long"].startswith("(ema(p.fast) > ema(p.slow))")
    checked = asked(strategies.app, "check", "mine")
    assert checked["causal"].startswith("yes")
    assert checked["enter_long"] > 0
    assert [row["signal"] for row in checked["filters"]] == ["enter_long", "enter_long"]
    assert "it alone blocks" in run(strategies.app, "check", "mine")


@pytest.mark.parametrize("form", ["table", "toml", "json", "python"])
def test_every_form_can_be_printed(form: str) -> None:
    assert "momentum_return(p.window) > p.threshold" in run(
        strategies.app, "show", "momentum", "--form", form
    )


def test_a_broken_file_hides_no_other(tmp_path: Path) -> None:
    (tmp_path / "strategies" / "bad.py").write_text("x = (")
    rows = asked(strategies.app, "list")
    assert rows[0]["about"].startswith("BROKEN: bad.py:1")
    assert len(rows) > 10
    assert "BROKEN" in run(strategies.app)


def test_a_class_is_shown_and_a_cheat_is_refused(tmp_path: Path) -> None:
    (tmp_path / "strategies" / "cheat.py").write_text(
        "import numpy as np\n"
        "from ballast.strategies import SignalStrategy, Signals\n"
        "class Cheat(SignalStrategy):\n"
        "    def signals(self, bars):\n"
        "        return Signals(enter_long=bars.close > bars.close.mean())\n"
    )
    assert asked(strategies.app, "show", "cheat")["sides"] == "long+short"
    assert "Cheat" in run(strategies.app, "show", "cheat")
    with pytest.raises(StrategyError, match=r"Cheat: looks ahead.*later bars are known"):
        run(strategies.app, "check", "cheat")
    with pytest.raises(StrategyError, match="is a class"):
        run(strategies.app, "show", "cheat", "--form", "toml")


def test_wrong_words_are_one_line() -> None:
    with pytest.raises(StrategyError, match=r"form 'yaml'.*expected one of table, toml"):
        run(strategies.app, "show", "momentum", "--form", "yaml")
    with pytest.raises(StrategyError, match="belong together"):
        run(strategies.app, "check", "momentum", "--venue", "BINANCE")
    with pytest.raises(StrategyError, match="did you mean 'momentum'"):
        run(strategies.app, "show", "momentun")
