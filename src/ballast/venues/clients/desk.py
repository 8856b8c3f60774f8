"""Desk: the port every venue fills in, one class a venue, and the conversations of its sockets.

A desk turns our words into calls and answers into reports. It keeps nothing of orders: their book
is `oms`. Requests raise nothing for what a venue answers: a definite refusal is a `Rejection`, a
doubt an `Unclear`, an order not found a `Miss`. Questions not about one order raise `CallError`.

A conversation is one socket without I/O: what to say when it opens, what a frame means, what to
answer. `streams/` carries it, watches it for silence, and begins it anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ballast.core import marketdata
from ballast.core.orders import Fill
from ballast.core.reports import OrderReport
from ballast.venues.clients.account import Balance, VenuePosition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from ballast.core.orders import AmendRequest, MarginMode, OrderRequest
    from ballast.core.reports import Look, Report
    from ballast.core.time import Timeframe
    from ballast.venues.clients.account import (
        CandleRow,
        DayTicker,
        Flow,
        Grants,
        SymbolSetting,
        TopOfBook,
        VenueStatus,
    )
    from ballast.venues.clients.calls import Urgency, Verdict
    from ballast.venues.clients.market import Market


@dataclass(frozen=True, slots=True)
class Paid:
    """Funding of a position, in quote units; negative: received."""

    symbol: str
    amount: Decimal
    at_ns: int
    payment_id: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """The venue changed the state of a symbol, or announced it: `status` is its own word."""

    symbol: str
    is_trading: bool
    status: str


News = OrderReport | Fill | Balance | VenuePosition | Paid | Listed | marketdata.Event
"""What a frame can tell. Reports of orders carry `Source.STREAM`."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a frame meant."""

    news: tuple[News, ...] = ()
    replies: tuple[str, ...] = ()
    """Frames to send back, in order."""
    is_ready: bool = False
    """Whether everything asked for is subscribed from now on."""
    ends: str = ""
    """Why the connection must be made anew, '' if it goes on: listen key expired, stream
    terminated, a refused subscription."""
    verdict: Verdict | None = None
    """What that means, where the venue refused: `KEY` needs a person."""


class Conversation(Protocol):
    """One socket. Made anew for each connection by its factory, so it starts without memory."""

    @property
    def name(self) -> str:
        """Return what it is called in logs and reports: `private`, `public.depth`."""
        ...

    async def url(self) -> str:
        """Return where to connect; may ask for a listen key or a token. Raises `CallError`."""
        ...

    def greeting(self, now_ns: int) -> Sequence[str]:
        """Return the frames to send when the socket is open: login, subscriptions."""
        ...

    def hear(self, frame: bytes, now_ns: int) -> Heard:
        """Read one frame; raise `ValueError` (or a subclass) for one that cannot be read."""
        ...

    def ping(self, now_ns: int) -> str | None:
        """Return the venue's own ping as text; None: the protocol's ping serves."""
        ...

    async def keep(self) -> None:
        """Do what keeps the connection allowed (renew a listen key), every `keep_s`."""
        ...

    @property
    def ping_s(self) -> float:
        """Return seconds between pings."""
        ...

    @property
    def keep_s(self) -> float:
        """Return seconds between two `keep`s; 0: none is needed."""
        ...

    @property
    def life_s(self) -> float:
        """Return after how long the connection is made anew by plan (before the venue's 24 h)."""
        ...


class VenueDesk(Protocol):
    """One account at one venue. Symbols are ours (`BTCUSDT`); `markets` is filled by `load`."""

    venue: str
    """As in the stores: BINANCE, BINANCEUSDM, BYBIT, BYBITLINEAR, OKX, OKXSWAP, ..."""

    @property
    def markets(self) -> Mapping[str, Market]:
        """Return the trading rules of each symbol, as `load` asked for them last."""
        ...

    # What the venue is ----------------------------------------------------------------------

    async def load(self) -> None:
        """Ask for the trading rules of all symbols (`Market`); again: refresh them."""
        ...

    async def server_ms(self) -> int:
        """Return the venue's time."""
        ...

    async def status(self) -> VenueStatus:
        """Return whether the venue is open."""
        ...

    async def grants(self) -> Grants:
        """Return what the key may do and how the account is set."""
        ...

    async def fees(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Return the account's maker and taker fee as fractions of notional."""
        ...

    # Orders: never raise for what the venue says --------------------------------------------

    async def submit(self, request: OrderRequest, urgency: Urgency) -> Sequence[Report]:
        """Send an order."""
        ...

    async def cancel(self, symbol: str, client_id: str, urgency: Urgency) -> Sequence[Report]:
        """Cancel an order. One that is not found is looked up: it may have ended (5.4)."""
        ...

    async def amend(self, request: AmendRequest, urgency: Urgency) -> Sequence[Report]:
        """Change a resting order in place."""
        ...

    async def replace(
        self, client_id: str, request: OrderRequest, urgency: Urgency
    ) -> Sequence[Report]:
        """Cancel an order and send another in one request; both outcomes are told."""
        ...

    async def look(self, symbol: str, client_id: str, look: Look) -> Sequence[Report]:
        """Look for an order in one place; not there: `Miss`. A failed question: nothing."""
        ...

    # Questions: raise `CallError` -----------------------------------------------------------

    async def open_orders(self, symbols: Sequence[str]) -> tuple[OrderReport, ...]:
        """Return all open orders of these symbols, conditional ones too; foreign ones too."""
        ...

    async def trades(self, symbol: str, since_ms: int | None = None) -> list[Fill]:
        """Return own trades, oldest first, all pages since then; None: the newest page."""
        ...

    async def positions(self, symbols: Sequence[str]) -> list[VenuePosition]:
        """Return what is held of each of these symbols, flat ones with 0 lots."""
        ...

    async def balances(self) -> list[Balance]:
        """Return all assets that are not zero."""
        ...

    async def free(self, quote: str) -> Decimal:
        """Return what a new order may use of a quote asset: free coins, or available margin."""
        ...

    async def equity(self, quote: str) -> Decimal:
        """Return what the account is worth in a quote asset, open profit included."""
        ...

    async def funding(self, symbol: str, since_ms: int) -> list[Paid]:
        """Return funding payments; [] on spot."""
        ...

    async def flows(self, quote: str, since_ms: int) -> list[Flow] | None:
        """Return deposits, withdrawals and transfers since a time, oldest first, all pages.

        Of all assets that count in `equity(quote)`. None: this venue tells of none.
        """
        ...

    # Setting up -----------------------------------------------------------------------------

    async def setting(self, symbol: str) -> SymbolSetting | None:
        """Return leverage and margin mode of a perpetual; None on spot."""
        ...

    async def set_up(self, symbol: str, leverage: Decimal, margin_mode: MarginMode) -> None:
        """Set leverage, margin mode and one-way mode; what is set already is no error."""
        ...

    # Market data ----------------------------------------------------------------------------

    async def candles(
        self, symbol: str, timeframe: Timeframe, since_ms: int, limit: int
    ) -> list[CandleRow]:
        """Return closed and growing bars from a time on, oldest first."""
        ...

    async def top(self, symbol: str, depth: int) -> TopOfBook:
        """Return the best levels of the book."""
        ...

    async def tickers(self) -> list[DayTicker]:
        """Return the last 24 hours of every symbol that the venue tells of and `markets` has."""
        ...

    # Sockets --------------------------------------------------------------------------------

    def private(self, symbols: Sequence[str]) -> Sequence[Conversation]:
        """Return new conversations that tell orders, fills, balances and positions."""
        ...

    def public(self, symbols: Sequence[str], timeframe: Timeframe) -> Sequence[Conversation]:
        """Return new conversations that tell candles, best prices and trades of these symbols."""
        ...

    def depth(self, symbols: Sequence[str]) -> Sequence[Conversation]:
        """Return new conversations that tell the order books as raw frames for recording."""
        ...


@runtime_checkable
class PairDesk(Protocol):
    """A desk whose venue takes a take and a stop for the same coins as one (OCO)."""

    async def place_pair(
        self, take: OrderRequest, stop: OrderRequest, urgency: Urgency
    ) -> Sequence[Report]:
        """Place both or neither; what ends one ends the other. Both outcomes are told."""
        ...
