"""Private channels of Kraken's streams: what becomes of orders, and balances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.orders import EndReason, OrderKind, OrderStatus, TimeInForce
from ballast.venues.simulated.engine.events import (
    BalanceChanged,
    Cause,
    Change,
    Filled,
    OrderUpdated,
)
from ballast.venues.simulated.fronts.kraken import names
from ballast.venues.simulated.fronts.kraken.encoding import iso, number
from ballast.venues.simulated.fronts.kraken.feeds import Feed
from ballast.venues.simulated.fronts.kraken.ledger import ids_of, kind_of
from ballast.venues.simulated.fronts.kraken.words import fill_number, side_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ballast.core.orders import Fill, Order
    from ballast.venues.simulated.engine.events import Amount, Event
    from ballast.venues.simulated.fronts.kraken.front import KrakenFront
    from ballast.venues.simulated.wire.interests import Interest

SNAPSHOT_TRADES = 50
TIFS = {TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC", TimeInForce.GTD: "GTD"}
OPEN_CLOSED = frozenset({"new", "filled", "canceled", "expired"})
"""What is told where not every change is wanted; trades are told in any case."""


class ExecutionFeed(Feed):
    """The orders of an account and their trades, each time something happens to one."""

    channel = "executions"

    def __init__(
        self, front: KrakenFront, account: int, *, orders: bool, trades: bool, every: bool
    ) -> None:
        """Tell an account; the snapshot has open orders, the last trades, or both."""
        self._front = front
        self._account = account
        self._snaps = (orders, trades)
        self._every = every
        self._sequence = 0

    def interests(self) -> frozenset[Interest]:
        """Return what becomes of the account's orders."""
        return frozenset({(OrderUpdated, self._account), (Filled, self._account)})

    def begin(self, now_ns: int) -> Iterator[dict[str, Any]]:  # noqa: ARG002 - they have times
        """Tell the open orders, and the last fifty trades where they are wanted."""
        market = self._front.market
        rows: list[dict[str, Any]] = []
        if self._snaps[0]:
            for order in market.open_orders(self._account):
                kind = "new" if order.status is not OrderStatus.PENDING else "pending_new"
                rows.append(self._whole(order, kind, order.updated_ns))
        if self._snaps[1]:
            for fill in market.fills(self._account, limit=SNAPSHOT_TRADES):
                found = self._order_of(fill)
                if found is not None:
                    rows.append(self._trade(fill, found))
        yield self._numbered("snapshot", rows)

    def _order_of(self, fill: Fill) -> Order | None:
        rows = self._front.market.orders(self._account, fill.symbol, 10_000)
        return next((one for one in rows if one.order_id == fill.order_id), None)

    def event(self, event: Event, now_ns: int) -> Iterator[dict[str, Any]]:  # noqa: ARG002
        """Tell what became of an order."""
        if isinstance(event, Filled):
            if event.order.account == self._account:
                yield self._numbered("update", [self._trade(event.fill, event.order)])
                if event.order.status is OrderStatus.FILLED:
                    yield self._numbered("update", [self._changed(event.order, "filled")])
        elif isinstance(event, OrderUpdated) and event.order.account == self._account:
            for row in self._rows(event.change, event.order):
                if self._every or row["exec_type"] in OPEN_CLOSED:
                    yield self._numbered("update", [row])

    def _rows(self, change: Change, order: Order) -> list[dict[str, Any]]:
        match change:
            case Change.NEW:
                return [
                    self._whole(order, "pending_new", order.created_ns),
                    self._changed(order, "new"),
                ]
            case Change.AMENDED:
                return [self._whole(order, "amended", order.updated_ns)]
            case Change.TRIGGERED | Change.ACTIVATED:
                return [self._whole(order, "status", order.updated_ns)]
            case Change.ENDED if order.status is not OrderStatus.FILLED:
                return [self._changed(order, self._front.words.status(order))]
            case _:
                return []

    def _numbered(self, kind: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        self._sequence += 1
        return self._frame(kind, rows) | {"sequence": self._sequence}

    def _names(self, order: Order, kind: str, at_ns: int) -> dict[str, Any]:
        row: dict[str, Any] = {
            "exec_type": kind,
            "order_id": names.txid(names.ORDER, order.order_id),
            "order_status": self._standing(order, kind),
            "timestamp": iso(at_ns),
        }
        if order.request.client_id:
            row["cl_ord_id"] = order.request.client_id
        note = self._front.memory.note(order.order_id)
        if note.userref:
            row["order_userref"] = number(note.userref)
        return row

    def _standing(self, order: Order, kind: str) -> str:
        """Return where an order stands; a trade that fills it says so in a word of its own."""
        if kind in {"pending_new", "new", "filled", "canceled", "expired"}:
            return kind
        return "partially_filled" if order.filled_lots else "new"

    def _whole(self, order: Order, kind: str, at_ns: int) -> dict[str, Any]:
        """Return all that an order is."""
        asked, pair = order.request, self._front.pairs.of(order.request.symbol)
        row = self._names(order, kind, at_ns) | {
            "symbol": pair.symbol,
            "side": side_of(asked.side),
            "order_type": self._front.words.kind_of(order),
            "order_qty": number(pair.volume(asked.qty_lots)),
            "time_in_force": TIFS.get(asked.tif, "GTC"),
            "limit_price_type": "static",
            "post_only": asked.post_only,
            "reduce_only": False,
            "margin": False,
            "fee_ccy_pref": "fciq",
            **self._filled(order),
        }
        if asked.price_ticks:
            row["limit_price"] = number(pair.price(asked.price_ticks))
        if asked.display_lots:
            row["display_qty"] = number(pair.volume(asked.display_lots))
        if asked.quote_atoms:
            note = self._front.memory.note(order.order_id)
            row["cash_order_qty"] = number(note.cost or "0")
        if asked.expire_ns:
            row["expire_time"] = iso(asked.expire_ns)
        if order.stop_ticks or asked.kind is OrderKind.TRAILING_STOP:
            row["stop_price"] = number(pair.price(order.stop_ticks))
            row["triggers"] = {
                "reference": "last",
                "price": number(pair.price(order.stop_ticks)),
                "price_type": "static" if asked.trigger_ticks else "quote",
                "actual_price": number(pair.price(order.stop_ticks)),
                "status": "triggered" if order.triggered_ns else "untriggered",
            }
        return row

    def _filled(self, order: Order) -> dict[str, Any]:
        pair = self._front.pairs.of(order.request.symbol)
        return {
            "cum_qty": number(pair.volume(order.filled_lots)),
            "cum_cost": number(pair.cost(order.value)),
            "avg_price": number(pair.average(order.value, order.filled_lots)),
            "fee_usd_equiv": number(self._fee(order)),
        }

    def _fee(self, order: Order) -> str:
        pair = self._front.pairs.of(order.request.symbol)
        paid = self._front.memory.paid(order.order_id).fee_atoms
        return self._front.words.money(pair.listing.quote, paid)

    def _changed(self, order: Order, kind: str) -> dict[str, Any]:
        """Return where an order stands now."""
        row = self._names(order, kind, order.updated_ns)
        if kind == "new":
            return row
        if order.reason is not EndReason.NONE:
            row["reason"] = self._front.words.reason(order)
        return row | self._filled(order)

    def _trade(self, fill: Fill, order: Order) -> dict[str, Any]:
        pair, front = self._front.pairs.of(fill.symbol), self._front
        fee = number(front.words.money(fill.fee_asset, fill.fee_atoms))
        return (
            self._names(order, "trade", fill.at_ns)
            | self._filled(order)
            | {
                "order_status": "partially_filled",  # that it is filled is said apart
                "exec_id": names.txid(names.TRADE, fill_number(fill)),
                "trade_id": fill.trade_id,
                "symbol": pair.symbol,
                "side": side_of(fill.side),
                "order_type": front.words.kind_of(order),
                "order_qty": number(pair.volume(order.request.qty_lots)),
                "last_qty": number(pair.volume(fill.qty_lots)),
                "last_price": number(pair.price(fill.price_ticks)),
                "cost": number(pair.cost(fill.price_ticks * fill.qty_lots)),
                "liquidity_ind": "m" if fill.is_maker else "t",
                "fees": [{"asset": fill.fee_asset, "qty": fee}],
            }
        )


class BalanceFeed(Feed):
    """What an account has of each asset; what open orders hold changes nothing here."""

    channel = "balances"

    def __init__(self, front: KrakenFront, account: int) -> None:
        """Tell an account."""
        self._front = front
        self._account = account
        self._totals: dict[str, int] = {}
        self._fees: dict[str, int] = {}
        self._reference = ""
        self._entries = 0
        self._sequence = 0

    def interests(self) -> frozenset[Interest]:
        """Return what changes the account's balances, and what it paid for trades."""
        return frozenset({(BalanceChanged, self._account), (Filled, self._account)})

    def begin(self, now_ns: int) -> Iterator[dict[str, Any]]:  # noqa: ARG002 - it has no time
        """Tell all of them."""
        found = self._front.market.balances(self._account)
        self._totals = {one.asset: one.total_atoms for one in found}
        yield self._numbered("snapshot", [self._asset(one) for one in found])

    def event(self, event: Event, now_ns: int) -> Iterator[dict[str, Any]]:
        """Tell what changed, with the fees of the trades that changed it."""
        if isinstance(event, Filled) and event.fill.account == self._account:
            fill = event.fill
            self._fees[fill.fee_asset] = self._fees.get(fill.fee_asset, 0) + fill.fee_atoms
            self._reference = names.txid(names.TRADE, fill_number(fill))
        elif isinstance(event, BalanceChanged) and event.account == self._account:
            rows = [row for one in event.balances for row in self._entry(one, event, now_ns)]
            self._fees.clear()
            if rows:
                yield self._numbered("update", rows)

    def _entry(self, one: Amount, event: BalanceChanged, now_ns: int) -> Iterator[dict[str, Any]]:
        before = self._totals.get(one.asset, 0)
        self._totals[one.asset] = one.total_atoms
        if one.total_atoms == before:
            return
        fee = self._fees.get(one.asset, 0)
        self._entries += 1
        kind, ids = "trade", (names.txid(names.LEDGER, self._entries), self._reference)
        moved = self._front.memory.last_moved(self._account, one.asset)
        if event.cause is Cause.TRANSFER and moved is not None:
            kind, ids = kind_of(moved.atoms), ids_of(moved)
        yield {
            "ledger_id": ids[0],
            "ref_id": ids[1],
            "timestamp": iso(now_ns),
            "type": kind,
            "category": kind,
            "asset": one.asset,
            "asset_class": "currency",
            "wallet_type": "spot",
            "wallet_id": "main",
            "amount": self._money(one.asset, one.total_atoms - before + fee),
            "fee": self._money(one.asset, fee),
            "balance": self._money(one.asset, one.total_atoms),
        }

    def _asset(self, one: Amount) -> dict[str, Any]:
        balance = self._money(one.asset, one.total_atoms)
        return {
            "asset": one.asset,
            "asset_class": "currency",
            "balance": balance,
            "wallets": [{"type": "spot", "id": "main", "balance": balance}],
        }

    def _money(self, asset: str, atoms: int) -> Any:  # noqa: ANN401 - a JSON number
        return number(self._front.words.money(asset, atoms))

    def _numbered(self, kind: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        self._sequence += 1
        return self._frame(kind, rows) | {"sequence": self._sequence}
