"""What no other library defines, or defines as we do: checked against plain numpy and Python."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pandas as pd  # type: ignore[import-untyped]  # only a reference
import pytest
from tests.unit.features.references import Vector, run

from ballast.core.bars import Bars
from ballast.core.errors import DataError
from ballast.core.time import Timeframe
from ballast.features.indicators import registry
from ballast.features.indicators.comparison import compare_stochrsi

ROWS = 400
NOISE = np.random.default_rng(11)
CLOSE = 100 * np.exp(np.cumsum(NOISE.standard_normal(ROWS) * 0.01))
HIGH = CLOSE * (1 + np.abs(NOISE.standard_normal(ROWS)) * 0.005)
LOW = CLOSE * (1 - np.abs(NOISE.standard_normal(ROWS)) * 0.005)
VOLUME = NOISE.exponential(5.0, ROWS)
HOURS = np.arange(ROWS) * 3_600_000.0
COLUMNS = {
    "ts": HOURS, "high": HIGH, "low": LOW, "close": CLOSE, "volume": VOLUME, "series": CLOSE,
    "other": VOLUME,
}  # fmt: skip


def ours(name: str, *params: float, columns: dict[str, Vector] | None = None) -> Vector:
    return run(registry.get(name), columns or COLUMNS, *params)[0]


def test_ema_first_is_the_pandas_span_average() -> None:
    """R-IND-01: span = period, adjust = False, valid from the first row."""
    expected = pd.Series(CLOSE).ewm(span=21, adjust=False).mean()
    np.testing.assert_allclose(ours("ema_first", 21), expected, rtol=1e-12)


def test_atr_first_is_wilder_from_the_first_bar() -> None:
    """TR[0] = high - low; alpha = 1 / period; never a plain range of the window (X-30)."""
    before = np.concatenate(([CLOSE[0]], CLOSE[:-1]))
    reach = np.maximum(HIGH, before) - np.minimum(LOW, before)
    reach[0] = HIGH[0] - LOW[0]
    expected = pd.Series(reach).ewm(alpha=1 / 14, adjust=False).mean()
    np.testing.assert_allclose(ours("atr_first", 14), expected, rtol=1e-12)


def test_rma_is_the_mean_then_wilder() -> None:
    seed = CLOSE[:14].mean()
    series = pd.Series(np.concatenate(([seed], CLOSE[14:])))
    expected = series.ewm(alpha=1 / 14, adjust=False).mean()
    np.testing.assert_allclose(ours("rma", 14)[13:], expected, rtol=1e-12)


def test_historical_volatility_uses_a_year_of_365_days() -> None:
    """R-IND-09, X-37: sample deviation of 20 log returns, annualised by the bar length."""
    spread = pd.Series(np.diff(np.log(CLOSE), prepend=np.nan)).rolling(20).std()
    hourly = ours("hv", 20, Timeframe.parse("1h").bars_per_year)
    np.testing.assert_allclose(hourly[20:], spread[20:] * math.sqrt(365 * 24), rtol=1e-11)
    np.testing.assert_allclose(ours("hv", 20, 8760, 1)[20:], spread[20:] * math.sqrt(252))
    assert registry.get("hv").bind() == (20, 8760, 0)


def test_volatility_z_score_is_the_formula() -> None:
    """R-IND-10: (HV - mean over 50) / (deviation over 50 + 1e-6)."""
    level = pd.Series(ours("hv", 20))
    mean, spread = level.rolling(50).mean(), level.rolling(50).std()
    expected = (level - mean) / (spread + 1e-6)
    np.testing.assert_allclose(ours("hv_z", 20, 50), expected, rtol=1e-9, atol=1e-10)


def test_trix_signal_and_histogram() -> None:
    """R-IND-07, U-04: signal = ema(21) of trix(9), histogram = trix less signal."""
    trix = ours("trix", 9)
    signal = registry.get("ema").compute((trix,), (21,))[0]
    np.testing.assert_array_equal(ours("trix_signal"), signal)
    np.testing.assert_array_equal(ours("trix_hist"), trix - signal)


def test_stochrsi_is_the_position_of_the_rsi_in_its_window() -> None:
    """R-IND-03: (RSI - min) / (max - min) over 14, 0 to 1."""
    rsi = pd.Series(ours("rsi", 14))
    low, high = rsi.rolling(14).min(), rsi.rolling(14).max()
    raw = (rsi - low) / (high - low)
    np.testing.assert_allclose(ours("stochrsi"), raw, rtol=1e-12)
    k, d = run(registry.get("stochrsi_kd"), COLUMNS)
    np.testing.assert_allclose(k[31:], raw.rolling(3).mean()[31:], rtol=1e-9)
    np.testing.assert_allclose(d[31:], raw.rolling(3).mean().rolling(3).mean()[31:], rtol=1e-9)


def test_a_market_that_stands_still_gives_half_not_noise() -> None:
    """R-IND-03: after a move the RSI keeps its value up to rounding; its stochastic is 0.5."""
    stopped = np.concatenate((CLOSE[:100], np.full(100, CLOSE[99])))
    rsi = ours("rsi", 14, columns={"series": stopped})
    assert 0 < np.ptp(rsi[150:]) < 1e-9  # noise is there
    assert (ours("stochrsi", 14, 14, columns={"series": stopped})[130:] == 0.5).all()


def test_one_freak_print_leaves_no_trace_in_a_window() -> None:
    """A running sum would carry the error of 1e18 for ever; the tails forget it with the row."""
    spiked = CLOSE.copy()
    spiked[50] = 1e18
    for name in ("sma", "wma", "stddev", "zscore", "slope", "correlation", "hv"):
        clean = ours(name, 20)[80:]
        np.testing.assert_allclose(
            ours(name, 20, columns=COLUMNS | {"series": spiked})[80:], clean, rtol=1e-10, atol=1e-12
        )


@pytest.mark.parametrize("period", [1, 2, 7, 200])
def test_mean_is_exact_to_a_few_units_in_the_last_place(period: int) -> None:
    """Against exact rational arithmetic."""
    mean = ours("sma", period)
    for row in range(period - 1, ROWS, 37):
        window = [Fraction(value) for value in CLOSE[row - period + 1 : row + 1].tolist()]
        exact = float(sum(window) / period)
        assert abs(mean[row] - exact) <= 4 * math.ulp(exact)


def test_deviation_is_exact_where_squares_cancel() -> None:
    """Price 1e8, moves of 1e-3: a sum of squares would have no digit left."""
    tiny = 1e8 + np.round(NOISE.standard_normal(200), 3) * 1e-3
    for row in (30, 77, 150):
        window = [Fraction(value) for value in tiny[row - 19 : row + 1].tolist()]
        mean = sum(window) / 20
        exact = math.sqrt(sum((value - mean) ** 2 for value in window) / 20)
        assert ours("stddev", 20, columns={"series": tiny})[row] == pytest.approx(exact, rel=1e-9)


def test_donchian_of_the_bars_before() -> None:
    upper, lower, middle = run(registry.get("donchian"), COLUMNS, 20, 1)
    for row in (20, 99, 399):
        assert upper[row] == HIGH[row - 20 : row].max()
        assert lower[row] == LOW[row - 20 : row].min()
        assert middle[row] == (upper[row] + lower[row]) / 2


def test_percent_rank_counts_what_was_lower_before() -> None:
    rank = ours("percent_rank", 50)
    for row in (50, 123, 399):
        assert rank[row] == (CLOSE[row - 50 : row] < CLOSE[row]).mean()


def test_relative_volume_and_turnover() -> None:
    """R-IND-20: volume against its 20-bar mean, this bar included."""
    mean = pd.Series(VOLUME).rolling(20).mean()
    np.testing.assert_allclose(ours("relative_volume", 20), VOLUME / mean, rtol=1e-11)
    turnover = pd.Series(VOLUME * CLOSE).rolling(20).mean()
    np.testing.assert_allclose(ours("quote_volume_average", 20), turnover, rtol=1e-11)


def test_vwap_starts_anew_each_utc_day() -> None:
    typical = (HIGH + LOW + CLOSE) / 3
    got = ours("vwap")
    for row in (0, 23, 24, 130, 399):
        day = slice(row // 24 * 24, row + 1)
        expected = (typical[day] * VOLUME[day]).sum() / VOLUME[day].sum()
        assert got[row] == pytest.approx(expected, rel=1e-12)
    rolling = ours("vwap_rolling", 20)
    window = slice(100 - 19, 101)
    expected = (typical[window] * VOLUME[window]).sum() / VOLUME[window].sum()
    assert rolling[100] == pytest.approx(expected, rel=1e-12)


def plain_adaptive(period: float, spread: int, ranks: int, low: float, high: float) -> list[float]:
    """R-IND-15 written without any of the tricks."""
    moves = np.diff(np.log(CLOSE), prepend=np.nan)
    volatility = [
        np.nan if i < spread else float(np.std(moves[i - spread + 1 : i + 1])) for i in range(ROWS)
    ]
    average, out = CLOSE[0], [math.nan]
    for i in range(1, ROWS):
        known = i - 1 >= spread + ranks
        scale = 1.0
        if known:
            past = np.array(volatility[i - 1 - ranks : i - 1])
            scale = low + (high - low) * float((past < volatility[i - 1]).mean())
        alpha = min(1.0, 2 / (period * scale + 1))
        average += alpha * (CLOSE[i] - average)
        out.append(average if known else math.nan)
    return out


def test_adaptive_ema_reads_the_volatility_rank_of_the_bar_before() -> None:
    """R-IND-15, U-07: periods scaled by trailing volatility rank, past data only."""
    expected = plain_adaptive(20, 10, 50, 0.5, 2.0)
    got = ours("adaptive_ema", 20, 10, 50, 0.5, 2.0)
    np.testing.assert_allclose(got, expected, rtol=1e-10)
    assert np.isfinite(got).sum() > 300


def test_adaptive_ema_of_a_bar_does_not_use_the_volatility_of_that_bar() -> None:
    """A jump moves the average by the weight known before it."""
    jump = CLOSE.copy()
    jump[300] *= 2
    calm, wild = ours("adaptive_ema"), ours("adaptive_ema", columns={"series": jump})
    weight = (wild[300] - calm[300]) / (jump[300] - CLOSE[300])
    before = (calm[300] - calm[299]) / (CLOSE[300] - calm[299])
    assert weight == pytest.approx(before, rel=1e-9)


def test_supertrend_flips_and_follows() -> None:
    line, direction = run(registry.get("supertrend"), COLUMNS)
    valid = np.isfinite(line)
    assert set(direction[valid]) == {-1.0, 1.0}
    assert (line[valid & (direction > 0)] < CLOSE[valid & (direction > 0)]).all()
    assert (line[valid & (direction < 0)] >= CLOSE[valid & (direction < 0)]).all()


def test_an_average_over_two_hundred_days_has_no_value_on_day_199() -> None:
    """A-DATA-10, R-IND-13."""
    assert np.isnan(ours("sma", 200)[:199]).all()
    assert np.isfinite(ours("sma", 200)[199])
    assert registry.get("sma").warmup((200,)) == 199


def test_an_indicator_of_an_indicator_starts_where_the_inner_one_starts() -> None:
    rsi = ours("rsi", 14)
    smooth = registry.get("ema").compute((rsi,), (9,))[0]
    assert np.isnan(smooth[: 14 + 8]).all()
    np.testing.assert_array_equal(smooth[14:], registry.get("ema").compute((rsi[14:],), (9,))[0])


def bars(close: Vector) -> Bars:
    columns = dict.fromkeys(("open", "high", "low", "close"), close) | {"volume": close}
    stamps = np.arange(len(close), dtype=np.int64) * 3_600_000
    return Bars.of("TEST", "BTCUSDT", Timeframe.parse("1h"), stamps, columns)


def test_stochrsi_variants_are_measured_against_ours() -> None:
    """R-CLI-05, R-CLI-06."""
    variants = {variant.name: variant for variant in compare_stochrsi(bars(CLOSE))}
    assert next(iter(variants)) == "ballast"
    assert variants["ballast"].max_difference == 0.0
    assert variants["ballast"].last == ours("stochrsi")[-1]
    assert variants["talib"].max_difference < 1e-9
    assert variants["first-seed"].last == pytest.approx(variants["ballast"].last, abs=1e-6)
    assert variants["first-seed"].max_difference > 0.001  # the seed shows at the start
    assert 0 < variants["cutler"].filter_disagreement < 0.5
    assert variants["ema"].mean_difference > variants["first-seed"].mean_difference
    assert variants["smoothed"].first_row > variants["ballast"].first_row


def test_stochrsi_comparison_refuses_too_few_bars() -> None:
    with pytest.raises(DataError, match="20 bars; expected more than 31"):
        compare_stochrsi(bars(CLOSE[:20]))
