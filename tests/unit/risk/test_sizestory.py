"""What a size was made of, as people read it (R-SIZE-22)."""

from __future__ import annotations

import math
from typing import Any

import pytest
from tests.fakes.market import one_symbol

from ballast.core.reasons import Refusal
from ballast.core.records import Size
from ballast.core.sized import SIZED
from ballast.kernel.live import Live
from ballast.kernel.run import simulate
from ballast.risk.sizestory import CAPS, FACTORS, line_of, scaled, story_of

FLAT = "100 100 100 100"
HALF = {"size_mode": int(Size.FIXED_NOTIONAL), "size_value": 0.5}


def of_run(limits: dict[str, Any]) -> dict[str, float]:
    """Return the one row of an entry at 100 with 10,000 quote units, half of them wanted."""
    run = simulate(one_symbol([f"{FLAT} L", FLAT, FLAT], plan=HALF, limits=limits), 10_000.0)
    (row,) = run.sized
    return {name: float(row[name]) for name in SIZED.names or ()}


@pytest.mark.parametrize(
    ("limits", "line", "lots"),
    [
        ({}, "50 = 50000 lots", 50_000),
        ({"position_cap": 0.1}, "50 cut to 10 by position_cap = 10000 lots", 10_000),
        ({"scale_atr": 1.0, "position_cap": 0.6}, "50 x 0.99 ATR = 49504 lots", 49_504),
    ],
)
def test_a_size_is_told_by_what_changed_it(limits: dict[str, Any], line: str, lots: int) -> None:
    """R-SIZE-22: factors of 1 and caps that did not cut are left out of the line."""
    row = of_run(limits)
    assert line_of(row) == line
    assert row["lots"] == lots


def test_a_row_holds_inputs_factors_and_caps_and_what_followed() -> None:
    """R-SIZE-22: all of them, an accepted entry's too; a cap that is off is None."""
    row = of_run({"position_cap": 0.1, "leverage": 0.7})
    told = story_of(row)
    assert told["equity"] == 10_000.0
    assert told["cluster_risk"] is None
    assert (told["wanted"], told["scaled"]) == (50.0, 50.0)
    assert (told["cap_position"], told["cap_leverage"], told["cap_total_risk"]) == (
        10.0,
        70.0,
        None,
    )
    assert (told["cap"], told["reason"]) == ("position_cap", None)
    assert {*FACTORS, *CAPS} < set(told)


def test_what_is_refused_by_its_size_keeps_its_row() -> None:
    row = of_run({"position_cap": 1e-9})
    assert (Refusal(int(row["reason"])), row["lots"]) == (Refusal.POSITION_CAP, 0.0)
    assert story_of(row)["reason"] == "position_cap"


def test_factors_multiply() -> None:
    row = dict.fromkeys(FACTORS, 1.0) | {"wanted": 8.0, "by_atr": 0.5, "by_streak": 0.25}
    assert scaled(row) == 1.0
    assert line_of(row | {"cap": 0.0, "thin": 0.5, "lots": 1.0}) == (
        "8 x 0.5 ATR x 0.25 losses in a row (caps x 0.5: a thin market) = 1 lots"
    )


def test_a_session_tells_the_finite_numbers_of_its_last_close() -> None:
    market = one_symbol([f"{FLAT} L", FLAT], plan=HALF, limits={"position_cap": 0.1})
    live = Live(market, 10_000.0, 0, room=10)
    live.append(0, 0, (100.0, 100.0, 100.0, 100.0, 5.0), ())
    live.close(60_000, {0: {"signals": 1, "atr": 1.0}})
    row = live.sized_of(0)
    assert row is not None
    assert (row["cap_position"], row["lots"]) == (10.0, 10_000.0)
    assert all(math.isfinite(value) for value in row.values())
    assert "cap_total_risk" not in row
    live.append(0, 60_000, (100.0, 100.0, 100.0, 100.0, 5.0), ())
    live.close(120_000, {0: {"signals": 0, "atr": 1.0}})
    assert live.sized_of(0) is None
