"""The user stream of Binance USD-M: orders, algo orders, balances and positions as they change."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.orders import CONDITIONAL, TERMINAL, MarginMode, OrderStatus, TriggerBy
from ballast.venues.simulated.engine.events import (
    BalanceChanged,
    Cause,
    Change,
    Filled,
    FundingPaid,
    MarkChanged,
    OrderUpdated,
    PositionChanged,
)
from ballast.venues.simulated.fronts.binance.usdm_account import asset_figures
from ballast.venues.simulated.fronts.binance.usdm_algos import shown
from ballast.venues.simulated.fronts.binance.usdm_positions import (
    entry_price,
    figures,
    money,
    sides_of,
)
from ballast.venues.simulated.fronts.binance.usdm_words import is_reducing, is_sent, own_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ballast.core.orders import Fill, Order, PositionSide
    from ballast.venues.simulated.engine.events import Event, Position
    from ballast.venues.simulated.fronts.binance.usdm import BinanceUsdm

NS_MS = 1_000_000
CHANGES = {
    Change.NEW: "NEW",
    Change.TRIGGERED: "NEW",
    Change.AMENDED: "AMENDMENT",
}
FUNDED = "FUNDING_FEE"
CALL_SHARE = Decimal("0.8")
"""A margin call is sent when maintenance has eaten so much of what stands behind it."""


class UserFeed:
    """What one listen key is told of its account."""

    def __init__(self, front: BinanceUsdm, account: int) -> None:
        """Begin with what the account has now."""
        self._front = front
        self._account = account
        self._pending: dict[tuple[str, PositionSide], Position] = {}
        held = [
            front.market.position(account, name, side)
            for name in front.market.listings
            for side in sides_of(front, account)
        ]
        self._told = {(one.symbol, one.side): self._said(one) for one in held}
        self._totals = {
            one.asset: one.total_atoms for one in front.market.balances(account)
        }  # fmt: skip
        self._configs = front.configs.count
        self._called: set[str] = set()
        self._is_over = False
        self._why = ""
        """What the next change of a balance comes from, where an event has said it."""

    def take(self, event: Event) -> list[dict[str, Any]]:
        """Return the events of the stream that an event of the engine makes."""
        if self._is_over:
            return []
        match event:
            case OrderUpdated() if event.order.account == self._account:
                return [*self._order(event)]
            case FundingPaid() if event.account == self._account:
                self._why = FUNDED
            case Filled() if event.fill.account == self._account:
                self._why = "ORDER"
                return [*self._fill(event)]
            case PositionChanged() if event.position.account == self._account:
                one = event.position
                self._pending[one.symbol, one.side] = one
            case BalanceChanged() if event.account == self._account:
                return self._balance(event)
            case MarkChanged():
                return self._margin_call(event)
            case _:
                pass
        return []

    # Orders ------------------------------------------------------------------------------

    def _order(self, event: OrderUpdated) -> Iterator[dict[str, Any]]:
        order, stamp = event.order, event.at_ns // NS_MS
        is_algo, sent = order.request.kind in CONDITIONAL, is_sent(order)
        if is_algo and event.change is Change.TRIGGERED:
            yield self._algo(order, stamp, "TRIGGERING")
        if is_algo and event.change is not Change.TRADE and not (
            sent and event.change in {Change.AMENDED, Change.ENDED}
        ):  # fmt: skip
            yield self._algo(order, stamp)
        change = CHANGES.get(event.change)
        if event.change is Change.ENDED:
            change = "CANCELED" if order.status is OrderStatus.CANCELLED else "EXPIRED"
        if sent and change is not None:
            yield self._report(order, change, event.at_ns, None)
        if is_algo and sent and event.change is Change.ENDED:
            yield self._algo(order, stamp)

    def _fill(self, event: Filled) -> Iterator[dict[str, Any]]:
        order, fill = event.order, event.fill
        words, stamp, symbol = self._front.words, event.at_ns // NS_MS, event.fill.symbol
        yield {
            "e": "TRADE_LITE",
            "E": stamp,
            "T": stamp,
            "s": symbol,
            "q": words.qty(symbol, order.request.qty_lots),
            "p": words.order(order)["price"],
            "m": fill.is_maker,
            "c": own_id(order),
            "S": fill.side.name,
            "L": words.price(symbol, fill.price_ticks),
            "l": words.qty(symbol, fill.qty_lots),
            "t": fill.trade_id,
            "i": order.order_id,
        }
        change = "TRADE" if order.request.client_id else "CALCULATED"  # the latter liquidates
        yield self._report(order, change, event.at_ns, fill)
        if order.request.kind in CONDITIONAL and order.status in TERMINAL:
            yield self._algo(order, stamp)

    def _report(
        self, order: Order, change: str, at_ns: int, fill: Fill | None
    ) -> dict[str, Any]:  # fmt: skip
        words, asked = self._front.words, order.request
        symbol, stamp, whole = asked.symbol, at_ns // NS_MS, words.order(order)
        quote = words.listing(symbol).quote
        return {
            "e": "ORDER_TRADE_UPDATE",
            "E": stamp,
            "T": stamp,
            "o": {
                "s": symbol,
                "c": own_id(order),
                "S": asked.side.name,
                "o": whole["type"],
                "f": whole["timeInForce"],
                "q": whole["origQty"],
                "p": whole["price"],
                "ap": whole["avgPrice"],
                "sp": whole["stopPrice"],
                "x": change,
                "X": whole["status"],
                "i": order.order_id,
                "l": words.qty(symbol, fill.qty_lots if fill else 0),
                "z": whole["executedQty"],
                "L": words.price(symbol, fill.price_ticks if fill else 0),
                "n": words.money(fill.fee_asset, fill.fee_atoms) if fill else "0",
                "N": fill.fee_asset if fill else quote,
                "T": stamp,
                "t": fill.trade_id if fill else 0,
                "b": "0",
                "a": "0",
                "m": bool(fill and fill.is_maker),
                "R": whole["reduceOnly"],
                "wt": "CONTRACT_PRICE",
                "ot": whole["origType"],
                "ps": asked.position_side.name,
                "cp": asked.close_position,
                "rp": words.money(quote, fill.realised_atoms if fill else 0),
                "pP": False,
                "si": 0,
                "ss": 0,
                "V": whole["selfTradePreventionMode"],
                "pm": "NONE",
                "gtd": whole["goodTillDate"],
            },
        }

    def _algo(self, order: Order, stamp: int, status: str = "") -> dict[str, Any]:
        whole = shown(self._front, order)
        asked = order.request
        body = {
            "caid": whole["clientAlgoId"],
            "aid": whole["algoId"],
            "at": "CONDITIONAL",
            "o": whole["orderType"],
            "s": asked.symbol,
            "S": asked.side.name,
            "ps": asked.position_side.name,
            "f": whole["timeInForce"],
            "q": whole["quantity"],
            "X": status or whole["algoStatus"],
            "ai": "" if status else whole["actualOrderId"],
            "ap": whole["actualPrice"],
            "aq": whole["actualQty"],
            "act": self._front.words.order(order)["type"] if is_sent(order) and not status else "0",
            "tp": whole["triggerPrice"],
            "p": whole["price"],
            "V": whole["selfTradePreventionMode"],
            "wt": "MARK_PRICE" if asked.trigger_by is TriggerBy.MARK else "CONTRACT_PRICE",
            "pm": "NONE",
            "cp": asked.close_position,
            "pP": whole["priceProtect"],
            "R": is_reducing(order),
            "tt": whole["triggerTime"],
            "gtd": whole["goodTillDate"],
            "rm": str(order.reason) if whole["algoStatus"] == "REJECTED" else "",
        }
        return {"e": "ALGO_UPDATE", "T": stamp, "E": stamp, "o": body}

    # Account -----------------------------------------------------------------------------

    def _balance(self, event: BalanceChanged) -> list[dict[str, Any]]:
        """Tell balances that changed, with the positions that were told just before them."""
        words, rows = self._front.words, []
        # Nothing was traded and nothing paid: the margin of a position was changed.
        moved = "DEPOSIT" if event.cause is Cause.TRANSFER else "MARGIN_TRANSFER"
        why, self._why = self._why or moved, ""
        for one in event.balances:
            change = one.total_atoms - self._totals.get(one.asset, 0)
            self._totals[one.asset] = one.total_atoms
            if change:
                found = asset_figures(self._front, self._account, one.asset)
                rows.append(
                    {
                        "a": one.asset,
                        "wb": money(found["walletBalance"]),
                        "cw": money(found["crossWalletBalance"]),
                        "bc": words.money(one.asset, change) if why != "ORDER" else "0",
                    }
                )
        return self._update(why, rows, event.at_ns)

    def _update(
        self, why: str, rows: list[dict[str, Any]], at_ns: int
    ) -> list[dict[str, Any]]:  # fmt: skip
        held = [*self._positions()]
        if not rows and not held:
            return []
        stamp = at_ns // NS_MS
        return [
            {
                "e": "ACCOUNT_UPDATE",
                "E": stamp,
                "T": stamp,
                "a": {"m": why, "B": rows, "P": held},
            }
        ]

    def _positions(self) -> Iterator[dict[str, Any]]:
        """Yield the positions that wait to be told, unless nothing of them is new."""
        pending, self._pending = self._pending, {}
        for place, one in pending.items():
            said = self._said(one)
            if self._told.get(place) != said:
                self._told[place] = said
                yield {**said, "up": money(figures(self._front, one).profit)}

    def _said(self, one: Position) -> dict[str, Any]:
        """Return what is told of a position, but for its profit, which no request changes."""
        front, entry = self._front, entry_price(self._front, one)
        quote = front.words.listing(one.symbol).quote
        earned = front.ledger.earned.get(f"{self._account}/{one.symbol}/{one.side}", 0)
        return {
            "s": one.symbol,
            "pa": front.words.qty(one.symbol, one.qty_lots),
            "ep": entry,
            "bep": entry,
            "cr": front.words.money(quote, earned),
            "mt": "isolated" if one.margin_mode is MarginMode.ISOLATED else "cross",
            "iw": money(figures(front, one).own),
            "ps": one.side.name,
            "ma": quote,
        }

    def _margin_call(self, event: MarkChanged) -> list[dict[str, Any]]:
        """Warn once each time that the margin of what is held comes near its maintenance."""
        market = self._front.market
        held = market.positions(self._account, event.symbol)
        if not held:
            self._called.discard(event.symbol)
            return []
        asset = market.listings[event.symbol].quote
        whole = asset_figures(self._front, self._account, asset)
        rows = []
        for one in held:
            found = figures(self._front, one)
            is_alone = one.margin_mode is MarginMode.ISOLATED
            behind = found.isolated if is_alone else (
                whole["crossWalletBalance"] + whole["crossUnPnl"]
            )  # fmt: skip
            if found.maintenance <= behind * CALL_SHARE:
                continue
            rows.append(
                {
                    "s": one.symbol,
                    "ps": one.side.name,
                    "pa": self._front.words.qty(one.symbol, one.qty_lots),
                    "mt": "ISOLATED" if is_alone else "CROSSED",
                    "iw": money(found.own),
                    "mp": self._front.words.price(one.symbol, one.mark_ticks),
                    "up": money(found.profit),
                    "mm": money(found.maintenance),
                }
            )
        if not rows:
            self._called.discard(event.symbol)
            return []
        if event.symbol in self._called:
            return []
        self._called.add(event.symbol)
        cross = money(whole["crossWalletBalance"])
        return [{"e": "MARGIN_CALL", "E": event.at_ns // NS_MS, "cw": cross, "p": rows}]

    # Time --------------------------------------------------------------------------------

    def tick(self, key: str, now_ns: int) -> Iterator[dict[str, Any]]:
        """Yield positions without a balance, changes of leverage, and the end of the key."""
        if self._is_over:
            return
        stamp = now_ns // NS_MS
        yield from self._update("MARGIN_TYPE_CHANGE", [], now_ns)
        for symbol, leverage in self._front.configs.since(self._configs, self._account):
            change = {"s": symbol, "l": leverage}
            yield {"e": "ACCOUNT_CONFIG_UPDATE", "E": stamp, "T": stamp, "ac": change}
        self._configs = self._front.configs.count
        if self._front.ledger.listening(key, now_ns) is None:
            self._is_over = True
            yield {"e": "listenKeyExpired", "E": stamp, "listenKey": key}
