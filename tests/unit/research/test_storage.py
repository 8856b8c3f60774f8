"""Result folders: same bytes, whole or not at all, damage is noticed (R-MET-11)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests.fakes.results import Deal, busy_result, make_result

from ballast.core.errors import DataError, UserError
from ballast.core.instrument import FeeRate, LeverageTier
from ballast.core.records import FILL
from ballast.research import archive, storage
from ballast.research.metrics import summary

ROOT = Path(__file__).resolve().parents[3]


def test_a_result_comes_back_bit_for_bit(tmp_path: Path) -> None:
    result = busy_result()
    tiers = (LeverageTier(0.0, 5e4, 125.0, 0.004), LeverageTier(5e4, 1e6, 50.0, 0.01, 300.0))
    rich = replace(result.instruments[0], tiers=tiers, fees=(FeeRate(0, 0.0002, 0.0005),))
    result = replace(result, instruments=(rich, result.instruments[1]), notes=("a note",))
    stored = storage.load(storage.save(result, tmp_path))
    back = stored.result
    assert back.card == result.card
    assert back.instruments == result.instruments
    assert (back.tags, back.notes, back.warmup_bars) == (result.tags, result.notes, 20)
    assert [bars.fingerprint() for bars in back.bars] == [b.fingerprint() for b in result.bars]
    for name in ("fills", "trades", "refused", "positions", "equity", "exposure", "daily"):
        assert getattr(back.run, name).tobytes() == getattr(result.run, name).tobytes(), name
    assert back.run.account.tobytes() == result.run.account.tobytes()
    assert stored.summary() == summary(result)
    assert storage.result_files(back) == storage.result_files(result)


def test_a_result_without_trades_comes_back(tmp_path: Path) -> None:
    result = make_result([])
    assert storage.load(storage.save(result, tmp_path)).summary() == summary(result)


def test_another_process_with_another_hash_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    """R-BT determinism: what `ballast repro` compares."""
    code = (
        "import sys; from pathlib import Path; from ballast.research.storage import save;"
        "from tests.fakes.results import busy_result; save(busy_result(), Path(sys.argv[1]))"
    )
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "TZ": "Asia/Tokyo"}
        command = [sys.executable, "-c", code, str(tmp_path / seed)]
        subprocess.run(command, check=True, cwd=ROOT, env=environment)
    sums = [next((tmp_path / seed).glob("*/SHA256SUMS")).read_bytes() for seed in ("1", "2")]
    assert sums[0] == sums[1]


def test_saving_twice_leaves_the_first_as_it_is(tmp_path: Path) -> None:
    path = storage.save(busy_result(), tmp_path)
    (path / storage.REPORT).write_text("a view")
    assert storage.save(busy_result(), tmp_path) == path
    assert (path / storage.REPORT).read_text() == "a view"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_another_result_of_the_same_id_replaces_the_whole_folder(tmp_path: Path) -> None:
    storage.save(make_result([Deal(5, 9)]), tmp_path)
    path = storage.save(make_result([Deal(5, 10)]), tmp_path)
    assert len(storage.load(path).result.run.trades) == 1
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_failure_while_saving_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(_source: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage, "_swap", full_disk)
    with pytest.raises(OSError, match="No space"):
        storage.save(make_result([]), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["result.json", "bars.parquet", "trades.csv"])
def test_one_changed_byte_is_noticed(tmp_path: Path, name: str) -> None:
    path = storage.save(make_result([Deal(5, 9)]), tmp_path)
    data = bytearray((path / name).read_bytes())
    data[len(data) // 2] ^= 1
    (path / name).write_bytes(data)
    with pytest.raises(DataError, match=f"{name} is damaged"):
        storage.load(path)


def test_a_missing_file_and_an_empty_folder_are_one_clear_line(tmp_path: Path) -> None:
    path = storage.save(make_result([]), tmp_path)
    (path / "fills.parquet").unlink()
    with pytest.raises(DataError, match=r"fills.parquet is missing; run the backtest again"):
        storage.load(path)
    with pytest.raises(DataError, match="holds no result"):
        storage.load(tmp_path)


def test_a_run_is_found_by_path_id_start_and_last(tmp_path: Path) -> None:
    first = storage.save(make_result([], run_id="aaaa1111"), tmp_path)
    second = storage.save(make_result([], run_id="aaaa2222"), tmp_path)
    os.utime(first / storage.SUMS, ns=(1, 1))
    assert storage.find(tmp_path, str(first)) == first
    assert storage.find(tmp_path, "aaaa1111") == first
    assert storage.find(tmp_path, "aaaa2") == second
    assert storage.find(tmp_path, "last") == second
    with pytest.raises(UserError, match="start of 2 run ids"):
        storage.find(tmp_path, "aaaa")
    with pytest.raises(UserError, match="did you mean 'aaaa1111'"):
        storage.find(tmp_path, "aaaa1112")


def test_no_results_say_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="run `ballast backtest` first"):
        storage.find(tmp_path / "results", "last")


def test_a_run_id_cannot_leave_its_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot name a folder"):
        storage.save(make_result([], run_id="../evil"), tmp_path)


def test_no_file_is_a_pickle(tmp_path: Path) -> None:
    path = storage.save(busy_result(), tmp_path)
    assert {each.suffix for each in path.iterdir()} == {".json", ".csv", ".parquet", ""}
    for each in path.glob("*.parquet"):
        assert each.read_bytes()[:4] == b"PAR1"


def test_arrays_of_a_loaded_result_do_not_depend_on_its_folder(tmp_path: Path) -> None:
    path = storage.save(busy_result(), tmp_path)
    result = storage.load(path).result
    before = result.run.equity.copy()
    for each in path.iterdir():
        each.unlink()
    np.testing.assert_array_equal(result.run.equity, before)


def test_a_result_of_another_version_says_so(tmp_path: Path) -> None:
    path = storage.save(make_result([]), tmp_path)
    card = json.loads((path / "card.json").read_text())
    with pytest.raises(DataError, match="result of version 99; expected version 2"):
        archive.read_result(card | {"schema_version": 99}, path)


def test_records_of_another_layout_say_which_field_differs(tmp_path: Path) -> None:
    path = storage.save(make_result([Deal(5, 9)]), tmp_path)
    card = json.loads((path / "card.json").read_text())
    table = pq.read_table(path / "fills.parquet").rename_columns(
        ["older" if name == "fee" else name for name in FILL.names or ()]
    )
    (path / "fills.parquet").write_bytes(archive.table_bytes(table))
    with pytest.raises(DataError, match="record layout differs in fee, older"):
        archive.read_result(card, path)


def test_a_list_with_a_broken_run_names_it(tmp_path: Path) -> None:
    path = storage.save(make_result([]), tmp_path)
    (path / "result.json").write_text("{")
    with pytest.raises(DataError, match=r"result.json cannot be read"):
        storage.index(tmp_path)
