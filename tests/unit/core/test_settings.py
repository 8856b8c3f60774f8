"""Settings: safe defaults, hard bounds, rules between them, errors that help."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from ballast.core import records
from ballast.core.errors import ConfigError
from ballast.core.hashing import value_hash
from ballast.core.settings import (
    CostSettings,
    RiskSettings,
    Secret,
    Settings,
    as_dict,
    build,
    check,
    every_setting,
    rule_of,
)


def refusal(values: dict[str, dict[str, object]]) -> str:
    with pytest.raises(ConfigError) as caught:
        check(build(values))
    return str(caught.value)


def test_defaults_pass_their_own_check() -> None:
    """R-CONF-05: the defaults are safe as they stand, in every mode."""
    for mode in ("research", "paper", "live"):
        check(build({"engine": {"mode": mode}}))


def test_risk_carries_the_names_of_the_limits_record() -> None:
    named = {item.name for item in fields(RiskSettings)}
    assert set(records.LIMITS.names or ()) <= named
    floors = {"confidence_regimes", "confidence_ranging", "confidence_volatile"}
    apart = {"enforce", "hard_bounds", "scale_floor"}
    assert named - set(records.LIMITS.names or ()) == apart | floors


def test_costs_carry_the_names_of_the_spec_record() -> None:
    named = {item.name for item in fields(CostSettings)}
    assert named - set(records.SPEC.names or ()) == {"latency_bars"}  # of the plan
    assert "latency_bars" in (records.PLAN.names or ())


def test_every_setting_is_documented_and_bounded() -> None:
    """R-CONF-07: a number without a bound or a meaning is a magic constant."""
    for section, item in every_setting():
        rule = rule_of(item)
        where = f"{section}.{item.name}"
        assert rule.doc.endswith("."), where
        assert rule.requirement.startswith("R-"), where
        if item.type in ("float", "int"):
            assert rule.low is not None, where


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("risk", "daily_loss", 0.051),
        ("risk", "daily_loss", 0.0),
        ("risk", "drawdown_kill", 0.2),
        ("risk", "loss_streak", 4),
        ("risk", "entry_spacing_ms", 59_999),
        ("risk", "loss_cooldown_ms", 59_999),
        ("risk", "entries_hour", 11),
        ("risk", "entries_day", 51),
        ("risk", "slippage", 0.006),
        ("risk", "position_cap", 0.51),
        ("risk", "position_risk", 0.021),
        ("risk", "total_risk", 0.061),
        ("risk", "leverage", 5.1),
        ("sizing", "risk_per_trade", 0.021),
        ("gate", "signal_age_ms", 5001),
        ("gate", "spoof_score", 0.51),
        ("validation", "reoptimise_ms", 3_599_999),
    ],
)
def test_hard_bound_refuses(section: str, name: str, value: float) -> None:
    """R-CONF-04: configuration may not pass a hard bound, nor switch its rule off.

    R-GATE-09, R-SIZE-05, R-SIZE-11.
    """
    line = refusal({section: {name: value}})
    assert line.startswith(f"{section}.{name}: ")
    assert "hard bound" in line
    assert "\n" not in line


def test_research_may_lift_hard_bounds() -> None:
    settings = check(build({"risk": {"hard_bounds": False, "drawdown_kill": 0, "positions": 9}}))
    assert settings.risk.drawdown_kill == 0


@pytest.mark.parametrize("mode", ["paper", "live"])
@pytest.mark.parametrize("name", ["enforce", "hard_bounds"])
def test_paper_and_live_keep_the_gate(mode: str, name: str) -> None:
    assert refusal({"engine": {"mode": mode}, "risk": {name: False}}).startswith(f"risk.{name}: ")


def test_live_may_raise_but_not_lower_confidence() -> None:
    """R-GATE-06."""
    check(build({"engine": {"mode": "live"}, "risk": {"confidence": 0.7}}))
    assert "risk.confidence" in refusal({"engine": {"mode": "live"}, "risk": {"confidence": 0.6}})
    check(build({"risk": {"confidence": 0.0}}))


def test_all_in_needs_its_explicit_flag() -> None:
    """R-SIZE-03."""
    assert "i_accept_ruin" in refusal({"sizing": {"mode": "all_in"}})
    check(build({"sizing": {"mode": "all_in", "i_accept_ruin": True}}))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"risk": {"entries_hour": 10, "entries_day": 9}}, "risk.entries_hour"),
        ({"risk": {"total_risk": 0.01}}, "risk.position_risk"),
        ({"engine": {"leverage": 4}}, "risk.leverage"),
        ({"sizing": {"fixed_notional": 0.2}, "risk": {"position_cap": 0.1}}, "fixed_notional"),
        ({"sizing": {"mode": "fixed_qty"}}, "sizing.fixed_qty"),
        ({"engine": {"initial_cash": -5}}, "engine.initial_cash"),
        ({"risk": {"confidence_ranging": 0.8}}, "risk.confidence_ranging"),
    ],
)
def test_rules_between_settings(values: dict[str, dict[str, object]], said: str) -> None:
    """R-CONF-04: cross-field rules."""
    assert said in refusal(values)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"risk": {"daily_los": 0.05}}, "did you mean 'daily_loss'?"),
        ({"riks": {}}, "did you mean 'risk'?"),
        ({"engine": {"daily_loss": 0.05}}, "did you mean risk.daily_loss?"),
        ({"engine": {"intrabar": "pesimistic"}}, "did you mean 'pessimistic'?"),
        ({"engine": {"seed": "x"}}, "expected a whole number"),
        ({"engine": {"seed": float("inf")}}, "expected a whole number"),
        ({"engine": {"seed": True}}, "expected a whole number"),
        ({"risk": {"daily_loss": float("nan")}}, "expected a finite number"),
        ({"risk": {"enforce": 1}}, "expected true or false"),
        ({"data": {"root": 3}}, "expected a text"),
    ],
)
def test_mistakes_are_explained(values: dict[str, dict[str, object]], said: str) -> None:
    assert said in refusal(values)


def test_plain_values_build_the_same_settings() -> None:
    settings = replace(Settings(), risk=RiskSettings(daily_loss=0.03))
    assert build(as_dict(settings)) == settings
    assert value_hash(as_dict(build(as_dict(settings)))) == value_hash(as_dict(settings))


def test_secrets_print_as_asterisks_and_leave_no_trace() -> None:
    """R-CONF-08, R-SEC: neither print, nor repr, nor the plain values show a secret."""
    settings = build({"network": {"api_secret": "hunter2"}})
    assert settings.network.api_secret.reveal() == "hunter2"
    shown = f"{settings} {settings.network.api_secret} {as_dict(settings)}"
    assert "hunter2" not in shown
    assert f"{Secret('')}" == ""
