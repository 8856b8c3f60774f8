"""Days on which markets broke: what stops, takes, limits and liquidations do there, to the tick.

Each fill is worked out by hand from the recorded bars; the bars are quoted beside the numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.data import needs_data
from tests.fakes.market import filled
from tests.fakes.real import between, market_of, ms, read

from ballast.core.records import Intrabar, Level, Signal
from ballast.kernel.run import simulate

pytestmark = needs_data

CASH = 100_000.0
LONG, SHORT = int(Signal.ENTER_LONG), int(Signal.ENTER_SHORT)
CENT = {"perpetual": 1, "tick_den": 100}
ONE_PERCENT_TIER = [(0.0, 1e12, 125.0, 0.01, 0.0)]


def percent_stop(share: float, **more: Any) -> dict[str, Any]:
    return {"stop_kind": Level.PERCENT, "stop_value": share, **more}


def run_at(
    candles: str, moment: str, side: int, plan: dict[str, Any], spec: dict[str, Any], *,
    hours: int = 3, mark: str = "", **more: Any,
) -> list[tuple[str, str, float]]:  # fmt: skip
    """Decide at the close of the bar that opened at `moment`; return (time, reason, price)."""
    last = np.datetime_as_string(np.datetime64(moment) + np.timedelta64(hours, "h"))
    bars = between(read(f"candles/{candles}.parquet"), moment, last)
    marks = between(read(f"perp/{mark}.parquet"), moment, last) if mark else None
    market = market_of(bars, {0: side}, plan=plan, spec=spec, mark=marks, **more)
    rows = filled(simulate(market, CASH))
    return [
        (str(np.datetime64(int(market.ts[bar]), "ms"))[11:16], reason, price)
        for bar, reason, price, _ in rows
    ]


# LINK/USDT 2020-03-12: 09:00 3.1745 3.1966 3.0600 3.0647; 10:00 3.0634 3.0765 0.0001 2.4693.
LINK = "BINANCE-LINKUSDT-1h"
LINK_TICK = {"tick_den": 10_000}
LINK_ATR = np.full(6, 0.1269)  # Wilder's ATR(14) at the close of 08:00, four digits


def test_link_a_stop_fills_at_its_level_not_at_the_print_of_0_0001() -> None:
    """In at 3.1745; 3 x 0.1269 away: 2.7938. The bar opens above it: that is the price."""
    plan = {"stop_kind": Level.ATR, "stop_value": 3.0}
    rows = run_at(LINK, "2020-03-12T08:00", LONG, plan, LINK_TICK, hours=5, atr=LINK_ATR)
    assert rows == [("09:00", "ENTRY", 3.1745), ("10:00", "STOP", 2.7938)]


def test_link_a_stressed_stop_pays_its_multiple_of_slippage() -> None:
    """0.1 % in, 5 x 0.1 % out: 3.1745 x 1.001 = 3.1777; stop 2.7970; x 0.995 = 2.78301."""
    plan = {"stop_kind": Level.ATR, "stop_value": 3.0}
    spec = LINK_TICK | {"slip_fraction": 0.001, "slip_stop_multiple": 5.0}
    rows = run_at(LINK, "2020-03-12T08:00", LONG, plan, spec, hours=5, atr=LINK_ATR)
    assert rows == [("09:00", "ENTRY", 3.1777), ("10:00", "STOP", 2.7830)]


def test_link_a_take_of_a_short_fills_at_its_level() -> None:
    """Ten percent under 3.1745 is 2.85705: 2.8570, as maker. Nobody sold us 0.0001."""
    plan = {
        "take_count": 1,
        "take_kind": [Level.PERCENT],
        "take_value": [0.1],
        "take_fraction": [1.0],
    }
    spec = LINK_TICK | {"perpetual": 1}
    rows = run_at(LINK, "2020-03-12T08:00", SHORT, plan, spec, hours=5)
    assert rows[1] == ("10:00", "TAKE_1", 2.857)


def test_link_a_resting_limit_buys_at_its_price_and_meets_the_bad_end() -> None:
    """Four ATR under the close of 3.1719: 2.6643. A stop 5 % under it goes in the same bar."""
    plan = {"entry_limit_atr": 4.0, "entry_ttl_bars": 3}
    rows = run_at(LINK, "2020-03-12T08:00", LONG, plan, LINK_TICK, hours=5, atr=LINK_ATR)
    assert rows == [("10:00", "ENTRY", 2.6643)]
    plan |= percent_stop(0.05)
    rows = run_at(LINK, "2020-03-12T08:00", LONG, plan, LINK_TICK, hours=5, atr=LINK_ATR)
    assert rows == [("10:00", "ENTRY", 2.6643), ("10:00", "STOP", 2.5311)]


# ETH perpetual 2020-03-13 02:00: 95.73 323.00 84.23 110.80, mark up to 119.47.
ETH, ETH_MARK = "BINANCEUSDM-ETHUSDT-1h", "BINANCEUSDM-ETHUSDT-mark-1h"


def test_eth_a_short_stop_fills_at_its_level_in_a_bar_that_reaches_323() -> None:
    """30 % over 95.73 is 124.449: 124.44, rounded towards the entry."""
    rows = run_at(ETH, "2020-03-13T01:00", SHORT, percent_stop(0.3), CENT, mark=ETH_MARK)
    assert rows == [("02:00", "ENTRY", 95.73), ("02:00", "STOP", 124.44)]


def test_eth_a_stop_on_the_mark_is_not_reached_by_the_spike() -> None:
    """In the bars after it the mark goes to 137.71: there it is."""
    plan = percent_stop(0.3, trigger_mark=1)
    rows = run_at(ETH, "2020-03-13T01:00", SHORT, plan, CENT, hours=1, mark=ETH_MARK)
    assert rows == [("02:00", "ENTRY", 95.73)]
    rows = run_at(ETH, "2020-03-13T01:00", SHORT, plan, CENT, mark=ETH_MARK)
    assert rows[1] == ("03:00", "STOP", 124.44)


@pytest.mark.parametrize(
    ("leverage", "exits"),
    [
        # 95.73 x 1.2 / 1.01 = 113.74 < 119.47; bankruptcy 114.876
        (5.0, [("02:00", "LIQUIDATION", 114.88)]),
        # 95.73 x 4/3 / 1.01 = 126.38: over the mark's 119.47, though the last price was 323
        (3.0, []),
    ],
)
def test_eth_liquidation_of_a_short_goes_by_the_mark(leverage: float, exits: list[Any]) -> None:
    rows = run_at(
        ETH, "2020-03-13T01:00", SHORT, {"leverage": leverage}, CENT, hours=1, mark=ETH_MARK,
        tiers=ONE_PERCENT_TIER,
    )  # fmt: skip
    assert rows[1:] == exits


@pytest.mark.parametrize(
    ("leverage", "row"),
    [
        # 23:00: last down to 95.00, mark to 101.66. 127.41 x 0.8 / 0.99 = 102.96: gone
        (5.0, ("23:00", "LIQUIDATION", 101.92)),
        # 127.41 x 0.75 / 0.99 = 96.52: two hours later, when the mark falls to 96.20
        (4.0, ("01:00", "LIQUIDATION", 95.55)),
    ],
)
def test_eth_liquidation_of_a_long_in_the_crash(leverage: float, row: Any) -> None:
    rows = run_at(
        ETH, "2020-03-12T22:00", LONG, {"leverage": leverage}, CENT, hours=5, mark=ETH_MARK,
        tiers=ONE_PERCENT_TIER,
    )  # fmt: skip
    assert rows == [("23:00", "ENTRY", 127.41), row]


def test_sol_2021_05_19_the_stop_fills_on_the_way_down_to_26_5() -> None:
    """11:00 opens at 46.968; 30 % under it 32.8776: 32.878. 12:00: 43.943 44.502 26.500 35.490."""
    spec = {"tick_den": 1000}
    rows = run_at("BINANCE-SOLUSDT-1h", "2021-05-19T10:00", LONG, percent_stop(0.3), spec)
    assert rows == [("11:00", "ENTRY", 46.968), ("12:00", "STOP", 32.878)]


def test_btc_2021_05_19_finer_bars_tell_which_end_came_first() -> None:
    """13:00: 35,234.62 38,000 30,000 35,863.06. Take at + 2 %: 35,939.32; stop at - 14.5 %: 30,125.61.

    The first five minutes reach 36,013.20 and only 32,500; the low of 30,100 comes after them.
    """  # noqa: E501
    plan = percent_stop(
        0.145, take_count=1, take_kind=[Level.PERCENT], take_value=[0.02], take_fraction=[1.0]
    )
    fine = between(
        read("candles/BINANCE-BTCUSDT-5m.parquet"), "2021-05-19T12:00", "2021-05-19T15:55"
    )
    for intrabar, exit_ in (
        (Intrabar.PESSIMISTIC, ("13:00", "STOP", 30_125.61)),
        (Intrabar.DETAIL, ("13:00", "TAKE_1", 35_939.32)),
    ):
        rows = run_at(
            "BINANCE-BTCUSDT-1h", "2021-05-19T12:00", LONG, plan | {"intrabar": intrabar}, {},
            fine=fine,
        )  # fmt: skip
        assert rows == [("13:00", "ENTRY", 35_234.62), exit_]


# BTC perpetual 2021-07-26 01:00: 36,736.40 48,168.60 36,658.09 38,321.08, mark up to 39,744.81.
BTC, BTC_MARK = "BINANCEUSDM-BTCUSDT-1h", "BINANCEUSDM-BTCUSDT-mark-1h"


@pytest.mark.parametrize(("trigger_mark", "exits"), [(0, [("01:00", "STOP", 40_042.67)]), (1, [])])
def test_btc_2021_07_26_last_and_mark_disagree_about_a_stop(
    trigger_mark: int, exits: list[Any]
) -> None:
    """9 % over 36,736.40 is 40,042.676. The last price went there, the mark did not."""
    plan = percent_stop(0.09, trigger_mark=trigger_mark)
    rows = run_at(BTC, "2021-07-26T00:00", SHORT, plan, CENT, mark=BTC_MARK)
    assert rows == [("01:00", "ENTRY", 36_736.40), *exits]


@pytest.mark.parametrize(
    ("leverage", "exits"),
    [
        (10.0, []),  # 36,736.40 x 1.1 / 1.004 = 40,249.04: never, by the mark
        (13.0, [("01:00", "LIQUIDATION", 39_562.28)]),  # 39,562.28 / 1.004 = 39,404.66: reached
    ],
)
def test_btc_2021_07_26_a_last_price_of_48_168_does_not_liquidate(
    leverage: float, exits: list[Any]
) -> None:
    rows = run_at(
        BTC, "2021-07-26T00:00", SHORT, {"leverage": leverage}, CENT, mark=BTC_MARK,
        tiers=[(0.0, 1e12, 125.0, 0.004, 0.0)],
    )  # fmt: skip
    assert rows[1:] == exits


def test_ada_2025_10_10_stop_and_take_in_the_bar_that_halves_the_price() -> None:
    """21:00: 0.7177 0.7279 0.2737 0.6199. 10 % under the open: 0.64593 -> 0.6460.

    With a stop slippage of 50 x 0.1 %, in at 0.7185, stop 0.6467: x 0.95 = 0.614365.
    The perpetual (0.7172, low 0.2743) fills a short's take of 50 % at 0.3586.
    """
    tick = {"tick_den": 10_000}
    spot = ("BINANCE-ADAUSDT-1h", "2025-10-10T20:00", LONG, percent_stop(0.1))
    assert run_at(*spot, tick)[1] == ("21:00", "STOP", 0.646)
    stressed = tick | {"slip_fraction": 0.001, "slip_stop_multiple": 50.0}
    assert run_at(*spot, stressed)[1] == ("21:00", "STOP", 0.6143)
    take = {
        "take_count": 1,
        "take_kind": [Level.PERCENT],
        "take_value": [0.5],
        "take_fraction": [1.0],
    }
    rows = run_at(
        "BINANCEUSDM-ADAUSDT-1h", "2025-10-10T20:00", SHORT, take, tick | {"perpetual": 1}
    )
    assert rows == [("21:00", "ENTRY", 0.7172), ("21:00", "TAKE_1", 0.3586)]


def test_sol_2025_10_10_five_minutes_at_a_time() -> None:
    """In at 197.99 (21:05); 25 % under it 148.4925: 148.50; 21:15: 185.16 185.67 143.00 148.52."""
    rows = run_at(
        "BINANCEUSDM-SOLUSDT-5m", "2025-10-10T21:00", LONG, percent_stop(0.25), CENT, hours=1
    )
    assert rows == [("21:05", "ENTRY", 197.99), ("21:15", "STOP", 148.5)]


@pytest.mark.parametrize(
    ("leverage", "exits"),
    [
        # 196.85 x 0.75 / 0.99 = 149.13; the mark fell to 143.83
        (4.0, [("21:00", "LIQUIDATION", 147.63)]),
        # 196.85 x 2/3 / 0.99 = 132.56: survives, and is marked at 190.90
        (3.0, []),
    ],
)
def test_sol_2025_10_10_liquidation(leverage: float, exits: list[Any]) -> None:
    rows = run_at(
        "BINANCEUSDM-SOLUSDT-1h", "2025-10-10T20:00", LONG, {"leverage": leverage}, CENT,
        mark="BINANCEUSDM-SOLUSDT-mark-1h", tiers=ONE_PERCENT_TIER,
    )  # fmt: skip
    assert rows == [("21:00", "ENTRY", 196.85), *exits]


def test_quoted_bars_are_those_of_the_files() -> None:
    """The numbers above are only as good as the bars they quote."""
    for name, moment, expected in (
        (LINK, "2020-03-12T10:00", (3.0634, 3.0765, 0.0001, 2.4693)),
        (ETH, "2020-03-13T02:00", (95.73, 323.0, 84.23, 110.8)),
        (BTC, "2021-07-26T01:00", (36_736.40, 48_168.60, 36_658.09, 38_321.08)),
        ("BINANCE-ADAUSDT-1h", "2025-10-10T21:00", (0.7177, 0.7279, 0.2737, 0.6199)),
    ):
        bars = read(f"candles/{name}.parquet")
        k = int(np.searchsorted(bars["ts"], ms(moment)))
        assert tuple(bars[c][k] for c in ("open", "high", "low", "close")) == expected
