"""What is asked of the house itself: who may send, what is run, what is only looked at."""

from __future__ import annotations

import ast
import asyncio
import hashlib
import re
from typing import TYPE_CHECKING, Any

import grimp
import pytest

from ballast.core.journal import Entry
from ballast.core.records import Size
from ballast.core.settings import Settings
from ballast.research.assembly import assemble
from ballast.research.run import legs_of
from ballast.research.series import Series
from ballast.service.cli.diagnose import _pace
from ballast.service.diagnose.memory import Memory
from ballast.service.diagnose.session import Diagnosis
from ballast.service.diagnose.views import JournalView
from ballast.store.journal import JournalReader
from ballast.store.journal.sqlite import SqliteDatabase
from ballast.strategies.catalog import load
from tests.data import ROOT, parsed
from tests.fakes.clock import OrderedClock
from tests.fakes.journals import Home
from tests.fakes.papers import market
from tests.fakes.shell import ballast

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SRC = ROOT / "src" / "ballast"
THINKING = ("features", "strategies", "risk", "kernel", "oms", "runtime.node")
"""Where a brain or a strategy lives: they propose, and hand what they propose to the node."""


def trees() -> Iterator[tuple[str, ast.Module]]:
    """Yield every module of the program."""
    for path in sorted(SRC.rglob("*.py")):
        yield path.relative_to(SRC).as_posix(), parsed(path)


def test_a_gate_21_nothing_that_proposes_can_reach_what_sends() -> None:
    """No import path from a thinking room to a venue or shell; one place builds a real client.

    From the doors (CLI) every path to it goes through the composition root, whose session puts the
    node with its gate before the client.
    """
    graph = grimp.build_graph("ballast")
    for room in THINKING:
        for hands in ("venues", "store", "service", "runtime.shell", "runtime.wiring"):
            assert not graph.direct_import_exists(
                importer=f"ballast.{room}", imported=f"ballast.{hands}", as_packages=True
            )
            assert not graph.find_shortest_chains(f"ballast.{room}", f"ballast.{hands}")
    client = "ballast.venues.clients.trading"
    assert graph.find_modules_that_directly_import(client) == {"ballast.runtime.wiring"}
    graph.remove_module("ballast.runtime.wiring")
    assert not graph.find_shortest_chains("ballast.service", client)


def test_a_gate_21_only_the_shell_hands_orders_to_a_client() -> None:
    """Who else says `submit` hands work to a thread; what venues do among themselves is theirs."""
    found = {
        name
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "submit"
        and not name.startswith("venues/")
    }
    threads = {
        "research/pool.py", "research/sweep.py", "service/testing/venue.py",
        "store/journal/group.py",
    }  # fmt: skip
    assert found - threads == {"runtime/shell/shell.py"}


def test_a_exch_09_recovery_runs_no_system_command() -> None:
    """A process is started for ourselves alone, or for alerts, as a person named it (R-NET-11).

    Nothing that talks to a venue, keeps a session or comes back after a fault can start one.
    """
    found = set()
    for name, tree in trees():
        for node in ast.walk(tree):
            text = ast.unparse(node) if isinstance(node, ast.Call) else ""
            if re.match(
                r"(subprocess\.(?!DEVNULL)|os\.(system|popen|exec|spawn|fork)|asyncio\.create_subprocess)",
                text,
            ):
                found.add(name)
    assert found == {
        "service/first_start.py",  # our own module, to compile
        "service/live/first_compile.py",  # the same
        "service/cli/demo_paper.py",  # our own command line
        "service/diagnose/scenario.py",  # our own venue and session
        "service/supervise/supervisor.py",  # the session it supervises
        "service/cli/supervise.py",  # the command a person named for alerts
    }
    words = re.compile(r"\b(ipconfig|netsh|flushdns|systemd-resolve|dhclient|nmcli)\b")
    for path in SRC.rglob("*.py"):
        assert not words.search(path.read_text(encoding="utf-8")), path


def test_a_size_01_the_default_risks_one_percent_and_five_is_refused(tmp_path: Path) -> None:
    """R-SIZE-02, R-SIZE-05: 2 % is the most that a configuration may ask for."""
    sizing = Settings().sizing
    assert (sizing.mode, sizing.risk_per_trade) == ("risk", 0.01)
    plan = assemble(legs_of(load("ema_cross"), [Series(*market())])).plan[0]
    assert (plan["size_mode"], plan["size_value"]) == (int(Size.RISK), 0.01)
    for part, is_taken in ((0.02, True), (0.0201, False), (0.05, False)):
        done = ballast(
            tmp_path, "config", "check", "--set", f"sizing.risk_per_trade={part}", "--json"
        )
        assert (done.code == 0) is is_taken, done
        if not is_taken:
            assert "sizing.risk_per_trade" in done.err
            assert "hard bound" in done.err


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("risk.daily_loss=0.5", "hard bound"),
        ("risk.entries_hour=0", "hard bound"),
        ("risk.daily_los=0.05", "did you mean"),
        ("sizing.mode=all_in", "i_accept_ruin"),
        ("gate.signal_age_ms=60000", "hard bound"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("verb", [("paper", "ema_cross"), ("live", "ema_cross")])
def test_a_ops_08_dangerous_or_unknown_settings_start_nothing(
    setting: str, said: str, verb: tuple[str, ...], tmp_path: Path
) -> None:
    line = ballast(tmp_path, *verb, "-s", "BTCUSDT", "--set", setting).mistake()
    assert said in line
    assert setting.split("=", maxsplit=1)[0].split(".")[1] in line
    assert not (tmp_path / "journal").exists()


class LookedAt:
    """A desk that answers questions, counts them, and has no way to change anything."""

    def __init__(self, clock: OrderedClock) -> None:
        self.clock = clock
        self.asked: list[tuple[str, float]] = []

    async def open_orders(self, symbols: object) -> tuple[()]:
        del symbols
        self.asked.append(("orders", self.clock.now_s))
        return ()

    async def positions(self, symbols: object) -> list[Any]:
        del symbols
        self.asked.append(("positions", self.clock.now_s))
        return []


def test_a_diag_03_and_04_a_session_looks_every_30_and_60_seconds_and_changes_nothing(
    tmp_path: Path,
) -> None:
    """A-DIAG-03, A-DIAG-04, R-DIAG-04, R-DIAG-05, R-DIAG-12: journal and venue are only read."""
    home = Home(tmp_path)
    with home.open():
        pass
    files = {one: hashlib.sha256(one.read_bytes()).digest() for one in tmp_path.rglob("*.sqlite")}
    assert files
    clock = OrderedClock()
    desk = LookedAt(clock)
    database = SqliteDatabase(next(iter(files)), read_only=True)
    session = Diagnosis(
        desk,  # type: ignore[arg-type]
        JournalView(JournalReader(database)),
        lambda: Memory({}, round(clock.now_s * 1e9)),
        ("BTCUSDT",),
        clock,
        lambda: round(clock.now_s * 1e9),
        pace=_pace(Settings(), ""),
    )
    asyncio.run(clock.drive(session.run()))
    database.close()
    found = session.findings
    assert found.is_whole
    assert (found.snapshots, found.looks) == (31, 16), "the first of both at once"
    looked = [at_s for what, at_s in desk.asked if what == "orders"]
    assert [round(at_s - looked[0]) for at_s in looked] == [60 * k for k in range(16)]
    assert {what for what, _ in desk.asked} == {"orders", "positions"}
    assert {one: hashlib.sha256(one.read_bytes()).digest() for one in files} == files


def test_several_diagnoses_look_at_once(tmp_path: Path) -> None:
    """R-DIAG-12: each of them whole, beside the others and beside whoever writes the journal."""
    home = Home(tmp_path)
    clock = OrderedClock()
    with home.open() as journal:
        databases = [SqliteDatabase(home.path, read_only=True) for _ in range(3)]
        sessions = [
            Diagnosis(
                LookedAt(clock),  # type: ignore[arg-type]
                JournalView(JournalReader(one)),
                lambda: Memory({}, round(clock.now_s * 1e9)),
                ("BTCUSDT",),
                clock,
                lambda: round(clock.now_s * 1e9),
                pace=_pace(Settings(), "5m"),
            )
            for one in databases
        ]

        async def all_of_them() -> None:
            await asyncio.gather(*(one.run() for one in sessions))

        asyncio.run(clock.drive(all_of_them()))
        journal.append([Entry("test.more", "{}", 1)])
        for one in databases:
            one.close()
    assert [one.findings.is_whole for one in sessions] == [True] * 3
    assert [one.findings.snapshots for one in sessions] == [11] * 3
