"""Market data as it arrives: changes of books, trades, quotes, candles, and what a venue says.

Prices are whole ticks and quantities whole lots of a `Grid`, times are nanoseconds UTC. `at_ns` is
the venue's own time of what happened (of the matching engine where it is stated, else of sending, 0
where the message states none); when it was received is not its content and travels beside it.

    BookUpdate   levels of an order book: a whole book, or the levels that changed
    Trade        one trade (or several of one order at one price)
    Quote        best bid and ask
    Candle       a bar, closed or still growing
    Ticker       last, mark and index price, funding, open interest: what the message states
    Liquidation  an order the venue forced
    Control      everything that is not market data: answers, errors, pings, private messages

A level array has one row a level: price in ticks, quantity in lots (0 takes the level away), and
its form: how many decimals each of the two was written with, because the checksums of some venues
are taken over the text as sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal  # noqa: TC003 - dataclass fields are read at run time
from enum import IntEnum, StrEnum
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from ballast.core.errors import DataError

Levels = NDArray[np.int64]
"""Rows of (price in ticks, quantity in lots, form)."""

NONE = -1
"""An id that the venue does not state."""
PLACES_MAX = 18
"""Decimals a step may have: 10**18 is the largest power of ten in an int64."""
PRICE, QTY, FORM = 0, 1, 2
FORM_SHIFT = 8
"""A form is `decimals of the price << FORM_SHIFT | decimals of the quantity`."""


class Side(IntEnum):
    """Of a trade: who took liquidity. Of a level: bid or ask."""

    BUY = 1
    SELL = -1


class Steps(NamedTuple):
    """A step as integers: `step * 10**-places`."""

    places: int
    step: int


@dataclass(frozen=True, slots=True)
class Grid:
    """The steps prices and quantities are counted in: `Grid(Decimal("0.01"), Decimal("0.00001"))`.

    `price`, `qty` and `numbers` (places and step of price, then of quantity, for compiled code) are
    the same as integers, for exact arithmetic without `Decimal`.
    """

    tick: Decimal
    lot: Decimal
    price: Steps = field(init=False, compare=False)
    qty: Steps = field(init=False, compare=False)
    numbers: NDArray[np.int64] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Split the steps once; raise `DataError` unless both are positive decimals."""
        price, qty = steps_of(self.tick), steps_of(self.lot)
        object.__setattr__(self, "price", price)
        object.__setattr__(self, "qty", qty)
        object.__setattr__(self, "numbers", np.array([*price, *qty], np.int64))

    def price_of(self, ticks: int) -> Decimal:
        """Return the price of a count of ticks, exactly."""
        return self.tick * ticks

    def qty_of(self, lots: int) -> Decimal:
        """Return the quantity of a count of lots, exactly."""
        return self.lot * lots


def steps_of(step: Decimal) -> Steps:
    """Split a step into integers; raise `DataError` unless it is a positive decimal."""
    if not step.is_finite() or step <= 0:
        raise DataError(f"'{step}' cannot be a step of prices or quantities", expected="above 0")
    _, digits, exponent = step.normalize().as_tuple()
    whole = int("".join(map(str, digits)))
    assert isinstance(exponent, int)
    places = max(-exponent, 0)
    if exponent > 0:
        whole *= 10**exponent
    if places > PLACES_MAX or whole >= 10**PLACES_MAX:
        raise DataError(f"'{step}' has too many digits for a step", expected="at most 18 decimals")
    return Steps(places, whole)


class BookUpdate(msgspec.Struct, frozen=True, gc=False):
    """Levels of a book: all of them (`is_snapshot`) or those that changed.

    `first_id` to `last_id` are the venue's numbers of the changes inside, `prev_id` the number the
    update follows. `depth` is how many levels a side the stream keeps, 0 if it does not say.
    `frame_id` numbers the messages of the connection (Coinbase).
    """

    symbol: str
    at_ns: int
    is_snapshot: bool
    bids: Levels
    asks: Levels
    first_id: int = NONE
    last_id: int = NONE
    prev_id: int = NONE
    checksum: int | None = None
    depth: int = 0
    frame_id: int = NONE


class Trade(msgspec.Struct, frozen=True, gc=False):
    """A trade; `side` took liquidity. An aggregate holds the trades `first_id` to `last_id`.

    `off_book` trades (insurance fund, block trades, liquidation hand-overs) met no resting order.
    """

    symbol: str
    at_ns: int
    trade_id: str
    price_ticks: int
    qty_lots: int
    side: Side
    off_book: bool = False
    is_aggregate: bool = False
    first_id: int = NONE
    last_id: int = NONE
    frame_id: int = NONE


class Quote(msgspec.Struct, frozen=True, gc=False):
    """Best bid and ask; a side without orders, or not stated, has price and quantity 0."""

    symbol: str
    at_ns: int
    bid_ticks: int
    bid_lots: int
    ask_ticks: int
    ask_lots: int
    update_id: int = NONE
    frame_id: int = NONE


class Candle(msgspec.Struct, frozen=True, gc=False):
    """A bar as streamed: known by `open_ns`, final only if `is_closed`."""

    symbol: str
    at_ns: int
    open_ns: int
    interval: str
    open_ticks: int
    high_ticks: int
    low_ticks: int
    close_ticks: int
    volume_lots: int
    is_closed: bool


class Ticker(msgspec.Struct, frozen=True, gc=False):
    """What a ticker message states; None where it is silent. Values off the grid: `Decimal`."""

    symbol: str
    at_ns: int
    last: Decimal | None = None
    mark: Decimal | None = None
    index: Decimal | None = None
    funding_rate: Decimal | None = None
    predicted_rate: Decimal | None = None
    funding_ns: int | None = None
    open_interest: Decimal | None = None
    frame_id: int = NONE


class Liquidation(msgspec.Struct, frozen=True, gc=False):
    """A forced order; `side` is the side of the order: a long is liquidated by selling."""

    symbol: str
    at_ns: int
    price_ticks: int
    qty_lots: int
    side: Side


class Word(StrEnum):
    """What a message that is no market data says."""

    SUBSCRIBED = "subscribed"
    UNSUBSCRIBED = "unsubscribed"
    ANSWER = "answer"
    ERROR = "error"
    PING = "ping"
    PONG = "pong"
    HEARTBEAT = "heartbeat"
    STATUS = "status"
    PRIVATE = "private"
    """Of an account (orders, fills, balances): not normalised here."""
    IGNORED = "ignored"
    """Known to the venue's protocol and of no use to us."""
    UNLISTED = "unlisted"
    """Market data of a symbol we have no grid for."""


class Control(msgspec.Struct, frozen=True, gc=False):
    """A message that is no market data; `text` is a code, a topic or an error message."""

    word: Word
    text: str = ""
    request_id: str = ""
    frame_id: int = NONE


class TheirFault(msgspec.Struct, frozen=True, gc=False):
    """A message that breaks the venue's own protocol: where in it, and why."""

    where: str
    why: str


Event = BookUpdate | Trade | Quote | Candle | Ticker | Liquidation | Control
"""All that a message can mean."""


class Row(IntEnum):
    """The kind of a row of a replay."""

    LEVEL = 0
    TRADE = 1
    QUOTE = 2


SNAPSHOT = 1
"""A row of a whole book: its first row (`FIRST`) empties the book before it."""
FIRST = 2
"""The first row of an event."""
LAST = 4
"""The last row of an event: only after it is the book whole."""
LOST = 8
"""No levels: the book is not known from here until the next snapshot."""
OFF_BOOK = 16
"""A trade that met no resting order."""
EMPTY = 32
"""A row that only marks an event without levels: quantity and price are 0."""

REPLAY = np.dtype(
    [
        ("received_ns", np.int64),
        ("at_ns", np.int64),
        ("frame", np.int64),
        ("event_id", np.int64),
        ("price_ticks", np.int64),
        ("qty_lots", np.int64),
        ("kind", np.int8),
        ("side", np.int8),
        ("flags", np.uint8),
    ]
)
"""A row of a replay, in the order of receipt: (`received_ns`, `frame`), then as sent."""
