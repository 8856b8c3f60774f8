"""GET /v5/account/transaction-log: trades, funding, and what came into the account or left it.

A transfer is of no market: its row has neither symbol nor category nor side, and a question about
one of these does not find it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.time import DAY_MS
from ballast.venues.simulated.fronts.bybit import errors
from ballast.venues.simulated.fronts.bybit.call import category_of, paged, wire_name
from ballast.venues.simulated.fronts.bybit.words import SIDE_WORDS, milli, order_name, rate

if TYPE_CHECKING:
    from ballast.venues.simulated.fronts.bybit.call import Call
    from ballast.venues.simulated.fronts.bybit.ledger import Row
    from ballast.venues.simulated.fronts.bybit.unified import BybitUnified

SPAN_MS = 7 * DAY_MS
NO_MARKET = {
    "symbol": "", "category": "", "side": "None", "qty": "0", "size": "0", "tradePrice": "",
    "feeRate": "", "tradeId": "", "orderId": "", "orderLinkId": "",
}  # fmt: skip
"""What the row of a transfer has of a trade."""


def transaction_log(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """Return a page of the log, newest first."""
    first, last = call.whole("startTime", 0), call.whole("endTime", 0)
    if first and last > first + SPAN_MS:
        raise errors.bad("The interval between startTime and endTime is more than 7 days.")
    asked = tuple(call.text(name) for name in ("category", "baseCoin", "currency", "type"))
    rows = []
    for one in front.ledger.rows(call.account):
        told = (*_market(front, one), one.currency, one.kind)
        is_meant = all(wanted in {"", word} for wanted, word in zip(asked, told, strict=True))
        if is_meant and call.between(one.at_ns):
            rows.append(_logged(front, one))
    chosen, cursor = paged(rows, call, 20, 50)
    return {"list": chosen, "nextPageCursor": cursor}


def _market(front: BybitUnified, one: Row) -> tuple[str, str]:
    """Return category and base coin of a row, which a transfer does not have."""
    if not one.symbol:
        return "", ""
    listing = front.words.listing(one.symbol)
    return category_of(listing), listing.base


def _logged(front: BybitUnified, one: Row) -> dict[str, Any]:
    """Return a row as it is printed."""
    money = front.words.money
    change = one.flow_atoms + one.funding_atoms - one.fee_atoms
    is_funding = one.kind == "SETTLEMENT"
    return {
        "id": f"{one.account}_{one.symbol or one.currency}_{one.number}",
        **(_traded(front, one) if one.symbol else NO_MARKET),
        "transactionTime": milli(one.at_ns),
        "type": one.kind,
        "transSubType": "",
        "currency": one.currency,
        "funding": money(one.currency, one.funding_atoms) if is_funding else "",
        "fee": money(one.currency, one.fee_atoms),
        "cashFlow": money(one.currency, one.flow_atoms),
        "change": money(one.currency, change),
        "cashBalance": money(one.currency, one.balance_atoms),
        "bonusChange": "",
        "extraFees": "",
    }


def _traded(front: BybitUnified, one: Row) -> dict[str, Any]:
    """Return what a row says of the market in which it traded, or paid funding."""
    words, fill = front.words, one.fill
    listing = words.listing(one.symbol)
    maker, taker = front.market.fee_rates_ppm(one.account, one.symbol)
    fee_rate_text = ""
    if fill is not None:
        fee_rate_text = rate(maker if fill.is_maker else taker)
    elif one.rate_e9:
        fee_rate_text = words.rate_e9(one.rate_e9)
    side = fill.side if fill is not None else one.qty_sign
    return {
        "symbol": wire_name(listing),
        "category": category_of(listing),
        "side": next(word for known, word in SIDE_WORDS.items() if known == side),
        "qty": words.qty(one.symbol, fill.qty_lots if fill else abs(one.size_lots)),
        "size": words.qty(one.symbol, abs(one.size_lots)),
        "tradePrice": words.price(one.symbol, fill.price_ticks) if fill else "",
        "feeRate": fee_rate_text,
        "tradeId": order_name(listing, fill.trade_id) if fill else "",
        "orderId": order_name(listing, fill.order_id) if fill else "",
        "orderLinkId": fill.client_id if fill else "",
    }
