"""Check: bounds of every setting and the rules between them (R-CONF-04)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.errors import ConfigError
from ballast.core.maintenance import windows_of
from ballast.core.settings.risk import RiskSettings
from ballast.core.settings.rule import check_section
from ballast.core.settings.tree import SECTIONS, Settings

if TYPE_CHECKING:
    from ballast.core.settings.trading import SizingSettings


def check(settings: Settings) -> Settings:
    """Return the settings, or raise `ConfigError` naming the first that may not be so.

    Paper and live keep every hard bound; research may lift them with `risk.hard_bounds = false`.
    """
    if settings.engine.mode != "research":
        _check_guarded(settings.engine.mode, settings.risk)
    for section in SECTIONS:
        check_section(section, getattr(settings, section), lifted=not settings.risk.hard_bounds)
    _check_sizing(settings.sizing, settings.risk)
    if settings.risk.hard_bounds:
        _check_risk_order(settings.risk)
    _not_above("engine.leverage", settings.engine.leverage, "risk.leverage", settings.risk.leverage)
    _not_above(
        "risk.confidence_ranging", settings.risk.confidence_ranging,
        "risk.confidence_volatile", settings.risk.confidence_volatile,
    )  # fmt: skip
    windows_of(settings.network.maintenance, "network.maintenance")
    gate = settings.gate
    _not_above("gate.ltv_warning", gate.ltv_warning, "gate.ltv_alarm", gate.ltv_alarm)
    return settings


def _check_guarded(mode: str, risk: RiskSettings) -> None:
    least = RiskSettings().confidence
    for name in ("enforce", "hard_bounds"):
        if not getattr(risk, name):
            raise ConfigError(
                f"the gate cannot be loosened in {mode}", where=f"risk.{name}", expected="true"
            )
    if risk.confidence < least:
        raise ConfigError(
            f"{risk.confidence:g} is past its hard bound in {mode}",
            where="risk.confidence",
            expected=f"at least {least:g} (R-GATE-06)",
        )


def _check_sizing(sizing: SizingSettings, risk: RiskSettings) -> None:
    if sizing.mode == "all_in" and not sizing.i_accept_ruin:
        raise ConfigError(
            "all_in can lose everything and is refused",
            where="sizing.mode",
            expected="risk, or sizing.i_accept_ruin = true",
        )
    if sizing.mode == "fixed_qty" and sizing.fixed_qty == 0:
        raise ConfigError(
            "mode fixed_qty without a quantity", where="sizing.fixed_qty", expected="above 0"
        )
    if risk.enforce and risk.hard_bounds:
        _not_above(
            "sizing.risk_per_trade", sizing.risk_per_trade,
            "risk.position_risk", risk.position_risk,
        )  # fmt: skip
        _not_above(
            "sizing.fixed_notional", sizing.fixed_notional, "risk.position_cap", risk.position_cap
        )


def _check_risk_order(risk: RiskSettings) -> None:
    """Refuse a rule that a wider one makes pointless."""
    for small, large in (
        ("entries_hour", "entries_day"),
        ("daily_loss", "drawdown_kill"),
        ("position_risk", "total_risk"),
        ("cluster_risk", "total_risk"),
    ):
        _not_above(f"risk.{small}", getattr(risk, small), f"risk.{large}", getattr(risk, large))


def _not_above(where: str, value: float, limit_name: str, limit: float) -> None:
    if value > limit:
        raise ConfigError(
            f"{value:g} is above {limit_name}", where=where, expected=f"at most {limit:g}"
        )
