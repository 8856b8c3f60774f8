"""Private channels of OKX: orders, algo orders, positions, account, what endangers positions."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.instrument import Kind
from ballast.core.orders import EndReason, OrderStatus
from ballast.venues.simulated.engine.events import (
    BalanceChanged,
    Cause,
    Change,
    Filled,
    MarkChanged,
    OrderUpdated,
    PositionChanged,
)
from ballast.venues.simulated.fronts.okx import algo_words, orders, risk
from ballast.venues.simulated.fronts.okx.call import OTHER_TYPES, TYPES, type_of
from ballast.venues.simulated.fronts.okx.feed import Feed
from ballast.venues.simulated.fronts.okx.words import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ballast.core.orders import Fill, Order
    from ballast.venues.simulated.engine.events import Event, Position
    from ballast.venues.simulated.fronts.okx.front import OkxFront

NS_MS = 1_000_000
SECOND_NS = 1_000_000_000
REGULAR_NS = 5 * SECOND_NS
WARNING_NS = 30 * SECOND_NS
WARNING_RATIO = Decimal(3)
EVENTS = {
    Cause.ORDER: "filled",
    Cause.FUNDING: "funding_fee",
    Cause.TRANSFER: "transferred",
    Cause.LIQUIDATION: "liquidation",
    Cause.MARGIN: "transferred",
}


def matches(front: OkxFront, arg: dict[str, str], symbol: str) -> bool:
    """Tell whether an instrument is one that a subscription means."""
    listing = front.market.listings[symbol]
    family = f"{listing.base}-{listing.quote}" if listing.kind is Kind.PERPETUAL else ""
    return (
        arg.get("instType", "ANY") in {"ANY", type_of(listing)}
        and arg.get("instFamily", family) == family
        and arg.get("instId", symbol) == symbol
    )


def _interval_ns(arg: dict[str, str]) -> int:
    """Return how often a whole is told without an event: 5 s, or as `extraParams` says, 0 never."""
    try:
        extra = json.loads(arg.get("extraParams", "{}"))
        wanted = int(extra.get("updateInterval", 5_000))
    except (ValueError, AttributeError, TypeError, RecursionError):
        return REGULAR_NS
    return 0 if wanted == 0 else REGULAR_NS


class OrdersFeed(Feed):
    """The orders of an account, each time one changes."""

    def __init__(self, front: OkxFront, arg: dict[str, str], account: int) -> None:
        """Tell the orders that the argument means."""
        self._front = front
        self._arg = arg
        self._account = account

    def event(self, event: Event, now_ns: int) -> Iterator[dict[str, Any]]:  # noqa: ARG002
        """Tell an order that changed, a fill with its trade."""
        fill: Fill | None = None
        match event:
            case Filled():
                order, fill = event.order, event.fill
            case OrderUpdated() if event.change is not Change.TRADE:
                order = event.order
            case _:
                return
        mine = order.account == self._account and orders.is_order(order)
        if mine and matches(self._front, self._arg, order.request.symbol):
            amended = isinstance(event, OrderUpdated) and event.change is Change.AMENDED
            yield {"arg": self._arg, "data": [self._row(order, fill, amended=amended)]}

    def _row(self, order: Order, fill: Fill | None, *, amended: bool) -> dict[str, Any]:
        words, symbol = self._front.words, order.request.symbol
        listing = words.listing(symbol)
        worth = words.worth(symbol, order.request.qty_lots * order.request.price_ticks)
        traded = words.worth(symbol, fill.qty_lots * fill.price_ticks) if fill else Decimal(0)
        row = words.order(order)
        if fill is None:
            row |= {"fillPx": "", "fillSz": "0", "fillTime": "", "tradeId": ""}
        return row | {
            "amendResult": "0" if amended else "",
            "amendSource": "1" if amended else "",
            "code": "0",
            "execType": ("M" if fill.is_maker else "T") if fill else "",
            "fillFee": words.money(fill.fee_asset, -fill.fee_atoms) if fill else "0",
            "fillFeeCcy": fill.fee_asset if fill else "",
            "fillFwdPx": "",
            "fillMarkPx": "",
            "fillMarkVol": "",
            "fillNotionalUsd": text(traded) if fill else "",
            "fillPnl": words.money(listing.quote, fill.realised_atoms) if fill else "0",
            "fillPxUsd": "",
            "fillPxVol": "",
            "lastPx": words.maybe_price(symbol, self._front.market.last_ticks(symbol)),
            "msg": "",
            "notionalUsd": text(worth),
            "reqId": "",
        }


class AlgosFeed(OrdersFeed):
    """The algo orders of an account, until each has become an order."""

    def event(self, event: Event, now_ns: int) -> Iterator[dict[str, Any]]:  # noqa: ARG002
        """Tell an algo order that changed."""
        if not isinstance(event, OrderUpdated) or event.change is Change.TRADE:
            return
        order = event.order
        mine = order.account == self._account and algo_words.was_placed(order)
        if not mine or not matches(self._front, self._arg, order.request.symbol):
            return
        waits = order.status is OrderStatus.UNTRIGGERED
        failed = order.reason in algo_words.FAILED and not order.filled_lots
        ended_waiting = event.change is Change.ENDED and (not order.triggered_ns or failed)
        gave_way = order.reason is EndReason.LIST and order.list_id
        if waits or event.change is Change.TRIGGERED or (ended_waiting and not gave_way):
            algo = algo_words.of_order(self._front, order)
            row = algo_words.printed(self._front, algo)
            yield {"arg": self._arg, "data": [row | {"notionalUsd": "", "reqId": "",
                                                     "amendResult": ""}]}  # fmt: skip


class PositionsFeed(Feed):
    """The positions of an account: all of them at first, then each that changes."""

    def __init__(self, front: OkxFront, arg: dict[str, str], account: int) -> None:
        """Tell the positions that the argument means."""
        self._front = front
        self._arg = arg
        self._account = account
        self._every_ns = _interval_ns(arg)
        self._told_ns = 0

    def _rows(self, now_ns: int) -> list[dict[str, Any]]:
        return [
            self._row(one, now_ns)
            for one in self._front.market.positions(self._account)
            if matches(self._front, self._arg, one.symbol)
        ]

    def _row(self, one: Position, now_ns: int) -> dict[str, Any]:
        return risk.position(self._front, one, now_ns // NS_MS)

    def begin(self, now_ns: int) -> Iterator[dict[str, Any]]:
        """Tell all that are open."""
        self._told_ns = now_ns
        yield {"arg": self._arg, "data": self._rows(now_ns)}

    def event(self, event: Event, now_ns: int) -> Iterator[dict[str, Any]]:
        """Tell one that changed; one that is closed has a size of 0."""
        if not isinstance(event, PositionChanged) or event.position.account != self._account:
            return
        if matches(self._front, self._arg, event.position.symbol):
            yield {"arg": self._arg, "data": [self._row(event.position, now_ns)]}

    def tick(self, now_ns: int) -> Iterator[dict[str, Any]]:
        """Tell all that are open every five seconds."""
        if self._every_ns and now_ns - self._told_ns >= self._every_ns:
            self._told_ns = now_ns
            rows = self._rows(now_ns)
            if rows:
                yield {"arg": self._arg, "data": rows}


class AccountFeed(Feed):
    """The balance of an account: the whole at first, then with what changed."""

    def __init__(self, front: OkxFront, arg: dict[str, str], account: int) -> None:
        """Tell the currency the argument means, or all."""
        self._front = front
        self._arg = arg
        self._account = account
        self._every_ns = _interval_ns(arg)
        self._told_ns = 0

    def _frame(self, now_ns: int, names: list[str] | None) -> dict[str, Any]:
        own = self._arg.get("ccy")
        if own is not None:
            names = [own] if names is None or own in names else []
        found = risk.balance(self._front, self._account, now_ns // NS_MS, names)
        return {"arg": self._arg, "data": [found]}

    def begin(self, now_ns: int) -> Iterator[dict[str, Any]]:
        """Tell all."""
        self._told_ns = now_ns
        yield self._frame(now_ns, None)

    def event(self, event: Event, now_ns: int) -> Iterator[dict[str, Any]]:
        """Tell what changed."""
        if isinstance(event, BalanceChanged) and event.account == self._account:
            names = [one.asset for one in event.balances]
            if self._arg.get("ccy") in {None, *names}:
                yield self._frame(now_ns, names)

    def tick(self, now_ns: int) -> Iterator[dict[str, Any]]:
        """Tell all every five seconds."""
        if self._every_ns and now_ns - self._told_ns >= self._every_ns:
            yield from self.begin(now_ns)


class BalanceAndPositionFeed(Feed):
    """Cash and positions, in few words and at once."""

    def __init__(self, front: OkxFront, arg: dict[str, str], account: int) -> None:
        """Tell everything of the account."""
        self._front = front
        self._arg = arg
        self._account = account

    def begin(self, now_ns: int) -> Iterator[dict[str, Any]]:
        """Tell all of it."""
        market = self._front.market
        cash = [self._cash(one.asset, one.total_atoms, now_ns)
                for one in market.balances(self._account)]  # fmt: skip
        held = [self._held(one, now_ns) for one in market.positions(self._account)]
        yield self._frame("snapshot", now_ns, cash, held, [])

    def event(self, event: Event, now_ns: int) -> Iterator[dict[str, Any]]:
        """Tell what changed."""
        match event:
            case BalanceChanged() if event.account == self._account:
                cash = [self._cash(one.asset, one.total_atoms, now_ns) for one in event.balances]
                yield self._frame(EVENTS[event.cause], now_ns, cash, [], [])
            case PositionChanged() if event.position.account == self._account:
                held = [self._held(event.position, now_ns)]
                trades = [{"instId": one["instId"], "tradeId": one["tradeId"]} for one in held]
                yield self._frame("filled", now_ns, [], held, trades)
            case _:
                return

    def _cash(self, asset: str, atoms: int, now_ns: int) -> dict[str, str]:
        cash = self._front.words.money(asset, atoms)
        return {"ccy": asset, "cashBal": cash, "uTime": str(now_ns // NS_MS)}

    def _held(self, one: Position, now_ns: int) -> dict[str, Any]:
        whole = risk.position(self._front, one, now_ns // NS_MS)
        names = (
            "posId", "tradeId", "instId", "instType", "mgnMode", "posSide", "pos", "ccy",
            "posCcy", "avgPx", "nonSettleAvgPx", "settledPnl", "uTime",
        )  # fmt: skip
        return {name: whole[name] for name in names}

    def _frame(
        self, kind: str, now_ns: int, cash: list[Any], held: list[Any], trades: list[Any]
    ) -> dict[str, Any]:
        body = {
            "pTime": str(now_ns // NS_MS), "eventType": kind, "balData": cash, "posData": held,
            "trades": trades,
        }  # fmt: skip
        return {"arg": self._arg, "data": [body]}


class WarningFeed(Feed):
    """The positions whose margin is less than three times what is needed."""

    def __init__(self, front: OkxFront, arg: dict[str, str], account: int) -> None:
        """Watch the positions that the argument means."""
        self._front = front
        self._arg = arg
        self._account = account
        self._warned: dict[str, int] = {}

    def begin(self, now_ns: int) -> Iterator[dict[str, Any]]:
        """Warn of what is in danger already."""
        yield from self._look(now_ns)

    def event(self, event: Event, now_ns: int) -> Iterator[dict[str, Any]]:
        """Look again when a mark or a position changes."""
        if isinstance(event, MarkChanged | PositionChanged):
            yield from self._look(now_ns)

    def _look(self, now_ns: int) -> Iterator[dict[str, Any]]:
        for one in self._front.market.positions(self._account):
            if not matches(self._front, self._arg, one.symbol):
                continue
            row = risk.position(self._front, one, now_ns // NS_MS)
            safe = not row["mgnRatio"] or Decimal(row["mgnRatio"]) > WARNING_RATIO
            if safe:
                self._warned.pop(row["posId"], None)
            elif now_ns - self._warned.get(row["posId"], -WARNING_NS) >= WARNING_NS:
                self._warned[row["posId"]] = now_ns
                yield {"arg": self._arg, "data": [row | {"pTime": str(now_ns // NS_MS)}]}


MAKERS: dict[str, Callable[[OkxFront, dict[str, str], int], Feed]] = {
    "orders": OrdersFeed,
    "orders-algo": AlgosFeed,
    "algo-advance": AlgosFeed,
    "positions": PositionsFeed,
    "account": AccountFeed,
    "balance_and_position": BalanceAndPositionFeed,
    "liquidation-warning": WarningFeed,
}
ON_BUSINESS = frozenset({"orders-algo", "algo-advance"})
NEEDS_TYPE = frozenset(MAKERS) - {"account", "balance_and_position"}
COUNTED = frozenset(MAKERS) - ON_BUSINESS


def is_private(name: str) -> bool:
    """Tell whether a channel needs a login."""
    return name in MAKERS


def is_known(front: OkxFront, arg: dict[str, str], kind: str) -> bool:
    """Tell whether a private channel belongs on this kind of socket and means something."""
    name = arg["channel"]
    if kind != ("business" if name in ON_BUSINESS else "private"):
        return False
    if name in NEEDS_TYPE and arg.get("instType") not in {
        "ANY", *TYPES.values(), *OTHER_TYPES,
    }:  # fmt: skip
        return False
    return arg.get("instId") is None or arg["instId"] in front.market.listings


def make(front: OkxFront, arg: dict[str, str], account: int) -> Feed:
    """Return the feed of a channel that is known."""
    return MAKERS[arg["channel"]](front, arg, account)
