"""Trade construction: from an accepted signal to size, stop, trail, takes and time limits.

A construction is data. Its numbers may be parameters (`p.stop`) or arithmetic between them. What is
not said takes the default of the run's settings, or else `DEFAULTS` (SEMANTICS 3 to 5); a position
is therefore protected unless its strategy says `no_stop()`. Partial exits are never implied.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ballast.core.errors import StrategyError, suggest
from ballast.core.records import TAKES_MAX, Intrabar, Level, Margin, Size
from ballast.strategies.nodes import Flag, Indicator, Node, Number, Price

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np

Scalar = Node
"""A node of kind number or switch."""
ATR_DEFAULT = Indicator(
    "atr", (Price("high"), Price("low"), Price("close")), (Number(14.0),), "atr"
)
FRACTION_SLACK = 1e-9

DEFAULTS: Mapping[str, float] = MappingProxyType(
    {
        "close_on_signal": 1,
        "entry_limit_atr": 0.0,
        "entry_ttl_bars": 0,
        "latency_bars": 0,
        "size_mode": Size.RISK,
        "size_value": 0.01,
        "size_in_quote": 0,
        "stop_kind": Level.ATR,
        "stop_value": 3.0,
        "trail_kind": Level.ATR,
        "trail_activation": 5.5,
        "trail_distance": 5.5,
        "trail_adaptive": 0,
        "trail_floor_entry": 1,  # once armed, the trail never lies below entry plus costs
        "breakeven_r": 0.0,
        "exit_after_bars": 0,
        "exit_after_ms": 0,
        "position_drawdown": 0.0,
        "leverage": 1.0,
        "margin": Margin.ISOLATED,
        "trigger_mark": 0,
        "touch_fills": 0,
        "intrabar": Intrabar.PESSIMISTIC,
        "entry_bar_exposed": 1,
        "stop_before_exit": 0,
    }
)
SIZE_VALUES: Mapping[Size, float] = MappingProxyType(
    {
        Size.RISK: 0.01,
        Size.FIXED_NOTIONAL: 0.10,
        Size.VOLATILITY_TARGET: 0.005,  # U-08: daily standard deviation of profit, of equity
        Size.KELLY: 0.25,  # U-09
        Size.ALL_IN: 0.95,
    }
)
"""Value of each sizing mode where the strategy names the mode and no number."""


@dataclass(frozen=True, slots=True)
class Sizing:
    """How much. `in_quote`: the amount is fixed in quote units and becomes lots at the fill."""

    mode: Size
    value: Scalar
    in_quote: bool = False
    i_accept_ruin: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """Where the loss ends: a distance, or (`Level.COLUMN`) a price for each bar."""

    kind: Level
    value: Scalar | None = None
    price: Node | None = None


@dataclass(frozen=True, slots=True)
class Trail:
    """A stop that follows the best price at `distance`, armed at a gain of `activation`."""

    kind: Level
    distance: Scalar | None = None
    activation: Scalar | None = None  # 0: from the entry on (the option `from_entry` of X-02)
    adaptive: bool | None = None
    floor_entry: bool | None = None


@dataclass(frozen=True, slots=True)
class Take:
    """Sell `fraction` of the original quantity at a gain of `value`."""

    kind: Level
    value: Scalar
    fraction: Scalar


@dataclass(frozen=True, slots=True)
class EntryLimit:
    """The sniper entry (U-06): a limit `atr` ATR below the signal's close, for `bars` bars."""

    atr: Scalar
    bars: Scalar


@dataclass(frozen=True, slots=True)
class Construction:
    """Everything about a trade but its signals. None means: the default of the run."""

    direction: str = ""  # "long", "short", "both"; empty: the sides that have an entry
    close_on_signal: Scalar | None = None
    size: Sizing | None = None
    stop: Stop | None = None
    trail: Trail | None = None
    takes: tuple[Take, ...] = ()
    entry_limit: EntryLimit | None = None
    latency_bars: Scalar | None = None
    break_even_r: Scalar | None = None
    exit_after_bars: Scalar | None = None
    exit_after_ms: Scalar | None = None
    position_drawdown: Scalar | None = None
    leverage: Scalar | None = None
    margin: str | None = None
    trigger: str | None = None
    intrabar: str | None = None
    touch_fills: bool | None = None
    entry_bar_exposed: bool | None = None
    stop_before_exit: bool | None = None
    atr: Node = ATR_DEFAULT
    confidence: Node | None = None
    volatility: Node | None = None

    def scalars(self) -> tuple[Node, ...]:
        """Return every number of the construction, for the table of scalars."""
        parts: list[Any] = [self.size, self.stop, self.trail, *self.takes, self.entry_limit]
        found = [getattr(self, name) for name in PLAIN.values()]
        for part in parts:
            if part is not None:
                found += [getattr(part, item.name) for item in fields(part) if item.name != "price"]
        return tuple(item for item in found if isinstance(item, Node) and item.kind.is_scalar)

    def series(self) -> dict[str, Node]:
        """Return the expressions that need a column, by column name."""
        price = self.stop.price if self.stop is not None else None
        rows = {
            "atr": self.atr,
            "stop": price,
            "confidence": self.confidence,
            "volatility": self.volatility,
        }
        return {name: node for name, node in rows.items() if node is not None}

    def check(self) -> None:
        """Raise `StrategyError` on what can be seen to be wrong without parameters."""
        if len(self.takes) > TAKES_MAX:
            raise StrategyError(f"{len(self.takes)} takes", expected=f"at most {TAKES_MAX}")
        sizing = self.size
        if sizing is not None and sizing.mode is Size.ALL_IN and not sizing.i_accept_ruin:
            raise StrategyError(
                "sizing all_in bets almost everything on each trade",
                fix="use risk(0.01), or write all_in(i_accept_ruin=True)",
            )

    def fill(
        self,
        row: np.void,
        value: Callable[[Node], float],
        sides: tuple[bool, bool],
        defaults: Mapping[str, float],
    ) -> None:
        """Write a `records.PLAN` row; `value` resolves a scalar, `sides` are (long, short)."""
        for name, default in {**DEFAULTS, **defaults}.items():
            row[name] = default
        allow_long, allow_short = sides
        row["allow_long"] = allow_long and self.direction != "short"
        row["allow_short"] = allow_short and self.direction != "long"
        row["use_confidence"] = self.confidence is not None
        row["use_volatility"] = self.volatility is not None
        for name, attribute in PLAIN.items():
            node = getattr(self, attribute)
            if node is not None:
                row[name] = checked(name, value(node))
        for name, words in WORDS.items():
            word = getattr(self, name.removesuffix("_mark"))
            if word is not None:
                row[name] = words[word]
        for name in FLAGS:
            flag = getattr(self, name)
            if flag is not None:
                row[name] = flag
        _fill_size(row, self.size, value, defaults)
        _fill_stop(row, self.stop, value)
        _fill_trail(row, self.trail, value)
        _fill_takes(row, self.takes, value)
        if self.entry_limit is not None:
            row["entry_limit_atr"] = checked("entry_limit_atr", value(self.entry_limit.atr))
            row["entry_ttl_bars"] = checked("entry_ttl_bars", value(self.entry_limit.bars))


PLAIN: Mapping[str, str] = MappingProxyType(
    {
        "close_on_signal": "close_on_signal",
        "latency_bars": "latency_bars",
        "breakeven_r": "break_even_r",
        "exit_after_bars": "exit_after_bars",
        "exit_after_ms": "exit_after_ms",
        "position_drawdown": "position_drawdown",
        "leverage": "leverage",
    }
)
"""PLAN field -> attribute of Construction, where both are one number."""
WORDS: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "margin": {"isolated": Margin.ISOLATED, "cross": Margin.CROSS},
        "trigger_mark": {"last": 0, "mark": 1},
        "intrabar": {
            "pessimistic": Intrabar.PESSIMISTIC,
            "path": Intrabar.PATH,
            "detail": Intrabar.DETAIL,
        },
    }
)
FLAGS = ("touch_fills", "entry_bar_exposed", "stop_before_exit")
DIRECTIONS = ("", "long", "short", "both")

BOUNDS: Mapping[str, tuple[float, float, bool]] = MappingProxyType(
    {
        "close_on_signal": (0, 1, True),
        "latency_bars": (0, 1_000, True),
        "breakeven_r": (0, 1_000, False),
        "exit_after_bars": (0, 10_000_000, True),
        "exit_after_ms": (0, 1e13, True),
        "position_drawdown": (0, 1, False),
        "leverage": (1, 125, False),
        "entry_limit_atr": (0, 100, False),
        "entry_ttl_bars": (1, 10_000, True),
        "size_value": (0, 1e15, False),
        "stop_value": (1e-9, 1_000, False),
        "trail_distance": (1e-9, 1_000, False),
        "trail_activation": (0, 1_000, False),
        "take_value": (1e-9, 1_000, False),
        "take_fraction": (1e-9, 1, False),
    }
)
"""Hard bounds of each number: low, high, whole. 125 is the highest leverage any venue offers."""


def checked(name: str, value: float) -> float:
    """Return `value`; raise `StrategyError` outside of its hard bounds."""
    low, high, whole = BOUNDS[name]
    if not low <= value <= high or (whole and not float(value).is_integer()):
        kind = "a whole number" if whole else "a number"
        raise StrategyError(f"{name} = {value:g}", expected=f"{kind} from {low:g} to {high:g}")
    return value


def _fill_size(
    row: np.void,
    sizing: Sizing | None,
    value: Callable[[Node], float],
    defaults: Mapping[str, float],
) -> None:
    if sizing is None:
        if defaults.get("size_mode", Size.RISK) != Size.RISK and "size_value" not in defaults:
            row["size_value"] = SIZE_VALUES[Size(int(defaults["size_mode"]))]
        return
    row["size_mode"] = sizing.mode
    row["size_value"] = checked("size_value", value(sizing.value))
    row["size_in_quote"] = sizing.in_quote


def _fill_stop(row: np.void, stop: Stop | None, value: Callable[[Node], float]) -> None:
    if stop is None:
        return
    row["stop_kind"] = stop.kind
    row["stop_value"] = 0.0 if stop.value is None else checked("stop_value", value(stop.value))


def _fill_trail(row: np.void, trail: Trail | None, value: Callable[[Node], float]) -> None:
    if trail is None:
        return
    row["trail_kind"] = trail.kind
    for name, node in (
        ("trail_distance", trail.distance),
        ("trail_activation", trail.activation),
    ):
        if node is not None:
            row[name] = checked(name, value(node))
    for name, flag in (
        ("trail_adaptive", trail.adaptive),
        ("trail_floor_entry", trail.floor_entry),
    ):
        if flag is not None:
            row[name] = flag


def _fill_takes(row: np.void, takes: tuple[Take, ...], value: Callable[[Node], float]) -> None:
    row["take_count"] = len(takes)
    row["take_kind"], row["take_value"], row["take_fraction"] = 0, 0.0, 0.0
    total = 0.0
    for place, take in enumerate(takes):
        row["take_kind"][place] = take.kind
        row["take_value"][place] = checked("take_value", value(take.value))
        fraction = checked("take_fraction", value(take.fraction))
        row["take_fraction"][place] = fraction
        total += fraction
    if total > 1.0 + FRACTION_SLACK:
        raise StrategyError(
            f"the takes sell {total:.0%} of the position",
            expected="at most 100 %",
            fix="lower the fractions; what is left follows stop and trail",
        )


def word(name: str, given: str, known: tuple[str, ...]) -> str:
    """Return `given` if it is one of the known words; raise `StrategyError` otherwise."""
    if given not in known:
        shown = ", ".join(item for item in known if item)
        raise StrategyError(
            f"{name} = '{given}'", expected=f"one of {shown}", fix=suggest(given, known)
        )
    return given


def literal(value: float) -> Node:
    """Return a plain number or switch as a node."""
    return Flag(value) if isinstance(value, bool) else Number(float(value))
