"""The escape hatch: a strategy as a Python class, for what a formula cannot say.

Two kinds. `SignalStrategy.signals(bars)` gets all bars at once and returns arrays; `OnBarStrategy
.on_bar(view)` is called once a bar and sees the bars so far. Parameters and trade construction are
declared as for a formula, and the plan, the kernel and the reports see no difference. A class can
cheat where a formula cannot: `research.attacks` finds out.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from traceback import extract_tb
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ballast.core.errors import BallastError, StrategyError
from ballast.core.hashing import value_hash
from ballast.core.records import Signal
from ballast.strategies import construction_data, parameters
from ballast.strategies.construction import Construction
from ballast.strategies.formulas import Params
from ballast.strategies.program import EMPTY, SIGNAL_ROOTS, Columns, Program
from ballast.strategies.view import BarView

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from numpy.typing import NDArray

    from ballast.core.bars import Bars
    from ballast.core.time import Timeframe
    from ballast.strategies.cache import ColumnCache
    from ballast.strategies.evaluation import Scalars
    from ballast.strategies.frames import Frame
    from ballast.strategies.nodes import Node
    from ballast.strategies.parameters import Param

ALL_BITS = int(Signal.ENTER_LONG | Signal.EXIT_LONG | Signal.ENTER_SHORT | Signal.EXIT_SHORT)


@dataclass(frozen=True, slots=True)
class Signals:
    """What `signals(bars)` returns: arrays of one row a bar; None where there is nothing to say."""

    enter_long: NDArray[Any] | None = None
    exit_long: NDArray[Any] | None = None
    enter_short: NDArray[Any] | None = None
    exit_short: NDArray[Any] | None = None
    stop: NDArray[np.float64] | None = None  # price of the stop; needs `stop=stop_at(close)`
    confidence: NDArray[np.float64] | None = None  # 0..1; needs `confidence=1.0` in the trade


class ClassForm:
    """What both kinds declare. `p` holds the numbers of this run by name."""

    name: ClassVar[str] = ""
    params: ClassVar[Params] = Params({})
    trade: ClassVar[Construction] = Construction()
    tag: ClassVar[str] = ""

    def __init__(self, p: Mapping[str, float]) -> None:
        self.p = p

    def warmup(self) -> int:
        """Return how many leading bars give no signal."""
        return 0


class SignalStrategy(ClassForm):
    """Subclass this and write `signals`. A row may depend on that bar and the bars before it."""

    def signals(self, bars: Bars) -> Signals:
        """Return arrays as long as `bars`, which hold one segment without a split."""
        raise NotImplementedError


class OnBarStrategy(ClassForm):
    """Subclass this and write `on_bar`. Keep what you need in attributes of `self`.

    One object lives as long as one segment of bars; it is made anew after a gap that splits.
    """

    def on_bar(self, view: BarView) -> int | None:
        """Return bits of `Signal` (or None) at the close of the bar `view.index`."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class ClassStrategy:
    """A class as a strategy. `source_text` is the user's file, part of the hash."""

    form: type[SignalStrategy | OnBarStrategy]
    source_text: str = ""

    def __post_init__(self) -> None:
        """Raise `StrategyError` on a class that could never run."""
        kind = SignalStrategy if issubclass(self.form, SignalStrategy) else OnBarStrategy
        method = "signals" if kind is SignalStrategy else "on_bar"
        if getattr(self.form, method) is getattr(kind, method):
            raise StrategyError(f"{self.form.__name__} has no method {method}()")
        self.form.trade.check()

    @property
    def name(self) -> str:
        """The declared name, or that of the class."""
        return self.form.name or self.form.__name__

    @property
    def tag(self) -> str:
        """The entry tag."""
        return self.form.tag

    @property
    def doc(self) -> str:
        """The docstring of the class."""
        return (self.form.__doc__ or "").strip()

    @property
    def params(self) -> dict[str, Param]:
        """The declared parameters."""
        return self.form.params.declared()

    @property
    def construction(self) -> Construction:
        """The declared trade construction."""
        return self.form.trade

    @property
    def require(self) -> tuple[Node, ...]:
        """No rules between parameters: a class checks its own in `__init__`."""
        return ()

    @property
    def sides(self) -> tuple[bool, bool]:
        """Both, unless the trade has a direction."""
        direction = self.construction.direction
        return direction != "short", direction != "long"

    @property
    def needs_timeframe(self) -> bool:
        """A class sees the bars it trades."""
        return False

    @property
    def is_on_bar(self) -> bool:
        """Whether it is called bar by bar."""
        return issubclass(self.form, OnBarStrategy)

    @property
    def hash(self) -> str:
        """32 hex digits of name, parameters, construction and source."""
        rows = {name: parameters.to_data(spec) for name, spec in self.params.items()}
        trade = construction_data.to_data(self.construction, explicit=True)
        return value_hash(
            {"name": self.name, "params": rows, "trade": trade, "source": self.source_text}
        )

    def signals(self) -> dict[str, Node]:
        """Return no expressions: the signals come from the class."""
        return {}

    def values(self, given: Mapping[str, float]) -> dict[str, float]:
        """Return a checked value for each parameter."""
        return parameters.check_values(self.params, given)

    def start(self, values: Mapping[str, float]) -> SignalStrategy | OnBarStrategy:
        """Return a fresh object; raise `StrategyError` if its `__init__` fails."""
        with UserCode(self.name, "__init__"):
            return self.form(dict(values))

    def source(self, program: Program) -> ClassSource:
        """Return what says the columns of a frame; `program` holds the trade's own expressions."""
        return ClassSource(self, program)


class UserCode:
    """Turn whatever a user's class raises into one line: class, method, line, what."""

    def __init__(self, name: str, method: str) -> None:
        self.where = f"{name}.{method}"

    def __enter__(self) -> None:
        """Enter the user's code."""

    def __exit__(
        self, _: object, problem: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Translate an exception."""
        if (
            problem is None
            or isinstance(problem, BallastError)
            or not isinstance(problem, Exception)
        ):
            return
        last = extract_tb(traceback)[-1]
        raise StrategyError(
            f"{type(problem).__name__}: {problem}",
            where=f"{self.where}, line {last.lineno} of {last.filename.rpartition('/')[2]}",
        ) from problem


class ClassSource:
    """Columns of a class, one frame at a time; a `plan.Source`."""

    def __init__(self, strategy: ClassStrategy, program: Program) -> None:
        self.strategy = strategy
        self.program = program
        self.key = strategy.hash

    def values(self, scalars: Scalars) -> dict[str, float]:
        """Return the parameters by name; they are the last of the scalars."""
        names = tuple(self.strategy.params)
        return dict(zip(names, scalars[len(scalars) - len(names) :], strict=True))

    def resolve(self, values: Mapping[str, float]) -> Scalars:
        """Return the numbers of the trade's expressions, then the parameters."""
        return (
            *self.program.resolve(values),
            *(float(values[name]) for name in self.strategy.params),
        )

    def warmup(self, scalars: Scalars, timeframe: Timeframe | None) -> int:
        """Count the leading bars of a frame without a signal."""
        own = self.strategy.start(self.values(scalars)).warmup()
        return max(own, self.program.warmup(scalars, timeframe))

    def columns(
        self, frame: Frame, market: Mapping[str, Bars], scalars: Scalars, cache: ColumnCache
    ) -> Columns:
        """Compute one frame."""
        base = self.program.columns(frame, market, scalars, cache)
        form = self.strategy.start(self.values(scalars))
        warmup = max(form.warmup(), self.program.warmup(scalars, frame.bars.timeframe))
        key = (frame.key, self.key, tuple(self.values(scalars).values()))
        packed = cache.get((key, "signals", warmup))
        stop, confidence = cache.get((key, "stop")), cache.get((key, "confidence"))
        if packed is None or stop is None or confidence is None:
            packed, stop, confidence = self._run(form, frame.bars)
            packed[:warmup] = 0
            for name, column in (("stop", stop), ("confidence", confidence)):
                column.flags.writeable = False
                cache.put((key, name), column)
            packed.flags.writeable = False
            cache.put((key, "signals", warmup), packed)
        return Columns(
            packed,
            base.atr,
            stop if len(stop) else base.stop,
            confidence if len(confidence) else base.confidence,
            base.volatility,
        )

    def _run(
        self, form: SignalStrategy | OnBarStrategy, bars: Bars
    ) -> tuple[NDArray[np.uint8], NDArray[np.float64], NDArray[np.float64]]:
        if isinstance(form, OnBarStrategy):
            with UserCode(self.strategy.name, "on_bar"):
                return _walk(form, bars), EMPTY, EMPTY
        with UserCode(self.strategy.name, "signals"):
            made = form.signals(bars)
        return _checked(self.strategy.name, made, len(bars))


def _walk(form: OnBarStrategy, bars: Bars) -> NDArray[np.uint8]:
    """Call `on_bar` for each bar."""
    out = np.zeros(len(bars), np.uint8)
    view = BarView(bars)
    move, on_bar = view.move, form.on_bar
    for row in range(len(bars)):
        move(row)
        bits = on_bar(view)
        if bits:
            if bits & ~ALL_BITS:
                raise StrategyError(
                    f"on_bar() returned {bits} at bar {row}", expected="bits of Signal, or None"
                )
            out[row] = bits
    return out


def _checked(
    name: str, made: object, count: int
) -> tuple[NDArray[np.uint8], NDArray[np.float64], NDArray[np.float64]]:
    where = f"{name}.signals"
    if not isinstance(made, Signals):
        raise StrategyError(
            f"returned {type(made).__name__}", where=where, expected="Signals(enter_long=..., ...)"
        )
    for item in fields(Signals):
        column = getattr(made, item.name)
        if column is not None and np.shape(column) != (count,):
            raise StrategyError(
                f"{item.name} has shape {np.shape(column)}", where=where, expected=f"({count},)"
            )
    out = np.zeros(count, np.uint8)
    for field, bit in SIGNAL_ROOTS.items():
        column = getattr(made, field)
        if column is None:
            continue
        rows = np.asarray(column)
        if rows.dtype != np.bool_ and not np.isin(rows, (0, 1)).all():
            raise StrategyError(f"{field} is not yes or no", where=where, expected="booleans")
        out |= rows.astype(np.bool_) * np.uint8(bit)
    return out, _floats(made.stop), _floats(made.confidence)


def _floats(column: NDArray[np.float64] | None) -> NDArray[np.float64]:
    return EMPTY if column is None else np.array(column, np.float64)
