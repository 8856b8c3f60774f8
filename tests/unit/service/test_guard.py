"""Guard and output: every way a verb can end, and every kind of value it can print."""

from __future__ import annotations

import errno
import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from ballast.core.errors import InternalError, UserError
from ballast.core.reasons import Exit
from ballast.service.cli import guard, lazy, main, options
from ballast.service.cli.output import Table, cell, emit, plain, progress, to_json

if TYPE_CHECKING:
    from collections.abc import Callable


def ending(error: BaseException) -> tuple[int, str]:
    code, line = guard.verdict(error)
    assert code is not None
    assert "\n" not in line
    return code, line


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (
            UserError("bad", where="a.csv:3", expected="a price"),
            2,
            "a.csv:3: bad; expected a price",
        ),
        (KeyboardInterrupt(), 130, "interrupted"),
        (MemoryError(), 2, "out of memory"),
        (OSError(errno.ENOSPC, "No space left on device", "x.parquet"), 2, "the disk is full"),
        (OSError(errno.EDQUOT, "Quota exceeded"), 2, "the disk is full"),
        (FileNotFoundError(errno.ENOENT, "No such file", "x.csv"), 2, "x.csv: no such file"),
        (OSError(errno.EIO, "Input/output error", "x"), 74, "x: input/output error"),
        (InternalError("two\nlines"), 70, "InternalError: two lines"),
        (ZeroDivisionError("division by zero"), 70, "a defect in Ballast"),
        (typer.BadParameter("no\nsuch thing"), 2, "no such thing"),
    ],
)
def test_every_error_is_one_line_and_a_code(error: BaseException, code: int, said: str) -> None:
    found, line = ending(error)
    assert found == code
    assert said in line


def test_what_is_not_an_error_passes_through() -> None:
    assert guard.verdict(SystemExit(3))[0] is None
    assert guard.verdict(GeneratorExit())[0] is None


def test_an_internal_error_names_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    code = guard.run(lambda: plain({"a": _Broken()}))
    said = capsys.readouterr().err
    assert code == guard.DEFECT
    assert "at ballast/service/cli/output.py:" in said
    assert "Traceback" not in said


class _Broken:
    def items(self) -> object:
        raise RuntimeError("broken")


def test_a_verb_that_cannot_be_loaded_takes_no_other_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = {**main.VERBS, "broken": lazy.Verb("ballast.service.cli.absent", "Broken.", "House")}
    monkeypatch.setattr(lazy.LazyGroup, "verbs", broken)
    runner = CliRunner()
    assert runner.invoke(main.app, ["--help"]).exit_code == 0
    assert runner.invoke(main.app, ["config", "profiles"]).exit_code == 0
    assert runner.invoke(main.app, ["broken"]).exit_code == guard.DEFECT


@pytest.mark.parametrize(
    ("ending", "code", "said"),
    [
        (KeyboardInterrupt, 130, "interrupted; nothing is half-written\n"),
        (typer.Abort, 130, "interrupted; nothing is half-written\n"),
        (lambda: typer.Exit(1), 1, ""),
        (lambda: UserError("bad"), 2, "error: bad\n"),
        (lambda: OSError(errno.ENOSPC, "full", "x"), 2, "error: x: the disk is full"),
    ],
)
def test_how_a_verb_ends_is_how_the_process_ends(
    monkeypatch: pytest.MonkeyPatch, ending: Callable[[], BaseException], code: int, said: str
) -> None:
    module = ModuleType("a_verb_of_a_test")
    module.app = typer.Typer()  # type: ignore[attr-defined]  # a module made for this test

    @module.app.command()  # type: ignore[untyped-decorator]
    def work() -> None:
        raise ending()

    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(lazy.LazyGroup, "verbs", {"work": lazy.Verb(module.__name__, "W.", "P")})
    done = CliRunner().invoke(main.app, ["work"])
    assert done.exit_code == code
    assert done.stderr.startswith(said)
    assert done.stdout == ""


def on_a_terminal(code: str, stream: str) -> str:
    """Run Python code with one stream on a terminal; return what the person would see."""
    outer, inner = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
        **{stream: inner},  # type: ignore[call-overload]  # stdout or stderr
    ) as process:
        os.close(inner)
        seen = b""
        while True:
            try:
                chunk = os.read(outer, 65536)
            except OSError:  # the last writer has gone: how Linux ends a terminal
                break
            if not chunk:
                break
            seen += chunk
    os.close(outer)
    assert process.returncode == 0
    return seen.decode()


def test_a_person_sees_a_ruled_table() -> None:
    code = "from ballast.service.cli.output import emit; emit([{'symbol': 'BTC', 'bars': 5}])"
    assert "\u2500" in on_a_terminal(code, "stdout")


def test_a_person_sees_progress_and_a_quiet_one_does_not() -> None:
    code = (
        "from ballast.service.cli import options, output\n"
        "options.adopt(options.Options(quiet={quiet}))\n"
        "with output.progress('reading', 2) as bar:\n"
        "    bar.advance(1, 'half')\n"
        "    bar.shown and bar.shown.refresh()\n"
    )
    assert "reading" in on_a_terminal(code.format(quiet=False), "stderr")
    assert on_a_terminal(code.format(quiet=True), "stderr") == ""


def test_options_are_taken_from_anywhere_but_after_a_double_dash() -> None:
    rest, found = options.take(
        ["--quiet", "a", "--config", "1", "--config=2", "--profile", "p", "--", "--debug"]
    )
    assert rest == ["a", "--", "--debug"]
    assert found == options.Options(files=("1", "2"), profiles=("p",), quiet=True)


@dataclass(frozen=True)
class _Thing:
    price: float
    at: Path


def test_every_kind_of_value_becomes_json() -> None:
    payload = {
        "nan": math.nan,
        "inf": np.float64(math.inf),
        "array": np.array([1.5, math.nan]),
        "count": np.int64(3),
        "reason": Exit.TRAILING_STOP,
        "thing": _Thing(1.0, Path("x")),
        "tuple": (True, None),
        "at": datetime(2021, 1, 2, tzinfo=UTC),
        7: {"b"},
    }
    assert json.loads(to_json(payload)) == {
        "nan": None,
        "inf": None,
        "array": [1.5, None],
        "count": 3,
        "reason": "trailing_stop",
        "thing": {"price": 1.0, "at": "x"},
        "tuple": [True, None],
        "at": "2021-01-02T00:00:00+00:00",
        "7": ["b"],
    }


def test_piped_tables_are_aligned_and_plain(capsys: pytest.CaptureFixture[str]) -> None:
    emit([{"symbol": "BTC/USDT", "bars": 5}, {"symbol": "X", "bars": 1234}])
    assert capsys.readouterr().out == "symbol    bars\nBTC/USDT     5\nX         1234\n"


def test_nested_payloads_become_one_table_each(capsys: pytest.CaptureFixture[str]) -> None:
    emit({"name": "x", "worst": {"day": 1}, "rows": [{"a": 1.23456789}]})
    assert capsys.readouterr().out == "name  x\n\nworst\nday  1\n\nrows\n      a\n1.23457\n"


def test_empty_results_print_nothing_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    emit([])
    emit({})
    emit(None)
    emit("done")
    emit(None, tables=[Table(["a"], [])])
    assert capsys.readouterr().out == "done\na\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (math.nan, "-"),
        (True, "yes"),
        (0.1 + 0.2, "0.3"),
        (1234567.8, "1,234,568"),
        ((1, 2), "1, 2"),
        ("two\nlines", "two lines"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_cells(value: object, text: str) -> None:
    assert cell(value) == text


def test_progress_is_silent_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("work", 3) as bar:
        bar.advance(text="one")
        bar.move_to(3, 3)
    assert capsys.readouterr() == ("", "")
