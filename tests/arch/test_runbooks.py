"""Runbooks: every alert that the program can raise has its entry, and every entry its alert."""

from __future__ import annotations

import ast
import re

import pytest
from tests.data import ROOT, parsed

from ballast.oms.lifecycle import Remark
from ballast.oms.protection.cover import Alarm
from ballast.risk.halt.health import Vital
from ballast.service.runbooks import RUNBOOKS, runbook_of

SRC = ROOT / "src" / "ballast"
PAGE = (ROOT / "docs" / "runbooks.md").read_text(encoding="utf-8")
PARTS = ("Means", "The node did", "Look", "Do", "Go on")
WORDS = {"following.py": "say", "supervisor.py": "_alert"}
"""What raises an alert beside the effect: in which file, by which call of one argument."""

# Every alert in the source, as it is written there, and texts that come of it. An alert that is
# added or reworded must be written here, and what comes of it must have its entry.
ALERTS: dict[str, tuple[str, ...]] = {
    "a check fails of itself: {}": ("a check fails of itself: spread: not a number",),
    "{}: booked, and entries pause": (
        "15 lots of BTCUSDT were closed by no order of ours: booked, and entries pause",
    ),
    "{} of comparing": (
        "the stop bls23k2jq is gone, and nobody here cancelled it",
        "3 lots bought by ble23k2jq, heard of 90 s later",
        "a fill of no order of ours: 4711",
        "a fill of bls23k2jq, which is over and forgotten, is not booked: 4711",
    ),
    "{} of live": (
        "the venue's clock is 40.0 s ahead of this machine's, limit 1 s: nothing is opened",
        "the clocks agree again, to 0.1 s",
        "the venue closes soon (upgrade): nothing is opened",
        "the venue is closed (maintenance): nothing is opened",
        "the venue is open again",
    ),
    "{} of accounting": ("drawdown: 12.0% below the peak; the kill switch latches at 15.0%",),
    "{} {}: cancelled": ("blx23k2jq did not end within 5 s: cancelled",),
    "{}: it is still looked for": (
        "nobody has known of bls23k2jq for 90 s: it is still looked for",
    ),
    "passes the universe's rules again": ("passes the universe's rules again",),
    "{} of universe": (
        "fails the universe's rules: behind the first 5; nothing is opened",
        "new in the universe: SOLUSDT; taken at the next start that is flat",
    ),
    "kill switch: {} ({})": ("kill switch: 15.2% below the peak (drawdown_kill)",),
    "take {} refused: {}": ("take 2 refused: min_notional",),
    "{}: {}": (
        *(f"bls23k2jq: {one}" for one in Remark if one not in {Remark.STALE, Remark.FORGOTTEN}),
    ),
    "{} is ours and in no record": ("bls23k2jq is ours and in no record",),
    "{} lots at the venue, {} by fills": ("-3 lots at the venue, 10 by fills",),
    "{} of execution": tuple(Alarm),
    "{} of settling": ("slippage of stop bls23k2jq: 0.80%, limit 0.50%",),
    "{} of running": (
        "keys of binance/main: abcd... (64) from now on, by the file",
        "keys of binance/main are kept as they are: the file is gone",
        "the norm of depths begins anew: main.depths.json: torn, or no file of depths",
        "the norm of depths is not kept: the disk is full",
    ),
    "paused: {} (no_stop)": ("paused: the venue refuses stops of BTCUSDT (no_stop)",),
    "{} lots are left that cannot be sold alone": ("3 lots are left that cannot be sold alone",),
    "{}{}": (
        "loop lag 5.2 s, limit 5 s; no entries",
        "memory 480 MB, limit 400 MB",
        "free disk not known, limit 200 MB; no entries",
        "free disk 150 MB, limit 200 MB; no entries",
        "silence of the venue 301 s, limit 300 s",
    ),
    "{} is within its limits again": tuple(f"{one} is within its limits again" for one in Vital),
    "closing: {}": ("closing: signal",),
    "released: the drawdown is measured from {} on, the peak was {} ({}: {})": (
        "released: the drawdown is measured from 900 USDT on, the peak was 1000 USDT (ann: seen)",
    ),
    "deposits and withdrawals are not seen: {}": (
        "deposits and withdrawals are not seen: the venue lists none",
    ),
    "{} of {}: neither profit nor loss": (
        "deposit of 500 USDT: neither profit nor loss",
        "withdrawal of 12.5 USDT: neither profit nor loss",
    ),
    "{} lots of {} closed the unknown": ("3 lots of bls23k2jq closed the unknown",),
    "adopted: {} lots became {} ({}: {})": ("adopted: 0 lots became 40 (ann: by hand)",),
    "the key is refused at the {} socket: {}": ("the key is refused at the private socket: no",),
    "{} of announcing": (
        "announced: US CPI (calendar), until 2026-12-10 14:30: nothing is opened in BTCUSDT",
        "stop at most 1.5 ATR from the price: US CPI (calendar)",
        "stop stays where it is, no ATR of its entry is known: US CPI",
    ),
    "announcement over: {} ({})": ("announcement over: US CPI (calendar)",),
    "event source: {}; no entries": (
        "event source: news.jsonl: cannot be read: No such file or directory; no entries",
    ),
    "the event source is heard again": ("the event source is heard again",),
    "no announcement: {}": (
        "no announcement: news.jsonl line 3: name is missing",
        "no announcement: 4 more of news.jsonl",
    ),
    "its end of trading is announced: nothing is opened": (
        "its end of trading is announced: nothing is opened",
    ),
    "{} was acknowledged {} ms after its decision, limit {} ms": (
        "ble23k2jq was acknowledged 812 ms after its decision, limit 500 ms",
    ),
    "{} failures: no entries for {} s": ("3 failures: no entries for 300 s",),
    "given up: it {} ({}); what is held keeps its stops at the venue, and nobody manages it": (
        "given up: it crashed (exit 1); what is held keeps its stops at the venue, and ...",
    ),
    "it {}; starting again in {} s": ("it crashed (exit 1); starting again in 2 s",),
    "keys of {}: {} from now on, by the {}": (),
    "keys of {} are kept as they are: {}": (),
}


def template(node: ast.expr) -> str:
    """Return a text as it is written, with {} for what is filled in."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=values):
            return "".join(template(one) for one in values)
        case _:
            return "{}"


def found() -> set[str]:
    texts = set()
    for path in SRC.rglob("*.py"):
        for node in ast.walk(parsed(path)):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            is_alert = name == "Alert" and len(node.args) == 2
            is_word = name == WORDS.get(path.name) and len(node.args) == 1
            if is_alert or is_word:
                text = template(node.args[-1])
                texts.add(f"{text} of {path.stem}" if text == "{}" else text)
    return texts


def test_every_alert_of_the_program_is_known_here() -> None:
    assert found() == set(ALERTS)


@pytest.mark.parametrize("text", [one for texts in ALERTS.values() for one in texts])
def test_every_alert_has_one_entry(text: str) -> None:
    fits = [anchor for anchor, pattern in RUNBOOKS if pattern.match(text)]
    assert fits == [runbook_of(text)]


def test_every_entry_has_an_alert_and_says_all_there_is_to_say() -> None:
    anchors = [anchor for anchor, _ in RUNBOOKS]
    texts = [one for texts in ALERTS.values() for one in texts]
    assert {runbook_of(one) for one in texts} == set(anchors)
    entries = re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]
    titles = [one.splitlines()[0] for one in entries]
    slugs = [one.lower().replace(" ", "-").replace(",", "") for one in titles]
    assert sorted(slugs) == sorted(anchors)
    for title, entry in zip(titles, entries, strict=True):
        parts = re.findall(r"^- \*\*(.+?)\.\*\*", entry, flags=re.MULTILINE)
        assert parts == list(PARTS), title


def test_a_text_that_is_no_alert_has_no_entry() -> None:
    assert runbook_of("the weather is fine") == ""
