"""Load: one configuration out of defaults, files, profiles, environment and flags.

Later sources win: defaults, files in the order given, profiles in the order given (built in, then
of the files), environment, flags. Nothing is returned that `core.settings.check` would refuse, and
a refusal names the place that set the value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ballast.core.errors import ConfigError, suggest
from ballast.core.hashing import value_hash
from ballast.core.settings import Settings, as_dict, build, check
from ballast.service.config.profiles import BUILT_IN
from ballast.service.config.sources import (
    Entry,
    FileEntries,
    read_environment,
    read_file,
    read_flags,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

FILE_NAME = "ballast.toml"
PARENTS_MAX = 32
"""Folders looked through, upwards, for the file of the workspace."""

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Config:
    """The effective settings, the place each came from, and the workspace they are for."""

    settings: Settings
    origins: Mapping[Key, str]  # only what is not a default
    symbols: Mapping[str, Settings]  # settings of symbols with overrides, defaults included
    symbol_origins: Mapping[str, Mapping[Key, str]]
    workspace: Path
    files: tuple[Path, ...]
    profiles: tuple[str, ...]

    def for_symbol(self, symbol: str) -> Settings:
        """Return the settings of one symbol: its own, or everybody's (R-PORT-02)."""
        return self.symbols.get(symbol, self.settings)

    def origin(self, section: str, name: str) -> str:
        """Return where a value was said: `default`, `ballast.toml:12`, `profile cautious`."""
        return self.origins.get((section, name), "default")

    @property
    def data_root(self) -> Path:
        """Folder of the candle store."""
        return self.workspace / self.settings.data.root

    @property
    def results_root(self) -> Path:
        """Folder of results."""
        return self.workspace / self.settings.reports.root

    @property
    def ledger_path(self) -> Path:
        """File of the trial ledger; its place is no setting: there is one a workspace."""
        return self.workspace / "ledger" / "trials.sqlite"

    @property
    def journal_root(self) -> Path:
        """Folder of the journal of the live node."""
        return self.workspace / self.settings.journal.root

    @property
    def strategies_root(self) -> Path:
        """Folder of the user's strategies."""
        return self.workspace / self.settings.strategies.root

    @property
    def hash(self) -> str:
        """Hash of every effective value, secrets left out (R-CONF-08)."""
        symbols = {name: as_dict(settings) for name, settings in self.symbols.items()}
        return value_hash({"settings": as_dict(self.settings), "symbols": symbols})

    @property
    def dangers(self) -> tuple[str, ...]:
        """Values that loosen protection, each with where it was said (R-CONF-05)."""
        risk, sizing = self.settings.risk, self.settings.sizing
        found = []
        for key, is_dangerous, effect in (
            (("risk", "enforce"), not risk.enforce, "no entry is refused, no kill switch exists"),
            (("risk", "hard_bounds"), not risk.hard_bounds, "rules may be loosened or off"),
            (("sizing", "i_accept_ruin"), sizing.i_accept_ruin, "mode all_in is allowed"),
        ):
            if is_dangerous:
                found.append(f"{'.'.join(key)}: {effect} ({self.origin(*key)})")
        return tuple(found)


def load(
    *,
    start: Path,
    environment: Mapping[str, str],
    files: Sequence[Path] = (),
    profiles: Sequence[str] = (),
    flags: Iterable[str] = (),
) -> Config:
    """Return the configuration, or raise `ConfigError`.

    Without `files` the nearest `ballast.toml` from `start` upwards is read; its folder is the
    workspace. Without one the defaults hold and `start` is the workspace.
    """
    paths = tuple(files) or _nearest(start)
    read = [read_file(path) for path in paths]
    layers: list[Iterable[Entry]] = [found.base for found in read]
    for profile in profiles:
        layers += _profile(profile, read)
    layers += [read_environment(environment), read_flags(flags)]

    values: dict[Key, Any] = {}
    origins: dict[Key, str] = {}
    for entry in (entry for layer in layers for entry in layer):
        values[entry.section, entry.name] = entry.value
        origins[entry.section, entry.name] = entry.origin
    settings = _checked(values, origins)
    symbols, symbol_origins = _symbols(read, values, origins)
    workspace = paths[0].resolve().parent if paths else start.resolve()
    return Config(settings, origins, symbols, symbol_origins, workspace, paths, tuple(profiles))


def _nearest(start: Path) -> tuple[Path, ...]:
    folder = start.resolve()
    for candidate in [folder, *folder.parents][:PARENTS_MAX]:
        if (candidate / FILE_NAME).is_file():
            return (candidate / FILE_NAME,)
    return ()


def _profile(name: str, read: list[FileEntries]) -> list[list[Entry]]:
    layers = []
    if name in BUILT_IN:
        layers.append(
            [
                Entry(section, item, value, f"profile {name}")
                for section, items in BUILT_IN[name].items()
                for item, value in items.items()
            ]
        )
    layers += [found.profiles[name] for found in read if name in found.profiles]
    if not layers:
        names = sorted({*BUILT_IN, *(one for found in read for one in found.profiles)})
        raise ConfigError(
            f"no profile '{name}'",
            expected="one of " + ", ".join(names),
            fix=suggest(name, names),
        )
    return layers


def _symbols(
    read: list[FileEntries], values: dict[Key, Any], origins: dict[Key, str]
) -> tuple[dict[str, Settings], dict[str, dict[Key, str]]]:
    settings: dict[str, Settings] = {}
    places: dict[str, dict[Key, str]] = {}
    for symbol in sorted({name for found in read for name in found.symbols}):
        own = [entry for found in read for entry in found.symbols.get(symbol, ())]
        mine = {(entry.section, entry.name): entry for entry in own}
        places[symbol] = {key: entry.origin for key, entry in mine.items()}
        settings[symbol] = _checked(
            values | {key: entry.value for key, entry in mine.items()}, origins | places[symbol]
        )
    return settings, places


def _checked(values: dict[Key, Any], origins: dict[Key, str]) -> Settings:
    tree: dict[str, dict[str, Any]] = {}
    for (section, name), value in values.items():
        tree.setdefault(section, {})[name] = value
    try:
        return check(build(tree))
    except ConfigError as error:
        section, _, name = error.where.partition(".")
        origin = origins.get((section, name))
        if origin is None:
            raise
        raise ConfigError(
            error.what, where=f"{origin}: {error.where}", expected=error.expected, fix=error.fix
        ) from None
