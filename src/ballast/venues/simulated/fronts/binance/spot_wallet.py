"""The wallet of Binance spot: deposits and withdrawals, as the pages under `sapi` tell them.

What the engine moves into an account is a deposit that is credited at once, what it moves out is a
withdrawal that is done at once and costs nothing. What a loan moves is neither: the pages of loans
tell it. There is no other wallet, so nothing is transferred between wallets.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.fronts.binance import errors
from ballast.venues.simulated.fronts.binance.errors import Refusal

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.events import Transferred
    from ballast.venues.simulated.fronts.binance.call import Call
    from ballast.venues.simulated.fronts.binance.spot import BinanceSpot

ROWS_MAX = 5_000
"""Deposits and withdrawals remembered, of all accounts together: five pages."""
PAGE_MAX, TRANSFERS, TRANSFERS_MAX = 1_000, 10, 100
DAY_MS = 86_400_000
SPAN_MS = 90 * DAY_MS
NS_MS, NS_S = 1_000_000, 1_000_000_000
DEPOSITED, WITHDRAWN = 1, 6
"""The words of each page for one that is done."""
DEPOSIT_STATES, WITHDRAWAL_STATES = frozenset({0, 1, 2, 6, 7, 8}), frozenset(range(7))
WALLETS = ("UMFUTURE", "CMFUTURE", "MARGIN", "FUNDING", "OPTION", "PORTFOLIO_MARGIN")
WAYS = frozenset(way for one in WALLETS for way in (f"MAIN_{one}", f"{one}_MAIN"))
TOO_LONG = Refusal(-1127, "Lookup interval is too big. More than 90 days between the times.")


@dataclass(frozen=True, slots=True)
class Moved:
    """A deposit, or, negative, a withdrawal."""

    number: int
    account: int
    asset: str
    atoms: int
    at_ns: int


class Wallet:
    """What came to the accounts of one exchange from elsewhere, and left them."""

    def __init__(self) -> None:
        """Know of nothing."""
        self.rows: deque[Moved] = deque(maxlen=ROWS_MAX)
        self.numbers = 0
        self._lent: list[tuple[int, str, int]] = []

    def lend(self, account: int, asset: str, atoms: int) -> None:
        """Be told that a loan moved this, before the engine's event of it comes."""
        self._lent.append((account, asset, atoms))

    def observe(self, event: Transferred) -> None:
        """Keep what no loan moved."""
        moved = (event.account, event.asset, event.atoms)
        if moved in self._lent:
            self._lent.remove(moved)
        elif event.atoms:
            self.numbers += 1
            self.rows.append(Moved(self.numbers, *moved, event.at_ns))


def deposits(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /sapi/v1/capital/deposit/hisrec: the last ones first."""
    call.given.allow("includeSource", "txId")
    rows = _page(front, call, DEPOSIT_STATES, DEPOSITED, sign=1)
    return [
        {
            "id": str(one.number),
            "amount": front.words.money(one.asset, one.atoms),
            "coin": one.asset,
            "network": one.asset,
            "status": DEPOSITED,
            "address": "simulated",
            "addressTag": "",
            "txId": f"{one.number:064X}",
            "insertTime": one.at_ns // NS_MS,
            "completeTime": one.at_ns // NS_MS,
            "transferType": 0,
            "confirmTimes": "1/1",
            "unlockConfirm": 0,
            "walletType": 0,
        }
        for one in rows
    ]


def withdrawals(front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /sapi/v1/capital/withdraw/history: the last ones first; times are texts, in seconds."""
    call.given.allow("withdrawOrderId", "idList")
    rows = _page(front, call, WITHDRAWAL_STATES, WITHDRAWN, sign=-1)
    return [
        {
            "id": f"{one.number:032x}",
            "amount": front.words.money(one.asset, -one.atoms),
            "transactionFee": "0",
            "coin": one.asset,
            "status": WITHDRAWN,
            "address": "simulated",
            "txId": f"0x{one.number:064x}",
            "applyTime": _utc(one.at_ns),
            "network": one.asset,
            "transferType": 0,
            "info": "",
            "confirmNo": 1,
            "walletType": 0,
            "txKey": "",
            "completeTime": _utc(one.at_ns),
        }
        for one in rows
    ]


def transfers(_front: BinanceSpot, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /sapi/v1/asset/transfer: there is no other wallet."""
    way = call.given.required("type")
    for name in ("startTime", "endTime", "current"):
        call.whole(name, 0)
    call.whole("size", TRANSFERS, TRANSFERS_MAX)
    call.given.finish()
    if way not in WAYS:
        raise errors.illegal("type")
    return {"total": 0, "rows": []}


def _page(
    front: BinanceSpot, call: Call, states: frozenset[int], done: int, *, sign: int
) -> list[Moved]:
    """Return the rows that are asked for; all there are, are done."""
    coin, state = call.given.optional("coin"), call.whole("status", done)
    end = call.whole("endTime", call.now_ms)
    start = call.whole("startTime", max(0, end - SPAN_MS))
    offset, limit = call.whole("offset", 0), call.whole("limit", PAGE_MAX, PAGE_MAX)
    call.given.finish()
    if state not in states:
        raise errors.illegal("status")
    if end - start > SPAN_MS:
        raise TOO_LONG
    found = [
        one
        for one in reversed(front.wallet.rows)
        if one.account == call.account
        and one.atoms * sign > 0
        and coin in {None, one.asset}
        and state == done
        and start <= one.at_ns // NS_MS <= end
    ]
    return found[offset : offset + limit]


def _utc(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns // NS_S, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")
