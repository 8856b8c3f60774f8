"""Native: what each venue does by itself and what the node does in its place, asked of its desk.

Every desk is asked to send one order of each sort, by an asker that reaches nobody. A desk that has
no words for it refuses before it asks (`NOT_SUPPORTED`); one that has tries, and tells that nothing
was done. So the table of `docs/venues.md` cannot say what a desk would not do.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.ids import Purpose, client_id
from ballast.core.instrument import Kind
from ballast.core.orders import (
    AmendRequest,
    OrderKind,
    OrderRef,
    OrderRequest,
    RejectReason,
    Side,
    TimeInForce,
    TriggerBy,
)
from ballast.core.reports import Rejection
from ballast.venues.clients.calls import Call, CallError, Urgency, Verdict
from ballast.venues.clients.market import Market
from ballast.venues.clients.venues import VENUES, Venue
from ballast.venues.download.names import venue_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ballast.core.reports import Report

NOW_NS = 1_700_000_000_000_000_000
MARKER, END = "<!-- Made by docs/generate.py: native and emulated -->", "<!-- end -->"
SYMBOL = "BTCUSDT"
STOP_NAME, ENTRY_NAME = (
    client_id(purpose, account="docs", strategy="docs", symbol=SYMBOL, decision=1)
    for purpose in (Purpose.STOP, Purpose.ENTRY)
)
LIMIT = OrderRequest(SYMBOL, Side.SELL, OrderKind.LIMIT, 1_000, 600_000, ENTRY_NAME)
STOP = OrderRequest(
    SYMBOL, Side.SELL, OrderKind.STOP_MARKET, 1_000, client_id=STOP_NAME, trigger_ticks=500_000
)
STOP_LIMIT = replace(STOP, kind=OrderKind.STOP_LIMIT, price_ticks=490_000)
OURS = "the node"


class Nobody:
    """An asker that reaches no venue."""

    key = ""
    passphrase = ""

    async def ask(self, call: Call) -> Any:
        """Fail as without a network: nothing was sent."""
        raise CallError(Verdict.UNREACHED, call.method)

    def now_ms(self) -> int:
        """Return a time."""
        return NOW_NS // 1_000_000

    def sign(self, text: str, *, digest: str = "hex") -> str:
        """Return no signature."""
        return f"{digest}{text}"

    def token(self) -> str:
        """Return no token."""
        return ""


class Probe:
    """Asks one desk what it has words for."""

    def __init__(self, name: str, venue: Venue) -> None:
        """Give the desk one market that allows everything."""
        known = venue_name(name, [one.access.ccxt_id for one in VENUES.values()])
        self.market = Market(
            SYMBOL, "BTCUSDT", "BTC", "USDT", known.kind, Decimal("0.1"), Decimal("0.00001")
        )
        self.abilities = venue.abilities(self.market)
        self.is_perpetual = known.kind is Kind.PERPETUAL
        self._desk = venue.desk(Nobody(), lambda: NOW_NS)
        self._desk.markets = {SYMBOL: self.market}  # type: ignore[misc]  # of a class that may

    def takes(self, request: OrderRequest) -> bool:
        """Tell whether the desk would send an order."""
        return self._tries(self._desk.submit(request, Urgency.TRADE))

    def amends(self) -> bool:
        """Tell whether the desk would change a resting limit order in place."""
        change = AmendRequest(OrderRef(SYMBOL, client_id=ENTRY_NAME), price_ticks=610_000)
        return self._tries(self._desk.amend(change, Urgency.TRADE))

    def can(self, call: str) -> bool:
        """Tell whether the desk has a call beyond the port."""
        return hasattr(self._desk, call)

    @staticmethod
    def _tries(work: Any) -> bool:
        told: Sequence[Report] = asyncio.run(work)
        no = RejectReason.NOT_SUPPORTED
        return not any(isinstance(one, Rejection) and one.reason is no for one in told)


def _stop(probe: Probe) -> str:
    if probe.takes(STOP):
        return "venue, at market"
    percent = probe.abilities.offset_ppm / 10_000
    return f"venue, as a limit {percent:g} % beyond" if probe.takes(STOP_LIMIT) else OURS


def _moves(probe: Probe) -> str:
    able = probe.abilities
    if able.amends_stops:
        return "in place"
    if able.replaces:
        return "cancel and new in one request"
    return "the new one first, then the old goes" if able.holds_two else "cancel, then new"


def _take(probe: Probe) -> str:
    return "rests beside the stop" if probe.abilities.holds_two else f"{OURS}, while a stop rests"


def _reduces(probe: Probe) -> str:
    return "venue" if probe.abilities.reduces_only else f"{OURS}: sells what is set aside"


def _by_venue(request: OrderRequest, otherwise: str) -> Callable[[Probe], str]:
    return lambda probe: "venue" if probe.takes(request) else otherwise


def _tifs(probe: Probe) -> str:
    known = [one for one in TimeInForce if one is not TimeInForce.GTD]
    return ", ".join(one.upper() for one in known if probe.takes(replace(LIMIT, tif=one)))


def _triggers(probe: Probe) -> str:
    base = STOP if probe.takes(STOP) else STOP_LIMIT
    return ", ".join(one for one in TriggerBy if probe.takes(replace(base, trigger_by=one)))


TRAILING = replace(STOP, kind=OrderKind.TRAILING_STOP, trigger_ticks=0, trail_ppm=10_000)
GAINS = replace(
    STOP_LIMIT, kind=OrderKind.TAKE_PROFIT_LIMIT, trigger_ticks=700_000, price_ticks=690_000
)
DATED = replace(LIMIT, tif=TimeInForce.GTD, expire_ns=2 * NOW_NS)
BY_MONEY = OrderRequest(
    SYMBOL, Side.BUY, OrderKind.MARKET, client_id=ENTRY_NAME, quote_atoms=10**10
)
ROWS: tuple[tuple[str, Callable[[Probe], str]], ...] = (
    ("A stop", _stop),
    ("Moving a stop", _moves),
    ("A trailing stop", _by_venue(TRAILING, f"{OURS} moves a stop")),
    ("A take", _take),
    ("A take that waits for a price", _by_venue(GAINS, "none")),
    ("Orders that only reduce", _reduces),
    (
        "A stop of the position itself",
        lambda probe: "a call of the desk" if probe.can("set_position_stop") else "none",
    ),
    ("Prices a stop can wait for", _triggers),
    ("Post-only", _by_venue(replace(LIMIT, post_only=True), "none")),
    ("Times in force", _tifs),
    ("Good till a date", _by_venue(DATED, f"{OURS} cancels")),
    (
        "Changing an order in the book",
        lambda probe: "in place" if probe.amends() else "cancel and new",
    ),
    ("A market order sized in quote", _by_venue(BY_MONEY, f"{OURS} sizes in base")),
)


def table() -> str:
    """Return the table, a venue a column."""
    probes = {name: Probe(name, venue) for name, venue in VENUES.items()}
    lines = ["| | " + " | ".join(probes) + " |", "| --- |" + " --- |" * len(probes)]
    lines += [
        f"| {title} | " + " | ".join(cell(probe) for probe in probes.values()) + " |"
        for title, cell in ROWS
    ]
    return "\n".join(lines)


def between_markers(page: str) -> str:
    """Return a page with the table written anew between its markers; raise where it has none."""
    head, found, rest = page.partition(MARKER)
    _, closed, tail = rest.partition(END)
    if not (found and closed):
        raise ValueError(f"docs/venues.md has lost its markers {MARKER} and {END}")
    return f"{head}{MARKER}\n\n{table()}\n\n{END}{tail}"
