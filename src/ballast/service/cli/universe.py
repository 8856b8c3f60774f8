"""`ballast universe`: the symbols of a venue that pass rules, and why the others do not."""

from __future__ import annotations

import csv
from decimal import Decimal, InvalidOperation
from pathlib import Path  # noqa: TC003 - typer reads it
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.core.errors import DataError, UserError
from ballast.service.cli import lines
from ballast.service.cli.lines import CaOption, RehearseOption, TestnetOption  # noqa: TC001 - typer reads them
from ballast.service.cli.output import JsonFlag, Table, columns_of, emit, note, progress
from ballast.service.cli.symbols import VenueArgument, require_quote

if TYPE_CHECKING:
    from ballast.runtime.wiring import Rehearsal
    from ballast.venues.clients.survey import Survey
    from ballast.venues.clients.universe import Candidate, Rules
    from ballast.venues.clients.venues import Venue

NS_MS = 1_000_000
CHOSEN = ("rank", "symbol", "volume_quote", "spread_bps", "last", "listed_ms")
LEFT = ("symbol", "rule", "reason")


def register(group: typer.Typer) -> None:
    """Add the verb of this file."""
    group.command()(universe)


def universe(
    venue: VenueArgument,
    quote: Annotated[str, typer.Option(help="Quote asset: volumes are counted in it.")] = "USDT",
    top: Annotated[int, typer.Option(min=0, help="The most traded so many; 0: all.")] = 0,
    volume_min: Annotated[str, typer.Option(help="Least volume of 24 h, in quote.")] = "0",
    spread_max: Annotated[str, typer.Option(help="Widest spread, in basis points.")] = "",
    age_min: Annotated[str, typer.Option(help="Days since its listing, at least.")] = "0",
    price_min: Annotated[str, typer.Option(help="Least last price, in quote.")] = "0",
    only: Annotated[
        list[str] | None, typer.Option(help="Symbols or base assets: BTC, SOL*; repeatable.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(help="Never these, as with --only; repeatable.")
    ] = None,
    with_stables: Annotated[bool, typer.Option("--with-stables", help="Currencies too.")] = False,
    with_leveraged: Annotated[
        bool, typer.Option("--with-leveraged", help="Leveraged tokens too: BTC3L, ETHDOWN.")
    ] = False,
    market_cap: Annotated[
        Path | None, typer.Option(help="CSV with columns asset and market_cap.")
    ] = None,
    market_cap_min: Annotated[str, typer.Option(help="Least market cap, as the file says.")] = "0",
    rehearse: RehearseOption = 0,
    ca: CaOption = None,
    testnet: TestnetOption = False,
    json: JsonFlag = False,
) -> None:
    """Choose a venue's symbols by volume, spread, age and status. Needs no keys."""
    from ballast.venues.clients.universe import Rules
    from ballast.venues.clients.venues import venue_named

    place = venue_named(venue, is_test=testnet)
    rules = Rules(
        top=top,
        volume_min=_amount(volume_min, "--volume-min"),
        spread_max_bps=_amount(spread_max, "--spread-max") if spread_max else None,
        age_min_days=float(_amount(age_min, "--age-min")),
        price_min=_amount(price_min, "--price-min"),
        market_cap_min=_amount(market_cap_min, "--market-cap-min"),
        only=tuple(only or ()),
        exclude=tuple(exclude or ()),
        takes_leveraged=with_leveraged,
        takes_stables=with_stables,
    )
    if (market_cap is None) != (rules.market_cap_min == 0):
        raise UserError("--market-cap and --market-cap-min belong together")
    caps = caps_of(market_cap) if market_cap is not None else {}
    rehearsal = lines.rehearsal_of(rehearse, ca)
    found, now_ms = lines.run(_asked(place, rehearsal, quote.upper(), rules, caps))
    body = body_of(place.access.venue, quote.upper(), found, now_ms)
    emit(body, json=json, tables=None if json else _tables(body))
    if not json:
        kept, left = len(body["chosen"]), len(body["left_out"])
        note(f"{kept} of {kept + left} symbols in {body['quote']}")


def _amount(text: str, where: str) -> Decimal:
    """Return a number that is not negative; raise `UserError`."""
    try:
        found = Decimal(text.replace("_", ""))
    except InvalidOperation:
        found = Decimal("nan")
    if not found.is_finite() or found < 0:
        raise UserError(f"'{text}' is no amount", where=where, expected="a number from 0 on")
    return found


def caps_of(file: Path) -> dict[str, Decimal]:
    """Return the market caps of a CSV by asset; raise `DataError` with its line."""
    try:
        with file.open(newline="", encoding="utf-8-sig") as opened:
            rows = csv.DictReader(opened)
            if not {"asset", "market_cap"} <= set(rows.fieldnames or ()):
                raise DataError(
                    "no columns asset and market_cap", where=str(file), expected="asset,market_cap"
                )
            return {
                str(row["asset"]).strip().upper(): _amount(
                    str(row["market_cap"]).strip(), f"{file}, line {rows.line_num}"
                )
                for row in rows
            }
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"cannot be read: {error}", where=str(file)) from None


async def _asked(
    place: Venue,
    rehearsal: Rehearsal | None,
    quote: str,
    rules: Rules,
    caps: dict[str, Decimal],
) -> tuple[Survey, int]:
    from ballast.venues.clients.calls import CallError
    from ballast.venues.clients.survey import survey

    line = await lines.opened(place, None, rehearsal, waits=True)
    try:
        require_quote(tuple(line.desk.markets.values()), quote, line.name)
        now_ms = line.now_ns() // NS_MS
        with progress(line.name) as bar:
            return await survey(line.desk, quote, rules, now_ms, caps, bar.move_to), now_ms
    except CallError as error:
        raise lines.unanswered(line.name, error) from None
    finally:
        await line.close()


def body_of(venue: str, quote: str, found: Survey, now_ms: int) -> dict[str, Any]:
    """Return the document: `chosen` in the order of their volume, `left_out` by name."""
    return {
        "venue": venue,
        "quote": quote,
        "at_ms": now_ms,
        "open": found.status.is_open,
        "chosen": [
            {"rank": number, **_row(one)} for number, one in enumerate(found.universe.chosen, 1)
        ],
        "left_out": [
            {"symbol": one.symbol, "rule": one.rule, "reason": one.reason}
            for one in found.universe.left_out
        ],
    }


def _row(one: Candidate) -> dict[str, Any]:
    from ballast.venues.clients.market import plain

    ticker, spread = one.ticker, one.spread_bps
    return {
        "symbol": one.market.symbol,
        "volume_quote": float(ticker.volume_quote) if ticker is not None else None,
        "spread_bps": round(float(spread), 4) if spread is not None else None,
        "last": plain(ticker.last) if ticker is not None else None,
        "listed_ms": one.market.listed_ms,
        "market_cap": float(one.market_cap) if one.market_cap is not None else None,
    }


def _tables(body: dict[str, Any]) -> list[Table]:
    found = [columns_of(body["chosen"], CHOSEN)] if body["chosen"] else []
    if body["left_out"]:
        left = columns_of(body["left_out"], LEFT)
        found.append(Table(left.columns, left.rows, "left out"))
    return found
