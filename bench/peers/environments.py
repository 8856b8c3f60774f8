"""Peers live in environments of their own: their dependencies contradict ours and each other.

An environment is made once, under the cache folder, and made again when its pins change. A peer
that cannot be installed (no network, no wheel) is reported and left out; it stops nothing.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PINS: dict[str, tuple[str, ...]] = {
    "raptorbt": ("raptorbt==0.13.4", "numpy"),
    "vectorbt": ("vectorbt[rust]==1.2.0",),
    "backtesting": ("backtesting==0.6.6",),
    "nautilus": ("nautilus_trader==1.221.0",),
    "hftbacktest": ("hftbacktest==2.4.4",),
}
"""The versions the published ratios were measured with."""
INSTALL_SECONDS = 900
LAST_WORDS = 300


@dataclass(frozen=True)
class Environment:
    """The interpreter of a peer, or why there is none."""

    name: str
    python: Path | None
    problem: str = ""


def prepare(name: str, root: Path) -> Environment:
    """Return the environment of a peer, making it if it is missing or its pins have changed."""
    home = root / "environments" / name
    python = home / "bin" / "python"
    stamp = home / "ballast-pins.json"
    pins = list(PINS[name])
    if python.exists() and stamp.exists() and json.loads(stamp.read_text()) == pins:
        return Environment(name, python)
    shutil.rmtree(home, ignore_errors=True)
    problem = _run([sys.executable, "-m", "venv", str(home)])
    if not problem:
        pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        problem = _run([*pip, *pins])
    if problem:
        shutil.rmtree(home, ignore_errors=True)
        return Environment(name, None, problem)
    stamp.write_text(json.dumps(pins))
    return Environment(name, python)


def _run(command: list[str]) -> str:
    """Run a command; return an empty text, or the last words of its failure."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    words = " ".join((done.stderr or done.stdout).split())
    return "" if done.returncode == 0 else words[-LAST_WORDS:] or f"exit {done.returncode}"
