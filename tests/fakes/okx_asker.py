"""An asker of the simulated OKX in memory: the calls of a desk, without sockets and without ccxt.

Each call is kept as it was asked; an answer may be lost, or be another one, by its path.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ballast.venues.clients.calls import CallError, Verdict
from ballast.venues.clients.okx.codes import read_fault
from ballast.venues.simulated.fronts.keys import hmac_base64
from ballast.venues.simulated.wire.messages import Answer
from tests.fakes.okx_desk import OkxDesk

if TYPE_CHECKING:
    from ballast.venues.clients.calls import Call

PATHS = {
    "publicGetPublicInstruments": "public/instruments",
    "publicGetPublicTime": "public/time",
    "publicGetSystemStatus": "system/status",
    "publicGetMarketBooks": "market/books",
    "publicGetMarketCandles": "market/candles",
    "publicGetMarketHistoryCandles": "market/history-candles",
    "publicGetMarketTickers": "market/tickers",
    "privateGetAccountConfig": "account/config",
    "privateGetAccountBalance": "account/balance",
    "privateGetAccountPositions": "account/positions",
    "privateGetAccountTradeFee": "account/trade-fee",
    "privateGetAccountLeverageInfo": "account/leverage-info",
    "privateGetAccountBills": "account/bills",
    "privateGetAccountBillsArchive": "account/bills-archive",
    "privatePostAccountSetLeverage": "account/set-leverage",
    "privatePostAccountSetPositionMode": "account/set-position-mode",
    "privateGetTradeOrder": "trade/order",
    "privateGetTradeOrderAlgo": "trade/order-algo",
    "privateGetTradeOrdersPending": "trade/orders-pending",
    "privateGetTradeOrdersAlgoPending": "trade/orders-algo-pending",
    "privateGetTradeFills": "trade/fills",
    "privateGetTradeFillsHistory": "trade/fills-history",
    "privatePostTradeOrder": "trade/order",
    "privatePostTradeOrderAlgo": "trade/order-algo",
    "privatePostTradeCancelOrder": "trade/cancel-order",
    "privatePostTradeCancelAlgos": "trade/cancel-algos",
    "privatePostTradeAmendOrder": "trade/amend-order",
    "privatePostTradeAmendAlgos": "trade/amend-algos",
}
MS_NS = 1_000_000


class OkxAsker:
    """Implements `Asker` over a venue in memory."""

    def __init__(self, venue: OkxDesk | None = None) -> None:
        """Ask a new venue, or this one."""
        self.venue = venue or OkxDesk()
        self.calls: list[Call] = []
        self.loses: set[str] = set()
        """Paths whose next answer is lost, after it was carried out."""
        self.says: dict[str, Any] = {}
        """Answers that come instead, without asking the venue."""

    async def ask(self, call: Call) -> Any:
        """Send a call."""
        self.calls.append(call)
        path = PATHS[call.method]
        if path in self.says:
            answer, status = self.says[path], 200
        else:
            answer, status = self._sent(call, path)
        if path in self.loses:
            self.loses.remove(path)
            raise CallError(Verdict.UNCLEAR, "no answer")
        fault = read_fault(status, answer, json.dumps(answer))
        if fault is not None:
            raise fault
        return answer

    def _sent(self, call: Call, path: str) -> tuple[Any, int]:
        venue = self.venue
        if "Get" in call.method[:10]:
            asked = venue.signed("GET", path, urlencode(call.body))
        else:
            asked = venue.signed("POST", path, body=json.dumps(call.body).encode())
        outcome = venue.gateway.request(asked, venue.now_ns)
        assert isinstance(outcome, Answer), outcome
        return outcome.response.json(), outcome.response.status

    def asked(self, path: str) -> list[Call]:
        """Return the calls of a path."""
        return [one for one in self.calls if PATHS[one.method] == path]

    def now_ns(self) -> int:
        """Return the time of the venue."""
        return self.venue.now_ns

    def now_ms(self) -> int:
        """Return the time of the venue."""
        return self.venue.now_ns // MS_NS

    def sign(self, text: str, *, digest: str = "hex") -> str:
        """Return the signature of a login."""
        assert digest == "base64"
        return hmac_base64(self.venue.key.secret, text.encode())

    def token(self) -> str:
        """Return nothing: OKX has no tokens."""
        return ""

    @property
    def key(self) -> str:
        """Return the key."""
        return self.venue.key.key

    @property
    def passphrase(self) -> str:
        """Return the passphrase."""
        return self.venue.key.passphrase
