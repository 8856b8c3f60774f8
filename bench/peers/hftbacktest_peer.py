"""hftbacktest: compiled (Rust) replay of depth with queue positions, driven from numba.

It keeps the venue's book and the local one, so it handles each change twice. Latency is nil here;
the queue model stands at the back (`risk_adverse_queue_model`), as ours does by default.

Run: `python -m peers.hftbacktest_peer REPEATS`.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import hftbacktest as h
import numpy as np
from format import Case, measure
from numba import njit  # noqa: TID251  see kernels.py
from peers import recording

if TYPE_CHECKING:
    from numpy.typing import NDArray

WAIT = False
"""Whether to wait for an answer."""
VERSION = version("hftbacktest")


def events_of(rows: NDArray[np.int64]) -> NDArray[np.void]:
    """Return the recording as its events."""
    events = np.zeros(len(rows), dtype=h.event_dtype)
    kind = np.where(rows[:, 1] == recording.LEVEL, h.DEPTH_EVENT, h.TRADE_EVENT)
    side = np.where(rows[:, 2] > 0, h.BUY_EVENT, h.SELL_EVENT)
    events["ev"] = kind | side | h.EXCH_EVENT | h.LOCAL_EVENT
    events["exch_ts"] = events["local_ts"] = rows[:, 0]
    events["px"] = rows[:, 3] / recording.TICKS
    events["qty"] = rows[:, 4] / recording.LOTS
    return events


def opened(events: NDArray[np.void]) -> Any:  # noqa: ANN401  it has no types
    """Open a run over the events."""
    asset = (
        h.BacktestAsset()
        .data(events)
        .linear_asset(1.0)
        .constant_order_latency(0, 0)
        .risk_adverse_queue_model()
        .no_partial_fill_exchange()
        .trading_value_fee_model(0.0, 0.0)
        .tick_size(1 / recording.TICKS)
        .lot_size(1 / recording.LOTS)
    )
    return h.HashMapMarketDepthBacktest([asset])


@njit
def replay(hbt: Any) -> tuple[int, int]:  # noqa: ANN401
    """Let all of it pass, a minute at a time."""
    bid, ask = 0, 0
    while hbt.elapse(60_000_000_000) == 0:
        bid, ask = hbt.depth(0).best_bid_tick, hbt.depth(0).best_ask_tick
    depth = hbt.depth(0)
    if depth.best_bid_tick > 0:
        bid, ask = depth.best_bid_tick, depth.best_ask_tick
    return bid, ask


@njit
def quote(hbt: Any, step_ns: int, lots: float, tick: float) -> tuple[int, int, float]:  # noqa: ANN401
    """Cancel both quotes each step and place them at the best prices."""
    placed, cancelled = 0, 0
    name = 1
    while hbt.elapse(step_ns) == 0:
        hbt.clear_inactive_orders(0)
        orders = hbt.orders(0)
        for side in range(2):
            old = name + side
            if orders.get(old) is not None:
                hbt.cancel(0, old, WAIT)
                cancelled += 1
        name += 2
        depth = hbt.depth(0)
        bid, ask = depth.best_bid_tick * tick, depth.best_ask_tick * tick
        hbt.submit_buy_order(0, name, bid, lots, h.GTX, h.LIMIT, WAIT)
        hbt.submit_sell_order(0, name + 1, ask, lots, h.GTX, h.LIMIT, WAIT)
        placed += 2
    return placed, cancelled, hbt.state_values(0).num_trades


def main() -> None:
    """Measure M1 and M2."""
    repeats = int(sys.argv[1])
    rows = recording.load()
    events = events_of(rows)

    def m1() -> dict[str, float]:
        hbt = opened(events)
        bid, ask = replay(hbt)
        hbt.close()
        return {"bid": bid, "ask": ask}

    measure(Case("hftbacktest", VERSION, "M1", "replay", "events", len(rows)), m1, repeats=repeats)

    def m2() -> dict[str, float]:
        hbt = opened(events)
        lots, tick = recording.QUOTE_LOTS / recording.LOTS, 1 / recording.TICKS
        placed, cancelled, filled = quote(hbt, recording.STEP_NS, lots, tick)
        hbt.close()
        return {"placed": placed, "cancelled": cancelled, "filled": filled}

    facts = m2()
    units = int(facts["placed"] + facts["cancelled"] + facts["filled"])
    case = Case("hftbacktest", VERSION, "M2", "numba loop", "order events", units)
    measure(case, m2, repeats=repeats)


if __name__ == "__main__":
    main()
