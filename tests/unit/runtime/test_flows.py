"""Deposits and withdrawals of a live session: asked for, told once (R-RISK-28, R-RECON-08)."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.live_sessions import LiveSession
from tests.fakes.memory_journal import MemoryJournal

from ballast.core.instrument import Kind
from ballast.risk.halt.modes import Mode
from ballast.runtime.node.events import Alert
from ballast.runtime.node.journalled import replayed
from ballast.runtime.shell.asking import Asking
from ballast.venues.clients.account import Flow
from ballast.venues.clients.calls import CallError, Verdict

if TYPE_CHECKING:
    from ballast.risk.halt.baselines import Baselines
    from ballast.runtime.node.events import Effect

SECOND_NS = 1_000_000_000


class Bank:
    """The desk of a session whose venue lists what flowed `late` questions after it happened."""

    def __init__(self, session: LiveSession, late: int = 0) -> None:
        self._session, self._late = session, late
        self.listed: list[tuple[int, Flow]] = []
        self.asked: list[int] = []
        self.fails = self.tells_none = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session.desk, name)

    def move(self, amount: str, asset: str = "USDT", worth: str = "") -> None:
        """Move money at the venue, a second later."""
        session = self._session
        session.clock.now_s += 1.0
        exchange, account = session.opened.exchange, session.opened.client.account
        exchange.transfer(account, "USDT", exchange.atoms("USDT", Decimal(worth or amount)))
        flow = Flow(
            asset, Decimal(amount), Decimal(worth or amount), session.now_ns(),
            f"flow-{len(self.listed)}",
        )  # fmt: skip
        self.listed.append((len(self.asked) + self._late, flow))

    async def flows(self, quote: str, since_ms: int) -> list[Flow] | None:
        assert quote == "USDT"
        self.asked.append(since_ms)
        if self.fails:
            raise CallError(Verdict.REFUSED, "no right to ask")
        if self.tells_none:
            return None
        return [
            one
            for from_question, one in self.listed
            if len(self.asked) > from_question and one.at_ns >= since_ms * 1_000_000
        ]


class Table:
    """A session that asks such a venue, in virtual time."""

    def __init__(self, late: int = 0) -> None:
        self.session = LiveSession(Kind.PERPETUAL)
        self.bank = Bank(self.session, late)
        self.asking = self._asking()
        self.heard: list[Effect] = []
        self.session.shell.hear = self.heard.append
        self.session.shell.started(self.session.effects)

    def _asking(self) -> Asking:
        session = self.session
        return Asking(
            self.bank, session.shell, session.opened.symbols, wait=session.clock.sleep  # type: ignore[arg-type]
        )  # fmt: skip

    @property
    def levels(self) -> Baselines:
        return self.session.shell.node.levels

    def look(self, seconds: float = 60.0) -> None:
        """Let time pass, and ask for everything."""
        self.session.clock.now_s += seconds
        asyncio.run(self.session.clock.drive(self.asking.reconcile()))

    def begin_again(self) -> None:
        """Ask as a process does that just began with this node."""
        self.asking = self._asking()

    @property
    def peak(self) -> float:
        return self.levels.peak / self.levels.equity

    def alerts(self) -> list[str]:
        records = self.session.memory.records
        bodies = [one.body for one in records if one.kind == "node.effect"]
        return [one for one in bodies if "neither profit nor loss" in one]


def test_a_deposit_is_told_once_and_is_no_gain() -> None:
    table = Table()
    for _ in range(2):
        table.look()
    before = table.levels
    decider = table.session.shell.node.decider
    assert decider is not None
    cash = float(decider.live.account["cash"][0])
    table.bank.move("5000")
    for _ in range(5):
        table.look()
    assert table.levels.equity == before.equity + 5_000 * 10**8
    assert table.levels.peak == table.levels.equity
    assert table.levels.day_open == table.levels.equity
    assert float(decider.live.account["cash"][0]) == cash + 5_000.0
    assert len(table.alerts()) == 1
    assert "deposit of 5000 USDT" in table.alerts()[0]


@pytest.mark.parametrize("late", [0, 1, 2])
def test_half_of_the_account_withdrawn_latches_nothing_however_late_it_is_listed(late: int) -> None:
    """R-RISK-28: a fall that would end trading is looked at again before anybody is told of it."""
    table = Table(late)
    table.look()
    table.bank.move("-5000")
    table.look()
    table.look()
    node = table.session.shell.node
    assert node.halt.mode is not Mode.ALERT
    assert node.levels.drawdown == 0.0
    assert "withdrawal of 5000 USDT" in table.alerts()[0]


def test_a_loss_of_as_much_latches_as_soon_as_it_was_looked_at_again() -> None:
    """R-RISK-03: it waits for six seconds, not longer."""
    table = Table()
    table.look()
    before_s = table.session.clock.now_s
    exchange, account = table.session.opened.exchange, table.session.opened.client.account
    exchange.transfer(account, "USDT", exchange.atoms("USDT", Decimal(-5_000)))
    table.look()
    assert table.session.shell.node.halt.mode is Mode.ALERT
    assert table.session.clock.now_s - before_s == pytest.approx(60.0 + 6.0)
    before_s = table.session.clock.now_s
    table.look()
    assert table.session.clock.now_s - before_s == pytest.approx(60.0), "it is told already"


def test_what_came_while_no_process_ran_is_told_at_the_next_start() -> None:
    table = Table()
    table.look()
    table.session.clock.now_s += 86_400.0
    table.bank.move("3000")
    table.session.clock.now_s += 86_400.0
    table.begin_again()
    table.look()
    assert table.levels.drawdown == 0.0
    assert table.levels.peak == table.levels.equity
    assert len(table.alerts()) == 1


def test_what_came_before_the_first_mark_is_in_it() -> None:
    table = Table()
    table.bank.move("3000")
    table.look()
    table.look()
    table.look()
    assert table.alerts() == []
    assert table.levels.peak == table.levels.equity


def test_another_asset_counts_at_its_worth_and_buys_nothing() -> None:
    table = Table()
    table.look()
    decider = table.session.shell.node.decider
    assert decider is not None
    cash = float(decider.live.account["cash"][0])
    table.bank.move("0.05", asset="BTC", worth="2000")
    table.look()
    assert table.levels.peak == table.levels.equity == 12_000 * 10**8
    assert float(decider.live.account["cash"][0]) == cash


def test_an_asset_that_is_worth_nothing_here_is_not_told() -> None:
    table = Table()
    table.look()
    table.bank.move("0.05", asset="BTC", worth="0")
    table.look()
    assert table.alerts() == []


@pytest.mark.parametrize("how", ["fails", "tells_none"])
def test_a_venue_that_does_not_tell_changes_nothing(how: str) -> None:
    table = Table()
    table.look()
    setattr(table.bank, how, True)
    table.bank.move("1000")
    for _ in range(2):
        table.look()
    assert table.alerts() == []
    assert table.levels.equity == 11_000 * 10**8
    alerts = [one.text for one in table.heard if isinstance(one, Alert)]
    (told,) = [one for one in alerts if "are not seen" in one]
    assert told.endswith({"fails": "no right to ask", "tells_none": "the venue lists none"}[how])
    setattr(table.bank, how, False)
    table.look()
    assert len(table.alerts()) == 1, "it is asked again, as far back"


def test_a_replay_ends_with_the_same_levels_and_books_nothing_twice() -> None:
    """C8: the journal alone gives the levels, and the names of what is booked."""
    table = Table(late=1)
    table.look()
    table.bank.move("2000")
    table.look()
    table.look()
    node = replayed(list(MemoryJournal(table.session.memory, "later").load().tail)).node
    assert node is not None
    assert node.levels == table.levels
    assert node.past == table.session.shell.node.past
    assert node.past.names == ("flow-0",)


class Slow(Bank):
    """Reads what the account is worth, and says it after another task has told of a withdrawal."""

    between: Any = None

    async def equity(self, quote: str) -> Decimal:
        read: Decimal = await self._session.desk.equity(quote)
        if self.between is not None:
            between, self.between = self.between, None
            await between()
        return read


@pytest.mark.parametrize("amount", ["-3000", "4000"])
def test_a_mark_that_was_read_before_a_flow_another_task_told_is_asked_for_again(
    amount: str,
) -> None:
    """R-RISK-28: told after it, the old worth would be a gain, and the next one a loss that kills.

    The question of an equity is under way while the other task asks for flows.
    """
    table = Table()
    table.bank = Slow(table.session)
    table.begin_again()
    for _ in range(2):
        table.look()
    before = table.levels

    async def flows_are_told() -> None:
        table.bank.move(amount)
        await table.asking.look_for_flows()

    table.bank.between = flows_are_told
    table.look()
    table.look()
    node = table.session.shell.node
    assert node.halt.mode is not Mode.ALERT
    assert len(table.alerts()) == 1
    moved = int(amount) * 10**8
    assert table.levels.equity == before.equity + moved
    assert table.levels.peak == table.levels.equity
    marks = [one for one in node.past.steps if not one.is_flow]
    assert {one.amount for one in marks} == {before.equity, before.equity + moved}
    flow = next(place for place, one in enumerate(node.past.steps) if one.is_flow)
    assert all(one.amount != before.equity for one in node.past.steps[flow + 1 :])
