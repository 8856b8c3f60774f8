"""Stops of a position: the venue's trading-stop, for those who want it instead of an order.

    await set_position_stop(desk, "BTCUSDT", stop_loss_ticks=580_000)

The node protects with orders of its own, which carry its id. A trading-stop carries none: on the
venue it is told like one that a person set in the app, so the node leaves all of them alone
(R-RECON: foreign). It is replaced in one step, there is one of each kind, and it closes the whole
position whatever that has become. Here it is set, and then read back: what the venue shows is what
is returned. A stop that cannot be set because its price has passed leaves the position as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.orders import TriggerBy
from ballast.venues.clients.bybit import account, words
from ballast.venues.clients.calls import Call, CallError, Pool, Urgency, Verdict

if TYPE_CHECKING:
    from ballast.core.orders import PositionStops
    from ballast.venues.clients.bybit.questions import Questions

NO_STOP = "0"
UNCHANGED = frozenset({"34040"})


async def position_stops(desk: Questions, symbol: str) -> PositionStops:
    """Return the stops of a position as the venue shows them; raise `CallError`."""
    market = desk.market_of(symbol)
    return account.stops_of(await desk.position_row(market), market)


async def set_position_stop(
    desk: Questions,
    symbol: str,
    *,
    stop_loss_ticks: int,
    trigger_by: TriggerBy = TriggerBy.LAST,
) -> PositionStops:
    """Set the stop-loss of the whole position (0: take it away), and return what is there then.

    Take-profit and trailing stop stay as they are. Raise `CallError`: refused, or `UNCLEAR` where
    it cannot be read back as it was asked for.
    """
    market = desk.market_of(symbol)
    price = market.price_text(stop_loss_ticks) if stop_loss_ticks else NO_STOP
    params = {
        "category": words.LINEAR.name,
        "symbol": market.name,
        "positionIdx": 0,
        "tpslMode": "Full",
        "stopLoss": price,
        "slTriggerBy": words.TRIGGERS[trigger_by],
    }
    call = Call(
        "privatePostV5PositionTradingStop", params, Urgency.PROTECT, Pool.ORDERS, changes=True
    )
    try:
        await desk.ask(call)
    except CallError as error:
        if error.code not in UNCHANGED:
            raise
    found = await position_stops(desk, symbol)
    if found.stop_loss_ticks != stop_loss_ticks:
        shown = market.price_text(found.stop_loss_ticks) if found.stop_loss_ticks else "none"
        why = f"the stop of {symbol} was set to {price}, and {shown} is shown"
        raise CallError(Verdict.UNCLEAR, why)
    return found
