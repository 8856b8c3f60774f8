"""Written forms: files a person writes, and what is said about their mistakes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ballast.core.errors import StrategyError
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
    take,
)
from ballast.strategies.definition import Strategy

TOML = """
name = "my_first"
require = ["p.fast < p.slow"]

[params]
slow = { default = 21, low = 3, high = 400 }
fast = { low = 2, high = 100, default = 9 }

[signals]
enter_long = '''
(ema(close, p.fast) > ema(close, p.slow))   # trend
and stochrsi(14).between(0.05, 0.80)        # timing
'''
exit_long = "ema(p.fast) < ema(p.slow)"

[trade]
size = { mode = "risk", value = 0.01 }
stop = { kind = "atr", value = 3 }
trail = { kind = "atr", distance = 5.5, activation = 5.5 }

[[trade.take]]
kind = "percent"
value = 0.02
fraction = 0.5
"""


def test_a_file_by_hand_is_the_same_strategy_as_the_python_of_it() -> None:
    """R-STRAT-23: formatting, order and spelling change neither meaning nor hash."""
    p = params(fast=param(9, 2, 100), slow=param(21, 3, 400))
    same = strategy(
        "my_first",
        params=p,
        require=[p.fast < p.slow],
        enter_long=(ema(close, p.fast) > ema(close, p.slow)) & stochrsi(14).between(0.05, 0.80),
        exit_long=ema(close, p.fast) < ema(close, p.slow),
        size=risk(0.01),
        stop=atr_stop(3.0),
        trail=atr_trail(5.5),
        takes=[take(0.02, 0.50)],
        doc="words do not count",
    )
    assert Strategy.from_toml(TOML).hash == same.hash


def data(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "name": "made",
        "params": {"fast": {"default": 9}},
        "signals": {"enter_long": "close > ema(p.fast)"},
        "trade": {},
    }
    return base | changes


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"nam": 1}, "f.json: strategy: unknown key 'nam'.*did you mean 'name'"),
        ({"name": 3}, 'no name; expected name = "my_strategy"'),
        ({"params": []}, "params must be a table"),
        ({"params": {"fast": {"defalt": 9}}}, "params.fast: unknown key 'defalt'"),
        (
            {"params": {"fast": {"default": 9, "low": 10, "high": 20}}},
            "f.json: params.fast: p.default = 9",
        ),
        ({"params": {"a b": 1}}, "'a b' is not a parameter name"),
        ({"signals": {"enter": "close > 1"}}, "signals: unknown key 'enter'"),
        (
            {"signals": {"enter_long": "close > ema(p.fats)"}},
            "f.json: signals.enter_long, column 15",
        ),
        ({"signals": {"enter_long": "close"}}, "signals.enter_long: a number for each bar"),
        ({"signals": {"enter_long": ["close"]}}, "is not an expression"),
        ({"require": "p.fast > 1"}, "require must be a list"),
        ({"trade": {"stopp": {}}}, "trade: unknown key 'stopp'.*did you mean 'stop'"),
        ({"trade": {"stop": 3}}, "f.json: trade.stop: '3' is not a table"),
        ({"trade": {"stop": {"kind": "atr"}}}, "trade.stop: kind 'atr' with none; expected value"),
        ({"trade": {"stop": {"kind": "none", "value": 1}}}, "kind 'none' with value"),
        (
            {"trade": {"stop": {"kind": "column", "value": 1}}},
            "kind 'column' with value; expected price",
        ),
        (
            {"trade": {"stop": {"kind": "column", "price": "close > 1"}}},
            "trade.stop.price: a yes or no",
        ),
        ({"trade": {"stop": {"kind": "atrs", "value": 1}}}, "kind = 'atrs'.*did you mean 'atr'"),
        (
            {"trade": {"stop": {"kind": "atr", "value": "close"}}},
            "trade.stop.value: a number for each bar",
        ),
        (
            {"trade": {"trail": {"kind": "percent", "distance": 0.1}}},
            "needs distance and activation",
        ),
        ({"trade": {"trail": {"adaptive": "yes"}}}, "trade.trail.adaptive.*true or false"),
        ({"trade": {"take": {"value": 0.02}}}, r"take must be a list; write \[\[trade.take\]\]"),
        ({"trade": {"take": [{"value": 0.02}]}}, "trade.take: no fraction"),
        ({"trade": {"size": {"mode": "all_in", "value": 0.95}}}, "i_accept_ruin"),
        (
            {"trade": {"size": {"mode": "risky", "value": 0.95}}},
            "mode = 'risky'.*did you mean 'risk'",
        ),
        ({"trade": {"size": {"mode": "risk"}}}, "trade.size: no value"),
        ({"trade": {"exit_after": "2x"}}, "trade.exit_after|not a timeframe"),
        ({"trade": {"direction": "up"}}, "trade.direction: direction = 'up'"),
        ({"trade": {"touch_fills": 1}}, "trade.touch_fills: '1'; expected true or false"),
    ],
)
def test_mistakes_in_a_file_name_their_place(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(StrategyError, match=words) as caught:
        Strategy.from_json(json.dumps(data(**changes)), "f.json")
    assert "\n" not in caught.value.line()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "f.json: not JSON: .* at line 1, column 2"),
        ("[]", "is not a table"),
        ('{"name": NaN}', "NaN is not a number"),
    ],
)
def test_text_that_is_not_json_is_said(text: str, words: str) -> None:
    with pytest.raises(StrategyError, match=words):
        Strategy.from_json(text, "f.json")


def test_text_that_is_not_toml_is_said() -> None:
    with pytest.raises(StrategyError, match=r"f.toml: not TOML: .*line 2"):
        Strategy.from_toml("x = 1\ny = = 2\n", "f.toml")


def test_short_spellings_of_parameters_are_read() -> None:
    made = Strategy.from_data(data(params={"fast": 9}))
    assert made.params["fast"] == param(9)
    assert Strategy.from_json(json.dumps(data())).hash == made.hash
