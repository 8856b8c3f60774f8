"""Flows: what came into the unified account and what left it, as its transaction log tells it.

A deposit lands in the account as a transfer, a withdrawal leaves it as one. The log holds every
trade too, so the two kinds of transfers are asked for, each by itself. Coins are counted as
`equity` counts them: at the venue's price in dollars, and of what is not held any more at its last
trade.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ballast.venues.clients.account import Flow
from ballast.venues.clients.bybit import account, words
from ballast.venues.clients.bybit.questions import Questions, rows_of
from ballast.venues.clients.calls import Call, CallError, Urgency, Verdict
from ballast.venues.clients.market import number
from ballast.venues.clients.reading import reads_answers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

SIGNS = {"TRANSFER_IN": 1, "TRANSFER_OUT": -1}
"""Kinds of rows, and the sign of what they change."""
PAGE = 50
LOG_COST = 1 / 3
"""Of an account's ten orders a second: the log may be asked for thirty times."""
PRICED_IN = "USDT"


class Flows(Questions):
    """Adds to what both desks can be asked what came and went: they share the account."""

    @reads_answers
    async def flows(self, quote: str, since_ms: int) -> list[Flow] | None:
        """Return what was paid in and out, oldest first; a coin without a price is worth 0."""
        rows: dict[str, Mapping[str, Any]] = {}
        for kind in SIGNS:
            found = await self._weekly(partial(log_page, kind), since_ms)
            rows |= {_said(row, "id"): row for row in reversed(found) if row["type"] == kind}
        coins = {_said(row, "currency") for row in rows.values()} - {quote}
        prices = await self._prices(coins, quote) if coins else {}
        flows = [flow_of(row, quote, prices) for row in rows.values()]
        return sorted(flows, key=lambda one: one.at_ns)

    async def _prices(self, coins: set[str], quote: str) -> dict[str, Decimal]:
        """Return what one of each coin is worth in a quote coin; raise without its own price."""
        wallet = await self._wallet()
        dollars = {one: account.dollars_of(wallet, one) for one in coins | {quote}}
        if not all(dollars.values()):
            last = await self._last_trades()
            dollars = {
                one: price or last.get(f"{one}{PRICED_IN}") for one, price in dollars.items()
            }
        unit = dollars[quote]
        if not unit:
            raise CallError(Verdict.UNCLEAR, f"{quote} has no price in dollars")
        return {one: price / unit for one, price in dollars.items() if price}

    async def _last_trades(self) -> dict[str, Decimal]:
        """Return the last prices of spot; a market that has not traded yet has none."""
        params = {"category": words.SPOT.name}
        call = Call("publicGetV5MarketTickers", params, Urgency.ASK, cost=words.QUESTION)
        rows = rows_of(await self.ask(call))
        return {row["symbol"]: number(row["lastPrice"]) for row in rows}


def log_page(kind: str, *, span_ms: tuple[int, int], cursor: str = "") -> Call:
    """Return the call for a page of the log; a span holds seven days at the most."""
    params: dict[str, Any] = {"accountType": "UNIFIED", "type": kind, "limit": PAGE}
    params |= {"startTime": span_ms[0], "endTime": span_ms[1]}
    params |= {"cursor": cursor} if cursor else {}
    return Call("privateGetV5AccountTransactionLog", params, Urgency.ASK, cost=LOG_COST)


def flow_of(row: Mapping[str, Any], quote: str, prices: Mapping[str, Decimal]) -> Flow:
    """Return a transfer; raise `ValueError` for one whose amount contradicts its kind."""
    asset, amount = _said(row, "currency"), number(_said(row, "change"))
    if amount * SIGNS[row["type"]] < 0:
        raise ValueError(f"a {row['type']} of {amount} {asset}")
    worth = amount
    if asset != quote:
        worth = (amount * prices.get(asset, 0)).quantize(account.CENT)
    at_ns = int(row["transactionTime"]) * words.NS_MS
    return Flow(asset, amount, worth, at_ns, _said(row, "id"))


def _said(row: Mapping[str, Any], name: str) -> str:
    """Return a field that a row cannot do without."""
    text = row[name]
    if not isinstance(text, str) or not text:
        raise ValueError(f"a row without {name}")
    return text
