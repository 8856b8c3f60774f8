"""Whatever style is asked for: a market that could be."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ballast.research.synthetic import Style, synthetic_market

styles = st.builds(
    Style,
    correlation=st.floats(0.0, 0.99),
    tail=st.floats(2.5, 50.0),
    clustering=st.floats(0.0, 1.5),
    memory_days=st.floats(0.01, 50.0),
    trend=st.floats(0.0, 0.2),
    gaps=st.integers(0, 20),
    gap_bars_max=st.integers(1, 30),
    wicks=st.integers(0, 30),
    zero_volume=st.floats(0.0, 0.9),
    perpetual=st.booleans(),
)


@settings(max_examples=60)
@given(
    st.integers(0, 2**40), styles, st.sampled_from(["1m", "1h", "1d", "1w"]), st.integers(1, 300)
)
def test_any_style_gives_consistent_candles(
    seed: int, style: Style, timeframe: str, count: int
) -> None:
    """OHLC consistent, prices positive, volume zero or positive, times strictly rising."""
    market = synthetic_market(seed, ["BTCUSDT", "QQQUSDT"], timeframe, count, style=style)
    assert len(market.regimes) == count
    for bars in (*market.bars, *market.marks):
        bars.check_shape()
        assert (bars.high >= np.maximum(bars.open, bars.close)).all()
        assert (bars.low <= np.minimum(bars.open, bars.close)).all()
        assert (bars.low > 0).all()
        assert (bars.volume >= 0).all()
        assert np.isfinite(bars.high).all()
        missing = np.diff(bars.ts) // bars.timeframe.ms - 1
        assert int((missing > 0).sum()) <= style.gaps
    for rows in market.funding:
        assert np.isfinite(rows["rate"]).all()
        assert (rows["mark"] > 0).all()
