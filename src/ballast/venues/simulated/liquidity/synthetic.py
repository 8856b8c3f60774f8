"""Synthetic: a market that agents make around a fair price which only they know.

The fair price is a random walk whose volatility is clustered (GARCH(1, 1), Bollerslev 1986):
`r = s * z`, `s'^2 = w + a * r^2 + b * s^2`, so that the long-run volatility is the one asked for.
Makers in turn pull their quotes and put new ones on several levels around what they believe. An
informed taker takes every quote that the fair price has left behind, which is how the book follows
it; noise takers buy and sell at random, in runs. A spoofer places a wall many times the size of a
level a few steps from the touch, and pulls it after a while or when the price comes near. A
momentum taker follows the trend of the middle of the book, once that is more than noise. Scripts
(`scripts.py`) move the price that is believed or send makers away; a path leads the fair price.

Every draw belongs to a step of the seed, so the state is a few numbers. Known limits: the agents do
not learn from what customers do, except that their orders trade.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, sqrt
from typing import TYPE_CHECKING

import msgspec

from ballast.core.errors import UserError
from ballast.core.orders import Side, TimeInForce
from ballast.core.rng import stream
from ballast.venues.simulated.liquidity.scripts import (
    SCRIPTS_MAX,
    Path,
    Script,
    Stress,
    check_points,
    script_named,
    stress_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator

    from ballast.venues.simulated.engine.street import Street

STEP_NS = 500_000_000
"""Time between two steps: makers answer within seconds, and an hour is 7,200 steps."""
YEAR_S = 365.25 * 86_400
REACTION, MEMORY = 0.05, 0.94
"""GARCH weights of the last move and of the last variance, as fitted to crypto at short spans."""
CALM_MIN, CALM_MAX = 0.2, 5.0
"""Volatility stays within these multiples of the long-run one."""
MOVE_MAX = 0.02
"""Largest move of a step, as a part of the price: the walk may not leave the grid."""
TICKS_MIN = 1_000
"""Below this price a tick is a tenth of a percent: too coarse for five levels and a walk."""
VOLATILITY_MAX = 10.0
MAKERS, LEVELS = 3, 5
HALF_SPREAD = 1e-5
NOISE_PER_STEP = 0.8
KEEPS_SIDE = 0.7
TREND_WEIGHT, TREND_LEAST = 0.1, 0.5
"""The trend is a moving average of moves; half a step's volatility is two deviations of it."""
WALL_CHANCE, WALL_STEPS, WALL_LEVELS = 0.01, 120, 20


@dataclass(frozen=True, slots=True)
class SyntheticMarket:
    """What the agents trade: one symbol, in ticks and lots; `volatility` is a year's, as a part.

    Markets of one seed that name the same `walk` follow the same fair price; default: the symbol.
    """

    symbol: str
    price_ticks: int
    level_lots: int
    seed: int = 0
    volatility: float = 0.6
    walk: str = ""
    has_momentum: bool = True


class _State(msgspec.Struct):
    """Everything that a step changes."""

    step: int
    due_ns: int
    fair: float
    variance: float
    quotes: list[list[tuple[int, int]]]  # of each maker: side, order id
    noise_side: int = 1
    wall: tuple[int, int, int, int] | None = None  # side, order id, price, last step
    trend: float = 0.0
    middle: float = 0.0
    stress: Stress = Stress()
    scripts: list[Script] = []
    path: Path = msgspec.field(default_factory=Path)


class SyntheticAgents:
    """A source: makers, takers, momentum takers and a spoofer of one symbol."""

    def __init__(self, market: SyntheticMarket, start_ns: int) -> None:
        """Begin at `start_ns`; raise `UserError` for a market that cannot be."""
        if not (isfinite(market.volatility) and 0.0 < market.volatility <= VOLATILITY_MAX):
            raise UserError(
                f"volatility {market.volatility:g}", expected=f"above 0, at most {VOLATILITY_MAX:g}"
            )
        if market.price_ticks < TICKS_MIN or market.level_lots < 1:
            raise UserError(
                f"{market.symbol} at {market.price_ticks} ticks, {market.level_lots} lots a level",
                expected=f"at least {TICKS_MIN} ticks and one lot",
                fix="take a finer tick or lot",
            )
        self._market = market
        self.symbol = market.symbol
        steps_a_year = YEAR_S * 1e9 / STEP_NS
        self._calm = market.volatility * market.volatility / steps_a_year
        fair = float(market.price_ticks)
        self._state = _State(0, start_ns, fair, self._calm, [[] for _ in range(MAKERS)])

    @property
    def fair_ticks(self) -> float:
        """The price the agents believe in."""
        return max(self._state.fair * (1.0 + self._state.stress.moved), float(TICKS_MIN))

    @property
    def volatility(self) -> float:
        """The volatility of now, as a part a year."""
        return self._market.volatility * sqrt(self._state.variance / self._calm)

    @property
    def has_wall(self) -> bool:
        """Tell whether the spoofer's wall stands."""
        return self._state.wall is not None

    def schedule(self, script: str, at_ns: int) -> None:
        """Let a script begin at a time; raise `UserError` for one that is not known."""
        if len(self._state.scripts) >= SCRIPTS_MAX:
            raise UserError("too many scripts", expected=f"at most {SCRIPTS_MAX} at once")
        self._state.scripts.append(Script(script_named(script), at_ns))

    def check_path(self, points: Sequence[tuple[int, int]], now_ns: int) -> None:
        """Raise `UserError` for points that cannot be followed."""
        check_points(points, TICKS_MIN)
        if points[0][0] <= now_ns:
            raise UserError("a path that begins in the past", expected="times to come")

    def follow(self, points: Sequence[tuple[int, int]], now_ns: int) -> None:
        """Lead the fair price to `(at_ns, ticks)` points, then let it walk on from the last."""
        self.check_path(points, now_ns)
        self._state.path.begin(points, now_ns, self._state.fair)

    def says(self) -> str:
        """Say in a line what happens by script."""
        state = self._state
        running = [one.name for one in state.scripts if one.at_ns < state.due_ns]
        words = [*running, *(["on a path"] if state.path.points else [])]
        return (
            f"agents around {self.fair_ticks:.0f} ticks; {', '.join(words) or 'nothing scripted'}"
        )

    def next_ns(self, now_ns: int) -> int | None:
        """Return the time of the next step."""
        return max(self._state.due_ns, now_ns)

    def step(self, street: Street, now_ns: int) -> None:
        """Let everybody act once."""
        state, market = self._state, self._market
        draw = stream(market.seed, f"synthetic/{market.walk or market.symbol}/{state.step}")
        self._walk(draw)
        self._obey(now_ns)
        self._inform(street)
        makers = range(MAKERS) if state.step == 0 else (state.step % MAKERS,)
        for maker in makers:
            self._quote(street, maker, draw)
        self._noise(street, draw)
        self._spoof(street, draw)
        if market.has_momentum:
            self._chase(street)
        street.set_mark(market.symbol, round(self.fair_ticks))
        state.step += 1
        state.due_ns = now_ns + STEP_NS

    def _walk(self, draw: Generator) -> None:
        """Move the fair price, and the volatility after it."""
        state, calm = self._state, self._calm
        move = sqrt(state.variance) * float(draw.standard_normal())
        move = min(max(move, -MOVE_MAX), MOVE_MAX)
        state.fair = max(state.fair * (1.0 + move), float(TICKS_MIN))
        fresh = (1 - REACTION - MEMORY) * calm + REACTION * move * move + MEMORY * state.variance
        state.variance = min(max(fresh, CALM_MIN * CALM_MIN * calm), CALM_MAX * CALM_MAX * calm)

    def _obey(self, now_ns: int) -> None:
        """Feel what the scripts do now, and go where the path leads."""
        state = self._state
        led = state.path.price(now_ns)
        state.fair = state.fair if led is None else led
        state.scripts = [one for one in state.scripts if one.end_ns > now_ns]
        state.stress = stress_of(state.scripts, now_ns)

    def _inform(self, street: Street) -> None:
        """Take what the fair price has left behind."""
        symbol, fair = self._market.symbol, round(self.fair_ticks)
        bid, ask = street.best(symbol)
        if bid > fair:
            self._take(street, Side.SELL, fair, self._market.level_lots * LEVELS * MAKERS)
        elif 0 < ask < fair:
            self._take(street, Side.BUY, fair, self._market.level_lots * LEVELS * MAKERS)

    def _quote(self, street: Street, maker: int, draw: Generator) -> None:
        """Pull a maker's quotes and put new ones around what it believes now."""
        state, market = self._state, self._market
        for _, order_id in state.quotes[maker]:
            street.cancel(market.symbol, order_id)
        risk = sqrt(state.variance)
        belief = self.fair_ticks * (1.0 + 0.25 * risk * float(draw.standard_normal()))
        half = max(1.0, self.fair_ticks * (HALF_SPREAD + 0.5 * risk) * state.stress.spread)
        sizes = draw.lognormal(0.0, 0.5, 2 * LEVELS)
        kept = []
        for level in range(LEVELS):
            for side in (1, -1):
                ticks = round(belief - side * half * (1 + level))
                size = float(sizes[2 * level + (side < 0)]) * state.stress.depth
                lots = max(1, round(market.level_lots * size))
                placed = ticks > 0 and street.place(
                    market.symbol, Side(side), price_ticks=ticks, qty_lots=lots, post_only=True
                )
                if placed:
                    kept.append((side, placed))
        state.quotes[maker] = kept

    def _noise(self, street: Street, draw: Generator) -> None:
        """Let noise takers trade; a buyer is likely to be followed by a buyer."""
        state, market = self._state, self._market
        for _ in range(int(draw.poisson(NOISE_PER_STEP))):
            if draw.random() > KEEPS_SIDE:
                state.noise_side = -state.noise_side
            lots = max(1, round(market.level_lots * 0.1 * float(draw.lognormal(0.0, 1.0))))
            self._take_near(street, Side(state.noise_side), lots)

    def _chase(self, street: Street) -> None:
        """Take in the direction of the trend, when there is one."""
        state, market = self._state, self._market
        bid, ask = street.best(market.symbol)
        if not bid or not ask:
            return
        middle = (bid + ask) / 2
        move = middle / state.middle - 1.0 if state.middle else 0.0
        state.middle = middle
        state.trend += TREND_WEIGHT * (move - state.trend)
        if abs(state.trend) > TREND_LEAST * sqrt(state.variance):
            side = Side.BUY if state.trend > 0 else Side.SELL
            self._take_near(street, side, max(1, market.level_lots // 4))

    def _take_near(self, street: Street, side: Side, lots: int) -> None:
        """Take at prices that are not far from the fair one."""
        fair = self.fair_ticks
        slack = round(fair * (HALF_SPREAD + 6 * sqrt(self._state.variance))) + LEVELS
        self._take(street, side, max(1, round(fair) + side * slack), lots)

    def _take(self, street: Street, side: Side, limit_ticks: int, lots: int) -> None:
        street.place(
            self._market.symbol, side, price_ticks=limit_ticks, qty_lots=lots, tif=TimeInForce.IOC
        )

    def _spoof(self, street: Street, draw: Generator) -> None:
        """Place a wall, or pull the one that stands."""
        state, market = self._state, self._market
        chance, coin = float(draw.random()), int(draw.integers(2))
        touch = street.best(market.symbol)
        if state.wall is not None:
            side, order_id, price, last = state.wall
            near = max(1, round(self.fair_ticks * (HALF_SPREAD + sqrt(state.variance))))
            if state.step >= last or abs(touch[side < 0] - price) <= near:
                street.cancel(market.symbol, order_id)
                state.wall = None
            return
        if chance >= WALL_CHANCE or 0 in touch:
            return
        side = 1 if coin else -1
        away = max(LEVELS, round(self.fair_ticks * (HALF_SPREAD + 4 * sqrt(state.variance))))
        price = max(1, touch[side < 0] - side * away)
        lots = market.level_lots * WALL_LEVELS
        order_id = street.place(
            market.symbol, Side(side), price_ticks=price, qty_lots=lots, post_only=True
        )
        if order_id:
            state.wall = side, order_id, price, state.step + WALL_STEPS

    def snapshot(self) -> bytes:
        """Return the state."""
        return msgspec.json.encode(self._state)

    def restore(self, state: bytes) -> None:
        """Go back to a state."""
        self._state = msgspec.json.decode(state, type=_State)
