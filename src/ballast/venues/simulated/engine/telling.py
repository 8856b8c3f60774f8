"""Telling: what changed during a request is told once, when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.venues.simulated.engine import standing
from ballast.venues.simulated.engine.events import (
    BalanceChanged,
    BookChanged,
    Cause,
    PositionChanged,
)

if TYPE_CHECKING:
    from ballast.venues.simulated.engine.events import Amount, Position
    from ballast.venues.simulated.engine.world import Market, World


def tell_books(world: World) -> None:
    """Tell the levels that changed since the last time, symbol by symbol."""
    for market in world.markets.values():
        if market.changed:
            _tell_book(world, market)


def _tell_book(world: World, market: Market) -> None:
    changed = market.changed
    bids = tuple(sorted(((t, n) for (side, t), n in changed.items() if side > 0), reverse=True))
    asks = tuple(sorted((t, n) for (side, t), n in changed.items() if side < 0))
    first, last = market.told_sequence + 1, market.book_sequence
    market.told_sequence = last
    changed.clear()
    symbol = market.terms.symbol
    world.emit(
        lambda sequence, at_ns: BookChanged(sequence, at_ns, symbol, first, last, bids, asks)
    )


def tell_positions(world: World) -> None:
    """Tell the positions that changed since the last time."""
    moved = list(world.moved)
    world.moved.clear()
    for account, symbol, which in moved:
        found = standing.of(world, world.accounts[account], world.markets[symbol], which)
        _tell_position(world, found)


def _tell_position(world: World, position: Position) -> None:
    world.emit(lambda sequence, at_ns: PositionChanged(sequence, at_ns, position))


def tell_balances(world: World, cause: Cause) -> None:
    """Tell the balances that changed since the last time, one event an account."""
    by_account: dict[int, list[str]] = {}
    for account, asset in world.dirty:
        by_account.setdefault(account, []).append(asset)
    world.dirty.clear()
    for account, assets in by_account.items():
        amounts = tuple(world.accounts[account].amount(asset) for asset in sorted(assets))
        _tell_balance(world, account, cause, amounts)


def _tell_balance(world: World, account: int, cause: Cause, amounts: tuple[Amount, ...]) -> None:
    world.emit(lambda sequence, at_ns: BalanceChanged(sequence, at_ns, account, cause, amounts))
