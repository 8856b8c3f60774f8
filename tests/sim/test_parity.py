"""The compiled loop and the node on the in-memory exchange trade the same (ARCHITECTURE, idea 2).

Zero latency, no faults: same ticks, lots, sides, fees and bars, on real candles, for every library
strategy and a hundred drawn ones.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ballast.core.instrument import Kind
from ballast.research.assignment import Assignment
from ballast.runtime.node.journalled import replayed
from ballast.store.importers.read import read_any
from ballast.strategies import (
    fixed_notional,
    no_trail,
    percent_stop,
    pull_back,
    random,
    strategy,
    take,
)
from ballast.strategies.catalog import load, names
from tests.data import SHARED, needs_data
from tests.fakes.drawn_strategies import drawn_strategy
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.parity import Parity, Traded, settings_for

if TYPE_CHECKING:
    from ballast.core.bars import Bars
    from ballast.core.settings import Settings

LIBRARY = sorted(names())
BARS = 700
DRAWN, DRAWN_BARS = 100, 260
FEE_NOISE = 1e-6
"""Quote units: the venue counts a fee in atoms, the loop in doubles."""


@lru_cache
def real(symbol: str) -> Bars:
    bars = read_any(SHARED / "candles" / f"BINANCE-{symbol}-1h.parquet").bars
    assert bars is not None
    return bars


def part(symbol: str, count: int, from_row: int) -> Bars:
    """Return the first `count` bars from a row on that have no gap among them."""
    bars = real(symbol)
    holes = np.flatnonzero(np.diff(bars.ts) != bars.timeframe.ms)
    first = from_row
    for hole in holes:
        if first <= hole < first + count - 1:
            first = int(hole) + 1
    return bars.slice(first, first + count)


def compare(parity: Parity) -> tuple[int, list[Traded]]:
    """Run both ways, hold them against each other; return how many fills there were."""
    loop, run = parity.loop()
    node, paper = parity.node()
    last_ms = int(run.clock_ms[-1])
    beyond = [one for one in node if one.close_ms > last_ms]  # the loop ends before what comes next
    node = node[: len(node) - len(beyond)]
    for place, (one, two) in enumerate(zip(loop, node, strict=False)):
        assert replace(one, fee=0.0) == replace(two, fee=0.0), place
        assert abs(one.fee - two.fee) < FEE_NOISE, place
    assert len(loop) == len(node)
    decider = paper.shell.node.decider
    assert decider is not None
    venue = paper.client.equity_atoms("USDT") / 10 ** paper.client.digits()["USDT"]
    if not beyond:
        assert venue == pytest.approx(float(decider.live.account.equity[0]), rel=1e-9), "one truth"
    return len(loop), node


def has_takes(name: str) -> bool:
    return bool(load(name).construction.takes)


@needs_data
@pytest.mark.parametrize("name", LIBRARY)
def test_every_library_strategy_trades_the_same(name: str) -> None:
    """R-ARCH-04: one implementation of each calculation, called by a backtest and by a node.

    R-SIZE-20, R-SIZE-23, R-STOP-11.
    """
    fills, _ = compare(Parity(load(name), [part("BTCUSDT", BARS, 20_000)], kind=Kind.PERPETUAL))
    assert fills or name == "enhanced_momentum", "nothing traded, nothing shown"


@needs_data
@pytest.mark.parametrize("name", [one for one in LIBRARY if not has_takes(one)])
def test_on_spot_too(name: str) -> None:
    """Takes are another matter there: the stop holds the coins, and a take sells at market."""
    compare(Parity(load(name), [part("ETHUSDT", 400, 24_000)], kind=Kind.SPOT))


@needs_data
@pytest.mark.parametrize("gain", [0.005, 0.02])
def test_on_spot_a_take_of_all_trades_the_same_where_it_rests_with_the_stop(gain: float) -> None:
    """R-STOP-28: a pair sells at the take's level as maker, as the loop has it."""
    paired = strategy(
        "paired", enter_long=random(5) < 0.2, size=fixed_notional(0.2), stop=percent_stop(0.02),
        trail=no_trail(), takes=[take(gain)],
    )  # fmt: skip
    bars = [part("ETHUSDT", 500, 24_000)]
    settings = settings_for(bars, Decimal("0.01"))
    settings = replace(settings, risk=replace(settings.risk, reward_risk=0.0))
    parity = Parity(paired, bars, kind=Kind.SPOT, settings=settings, pairs=True)
    fills, traded = compare(parity)
    records = MemoryJournal(parity.memory, "later").records()
    pairs = sum(one.body.endswith('"type":"SubmitPair"}') for one in records)
    takes = sum(one.is_maker for one in traded)
    assert fills > 2 * takes > 10
    assert pairs > takes, "others of them ended at the stop"


@needs_data
def test_the_strategy_with_a_confidence_trades_the_same_where_its_floor_is_low() -> None:
    bars = [part("SOLUSDT", BARS, 9_000)]
    settings = settings_for(bars, Decimal("0.01"))
    low = replace(settings.risk, confidence=0.2, confidence_ranging=0.25, confidence_volatile=0.3)
    for regimes in ("off", settings.risk.confidence_regimes):
        chosen = replace(settings, risk=replace(low, confidence_regimes=regimes))
        fills, _ = compare(
            Parity(load("enhanced_momentum"), bars, kind=Kind.PERPETUAL, settings=chosen)
        )
        assert fills > 0


@needs_data
@pytest.mark.parametrize("name", ["stochrsi", "ema_cross", "mean_reversion", "random_entry"])
def test_symbols_that_share_an_account_trade_the_same(name: str) -> None:
    """R-RISK-24: Ranks, shared cash, open risk and correlation: decided together, at one close."""
    bars = [part(symbol, 400, 9_000) for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT")]
    first = max(int(one.ts[0]) for one in bars)
    last = min(int(one.ts[-1]) for one in bars)
    bars = [one.period(first, last) for one in bars]
    if len(bars[0]) < 100:  # the files begin at different times
        bars = [real(one.symbol).period(*COMMON) for one in bars]
    fills, _ = compare(Parity(load(name), bars, kind=Kind.PERPETUAL))
    assert fills > 10


MIXED = {
    "three": ("ema_cross", {"ETHUSDT": "donchian_breakout", "SOLUSDT": "stochrsi"}),
    "one with a confidence": ("stochrsi", {"ETHUSDT": "enhanced_momentum"}),
    "long and short": ("mean_reversion", {"BTCUSDT": "stochrsi_short"}),
}


@needs_data
@pytest.mark.parametrize("case", MIXED)
def test_strategies_that_share_an_account_trade_the_same(case: str) -> None:
    """R-PORT-01, R-GATE-33: ranked together, out of one cash, against one set of limits."""
    first, owners = MIXED[case]
    bars = [real(symbol).period(*COMMON) for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT")]
    settings = settings_for(bars, Decimal("0.01"))
    low = replace(settings.risk, confidence=0.2, confidence_ranging=0.25, confidence_volatile=0.3)
    parity = Parity(
        load(first), bars, kind=Kind.PERPETUAL, settings=replace(settings, risk=low),
        others=[Assignment(load(name), (symbol,)) for symbol, name in owners.items()],
    )  # fmt: skip
    _, fills = compare(parity)
    session = parity.rules().session
    assert session is not None
    named = {seat.symbol: session.traders[seat.trader].name for seat in session.seats}
    assert named == {one.symbol: owners.get(one.symbol, first) for one in bars}
    assert {one.symbol for one in fills} == set(named)
    node = replayed(list(MemoryJournal(parity.memory, "later").load().tail)).node
    assert node is not None
    assert node.decider is not None
    live = node.decider.live
    for s, plan in enumerate(live.columns.plan):
        stated = live.columns.confidence[live.spec[s].first : live.spec[s].last][-50:]
        assert not len(stated) or (stated == 1.0).all() != plan["use_confidence"]


COMMON = (1_640_995_200_000, 1_642_435_200_000)
"""January 2022: all three symbols trade, no hour is missing."""


@needs_data
@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, DRAWN, 10))
def test_drawn_strategies_trade_the_same(first: int) -> None:
    fills = 0
    for seed in range(first, first + 10):
        strategy = drawn_strategy(seed)
        kind = Kind.SPOT if seed % 3 == 0 and not strategy.construction.takes else Kind.PERPETUAL
        symbol = ("BTCUSDT", "ETHUSDT", "SOLUSDT")[seed % 3]
        bars = part(symbol, DRAWN_BARS, 1_000 + (seed * 997) % (len(real(symbol)) - 3_000))
        fills += compare(Parity(strategy, [bars], kind=kind))[0]
    assert fills > 30


@needs_data
def test_a_session_replays_to_the_byte() -> None:
    """C8: the journal alone gives every effect again, strategy and all."""
    parity = Parity(load("stochrsi"), [part("BTCUSDT", 300, 20_000)], kind=Kind.PERPETUAL)
    _, paper = parity.node()
    records = list(MemoryJournal(parity.memory, "later").load().tail)
    again = replayed(records).node
    assert again is not None
    assert again.decider is not None
    decider = paper.shell.node.decider
    assert decider is not None
    assert again.decider.live.pos.tobytes() == decider.live.pos.tobytes()
    assert again.decider.live.account.tobytes() == decider.live.account.tobytes()


@needs_data
def test_another_decision_is_seen() -> None:
    """The comparison bites: a stop that is a little nearer, or another risk, trades otherwise."""
    bars = [part("BTCUSDT", 300, 20_000)]
    loop, _ = Parity(load("ema_cross"), bars, kind=Kind.PERPETUAL).loop()
    settings: Settings = settings_for(bars, Decimal("0.01"))
    other = replace(settings, sizing=replace(settings.sizing, risk_per_trade=0.011))
    node, _ = Parity(load("ema_cross"), bars, kind=Kind.PERPETUAL, settings=other).node()
    assert [one.lots for one in loop] != [one.lots for one in node][: len(loop)]


@needs_data
def test_an_entry_that_expires_gives_its_slot_to_the_next() -> None:
    strategy = replace(
        load("ema_cross"),
        construction=replace(load("ema_cross").construction, entry_limit=pull_back(0.3, 1)),
    )
    fills, _ = compare(Parity(strategy, [part("BTCUSDT", BARS, 20_000)], kind=Kind.PERPETUAL))
    assert fills > 4
