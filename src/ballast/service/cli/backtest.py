"""`ballast backtest`: strategies over stored candles, saved as a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ballast.service.cli.output import JsonFlag, emit, note
from ballast.service.cli.results import print_summary
from ballast.service.cli.runs import (
    FromOption,
    PeriodOption,
    SymbolOption,
    ToOption,
    VenueOption,
    config_of,
    find_strategy,
    flags_of,
    ledger_of,
    own_settings,
    parse_params,
    period_of,
)
from ballast.service.cli.several import WithOption, load_with

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.research.result import Result

app = typer.Typer(add_completion=False)


@app.command()
def backtest(
    strategy: Annotated[str, typer.Argument(help="Name or file; `ballast strategies` lists them.")],
    symbols: SymbolOption = None,
    timeframe: Annotated[str, typer.Option("--timeframe", "-t", help="15m, 1h, 1d.")] = "1h",
    venue: VenueOption = "",
    period: PeriodOption = "",
    from_: FromOption = "",
    to: ToOption = "",
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", help="name=number; repeatable.")
    ] = None,
    with_: WithOption = None,
    cash: Annotated[float | None, typer.Option(help="Cash at the start.")] = None,
    detail: Annotated[
        str, typer.Option(help="Finer bars that decide inside a bar, for example 5m.")
    ] = "",
    gate: Annotated[
        bool, typer.Option("--gate/--no-gate", help="Off: no limits, for comparisons only.")
    ] = True,
    audit: Annotated[
        bool, typer.Option("--audit", help="Check the equity identity at every bar.")
    ] = False,
    report: Annotated[bool, typer.Option("--report", help="Also write the HTML report.")] = False,
    json: JsonFlag = False,
) -> None:
    """Run a strategy over stored candles with shared cash; print and save the result.

    Each --with is another strategy on symbols of its own, out of the same account.
    """
    from ballast.service.first_start import compile_ahead, meanwhile

    if symbols:
        compile_ahead(len(symbols) + bool(with_), audit=audit)
    from ballast.kernel.run import compile_books
    from ballast.research import run, storage
    from ballast.research.trial_rows import compile_streams, record_result
    from ballast.store.trials import heads

    flags = flags_of(cash, gate=gate)
    if detail:
        flags.append("engine.intrabar=detail")
    config = config_of(flags)
    chosen = find_strategy(config, strategy)
    when = period_of(period, from_, to)
    series, others = load_with(config, with_, venue, symbols, timeframe, when, detail)
    compile_ahead(len(series), audit=audit)
    meanwhile(compile_books, compile_streams)
    result = run.backtest(
        chosen,
        series,
        params=parse_params(param),
        settings=config.settings,
        symbol_settings=own_settings(config, series),
        others=others,
        data_root=config.settings.data.root,
        detail=detail,
        audit=audit,
    )
    check_identity(result)
    with ledger_of(config) as ledger:
        head = record_result(ledger, result, [chosen, *(one.strategy for one in others)])
    folder = storage.save(result, config.results_root)
    heads.leave(folder, head)
    page = _write_page(result, folder) if report else None
    if json:
        emit(summary_payload(result, str(folder), page), json=True)
        return
    print_summary(result)
    note(f"saved {folder}" + (f"\nreport {page}" if page else ""))


def _write_page(result: Result, folder: Path) -> Path:
    """Write the report of a run into its folder; return where it lies."""
    from ballast.research import storage
    from ballast.research.report.page import report_html
    from ballast.store.disk import Disk, replace_file

    page = folder / storage.REPORT
    text = report_html(result, storage.load(folder).summary())
    replace_file(Disk(), page, [text.encode()])
    return page


def check_identity(result: Result) -> None:
    """Raise `InternalError` where an audited run lost money between its books."""
    from ballast.core.errors import InternalError

    gap = result.run.identity_gap or 0.0
    if gap > IDENTITY_GAP_MAX:
        raise InternalError(f"the equity identity is broken by {gap:g}")


IDENTITY_GAP_MAX = 1e-9
"""Relative error that summing floats may leave in the equity identity (SEMANTICS 7)."""


def summary_payload(result: object, folder: str, page: object) -> dict[str, object]:
    """Return the JSON of a finished run: its card, its figures and where it lies."""
    from json import loads

    from ballast.research.metrics import summary
    from ballast.research.report.document import result_json

    document = loads(result_json(result, summary(result)))  # type: ignore[arg-type]
    document.pop("trades", None)
    return {**document, "folder": folder, "report": page}
