"""A session's universe: its rules, whom it must keep, and what changes while it runs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from tests.fakes.live_sessions import LiveSession

from ballast.core.errors import UserError
from ballast.core.instrument import Kind
from ballast.core.orders import Fill, PositionSide, Side
from ballast.risk.halt.breaker import Gate
from ballast.runtime.node.events import Adopted, Alert
from ballast.runtime.shell.venue_facts import Timing
from ballast.service.live.universe import UniverseWatch, kept_of, wanted_of
from ballast.venues.clients.calls import CallError, Verdict
from ballast.venues.clients.universe import Candidate, LeftOut, Rules, Universe

REFUSED = [
    ("top=5 volume_min=1", "is no rule"),
    ("top", "is no rule"),
    ("top=", "is no rule"),
    ("top=5 top=6", "is no rule"),
    ("volume-min=5e6", "top="),
    ("top=0", "top=1 to"),
    ("top=51", "top=1 to"),
    ("top=1.5", "top=1 to"),
    ("top=5 spread-max=-1", "a number from 0 on"),
    ("top=5 age-min=old", "a number from 0 on"),
]


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_rules_that_cannot_be_are_refused(text: str, why: str) -> None:
    with pytest.raises(UserError, match=why):
        wanted_of(text)


def test_rules_are_those_of_the_verb() -> None:
    wanted = wanted_of("quote=usdc top=5 volume-min=5e6 spread-max=3 age-min=90 only=btc,sol*")
    assert wanted.quote == "USDC"
    assert wanted.rules == Rules(
        top=5, volume_min=Decimal("5e6"), spread_max_bps=Decimal(3), age_min_days=90.0,
        only=("BTC", "SOL*"),
    )  # fmt: skip
    assert wanted_of("top=1").quote == "USDT"


def session() -> LiveSession:
    made = LiveSession(Kind.PERPETUAL)

    async def begin() -> None:
        made.shell.started(made.effects)
        await made.live.begin()

    asyncio.run(begin())
    return made


def test_a_start_keeps_the_symbols_of_what_is_open_and_of_a_paper_account() -> None:
    made = session()
    node, symbol = made.shell.node, made.opened.symbols[0]
    assert kept_of(None) == ()
    assert kept_of(node) == ()
    assert kept_of(node, is_bound=True) == (symbol,)
    market = made.desk.markets[symbol]
    held = adopted(symbol, made.now_ns(), int(Decimal(7_000) / market.tick))
    node.handle(held)
    assert kept_of(node) == (symbol,)


def adopted(symbol: str, at_ns: int, price_ticks: int) -> Adopted:
    fill = Fill(
        -1, 0, "", 0, symbol, Side.BUY, PositionSide.BOTH, price_ticks, 10, False, "USDT", 0, 0,
        at_ns,
    )  # fmt: skip
    return Adopted(symbol, (fill,), (), (), price_ticks // 2, "ann", "a test", at_ns)


class Looked:
    """A session with a watch, and what it told."""

    def __init__(self) -> None:
        self.session = session()
        self.symbol = self.session.opened.symbols[0]
        self.watch = UniverseWatch(wanted_of("top=2"))
        self.told: list[Alert] = []
        self.session.shell.hear = self.told.append  # type: ignore[method-assign, assignment]

    def take(self, *passed: str) -> list[str]:
        """Let these pass now; return what was told of it."""
        live, market = self.session.live, self.session.desk.markets[self.symbol]
        chosen = [Candidate(replace(market, symbol=one), None) for one in passed]
        left = [] if self.symbol in passed else [LeftOut(self.symbol, "rank", "behind the first 2")]
        before = len(self.told)
        self.watch.take(live, Universe(tuple(chosen), tuple(left)))
        return [one.text for one in self.told[before:]]

    @property
    def may_enter(self) -> bool:
        seen = self.session.live.facts
        return seen.link(self.symbol, Gate.CLOSED, Timing()).is_trading is not False


def test_a_symbol_that_left_opens_nothing_until_it_is_back() -> None:
    looked = Looked()
    assert looked.take(looked.symbol) == []
    assert looked.may_enter
    (text,) = looked.take("NEWUSDT", "OTHERUSDT")[:1]
    assert text == "fails the universe's rules: behind the first 2; nothing is opened"
    assert not looked.may_enter
    assert looked.take("NEWUSDT", "OTHERUSDT") == [], "told once"
    looked.session.live.facts.refresh(looked.session.desk.markets, looked.session.now_ns())
    assert not looked.may_enter, "what the rules of the venue say does not bring it back"
    assert looked.take(looked.symbol) == ["passes the universe's rules again"]
    assert looked.may_enter


def test_new_symbols_are_told_once_and_wait_for_the_next_start() -> None:
    looked = Looked()
    (text,) = looked.take(looked.symbol, "NEWUSDT")
    assert text == "new in the universe: NEWUSDT; taken at the next start that is flat"
    assert looked.take(looked.symbol, "NEWUSDT") == []
    assert looked.session.live.symbols == (looked.symbol,)


def test_a_venue_that_does_not_answer_changes_nothing() -> None:
    looked = Looked()

    async def refused(*_: Any) -> Any:
        raise CallError(Verdict.UNREACHED, "the line is cut")

    looked.session.desk.tickers = refused  # type: ignore[method-assign]
    asyncio.run(looked.watch.look(looked.session.live))
    assert looked.may_enter
    assert not looked.watch.out
