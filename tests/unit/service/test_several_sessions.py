"""Several strategies of one session: what was proved of each, what is against it (R-PORT-01)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.certificates import certificate
from tests.fakes.memory_journal import Memory, MemoryJournal
from tests.fakes.papers import market
from tests.fakes.recorded_venue import RecordedVenue

from ballast.core.certificate import Verdict
from ballast.core.errors import UserError
from ballast.core.settings import Settings
from ballast.research.assignment import Assignment
from ballast.research.series import Series
from ballast.runtime.node.desk import NodeRules
from ballast.runtime.node.journalled import replayed
from ballast.runtime.startup import Mark
from ballast.service.live.opening import LiveWish, open_live
from ballast.service.live.proof import Stake, proof
from ballast.service.paper.opening import Wish, open_paper
from ballast.service.paper.running import Running
from ballast.service.paper.state import state_of
from ballast.service.sessions import certified, permissions_of
from ballast.strategies.catalog import load
from ballast.venues.clients.venues import VENUES
from ballast.venues.simulated.desk import PaperDesk

if TYPE_CHECKING:
    from ballast.core.certificate import Certificate
    from ballast.service.paper.opening import Opened
    from ballast.venues.simulated.engine.exchange import Exchange

FIRST, SECOND = load("ema_cross"), load("donchian_breakout")
NOW_MS = 1_700_000_000_000
SYMBOLS = {FIRST.name: ("BTCUSDT",), SECOND.name: ("ETHUSDT", "SOLUSDT")}
ASKED = (
    Assignment(FIRST, SYMBOLS[FIRST.name]),
    Assignment(SECOND, SYMBOLS[SECOND.name]),
)
STAKE = Stake("BINANCE", "1h", 1_000.0, NOW_MS, paper_days=0)


def proved(strategy: Any, **limits: Any) -> Certificate:
    """Return the certificate of a strategy with its own numbers."""
    held = certificate(verdict=Verdict.PASS, strategy=strategy.name, strategy_hash=strategy.hash)
    bounds = {
        "venue": "BINANCE", "timeframe": "1h", "symbols": SYMBOLS[strategy.name],
        "capital_max": 1_000.0, "expires_ms": NOW_MS + 1,
    } | limits  # fmt: skip
    params = dict(strategy.values({}))
    return replace(held, params=params, limits=replace(held.limits, **bounds))


BOTH = (proved(FIRST), proved(SECOND))


def test_each_has_the_certificate_of_its_own() -> None:
    found = certified(ASKED, BOTH[::-1])
    assert [held for _, held in found] == list(BOTH)
    assert [dict(one.params) for one, _ in found] == [held.params for held in BOTH]
    permissions = permissions_of(found)
    assert [one.symbols for one in permissions] == list(SYMBOLS.values())
    assert [one.strategy_hash for one in permissions] == [FIRST.hash, SECOND.hash]


def test_of_two_certificates_of_one_strategy_the_one_that_covers_counts() -> None:
    narrow = proved(SECOND, symbols=("ETHUSDT",))
    assert certified(ASKED, (narrow, *BOTH))[1][1] == BOTH[1]
    assert certified(ASKED, (BOTH[0], narrow))[1][1] == narrow, "it says why not"


def test_a_strategy_that_comes_twice_is_held_against_the_certificate_of_its_numbers() -> None:
    other = dict(SECOND.values({"entry": 30.0}))
    wide = ("ETHUSDT", "SOLUSDT")
    asked = (Assignment(SECOND, ("ETHUSDT",)), Assignment(SECOND, ("SOLUSDT",), {"entry": 30.0}))
    held = (
        proved(SECOND, symbols=wide, capital_max=1.0),
        replace(proved(SECOND, symbols=wide, capital_max=2.0), params=other),
    )
    permissions = permissions_of(certified(asked, held))
    rules = NodeRules("main", SECOND.hash, permissions)
    found = [rules.permission(SECOND.hash, symbol) for symbol in wide]
    assert [one.notional_max for one in found if one is not None] == [1.0, 2.0]


def test_a_strategy_without_one_is_named() -> None:
    with pytest.raises(UserError, match="no certificate of donchian_breakout among those given"):
        certified(ASKED, BOTH[:1])
    assert [held for _, held in certified(ASKED, ())] == [None, None]


# what is changed in the second strategy's certificate, and what is said
AGAINST: dict[str, tuple[dict[str, Any], str]] = {
    "symbols": ({"symbols": ("ETHUSDT",)}, "donchian_breakout: SOLUSDT was not certified"),
    "capital": ({"capital_max": 999.0}, "donchian_breakout: capital 1000 is above"),
    "expired": ({"expires_ms": NOW_MS}, "donchian_breakout: the certificate expired"),
    "venue": ({"venue": "OKX"}, "donchian_breakout: of OKX 1h"),
}


@pytest.mark.parametrize("case", AGAINST)
def test_one_that_is_not_covered_forbids_all(case: str) -> None:
    limits, said = AGAINST[case]
    held = certified(ASKED, (BOTH[0], proved(SECOND, **limits)))
    bad = [one.text for one in proof(held, STAKE, ()) if one.mark is Mark.BAD]
    assert bad
    assert all(text.startswith(said) for text in bad)


def test_all_of_them_covered_is_good() -> None:
    found = proof(certified(ASKED, BOTH), STAKE, ())
    assert [one.mark for one in found] == [Mark.GOOD, Mark.GOOD]
    (none, *_) = proof(certified(ASKED, ()), STAKE, ())
    assert (none.mark, none.text) == (Mark.BAD, "none")


def series_of_both() -> list[Series]:
    bars, rules = market()
    other = replace(bars, symbol="ETHUSDT")
    return [
        Series(bars, replace(rules, symbol=bars.symbol)),
        Series(other, replace(rules, symbol="ETHUSDT", base="ETH")),
    ]


def opened(**more: Any) -> Opened:
    others = (Assignment(SECOND, ("ETHUSDT",), {"entry": 30.0}),)
    wish = Wish({}, others=others, **more)
    return open_paper(FIRST, series_of_both(), Settings(), "main", wish)


def test_a_paper_session_of_two_trades_both_and_replays() -> None:
    memory = Memory()
    made = opened(allow_bare=False)
    running = Running(made, MemoryJournal(memory, "run-1"))
    while running.step():
        pass
    state = state_of(running)
    assert state["strategy"] == "ema_cross + donchian_breakout"
    owner = {one["symbol"]: one["strategy"] for one in state["positions"]}
    assert owner == {made.symbols[0]: "ema_cross", "ETHUSDT": "donchian_breakout"}
    assert all(made.client.trades(symbol) for symbol in made.symbols)
    node = replayed(MemoryJournal(memory, "later").load().tail).node
    assert node is not None
    assert node.rules == made.rules
    assert node.rules.owner_hash("ETHUSDT") == SECOND.hash
    assert node.rules.owner_hash(made.symbols[0]) == FIRST.hash


@dataclass
class RecordedLine:
    """As much of a line as a session is put together from."""

    desk: PaperDesk
    exchange: Exchange
    venue: Any = VENUES["BYBITLINEAR"]
    name: str = "BYBITLINEAR"
    clock: Any = None

    def now_ns(self) -> int:
        return self.exchange.now_ns

    def sure_ns(self) -> int:
        return self.exchange.now_ns


def test_a_live_session_of_two_is_put_together() -> None:
    made = opened(from_ms=int(series_of_both()[0].bars.ts[300]))
    exchange = made.exchange
    desk = PaperDesk(
        RecordedVenue(made.bars, exchange, lambda: exchange.now_ns), made.client,
        lambda: exchange.now_ns, lambda _: None,
    )  # fmt: skip
    own, other = made.symbols
    held = (proved(FIRST, symbols=(own,)), proved(SECOND, symbols=(other,)))
    wish = LiveWish({}, held, others=(Assignment(SECOND, (other,)),))
    line: Any = RecordedLine(desk, exchange)
    live = asyncio.run(
        open_live(line, FIRST, made.symbols, made.bars[0].timeframe, Settings(), "main", wish)
    )
    assert live.strategies == (FIRST, SECOND)
    assert live.rules.owner_hash(own) == FIRST.hash
    assert live.rules.owner_hash(other) == SECOND.hash
    assert [one.symbols for one in live.rules.permissions] == [(own,), (other,)]
    session = live.rules.session
    assert session is not None
    assert [dict(one.params) for one in session.traders] == [one.params for one in held]


def test_a_certificate_counts_for_its_own_strategy_only() -> None:
    """The second one's is for another symbol: its entries are refused, the first one trades on."""
    made = opened()
    bounds = {"capital_max": 1e9, "expires_ms": 10**13}
    params = dict(SECOND.values({"entry": 30.0}))
    held = (
        proved(FIRST, symbols=(made.symbols[0],), **bounds),
        replace(proved(SECOND, symbols=("ELSE",), **bounds), params=params),
    )
    running = Running(opened(certificates=held), MemoryJournal(Memory(), "one"))
    while running.step():
        pass
    assert running.heard.accepted > 0
    refused = {
        reason.split(",")[0]
        for _, one in running.heard.judged
        for reason in one.reasons
        if reason.startswith("certificate") and one.symbol == "ETHUSDT"
    }
    assert refused == {"certificate: ETHUSDT"}
    assert not running.opened.client.trades("ETHUSDT")
    assert running.opened.client.trades(made.symbols[0])
