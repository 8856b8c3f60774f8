"""The market of `ballast venue serve`: what is listed, and who makes it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from ballast.core.errors import DataError, UserError, suggest
from ballast.core.time import parse_period
from ballast.service.cli.stores import candle_store, instrument_book, pick_series
from ballast.venues.simulated.engine.liquidity import Ladder
from ballast.venues.simulated.engine.profile import Filters, Listing
from ballast.venues.simulated.liquidity.candles import CandleReplay, CandleTicks
from ballast.venues.simulated.liquidity.synthetic import SyntheticAgents, SyntheticMarket

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.core.bars import Bars
    from ballast.venues.simulated.engine.street import LiquiditySource

QUOTES = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "EUR", "USD", "TRY", "BTC", "ETH", "BNB")
TICK, LOT = Decimal("0.01"), Decimal("0.00001")
MAX_TICKS, MAX_LOTS = 10**8, 10**10
"""Bounds of the filters: their product fits 63 bits, and no price of a real market is beyond."""
LEVEL_QUOTE = Decimal(20_000)
"""What a level of made-up depth is worth in quote: what the first levels of a large pair show."""
MIN_NOTIONAL = Decimal(5)
NS_MS = 1_000_000
GRID_SLACK = 1e-6
CANDLES_MAX = 1_000_000
"""Candles of a replay: two years of minutes, some 200 MB."""
KINDS = ("synthetic", "candles")


@dataclass(frozen=True, slots=True)
class Plan:
    """A listing, and the source of its liquidity, which begins when the venue opens."""

    listing: Listing
    price: Decimal
    words: str
    source: Callable[[int], LiquiditySource]


def plan_of(
    text: str, *, symbol: str, tick: str | None, lot: str | None, seed: int, period: str | None
) -> Plan:
    """Return the market a `--market` text means; raise `UserError` for one that cannot be."""
    kind, _, rest = text.partition(":")
    if kind not in KINDS:
        raise UserError(
            f"unknown market '{kind}'",
            where="--market",
            expected="synthetic:seed=7 or candles:BINANCE-BTCUSDT-1h",
            fix=suggest(kind, KINDS),
        )
    base, quote = _assets(symbol)
    steps = (_step("--tick", tick), _step("--lot", lot))
    if kind == "synthetic":
        if period is not None:
            raise UserError("a synthetic market has no period", where="--period")
        return _synthetic(rest, (symbol, base, quote), steps, seed)
    return _candles(rest, (symbol, base, quote), steps, period)


def _assets(symbol: str) -> tuple[str, str]:
    for quote in QUOTES:
        base = symbol.removesuffix(quote)
        if base not in {symbol, ""} and symbol.isalnum() and symbol.isupper():
            return base, quote
    raise UserError(
        f"'{symbol}' is no spot symbol",
        where="--symbol",
        expected=f"upper case, ending in one of {', '.join(QUOTES)}",
    )


def _step(name: str, text: str | None) -> Decimal | None:
    return None if text is None else _positive(name, text)


def _positive(name: str, text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(0)
    if not (value.is_finite() and value > 0):
        raise UserError(f"'{text}'", where=name, expected="a number above 0")
    return value


def _listing(names: tuple[str, str, str], tick: Decimal, lot: Decimal) -> Listing:
    filters = Filters(
        min_price=tick,
        max_price=tick * MAX_TICKS,
        min_qty=lot,
        max_qty=lot * MAX_LOTS,
        min_notional=MIN_NOTIONAL,
    )
    return Listing(*names, tick=tick, lot=lot, filters=filters)


def _level_lots(listing: Listing, price: Decimal) -> int:
    return max(1, int(LEVEL_QUOTE / price / listing.lot))


# Synthetic ---------------------------------------------------------------------------------


def _synthetic(
    text: str, names: tuple[str, str, str], steps: tuple[Decimal | None, Decimal | None], seed: int
) -> Plan:
    given = _pairs(text)
    price = _positive("--market price", given.get("price", "60000"))
    volatility = float(_positive("--market volatility", given.get("volatility", "0.6")))
    own_seed = given.get("seed", str(seed))
    if not own_seed.removeprefix("-").isdecimal():
        raise UserError(f"'{own_seed}'", where="--market seed", expected="a whole number")
    listing = _listing(names, steps[0] or TICK, steps[1] or LOT)
    ticks = int(price / listing.tick)
    if ticks * 10 > MAX_TICKS:
        raise UserError(f"price {price}", where="--market", fix="take a coarser --tick")
    market = SyntheticMarket(
        listing.symbol, ticks, _level_lots(listing, price), int(own_seed), volatility
    )
    SyntheticAgents(market, 0)  # refuses what cannot be, before anything is opened
    words = f"synthetic, seed {own_seed}, price {price}, volatility {volatility:g}"
    return Plan(listing, price, words, lambda start_ns: SyntheticAgents(market, start_ns))


def _pairs(text: str) -> dict[str, str]:
    known = ("seed", "price", "volatility")
    given = {}
    for part in text.split(",") if text else []:
        name, _, value = part.partition("=")
        if name not in known:
            raise UserError(
                f"unknown setting '{name}' of a synthetic market",
                where="--market",
                expected=f"one of {', '.join(known)}",
                fix=suggest(name, known),
            )
        given[name] = value
    return given


# Candles -----------------------------------------------------------------------------------


def _candles(
    text: str,
    names: tuple[str, str, str],
    steps: tuple[Decimal | None, Decimal | None],
    period: str | None,
) -> Plan:
    store = candle_store()
    info = pick_series(store, text, None, None)
    bars = store.read(info.venue, info.symbol, info.timeframe, *parse_period(period or ".."))
    if not 0 < len(bars) <= CANDLES_MAX:
        raise DataError(
            f"{len(bars)} candles to replay",
            where=info.symbol,
            expected=f"1 to {CANDLES_MAX}",
            fix="choose with --period FROM..TO",
        )
    tick, lot = _known_steps(bars, steps)
    listing = _listing(names, tick, lot)
    ticks = {name: _on_grid(bars, name, tick) for name in ("open", "high", "low", "close")}
    lots = [round(value / float(lot)) for value in bars.volume.tolist()]
    stamps = bars.ts.tolist()
    price = tick * ticks["open"][0]
    ladder = Ladder(lots=_level_lots(listing, price))
    span_ns = info.timeframe.ms * NS_MS

    rows = zip(stamps, *ticks.values(), lots, strict=True)
    candles = [CandleTicks(at * NS_MS, *row) for at, *row in rows]

    def source(start_ns: int) -> CandleReplay:
        """Replay as if the first bar were the one that is open at `start_ns`.

        Bars keep their place on the clock, so that candles of the venue are the stored ones: what
        of the first bar is over by then trades at once.
        """
        late_ns = start_ns - candles[0].open_ns
        shift_ns = late_ns - late_ns % span_ns
        return CandleReplay(listing.symbol, candles, span_ns, ladder, shift_ns=shift_ns)

    source(0)  # refuses what cannot be, before anything is opened
    return Plan(listing, price, f"candles {bars.name}, {len(bars)} bars", source)


def _known_steps(bars: Bars, steps: tuple[Decimal | None, Decimal | None]) -> tuple[Decimal, ...]:
    """Return tick and lot: as given, as the instrument book knows them, or the usual ones."""
    tick, lot = steps
    book = instrument_book()
    if book.has(bars.venue, bars.symbol):
        known = book.get(bars.venue, bars.symbol)
        return tick or known.tick, lot or known.lot
    return tick or TICK, lot or LOT


def _on_grid(bars: Bars, name: str, tick: Decimal) -> list[int]:
    """Return prices in ticks; refuse a tick that they do not lie on."""
    step = float(tick)
    counts = []
    for value in getattr(bars, name).tolist():
        count = round(value / step)
        if abs(value / step - count) > GRID_SLACK * max(1.0, count * 1e-3) or count > MAX_TICKS:
            raise DataError(
                f"{name} {value!r} is no multiple of the tick {tick} within the venue's bounds",
                where=bars.name,
                fix="give the tick of these candles with --tick",
            )
        counts.append(count)
    return counts
