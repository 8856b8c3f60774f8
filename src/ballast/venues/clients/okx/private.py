"""Private: the sockets that tell orders, algo orders, balances and positions of an account.

There are two: algo orders are told on the business socket. What an algo order became is told on the
private one, under a new id; it is told on here as the algo order that it was.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from ballast.core.reports import OrderReport, Source
from ballast.venues.clients.desk import Heard
from ballast.venues.clients.okx import account, words
from ballast.venues.clients.okx.access import HOSTS
from ballast.venues.clients.okx.rows import (
    algo_report,
    has_fill,
    order_report,
    pushed_fill,
    readable,
    text,
    whole_report,
)
from ballast.venues.clients.okx.talk import FrameError, Talk, said

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ballast.core.orders import Fill
    from ballast.venues.clients.calls import Asker
    from ballast.venues.clients.desk import News
    from ballast.venues.clients.market import Market
    from ballast.venues.clients.okx.rows import Row

VERIFIED = "GET/users/self/verify"
"""What a login signs after its time in seconds."""
SECOND_MS = 1_000
ALGOS_MOST = 1_000
"""Triggered algo orders of a connection whose orders are added up."""


class LoggedIn(Talk):
    """A socket that logs in before it subscribes."""

    def __init__(
        self, asker: Asker, args: Sequence[dict[str, str]], markets: Sequence[Market], host: str
    ) -> None:
        """Log in with the asker's key; tell of these markets."""
        super().__init__(args, host)
        self._asker = asker
        self._markets = {one.name: one for one in markets}

    def greeting(self, now_ns: int) -> Sequence[str]:
        """Return the login: subscriptions follow when it was taken."""
        del now_ns
        at_s = str(self._asker.now_ms() // SECOND_MS)
        signed = self._asker.sign(f"{at_s}{VERIFIED}", digest="base64")
        return (
            said(
                "login",
                [
                    {
                        "apiKey": self._asker.key,
                        "passphrase": self._asker.passphrase,
                        "timestamp": at_s,
                        "sign": signed,
                    }
                ],
            ),
        )

    def logged_in(self) -> Heard:
        """Subscribe."""
        return Heard(replies=self.subscriptions())

    def news(
        self,
        arg: dict[str, Any],
        data: object,
        frame: bytes,
        now_ns: int,
    ) -> Sequence[News]:
        """Return what the rows of a private channel mean."""
        del frame, now_ns
        if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
            raise FrameError(f"{arg.get('channel')}: data that is no list of rows")
        return [one for row in data for one in self.told(str(arg.get("channel")), row)]

    @abstractmethod
    def told(self, channel: str, row: Row) -> Iterator[News]:
        """Yield what one row means."""


class Private(LoggedIn):
    """Orders with their fills, balances, positions."""

    path = "private"
    name = "private"

    def __init__(
        self, asker: Asker, inst_type: str, markets: Sequence[Market], host: str = HOSTS[1]
    ) -> None:
        """Tell of these markets, and of all balances."""
        args = [{"channel": "orders", "instType": inst_type}, {"channel": "account"}]
        if inst_type == words.SWAP:
            args.append({"channel": "positions", "instType": inst_type})
        super().__init__(asker, args, markets, host)
        self._became: dict[str, dict[str, OrderReport]] = {}

    def told(self, channel: str, row: Row) -> Iterator[News]:
        """Yield what one row means; a fill comes before what it made of its order."""
        if channel == "account":
            yield from account.balances_of([row], with_zero=True)
            return
        market = self._markets.get(text(row, "instId"))
        if market is None:
            return
        if channel == "positions":
            yield account.position_of(row, market)
        elif channel == "orders":
            for fill, report in readable([(row, market)], _traded):
                if fill is not None:
                    yield fill
                yield self._whole(row, report)

    def _whole(self, row: Row, report: OrderReport) -> OrderReport:
        """Return a report, of an algo order's continuation with all the orders it became."""
        algo_id = text(row, "algoId")
        if not algo_id:
            return report
        if algo_id not in self._became and len(self._became) >= ALGOS_MOST:
            self._became.pop(next(iter(self._became)))
        parts = self._became.setdefault(algo_id, {})
        parts[text(row, "ordId")] = report
        return whole_report(parts.values())


class Business(LoggedIn):
    """Algo orders, until each has become an order."""

    path = "business"
    name = "private.algo"

    def __init__(
        self, asker: Asker, inst_type: str, markets: Sequence[Market], host: str = HOSTS[1]
    ) -> None:
        """Tell of these markets."""
        channels = ("orders-algo", "algo-advance")
        args = [{"channel": one, "instType": inst_type} for one in channels]
        super().__init__(asker, args, markets, host)

    def told(self, channel: str, row: Row) -> Iterator[News]:
        """Yield what one row means."""
        market = self._markets.get(text(row, "instId"))
        if market is not None and channel in {"orders-algo", "algo-advance"}:
            yield from readable(
                [(row, market)], lambda one, of: algo_report(one, of, Source.STREAM)
            )


def _traded(row: Row, market: Market) -> tuple[Fill | None, OrderReport]:
    fill = pushed_fill(row, market) if has_fill(row) else None
    return fill, order_report(row, market, Source.STREAM)
