"""Budget: who may ask a venue now, so that its limits are never passed (R-NET-01 to R-NET-05).

A venue counts requests by weight, within a minute and some within a second, in one pool or in two
(orders, data); some count each end point by itself besides. Each call takes its cost from its pool,
or waits; who waits goes by urgency, then in the order of coming, but is not kept waiting by others
whose own end point alone is busy. Four fifths of a limit are for everybody, the rest is for
`PROTECT` alone, so a stop or an exit finds room however busy the rest is, and waits behind nobody.

`PROTECT` ends a little below the limit: two requests may arrive closer together than they were
sent. What the venue states in its headers holds beside our own count: it knows of others behind the
same address. When it says 429 with a time, or bans the address, nothing is sent until then (D3);
without a time the pool rests for everybody but `PROTECT`, longer each time.

A person may set a count of calls a minute below what the venue allows (`Caps`). Only `PROTECT` does
not wait for it, though it counts: thrift is no reason for a late stop.

A call that would wait longer than its urgency is worth is refused, as is one too many in the queue:
it was definitely not sent, and its sender decides anew (back-pressure).
"""

from __future__ import annotations

import asyncio
import math
from bisect import insort
from typing import TYPE_CHECKING

from ballast.core.errors import InternalError
from ballast.venues.clients.access import OF_PATH
from ballast.venues.clients.asking.pools import (
    ANY,
    MINUTE_S,
    PATIENCE_S,
    Basin,
    Caps,
    PoolState,
    Ticket,
    cap_of,
    windows_of,
)
from ballast.venues.clients.asking.window import CLOSE_ENOUGH, Stated, Window
from ballast.venues.clients.calls import CallError, Pool, Urgency, Verdict
from ballast.venues.clients.waiting import within

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ballast.core.ports import Clock
    from ballast.venues.clients.access import Access, Usage
    from ballast.venues.clients.calls import Call

PATH_MARGIN = 1.1
"""Spans of single end points are short: calls arrive less evenly than they are sent."""
SHARE = 0.8
PROTECT_SHARE = 0.95
WAITING_MAX = {
    Urgency.PROTECT: 1_000,
    Urgency.TRADE: 200,
    Urgency.ASK: 500,
    Urgency.ROUTINE: 100,
}
"""How many calls of an urgency may wait; more would wait in vain."""
REST_S, REST_MAX_S = 1.0, 60.0
"""Pause after a refusal for its rate that states no time; doubles with each that follows."""
BANNED_S = 120.0
"""A ban that states no time: the shortest a venue publishes."""
AFTER_S = 0.05
"""A closed pool opens that much later: our clocks differ in their last digits."""


class Budget:
    """The budget of one address at one venue: one object for all who ask it."""

    def __init__(self, access: Access, clock: Clock, caps: Caps = ANY) -> None:
        """Begin with nothing spent."""
        self._read_usage = access.read_usage
        self._clock = clock
        self._closed_until_s = 0.0
        self._closed_by = Verdict.RATE
        self._count = 0
        self._path = access.path_budget, access.path_window_s * PATH_MARGIN
        span_s = access.minute_s
        windows = windows_of(span_s, access.data_minute, access.data_second)
        most = caps.data if access.orders_minute else caps.together
        data = Basin(Pool.DATA, windows, cap_of(most))
        orders = data
        if access.orders_minute:
            windows = windows_of(span_s, access.orders_minute, access.orders_second)
            orders = Basin(Pool.ORDERS, windows, cap_of(caps.orders))
        self._basins = {Pool.DATA: data, Pool.ORDERS: orders}

    async def acquire(self, call: Call) -> None:
        """Wait until the call may be sent, and spend its cost; raise `CallError` (not sent).

        `done` must follow, whatever comes of the call.
        """
        basin = self._basins[call.pool]
        most = basin.windows[0].limit
        if call.cost > most:
            raise InternalError(f"{call.method} costs {call.cost:g} of {most:g} a minute")
        now_s = self._clock.monotonic()
        self._count += 1
        rank = (int(call.urgency), self._count)
        is_first = not basin.waiting or rank < basin.waiting[0].rank
        if is_first and self._free_s(basin, call, now_s) <= CLOSE_ENOUGH:
            self._spend(basin, call, now_s)
            return
        self._check_queue(basin, call, now_s)
        ticket = Ticket(call, rank, now_s, asyncio.get_running_loop().create_future())
        insort(basin.waiting, ticket, key=lambda one: one.rank)
        basin.counts.waited += 1
        basin.counts.waiting_max = max(basin.counts.waiting_max, len(basin.waiting))
        basin.changed.set()
        if basin.pump is None or basin.pump.done():
            basin.pump = asyncio.create_task(self._pump(basin))
            basin.pump.add_done_callback(lambda pump: _hand_on(pump, basin))
        try:
            await ticket.turn
        except asyncio.CancelledError:
            if ticket in basin.waiting:
                basin.waiting.remove(ticket)
            elif ticket.turn.done() and not ticket.turn.cancelled():
                self.done(call)  # its turn had come: the cost is spent
            raise

    def done(self, call: Call) -> None:
        """Note that a call is answered, or never will be."""
        basin = self._basins[call.pool]
        basin.flying = max(0.0, basin.flying - call.cost)

    def seen(self, headers: Mapping[str, str], call: Call | None = None) -> None:
        """Take what the venue states of its budgets, in answer to a call; names in lower case."""
        now_s = self._clock.monotonic()
        for usage in self._read_usage(headers):
            if usage.pool == OF_PATH:
                self._seen_of_path(usage, call, now_s)
                continue
            basin = self._basins[Pool(usage.pool)]
            limit = usage.limit or basin.windows[0].limit
            span_s = MINUTE_S if usage.resets_s is None else usage.resets_s
            # What was sent meanwhile may be in the number already, or not: count it.
            basin.stated[limit] = Stated(limit, usage.used + basin.flying, now_s + span_s)
            basin.changed.set()

    def _seen_of_path(self, usage: Usage, call: Call | None, now_s: float) -> None:
        """Take what the venue states of the end point of a call, in requests of it."""
        if call is None or not usage.limit or usage.resets_s is None:
            return
        basin = self._basins[call.pool]
        stated = Stated(usage.limit, usage.used, now_s + usage.resets_s)
        basin.told[call.method] = stated
        basin.changed.set()

    def succeeded(self, call: Call) -> None:
        """Note that the venue took a call: it does not object to our rate."""
        self._basins[call.pool].streak = 0

    def failed(self, call: Call, error: CallError) -> None:
        """Close what the venue closed."""
        if error.verdict not in {Verdict.RATE, Verdict.BANNED}:
            return
        basin = self._basins[call.pool]
        now_s = self._clock.monotonic()
        wait_s = error.retry_after_s
        if error.verdict is Verdict.BANNED:
            basin.counts.bans += 1
            wait_s = BANNED_S if wait_s is None else wait_s
        else:
            basin.counts.throttled += 1
        if wait_s is not None:
            until_s = now_s + wait_s + AFTER_S
            if until_s > self._closed_until_s:
                self._closed_until_s, self._closed_by = until_s, error.verdict
        else:
            rest_s = min(REST_MAX_S, REST_S * 2.0**basin.streak)
            basin.rests_until_s = max(basin.rests_until_s, now_s + rest_s)
        basin.streak = min(basin.streak + 1, 16)

    def states(self) -> tuple[PoolState, ...]:
        """Return how the pools stand; one where the venue has one budget for all."""
        now_s = self._clock.monotonic()
        closed_s = max(0.0, self._closed_until_s - now_s)
        basins = {id(one): one for one in self._basins.values()}
        return tuple(
            PoolState(
                one.pool,
                one.windows[0].used(now_s),
                one.windows[0].limit,
                one.cap.used(now_s) if one.cap is not None else 0.0,
                one.cap.limit if one.cap is not None else 0.0,
                len(one.waiting),
                closed_s,
                one.counts,
            )
            for one in basins.values()
        )

    # Inside -------------------------------------------------------------------------------

    def _free_s(self, basin: Basin, call: Call, now_s: float) -> float:
        """Return in how many seconds a call may be sent, if nobody else asks; 0: now."""
        return max(self._pool_s(basin, call, now_s), self._path_s(basin, call, now_s))

    def _pool_s(self, basin: Basin, call: Call, now_s: float) -> float:
        """Return when the pool has room."""
        protects = call.urgency is Urgency.PROTECT
        share = PROTECT_SHARE if protects else SHARE
        waits = [self._closed_until_s - now_s, 0.0]
        if not protects:
            waits.append(basin.rests_until_s - now_s)
            if basin.cap is not None:
                waits.append(basin.cap.free_s(now_s, 1.0, basin.cap.limit))
        waits += [one.free_s(now_s, call.cost, one.limit * share) for one in basin.windows]
        waits += [one.free_s(now_s, call.cost, share) for one in self._valid(basin, now_s)]
        return max(waits)

    def _path_s(self, basin: Basin, call: Call, now_s: float) -> float:
        """Return when the call's own end point has room."""
        share = PROTECT_SHARE if call.urgency is Urgency.PROTECT else SHARE
        windows = self._of_path(basin, call)
        waits = [one.free_s(now_s, call.cost, one.limit * share) for one in windows]
        told = basin.told.get(call.method)
        if told is not None and told.until_s > now_s:
            waits.append(told.free_s(now_s, 1.0, share))
        return max(waits, default=0.0)

    def _of_path(self, basin: Basin, call: Call) -> tuple[Window, ...]:
        """Return the window of a call's own end point, where the venue counts so."""
        most, span_s = self._path
        if most <= 0:
            return ()
        if call.method not in basin.paths:
            basin.paths[call.method] = Window(span_s, most)
        return (basin.paths[call.method],)

    @staticmethod
    def _valid(basin: Basin, now_s: float) -> tuple[Stated, ...]:
        for limit in [key for key, one in basin.stated.items() if one.until_s <= now_s]:
            del basin.stated[limit]
        return tuple(basin.stated.values())

    def _spend(self, basin: Basin, call: Call, now_s: float) -> None:
        for window in (*basin.windows, *self._of_path(basin, call)):
            window.add(now_s, call.cost)
        if basin.cap is not None:
            basin.cap.add(now_s, 1.0)
        for stated in basin.stated.values():
            stated.used += call.cost
        told = basin.told.get(call.method)
        if told is not None:
            told.used += 1.0
        basin.flying += call.cost
        basin.counts.calls += 1
        basin.counts.cost += call.cost

    def _check_queue(self, basin: Basin, call: Call, now_s: float) -> None:
        """Refuse a call that would wait in vain."""
        closed_s = self._closed_until_s - now_s
        if closed_s > PATIENCE_S[call.urgency]:
            raise self._refusal(basin, f"nothing may be sent for {closed_s:.0f} s", closed_s)
        waiting = sum(one.call.urgency is call.urgency for one in basin.waiting)
        if waiting >= WAITING_MAX[call.urgency]:
            raise self._refusal(basin, f"{waiting} calls of this urgency wait already", None)

    def _refusal(self, basin: Basin, why: str, retry_after_s: float | None) -> CallError:
        basin.counts.refused += 1
        closed = self._closed_until_s > self._clock.monotonic()
        verdict = self._closed_by if closed else Verdict.RATE
        return CallError(verdict, f"not sent: {why}", retry_after_s=retry_after_s)

    async def _pump(self, basin: Basin) -> None:
        """Let waiting calls go, one after the other, until none waits."""
        while basin.waiting:
            basin.changed.clear()
            now_s = self._clock.monotonic()
            self._dismiss(basin, now_s)
            wait_s = self._let_go(basin, now_s)
            if not basin.waiting:
                return
            ends_s = min(one.ends_s for one in basin.waiting) - now_s
            try:
                await within(self._clock, min(wait_s, ends_s), basin.changed.wait())
            except TimeoutError:
                continue

    def _let_go(self, basin: Basin, now_s: float) -> float:
        """Let all go who may; return in how many seconds the next may, at the soonest."""
        wait_s, busy = math.inf, set[str]()
        for one in tuple(basin.waiting):
            call = one.call
            if call.method in busy:
                continue
            path_s = self._path_s(basin, call, now_s)
            pool_s = self._pool_s(basin, call, now_s)
            if pool_s > CLOSE_ENOUGH:  # and for all behind it
                return min(wait_s, max(path_s, pool_s))
            if path_s > CLOSE_ENOUGH:
                wait_s = min(wait_s, path_s)
                busy.add(call.method)
                continue
            basin.waiting.remove(one)
            if not one.turn.done():
                self._spend(basin, call, now_s)
                basin.counts.waited_s += now_s - one.since_s
                one.turn.set_result(None)
        return wait_s

    def _dismiss(self, basin: Basin, now_s: float) -> None:
        """Refuse who has waited too long."""
        late = [one for one in basin.waiting if now_s >= one.ends_s]
        for one in late:
            basin.waiting.remove(one)
            waited = f"waited {now_s - one.since_s:.1f} s for the budget"
            if not one.turn.done():
                one.turn.set_exception(self._refusal(basin, waited, None))


def _hand_on(pump: asyncio.Task[None], basin: Basin) -> None:
    """Let those who wait learn of a defect: nobody else would wake them."""
    defect = None if pump.cancelled() else pump.exception()
    if defect is None:
        return
    for one in basin.waiting:
        if not one.turn.done():
            one.turn.set_exception(defect)
