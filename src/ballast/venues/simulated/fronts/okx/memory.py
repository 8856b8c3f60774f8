"""Memory: what OKX can still tell of an account and the engine does not keep.

Of an order its tag and how it was sized, and what its fills cost; of an account its bills; of a
swap the funding rates that were paid. All of it is bounded, the oldest forgotten first.

Bills are of trades, of funding, and of transfers: what is paid into the account or out of it, which
is of no instrument. A bill says what the balance was after it. Balances are told once a request,
after its fills, so the bills of a request wait for that and are then reckoned backwards from it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ballast.core.instrument import Kind
from ballast.core.orders import MarginMode, PositionSide, Side
from ballast.venues.simulated.engine.events import (
    BalanceChanged,
    Filled,
    FundingPaid,
    MarkChanged,
    PositionChanged,
    Transferred,
)
from ballast.venues.simulated.fronts.okx import ids

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import TypeVar

    from ballast.venues.simulated.engine.events import Event
    from ballast.venues.simulated.engine.exchange import Exchange

    _K = TypeVar("_K")
    _V = TypeVar("_V")

NOTES_MAX = 20_000
"""Orders remembered: several times what the engine keeps of all accounts of a test."""
BILLS_MAX = 10_000
RATES_MAX = 1_000
"""Funding rates of a swap: most of a year."""
TRANSFER, TRADE, FUNDING = "1", "2", "8"
"""Types of bills."""
CAME, LEFT = "11", "12"
"""Subtypes of transfers."""


@dataclass(frozen=True, slots=True)
class Note:
    """What an order was asked with and the engine does not need."""

    tag: str = ""
    td_mode: str = "cash"
    tgt_ccy: str = ""
    sz: str = ""
    """The size as it was sent, where it was in quote."""
    ord_type: str = ""
    """Where the engine has no kind of its own for it."""
    attached: tuple[dict[str, str], ...] = ()


@dataclass(slots=True)
class Totals:
    """What the fills of an order cost so far; the last fill of it."""

    fee_asset: str = ""
    fee_atoms: int = 0
    realised_atoms: int = 0
    trade_id: int = 0
    price_ticks: int = 0
    qty_lots: int = 0
    at_ns: int = 0


@dataclass(slots=True)
class Life:
    """What befell a position since it was opened; charges are negative."""

    since_ns: int = 0
    fee_atoms: int = 0
    funding_atoms: int = 0
    realised_atoms: int = 0
    trade_id: int = 0


@dataclass(slots=True)
class Bill:
    """One change of a balance."""

    account: int
    asset: str
    kind: str
    subtype: str
    change_atoms: int
    at_ns: int
    number: int = 0
    balance_atoms: int = 0
    symbol: str = ""
    """'' of a transfer."""
    margin_mode: str = ""
    order_number: int = 0
    client_id: str = ""
    price_ticks: int = 0
    qty_lots: int = 0
    fee_atoms: int = 0
    realised_atoms: int = 0
    is_maker: bool = False


@dataclass(slots=True)
class Memory:
    """All that is remembered of one venue."""

    exchange: Exchange
    notes: dict[int, Note] = field(default_factory=dict)
    totals: dict[int, Totals] = field(default_factory=dict)
    bills: deque[Bill] = field(default_factory=lambda: deque(maxlen=BILLS_MAX))
    rates: dict[str, deque[tuple[int, int]]] = field(default_factory=dict)
    """Of a swap: when funding was due, and its rate."""
    lives: dict[tuple[int, str, PositionSide], Life] = field(default_factory=dict)
    """Of each open position: account, symbol, side."""
    _next_bill: int = 1
    _waiting: list[Bill] = field(default_factory=list)
    _due: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def kept(self) -> Mapping[str, Any]:
        """The type of each part of it; no bill waits between two requests."""
        return {
            "notes": dict[int, Note],
            "totals": dict[int, Totals],
            "bills": deque[Bill],
            "rates": dict[str, deque[tuple[int, int]]],
            "lives": dict[tuple[int, str, PositionSide], Life],
            "_next_bill": int,
            "_due": dict[str, tuple[int, int]],
        }

    def keep(self, order_number: int, note: Note) -> None:
        """Remember how an order was asked for."""
        _put(self.notes, order_number, note)

    def note(self, order_number: int) -> Note:
        """Return how an order was asked for."""
        return self.notes.get(order_number) or Note()

    def of(self, order_number: int) -> Totals:
        """Return what the fills of an order cost."""
        return self.totals.get(order_number) or Totals()

    def bills_of(self, account: int) -> Iterator[Bill]:
        """Walk the bills of an account, the newest first."""
        return (one for one in reversed(self.bills) if one.account == account)

    def life(self, account: int, symbol: str, side: PositionSide) -> Life:
        """Return what befell a position, to be changed in place."""
        return self.lives.setdefault((account, symbol, side), Life())

    def observe(self, event: Event) -> None:
        """Take an event of the engine."""
        match event:
            case Filled():
                self._fill(event)
            case FundingPaid():
                self._funding(event)
            case MarkChanged():
                self._mark(event)
            case Transferred():
                self._transferred(event)
            case BalanceChanged():
                self._balance(event)
            case PositionChanged() if not event.position.qty_lots:
                one = event.position
                self.lives.pop((one.account, one.symbol, one.side), None)
            case _:
                pass

    def _fill(self, event: Filled) -> None:
        fill = event.fill
        totals = self.totals.get(fill.order_id)
        if totals is None:
            totals = Totals()
            _put(self.totals, fill.order_id, totals)
        totals.fee_asset = fill.fee_asset
        totals.fee_atoms += fill.fee_atoms
        totals.realised_atoms += fill.realised_atoms
        totals.trade_id, totals.price_ticks = fill.trade_id, fill.price_ticks
        totals.qty_lots, totals.at_ns = fill.qty_lots, fill.at_ns
        for bill in self._bills_of_fill(event):
            self._bill(bill)

    def _bills_of_fill(self, event: Filled) -> list[Bill]:
        """Return the bill of a swap's fill, or the two of a spot trade, one an asset."""
        fill = event.fill
        symbol, listing = fill.symbol, self.exchange.listings[fill.symbol]
        bill = Bill(
            account=fill.account,
            asset=listing.quote,
            kind=TRADE,
            subtype=subtype_of(fill.side, fill.position_side),
            change_atoms=fill.realised_atoms - fill.fee_atoms,
            at_ns=fill.at_ns,
            symbol=symbol,
            order_number=fill.order_id,
            client_id=ids.own_id(event.order),
            price_ticks=fill.price_ticks,
            qty_lots=fill.qty_lots,
            fee_atoms=-fill.fee_atoms,
            realised_atoms=fill.realised_atoms,
            is_maker=fill.is_maker,
        )
        if listing.kind is Kind.PERPETUAL:
            life = self.life(fill.account, symbol, fill.position_side)
            life.since_ns = life.since_ns or fill.at_ns
            life.fee_atoms -= fill.fee_atoms
            life.realised_atoms += fill.realised_atoms
            life.trade_id = fill.trade_id
            bill.margin_mode = self._mode(fill.account, symbol)
            return [bill]
        worth = listing.price(fill.price_ticks) * listing.qty(fill.qty_lots)
        bills = []
        for asset, amount in (
            (listing.base, fill.side * listing.qty(fill.qty_lots)),
            (listing.quote, -fill.side * worth),
        ):
            fee = fill.fee_atoms if asset == fill.fee_asset else 0
            change = self.exchange.atoms(asset, amount) - fee
            bills.append(replace(bill, asset=asset, change_atoms=change, fee_atoms=-fee))
        return bills

    def _funding(self, event: FundingPaid) -> None:
        self.life(event.account, event.symbol, event.side).funding_atoms += event.paid_atoms
        bill = Bill(
            account=event.account,
            asset=self.exchange.listings[event.symbol].quote,
            kind=FUNDING,
            subtype="174" if event.paid_atoms > 0 else "173",
            change_atoms=event.paid_atoms,
            at_ns=event.at_ns,
            symbol=event.symbol,
            margin_mode=self._mode(event.account, event.symbol),
        )
        self._bill(bill)

    def _transferred(self, event: Transferred) -> None:
        bill = Bill(
            account=event.account,
            asset=event.asset,
            kind=TRANSFER,
            subtype=LEFT if event.atoms < 0 else CAME,
            change_atoms=event.atoms,
            at_ns=event.at_ns,
        )
        self._bill(bill)

    def _mark(self, event: MarkChanged) -> None:
        """Keep the rate that was known when the funding time passed."""
        due = self._due.get(event.symbol)
        if due is not None and due[0] < event.next_funding_ns:
            kept = self.rates.setdefault(event.symbol, deque(maxlen=RATES_MAX))
            kept.append(due)
        self._due[event.symbol] = event.next_funding_ns, event.funding_rate_e9

    def _balance(self, event: BalanceChanged) -> None:
        """Give the waiting bills of an account their balances, the last one first."""
        left = {one.asset: one.total_atoms for one in event.balances}
        mine = [one for one in self._waiting if one.account == event.account]
        self._waiting = [one for one in self._waiting if one.account != event.account]
        for bill in reversed(mine):
            total = left.get(bill.asset)
            if total is None:
                total = self.exchange.balance(event.account, bill.asset).total_atoms
            bill.balance_atoms = total
            left[bill.asset] = total - bill.change_atoms

    def _bill(self, bill: Bill) -> None:
        bill.number = self._next_bill
        self._next_bill += 1
        self.bills.append(bill)
        self._waiting.append(bill)

    def _mode(self, account: int, symbol: str) -> str:
        _, mode = self.exchange.leverage(account, symbol)
        return "isolated" if mode is MarginMode.ISOLATED else "cross"


def _put(kept: dict[_K, _V], key: _K, value: _V) -> None:
    kept[key] = value
    if len(kept) > NOTES_MAX:
        del kept[next(iter(kept))]


def subtype_of(side: Side, which: PositionSide) -> str:
    """Return OKX's number for what a trade did: buy, sell, or open and close of a hedged side."""
    if which is PositionSide.BOTH:
        return "1" if side is Side.BUY else "2"
    opens = (which is PositionSide.LONG) == (side is Side.BUY)
    if which is PositionSide.LONG:
        return "3" if opens else "5"
    return "4" if opens else "6"
