"""A slow, obvious evaluator of strategy expressions: lists, one bar at a time, None for unknown.

Written from docs/strategies.md, not from the compiled code. Indicators are taken from the registry,
which has references of its own; everything else is spelled out.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.bars import Bars
from ballast.core.time import Timeframe
from ballast.strategies import building
from ballast.strategies.nodes import Call, Flag, Indicator, Node, Number, Of, On, Price, Ref

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Cell = float | bool | None
MONDAY_MS = 4 * 86_400_000
ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: math.nan if b == 0 else float(np.float64(a) / np.float64(b)),
    "%": lambda a, b: math.nan if b == 0 else float(np.mod(np.float64(a), np.float64(b))),
    "minimum": lambda a, b: min(b, a),
    "maximum": lambda a, b: max(b, a),
}
COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


class Oracle:
    """Evaluates nodes on one series of bars."""

    def __init__(
        self, bars: Bars, values: Mapping[str, float], market: Mapping[str, Bars] | None = None
    ) -> None:
        self.bars = bars
        self.values = values
        self.market = market or {}
        self.count = len(bars)

    def rows(self, node: Node) -> list[Cell]:
        """Return one cell a bar: a number, True, False, or None where unknown."""
        with np.errstate(all="ignore"):
            return [_clean(cell) for cell in self._rows(node)]

    def _rows(self, node: Node) -> list[Cell]:  # noqa: PLR0911 - one a kind of node
        match node:
            case Number(value=value):
                return [value] * self.count
            case Flag(value=flag):
                return [flag] * self.count
            case Ref(name=name, kind=kind):
                value = self.values[name]
                return [bool(value) if kind.is_truth else value] * self.count
            case Price(name=name):
                return [price(self.bars, name, i) for i in range(self.count)]
            case Indicator():
                return self._indicator(node)
            case On(timeframe=text, arg=arg):
                return self._on(Timeframe.parse(text), arg)
            case Of(symbol=symbol, arg=arg, age=age):
                return self._of(symbol, arg, age)
            case Call(name=name, args=args):
                columns = [self.rows(arg) for arg in args]
                return call(name, columns, self)

    def _indicator(self, node: Indicator) -> list[Cell]:
        definition = building.definition_of(node)
        inputs = tuple(
            np.array([math.nan if cell is None else cell for cell in self.rows(item)], np.float64)
            for item in node.inputs
        )
        params = [float(self.rows(item)[0] or 0.0) for item in node.params]
        if building.YEARLY in definition.params:
            place = list(definition.params).index(building.YEARLY)
            params[place] = params[place] or self.bars.timeframe.bars_per_year
        results = definition.compute(inputs, tuple(params))
        return [float(x) for x in results[definition.outputs.index(node.output)]]

    def _on(self, timeframe: Timeframe, arg: Node) -> list[Cell]:
        base, high = self.bars.timeframe.ms, timeframe.ms
        anchor = MONDAY_MS if high % (7 * 86_400_000) == 0 else 0
        buckets: dict[int, list[int]] = {}
        for i in range(self.count):
            buckets.setdefault((int(self.bars.ts[i]) - anchor) // high, []).append(i)
        whole = {key: rows for key, rows in buckets.items() if len(rows) * base == high}
        inner = Oracle(_bars(self.bars, timeframe, whole, anchor), self.values).rows(arg)
        place = {key: n for n, key in enumerate(whole)}
        out: list[Cell] = []
        for i in range(self.count):
            closed = (int(self.bars.ts[i]) + base - anchor) // high - 1  # last bucket closed by now
            out.append(inner[place[closed]] if closed in place else None)
        return out

    def _of(self, symbol: str, arg: Node, age: int) -> list[Cell]:
        other = self.market[symbol]
        inner = Oracle(other, self.values, self.market).rows(arg)
        out: list[Cell] = []
        for i in range(self.count):
            now = int(self.bars.ts[i]) + self.bars.timeframe.ms
            closes = [int(ts) + other.timeframe.ms for ts in other.ts]
            known = [j for j, close in enumerate(closes) if close <= now]
            fresh = known and now - closes[known[-1]] <= age * other.timeframe.ms
            out.append(inner[known[-1]] if fresh else None)
        return out


def _clean(cell: Cell) -> Cell:
    return None if isinstance(cell, float) and math.isnan(cell) else cell


def _bars(bars: Bars, timeframe: Timeframe, whole: dict[int, list[int]], anchor: int) -> Bars:
    columns = {
        "open": [bars.open[rows[0]] for rows in whole.values()],
        "high": [max(bars.high[rows]) for rows in whole.values()],
        "low": [min(bars.low[rows]) for rows in whole.values()],
        "close": [bars.close[rows[-1]] for rows in whole.values()],
        "volume": [float(np.add.reduce(bars.volume[rows])) for rows in whole.values()],
    }
    ts = np.array([key * timeframe.ms + anchor for key in whole], np.int64)
    made = {name: np.array(column, np.float64) for name, column in columns.items()}
    return Bars.of(bars.venue, bars.symbol, timeframe, ts, made)


def price(bars: Bars, name: str, i: int) -> float:
    """Return one cell of a word of the language that is a column."""
    o, h, l, c, v = (float(getattr(bars, k)[i]) for k in ("open", "high", "low", "close", "volume"))
    moment = datetime.fromtimestamp(int(bars.ts[i]) / 1000, tz=UTC)
    words: dict[str, float] = {
        "open": o,
        "high": h,
        "low": l,
        "close": c,
        "volume": v,
        "hl2": (h + l) / 2,
        "hlc3": (h + l + c) / 3,
        "ohlc4": (o + h + l + c) / 4,
        "quote_volume": v * c,
        "hour": moment.hour,
        "weekday": moment.weekday(),
        "month": moment.month,
        "minute_of_day": moment.hour * 60 + moment.minute,
        "ts": int(bars.ts[i]),
    }
    return float(words[name])


def call(name: str, columns: list[list[Cell]], oracle: Oracle) -> list[Cell]:
    """Apply a word to whole columns, bar by bar."""
    count = oracle.count
    if name in BAR_WISE:
        return [BAR_WISE[name](*(column[i] for column in columns)) for i in range(count)]
    if name in ARITHMETIC:
        return [_two(ARITHMETIC[name], columns[0][i], columns[1][i]) for i in range(count)]
    if name in COMPARE:
        return [_two(COMPARE[name], columns[0][i], columns[1][i]) for i in range(count)]
    if name == "regime":
        return _regime(columns, oracle)
    if name == "random":
        return [_noise(int(ts), int(columns[0][0] or 0)) for ts in oracle.bars.ts]
    return [LOOKING_BACK[name](columns, i) for i in range(count)]


def _two(function: Callable[[float, float], Any], a: Cell, b: Cell) -> Cell:
    return None if a is None or b is None else _clean(function(a, b))


def _and(a: Cell, b: Cell) -> Cell:
    if a is False or b is False:
        return False
    return None if a is None or b is None else True


def _not(a: Cell) -> Cell:
    return None if a is None else not a


def _safe(function: Callable[[float], float]) -> Callable[[Cell], Cell]:
    def run(x: Cell) -> Cell:
        try:
            return None if x is None else function(x)
        except ValueError:
            return None

    return run


def _log(x: float) -> float:
    out = float(np.log(np.float64(x)))
    return out if math.isfinite(out) else math.nan


def _sqrt(x: float) -> float:
    out = float(np.sqrt(np.float64(x)))
    return out if math.isfinite(out) else math.nan


BAR_WISE: dict[str, Callable[..., Cell]] = {
    "&": _and,
    "|": lambda a, b: _not(_and(_not(a), _not(b))),
    "~": _not,
    "neg": _safe(lambda x: -x),
    "abs": _safe(abs),
    "log": _safe(_log),
    "sqrt": _safe(_sqrt),
    "where": lambda test, a, b: None if test is None else (a if test else b),
    "is_ranging": lambda x: None if x is None else x == 0.0,
    "is_trending": lambda x: None if x is None else x == 1.0,
    "is_volatile": lambda x: None if x is None else x == 2.0,
    "between": lambda x, low, high: _and(_two(COMPARE[">"], x, low), _two(COMPARE["<"], x, high)),
}


def _regime(columns: list[list[Cell]], oracle: Oracle) -> list[Cell]:
    strength = oracle.rows(building.apply("adx", []))
    wildness = oracle.rows(building.apply("hv_z", []))
    out: list[Cell] = []
    for level, limit, adx, z in zip(*columns, strength, wildness, strict=True):
        wild = _two(COMPARE[">"], z, limit)
        trend = _two(COMPARE[">"], adx, level)
        calm: Cell = None if trend is None else (1.0 if trend else 0.0)
        out.append(None if wild is None else (2.0 if wild else calm))
    return out


def _noise(ts: int, seed: int) -> float:
    mask = (1 << 64) - 1
    gold = 0x9E3779B97F4A7C15

    def mix(z: int) -> int:
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return z ^ (z >> 31)

    return float(mix((mix((ts + seed * gold) & mask) + gold) & mask) >> 11) / float(1 << 53)


def _cross(sign: int) -> Callable[[list[list[Cell]], int], Cell]:
    def run(columns: list[list[Cell]], i: int) -> Cell:
        if i == 0:
            return None
        cells = [columns[0][i - 1], columns[1][i - 1], columns[0][i], columns[1][i]]
        if any(cell is None for cell in cells):
            return None
        a0, b0, a, b = (float(cell or 0.0) for cell in cells)
        return sign * a0 <= sign * b0 and sign * a > sign * b

    return run


def _run(sign: int) -> Callable[[list[list[Cell]], int], Cell]:
    def run(columns: list[list[Cell]], i: int) -> Cell:
        count = int(columns[1][0] or 0)
        if i < count or any(columns[0][j] is None for j in range(i - count, i + 1)):
            return None
        row = [sign * float(columns[0][j] or 0.0) for j in range(i - count, i + 1)]
        return all(a < b for a, b in pairwise(row))

    return run


def _shift(columns: list[list[Cell]], i: int) -> Cell:
    count = int(columns[1][0] or 0)
    return columns[0][i - count] if i >= count else None


def _first(columns: list[list[Cell]], i: int) -> Cell:
    now = columns[0][i]
    if now is not True:
        return now
    return i == 0 or columns[0][i - 1] is not True


def _last_yes(column: list[Cell], i: int) -> int:
    return max((j for j in range(i + 1) if column[j] is True), default=-1)


def _bars_since(columns: list[list[Cell]], i: int) -> Cell:
    last = _last_yes(columns[0], i)
    return float(i - last) if last >= 0 else None


def _since(columns: list[list[Cell]], i: int) -> Cell:
    last = _last_yes(columns[0], i)
    return columns[1][last] if last >= 0 else None


LOOKING_BACK: dict[str, Callable[[list[list[Cell]], int], Cell]] = {
    "crosses_above": _cross(1),
    "crosses_below": _cross(-1),
    "rising": _run(1),
    "falling": _run(-1),
    "shift": _shift,
    "first": _first,
    "bars_since": _bars_since,
    "since": _since,
}
