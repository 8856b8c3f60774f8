"""The command line as a process: exit codes, one line for a mistake, JSON, quiet pipes."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ballast.service.cli.main import app

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def ballast(*arguments: str, cwd: Path, environment: dict[str, str] | None = None) -> Done:
    """Run a command line in this process: the same code as `ballast`, without its start-up."""
    clean = {name: None for name in os.environ if name.startswith("BALLAST")}
    with contextlib.chdir(cwd):
        done = CliRunner().invoke(app, list(arguments), env={**clean, **(environment or {})})
    return Done(done.exit_code, done.stdout, done.stderr)


def as_process(*arguments: str, cwd: Path, environment: dict[str, str] | None = None) -> Done:
    done = subprocess.run(
        [sys.executable, "-m", "ballast.service.cli.main", *arguments],
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def only_line(done: Done) -> str:
    assert done.returncode == 2, done
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


def test_help_lists_every_verb_and_loads_none(tmp_path: Path) -> None:
    code = (
        "import sys; from ballast.service.cli.main import VERBS, app\n"
        "try: app(['--help'])\n"
        "except SystemExit as e: assert e.code == 0\n"
        "heavy = {'numpy', 'numba', 'pyarrow', 'pydantic', 'rich', 'jinja2', 'plotly'}\n"
        "heavy |= {verb.module for verb in VERBS.values()}\n"
        "print('LOADED', sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "LOADED []" in done.stdout
    for word in ("show-config", "doctor", "--profile", "init"):
        assert word in done.stdout


def test_a_live_session_carries_nothing_that_reads_files_of_candles(tmp_path: Path) -> None:
    """R-PERF-*: some forty megabytes that it would keep for as long as it trades."""
    code = (
        "import sys\n"
        "from ballast.runtime import wiring\n"
        "from ballast.service.live import opening, running\n"
        "from ballast.service.cli import live, paper_live\n"
        "print('LOADED', sorted({'pyarrow', 'pandas', 'plotly', 'fastapi'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "LOADED []" in done.stdout


def test_a_mistake_ends_a_real_process_the_same_way(tmp_path: Path) -> None:
    line = only_line(as_process("show-config", "riks", cwd=tmp_path))
    assert line == only_line(ballast("show-config", "riks", cwd=tmp_path))


def test_version(tmp_path: Path) -> None:
    done = as_process("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "ballast 0.1.0\n")


def test_init_makes_a_workspace_once(tmp_path: Path) -> None:
    done = ballast("init", "space", "--json", cwd=tmp_path)
    assert done.returncode == 0
    assert json.loads(done.stdout)["folders"] == ["strategies", "data", "results"]
    before = {path: path.read_bytes() for path in (tmp_path / "space").iterdir() if path.is_file()}
    assert {path.name for path in before} == {
        ".gitignore",
        "ballast.toml",
        "settings.schema.json",
    }
    assert "is a workspace already" in only_line(ballast("init", "space", cwd=tmp_path))
    assert before == {path: path.read_bytes() for path in before}


def test_init_settings_are_valid_and_equal_the_defaults(tmp_path: Path) -> None:
    ballast("init", ".", cwd=tmp_path)
    shown = json.loads(ballast("show-config", "--json", cwd=tmp_path).stdout)
    fresh = tmp_path.parent / f"{tmp_path.name}-empty"
    fresh.mkdir()
    assert shown["hash"] == json.loads(ballast("show-config", "--json", cwd=fresh).stdout)["hash"]
    assert shown["settings"]["costs.taker"]["origin"].startswith("ballast.toml:")


def test_options_may_stand_before_or_after_the_verb(tmp_path: Path) -> None:
    before = ballast("--set", "engine.seed=7", "--quiet", "show-config", "--changed", cwd=tmp_path)
    after = ballast("show-config", "--changed", "--set=engine.seed=7", "--quiet", cwd=tmp_path)
    assert before.returncode == 0
    assert before.stdout == after.stdout
    assert before.stderr == after.stderr == ""
    assert "engine.seed" in before.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show-confg"], "did you mean 'show-config'?"),
        (["nothing"], "No such command 'nothing'"),
        (["show-config", "--jsn"], "No such option: --jsn"),
        (["show-config", "riks"], "did you mean 'risk'?"),
        (["show-config", "--set", "risk.daily_loss=0.2"], "hard bound"),
        (["show-config", "--config", "absent.toml"], "absent.toml: cannot read it"),
        (["show-config", "--profile", "lvie"], "did you mean 'live'?"),
        (["show-config", "--profile"], "--profile needs a value"),
        (["init", "a-file"], "a-file: not a folder"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(tmp_path: Path, arguments: list[str], said: str) -> None:
    (tmp_path / "a-file").touch()
    assert said in only_line(ballast(*arguments, cwd=tmp_path))


def test_profile_from_the_environment(tmp_path: Path) -> None:
    done = ballast(
        "config", "check", "--json", cwd=tmp_path, environment={"BALLAST_PROFILE": "live"}
    )
    assert json.loads(done.stdout)["mode"] == "live"


def test_secrets_are_hidden(tmp_path: Path) -> None:
    """R-CONF-08."""
    environment = {"BALLAST__NETWORK__API_SECRET": "hunter2"}
    for extra in ([], ["--json"]):
        done = ballast("show-config", *extra, cwd=tmp_path, environment=environment)
        assert done.returncode == 0
        assert "********" in done.stdout
        assert "hunter2" not in done.stdout + done.stderr


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    command = f"'{sys.executable}' -m ballast.service.cli.main config schema | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "{\n", "")


def completions(line: str, cwd: Path) -> list[str]:
    environment = {
        "_BALLAST_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
    }
    done = as_process(cwd=cwd, environment=environment)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def test_completion_offers_verbs_options_and_what_a_verb_takes(tmp_path: Path) -> None:
    assert {"init", "doctor", "show-config"} <= set(completions("ballast ", tmp_path))
    assert completions("ballast show-", tmp_path) == ["show-config"]
    assert {"--profile", "--config", "--version"} <= set(completions("ballast --", tmp_path))
    assert "--changed" in completions("ballast show-config --", tmp_path)
    assert completions("ballast config ", tmp_path) == ["schema", "profiles", "check"]


def test_doctor_finds_a_broken_settings_file(tmp_path: Path) -> None:
    (tmp_path / "ballast.toml").write_text("[risk]\ndaily_loss = 7\n")
    done = ballast("doctor", "--json", cwd=tmp_path)
    assert done.returncode == 1
    findings = {one["check"]: one for one in json.loads(done.stdout)["findings"]}
    assert findings["settings"]["state"] == "problem"
    assert "ballast.toml:2" in findings["settings"]["found"]
    assert findings["compiled code"]["state"] == "ok"


def test_doctor_is_content_with_an_empty_folder(tmp_path: Path) -> None:
    done = ballast("doctor", cwd=tmp_path)
    assert done.returncode == 0
    assert "candle store" in done.stdout
