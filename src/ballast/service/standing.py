"""Standing: what an account is, read from its journal, as four documents a person can read.

    portfolio   mode, equity, peak, what limits are used up, what is open
    positions   what is held, at what mean price, and its stop
    parameters  the strategies, their numbers, the timeframe
    history     every fill that is in the journal and not archived, oldest first

They are made anew from the journal whenever they are asked for: nothing reads them back.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ballast.core.ids import Purpose, purpose_of
from ballast.core.orders import Fill
from ballast.core.ticks import from_steps
from ballast.core.time import format_ms
from ballast.oms.record import Phase
from ballast.runtime.node.events import Reported
from ballast.runtime.node.journalled import CODEC, EVENT
from ballast.service.announce.shown import shocks_of
from ballast.service.diagnose.views import JournalView
from ballast.service.paper.state import costs_of, limits_of
from ballast.store.disk import Disk, replace_file
from ballast.store.journal import Query

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ballast.runtime.node.node import Node
    from ballast.store.journal import JournalReader
    from ballast.strategies.plan import AnyStrategy

MS_NS = 1_000_000
DOCUMENTS = ("portfolio", "positions", "parameters", "history")


def standing_of(
    reader: JournalReader, classes: Sequence[AnyStrategy] = (), archives: Path | None = None
) -> dict[str, Any]:
    """Return the four documents; each empty where the journal holds no node yet.

    `archives` is where the archived records lie, for a snapshot that cannot be read.
    """
    node = JournalView(reader, classes, archives).look()
    if node is None:
        return dict.fromkeys(DOCUMENTS)
    return {
        "portfolio": portfolio_of(node),
        "positions": [
            position_of(node, symbol) for (symbol, _), held in sorted(node.book.holdings().items())
            if abs(held.lots) > node.desk(symbol).dust_lots
        ],
        "parameters": parameters_of(node),
        "history": history_of(node, reader),
    }  # fmt: skip


def write_documents(documents: dict[str, Any], folder: Path) -> list[Path]:
    """Write each document into a file of its name, whole or not at all."""
    paths = []
    for name in DOCUMENTS:
        path = folder / f"{name}.json"
        text = json.dumps(documents[name], indent=2, sort_keys=True)
        replace_file(Disk(), path, [f"{text}\n".encode()])
        paths.append(path)
    return paths


def portfolio_of(node: Node) -> dict[str, Any]:
    """Return where the account stands."""
    session = node.rules.session
    scale = 10 ** session.seats[0].digits[session.seats[0].quote] if session is not None else 1
    return {
        "account": node.rules.account,
        "time": format_ms(node.now_ns // MS_NS),
        "mode": str(node.halt.mode),
        "reason": node.halt.reason,
        "who": node.halt.who,
        "equity": node.levels.equity / scale,
        "peak": node.levels.peak / scale,
        "drawdown": round(node.levels.drawdown, 6),
        **shocks_of(node),
        "limits": limits_of(node),
        **costs_of(node),
        "open_orders": [
            {"client_id": one.client_id, "symbol": one.symbol, "purpose": one.purpose.name.lower(),
             "phase": str(one.phase)}
            for one in node.book.open_orders()
        ],
    }  # fmt: skip


def position_of(node: Node, symbol: str) -> dict[str, Any]:
    """Return what is held of a symbol, in units and prices, and its stop."""
    held, desk = node.book.holding(symbol), node.desk(symbol)
    stops = [
        one.request.trigger_ticks
        for one in node.book.open_orders(symbol)
        if one.purpose is Purpose.STOP and one.phase is Phase.LIVE
    ]
    return {
        "symbol": symbol,
        "side": "long" if held.lots > 0 else "short",
        "qty": _qty(node, symbol, abs(held.lots)),
        "mean_price": _price(node, symbol, held.cost) / held.lots,
        "price": _price(node, symbol, desk.price_ticks),
        "stop_prices": [_price(node, symbol, one) for one in stops],
        "stop_wanted": _price(node, symbol, desk.guard.best_ticks),
        "is_closing": desk.closes,
    }


def parameters_of(node: Node) -> list[dict[str, Any]]:
    """Return the strategies of the session with their numbers."""
    session = node.rules.session
    if session is None:
        return []
    return [
        {
            "strategy": one.name,
            "strategy_hash": one.strategy_hash,
            "params": dict(one.params),
            "symbols": [seat.symbol for seat in session.seats if seat.trader == place],
            "venue": session.venue,
            "timeframe": session.timeframe,
        }
        for place, one in enumerate(session.traders)
    ]


def history_of(node: Node, reader: JournalReader) -> list[dict[str, Any]]:
    """Return the fills of our orders, each once, as the journal was told of them."""
    found: dict[tuple[str, int, str], Fill] = {}
    for record in reader.find(Query(kinds=(EVENT,), texts=('"Fill"',))):
        event = CODEC.value(record)
        fill = event.report if isinstance(event, Reported) else None
        if isinstance(fill, Fill) and purpose_of(fill.client_id) is not None:
            found.setdefault((fill.symbol, fill.trade_id, fill.client_id), fill)
    return [_row(node, one) for one in sorted(found.values(), key=lambda one: one.at_ns)]


def _row(node: Node, fill: Fill) -> dict[str, Any]:
    purpose = purpose_of(fill.client_id)
    return {
        "time": format_ms(fill.at_ns // MS_NS),
        "symbol": fill.symbol,
        "purpose": purpose.name.lower() if purpose is not None else "",
        "side": "buy" if fill.side > 0 else "sell",
        "qty": _qty(node, fill.symbol, fill.qty_lots),
        "price": _price(node, fill.symbol, fill.price_ticks),
        "client_id": fill.client_id,
        "trade_id": fill.trade_id,
    }


def _price(node: Node, symbol: str, ticks: int) -> float:
    return _units(node, symbol, ticks, "tick")


def _qty(node: Node, symbol: str, lots: int) -> float:
    return _units(node, symbol, lots, "lot")


def _units(node: Node, symbol: str, count: int, step: str) -> float:
    """Return a number of steps as prices or quantities are written; as it is before a start."""
    decider = node.decider
    if decider is None or symbol not in decider.places:
        return float(count)
    spec = decider.live.spec[decider.places[symbol]]
    return round(float(from_steps(count, spec[f"{step}_num"], spec[f"{step}_den"])), 12)
