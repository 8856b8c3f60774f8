"""What must hold in every run, whatever the rules and the market (SEMANTICS 2, 4, 6, 7)."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import EXAMPLES
from tests.oracle.cases import CASH, markets

from ballast.core.reasons import Exit
from ballast.core.records import Margin, Signal
from ballast.kernel.run import Simulation, simulate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ballast.kernel.market import Market, Run

QUICK = settings(max_examples=max(30, 2 * EXAMPLES // 5))

RESULTS = (
    "fills", "trades", "refused", "refusals", "clock_ms", "equity", "exposure", "daily"
)  # fmt: skip
SCRATCH = {"budget", "watched", "low_at", "high_at", "wake_at"}
"""Fields of an open position that one step leaves and no rule reads: notes of the shortcuts."""
COUNTERS = [
    "cash", "equity", "peak", "realised", "fees", "funding", "slippage", "fills", "trades", "wins",
    "losses", "gross_win", "gross_loss", "worst_drawdown", "longest_drawdown_ms", "exposed_ms",
    "held_bars", "turnover", "worst_streak", "liquidations", "sum_r", "killed", "killed_ms",
]  # fmt: skip


def same_bytes(a: Run, b: Run) -> None:
    for name in RESULTS:
        assert getattr(a, name).tobytes() == getattr(b, name).tobytes(), name
    for name in COUNTERS:
        assert a.account[name].tobytes() == b.account[name].tobytes(), name
    for name in a.positions.dtype.names:
        if name not in SCRATCH:
            ours, theirs = (r.positions[r.positions.lots > 0][name] for r in (a, b))
            assert ours.tobytes() == theirs.tobytes(), name


@QUICK
@given(markets())
def test_same_market_twice_gives_the_same_bytes(market: Market) -> None:
    """A-BT-02."""
    same_bytes(simulate(market, CASH), simulate(market, CASH))


@QUICK
@given(markets())
def test_shortcuts_over_quiet_bars_change_no_byte(market: Market) -> None:
    """The audited run takes every step of a position, the other glides over the quiet ones."""
    same_bytes(simulate(market, CASH), simulate(market, CASH, audit=True))


@QUICK
@given(markets(), st.lists(st.floats(0.0, 1.0), max_size=5))
def test_run_in_pieces_equals_run_at_once(market: Market, stops: list[float]) -> None:
    simulation = Simulation(market, CASH)
    for share in sorted(stops):
        simulation.advance(round(share * len(simulation.clock)))
    simulation.advance()
    same_bytes(simulation.finish(), simulate(market, CASH))


@QUICK
@given(markets(), st.sampled_from((1, 7, 300)))
def test_result_arrays_may_start_at_any_size(market: Market, rows: int) -> None:
    """They grow before a step could outgrow them: a step of many finer bars fills in many parts."""
    simulation = Simulation(market, CASH)
    for name in ("fills", "trades", "refused"):
        setattr(simulation, name, np.zeros(rows, getattr(simulation, name).dtype).view(np.recarray))
    simulation._bind_results()
    simulation.advance()
    same_bytes(simulation.finish(), simulate(market, CASH))


@QUICK
@given(markets())
def test_without_records_the_counters_and_days_are_the_same(market: Market) -> None:
    full, bare = simulate(market, CASH), simulate(market, CASH, record=False)
    assert bare.daily.tobytes() == full.daily.tobytes()
    assert bare.refusals.tobytes() == full.refusals.tobytes()
    for name in COUNTERS:
        assert bare.account[name].tobytes() == full.account[name].tobytes(), name


def scramble_after(market: Market, close_ms: int, seed: int) -> Market:
    """Return the market with other prices and signals in all bars that close after a time."""
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {}
    later = np.concatenate(
        [market.ts[s.first : s.last] + s.timeframe_ms > close_ms for s in market.spec]
    )
    ticks = rng.integers(0, 3, len(later))
    for name in ("open", "high", "low", "close", "mark_high", "mark_low", "mark_close"):
        values = getattr(market, name).copy()
        values[later] *= (1.0 + ticks[later]) if name.endswith("high") else 1.0
        columns[name] = values
    for name in (
        "volume",
        "atr",
        "confidence",
        "floor",
        "volatility",
        "sigma",
        "quote_volume",
        "stop",
    ):
        values = getattr(market, name).copy()
        if len(values):
            values[later] *= 1.5
        columns[name] = values
    columns["signals"] = np.where(later, market.signals ^ 5, market.signals).astype(np.uint8)
    return dataclasses.replace(market, **columns)


@QUICK
@given(markets(), st.floats(0.1, 0.9), st.integers(0, 99))
def test_the_future_changes_nothing_of_the_past(market: Market, share: float, seed: int) -> None:
    """A-BT-03: other prices after a moment leave every earlier fill, refusal and mark as it was."""
    run = simulate(market, CASH)
    k = int(share * len(run.clock_ms))
    now = run.clock_ms[k]
    other = simulate(scramble_after(market, int(now), seed), CASH)
    assert run.equity[: k + 1].tobytes() == other.equity[: k + 1].tobytes()
    for name, column in (("fills", "at_ms"), ("refused", "at_ms")):
        before, after = getattr(run, name), getattr(other, name)
        known = before[before[column] <= now]
        # A fill at the open of a longer bar is known when that bar closes: compare closed bars.
        if name == "fills":
            known, after = closed(known, market, now), closed(after, market, now)
        else:
            after = after[after[column] <= now]
        assert len(known) == len(after), name
        for field in known.dtype.names:  # the padding between fields is anything
            assert known[field].tobytes() == after[field].tobytes(), (name, field)


def closed(fills: Any, market: Market, now: int) -> Any:
    frames = np.array([s.timeframe_ms for s in market.spec])
    return fills[market.ts[fills.bar] + frames[fills.symbol] <= now]


@QUICK
@given(markets())
def test_every_fill_is_legal(market: Market) -> None:
    """Whole ticks, whole lots, the venue's minima and maxima for entries, real bars only.

    R-SIZE-17.
    """
    run = simulate(market, CASH)
    for fill in run.fills:
        spec = market.spec[fill.symbol]
        ticks = round(fill.price * spec.tick_den / spec.tick_num)
        assert ticks >= 1
        assert fill.price == ticks * spec.tick_num / spec.tick_den
        assert fill.lots >= 1
        assert not market.signals[fill.bar] & Signal.NO_FILL
        assert fill.side in {-1, 1}
        assert spec.first <= fill.bar < spec.last
        if fill.reason == Exit.ENTRY:
            assert fill.lots >= 1.02 * spec.min_lots
            assert spec.max_lots == 0 or fill.lots <= spec.max_lots
            qty = fill.lots * spec.lot_num / spec.lot_den
            assert qty * fill.price >= spec.min_notional * (1 - 1e-12)
            assert spec.perpetual or fill.side > 0


@QUICK
@given(markets())
def test_fills_are_in_time_order_and_cross_no_bar(market: Market) -> None:
    """A-BT-13: steps in clock order; within a symbol no fill goes back in time."""
    run = simulate(market, CASH)
    for s, spec in enumerate(market.spec):
        own = run.fills[run.fills.symbol == s]
        assert (np.diff(own.at_ms) >= 0).all()
        assert (own.at_ms >= market.ts[own.bar]).all()
        assert (own.at_ms <= market.ts[own.bar] + spec.timeframe_ms).all()
    frames = np.array([s.timeframe_ms for s in market.spec])
    known_ms = market.ts[run.fills.bar] + frames[run.fills.symbol]
    assert (np.diff(known_ms) >= 0).all()


def steps(market: Market) -> Iterator[tuple[Simulation, int]]:
    """Advance one close time at a time."""
    simulation = Simulation(market, CASH, audit=True)
    for k in range(len(simulation.clock)):
        simulation.advance(k + 1)
        yield simulation, int(simulation.clock[k])


@QUICK
@given(markets())
def test_a_stop_never_moves_away(market: Market) -> None:
    """R-STOP-09: SEMANTICS 2.5: `s * stop` never falls while a position is open."""
    last: dict[int, float] = {}
    for simulation, _ in steps(market):
        for p in simulation.pos:
            if p.lots > 0 and p.stop_reason:
                stop = p.side * p.stop
                assert stop >= last.get(int(p.id), -np.inf)
                last[int(p.id)] = float(stop)


@QUICK
@given(markets(busy=True))
def test_nothing_is_entered_while_killed_or_blocked(market: Market) -> None:
    """R-GATE-10, R-GATE-32: the latches let no entry through, queued ones included."""
    held, entries = False, 0
    for simulation, _ in steps(market):
        account = simulation.account[0]
        fills = simulation.fills[: account.fills]
        now = int((fills.reason == Exit.ENTRY).sum())
        assert not (held and now > entries)
        entries = now
        held = bool(account.killed or account.day_blocked)
        assert not (held and (simulation.pos.in_lots > 0).any())


@QUICK
@given(markets(busy=True))
def test_a_kill_is_latched_for_the_rest_of_the_run(market: Market) -> None:
    killed = False
    for simulation, _ in steps(market):
        assert simulation.account[0].killed or not killed
        killed = bool(simulation.account[0].killed)


def total_risk(market: Market, pos: Any) -> float:
    total = 0.0
    for spec, p in zip(market.spec, pos, strict=True):
        lot = spec.lot_num / spec.lot_den
        total += p.in_lots * lot * (p.in_distance if p.in_distance > 0 else p.mark)
        away = max(p.side * (p.entry - p.stop), 0.0) if p.stop_reason else p.mark
        total += p.lots * lot * away if p.lots else 0.0
    return total


@QUICK
@given(markets(busy=True))
def test_an_accepted_entry_keeps_total_risk_under_its_cap(market: Market) -> None:
    """R-SIZE, U: queued entries count; entries without a stop are outside the cap."""
    cap = float(market.limits[0].total_risk)
    for simulation, now in steps(market):
        pos, account = simulation.pos, simulation.account[0]
        fresh = [p for p in pos if p.in_lots > 0 and p.last_entry_ms == now and p.in_distance > 0]
        unstopped = [p for p in pos if p.in_lots > 0 and not p.in_distance > 0]
        if cap > 0 and fresh and not unstopped:
            assert total_risk(market, pos) <= account.equity * cap * (1 + 1e-9)


@QUICK
@given(markets())
def test_cash_is_never_negative_where_all_is_spot(market: Market) -> None:
    if market.spec.perpetual.any():
        return
    for simulation, _ in steps(market):
        assert simulation.account[0].cash >= -1e-6


@QUICK
@given(markets())
def test_a_due_exit_leaves_at_the_next_real_open(market: Market) -> None:
    """R-GATE-31: no limit, loss or latch holds up an exit; only volume can."""
    due: dict[int, int] = {}
    for simulation, now in steps(market):
        for s, p in enumerate(simulation.pos):
            bar = int(p.bar) - 1
            spec = market.spec[s]
            here = bar >= spec.first and market.ts[bar] + spec.timeframe_ms == now
            real = here and not market.signals[bar] & Signal.NO_FILL
            if s in due and real and market.ts[bar] >= due[s]:
                assert p.lots == 0 or spec.participation > 0
            due.pop(s, None)
            if p.out_lots > 0:
                due[s] = int(p.out_from_ms)


@QUICK
@given(markets())
def test_an_isolated_position_is_liquidated_for_its_margin(market: Market) -> None:
    """Bought and closed by liquidation alone, a position costs its margin (to a tick) and fees."""
    run = simulate(market, CASH)
    for trade in run.trades[run.trades.reason == Exit.LIQUIDATION]:
        spec, plan = market.spec[trade.symbol], market.plan[trade.symbol]
        if plan.margin != Margin.ISOLATED or trade.fills != 2:
            continue
        qty = trade.lots * spec.lot_num / spec.lot_den
        tick = spec.tick_num / spec.tick_den
        margin = qty * trade.entry / plan.leverage
        loss = -(trade.pnl + trade.fees + trade.funding)
        assert margin - qty * tick <= loss <= margin + qty * tick
