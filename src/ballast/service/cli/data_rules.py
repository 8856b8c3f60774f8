"""`ballast data rules` and `data fees`: dated trading rules, leverage tiers and fee schedules."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the types when it runs
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.core.errors import DataError, UserError
from ballast.core.time import format_ms, parse_ms
from ballast.service.cli.output import JsonFlag, Table, columns_of, emit, note
from ballast.service.cli.stores import instrument_book

if TYPE_CHECKING:
    from ballast.core.instrument import FeeRate, Instrument
    from ballast.store.instruments import InstrumentBook

SKIPPED_SHOWN = 5


def register(app: typer.Typer) -> None:
    """Add the groups `rules` and `fees` to the data verbs."""
    rules = typer.Typer(help="Trading rules and leverage tiers.", no_args_is_help=True)
    rules.command("import")(import_rules)
    rules.command("show")(show_rules)
    fees = typer.Typer(help="Dated fee schedules.", no_args_is_help=True)
    fees.command("set")(set_fees)
    fees.command("show")(show_fees)
    app.add_typer(rules, name="rules")
    app.add_typer(fees, name="fees")


def import_rules(
    files: Annotated[list[Path], typer.Argument(help="exchangeInfo, instruments, tiers ...")],
    venue: Annotated[str | None, typer.Option(help="Store under this exchange.")] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Valid from; default: the date in the file.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Import the instrument lists that exchanges publish, and leverage tiers."""
    from ballast.store.metadata.read import read_metadata

    book = instrument_book()
    from_ms = parse_ms(start) if start else None
    pages = [page for file in files for page in read_metadata(file, venue=venue, from_ms=from_ms)]
    pages.sort(key=lambda page: bool(page.tiers))  # tiers join rules that are there
    rows: list[dict[str, Any]] = []
    for page in pages:
        assert page.at_ms is not None  # noqa: S101 - read_metadata dates every page
        skipped = dict(page.skipped)
        news = book.put_all(page.instruments, page.at_ms)
        if page.tiers:
            added, unknown = book.put_tiers(page.venue, page.tiers, page.at_ms)
            news += added
            skipped |= dict.fromkeys(unknown, "tiers without rules")
        rows.append(
            {
                "venue": page.venue,
                "valid_from": format_ms(page.at_ms),
                "instruments": len(page.instruments),
                "tiers": len(page.tiers),
                "news": news,
                "skipped": len(skipped),
                "reasons": skipped,
            }
        )
    names = ("venue", "valid_from", "instruments", "tiers", "news", "skipped")
    emit(rows, json=json, tables=None if json else [columns_of(rows, names)])
    for row in rows:
        for symbol, reason in list(row["reasons"].items())[:SKIPPED_SHOWN]:
            note(f"{row['venue']} {symbol} skipped: {reason}")
        if row["skipped"] > SKIPPED_SHOWN:
            note(f"{row['venue']}: {row['skipped'] - SKIPPED_SHOWN} more skipped; --json lists all")


def show_rules(
    symbol: Annotated[
        str | None, typer.Argument(help="Symbol; without it all are counted.")
    ] = None,
    venue: Annotated[str | None, typer.Option(help="Exchange.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="Valid at this time; default: now.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Show the rules of a symbol, or what is known of every exchange."""
    book = instrument_book()
    if symbol is None:
        rows = [
            {"venue": name, "symbols": len(book.symbols(name))}
            for name in book.venues()
            if venue is None or name == venue.upper()
        ]
        emit(rows, json=json)
        return
    at_ms = parse_ms(at) if at else None
    instrument = book.get(_venue(book, symbol, venue), symbol, at_ms)
    known = format_ms(book.first_known(instrument.venue, instrument.symbol))
    payload = _rules(instrument) | {"known_from": known}
    tables = [Table((), list(payload.items()), title=f"{instrument.venue}-{instrument.symbol}")]
    payload |= {"fees": _fees(instrument.fees), "tiers": list(instrument.tiers)}
    if instrument.fees:
        tables.append(columns_of(payload["fees"], ("from", "maker", "taker")))
    if instrument.tiers:
        fields = ("floor", "cap", "max_leverage", "maintenance", "deduction")
        rows_of = [[getattr(tier, name) for name in fields] for tier in instrument.tiers]
        tables.append(Table(fields, rows_of, title="leverage tiers"))
    emit(payload, json=json, tables=None if json else tables)


def set_fees(
    venue: Annotated[str, typer.Option(help="Exchange.")],
    symbol: Annotated[str | None, typer.Option(help="Only this symbol; default: all.")] = None,
    maker: Annotated[str | None, typer.Option(help="0.001, 0.1% or 10bps.")] = None,
    taker: Annotated[str | None, typer.Option(help="0.001, 0.1% or 10bps.")] = None,
    start: Annotated[str, typer.Option("--from", help="Valid from.")] = "1970-01-01",
    file: Annotated[
        Path | None, typer.Option(help="TOML or CSV with from, maker, taker[, symbol].")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Set a dated fee, or a whole schedule from a file; it wins over the exchange's list."""
    from ballast.core.instrument import FeeRate
    from ballast.store.fees import parse_rate, read_schedule

    if (file is None) == (maker is None or taker is None):
        raise UserError(
            "fees come from --maker and --taker, or from --file", fix="give one of them"
        )
    schedule: dict[str | None, list[FeeRate]]
    if file is not None:
        schedule = read_schedule(file)
    else:
        rate = FeeRate(parse_ms(start), parse_rate(maker or ""), parse_rate(taker or ""))
        schedule = {symbol: [rate]}
    book = instrument_book()
    for name, rates in schedule.items():
        book.put_fees(venue, name or symbol, rates)
    rows = [
        {"venue": venue.upper(), "symbol": name or symbol or "all", **row}
        for name in schedule
        for row in _fees(book.fees(venue, name or symbol))
    ]
    emit(rows, json=json)


def show_fees(
    symbol: Annotated[
        str | None, typer.Argument(help="Symbol; without it the venue's own.")
    ] = None,
    venue: Annotated[str | None, typer.Option(help="Exchange.")] = None,
    json: JsonFlag = False,
) -> None:
    """Show the fee schedule that a run would use."""
    book = instrument_book()
    if venue is None and symbol is None:
        raise UserError("fees of what?", fix="give a symbol or --venue")
    name = venue or _venue(book, symbol or "", None)
    rows = [{"venue": name.upper(), **row} for row in _fees(book.fees(name, symbol))]
    emit(rows, json=json)
    if not rows:
        note("no fees are known; a run takes the fallback of the settings (`costs`)")


def _venue(book: InstrumentBook, symbol: str, venue: str | None) -> str:
    """Return the venue, or the only one that knows the symbol."""
    if venue is not None:
        return venue
    found = [name for name in book.venues() if book.has(name, symbol)]
    if len(found) == 1:
        return found[0]
    said = f"known at {', '.join(found)}" if found else "no rules are known of it"
    raise DataError(f"which exchange for '{symbol}'? {said}", fix="give --venue")


def _rules(instrument: Instrument) -> dict[str, Any]:
    listed, delisted = instrument.listed_ms, instrument.delisted_ms
    return {
        "base": instrument.base,
        "quote": instrument.quote,
        "kind": instrument.kind.value,
        "tick": f"{instrument.tick:f}",
        "lot": f"{instrument.lot:f}",
        "min_qty": f"{instrument.min_qty:f}",
        "max_qty": f"{instrument.max_qty:f}" if instrument.max_qty else None,
        "min_notional": f"{instrument.min_notional:f}",
        "listed": format_ms(listed) if listed is not None else None,
        "delisted": format_ms(delisted) if delisted is not None else None,
        "tags": list(instrument.tags),
    }


def _fees(rates: tuple[FeeRate, ...]) -> list[dict[str, Any]]:
    return [
        {"from": format_ms(rate.from_ms), "maker": rate.maker, "taker": rate.taker}
        for rate in rates
    ]
