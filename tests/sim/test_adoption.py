"""A journal is lost while positions are held: what the venue says makes them the node's again.

The node of `test_deciding.py` trades a drawn strategy; then its journal is gone, a new one begins,
and every position is adopted from the venue's trades. What the kernel and the book then hold must
be what they held before, and the rest of the run is audited as ever: covered, never loosened, sold
once, flat at the end, equal to its replay.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ballast.core.ids import Purpose, is_ours, purpose_of
from ballast.runtime.adopting import since_flat
from ballast.runtime.node import events as told
from ballast.runtime.shell.feeds import closed_bar
from tests.fakes.deciding import HOUR_NS, PLACES, WARM, DecidingClient
from tests.fakes.memory_journal import Memory
from tests.sim.auditing import Auditor

SAME = ("side", "lots", "lots_entered", "entry", "atr", "realised", "exit_lots", "take_done")
"""Of the kernel's row: what a position is, without rounding and without what it counts by."""
SEEDS = (2_001, 2_005, 2_007, 2_009)
"""Of which each kind of venue holds positions with parts sold when the journal goes."""
HOURS = 40


class Amnesiac(Auditor):
    """An auditor who does not ask what orders cost whose journal is lost."""

    def costs(self) -> None:
        pass


def lose_journal(client: DecidingClient, *, is_named: bool) -> int:
    """Begin anew with an empty journal and adopt what is held; return how many positions were."""
    node = client.live.node
    assert node.decider is not None
    cash = float(node.decider.live.account.cash[0])
    before = {one: node.decider.live.pos[s].copy() for one, s in node.decider.places.items()}
    client.memory = Memory()
    client.heard.wanted.clear()  # the rest of an entry went with the journal
    client.start()
    known = [closed_bar(one, row) for row in range(WARM + client.hour) for one in client.bars]
    client.tell(told.Learned(tuple(known), client.now_ns))
    client.tell(told.Valued(client.venue.equity_atoms("USDT"), client.now_ns))
    held = [one for one in client.symbols if client.line.lots[one]]
    for symbol in held:
        adopt(client, symbol, is_named=is_named)
    after = client.live.node
    assert after.decider is not None
    for symbol in held:
        s, old = after.decider.places[symbol], before[symbol]
        row = after.decider.live.pos[s]
        for name in SAME:
            assert list_of(row[name]) == pytest.approx(list_of(old[name])), (symbol, name)
        assert row.bar - row.entry_bar == old.bar - old.entry_bar, symbol
        gain = int(row.side) * (float(row.stop) - float(old.stop))
        assert gain >= -0.001 * float(old.stop), symbol  # what rests may lag a move too small
    missing = cash - float(after.decider.live.account.cash[0])  # of trades that are over
    client.tell(told.Flowed(round(missing * 10 ** client.venue.digits()["USDT"]), client.now_ns))
    return len(held)


def list_of(value: Any) -> list[float]:
    return [float(one) for one in np.atleast_1d(value)]


def is_at_rest(client: DecidingClient) -> bool:
    """Tell whether something is held, and nothing is on its way or unheard."""
    held = {one: client.book.holding(one).lots for one in client.symbols}
    agrees = all(client.line.lots[one] == lots for one, lots in held.items())
    early = any(client.live.node.desk(one).early for one in client.symbols)
    return any(held.values()) and agrees and not early and not list(client.book.doubtful())


def parts_sold(client: DecidingClient) -> int:
    """Return of how many positions a part was sold already."""
    decider = client.live.node.decider
    assert decider is not None
    return sum(bool(row.lots and row.exit_lots) for row in decider.live.pos)


def adopt(client: DecidingClient, symbol: str, *, is_named: bool) -> None:
    """Tell the node what the venue says of a symbol, as `ballast adopt --from-trades` does."""
    node, lots, now_ns = client.live.node, client.line.lots[symbol], client.now_ns
    session = node.rules.session
    assert session is not None
    coins = {seat.symbol: coin for seat, coin in zip(session.seats, session.coins(), strict=True)}
    fills = since_flat(client.venue.trades(symbol), lots, coins[symbol])
    assert fills is not None
    if not is_named:  # Binance spot names the orders of trades by its own ids only
        fills = [replace(one, client_id="") for one in fills]
    shown = [one for one in client.line.open_orders() or () if one.symbol == symbol]
    shown = [one for one in shown if is_ours(one.client_id)]
    kept = [one for one in shown if purpose_of(one.client_id) in {Purpose.STOP, Purpose.TAKE}]
    stops = [one.trigger_ticks for one in kept if one.trigger_ticks]
    way = 1 if lots > 0 else -1
    client.tell(told.Priced(symbol, client.line.exchange.last_ticks(symbol), now_ns))
    client.tell(
        told.Adopted(
            symbol, tuple(fills), tuple(kept),
            tuple(one.client_id for one in shown if one not in kept),
            max(stops, key=lambda one: way * one, default=0), "ann", "the journal is lost", now_ns,
        )
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("is_named", [True, False])
@pytest.mark.parametrize("name", list(PLACES))
def test_a_lost_journal_is_made_good_from_the_venues_trades(name: str, *, is_named: bool) -> None:
    """R-RECON-05, R-STOP-29: entry, parts sold, takes done, stop; then it trades on."""
    adopted = sold = 0
    for seed in SEEDS:
        client = DecidingClient(name, seed, 0.0, Counter())
        auditor = Amnesiac(client)
        end_ns = client.now_ns + HOURS * HOUR_NS
        is_lost = False
        while client.now_ns < end_ns:
            client.step(end_ns)
            auditor.look(is_honest=True)
            if not is_lost and client.hour >= HOURS // 2 and is_at_rest(client):
                is_lost = True
                sold += parts_sold(client)
                adopted += lose_journal(client, is_named=is_named)
        auditor.finish()
    assert adopted >= len(SEEDS) - 1
    assert sold > 0 or PLACES[name].abilities.pairs, "but for pairs, which sell all at once"
