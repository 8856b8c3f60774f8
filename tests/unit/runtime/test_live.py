"""The live loop: the same decisions and fills as paper in one process, through the port of venues.

Mode is wiring (ARCHITECTURE, idea 2): a paper account behind `VenueDesk`, asked and told in virtual
time, must trade what the paper loop trades on the same candles (R-OMS-20).
"""

from __future__ import annotations

import pytest
from tests.fakes.live_sessions import LiveSession
from tests.fakes.papers import Sessions

from ballast.core.instrument import Kind
from ballast.risk.halt.breaker import Gate
from ballast.venues.clients.calls import CallError, Verdict

CLOSES = 160


@pytest.mark.parametrize("kind", list(Kind))
def test_the_live_loop_trades_what_paper_trades(kind: Kind) -> None:
    """R-DATA-22: one decision, whether its bars are history or live."""
    session = LiveSession(kind)
    session.trade(CLOSES)
    paper = Sessions(kind)
    for _ in range(CLOSES):
        paper.running.step()
    told = [
        (one.price_ticks, int(one.side), one.qty_lots, one.fee_atoms) for one in session.fills()
    ]
    assert told == [tuple(one[1:]) for one in paper.fills()]
    assert told


def test_a_candle_the_stream_does_not_tell_is_asked_for_and_decided_on() -> None:
    """R-DATA live rows: a missing candle is repaired from the venue, not from imagination."""
    told = LiveSession(Kind.PERPETUAL)
    told.trade(CLOSES)
    silent = LiveSession(Kind.PERPETUAL)
    bars = silent.opened.bars[0]
    silent.venue.drops = {int(one) for one in bars.ts[::2]}
    silent.trade(CLOSES)
    assert silent.bars.asked > CLOSES // 3
    assert silent.bars.missing == told.bars.missing > 0  # bars that do not exist stay gaps
    assert [one.price_ticks for one in silent.fills()] == [one.price_ticks for one in told.fills()]


def test_while_the_venue_does_not_answer_nothing_is_entered_and_the_loop_goes_on() -> None:
    """R-NET-12, R-ARCH-22, E: no position known, no depth, an open breaker: no entry passes."""
    session = LiveSession(Kind.PERPETUAL)
    begin = session.live.begin

    async def begins() -> None:
        await begin()
        session.venue.silent = True
        for name in ("positions", "open_orders", "equity", "trades"):
            setattr(session.desk, name, refused)

    session.live.begin = begins  # type: ignore[method-assign]
    session.trade(CLOSES)
    assert session.fills() == []
    assert session.live.figures.closes == CLOSES
    assert session.live.breaker.gate(session.now_ns()) is not Gate.CLOSED


async def refused(*_: object) -> object:
    raise CallError(Verdict.UNREACHED, "the line is cut")
