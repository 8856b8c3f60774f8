"""What a session shows of its exposure: the kernel's figures, by symbol, sector and cluster."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from tests.fakes.memory_journal import Memory, MemoryJournal
from tests.fakes.papers import opened

from ballast.core.instrument import Kind
from ballast.core.settings import Settings
from ballast.service.cli.exposure import exposure_tables
from ballast.service.cli.paper_screen import drawn
from ballast.service.paper.exposure import ExposureView, exposure_line
from ballast.service.paper.facts import facts_of
from ballast.service.paper.report import page_of
from ballast.service.paper.running import Running
from ballast.service.paper.state import VALUE_AT_RISK, limits_of, state_of


@pytest.fixture(scope="module")
def held() -> Running:
    """A session of one symbol, of sector `majors`, at a close at which it holds something."""
    base = Settings()
    settings = replace(
        base,
        sizing=replace(base.sizing, sector="majors"),
        risk=replace(base.risk, sector_share=0.3, position_cap=0.25),
    )
    running = Running(opened(Kind.PERPETUAL, settings=settings), MemoryJournal(Memory(), "one"))
    while running.step():
        decider = running.node.decider
        assert decider is not None
        if decider.live.pos.lots[0] and decider.live.spec["last"][0] > 200:
            return running
    raise AssertionError("nothing was ever held")


def test_the_state_of_a_session_holds_exposure_and_value_at_risk(held: Running) -> None:
    """R-RISK-12, R-RISK-23."""
    said = state_of(held)["exposure"]
    json.dumps(said, allow_nan=False)
    decider = held.node.decider
    assert decider is not None
    p, equity = decider.live.pos[0], float(decider.live.account.equity[0])
    listing = held.opened.exchange.listings[held.opened.symbols[0]]
    notional = float(listing.qty(int(p.lots))) * float(p.mark) * int(p.side)
    assert said["net"] == pytest.approx(notional, abs=0.01)
    assert said["gross_share"] == pytest.approx(abs(notional) / equity, abs=1e-6)
    lost = float(listing.qty(int(p.lots))) * max(0.0, int(p.side) * float(p.entry - p.stop))
    assert said["at_stop_share"] == pytest.approx(lost / equity, abs=1e-6)
    (sector,), (cluster,) = said["sectors"], said["clusters"]
    assert (sector["name"], sector["of"]) == ("majors", 0.3)
    assert (cluster["name"], cluster["of"]) == (held.opened.symbols[0], 0.02)
    risk = said["value_at_risk"]
    assert risk["is_scaled"], "200 hours are fewer than twenty days"
    assert 0.0 < risk["var_95"] < risk["var_99"] <= risk["cvar_99"]


def test_a_screen_the_tables_and_the_page_show_it(held: Running) -> None:
    said = state_of(held)["exposure"]
    line = exposure_line(said)
    assert "gross" in line
    assert "VaR" in line
    titles = [one.title for one in exposure_tables(said)]
    assert titles == ["exposure", "by symbol", "by sector", "by cluster", "value at risk"]
    quote = held.paper.quote
    scale = 10 ** held.opened.client.digits()[quote]
    facts = facts_of(held.shell.live.journal.records(), held.opened.exchange.listings, scale)
    page = page_of(held, facts, quote)
    assert "Exposure now" in page
    assert "sector majors" in page
    assert "VaR 95 %" in page


def test_value_at_risk_stands_among_the_limits_where_it_has_one(held: Running) -> None:
    """R-RISK-12: what the gate would find for what is held and queued now, by numpy."""
    assert VALUE_AT_RISK not in {one["limit"] for one in limits_of(held.node)}, "it is off"
    base, past = Settings(), 100
    risk = replace(base.risk, value_at_risk=0.5, value_at_risk_bars=past)
    running = Running(
        opened(Kind.PERPETUAL, settings=replace(base, risk=risk)), MemoryJournal(Memory(), "one")
    )
    seen = set()
    while running.step():
        decider = running.node.decider
        assert decider is not None
        live = decider.live
        (limit,) = [one for one in limits_of(running.node) if one["limit"] == VALUE_AT_RISK]
        assert limit["of"] == 0.5
        assert limit["left"] == pytest.approx(0.5 - limit["used"])
        p, bars = live.pos[0], int(live.spec["last"][0] - live.spec["first"][0])
        lots = int(p.side) * int(p.lots) + int(p.in_side) * int(p.in_lots)
        listing = running.opened.exchange.listings[running.opened.symbols[0]]
        notional = lots * float(listing.qty(1)) * float(p.mark)
        lost, is_known = abs(notional), bars > past // 2
        if is_known:
            close = live.window(0)[4][-(past + 1) :]
            gains = notional * (close[1:] / close[:-1] - 1.0)
            lost = max(-float(np.quantile(gains, 0.01)) * math.sqrt(24), 0.0)
        assert limit["used"] == pytest.approx(lost / float(live.account.equity[0]), rel=1e-9)
        seen.add((lots != 0, is_known))
        if len(seen) == 4 or bars > 300:
            break
    assert {(True, True), (False, True)} <= seen
    assert "value at risk" in text_of(running)


def text_of(running: Running) -> str:
    console = Console(file=io.StringIO(), width=100)
    console.print(drawn(state_of(running)))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_it_is_made_once_for_each_state(held: Running) -> None:
    view = ExposureView(held.opened.legs)
    one = view.of(held.node)
    assert view.of(held.node) is one
    held.step()
    assert view.of(held.node) is not one


def test_a_session_that_holds_nothing_says_so_in_few_words() -> None:
    running = Running(opened(), MemoryJournal(Memory(), "one"))
    said = state_of(running)["exposure"]
    assert said["gross"] == 0.0
    assert said["value_at_risk"] is None
    assert exposure_line(said) == ""
    assert exposure_tables(said) == []
    assert exposure_tables({}) == []
