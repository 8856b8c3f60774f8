"""Parameters: ranges, steps, kinds, rules between them (R-STRAT-30)."""

from __future__ import annotations

from typing import Any

import pytest

from ballast.core.errors import StrategyError
from ballast.strategies import close, ema, param, params, strategy
from ballast.strategies.catalog import load
from ballast.strategies.parameters import from_data, to_data
from ballast.strategies.plan import CompiledStrategy, compile_plan


def test_kind_follows_from_the_numbers() -> None:
    assert param(9, 2, 100).is_whole
    assert param(9, 2, 100).step == 1
    assert not param(9.0, 2, 100).is_whole
    assert not param(3, 0.5, 10).is_whole
    assert param(True).is_switch
    assert param(20).range_text() == "a whole number from 5 to 80"
    assert param(9, choices=[9, 12, 14]).range_text() == "one of 9, 12, 14"
    assert param(-2.0).low == -8.0


@pytest.mark.parametrize(
    ("spec", "values"),
    [
        (param(2, 1, 4), (1, 2, 3, 4)),
        (param(0.3, 0.1, 0.5, step=0.1), (0.1, 0.2, 0.3, 0.4, 0.5)),
        (param(10, 10, 40, step=10), (10, 20, 30, 40)),
        (param(False), (0, 1)),
        (param(12, choices=[9, 12]), (9, 12)),
    ],
)
def test_grid_has_every_step_and_both_ends(spec: Any, values: tuple[float, ...]) -> None:
    assert spec.grid() == values


def test_grid_is_bounded() -> None:
    with pytest.raises(StrategyError, match="a grid of 1000001 values"):
        param(0.5, 0.0, 1.0, step=1e-6).grid()


@pytest.mark.parametrize(
    "spec", [param(9, 2, 100), param(3.0, 0.5, 9.0, 0.5), param(True), param(9, choices=[9, 12])]
)
def test_declaration_reads_back(spec: Any) -> None:
    assert from_data("x", to_data(spec)) == spec


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: param(9, 10, 100), "p.default = 9.*from 10 to 100"),
        (lambda: param(9, 100, 10), "low 100 is above high 10"),
        (lambda: param(9, 2, 100, step=-1), "step -1"),
        (lambda: param(9, choices=[1, 2]), "one of 1, 2"),
        (lambda: from_data("x", {"default": 9, "lo": 1}), "unknown key 'lo'.*did you mean 'low'"),
        (lambda: from_data("x", {"low": 9}), "no default"),
        (lambda: from_data("x", {"default": "9"}), "must be numbers"),
        (lambda: params(fast=param(9)).fats, "unknown parameter 'p.fats'.*did you mean 'fast'"),
        (lambda: close > param(9), "declare p = params"),
    ],
)
def test_a_bad_declaration_is_said(make: Any, words: str) -> None:
    with pytest.raises(StrategyError, match=words):
        make()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"fats": 9}, "unknown parameter 'fats'.*one of fast, slow.*did you mean 'fast'"),
        ({"fast": 1}, "p.fast = 1; expected a whole number from 2 to 200"),
        ({"fast": 9.5}, "p.fast = 9.5; expected a whole number"),
        ({"fast": float("nan")}, "p.fast = nan"),
        ({"fast": True}, "p.fast = True"),
        ({"fast": 21, "slow": 21}, "ema_cross: p.fast < p.slow does not hold"),
        ({"stop": -1}, "p.stop = -1"),
    ],
)
def test_bad_values_are_refused_before_anything_runs(given: dict[str, float], words: str) -> None:
    with pytest.raises(StrategyError, match=words):
        compile_plan(load("ema_cross"), given)


def test_allows_says_the_same_without_an_error() -> None:
    compiled = CompiledStrategy(load("ema_cross"))
    assert compiled.allows({"fast": 5, "slow": 50})
    assert not compiled.allows({"fast": 50, "slow": 50})
    assert not compiled.allows({"fast": 1000})


def test_arithmetic_between_parameters_is_checked_when_it_is_known() -> None:
    """A window of parameters is refused where it cannot be; a shift cannot look ahead."""
    p = params(a=param(10, 1, 20), b=param(5, 1, 20))
    made = strategy("made", params=p, enter_long=ema(close, p.a - p.b) > close.shift(p.a - p.b))
    assert compile_plan(made).warmup == 14
    with pytest.raises(StrategyError, match=r"reads a bar that is not known yet|period = -5"):
        _ = compile_plan(made, {"a": 5, "b": 10}).warmup
    bad = strategy("made", params=p, enter_long=close > p.a / (p.b - 5))
    with pytest.raises(StrategyError, match="has no value"):
        compile_plan(bad)
