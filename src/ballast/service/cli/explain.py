"""`ballast explain`: every decision of the node, with what spoke against it and the limit."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from ballast.service.cli.output import JsonFlag, Table, emit, note

app = typer.Typer(add_completion=False)
MS_NS = 1_000_000
COLUMNS = ("time", "decision", "symbol", "verdict", "check", "measured and limit")


@app.command()
def explain(
    symbol: Annotated[str, typer.Option("-s", "--symbol", help="Only this symbol.")] = "",
    decision: Annotated[int, typer.Option(help="Only the decision of this number.")] = 0,
    last: Annotated[int, typer.Option(min=1, help="Show the newest so many.")] = 20,
    refused: Annotated[bool, typer.Option("--refused", help="Only what was refused.")] = False,
    file: Annotated[
        Path | None, typer.Option(help="A journal or backup other than the workspace's.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Say why the node entered or did not, the newest decision last."""
    from ballast.core.time import format_ms
    from ballast.runtime.node.events import Judged
    from ballast.runtime.node.journalled import CODEC, EFFECT
    from ballast.service.cli import journals
    from ballast.store.journal import JournalReader, Query

    rows = []
    with journals.named(file).database() as database:
        reader = JournalReader(database)
        found = reader.find(Query(kinds=(EFFECT,), texts=("Judged",))) if reader.exists() else ()
        for record in found:
            judged = CODEC.value(record)
            if not isinstance(judged, Judged) or (symbol and judged.symbol != symbol):
                continue
            if (decision and judged.decision != decision) or (refused and not judged.reasons):
                continue
            at = format_ms(record.at_ns // MS_NS)
            rows.append((at, judged))
    rows = rows[-last:]
    decisions = [
        {
            "time": at,
            "decision": one.decision,
            "symbol": one.symbol,
            "is_approved": not one.reasons,
            "reasons": list(one.reasons),
        }
        for at, one in rows
    ]
    lines = [line for at, one in rows for line in _lines(at, one.decision, one.symbol, one.reasons)]
    emit({"decisions": decisions}, json=json, tables=None if json else [Table(COLUMNS, lines)])
    note(f"{len(decisions)} decisions shown")


def _lines(
    at: str, decision: int, symbol: str, reasons: tuple[str, ...]
) -> list[tuple[object, ...]]:
    """Return a line for each reason, or one for an approval."""
    if not reasons:
        return [(at, decision, symbol, "entry sent", "", "")]
    lines: list[tuple[object, ...]] = []
    for reason in reasons:
        check, _, why = reason.partition(": ")
        lines.append((at, decision, symbol, "refused", check, why))
    return lines
