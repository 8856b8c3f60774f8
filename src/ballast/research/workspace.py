"""The user's strategies: files of a workspace folder, found, read and begun.

A TOML or JSON file is data and may lie anywhere. A Python file is the user's own program and is
run, so it is taken from the workspace's folder only. Whatever is wrong in a file is said in one
line with the file and the line.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from traceback import extract_tb
from types import ModuleType
from typing import TYPE_CHECKING

from ballast.core.errors import BallastError, StrategyError, UserError, suggest
from ballast.store.disk import Disk, replace_file
from ballast.strategies import catalog
from ballast.strategies.custom import ClassStrategy, OnBarStrategy, SignalStrategy
from ballast.strategies.definition import Strategy, check_name

if TYPE_CHECKING:
    from ballast.strategies.plan import AnyStrategy

SUFFIXES = (".py", ".toml", ".json")
FILE_BYTES_MAX = 1_000_000
"""A strategy file is text a person wrote; a megabyte is a mistake."""
MODULE = "ballast_workspace."
"""How the modules of the user's files are named."""
FORMS = {"python": ".py", "toml": ".toml", "json": ".json"}
STARTER = '''"""{name}: say here what the idea is, and why it should work."""

from ballast.strategies import (
    atr_stop,
    atr_trail,
    close,
    ema,
    param,
    params,
    risk,
    stochrsi,
    strategy,
)

p = params(fast=param(9, 2, 100), slow=param(21, 3, 400))

STRATEGY = strategy(
    "{name}",
    params=p,
    require=[p.fast < p.slow],
    enter_long=(ema(close, p.fast) > ema(close, p.slow)) & stochrsi(14).between(0.05, 0.80),
    exit_long=ema(close, p.fast) < ema(close, p.slow),
    size=risk(0.01),
    stop=atr_stop(3.0),
    trail=atr_trail(5.5),
)
'''


@dataclass(frozen=True, slots=True)
class Found:
    """A strategy that can be loaded by name; `path` is None for one of the library."""

    name: str
    path: Path | None


def find(folder: Path) -> list[Found]:
    """Return the user's strategy files, then the library, each sorted by name."""
    files = sorted(
        (path for path in folder.glob("*") if path.suffix in SUFFIXES and path.name[0] not in "._"),
        key=lambda path: path.name,
    )
    own = [Found(path.stem, path) for path in files]
    return own + [Found(name, None) for name in catalog.names()]


def load(name: str, folder: Path) -> AnyStrategy:
    """Return a strategy by the name of its file, by the path of a file, or of the library.

    A file of the workspace hides the library's strategy of the same name.
    """
    path = folder.parent / name if "/" in name or name.endswith(SUFFIXES) else None
    if path is not None:
        candidates = [item for item in (path, folder / name) if item.is_file()]
        if not candidates:
            raise StrategyError(f"no file '{name}'", where=str(folder))
        return load_file(candidates[0], folder)
    files = [found.path for found in find(folder) if found.name == name and found.path is not None]
    if len(files) > 1:
        raise StrategyError(
            f"'{name}' is in {' and in '.join(path.name for path in files)}",
            where=str(folder),
            fix="give the file name, or rename one",
        )
    if files:
        return load_file(files[0], folder)
    if name in catalog.names():
        return catalog.load(name)
    known = [found.name for found in find(folder)]
    raise StrategyError(
        f"unknown strategy '{name}'",
        expected=f"a file in {folder} or one of {', '.join(catalog.names())}",
        fix=suggest(name, known),
    )


def load_file(path: Path, folder: Path) -> AnyStrategy:
    """Read one strategy file; raise `StrategyError` in one line on anything wrong."""
    text = _read(path)
    if path.suffix == ".toml":
        return Strategy.from_toml(text, path.name)
    if path.suffix == ".json":
        return Strategy.from_json(text, path.name)
    if not path.resolve().is_relative_to(folder.resolve()):
        raise StrategyError(
            "a Python strategy is a program and is run only from the workspace",
            where=str(path),
            expected=f"a file in {folder}",
            fix="read it, then copy it there",
        )
    return _pick(_run(path, text), path, text)


def reborn(strategy: AnyStrategy) -> AnyStrategy:
    """Return a strategy as it is when its file has just been read.

    A class of the workspace is made anew by running its file again, so that nothing it kept in
    itself or in its file is left. A formula keeps nothing and is returned as it is; so is a class
    of no file.
    """
    if not isinstance(strategy, ClassStrategy):
        return strategy
    module = sys.modules.get(strategy.form.__module__)
    if module is None or not module.__name__.startswith(MODULE) or module.__file__ is None:
        return strategy
    path = Path(module.__file__)
    return _pick(_run(path, strategy.source_text), path, strategy.source_text)


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise StrategyError(
                f"{path.stat().st_size} bytes", where=path.name, expected=f"<= {FILE_BYTES_MAX}"
            )
        return path.read_text(encoding="utf-8")
    except OSError as problem:
        raise StrategyError(f"cannot be read: {problem.strerror}", where=str(path)) from None
    except UnicodeDecodeError:
        raise StrategyError("is not UTF-8 text", where=str(path)) from None


def _run(path: Path, text: str) -> ModuleType:
    """Execute the user's file; leave no bytecode behind."""
    module = ModuleType(f"{MODULE}{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses of the file look themselves up here
    try:
        exec(compile(text, str(path), "exec"), module.__dict__)  # noqa: S102 - the user's own program
    except SyntaxError as problem:
        raise StrategyError(
            f"{problem.msg}: {(problem.text or '').strip()}", where=f"{path.name}:{problem.lineno}"
        ) from None
    except Exception as problem:
        raise _in_file(problem, path) from problem
    return module


def _in_file(problem: Exception, path: Path) -> StrategyError:
    """Say what went wrong and in which line of the user's file."""
    lines = [
        frame.lineno for frame in extract_tb(problem.__traceback__) if frame.filename == str(path)
    ]
    where = f"{path.name}:{lines[-1]}" if lines else path.name
    if isinstance(problem, UserError):
        inner = f"{problem.where}: {problem.what}" if problem.where else problem.what
        return StrategyError(inner, where=where, expected=problem.expected, fix=problem.fix)
    if isinstance(problem, BallastError):
        raise problem
    text = str(problem).replace("'ballast.strategies' ", "the strategy language ")
    return StrategyError(f"{type(problem).__name__}: {text}", where=where)


def _pick(module: ModuleType, path: Path, text: str) -> AnyStrategy:
    """Return the one strategy of a file; among several, the one named like the file."""
    found: dict[str, AnyStrategy] = {}
    for value in vars(module).values():
        if isinstance(value, Strategy):
            found[value.name] = value
        elif (
            isinstance(value, type)
            and issubclass(value, SignalStrategy | OnBarStrategy)
            and value.__module__ == module.__name__
        ):
            made = ClassStrategy(value, text)
            found[made.name] = made
    name = path.stem if len(found) != 1 else next(iter(found))
    if name in found:
        chosen = found[name]
        if isinstance(chosen, Strategy) and not chosen.doc:
            return replace(chosen, doc=(module.__doc__ or "").strip())
        return chosen
    raise StrategyError(
        f"{len(found)} strategies in the file" if found else "no strategy in the file",
        where=path.name,
        expected=f"one, or one named '{path.stem}'",
        fix="" if found else "write STRATEGY = strategy(...), or a class",
    )


def new_strategy(name: str, template: AnyStrategy | None = None, form: str = "python") -> str:
    """Return the text of a new strategy file: a starter of ten lines, or a copy of `template`."""
    check_name(name)
    if form not in FORMS:
        raise StrategyError(
            f"form '{form}'", expected=f"one of {', '.join(FORMS)}", fix=suggest(form, FORMS)
        )
    if isinstance(template, ClassStrategy):
        raise StrategyError(
            f"{template.name} is a class", fix="copy its file; only formulas can be printed"
        )
    if template is None:
        text = STARTER.format(name=name)
        scope: dict[str, object] = {}
        exec(compile(text, "starter", "exec"), scope)  # noqa: S102 - the constant above
        starter = scope["STRATEGY"]
        assert isinstance(starter, Strategy)  # noqa: S101 - our own constant
        if form == "python":
            return text
        template = replace(starter, doc=f"{name}: say here what the idea is.")
    made = replace(template, name=name, tag=name if template.tag else "")
    return {"python": made.to_python, "toml": made.to_toml, "json": made.to_json}[form]()


def write_strategy(folder: Path, name: str, text: str, form: str) -> Path:
    """Write a new file whole or not at all; raise `StrategyError` where one of that name is."""
    check_name(name)
    taken = [found.path for found in find(folder) if found.name == name and found.path is not None]
    if taken:
        raise StrategyError(f"{taken[0].name} exists", where=str(folder), fix="take another name")
    path = folder / f"{name}{FORMS[form]}"
    replace_file(Disk(), path, [text.encode()])
    return path
