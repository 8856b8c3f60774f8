"""What a live start asks for, and what it refuses (R-WF-09, R-GATE-24)."""

from __future__ import annotations

import pytest
from tests.fakes.shell import ballast

from ballast.core.journal import Record
from ballast.core.time import DAY_MS
from ballast.runtime.node.desk import NodeRules
from ballast.runtime.node.events import BarsClosed, ClosedBar, Elapsed
from ballast.runtime.node.journalled import CODEC
from ballast.service.live.period import paper_days

MS_NS = 1_000_000


def journal(strategy: str, days: list[int]) -> list[Record]:
    """Return the records of a node that decided on a bar of each of these days."""
    values: list[object] = [NodeRules("paper", strategy, permission=None), Elapsed(1)]
    for day in days:
        bar = ClosedBar("BTCUSDT", (day * DAY_MS), (1.0, 1.0, 1.0, 1.0, 1.0))
        close_ns = (day * DAY_MS + 1) * MS_NS
        values.append(BarsClosed((bar,), close_ns, close_ns))
    entries = [CODEC.entry(one, 1) for one in values]
    return [
        Record(seq, "run", 1, one.at_ns, one.kind, one.version, one.body, "00" * 32)
        for seq, one in enumerate(entries, start=1)
    ]


def test_days_after_the_certificate_count_once_over_all_journals() -> None:
    journals = [journal("a", [9, 10, 11, 11, 12]), journal("a", [12, 13])]
    assert paper_days(journals, "a", after_ms=10 * DAY_MS + 1) == 3


def test_days_of_another_strategy_and_days_it_has_seen_count_nothing() -> None:
    assert paper_days([journal("b", [11, 12])], "a", after_ms=10 * DAY_MS) == 0
    assert paper_days([journal("a", [8, 9])], "a", after_ms=10 * DAY_MS) == 0


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
