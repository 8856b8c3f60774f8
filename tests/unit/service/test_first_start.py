"""What a first start needs is compiled by another process meanwhile (R-PERF-*, R-ARCH-21)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.unit.core.test_jit import spoken

from ballast.core.aside import settle
from ballast.service import first_start

if TYPE_CHECKING:
    from pathlib import Path

COMPILE = """
import sys
from ballast.core.aside import settle
from ballast.service.first_start import begin

begun = begin("ballast.kernel.run", "close_books", 1)
assert "numba" not in sys.modules, "it begins before the compiler is loaded"
settle("close_books")
from ballast.kernel.run import close_books, compile_books

compile_books()
stats = close_books.stats
print(begun, sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
"""


def test_the_other_process_leaves_it_in_the_cache_and_the_next_start_has_it(tmp_path: Path) -> None:
    home = {"XDG_CACHE_HOME": str(tmp_path)}
    assert spoken("-c", COMPILE, **home) == ["True", "1", "0"]
    assert spoken("-c", COMPILE, **home) == ["False", "1", "0"]


@pytest.mark.parametrize("name", ["no_such_function", "Simulation"])
def test_where_it_fails_the_function_is_compiled_on_its_first_call(
    name: str, tmp_path: Path
) -> None:
    script = COMPILE.replace('"close_books"', repr(name))
    assert spoken("-c", script, XDG_CACHE_HOME=str(tmp_path)) == ["True", "0", "1"]


def test_nothing_begins_where_the_compiler_is_off(tmp_path: Path) -> None:
    script = COMPILE.split("from ballast.kernel.run", maxsplit=1)[0] + "print(begun)"
    off = spoken("-c", script, XDG_CACHE_HOME=str(tmp_path), NUMBA_DISABLE_JIT="1")
    assert off == ["False"]


def test_what_can_be_done_meanwhile_is_done_only_where_one_would_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    first_start.meanwhile(lambda: done.append("nothing is under way"))
    settle("close_books")
    assert done == []
    monkeypatch.setattr(first_start, "cache_dir", lambda _: str(tmp_path))
    monkeypatch.setattr(first_start, "flags_of_environment", lambda: (False, False))
    assert first_start.begin("ballast.core.cachedir", "no_such_function", 1)
    first_start.meanwhile(lambda: done.append("first"))
    settle("no_such_function")
    assert done == ["first"]
