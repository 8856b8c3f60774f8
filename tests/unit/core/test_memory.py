"""Arrays by address: compiled code reads and writes what numpy does; interpreted code checks it.

`SCRIPT` runs once compiled and once interpreted, each in a process of its own: which of the two a
process is cannot change after the first import.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import weakref
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ballast.core import memory

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = """
import numpy as np
from ballast.core.jit import jit
from ballast.core.memory import (
    Binding, f8, i8, least_of_8, most_of_8, rows, set_f8, set_i8, touch_8, u1, word_at,
)

ROW = np.dtype([("price", "f8"), ("count", "i8"), ("kind", "u1")], align=True)
row = rows(ROW)


@jit
def walk(prices, counts, marks, table, grid):
    total = 0.0
    for i in range(5):
        total += f8(prices, i) * i8(counts, i) + u1(marks, i)
        set_f8(prices, i, f8(prices, i) / 2.0)
        set_i8(counts, i, i8(counts, i) - 7)
        one = row(table, i)
        one.price += total
        one.count = i8(counts, i)
        set_f8(grid, 2 * i + 1, total)
    return total


@jit
def peek(marks):
    touch_8(marks, 10**9)  # asking for a line never faults
    return word_at(marks, 0), word_at(marks, 8), word_at(marks, 3)


@jit
def ends(prices, index):
    return least_of_8(prices, index), most_of_8(prices, index)


many = np.arange(3, 19, dtype=np.uint8) * np.uint8(13)
held = Binding()
odd = many[3:11].view(np.int64).tolist()  # a word may lie anywhere
assert peek(held.bind(many)) == (*many.view(np.int64).tolist(), *odd)
for place in range(8):  # the extreme is found wherever it stands
    for sign in (1.0, -1.0):
        eight = np.arange(1.0, 12.0) * sign
        eight[2 + place] = 1e9 * sign
        pair = ends(held.bind(eight), 2)
        assert pair == (eight[2:10].min(), eight[2:10].max()), pair
prices, counts = np.linspace(0.1, 0.7, 5), np.array([3, -2, 2**62, 0, 9])
marks, grid = np.array([0, 255, 1, 2, 3], np.uint8), np.zeros((5, 2))
table = np.zeros(5, ROW).view(np.recarray)
binding = Binding()
address = [binding.bind(array) for array in (prices, counts, marks, table, grid)]
print(walk(*address).hex())
for array in (prices, counts, marks, table, grid):
    print(array.tobytes().hex())
"""
OUTSIDE = """
from ballast.core.memory import f8, i8, rows, set_f8, set_i8, u1

floats, whole = np.arange(3.0), np.arange(3)
address, other = binding.bind(floats), binding.bind(whole)
row = rows(ROW)
for index in (-1, 3, 10**9):
    for call in (lambda: f8(address, index), lambda: i8(other, index), lambda: u1(other, index),
                 lambda: set_f8(address, index, 1.0), lambda: set_i8(other, index, 1),
                 lambda: row(other, index)):
        try:
            call()
        except AssertionError as problem:
            assert problem.args == ((index, 3),), problem.args
        else:
            raise SystemExit(f"index {index} went through")
assert floats.tolist() == [0, 1, 2] and whole.tolist() == [0, 1, 2]
f8(address, 2)
binding.close()
try:
    f8(address, 2)
except KeyError:
    print("refused")
"""


def spoken(folder: Path, script: str, **environment: str) -> str:
    """Run a script as a file (numba keys its cache by file) and return what it prints."""
    path = folder / "script.py"
    path.write_text(script)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path)],
        env=os.environ | {"XDG_CACHE_HOME": str(folder)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout


def test_compiled_and_interpreted_read_and_write_the_same_bytes(tmp_path: Path) -> None:
    """R-ARCH-21, R-IND-22: every loader and storer, rows by reference, a table of two columns."""
    compiled = spoken(tmp_path, SCRIPT, NUMBA_DISABLE_JIT="0")
    assert compiled == spoken(tmp_path, SCRIPT, NUMBA_DISABLE_JIT="1")
    lines = compiled.splitlines()
    prices = np.linspace(0.1, 0.7, 5)
    counts = np.array([3, -2, 2**62, 0, 9])
    sums = np.cumsum(prices * counts + np.array([0, 255, 1, 2, 3]))
    assert float.fromhex(lines[0]) == sums[-1]
    assert bytes.fromhex(lines[1]) == (prices / 2).tobytes()
    assert bytes.fromhex(lines[2]) == (counts - 7).tobytes()
    grid = np.frombuffer(bytes.fromhex(lines[5])).reshape(5, 2)
    assert grid[:, 0].tolist() == [0.0] * 5
    assert grid[:, 1].tolist() == sums.tolist()
    table = np.frombuffer(
        bytes.fromhex(lines[4]),
        np.dtype([("price", "f8"), ("count", "i8"), ("kind", "u1")], align=True),
    )
    assert table["price"].tolist() == sums.tolist()
    assert table["count"].tolist() == (counts - 7).tolist()
    assert not table["kind"].any()


def test_interpreted_code_refuses_an_index_outside_and_a_forgotten_address(tmp_path: Path) -> None:
    """R-IND-22: the checked run of the unchecked build."""
    assert spoken(tmp_path, SCRIPT + OUTSIDE, NUMBA_DISABLE_JIT="1").endswith("refused\n")


def test_the_refusal_would_be_missed_if_it_were_not_there(tmp_path: Path) -> None:
    """The test above, with the assertion off (`python -O`), must fail: it does check something."""
    with pytest.raises(AssertionError):
        spoken(tmp_path, SCRIPT + OUTSIDE, NUMBA_DISABLE_JIT="1", PYTHONOPTIMIZE="1")


def test_a_binding_keeps_its_arrays_alive_until_it_is_closed() -> None:
    binding = memory.Binding()
    array = np.arange(1_000.0)
    alive = weakref.ref(array)
    address = binding.bind(array)
    del array
    gc.collect()
    assert alive() is not None
    assert memory.address_of(alive()) == address
    binding.close()
    gc.collect()
    assert alive() is None


def test_an_empty_array_has_no_address() -> None:
    binding = memory.Binding()
    assert binding.bind(np.zeros(0)) == 0
    assert binding._arrays == []


def test_a_view_with_gaps_is_refused() -> None:
    """An address knows no stride."""
    with pytest.raises(AssertionError):
        memory.Binding().bind(np.arange(10.0)[::2])
    with pytest.raises(AssertionError):
        memory.Binding().bind(np.zeros((3, 4))[:, 1])


@pytest.mark.parametrize("dtype", ["f8", "i8", "u1", [("a", "f8"), ("b", "u1")]])
def test_the_address_is_that_of_the_first_element(dtype: object) -> None:
    array = np.zeros(4, np.dtype(dtype))  # type: ignore[call-overload]
    assert memory.address_of(array) == array.ctypes.data
    assert memory.address_of(array[1:]) == array.ctypes.data + array.itemsize
