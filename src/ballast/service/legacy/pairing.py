"""Pairing: purchases and sales of a symbol as trades, each from nothing held to nothing held.

Sales may be partial, and a fee may be taken of the coins bought, so what is left at the end need
not be nothing: a remainder under `DUST` of what was bought ends the trade, for the smallest part
that the former bot kept on purpose was 20 %. A sale of what was never bought cannot be paired and
is a problem: the history begins too late.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from itertools import groupby
from typing import TYPE_CHECKING

from ballast.core.errors import DataError
from ballast.service.legacy.fields import EXACT, STEP
from ballast.service.legacy.model import Trade

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ballast.service.legacy.model import Fill

DUST = Decimal("0.02")


@dataclass(slots=True)
class _Open:
    """A trade that is going on. `left` is what is held; cash is in quote currency."""

    bought: Decimal = Decimal(0)
    sold: Decimal = Decimal(0)
    left: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    got: Decimal = Decimal(0)
    fees: Decimal | None = Decimal(0)
    fills: list[Fill] = field(default_factory=list)

    def take(self, fill: Fill) -> None:
        """Book one fill; a fee of the coins themselves is valued at the fill's price."""
        worth, fee = fill.price * fill.qty, fill.fee or Decimal(0)
        in_coins = fee if fill.fee_asset == fill.base else Decimal(0)
        if fee and fill.fee_asset not in ("", fill.quote, fill.base):
            self.fees = None
        elif self.fees is not None:
            self.fees += fee * fill.price if in_coins else fee
        self.left += (fill.qty if fill.is_buy else -fill.qty) - in_coins
        if fill.is_buy:
            self.bought, self.paid = self.bought + fill.qty, self.paid + worth
        else:
            self.sold, self.got = self.sold + fill.qty, self.got + worth
        self.fills.append(fill)

    @property
    def is_over(self) -> bool:
        """Whether what is left is nothing that was kept on purpose."""
        return self.left <= DUST * self.bought

    def trade(self) -> Trade:
        """Return it as a trade; gains of one that goes on are those of what is sold."""
        first, last = self.fills[0], self.fills[-1]
        entry = self.paid / self.bought
        net = None if self.fees is None else self.got - entry * self.sold - self.fees
        return Trade(
            first.where, first.symbol, first.quote, self.bought, _step(entry), first.at_ms,
            _step(self.got / self.sold) if self.sold else None,
            last.at_ms if self.is_over else None,
            None if self.fees is None else _step(self.fees),
            None if net is None else _step(net),
            last.reason if self.is_over else "open", len(self.fills),
        )  # fmt: skip


def trades_of(fills: Iterable[Fill]) -> tuple[list[Trade], list[DataError]]:
    """Return the trades of all symbols, oldest first, and the sales that fit none."""
    trades: list[Trade] = []
    problems: list[DataError] = []
    ordered = sorted(fills, key=lambda one: (one.symbol, one.at_ms, not one.is_buy))
    with localcontext(EXACT):
        for _, rows in groupby(ordered, key=lambda one: one.symbol):
            trades += _paired(list(rows), problems)
    return sorted(trades, key=lambda one: (one.entry_ms, one.symbol)), problems


def _paired(fills: Sequence[Fill], problems: list[DataError]) -> Iterator[Trade]:
    running: _Open | None = None
    for fill in fills:
        if not fill.is_buy and (running is None or fill.qty > running.left * (1 + DUST)):
            held = running.left if running is not None else Decimal(0)
            problems.append(
                DataError(
                    f"{fill.qty} of {fill.symbol} are sold, {held} were held", where=fill.where,
                    expected="purchases that come to it",
                    fix="give the files from the beginning on, or --skip-bad",
                )
            )  # fmt: skip
            continue
        running = running or _Open()
        running.take(fill)
        if not fill.is_buy and running.is_over:
            yield running.trade()
            running = None
    if running is not None:
        yield running.trade()


def _step(value: Decimal) -> Decimal:
    """Round half to even to the places that are kept."""
    rounded = value.quantize(STEP)
    return rounded.normalize() if rounded else Decimal(0)
