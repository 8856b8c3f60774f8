"""Instruments: what may be traded, in which steps, at which fee, with which leverage.

Numbers are `Decimal` here (the door); `records.SPEC` holds their exact integer ratios for compiled
code. An instrument whose largest product would not fit an int64 is refused at load time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from ballast.core.errors import DataError

INT64_MAX = 2**63 - 1
FEE_SCALE = 1_000_000  # fees are applied in parts per million of notional


class Kind(StrEnum):
    """Spot holds the asset; a linear perpetual holds a contract settled in the quote currency."""

    SPOT = "spot"
    PERPETUAL = "perpetual"


@dataclass(frozen=True, slots=True)
class LeverageTier:
    """One bracket: applies while notional is in `[floor, cap)`; `maintenance` is a fraction.

    `deduction` is the maintenance amount subtracted so that margin is continuous across brackets.
    """

    floor: float
    cap: float
    max_leverage: float
    maintenance: float
    deduction: float = 0.0


@dataclass(frozen=True, slots=True)
class FeeRate:
    """Maker and taker fee as fractions of notional, valid from `from_ms` (UTC) on."""

    from_ms: int
    maker: float
    taker: float


@dataclass(frozen=True, slots=True)
class Instrument:
    """Trading rules of one symbol on one venue."""

    venue: str
    symbol: str
    base: str
    quote: str
    kind: Kind = Kind.SPOT
    tick: Decimal = Decimal("0.01")
    lot: Decimal = Decimal("0.00001")
    min_qty: Decimal = Decimal(0)
    max_qty: Decimal = Decimal(0)
    """Largest market order in base units; 0 means the venue states none."""
    min_notional: Decimal = Decimal(0)
    max_price: Decimal = Decimal(10_000_000)
    listed_ms: int | None = None
    delisted_ms: int | None = None
    fees: tuple[FeeRate, ...] = ()
    """Dated fee schedule in time order; empty means the run's fallback fee."""
    tiers: tuple[LeverageTier, ...] = ()
    tags: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        """Refuse impossible rules."""
        where = f"{self.venue}-{self.symbol}"
        if self.tick <= 0 or self.lot <= 0:
            raise DataError("tick and lot must be positive", where=where)
        if min(self.min_qty, self.max_qty, self.min_notional) < 0:
            raise DataError("minimum and maximum sizes cannot be negative", where=where)

    def check_kernel_bounds(self) -> None:
        """Raise `DataError` if price x quantity x fee scale could overflow an int64."""
        largest_qty = self.max_qty or Decimal(1_000)
        ticks = self.max_price / self.tick
        lots = largest_qty / self.lot
        if ticks >= 2**53 or lots >= 2**53 or ticks * lots >= INT64_MAX:
            raise DataError(
                "max price x max quantity does not fit 63 bits",
                where=f"{self.venue}-{self.symbol}",
                expected=f"tick {self.tick} and lot {self.lot} as the venue states them",
            )
