"""Stores: the stores of the workspace, opened as the settings say, and series found by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.errors import DataError, UserError
from ballast.core.time import Timeframe
from ballast.service.cli import options

if TYPE_CHECKING:
    from ballast.store.candles import CandleStore, SeriesInfo
    from ballast.store.depth import DepthStore
    from ballast.store.funding import FundingStore
    from ballast.store.instruments import InstrumentBook
    from ballast.store.ticks import TickStore


def candle_store() -> CandleStore:
    """Return the candle store of the workspace."""
    from ballast.store.candles import CandleStore

    config = options.config()
    return CandleStore(config.data_root, cache_bytes=config.settings.data.cache_mb << 20)


def funding_store() -> FundingStore:
    """Return the funding store of the workspace."""
    from ballast.store.funding import FundingStore

    return FundingStore(options.config().data_root)


def depth_store() -> DepthStore:
    """Return the depth store of the workspace."""
    from ballast.store.depth import DepthStore

    return DepthStore(options.config().data_root)


def tick_store() -> TickStore:
    """Return the store of recorded books, trades and quotes of the workspace."""
    from ballast.store.ticks import TickStore

    return TickStore(options.config().data_root)


def instrument_book() -> InstrumentBook:
    """Return the instrument book of the workspace."""
    from ballast.store.instruments import InstrumentBook

    return InstrumentBook(options.config().data_root)


def pick_series(
    store: CandleStore, text: str, venue: str | None, timeframe: str | None
) -> SeriesInfo:
    """Return the one stored series meant by `BINANCE-BTCUSDT-1h`, or by a symbol and options.

    Raise `DataError` when no series or several fit, and name them.
    """
    from ballast.store.symbols import meant_symbol, venue_name

    whole = _whole_name(text)
    if whole is not None and venue is None and timeframe is None:
        return store.info(*whole)
    venue = venue_name(venue) if venue else None
    frame = Timeframe.parse(timeframe) if timeframe else None
    fits = [
        info
        for info in store.series()
        if (venue is None or info.venue == venue) and (frame is None or info.timeframe == frame)
    ]
    symbol = meant_symbol(text, sorted({info.symbol for info in fits}), where=str(store.root))
    fits = [info for info in fits if info.symbol == symbol]
    if len(fits) == 1:
        return store.info(fits[0].venue, fits[0].symbol, fits[0].timeframe)
    if fits:
        names = ", ".join(f"{info.venue}-{info.symbol}-{info.timeframe}" for info in fits[:6])
        raise DataError(f"'{text}' may mean {names}", fix="give --venue and --timeframe")
    raise DataError(
        f"no stored series fits '{text}'",
        where=str(store.root),
        expected="a symbol, or VENUE-SYMBOL-TIMEFRAME",
        fix="`ballast data list` shows what is there",
    )


def _whole_name(text: str) -> tuple[str, str, Timeframe] | None:
    """Split `VENUE-SYMBOL-TIMEFRAME`; the symbol may itself hold a dash."""
    venue, _, rest = text.partition("-")
    symbol, _, frame = rest.rpartition("-")
    try:
        return (venue, symbol, Timeframe.parse(frame)) if symbol else None
    except UserError:
        return None
