"""The library: every strategy trades, is documented, is causal, and has a hash that is pinned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.unit.strategies.bars import bars_of, walk

from ballast.core.errors import StrategyError
from ballast.core.records import PLAN, Signal
from ballast.research.attacks.truncation import truncation_attack
from ballast.strategies.cache import ColumnCache
from ballast.strategies.catalog import LIBRARY, load, module, names
from ballast.strategies.definition import Strategy
from ballast.strategies.plan import CompiledStrategy, compile_plan

if TYPE_CHECKING:
    from ballast.core.bars import Bars

GOLDEN = {
    "buy_and_hold": "e751777e5d0c577c75108265512fccf5",
    "donchian_breakout": "8c1e5f6caeeba51630aa8cd8c523c2df",
    "ema_cross": "aa775f0b25401eb57ebf57b9cf57796e",
    "enhanced_momentum": "55c41a637c44cda90bbfb15cef898052",
    "mean_reversion": "2ef9e24cb144fcde037a7d5e275df562",
    "momentum": "12f4802a827d47f6db5d19d5f5c137d0",
    "random_entry": "bb8f3b2f00a16cf1fb3b51008916a1b8",
    "stochrsi": "258c01aa904401cab3e7e55a3fcdd49c",
    "stochrsi_adx": "9f76eda32a41b6e5ef3122dd35591e01",
    "stochrsi_adx_short": "076a99623ac248d36a58af0bea4a7ec5",
    "stochrsi_short": "5676e59eddef40d117b49d2fe6d35c90",
    "stochrsi_sma": "c7b4f42bfd3da23827ab4eec967e2400",
    "stochrsi_sma_short": "9ac2a9f213a9a08f5eec08ec23da04aa",
    "stochrsi_trix": "1bfaa95eaff073f288e1d896948c3ee7",
    "stochrsi_trix_short": "7378e6fca8ba4e5cf88af3a22f6d543f",
}


def busy_market() -> Bars:
    """A walk with trends, ranges and shocks: something for everyone."""
    calm, wild = walk(3_000, 3, step=0.01).close, walk(3_000, 4, step=0.03).close
    waves = 100 + 10 * np.sin(np.arange(2_000) / 15.0)
    return bars_of(np.concatenate([calm, wild, waves]), spread=0.3)


@pytest.mark.parametrize("name", names())
def test_no_stub_ships(name: str) -> None:
    """R-STRAT-26: at least one entry of each supported side, and exits where there are any."""
    strategy = load(name)
    bars = busy_market()
    signals = compile_plan(strategy).columns({"A/USDT": bars}, "A/USDT").signals
    for signal, bit in (
        ("enter_long", Signal.ENTER_LONG),
        ("exit_long", Signal.EXIT_LONG),
        ("enter_short", Signal.ENTER_SHORT),
        ("exit_short", Signal.EXIT_SHORT),
    ):
        assert ((signals & bit) != 0).any() == (signal in strategy.signals()), signal


@pytest.mark.parametrize("name", names())
def test_library_strategy_is_causal(name: str) -> None:
    """SEMANTICS 1.2."""
    market = {"A/USDT": walk(400, 8)}
    assert truncation_attack(load(name), market, cuts=25, seed=3).violation is None


@pytest.mark.parametrize("name", names())
def test_library_strategy_is_defined_in_words(name: str) -> None:
    """R-STRAT-08, R-DOC-04: the docstring is the definition, and what the user sees."""
    strategy = load(name)
    assert strategy.name == name == strategy.tag
    assert len(strategy.doc) > 40
    assert strategy.doc == (module(name).__doc__ or "").strip()
    assert all(spec.doc for spec in strategy.params.values())


@pytest.mark.parametrize("name", names())
def test_library_strategy_reads_back_in_every_form(name: str) -> None:
    strategy = load(name)
    assert Strategy.from_json(strategy.to_json()) == strategy
    assert Strategy.from_toml(strategy.to_toml()) == strategy
    scope: dict[str, Strategy] = {}
    exec(strategy.to_python(), scope)  # noqa: S102 - our own print
    assert scope["STRATEGY"].hash == strategy.hash


@pytest.mark.parametrize("name", names())
def test_every_parameter_matters(name: str) -> None:
    """A parameter that changes neither a signal nor the construction is a lie."""
    strategy = load(name)
    market = {"A/USDT": walk(2_000, 3)}
    compiled, cache = CompiledStrategy(strategy), ColumnCache()

    def outcome(params: dict[str, float]) -> bytes:
        plan = compiled.plan(params)
        columns = plan.columns(market, "A/USDT", cache)
        row = np.zeros(1, PLAN)
        plan.construction.fill(row[0])
        parts = [getattr(columns, slot) for slot in columns.__slots__]
        return b"".join(part.tobytes() for part in (*parts, row))

    extra = {
        "volume_multiple": {"use_volume": 1.0},
        "sniper_bars": {"sniper_atr": 0.25},
        "macd_absolute": {"macd_floor": -0.005},
    }
    for key, spec in strategy.params.items():
        base = extra.get(key, {})
        tried = [base | {key: value} for value in (spec.low, spec.high, *spec.grid()[:30])]
        wanted = outcome(base)
        assert any(outcome(params) != wanted for params in tried if compiled.allows(params)), key


@pytest.mark.parametrize("name", names())
def test_golden_hash(name: str) -> None:
    """A change of any number or formula of the library is a decision, and shows here."""
    assert load(name).hash == GOLDEN[name]


def test_catalog_is_sorted_and_unknown_names_get_a_suggestion() -> None:
    assert list(LIBRARY) == sorted(LIBRARY)
    with pytest.raises(StrategyError, match=r"unknown strategy 'stochrsi_smaa'.*'stochrsi_sma'"):
        load("stochrsi_smaa")


def test_random_entry_depends_on_time_and_seed_alone() -> None:
    """A longer history changes no coin; another seed changes many."""
    plan = compile_plan(load("random_entry"))
    whole = walk(2_000)
    one = plan.columns({"A/USDT": whole}, "A/USDT").signals
    late = plan.columns({"A/USDT": whole.slice(500, 2_000)}, "A/USDT").signals
    assert np.array_equal(one[514:], late[14:])
    other = compile_plan(load("random_entry"), {"seed": 43}).columns({"A/USDT": whole}, "A/USDT")
    assert not np.array_equal(one, other.signals)
    share = ((one & Signal.ENTER_LONG) != 0).mean()
    assert 0.01 < share < 0.03
