"""The one door to compiled code: its cache folder, its arithmetic, its variants (R-ARCH-21)."""

from __future__ import annotations

import functools
import operator
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.data import ROOT

from ballast.core import cachedir, jit

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPT = """
from ballast.core.jit import jit, jit_inline, jit_inner, jit_pasted


@jit_inner
def inner(code, x):
    return x + code


@jit_pasted
def pasted(code, x):
    return x * code


@jit_inline
def inline(code, x):
    return x - code


@jit
def plain(code, x):
    return x / code


@jit
def all_of_them(x):
    x = inner(1, x) + inner(2, x) + inner(code=7, x=x)
    x = pasted(1, x) + pasted(2, x) + pasted(7, x)
    x = inline(1, x) + inline(2, x) + inline(7, x)
    return plain(1, x) + plain(2, x) + plain(7, x)


print(all_of_them(0.1).hex())
for each in (inner, pasted, inline, plain):
    print(len(getattr(each, "signatures", [])))
assert inline(2, 0.3) == 0.3 - 2 and plain(2, 0.3) == 0.15
"""
EDITS = """
from pathlib import Path
from ballast.core import cachedir

root = Path({copy!r})
assert Path(cachedir.__file__).is_relative_to(root), cachedir.__file__
print(cachedir.source_hash((False, False)))
for name in {names!r}:
    with (root / name).open("a") as file:
        file.write("# edited\\n")
    cachedir.source_hash.cache_clear()
    print(cachedir.source_hash((False, False)))
"""
COMPILED = [
    "kernel/loop.py", "risk/limits.py", "core/records.py", "core/reasons.py",
    "features/indicators/rsi.py", "research/sweep_row.py", "research/metrics/ratios.py",
]  # fmt: skip
"""Through the door themselves, or read by one that is: a reason code, a constant of a formula."""
PLAIN = ["research/report/page.py", "service/cli/main.py", "service/config/load.py"]
IDENTITY = """
from ballast.core import cachedir, jit
from ballast.service.first_start import flags_of_environment

flags = flags_of_environment()
assert jit.CACHE_DIR == cachedir.cache_dir(flags), "known without the compiler"
print(cachedir.source_hash(flags), jit.CACHE_DIR)
"""


def spoken(*command: str, **environment: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-W", "error", *command],
        env=os.environ | {"NUMBA_DISABLE_JIT": "0", "NUMBA_BOUNDSCHECK": "0"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return done.stdout.split()


def test_constants_do_not_make_a_version_each(tmp_path: Path) -> None:
    """Three constants, one compiled version: by position and by name, in every variant."""
    script = tmp_path / "variants.py"
    script.write_text(SCRIPT)
    cold = spoken(str(script), XDG_CACHE_HOME=str(tmp_path))
    assert cold[1:] == ["1", "1", "1", "1"]
    assert spoken(str(script), XDG_CACHE_HOME=str(tmp_path))[0] == cold[0]  # from the disk cache
    assert spoken(str(script), NUMBA_DISABLE_JIT="1") == [cold[0], "0", "0", "0", "0"]


def test_only_what_python_calls_is_compiled_to_files(tmp_path: Path) -> None:
    """The rest is inside its callers: machine code of its own would be made and never run."""
    script = tmp_path / "variants.py"
    script.write_text(SCRIPT)
    spoken(str(script), XDG_CACHE_HOME=str(tmp_path))
    kept = {path.name.split("-")[0] for path in tmp_path.rglob("*.nbi")}
    assert kept == {"variants.inline", "variants.plain", "variants.all_of_them"}


def test_the_cache_folder_follows_flags_and_is_the_same_for_every_process(tmp_path: Path) -> None:
    """Bounds checks and the compiler switch are no part of numba's own key."""
    home = {"XDG_CACHE_HOME": str(tmp_path)}
    identity, folder = spoken("-c", IDENTITY, **home)
    assert Path(folder) == tmp_path / "ballast" / identity
    assert spoken("-c", IDENTITY, PYTHONHASHSEED="3", **home) == [identity, folder]
    others = [
        spoken("-c", IDENTITY, NUMBA_BOUNDSCHECK="1", **home)[0],
        spoken("-c", IDENTITY, NUMBA_DISABLE_JIT="1", **home)[0],
    ]
    assert len({identity, *others}) == 3


def test_an_edit_of_any_compiled_source_gives_a_new_folder(tmp_path: Path) -> None:
    """A caller in another file would otherwise keep the old copy of what it calls."""
    copy = tmp_path / "ballast"
    shutil.copytree(ROOT / "src" / "ballast", copy, ignore=shutil.ignore_patterns("__pycache__"))
    place = {"PYTHONPATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    hashes = spoken("-c", EDITS.format(copy=str(copy), names=COMPILED), **place)
    assert len(hashes) == len(set(hashes)) == len(COMPILED) + 1
    hashes = spoken("-c", EDITS.format(copy=str(copy), names=PLAIN), **place)
    assert len(set(hashes)) == 1  # a report that changed leaves the kernel compiled


def test_every_compiled_source_is_found_by_the_imports_of_a_real_process() -> None:
    """What Python loads for a module of compiled code is what the hash covers."""
    root = ROOT / "src" / "ballast"
    known = set(cachedir.compiled_sources(root))
    script = (
        "import sys, ballast.kernel.loop\n"
        "print(*(m.__file__ for n, m in sys.modules.items() if n.startswith('ballast.')))"
    )
    loaded = {Path(name) for name in spoken("-c", script)}
    signs = {root / "core/__init__.py", root / "kernel/__init__.py", root / "risk/__init__.py"}
    assert len(loaded) > 10
    assert loaded - signs <= known


def test_a_home_that_cannot_be_written_falls_back_to_the_temporary_folder(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    identity, folder = spoken("-c", IDENTITY, XDG_CACHE_HOME=str(blocked), TMPDIR=str(scratch))
    assert Path(folder) == scratch / "ballast" / identity


@jit.jit
def ratio(a: float, b: float) -> float:
    return a / b


@jit.jit
def left_to_right(values: Any) -> float:
    total = 0.0
    for i in range(len(values)):
        total += values[i]
    return total


def test_division_by_zero_is_an_error_not_infinity() -> None:
    """`error_model="python"`: an unguarded division stops the run instead of trading on inf."""
    assert ratio(1.0, 4.0) == 0.25
    with pytest.raises(ZeroDivisionError):
        ratio(1.0, 0.0)


@pytest.mark.parametrize("function", [jit.interpreted(left_to_right), left_to_right])
def test_sums_keep_their_order(function: Callable[[Any], float]) -> None:
    """No `fastmath`: in any other order this sum, which loses every other 1, is another."""
    values = np.array([1.0, 1e16, -1e16, 1.0] * 8)
    expected = functools.reduce(operator.add, values.tolist())
    assert function(values) == expected != np.sum(values)


def test_interpreted_is_the_python_function() -> None:
    plain = jit.interpreted(ratio)
    assert plain.__name__ == "ratio"
    assert type(plain).__name__ == "function"
    assert jit.interpreted(len) is len
