"""Venue: loans as the venue of an account says them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.errors import UserError
from ballast.core.loans import LoanReport
from ballast.venues.clients.binance.loans import earn_rates, open_loans
from ballast.venues.clients.calls import CallError

if TYPE_CHECKING:
    from ballast.runtime.wiring import Line

BINANCE = "BINANCE"
"""The only venue whose loans can be asked for."""
MS_NS = 1_000_000


async def ask_loans(line: Line, account: str) -> LoanReport:
    """Return the loans of an account and what could be earned; raise `UserError`."""
    try:
        loans = await open_loans(line.asker)
        rates = await earn_rates(line.asker)
    except CallError as error:
        raise UserError(f"{line.name} does not tell its loans: {error}") from None
    return LoanReport(line.name, account, line.now_ns() // MS_NS, loans, rates)


def lends(venue: str) -> str:
    """Return the name of a venue that can be asked; raise `UserError` for another."""
    name = venue.strip().upper()
    if name != BINANCE:
        raise UserError(
            f"the loans of '{venue[:40]}' cannot be asked for",
            where="--venue",
            expected=BINANCE,
            fix="write them into a file: docs/loans.md",
        )
    return name
