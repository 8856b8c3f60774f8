"""Flows: what came into a wallet of Binance spot from elsewhere, and what left it (R-RISK-28).

    GET /sapi/v1/capital/deposit/hisrec      weight 1        spans of less than 90 days
    GET /sapi/v1/capital/withdraw/history    10 a second, of a budget of its own; as above
    GET /sapi/v1/asset/transfer              weight 1 for each way; the last six months

Six questions of weight 1 of 6,000 a minute, where no more than a page of each happened. Ways are
those between spot and USD-M futures and between spot and the funding wallet, where most money
comes from; what margin, COIN-M, options, sub-accounts, loans and savings move is not asked for, and
looks like a profit or a loss.

A deposit counts once it is credited, which may be before it can be withdrawn again (status 6): the
balance holds it from then on, long after it was begun perhaps, which is what the venue's
`startTime` means, so it is asked from a week before. A withdrawal counts from when it was asked
for: its coins leave the balance then and wait for approval elsewhere, and must not look like a
loss meanwhile. One that is refused after all comes back without a time, and looks like a profit.
Withdrawals are dated in whole seconds.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from ballast.venues.clients.binance.paging import PAGE
from ballast.venues.clients.binance.rows import NS_MS, Row, ShapeError, read
from ballast.venues.clients.calls import Call, CallError, Urgency, Verdict
from ballast.venues.clients.market import number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from decimal import Decimal

T = TypeVar("T")
SECOND_MS, DAY_MS = 1_000, 86_400_000
SPAN_MS = 89 * DAY_MS
LATE_MS = 7 * DAY_MS
"""How long a deposit or a withdrawal may take: longer than any approval that we know of."""
KEPT_MS = 180 * DAY_MS
"""What is older is not asked for: the venue keeps transfers for six months."""
TRANSFERS = 100
PAGES_MAX = 50
"""50,000 deposits, 5,000 transfers; beyond it a repeating page would be asked for ever."""
CREDITED, CONFIRMED = frozenset({1, 6}), "CONFIRMED"
LEFT = frozenset({0, 2, 4, 6})
"""Waiting for the person's mail, for approval, in work, done; 1, 3 and 5 came back."""
SPOT_WALLET = 0
WAYS = {"UMFUTURE_MAIN": 1, "MAIN_UMFUTURE": -1, "FUNDING_MAIN": 1, "MAIN_FUNDING": -1}


class Move(NamedTuple):
    """An amount of an asset that came, or, negative, left, before anybody asks what it is worth."""

    asset: str
    amount: Decimal
    at_ns: int
    flow_id: str


class Deposit(Row):
    """A deposit, on its way or there."""

    amount: str
    coin: str
    status: int
    insert_time: int
    id: str = ""
    tx_id: str = ""
    complete_time: int | None = None
    wallet_type: int = SPOT_WALLET


class Withdrawal(Row):
    """A withdrawal, waiting, done or refused; the fee leaves besides the amount."""

    id: str
    amount: str
    transaction_fee: str
    coin: str
    status: int
    apply_time: str
    wallet_type: int = SPOT_WALLET


class Transfer(Row):
    """A transfer between two wallets of the account."""

    asset: str
    amount: str
    status: str
    tran_id: int
    timestamp: int


class Transfers(Row):
    """A page of them."""

    total: int
    rows: tuple[Transfer, ...] = ()


class Ask(Protocol):
    """Sends a call and reads its answer; raises `CallError` for one that cannot be read."""

    async def __call__(self, call: Call, into: Callable[[Any], T], /) -> T:
        """Return what `into` makes of the answer."""
        ...


async def moves(ask: Ask, since_ms: int, now_ms: int) -> list[Move]:
    """Return all since a time, oldest first, of the last half year at most."""
    first = max(since_ms, now_ms - KEPT_MS)
    found: list[Move] = []
    for start in range(first - LATE_MS, now_ms + 1, SPAN_MS):
        span = {"startTime": start, "endTime": start + SPAN_MS - 1}
        found += _since(await _listed(ask, "sapiGetCapitalDepositHisrec", span, _deposits), first)
        gone = await _listed(ask, "sapiGetCapitalWithdrawHistory", span, _withdrawals)
        found += _since(gone, first // SECOND_MS * SECOND_MS)
    for way in WAYS:
        found += _since(await _transferred(ask, way, first, now_ms), first)
    return sorted(found, key=lambda one: (one.at_ns, one.flow_id))


def _since(found: Iterable[Move], since_ms: int) -> list[Move]:
    return [one for one in found if one.at_ns >= since_ms * NS_MS]


async def _listed(
    ask: Ask, method: str, span: Mapping[str, int], into: Callable[[Any], tuple[int, list[Move]]]
) -> Iterable[Move]:
    """Ask for page after page; what comes meanwhile moves rows on, so some come twice."""
    found: dict[str, Move] = {}
    for page in range(PAGES_MAX):
        params = {**span, "offset": page * PAGE, "limit": PAGE}
        count, fresh = await ask(Call(method, params, Urgency.ASK), into)
        found |= {one.flow_id: one for one in fresh}
        if count < PAGE:
            return found.values()
    raise CallError(Verdict.UNCLEAR, f"{method} does not end after {PAGES_MAX} pages")


async def _transferred(ask: Ask, way: str, since_ms: int, now_ms: int) -> Iterable[Move]:
    """Ask for page after page of the transfers of one way."""
    found: dict[str, Move] = {}
    for page in range(1, PAGES_MAX + 1):
        params = {
            "type": way,
            "startTime": since_ms,
            "endTime": max(since_ms, now_ms),
            "current": page,
            "size": TRANSFERS,
        }
        call = Call("sapiGetAssetTransfer", params, Urgency.ASK)
        total, fresh = await ask(call, lambda answer: _transfers(answer, way))
        found |= {one.flow_id: one for one in fresh}
        if page * TRANSFERS >= total:
            return found.values()
    raise CallError(Verdict.UNCLEAR, f"transfers do not end after {PAGES_MAX} pages")


# Rows -----------------------------------------------------------------------------------------


def _deposits(answer: Any) -> tuple[int, list[Move]]:  # noqa: ANN401 - JSON
    """Return how many rows a page has, and which of them are in the balance of spot."""
    rows = read(answer, list[Deposit])
    return len(rows), [
        Move(
            row.coin,
            number(row.amount),
            (row.complete_time or row.insert_time) * NS_MS,
            f"deposit-{row.id or row.tx_id}",
        )
        for row in rows
        if row.status in CREDITED and row.wallet_type == SPOT_WALLET
    ]


def _withdrawals(answer: Any) -> tuple[int, list[Move]]:  # noqa: ANN401 - JSON
    """Return how many rows a page has, and which of them have left spot."""
    rows = read(answer, list[Withdrawal])
    return len(rows), [
        Move(
            row.coin,
            -number(row.amount) - number(row.transaction_fee),
            _at_ns(row.apply_time),
            f"withdrawal-{row.id}",
        )
        for row in rows
        if row.status in LEFT and row.wallet_type == SPOT_WALLET
    ]


def _transfers(answer: Any, way: str) -> tuple[int, list[Move]]:  # noqa: ANN401 - JSON
    """Return how many there are in all, and those of a page that are done."""
    page = read(answer, Transfers)
    return page.total, [
        Move(
            row.asset,
            WAYS[way] * number(row.amount),
            row.timestamp * NS_MS,
            f"transfer-{row.tran_id}",
        )
        for row in page.rows
        if row.status == CONFIRMED
    ]


def _at_ns(text: str) -> int:
    """Return a time that is told as `2019-10-12 11:12:02`, UTC; raise `ShapeError`."""
    try:
        at = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise ShapeError(str(error)) from None
    return int(at.timestamp()) * SECOND_MS * NS_MS
