"""The looks that make a book's norm, over a restart: fresh ones go on, others begin anew."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.disk import FullDisk

from ballast.runtime.shell.depths import KEPT, LEAST, Depths
from ballast.service.live import depthfile
from ballast.service.live.depthfile import AHEAD_NS, FRESH_NS, DepthFile, Scope

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = 1_796_000_000 * 10**9
SCOPE = Scope("BYBITLINEAR", is_demo=False, is_rehearsed=False, within=0.005)
WORTH = st.floats(0.0, 1e12)


def looked(*worths: float, at_ns: int = NOW) -> Depths:
    depths = Depths()
    for worth in worths:
        depths.shown(worth, 2.0 * worth, at_ns)
    return depths


def kept(folder: Path, **books: Depths) -> DepthFile:
    file = DepthFile(folder / "state" / "main.depths.json", SCOPE)
    assert file.write(file.text(books)) == ""
    return file


def taken(file: DepthFile, now_ns: int = NOW) -> tuple[Depths, str]:
    depths = Depths()
    why = file.restore({"BTCUSDT": depths}, now_ns)
    return depths, why


def test_a_collapse_right_after_a_restart_is_seen(tmp_path: Path) -> None:
    """R-RISK-20, S-08: without the file it would be taken for the usual, for an hour."""
    file = kept(tmp_path, BTCUSDT=looked(*[100.0] * KEPT))
    depths, why = taken(file, NOW + FRESH_NS)
    assert why == ""
    depths.shown(10.0, 200.0, NOW)
    assert depths.share == 0.1
    anew = Depths()
    anew.shown(10.0, 200.0, NOW)
    assert anew.share is None


@given(st.lists(st.tuples(WORTH, WORTH), max_size=2 * LEAST))
def test_it_goes_on_as_if_it_had_never_stopped(looks: list[tuple[float, float]]) -> None:
    whole, before, after = Depths(), Depths(), Depths()
    half = len(looks) // 2
    for bids, asks in looks[:half]:
        before.shown(bids, asks, NOW)
    after.continued(*before.looks, before.at_ns)
    shares = []
    for place, (bids, asks) in enumerate(looks):
        whole.shown(bids, asks, NOW)
        if place >= half:
            after.shown(bids, asks, NOW)
            shares.append((whole.share, after.share))
    assert all(one == other for one, other in shares)


def test_what_is_read_is_what_was_written_for_the_symbols_of_the_session(tmp_path: Path) -> None:
    file = kept(tmp_path, BTCUSDT=looked(0.1, 1 / 3, 1e9), ETHUSDT=looked(5.0), SOLUSDT=Depths())
    books = {"BTCUSDT": Depths(), "SOLUSDT": Depths(), "XRPUSDT": Depths()}
    assert file.restore(books, NOW) == ""
    assert books["BTCUSDT"].looks == ([0.1, 1 / 3, 1e9], [0.2, 2 / 3, 2e9])
    assert books["BTCUSDT"].at_ns == NOW
    assert books["SOLUSDT"].looks == books["XRPUSDT"].looks == ([], [])


@pytest.mark.parametrize(
    ("later_ns", "is_taken"),
    [(0, True), (FRESH_NS, True), (FRESH_NS + 1, False), (-AHEAD_NS, True), (-AHEAD_NS - 1, False)],
)
def test_only_looks_of_some_hours_are_taken(later_ns: int, is_taken: bool, tmp_path: Path) -> None:
    """What is too old is no fault, and nobody is told."""
    depths, why = taken(kept(tmp_path, BTCUSDT=looked(100.0)), NOW + later_ns)
    assert why == ""
    assert bool(depths.looks[0]) is is_taken


def test_where_there_is_none_nothing_is_said(tmp_path: Path) -> None:
    depths, why = taken(DepthFile(tmp_path / "none" / "main.depths.json", SCOPE))
    assert (depths.looks, why) == (([], []), "")


def test_a_file_that_is_cut_anywhere_begins_anew_and_says_so(tmp_path: Path) -> None:
    file = kept(tmp_path, BTCUSDT=looked(100.0, 200.0))
    whole = file.path.read_bytes()
    for size in range(len(whole)):
        file.path.write_bytes(whole[:size])
        depths, why = taken(file)
        assert why == "main.depths.json: torn, or no file of depths", size
        assert depths.looks == ([], [])


@given(st.binary(max_size=200))
def test_any_bytes_are_no_error(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    file = DepthFile(tmp_path_factory.getbasetemp() / "any.depths.json", SCOPE)
    for text in (raw, b"%08x\n%s" % (zlib.crc32(raw), raw)):
        file.path.write_bytes(text)
        depths, why = taken(file)
        assert why.startswith("any.depths.json: ")
        assert depths.looks == ([], [])


def signed(body: dict[str, Any]) -> bytes:
    text = json.dumps(body).encode()
    return b"%08x\n%s" % (zlib.crc32(text), text)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.update(version=2),
        lambda body: body.update(more=1),
        lambda body: body["scope"].update(venue="OKX"),
        lambda body: body["scope"].update(within=0.01),
        lambda body: body["scope"].update(is_rehearsed=True),
        lambda body: body["looks"]["BTCUSDT"].update(bids=[1.0]),
        lambda body: body["looks"]["BTCUSDT"].update(bids=[-1.0, 1.0]),
        lambda body: body["looks"]["BTCUSDT"].update(bids=[float("nan"), 1.0]),
        lambda body: body["looks"]["BTCUSDT"].update(bids=["1", 1.0]),
        lambda body: body["looks"]["BTCUSDT"].update(bids=[1.0] * 721, asks=[1.0] * 721),
        lambda body: body["looks"].update(BTCUSDT=None),
    ],
)
def test_a_foreign_one_begins_anew(change: Callable[[Any], None], tmp_path: Path) -> None:
    file = kept(tmp_path, BTCUSDT=looked(100.0, 200.0))
    body = json.loads(file.path.read_bytes()[9:])
    file.path.write_bytes(signed(body))
    assert taken(file)[1] == "", "as it was"
    change(body)
    file.path.write_bytes(signed(body))
    depths, why = taken(file)
    assert why.startswith("main.depths.json: ")
    assert depths.looks == ([], [])


def test_one_that_is_too_large_or_a_folder_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = kept(tmp_path, BTCUSDT=looked(100.0))
    monkeypatch.setattr(depthfile, "BYTES_MOST", 10)
    assert taken(file)[1] == "main.depths.json: too large"
    file.path.unlink()
    file.path.mkdir()
    assert "main.depths.json" in taken(file)[1]


def test_a_full_disk_is_said_and_leaves_the_last_one(tmp_path: Path) -> None:
    file = kept(tmp_path, BTCUSDT=looked(100.0))
    full = DepthFile(file.path, SCOPE, FullDisk(0))
    assert "the disk is full" in full.write(full.text({"BTCUSDT": looked(1.0)}))
    assert taken(file)[0].looks == ([100.0], [200.0])
