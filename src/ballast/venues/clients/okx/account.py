"""Account: balances, positions, grants, fees and funding of OKX in our words. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.orders import MarginMode, PositionMode, PositionSide
from ballast.venues.clients.account import Balance, Grants, VenuePosition, VenueStatus
from ballast.venues.clients.desk import Paid
from ballast.venues.clients.market import number
from ballast.venues.clients.okx import words
from ballast.venues.clients.okx.rows import ns_of, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ballast.venues.clients.market import Market

FUNDING = "8"
"""Type of the bills of funding."""
CLOSING_SERVICES = frozenset({"0", "5", "8", "9"})
"""Services of a maintenance without which nobody trades: streams, trading, trading in batches."""
PRODUCTION = "1"


def balances_of(rows: Iterable[Mapping[str, Any]], *, with_zero: bool = False) -> list[Balance]:
    """Return the assets of an account, from `account/balance` or, `with_zero`, its channel."""
    return [
        balance_of(detail)
        for row in rows
        for detail in row.get("details") or ()
        if with_zero or number(detail.get("cashBal")) or number(detail.get("eq"))
    ]


def balance_of(detail: Mapping[str, Any]) -> Balance:
    """Return one asset: its cash, before what open positions have earned."""
    total = number(detail.get("cashBal"))
    free = detail.get("availBal")
    if free in {None, ""}:
        free = detail.get("availEq")
    if free in {None, ""}:
        return Balance(text(detail, "ccy"), total, total - number(detail.get("ordFrozen")))
    return Balance(text(detail, "ccy"), total, number(free))


def margin_of(row: Mapping[str, Any], quote: str, *, borrows: bool) -> Decimal:
    """Return the margin that is available for orders in a quote asset.

    Where all coins answer for a position the account says one number, in dollars.
    """
    held = next((one for one in row.get("details") or () if text(one, "ccy") == quote), None)
    own, dollars = (number((held or {}).get(one)) for one in ("eq", "eqUsd"))
    if borrows and text(row, "availEq"):
        return number(row.get("availEq")) * (own / dollars if own > 0 and dollars > 0 else 1)
    if held is None:
        return Decimal(0)
    available = text(held, "availEq")
    return number(available) if available else balance_of(held).free


def dollars_of(row: Mapping[str, Any]) -> dict[str, Decimal]:
    """Return what one of each asset of an account costs in dollars, as the venue counts it."""
    found = {}
    for held in row.get("details") or ():
        own, dollars = number(held.get("eq")), number(held.get("eqUsd"))
        if own > 0 and dollars > 0:
            found[text(held, "ccy")] = dollars / own
    return found


def position_of(row: Mapping[str, Any], market: Market) -> VenuePosition:
    """Return one position; in long/short mode OKX says its size without a sign."""
    side = words.POSITION_SIDE_OF.get(text(row, "posSide"), PositionSide.BOTH)
    lots = market.lots_of(row.get("pos"))
    if side is PositionSide.SHORT:
        lots = -abs(lots)
    return VenuePosition(
        symbol=market.symbol,
        lots=lots,
        side=side,
        entry=number(row.get("avgPx")),
        mark=number(row.get("markPx")),
        liquidation=number(row.get("liqPx")),
        unrealised=number(row.get("upl")),
        leverage=number(row.get("lever")) or Decimal(1),
        margin_mode=words.MARGIN_MODE_OF.get(text(row, "mgnMode"), MarginMode.CROSS),
    )


def coins_of(held: Mapping[str, Balance], market: Market) -> VenuePosition:
    """Return what is held of a spot market's base, in whole lots."""
    found = held.get(market.base)
    total = found.total if found is not None else Decimal(0)
    return VenuePosition(symbol=market.symbol, lots=int(total / market.lot))


def grants_of(row: Mapping[str, Any]) -> Grants:
    """Return what a key may do, from `account/config`."""
    rights = {one.strip() for one in text(row, "perm").split(",")}
    hedged = text(row, "posMode") == words.HEDGE_MODE
    level = text(row, "acctLv")
    return Grants(
        can_read=bool(rights & {"read_only", "trade"}),
        can_trade="trade" in rights,
        can_withdraw="withdraw" in rights,
        is_ip_bound=bool(text(row, "ip").strip()),
        position_mode=PositionMode.HEDGE if hedged else PositionMode.ONE_WAY,
        account_kind=words.ACCOUNT_LEVELS.get(level, level),
    )


def fees_of(row: Mapping[str, Any], group: str) -> tuple[Decimal, Decimal]:
    """Return maker and taker fee as fractions; OKX says charges as negative numbers.

    `group` is the instrument's fee group. Where that is not known, the dearest of all counts; a row
    without groups has the older fields.
    """
    groups = [one for one in row.get("feeGroup") or () if text(one, "taker")]
    found = [one for one in groups if text(one, "groupId") == group] or groups
    if found:
        makers = (-number(one.get("maker")) for one in found)
        return max(makers), max(-number(one.get("taker")) for one in found)
    for maker, taker in (("makerU", "takerU"), ("maker", "taker")):
        if text(row, taker):
            return -number(row.get(maker)), -number(row.get(taker))
    raise ValueError("a fee row without fees")


def paid_of(row: Mapping[str, Any], symbol: str) -> Paid:
    """Return a bill of funding: of an isolated position it changes that, not the balance."""
    amount = number(row.get("balChg")) or number(row.get("posBalChg")) or number(row.get("pnl"))
    return Paid(symbol, -amount, ns_of(row, "ts"), text(row, "billId"))


def status_of(rows: Iterable[Mapping[str, Any]]) -> VenueStatus:
    """Return whether the venue is open, from the maintenances of `system/status`."""
    planned: list[tuple[int, str]] = []
    for row in rows:
        is_ours = text(row, "env") in {"", PRODUCTION}
        if not is_ours or text(row, "serviceType") not in CLOSING_SERVICES:
            continue
        begin, end = text(row, "begin"), text(row, "end")
        if text(row, "state") in {"ongoing", "pre_open"}:
            return VenueStatus(
                is_open=False, text=text(row, "title"), until_ms=int(end) if end.isdigit() else None
            )
        if text(row, "state") == "scheduled" and begin.isdigit():
            planned.append((int(begin), text(row, "title")))
    if not planned:
        return VenueStatus(is_open=True)
    closes_ms, title = min(planned)
    return VenueStatus(is_open=True, text=title, closes_ms=closes_ms)
