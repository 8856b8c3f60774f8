"""Coinbase's private socket: what becomes of orders. Fills and balances are not told on it.

An order is told with how much of it traded, so a fill shows as a number that grew, and the history
of fills is asked then. First come all open orders, fifty in a message; the last one has fewer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.venues.clients.coinbase.rows import pushed_report
from ballast.venues.clients.coinbase.talk import EVENTS, PRIVATE_URL, Envelope, Talk
from ballast.venues.clients.desk import Heard
from ballast.venues.normalise.exact import BrokenError, ns_of_iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.venues.clients.calls import Asker
    from ballast.venues.clients.coinbase.products import Products
    from ballast.venues.clients.desk import News
    from ballast.venues.clients.known import Known

FULL = 50
"""Orders in a message of the first state that is not the last one."""


class PrivateTalk(Talk):
    """One connection to the account's orders."""

    name = "private"
    address = PRIVATE_URL

    def __init__(
        self, products: Products, known: Known, asker: Asker, symbols: Sequence[str]
    ) -> None:
        """Know nothing yet; `asker` signs the tokens of subscriptions."""
        super().__init__([products.markets[one].name for one in symbols])
        self._products = products
        self._known = known
        self._asker = asker
        self._has_state = False

    def channels(self) -> Sequence[str]:
        """Return the one channel of an account."""
        return ("user",)

    def credentials(self) -> dict[str, str]:
        """Return a token."""
        return {"jwt": self._asker.token()}

    def has_all(self) -> bool:
        """Tell whether all open orders have been told too."""
        return super().has_all() and self._has_state

    def told(self, said: Envelope, frame: bytes, now_ns: int) -> Heard:
        """Read a message."""
        del frame, now_ns
        if said.channel != "user":
            raise ValueError(f"unknown channel {said.channel!r}")
        try:
            at_ns = ns_of_iso(said.timestamp, "timestamp")
            events = EVENTS.decode(said.events)
            news = [one for event in events for one in self._event(event, at_ns)]
        except (KeyError, TypeError, AttributeError, BrokenError) as error:
            raise ValueError(f"user: {type(error).__name__} {error}") from error
        return Heard(tuple(news))

    def _event(self, event: dict[str, Any], at_ns: int) -> list[News]:
        rows = event.get("orders") or []
        if event["type"] == "snapshot":
            self._has_state = self._has_state or len(rows) < FULL
        found: list[News] = []
        for row in rows:
            market = self._products.find(row["product_id"])
            if market is None:
                continue
            report = pushed_report(market, row, at_ns)
            self._known.learn(row["order_id"], report.symbol, report.client_id)
            found.append(report)
        return found
