"""What a node decides with: kept in the journal, changed only while flat, bounded in memory."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from tests.data import SHARED, needs_data
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.parity import Parity, settings_for
from tests.fakes.runs import scripted

from ballast.core.errors import ConfigError, DataError
from ballast.core.instrument import Kind
from ballast.core.time import Timeframe
from ballast.runtime.node.events import BarsClosed, ClosedBar
from ballast.runtime.node.journalled import CODEC, replayed, started
from ballast.runtime.node.session import Trader
from ballast.service.sessions import session_of
from ballast.store.importers.read import read_any
from ballast.strategies import close, highest, lowest, percent_stop, percent_trail, strategy

BREAKOUT = strategy(
    "breakout",
    enter_long=close >= highest(close, 8),
    exit_long=close <= lowest(close, 8),
    stop=percent_stop(0.02),
    trail=percent_trail(0.01, 0.01),
    atr=highest(close, 3),
)
"""Looks back eight bars and remembers nothing: a window that forgets older ones changes nothing."""


def parity(count: int = 300) -> Parity:
    bars = read_any(SHARED / "candles" / "BINANCE-BTCUSDT-1h.parquet").bars
    assert bars is not None
    part = [bars.slice(20_000, 20_000 + count)]
    settings = settings_for(part, Decimal("0.01"))
    chosen = replace(settings, risk=replace(settings.risk, reward_risk=0.0))
    return Parity(BREAKOUT, part, kind=Kind.PERPETUAL, settings=chosen)


def held_parity() -> Parity:
    """Return a session that ends with a position."""
    for count in range(100, 200):
        one = parity(count)
        _, paper = one.node()
        if paper.shell.node.book.holdings():
            return one
    raise AssertionError("no session ends with a position")


@needs_data
def test_a_window_that_forgets_decides_the_same() -> None:
    """Memory is bounded: the older half goes, and the positions' bar numbers with it."""
    loop, _ = parity().loop()
    small = parity()
    small.room = 64
    node, paper = small.node()
    assert len(loop) > 20
    assert [(one.ticks, one.lots) for one in node][: len(loop)] == [
        (one.ticks, one.lots) for one in loop
    ]
    decider = paper.shell.node.decider
    assert decider is not None
    assert len(decider.bars("BTCUSDT")) <= 64


@needs_data
def test_rules_with_a_session_come_back_from_the_journal_as_they_were() -> None:
    rules = parity(60).rules()
    assert CODEC.value(CODEC.entry(rules, 0)) == rules
    session = rules.session
    assert session is not None
    market = session.market()
    legs = parity(60).legs
    assert market.spec["tick_den"][0] == 100.0
    assert np.array_equal(market.plan["stop_value"], [0.02])
    assert session_of(legs, session.cash, session.seats[0].digits) == session


@needs_data
def test_another_session_waits_until_nothing_is_held() -> None:
    held = held_parity()
    node = replayed(list(MemoryJournal(held.memory, "again").load().tail)).node
    assert node is not None
    rules = held.rules()
    assert rules.session is not None
    trader = replace(rules.session.traders[0], params={"n": 1.0})
    other = replace(rules, session=replace(rules.session, traders=(trader,)))
    with pytest.raises(ConfigError, match="something of the last ones is open"):
        started(other, MemoryJournal(held.memory, "other"), node.now_ns)


def test_strategies_that_are_classes_are_found_by_their_hash() -> None:
    """A journal holds no code: each class of a session must be at hand."""
    one, two = scripted({"BTCUSDT": {3: "L"}}), scripted({"ETHUSDT": {3: "L"}})
    hour = Timeframe.parse("1h")
    assert Trader("", two.hash, {}).plan(hour, [one, two]).strategy is two
    with pytest.raises(DataError, match="the one at hand is another"):
        Trader("", two.hash, {}).plan(hour, [one])
    with pytest.raises(DataError, match="which a journal does not hold"):
        Trader("", two.hash, {}).plan(hour)
    with pytest.raises(DataError, match="is not the one they name"):
        Trader(BREAKOUT.to_json(), two.hash, {}).plan(hour)


@needs_data
def test_a_bar_that_was_known_already_is_refused() -> None:
    one = parity(60)
    _, paper = one.node()
    bar = ClosedBar("BTCUSDT", int(one.bars[0].ts[-1]), (1.0,) * 5)
    now_ns = paper.exchange.now_ns
    with pytest.raises(DataError, match="after that of"):
        paper.shell.node.handle(BarsClosed((bar,), now_ns, now_ns))
