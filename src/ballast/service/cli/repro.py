"""`ballast repro`: run a finished run again and compare every byte."""

from __future__ import annotations

from typing import Annotated

import typer

from ballast.service.cli import guard, options
from ballast.service.cli.output import JsonFlag, Table, emit
from ballast.service.cli.runs import ledger_of

app = typer.Typer(add_completion=False)


@app.command()
def repro(
    run: Annotated[str, typer.Argument(help="Folder, run id, start of one, or `last`.")] = "last",
    json: JsonFlag = False,
) -> None:
    """Run a finished run again from its card; exit 1 if a byte differs, and say why."""
    from ballast.research import storage
    from ballast.research.repro import repro as run_again
    from ballast.research.trial_rows import record_result

    config = options.config()
    stored = storage.load(storage.find(config.results_root, run))
    found = run_again(stored, config.strategies_root, config.data_root)
    with ledger_of(config) as ledger:
        record_result(ledger, found.result, found.strategies)
    payload = {
        "run": stored.path.name,
        "identical": found.identical,
        "files": len(stored.sums),
        "differing": found.files,
        "causes": found.causes,
    }
    rows = [("identical" if found.identical else "DIFFERENT", stored.path.name)]
    rows += [("differs", name) for name in found.files]
    rows += [("because", cause) for cause in found.causes]
    emit(payload, json=json, tables=[Table([], rows)])
    if not found.identical:
        raise typer.Exit(guard.NO)
