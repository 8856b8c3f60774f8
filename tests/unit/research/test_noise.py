"""Markets without an edge have none, and look like markets (R-WF-06)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import stats

from ballast.core.errors import UserError
from ballast.research.synthetic import synthetic_market
from ballast.research.synthetic.noise import KINDS, Edge, noise_bars
from ballast.service.cli.main import app

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.core.bars import Bars

N = 20_000


@pytest.fixture(scope="module")
def real() -> Bars:
    return synthetic_market(5, ["BTCUSDT"], n_bars=8_000).bars[0]


def bars_of(kind: str, seed: int, real: Bars, **more: Any) -> Bars:
    return noise_bars(kind, seed, N, source=real if kind == "bootstrap" else None, **more)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_bytes_and_another_does_not(kind: str, real: Bars) -> None:
    one, two, other = (bars_of(kind, seed, real) for seed in (3, 3, 4))
    assert one.fingerprint() == two.fingerprint() != other.fingerprint()


@pytest.mark.parametrize("kind", KINDS)
def test_bars_are_possible(kind: str, real: Bars) -> None:
    bars = bars_of(kind, 1, real)
    assert len(bars) == N
    assert (bars.low > 0).all()
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert (bars.volume > 0).all() or kind == "bootstrap"


@pytest.mark.parametrize("kind", KINDS)
def test_holding_earns_nothing_on_average(kind: str, real: Bars) -> None:
    """The mean price return of 40 markets is within what chance leaves of zero."""
    means, errors = [], []
    for seed in range(40):
        close = bars_of(kind, seed, real).close
        returns = np.diff(close) / close[:-1]
        means.append(returns.mean())
        errors.append(returns.var() / len(returns))
    z = np.sum(means) / np.sqrt(np.sum(errors))
    assert abs(z) < 3.3


@pytest.mark.parametrize("kind", KINDS)
def test_returns_do_not_predict_the_next_one(kind: str, real: Bars) -> None:
    """No autocorrelation of returns at lags of a day and more (a block is a day long)."""
    products = []
    for seed in range(20):
        returns = np.diff(np.log(bars_of(kind, seed, real).close))
        returns /= returns.std()
        products += [np.mean(returns[lag:] * returns[:-lag]) for lag in (24, 48, 72)]
    assert abs(np.mean(products)) < 0.012


def test_garch_clusters_and_has_fat_tails_where_gbm_does_not(real: Bars) -> None:
    figures = {}
    for kind in KINDS:
        returns = np.diff(np.log(bars_of(kind, 7, real).close))
        size = np.abs(returns)
        figures[kind] = (np.corrcoef(size[1:], size[:-1])[0, 1], stats.kurtosis(returns))
    assert abs(figures["gbm"][0]) < 0.03
    assert abs(figures["gbm"][1]) < 0.3
    for kind in ("garch", "bootstrap"):
        assert figures[kind][0] > 0.1
        assert figures[kind][1] > 2.0


def test_volatility_is_what_was_asked_for() -> None:
    returns = np.diff(np.log(noise_bars("gbm", 1, N, yearly_volatility=0.8).close))
    assert returns.std() * np.sqrt(8760) == pytest.approx(0.8, rel=0.02)


def test_an_edge_can_be_earned_by_who_knows_it(real: Bars) -> None:
    """Holding the sign of the last days' move earns in a market with an edge, not without."""
    for kind in KINDS:
        earned = []
        for sharpe in (0.0, 12.0):
            total = []
            for seed in range(6):
                bars = bars_of(kind, seed, real, edge=Edge(sharpe, 10.0))
                log = np.log(bars.close)
                side = np.sign(log[120:-1] - log[:-121])
                pnl = side * np.diff(log)[120:]
                total.append(pnl.mean() / pnl.std() * np.sqrt(8760))
            earned.append(np.mean(total))
        assert abs(earned[0]) < 1.2
        assert earned[1] > 3.0


def test_a_market_that_cannot_be_made_is_refused() -> None:
    with pytest.raises(UserError, match="did you mean 'garch'"):
        noise_bars("garhc", 1)
    with pytest.raises(UserError, match="without real bars"):
        noise_bars("bootstrap", 1)
    with pytest.raises(UserError, match="from 2 to"):
        noise_bars("gbm", 1, 1)
    with pytest.raises(UserError, match="above 0"):
        noise_bars("gbm", 1, 10, yearly_volatility=0.0)
    with pytest.raises(UserError, match="an edge of 1000"):
        noise_bars("gbm", 1, 10, edge=Edge(1_000.0))


def test_the_command_line_stores_a_market(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        app(["data", "noise", "gbm", "--seed", "3", "--bars", "500", "--json"])
    assert not ended.value.code
    said = json.loads(capsys.readouterr().out)
    assert said["fingerprint"] == noise_bars("gbm", 3, 500).fingerprint()
    with pytest.raises(SystemExit) as ended:
        app(["data", "noise", "bootstrap", "--from", "SYNTH-NOISEUSDT-1h", "--bars", "300"])
    assert not ended.value.code
    with pytest.raises(SystemExit) as ended:
        app(["data", "noise", "bootstrap"])
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: a bootstrapped market")
