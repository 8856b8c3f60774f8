"""False alarms and delays of the degradation watch, measured on seeded streams of trades.

`python bench/degradation.py [streams]` prints the share of streams accused within the horizon, with
its 95 % interval, for an unchanged strategy, and the median trades until the alarm for planted
changes. Three kinds of trades: normal results; stops and targets (losses of 1 R, skewed wins); and
stops and targets with expectations estimated from a certificate of 150 trades, not known.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.rng import stream
from ballast.research.metrics.significance import wilson_interval
from ballast.risk.degradation.expectation import Expectation, Tolerance
from ballast.risk.degradation.watch import (
    DayClosed,
    TradeClosed,
    Verdict,
    WatchPlan,
    WatchState,
    assess,
    make_plan,
    step,
    worst,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ballast.risk.degradation.watch import Observation

HIT_RATE, WIN_R, SPREAD, SLIP_BPS, PER_DAY = 0.45, 1.6, 0.5, 3.0, 1.5
CERTIFIED = 150
LONG = 2000
"""Trades after which a change that was not seen counts as missed."""


@dataclass(frozen=True)
class World:
    """How trades come; `drop` lowers the hit rate, the others multiply."""

    normal: bool = False
    drop: float = 0.0
    slip: float = 1.0
    rate: float = 1.0


def trades_of(world: World, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return results in R and slippages in bps (log-normal: it has a tail)."""
    if world.normal:
        mean = HIT_RATE * WIN_R - (1 - HIT_RATE)
        fall = world.drop * (1 + WIN_R)
        results = rng.normal(mean - fall, 1.35, count)
    else:
        won = rng.random(count) < HIT_RATE - world.drop
        results = np.where(won, WIN_R * rng.lognormal(-(SPREAD**2) / 2, SPREAD, count), -1.0)
        results += rng.normal(0, 0.05, count)
    return results, SLIP_BPS * world.slip * rng.lognormal(-0.32, 0.8, count)


def expectation_of(world: World, rng: np.random.Generator, count: int) -> Expectation:
    """Return what a certificate of `count` trades says."""
    results, slips = trades_of(world, rng, count)
    days = count / PER_DAY
    rate = rng.poisson(count) / days if count < LONG else PER_DAY
    return Expectation(
        trades=count,
        mean=float(results.mean()),
        deviation=float(results.std(ddof=1)),
        hit_rate=float((results > 0).mean()),
        slippage_bps=float(slips.mean()),
        slippage_deviation_bps=float(slips.std(ddof=1)),
        trades_per_day=rate,
        days=days,
    )


def observations(world: World, rng: np.random.Generator, count: int) -> Iterator[Observation]:
    """Yield trades, and days with a Poisson number of them."""
    results, slips = trades_of(world, rng, count)
    at = 0
    while at < count:
        today = int(rng.poisson(PER_DAY * world.rate))
        for k in range(at, min(at + today, count)):
            yield TradeClosed(float(results[k]), float(slips[k]))
        at += today
        yield DayClosed(today)


def accused_after(
    plan: WatchPlan, world: World, rng: np.random.Generator, count: int
) -> tuple[int | None, bool]:
    """Return the trades until DEGRADED (None: never), and whether there was a warning before."""
    state = WatchState()
    warned = False
    for one in observations(world, rng, count):
        state = step(plan, state, one)
        verdict = worst(assess(plan, state))
        warned |= verdict >= Verdict.WARN
        if verdict == Verdict.DEGRADED:
            return state.expectancy.seen, warned
    return None, warned


def measure(name: str, world: World, *, streams: int, certified: int) -> tuple[int, int]:
    """Return how many of `streams` unchanged streams are accused, and how many warned of."""
    accused = warned = 0
    horizon = Tolerance().horizon_trades
    for k in range(streams):
        rng = stream(k, f"degradation.{name}")
        plan = make_plan(expectation_of(world, rng, certified))
        found, warning = accused_after(plan, world, rng, horizon)
        accused += found is not None
        warned += warning
    return accused, warned


def delays(name: str, world: World, *, streams: int, certified: int) -> list[int]:
    """Return the trades until DEGRADED after a change, `LONG` where it was missed."""
    out = []
    for k in range(streams):
        rng = stream(k, f"degradation.{name}")
        before = replace(world, drop=0.0, slip=1.0, rate=1.0)
        plan = make_plan(expectation_of(before, rng, certified))
        found, _ = accused_after(plan, world, rng, LONG)
        out.append(LONG if found is None else found)
    return out


def main(streams: int) -> None:
    """Print both tables."""
    kinds = {
        "normal, known": (World(normal=True), 100_000),
        "stops, known": (World(), 100_000),
        "stops, certified on 150": (World(), CERTIFIED),
        "stops, certified on 500": (World(), 500),
    }
    print(f"unchanged, {Tolerance().horizon_trades} trades, {streams} streams")
    for name, (world, certified) in kinds.items():
        for label, hits in zip(
            ("DEGRADED", "WARN"),
            measure(name, world, streams=streams, certified=certified),
            strict=True,
        ):
            found = wilson_interval(hits, streams)
            assert found is not None
            print(
                f"  {name:26} {label:9} {found.estimate:6.1%} ({found.low:.1%}..{found.high:.1%})"
            )
    edge = HIT_RATE - 1 / (1 + WIN_R)
    changes = {
        "edge gone": World(drop=edge),
        "edge reversed": World(drop=2 * edge),
        "slippage doubled": World(slip=2.0),
        "half the trades": World(rate=0.5),
        "twice the trades": World(rate=2.0),
    }
    some = max(20, streams // 10)
    print(f"changed, trades until DEGRADED, {some} streams: median, 90th percentile")
    for name, world in changes.items():
        for certified in (CERTIFIED, 100_000):
            found = sorted(delays(name, world, streams=some, certified=certified))
            late = found[int(0.9 * len(found))]
            print(f"  {name:26} certified on {certified:6} {median(found):6.0f} {late:6}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
