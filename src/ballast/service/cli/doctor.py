"""`ballast doctor`: can this machine run Ballast, and if not, what is to be done."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import typer

from ballast.service.cli import options
from ballast.service.cli.guard import NO
from ballast.service.cli.output import JsonFlag, Table, emit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ballast.service.doctor.finding import Finding

app = typer.Typer(add_completion=False)


@app.command("doctor")
def doctor(json: JsonFlag = False) -> None:
    """Look at machine, clock, settings, disk, journal and keys; exit 1 on a problem."""
    from ballast.service.doctor.machine import machine_findings

    findings = [*machine_findings(), *_workspace()]
    columns = ("check", "state", "found", "fix")
    table = Table(columns, [[getattr(one, name) for name in columns] for one in findings])
    ok = all(one.state != "problem" for one in findings)
    emit({"ok": ok, "findings": findings}, json=json, tables=[table])
    if not ok:
        raise typer.Exit(NO)


def _workspace() -> Iterator[Finding]:
    from ballast.core.errors import UserError
    from ballast.service.cli import journals
    from ballast.service.doctor.finding import OK, PROBLEM, WARNING, Finding
    from ballast.service.doctor.keys import key_findings
    from ballast.service.doctor.places import place_findings
    from ballast.service.keys.passphrase import Unlock

    try:
        config = options.config()
        place = journals.place()
    except UserError as error:
        yield Finding("settings", PROBLEM, error.line(), "mend the line named")
        return
    files = ", ".join(path.name for path in config.files) or "no file, defaults"
    yield Finding("settings", OK, f"{files}; hash {config.hash[:12]}")
    for danger in config.dangers:
        yield Finding("settings", WARNING, danger, "take it back before paper or live")
    now_ns = time.time_ns()
    yield from place_findings(config, place, now_ns)
    unlock = Unlock(os.environ)
    yield from key_findings(os.environ, config.settings.network, unlock, now_ns // 1_000_000)
