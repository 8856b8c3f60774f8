"""Families: one idea with other numbers is one idea (R-OPT-09, R-WF-06)."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest

from ballast.strategies import atr_stop, catalog, close, ema, param, params, risk, rsi, strategy
from ballast.strategies.custom import ClassStrategy, SignalStrategy
from ballast.strategies.definition import Strategy
from ballast.strategies.family import body_hash, family_hash

TOML = """
name = "{name}"
doc = "{doc}"
[params]
fast = {{ default = {fast}, low = 2, high = {high} }}
[signals]
enter_long = 'ema(close, {first}) > on("{frame}", ema(close, {second}))'
[trade]
stop = {{ kind = "atr", value = {stop} }}
{more}
"""
PLAIN = {
    "name": "one", "doc": "", "fast": 9, "high": 50, "first": "p.fast", "frame": "4h",
    "second": "21", "stop": "3.0", "more": "",
}  # fmt: skip


def made(**changes: object) -> Strategy:
    return Strategy.from_toml(TOML.format(**PLAIN | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "two"},
        {"doc": "another story"},
        {"fast": 12},
        {"high": 500},
        {"second": "34"},
        {"second": "p.fast"},
        {"first": "9"},
        {"frame": "1d"},
        {"stop": "2.5"},
        {"stop": '"p.fast"'},
    ],
)
def test_other_numbers_and_names_are_the_same_family(changes: dict[str, object]) -> None:
    assert family_hash(made(**changes)) == family_hash(made())


@pytest.mark.parametrize(
    "changes",
    [
        {"first": "p.fast + 0 * p.fast"},
        {"more": "break_even_r = 1.0"},
        {"more": 'direction = "long"'},
        {"more": 'size = { mode = "risk", value = 0.01 }'},
    ],
)
def test_another_formula_or_another_trade_is_another_family(changes: dict[str, object]) -> None:
    assert family_hash(made(**changes)) != family_hash(made())


def test_the_body_keeps_the_literals_and_drops_what_cannot_change_a_trade() -> None:
    """Family, body and values name a trial: a literal edited by hand is another trial."""
    same = ({"name": "two"}, {"doc": "story"}, {"fast": 12}, {"high": 500})
    other = ({"second": "34"}, {"frame": "1d"}, {"stop": "2.5"}, {"first": "9"})
    assert {body_hash(made(**changes)) for changes in same} == {body_hash(made())}
    bodies = {body_hash(made(**changes)) for changes in other}
    assert len(bodies | {body_hash(made())}) == len(other) + 1


def test_a_negative_number_is_a_number() -> None:
    one, two = (
        strategy("one", enter_long=rsi(14) - 50 > value, stop=atr_stop(3.0), size=risk(0.01))
        for value in (5, -5)
    )
    assert family_hash(one) == family_hash(two)
    assert body_hash(one) != body_hash(two)


def test_the_library_has_as_many_families_as_ideas() -> None:
    names = catalog.names()
    families = {name: family_hash(catalog.load(name)) for name in names}
    twins = [(a, b) for a, b in combinations(names, 2) if families[a] == families[b]]
    assert twins == []
    again = {name: family_hash(catalog.load(name)) for name in names}
    assert again == families


def test_a_renamed_parameter_changes_nothing() -> None:
    p, q = params(n=param(9, 2, 50)), params(length=param(11, 3, 70))
    one = strategy("one", params=p, enter_long=close > ema(close, p.n), stop=atr_stop(3.0))
    two = strategy("two", params=q, enter_long=close > ema(close, q.length), stop=atr_stop(2.0))
    assert family_hash(one) == family_hash(two)
    ruled = strategy(
        "one", params=p, require=[p.n > 3], enter_long=close > ema(close, p.n), stop=atr_stop(3.0)
    )
    assert family_hash(ruled) == family_hash(one)


CLASS = '''"""About."""
from ballast.strategies import SignalStrategy

class {name}(SignalStrategy):
    """{doc}"""
    name = "{name}"
    def signals(self, bars):
        """{doc}"""
        return bars.close > bars.close[0] * {factor}  # {doc}
'''


def classed(name: str = "A", doc: str = "x", factor: str = "1.5") -> ClassStrategy:
    class Form(SignalStrategy):
        """Does nothing."""

        def signals(self, bars: object) -> object:  # type: ignore[override]
            return bars

    return ClassStrategy(Form, CLASS.format(name=name, doc=doc, factor=factor))


def test_a_class_is_compared_by_its_program_without_words_and_numbers() -> None:
    plain = classed()
    for other in (classed(name="B"), classed(doc="y"), classed(factor="2"), classed(factor="-2")):
        assert family_hash(other) == family_hash(plain)
    assert family_hash(classed(factor="bars.open[0]")) != family_hash(plain)
    assert body_hash(classed(factor="2")) != body_hash(plain)
    assert body_hash(classed(doc="y")) == body_hash(plain)


def test_a_source_that_is_no_program_is_taken_as_it_stands() -> None:
    one, two = (replace(classed(), source_text=text) for text in ("not (a program", "not (this"))
    assert family_hash(one) == family_hash(one)
    assert family_hash(one) != family_hash(two)
