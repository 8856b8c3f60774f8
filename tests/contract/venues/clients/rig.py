"""The contract of all venues: a row says what a test must know of one, a rig serves it.

A test speaks in our words only and holds every answer against the simulated venue's own state, of
which the desk knows nothing. Add a venue: a row in `rows.py`, and whatever is special in a file of
its own beside these.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from ballast.core.ids import Purpose, client_id
from ballast.core.orders import CONDITIONAL, OrderKind, OrderRequest, Side
from ballast.core.reports import Look, Miss, OrderReport, Rejection, Unclear
from ballast.core.settings.rule import Secret
from ballast.service.testing.venue import simulated_exchange
from ballast.venues.clients.access import Keys
from ballast.venues.clients.asking import wire
from ballast.venues.clients.asking.asker import VenueAsker
from ballast.venues.clients.asking.budget import Budget
from ballast.venues.clients.asking.patience import ONCE
from ballast.venues.clients.calls import CallError, Urgency, Verdict
from ballast.venues.clients.venues import VENUES
from ballast.venues.clients.waiting import LoopClock
from ballast.venues.simulated.fronts.coinbase.front import CoinbaseFront
from ballast.venues.simulated.fronts.kraken.front import KrakenFront

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Sequence

    import aiohttp
    from tests.contract.venues.clients.rows import Row

    from ballast.core.reports import Report
    from ballast.oms.protection.cover import Abilities
    from ballast.service.testing.venue import ServedVenue
    from ballast.venues.clients.access import Access
    from ballast.venues.clients.market import Market

T = TypeVar("T")
BRIEF_S = 0.7
"""An answer that was made to be lost is not waited for longer; others may take their time."""


class Rig:
    """One served venue and our desk at it."""

    def __init__(self, row: Row, venue: ServedVenue, runner: asyncio.Runner) -> None:
        """Open a desk; `load` comes with the first test."""
        self.row, self.venue, self._runner = row, venue, runner
        self._is_brief = False
        self.entry = VENUES[row.venue]
        self.keys = Keys(Secret(venue.key), Secret(venue.secret), Secret(venue.passphrase))
        self.session: aiohttp.ClientSession = self.run(self._session())
        self.asker = self.asker_with(self.keys)
        self.desk: Any = self.entry.desk(self.asker, self.now_ns)
        self._numbers = itertools.count(1)
        self.run(self.desk.load())

    @property
    def access(self) -> Access:
        """Return how the venue is reached, without its limits where a test would wait for them."""
        found = self.entry.access
        if not self.row.is_slow:
            return found
        return replace(found, data_minute=1e6, orders_minute=1e6, data_second=0.0)

    async def _session(self) -> aiohttp.ClientSession:
        return self.venue.session()

    def asker_with(self, keys: Keys) -> VenueAsker:
        """Return an asker of other keys, over the same session and from the same budget."""
        own = getattr(self, "asker", None)
        budget = own.budget if isinstance(own, VenueAsker) else None
        return VenueAsker(
            self.access,
            self.session,
            self.now_ns,
            keys,
            budget=budget,
            patience=ONCE,
            may_change=True,
        )

    def forgive(self) -> None:
        """Forget that the venue asked us to wait: the fault is over, and its minute is long."""
        self.asker.budget = Budget(self.access, LoopClock())

    now_ns = staticmethod(time.time_ns)

    def run(self, work: Coroutine[object, object, T]) -> T:
        """Await in the one loop of the rig; what follows a fault waits for an answer briefly."""
        kept, wire.TIMEOUT_S = wire.TIMEOUT_S, BRIEF_S if self._is_brief else wire.TIMEOUT_S
        self._is_brief = False
        try:
            return self._runner.run(work)
        finally:
            wire.TIMEOUT_S = kept

    def fault(self, name: str, pattern: str) -> None:
        """Order a fault for the next request that fits."""
        self.venue.fault(name, pattern)
        self._is_brief = True

    def close(self) -> None:
        """Let go of the connections."""
        self.run(self.session.close())

    # What is asked --------------------------------------------------------------------------

    @property
    def market(self) -> Market:
        """Return the rules of the symbol."""
        found: Market = self.desk.markets[self.row.symbol]
        return found

    @property
    def abilities(self) -> Abilities:
        """Return how stops are moved here."""
        return self.entry.abilities(self.market)

    @property
    def lots(self) -> int:
        """Return a usual quantity."""
        return int(self.row.qty / self.row.lot)

    def name(self, purpose: Purpose = Purpose.ENTRY) -> str:
        """Return an id that no other test of this run uses."""
        number = next(self._numbers)
        return client_id(
            purpose, account="contract", strategy="x", symbol=self.row.symbol, decision=number
        )

    def touch(self) -> tuple[int, int]:
        """Return best bid and ask in ticks."""
        top = self.run(self.desk.top(self.row.symbol, 5))
        return top.bids[0][0], top.asks[0][0]

    def order(
        self,
        kind: OrderKind,
        side: Side,
        *,
        off: float = 0.0,
        purpose: Purpose | None = None,
        **more: Any,
    ) -> OrderRequest:
        """Return an order whose price (or trigger) is a part `off` away from the middle."""
        middle = sum(self.touch()) // 2
        ticks = round(middle * (1 + off))
        shape: dict[str, Any] = {"qty_lots": self.lots}
        if kind in CONDITIONAL:
            shape["trigger_ticks"] = ticks
            purpose = purpose or Purpose.STOP
        if kind is OrderKind.LIMIT:
            shape["price_ticks"] = ticks
        elif kind in {OrderKind.STOP_LIMIT, OrderKind.TAKE_PROFIT_LIMIT}:
            shape["price_ticks"] = round(ticks * (1 + side * 0.005))
        name = self.name(purpose or Purpose.ENTRY)
        return OrderRequest(self.row.symbol, side, kind, client_id=name, **{**shape, **more})

    def stop(self, *, off: float = -0.05, **more: Any) -> OrderRequest:
        """Return a stop of a long position as the venue's abilities want it."""
        market = self.abilities.stops_at_market
        kind = OrderKind.STOP_MARKET if market else OrderKind.STOP_LIMIT
        more.setdefault("reduce_only", self.abilities.reduces_only)
        return self.order(kind, Side.SELL, off=off, **more)

    def submit(self, request: OrderRequest, urgency: Urgency = Urgency.TRADE) -> Sequence[Report]:
        """Send an order."""
        told: Sequence[Report] = self.run(self.desk.submit(request, urgency))
        return told

    def rest(self, request: OrderRequest) -> OrderReport:
        """Send an order that must be taken; return it as the venue then shows it."""
        report = self.told(self.submit(request))
        assert isinstance(report, OrderReport), report
        return self.seen(request.client_id)

    def cancel(self, client_id: str) -> Sequence[Report]:
        """Cancel an order."""
        told: Sequence[Report] = self.run(
            self.desk.cancel(self.row.symbol, client_id, Urgency.PROTECT)
        )
        return told

    def look(self, client_id: str, look: Look = Look.BY_ID) -> Sequence[Report]:
        """Look for an order."""
        told: Sequence[Report] = self.run(self.desk.look(self.row.symbol, client_id, look))
        return told

    def seen(self, client_id: str) -> OrderReport:
        """Return an order as a look by id shows it."""
        found = [one for one in self.look(client_id) if isinstance(one, OrderReport)]
        assert len(found) == 1, (client_id, found)
        return found[0]

    def is_missing(self, client_id: str) -> bool:
        """Tell whether a look by id finds no order."""
        return isinstance(self.told(self.look(client_id)), Miss)

    @staticmethod
    def told(reports: Sequence[Report]) -> Report:
        """Return what became of the request: its one report that is no fill."""
        found = [r for r in reports if isinstance(r, OrderReport | Rejection | Unclear | Miss)]
        assert len(found) == 1, reports
        return found[0]

    def hold(self) -> int:
        """Buy at market, so that there is something to protect; return the lots filled."""
        request = self.order(OrderKind.MARKET, Side.BUY)
        self.submit(request)
        self.eventually(lambda: bool(self.seen(request.client_id).filled_lots == self.lots))
        return self.lots

    # What the venue itself holds ------------------------------------------------------------

    def account(self) -> dict[str, Any]:
        """Return balances, positions, open orders and fills of the account, in base units.

        A simulated venue may name conditional orders apart: `algo/` and our id.
        """
        found: dict[str, Any] = self.venue.state()["accounts"][0]
        for one in (*found["positions"], *found["orders"], *found["fills"]):
            for name in {"qty", "filled"} & set(one):
                one[name] = str(Decimal(one[name]) * self.row.contract)
        for one in found["orders"]:
            one["client_id"] = one["client_id"].rpartition("/")[2]
        return found

    def truth(self, client_id: str) -> dict[str, Any] | None:
        """Return an open order of the account as the venue's engine has it."""
        open_now = self.account()["orders"]
        return next((one for one in open_now if one["client_id"] == client_id), None)

    def eventually(self, check: Any, seconds: float = 5.0) -> None:
        """Wait until something is true."""
        deadline = time.monotonic() + seconds
        while not check():
            assert time.monotonic() < deadline, "it did not happen"
            self.run(asyncio.sleep(0.02))

    def clear(self) -> None:
        """Leave nothing behind: no faults, no orders, no position that another test could meet."""
        self.asker.offset_ns = 0
        for one in self.account()["orders"]:
            self.cancel(one["client_id"])
        lots = self._held()[self.row.symbol]
        if self.market.is_perpetual and lots:
            side = Side.SELL if lots > 0 else Side.BUY
            self.submit(self.order(OrderKind.MARKET, side, qty_lots=abs(lots), reduce_only=True))

    def _held(self) -> dict[str, int]:
        """Return what is held; a budget that was forgiven may have asked too often before."""
        try:
            found = self.run(self.desk.positions([self.row.symbol]))
        except CallError as error:
            if error.verdict is not Verdict.RATE:
                raise
            self.run(asyncio.sleep(2.5))
            found = self.run(self.desk.positions([self.row.symbol]))
        return {one.symbol: one.lots for one in found}


def unhurry(venue: ServedVenue) -> None:
    """Let a venue that counts all calls together be asked as fast as a test asks."""
    front: Any = venue._opened.front
    if isinstance(front, KrakenFront):
        for counter in (front._calls, front._public, front.trading):
            counter.most = 1_000_000
    elif isinstance(front, CoinbaseFront):
        for meter in (front._private, front._public, front._frames):
            meter.budget = replace(meter.budget, limit=1_000_000)


@contextmanager
def serving(row: Row) -> Iterator[Rig]:
    """Serve a venue and open a desk at it."""
    with (
        simulated_exchange(exchange=row.exchange, market="synthetic:seed=7") as venue,
        asyncio.Runner() as runner,
    ):
        if row.is_slow:
            unhurry(venue)
        rig = Rig(row, venue, runner)
        try:
            yield rig
        finally:
            rig.close()
