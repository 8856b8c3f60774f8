"""Book of record: all orders of one account, their fills, and what they hold.

One writer, no I/O. `take` applies a report and says what was remarkable; everything that is asked
of the book while trading is answered from an index, not by walking all orders there ever were.

So that memory has an end (G6), orders that are over and settled leave it after a while (`forget`);
the journal has them. A fill of an order that left can never be booked, however often it comes, for
there is nothing to book it on: each fill is booked once at the most (A8). Of the trades that a
venue lists at once the keys stay, so that a repeated list says nothing new; what is older than the
orders that were let go is refused with the remark FORGOTTEN. A trade of an order in the book is
never forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - the codec reads the types of fields
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.core.errors import InternalError
from ballast.core.ids import is_ours
from ballast.core.orders import CONDITIONAL, PRICED, Fill, OrderKind, PositionSide
from ballast.core.reports import OrderReport, Report
from ballast.oms import lifecycle
from ballast.oms.holdings import FLAT, Coin, Holding, Owed
from ballast.oms.record import OrderRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ballast.core.ids import Purpose
    from ballast.core.orders import OrderRequest
    from ballast.oms.lifecycle import Remark

Key = tuple[str, PositionSide]
TradeKey = tuple[str, int, int]
"""Symbol, trade, order: a trade between two orders of one account is two fills with one number."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a report did. `record` is None where it is about an order that is not ours."""

    record: OrderRecord | None
    remarks: tuple[Remark, ...] = ()
    is_new: bool = True
    """False where it was known already: a trade that was booked before."""


@dataclass(frozen=True, slots=True)
class Held:
    """A holding, and of what."""

    symbol: str
    side: PositionSide
    holding: Holding


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long what is over stays in the book, a symbol."""

    ns: int = 7 * 86_400_000_000_000
    """Longer than a venue can still report on an order that ended: Binance forgets one that was
    cancelled after three days."""
    orders: int = 200
    """Newest orders that stay however old they are: a clock that jumps makes all of them look old.
    """
    trades: int = 2_000
    """Newest trades whose keys stay: at least as many as a venue lists at once (1,000 and less)."""


KEEPING = Keeping()


@dataclass(frozen=True, slots=True)
class BookState:
    """All of a book, as a value."""

    orders: tuple[OrderRecord, ...]
    open: tuple[str, ...]
    doubtful: tuple[str, ...]
    """In the order in which they became so: effects follow it."""
    trades: tuple[tuple[str, int, int], ...]
    """In the order in which they were booked: the oldest are forgotten first."""
    forgotten: Mapping[str, int]
    holdings: tuple[Held, ...]
    fees: Mapping[str, int]
    owed: Mapping[str, Owed]
    """Of each symbol whose fees are taken from what is bought."""


class BookOfRecord:
    """The orders, fills and holdings of one account."""

    def __init__(self) -> None:
        """Start with nothing; a replayed journal or a reconciliation fills it."""
        self._orders: dict[str, OrderRecord] = {}
        self._open: dict[str, None] = {}
        self._doubtful: dict[str, None] = {}
        self._by_venue_id: dict[tuple[str, int], str] = {}
        self._trades: dict[TradeKey, None] = {}
        self._forgotten: dict[str, int] = {}
        self._holdings: dict[Key, Holding] = {}
        self._fees: dict[str, int] = {}
        self._owed: dict[str, Owed] = {}
        self._coins: dict[str, Coin] = {}

    def trades_coin(self, symbol: str, coin: Coin) -> None:
        """Be told what a spot symbol trades: fees taken in it make a holding smaller."""
        self._coins[symbol] = coin

    def prepare(
        self, client_id: str, purpose: Purpose, request: OrderRequest, *, decision: int, at_ns: int
    ) -> OrderRecord:
        """Enter an intent; raise `InternalError` where its id was used before (A3)."""
        if client_id in self._orders:
            raise InternalError(f"client id {client_id} was used before")
        if not is_ours(client_id) or request.client_id != client_id:
            raise InternalError(f"'{request.client_id}' is not the client id {client_id}")
        _require_sound(request)
        record = OrderRecord(client_id, purpose, request, decision, at_ns, updated_ns=at_ns)
        return self._keep(record)

    def keep(self, record: OrderRecord) -> OrderRecord:
        """Replace the record of a known order by a later one of `lifecycle`."""
        if record.client_id not in self._orders:
            raise InternalError(f"no order {record.client_id}")
        return self._keep(record)

    def take(self, report: Report) -> Taken:
        """Apply a report; the same one twice changes nothing the second time (A8)."""
        if isinstance(report, Fill) and _key_of(report) in self._trades:
            return Taken(self.find(report), is_new=False)
        record = self.find(report)
        if record is None:
            return self._of_no_order(report)
        applied = lifecycle.apply(record, report)
        if lifecycle.Remark.OTHER_ORDER in applied.remarks:
            return Taken(record, applied.remarks)
        if isinstance(report, Fill):
            self._trades[_key_of(report)] = None
            self._hold(report)
        return Taken(self._keep(applied.record), applied.remarks)

    def adopt(self, fill: Fill) -> None:
        """Book a trade of no order of ours that changed what we hold; the same one once (F8)."""
        if _key_of(fill) not in self._trades:
            self._trades[_key_of(fill)] = None
            self._hold(fill)

    def find(self, report: Report) -> OrderRecord | None:
        """Return the order a report is about: by our id, else by the venue's."""
        record = self._orders.get(report.client_id)
        if record is None and isinstance(report, OrderReport | Fill):
            known = self._by_venue_id.get((report.symbol, report.order_id), "")
            record = self._orders.get(known)
        return record if record is not None and record.symbol == report.symbol else None

    def get(self, client_id: str) -> OrderRecord | None:
        """Return an order by our id."""
        return self._orders.get(client_id)

    def open_orders(self, symbol: str | None = None) -> Iterator[OrderRecord]:
        """Yield what may still trade, in the order of its intents."""
        for client_id in self._open:
            record = self._orders[client_id]
            if symbol is None or record.symbol == symbol:
                yield record

    def doubtful(self) -> Iterator[OrderRecord]:
        """Yield what must be asked about, or whose answer is awaited."""
        for client_id in self._doubtful:
            yield self._orders[client_id]

    def reducing(self, symbol: str) -> list[OrderRecord]:
        """Return orders that could still make a position smaller, or whose fills are missing."""
        names = dict.fromkeys([*self._open, *self._doubtful])
        found = [self._orders[name] for name in names]
        return [one for one in found if one.symbol == symbol and not one.may_enlarge]

    def is_entering(self, symbol: str) -> bool:
        """Tell whether a position may still grow, or fills that made it larger are missing."""
        names = dict.fromkeys([*self._open, *self._doubtful])
        found = (self._orders[name] for name in names)
        return any(one.symbol == symbol and one.may_enlarge for one in found)

    def holding(self, symbol: str, side: PositionSide = PositionSide.BOTH) -> Holding:
        """Return what the fills of an instrument come to."""
        return self._holdings.get((symbol, side), FLAT)

    def holdings(self) -> dict[Key, Holding]:
        """Return all that is held, by instrument and position side."""
        return {key: one for key, one in self._holdings.items() if one.lots}

    def fees(self) -> dict[str, int]:
        """Return the fees paid, in atoms of each asset; rebates are negative."""
        return dict(self._fees)

    def enlarging_lots(self, symbol: str) -> int:
        """Return how far open orders could still enlarge a position, unknown ones at full (F3)."""
        return sum(one.open_lots for one in self.open_orders(symbol) if one.may_enlarge)

    def forgotten_ns(self, symbol: str) -> int:
        """Return the time before which orders of a symbol may have been forgotten; 0: none was."""
        return self._forgotten.get(symbol, 0)

    def forget(self, symbol: str, before_ns: int, keeping: Keeping = KEEPING) -> int:
        """Let go of a symbol's settled orders last heard of before a time; return how many.

        Only while the venue is known to hold what the book does: until then a fill may be missing.
        """
        self._forgotten[symbol] = max(before_ns, self.forgotten_ns(symbol))
        settled = [one for one in self._orders.values() if one.symbol == symbol and one.is_settled]
        gone = [
            one
            for one in settled[: max(len(settled) - keeping.orders, 0)]
            if max(one.updated_ns, one.prepared_ns) < before_ns
        ]
        for record in gone:
            del self._orders[record.client_id]
            self._by_venue_id.pop((symbol, record.order_id), None)
        trades = [key for key in self._trades if key[0] == symbol]
        for key in trades[: max(len(trades) - keeping.trades, 0)]:
            if (symbol, key[2]) not in self._by_venue_id:
                del self._trades[key]
        return len(gone)

    def state(self) -> BookState:
        """Return all of it."""
        return BookState(
            tuple(self._orders.values()),
            tuple(self._open),
            tuple(self._doubtful),
            tuple(self._trades),
            dict(self._forgotten),
            tuple(Held(symbol, side, one) for (symbol, side), one in self._holdings.items()),
            dict(self._fees),
            dict(self._owed),
        )

    def restore(self, state: BookState) -> None:
        """Take a state in place of whatever is here."""
        coins = self._coins
        self.__init__()  # type: ignore[misc]
        self._coins = coins
        for record in state.orders:
            self._keep(record)
        self._open = dict.fromkeys(state.open)
        self._doubtful = dict.fromkeys(state.doubtful)
        self._trades = dict.fromkeys(state.trades)
        self._forgotten = dict(state.forgotten)
        self._holdings = {(one.symbol, one.side): one.holding for one in state.holdings}
        self._fees = dict(state.fees)
        self._owed = dict(state.owed)

    def _of_no_order(self, report: Report) -> Taken:
        """Return what a report of no order in the book is; a fill of ours from long ago is old."""
        if not isinstance(report, Fill) or not is_ours(report.client_id):
            return Taken(None)
        if report.at_ns >= self.forgotten_ns(report.symbol):
            return Taken(None)
        return Taken(None, (lifecycle.Remark.FORGOTTEN,), is_new=False)

    def _keep(self, record: OrderRecord) -> OrderRecord:
        client_id = record.client_id
        self._orders[client_id] = record
        if record.order_id:
            self._by_venue_id[record.symbol, record.order_id] = client_id
        _mark(self._open, client_id, record.is_open)
        waits = lifecycle.is_awaited(record) or lifecycle.is_doubtful(record)
        _mark(self._doubtful, client_id, waits)
        return record

    def _hold(self, fill: Fill) -> None:
        key = (fill.symbol, fill.position_side)
        held = self._holdings.get(key, FLAT).after(fill)
        coin = self._coins.get(fill.symbol)
        if coin is not None and coin.asset == fill.fee_asset:
            owed = self._owed.get(fill.symbol, Owed())
            self._owed[fill.symbol], lots = owed.after(coin, fill.fee_atoms)
            held = held.less(lots)
        self._holdings[key] = held
        if fill.fee_atoms:
            self._fees[fill.fee_asset] = self._fees.get(fill.fee_asset, 0) + fill.fee_atoms


def _key_of(fill: Fill) -> TradeKey:
    return fill.symbol, fill.trade_id, fill.order_id


def _mark(index: dict[str, None], client_id: str, is_in: bool) -> None:  # noqa: FBT001 - a fact
    if is_in:
        index.setdefault(client_id)
    else:
        index.pop(client_id, None)


def _require_sound(request: OrderRequest) -> None:
    """Raise `InternalError` for what can be no order of ours, whoever asks for it (R-STOP-39)."""
    numbers = [request.qty_lots]
    if request.kind is OrderKind.TRAILING_STOP:
        numbers.append(request.trail_ppm)
    elif request.kind in CONDITIONAL:
        numbers.append(request.trigger_ticks)
    if request.kind in PRICED:
        numbers.append(request.price_ticks)
    if not request.symbol or not all(type(one) is int and one > 0 for one in numbers):
        raise InternalError(
            f"no order: {request.kind} of {request.qty_lots!r} lots of {request.symbol!r},"
            f" trigger {request.trigger_ticks!r}, price {request.price_ticks!r}"
        )
