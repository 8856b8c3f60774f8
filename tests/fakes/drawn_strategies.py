"""Strategies drawn from a seed, over the whole of the trade construction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.rng import stream
from ballast.strategies import (
    atr_stop,
    atr_trail,
    close,
    ema,
    fixed_notional,
    high,
    highest,
    low,
    lowest,
    no_stop,
    no_trail,
    percent_stop,
    percent_trail,
    pull_back,
    random,
    risk,
    rsi,
    stop_at,
    strategy,
    take,
    take_atr,
    take_r,
    volatility_target,
)

if TYPE_CHECKING:
    import numpy as np

    from ballast.strategies.definition import Strategy


def drawn_strategy(seed: int, *, takes_all: bool = False) -> Strategy:
    """Return the strategy of a seed; `takes_all`: with one take, of the whole position."""
    draw = stream(seed, "strategy")
    rules: dict[str, Any] = signals(draw)
    rules["stop"] = stop(draw)
    rules["trail"] = trail(draw)
    takes = drawn_takes(draw)
    if takes_all:
        takes = [take_atr(number(stream(seed, "take"), 0.3, 3.0), 1.0)]
    if takes:
        rules["takes"] = takes
    if chance(draw, 0.3) and not takes:  # the loop fills no take in the bar of a limit entry
        rules["entry_limit"] = pull_back(number(draw, 0.1, 1.0), int(draw.integers(1, 6)))
    if chance(draw, 0.3):
        rules["exit_after_bars"] = int(draw.integers(1, 60))
    if chance(draw, 0.2):
        rules["exit_after"] = f"{int(draw.integers(1, 72))}h"
    if chance(draw, 0.3):
        rules["break_even_r"] = number(draw, 0.3, 2.0)
    if chance(draw, 0.2):
        rules["position_drawdown"] = number(draw, 0.01, 0.08)
    if chance(draw, 0.3):
        rules["close_on_signal"] = 0
    rules["size"] = size(draw, is_bare=rules["stop"] == no_stop())
    if "stop" in rules and rules["stop"] == no_stop():
        rules["takes"] = [one for one in takes if one != take_r(1.0)] or None
        rules.pop("break_even_r", None)
    return strategy(f"drawn_{seed}", **rules)


def chance(draw: np.random.Generator, part: float) -> bool:
    return bool(draw.random() < part)


def number(draw: np.random.Generator, least: float, most: float) -> float:
    return round(float(draw.uniform(least, most)), 3)


def signals(draw: np.random.Generator) -> dict[str, Any]:
    """Return when to enter and to leave, on one side or on both."""
    n = int(draw.integers(5, 60))
    kind = int(draw.integers(5))
    if kind == 0:
        fast, slow = ema(close, max(n // 3, 2)), ema(close, n)
        up, down = fast.crosses_above(slow), fast.crosses_below(slow)
    elif kind == 1:
        up, down = rsi(close, n) < 40.0, rsi(close, n) > 60.0
    elif kind == 2:
        up = close >= highest(high, n)
        down = close <= lowest(low, n)
    elif kind == 3:
        up, down = close > ema(close, n), close < ema(close, n)
    else:
        coin = int(draw.integers(1_000))
        up, down = random(coin) < 0.1, random(coin + 1) < 0.1
    sides = int(draw.integers(3))
    found: dict[str, Any] = {}
    if sides != 1:
        found |= {"enter_long": up, "exit_long": down}
    if sides != 0:
        found |= {"enter_short": down, "exit_short": up}
    return found


def stop(draw: np.random.Generator) -> Any:
    match int(draw.integers(10)):
        case 0:
            return no_stop()
        case 1 | 2 | 3:
            return percent_stop(number(draw, 0.003, 0.06))
        case 4:
            return stop_at(close * (1.0 - number(draw, 0.005, 0.05)))
        case _:
            return atr_stop(number(draw, 0.5, 5.0))


def trail(draw: np.random.Generator) -> Any:
    match int(draw.integers(4)):
        case 0:
            return no_trail()
        case 1:
            return percent_trail(number(draw, 0.005, 0.05), number(draw, 0.005, 0.05))
        case _:
            return atr_trail(
                number(draw, 0.5, 5.0), number(draw, 0.5, 5.0), adaptive=chance(draw, 0.5),
                floor_entry=chance(draw, 0.5),
            )  # fmt: skip


def drawn_takes(draw: np.random.Generator) -> list[Any]:
    count = int(draw.integers(4))
    gains = sorted(number(draw, 0.3, 4.0) for _ in range(count))
    kind = (take_atr, take_r, lambda gain, part: take(gain / 100.0, part))[int(draw.integers(3))]
    return [kind(gain, round(1.0 / max(count, 1) - 0.01, 2)) for gain in gains]


def size(draw: np.random.Generator, *, is_bare: bool) -> Any:
    kind = int(draw.integers(3))
    if kind == 0 and not is_bare:
        return risk(number(draw, 0.002, 0.02))
    if kind == 1:
        return volatility_target(number(draw, 0.002, 0.02))
    return fixed_notional(number(draw, 0.02, 0.3))
