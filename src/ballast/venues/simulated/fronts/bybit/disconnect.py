"""Disconnection protection: orders go when nobody listens any more.

An account sets a window for spot or for derivatives. It counts while no private connection of the
account has subscribed `dcp`: the last one that closes starts it, a new one stops it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.venues.simulated.fronts.bybit import errors
from ballast.venues.simulated.fronts.bybit.call import category_of

if TYPE_CHECKING:
    from ballast.venues.simulated.fronts.bybit.call import Call
    from ballast.venues.simulated.fronts.bybit.unified import BybitUnified

PRODUCTS = {"SPOT": "spot", "DERIVATIVES": "linear", "OPTIONS": ""}
TOPICS = {"dcp.spot": "SPOT", "dcp.future": "DERIVATIVES", "dcp.option": "OPTIONS"}
SECONDS_MIN, SECONDS_MAX = 3, 300
DEFAULT = "OPTIONS"


class Windows:
    """The windows of all accounts, and who listens."""

    def __init__(self) -> None:
        """Begin without any."""
        self._seconds: dict[tuple[int, str], int] = {}
        self._listening: dict[tuple[int, str], int] = {}

    def of(self, account: int, product: str) -> int:
        """Return the window of an account in seconds, 0 for none."""
        return self._seconds.get((account, product), 0)

    def put(self, account: int, product: str, seconds: int) -> None:
        """Set a window; it counts from the next disconnection on."""
        self._seconds[account, product] = seconds

    def joined(self, front: BybitUnified, account: int, product: str) -> None:
        """Be told that a connection listens."""
        self._listening[account, product] = self._listening.get((account, product), 0) + 1
        self._count(front, account, product, 0)

    def left(self, front: BybitUnified, account: int, product: str) -> None:
        """Be told that a connection is gone."""
        self._listening[account, product] -= 1
        if not self._listening[account, product]:
            self._count(front, account, product, self.of(account, product))

    def all_left(self, front: BybitUnified) -> None:
        """Be told that every connection is gone."""
        for (account, product), count in self._listening.items():
            if count:
                self._listening[account, product] = 1
                self.left(front, account, product)

    def _count(self, front: BybitUnified, account: int, product: str, seconds: int) -> None:
        for listing in front.market.listings.values():
            if category_of(listing) == PRODUCTS[product]:
                front.market.countdown(account, listing.symbol, seconds * 1_000)


def set_window(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """POST /v5/order/disconnected-cancel-all."""
    seconds = call.whole("timeWindow", 0)
    product = call.text("product", DEFAULT)
    if product not in PRODUCTS:
        raise errors.invalid("product")
    if not SECONDS_MIN <= seconds <= SECONDS_MAX:
        raise errors.invalid("timeWindow")
    front.windows.put(call.account, product, seconds)
    return {}


def query(front: BybitUnified, call: Call) -> Any:  # noqa: ANN401 - JSON
    """GET /v5/account/query-dcp-info."""
    infos = [
        {"product": product, "dcpStatus": "ON", "timeWindow": str(seconds)}
        for product in PRODUCTS
        if (seconds := front.windows.of(call.account, product))
    ]
    return {"dcpInfos": infos}
