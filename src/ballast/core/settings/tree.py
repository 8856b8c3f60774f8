"""The settings as one tree: built from plain values, printed back to them."""

from __future__ import annotations

from dataclasses import Field, dataclass, field, fields
from typing import TYPE_CHECKING, Any, get_type_hints

from ballast.core.errors import ConfigError, suggest
from ballast.core.settings.certify import CertifySettings
from ballast.core.settings.journal import JournalSettings
from ballast.core.settings.live import (
    BrainSettings,
    GateSettings,
    NetworkSettings,
    OperationsSettings,
    ValidationSettings,
)
from ballast.core.settings.orders import OrderSettings
from ballast.core.settings.risk import RiskSettings
from ballast.core.settings.rule import Secret
from ballast.core.settings.run import (
    DataSettings,
    EngineSettings,
    ReportSettings,
    StrategySettings,
)
from ballast.core.settings.trading import CostSettings, ExitSettings, SizingSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, by section. The defaults are safe as they stand (R-CONF-05)."""

    engine: EngineSettings = field(default_factory=EngineSettings)
    data: DataSettings = field(default_factory=DataSettings)
    strategies: StrategySettings = field(default_factory=StrategySettings)
    reports: ReportSettings = field(default_factory=ReportSettings)
    risk: RiskSettings = field(default_factory=RiskSettings)
    sizing: SizingSettings = field(default_factory=SizingSettings)
    costs: CostSettings = field(default_factory=CostSettings)
    exits: ExitSettings = field(default_factory=ExitSettings)
    orders: OrderSettings = field(default_factory=OrderSettings)
    gate: GateSettings = field(default_factory=GateSettings)
    brain: BrainSettings = field(default_factory=BrainSettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    validation: ValidationSettings = field(default_factory=ValidationSettings)
    certify: CertifySettings = field(default_factory=CertifySettings)
    operations: OperationsSettings = field(default_factory=OperationsSettings)
    journal: JournalSettings = field(default_factory=JournalSettings)


SECTIONS: dict[str, type[Any]] = {
    item.name: item.default_factory  # type: ignore[misc]  # every field above has one
    for item in fields(Settings)
}
_TYPES = {name: get_type_hints(kind) for name, kind in SECTIONS.items()}


def every_setting() -> Iterator[tuple[str, Field[Any]]]:
    """Yield (section, field) of every setting, in declared order."""
    for section, kind in SECTIONS.items():
        for item in fields(kind):
            yield section, item


def type_of(section: str, name: str) -> Any:  # noqa: ANN401 - a type
    """Return the type of a setting: float, int, bool, str or Secret."""
    return _TYPES[section][name]


def known(section: str, name: str | None = None, *, where: str = "") -> None:
    """Raise `ConfigError`, with a suggestion, for a section or a setting that does not exist."""
    if section not in SECTIONS:
        raise ConfigError(
            f"no section [{section}]", where=where, fix=suggest(section, SECTIONS) or _sections()
        )
    names = _TYPES[section]
    if name is not None and name not in names:
        fix = suggest(name, names) or _elsewhere(name) or f"see `ballast show-config {section}`"
        raise ConfigError(f"no setting {section}.{name}", where=where, fix=fix)


def _sections() -> str:
    return "the sections are " + ", ".join(SECTIONS)


def _elsewhere(name: str) -> str:
    homes = [f"{section}.{name}" for section, names in _TYPES.items() if name in names]
    return f"did you mean {' or '.join(homes)}?" if homes else ""


def parse(section: str, name: str, raw: object, *, where: str = "") -> Any:  # noqa: ANN401
    """Return a plain value, as TOML or JSON gives it, in the type of the setting."""
    kind = type_of(section, name)
    at = where or f"{section}.{name}"
    number = raw if isinstance(raw, int | float) and not isinstance(raw, bool) else None
    if kind is bool and isinstance(raw, bool):
        return raw
    if kind is int and number is not None and float(number).is_integer():
        return int(number)
    if kind is float and number is not None:
        return float(number)
    if kind in (str, Secret) and isinstance(raw, str):
        return kind(raw)
    raise ConfigError(f"{raw!r} does not fit", where=at, expected=type_name(kind))


def type_name(kind: Any) -> str:  # noqa: ANN401 - a type
    """Return what a setting of this type looks like: `true or false`, `a number`."""
    return {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        str: "a text",
        Secret: "a text",
    }[kind]


def build(values: Mapping[str, Mapping[str, object]]) -> Settings:
    """Return settings from nested plain values; what is not named keeps its default.

    Names and types are checked here, bounds by `check`.
    """
    sections: dict[str, Any] = {}
    for section, entries in values.items():
        known(section)
        parsed = {}
        for name, raw in entries.items():
            known(section, name)
            parsed[name] = parse(section, name, raw)
        sections[section] = SECTIONS[section](**parsed)
    return Settings(**sections)


def as_dict(settings: Settings) -> dict[str, dict[str, Any]]:
    """Return nested plain values without the secrets; `build` reads them back."""
    tree: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    for section, item in every_setting():
        value = getattr(getattr(settings, section), item.name)
        if not isinstance(value, Secret):
            tree[section][item.name] = value
    return tree
