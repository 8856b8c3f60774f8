"""`ballast status` and `ballast reconcile`: where an account stands, and what its looks found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.fakes.live_sessions import LiveSession
from tests.fakes.shell import ballast
from tests.unit.runtime import test_node as by_hand
from tests.unit.runtime.test_node import NOW, SECOND, SYMBOL

from ballast.core.instrument import Kind
from ballast.core.journal import Entry, Head, chained
from ballast.runtime.node.events import OrdersShown, PositionShown
from ballast.runtime.node.journalled import CODEC
from ballast.service.commands import take_commands
from ballast.service.looks import looks_of
from ballast.service.standing import DOCUMENTS
from ballast.store.inbox import Inbox

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.core.journal import Record


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose session bought, and holds what it bought."""
    folder = tmp_path_factory.mktemp("standing")
    ballast(folder, "init", "--json").json()
    ballast(folder, "data", "synth", "--bars", "500", "--seed", "5", "--timeframe", "1h")
    symbol = ballast(folder, "data", "list", "--json").json()["candles"][0]["symbol"]
    command = ("paper", "ema_cross", "-s", str(symbol), "--json")
    told = ballast(folder, *command, "--bars", "79").json()
    assert told["fills"] > 0
    return folder


def test_an_account_is_four_documents_that_a_person_can_read(space: Path, tmp_path: Path) -> None:
    """R-STATE-08, R-CLI-16: parameters, positions, trades and portfolio, out of the journal."""
    folder = tmp_path / "documents"
    told = ballast(space, "status", "--json", "--write", str(folder)).json()
    assert set(told) == set(DOCUMENTS)
    (position,) = told["positions"]
    (fill,) = told["history"]
    assert (position["side"], fill["side"], fill["purpose"]) == ("long", "buy", "entry")
    assert position["qty"] == pytest.approx(fill["qty"])
    assert position["mean_price"] == pytest.approx(fill["price"])
    assert told["portfolio"]["mode"] == "running"
    assert told["portfolio"]["peak"] >= told["portfolio"]["equity"] > 0
    assert told["parameters"][0]["strategy"] == "ema_cross"
    for name in DOCUMENTS:
        text = (folder / f"{name}.json").read_text()
        assert json.loads(text) == told[name]
        assert text.count("\n") > 3, "one line a value"
    shown = ballast(space, "status").out
    assert position["symbol"] in shown
    assert "running" in shown


def test_status_of_nothing_and_of_a_wrong_folder_is_one_line(tmp_path: Path) -> None:
    ballast(tmp_path, "init", "--json").json()
    told = ballast(tmp_path, "status", "--json").json()
    assert told == dict.fromkeys(DOCUMENTS)
    (tmp_path / "a_file").write_text("")
    assert "is a file" in ballast(tmp_path, "status", "--write", "a_file").mistake()
    assert "no such journal" in ballast(tmp_path, "status", "--file", "none.sqlite").mistake()


def test_reconcile_shows_the_looks_of_a_journal_and_leaves_a_wish(space: Path) -> None:
    """R-CLI-16: the session that runs takes it; a journal that is named is only read."""
    told = ballast(space, "reconcile", "--json", "--last", "3").json()
    assert told["outcome"] is None
    assert len(told["looks"]) == 3
    assert all(one["findings"] == [] for one in told["looks"])
    (symbol,) = {one for look in told["looks"] for one in look["positions"]}
    assert told["looks"][-1]["positions"][symbol] > 0
    inbox = Inbox(space / "journal" / "inbox" / "main")
    (left,) = inbox.waiting()
    asked: list[int] = []
    take_commands(inbox, lambda *_: "", lambda: asked.append(1))
    assert asked == [1]
    assert inbox.outcome(left.name) == "done: the venue is asked"
    file = str(space / "journal" / "main.sqlite")
    assert ballast(space, "reconcile", "--json", "--news", "--file", file).json()["looks"]
    assert not list(inbox.waiting())


def test_a_session_on_stored_candles_says_when_it_compares(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "inbox")
    name = inbox.put("reconcile", "ann", "asked for", 1)
    take_commands(inbox, lambda *_: "")
    assert str(inbox.outcome(name)).startswith("refused: stored candles")


def test_a_live_session_looks_at_once_when_it_is_asked() -> None:
    """R-RECON-03: at its start, at each reconnect, when it is asked, and by itself."""
    session = LiveSession(Kind.PERPETUAL)
    session.trade(2)
    before = session.live.figures.reconciliations
    assert before >= 1 + 2 * 3_600 / 1_200 / 2, "at the start, and every so often"
    assert not session.live._again
    session.live.renewed()
    assert session.live._again, "whatever asks for it, the next tick does"


def test_each_look_keeps_what_it_found_and_what_was_done() -> None:
    """R-RECON-10: a stop that is gone is found at a look, asked for, and placed anew."""
    node = by_hand.ready()
    by_hand.held(node)
    records: list[Record] = []

    def tell(event: object) -> None:
        for value in (event, *node.handle(event)):  # type: ignore[arg-type]
            entry = CODEC.entry(value, NOW)
            head = records[-1].head if records else Head()
            records.append(chained(head, Entry(entry.kind, entry.body, NOW, entry.version), "r", 1))

    for second in (20, 40, 60):
        at_ns = NOW + second * SECOND
        tell(PositionShown(SYMBOL, 4, at_ns, at_ns))
        tell(OrdersShown((), at_ns, at_ns))
    looks = looks_of(records, 10)
    assert len(looks) == 3
    assert all(one.positions == {SYMBOL: 4} and one.orders == 0 for one in looks)
    found = [line for one in looks for line in one.findings]
    done = [line for one in looks for line in one.repairs]
    assert any("4 lots at the venue, 10 by fills" in line for line in found)
    assert f"{SYMBOL} trades asked for" in done
    assert any(line.endswith(" asked for") and "trades" not in line for line in done), "the stop"
    assert looks_of(records, 1) == looks[-1:]
    assert looks_of([], 5) == []
