"""Words of Binance spot: our orders as its requests, its rows as our reports and fills."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from ballast.core.orders import (
    EndReason,
    Fill,
    OrderKind,
    OrderStatus,
    PositionSide,
    Side,
    TimeInForce,
    TriggerBy,
)
from ballast.core.reports import OrderReport, Source
from ballast.venues.clients.binance.rows import (
    NS_MS,
    ShapeError,
    SpotOrder,
    SpotTrade,
    UnsayableError,
)
from ballast.venues.clients.calls import Call, Pool
from ballast.venues.clients.market import FEE_DIGITS, fee_atoms, plain

if TYPE_CHECKING:
    from ballast.core.orders import OrderRequest
    from ballast.venues.clients.calls import Urgency
    from ballast.venues.clients.market import Market

TYPES = {
    OrderKind.MARKET: "MARKET",
    OrderKind.LIMIT: "LIMIT",
    OrderKind.STOP_MARKET: "STOP_LOSS",
    OrderKind.STOP_LIMIT: "STOP_LOSS_LIMIT",
    OrderKind.TAKE_PROFIT_MARKET: "TAKE_PROFIT",
    OrderKind.TAKE_PROFIT_LIMIT: "TAKE_PROFIT_LIMIT",
    OrderKind.TRAILING_STOP: "STOP_LOSS",
}
CONDITIONAL = frozenset({"STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"})
TIFS = {TimeInForce.GTC: "GTC", TimeInForce.IOC: "IOC", TimeInForce.FOK: "FOK"}
WITH_TIF = frozenset({OrderKind.LIMIT, OrderKind.STOP_LIMIT, OrderKind.TAKE_PROFIT_LIMIT})
PPM_BIP = 100
STATUS = {
    "NEW": OrderStatus.NEW,
    "PENDING_NEW": OrderStatus.PENDING,
    "PENDING_CANCEL": OrderStatus.NEW,
    "PARTIALLY_FILLED": OrderStatus.PARTIALLY_FILLED,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELLED,
    "REJECTED": OrderStatus.REJECTED,
    "EXPIRED": OrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,
}
ENDS = {
    "IOC": EndReason.IMMEDIATE_OR_CANCEL,
    "FOK": EndReason.FILL_OR_KILL,
}


def order_params(market: Market, request: OrderRequest) -> dict[str, str]:
    """Return an order in Binance's words, exact; raise `UnsayableError`."""
    refuse_unsayable(request)
    kind, tif = request.kind, request.tif
    if kind is OrderKind.MARKET and request.price_ticks:  # its worst price: what a limit says
        kind, tif = OrderKind.LIMIT, TimeInForce.IOC
    is_maker = request.post_only
    params = {
        "symbol": market.name,
        "side": request.side.name,
        "type": "LIMIT_MAKER" if is_maker else TYPES[kind],
        "newClientOrderId": request.client_id,
        "newOrderRespType": "FULL",
    }
    if request.quote_atoms:
        params["quoteOrderQty"] = quote_text(request.quote_atoms)
    else:
        params["quantity"] = market.qty_text(request.qty_lots)
    if kind in WITH_TIF:
        params["price"] = market.price_text(request.price_ticks)
        if not is_maker:
            params["timeInForce"] = TIFS[tif]
    if kind is OrderKind.TRAILING_STOP:
        params["trailingDelta"] = str(request.trail_ppm // PPM_BIP)
        if request.activation_ticks:
            params["stopPrice"] = market.price_text(request.activation_ticks)
    elif request.trigger_ticks:
        params["stopPrice"] = market.price_text(request.trigger_ticks)
    if request.display_lots:
        params["icebergQty"] = market.qty_text(request.display_lots)
    return params


def refuse_unsayable(request: OrderRequest) -> None:
    """Raise `UnsayableError` for what spot does not have."""
    missing = {
        "reduce-only": request.reduce_only or request.close_position,
        "a position side": request.position_side is not PositionSide.BOTH,
        "a good-till date": request.tif is TimeInForce.GTD,
        "a trigger by mark or index price": request.trigger_by is not TriggerBy.LAST,
        "a direction of the trigger of its own": request.trigger_rises is not None,
        "stops with a position": request.stops is not None,
        "a trail in ticks": request.trail_ticks > 0,
        "a post-only order of this kind": request.post_only and request.kind is not OrderKind.LIMIT,
        "a trail of this fineness": request.trail_ppm % PPM_BIP > 0,
        "a worst price of an order by money": request.quote_atoms > 0 and request.price_ticks > 0,
        "an order without our id": not request.client_id,
        "a trade prevention of ours": request.self_trade is not None,
    }
    for what, is_asked in missing.items():
        if is_asked:
            raise UnsayableError(f"Binance spot has no words for {what}")


def quote_text(atoms: int) -> str:
    """Return an amount of quote; an atom is 1e-8 of it."""
    return plain(Decimal(atoms).scaleb(-FEE_DIGITS))


def place(market: Market, request: OrderRequest, urgency: Urgency) -> Call:
    """Return the call that sends an order; raise `UnsayableError`."""
    params = order_params(market, request)
    return Call("privatePostOrder", params, urgency, Pool.ORDERS, changes=True)


def cancel(market: Market, client_id: str, urgency: Urgency) -> Call:
    """Return the call that cancels an order."""
    params = {"symbol": market.name, "origClientOrderId": client_id}
    return Call("privateDeleteOrder", params, urgency, changes=True)


def replaced(market: Market, client_id: str, request: OrderRequest, urgency: Urgency) -> Call:
    """Return the call that cancels an order and, only if that was done, sends another."""
    params = {
        **order_params(market, request),
        "cancelReplaceMode": "STOP_ON_FAILURE",
        "cancelOrigClientOrderId": client_id,
    }
    return Call("privatePostOrderCancelReplace", params, urgency, Pool.ORDERS, changes=True)


def status_of(word: str, kind: str, *, is_working: bool) -> OrderStatus:
    """Return where an order stands; raise `ShapeError` for a word that is new."""
    found = STATUS.get(word)
    if found is None:
        raise ShapeError(f"unknown status of an order: {word!r}")
    if found is OrderStatus.NEW and kind in CONDITIONAL and not is_working:
        return OrderStatus.UNTRIGGERED
    return found


def end_of(word: str, kind: str, tif: str, list_id: int) -> EndReason:
    """Return why an order ended, as far as Binance says."""
    if word == "EXPIRED_IN_MATCH":
        return EndReason.SELF_TRADE
    if word == "CANCELED":
        return EndReason.REQUESTED
    if word != "EXPIRED":
        return EndReason.NONE
    if kind in {"MARKET", "STOP_LOSS", "TAKE_PROFIT"}:
        return EndReason.NO_LIQUIDITY
    if tif in ENDS:
        return ENDS[tif]
    return EndReason.LIST if list_id != -1 else EndReason.NONE


def report_of(market: Market, row: SpotOrder, source: Source, client_id: str = "") -> OrderReport:
    """Return an order as it stands. A cancel's answer has the order's id in `origClientOrderId`.

    `client_id` is the one it was asked for by. Raise `OffGridError`, `ShapeError`.
    """
    working = row.is_working or row.working_time > 0
    return OrderReport(
        symbol=market.symbol,
        client_id=client_id or row.orig_client_order_id or row.client_order_id,
        order_id=row.order_id,
        status=status_of(row.status, row.type, is_working=working),
        filled_lots=market.lots_of(row.executed_qty),
        at_ns=row.at_ms * NS_MS,
        source=source,
        reason=end_of(row.status, row.type, row.time_in_force, row.order_list_id),
        qty_lots=market.lots_of(row.orig_qty),
        price_ticks=market.ticks_of(row.price) if row.type != "MARKET" else 0,
        trigger_ticks=market.ticks_of(row.stop_price),
    )


def fills_of(market: Market, row: SpotOrder, client_id: str) -> list[Fill]:
    """Return what an order traded at once, as its answer tells; it took all of it."""
    return [
        Fill(
            trade_id=one.trade_id,
            order_id=row.order_id,
            client_id=client_id,
            account=0,
            symbol=market.symbol,
            side=side_of(row.side),
            position_side=PositionSide.BOTH,
            price_ticks=market.ticks_of(one.price),
            qty_lots=market.lots_of(one.qty),
            is_maker=False,
            fee_asset=one.commission_asset,
            fee_atoms=fee_atoms(one.commission),
            realised_atoms=0,
            at_ns=row.at_ms * NS_MS,
        )
        for one in row.fills
    ]


def fill_of(market: Market, row: SpotTrade, client_id: str = "") -> Fill:
    """Return a trade of the account; the venue names the order only by its own id."""
    return Fill(
        trade_id=row.id,
        order_id=row.order_id,
        client_id=client_id,
        account=0,
        symbol=market.symbol,
        side=Side.BUY if row.is_buyer else Side.SELL,
        position_side=PositionSide.BOTH,
        price_ticks=market.ticks_of(row.price),
        qty_lots=market.lots_of(row.qty),
        is_maker=row.is_maker,
        fee_asset=row.commission_asset,
        fee_atoms=fee_atoms(row.commission),
        realised_atoms=0,
        at_ns=row.time * NS_MS,
    )


def side_of(word: str) -> Side:
    """Return a side; raise `ShapeError`."""
    try:
        return Side[word]
    except KeyError:
        raise ShapeError(f"unknown side: {word!r}") from None
