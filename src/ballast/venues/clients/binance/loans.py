"""Loans: flexible crypto loans and flexible savings of Binance, as its documents say.

    GET /sapi/v2/loan/flexible/ongoing/orders      debt, collateral, LTV
    GET /sapi/v2/loan/flexible/collateral/data     margin call and liquidation of a collateral
    GET /sapi/v1/simple-earn/flexible/list         what lending earns a year

Only what can be subscribed to counts as an offer. The interest of a loan is not in the first of
them; it is left unknown. All three only read.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from ballast.core.loans import EarnRate, Loan
from ballast.venues.clients.binance.rows import Row, ShapeError, read
from ballast.venues.clients.calls import Call, CallError, Urgency, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.venues.clients.calls import Asker

PAGE = 100
"""The largest page Binance gives."""
PAGES_MAX = 50
"""5,000 rows; beyond it a page that repeats itself would be asked for ever."""
T = TypeVar("T")


class LoanRow(Row):
    """A loan that is open."""

    loan_coin: str
    total_debt: str
    collateral_coin: str
    collateral_amount: str
    current_ltv: str = msgspec.field(name="currentLTV")


class BoundRow(Row):
    """The bounds of a collateral."""

    collateral_coin: str
    margin_call_ltv: str = msgspec.field(name="marginCallLTV")
    liquidation_ltv: str = msgspec.field(name="liquidationLTV")


class EarnRow(Row):
    """A product of flexible savings."""

    asset: str
    latest_annual_percentage_rate: str
    product_id: str = ""
    can_purchase: bool = False
    is_sold_out: bool = False


class Paged(Row, Generic[T]):
    """A page of rows."""

    rows: list[T]
    total: int


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """One list: ccxt's method, its weight, what its size is called, the type of its pages."""

    method: str
    cost: float
    size: str
    pages: type[Paged[T]]


ONGOING = Question("sapiV2GetLoanFlexibleOngoingOrders", 300.0, "limit", Paged[LoanRow])
COLLATERAL = Question("sapiV2GetLoanFlexibleCollateralData", 400.0, "limit", Paged[BoundRow])
EARN = Question("sapiGetSimpleEarnFlexibleList", 150.0, "size", Paged[EarnRow])


async def open_loans(asker: Asker) -> tuple[Loan, ...]:
    """Return the account's flexible loans with their bounds; raise `CallError`."""
    rows = await _all(asker, ONGOING)
    bounds = await _all(asker, COLLATERAL) if rows else []
    return loans_of(rows, bounds)


async def earn_rates(asker: Asker) -> tuple[EarnRate, ...]:
    """Return what flexible savings earn that can be subscribed to; raise `CallError`."""
    return rates_of(await _all(asker, EARN))


async def _all(asker: Asker, question: Question[T]) -> list[T]:
    """Ask for page after page until all rows are there."""
    found: list[T] = []
    for page in range(1, PAGES_MAX + 1):
        params = {"current": page, question.size: PAGE}
        call = Call(question.method, params, Urgency.ROUTINE, cost=question.cost)
        answer = await asker.ask(call)
        try:
            got = read(answer, question.pages)
        except ShapeError as error:
            raise _unreadable(error) from error
        found += got.rows
        if len(found) >= got.total or not got.rows:
            return found
    raise CallError(Verdict.UNCLEAR, f"{question.method} does not end after {PAGES_MAX} pages")


def loans_of(rows: Sequence[LoanRow], bounds: Sequence[BoundRow]) -> tuple[Loan, ...]:
    """Return loans from rows; raise `CallError` for a number that is none."""
    try:
        known = {
            row.collateral_coin: (
                _ratio(row.margin_call_ltv),
                _ratio(row.liquidation_ltv),
            )
            for row in bounds
        }
        return tuple(
            Loan(
                row.loan_coin,
                row.collateral_coin,
                _number(row.total_debt),
                _number(row.collateral_amount),
                ltv=_ratio(row.current_ltv),
                margin_call=known.get(row.collateral_coin, (None, None))[0],
                liquidation=known.get(row.collateral_coin, (None, None))[1],
            )
            for row in rows
        )
    except ShapeError as error:
        raise _unreadable(error) from error


def rates_of(rows: Sequence[EarnRow]) -> tuple[EarnRate, ...]:
    """Return the rates of what is on sale; raise `CallError` for a number that is none."""
    try:
        return tuple(
            EarnRate(row.asset, _ratio(row.latest_annual_percentage_rate), row.product_id)
            for row in rows
            if row.can_purchase and not row.is_sold_out
        )
    except ShapeError as error:
        raise _unreadable(error) from error


def _ratio(text: str) -> float:
    return float(_number(text))


def _number(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ShapeError(f"'{text[:40]}' is no number") from None
    if not value.is_finite() or value < 0:
        raise ShapeError(f"'{text[:40]}' is no amount")
    return value


def _unreadable(error: ShapeError) -> CallError:
    return CallError(Verdict.UNCLEAR, f"an answer that cannot be read: {error}")
