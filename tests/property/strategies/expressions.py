"""Random expressions for Hypothesis, made through the one door that makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from ballast.core.errors import StrategyError
from ballast.strategies import building
from ballast.strategies.nodes import Flag, Kind, Node, Number, Price, Ref
from ballast.strategies.parameters import Param, param
from ballast.strategies.signatures import SERIES

if TYPE_CHECKING:
    from collections.abc import Callable

PARAMS: dict[str, Param] = {
    "fast": param(9, 2, 50),
    "level": param(0.5, -10.0, 200.0),
    "use_it": param(True),
    "off": param(False),
}
VALUES = {name: spec.default for name, spec in PARAMS.items()}
COMPARE = ("<", "<=", ">", ">=", "==", "!=", "crosses_above", "crosses_below")
ARITHMETIC = ("+", "-", "*", "/", "%", "minimum", "maximum")

NUMBERS = st.one_of(
    st.integers(-1000, 1000).map(float),
    st.floats(-1e6, 1e6, allow_nan=False),
)


class Maker:
    """Draws nodes of a wanted kind; `frames` allows words that leave the frame."""

    def __init__(self, draw: Callable[..., object], *, frames: bool) -> None:
        self.draw = draw
        self.frames = frames

    def one(self, options: tuple[str, ...]) -> str:
        return str(self.draw(st.sampled_from(options)))

    def whole(self, low: int, high: int) -> Node:
        return Number(float(self.draw(st.integers(low, high))))  # type: ignore[arg-type]

    def scalar(self, depth: int) -> Node:
        match self.one(("literal", "ref", "ref", "sum") if depth else ("literal", "ref")):
            case "literal":
                return building.number(self.draw(NUMBERS))  # type: ignore[arg-type]
            case "ref":
                return Ref(self.one(("fast", "level")))
            case _:
                name = self.one(("+", "-", "*", "maximum"))
                return self.build(name, self.scalar(depth - 1), self.scalar(depth - 1))

    def switch(self) -> Node:
        name = self.one(("true", "false", "use_it", "off"))
        return Flag(name == "true") if name in ("true", "false") else Ref(name, Kind.SWITCH)

    def build(self, name: str, *args: Node | str) -> Node:
        """Build a node; where the pieces do not fit (on() around on()), the last one alone."""
        try:
            return building.apply(name, args)
        except StrategyError:
            last = args[-1]
            assert name in ("on", "of", "+", "-", "*"), name
            assert not isinstance(last, str)
            return last

    def value(self, depth: int) -> Node:
        return self.scalar(1) if self.one(("series", "scalar")) == "scalar" else self.series(depth)

    def truth(self, depth: int) -> Node:
        return self.switch() if self.one(("c", "c", "s")) == "s" else self.condition(depth)

    def series(self, depth: int) -> Node:  # noqa: PLR0911 - one a word
        if depth <= 0:
            return Price(self.one(SERIES))
        kinds = ("price", "indicator", "arithmetic", "unary", "where", "since", "shift", "other")
        deeper = depth - 1
        match self.one(kinds):
            case "price":
                return Price(self.one(SERIES))
            case "indicator":
                return self.indicator(deeper)
            case "arithmetic":
                return self.build(self.one(ARITHMETIC), self.value(deeper), self.series(deeper))
            case "unary":
                return self.build(self.one(("neg", "abs", "log", "sqrt")), self.series(deeper))
            case "where":
                return self.build(
                    "where", self.truth(deeper), self.value(deeper), self.series(deeper)
                )
            case "since":
                if self.one(("since", "bars")) == "bars":
                    return self.build("bars_since", self.condition(deeper))
                return self.build("since", self.condition(deeper), self.series(deeper))
            case "shift":
                return self.build("shift", self.series(deeper), self.whole(0, 5))
            case _:
                return self.elsewhere(deeper, self.series)

    def elsewhere(self, depth: int, inner: Callable[[int], Node]) -> Node:
        match self.one(("random", "regime", "on", "of") if self.frames else ("random", "regime")):
            case "random":
                node = self.build("random", self.whole(0, 9))
            case "regime":
                node = building.apply("regime", [])
            case "on":
                node = self.build("on", "4h", inner(depth))
            case _:
                node = self.build("of", "B/USDT", inner(depth))
        if inner == self.condition and node.kind is Kind.SERIES:
            return self.build(">", node, self.scalar(0))
        return node

    def regime(self, depth: int) -> Node:
        kinds = ("regime", "clusters", "shift", "on") if self.frames else ("regime", "clusters")
        match self.one(kinds) if depth > 0 else "clusters":
            case "regime":
                return self.build("regime", self.whole(5, 40))
            case "clusters":
                numbers = (6.0, 20.0, 0.6, 0.3)
                return self.build("regime_clusters", *(Number(number) for number in numbers))
            case "shift":
                return self.build("shift", self.regime(depth - 1), self.whole(0, 5))
            case _:
                return self.build("on", "4h", self.regime(0))

    def indicator(self, depth: int) -> Node:
        match self.one(("average", "atr", "bollinger", "ta", "hv_z")):
            case "average":
                name = self.one(("ema", "sma", "rsi", "roc", "highest"))
                length = Ref("fast") if self.one(("p", "n")) == "p" else self.whole(1, 6)
                return self.build(name, self.series(depth), length)
            case "atr":
                return self.build("atr", self.whole(1, 6))
            case "bollinger":
                band = self.build("bollinger", self.series(depth), self.whole(2, 6))
                return building.output(band, self.one(("upper", "lower", "percent_b")))
            case "ta":
                return building.apply("ta", ["WMA"], {"timeperiod": self.whole(2, 9)})
            case _:
                return building.apply("hv_z", [Number(5.0), Number(8.0)])

    def condition(self, depth: int) -> Node:  # noqa: PLR0911 - one a word
        kinds = ("compare", "between", "and", "not", "first", "run", "shift", "regime", "other")
        deeper = depth - 1
        match self.one(kinds) if depth > 0 else "compare":
            case "compare":
                return self.build(self.one(COMPARE), self.series(deeper), self.value(deeper))
            case "between":
                return self.build(
                    "between", self.series(deeper), self.value(deeper), self.value(deeper)
                )
            case "and":
                name = self.one(("&", "|"))
                return self.build(name, self.truth(deeper), self.condition(deeper))
            case "not":
                return self.build("~", self.condition(deeper))
            case "regime":
                return self.build(
                    self.one(("is_trending", "is_ranging", "is_volatile")), self.regime(deeper)
                )
            case "first":
                return self.build("first", self.condition(deeper))
            case "run":
                name = self.one(("rising", "falling"))
                return self.build(name, self.series(deeper), self.whole(1, 4))
            case "shift":
                return self.build("shift", self.condition(deeper), self.whole(0, 5))
            case _:
                return self.elsewhere(deeper, self.condition)


@st.composite
def conditions(draw: Callable[..., object], *, frames: bool = True) -> Node:
    """A yes or no for each bar."""
    return Maker(draw, frames=frames).condition(4)


@st.composite
def series_nodes(draw: Callable[..., object], *, frames: bool = True) -> Node:
    """A number for each bar."""
    return Maker(draw, frames=frames).series(4)


@st.composite
def scalars(draw: Callable[..., object]) -> Node:
    """One number for the run."""
    return Maker(draw, frames=False).scalar(2)


nodes = st.one_of(conditions(), series_nodes(), scalars())
