"""Kraken's private socket: executions and balances, both with a snapshot and numbered messages.

What an order is stands in the first message about it; later ones carry what changed. A hole in the
numbers, or word of an order that was never introduced, ends the connection: the next one begins
with all open orders and the last fifty trades. Balances tell totals, not what orders hold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ballast.core.orders import EndReason, Fill, OrderStatus, PositionSide
from ballast.core.reports import OrderReport, Source
from ballast.venues.books.capture import number_of
from ballast.venues.clients.account import Balance
from ballast.venues.clients.desk import Heard
from ballast.venues.clients.kraken.access import fault_of
from ballast.venues.clients.kraken.names import asset_of
from ballast.venues.clients.kraken.rows import CONDITIONAL, SIDES, live_status, reason_of
from ballast.venues.clients.kraken.talk import (
    DEAF,
    DECODER,
    NOTHING,
    PRIVATE_URL,
    Talk,
    refusal,
    rows_of,
    subscribe,
)
from ballast.venues.clients.market import fee_atoms, number
from ballast.venues.normalise.exact import BrokenError, ns_of_iso

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ballast.venues.clients.desk import News
    from ballast.venues.clients.known import Known
    from ballast.venues.clients.kraken.names import Names
    from ballast.venues.clients.market import Market

CHANNELS = ("executions", "balances")
ENDED = {
    "filled": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELLED,
    "expired": OrderStatus.EXPIRED,
}


class StrangerError(ValueError):
    """Word of an order that was never introduced."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of one order so far."""

    market: Market
    client_id: str
    is_conditional: bool
    has_fired: bool = False
    qty_lots: int = 0
    price_ticks: int = 0
    trigger_ticks: int = 0
    filled_lots: int = 0


class PrivateTalk(Talk):
    """One connection to the account's channels."""

    name = "private"

    def __init__(self, names: Names, known: Known, new_token: Callable[[], Awaitable[str]]) -> None:
        """Know nothing yet; `new_token` asks for the token that subscriptions carry."""
        super().__init__()
        self._names = names
        self._known = known
        self._new_token = new_token
        self._token = ""
        self._numbers: dict[str, int] = {}
        self._orders: dict[str, Told] = {}
        self._foreign: set[str] = set()
        """Orders of pairs that are not traded here."""
        self._is_ready = False

    async def url(self) -> str:
        """Return the address, and have a token for what is said there."""
        self._token = await self._new_token()
        return PRIVATE_URL

    def greeting(self, now_ns: int) -> Sequence[str]:
        """Ask for both channels, with what is open and what traded last."""
        del now_ns
        return (
            subscribe("executions", token=self._token, snap_orders=True, snap_trades=True),
            subscribe("balances", token=self._token, snapshot=True),
        )

    def hear(self, frame: bytes, now_ns: int) -> Heard:
        """Read a frame."""
        said = DECODER.decode(frame)
        if "method" in said or "error" in said:
            return Heard(ends=refusal(said), verdict=fault_of(str(said.get("error"))).verdict)
        channel = said.get("channel")
        if channel in DEAF:
            return NOTHING
        if channel not in CHANNELS:
            raise ValueError(f"unknown channel {channel!r}")
        count, last = said.get("sequence"), self._numbers.get(channel)
        if not isinstance(count, int):
            raise ValueError(f"{channel}: a message without its number")  # noqa: TRY004 - of theirs
        if last is not None and count <= last:
            return NOTHING  # said twice
        if last is not None and count != last + 1:
            return Heard(ends=f"{channel}: message {last + 1} is followed by {count}")
        self._numbers[channel] = count
        try:
            news = self._news(channel, rows_of(said), now_ns)
        except StrangerError as stranger:
            return Heard(ends=str(stranger))
        except (KeyError, TypeError, BrokenError) as error:
            raise ValueError(f"{channel}: {type(error).__name__} {error}") from error
        was_ready = self._is_ready
        self._is_ready = len(self._numbers) == len(CHANNELS)
        return Heard(tuple(news), is_ready=self._is_ready and not was_ready)

    def _news(self, channel: str, rows: Sequence[dict[str, Any]], now_ns: int) -> list[News]:
        if channel == "balances":
            return [one for row in rows for one in self._balance(row)]
        return [one for row in rows for one in self._execution(row, now_ns)]

    # Balances -------------------------------------------------------------------------------

    def _balance(self, row: dict[str, Any]) -> list[News]:
        if row.get("wallet_type", "spot") != "spot":
            return []
        total = number(row["balance"])
        return [Balance(asset_of(row["asset"]), total, total, has_free=False)]

    # Executions -----------------------------------------------------------------------------

    def _execution(self, row: dict[str, Any], now_ns: int) -> list[News]:
        txid, kind = row["order_id"], row["exec_type"]
        told = self._introduced(txid, row)
        if told is None:
            return []
        told = self._orders[txid] = _after(told, row)
        at_ns = ns_of_iso(row["timestamp"], "timestamp") if row.get("timestamp") else now_ns
        found: list[News] = []
        if kind == "trade" and (fill := self._fill(txid, told, row, at_ns)) is not None:
            found.append(fill)
        found.append(_report(txid, told, row, at_ns))
        return found

    def _introduced(self, txid: str, row: dict[str, Any]) -> Told | None:
        """Return what is known of an order; None for one of a pair that is not traded."""
        told = self._orders.get(txid)
        if told is not None or txid in self._foreign:
            return told
        whose = self._known.whose(txid)
        name = row.get("symbol") or (whose.symbol if whose else "")
        if not name:
            raise StrangerError(f"order {txid} was never introduced")
        market = self._names.find(name)
        if market is None:
            self._foreign.add(txid)
            return None
        client_id = str(row.get("cl_ord_id") or (whose.client_id if whose else ""))
        self._known.learn(txid, market.symbol, client_id)
        return Told(market, client_id, row.get("order_type", "") in CONDITIONAL)

    def _fill(self, txid: str, told: Told, row: dict[str, Any], at_ns: int) -> Fill | None:
        """Return a trade; None where its fee is in several assets: the history has it in quote."""
        fees = [one for one in row.get("fees") or () if number(one["qty"])]
        if len(fees) > 1:
            return None
        market = told.market
        asset, paid = (asset_of(fees[0]["asset"]), fees[0]["qty"]) if fees else (market.quote, 0)
        return Fill(
            trade_id=number_of(row["exec_id"]),
            order_id=number_of(txid),
            client_id=told.client_id,
            account=0,
            symbol=market.symbol,
            side=SIDES[row["side"]],
            position_side=PositionSide.BOTH,
            price_ticks=market.nearest_ticks(row["last_price"]),
            qty_lots=market.lots_of(row["last_qty"]),
            is_maker=row.get("liquidity_ind") == "m",
            fee_asset=asset,
            fee_atoms=fee_atoms(paid),
            realised_atoms=0,
            at_ns=at_ns,
        )


def _after(told: Told, row: dict[str, Any]) -> Told:
    """Return what is told of an order after a message."""
    market = told.market
    triggers = row.get("triggers") or {}
    trigger = triggers.get("price") or row.get("stop_price")
    return replace(
        told,
        client_id=told.client_id or str(row.get("cl_ord_id") or ""),
        is_conditional=told.is_conditional or row.get("order_type", "") in CONDITIONAL,
        has_fired=told.has_fired or triggers.get("status") == "triggered",
        qty_lots=market.lots_of(row.get("order_qty")) or told.qty_lots,
        price_ticks=market.nearest_ticks(row.get("limit_price")) or told.price_ticks,
        trigger_ticks=market.nearest_ticks(trigger) or told.trigger_ticks,
        filled_lots=max(told.filled_lots, market.lots_of(row.get("cum_qty"))),
    )


def _report(txid: str, told: Told, row: dict[str, Any], at_ns: int) -> OrderReport:
    ended = ENDED.get(row["order_status"])
    status = ended or live_status(
        is_conditional=told.is_conditional,
        has_fired=told.has_fired,
        filled_lots=told.filled_lots,
    )
    return OrderReport(
        told.market.symbol,
        told.client_id,
        number_of(txid),
        status,
        told.filled_lots,
        at_ns,
        Source.STREAM,
        reason_of(row.get("reason"), status) if ended else EndReason.NONE,
        told.qty_lots,
        told.price_ticks,
        told.trigger_ticks if told.is_conditional else 0,
    )
