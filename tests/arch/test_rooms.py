"""Rooms: the import contracts hold, and importing Ballast does nothing but import."""

from __future__ import annotations

import subprocess
import sys

from tests.data import ROOT

IMPORT_ALL = """
import sys
import ctypes  # numba and pyarrow load their libraries; what follows must not start anything

def refuse(event, arguments):
    if event in ("socket.connect", "socket.bind", "subprocess.Popen", "os.fork", "os.system"):
        raise SystemExit(f"importing did {event} {arguments}")

import pkgutil, importlib, platform
platform.machine(); platform.processor()  # some libraries ask, and Python answers with a process
sys.addaudithook(refuse)
import ballast
names = [module.name for module in pkgutil.walk_packages(ballast.__path__, "ballast.")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""


def test_import_contracts_hold() -> None:
    """R-ARCH-01, R-ARCH-06, R-ARCH-23: downwards only, no cycles, thinking rooms without hands."""
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports; exit(lint_imports())"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_importing_has_no_side_effects() -> None:
    """R-ARCH-08, A-OPS-09: no import talks to a network, starts a process or prints.

    `test_a_exch_09_recovery_runs_no_system_command` looks for commands of an operating system.
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", IMPORT_ALL],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().isdigit(), done.stdout
    assert int(done.stdout) > 50
    assert done.stderr == ""
