"""`ballast data record` as a process: books and trades of a served venue are stored."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ballast.core.marketdata import Row, Side
from ballast.service.testing import simulated_exchange
from ballast.store.books import StoredBook, read_events
from ballast.store.ticks import TickStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ballast.service.testing import ServedVenue

PROGRAM = "from ballast.service.cli.main import main; main()"


@pytest.fixture(scope="module")
def venue() -> Iterator[ServedVenue]:
    with simulated_exchange(exchange="bybit", market="synthetic:seed=7") as served:
        yield served


def started(venue: ServedVenue, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = ["data", "record", "BYBIT", *arguments, "--json"]
    command += ["--rehearse", str(venue.port), "--ca", str(venue.ca)]
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *command],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def stored(folder: Path) -> StoredBook:
    book = StoredBook()
    (root,) = [one.parent for one in folder.rglob("ticks")]
    store = TickStore(root)
    manifest = store.manifest("BYBIT", "BTCUSDT")
    for rows in read_events(root, "BYBIT", "BTCUSDT"):
        book.apply(rows)
    assert {name.split("/")[0] for name in manifest.days} == {"books", "trades"}
    assert sum(len(one) for one in store.rows("BYBIT", "BTCUSDT", Row.TRADE)) > 0
    return book


def check(found: Any, book: StoredBook) -> None:
    (row,) = found
    assert row["symbol"] == "BTCUSDT"
    assert row["rows"]["books"] > 0
    assert row["rows"]["trades"] > 0
    assert row["gaps"] == 0
    assert book.is_known
    bid, ask = (int(book.side(side)[0][0]) for side in (Side.BUY, Side.SELL))
    assert 0 < bid < ask


@pytest.mark.parametrize("how", ["duration", "interrupt"])
def test_a_recording_ends_with_its_time_or_an_interrupt_and_is_stored(
    venue: ServedVenue, tmp_path: Path, how: str
) -> None:
    with started(
        venue, tmp_path, "BTCUSDT", "--duration", "600" if how == "interrupt" else "8"
    ) as run:
        if how == "interrupt":
            assert run.stderr is not None
            line = run.stderr.readline()
            assert "BTCUSDT: " in line
            run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=90)
    assert run.returncode == 0, err
    check(json.loads(out), stored(tmp_path))


def test_a_symbol_that_is_not_listed_is_refused(venue: ServedVenue, tmp_path: Path) -> None:
    with started(venue, tmp_path, "NOPEUSDT") as run:
        _, err = run.communicate(timeout=60)
    assert run.returncode == 2
    assert "BYBIT does not list NOPEUSDT" in err
    assert "Traceback" not in err


def test_a_venue_that_is_not_there_may_be_tried_again(venue: ServedVenue, tmp_path: Path) -> None:
    with simulated_exchange(exchange="bybit", market="synthetic:seed=7") as gone:
        port = gone.port
    command = ["data", "record", "BYBIT", "BTCUSDT", "--rehearse", str(port), "--ca", str(venue.ca)]
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, *command],
        cwd=tmp_path, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert run.returncode == 75
    assert "does not answer" in run.stderr
