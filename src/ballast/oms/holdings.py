"""Holdings: positions derived from fills, in whole lots and ticks, to the last unit (C1, C3).

A holding keeps what its open lots cost (`cost`: sum of price ticks times lots, negative for a
short). Closing k of n lots takes the share `cost * k / n` out, rounded down; what rounding leaves
stays with the open lots. So at any time, exactly:

    realised + (value of the open lots - cost) = what all fills together earned at that value

The average price is `cost / lots` and is only for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ballast.core.orders import Fill


@dataclass(frozen=True, slots=True)
class Holding:
    """What is held of one instrument (one position side): signed lots, ticks times lots."""

    lots: int = 0
    cost: int = 0
    realised: int = 0

    def value(self, price_ticks: int) -> int:
        """Return what the holding has earned in all at a price, realised and not, before fees."""
        return self.realised + self.lots * price_ticks - self.cost

    def after(self, fill: Fill) -> Holding:
        """Return the holding after a fill; one that turns it around closes first, then opens."""
        signed = int(fill.side) * fill.qty_lots
        if self.lots * signed >= 0:
            return Holding(self.lots + signed, self.cost + signed * fill.price_ticks, self.realised)
        closed = min(abs(signed), abs(self.lots))
        direction = 1 if self.lots > 0 else -1
        taken = self.cost * closed // abs(self.lots)
        left = self.lots - direction * closed
        earned = direction * closed * fill.price_ticks - taken
        opened = signed + direction * closed
        cost = self.cost - taken + opened * fill.price_ticks
        return Holding(left + opened, cost, self.realised + earned)

    def less(self, lots: int) -> Holding:
        """Return the holding after so many of its lots were taken as a fee: their cost stays."""
        return Holding(self.lots - lots, self.cost, self.realised)


FLAT = Holding()


@dataclass(frozen=True, slots=True)
class Coin:
    """What is bought and sold on spot: fees of buys may be taken from it, in atoms.

    `lot_atoms` and `lot_parts` are the atoms of a lot as a fraction: a lot may be finer than an
    atom's decimals are.
    """

    asset: str
    lot_atoms: int
    lot_parts: int = 1


@dataclass(frozen=True, slots=True)
class Owed:
    """What was taken as fees of a symbol and is no whole lot yet, in parts of atoms."""

    parts: int = 0

    def after(self, coin: Coin, fee_atoms: int) -> tuple[Owed, int]:
        """Return what is owed after a fee, and the whole lots it took, rounded up.

        What is held is then never more than the venue has; a rebate gives lots back when it has
        come to a whole one.
        """
        parts = self.parts + fee_atoms * coin.lot_parts
        lots = -(-parts // coin.lot_atoms)
        return Owed(parts - lots * coin.lot_atoms), lots
