"""Random entries: whether the entries beat a coin that trades as much, with the same exits.

Two twins, because "the same" can be held in two ways.

*Own exits*: on each bar a coin asks for an entry, long or short as often as the strategy goes long
or short; stops, trails, takes and signal exits are the strategy's own, and so are costs and gate.
The coin's chance is set so that the twin makes about as many trades; how many, and how long it was
in the market, is reported beside the result.

*Same holds*: the strategy's trades, each as long as it was and on its own side, are thrown anywhere
on the bars without overlap: exactly as many trades, as long, with as much exposure. Compared is the
mean log return from the open of the entry bar to the close of the exit bar, before costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.records import Signal
from ballast.core.rng import stream
from ballast.research.spread import Spread, p_value, require_some
from ballast.research.stress.missed import ENTRIES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ballast.kernel.market import Run
    from ballast.research.case import Case, Outcome

    Bits = NDArray[np.uint8]

SEEDS = 60
"""The least p-value is 1 in 61."""
THROWS = 500
"""Of the same holds, which cost no run."""
ROUNDS = 2
"""Of setting the coin's chance by a few runs each: within a tenth of the number of trades."""
PILOTS = 3
FACTOR_MAX = 4.0
_NO_FILL = np.uint8(Signal.NO_FILL)


@dataclass(frozen=True, slots=True)
class RandomEntries:
    """The strategy against its twins; p-values are the share of twins that do at least as well."""

    metric: str
    real: float
    own_exits: Spread
    own_exits_p: float
    trades: float  # of the strategy
    twin_trades: Spread
    exposure: float
    twin_exposure: Spread
    held_real: float  # mean log return of the strategy's trades
    held: Spread
    held_p: float


def random_entries(
    case: Case,
    *,
    seeds: int = SEEDS,
    throws: int = THROWS,
    metric: str = "sharpe",
    seed: int = 0,
    step: Callable[[], None] = lambda: None,
) -> RandomEntries:
    """Run twins with entries by coin; raise `StrategyError` where the strategy never trades."""
    require_some(seeds, "seeds")
    require_some(throws, "throws")
    real = case.require_trades()
    run = case.run()
    coin = _Coin(case, run)
    coin.settle(case, seed)
    found: list[Outcome] = []
    for number in range(seeds):
        found.append(case.outcome(coin.signals(seed, f"run/{number}")))
        step()
    figures = [one.value(metric) for one in found]
    held_real, held = _same_holds(case, run, throws, seed)
    return RandomEntries(
        metric=metric,
        real=real.value(metric),
        own_exits=Spread.of(figures),
        own_exits_p=p_value(real.value(metric), figures),
        trades=float(len(run.trades)),
        twin_trades=Spread.of([one.trades for one in found]),
        exposure=real.exposure,
        twin_exposure=Spread.of([one.exposure for one in found]),
        held_real=held_real,
        held=Spread.of(held),
        held_p=p_value(held_real, held),
    )


class _Coin:
    """Entry signals by chance, symbol by symbol, on the bars on which the strategy may decide."""

    def __init__(self, case: Case, run: Run) -> None:
        self.rest = case.signals() & np.uint8(~ENTRIES)
        self.wanted = max(len(run.trades), 1)
        free = (self.rest & _NO_FILL) == 0
        self.chances = np.zeros((2, len(self.rest)))  # of a long, of a short
        first = 0
        for place, leg in enumerate(case.legs()):
            rows = slice(first, first + len(leg.series.bars))
            first = rows.stop
            free[rows.start : min(rows.start + leg.plan.warmup, rows.stop)] = False
            its = run.trades[run.trades["symbol"] == place]
            held = np.sum(its["exit_bar"] - its["entry_bar"] + 1)
            flat = max(int(np.count_nonzero(free[rows])) - int(held), 1)
            for side, sign in enumerate((1, -1)):
                count = np.count_nonzero(its["side"] == sign)
                self.chances[side, rows] = min(count / flat, 1.0)
        self.free = free

    def settle(self, case: Case, seed: int) -> None:
        """Scale the chances until the twin makes about as many trades as the strategy."""
        for round_ in range(ROUNDS):
            made = np.mean(
                [
                    case.outcome(self.signals(seed, f"pilot/{round_}/{number}")).trades
                    for number in range(PILOTS)
                ]
            )
            factor = self.wanted / max(float(made), 0.5)
            self.chances *= min(max(factor, 1.0 / FACTOR_MAX), FACTOR_MAX)
            np.minimum(self.chances, 1.0, out=self.chances)

    def signals(self, seed: int, name: str) -> Bits:
        """Return one throw of the coin for every bar, beside the strategy's own exits."""
        thrown = stream(seed, f"entries/{name}").random(len(self.rest))
        long = thrown < self.chances[0]
        short = ~long & (thrown >= 1.0 - self.chances[1])
        made = self.rest.copy()
        made[long & self.free] |= np.uint8(Signal.ENTER_LONG)
        made[short & self.free] |= np.uint8(Signal.ENTER_SHORT)
        return made


def _same_holds(case: Case, run: Run, throws: int, seed: int) -> tuple[float, Sequence[float]]:
    """Return the mean log return of the trades, and of `throws` random places for them."""
    real = 0.0
    chance = np.zeros(throws)
    first = 0
    for place, one in enumerate(case.series):
        bars = one.bars
        its = run.trades[run.trades["symbol"] == place]
        starts = its["entry_bar"] - first
        lengths = its["exit_bar"] - its["entry_bar"] + 1
        first += len(bars)
        if not len(its):
            continue
        opened, closed = np.log(bars.open), np.log(bars.close)
        real += float(np.sum(its["side"] * (closed[starts + lengths - 1] - opened[starts])))
        draw = stream(seed, f"entries/holds/{bars.symbol}")
        for number in range(throws):
            order = draw.permutation(len(its))
            at = thrown_starts(lengths[order], len(bars), draw)
            ends = at + lengths[order] - 1
            chance[number] += float(np.sum(its["side"][order] * (closed[ends] - opened[at])))
    count = max(len(run.trades), 1)
    return real / count, (chance / count).tolist()


def thrown_starts(
    lengths: NDArray[np.int64], bars: int, draw: np.random.Generator
) -> NDArray[np.int64]:
    """Return first rows of stretches of these lengths, in order, anywhere but over one another.

    A stretch may begin on the bar on which the one before it ends, as a trade may.
    """
    taken = np.concatenate(([0], np.cumsum(lengths - 1)))
    room = bars - 1 - int(taken[-1])
    places = np.sort(draw.integers(0, max(room, 0), len(lengths), endpoint=True))
    return places + taken[:-1]
