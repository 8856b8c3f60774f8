"""What a live start asks for, and what it refuses (R-WF-09, R-GATE-24)."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.journals import Home
from tests.fakes.shell import ballast

from ballast.core.errors import UserError
from ballast.core.journal import Record, check_run
from ballast.core.time import DAY_MS
from ballast.runtime.node.desk import NodeRules
from ballast.runtime.node.events import BarsClosed, ClosedBar, Elapsed
from ballast.runtime.node.journalled import CODEC
from ballast.runtime.node.session import Session, Trader
from ballast.service.kinds import SessionKind, kind_of, kinds_in, require_kind, run_named
from ballast.service.live.period import Sought, paper_days
from ballast.store.journal import JournalReader

if TYPE_CHECKING:
    from pathlib import Path

MS_NS = 1_000_000


def journal(
    days: list[int],
    *,
    strategy: str = "a",
    venue: str = "BINANCE",
    timeframe: str = "1h",
    params: dict[str, float] | None = None,
    run: str = "paper-live-1",
) -> list[Record]:
    """Return the records of a node that decided on a bar of each of these days."""
    given = {"fast": 9.0} if params is None else params
    traders = tuple(Trader("", name, given) for name in strategy.split("+"))
    session = Session(traders, venue, timeframe, seats=(), limits={})
    values: list[object] = [
        NodeRules("paper", strategy, session=session),
        Elapsed(1),
    ]
    for day in days:
        bar = ClosedBar("BTCUSDT", (day * DAY_MS), (1.0, 1.0, 1.0, 1.0, 1.0))
        close_ns = (day * DAY_MS + 1) * MS_NS
        values.append(BarsClosed((bar,), close_ns, close_ns))
    entries = [CODEC.entry(one, 1) for one in values]
    return [
        Record(seq, run, 1, one.at_ns, one.kind, one.version, one.body, "00" * 32)
        for seq, one in enumerate(entries, start=1)
    ]


SOUGHT = Sought((("a", {"fast": 9.0}),), "BINANCE", "1h", after_ms=10 * DAY_MS + 1)


def test_days_after_the_certificate_count_once_over_all_journals() -> None:
    journals = [journal([9, 10, 11, 11, 12]), journal([12, 13], run="live-7")]
    assert paper_days(journals, SOUGHT) == 3


@pytest.mark.parametrize(
    "other",
    [
        {"strategy": "b"},
        {"strategy": "a+b"},
        {"venue": "OKX"},
        {"timeframe": "4h"},
        {"params": {"fast": 10.0}},
        {"run": "rehearsal-1"},
        {"run": "paper-rehearsal-1"},
        {"run": "testnet-1"},
        {"run": "anything"},
    ],
    ids=str,
)
def test_days_of_something_else_or_of_a_made_up_market_count_nothing(other: dict[str, Any]) -> None:
    assert paper_days([journal([11, 12, 13])], SOUGHT) == 3
    assert paper_days([journal([11, 12, 13], **other)], SOUGHT) == 0


def test_days_the_certificate_has_seen_count_nothing() -> None:
    assert paper_days([journal([8, 9, 10])], SOUGHT) == 0


@pytest.mark.parametrize("before", list(SessionKind))
def test_an_account_stays_what_it_began_as(before: SessionKind, tmp_path: Path) -> None:
    """What was on paper is at no venue: no real session goes on from its journal."""
    home = Home(tmp_path)
    for purpose in (before, "archive"):
        with home.open(purpose=purpose):
            pass
    with closing(home.database()) as database:
        reader = JournalReader(database)
        assert kinds_in(reader) == {before}
        require_kind(reader, before)
        for other in set(SessionKind) - {before}:
            with pytest.raises(UserError, match=f"is of {before} sessions, not of {other}"):
                require_kind(reader, other)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("live", "ema_cross", "-s", "BTCUSDT"), "is no venue that can be traded"),
        (("live", "ema_cross", "--venue", "BINANCE"), "no symbol is named"),
        (("live", "ema_cross", "-s", "BTCUSDT", "--venue", "BINANSE"), "did you mean 'BINANCE'"),
        (
            ("live", "ema_cross", "-s", "BTCUSDT", "--venue", "BINANCE", "--rehearse", "443"),
            "--rehearse and --ca belong together",
        ),
        (("live", "ema_cross", "-s", "BTCUSDT", "--venue", "BINANCE"), "certificate: none"),
        (("live", "ema_cross", "--universe", "top=3", "--venue", "BINANCE"), "certificate: none"),
        (
            ("live", "ema_cross", "-s", "X", "--universe", "top=3", "--venue", "BINANCE"),
            "--universe and --symbol",
        ),
        (("live", "ema_cross", "--universe", "volume=3", "--venue", "BINANCE"), "is no rule"),
        (
            ("live", "ema_cross", "-s", "BTCUSDT", "--venue", "BINANCE", "--certificate", "no"),
            "no",
        ),
        (
            (
                "preflight", "ema_cross", "-s", "BTCUSDT", "--venue", "BINANCE",
                "--rehearse", "443", "--ca", "no.pem",
            ),
            "there are no keys of this account",
        ),
    ],
)  # fmt: skip
def test_what_cannot_start_is_told_in_one_line(
    arguments: tuple[str, ...], said: str, tmp_path: object
) -> None:
    done = ballast(tmp_path, *arguments)  # type: ignore[arg-type]
    assert done.code == 2
    assert said in done.err
    assert len(done.err.strip().splitlines()) == 1


@pytest.mark.parametrize("kind", list(SessionKind))
def test_the_name_of_a_run_says_what_it_was_and_when(kind: SessionKind) -> None:
    """R-OMS-21: `RUN-YYYYMMDD-HHMMSS-HEX`; names of before are still understood."""
    name = run_named(kind, 1_795_856_441_000_000_001)
    assert name == f"{kind}-RUN-20261128-090041-00000001"
    assert check_run(name) == name
    assert kind_of(name) is kind
    assert kind_of(f"{kind}-1795859716071697572") is kind
    assert kind_of(run_named("archive", 1)) is None
