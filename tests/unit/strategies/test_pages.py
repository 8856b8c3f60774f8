"""The pages about strategies say what the code does."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.data import ROOT

import ballast.strategies
from ballast.strategies.catalog import names
from ballast.strategies.custom import ClassStrategy, OnBarStrategy, SignalStrategy
from ballast.strategies.definition import Strategy
from ballast.strategies.language import TRADE_KEYS
from ballast.strategies.plan import compile_plan
from ballast.strategies.signatures import NAMED, OTHERS, SERIES

REFERENCE = (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")
FIRST = (ROOT / "docs" / "first-strategy.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", FIRST, flags=re.DOTALL)


@pytest.mark.parametrize(
    "words",
    [SERIES, NAMED, OTHERS, TRADE_KEYS, names(), ("params", "require", "tag", "direction")],
    ids=["series", "functions", "others", "trade", "library", "rest"],
)
def test_every_word_is_on_the_page(words: Any) -> None:
    missing = [word for word in words if not re.search(rf"\b{re.escape(word)}\b", REFERENCE)]
    assert missing == []


def test_everything_that_can_be_imported_is_on_a_page() -> None:
    text = REFERENCE + FIRST
    missing = [word for word in ballast.strategies.__all__ if word not in text]
    assert set(missing) <= {"Expr", "Params"}


def test_every_program_on_the_page_runs() -> None:
    """The first one is what `new-strategy` writes; the TOML is the same strategy."""
    strategies: list[Strategy] = []
    for text in blocks("python"):
        scope: dict[str, Any] = {"__name__": "page"}
        exec(text, scope)  # noqa: S102 - our own page
        for value in scope.values():
            is_class = isinstance(value, type) and value.__module__ == "page"
            if is_class and issubclass(value, SignalStrategy | OnBarStrategy):
                compile_plan(ClassStrategy(value))
        if "STRATEGY" in scope:
            strategies.append(scope["STRATEGY"])
    assert [item.name for item in strategies] == ["my_first", "my_first"]
    (toml,) = blocks("toml")
    assert Strategy.from_toml(toml).hash == strategies[0].hash
