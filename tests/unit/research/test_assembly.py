"""Assembly: which setting lands in which field of compiled memory, and how data is laid out."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.fakes.runs import START_MS, flat_bars, scripted

from ballast.core.bars import Bars
from ballast.core.errors import ConfigError, StrategyError
from ballast.core.instrument import FeeRate, Kind, LeverageTier
from ballast.core.records import DEPTH, FUNDING, PLAN, SPEC, FeeAsset, Intrabar, Level, Margin, Size
from ballast.core.settings import (
    CostSettings,
    EngineSettings,
    ExitSettings,
    RiskSettings,
    Settings,
    SizingSettings,
)
from ballast.core.time import DAY_MS, HOUR_MS, Timeframe
from ballast.research.assembly import assemble, daily_sigma
from ballast.research.run import backtest, legs_of
from ballast.research.series import Series
from ballast.strategies import all_in, fixed_qty, kelly, no_stop, no_trail, risk
from ballast.strategies.frames import resample

if TYPE_CHECKING:
    from ballast.kernel.market import Market

FLAT = [100.0] * 70
PLAIN = scripted({"BTCUSDT": {60: "L"}})


def series_of(closes: list[float] | None = None, **rules: Any) -> Series:
    one = Series(flat_bars(closes or FLAT))
    return replace(one, instrument=replace(one.rules, kind=Kind.PERPETUAL, **rules))


def market_of(settings: Settings | None = None, series: Series | None = None) -> Market:
    return assemble(legs_of(PLAIN, [series or series_of()], settings=settings))


# setting, another value, and the fields of SPEC or PLAN with the value they must then hold
COSTS: dict[str, tuple[Any, dict[str, float]]] = {
    "maker": (-0.0002, {"maker": -0.0002}),
    "taker": (0.003, {"taker": 0.003}),
    "fee_asset": ("base", {"fee_asset": FeeAsset.BASE}),
    "fee_discount": (0.5, {"fee_discount": 0.5}),
    "slip_fraction": (0.002, {"slip_fraction": 0.002}),
    "half_spread": (0.0003, {"half_spread": 0.0003}),
    "slip_vol": (0.1, {"slip_vol": 0.1}),
    "slip_impact": (0.7, {"slip_impact": 0.7}),
    "slip_book": (True, {"slip_book": 1}),
    "slip_stop_multiple": (2.0, {"slip_stop_multiple": 2.0}),
    "participation": (0.02, {"participation": 0.02}),
    "liquidation_fee": (0.01, {"liquidation_fee": 0.01}),
    "latency_bars": (2, {"latency_bars": 2}),
}
SIZING: dict[str, tuple[Any, dict[str, float]]] = {
    "mode": ("fixed_notional", {"size_mode": Size.FIXED_NOTIONAL, "size_value": 0.10}),
    "risk_per_trade": (0.015, {"size_value": 0.015}),
}
EXITS: dict[str, tuple[Any, dict[str, float]]] = {
    "stop_atr": (2.0, {"stop_value": 2.0}),
    "trail_activation": (4.0, {"trail_activation": 4.0}),
    "trail_distance": (0.0, {"trail_distance": 0.0, "trail_kind": Level.NONE}),
    "trail_adaptive": (True, {"trail_adaptive": 1}),
    "breakeven_r": (1.5, {"breakeven_r": 1.5}),
    "position_drawdown": (0.05, {"position_drawdown": 0.05}),
}
ENGINE: dict[str, tuple[Any, dict[str, float]]] = {
    "intrabar": ("path", {"intrabar": Intrabar.PATH}),
    "touch_fills": (True, {"touch_fills": 1}),
    "entry_ttl_bars": (5, {"entry_ttl_bars": 5}),
    "margin": ("cross", {"margin": Margin.CROSS}),
    "leverage": (2.0, {"leverage": 2.0}),
    "trigger": ("mark", {"trigger_mark": 1}),
}
ROWS = [
    (section, name, *row)
    for section, table in (
        ("costs", COSTS), ("sizing", SIZING), ("exits", EXITS), ("engine", ENGINE),
    )
    for name, row in table.items()
]  # fmt: skip


def changed_fields(before: Market, after: Market) -> dict[str, float]:
    found = {}
    for dtype, old, new in (
        (SPEC, before.spec[0], after.spec[0]),
        (PLAN, before.plan[0], after.plan[0]),
    ):
        for name in dtype.names or ():
            if np.any(old[name] != new[name]):
                found[name] = new[name].item()
    return found


@pytest.mark.parametrize(("section", "name", "value", "expected"), ROWS)
def test_a_setting_reaches_its_field_and_no_other(
    section: str, name: str, value: Any, expected: dict[str, float]
) -> None:
    """R-CONF-07."""
    base = Settings()
    other = replace(base, **{section: replace(getattr(base, section), **{name: value})})
    series = replace(series_of(), depth=np.array([(0.001, 500.0)], DEPTH))
    assert changed_fields(market_of(base, series), market_of(other, series)) == expected


@pytest.mark.parametrize(
    ("mode", "code", "name", "value"),
    [
        ("fixed_notional", Size.FIXED_NOTIONAL, "fixed_notional", 0.2),
        ("volatility_target", Size.VOLATILITY_TARGET, "volatility_target", 0.01),
        ("fixed_qty", Size.FIXED_QTY, "fixed_qty", 3.5),
        ("all_in", Size.ALL_IN, "all_in", 0.5),
    ],
)
def test_each_sizing_mode_takes_its_own_number(
    mode: str, code: Size, name: str, value: float
) -> None:
    sizing = SizingSettings(mode=mode, **{name: value})
    row = market_of(Settings(sizing=sizing)).plan[0]
    assert (row.size_mode, row.size_value) == (code, value)


def test_every_setting_of_a_run_has_its_row() -> None:
    """The others are named with the place that reads them, so a new one cannot be forgotten."""
    elsewhere = {
        "engine": {
            "mode": "core.settings.check",
            "gap_policy": "research.series",
            "max_gap_bars": "research.series",
            "minimum_rows": "fixed",
            "seed": "the card",
            "initial_cash": "kernel.run",
        },
        "sizing": dict.fromkeys(
            (
                "fixed_notional", "volatility_target", "kelly_fraction", "fixed_qty", "all_in",
                "i_accept_ruin",
            ),
            "by mode, see above",
        )
        | {"sector": "research.tables"},
        "exits": {"residual": "fixed", "stop_limit_offset": "live", "stop_limit_atr": "live",
                  "pairs": "live", "native_trail": "live"},
        "costs": {},
    }  # fmt: skip
    for section, kind in (
        ("costs", CostSettings), ("sizing", SizingSettings), ("exits", ExitSettings),
        ("engine", EngineSettings),
    ):  # fmt: skip
        known = {name for at, name, _, _ in ROWS if at == section} | set(elsewhere[section])
        assert {item.name for item in fields(kind)} == known


def test_a_strategy_may_not_risk_more_than_the_limit() -> None:
    """R-RISK-10: the settings' bound holds for what a strategy writes, too."""
    greedy = scripted({}, size=risk(0.05))
    with pytest.raises(ConfigError, match=r"scripted: risks 5.00% a trade; expected at most"):
        assemble(legs_of(greedy, [series_of()]))
    for risks in (RiskSettings(hard_bounds=False), RiskSettings(enforce=False)):
        market = assemble(legs_of(greedy, [series_of()], settings=Settings(risk=risks)))
        assert market.plan[0].size_value == 0.05


def test_impossible_leverage_is_refused_and_spot_has_none() -> None:
    bold = scripted({}, leverage=20.0)
    with pytest.raises(ConfigError, match=r"scripted: leverage 20; expected at most"):
        assemble(legs_of(bold, [series_of()]))
    assert assemble(legs_of(bold, [Series(flat_bars(FLAT))])).plan[0].leverage == 1.0


def test_kelly_bets_nothing_without_a_record() -> None:
    """R-SIZE-08: a quarter of the Kelly fraction of the out-of-sample record, 0 without one."""
    bets = scripted({"BTCUSDT": {60: "L"}}, size=kelly(0.25))
    for fraction, expected in ((0.0, 0.0), (0.4, 0.1), (-0.3, 0.0)):
        legs = legs_of(bets, [series_of()], kelly=fraction)
        assert assemble(legs).plan[0].size_value == pytest.approx(expected)
    assert len(backtest(bets, [series_of()]).run.fills) == 0
    assert len(backtest(bets, [series_of()], kelly=0.4).run.fills) == 1


def test_all_in_needs_its_flag() -> None:
    """R-SIZE-03."""
    with pytest.raises(StrategyError, match="i_accept_ruin=True"):
        scripted({}, size=all_in())
    assert market_of(series=series_of()).plan[0].size_mode == Size.RISK
    brave = scripted({}, size=all_in(i_accept_ruin=True))
    assert assemble(legs_of(brave, [series_of()])).plan[0].size_mode == Size.ALL_IN


def test_rules_become_exact_ratios_and_whole_lots() -> None:
    one = series_of(
        tick=Decimal("0.0005"), lot=Decimal("0.003"), min_qty=Decimal("0.01"),
        max_qty=Decimal(1), min_notional=Decimal("5.5"), tags=("majors",),
        fees=(FeeRate(0, 0.001, 0.002), FeeRate(START_MS, 0.0, 0.001)),
        tiers=(LeverageTier(0.0, 1e6, 50.0, 0.004, 0.0),),
    )  # fmt: skip
    market = market_of(series=one)
    row = market.spec[0]
    assert (row.tick_num, row.tick_den, row.lot_num, row.lot_den) == (1, 2000, 3, 1000)
    assert row.min_lots == 4, "0.01 is no whole number of 0.003: the next legal size is 0.012"
    assert row.max_lots == 333
    assert (row.min_notional, row.perpetual, row.timeframe_ms) == (5.5, 1, HOUR_MS)
    assert market.fees["taker"].tolist() == [0.002, 0.001]
    assert market.tiers[0].tolist() == (0.0, 1e6, 50.0, 0.004, 0.0)


def test_a_delisting_counts_from_the_last_bar_on() -> None:
    end = START_MS + len(FLAT) * HOUR_MS
    for at_ms, gone in ((end, 1), (end - HOUR_MS, 1), (end + 1, 0), (None, 0)):
        assert market_of(series=series_of(delisted_ms=at_ms)).spec[0].delisted == gone


def test_symbols_of_one_tag_share_a_cluster() -> None:
    """R-PORT-08."""
    names = (("A", ("l1",)), ("B", ("meme",)), ("C", ("l1", "meme")), ("D", ()))
    rows = []
    for name, tags in names:
        one = Series(flat_bars(FLAT, symbol=name))
        rows.append(replace(one, instrument=replace(one.rules, tags=tags)))
    market = assemble(legs_of(PLAIN, rows))
    assert market.spec.cluster.tolist() == [0, 1, 0, -1]
    assert market.spec["first"].tolist() == [0, 70, 140, 210]
    assert market.spec["last"].tolist() == [70, 140, 210, 280]


def test_a_sector_of_the_settings_goes_before_a_tag_and_a_venues_remark_is_none() -> None:
    """R-RISK-11: `[symbols."A".sizing] sector`; a symbol that is halted is no kin of another.

    R-PORT-08.
    """
    series, own = [], {}
    for name, tags, sector in (
        ("A", ("l1",), "meme"), ("B", ("status:BREAK", "l1"), ""), ("C", ("status:BREAK",), ""),
        ("D", (), "meme"), ("E", (), "l1"),
    ):  # fmt: skip
        one = Series(flat_bars(FLAT, symbol=name))
        series.append(replace(one, instrument=replace(one.rules, tags=tags)))
        own[name] = Settings(sizing=SizingSettings(sector=sector))
    market = assemble(legs_of(PLAIN, series, symbol_settings=own))
    assert market.spec.cluster.tolist() == [0, 1, -1, 0, 1]


def test_rows_beside_the_bars_are_sliced_by_symbol() -> None:
    rates = np.array([(START_MS + 8 * HOUR_MS, 1e-4, 100.0)] * 2, FUNDING)
    rates["at_ms"][1] += 8 * HOUR_MS
    ladder = np.array([(0.0001, 1e5), (0.001, 1e6)], DEPTH)
    a, b = (Series(flat_bars(FLAT, symbol=name, venue="OKXSWAP")) for name in "AB")
    a = replace(a, funding=rates, depth=ladder)
    b = replace(b, funding=rates[:1], instrument=replace(b.rules, fees=(FeeRate(0, 0.0, 0.1),)))
    spot = replace(Series(flat_bars(FLAT, symbol="C")), funding=rates)
    market = assemble(legs_of(PLAIN, [a, b, spot]))
    assert market.spec.fund_first.tolist() == [0, 2, 3]
    assert market.spec.fund_last.tolist() == [2, 3, 3], "spot pays no funding"
    assert market.spec.depth_last.tolist() == [2, 2, 2]
    assert (market.spec.fee_first.tolist(), market.spec.fee_last.tolist()) == ([0, 0, 1], [0, 1, 1])


def funding_marks(series: Series, times: list[int]) -> list[tuple[int, float]]:
    rows = np.array([(START_MS + at, 1e-4, np.nan) for at in times], FUNDING)
    rows["mark"][0] = 55.0
    funding = market_of(series=replace(series, funding=rows)).funding
    return [(int(row["at_ms"]) - START_MS, float(row["mark"])) for row in funding]


def test_a_funding_takes_the_mark_that_was_known_at_its_time() -> None:
    """Stored mark, else mark candles, else the bars; never a close that was still to come."""
    closes = [100.0 + k for k in range(70)]
    bars = flat_bars(closes, missing=(10, 11, 12))
    plain = replace(series_of(), bars=bars)
    half = HOUR_MS // 2
    times = [HOUR_MS, 2 * HOUR_MS, 2 * HOUR_MS + half, 11 * HOUR_MS]
    opens = bars.open.tolist()
    assert funding_marks(plain, times) == [
        (HOUR_MS, 55.0),
        (2 * HOUR_MS, opens[2]),
        (2 * HOUR_MS + half, opens[2]),
        (11 * HOUR_MS, bars.close[9]),
    ]
    marks = replace(flat_bars([200.0] * 70), symbol="BTCUSDT.mark")
    assert [mark for _, mark in funding_marks(replace(plain, mark=marks), times)] == [
        55.0, 200.0, 200.0, 200.0,
    ]  # fmt: skip
    assert funding_marks(plain, [0, -HOUR_MS])[1:] == [], "no price was known before the first bar"


def test_marks_are_laid_on_the_rows_of_the_bars() -> None:
    """A bar without a mark candle takes its own prices; `has_mark` says that there are marks."""
    bars = flat_bars([100.0 + k for k in range(70)])
    marks = flat_bars([500.0 + k for k in range(60)], missing=(3,))
    one = replace(series_of(), bars=bars, mark=marks)
    market = market_of(series=one)
    assert market.spec[0].has_mark == 1
    for name in ("high", "low", "close"):
        own, theirs = getattr(bars, name), getattr(marks, name)
        found = getattr(market, f"mark_{name}")
        assert found[0] == theirs[0]
        assert found[3] == own[3], "a hole in the marks"
        assert found[4] == theirs[3]
        assert found[65] == own[65], "past the last mark"
    plain = market_of(series=replace(one, mark=None))
    assert plain.spec[0].has_mark == 0
    assert np.shares_memory(plain.mark_close, plain.close)


def test_finer_bars_belong_to_the_bar_that_holds_them() -> None:
    """A hole in the bars does not hand its finer bars to the bar before; nor do the ends."""
    bars = flat_bars([100.0] * 68, missing=(5, 6))
    quarter = HOUR_MS // 4
    fine = flat_bars(
        [100.0] * (4 * 72), timeframe="15m", start_ms=START_MS - HOUR_MS, missing=(4 + 8, 4 + 9)
    )
    other = flat_bars([100.0] * 70, symbol="ETHUSDT")
    rows = [replace(series_of(), bars=bars, fine=fine), Series(other)]
    market = assemble(legs_of(PLAIN, rows))
    counts = np.diff(market.fine_first)
    assert len(market.fine_first) == 68 + 70 + 1
    assert counts[:8].tolist() == [4, 4, 2, 4, 4, 4, 4, 4]
    assert counts[68:].sum() == 0, "the other symbol has none"
    kept = [
        ts for ts in fine.ts.tolist()
        if any(open_ms <= ts < open_ms + HOUR_MS for open_ms in bars.ts.tolist())
    ]  # fmt: skip
    assert market.fine.shape == (5, len(kept))
    assert int(bars.ts[5]) == START_MS + 7 * HOUR_MS
    assert quarter * 4 == HOUR_MS


def test_the_daily_volatility_is_that_of_the_last_twenty_returns() -> None:
    rng = np.random.default_rng(5)
    closes = (100.0 * np.exp(np.cumsum(rng.normal(0, 0.01, 70)))).tolist()
    sigma = daily_sigma(flat_bars(closes, timeframe="4h"))
    returns = np.diff(np.log(closes))
    for row in (20, 41, 69):
        expected = np.std(returns[row - 20 : row], ddof=1) * np.sqrt(6.0)
        assert sigma[row] == pytest.approx(expected, rel=1e-9)


def market_in_hours(days: int) -> Bars:
    """Return a driftless market of hours near 100 that trades some 50,000 quote units an hour."""
    rng = np.random.default_rng(11)
    rows = days * 24
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.002, rows)))
    opened = np.concatenate(([100.0], close[:-1]))
    volume = 500.0 * rng.lognormal(0.0, 0.3, rows)
    columns = {"open": opened, "close": close, "volume": volume}
    columns |= {"high": np.maximum(opened, close), "low": np.minimum(opened, close)}
    ts = START_MS + HOUR_MS * np.arange(rows, dtype=np.int64)
    return Bars.of("TESTX", "BTCUSDT", Timeframe.parse("1h"), ts, columns)


def mean_impact(bars: Bars) -> float:
    """Return the slippage of many market orders of 1,000 units, as a share of their value."""
    a_day = DAY_MS // bars.timeframe.ms
    days = range(25, len(bars) // a_day - 1)
    orders = {day * a_day - 1: "lL"[day % 2] for day in days}
    settings = Settings(
        engine=EngineSettings(initial_cash=1e9),
        risk=RiskSettings(enforce=False),
        costs=CostSettings(taker=0.0, slip_fraction=0.0, slip_impact=0.8, participation=0.0),
    )
    strategy = scripted(
        {"BTCUSDT": orders}, stop=no_stop(), trail=no_trail(), size=fixed_qty(1_000)
    )
    account = backtest(strategy, [Series(bars)], settings=settings).run.account
    assert account.fills == len(days)
    return float(account.slippage / account.turnover)


def test_impact_is_that_of_the_market_and_not_of_the_length_of_its_bars() -> None:
    """R-COST-10: sigma and volume are of one horizon, so hours and days agree within sampling.

    A daily sigma over the volume of a bar would cost sqrt(24) = 4.9 times as much on hours.
    """
    hours = market_in_hours(600)
    days, _ = resample(hours, Timeframe.parse("1d"))
    by_hour, by_day = mean_impact(hours), mean_impact(days)
    # 0.8 x (0.2 % x sqrt 24 a day) x sqrt(100,000 of 24 x 52,300) = 0.22 %
    assert by_day == pytest.approx(0.0022, rel=0.1)
    assert by_hour == pytest.approx(by_day, rel=0.1)


def test_no_stop_and_risk_sizing_do_not_go_together() -> None:
    """The strategy's own size overrides the mode of the settings."""
    base = scripted({"BTCUSDT": {60: "L"}}, stop=no_stop(), size=fixed_qty(1.0))
    settings = Settings(sizing=SizingSettings(mode="fixed_notional"))
    row = assemble(legs_of(base, [series_of()], settings=settings)).plan[0]
    assert (row.size_mode, row.size_value, row.stop_kind) == (Size.FIXED_QTY, 1.0, Level.NONE)
