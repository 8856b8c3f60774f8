"""Sizing asks for correlations only where they can matter; leaving them out must change nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import EXAMPLES

from ballast.core.jit import jit
from ballast.core.records import ACCOUNT, LIMITS, PLAN, SPEC, Size
from ballast.risk import sizing
from ballast.risk.sizing import Snapshot

EQUITY = 10_000.0


@jit
def size(acct: Any, spec: Any, plan: Any, lim: Any, x: Snapshot) -> tuple[int, int, float, float]:
    """A door for Python: the rules themselves are only ever called by compiled code."""
    return sizing.size(acct, spec, plan, lim, x)


@jit
def cluster_can_bind(acct: Any, plan: Any, lim: Any, x: Snapshot) -> bool:
    return sizing.cluster_can_bind(acct, plan, lim, x)


def row_of(dtype: np.dtype[np.void], **values: float) -> Any:
    rows = np.zeros(1, dtype).view(np.recarray)
    for name, value in values.items():
        rows[name] = value
    return rows[0]


def snapshot(away: float, open_risk: float, together: float) -> Snapshot:
    return Snapshot(
        close=100.0, atr=1.0, away=away, confidence=1.0, floor=0.0, z=0.0, sigma=0.0,
        quote_volume=0.0, free=EQUITY, slip=0.0, fee=0.001, open_risk=open_risk,
        cluster_risk=together, gross=0.0, equity_weak=0,
    )  # fmt: skip


@settings(max_examples=4 * EXAMPLES)
@given(
    risk=st.sampled_from((0.001, 0.01, 0.02, 0.05)),
    cap=st.sampled_from((0.005, 0.02, 0.03)),
    total=st.sampled_from((0.0, 0.03, 0.06)),
    away=st.floats(0.0, 20.0),
    open_risk=st.floats(0.0, 400.0),
    share=st.floats(0.0, 1.0),
)
def test_where_correlations_cannot_matter_the_size_is_the_same_without_them(
    risk: float, cap: float, total: float, away: float, open_risk: float, share: float
) -> None:
    acct = row_of(ACCOUNT, equity=EQUITY, peak=EQUITY, cash=EQUITY)
    plan = row_of(PLAN, size_mode=int(Size.RISK), size_value=risk, leverage=1.0)
    lim = row_of(LIMITS, cluster_risk=cap, total_risk=total)
    spec = row_of(SPEC, lot_num=1.0, lot_den=1000.0, min_lots=1)
    without = size(acct, spec, plan, lim, snapshot(away, open_risk, -1.0))
    together = open_risk * share
    if without[1] == 0 and not cluster_can_bind(acct, plan, lim, snapshot(away, open_risk, -1.0)):
        assert size(acct, spec, plan, lim, snapshot(away, open_risk, together)) == without


def test_a_cap_that_cuts_is_never_ruled_out() -> None:
    acct = row_of(ACCOUNT, equity=EQUITY, peak=EQUITY, cash=EQUITY)
    plan = row_of(PLAN, size_mode=int(Size.RISK), size_value=0.02, leverage=1.0)
    lim = row_of(LIMITS, cluster_risk=0.02)
    spec = row_of(SPEC, lot_num=1.0, lot_den=1000.0, min_lots=1)
    all_together = snapshot(5.0, 50.0, 50.0)
    assert cluster_can_bind(acct, plan, lim, all_together)
    cut = size(acct, spec, plan, lim, all_together)[0]
    assert cut < size(acct, spec, plan, lim, snapshot(5.0, 50.0, -1.0))[0]
