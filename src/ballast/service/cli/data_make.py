"""`ballast data resample` and `data export`: other bars out of stored ones, and files of them."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the types when it runs
from typing import Annotated, Any

import typer

from ballast.core.errors import DataError
from ballast.core.time import Timeframe, format_ms, parse_period
from ballast.service.cli.output import JsonFlag, columns_of, emit, note
from ballast.service.cli.stores import candle_store, pick_series


def register(app: typer.Typer) -> None:
    """Add `resample` and `export` to the data verbs."""
    app.command("resample")(resample)
    app.command("export")(export)


def resample(
    series: Annotated[str, typer.Argument(help="BINANCE-BTCUSDT-1h, or a symbol.")],
    to: Annotated[list[str], typer.Option("--to", help="Longer timeframe; repeat for several.")],
    venue: Annotated[str | None, typer.Option(help="Exchange.")] = None,
    timeframe: Annotated[str | None, typer.Option("--timeframe", "-t", help="Bars to use.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Let the made bars replace different stored ones.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Make longer bars of a series and store them: closed bars only, nothing filled."""
    from ballast.store.resample import resample as make

    store = candle_store()
    info = pick_series(store, series, venue, timeframe)
    bars = store.read(info.venue, info.symbol, info.timeframe)
    rows: list[dict[str, Any]] = []
    with store.batch() as batch:
        for text in to:
            made = make(bars, Timeframe.parse(text))
            report = batch.add(store.key_of(made.bars), made.bars, revise=force)
            rows.append(
                {
                    "series": made.bars.name,
                    "bars": len(made.bars),
                    "inserted": report.inserted,
                    "unchanged": report.unchanged,
                    "revised": report.revised,
                    "incomplete": made.incomplete,
                    "dropped_first": made.dropped_first,
                    "dropped_last": made.dropped_last,
                    "first": format_ms(int(made.bars.ts[0])),
                    "last": format_ms(int(made.bars.ts[-1])),
                }
            )
        batch.commit()
    names = ("series", "bars", "inserted", "unchanged", "revised", "incomplete", "first", "last")
    emit(rows, json=json, tables=None if json else [columns_of(rows, names)])
    for row in rows:
        left = row["dropped_first"] + row["dropped_last"]
        if left:
            note(f"{row['series']}: {left} bars at the ends make no whole bar and were left out")
        if row["incomplete"]:
            note(f"{row['series']}: {row['incomplete']} bars were made of fewer bars than usual")


def export(
    series: Annotated[str, typer.Argument(help="BINANCE-BTCUSDT-1h, or a symbol.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A file, or an existing folder.")],
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="csv, json, parquet, feather, freqtrade-feather, freqtrade-json; default: by name",
        ),
    ] = None,
    venue: Annotated[str | None, typer.Option(help="Exchange.")] = None,
    timeframe: Annotated[str | None, typer.Option("--timeframe", "-t", help="Bars.")] = None,
    period: Annotated[str | None, typer.Option(help="FROM..TO, either side open.")] = None,
    json: JsonFlag = False,
) -> None:
    """Write a series to a file other programs read."""
    from ballast.store.export import export_bars

    store = candle_store()
    info = pick_series(store, series, venue, timeframe)
    from_ms, to_ms = parse_period(period) if period else (None, None)
    bars = store.read(info.venue, info.symbol, info.timeframe, from_ms, to_ms)
    if not len(bars):
        raise DataError("no bars in this period", where=bars.name)
    chosen = form or ("csv" if output.is_dir() else output.suffix.removeprefix(".")) or "csv"
    path = export_bars(bars, output, chosen)
    row = {"file": str(path), "bars": len(bars), "bytes": path.stat().st_size}
    emit(row, json=json)
