"""Paper sessions: what the journal holds is all there is; a kill changes nothing (C8, G2)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.fakes.certificates import certificate
from tests.fakes.journals import Home
from tests.fakes.memory_journal import Memory, MemoryJournal
from tests.fakes.papers import Sessions, opened

from ballast.core.bars import COLUMNS, Bars
from ballast.core.certificate import Verdict
from ballast.core.errors import DataError, UserError
from ballast.core.instrument import Kind
from ballast.core.settings import Settings
from ballast.research.run import backtest
from ballast.research.series import Series
from ballast.runtime.node import journalled
from ballast.runtime.node.journalled import replayed
from ballast.runtime.node.state import packed
from ballast.service.diagnose import views
from ballast.service.diagnose.views import JournalView
from ballast.service.paper.facts import facts_of
from ballast.service.paper.opening import Wish, open_paper
from ballast.service.paper.report import page_of
from ballast.service.paper.running import Running
from ballast.service.paper.state import state_of
from ballast.store.inbox import Inbox
from ballast.store.journal.archive import archive
from ballast.store.journal.whole import archives_of
from ballast.strategies.catalog import load

if TYPE_CHECKING:
    from pathlib import Path

KINDS = (Kind.SPOT, Kind.PERPETUAL)


@pytest.fixture(scope="module", params=KINDS)
def whole(request: pytest.FixtureRequest) -> Sessions:
    """A session that nothing disturbed."""
    sessions = Sessions(request.param)
    sessions.finish()
    assert len(sessions.fills()) > 6
    return sessions


def test_a_session_trades_what_a_backtest_of_its_bars_trades(whole: Sessions) -> None:
    """The same entries at the same closes: candles as they are, depth and gaps made up."""
    made = whole.running.opened
    leg = made.legs[0]
    result = backtest(made.strategies[0], [leg.series], settings=leg.settings)
    entries = [one for one in result.run.fills if one.reason == 0]
    first = [int(one.at_ms) for one in entries if one.at_ms >= made.first_ms]
    ours = [at_ns // 1_000_000 for at_ns, _, side, *_ in whole.fills() if side == 1]
    assert len(set(first) & set(ours)) >= 0.8 * len(first)


@pytest.mark.parametrize("steps", [37, 120])
def test_a_session_stopped_between_steps_goes_on_as_if_it_had_not_been(
    whole: Sessions, steps: int
) -> None:
    again = Sessions(whole.kind)
    left = steps
    while again.running.step():
        left -= 1
        if left == 0:
            again.start()
            left = steps
    assert again.starts > 1
    assert again.fills() == whole.fills()


@pytest.mark.parametrize("request_number", [1, 2, 3, 5, 8, 13])
def test_a_kill_between_journal_and_sending_loses_nothing_and_doubles_nothing(
    whole: Sessions, request_number: int
) -> None:
    """A1, A2, G2: the order is in the journal; the next start finds it, or what became of it."""
    again = Sessions(whole.kind)
    again.dies_at(request_number)
    again.start()
    again.finish()
    assert again.starts == 2
    assert again.fills() == whole.fills()


def test_a_session_with_faults_ends_flat_or_covered_and_replays() -> None:
    sessions = Sessions(Kind.PERPETUAL, rate=0.2)
    sessions.finish()
    state = state_of(sessions.running)
    assert sum(state["faults"].values()) > 3
    assert all(one["agree"] for one in state["positions"])
    node = replayed(MemoryJournal(sessions.memory, "later").load().tail).node
    assert node is not None
    assert node.book.holdings() == sessions.running.node.book.holdings()


def test_the_venue_is_the_same_venue_after_a_start(whole: Sessions) -> None:
    again = Sessions(whole.kind)
    for _ in range(150):
        again.running.step()
    before = again.running.opened.exchange.balances(1), again.fills()
    again.start()
    assert (again.running.opened.exchange.balances(1), again.fills()) == before


@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_gap_over_a_restart_is_a_gap(*, is_restarted: bool) -> None:
    """E4: what is contiguous is asked of what the node knows, not of what this process saw."""

    def start(memory: Memory, run: str) -> Running:
        made = opened()
        leg = made.legs[0]
        bars = leg.series.bars
        keep = np.arange(len(bars)) != 200
        columns = {name: getattr(bars, name)[keep] for name in COLUMNS[1:]}
        holed = Bars.of(
            bars.venue, bars.symbol, bars.timeframe, bars.ts[keep], columns, bars.flags[keep]
        )
        wish = Wish({}, from_ms=int(bars.ts[190]))
        series = [Series(holed, leg.series.rules)]
        again = open_paper(made.strategies[0], series, Settings(), "main", wish)
        return Running(again, MemoryJournal(memory, run))

    memory = Memory()
    running = start(memory, "one")
    symbol = running.opened.symbols[0]
    for _ in range(10):
        running.step()
    link = running.node.desk(symbol).link
    assert link is not None
    assert link.is_contiguous
    if is_restarted:
        running = start(memory, "two")
    running.step()
    link = running.node.desk(symbol).link
    assert link is not None
    assert link.is_contiguous is False


def test_another_session_on_the_same_journal_is_refused_in_one_line() -> None:
    memory = Memory()
    Running(opened(), MemoryJournal(memory, "one"))
    with pytest.raises(UserError, match=r"of another paper session.*seed 5"):
        Running(opened(rate=0.1), MemoryJournal(memory, "two"))


def test_a_person_commands_through_the_inbox(tmp_path: Path) -> None:
    """F7, R-RISK-07: in order, journalled with name and reason; what may not be is said."""
    memory, inbox = Memory(), Inbox(tmp_path / "inbox")
    running = Running(opened(), MemoryJournal(memory, "one"), inbox)
    names = [
        inbox.put("kill", "ann", "looks wrong", 1),
        inbox.put("resume", "bob", "let it run", 2),
        inbox.put("dance", "bob", "why not", 3),
    ]
    assert running.step()
    assert [inbox.outcome(one) for one in names] == [
        "done: alert",
        "refused: the kill switch is latched: looks wrong (ann)",
        "no command 'dance'",
    ]
    assert list(inbox.waiting()) == []
    for name, reason in (("release", "was a test"), ("resume", "go on")):
        inbox.put(name, "ann", reason, 4 if name == "release" else 5)
    running.step()
    assert str(running.node.halt.mode) == "running"
    again = Running(opened(), MemoryJournal(memory, "two"), inbox)
    assert again.node.halt == running.node.halt


def test_a_killed_session_enters_nothing_more(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox")
    running = Running(opened(), MemoryJournal(Memory(), "one"), inbox)
    inbox.put("flatten", "ann", "enough", 1)
    while running.step():
        pass
    assert str(running.node.halt.mode) == "paused"
    assert not running.node.book.holdings()
    assert running.heard.accepted == 0
    assert running.heard.refused > 0


def test_the_report_says_what_the_journal_says(whole: Sessions) -> None:
    running = whole.running
    scale = 10 ** running.opened.client.digits()["USDT"]
    facts = facts_of(
        running.shell.live.journal.load().tail, running.opened.exchange.listings, scale
    )
    assert len(facts.fills) == len(whole.fills())
    assert facts.accepted == running.heard.accepted
    assert facts.equity[-1][1] == pytest.approx(state_of(running)["equity"], rel=0.01)
    page = page_of(running, facts, "USDT")
    assert page.count('<td class="text">entry</td>') == facts.sent["entry"]
    assert "http" not in page.split("plotly.js")[0].split("</style>")[1].split("<script")[0]


def test_a_strategy_without_a_stop_must_be_wanted() -> None:
    made = opened()
    series = [made.legs[0].series]
    with pytest.raises(UserError, match=r"has no stop.*--allow-bare"):
        open_paper(load("buy_and_hold"), series, Settings(), "main", Wish({}))
    bare = open_paper(load("buy_and_hold"), series, Settings(), "main", Wish({}, allow_bare=True))
    assert bare.rules.may_be_bare


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ""),
        ({"verdict": Verdict.FAIL}, "certificate: failed"),
        ({"strategy_hash": "0" * 32}, "certificate: of strategy 0000"),
        ({"symbols": ("ELSE",)}, "certificate: BTCUSDT, limit ELSE"),
        ({"expires_ms": 1}, "certificate: expired, limit in force"),
        ({"capital_max": 1.0}, "limit 1"),
    ],
)
def test_a_certificate_is_asked_at_every_entry(change: dict[str, Any], said: str) -> None:
    """R-GATE-23, R-GATE-24: for this strategy, in force, for the symbol and the size."""
    made = opened()
    bounds = {"symbols": made.symbols, "expires_ms": 10**13, "capital_max": 1e9}
    parts = {"verdict": Verdict.PASS, "strategy_hash": made.strategies[0].hash}
    held = certificate(**{name: change.get(name, one) for name, one in parts.items()})
    limits = {name: change.get(name, one) for name, one in bounds.items()}
    whole = replace(held, params={}, limits=replace(held.limits, **limits))
    asked = Wish({"fast": 9.0}, certificates=(whole,))
    again = open_paper(made.strategies[0], [made.legs[0].series], Settings(), "main", asked)
    running = Running(again, MemoryJournal(Memory(), "one"))
    while running.step():
        pass
    reasons = [reason for _, one in running.heard.judged for reason in one.reasons]
    if said:
        assert any(said in reason for reason in reasons)
        assert running.heard.accepted == 0
    else:
        assert running.heard.accepted > 0


def test_trading_begins_after_the_warm_up() -> None:
    made = opened()
    early = int(made.bars[0].ts[10])
    with pytest.raises(UserError, match="before the warm-up is over"):
        open_paper(
            made.strategies[0], [made.legs[0].series], Settings(), "x", Wish({}, from_ms=early)
        )


def test_a_session_whose_journal_is_archived_goes_on_as_if_it_had_not_been(
    whole: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-LOG-09, C8: exchange, node and report are made of every record, wherever it lies."""
    monkeypatch.setattr(journalled, "SNAPSHOT_RECORDS", 200)
    home = Home(tmp_path)
    archived = 0
    for bars in (150, 100, 400):
        with home.open() as journal:
            running = Running(opened(whole.kind), journal)
            for _ in range(bars):
                if not running.step():
                    break
            facts = facts_of(journal.records(), running.opened.exchange.listings, 1e8)
            made = archive(journal, archives_of(home.head_file), before_ns=2**62, at_ns=2**62)
            archived += made is not None
    assert archived > 1
    assert len(facts.starts) == 3
    assert len(facts.fills) == len(whole.fills())
    fills = running.opened.client.trades(running.opened.symbols[0])
    assert [(one.at_ns, one.price_ticks, one.qty_lots) for one in fills] == [
        (at_ns, ticks, lots) for at_ns, ticks, _, lots, _ in whole.fills()
    ]
    _read_without_its_snapshot(home, running, monkeypatch)
    for file in archives_of(home.head_file).iterdir():
        file.unlink()
    with home.open() as journal, pytest.raises(DataError, match="their file is not here"):
        Running(opened(whole.kind), journal)


def _read_without_its_snapshot(
    home: Home, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-STATE-08: `status` and `diagnose` read it after an upgrade, before a session ran again."""

    def refuses(*_: object) -> None:
        raise DataError("a snapshot of another version's rows")

    with home.open() as journal, monkeypatch.context() as patch:
        assert journal.load().snapshot is not None
        patch.setattr(views, "unpacked", refuses)
        node = JournalView(journal.reader, (), archives_of(home.head_file)).look()
        assert node is not None
        assert packed(node) == packed(running.node)
