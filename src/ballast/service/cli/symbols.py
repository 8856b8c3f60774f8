"""`ballast symbols`: the rules of a venue's symbols, as its desk reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.core.errors import UserError, suggest
from ballast.service.cli import lines
from ballast.service.cli.lines import CaOption, RehearseOption, TestnetOption  # noqa: TC001 - typer reads them
from ballast.service.cli.output import JsonFlag, Table, emit, note

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from ballast.runtime.wiring import Line, Rehearsal
    from ballast.venues.clients.access import Keys
    from ballast.venues.clients.market import Market
    from ballast.venues.clients.venues import Venue

FEES_MOST = 20
"""Symbols whose fees are asked for: most venues answer for one symbol at a time."""
VenueArgument = Annotated[str, typer.Argument(help="BINANCE, BYBITLINEAR, OKX, ...")]
COLUMNS = ("symbol", "status", "tick", "lot", "min_qty", "min_notional", "orders", "maker", "taker")


def register(group: typer.Typer) -> None:
    """Add the verb of this file."""
    group.command()(symbols)


def symbols(
    venue: VenueArgument,
    symbol: Annotated[
        list[str] | None, typer.Option("--symbol", "-s", help="Only these; repeatable.")
    ] = None,
    quote: Annotated[str, typer.Option(help="Only symbols in this quote asset.")] = "",
    fees: Annotated[
        bool,
        typer.Option("--fees", help=f"Maker and taker fee of at most {FEES_MOST}; needs keys."),
    ] = False,
    account: Annotated[str, typer.Option(help="Whose keys, with --fees.")] = "main",
    rehearse: RehearseOption = 0,
    ca: CaOption = None,
    testnet: TestnetOption = False,
    json: JsonFlag = False,
) -> None:
    """Show status, steps, least sizes and kinds of orders of a venue's symbols. Needs no keys."""
    from ballast.venues.clients.venues import venue_named

    place = venue_named(venue, is_test=testnet)
    name = place.access.venue
    keys = lines.keys_of(name, account) if fees else None
    rehearsal = lines.rehearsal_of(rehearse, ca)
    chosen = tuple(dict.fromkeys(one.upper() for one in symbol or ()))
    rows = lines.run(_asked(place, keys, rehearsal, chosen, quote.upper()))
    body = {"venue": name, "symbols": rows}
    table = Table(COLUMNS, [[_cell(row, one) for one in COLUMNS] for row in rows])
    emit(body, json=json, tables=None if json else [table])
    if fees and len(rows) > FEES_MOST:
        note(f"fees are asked for of {FEES_MOST} symbols at most: name some with --symbol")


def _cell(row: dict[str, Any], name: str) -> object:
    if name == "status" and row["delists_ms"] is not None:
        return f"{row[name]}, ends {datetime.fromtimestamp(row['delists_ms'] / 1_000, UTC).date()}"
    return ", ".join(row[name]) if name == "orders" else row[name]


async def _asked(
    place: Venue, keys: Keys | None, rehearsal: Rehearsal | None, chosen: Sequence[str], quote: str
) -> list[dict[str, Any]]:
    line = await lines.opened(place, keys, rehearsal, waits=True)
    try:
        found = chosen_of(line.desk.markets, chosen, quote, line.name)
        asks = keys is not None and len(found) <= FEES_MOST
        return [row_of(one, await _fees(line, one) if asks else None) for one in found]
    finally:
        await line.close()


async def _fees(line: Line, market: Market) -> tuple[Decimal, Decimal]:
    from ballast.venues.clients.calls import CallError

    try:
        return await line.desk.fees(market.symbol)
    except CallError as error:
        raise UserError(f"{line.name} does not tell the fees of {market.symbol}: {error}") from None


def chosen_of(
    markets: Any,  # noqa: ANN401 - a mapping of markets
    chosen: Sequence[str],
    quote: str,
    venue: str,
) -> list[Market]:
    """Return the markets that were asked for, by name; raise `UserError` where there is none."""
    for one in chosen:
        if one not in markets:
            fix = suggest(one, markets)
            raise UserError(f"{venue} does not list {one}", where="--symbol", fix=fix)
    found = [markets[one] for one in sorted(chosen or markets)]
    kept = [one for one in found if quote in {"", one.quote}]
    if not kept:
        require_quote(found, quote, venue)
    return kept


def require_quote(found: Sequence[Market], quote: str, venue: str) -> None:
    """Raise `UserError` where no symbol is quoted in an asset; it names those that are."""
    from collections import Counter

    counts = Counter(one.quote for one in found)
    if not counts[quote]:
        most = ", ".join(name for name, _ in counts.most_common(5))
        raise UserError(
            f"{venue} lists no symbol in {quote}", where="--quote", expected=f"such as {most}"
        )


def row_of(market: Market, fees: tuple[Decimal, Decimal] | None) -> dict[str, Any]:
    """Return the rules of a symbol: numbers as exact text, None where none is stated."""
    from ballast.venues.clients.market import plain

    def stated(value: Decimal) -> str | None:
        return plain(value) if value else None

    maker, taker = (plain(one) for one in fees) if fees is not None else (None, None)
    return {
        "symbol": market.symbol,
        "name": market.name,
        "base": market.base,
        "quote": market.quote,
        "kind": market.kind,
        "trading": market.is_trading,
        "status": market.status,
        "tick": plain(market.tick),
        "lot": plain(market.lot),
        "contract": plain(market.contract),
        "min_qty": stated(market.min_qty),
        "max_qty": stated(market.max_qty),
        "market_max_qty": stated(market.market_max_qty),
        "min_notional": stated(market.min_notional),
        "leverage_max": stated(market.leverage_max),
        "orders": sorted(one.name.lower() for one in market.kinds),
        "listed_ms": market.listed_ms,
        "delists_ms": market.delists_ms,
        "maker": maker,
        "taker": taker,
    }
