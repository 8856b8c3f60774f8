"""The synthetic market: candles, funding and rules of several symbols, from one seed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.bars import Bars
from ballast.core.errors import UserError
from ballast.core.instrument import FeeRate, Instrument, Kind, LeverageTier
from ballast.core.rng import stream
from ballast.core.time import DAY_MS, Timeframe, parse_ms
from ballast.research.synthetic.mood import OWN_VOLATILITY, Mood, Regime, mood, shocks
from ballast.research.synthetic.path import autoregress, walk
from ballast.research.synthetic.perpetual import MARK_SUFFIX, funding_rates, mark_bars, premium
from ballast.research.synthetic.style import SYMBOLS, Profile, Style, profile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

VENUE = "SYNTH"
START_MS = parse_ms("2020-01-01")
BARS_MOST = 20_000_000
"""Bars of one symbol: 38 years of minutes, 1 GB of columns."""
SYMBOLS_MOST = 1_000
HOME_PER_DAY = 0.0015  # pull to the first price: log prices stay within about 1.5 of it
RANGE_PULL_PER_DAY = 0.25
DEFAULT_STYLE = Style()


@dataclass(frozen=True, slots=True)
class SyntheticMarket:
    """One market. Everything is in the order of the symbols asked for."""

    bars: tuple[Bars, ...]
    instruments: tuple[Instrument, ...]
    funding: tuple[NDArray[np.void], ...]
    """Rows of `records.FUNDING`; empty for spot."""
    marks: tuple[Bars, ...]
    """Mark price candles under `SYMBOL.mark`; none for spot."""
    regimes: NDArray[np.int8]
    """The true `Regime` of every bar of the grid, missing bars included."""


def synthetic_market(
    seed: int,
    symbols: Sequence[str] = SYMBOLS,
    timeframe: str | Timeframe = "1h",
    n_bars: int = 43_800,
    start_ms: int = START_MS,
    style: Style = DEFAULT_STYLE,
) -> SyntheticMarket:
    """Make a market of `n_bars` bars a symbol (less the gaps) from `start_ms` on.

    The same arguments give the same bytes. A symbol does not depend on the others that are asked
    for with it. Raises `UserError` for what cannot be made.
    """
    frame = timeframe if isinstance(timeframe, Timeframe) else Timeframe.parse(timeframe)
    _check(symbols, frame, n_bars, start_ms)
    ts = start_ms + np.arange(n_bars, dtype=np.int64) * frame.ms
    common = mood(seed, style, ts, frame.ms)
    keep = _kept(seed, style, n_bars)
    made = [_symbol(seed, symbol, frame, ts, common, keep, style) for symbol in symbols]
    return SyntheticMarket(
        bars=tuple(one.bars for one in made),
        instruments=tuple(one.instrument for one in made),
        funding=tuple(one.funding for one in made if one.funding is not None),
        marks=tuple(one.marks for one in made if one.marks is not None),
        regimes=common.regimes,
    )


@dataclass(frozen=True, slots=True)
class _Made:
    bars: Bars
    instrument: Instrument
    funding: NDArray[np.void] | None = None
    marks: Bars | None = None


def _check(symbols: Sequence[str], frame: Timeframe, n_bars: int, start_ms: int) -> None:
    if not 1 <= n_bars <= BARS_MOST:
        raise UserError(f"{n_bars} synthetic bars", expected=f"1 to {BARS_MOST}")
    if not 1 <= len(symbols) <= SYMBOLS_MOST or len(set(symbols)) != len(symbols):
        raise UserError(
            f"{len(symbols)} synthetic symbols", expected=f"1 to {SYMBOLS_MOST}, no name twice"
        )
    if start_ms < 0 or (frame.ms <= DAY_MS and start_ms % frame.ms):
        raise UserError(
            f"a synthetic market cannot start at {start_ms} ms",
            expected=f"a time after 1970, on a whole {frame}",
        )


def _kept(seed: int, style: Style, n: int) -> NDArray[np.bool_]:
    """Choose the bars of the outages: `gaps` separate holes, never the first or last bars."""
    keep = np.ones(n, np.bool_)
    room = n // (style.gap_bars_max + 2) - 2
    count = min(style.gaps, max(0, room))
    if not count:
        return keep
    draw = stream(seed, "synthetic/market/gaps")
    slots = 1 + draw.choice(room, count, replace=False)
    lengths = draw.integers(1, style.gap_bars_max, count, endpoint=True)
    for slot, length in zip(slots, lengths, strict=True):
        first = int(slot) * (style.gap_bars_max + 2)
        keep[first : first + int(length)] = False
    return keep


def _symbol(
    seed: int,
    symbol: str,
    frame: Timeframe,
    ts: NDArray[np.int64],
    common: Mood,
    keep: NDArray[np.bool_],
    style: Style,
) -> _Made:
    """Draw one symbol over the mood of the market."""
    own = profile(seed, symbol)
    ticks, sigma, dead = _path(seed, symbol, frame, common, own, style)
    volume = _volume(seed, symbol, frame, common, own, (ticks, sigma, dead))
    rules = _instrument(symbol, own, int(ts[0]), perpetual=style.perpetual)
    fair = ticks.copy()
    _wicks(seed, symbol, ticks, style.wicks, keep & ~dead)
    bars = _bars(symbol, frame, ts, own.tick, ticks, volume)
    kept = _take(bars, keep)
    if not style.perpetual:
        return _Made(kept, rules)
    basis = premium(seed, symbol, len(ts), frame.ms)
    plain = _bars(symbol + MARK_SUFFIX, frame, ts, own.tick, fair, np.zeros(len(ts)))
    marks = mark_bars(plain, basis, own.tick)
    return _Made(kept, rules, funding_rates(marks, basis), _take(marks, keep))


def _path(
    seed: int, symbol: str, frame: Timeframe, common: Mood, own: Profile, style: Style
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return prices in ticks (4, n), the volatility of each bar, and which bars are dead."""
    n, days = len(common.drift), frame.ms / DAY_MS
    draw = {
        name: stream(seed, f"synthetic/{symbol}/{name}")
        for name in ("shock", "volatility", "above", "below", "jitter", "dead")
    }
    keep = 0.5 ** (days / style.memory_days)
    wave = OWN_VOLATILITY * autoregress(draw["volatility"].standard_normal(n), keep)
    sigma = own.volatility * sqrt(days) * common.scale * np.exp(wave - OWN_VOLATILITY**2)
    moves = common.drift + sigma * shocks(common, draw["shock"].standard_normal(n))
    ranging = common.regimes == Regime.RANGE
    fresh = np.concatenate(([True], np.diff(common.regimes) != 0))
    dead = draw["dead"].random(n) < style.zero_volume
    dead[0] = False
    ticks = walk(
        round(own.price / float(own.tick)),
        moves,
        sigma,
        np.where(ranging, min(0.5, RANGE_PULL_PER_DAY * days), 0.0),
        fresh,
        dead,
        1.0 - draw["above"].random(n),
        1.0 - draw["below"].random(n),
        (draw["jitter"].integers(0, 10, n) == 0).astype(np.int64),
        min(0.1, HOME_PER_DAY * days),
    )
    return ticks, sigma, dead


def _volume(
    seed: int,
    symbol: str,
    frame: Timeframe,
    common: Mood,
    own: Profile,
    path: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]],
) -> NDArray[np.float64]:
    """Return base volume on the lot grid: busy hours, high volatility and wide bars trade more."""
    ticks, sigma, dead = path
    noise = stream(seed, f"synthetic/{symbol}/volume").standard_normal(len(dead))
    days = frame.ms / DAY_MS
    usual = own.volatility * sqrt(days)
    wide = np.log(ticks[1] / ticks[2]) / (1.6 * sigma)  # 1.6 sigma: the mean range of a walk
    quote = own.turnover * days * common.hour * (sigma / usual) ** 0.8
    quote = quote * (0.4 + 0.6 * wide) * np.exp(0.35 * noise - 0.06)
    lots = np.rint(quote / (ticks[3] * float(own.tick)) / float(own.lot))
    return np.where(dead, 0.0, on_grid(np.maximum(lots, 1.0).astype(np.int64), own.lot))


def on_grid(steps: NDArray[np.int64], step: Decimal) -> NDArray[np.float64]:
    """Return steps times a decimal step, as the float64 nearest to the decimal."""
    num, den = step.as_integer_ratio()
    return np.asarray(steps * float(num) / float(den), np.float64)


def _wicks(
    seed: int, symbol: str, ticks: NDArray[np.int64], count: int, usable: NDArray[np.bool_]
) -> None:
    """Plant flash wicks, each on a bar of its own, up or down by 8 to 25 %."""
    rows = np.flatnonzero(usable)[1:-1]
    if not count or not len(rows):
        return
    draw = stream(seed, f"synthetic/{symbol}/wicks")
    at = draw.choice(rows, min(count, len(rows)), replace=False)
    depth = draw.uniform(0.08, 0.25, len(at))
    up = draw.random(len(at)) < 0.5  # noqa: PLR2004 - a fair coin
    top = np.rint(ticks[1, at] * (1.0 + depth)).astype(np.int64)
    bottom = np.rint(ticks[2, at] * (1.0 - depth)).astype(np.int64)
    ticks[1, at] = np.where(up, top, ticks[1, at])
    ticks[2, at] = np.where(up, ticks[2, at], np.maximum(bottom, 1))


def _bars(
    symbol: str,
    frame: Timeframe,
    ts: NDArray[np.int64],
    tick: Decimal,
    ticks: NDArray[np.int64],
    volume: NDArray[np.float64],
) -> Bars:
    names = ("open", "high", "low", "close")
    columns = {name: on_grid(row, tick) for name, row in zip(names, ticks, strict=True)}
    return Bars.of(VENUE, symbol, frame, ts, {**columns, "volume": volume})


def _take(bars: Bars, keep: NDArray[np.bool_]) -> Bars:
    columns = {
        name: getattr(bars, name)[keep] for name in ("open", "high", "low", "close", "volume")
    }
    return Bars.of(bars.venue, bars.symbol, bars.timeframe, bars.ts[keep], columns)


def _instrument(symbol: str, own: Profile, listed_ms: int, *, perpetual: bool) -> Instrument:
    tiers: tuple[LeverageTier, ...] = ()
    if perpetual:
        tiers = (
            LeverageTier(0.0, 50_000.0, 50.0, 0.01),
            LeverageTier(50_000.0, 500_000.0, 20.0, 0.025, 750.0),
            LeverageTier(500_000.0, 1e12, 5.0, 0.1, 38_250.0),
        )
    return Instrument(
        venue=VENUE,
        symbol=symbol,
        base=own.base,
        quote=own.quote,
        kind=Kind.PERPETUAL if perpetual else Kind.SPOT,
        tick=own.tick,
        lot=own.lot,
        min_qty=own.lot,
        min_notional=Decimal(5),
        listed_ms=listed_ms,
        fees=(FeeRate(0, 0.0002, 0.0005) if perpetual else FeeRate(0, 0.001, 0.001),),
        tiers=tiers,
    )
