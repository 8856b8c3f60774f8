"""Every limit does something: a small run in which tightening it changes fills or refusals.

Each row below is a market, a few orders and one limit. Everything else is off, costs are zero, so
what changes, changes because of that limit.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.fakes.runs import flat_bars, scripted

from ballast.core.errors import ConfigError
from ballast.core.instrument import Kind
from ballast.core.reasons import Refusal
from ballast.core.records import LIMITS
from ballast.core.settings import CostSettings, RiskSettings, Settings
from ballast.features.regime.labels import Regime
from ballast.research.assembly import limits_of
from ballast.research.floors import labels_of
from ballast.research.run import backtest
from ballast.research.series import Series
from ballast.strategies import (
    close,
    fixed_notional,
    fixed_qty,
    no_stop,
    no_trail,
    percent_stop,
    risk,
    take,
)

if TYPE_CHECKING:
    from ballast.research.result import Result

LEAD = 60  # bars before the story: the warm-up of ATR and the fewest bars of a run
HOUR, DAY = 3_600_000, 24 * 3_600_000
NAMES = LIMITS.names or ()
OFF: dict[str, Any] = dict.fromkeys(NAMES, 0) | {"leverage": 1.0}
FREE = CostSettings(maker=0.0, taker=0.0, slip_fraction=0.0, participation=0.0)


@dataclass(frozen=True)
class Story:
    """What happens after the lead: closes by symbol, orders by bar, and the limit's two values."""

    closes: dict[str, list[float]]
    orders: dict[str, dict[int, str]]
    tight: float
    loose: float = 0.0
    reason: Refusal | None = None  # None: the limit changes sizes or exits, it refuses nothing
    beside: dict[str, Any] = field(default_factory=dict)  # other limits the story needs
    trade: dict[str, Any] = field(default_factory=dict)
    costs: CostSettings = FREE
    confidence: float | None = None
    kind: Kind = Kind.SPOT
    tags: tuple[str, ...] = ()


def run(story: Story, limit: str, value: float) -> Result:
    rules = {"size": fixed_qty(50.0), "stop": no_stop(), "trail": no_trail()} | story.trade
    orders = {
        name: {LEAD + bar: letters for bar, letters in own.items()}
        for name, own in story.orders.items()
    }
    series = []
    for name, closes in story.closes.items():
        one = Series(flat_bars([100.0] * LEAD + closes, symbol=name))
        series.append(Series(one.bars, replace(one.rules, kind=story.kind, tags=story.tags)))
    limits = RiskSettings(hard_bounds=False, **(OFF | story.beside | {limit: value}))
    settings = Settings(risk=limits, costs=story.costs)
    return backtest(scripted(orders, sure=story.confidence, **rules), series, settings=settings)


FLAT = [100.0] * 30
DROP = [100.0, 100.0, 90.0, *[90.0] * 40]  # 5 % of equity with 50 units
LOSE_THEN_TRY = {"A": {0: "L", 3: "l", 6: "L"}}
TWO = {"A": FLAT, "B": FLAT}
BOTH = {"A": {0: "L"}, "B": {0: "L"}}
WAVE = [100.0 + 5.0 * np.sin(k) for k in range(30)]
STOP = {"stop": percent_stop(0.05)}
HUSH = [100.0] * 5 + [10.0] * 25  # a tenth of the price is a tenth of the quote volume

STORIES: dict[str, Story] = {
    "daily_loss": Story({"A": DROP}, LOSE_THEN_TRY, 0.03, reason=Refusal.DAILY_LOSS),
    "drawdown_kill": Story({"A": DROP}, LOSE_THEN_TRY, 0.03, reason=Refusal.KILL_SWITCH),
    "kill_closes": Story({"A": DROP}, {"A": {0: "L"}}, 1, beside={"drawdown_kill": 0.03}),
    "rolling_drawdown": Story(
        {"A": DROP}, LOSE_THEN_TRY, 0.03, reason=Refusal.ROLLING_DRAWDOWN,
        beside={"rolling_days": 30},
    ),
    "rolling_days": Story(
        {"A": DROP + [90.0] * 72}, {"A": {0: "L", 3: "l", 100: "L"}}, 30, loose=1,
        reason=Refusal.ROLLING_DRAWDOWN, beside={"rolling_drawdown": 0.03},
    ),
    "loss_streak": Story(
        {"A": DROP}, LOSE_THEN_TRY, 1, reason=Refusal.LOSS_STREAK,
        beside={"streak_cooldown_ms": DAY},
    ),
    "streak_cooldown_ms": Story(
        {"A": DROP}, LOSE_THEN_TRY, DAY, loose=HOUR, reason=Refusal.LOSS_STREAK,
        beside={"loss_streak": 1},
    ),
    "loss_cooldown_ms": Story(
        {"A": DROP}, LOSE_THEN_TRY, DAY, loose=HOUR, reason=Refusal.LOSS_COOLDOWN
    ),
    "entry_spacing_ms": Story(
        {"A": FLAT}, {"A": {0: "L", 2: "l", 4: "L"}}, DAY, loose=HOUR,
        reason=Refusal.ENTRY_SPACING,
    ),
    "entries_hour": Story(TWO, BOTH, 1, loose=2, reason=Refusal.HOURLY_CAP),
    "entries_day": Story(
        {"A": FLAT}, {"A": {0: "L", 2: "l", 8: "L"}}, 1, loose=2, reason=Refusal.DAILY_CAP
    ),
    "positions": Story(TWO, BOTH, 1, loose=2, reason=Refusal.MAX_POSITIONS),
    "confidence": Story(
        {"A": FLAT}, {"A": {0: "L"}}, 0.8, loose=0.6, reason=Refusal.CONFIDENCE,
        beside={"confidence_regimes": "off"}, confidence=0.7,
    ),
    "volatility_block": Story(
        {"A": FLAT}, {"A": {0: "L"}}, 99.0, loose=101.0, reason=Refusal.VOLATILITY,
        trade={"volatility": close},
    ),
    "reward_risk": Story(
        {"A": FLAT}, {"A": {0: "L"}}, 1.5, loose=0.3, reason=Refusal.REWARD_RISK,
        trade=STOP | {"takes": [take(0.02)]},
    ),
    "slippage": Story(
        {"A": FLAT}, {"A": {0: "L"}}, 0.001, loose=0.003, reason=Refusal.SLIPPAGE,
        costs=replace(FREE, slip_fraction=0.002),
    ),
    "position_cap": Story({"A": FLAT}, {"A": {0: "L"}}, 0.1, loose=0.4),
    "position_risk": Story({"A": FLAT}, {"A": {0: "L"}}, 0.01, loose=0.02, trade=STOP),
    "total_risk": Story(
        TWO, BOTH, 0.03, loose=0.06, trade=STOP | {"size": risk(0.02)},
    ),
    "cluster_risk": Story(
        {"A": WAVE, "B": WAVE}, {"A": {25: "L"}, "B": {25: "L"}}, 0.02, loose=0.04,
        reason=Refusal.CLUSTER_RISK, beside={"correlation": 0.7, "correlation_bars": 20},
        trade=STOP | {"size": risk(0.02)},
    ),
    "correlation": Story(
        {"A": WAVE, "B": [value + (k % 3) for k, value in enumerate(WAVE)]},
        {"A": {25: "L"}, "B": {25: "L"}}, 0.7, loose=0.999, reason=Refusal.CLUSTER_RISK,
        beside={"cluster_risk": 0.02, "correlation_bars": 20},
        trade=STOP | {"size": risk(0.02)},
    ),
    "correlation_bars": Story(
        {"A": WAVE + FLAT[:4] + WAVE, "B": [200.0 - v for v in WAVE] + FLAT[:4] + WAVE},
        {"A": {62: "L"}, "B": {62: "L"}}, 20, loose=60, reason=Refusal.CLUSTER_RISK,
        beside={"cluster_risk": 0.02, "correlation": 0.7},
        trade=STOP | {"size": risk(0.02)},
    ),
    "correlation_refuses": Story(
        {"A": WAVE, "B": WAVE}, {"A": {25: "L"}, "B": {25: "L"}}, 1, reason=Refusal.CORRELATION,
        beside={"correlation": 0.7, "correlation_bars": 20},
    ),
    "sector_share": Story(
        TWO, BOTH, 0.3, loose=0.5, reason=Refusal.SECTOR_SHARE, tags=("layer1",),
        trade={"size": fixed_qty(20.0)},
    ),
    "value_at_risk": Story(
        {"A": WAVE}, {"A": {25: "L"}}, 0.001, loose=1.0, reason=Refusal.VALUE_AT_RISK,
        beside={"value_at_risk_bars": 20},
    ),
    "value_at_risk_bars": Story(
        {"A": WAVE}, {"A": {25: "L"}}, 400, loose=20, reason=Refusal.VALUE_AT_RISK,
        beside={"value_at_risk": 0.3},
    ),
    "volume_share": Story({"A": FLAT}, {"A": {0: "L"}}, 1e-6, loose=1e-4),
    "liquidity_block": Story(
        {"A": HUSH}, {"A": {9: "L"}}, 0.5, loose=0.05, reason=Refusal.LIQUIDITY_COLLAPSE,
        beside={"liquidity_bars": 40},
    ),
    "liquidity_shrink": Story(
        {"A": HUSH}, {"A": {9: "L"}}, 0.5, beside={"liquidity_bars": 40, "position_cap": 0.05},
    ),
    "liquidity_bars": Story(
        {"A": HUSH}, {"A": {16: "L"}}, 60, loose=20, reason=Refusal.LIQUIDITY_COLLAPSE,
        beside={"liquidity_block": 0.5},
    ),
    "scale_drawdown": Story({"A": DROP}, LOSE_THEN_TRY, 1, beside={"drawdown_kill": 0.5}),
    "scale_streak": Story({"A": DROP}, LOSE_THEN_TRY, 0.5, loose=1.0),
    "scale_confidence": Story(
        {"A": FLAT}, {"A": {0: "L"}}, 1, beside={"confidence_regimes": "off"}, confidence=0.7
    ),
    "scale_atr": Story({"A": FLAT}, {"A": {0: "L"}}, 10.0),
    "scale_volatility": Story({"A": FLAT}, {"A": {0: "L"}}, 0.5, loose=1.0,
                              trade={"volatility": close}),
    "scale_equity_days": Story({"A": DROP}, LOSE_THEN_TRY, 2),
}  # fmt: skip


def outcome(result: Result) -> list[tuple[Any, ...]]:
    return [
        (row.symbol, row.side, row.bar, row.lots, row.price)
        for row in result.run.fills.view(np.recarray)
    ]


@pytest.mark.parametrize("limit", STORIES)
def test_every_limit_changes_what_is_done(limit: str) -> None:
    """R-CONF-07; a limit that is declared and never enforced protects nobody (OctoBot, Condor)."""
    story = STORIES[limit]
    loose, tight = run(story, limit, story.loose), run(story, limit, story.tight)
    assert outcome(loose) != outcome(tight)
    if story.reason is None:
        assert loose.run.refusals.tolist() == tight.run.refusals.tolist()
    else:
        assert loose.run.refusals[story.reason] == 0
        assert tight.run.refusals[story.reason] == 1
        assert len(outcome(tight)) < len(outcome(loose))


@pytest.mark.parametrize("limit", [name for name in STORIES if name != "kill_closes"])
def test_without_the_gate_no_limit_does_anything(limit: str) -> None:
    story = STORIES[limit]
    loose, tight = (
        run(replace(story, beside=story.beside | {"enforce": False}), limit, value)
        for value in (story.loose, story.tight)
    )
    assert outcome(loose) == outcome(tight)
    assert int(tight.run.refusals.sum()) == 0
    assert "safety gate was off" in " ".join(tight.notes)


def test_no_limit_is_without_its_story() -> None:
    """`leverage` is held against the plan before the run; see below."""
    assert set(STORIES) == set(NAMES) - {"leverage"}


def test_leverage_above_the_limit_is_refused_before_the_run() -> None:
    story = Story(
        {"A": FLAT}, {"A": {0: "L"}}, 3.0, loose=5.0, kind=Kind.PERPETUAL,
        trade={"leverage": 4.0, "size": fixed_notional(3.0)},
    )  # fmt: skip
    assert len(outcome(run(story, "leverage", 5.0))) == 1
    with pytest.raises(ConfigError, match=r"leverage 4; expected at most risk.leverage = 3"):
        run(story, "leverage", 3.0)
    assert len(outcome(run(story, "leverage", 0.0))) == 1, "0 switches it off, as any limit"


def test_the_leverage_limit_also_bounds_all_positions_together() -> None:
    """Cross margin on an open loss: cash would allow more than the limit does."""
    closes = {"A": [*DROP[:5]], "B": [100.0] * 5}
    story = Story(
        closes, {"A": {0: "L"}, "B": {3: "L"}}, 3.0, kind=Kind.PERPETUAL,
        trade={"leverage": 3.0, "size": fixed_qty(200.0), "margin": "isolated"},
    )  # fmt: skip
    loose, tight = run(story, "leverage", 5.0), run(story, "leverage", 3.0)
    assert outcome(tight)[-1][3] < outcome(loose)[-1][3]


@pytest.mark.parametrize(
    ("detector", "sure", "refused"),
    [("regime", 0.74, 1), ("regime", 0.75, 0), ("regime_clusters", 0.74, 1), ("off", 0.74, 0)],
)
def test_confidence_must_be_highest_while_the_regime_is_unknown(
    detector: str, sure: float, refused: int
) -> None:
    """R-GATE-06: after 60 bars no detector knows anything yet."""
    story = Story(
        {"A": FLAT}, {"A": {0: "L"}}, 0.65, confidence=sure,
        beside={"confidence_regimes": detector},
    )  # fmt: skip
    found = run(story, "confidence", 0.65)
    assert found.run.refusals[Refusal.CONFIDENCE] == refused
    if refused:
        assert found.run.refused.limit.tolist() == [0.75]


def test_each_entry_is_held_to_the_floor_of_its_own_regime() -> None:
    """A quiet rise, then a storm: the same confidence is enough in one of them."""
    rng = np.random.default_rng(4)
    moves = np.concatenate([0.003 + rng.normal(0, 0.002, 700), rng.normal(0, 0.03, 100)])
    closes = (100.0 * np.exp(np.cumsum(moves))).tolist()
    story = Story(
        {"A": closes}, {"A": {600: "L", 610: "l", 720: "L"}}, 0.65, confidence=0.74,
        beside={"confidence_regimes": "regime"}, trade={"size": fixed_qty(1e-2)},
    )  # fmt: skip
    found = run(story, "confidence", 0.65)
    labels = labels_of(found.bars, "regime()")[0]
    seen = {bar: Regime(int(labels[LEAD + bar])) for bar in (600, 720)}
    assert seen[600] is Regime.TREND
    assert seen[720] is Regime.VOLATILE
    assert found.run.trades.decided_bar.tolist() == [LEAD + 600]
    assert found.run.refused.bar.tolist() == [LEAD + 720]


def test_limits_carry_the_settings_by_name() -> None:
    """Every field of LIMITS has a setting of its name, and every setting of a limit a field."""
    floors = {"confidence_regimes", "confidence_ranging", "confidence_volatile"}
    apart = {"enforce", "hard_bounds", "scale_floor", *floors}
    assert {item.name for item in fields(RiskSettings)} - apart == set(NAMES)
    plain = RiskSettings()
    for name in NAMES:
        value = getattr(plain, name)
        changed = replace(plain, **{name: not value if isinstance(value, bool) else value + 1})
        row, other = limits_of(plain)[0], limits_of(changed)[0]
        assert row[name] == value
        assert [each for each in NAMES if row[each] != other[each]] == [name]
    assert limits_of(replace(plain, enforce=False)).tobytes() == bytes(LIMITS.itemsize)
