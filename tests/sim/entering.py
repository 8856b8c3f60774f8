"""Rules of the account and of protection that an auditor holds the deciding node to, at each step.

B2: no entry while a position is bare. B3: no stop that the price has passed. B4: refused stops stop
the account. B7: moving a stop leaves no gap. F3: what is held and under way stays within limits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.ids import Purpose, purpose_of
from ballast.core.orders import OrderRequest
from tests.fakes.deciding import HOUR_NS, LOT, TICK
from tests.fakes.venue import SECOND

if TYPE_CHECKING:
    from tests.fakes.deciding import DecidingClient

TOLD_NS = 3 * SECOND
"""What the venue knows for longer and the node was told, it acts on."""
CALM_NS = 15 * SECOND
"""After the faults nothing late is under way any more."""
SLACK = 1.1
"""Prices move between sizing and fill."""


class Watch:
    """What is remembered of one symbol between two looks."""

    def __init__(self, now_ns: int) -> None:
        self.seen = self.best = self.side = 0
        self.known_ns = now_ns
        self.since_ns = dict.fromkeys(("flat", "wrong", "bare", "calm"), now_ns)
        self.ill: set[str] = set()
        self.before = (0, 0)
        """Lots held and lots of stops, at the last look."""

    def hold(self, name: str, now_ns: int, *, is_well: bool) -> None:
        """Remember since when something has not been well."""
        if is_well or name not in self.ill:
            self.since_ns[name] = now_ns
        (self.ill.discard if is_well else self.ill.add)(name)


class Rules:
    """Looks at what was sent, and at what the account came to by it."""

    def __init__(self, client: DecidingClient) -> None:
        self.client, self.line = client, client.line
        session = client.rules.session
        assert session is not None
        self.limits = {name: values[0] for name, values in session.limits.items()}
        self.cash = session.cash
        self.seen = 0

    def look(self, watches: dict[str, Watch], honest_ns: int) -> None:
        """Check what was sent since the last look; `watches` are as they were then."""
        heard = self.client.heard
        assert not heard.crossed, f"a stop behind the price: {heard.crossed} (B3)"
        assert not heard.unmoved, f"refused stops, and it went on: {heard.unmoved} (B4)"
        assert not heard.after_exit, f"a slice after an exit: {heard.after_exit} (B6)"
        assert not heard.unsent, f"the rest of an entry forgotten: {heard.unsent} (G10)"
        for symbol, lots in heard.wanted.items():
            assert lots >= 0, f"{symbol}: {-lots} lots more than were approved (F3)"
        new = heard.entries[self.seen :]
        self.seen = len(heard.entries)
        for symbol, _, at_ns in new:
            self.protected(symbol, at_ns, watches, honest_ns)
            self.paced(at_ns)
        if new:
            self.exposed()

    def protected(self, entered: str, at_ns: int, watches: dict[str, Watch], honest: int) -> None:
        """See to it that no position was known and bare when an entry was sent (B2)."""
        for symbol, watch in watches.items():
            since_ns = max(watch.since_ns["bare"], watch.known_ns, honest)
            is_bare = "bare" in watch.ill and at_ns - since_ns > TOLD_NS
            assert not is_bare, f"{entered} entered while {symbol} is bare (B2)"

    def paced(self, at_ns: int) -> None:
        """See to it that the entries of an hour and a day are within their limits (F3)."""
        for name, span_ns in (("entries_hour", HOUR_NS), ("entries_day", 24 * HOUR_NS)):
            times = [one for one in self.client.heard.begun_ns if 0 <= at_ns - one < span_ns]
            most = self.limits[name]
            assert not most or len(times) <= most, f"{len(times)} {name}, limit {most} (F3)"

    def exposed(self) -> None:
        """See to it that all that is held, or may yet be, is within the account (F3)."""
        line, exchange = self.line, self.line.exchange
        lots = {symbol: abs(line.lots[symbol]) for symbol in self.client.symbols}
        for order in exchange.open_orders(line.account):
            if purpose_of(order.request.client_id) is Purpose.ENTRY:
                lots[order.request.symbol] += order.left_lots
        for _, asked in line.later:
            if isinstance(asked, OrderRequest) and purpose_of(asked.client_id) is Purpose.ENTRY:
                lots[asked.symbol] += asked.qty_lots
        held = sum(1 for one in lots.values() if one)
        most = self.limits["positions"]
        assert not most or held <= most, f"{held} positions, limit {most} (F3)"
        worth = sum(
            float(one * LOT * exchange.last_ticks(symbol) * TICK) for symbol, one in lots.items()
        )
        allowed = self.cash * max(self.limits["leverage"], 1.0) * SLACK
        assert worth <= allowed, f"{worth:,.0f} of {allowed:,.0f} are exposed (F3)"

    def gap(self, watch: Watch, now: tuple[int, int], honest_ns: int) -> None:
        """See to it that moving a stop leaves no gap where two can rest (B7)."""
        before, watch.before = watch.before, now
        (lots, held), now_ns = now, self.line.now_ns
        is_calm = now_ns - honest_ns > CALM_NS and watch.known_ns < now_ns and lots == before[0]
        if is_calm and self.client.place.abilities.holds_two:
            lapsed = before[1] >= abs(lots) > held
            assert not lapsed, f"{before[1]} lots of stops, then {held}, for {lots} (B7)"
