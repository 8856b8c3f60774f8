"""Words of Binance USD-M: our orders as its requests, its rows as our reports and fills.

A conditional order is an algo order, and when its price comes it becomes an order of another
number (`actualOrderId`, its child). For us both are one order, which must have one number: the hash
of our client id, which every row and frame of either lets us compute. So fills of a child are known
as ours after a restart too, whatever came first.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from ballast.core.ids import WAITING, purpose_of
from ballast.core.orders import (
    CONDITIONAL,
    EndReason,
    Fill,
    OrderKind,
    OrderStatus,
    PositionSide,
    Side,
    TimeInForce,
    TriggerBy,
)
from ballast.core.reports import OrderReport
from ballast.venues.books.capture import number_of
from ballast.venues.clients.binance.rows import NS_MS, ShapeError, UnsayableError
from ballast.venues.clients.binance.spot_words import side_of
from ballast.venues.clients.calls import Call, Pool
from ballast.venues.clients.market import fee_atoms, number, plain

if TYPE_CHECKING:
    from ballast.core.orders import OrderRequest
    from ballast.core.reports import Source
    from ballast.venues.clients.binance.usdm_rows import AlgoOrder, UsdmOrder, UsdmTrade
    from ballast.venues.clients.calls import Urgency
    from ballast.venues.clients.market import Market

ALGO_TYPES = {
    OrderKind.STOP_MARKET: "STOP_MARKET",
    OrderKind.STOP_LIMIT: "STOP",
    OrderKind.TAKE_PROFIT_MARKET: "TAKE_PROFIT_MARKET",
    OrderKind.TAKE_PROFIT_LIMIT: "TAKE_PROFIT",
    OrderKind.TRAILING_STOP: "TRAILING_STOP_MARKET",
}
PRICED = frozenset({OrderKind.LIMIT, OrderKind.STOP_LIMIT, OrderKind.TAKE_PROFIT_LIMIT})
TIFS = {
    TimeInForce.GTC: "GTC",
    TimeInForce.IOC: "IOC",
    TimeInForce.FOK: "FOK",
    TimeInForce.GTD: "GTD",
}
WORKING = {TriggerBy.LAST: "CONTRACT_PRICE", TriggerBy.MARK: "MARK_PRICE"}
PPM_PERCENT = 10_000
STATUS = {
    "NEW": OrderStatus.NEW,
    "PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELLED,
    "REJECTED": OrderStatus.REJECTED,
    "EXPIRED": OrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,
    "NEW_INSURANCE": OrderStatus.NEW,
    "NEW_ADL": OrderStatus.NEW,
}
ALGO_STATUS = {
    "NEW": OrderStatus.UNTRIGGERED,
    "TRIGGERING": OrderStatus.NEW,
    "TRIGGERED": OrderStatus.NEW,
    "CANCELED": OrderStatus.CANCELLED,
    "EXPIRED": OrderStatus.EXPIRED,
    "REJECTED": OrderStatus.REJECTED,
}
"""`FINISHED` is not among them: it says that the child ended, and not how."""
FINISHED = "FINISHED"
SENT = frozenset({"TRIGGERED", FINISHED})
ENDS = {
    "IOC": EndReason.IMMEDIATE_OR_CANCEL,
    "FOK": EndReason.FILL_OR_KILL,
    "GTX": EndReason.POST_ONLY,
    "GTD": EndReason.DEADLINE,
}


def is_algo(client_id: str) -> bool:
    """Tell whether one of our ids names a conditional order: each that waits for a price."""
    return purpose_of(client_id) in WAITING


def number_for(client_id: str, order_id: int, *, algo: bool = False) -> int:
    """Return the number an order has for us: its own, or for a conditional one of its id's hash."""
    return number_of(client_id) if algo or is_algo(client_id) else order_id


# Requests -------------------------------------------------------------------------------------


def place(market: Market, request: OrderRequest, urgency: Urgency) -> Call:
    """Return the call that sends an order, to the service that takes it; raise `UnsayableError`."""
    refuse_unsayable(request)
    if request.kind in CONDITIONAL:
        params = _algo(market, request)
        return Call("fapiPrivatePostAlgoOrder", params, urgency, Pool.ORDERS, changes=True)
    if request.kind is OrderKind.MARKET and request.price_ticks:  # its worst price: a limit says it
        request = replace(request, kind=OrderKind.LIMIT, tif=TimeInForce.IOC)
    params = _common(market, request) | {
        "type": request.kind.name,
        "newClientOrderId": request.client_id,
        "newOrderRespType": "RESULT",
    }
    return Call("fapiPrivatePostOrder", params, urgency, Pool.ORDERS, changes=True)


def refuse_unsayable(request: OrderRequest) -> None:
    """Raise `UnsayableError` for what USD-M does not have."""
    hedged = request.position_side is not PositionSide.BOTH
    closing = (request.position_side is PositionSide.LONG) is (request.side is Side.SELL)
    missing = {
        "an order by money": request.quote_atoms > 0,
        "an iceberg": request.display_lots > 0,
        "a trigger by index price": request.trigger_by is TriggerBy.INDEX,
        "a direction of the trigger of its own": request.trigger_rises is not None,
        "stops with a position": request.stops is not None,
        "a trail in ticks": request.trail_ticks > 0,
        "a post-only order of this kind": request.post_only and request.kind not in PRICED,
        "a post-only order of this time": request.post_only and request.tif is not TimeInForce.GTC,
        "reduce-only on the opening side of a hedged position": hedged
        and request.reduce_only
        and not closing,
        "an order without our id": not request.client_id,
        "a trade prevention of ours": request.self_trade is not None,
    }
    for what, is_asked in missing.items():
        if is_asked:
            raise UnsayableError(f"Binance USD-M has no words for {what}")


def _common(market: Market, request: OrderRequest) -> dict[str, str]:
    """Return what orders of either service say: in hedge mode the side of the position reduces."""
    params = {"symbol": market.name, "side": request.side.name}
    if not request.close_position:
        params["quantity"] = market.qty_text(request.qty_lots)
    if request.position_side is not PositionSide.BOTH:
        params["positionSide"] = request.position_side.name
    elif request.reduce_only and not request.close_position:
        params["reduceOnly"] = "true"
    if request.kind in PRICED:
        params["price"] = market.price_text(request.price_ticks)
        params["timeInForce"] = "GTX" if request.post_only else TIFS[request.tif]
        if request.tif is TimeInForce.GTD:
            params["goodTillDate"] = str(request.expire_ns // NS_MS)
    return params


def _algo(market: Market, request: OrderRequest) -> dict[str, str]:
    params = _common(market, request) | {
        "algoType": "CONDITIONAL",
        "type": ALGO_TYPES[request.kind],
        "clientAlgoId": request.client_id,
        "workingType": WORKING[request.trigger_by],
    }
    if request.close_position:
        params["closePosition"] = "true"
    if request.kind is OrderKind.TRAILING_STOP:
        params["callbackRate"] = plain(Decimal(request.trail_ppm) / PPM_PERCENT)
        if request.activation_ticks:
            params["activatePrice"] = market.price_text(request.activation_ticks)
    else:
        params["triggerPrice"] = market.price_text(request.trigger_ticks)
    return params


def amended(
    market: Market, row: UsdmOrder, qty_lots: int, price_ticks: int, urgency: Urgency
) -> Call:
    """Return the call that changes a resting limit order; 0 keeps what is, said once more."""
    params = {
        "symbol": market.name,
        "orderId": row.order_id,
        "side": row.side,
        "quantity": market.qty_text(qty_lots or market.lots_of(row.orig_qty)),
        "price": market.price_text(price_ticks or market.ticks_of(row.price)),
    }
    return Call("fapiPrivatePutOrder", params, urgency, Pool.ORDERS, changes=True)


def cancel(market: Market, urgency: Urgency, **which: str | int) -> Call:
    """Return the call that cancels an order: by `origClientOrderId` or `orderId`."""
    params = {"symbol": market.name, **which}
    return Call("fapiPrivateDeleteOrder", params, urgency, changes=True)


def cancel_algo(client_id: str, urgency: Urgency) -> Call:
    """Return the call that cancels a conditional order that waits."""
    params = {"clientAlgoId": client_id}
    return Call("fapiPrivateDeleteAlgoOrder", params, urgency, changes=True)


# Answers --------------------------------------------------------------------------------------


def status_of(word: str) -> OrderStatus:
    """Return where an order stands; raise `ShapeError` for a word that is new."""
    if word not in STATUS:
        raise ShapeError(f"unknown status of an order: {word!r}")
    return STATUS[word]


def end_of(word: str, kind: str, tif: str) -> EndReason:
    """Return why an order ended, as far as Binance says."""
    if word == "EXPIRED_IN_MATCH":
        return EndReason.SELF_TRADE
    if word == "CANCELED":
        return EndReason.REQUESTED
    if word != "EXPIRED":
        return EndReason.NONE
    return EndReason.NO_LIQUIDITY if kind == "MARKET" else ENDS.get(tif, EndReason.NONE)


def report_of(
    market: Market, row: UsdmOrder, source: Source, client_id: str = "", *, algo: bool = False
) -> OrderReport:
    """Return an order as it stands; `algo`: it is the child of a conditional order of that name.

    Raise `OffGridError`, `ShapeError`.
    """
    name = client_id or row.client_order_id
    return OrderReport(
        symbol=market.symbol,
        client_id=name,
        order_id=number_for(name, row.order_id, algo=algo),
        status=status_of(row.status),
        filled_lots=market.lots_of(row.executed_qty),
        at_ns=(row.update_time or row.time) * NS_MS,
        source=source,
        reason=end_of(row.status, row.type, row.time_in_force),
        qty_lots=market.lots_of(row.orig_qty),
        price_ticks=market.ticks_of(row.price) if row.type != "MARKET" else 0,
    )


def algo_report(market: Market, row: AlgoOrder, source: Source) -> OrderReport:
    """Return a conditional order as it stands; raise `ShapeError` for one that has ended as child.

    `FINISHED` with all of its quantity traded is filled; otherwise only the child knows.
    """
    filled, wanted = market.lots_of(row.actual_qty), market.lots_of(row.quantity)
    return OrderReport(
        symbol=market.symbol,
        client_id=row.client_algo_id,
        order_id=number_for(row.client_algo_id, row.algo_id, algo=True),
        status=algo_status(row.algo_status, filled, wanted),
        filled_lots=filled,
        at_ns=(row.update_time or row.create_time) * NS_MS,
        source=source,
        reason=EndReason.REQUESTED if row.algo_status == "CANCELED" else EndReason.NONE,
        qty_lots=wanted,
        price_ticks=market.ticks_of(row.price),
        trigger_ticks=market.ticks_of(row.trigger_price),
    )


def algo_status(word: str, filled: int, wanted: int) -> OrderStatus:
    """Return where a conditional order stands; raise `ShapeError` where only its child knows."""
    if word == FINISHED and 0 < wanted <= filled:
        return OrderStatus.FILLED
    found = ALGO_STATUS.get(word)
    if found is None:
        raise ShapeError(f"a conditional order that is {word!r}")
    return OrderStatus.PARTIALLY_FILLED if found is OrderStatus.NEW and filled else found


def fill_of(market: Market, row: UsdmTrade, client_id: str = "", *, algo: bool = False) -> Fill:
    """Return a trade of the account; `algo`: of the child of a conditional order of that name."""
    return Fill(
        trade_id=row.id,
        order_id=number_for(client_id, row.order_id, algo=algo),
        client_id=client_id,
        account=0,
        symbol=market.symbol,
        side=side_of(row.side),
        position_side=position_side_of(row.position_side),
        price_ticks=market.ticks_of(row.price),
        qty_lots=market.lots_of(row.qty),
        is_maker=row.maker,
        fee_asset=row.commission_asset,
        fee_atoms=fee_atoms(row.commission),
        realised_atoms=atoms_of(row.realized_pnl),
        at_ns=row.time * NS_MS,
    )


def atoms_of(text: str) -> int:
    """Return an amount in atoms of 1e-8, rounded down."""
    return int(number(text).scaleb(8) // 1)


def position_side_of(word: str) -> PositionSide:
    """Return which position is meant; raise `ShapeError`."""
    try:
        return PositionSide[word]
    except KeyError:
        raise ShapeError(f"unknown position side: {word!r}") from None
