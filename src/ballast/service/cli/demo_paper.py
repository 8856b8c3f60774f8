"""The second half of `ballast demo`: a verdict on the best scenario, then paper with a kill in it.

The paper session runs in processes of its own, as a person would run it: the first one is killed
in the middle (SIGKILL: nothing of it can clean up), the second one goes on from the journal.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from ballast.core.errors import InternalError
from ballast.core.time import format_ms

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.research.series import Series

COMMAND = (sys.executable, "-m", "ballast.service.cli.main")
HOURS = 240
"""Bars that are traded: ten days."""
FAULTS = 0.05
LINES_BEFORE_KILL = 12
"""Lines of the log after which the first process is killed."""
RANGES = ("ema1=9,14", "ema2=34,55")


def certify(folder: Path, scenario: str, symbol: str) -> dict[str, Any]:
    """Prove or refute a scenario on its history; return the verdict."""
    ranges = [word for text in RANGES for word in ("-r", text)]
    found = _told(folder, "certify", scenario, "-s", symbol, *ranges)
    return {
        "scenario": scenario,
        "symbol": symbol,
        "verdict": found["verdict"],
        "failed": sum(one["verdict"] == "fail" for one in found["checks"]),
        "checks": len(found["checks"]),
    }


def trade(folder: Path, scenario: str, series: tuple[Series, ...], account: str) -> dict[str, Any]:
    """Trade the last days on paper, with faults, killed once; return where it ended."""
    first_ms = max(int(one.bars.ts[-HOURS]) for one in series)
    words = ("paper", scenario, "--from", format_ms(first_ms).replace(" ", "T"),
             "--faults", str(FAULTS), "--set", f"journal.account={account}")  # fmt: skip
    _killed(folder, words)
    return _told(folder, *words, "--report")


def _killed(folder: Path, words: tuple[str, ...]) -> None:
    """Start a session and kill it once it has said some lines."""
    with subprocess.Popen(  # noqa: S603 - our own command
        [*COMMAND, *words],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        for place, _ in enumerate(process.stderr or ()):
            if place + 1 == LINES_BEFORE_KILL:
                process.kill()
                break


def _told(folder: Path, *words: str) -> dict[str, Any]:
    """Run a verb to its end; return the document it prints."""
    done = subprocess.run(  # noqa: S603 - our own command
        [*COMMAND, *words, "--json"], cwd=folder, capture_output=True, encoding="utf-8", check=False
    )
    if done.returncode not in {0, 1}:
        raise InternalError(f"`ballast {' '.join(words)}` ended with: {done.stderr.strip()[-500:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found
