"""Public data of OKX: instruments, marks, funding, tiers, currencies."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.instrument import Kind
from ballast.venues.simulated.engine.events import Trading
from ballast.venues.simulated.fronts.okx import errors
from ballast.venues.simulated.fronts.okx.call import type_of
from ballast.venues.simulated.fronts.okx.words import text

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.profile import Listing, Tier
    from ballast.venues.simulated.fronts.okx.call import Call
    from ballast.venues.simulated.fronts.okx.front import OkxFront

NS_MS = 1_000_000
HOUR_MS = 3_600_000
STATES = {
    Trading.TRADING: "live",
    Trading.CANCEL_ONLY: "suspend",
    Trading.HALTED: "suspend",
    Trading.DELISTED: "expired",
}
MAINTENANCE_STATES = ("", "scheduled", "ongoing", "pre_open", "completed", "canceled")
NO_LIMIT_PX = Decimal(10) ** 8
RATE_DIGITS = 9


def server_time(_front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/public/time."""
    return [{"ts": str(call.now_ms)}]


def status(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/system/status: a maintenance that is announced, or that nothing trades."""
    wanted = call.choice("state", MAINTENANCE_STATES, "")
    planned = front.market.notices.maintenance
    is_closed = all(
        front.market.trading(one) is not Trading.TRADING for one in front.market.listings
    )
    if not is_closed and planned is None:
        return []
    state = "ongoing" if is_closed else "scheduled"
    if wanted not in {"", state}:
        return []
    begin_ms = planned.from_ns // NS_MS if planned is not None else call.now_ms
    end = str(planned.until_ns // NS_MS) if planned is not None else ""
    return [
        {
            "title": "Trading is suspended", "state": state, "begin": str(begin_ms),
            "end": end, "preOpenBegin": "", "href": "", "serviceType": "5", "system": "unified",
            "scheDesc": "", "maintType": "1", "env": "1",
        }
    ]  # fmt: skip


def _ends(front: OkxFront, symbol: str) -> str:
    ends_ns = front.market.notices.ends_ns.get(symbol)
    return "" if ends_ns is None else str(ends_ns // NS_MS)


def instruments(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/public/instruments."""
    found = call.chosen(needs_type=True)
    return [instrument(front, one) for one in found]


def instrument(front: OkxFront, listing: Listing) -> dict[str, Any]:
    """Return one instrument."""
    swap = listing.kind is Kind.PERPETUAL
    bounds = listing.filters
    pair = f"{listing.base}-{listing.quote}"
    limit_max, market_max = bounds.max_qty, bounds.market_max_qty or bounds.max_qty
    return {
        "instType": type_of(listing),
        "instId": listing.symbol,
        "instIdCode": front.code_of(listing.symbol),
        "instFamily": pair if swap else "",
        "uly": pair if swap else "",
        "category": "1",
        "groupId": "1",
        "baseCcy": "" if swap else listing.base,
        "quoteCcy": "" if swap else listing.quote,
        "settleCcy": listing.quote if swap else "",
        "ctVal": text(listing.contract) if swap else "",
        "ctMult": "1" if swap else "",
        "ctValCcy": listing.base if swap else "",
        "ctType": "linear" if swap else "",
        "optType": "",
        "stk": "",
        "listTime": "1600000000000",
        "auctionEndTime": "",
        "contTdSwTime": "1600000000000",
        "openType": "",
        "expTime": _ends(front, listing.symbol),
        "lever": str(listing.tiers[0].max_leverage) if swap else "",
        "tickSz": text(listing.tick),
        "lotSz": text(listing.lot),
        "minSz": text(bounds.min_qty or listing.lot),
        "alias": "",
        "state": STATES[front.market.trading(listing.symbol)],
        "ruleType": "normal",
        "maxLmtSz": text(limit_max) if limit_max else "999999999",
        "maxMktSz": text(market_max) if market_max else "1000000",
        "maxLmtAmt": "20000000",
        "maxMktAmt": "" if swap else "1000000",
        "maxTwapSz": text(limit_max) if limit_max else "999999999",
        "maxIcebergSz": text(limit_max) if limit_max else "999999999",
        "maxTriggerSz": text(limit_max) if limit_max else "999999999",
        "maxStopSz": text(market_max) if market_max else "1000000",
        "futureSettlement": False,
        "tradeQuoteCcyList": [] if swap else [listing.quote],
    }


def mark_prices(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/public/mark-price."""
    found = call.chosen(needs_type=True)
    return [mark_price(front, one.symbol, call.now_ms) for one in found]


def mark_price(front: OkxFront, symbol: str, now_ms: int) -> dict[str, str]:
    """Return the mark price of an instrument: of spot the last one."""
    listing = front.market.listings[symbol]
    ticks = front.market.last_ticks(symbol)
    if listing.kind is Kind.PERPETUAL:
        ticks = front.market.perpetual(symbol).mark_ticks or ticks
    return {
        "instType": type_of(listing), "instId": symbol,
        "markPx": front.words.maybe_price(symbol, ticks), "ts": str(now_ms),
    }  # fmt: skip


def funding_rate(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/public/funding-rate."""
    name = call.given.required("instId")
    found = [call.known(name)]
    if name == "ANY":
        found = [one for one in call.listings.values() if one.kind is Kind.PERPETUAL]
    if any(one.kind is not Kind.PERPETUAL for one in found):
        raise errors.WRONG_TYPE
    return [funding(front, one.symbol, call.now_ms) for one in found]


def funding(front: OkxFront, symbol: str, now_ms: int) -> dict[str, str]:
    """Return what a swap will pay next."""
    view = front.market.perpetual(symbol)
    span_ms = front.market.profile.funding_hours * HOUR_MS
    due_ms = view.next_funding_ns // NS_MS
    rates = front.memory.rates.get(symbol)
    return {
        "formulaType": "withRate",
        "fundingRate": rate(view.funding_rate_e9),
        "fundingTime": str(due_ms),
        "impactValue": "20000",
        "instId": symbol,
        "instType": "SWAP",
        "interestRate": "0.0001",
        "maxFundingRate": "0.00375",
        "method": "current_period",
        "minFundingRate": "-0.00375",
        "nextFundingRate": "",
        "nextFundingTime": str(due_ms + span_ms),
        "prevFundingTime": str(due_ms - span_ms),
        "premium": "0",
        "settFundingRate": rate(rates[-1][1]) if rates else "",
        "settState": "settled",
        "ts": str(now_ms),
    }


def rate(rate_e9: int) -> str:
    """Print a funding rate."""
    return text(Decimal(rate_e9).scaleb(-RATE_DIGITS))


def funding_history(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/public/funding-rate-history."""
    listing = call.swap()
    rows = list(reversed(front.memory.rates.get(listing.symbol, ())))
    found = call.page(rows, lambda one: one[0] // NS_MS, 400, 400)
    return [
        {
            "instType": "SWAP", "instId": listing.symbol, "fundingRate": rate(rate_e9),
            "realizedRate": rate(rate_e9), "fundingTime": str(due_ns // NS_MS),
            "method": "current_period", "formulaType": "withRate",
        }
        for due_ns, rate_e9 in found
    ]  # fmt: skip


def position_tiers(_front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/public/position-tiers: caps are in quote here, those of OKX in contracts."""
    call.choice("tdMode", ("cross", "isolated"))
    tier = call.given.optional("tier")
    found = [one for one in call.chosen(needs_type=True) if one.kind is Kind.PERPETUAL]
    rows = [row for one in found for row in _tiers(one)]
    return [row for row in rows if tier in {None, row["tier"]}]


def _tiers(listing: Listing) -> list[dict[str, str]]:
    floor = Decimal(0)
    rows = []
    for number, tier in enumerate(listing.tiers, 1):
        rows.append(_tier(listing, number, tier, floor))
        floor = tier.cap
    return rows


def _tier(listing: Listing, number: int, tier: Tier, floor: Decimal) -> dict[str, str]:
    pair = f"{listing.base}-{listing.quote}"
    return {
        "instFamily": pair,
        "instId": "",
        "uly": pair,
        "tier": str(number),
        "minSz": text(floor),
        "maxSz": text(tier.cap) if tier.cap else "999999999999",
        "mmr": text(tier.maintenance),
        "imr": text((Decimal(1) / tier.max_leverage).quantize(Decimal("0.00000001"))),
        "maxLever": str(tier.max_leverage),
        "optMgnFactor": "0",
        "quoteMaxLoan": "",
        "baseMaxLoan": "",
    }


def price_limit(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/public/price-limit: the listing's band around the reference price."""
    listing = call.listing()
    symbol, bounds = listing.symbol, listing.filters
    ticks = front.market.last_ticks(symbol)
    if listing.kind is Kind.PERPETUAL:
        ticks = front.market.perpetual(symbol).mark_ticks or ticks
    reference = listing.price(ticks)
    high = bounds.max_price or NO_LIMIT_PX * listing.tick
    low = bounds.min_price or listing.tick
    if bounds.percent_up and ticks:
        high = min(high, reference * bounds.percent_up // listing.tick * listing.tick)
    if bounds.percent_down and ticks:
        low = max(low, -(-reference * bounds.percent_down // listing.tick) * listing.tick)
    return [
        {
            "instType": type_of(listing), "instId": symbol, "buyLmt": text(high),
            "sellLmt": text(low), "ts": str(call.now_ms), "enabled": True,
        }
    ]  # fmt: skip


def open_interest(_front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/public/open-interest: the street's is not known, so there is none."""
    call.chosen(needs_type=True)
    return []


def currencies(front: OkxFront, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /api/v5/asset/currencies."""
    wanted = call.given.optional("ccy")
    listings = front.market.listings.values()
    names = sorted({one.base for one in listings} | {one.quote for one in listings})
    return [
        {
            "ccy": name, "name": name, "logoLink": "", "chain": f"{name}-{name}", "ctAddr": "",
            "canDep": True, "canWd": False, "canInternal": False, "depQuoteDailyLayer2": "",
            "minDep": "0", "minWd": "0", "minInternal": "0", "maxWd": "0", "wdTickSz": "8",
            "wdQuota": "0", "usedWdQuota": "0", "fee": "0", "minFee": "0", "maxFee": "0",
            "feeCcy": "", "mainNet": True, "needTag": False, "minDepArrivalConfirm": "1",
            "minWdUnlockConfirm": "1", "depQuotaFixed": "", "usedDepQuotaFixed": "",
        }
        for name in names
        if wanted is None or name in wanted.split(",")
    ]  # fmt: skip
