"""`ballast supervise`: a paper session on a simulated venue that is killed, and goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.data import ROOT
from tests.fakes.shell import ballast

from ballast.service.testing.venue import simulated_exchange

if TYPE_CHECKING:
    from collections.abc import Callable

READY_S = 120.0


def until(condition: Callable[[], bool]) -> None:
    end_s = time.monotonic() + READY_S
    while not condition():
        assert time.monotonic() < end_s, "it did not come"
        time.sleep(0.05)


def children_of(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


WINDOWS = {"PYTHONPATH": str(ROOT / "tests" / "fakes" / "windows")}
"""There SIGTERM is a kill, Ctrl-Break asks for an end, and no pipe is handed to a child."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("system", "ends"),
    [({}, signal.SIGTERM), (WINDOWS, signal.SIGUSR1)],
    ids=["posix", "windows"],
)
def test_a_session_that_is_killed_goes_on_and_a_termination_reaches_it(
    system: dict[str, str], ends: signal.Signals, tmp_path: Path
) -> None:
    """R-DEP-01, R-ARCH-18: a session beats, is killed, starts again, and settles when asked."""
    state = tmp_path / "journal" / "state"
    torn = state / "main.depths.json"
    torn.parent.mkdir(parents=True)
    torn.write_text("a part of one")
    with simulated_exchange("bybit", past="90m") as served:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "ballast.service.cli.main", "supervise",
                "paper", "buy_and_hold", "--live", "--venue", "BYBITLINEAR", "-s", "BTCUSDT",
                "-t", "1m", "--allow-bare", "--rehearse", str(served.port), "--ca", str(served.ca),
            ],
            cwd=tmp_path, env={**os.environ, **system},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            said = state / "paper.json"
            until(lambda: process.poll() is not None or any(state.glob("*[!s].json")))
            assert process.poll() is None, process.communicate()
            said = next(one for one in state.glob("*[!s].json"))
            first = children_of(process.pid)[0]
            os.kill(first, signal.SIGKILL)
            until(
                lambda: process.poll() is not None or children_of(process.pid) not in ([], [first])
            )
            before = said.stat().st_mtime_ns
            until(lambda: process.poll() is not None or said.stat().st_mtime_ns > before)
            assert process.poll() is None, process.communicate()
            process.send_signal(ends)
            out, err = process.communicate(timeout=READY_S)
        finally:
            process.kill()
    assert process.returncode == 0, err
    assert "it crashed (SIGKILL); starting again in 1 s" in err
    assert "mode" in out, "the session told its state at its end"
    history = json.loads(next(state.glob("*.restarts.json")).read_text())
    assert len(history["restarts_ns"]) == 1
    assert not history["is_open"]
    assert "the norm of depths begins anew: main.depths.json: torn, or no file of depths" in err
    assert json.loads(torn.read_bytes()[9:])["looks"].keys() == {"BTCUSDT"}, "written anew"


def test_only_sessions_that_last_are_supervised(tmp_path: Path) -> None:
    for command in (("backtest", "mine"), ("paper", "mine")):
        done = ballast(tmp_path, "supervise", *command)
        assert done.code == 2
        assert "no session that lasts" in done.err


def test_a_wrong_command_line_is_told_once_and_to_whom_alerts_go(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The child's own line and exit code; nothing is started again; `--on-alert` is told."""
    teller = tmp_path / "tell"
    teller.write_text('#!/bin/sh\nprintf "%s" "$2" > "$1"\n')
    teller.chmod(0o700)
    told = tmp_path / "told"
    done = ballast(
        tmp_path, "supervise", "--json", "--on-alert", f"{teller} {told}",
        "live", "nothing_of_this_name", "--venue", "BYBITLINEAR", "-s", "BTCUSDT",
    )  # fmt: skip
    assert done.code == 2
    assert "given up" in done.err
    assert json.loads(done.out) == {
        "code": 2, "given_up": True, "restarts": [],
        "ending": "was refused what it asked for (exit 2)",
    }  # fmt: skip
    assert told.read_text().startswith("ballast live: given up: it was refused")
    assert capfd.readouterr().err.count("error:") == 1


def test_a_venue_that_does_not_answer_has_an_exit_code_of_its_own(tmp_path: Path) -> None:
    """So that whoever starts it again can tell an outage from a mistake."""
    with simulated_exchange("bybit", past="90m") as served:
        ca = tmp_path / "ca.pem"
        ca.write_bytes(served.ca.read_bytes())
        port = served.port
    done = ballast(
        tmp_path, "paper", "buy_and_hold", "--live", "--venue", "BYBITLINEAR", "-s", "BTCUSDT",
        "--rehearse", str(port), "--ca", str(ca),
    )  # fmt: skip
    assert done.code == 75, done.err
    assert "does not answer" in done.err
