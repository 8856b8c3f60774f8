"""The words of the language: series, operators and functions, with what they take and give.

Indicators are not listed here: they come from `features.indicators.registry` by name.
"""

from __future__ import annotations

from dataclasses import dataclass

from ballast.features.regime.labels import Regime

BAR_SERIES = ("open", "high", "low", "close", "volume")
MIXED_SERIES = ("hl2", "hlc3", "ohlc4", "quote_volume")
TIME_SERIES = ("hour", "weekday", "month", "minute_of_day", "ts")
SERIES = (*BAR_SERIES, *MIXED_SERIES, *TIME_SERIES)
OTHERS = ("on", "of", "ta")
"""Words that take a text as their first argument."""
ALIASES = {"min": "minimum", "max": "maximum"}
"""Names that text may use; Python cannot, because they are its own words."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One function.

    Argument classes, in `takes`: `value` a number or a series; `series` a series; `truth` a switch
    or a condition; `either` a series or a condition; `number` a number; `length` a whole number
    >= 1; `offset` a whole number >= 0; `regime` a series of regime codes. `gives`: `value` and
    `truth` are one value where all arguments are; `series` and `condition` never are; `same` is the
    kind of the first argument.
    `defaults` fill the last arguments.
    """

    name: str
    takes: tuple[str, ...]
    gives: str
    doc: str
    defaults: tuple[float, ...] = ()
    method: bool = False  # printed as x.name(...)


def _table(*rows: Signature) -> dict[str, Signature]:
    return {row.name: row for row in rows}


_TWO = ("value", "value")
OPERATORS = _table(
    Signature("+", _TWO, "value", "sum"),
    Signature("-", _TWO, "value", "difference"),
    Signature("*", _TWO, "value", "product"),
    Signature("/", _TWO, "value", "quotient; unknown where the divisor is 0"),
    Signature("%", _TWO, "value", "remainder, with the sign of the divisor"),
    Signature("neg", ("value",), "value", "minus x"),
    Signature("<", _TWO, "truth", "less"),
    Signature("<=", _TWO, "truth", "less or equal"),
    Signature(">", _TWO, "truth", "greater"),
    Signature(">=", _TWO, "truth", "greater or equal"),
    Signature("==", _TWO, "truth", "equal"),
    Signature("!=", _TWO, "truth", "different"),
    Signature("&", ("truth", "truth"), "truth", "both"),
    Signature("|", ("truth", "truth"), "truth", "at least one"),
    Signature("~", ("truth",), "truth", "not"),
)
NAMED = _table(
    Signature("abs", ("value",), "value", "size without sign"),
    Signature("log", ("value",), "value", "natural logarithm; unknown for x <= 0"),
    Signature("sqrt", ("value",), "value", "square root; unknown for x < 0"),
    Signature("minimum", _TWO, "value", "the smaller of two (text may write min)"),
    Signature("maximum", _TWO, "value", "the larger of two (text may write max)"),
    Signature("where", ("truth", "value", "value"), "value", "a where the condition holds, else b"),
    Signature(
        "between", ("value", "value", "value"), "truth", "low < x < high, both strict", method=True
    ),
    Signature(
        "crosses_above", _TWO, "condition", "x <= y on the last bar and x > y now", method=True
    ),
    Signature(
        "crosses_below", _TWO, "condition", "x >= y on the last bar and x < y now", method=True
    ),
    Signature(
        "rising",
        ("series", "length"),
        "condition",
        "higher than the bar before, n times",
        (1,),
        method=True,
    ),
    Signature(
        "falling",
        ("series", "length"),
        "condition",
        "lower than the bar before, n times",
        (1,),
        method=True,
    ),
    Signature("shift", ("either", "offset"), "same", "the value n bars ago", (1,), method=True),
    Signature("first", ("truth",), "condition", "the condition holds now and did not a bar ago"),
    Signature("bars_since", ("truth",), "series", "bars since the condition last held; 0 now"),
    Signature("since", ("truth", "value"), "series", "x as it was when the condition last held"),
    Signature(
        "regime",
        ("number", "number"),
        "series",
        "2 volatile (hv_z() > z), else 1 trend (adx() > level), else 0 range",
        (25, 1),
    ),
    Signature("is_trending", ("regime",), "condition", "the regime is a trend", method=True),
    Signature("is_ranging", ("regime",), "condition", "the regime is a range", method=True),
    Signature("is_volatile", ("regime",), "condition", "the regime is volatile", method=True),
    Signature("random", ("number",), "series", "0 <= x < 1 from bar time and seed alone", (0,)),
)
FUNCTIONS = OPERATORS | NAMED
MEMORY = frozenset(
    {
        "crosses_above",
        "crosses_below",
        "rising",
        "falling",
        "shift",
        "first",
        "bars_since",
        "since",
    }
)
"""Functions that look back: they make no sense on values that never change."""
REGIMES = {
    "is_trending": Regime.TREND,
    "is_ranging": Regime.RANGE,
    "is_volatile": Regime.VOLATILE,
}
"""Words that ask for one regime, and the code they compare with."""
MIRRORED = {
    "<": ">",
    "<=": ">=",
    ">": "<",
    ">=": "<=",
    "==": "==",
    "!=": "!=",
    "crosses_above": "crosses_below",
    "crosses_below": "crosses_above",
}
"""What a comparison becomes when its two sides change places."""
METHODS = frozenset(name for name, row in NAMED.items() if row.method)
