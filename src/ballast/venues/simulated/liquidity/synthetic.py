"""Synthetic: a market that agents make around a fair price which only they know.

The fair price is a random walk whose volatility is clustered (GARCH(1, 1), Bollerslev 1986):
`r = s * z`, `s'^2 = w + a * r^2 + b * s^2`, so that the long-run volatility is the one asked for.
Makers in turn pull their quotes and put new ones on several levels around what they believe. An
informed taker takes every quote that the fair price has left behind, which is how the book follows
it; noise takers buy and sell at random, in runs. A spoofer places a wall many times the size of a
level a few steps from the touch, and pulls it after a while or when the price comes near.

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

if TYPE_CHECKING:
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


class _State(msgspec.Struct):
    """Everything that a step changes."""

    step: int
    due_ns: int
    fair: float
    variance: float
    quotes: list[list[tuple[int, int]]]  # of each maker: side, order id
    noise_side: int = 1
    wall: tuple[int, int, int, int] | None = None  # side, order id, price, last step


class SyntheticAgents:
    """A source: makers, takers and a spoofer of one symbol."""

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
        steps_a_year = YEAR_S * 1e9 / STEP_NS
        self._calm = market.volatility * market.volatility / steps_a_year
        fair = float(market.price_ticks)
        self._state = _State(0, start_ns, fair, self._calm, [[] for _ in range(MAKERS)])

    @property
    def fair_ticks(self) -> float:
        """The price the agents believe in."""
        return self._state.fair

    @property
    def volatility(self) -> float:
        """The volatility of now, as a part a year."""
        return self._market.volatility * sqrt(self._state.variance / self._calm)

    @property
    def has_wall(self) -> bool:
        """Tell whether the spoofer's wall stands."""
        return self._state.wall is not None

    def next_ns(self, now_ns: int) -> int | None:
        """Return the time of the next step."""
        return max(self._state.due_ns, now_ns)

    def step(self, street: Street, now_ns: int) -> None:
        """Let everybody act once."""
        state, market = self._state, self._market
        draw = stream(market.seed, f"synthetic/{market.walk or market.symbol}/{state.step}")
        self._walk(draw)
        self._inform(street)
        makers = range(MAKERS) if state.step == 0 else (state.step % MAKERS,)
        for maker in makers:
            self._quote(street, maker, draw)
        self._noise(street, draw)
        self._spoof(street, draw)
        street.set_mark(market.symbol, max(1, round(state.fair)))
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

    def _inform(self, street: Street) -> None:
        """Take what the fair price has left behind."""
        symbol, fair = self._market.symbol, round(self._state.fair)
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
        belief = state.fair * (1.0 + 0.25 * risk * float(draw.standard_normal()))
        half = max(1.0, state.fair * (HALF_SPREAD + 0.5 * risk))
        sizes = draw.lognormal(0.0, 0.5, 2 * LEVELS)
        kept = []
        for level in range(LEVELS):
            for side in (1, -1):
                ticks = round(belief - side * half * (1 + level))
                lots = max(1, round(market.level_lots * float(sizes[2 * level + (side < 0)])))
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
            slack = round(state.fair * (HALF_SPREAD + 6 * sqrt(state.variance))) + LEVELS
            limit = max(1, round(state.fair) + state.noise_side * slack)
            self._take(street, Side(state.noise_side), limit, lots)

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
            near = max(1, round(state.fair * (HALF_SPREAD + sqrt(state.variance))))
            if state.step >= last or abs(touch[side < 0] - price) <= near:
                street.cancel(market.symbol, order_id)
                state.wall = None
            return
        if chance >= WALL_CHANCE or 0 in touch:
            return
        side = 1 if coin else -1
        away = max(LEVELS, round(state.fair * (HALF_SPREAD + 4 * sqrt(state.variance))))
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
