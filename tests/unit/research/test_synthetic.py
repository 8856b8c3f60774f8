"""The synthetic market has the habits of real ones, and only what was asked for."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ballast.core.errors import UserError
from ballast.core.instrument import Kind as Market
from ballast.core.jit import interpreted
from ballast.core.rng import stream
from ballast.core.time import HOUR_MS
from ballast.research.synthetic import Regime, Style, SyntheticMarket, synthetic_market
from ballast.research.synthetic.path import autoregress, markov, walk
from ballast.store.quality import Kind, check_bars

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ballast.core.bars import Bars

    Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def five_years() -> SyntheticMarket:
    """Make the default market once: five years of hours of four symbols."""
    return synthetic_market(42)


def returns(bars: Bars) -> Floats:
    """Return log returns from close to close."""
    return np.diff(np.log(bars.close))


def autocorrelation(values: Floats, lag: int) -> float:
    """Return the correlation of a series with itself `lag` bars before."""
    return float(np.corrcoef(values[lag:], values[:-lag])[0, 1])


def prints(market: SyntheticMarket) -> list[str]:
    """Return the fingerprints of all candles."""
    return [bars.fingerprint() for bars in market.bars]


def test_same_seed_same_bytes(five_years: SyntheticMarket) -> None:
    """Equal arguments, equal market; another seed, another one."""
    again = synthetic_market(42)
    assert prints(again) == prints(five_years)
    assert again.instruments == five_years.instruments
    assert np.array_equal(again.regimes, five_years.regimes)
    assert not set(prints(synthetic_market(43, n_bars=500))) & set(
        prints(synthetic_market(42, n_bars=500))
    )


def test_bytes_are_equal_on_every_machine() -> None:
    """A change of this hash changes every demo and every golden result: say so in the changelog."""
    market = synthetic_market(7, n_bars=2_000, style=Style(perpetual=True))
    marks = [bars.fingerprint() for bars in market.marks]
    assert [text[:8] for text in prints(market)[:2] + marks[:1]] == GOLDEN


GOLDEN = ["bf3db4df", "4d1ffd69", "a7697b84"]


def test_symbol_does_not_depend_on_its_company() -> None:
    """ETH alone is ETH among others."""
    alone = synthetic_market(5, ["ETHUSDT"], n_bars=1_000)
    among = synthetic_market(5, ["XYZUSDT", "ETHUSDT", "BTCUSDT"], n_bars=1_000)
    assert prints(alone)[0] == prints(among)[1]
    assert among.bars[0].symbol == "XYZUSDT"


def test_tails_are_fat_and_returns_have_no_memory(five_years: SyntheticMarket) -> None:
    """Kurtosis above 3 by far; no autocorrelation of returns themselves."""
    for bars in five_years.bars:
        moves = returns(bars)
        kurtosis = float(np.mean((moves - moves.mean()) ** 4) / moves.var() ** 2)
        assert kurtosis > 8
        assert abs(autocorrelation(moves, 1)) < 0.05


def test_volatility_clusters(five_years: SyntheticMarket) -> None:
    """Absolute returns remember: the next hour clearly, the next week a little."""
    for bars in five_years.bars:
        size = np.abs(returns(bars))
        assert autocorrelation(size, 1) > 0.15
        assert autocorrelation(size, 24) > 0.1
        assert autocorrelation(size, 168) > 0.03


def test_regimes_differ_as_their_names_say(five_years: SyntheticMarket) -> None:
    """A storm moves more than a range, up drifts up, down drifts down; each has its length."""
    market = synthetic_market(42, style=Style(gaps=0))
    moves = returns(market.bars[0])
    regimes = market.regimes[1:]
    spread = {regime: float(moves[regimes == regime].std()) for regime in Regime}
    assert spread[Regime.STORM] > 2 * spread[Regime.RANGE]
    drift = {regime: float(moves[regimes == regime].mean()) for regime in Regime}
    assert drift[Regime.UP] > 0 > drift[Regime.DOWN]
    changes = np.flatnonzero(np.diff(five_years.regimes))
    mean_days = float(np.diff(changes).mean()) / 24
    assert 5 < mean_days < 14
    assert set(np.unique(five_years.regimes)) == set(Regime)


@pytest.mark.parametrize("asked", [0.2, 0.65, 0.9])
def test_correlation_is_as_asked(asked: float) -> None:
    """Of every pair, within five points."""
    market = synthetic_market(11, style=Style(correlation=asked, gaps=0))
    found = np.corrcoef([returns(bars) for bars in market.bars])
    pairs = found[np.triu_indices(len(found), 1)]
    assert pairs == pytest.approx(asked, abs=0.05)


@pytest.mark.parametrize(("gaps", "longest"), [(0, 6), (1, 1), (12, 20)])
def test_gaps_are_as_asked(gaps: int, longest: int) -> None:
    """So many outages, of the venue: the same bars are missing everywhere."""
    market = synthetic_market(3, n_bars=5_000, style=Style(gaps=gaps, gap_bars_max=longest))
    for bars in market.bars:
        missing = np.diff(bars.ts) // HOUR_MS - 1
        assert int((missing > 0).sum()) == gaps
        assert missing.max() <= longest
        assert np.array_equal(bars.ts, market.bars[0].ts)
    assert len(market.bars[0]) == 5_000 - int((np.diff(market.bars[0].ts) // HOUR_MS - 1).sum())


def test_wicks_are_as_asked_and_touch_nothing_else() -> None:
    """Planted wicks change one high or low each; a check of quality finds deep ones."""
    calm = synthetic_market(3, ["BTCUSDT"], n_bars=8_000, style=Style(wicks=0))
    spiked = synthetic_market(3, ["BTCUSDT"], n_bars=8_000, style=Style(wicks=9))
    one, two = calm.bars[0], spiked.bars[0]
    assert np.array_equal(one.close, two.close)
    assert np.array_equal(one.open, two.open)
    assert np.array_equal(one.volume, two.volume)
    assert int(((one.high != two.high) ^ (one.low != two.low)).sum()) == 9
    assert check_bars(two).counters["flash_wick"] >= 5


def test_share_of_bars_without_trade_is_as_asked() -> None:
    """They are flat at the close before."""
    bars = synthetic_market(3, ["BTCUSDT"], style=Style(zero_volume=0.1, gaps=0)).bars[0]
    empty = np.flatnonzero(bars.volume == 0)
    assert len(empty) / len(bars) == pytest.approx(0.1, abs=0.01)
    assert np.array_equal(bars.high[empty], bars.low[empty])
    assert np.array_equal(bars.close[empty], bars.close[empty - 1])


def test_volume_follows_volatility_and_the_hour(five_years: SyntheticMarket) -> None:
    """Wide bars trade more; 14 UTC trades and moves more than 2 UTC."""
    for bars in five_years.bars:
        live = bars.volume > 0
        wide = np.log(bars.high / bars.low)[live]
        assert np.corrcoef(wide, np.log(bars.volume[live] * bars.close[live]))[0, 1] > 0.5
        hour = bars.ts // HOUR_MS % 24
        moves = np.abs(np.log(bars.close / bars.open))
        assert moves[hour == 14].mean() > 1.5 * moves[hour == 2].mean()
        assert bars.volume[hour == 14].mean() > 1.5 * bars.volume[hour == 2].mean()


def test_quality_check_finds_what_was_planted(five_years: SyntheticMarket) -> None:
    """A believable market passes, and its outages are named."""
    for bars in five_years.bars:
        report = check_bars(bars)
        assert not report.severe
        assert report.passes(0.8)
        assert report.counters["gap"] == 3
        assert report.has(Kind.HALT)


def test_perpetual_has_mark_and_funding() -> None:
    """Settlements every 8 hours at the mark's open; the mark knows no flash wick."""
    market = synthetic_market(9, n_bars=4_000, style=Style(perpetual=True, wicks=6))
    spot = synthetic_market(9, n_bars=4_000, style=Style(wicks=6))
    assert prints(market) == prints(spot)
    assert spot.funding == ()
    assert spot.marks == ()
    for bars, rows, marks in zip(market.bars, market.funding, market.marks, strict=True):
        assert marks.symbol == f"{bars.symbol}.mark"
        assert set(np.diff(rows["at_ms"])) == {8 * HOUR_MS}
        assert len(rows) == 500
        at = np.searchsorted(marks.ts, rows["at_ms"])
        there = marks.ts[np.minimum(at, len(marks) - 1)] == rows["at_ms"]
        assert there.sum() > 490
        assert np.array_equal(rows["mark"][there], marks.open[at[there]])
        assert 0 < rows["rate"].mean() < 0.0005
        assert np.abs(rows["rate"]).max() <= 0.003
        assert np.abs(marks.close / bars.close - 1).max() < 0.005
        apart = np.maximum(bars.high / marks.high, marks.low / bars.low)
        assert int((apart > 1.05).sum()) == 6
    rules = market.instruments[0]
    assert rules.kind is Market.PERPETUAL
    assert rules.tiers[1].deduction == pytest.approx(50_000 * (0.025 - 0.01))


@pytest.mark.parametrize(
    ("timeframe", "count"), [("1m", 400_000), ("15m", 50_000), ("4h", 8_000), ("1d", 4_000)]
)
def test_other_timeframes_have_the_same_volatility(timeframe: str, count: int) -> None:
    """A day is a day, in whatever pieces."""
    market = synthetic_market(21, ["BTCUSDT"], timeframe, count, style=Style(gaps=0, trend=0.0))
    bars = market.bars[0]
    year = float(returns(bars).std()) * np.sqrt(bars.timeframe.bars_per_year)
    assert 0.35 < year < 1.1


def test_instruments_fit_the_bars() -> None:
    """Every price is on its tick, every volume on its lot; the kernel can count them."""
    market = synthetic_market(4, ["BTCUSDT", "ABCUSDT", "DEFBTC"], n_bars=1_000)
    for bars, rules in zip(market.bars, market.instruments, strict=True):
        rules.check_kernel_bounds()
        assert (rules.venue, rules.symbol) == (bars.venue, bars.symbol)
        for price in bars.close[:50].tolist():
            assert Decimal(repr(price)) % rules.tick == 0
        for volume in bars.volume[:50].tolist():
            assert Decimal(repr(volume)) % rules.lot == 0
        assert not check_bars(bars, instrument=rules).has(Kind.OFF_TICK)
    assert (market.instruments[2].base, market.instruments[2].quote) == ("DEF", "BTC")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_bars": 0}, "0 synthetic bars; expected 1 to"),
        ({"n_bars": 10**9}, "expected 1 to"),
        ({"symbols": []}, "0 synthetic symbols"),
        ({"symbols": ["BTCUSDT", "BTCUSDT"]}, "no name twice"),
        ({"symbols": ["WHAT"]}, "base and quote of 'WHAT'"),
        ({"start_ms": 17}, "on a whole 1h"),
        ({"start_ms": -HOUR_MS}, "after 1970"),
        ({"timeframe": "soon"}, "not a timeframe"),
    ],
)
def test_impossible_market_is_refused(arguments: dict[str, object], message: str) -> None:
    """One clear line."""
    with pytest.raises(UserError, match=message):
        synthetic_market(1, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "style", [{"correlation": 1.2}, {"gaps": -1}, {"tail": 2.0}, {"wicks": -3}]
)
def test_impossible_style_is_refused(style: dict[str, float]) -> None:
    """Bounds are said."""
    with pytest.raises(UserError, match="expected from"):
        replace(Style(), **style)  # type: ignore[arg-type]


def test_tiny_markets_can_be_made() -> None:
    """No room for gaps or wicks: then there are none."""
    for count in (1, 2, 3, 10):
        market = synthetic_market(1, n_bars=count, style=Style(perpetual=True))
        assert all(len(bars) == count for bars in market.bars)


def test_compiled_recursions_equal_their_sources() -> None:
    """Each compiled function is its own oracle."""
    draw = stream(1, "test")
    n = 400
    noise, uniform = draw.standard_normal(n), draw.random(n)
    assert np.array_equal(autoregress(noise, 0.9), interpreted(autoregress)(noise, 0.9))
    ways = np.array([[0.5, 1.0], [1.0, 1.0]])
    leave = np.array([0.1, 0.3])
    other = draw.random(n)
    assert np.array_equal(
        markov(uniform, other, leave, ways), interpreted(markov)(uniform, other, leave, ways)
    )
    arguments = (
        *(100_000, 0.01 * noise, np.full(n, 0.01), np.full(n, 0.02), uniform < 0.05, other < 0.05),
        *(1 - uniform, 1 - other, (uniform < 0.1).astype(np.int64), 0.001),
    )
    assert np.array_equal(walk(*arguments), interpreted(walk)(*arguments))


def test_range_of_a_bar_obeys_the_law_of_the_bridge() -> None:
    """The mean range of a Brownian path is sqrt(8 / pi) sigma (Feller 1951)."""
    draw = stream(2, "test")
    n, sigma = 200_000, 0.01
    still, never = np.zeros(n), np.zeros(n, np.bool_)
    out = walk(
        *(10**9, sigma * draw.standard_normal(n), np.full(n, sigma), still, never, never),
        *(1 - draw.random(n), 1 - draw.random(n), np.zeros(n, np.int64), 0.0005),
    )
    ranges = np.log(out[1] / out[2]) / sigma
    assert ranges.mean() == pytest.approx(np.sqrt(8 / np.pi), rel=0.01)


def test_autoregression_is_stationary_from_its_first_value() -> None:
    """Unit variance everywhere, memory as asked."""
    draw = stream(3, "test")
    paths = np.array([autoregress(draw.standard_normal(60), 0.8) for _ in range(4_000)])
    assert paths.var(axis=0) == pytest.approx(1.0, abs=0.12)
    assert np.mean(paths[:, 1:] * paths[:, :-1]) == pytest.approx(0.8, abs=0.02)
