"""The private stream: what happens to orders, fills, the wallet and positions.

It begins with a login, whose answer is awaited before anything is subscribed. Topics are of the
whole account: what belongs to the other market, or to a symbol that is not ours, is left out. A
position's stops (trading-stop) come as orders without our id: they are somebody else's.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from ballast.core.orders import MarginMode
from ballast.core.reports import Source
from ballast.venues.clients.bybit import account, rows
from ballast.venues.clients.bybit.spoken import HOST, PING, Spoken
from ballast.venues.clients.calls import Verdict
from ballast.venues.clients.desk import Heard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.venues.clients.bybit.words import Category
    from ballast.venues.clients.calls import Asker
    from ballast.venues.clients.desk import News
    from ballast.venues.clients.market import Market

PATH = "/v5/private"
TOPICS = ("order", "execution", "wallet", "position")
LOGIN_MS = 10_000
"""How long the words of a login hold: they travel for a second at the most."""
LOGIN, SUBSCRIPTION = "auth", "subscribe"


class PrivateStream(Spoken):
    """One private connection."""

    name = "private"

    def __init__(
        self,
        category: Category,
        markets: Sequence[Market],
        asker: Asker,
        margin_mode: MarginMode = MarginMode.CROSS,
        host: str = HOST,
    ) -> None:
        """Tell news of these markets; the margin mode is the account's, and not streamed."""
        super().__init__(PATH, host)
        self._category = category
        self._markets = {one.name: one for one in markets}
        self._asker = asker
        self._margin_mode = margin_mode
        self._readers = {
            "order": self._order,
            "execution": self._execution,
            "wallet": self._coin,
            "position": self._position,
        }

    def greeting(self, now_ns: int) -> Sequence[str]:
        """Return the login; `now_ns` is the machine's, the venue's own time counts."""
        del now_ns
        until = self._asker.now_ms() + LOGIN_MS
        words = [self._asker.key, until, self._asker.sign(f"GET/realtime{until}")]
        return [_said({"req_id": LOGIN, "op": LOGIN, "args": words})]

    def hear(self, frame: bytes, now_ns: int) -> Heard:
        """Read one frame."""
        del now_ns
        said = DECODER.decode(frame)
        topic = said.get("topic")
        if topic is None:
            return self._answer(said)
        read = self._readers[topic]
        data = said["data"]
        found = data[0]["coin"] if topic == "wallet" else data
        return Heard(tuple(news for row in found if (news := read(row)) is not None))

    def _answer(self, said: dict[str, Any]) -> Heard:
        op = said["op"]
        if op in {PING, "pong"}:
            return Heard()
        if said.get("success") is not True:
            why = said.get("ret_msg") or said.get("retMsg") or "no reason given"
            return Heard(ends=f"{op} refused: {why}", verdict=_meaning(op, why))
        if op == LOGIN:
            asked = {"req_id": SUBSCRIPTION, "op": SUBSCRIPTION, "args": list(TOPICS)}
            return Heard(replies=(_said(asked),))
        return Heard(is_ready=op == SUBSCRIPTION)

    # Topics ---------------------------------------------------------------------------------

    def _mine(self, row: dict[str, Any]) -> Market | None:
        """Return the market of a row, None for one of the other category or of no interest."""
        return self._markets.get(row["symbol"]) if row["category"] == self._category.name else None

    def _order(self, row: dict[str, Any]) -> News | None:
        market = self._mine(row)
        if market is None:
            return None
        return rows.ours_or_none(partial(rows.order_of, row, market, Source.STREAM), row)

    def _execution(self, row: dict[str, Any]) -> News | None:
        market = self._mine(row)
        if market is None:
            return None
        fill = partial(rows.fill_of, row, market, self._category)
        return rows.ours_or_none(fill, row) or rows.paid_of(row, market)

    def _coin(self, row: dict[str, Any]) -> News | None:
        return account.balance_of(row)

    def _position(self, row: dict[str, Any]) -> News | None:
        market = self._mine(row)
        return account.position_of(row, market, self._margin_mode) if market else None


def _meaning(op: str, why: str) -> Verdict | None:
    """Return what a refusal means: a login has no code, and fails for the key or for our time."""
    if op != LOGIN or why == "Params Error":
        return None
    return Verdict.CLOCK if "expires" in why.lower() else Verdict.KEY


DECODER = msgspec.json.Decoder(dict[str, Any], float_hook=str)


def _said(words: dict[str, Any]) -> str:
    return msgspec.json.encode(words).decode()
