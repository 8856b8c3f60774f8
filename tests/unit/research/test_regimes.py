"""Results by regime: what belongs to which, what adds up, and a planted edge (R-WF-11)."""

from __future__ import annotations

import numpy as np
import pytest
from tests.fakes.regimes import planted
from tests.fakes.results import Deal, busy_result, make_result, steps, walk

from ballast.core.bars import SEGMENT_END
from ballast.core.errors import InternalError, StrategyError
from ballast.core.time import DAY_MS
from ballast.features.regime.labels import Regime
from ballast.research.metrics import summary
from ballast.research.regimes import (
    DETECTOR,
    SHORT_DETECTOR,
    RegimeRow,
    RegimeTable,
    by_regime,
    default_detector,
    elected,
    labels_of,
    regime_table,
    regimes_of_steps,
)
from ballast.research.run import backtest
from ballast.research.series import Series
from ballast.strategies import close, strategy

T, R, V, U = (int(one) for one in (Regime.TREND, Regime.RANGE, Regime.VOLATILE, Regime.UNKNOWN))


def rows_of(table: RegimeTable) -> dict[str, RegimeRow]:
    return {row.regime: row for row in table.rows}


#      day      0    1    2    3    4    5    6    7
CLOSES = [100, 100, 110, 121, 121, 100, 100, 90]
LABELS = [U, T, T, R, R, R, V, V]
# Bought at the open of day 1 (decided on day 0) and sold at the open of day 4: +21 on 100.
# Bought at the open of day 5 (decided on day 4) and sold at the open of day 7: -21 on 121.


def by_hand() -> RegimeTable:
    deals = [Deal(1, 4), Deal(5, 7)]
    result = make_result(deals, [steps(CLOSES)], cash=1000.0, fee=0.0, slippage=0.0)
    return by_regime(result, [np.array(LABELS, np.int8)], "by hand")


def test_a_trade_belongs_to_the_regime_of_its_decision() -> None:
    """The first was decided on day 0, unknown; the second on day 4, in a range."""
    found = rows_of(by_hand())
    counts = {name: (row.trades, row.net) for name, row in found.items()}
    assert counts == {
        "trend": (0, 0.0),
        "range": (1, pytest.approx(-21.0)),
        "volatile": (0, 0.0),
        "unknown": (1, pytest.approx(21.0)),
    }
    assert found["range"].win_rate == 0.0
    assert found["range"].expectancy == pytest.approx(-21.0)
    assert found["trend"].expectancy is None


def test_a_return_belongs_to_the_regime_known_before_it() -> None:
    """Days 2 and 3 earn 10 and 11 after closes in a trend; day 5 loses 21 after one in a range."""
    found = rows_of(by_hand())
    assert found["trend"].contribution == pytest.approx(0.021)
    assert found["range"].contribution == pytest.approx(-0.021)
    assert found["volatile"].contribution == pytest.approx(0.0)
    assert (found["unknown"].bars, found["trend"].bars, found["range"].bars) == (2, 2, 3)
    assert found["range"].share == pytest.approx(3 / 8)
    assert found["range"].max_drawdown == pytest.approx(-21 / 1021)
    assert found["trend"].max_drawdown == 0.0
    assert by_hand().changes == 2


def test_contributions_add_up_to_the_total_return() -> None:
    """Also with two symbols on one clock, still open positions, and labels of all kinds."""
    result = busy_result()
    rng = np.random.default_rng(3)
    labels = [rng.integers(-1, 3, len(bars)).astype(np.int8) for bars in result.bars]
    table = by_regime(result, labels)
    whole = summary(result)
    assert sum(row.contribution for row in table.rows) == pytest.approx(whole.returns.total)
    assert sum(row.trades for row in table.rows) == whole.trades.count
    assert sum(row.net for row in table.rows) == pytest.approx(whole.trades.net)
    assert sum(row.share for row in table.rows) == pytest.approx(1.0)
    assert sum(row.days for row in table.rows) == whole.account.days


def test_one_regime_all_the_time_is_the_whole_result() -> None:
    """Then the row is the summary: Sharpe, drawdown and trades (but for the first, unknown bar)."""
    result = busy_result(symbols=1)
    labels = [np.zeros(len(result.bars[0]), np.int8)]
    row = rows_of(by_regime(result, labels))["range"]
    whole = summary(result)
    assert row.sharpe == pytest.approx(whole.returns.sharpe)
    assert row.max_drawdown == pytest.approx(whole.drawdown.max)
    assert row.win_rate == pytest.approx(whole.trades.win_rate)
    assert row.bars == len(result.run.clock_ms) - 1


def test_most_symbols_decide_and_the_stricter_regime_wins_a_tie() -> None:
    votes = np.array([[1, 2, 0, 5], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 3], [1, 1, 1, 0]])
    assert elected(votes).tolist() == [T, R, V, U, V]


def test_a_symbol_counts_from_its_first_close_on() -> None:
    """The second one is listed a day later, and is unknown until it has closed a bar."""
    first, late = walk(48), walk(24, symbol="LATEUSDT", start_ms=1_672_531_200_000 + DAY_MS)
    labels = [np.full(48, R, np.int8), np.full(24, V, np.int8)]
    clock = first.ts + first.timeframe.ms
    found = regimes_of_steps((first, late), labels, clock)
    assert found.tolist() == [U] + [R] * 24 + [V] * 23


def test_an_edge_that_was_planted_in_trends_is_found_there() -> None:
    """Momentum on a market with known regimes earns in its trends and nowhere else."""
    prices, truth = planted(41, 8000)
    bars = steps(prices.tolist(), timeframe="1h")
    idea = strategy(
        "follow",
        enter_long=close > close.shift(24) * 1.03,
        exit_long=close < close.shift(24),
        enter_short=close < close.shift(24) * 0.97,
        exit_short=close > close.shift(24),
    )
    result = backtest(idea, [Series(bars)])
    known = rows_of(by_regime(result, [truth]))
    assert known["trend"].contribution > 0.0
    assert known["trend"].sharpe is not None
    assert known["range"].sharpe is None or known["trend"].sharpe > known["range"].sharpe
    found = regime_table(result, "regime_hmm()")
    assert found.known_share == pytest.approx(1 - 2217 / 8000)


def test_the_detector_is_a_formula() -> None:
    result = make_result([Deal(30, 40)])
    assert regime_table(result).detector == SHORT_DETECTOR
    again = regime_table(result, "regime_clusters(24, 100).shift(1)")
    assert again.rows[-1].regime == "unknown"
    assert default_detector((walk(4000), walk(5000))) == DETECTOR
    assert default_detector((walk(4000), walk(100))) == SHORT_DETECTOR


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("close", "'close' is not a regime"),
        ("regime_hm()", "did you mean 'regime_hmm'"),
        ("regime(p.level)", "unknown parameter"),
        ("regime_hmm().is_trending()", "is not a regime"),
    ],
)
def test_what_is_no_detector_is_said(formula: str, words: str) -> None:
    with pytest.raises(StrategyError) as caught:
        regime_table(make_result([Deal(30, 40)]), formula)
    assert words in caught.value.line()


def test_labels_of_other_bars_are_refused() -> None:
    with pytest.raises(InternalError, match="other bars"):
        by_regime(make_result([Deal(30, 40)]), [np.zeros(3, np.int8)])


def test_segments_are_labelled_one_by_one() -> None:
    """After a gap a detector starts anew, as it does in a run."""
    bars = walk(400)
    flags = np.zeros(400, np.uint8)
    flags[199] = SEGMENT_END
    split = type(bars).of(
        bars.venue, bars.symbol, bars.timeframe, bars.ts,
        {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}, flags,
    )  # fmt: skip
    codes = labels_of((split,), "regime_clusters(8, 40)")[0]
    assert (codes[:48] == U).all()
    assert (codes[48:200] != U).all()
    assert (codes[200:248] == U).all()
    assert (codes[248:] != U).all()


def test_a_result_without_trades_earned_nothing_anywhere() -> None:
    """Nothing is divided by nothing."""
    table = regime_table(make_result([]))
    assert sum(row.trades for row in table.rows) == 0
    assert all(row.contribution == 0.0 for row in table.rows)
