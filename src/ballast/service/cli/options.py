"""Options: what may stand anywhere on the command line, before the verb or after it.

    ballast --profile live show-config        ballast show-config --profile live

They are taken out of the arguments before the verb sees them and held in a context variable, so
that a verb asks `options.config()` and no more.
"""

from __future__ import annotations

import os
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ballast.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ballast.service.config import Config

VALUED = ("--config", "--profile", "--set")
FLAGS = ("--debug", "--quiet")
ABOUT = {
    "--config FILE": "Read this settings file; repeat to merge, the last wins.",
    "--profile NAME": "Choose a profile (dev, paper, live, cautious, or your own); repeatable.",
    "--set SECTION.NAME=VALUE": "Set one setting for this run; repeatable.",
    "--quiet": "No notes and no progress on stderr.",
    "--debug": "Show the traceback of an internal error.",
}
PROFILE_VARIABLE = "BALLAST_PROFILE"
"""Names the profiles where no `--profile` does; several are separated by commas."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options every verb has."""

    files: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    quiet: bool = False
    debug: bool = False


_CURRENT: ContextVar[Options] = ContextVar("options", default=Options())  # noqa: B039 - frozen


def current() -> Options:
    """Return the options of this command line."""
    return _CURRENT.get()


def adopt(options: Options) -> None:
    """Make these the options of this command line."""
    _CURRENT.set(options)


def config(flags: Iterable[str] = ()) -> Config:
    """Return the effective configuration; `flags` are a verb's own `section.name=value`."""
    from ballast.service.config import load

    chosen = current()
    named = os.environ.get(PROFILE_VARIABLE, "")
    return load(
        start=Path.cwd(),
        environment=os.environ,
        files=[Path(name) for name in chosen.files],
        profiles=chosen.profiles or [part.strip() for part in named.split(",") if part.strip()],
        flags=[*chosen.flags, *flags],
    )


def take(arguments: Sequence[str]) -> tuple[list[str], Options]:
    """Return the arguments without the general options, and the options."""
    found: dict[str, list[str]] = {name: [] for name in VALUED}
    flags = set()
    rest: list[str] = []
    pending = iter(arguments)
    for argument in pending:
        name, equals, value = argument.partition("=")
        if argument == "--":
            rest += [argument, *pending]
        elif argument in FLAGS:
            flags.add(argument)
        elif name in VALUED:
            text = value if equals else next(pending, None)
            if text is None:
                raise UserError(f"{name} needs a value", fix="see `ballast --help`")
            found[name].append(text)
        else:
            rest.append(argument)
    options = Options(
        files=tuple(found["--config"]),
        profiles=tuple(found["--profile"]),
        flags=tuple(found["--set"]),
        quiet="--quiet" in flags,
        debug="--debug" in flags,
    )
    return rest, options
