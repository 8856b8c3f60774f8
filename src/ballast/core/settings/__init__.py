"""Settings: every number a person may choose, with its meaning, its unit and its bounds.

`Settings()` is the safe default. `build` makes settings from plain values, `check` holds them
against every bound and every rule between them, `as_dict` prints them back. Files, environment
and profiles are the business of `service.config`.
"""

from ballast.core.settings.certify import CertifySettings
from ballast.core.settings.check import check
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
from ballast.core.settings.rule import Rule, Secret, rule_of
from ballast.core.settings.run import (
    DataSettings,
    EngineSettings,
    ReportSettings,
    StrategySettings,
)
from ballast.core.settings.trading import CostSettings, ExitSettings, SizingSettings
from ballast.core.settings.tree import (
    SECTIONS,
    Settings,
    as_dict,
    build,
    every_setting,
    known,
    parse,
    type_name,
    type_of,
)

__all__ = [
    "SECTIONS",
    "BrainSettings",
    "CertifySettings",
    "CostSettings",
    "DataSettings",
    "EngineSettings",
    "ExitSettings",
    "GateSettings",
    "JournalSettings",
    "NetworkSettings",
    "OperationsSettings",
    "OrderSettings",
    "ReportSettings",
    "RiskSettings",
    "Rule",
    "Secret",
    "Settings",
    "SizingSettings",
    "StrategySettings",
    "ValidationSettings",
    "as_dict",
    "build",
    "check",
    "every_setting",
    "known",
    "parse",
    "rule_of",
    "type_name",
    "type_of",
]
