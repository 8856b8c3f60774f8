"""The regime detectors: formulas, planted regimes, calendar, restart (R-STRAT-15, X-51)."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd  # type: ignore[import-untyped]  # only a reference
import pytest
from scipy.stats import norm, truncnorm
from tests.data import ROOT
from tests.fakes.regimes import HOUR_MS, hours, planted
from tests.property.features.battery import same

from ballast.features.indicators import registry
from ballast.features.indicators.regimes import PRIOR_MOVES, STILL, WILD_SHARE
from ballast.features.regime.labels import FAR, RANDOM_WALK, Regime, name_states, regimes_of
from ballast.features.regime.markov import begin, filter_step, fit, freedom_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

HMM = registry.get("regime_hmm")
CLUSTERS = registry.get("regime_clusters")
SMALL = {"window": 120, "refit": 24, "period": 12}


def hmm(close: Floats, ts: Floats | None = None, **named: float) -> tuple[Floats, ...]:
    ts = hours(len(close)) if ts is None else ts
    return HMM.compute((ts, close), HMM.bind(**named))


def clusters(close: Floats, **named: float) -> tuple[Floats, ...]:
    return CLUSTERS.compute((close,), CLUSTERS.bind(**named))


# ---------------------------------------------------------------- planted regimes


def test_planted_regimes_are_found() -> None:
    """Bars named right in markets with known regimes; a third would be chance.

    Over twenty seeds the model names 82 % right (77 to 88), the rule 73 % (56 to 80); of the bars
    of high volatility, the regime that costs most when it is missed, the model finds 94 %. Both
    see a regime only when its first bars have passed, so all of them is not possible.
    """
    right = np.empty((3, 3))
    for at, seed in enumerate((11, 12, 14)):
        close, truth = planted(seed, 9000)
        learnt, plain = hmm(close)[0], clusters(close)[0]
        known = np.isfinite(learnt)
        assert known.sum() == 9000 - HMM.warmup(HMM.bind())
        wild = known & (truth == Regime.VOLATILE)
        right[at] = (
            np.mean(learnt[known] == truth[known]),
            np.mean(plain[known] == truth[known]),
            np.mean(learnt[wild] == Regime.VOLATILE),
        )
    assert (right.mean(axis=0) > (0.79, 0.60, 0.90)).all(), right


@pytest.mark.parametrize("states", [2, 3, 4])
def test_two_states_tell_calm_from_wild_and_more_tell_range_from_trend(states: int) -> None:
    close, truth = planted(21, 6000)
    found = hmm(close, states=states)[0]
    known = np.isfinite(found)
    wild = np.mean((found[known] == Regime.VOLATILE) == (truth[known] == Regime.VOLATILE))
    assert wild > 0.9
    calm = known & (truth != Regime.VOLATILE)
    assert (np.mean(found[calm] == truth[calm]) > 0.7) == (states > 2)


def test_a_random_walk_is_not_called_volatile_for_long() -> None:
    """Where nothing is planted, the wild state is seldom half again as volatile as the calm."""
    moves = np.random.default_rng(5).standard_normal(6000) * 0.005
    found = hmm(100.0 * np.exp(np.cumsum(moves)))[0]
    assert np.mean(found[np.isfinite(found)] == Regime.VOLATILE) < 0.1


# ---------------------------------------------------------------- formulas


def reference(close: Floats, ts: Floats, states: int, window: int, refit: int, n: int) -> Floats:
    """Say every step again in numpy; shares only the model, which has tests of its own."""
    moves = np.diff(np.log(close), prepend=np.nan)
    squares = pd.Series(moves**2)
    volatility = np.sqrt(squares.rolling(n // 2).mean()).to_numpy()
    reach = np.sqrt(squares.rolling(n).sum()).to_numpy()
    net = np.log(close) - pd.Series(np.log(close)).shift(n).to_numpy()
    far = np.clip(net / reach, -FAR, FAR)
    rows = np.stack([np.log(np.maximum(volatility, STILL)), far], 1)
    out = np.full((len(close), 4), np.nan)
    model, now, codes = None, np.empty(states), np.empty(states)
    for i in range(n + window, len(close)):
        if int(ts[i] // (refit * HOUR_MS)) != int(ts[i - 1] // (refit * HOUR_MS)):
            seen = np.ascontiguousarray(rows[i - window : i])
            wild = np.sort(seen[:, 0])[window - 1 - int(WILD_SHARE * window)]
            hot = seen[:, 0] > wild
            calm = np.sort(np.abs(seen[~hot, 1]))
            far = np.abs(seen[:, 1]) > calm[len(calm) - 1 - len(calm) // 2]
            groups = np.zeros(window, np.int64)
            if states > 2:
                groups[far] = 1
            if states > 3:
                groups[far & (seen[:, 1] < 0)] = 2
            groups[hot] = states - 1
            freedom = freedom_of(seen, states - 1, PRIOR_MOVES)
            model = begin(seen, groups, states, freedom)
            room = np.empty((window, states))
            fit(model, seen, room, freedom)
            now[:] = room[-1]
            name_states(model.means, model.variances, codes)
        if model is None:
            continue
        filter_step(model, now, rows[i], np.empty((3, states)))
        if i >= n + window + refit:
            shares = [now[codes == code].sum() for code in (1.0, 0.0, 2.0)]
            out[i] = ((1.0, 0.0, 2.0)[int(np.argmax(shares))], *shares)
    return out.T


@pytest.mark.parametrize("states", [2, 3, 4])
def test_hmm_is_its_description(states: int) -> None:
    """Features, calendar, window, start and names, said again by other means."""
    close, ts = planted(3, 700)[0], hours(700)
    expected = reference(close, ts, states, 120, 24, 12)
    found = np.array(hmm(close, states=states, **SMALL))
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_allclose(found, expected, atol=1e-7)
    assert np.nansum(found[1:], axis=0)[-1] == pytest.approx(1.0)


def test_clusters_are_rank_and_efficiency() -> None:
    """Against pandas: rank of volatility among the 100 before, net move over the way."""
    close = planted(4, 900)[0]
    regime, rank, efficiency = clusters(close, period=20, window=100, quantile=0.7, level=0.3)
    moves = pd.Series(np.log(close)).diff()
    volatility = (moves**2).rolling(10).mean()
    volatility[:20] = np.nan
    ranks = volatility.rolling(101).apply(lambda w: np.mean(w[:-1] < w[-1]), raw=True)
    way = moves.abs().rolling(20).sum()
    efficient = (np.log(close) - pd.Series(np.log(close)).shift(20)).abs() / way
    efficient[:120] = np.nan
    np.testing.assert_allclose(efficiency, efficient, rtol=1e-9)
    np.testing.assert_allclose(rank, ranks, atol=1e-12)
    expected = np.where(rank >= 0.7, 2.0, np.where(efficiency > 0.3, 1.0, 0.0))
    np.testing.assert_array_equal(regime[120:], expected[120:])
    assert np.isnan(regime[:120]).all()


#       mean volatility (log), mean net move, its variance; the regime of each state
NAMES = [
    ([(0.0, 0.0, 0.3), (0.5, 0.0, 1.4)], (Regime.RANGE, Regime.VOLATILE)),
    ([(0.0, 0.0, 0.3), (0.4, 0.0, 1.4)], (Regime.RANGE, Regime.TREND)),  # 1.49 times: not yet
    ([(0.0, 0.0, 0.3), (0.0, 1.2, 0.1), (1.0, 2.0, 1.0)], (0, 1, 2)),
    ([(0.0, 0.0, 0.92), (0.0, 0.0, 0.92), (-1.0, 0.0, 0.92)], (0, 0, 0)),  # a random walk
    ([(0.0, 0.1, 0.2), (0.0, 1.0, 0.1), (0.0, -1.0, 0.1), (0.9, 0.0, 9.0)], (0, 1, 1, 2)),
]


@pytest.mark.parametrize(("states", "expected"), NAMES)
def test_states_are_named_by_what_they_look_like(
    states: list[tuple[float, float, float]], expected: tuple[int, ...]
) -> None:
    table = np.array(states)
    variances = np.stack([np.ones(len(table)), table[:, 2]], 1)
    codes = np.empty(len(table))
    name_states(np.ascontiguousarray(table[:, :2]), variances, codes)
    assert tuple(int(code) for code in codes) == tuple(int(code) for code in expected)


def test_a_random_walk_lies_between_range_and_trend() -> None:
    """Mean square of a normal variable cut at two deviations: scipy's truncated moments."""
    inside = truncnorm(-FAR, FAR)
    share = norm.cdf(FAR) - norm.cdf(-FAR)
    assert share * inside.var() + (1 - share) * FAR**2 == pytest.approx(RANDOM_WALK, abs=5e-5)


def test_codes_of_a_column() -> None:
    """NaN is unknown; the codes are those of the language's `regime`."""
    found = regimes_of(np.array([np.nan, 0.0, 1.0, 2.0]))
    assert [Regime(int(code)) for code in found] == list(Regime)
    assert not found.flags.writeable


# ---------------------------------------------------------------- calendar, past, restart


def test_where_the_data_start_changes_nothing_after_the_warmup() -> None:
    """The calendar says when a model is learnt, and a model knows its window and nothing else."""
    close, ts = planted(5, 900)[0], hours(900)
    whole = hmm(close, ts, **SMALL)
    for start in (1, 13, 100):
        part = hmm(close[start:], ts[start:], **SMALL)
        lead = HMM.warmup(HMM.bind(**SMALL))
        np.testing.assert_array_equal(part[0][lead:], whole[0][start + lead :])
        np.testing.assert_allclose(part[3][lead:], whole[3][start + lead :], atol=1e-6)


def test_a_jump_is_volatile_at_once_and_changes_nothing_before_it() -> None:
    """Later bars change nothing, and a jump is wild at once, however far it is from every state."""
    close, ts = planted(6, 600)[0], hours(600)
    turn = next(i for i in range(500, 600) if int(ts[i] // HOUR_MS) % 24 == 0)
    changed = close.copy()
    changed[turn:] *= 1.5
    before, after = hmm(close, ts, **SMALL), hmm(changed, ts, **SMALL)
    for left, right in zip(before, after, strict=True):
        assert same(left[:turn], right[:turn])
    assert after[0][turn] == Regime.VOLATILE
    assert after[3][turn] > 0.999


@pytest.mark.parametrize("stop", [0, 12, 131, 132, 156, 200, 399])
def test_one_by_one_with_a_restart_is_the_batch_across_turns_of_the_calendar(stop: int) -> None:
    """R-IND-16, -18: the ring, the model and its probabilities are all in the saved state."""
    close, ts = planted(7, 400)[0], hours(400)
    params = HMM.bind(**SMALL)
    stream = HMM.stream(params)
    rows = []
    for i in range(400):
        if i == stop:
            saved = stream.state()
            stream = HMM.stream(params)
            stream.restore(saved)
        rows.append(stream.update(float(ts[i]), float(close[i])))
    for out, batch in zip(np.array(rows).T, hmm(close, ts, **SMALL), strict=True):
        assert same(np.ascontiguousarray(out), batch)


def test_bars_that_are_not_of_the_year_said_still_get_a_model_in_time() -> None:
    """With a wrong `bars_per_year` no turn may come: the model is then learnt when it is due."""
    close = planted(8, 400)[0]
    found = hmm(close, bars_per_year=1.0, **SMALL)[0]
    assert np.isnan(found[:156]).all()
    assert np.isfinite(found[156:]).all()


@pytest.mark.parametrize("name", ["regime_hmm", "regime_clusters"])
def test_a_market_that_stands_still_is_a_range(name: str) -> None:
    """No feature moves, and nothing is divided by zero; probabilities are exactly 1 and 0."""
    flat = np.full(400, 3.21)
    outs = hmm(flat, **SMALL) if name == "regime_hmm" else clusters(flat, period=12, window=120)
    assert (outs[0][200:] == Regime.RANGE).all()
    if name == "regime_hmm":
        assert [set(out[200:].tolist()) for out in outs[1:]] == [{0.0}, {1.0}, {0.0}]


def test_a_market_that_wakes_up_is_volatile() -> None:
    """After a long sleep any move is wild; and the log of no volatility is not minus infinity."""
    moves = np.zeros(600)
    moves[400:] = np.random.default_rng(1).standard_normal(200) * 0.02
    outs = hmm(100.0 * np.exp(np.cumsum(moves)), **SMALL)
    assert np.isfinite(np.array(outs)[:, 156:]).all()
    assert np.mean(outs[0][430:500] == Regime.VOLATILE) > 0.5


SCRIPT = """
import sys
import numpy as np
from tests.fakes.regimes import hours, planted
from ballast.features.indicators import registry
hmm, clusters = registry.get("regime_hmm"), registry.get("regime_clusters")
close = planted(9, 180)[0]
outs = hmm.compute((hours(180), close), hmm.bind(window=60, refit=24, period=12))
outs += clusters.compute((close,), clusters.bind(period=12, window=60))
np.savez(sys.argv[1], *outs)
"""


def test_compiled_equals_interpreted(tmp_path: Path) -> None:
    """R-ARCH-21: the same functions with the compiler off give the same values."""
    path = tmp_path / "interpreted.npz"
    subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, str(path)],
        check=True,
        cwd=ROOT,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join((str(ROOT), *sys.path)), "NUMBA_DISABLE_JIT": "1"},
    )
    close = planted(9, 180)[0]
    outs = hmm(close, window=60, refit=24, period=12) + clusters(close, period=12, window=60)
    with np.load(path) as stored:
        for at, out in enumerate(outs):
            np.testing.assert_array_equal(stored[f"arr_{at}"], out)
