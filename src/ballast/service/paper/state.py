"""State: what a session is, as plain values: for the screen, for `--json`, for the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.core.ids import Purpose, purpose_of
from ballast.core.orders import OrderStatus
from ballast.core.time import format_ms
from ballast.oms.record import Phase
from ballast.research.assignment import owners_of, title_of
from ballast.service.announce.shown import shocks_of
from ballast.service.runbooks import runbook_of

if TYPE_CHECKING:
    from ballast.runtime.node.node import Node
    from ballast.service.paper.running import Heard, Running

MS_NS = 1_000_000
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
BARE = "-"
VALUE_AT_RISK = "value at risk"
"""Of one day in a hundred; a limit among those of the account."""


def state_of(running: Running, *, decisions: int = 8, alerts: int = 4) -> dict[str, Any]:
    """Return where a session stands now."""
    opened, node = running.opened, running.node
    exchange = opened.exchange
    client, quote = opened.client, running.paper.quote
    heard = running.heard
    return {
        "account": node.rules.account,
        "strategy": title_of(opened.assignments),
        "time": format_ms(exchange.now_ns // MS_NS),
        "mode": str(node.halt.mode),
        "reason": node.halt.reason,
        "equity": client.equity_atoms(quote) / 10 ** client.digits()[quote],
        "cash": opened.legs[0].settings.engine.initial_cash,
        "fills": sum(len(client.trades(symbol)) for symbol in opened.symbols),
        "entries": heard.accepted,
        "refused": heard.refused,
        "faults": dict(getattr(client, "seen", {})),
        "relived": running.relived,
        **costs_of(node),
        "positions": [position_of(running, symbol) for symbol in opened.symbols],
        "limits": limits_of(node),
        "exposure": running.exposure.of(node),
        **shocks_of(node),
        **said(heard, decisions, alerts),
    }  # fmt: skip


def costs_of(node: Node) -> dict[str, float]:
    """Return what trading has cost so far, in quote units: fees, and slippage against decisions."""
    if node.decider is None:
        return {"fees": 0.0, "slippage": 0.0}
    live, slipped = node.decider.live, 0.0
    for symbol, s in node.decider.places.items():
        spec = live.spec[s]
        worth = spec.tick_num / spec.tick_den * spec.lot_num / spec.lot_den
        slipped += node.desk(symbol).slipped * float(worth)
    return {"fees": float(live.account[0].fees), "slippage": slipped}


def said(heard: Heard, decisions: int, alerts: int) -> dict[str, Any]:
    """Return the last decisions and alerts."""
    return {
        "decisions": [
            {
                "time": format_ms(at_ns // MS_NS),
                "symbol": one.symbol,
                "verdict": "; ".join(one.reasons) or "entry sent",
            }
            for at_ns, one in heard.judged[-decisions:]
        ],
        "alerts": [
            {
                "time": format_ms(at_ns // MS_NS),
                "symbol": one.symbol,
                "text": one.text,
                "runbook": runbook_of(one.text),
            }
            for at_ns, one in heard.alerts[-alerts:]
        ],
    }


def position_of(running: Running, symbol: str) -> dict[str, Any]:
    """Return one symbol's position, and its stop as memory, journal and venue have it."""
    node, exchange = running.node, running.opened.exchange
    listing = exchange.listings[symbol]
    desk = node.desk(symbol)
    lots = node.book.holding(symbol).lots
    held = abs(lots) > desk.dust_lots
    journal = [
        one
        for one in node.book.open_orders(symbol)
        if one.purpose is Purpose.STOP and one.phase is Phase.LIVE
    ]
    venue = [
        one
        for one in exchange.open_orders(running.opened.client.account, symbol)
        if purpose_of(one.request.client_id) is Purpose.STOP
        and one.status is OrderStatus.UNTRIGGERED
    ]
    memory = f"{listing.price(desk.guard.best_ticks)}" if held and desk.guard.best_ticks else BARE
    ours = [(one.request.trigger_ticks, one.open_lots) for one in journal]
    theirs = [(one.stop_ticks, one.left_lots) for one in venue]
    return {
        "symbol": symbol,
        "strategy": owners_of(running.opened.assignments)[symbol],
        "side": "flat" if not held else "long" if lots > 0 else "short",
        "qty": float(listing.qty(abs(lots))),
        "price": float(listing.price(exchange.last_ticks(symbol))),
        "stop in memory": memory,
        "stop in journal": _shown(listing, ours),
        "stop at venue": _shown(listing, theirs),
        "agree": sorted(ours) == sorted(theirs) and (bool(ours) or not held),
        "takes": len(desk.takes) if held else 0,
        "beside": beside_of(node, symbol),
    }


def beside_of(node: Node, symbol: str) -> str:
    """Return what rests at the venue beside a stop: takes, or a stop that trails there."""
    found = [
        one.purpose.name.lower()
        for one in node.book.reducing(symbol)
        if one.phase is Phase.LIVE and one.purpose in {Purpose.TAKE, Purpose.TRAIL}
    ]
    return ", ".join(found) or BARE


def _shown(listing: Any, stops: list[tuple[int, int]]) -> str:  # noqa: ANN401 - a Listing
    return (
        ", ".join(f"{listing.price(ticks)} x {listing.qty(lots)}" for ticks, lots in stops) or BARE
    )


def limits_of(node: Node) -> list[dict[str, Any]]:
    """Return the account's limits, what is used of each, and what is left."""
    if node.decider is None:
        return []
    live, session = node.decider.live, node.decider.session
    acct = live.account[0]
    limits = {name: values[0] for name, values in session.limits.items()}
    now_ms = int(acct.now_ms)
    entries = [int(one) for one in acct.ring if one > 0]
    held = int((live.pos.lots > 0).sum())
    is_paused = now_ms < int(acct.blocked_until_ms)  # then the count begins anew
    in_row = limits["loss_streak"] if is_paused else acct.losses_in_row
    rows = [
        ("daily loss", max(0.0, 1.0 - acct.equity / acct.day_open), limits["daily_loss"]),
        ("drawdown", max(0.0, 1.0 - acct.equity / acct.peak), limits["drawdown_kill"]),
        ("losses in a row", float(in_row), limits["loss_streak"]),
        (
            "entries in an hour",
            float(sum(now_ms - one < HOUR_MS for one in entries)),
            limits["entries_hour"],
        ),
        (
            "entries in a day",
            float(sum(now_ms - one < DAY_MS for one in entries)),
            limits["entries_day"],
        ),
        ("open positions", float(held), limits["positions"]),
        (VALUE_AT_RISK, _at_risk(live.at_risk(), acct.equity), limits["value_at_risk"]),
    ]
    return [
        {"limit": name, "used": float(used), "of": float(most), "left": float(most - used)}
        for name, used, most in rows
        if most > 0.0
    ]


def _at_risk(quote_units: float | None, equity: float) -> float:
    """Return the share of equity at risk; all of it where there is none to lose it from."""
    if quote_units is None:
        return 0.0
    return quote_units / equity if equity > 0.0 else 1.0
