"""Ids of Coinbase: the numbers of the engine in the form of UUIDs, so nothing is remembered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ballast.core.orders import Fill

ORDER = re.compile(r"0bade000-0000-4000-8000-([0-9a-f]{12})")


def order_id(number: int) -> str:
    """Return the id of an order."""
    return f"0bade000-0000-4000-8000-{number:012x}"


def order_number(text: str) -> int | None:
    """Return the number behind an order's id, None for a text that is none."""
    found = ORDER.fullmatch(text)
    return int(found[1], 16) if found else None


def user_id(account: int) -> str:
    """Return the id of an account's user."""
    return f"05e20000-0000-4000-8000-{account:012x}"


def portfolio_id(account: int) -> str:
    """Return the id of an account's only portfolio."""
    return f"0f011000-0000-4000-8000-{account:012x}"


def wallet_id(account: int, asset: str) -> str:
    """Return the id of what an account has of one asset: of its first six letters."""
    letters = asset.encode()[:6].hex().rjust(12, "0")
    return f"0acc0000-0000-4000-8{account:03x}-{letters}"


def fill_place(fill: Fill) -> int:
    """Return a number that orders fills: two of one trade may be of one account."""
    return 2 * fill.trade_id + fill.is_maker


def entry_id(fill: Fill) -> str:
    """Return the id of a fill."""
    return f"0f111000-0000-4000-8000-{fill_place(fill):012x}"


def trade_id(fill: Fill) -> str:
    """Return the id of the trade of a fill, as the account is told it."""
    return f"07ade000-0000-4000-8000-{fill.trade_id:012x}"
