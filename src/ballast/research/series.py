"""Series: the bars a run trades, with everything the store knows beside them.

`load_series` reads them from a store; `Series(bars)` alone is enough for data of your own. Where no
trading rules are known they are inferred from the prices, and the result says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import DataError
from ballast.core.instrument import Instrument, Kind
from ballast.core.records import DEPTH, FUNDING
from ballast.store.candles import CandleStore
from ballast.store.depth import DepthStore
from ballast.store.eventbook import EventBook
from ballast.store.events import EventKind
from ballast.store.funding import FundingStore, fill_marks
from ballast.store.gaps import apply_gap_policy
from ballast.store.history import read_history
from ballast.store.instruments import InstrumentBook
from ballast.store.quality import check_bars
from ballast.store.resample import resample
from ballast.store.symbols import MARK_SUFFIX, market_key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ballast.core.bars import Bars
    from ballast.core.settings import DataSettings, Settings
    from ballast.core.time import Timeframe

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
KINDS_NAMED = 3
"""Findings named where none is severe and yet their sum makes a series unfit."""


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


def load_series(
    root: Path,
    venue: str,
    symbols: Sequence[str],
    timeframe: Timeframe,
    settings: Settings,
    *,
    from_ms: int | None = None,
    to_ms: int | None = None,
    detail: Timeframe | None = None,
) -> tuple[Series, ...]:
    """Read the series of a run from the store at `root`.

    Bars come in today's units, joined with those of older names (dated instrument events), and with
    the run's gap policy applied. Their quality is judged as they are stored, before that policy.
    """
    store = CandleStore(root, cache_bytes=settings.data.cache_mb << 20)
    events = EventBook(root)
    found = []
    for symbol in symbols:
        read = read_history(store, events, venue, symbol, timeframe, from_ms=from_ms, to_ms=to_ms)
        if not len(read):
            raise DataError(
                "no bars in the period",
                where=read.name,
                fix=f"see `ballast data list --venue {venue}`",
            )
        engine = settings.engine
        bars = apply_gap_policy(
            read, engine.gap_policy, engine.max_gap_bars, gap_factor=settings.data.gap_factor
        )
        one = _beside(root, store, events, bars, detail)
        found.append(replace(one, quality=_quality(read, one, settings.data)))
    return tuple(found)


def _beside(
    root: Path, store: CandleStore, events: EventBook, bars: Bars, detail: Timeframe | None
) -> Series:
    """Add rules, funding, mark prices, depth and finer bars, where the store has them."""
    first, last = int(bars.ts[0]), int(bars.ts[-1]) + bars.timeframe.ms
    book = InstrumentBook(root)
    known = book.has(bars.venue, bars.symbol)
    if known:
        rules = book.get(bars.venue, bars.symbol, last)
    else:
        rules = replace(infer_instrument(bars), fees=book.fees(bars.venue, bars.symbol))
    for event in events.events(bars.venue):
        if event.symbol == bars.symbol and event.kind is EventKind.DELISTING:
            rules = replace(rules, delisted_ms=event.at_ms)
    fine = None
    if detail is not None:
        if detail.ms >= bars.timeframe.ms or bars.timeframe.ms % detail.ms:
            raise DataError(
                f"{detail} bars cannot detail {bars.timeframe} bars",
                expected="a timeframe that divides that of the run",
            )
        fine = read_history(
            store, events, bars.venue, bars.symbol, detail, from_ms=first, to_ms=last
        )
    marks = _marks(store, bars)
    funding = FundingStore(root).read(bars.venue, bars.symbol, first, last + 1)
    if marks is not None and len(funding):
        funding = fill_marks(funding, marks)
    if marks is not None and marks.timeframe != bars.timeframe:
        coarser = bars.timeframe.ms % marks.timeframe.ms
        marks = None if coarser else resample(marks, bars.timeframe).bars
    depth = DepthStore(root).read(bars.venue, bars.symbol, first, last)
    return Series(bars, rules, funding, marks, fine, depth, is_inferred=not known)


def _quality(bars: Bars, one: Series, data: DataSettings) -> tuple[float, tuple[str, ...]]:
    """Return the score, and the severe findings; the costliest where only their sum is too much."""
    report = check_bars(bars, instrument=None if one.is_inferred else one.rules, settings=data)
    named = report.severe
    if not named and not report.passes(data.quality_threshold):
        costly = [item for item in report.findings if item.cost > 0.0]
        named = tuple(sorted(costly, key=lambda item: -item.cost)[:KINDS_NAMED])
    return report.score, tuple(dict.fromkeys(item.kind.value for item in named))


def _marks(store: CandleStore, bars: Bars) -> Bars | None:
    """Return the symbol's mark candles: of the run's timeframe, else the finest that are stored."""
    name = bars.symbol + MARK_SUFFIX
    frames = sorted(
        one.timeframe
        for one in store.series()
        if one.venue == bars.venue and market_key(one.symbol) == market_key(name)
    )
    if not frames:
        return None
    frame = bars.timeframe if bars.timeframe in frames else frames[0]
    return store.read(bars.venue, name, frame)


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
