"""The README keeps its word: its strategy loads and is causal, its first commands work."""

from __future__ import annotations

import contextlib
import json
import re
from typing import TYPE_CHECKING

from tests.data import ROOT
from typer.testing import CliRunner

from ballast.service.cli.main import app

if TYPE_CHECKING:
    from pathlib import Path

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_ten_lines_of_the_readme_are_a_causal_strategy(tmp_path: Path) -> None:
    """R-DOC-01."""
    code = re.search(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert code
    runner = CliRunner()
    with contextlib.chdir(tmp_path):
        assert runner.invoke(app, ["init"]).exit_code == 0
        (tmp_path / "strategies" / "my_cross.py").write_text(code[1])
        done = runner.invoke(app, ["strategies", "check", "my_cross", "--json"])
    assert done.exit_code == 0, done.stderr
    checked = json.loads(done.stdout)
    assert checked["strategy"] == "my_cross"
    assert checked["causal"]


def test_the_first_commands_of_the_readme_work(tmp_path: Path) -> None:
    runner = CliRunner()
    with contextlib.chdir(tmp_path):
        assert runner.invoke(app, ["init", "my-space"]).exit_code == 0
    with contextlib.chdir(tmp_path / "my-space"):
        assert runner.invoke(app, ["new-strategy", "my_cross"]).exit_code == 0
        done = runner.invoke(app, ["strategies", "check", "my_cross"])
    assert done.exit_code == 0, done.stderr
    for command in ("ballast init my-space", "ballast new-strategy my_cross"):
        assert command in README
