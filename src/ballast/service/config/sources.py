"""Sources: where a setting can come from, each read into the same plain entries.

Files are TOML. The environment speaks as `BALLAST__RISK__DAILY_LOSS=0.04`, the command line as
`--set risk.daily_loss=0.04`. Every entry knows its origin, and every refusal names it.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ballast.core.errors import ConfigError, suggest
from ballast.core.settings import SECTIONS, Secret, every_setting, known, parse, type_of
from ballast.service.config.positions import key_lines, line_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

PREFIX = "BALLAST__"
PER_SYMBOL = ("sizing", "costs", "exits")
"""Sections a symbol may override. The rules of `risk` are those of the account, not of a symbol."""
FILE_BYTES_MAX = 1_000_000
"""A settings file of this size is something else, opened by mistake."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of one setting and where it was said: `ballast.toml:12`."""

    section: str
    name: str
    value: Any  # in the type of the setting
    origin: str


@dataclass(slots=True)
class FileEntries:
    """What one file says: for all, for a profile, for a symbol."""

    base: list[Entry] = field(default_factory=list)
    profiles: dict[str, list[Entry]] = field(default_factory=dict)
    symbols: dict[str, list[Entry]] = field(default_factory=dict)


def read_file(path: Path) -> FileEntries:
    """Return the entries of a TOML file; every refusal names file and line."""
    text = _text(path)
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_without_place(str(error)), where=_place(path, str(error))) from None
    return _Reader(path.name, key_lines(text)).read(tree)


def read_environment(environment: Mapping[str, str]) -> list[Entry]:
    """Return the entries of all variables that start with `BALLAST__`."""
    entries = []
    for variable in sorted(environment):
        if not variable.upper().startswith(PREFIX):
            continue
        section, _, name = variable[len(PREFIX) :].lower().partition("__")
        if not section or not name:
            raise ConfigError(
                "does not name a setting", where=variable, expected=f"{PREFIX}SECTION__NAME"
            )
        entries.append(_from_text(section, name, environment[variable], variable))
    return entries


def read_flags(flags: Iterable[str]) -> list[Entry]:
    """Return the entries of `--set section.name=value` flags."""
    entries = []
    for flag in flags:
        target, equals, text = flag.partition("=")
        section, dot, name = target.strip().partition(".")
        if not equals or not dot:
            raise ConfigError(
                "does not set anything",
                where=f"--set {target if equals else _without_secret(flag)}",
                expected="--set section.name=value",
            )
        known(section, name, where=f"--set {target}")
        _refuse_secret(section, name, f"--set {target}", "on a command line, where others see it")
        entries.append(_from_text(section, name, text.strip(), f"--set {flag}"))
    return entries


def _without_secret(flag: str) -> str:
    """Return a flag that cannot be read, cut after the name of a secret it may hold."""
    names = (
        f"{one}.{item.name}" for one, item in every_setting() if type_of(one, item.name) is Secret
    )
    return next((f"{name}..." for name in names if flag.strip().startswith(name)), flag)


def _refuse_secret(section: str, name: str, where: str, place: str) -> None:
    """Raise `ConfigError` for a secret that was said where it does not belong."""
    if type_of(section, name) is Secret:
        raise ConfigError(
            f"{section}.{name} is a secret and does not belong {place}",
            where=where,
            fix=f"set {PREFIX}{section.upper()}__{name.upper()} instead",
        )


@dataclass(frozen=True, slots=True)
class _Reader:
    file: str
    lines: dict[tuple[str, ...], int]

    def at(self, *path: str) -> str:
        return f"{self.file}:{line_of(self.lines, path)}"

    def read(self, tree: dict[str, Any]) -> FileEntries:
        found = FileEntries()
        for top, content in tree.items():
            if top == "profile":
                for name, sections in self.table(content, top).items():
                    found.profiles[name] = self.sections(sections, (top, name))
            elif top == "symbols":
                for name, sections in self.table(content, top).items():
                    self.refuse_account_rules(sections, (top, name))
                    found.symbols[name] = self.sections(sections, (top, name))
            else:
                found.base += self.section(top, content, (top,))
        return found

    def sections(self, content: object, path: tuple[str, ...]) -> list[Entry]:
        entries: list[Entry] = []
        for section, values in self.table(content, *path).items():
            entries += self.section(section, values, (*path, section))
        return entries

    def section(self, section: str, values: object, path: tuple[str, ...]) -> list[Entry]:
        where = self.at(*path)
        if section not in SECTIONS:
            tops = (*SECTIONS, "profile", "symbols")
            hint = suggest(section, tops) or "see `ballast show-config`"
            raise ConfigError(f"no section [{section}]", where=where, fix=hint)
        entries = []
        for name, raw in self.table(values, *path).items():
            origin = self.at(*path, name)
            known(section, name, where=origin)
            _refuse_secret(section, name, origin, "in a file")
            value = parse(section, name, raw, where=f"{origin}: {section}.{name}")
            entries.append(Entry(section, name, value, origin))
        return entries

    def table(self, content: object, *path: str) -> dict[str, Any]:
        if not isinstance(content, dict):
            raise ConfigError(
                f"{path[-1]} = {content!r} stands alone",
                where=self.at(*path),
                expected=f"a table [{'.'.join(path)}]",
            )
        return content

    def refuse_account_rules(self, sections: object, path: tuple[str, ...]) -> None:
        for section in self.table(sections, *path):
            if section in SECTIONS and section not in PER_SYMBOL:
                raise ConfigError(
                    f"[{section}] holds for the whole account, not for a symbol",
                    where=self.at(*path, section),
                    expected="one of " + ", ".join(PER_SYMBOL),
                )


def _from_text(section: str, name: str, text: str, origin: str) -> Entry:
    known(section, name, where=origin)
    kind = type_of(section, name)
    raw = text if kind in (str, Secret) else _value(text)
    return Entry(section, name, parse(section, name, raw, where=origin), origin)


def _value(text: str) -> object:
    """Return a number or a truth as TOML writes it; anything else stays the text it is."""
    try:
        tree = tomllib.loads(f"v = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return tree["v"] if set(tree) == {"v"} else text


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise ConfigError("too large for a settings file", where=str(path))
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigError("not a text file", where=str(path), expected="TOML in UTF-8") from None
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise ConfigError(f"cannot read it: {reason}", where=str(path)) from None


def _place(path: Path, message: str) -> str:
    found = re.search(r"line (\d+), column (\d+)", message)
    return (
        f"{path.name}:{found.group(1)}:{found.group(2)}" if found else f"{path.name}, end of file"
    )


def _without_place(message: str) -> str:
    return re.sub(r"\s*\(at [^)]*\)", "", message)
