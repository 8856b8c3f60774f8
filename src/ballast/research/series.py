"""Series: the bars a run trades, with everything that is known beside them.

`loading.load_series` reads them from a store; `Series(bars)` alone is enough for data of your own.
Where no trading rules are known they are inferred from the prices, and the result says so. Nothing
here knows the store: a live session has series too, and must not carry what reads candle files.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.instrument import Instrument, Kind
from ballast.core.records import DEPTH, FUNDING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ballast.core.bars import Bars

QUOTES = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USD", "EUR", "BTC", "ETH", "BNB")
PERPETUAL_VENUES = ("USDM", "LINEAR", "SWAP", "HYPERLIQUID", "FUTURES")
TICK_ROWS = 4096
"""Prices looked at to infer a tick: enough to meet the last decimal."""
TICK_DIGITS_MAX = 10
"""Digits looked for from the first one of the smallest price on; more are noise of a formula."""
INFERRED_LOT = Decimal("0.00001")
SMALL_PRICE = 1.0
SMALL_LOT = Decimal(1)
"""Lot of an inferred instrument that trades under one quote unit."""


def no_funding() -> NDArray[np.void]:
    """Return an empty table of fundings."""
    return np.zeros(0, FUNDING)


def no_depth() -> NDArray[np.void]:
    """Return an empty depth ladder."""
    return np.zeros(0, DEPTH)


@dataclass(frozen=True, slots=True)
class Series:
    """One symbol's bars and what belongs to them; only `bars` is needed."""

    bars: Bars
    instrument: Instrument | None = None
    funding: NDArray[np.void] = field(default_factory=no_funding)
    mark: Bars | None = None
    fine: Bars | None = None  # finer bars, for `intrabar = "detail"`
    depth: NDArray[np.void] = field(default_factory=no_depth)
    is_inferred: bool = False  # the rules were guessed from the prices
    quality: tuple[float, tuple[str, ...]] | None = None
    """Score, and the kinds of the findings that speak against the series; None: not checked."""

    @property
    def rules(self) -> Instrument:
        """The instrument."""
        assert self.instrument is not None  # noqa: S101 - __post_init__ sees to it
        return self.instrument

    def __post_init__(self) -> None:
        """Infer the instrument from the prices where none was given."""
        if self.instrument is None:
            object.__setattr__(self, "instrument", infer_instrument(self.bars))
            object.__setattr__(self, "is_inferred", True)


def infer_instrument(bars: Bars) -> Instrument:
    """Guess trading rules from name and prices: the tick is the last decimal that occurs.

    No minimum sizes are assumed: they would have to be invented.
    """
    prices = np.concatenate(
        [
            part
            for column in (bars.open, bars.high, bars.low, bars.close)
            for part in (column[:TICK_ROWS], column[-TICK_ROWS:])
        ]
    )
    base, quote = split_symbol(bars.symbol)
    name = bars.venue.upper()
    perpetual = ":" in bars.symbol or any(word in name for word in PERPETUAL_VENUES)
    small = float(np.median(bars.close)) < SMALL_PRICE
    return Instrument(
        venue=bars.venue,
        symbol=bars.symbol,
        base=base,
        quote=quote,
        kind=Kind.PERPETUAL if perpetual else Kind.SPOT,
        tick=Decimal(1).scaleb(-decimals_of(prices[prices > 0.0])),
        lot=SMALL_LOT if small else INFERRED_LOT,
    )


def decimals_of(prices: NDArray[np.float64]) -> int:
    """Return how many decimals it takes to write all of these positive prices."""
    if not len(prices):
        return 0
    leading = max(0, -math.floor(math.log10(float(prices.min()))) - 1)
    for decimals in range(leading, leading + TICK_DIGITS_MAX):
        scaled = prices * 10.0**decimals
        noise = 1e-6 * np.maximum(1.0, scaled * 1e-8)
        if np.all(np.abs(scaled - np.rint(scaled)) <= noise):
            return decimals
    return leading + TICK_DIGITS_MAX


def split_symbol(symbol: str) -> tuple[str, str]:
    """Return (base, quote) of `BTC/USDT`, `BTC/USDT:USDT`, `BTCUSDT` or `BTC-USDT`."""
    plain = symbol.partition(":")[0]
    for mark in ("/", "-", "_"):
        if mark in plain:
            base, _, quote = plain.partition(mark)
            return base, quote.partition(mark)[0]
    for quote in QUOTES:
        if plain.endswith(quote) and len(plain) > len(quote):
            return plain[: -len(quote)], quote
    return plain, ""
