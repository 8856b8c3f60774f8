"""Every kind of bad input: one line on stderr, exit code 2, and the workspace as it was.

The list is that of the issue: missing file, wrong columns, unsorted, duplicate, too few bars, mixed
timeframes, unknown parameter or indicator, look-ahead, negative capital, impossible leverage,
partials above 100 %, unknown symbol, unreadable settings, full disk, Ctrl-C.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.data import ROOT
from tests.fakes.shell import ballast, csv_rows, tree, write_csv

TOML = """name = "{name}"
[signals]
enter_long = "{entry}"
[trade]
{trade}
"""
PY = """from ballast.strategies import {words}, strategy
STRATEGY = strategy("{name}", enter_long={entry})
"""
STRATEGIES = {
    "indicator.toml": TOML.format(name="indicator", entry="emaa(9) > ema(21)", trade=""),
    "syntax.toml": TOML.format(name="syntax", entry="ema(9) > > 3", trade=""),
    "ahead.toml": TOML.format(name="ahead", entry="close.shift(-1) > close", trade=""),
    "ahead_py.py": PY.format(name="ahead_py", words="close", entry="close.shift(-1) > close"),
    "indicator_py.py": PY.format(name="indicator_py", words="emaa", entry="emaa(9) > 0"),
    "broken_py.py": PY.format(name="broken_py", words="close", entry="close >"),
    "levered.toml": TOML.format(name="levered", entry="close > 0", trade="leverage = 500"),
    "bold.toml": TOML.format(name="bold", entry="close > 0", trade="leverage = 20"),
    "greedy.toml": TOML.format(
        name="greedy", entry="close > 0", trade='size = {mode = "risk", value = 0.05}'
    ),
    "ruin.toml": TOML.format(
        name="ruin", entry="close > 0", trade='size = {mode = "all_in", value = 0.95}'
    ),
    "partials.toml": TOML.format(
        name="partials", entry="close > 0",
        trade='take = [{kind = "percent", value = 0.02, fraction = 0.7}, '
        '{kind = "percent", value = 0.04, fraction = 0.5}]',
    ),
    "long.toml": TOML.format(name="long", entry="close > ema(5000)", trade=""),
}  # fmt: skip


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with two stored series, good and bad files, good and bad strategies."""
    space = tmp_path_factory.mktemp("prepared")
    assert ballast(space, "init").code == 0
    rows = csv_rows(400)
    write_csv(space / "BINANCE-BTCUSDT-1h.csv", rows)
    write_csv(space / "BINANCE-FEWUSDT-1h.csv", rows[:30])
    write_csv(space / "PERP-BTC_USDT_USDT-1h.csv", rows)
    for name in ("BTCUSDT", "FEWUSDT"):
        assert ballast(space, "data", "import", f"BINANCE-{name}-1h.csv").code == 0
    perpetual = ("--venue", "BYBITLINEAR", "--symbol", "BTCUSDT", "-t", "1h")
    done = ballast(space, "data", "import", "PERP-BTC_USDT_USDT-1h.csv", *perpetual)
    assert done.code == 0, done
    at = rows[50].split(",")
    five = [",".join([str(int(at[0]) + 300_000 * k), *at[1:]]) for k in range(50)]
    other = ",".join([*at[:5], "7"])
    write_csv(space / "columns.csv", rows, "a,b,c,d,e,f")
    write_csv(space / "BINANCE-SWAPUSDT-1h.csv", [*rows[:9], rows[20], *rows[9:20], *rows[21:]])
    write_csv(space / "BINANCE-TWICEUSDT-1h.csv", [*rows[:51], rows[50], *rows[51:]])
    write_csv(space / "BINANCE-CLASHUSDT-1h.csv", [*rows[:51], other, *rows[51:]])
    write_csv(space / "BINANCE-MIXUSDT-1h.csv", rows[:50] + five)
    write_csv(space / "BINANCE-WORDSUSDT-1h.csv", ["x,x,x,x,x,x"] * 3)
    (space / "BINANCE-EMPTYUSDT-1h.csv").touch()
    (space / "noise.parquet").write_bytes(bytes(range(256)) * 9)
    (space / "bad.toml").write_text("[engine\nseed = 1\n")
    (space / "typo.toml").write_text("[risk]\ndaily_los = 0.03\n")
    (space / "binary.toml").write_bytes(b"\xff\xfe\x00\x01" * 20)
    for name, text in STRATEGIES.items():
        (space / "strategies" / name).write_text(text)
    (space / "folder.toml").mkdir()
    return space


@pytest.fixture
def space(prepared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(prepared, tmp_path / "space"))


RUN = ("backtest", "ema_cross", "-s", "BTCUSDT", "--venue", "BINANCE")
SWEEP = ("sweep", "ema_cross", "-s", "BTCUSDT", "--venue", "BINANCE", "-r")
PERP = ("-s", "BTCUSDT", "--venue", "BYBITLINEAR")
STRICT = ("data", "import", "--strict")
MISTAKES: dict[str, tuple[tuple[str, ...], str]] = {
    "missing file": (("data", "import", "nothing.csv"), "nothing.csv: no such file"),
    "missing strategy file": (("backtest", "nothing.toml"), "no file 'nothing.toml'"),
    "wrong columns": (("data", "import", "columns.csv"), "the columns a, b, c, d, e, f are not"),
    "no numbers": (("data", "import", "BINANCE-WORDSUSDT-1h.csv"), "the time cannot be read"),
    "empty file": (("data", "import", "BINANCE-EMPTYUSDT-1h.csv"), "the file is empty"),
    "noise": (("data", "import", "noise.parquet"), "noise.parquet: "),
    "unsorted": ((*STRICT, "BINANCE-SWAPUSDT-1h.csv"), "out of order; expected rows in time order"),
    "duplicate": ((*STRICT, "BINANCE-TWICEUSDT-1h.csv"), "1 duplicate row"),
    "two bars of one time": ((*STRICT, "BINANCE-CLASHUSDT-1h.csv"), "2 bad rows, first row 51"),
    "mixed timeframes": (("data", "import", "BINANCE-MIXUSDT-1h.csv"), "mixed timeframes"),
    "too few bars": (
        ("backtest", "ema_cross", "-s", "FEWUSDT", "--venue", "BINANCE"),
        "30 bars are too few for ema_cross; expected at least 50",
    ),
    "too few bars for the warm-up": (
        ("backtest", "long", "-s", "BTCUSDT", "--venue", "BINANCE"), "400 bars are too few for long"
    ),
    "too few bars to sweep": (
        ("sweep", "ema_cross", "-s", "FEWUSDT", "--venue", "BINANCE", "-r", "fast=5..9"),
        "30 bars are too few",
    ),
    "unknown parameter": ((*RUN, "-p", "fsat=3"), "unknown parameter 'fsat'; expected one of fast"),
    "parameter without a number": ((*RUN, "-p", "fast=x"), "--param fast=x; expected name=number"),
    "parameter twice": ((*RUN, "-p", "fast=3", "-p", "fast=4"), "--param fast is given twice"),
    "parameter out of range": ((*RUN, "-p", "fast=1"), "fast = 1"),
    "rule broken": ((*RUN, "-p", "fast=60", "-p", "slow=20"), "fast < p.slow does not hold"),
    "unknown range": ((*SWEEP, "fsat=3..5"), "did you mean 'fast'?"),
    "empty range": ((*SWEEP, "fast=5..3"), "range '5..3' is empty"),
    "endless range": ((*SWEEP, "fast=5..inf"), "is empty; expected low..high:step"),
    "two ranges": ((*SWEEP, "fast=5", "-r", "fast=6"), "'fast' has two ranges"),
    "impossible ranges": ((*SWEEP, "fast=90..99", "-r", "slow=5..9"), "no combination keeps"),
    "unknown metric": ((*SWEEP, "fast=5..9", "--metric", "sharp"), "did you mean 'sharpe'?"),
    "unknown indicator": (("backtest", "indicator", *RUN[2:]), "did you mean 'ema'?"),
    "unknown indicator in Python": (("backtest", "indicator_py", *RUN[2:]), "name 'emaa' from the"),
    "broken expression": (("backtest", "syntax", *RUN[2:]), "syntax.toml"),
    "broken Python": (("backtest", "broken_py", *RUN[2:]), "broken_py.py:2"),
    "look-ahead": (("backtest", "ahead", *RUN[2:]), "cannot look ahead"),
    "look-ahead in Python": (("backtest", "ahead_py", *RUN[2:]), "py:2: shift(-1) reads a bar"),
    "look-ahead in a check": (("strategies", "check", "ahead"), "cannot look ahead"),
    "unknown strategy": (("backtest", "ema_cros"), "did you mean 'ema_cross'?"),
    "negative capital": ((*RUN, "--cash", "-5"), "engine.initial_cash: -5 is out of range"),
    "no capital": ((*RUN, "--cash", "0"), "engine.initial_cash: 0 is out of range"),
    "capital that is no number": ((*RUN, "--cash", "nan"), "engine.initial_cash"),
    "impossible leverage": ((*RUN, "--set", "engine.leverage=50"), "50 is past its hard bound"),
    "leverage no venue has": (("backtest", "levered", *PERP), "leverage = 500; expected"),
    "leverage above the limit": (("backtest", "bold", *PERP), "bold: leverage 20; expected at"),
    "risk above the limit": (("backtest", "greedy", *RUN[2:]), "greedy: risks 5.00% a trade"),
    "all in": (("backtest", "ruin", *RUN[2:]), "i_accept_ruin"),
    "partials above 100 %": (("backtest", "partials", *RUN[2:]), "the takes sell 120% of the"),
    "parameters that sell too much": (
        ("backtest", "stochrsi", *RUN[2:], "-p", "take1_share=0.8", "-p", "take2_share=0.5"),
        "the takes sell 130% of the position; expected at most 100 %",
    ),
    "unknown symbol": (
        ("backtest", "ema_cross", "-s", "BTCUSDC", "--venue", "BINANCE"), "did you mean 'BTCUSDT'?"
    ),
    "symbol twice": ((*RUN, "-s", "BTCUSDT"), "BTCUSDT is named twice"),
    "unknown venue": (("backtest", "ema_cross", "--venue", "BINNACE"), "did you mean 'BINANCE'?"),
    "which venue": (("backtest", "ema_cross"), "candles of 2 venues are stored; add --venue"),
    "unknown timeframe": ((*RUN, "-t", "1y"), "'1y' is not a timeframe"),
    "timeframe not stored": ((*RUN, "-t", "5m"), "candles of BINANCE; expected one of 1h"),
    "no finer bars": ((*RUN, "--detail", "5m"), "no 5m bars of BTCUSDT"),
    "coarser bars as detail": ((*RUN, "--detail", "4h"), "4h bars cannot detail 1h bars"),
    "empty period": ((*RUN, "--period", "2030-01-01..2031-01-01"), "no bars in the period"),
    "period backwards": (
        (*RUN, "--from", "2023-01-09", "--to", "2023-01-02"), "the period ends before it starts"
    ),
    "unreadable settings": ((*RUN, "--config", "bad.toml"), "bad.toml"),
    "binary settings": ((*RUN, "--config", "binary.toml"), "binary.toml"),
    "settings that are a folder": ((*RUN, "--config", "folder.toml"), "folder.toml"),
    "unknown setting": ((*RUN, "--config", "typo.toml"), "did you mean 'daily_loss'?"),
    "unknown run": (("show", "12345678"), "no run '12345678'"),
    "nothing to repeat": (("repro",), "no run 'last'"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_bad_input_is_one_line_and_changes_nothing(name: str, space: Path) -> None:
    arguments, said = MISTAKES[name]
    before = tree(space)
    line = ballast(space, *arguments).mistake()
    assert said in line, line
    assert tree(space) == before


def test_unsorted_and_repeated_rows_are_put_right_and_said(space: Path) -> None:
    """Nothing is repaired in silence: without --strict the same files go in, with a note."""
    swapped = ballast(space, "data", "import", "BINANCE-SWAPUSDT-1h.csv")
    assert (swapped.code, "out of order: sorted by time" in swapped.err) == (0, True)
    twice = ballast(space, "data", "import", "BINANCE-TWICEUSDT-1h.csv", "--json").json()
    assert (twice["files"][0]["inserted"], twice["files"][0]["duplicates"]) == (400, 1)
    clash = ballast(space, "data", "import", "BINANCE-CLASHUSDT-1h.csv")
    assert (clash.code, "another row of the same time differs" in clash.err) == (0, True)


WRITERS: dict[str, tuple[str, ...]] = {
    "import": ("data", "import", "BINANCE-TWICEUSDT-1h.csv"),
    "backtest": RUN,
    "backtest with a report": (*RUN, "--report"),
    "sweep": (*SWEEP, "fast=5..9", "-r", "slow=20..30"),
    "new strategy": ("new-strategy", "mine"),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_one_line_and_leaves_no_halves(
    name: str, space: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first write that is to be made durable fails as it does on a full disk."""
    before = tree(space)

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        line = ballast(space, *WRITERS[name]).mistake()
    assert "no space" in line.lower() or "the disk is full" in line
    new = {path: data for path, data in tree(space).items() if path not in before}
    assert [path for path, data in new.items() if data != b"folder"] == []
    assert all(tree(space)[path] == data for path, data in before.items())
    assert ballast(space, *WRITERS[name]).code == 0, "with space again, it works"


def _can_mount() -> bool:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    command = ["unshare", "-m", "sh", "-c", "mount -t tmpfs -o size=64k none /mnt"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


if _can_mount():

    def test_a_disk_that_is_really_full(space: Path, tmp_path: Path) -> None:
        """A file system of its own, as small as the workspace that is copied there."""
        small = tmp_path / "small"
        small.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(small)], check=True)
        try:
            home = Path(shutil.copytree(space, small / "space"))
            with pytest.raises(OSError, match="No space left"):
                (small / "filler").write_bytes(b"x" * 4 * 1024 * 1024)
            before = tree(home)
            for arguments in (WRITERS["import"], WRITERS["backtest"], WRITERS["sweep"]):
                assert "full" in ballast(home, *arguments).mistake()
                assert written(tree(home)) == written(before)
            (small / "filler").unlink()
            assert ballast(home, *WRITERS["import"]).code == 0
        finally:
            subprocess.run(["umount", "-l", str(small)], check=True)


def written(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return what holds something: folders and empty locks are no half-written answer."""
    return {
        path: data
        for path, data in files.items()
        if data != b"folder" and not (path.endswith(".lock") and not data)
    }


def _start(cwd: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ballast.service.cli.main", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_ctrl_c_in_the_middle_of_an_import(space: Path) -> None:
    """A real process and a real signal while month files are staged: as if it had never run."""
    write_csv(space / "BINANCE-ETHUSDT-1h.csv", csv_rows(60_000))
    before = tree(space)
    run = _start(space, "data", "import", "BINANCE-ETHUSDT-1h.csv")
    staged = space / "data" / "candles" / "BINANCE" / "ETHUSDT" / "1h"
    while run.poll() is None and not list(staged.glob(".*.tmp")):
        pass
    run.send_signal(signal.SIGINT)
    out, err = run.communicate()
    assert (run.returncode, out, err) == (130, "", "interrupted; nothing is half-written\n")
    new = {path: data for path, data in tree(space).items() if path not in before}
    assert [path for path, data in new.items() if data != b"folder"] == []
    assert ballast(space, "data", "import", "BINANCE-ETHUSDT-1h.csv").code == 0


def test_ctrl_c_in_the_middle_of_a_sweep_and_the_same_command_again(space: Path) -> None:
    """Finished chunks stay and are not run again; the table is that of an undisturbed sweep."""
    arguments = (*SWEEP, "fast=2..60", "-r", "slow=61..160", "--workers", "1")
    run = _start(space, *arguments)
    sweeps = space / "results" / "sweeps"
    while run.poll() is None and not list(sweeps.glob("*/parts/*.parquet")):
        pass
    run.send_signal(signal.SIGINT)
    out, err = run.communicate()
    assert (run.returncode, out, err) == (130, "", "interrupted; nothing is half-written\n")
    kept = {path: path.stat().st_mtime_ns for path in sweeps.glob("*/parts/*.parquet")}
    assert kept
    assert not [path for path in sweeps.rglob("*") if ".tmp" in path.name]
    done = ballast(space, *arguments, "--json").json()
    assert done["combinations"] == 5_900
    assert all(path.stat().st_mtime_ns == at for path, at in kept.items())
    other = Path(shutil.copytree(space, space.parent / "other"))
    shutil.rmtree(other / "results")
    assert ballast(other, *arguments, "--json").json()["sweep"] == done["sweep"]
    table = Path("results") / "sweeps" / done["sweep"] / "sweep.parquet"
    assert (space / table).read_bytes() == (other / table).read_bytes()
