"""Guard: how a verb ends. One line on stderr and a code scripts can trust, never a traceback.

    0    done                              71   `supervise` gave up; see there
    1    done, and the answer is no        74   a disk or a device failed
    2    wrong input                       75   a venue does not answer: try again later
    70   a defect in Ballast               130  interrupted

"The answer is no" is for verbs that ask something: `data check` found defects, `attack` a cheat,
`repro` differs.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from typer.exceptions import TyperException

from ballast.core.errors import UserError
from ballast.service.cli import options

if TYPE_CHECKING:
    from collections.abc import Callable

OK, NO, WRONG_INPUT, DEFECT, DEVICE, INTERRUPTED = 0, 1, 2, 70, 74, 130

_FULL = (errno.ENOSPC, errno.EDQUOT)
_DEVICE = (errno.EIO, errno.EROFS, errno.ENODEV)
_PACKAGE = Path(__file__).resolve().parents[2]


def run(verb: Callable[[], object]) -> int:
    """Run a verb and return its exit code; whatever it raises becomes one line on stderr."""
    try:
        code = verb()
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (`head`, a closed pager) has seen enough; a second failing flush at exit would
        # print a traceback, so stdout goes nowhere from here.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except BaseException as error:
        code, line = verdict(error)
        if options.current().debug:
            sys.stderr.write(_without_secrets(traceback.format_exc()))
        if line:
            sys.stderr.write(_without_secrets(line) + "\n")
        if code is None:
            raise
        return code
    if code == INTERRUPTED:
        sys.stderr.write(_INTERRUPTED + "\n")
    return code if isinstance(code, int) else OK


_INTERRUPTED = "interrupted; nothing is half-written"


def _without_secrets(text: str) -> str:
    """Return a text without secrets: libraries quote in their errors what they were given."""
    from ballast.service.keys.redaction import redacted

    return redacted(text, os.environ)


def verdict(error: BaseException) -> tuple[int | None, str]:  # noqa: PLR0911 - one line a kind
    """Return the exit code and the line of an error; no code means: not ours to end."""
    if isinstance(error, UserError):
        return error.exit_code, f"error: {error.line()}"
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return INTERRUPTED, _INTERRUPTED
    if isinstance(error, TyperException):  # a usage error of the command line
        return WRONG_INPUT, _usage(error)
    if isinstance(error, MemoryError):
        return WRONG_INPUT, "error: out of memory; take fewer symbols, bars or combinations"
    if isinstance(error, OSError) and error.errno is not None:
        return _device(error)
    if isinstance(error, Exception):
        return DEFECT, _defect(error)
    return None, ""


def _usage(error: BaseException) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "ballast"
    message = error.format_message()  # type: ignore[attr-defined]  # every usage error has it
    if message.startswith("Usage:"):
        return str(message)  # a group called without a verb: its help is the answer
    if getattr(error, "option_name", "") == "--with":
        return f"error: --with: `{path}` is of one strategy; leave it out, or run each alone"
    message = " ".join(message.split())
    return f"error: {message.rstrip('.')}; see `{path} --help`"


def _device(error: OSError) -> tuple[int, str]:
    place = f"{error.filename}: " if error.filename else ""
    reason = (error.strerror or str(error)).lower()
    if error.errno in _FULL:
        return WRONG_INPUT, f"error: {place}the disk is full; nothing is half-written"
    return (DEVICE if error.errno in _DEVICE else WRONG_INPUT), f"error: {place}{reason}"


def _defect(error: Exception) -> str:
    """Return what broke and the place in Ballast, without the pages of a traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)]
    place = ""
    if ours:
        name = Path(ours[-1].filename).relative_to(_PACKAGE.parent)
        place = f" at {name}:{ours[-1].lineno}"
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return f"internal error{place}: {what}; a defect in Ballast, --debug shows the traceback"
