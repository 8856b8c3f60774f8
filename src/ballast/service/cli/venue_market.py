"""The market of `ballast venue serve`: what is listed, and who makes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import TYPE_CHECKING

from ballast.core.errors import DataError, UserError, suggest
from ballast.core.instrument import Kind
from ballast.core.time import Timeframe, parse_period
from ballast.service.cli.stores import candle_store, instrument_book, pick_series
from ballast.service.cli.venue_live import feed_of
from ballast.service.cli.venue_recording import recording_of
from ballast.venues.simulated.engine.liquidity import Ladder
from ballast.venues.simulated.engine.profile import Filters, Listing
from ballast.venues.simulated.liquidity.candles import CandleReplay, CandleTicks
from ballast.venues.simulated.liquidity.live import LiveBook
from ballast.venues.simulated.liquidity.scripts import SCRIPTS_MAX, script_named
from ballast.venues.simulated.liquidity.synthetic import SyntheticAgents, SyntheticMarket

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ballast.core.bars import Bars
    from ballast.service.cli.venue_fronts import Offer
    from ballast.venues.simulated.engine.street import LiquiditySource
    from ballast.venues.simulated.server.live import LiveFeed

QUOTES = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "EUR", "USD", "TRY", "BTC", "ETH", "BNB")
MAX_TICKS, MAX_LOTS = 10**8, 10**10
"""Bounds of the filters: their product fits 63 bits, and no price of a real market is beyond."""
LEVEL_QUOTE = Decimal(20_000)
"""What a level of made-up depth is worth in quote: what the first levels of a large pair show."""
MIN_NOTIONAL = Decimal(5)
NS_MS = 1_000_000
GRID_SLACK = 1e-6
IMPACT, IMPACT_MAX = 1.0, 10.0
"""Y of the square-root law: 1 is what is found across markets; backtests allow as much."""
CANDLES_MAX = 1_000_000
"""Candles of a replay: two years of minutes, some 200 MB."""
KINDS = ("synthetic", "candles", "book", "live")


@dataclass(frozen=True, slots=True)
class Listed:
    """A listing, and the source of its liquidity, which begins when the venue opens."""

    listing: Listing
    source: Callable[[int], LiquiditySource]


@dataclass(frozen=True, slots=True)
class Plan:
    """The listings of a venue: of each pair spot, perpetual, or both, around one price."""

    markets: tuple[Listed, ...]
    prices: Mapping[str, Decimal]
    """The first price of each base asset."""
    words: str
    feed: LiveFeed | None = None
    """What the market is heard from while it is served; nothing where it is made or recorded."""

    @property
    def listing(self) -> Listing:
        """The first listing."""
        return self.markets[0].listing


@dataclass(frozen=True, slots=True)
class _Wish:
    """What the arguments say of the listings: the pair, and steps that are not the usual ones."""

    base: str
    quote: str
    tick: Decimal | None
    lot: Decimal | None
    offers: Mapping[Kind, Offer]

    @property
    def pair(self) -> str:
        """The pair as it is written in arguments."""
        return f"{self.base}{self.quote}"


def plan_of(
    text: str,
    *,
    offers: Mapping[Kind, Offer],
    symbol: str,
    tick: str | None,
    lot: str | None,
    seed: int,
    period: str | None,
    among: Sequence[str] = (),
) -> Plan:
    """Return the market a `--market` text means; raise `UserError` for one that cannot be.

    It is of one pair, `among` those that the text may give a price of its own.
    """
    kind, _, rest = text.partition(":")
    if kind not in KINDS:
        raise UserError(
            f"unknown market '{kind}'",
            where="--market",
            expected="synthetic:seed=7, candles:BINANCE-BTCUSDT-1h, book:BINANCE-BTCUSDT"
            " or live:binance:BTCUSDT",
            fix=suggest(kind, KINDS),
        )
    wish = _Wish(*assets_of(symbol), _step("--tick", tick), _step("--lot", lot), offers)
    if kind == "synthetic":
        if period is not None:
            raise UserError("a synthetic market has no period", where="--period")
        return _synthetic(rest, wish, seed, [pair_of(one) for one in among or [symbol]])
    if kind == "book":
        return _book(rest, wish, period)
    if kind == "live":
        if period is not None:
            raise UserError("a live market has no period", where="--period")
        return _live(rest, wish)
    return _candles(rest, wish, period)


def scripts_of(texts: Sequence[str], market: str) -> list[tuple[str, int]]:
    """Return name and time after the opening (ns) of scripts written `flash_crash@+10m`."""
    if texts and market.partition(":")[0] != "synthetic":
        raise UserError("only a synthetic market takes scripts", where="--script")
    found = []
    for text in texts:
        name, at, after = text.partition("@+")
        if not at:
            raise UserError(f"'{text}'", where="--script", expected="such as flash_crash@+10m")
        found.append((script_named(name), Timeframe.parse(after).ms * NS_MS))
    if len(found) > SCRIPTS_MAX:
        raise UserError(
            f"{len(found)} scripts", where="--script", expected=f"{SCRIPTS_MAX} at most"
        )
    return found


def pair_of(symbol: str) -> str:
    """Return a pair as it is written without a hyphen."""
    return "".join(assets_of(symbol))


def assets_of(symbol: str) -> tuple[str, str]:
    """Return base and quote of a pair, written BTCUSDT or BTC-USDT whatever the venue spells."""
    base, hyphen, quote = symbol.partition("-")
    if not hyphen:
        quote = next((one for one in QUOTES if symbol.endswith(one)), "")
        base = symbol.removesuffix(quote)
    plain = (base + quote).isalnum() and (base + quote).isupper() and symbol.isascii()
    if plain and base and quote in QUOTES:
        return base, quote
    raise UserError(
        f"'{symbol}' is no pair",
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


def _listing(wish: _Wish, kind: Kind, tick: Decimal, lot: Decimal) -> Listing:
    offer = wish.offers[kind]
    filters = Filters(
        min_price=tick,
        max_price=tick * MAX_TICKS,
        min_qty=lot,
        max_qty=lot * MAX_LOTS,
        min_notional=MIN_NOTIONAL,
    )
    return Listing(
        offer.symbol(wish.base, wish.quote),
        wish.base,
        wish.quote,
        tick=tick,
        lot=lot,
        kind=kind,
        contract=offer.contract,
        filters=filters,
        maker_ppm=offer.maker_ppm,
        taker_ppm=offer.taker_ppm,
        tiers=offer.tiers,
    )


def _level_lots(listing: Listing, price: Decimal) -> int:
    return max(1, int(LEVEL_QUOTE / price / (listing.lot * listing.contract)))


# Synthetic ---------------------------------------------------------------------------------


def _synthetic(text: str, wish: _Wish, seed: int, pairs: Sequence[str]) -> Plan:
    given = _pairs(text, pairs)
    own = wish.pair if wish.pair in given else "price"
    price = _positive(f"--market {own}", given.get(own, "60000"))
    volatility = float(_positive("--market volatility", given.get("volatility", "0.6")))
    own_seed = given.get("seed", str(seed))
    if not own_seed.removeprefix("-").isdecimal():
        raise UserError(f"'{own_seed}'", where="--market seed", expected="a whole number")
    walk = wish.pair  # spot and perpetual of a pair follow one fair price
    markets = []
    for kind, offer in wish.offers.items():
        listing = _listing(wish, kind, wish.tick or offer.tick, wish.lot or offer.lot)
        ticks = int(price / listing.tick)
        if ticks * 10 > MAX_TICKS:
            raise UserError(f"price {price}", where="--market", fix="take a coarser --tick")
        lots = _level_lots(listing, price)
        made = SyntheticMarket(listing.symbol, ticks, lots, int(own_seed), volatility, walk)
        SyntheticAgents(made, 0)  # refuses what cannot be, before anything is opened
        markets.append(Listed(listing, partial(SyntheticAgents, made)))
    words = f"synthetic, seed {own_seed}, price {price}, volatility {volatility:g}"
    return Plan(tuple(markets), {wish.base: price}, words)


def _pairs(text: str, pairs: Sequence[str]) -> dict[str, str]:
    known = ("seed", "price", "volatility", *pairs)
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


def _candles(text: str, wish: _Wish, period: str | None) -> Plan:
    store = candle_store()
    series, impact = _impact(text)
    info = pick_series(store, series, None, None)
    bars = store.read(info.venue, info.symbol, info.timeframe, *parse_period(period or ".."))
    if not 0 < len(bars) <= CANDLES_MAX:
        raise DataError(
            f"{len(bars)} candles to replay",
            where=info.symbol,
            expected=f"1 to {CANDLES_MAX}",
            fix="choose with --period FROM..TO",
        )
    markets = []
    for kind in wish.offers:
        listing = _listing(wish, kind, *_known_steps(bars, wish, kind))
        markets.append(Listed(listing, _replay(bars, listing, info.timeframe.ms * NS_MS, impact)))
    price = Decimal(repr(float(bars.open[0])))
    return Plan(tuple(markets), {wish.base: price}, f"candles {bars.name}, {len(bars)} bars")


def _impact(text: str) -> tuple[str, float]:
    """Return the series of `SERIES[,impact=Y]`, and the Y of the square-root law."""
    series, comma, setting = text.partition(",")
    if not comma:
        return series, IMPACT
    name, _, value = setting.partition("=")
    try:
        factor = float(value)
    except ValueError:
        factor = -1.0
    if name != "impact" or not 0.0 <= factor <= IMPACT_MAX:
        raise UserError(
            f"'{setting}'",
            where="--market",
            expected=f"impact=Y, Y from 0 (equal levels) to {IMPACT_MAX:g}",
        )
    return series, factor


def _replay(
    bars: Bars, listing: Listing, span_ns: int, impact: float
) -> Callable[[int], CandleReplay]:
    """Return what plays the bars on a listing again."""
    tick, size = listing.tick, float(listing.lot * listing.contract)
    ticks = {name: _on_grid(bars, name, tick) for name in ("open", "high", "low", "close")}
    lots = [round(value / size) for value in bars.volume.tolist()]
    ladder = Ladder(lots=_level_lots(listing, tick * ticks["open"][0]))
    rows = zip(bars.ts.tolist(), *ticks.values(), lots, strict=True)
    candles = [CandleTicks(at * NS_MS, *row) for at, *row in rows]

    def source(start_ns: int) -> CandleReplay:
        """Replay as if the first bar were the one that is open at `start_ns`.

        Bars keep their place on the clock, so that candles of the venue are the stored ones: what
        of the first bar is over by then trades at once.
        """
        late_ns = start_ns - candles[0].open_ns
        shift_ns = late_ns - late_ns % span_ns
        return CandleReplay(
            listing.symbol, candles, span_ns, ladder, shift_ns=shift_ns, impact=impact
        )

    source(0)  # refuses what cannot be, before anything is opened
    return source


def _known_steps(bars: Bars, wish: _Wish, kind: Kind) -> tuple[Decimal, Decimal]:
    """Return tick and lot: as given, as the instrument book knows them, or the usual ones."""
    offer, book = wish.offers[kind], instrument_book()
    if not book.has(bars.venue, bars.symbol):
        return wish.tick or offer.tick, wish.lot or offer.lot
    known = book.get(bars.venue, bars.symbol)
    return wish.tick or known.tick, wish.lot or known.lot / offer.contract


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


# Recorded books ----------------------------------------------------------------------------


def _book(text: str, wish: _Wish, period: str | None) -> Plan:
    """Play one recording on every listing of the pair: it is recorded once."""
    if wish.tick or wish.lot:
        raise UserError(
            "a recording has its own steps", where="--tick, --lot", fix="leave them out"
        )
    recording = recording_of(text, period)
    if recording.price_ticks > MAX_TICKS:
        raise DataError("prices are beyond the venue's bounds", where=recording.words)
    markets = []
    for kind, offer in wish.offers.items():
        listing = _listing(wish, kind, recording.grid.tick, recording.grid.lot / offer.contract)
        sets_mark = kind is Kind.PERPETUAL
        source = partial(recording.source, listing.symbol, sets_mark=sets_mark)
        markets.append(Listed(listing, source))
    price = recording.grid.price_of(recording.price_ticks)
    return Plan(tuple(markets), {wish.base: price}, recording.words)


# Live books --------------------------------------------------------------------------------


def _live(text: str, wish: _Wish) -> Plan:
    """Let every listing of the pair have the live book of one exchange."""
    exchange, _, pair = text.partition(":")
    base, quote = assets_of(pair) if pair else (wish.base, wish.quote)
    wish = replace(wish, base=base, quote=quote)
    feed, grid, price = feed_of(exchange, base, quote, tick=wish.tick, lot=wish.lot)
    markets = []
    for kind, offer in wish.offers.items():
        listing = _listing(wish, kind, grid.tick, grid.lot / offer.contract)
        book = LiveBook(listing.symbol, sets_mark=kind is Kind.PERPETUAL)
        feed.books.append(book)
        markets.append(Listed(listing, partial(_same, book)))
    words = f"live book of {base}{quote} on {exchange}"
    return Plan(tuple(markets), {base: price}, words, feed)


def _same(book: LiveBook, _start_ns: int) -> LiveBook:
    return book
