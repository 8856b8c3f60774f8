"""The same work on two machines gives the same bytes (R-BT-07, R-QA-17, R-IND-18).

Two processes differ in all that may differ between machines without anybody changing an input: the
seed of hashes, locale and encoding, time zone, number of cores, home, folder, umask.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ballast.research import storage

BARS = "3000"
RUN = """
import os, sys
cores, umask, *sys.argv[1:] = sys.argv[1:]
os.cpu_count = lambda: int(cores)
os.umask(int(umask, 8))
from ballast.service.cli.main import main
main()
"""
NAMES = ("card.json", "result.json", "trades.csv", "report.html", "fills.parquet")


@dataclass(frozen=True)
class Machine:
    """What a process sees of its surroundings."""

    folder: str
    cores: str
    umask: str
    variables: dict[str, str]


PLAIN = Machine(
    "here", "1", "022", {"PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8", "TZ": "Pacific/Kiritimati"}
)
ODD = Machine(
    "far/away and ünlike",
    "5",
    "077",
    {
        "PYTHONHASHSEED": "4242",
        "LC_ALL": "C",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONUTF8": "0",  # together: text files are ASCII unless the code says otherwise
        "TZ": "America/St_Johns",
        "COLUMNS": "40",
    },
)


def demo(machine: Machine, root: Path, seed: int = 42) -> tuple[Any, Path]:
    """Run the demo on a machine; return what it says and its workspace."""
    folder = root / machine.folder / f"seed {seed}"
    folder.mkdir(parents=True)
    words = (
        "demo", "--folder", "ws", "--bars", BARS, "--seed", str(seed), "--no-paper", "--json",
    )  # fmt: skip
    outside = {key: value for key, value in os.environ.items() if not key.startswith("BALLAST")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUN, machine.cores, machine.umask, *words],
        cwd=folder,
        env=outside | machine.variables,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2_000:]
    said = json.loads(done.stdout)
    page = Path(said.pop("report"))
    return said | {"report": page.parent.name}, folder / "ws"


def digests(root: Path) -> dict[str, str]:
    """Return the hash of every file below."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, Path]]:
    root = tmp_path_factory.mktemp("machines")
    return [demo(machine, root) for machine in (PLAIN, ODD)]


def test_results_have_the_same_names_and_the_same_sums(pair: list[tuple[Any, Path]]) -> None:
    """Run ids are derived from inputs, and `SHA256SUMS` is the whole content of a run."""
    left, right = (
        {path.parent.name: path.read_bytes() for path in (root / "results").rglob(storage.SUMS)}
        for _, root in pair
    )
    assert len(left) == 4
    assert left == right


def test_every_file_of_a_result_a_sweep_and_a_report_is_the_same(
    pair: list[tuple[Any, Path]],
) -> None:
    """Tables, cards, pages and the Parquet of the sweeps, with one thread and with five."""
    left, right = (digests(root / "results") for _, root in pair)
    assert left == right
    assert {name.rpartition("/")[2] for name in left} > {*NAMES, "sweep.parquet"}


def test_candles_are_stored_as_the_same_bytes(pair: list[tuple[Any, Path]]) -> None:
    """All but the manifest, which remembers when the disk says each file was written."""
    left, right = (
        {name: each for name, each in digests(root / "data").items() if "manifest" not in name}
        for _, root in pair
    )
    assert left == right
    assert sum(name.endswith(".parquet") for name in left) > 10


def test_what_is_said_is_the_same(pair: list[tuple[Any, Path]]) -> None:
    assert pair[0][0] == pair[1][0]


def test_another_seed_gives_other_sums(
    pair: list[tuple[Any, Path]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The comparison above can fail."""
    _, root = demo(PLAIN, tmp_path_factory.mktemp("other"), seed=43)
    mine, other = (digests(each / "results") for each in (pair[0][1], root))
    assert not set(mine.values()) & {
        digest for name, digest in other.items() if name.endswith(("trades.csv", storage.SUMS))
    }
