"""Real processes of Ballast on what is Windows to them (R-ARCH-18, A-OPS-09).

`tests/fakes/windows/sitecustomize.py` says what of Windows it is. There is no machine with Windows
here: what only that could show stands in docs/assumptions.md.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.data import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SHIM = ROOT / "tests" / "fakes" / "windows"
CTRL_BREAK, CTRL_C = signal.SIGUSR1, signal.SIGINT
IMPORT_ALL = """
import importlib, pkgutil
import ballast
names = [one.name for one in pkgutil.walk_packages(ballast.__path__, "ballast.")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""
BITES = """
import asyncio, os, signal, sys
from pathlib import Path
here = Path(sys.argv[1])
kept = here / "kept"
kept.write_bytes(b"1")

def refused(act, error):
    try:
        act()
    except error:
        return True
    return False

async def takes_signals():
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, print)

def replaced():
    (here / "newer").write_bytes(b"2")
    with kept.open("rb"):
        (here / "newer").replace(kept)

def line_end():
    handle = os.open(here / "text", os.O_WRONLY | os.O_CREAT)
    os.write(handle, b"1\\n")

def synced():
    os.fsync(os.open(kept, os.O_RDONLY | os.O_BINARY))

print([
    refused(lambda: exec("import resource"), ImportError) or "resource",
    refused(lambda: exec("import fcntl", {"__name__": "ballast.some"}), ImportError) or "fcntl",
    refused(lambda: os.geteuid(), AttributeError) or "geteuid",
    refused(lambda: signal.SIGKILL, AttributeError) or "SIGKILL",
    refused(lambda: os.open(here, os.O_RDONLY), PermissionError) or "folder",
    refused(lambda: (here / "12:30").write_bytes(b""), OSError) or "colon",
    refused(lambda: (here / "aux.txt").mkdir(), OSError) or "device",
    refused(lambda: asyncio.run(takes_signals()), NotImplementedError) or "signals",
    refused(replaced, PermissionError) or "replaced",
    refused(line_end, OSError) or "line end",
    refused(synced, OSError) or "synced",
    refused(lambda: exec("open(path)", {"__name__": "ballast.x", "path": kept}), EncodingWarning)
    or "encoding",
])
"""


def environment(**more: str) -> dict[str, str]:
    """The variables of a process on Windows; texts it is not told the encoding of are Latin."""
    ours = {name: text for name, text in os.environ.items() if not name.startswith("BALLAST")}
    path = {"PYTHONPATH": f"{SHIM}{os.pathsep}{ROOT / 'src'}"}
    latin = {"PYTHONIOENCODING": "cp1252", "PYTHONWARNDEFAULTENCODING": "1"}
    return ours | path | latin | more


def python(*words: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, *words], cwd=cwd, env=environment(), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class Space:
    """A workspace on Windows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def start(self, *words: str, held: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        keys = {"BALLAST_KEYS": str(self.folder / ".keys"), **(held or {})}
        return subprocess.Popen(
            [sys.executable, "-m", "ballast.service.cli.main", *words],
            cwd=self.folder, env=environment(**keys), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        )  # fmt: skip

    def run(self, *words: str, held: Mapping[str, str] | None = None) -> str:
        process = self.start(*words, held=held)
        out, err = process.communicate()
        assert process.returncode == 0, (words, out, err)
        return out

    def told(self, *words: str, held: Mapping[str, str] | None = None) -> Any:
        return json.loads(self.run(*words, "--json", held=held))


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Space:
    made = Space(tmp_path_factory.mktemp("windows"))
    made.run("init")
    made.run("data", "synth", "--bars", "500", "--seed", "5", "--timeframe", "1h")
    return made


def test_the_emulation_refuses_what_windows_refuses(tmp_path: Path) -> None:
    """Else the tests below would say nothing."""
    assert python("-c", BITES, str(tmp_path), cwd=tmp_path) == str([True] * 12)


def test_every_module_of_ballast_imports(tmp_path: Path) -> None:
    assert int(python("-c", IMPORT_ALL, cwd=tmp_path)) > 900


def test_a_backtest_runs_twice_and_is_shown(space: Space) -> None:
    """A result takes the place of another of its id: a folder in the place of a folder."""
    first = space.told("backtest", "ema_cross", "-s", "BTCUSDT")
    folder = space.folder / "results" / first["card"]["run_id"]
    (folder / "trades.csv").write_text("torn", encoding="utf-8")
    (folder / "SHA256SUMS").write_text("", encoding="utf-8")
    second = space.told("backtest", "ema_cross", "-s", "BTCUSDT")
    assert second["summary"] == first["summary"]
    assert "Sharpe" in space.run("show", "last")
    assert not [one for one in folder.parent.iterdir() if one.name.startswith(".")]


@pytest.mark.parametrize(("account", "sign"), [("ctrl_c", CTRL_C), ("ctrl_break", CTRL_BREAK)])
def test_a_paper_session_stops_at_a_signal_and_its_journal_is_whole(
    space: Space, account: str, sign: signal.Signals
) -> None:
    place = ("--set", f"journal.account={account}")
    words = ("paper", "ema_cross", "-s", "BTCUSDT", *place)
    process = space.start(*words, "--speed", "200000")
    assert process.stderr is not None
    while (line := process.stderr.readline()) and "BTCUSDT" not in line:
        pass  # until it trades
    process.send_signal(sign)
    said = process.communicate()
    assert (process.returncode, *said) == (130, "", "interrupted; nothing is half-written\n"), line
    assert space.told(*words, "--bars", "20")["is_over"] is False
    assert space.told("replay", *place)["starts"] == 2
    assert space.told("audit", "--verify", *place)["whole"] is True
    space.run("journal", "backup", *place)
    space.run("status", *place)
    space.run("doctor", *place)


def test_keys_are_kept_and_read(space: Space) -> None:
    held = {
        "BALLAST_KEYS_PASSPHRASE": "long enough to be one, and then some",
        "BALLAST_KEY__BINANCE__MAIN": "A1b2" * 10,
        "BALLAST_SECRET__BINANCE__MAIN": "c3D4" * 11,
    }
    assert space.told("keys", "add", "binance", "--from-env", held=held)["added"] == "binance/main"
    phrase = {"BALLAST_KEYS_PASSPHRASE": held["BALLAST_KEYS_PASSPHRASE"]}
    (kept,) = space.told("keys", "list", held=phrase)["keys"]
    assert kept["key"] == "A1b2... (40)"
    checked = space.run("keys", "check", held=phrase)
    assert "others may" not in checked


def test_a_name_of_a_device_is_no_account(space: Space) -> None:
    process = space.start("status", "--set", "journal.account=aux")
    _, err = process.communicate()
    assert process.returncode == 2
    assert "names a device of Windows" in err
