"""State: what a live session is, as plain values: for the screen, for `--json`, for diagnostics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.ids import Purpose, purpose_of
from ballast.core.time import format_ms
from ballast.oms.record import Phase
from ballast.research.assignment import owners_of, title_of
from ballast.service.announce.shown import shocks_of
from ballast.service.diagnose.connection import connection_of
from ballast.service.diagnose.health import health_of
from ballast.service.paper.state import BARE, beside_of, costs_of, limits_of, said

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ballast.service.live.running import LiveRunning
    from ballast.venues.clients.market import Market

MS_NS = 1_000_000


def live_state_of(running: LiveRunning, *, decisions: int = 8, alerts: int = 4) -> dict[str, Any]:
    """Return where a session stands now."""
    opened, node, heard = running.opened, running.node, running.heard
    assert running.wired is not None  # noqa: S101 - `node` would have said so
    wired = running.wired
    live = wired.live
    scale = 10 ** (node.rules.session.seats[0].digits[live.quote] if node.rules.session else 0)
    return {
        "account": node.rules.account,
        "venue": running.line.name,
        "strategy": title_of(opened.assignments),
        "time": format_ms(running.line.now_ns() // MS_NS),
        "mode": str(node.halt.mode),
        "reason": node.halt.reason,
        "equity": node.levels.equity / scale,
        "cash": opened.cash,
        "fills": sum(one.filled_lots > 0 for one in node.book.state().orders),
        "entries": heard.accepted,
        "refused": heard.refused,
        "faults": {},
        "closes": live.figures.closes,
        "reconciliations": live.figures.reconciliations,
        "bare_seconds": round(live.bare.longest_s, 3),
        "bare_now": sorted(live.bare.since_ns),
        "lag_seconds": round(live.figures.lag_s, 3),
        "clock_offset_ms": round((running.line.timing().offset_ns or 0) / MS_NS, 1),
        "breaker": str(live.gate()),
        "streams": [
            {"stream": one.name, "state": str(one.phase), "why": one.reason}
            for one in wired.states.values()
        ],
        "connection": connection_of(wired),
        "health": health_of(running.health),
        "positions": [position_of(running, symbol) for symbol in opened.symbols],
        "limits": limits_of(node),
        **costs_of(node),
        "exposure": running.exposure.of(node),
        **shocks_of(node),
        **said(heard, decisions, alerts),
    }


def position_of(running: LiveRunning, symbol: str) -> dict[str, Any]:
    """Return one symbol's position, and its stop as memory, journal and venue have it."""
    assert running.wired is not None  # noqa: S101 - as above
    node, live = running.node, running.wired.live
    market = live.desk.markets[symbol]
    desk = node.desk(symbol)
    lots = node.book.holding(symbol).lots
    held = abs(lots) > desk.dust_lots
    ours = [
        (one.request.trigger_ticks, one.open_lots)
        for one in node.book.open_orders(symbol)
        if one.purpose is Purpose.STOP and one.phase is Phase.LIVE
    ]
    theirs = [
        (one.trigger_ticks, one.qty_lots - one.filled_lots)
        for one in live.orders
        if one.symbol == symbol and purpose_of(one.client_id) is Purpose.STOP
    ]
    best = desk.guard.best_ticks
    return {
        "symbol": symbol,
        "strategy": owners_of(running.opened.assignments)[symbol],
        "side": "flat" if not held else "long" if lots > 0 else "short",
        "qty": float(market.lot * abs(lots)),
        "price": float(market.tick * live.price_ticks(symbol)),
        "stop in memory": market.price_text(best) if held and best else BARE,
        "stop in journal": _shown(market, ours),
        "stop at venue": _shown(market, theirs),
        "agree": sorted(ours) == sorted(theirs) and (bool(ours) or not held),
        "takes": len(desk.takes) if held else 0,
        "beside": beside_of(node, symbol),
    }


def _shown(market: Market, stops: Iterable[tuple[int, int]]) -> str:
    texts = [f"{market.price_text(ticks)} x {market.lot * lots:f}" for ticks, lots in stops]
    return ", ".join(texts) or BARE
