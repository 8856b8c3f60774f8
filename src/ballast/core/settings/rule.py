"""Rule: what one setting means and what it may be.

Every setting is a dataclass field whose metadata carries a `Rule`. The settings page, the schema,
`show-config` and the checks are all read from there, so none of them can say something else.

A bound is *hard* when the safety of the account hangs on it. Research may lift hard bounds
(`risk.hard_bounds = false`), paper and live may not. Any other bound is plain sense and always
holds.
"""

from __future__ import annotations

import math
from dataclasses import Field, dataclass, field, fields
from typing import Any, Self

from ballast.core.errors import ConfigError, suggest

HIDDEN = "********"
EQUITY = "fraction of equity"


class Secret(str):
    """A text that prints as asterisks; `reveal` gives the text itself."""

    __slots__ = ()

    def __new__(cls, text: str = "") -> Self:
        """Wrap a text; a secret stays itself (`str` would see only its asterisks)."""
        return super().__new__(cls, text.reveal() if isinstance(text, Secret) else text)

    def __repr__(self) -> str:
        """Return asterisks, or nothing for an empty secret."""
        return HIDDEN if len(self) else "''"

    def __str__(self) -> str:
        """Return asterisks, or nothing for an empty secret."""
        return HIDDEN if len(self) else ""

    def __format__(self, spec: str) -> str:
        """Return what `str` prints, in the asked format."""
        return format(str(self), spec)

    def reveal(self) -> str:
        """Return the text itself, for the one call that needs it."""
        return "".join(self)


@dataclass(frozen=True, slots=True)
class Rule:
    """One setting: its meaning, its unit, its bounds, the requirement it answers, who reads it."""

    doc: str
    requirement: str = ""
    unit: str = ""
    low: float | None = None
    high: float | None = None
    hard: bool = False  # the bounds protect the account; only research may lift them
    off: bool = False  # 0 switches the rule off, whatever `low` says
    choices: tuple[str, ...] = ()
    used_by: str = "engine"  # "live": a backtest ignores it; "fixed": named, cannot be changed

    def bounds(self, *, lifted: bool = False) -> tuple[float | None, float | None]:
        """Return the lowest and highest value allowed; lifted hard bounds leave `>= 0`."""
        if lifted and self.hard:
            return 0.0, None
        return self.low, self.high

    def allowed(self, *, lifted: bool = False) -> str:
        """Return the bounds in words: `from 60 to 3600`, `at most 0.05`, `one of a, b`."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        low, high = self.bounds(lifted=lifted)
        tail = ", or 0 to switch it off" if self.off and low else ""
        if low is not None and high is not None:
            return f"exactly {low:g}" if low == high else f"from {low:.16g} to {high:.16g}{tail}"
        if low is not None:
            return f"at least {low:.16g}{tail}"
        return "" if high is None else f"at most {high:.16g}{tail}"


def setting(default: Any, doc: str, requirement: str = "", **rule: Any) -> Any:  # noqa: ANN401
    """Declare a field with its rule, with its default and its rule.

    Typed `Any` because a dataclass field takes the type of its annotation, as with
    `dataclasses.field` itself.
    """
    return field(default=default, metadata={"rule": Rule(doc, requirement, **rule)})


def rule_of(item: Field[Any]) -> Rule:
    """Return the rule of a dataclass field declared with `setting`."""
    rule: Rule = item.metadata["rule"]
    return rule


def check_section(section: str, values: object, *, lifted: bool = False) -> None:
    """Raise `ConfigError` for the first value of a section outside its rule."""
    for item in fields(values):  # type: ignore[arg-type]  # any dataclass instance
        value = getattr(values, item.name)
        check_value(f"{section}.{item.name}", value, rule_of(item), lifted=lifted)


def check_value(where: str, value: object, rule: Rule, *, lifted: bool = False) -> None:
    """Raise `ConfigError` if one value breaks its rule."""
    if rule.choices and value not in rule.choices:
        hint = suggest(str(value), rule.choices)
        raise ConfigError(
            f"{value!r} is not a choice", where=where, expected=rule.allowed(), fix=hint
        )
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    if not math.isfinite(value):
        raise ConfigError(f"{value} is not a number", where=where, expected="a finite number")
    if rule.off and value == 0:
        return
    low, high = rule.bounds(lifted=lifted)
    if (low is not None and value < low) or (high is not None and value > high):
        past = "is past its hard bound" if rule.hard else "is out of range"
        source = f" ({rule.requirement})" if rule.requirement else ""
        raise ConfigError(
            f"{value:g} {past}", where=where, expected=rule.allowed(lifted=lifted) + source
        )
