"""Loans: what was borrowed against what, and what lending earns, as a venue or a person says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from decimal import Decimal

LOAN = np.dtype(
    [
        ("at_ms", "i8"), ("ltv", "f8"), ("debt", "f8"), ("collateral", "f8"),
        ("margin_call", "f8"), ("liquidation", "f8"), ("apr", "f8"),
    ]
)  # fmt: skip
"""A recorded reading of one loan; NaN: not known."""


@dataclass(frozen=True, slots=True)
class Loan:
    """One loan against one collateral. Ratios are fractions; None: not said.

    `debt` is principal and interest in units of `asset`, `collateral` in units of
    `collateral_asset`. `ltv` is the venue's own measure; `price` is that of one unit of the
    collateral in units of `asset`, and gives another. `margin_call` and `liquidation` are the
    venue's bounds, `apr` the yearly interest.
    """

    asset: str
    collateral_asset: str
    debt: Decimal
    collateral: Decimal
    ltv: float | None = None
    price: Decimal | None = None
    margin_call: float | None = None
    liquidation: float | None = None
    apr: float | None = None

    @property
    def name(self) -> str:
        """Asset and collateral: `USDT-BTC`."""
        return f"{self.asset}-{self.collateral_asset}"


@dataclass(frozen=True, slots=True)
class EarnRate:
    """What lending an asset to a venue earns a year, as a fraction."""

    asset: str
    apr: float
    product: str = ""


@dataclass(frozen=True, slots=True)
class LoanReport:
    """All loans of an account at one moment, and what may be earned; `at_ms`: Unix milliseconds."""

    venue: str
    account: str
    at_ms: int
    loans: tuple[Loan, ...]
    rates: tuple[EarnRate, ...] = ()
