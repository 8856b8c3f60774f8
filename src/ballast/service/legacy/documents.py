"""Documents: what was imported as JSON a person can read, and the commands that go on with it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ballast.core.time import DAY_MS, format_ms
from ballast.service.legacy.tables import plain_number

if TYPE_CHECKING:
    from ballast.service.legacy.model import Fill, Legacy, Parameters, Position

VERSION = 1
"""Of these documents: a reader may ask for it."""
DAYS_MAX = 730
"""How far back `ballast adopt` asks for trades."""
MONTH_DAYS = 30
"""Days are said in whole months, so that tomorrow's import says the same as today's."""
FALLBACK = ("stochrsi", "1h")
"""Strategy and timeframe of a position without a parameter set."""
REASON = "imported from the former bot"


@dataclass(frozen=True, slots=True)
class Target:
    """Where positions are taken over, and the time of the import."""

    venue: str
    now_ms: int
    sources: tuple[tuple[str, str], ...] = ()
    """Each file with the hash of its bytes."""


def adopt_lines(position: Position, legacy: Legacy, target: Target) -> list[str]:
    """Return the command that takes a position over; several where several strategies could.

    With parts sold, or an entry not too long ago, the venue's trades say entry, age and takes done;
    else the document's entry price stands for them.
    """
    found = []
    for name, timeframe in _candidates(position, legacy):
        words = ["ballast", "adopt", position.symbol, name, "--venue", target.venue]
        words += ["-t", timeframe]
        if position.stop is not None:
            words += ["--stop", f"{position.stop:f}"]
        if position.qty is not None:
            words += ["--qty", f"{position.qty:f}"]
        words += _entry(position, target.now_ms)
        found.append(shlex.join([*words, "--reason", REASON]))
    return found


def _candidates(position: Position, legacy: Legacy) -> list[tuple[str, str]]:
    fits = [
        one
        for one in legacy.parameters
        if one.symbol == position.symbol
        and position.timeframe in ("", one.timeframe)
        and position.scenario in ("", one.based_on)
    ]
    stated = (position.scenario or FALLBACK[0], position.timeframe or FALLBACK[1])
    return [(one.strategy.name, one.timeframe) for one in fits] or [stated]


def _entry(position: Position, now_ms: int) -> list[str]:
    is_parted = position.partial_taken_1 or position.partial_taken_2
    if position.entry_ms is not None:
        months = (now_ms - position.entry_ms) // (MONTH_DAYS * DAY_MS) + 1
        days = min(MONTH_DAYS * months + 1, DAYS_MAX)
        if is_parted:
            return ["--from-trades", "--days", str(days)]
    elif is_parted:
        return ["--from-trades", "--days", str(DAYS_MAX)]
    return ["--entry", f"{position.entry_price:f}"]


def position_remarks(position: Position, legacy: Legacy) -> list[str]:
    """Return what a person must know before a position is taken over."""
    found = []
    fits = _candidates(position, legacy)
    if len(fits) > 1:
        found.append("several parameter sets fit: choose one of the commands")
    if not any(one.symbol == position.symbol for one in legacy.parameters):
        found.append("no parameter set of this symbol: put the strategy that is to go on")
    if position.stop is None:
        found.append("no stop is stated: it goes where the strategy puts it for that entry")
    if position.partial_taken_2 and not position.partial_taken_1:
        found.append("the second part is sold and the first is not: look at the venue's trades")
    if position.stop_order_id:
        found.append(
            f"the former bot's order {position.stop_order_id} may hold the coins: stop that bot, "
            "cancel it at the venue, and adopt at once"
        )
    return found


def positions_document(legacy: Legacy, target: Target) -> dict[str, Any]:
    """Return pairs and their state; an open one with the command that takes it over."""
    return {
        "version": VERSION,
        "about": "provisional: only `ballast adopt` compares it with the venue and takes it over",
        "positions": [_position(one, legacy, target) for one in legacy.positions],
    }


def _position(one: Position, legacy: Legacy, target: Target) -> dict[str, Any]:
    return {
        "symbol": one.symbol,
        "state": "open" if one.is_open else "flat",
        "entry_price": _text(one.entry_price),
        "max_price": _text(one.max_price),
        "partial_taken_1": one.partial_taken_1,
        "partial_taken_2": one.partial_taken_2,
        "atr_at_entry": _text(one.atr_at_entry),
        "stop_price": _text(one.stop_price),
        "trailing_stop": _text(one.trailing_stop),
        "trailing_active": one.trailing_active,
        "stop_order_id": one.stop_order_id or None,
        "qty": _text(one.qty),
        "qty_at_entry": _text(one.qty_at_entry),
        "entry_ms": one.entry_ms,
        "entry_time": _time(one.entry_ms),
        "updated_ms": one.updated_ms,
        "timeframe": one.timeframe or None,
        "scenario": one.scenario or None,
        "from": one.where,
        "adopt": adopt_lines(one, legacy, target) if one.is_open else [],
        "remarks": position_remarks(one, legacy) if one.is_open else [],
    }


def parameters_document(legacy: Legacy) -> dict[str, Any]:
    """Return where each strategy came from and what of it was not taken over."""
    return {
        "version": VERSION,
        "about": "numbers chosen by the former bot are unproved: `ballast certify` judges them",
        "parameters": [_parameters(one) for one in legacy.parameters],
    }


def _parameters(one: Parameters) -> dict[str, Any]:
    return {
        "strategy": one.strategy.name,
        "strategy_hash": one.strategy.hash,
        "based_on": one.based_on,
        "symbol": one.symbol,
        "timeframe": one.timeframe,
        "params": {name: _text(value) for name, value in one.taken.items()},
        "claims": one.claims,
        "from": one.where,
        "remarks": list(one.remarks),
    }


def history_document(legacy: Legacy) -> list[dict[str, Any]]:
    """Return purchases and sales, the keys of `ballast status` first."""
    return [_fill(one) for one in legacy.fills]


def _fill(one: Fill) -> dict[str, Any]:
    return {
        "time": format_ms(one.at_ms),
        "symbol": one.symbol,
        "purpose": "entry" if one.is_buy else (one.reason or "exit"),
        "side": "buy" if one.is_buy else "sell",
        "qty": _text(one.qty),
        "price": _text(one.price),
        "client_id": one.order_id,
        "trade_id": one.trade_id,
        "at_ms": one.at_ms,
        "fee": _text(one.fee),
        "fee_asset": one.fee_asset or one.quote,
        "pnl_stated": _text(one.pnl),
        "from": one.where,
    }


def portfolio_document(legacy: Legacy) -> list[dict[str, Any]]:
    """Return the snapshots of the account, oldest first."""
    ordered = sorted(legacy.portfolios, key=lambda one: one.at_ms or 0)
    return [
        {
            "time": _time(one.at_ms),
            "at_ms": one.at_ms,
            "currency": one.currency or None,
            **{name: _text(value) for name, value in one.money.items()},
            "balances": {name: _text(value) for name, value in one.balances.items()},
            "from": one.where,
        }
        for one in ordered
    ]


def summary_document(legacy: Legacy, target: Target) -> dict[str, Any]:
    """Return what was read and what it comes to; sums by symbol, net where fees are known."""
    closed = [one for one in legacy.trades if one.exit_ms is not None]
    symbols = sorted({one.symbol for one in closed})
    return {
        "version": VERSION,
        "sources": [{"file": name, "hash": digest} for name, digest in target.sources],
        "venue": target.venue,
        "counts": counts_of(legacy),
        "symbols": [
            {
                "symbol": symbol,
                "trades": len(rows),
                "won": sum(1 for one in rows if one.pnl is not None and one.pnl > 0),
                "pnl": _text(sum((one.pnl for one in rows if one.pnl is not None), Decimal(0))),
                "fees": _text(sum((one.fees for one in rows if one.fees is not None), Decimal(0))),
                "fees_unknown": sum(1 for one in rows if one.pnl is None),
                "quote": rows[0].quote,
            }
            for symbol in symbols
            for rows in [[one for one in closed if one.symbol == symbol]]
        ],
        "ignored": dict(sorted(legacy.ignored.items())),
        "remarks": remarks_of(legacy),
    }


def counts_of(legacy: Legacy) -> dict[str, int]:
    """Return how much there is of each."""
    return {
        "open_positions": sum(one.is_open for one in legacy.positions),
        "flat_pairs": sum(not one.is_open for one in legacy.positions),
        "parameters": len(legacy.parameters),
        "fills": len(legacy.fills),
        "trades": len(legacy.trades),
        "portfolios": len(legacy.portfolios),
    }


def remarks_of(legacy: Legacy) -> list[str]:
    """Return every remark with what it is about."""
    found = list(legacy.remarks)
    found += [f"{one.strategy.name}: {text}" for one in legacy.parameters for text in one.remarks]
    for position in legacy.positions:
        if position.is_open:
            texts = position_remarks(position, legacy)
            found += [f"{position.symbol}: {text}" for text in texts]
    unknown = sum(one.pnl is None for one in legacy.trades)
    if unknown:
        found.append(f"{unknown} trades paid fees in a third asset: their gain is not known")
    return found


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(plain_number(value))


def _time(at_ms: int | None) -> str | None:
    return None if at_ms is None else format_ms(at_ms)
