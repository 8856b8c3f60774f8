"""Account: what a venue says is owned, what is held, and what a key may do."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from ballast.core.orders import MarginMode, PositionMode, PositionSide

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Balance:
    """One asset: all of it, and what no order holds. Perpetual wallets: before unrealised."""

    asset: str
    total: Decimal
    free: Decimal
    has_free: bool = True
    """False where the venue tells the total alone (Kraken's stream): `free` is then the total."""


@dataclass(frozen=True, slots=True)
class Flow:
    """What came into the traded account from elsewhere, or, negative, left it (R-RISK-28)."""

    asset: str
    amount: Decimal
    worth: Decimal
    """In the quote asset that was asked for: what equity changed by, at today's prices."""
    at_ns: int
    flow_id: str
    """The venue's own name of it, the same whenever it is asked."""


def free_of(balances: Iterable[Balance], asset: str) -> Decimal:
    """Return what no order holds of an asset; 0 where there is none of it."""
    return sum((one.free for one in balances if one.asset == asset), Decimal(0))


@dataclass(frozen=True, slots=True)
class VenuePosition:
    """One position, quantity signed, in lots. On spot: the coins, in whole lots."""

    symbol: str
    lots: int
    side: PositionSide = PositionSide.BOTH
    entry: Decimal = Decimal(0)
    mark: Decimal = Decimal(0)
    liquidation: Decimal = Decimal(0)
    """0: the venue states none."""
    unrealised: Decimal = Decimal(0)
    """In quote units."""
    leverage: Decimal = Decimal(1)
    margin_mode: MarginMode = MarginMode.CROSS


@dataclass(frozen=True, slots=True)
class Grants:
    """What the key may do, and how the account is set. None: the venue does not say."""

    can_read: bool
    can_trade: bool | None
    can_withdraw: bool | None
    is_ip_bound: bool | None = None
    expires_ms: int | None = None
    position_mode: PositionMode = PositionMode.ONE_WAY
    account_kind: str = ""
    """The venue's word: unified, classic, spot, ..."""


@dataclass(frozen=True, slots=True)
class SymbolSetting:
    """How a perpetual is set for the account."""

    symbol: str
    leverage: Decimal
    margin_mode: MarginMode


@dataclass(frozen=True, slots=True)
class VenueStatus:
    """Whether the venue is open; `until_ms` of a maintenance where it says so.

    `closes_ms` is when the next maintenance that it announced begins; None: none is announced, or
    this venue announces none by its API (Binance, Kraken, Coinbase).
    """

    is_open: bool
    text: str = ""
    until_ms: int | None = None
    closes_ms: int | None = None


@dataclass(frozen=True, slots=True)
class CandleRow:
    """A bar by REST: final where it closed before the venue's present."""

    open_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


@dataclass(frozen=True, slots=True)
class DayTicker:
    """What a symbol did in the last 24 hours, and its best prices. 0: the venue states none."""

    symbol: str
    last: Decimal
    volume_quote: Decimal
    """Traded in 24 hours, in quote units."""
    bid: Decimal = Decimal(0)
    ask: Decimal = Decimal(0)

    @property
    def spread_bps(self) -> Decimal | None:
        """Return the spread in basis points of the middle; None without two sides that part."""
        if not 0 < self.bid <= self.ask:
            return None
        return (self.ask - self.bid) * 20_000 / (self.ask + self.bid)


@dataclass(frozen=True, slots=True)
class TopOfBook:
    """The best levels, best first, as (ticks, lots)."""

    symbol: str
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]
    at_ns: int
