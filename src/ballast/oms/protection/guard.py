"""Guard: what to do so that one position is covered, whatever has become of its stops.

Called on every event that could matter: a fill, a report about one of its orders, a price, a timer.
It looks at what is known (the book's records) and says what to do next; it never assumes that what
it said was done. In order:

1. No position: every order that could still trade for it is cancelled (B5).
2. Something that closes the position is under way: wait for it; if nobody knows whether it is, send
   another after two seconds where orders can only reduce.
3. It is to be closed, by decision or command: at market. Or the price has passed the stop: a live
   stop has five seconds to fill, then it goes and the position is closed (B3, R-STOP-03).
4. The stop was refused twice, or there has been none for fifteen seconds: close (B4).
5. A stop nobody knows about: on spot wait, because it may hold the coins; elsewhere place another
   after two seconds, because reduce-only orders are harmless in pairs (A4).
6. No stop: place one. One stop: leave it, or move it. Several: keep the best, cancel the others.
7. Takes rest beside the stop as orders that can only reduce. On spot the stop holds the coins: when
   the price is past a take the stop goes, the part is sold at market, and a new stop comes. Where
   the venue has pairs and they are wanted, one take of all rests with the stop (`pairs`).
8. Beside a stop that rests, a stop that the venue moves by itself, where that is wanted (`trails`).

Moving (B7): in place where the venue can; else the new one first, where two can rest; else cancel
and new in one request; else cancel, and place when it is gone. Only the last leaves a gap.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ballast.core.ids import Purpose
from ballast.core.orders import OrderStatus
from ballast.oms.protection import pairs, requests, trails
from ballast.oms.protection.cover import (
    Abilities,
    Act,
    Alarm,
    Amend,
    Cancel,
    Cover,
    Memory,
    Pair,
    Patience,
    Place,
    Replace,
    Take,
    Verdict,
)
from ballast.oms.record import OrderRecord, Phase, Wish

if TYPE_CHECKING:
    from collections.abc import Sequence

PPM = 1_000_000
STOPS_MOST = 4
"""Stops of one position that may be on their way at once: venues cap them (Binance spot: 5)."""
PATIENCE = Patience()


def guard(
    cover: Cover,
    memory: Memory,
    orders: Sequence[OrderRecord],
    *,
    price_ticks: int,
    now_ns: int,
    abilities: Abilities,
    patience: Patience = PATIENCE,
) -> Verdict:
    """Return what to do about one position; `orders` are its reducing orders.

    `orders` includes those that are over while fills of theirs are missing: what they took from the
    position without our knowing must not be sold again (B6). `price_ticks` is the newest price of
    the trigger's kind; 0 where none is known.
    """
    assert not any(one.may_enlarge for one in orders), cover.symbol
    missing = sum(max(one.filled_lots - one.booked_lots, 0) for one in orders)
    is_taking = any(
        one.purpose is Purpose.TAKE and one.filled_lots > one.booked_lots for one in orders
    )
    orders = [one for one in orders if one.is_open]
    if not cover.direction:
        return Verdict(Memory(), tuple(_cancels(orders)))
    cover = replace(cover, lots=cover.direction * max(abs(cover.lots) - missing, 0))
    if not cover.direction:
        return Verdict(memory)  # perhaps it is closed already: its fills will tell
    memory = _of_this_position(memory, cover)
    stops = [one for one in orders if one.purpose is Purpose.STOP]
    takes = [one for one in orders if one.purpose is Purpose.TAKE]
    legs = pairs.legs_of(takes, abilities)
    closing = [one for one in orders if one.purpose is Purpose.FLATTEN]
    if not abilities.holds_two:
        closing += [one for one in takes if one not in legs]
    case = _Case(cover, memory, stops, legs, price_ticks, now_ns, abilities, patience)
    if closing:
        return case.closing(closing)
    if cover.closes:
        return case.flatten(Alarm.ORDERED)
    if memory.best_ticks and cover.is_crossed(memory.best_ticks, price_ticks):
        return case.crossed()
    case.memory = replace(case.memory, crossed_since_ns=0)
    verdict = case.held(None if is_taking else takes)  # what a take brought comes with its fill
    if case.resting:
        beside = [one for one in orders if one.purpose is Purpose.TRAIL]
        verdict = trails.beside(verdict, cover, beside, now_ns, abilities, patience)
    return verdict


def refused(memory: Memory) -> Memory:
    """Remember that the venue refused a stop; after a pair the stop alone is still to be tried."""
    if memory.pair is Pair.SENT:
        return replace(memory, pair=Pair.OVER)
    return replace(memory, refusals=memory.refusals + 1)


def _of_this_position(memory: Memory, cover: Cover) -> Memory:
    """Begin anew with another position; the tightest stop ever asked for stays the stop (B9)."""
    if memory.direction != cover.direction:
        memory = Memory(direction=cover.direction)
    best = memory.best_ticks
    if not best or (cover.stop_ticks and cover.direction * (cover.stop_ticks - best) > 0):
        best = cover.stop_ticks
    return replace(memory, best_ticks=best)


def _cancels(orders: Sequence[OrderRecord]) -> list[Act]:
    """Cancel what is known to be there and was not asked to go; what is unknown is asked about."""
    return [
        Cancel(one.client_id)
        for one in orders
        if one.phase is Phase.LIVE and one.cancel is Wish.NONE
    ]


class _Case:
    """One call: the position, its stops, and what may be done."""

    def __init__(
        self,
        cover: Cover,
        memory: Memory,
        stops: list[OrderRecord],
        legs: list[OrderRecord],
        price_ticks: int,
        now_ns: int,
        abilities: Abilities,
        patience: Patience,
    ) -> None:
        self.cover = cover
        self.memory = memory
        self.stops = stops
        self.legs = legs
        self.price_ticks = price_ticks
        self.now_ns = now_ns
        self.abilities = abilities
        self.patience = patience
        self.live = [one for one in stops if one.phase is Phase.LIVE]
        self.resting = [one for one in self.live if one.cancel is Wish.NONE]
        self.hidden = [one for one in stops if one.phase is not Phase.LIVE]

    # What closes the position ------------------------------------------------------------

    def closing(self, closing: Sequence[OrderRecord]) -> Verdict:
        """Wait for a closing order, but not for one that may be lost where another harms nobody."""
        if not self.abilities.holds_two:
            return Verdict(self.memory, self._free_coins())
        due = self.memory.flattened_ns + self.patience.unknown_ns
        if any(one.phase is not Phase.UNKNOWN for one in closing):
            return Verdict(self.memory)
        if self.now_ns < due:
            return Verdict(self.memory, wake_ns=due)
        return self.flatten(Alarm.ORDERED if self.cover.closes else Alarm.CROSSED)

    def crossed(self) -> Verdict:
        """Give a stop that should fill its time; then close at market."""
        since = self.memory.crossed_since_ns or self.now_ns
        self.memory = replace(self.memory, crossed_since_ns=since)
        due = since + self.patience.crossed_ns
        triggered = [
            one for one in self.live if self.cover.is_crossed(_trigger(one), self.price_ticks)
        ]
        if (triggered or self.hidden) and self.now_ns < due:
            return Verdict(self.memory, wake_ns=due)
        return self.flatten(Alarm.CROSSED)

    def flatten(self, alarm: Alarm) -> Verdict:
        """Close the position; on spot only after the coins are free."""
        if not self.abilities.holds_two and (self.stops or self.legs):
            acts = self._free_coins()
            is_news = acts and alarm is not Alarm.ORDERED  # that is told when it is sent
            return Verdict(self.memory, acts, (alarm,) if is_news else ())
        due = self.memory.flattened_ns + self.patience.flatten_ns
        if self.now_ns < due:
            return Verdict(self.memory, wake_ns=due)
        self.memory = replace(self.memory, flattened_ns=self.now_ns)
        return Verdict(self.memory, (requests.close_of(self.cover, self.abilities),), (alarm,))

    # What takes a gain -------------------------------------------------------------------

    def taken(self, take: Take) -> Verdict:
        """Sell a part at market where the stop holds the coins: first they must be free."""
        if self.stops or self.legs:
            return Verdict(self.memory, self._free_coins())
        return Verdict(self.memory, (requests.take_at_market(self.cover, take),))

    def resting_takes(self, orders: Sequence[OrderRecord]) -> list[Act]:
        """Let a limit order rest for each take, and none beside; they can only reduce."""
        spare = list(orders)
        acts: list[Act] = []
        for take in self.cover.takes:
            held = [one for one in spare if self._is_for(one, take)]
            if held:
                spare.remove(held[0])
            else:
                acts.append(requests.take_of(self.cover, take))
        return [*_cancels(spare), *acts]

    def _is_for(self, order: OrderRecord, take: Take) -> bool:
        """Tell whether an order is, or may yet turn out to be, the one that rests for a take."""
        asked = order.request
        left = asked.qty_lots - order.booked_lots
        return (asked.price_ticks, left, order.cancel) == (take.ticks, take.lots, Wish.NONE)

    def _free_coins(self) -> tuple[Act, ...]:
        """Cancel what holds the coins: of a pair the stop, which ends the take with it."""
        if any(one.cancel is not Wish.NONE for one in self.stops):
            return tuple(_cancels(self.stops))
        return tuple(_cancels(self.stops) or _cancels(self.legs))

    def passed(self, take: Take) -> Verdict:
        """Give a take that rests its time to trade; then sell at market."""
        since = self.memory.passed_since_ns or self.now_ns
        due = since + self.patience.crossed_ns
        if self.now_ns >= due:
            return self.taken(take)
        self.memory = replace(self.memory, passed_since_ns=since)
        verdict = self.covered()
        return replace(verdict, wake_ns=min(verdict.wake_ns or due, due))

    def held(self, takes: Sequence[OrderRecord] | None) -> Verdict:
        """Cover the position, and let its takes rest beside; None: leave them alone."""
        cover, price_ticks = self.cover, self.price_ticks
        due = [one for one in cover.takes if cover.is_beyond(one, price_ticks)]
        if due and not self.abilities.holds_two and takes is not None and not self._is_refused():
            return self.passed(due[0]) if self.legs else self.taken(due[0])
        self.memory = replace(self.memory, passed_since_ns=0)
        verdict = self.covered()
        if not self.abilities.holds_two or takes is None:
            return verdict
        return replace(verdict, acts=(*verdict.acts, *self.resting_takes(takes)))

    # What covers it -----------------------------------------------------------------------

    def covered(self) -> Verdict:
        """Place, keep or move the stop."""
        if self.cover.may_be_bare and not self.memory.best_ticks:
            return Verdict(self.memory)
        since = self.memory.bare_since_ns or self.now_ns
        if self.resting:
            rests = Pair.OVER if self.memory.pair is Pair.SENT else self.memory.pair
            self.memory = replace(self.memory, bare_since_ns=0, refusals=0, pair=rests)
            return self._kept()
        self.memory = replace(self.memory, bare_since_ns=since)
        if self._is_refused():
            return self.flatten(Alarm.REFUSED)
        if self.now_ns >= since + self.patience.bare_ns:
            return self.flatten(Alarm.BARE)
        return self._first(since)

    def _is_refused(self) -> bool:
        """Tell whether the venue takes no stop: then all goes, not the part that is due (B4)."""
        return not self.resting and self.memory.refusals >= self.patience.refusals

    def _first(self, since_ns: int) -> Verdict:
        """Place a stop where none rests, unless one that nobody knows about may be there."""
        if not self.stops:
            return self._alone(since_ns) if self.legs else self._placed()
        if not self.abilities.holds_two:
            return Verdict(self.memory, wake_ns=since_ns + self.patience.bare_ns)
        due = max(since_ns, self.memory.moved_ns) + self.patience.unknown_ns
        if self.now_ns < due and all(one.cancel is Wish.NONE for one in self.stops):
            return Verdict(self.memory, wake_ns=due)
        if len(self.stops) >= STOPS_MOST:
            return Verdict(self.memory, wake_ns=since_ns + self.patience.bare_ns)
        self.memory = replace(self.memory, moved_ns=self.now_ns)
        return Verdict(self.memory, (self._stop(),))

    def _placed(self) -> Verdict:
        """Place the stop, in a pair with the take where that is to be."""
        take = pairs.wanted(self.cover, self.memory, self.price_ticks, self.abilities)
        if take is None:
            return Verdict(self.memory, (self._stop(),))
        self.memory = replace(self.memory, pair=Pair.SENT)
        return Verdict(self.memory, (requests.pair_of(self.cover, take, self._stop()),))

    def _alone(self, since_ns: int) -> Verdict:
        """Wait a moment for a take whose stop is gone: it trades, or its end is not told yet.

        The venue ended the stop as the take began to trade; what is left has none.
        """
        trades = any(one.filled_lots for one in self.legs)
        due = since_ns + (self.patience.crossed_ns if trades else self.patience.flatten_ns)
        if self.now_ns < due:
            return Verdict(self.memory, wake_ns=due)
        return Verdict(self.memory, self._free_coins(), wake_ns=since_ns + self.patience.bare_ns)

    def _paired(self, stop: OrderRecord) -> Verdict | None:
        """Make room for a pair where one is to be, or end one that is of another take."""
        take = pairs.wanted(self.cover, self.memory, self.price_ticks, self.abilities)
        if self.hidden or _has_fired(stop):
            return None
        if self.legs:
            if pairs.fits(self.legs, self.cover):
                return None
        elif take is None or self.memory.pair is not Pair.NONE:
            return None
        else:
            self.memory = replace(self.memory, pair=Pair.FREEING)
        return Verdict(self.memory, tuple(_cancels([stop])))

    def _kept(self) -> Verdict:
        """Look after the stops that rest: one right one is enough."""
        if any(one.filled_lots for one in self.legs):
            # The venue ended the stop as its take began to trade: a cancel brings that to light.
            return Verdict(self.memory, tuple(_cancels(self.resting)))
        right = [one for one in self.resting if one.open_lots == abs(self.cover.lots)]
        right.sort(key=lambda one: (self.cover.direction * _trigger(one), one.prepared_ns))
        if not right:
            return self._moved(self.resting[-1], is_urgent=True)
        keep = right[-1]
        spare = [one for one in self.resting if one is not keep]
        if spare:
            return Verdict(self.memory, tuple(_cancels(spare)))
        return self._paired(keep) or self._followed(keep)

    def _followed(self, keep: OrderRecord) -> Verdict:
        """Move the one right stop where its level is better by enough, and not too often."""
        gain = self.cover.direction * (self.memory.best_ticks - _trigger(keep))
        if gain <= 0 or _has_fired(keep):
            return Verdict(self.memory)
        if gain * PPM < self.patience.move_ppm * self.memory.best_ticks:
            return Verdict(self.memory)
        due = self.memory.moved_ns + self.patience.move_ns
        if self.now_ns < due:
            return Verdict(self.memory, wake_ns=due)
        return self._moved(keep, is_urgent=False)

    def _waits(self, old: OrderRecord, *, is_urgent: bool) -> Verdict | None:
        """Return what to wait for before a stop is moved: one on its way, or one that trades."""
        if old.amend is not Wish.NONE or _has_fired(old):
            return Verdict(self.memory)
        if not self.hidden or self.abilities.amends_stops:
            return None
        if not is_urgent or not self.abilities.holds_two or len(self.stops) >= STOPS_MOST:
            return Verdict(self.memory)
        due = self.memory.moved_ns + self.patience.unknown_ns
        return Verdict(self.memory, wake_ns=due) if self.now_ns < due else None

    def _moved(self, old: OrderRecord, *, is_urgent: bool) -> Verdict:
        """Give the position a stop of its size at its level, with the least gap (B7)."""
        waits = self._waits(old, is_urgent=is_urgent)
        if waits is not None:
            return waits
        self.memory = replace(self.memory, moved_ns=self.now_ns)
        lots = abs(self.cover.lots)
        if self.abilities.amends_stops:
            price = requests.limit_ticks(self.cover, self.memory.best_ticks, self.abilities)
            total = lots + old.filled_lots
            return Verdict(
                self.memory, (Amend(old.client_id, total, self.memory.best_ticks, price),)
            )
        if self.abilities.holds_two:
            return Verdict(self.memory, (self._stop(),))
        if self.abilities.replaces:
            return Verdict(self.memory, (Replace(old.client_id, self._stop()),))
        return Verdict(self.memory, tuple(_cancels([old])))

    def _stop(self) -> Place:
        return requests.stop_of(self.cover, self.memory.best_ticks, self.abilities)


def _trigger(record: OrderRecord) -> int:
    return record.request.trigger_ticks


def _has_fired(record: OrderRecord) -> bool:
    """Tell whether a stop has been set off: it is an order in the book now, or has traded."""
    return record.status not in {None, OrderStatus.PENDING, OrderStatus.UNTRIGGERED}
