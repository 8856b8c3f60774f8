"""The README keeps its word: its strategy loads and is causal, its first commands work."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
from typing import TYPE_CHECKING

from tests.data import ROOT
from typer.testing import CliRunner

from ballast.service.cli.main import app

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

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


def test_the_commands_of_the_readme_work_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-DOC-01: a newcomer types what stands there and gets a result."""
    monkeypatch.setenv("BALLAST_KEYS", str(tmp_path / "keys"))
    blocks = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    runner = CliRunner()
    done = []
    with contextlib.chdir(tmp_path):
        for command in (part for line in lines for part in line.split(" && ")):
            if command.startswith("cd "):
                os.chdir(command[3:])
            elif command.startswith("ballast "):
                result = runner.invoke(app, shlex.split(command)[1:])
                verb = command.split()[1]
                fine = {0, 1} if verb == "certify" else {0}  # 1: the answer is no
                assert result.exit_code in fine, (command, result.stderr)
                done.append(verb)
    assert done == [
        "init", "new-strategy", "strategies", "data", "backtest", "sweep", "repro", "certify",
    ]  # fmt: skip
    assert len(list((tmp_path / "my-space" / "results").glob("*/report.html"))) == 1
