"""`ballast doctor`: can this machine run Ballast, and if not, what is to be done."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Annotated

import typer

from ballast.service.cli import lines, options
from ballast.service.cli.guard import NO
from ballast.service.cli.output import JsonFlag, Table, emit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ballast.runtime.wiring import Rehearsal
    from ballast.service.doctor.finding import Finding

app = typer.Typer(add_completion=False)


@app.command("doctor")
def doctor(
    venue: Annotated[str, typer.Option(help="Look at this venue too: BINANCE, BYBIT.")] = "",
    account: Annotated[str, typer.Option(help="Whose keys, at the venue.")] = "main",
    symbols: Annotated[
        list[str] | None, typer.Option("--symbol", "-s", help="Of the venue; repeatable.")
    ] = None,
    rehearse: lines.RehearseOption = 0,
    ca: lines.CaOption = None,
    json: JsonFlag = False,
) -> None:
    """Look at machine, clock, settings, disk, journal, keys, a venue; exit 1 on a problem."""
    from ballast.service.doctor.machine import machine_findings

    findings = [*machine_findings(), *_workspace()]
    if venue:
        rehearsal = lines.rehearsal_of(rehearse, ca)
        findings += lines.run(_venue(venue, account, symbols or [], rehearsal))
    columns = ("check", "state", "found", "fix")
    table = Table(columns, [[getattr(one, name) for name in columns] for one in findings])
    ok = all(one.state != "problem" for one in findings)
    emit({"ok": ok, "findings": findings}, json=json, tables=[table])
    if not ok:
        raise typer.Exit(NO)


async def _venue(
    name: str, account: str, symbols: list[str], rehearsal: Rehearsal | None
) -> list[Finding]:
    """Ask a venue; what keeps us from asking is a finding too."""
    from ballast.core.errors import UserError
    from ballast.service.doctor.finding import PROBLEM, Finding
    from ballast.service.doctor.venue import venue_findings
    from ballast.venues.clients.venues import venue_named

    found: list[Finding] = []
    keys = None
    try:
        place = venue_named(name)
        try:
            keys = lines.keys_of(place.access.venue, account)
        except UserError as error:
            found.append(Finding("keys", PROBLEM, error.line(), "see `ballast keys list`"))
        line = await lines.opened(place, keys, rehearsal)
    except UserError as error:
        return [*found, Finding("venue reached", PROBLEM, error.line(), "look at the network")]
    try:
        wanted = [one.upper() for one in symbols]
        asked = venue_findings(line, wanted, has_keys=keys is not None)
        return [*found, *[one async for one in asked]]
    finally:
        await line.close()


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
