"""`ballast show-config`: every effective setting, its bounds, and where it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.service.cli import options
from ballast.service.cli.output import JsonFlag, Table, emit, note, warn

if TYPE_CHECKING:
    from ballast.core.settings import Settings
    from ballast.service.config import Config

app = typer.Typer(add_completion=False)


@app.command("show-config")
def show_config(
    what: Annotated[
        str, typer.Argument(help="A section (risk) or one setting (risk.daily_loss).")
    ] = "",
    changed: Annotated[bool, typer.Option("--changed", help="Only what is not a default.")] = False,
    symbol: Annotated[str, typer.Option(help="As this symbol sees it.")] = "",
    json: JsonFlag = False,
) -> None:
    """Show the effective settings and the origin of every value; secrets stay hidden."""
    config = options.config()
    rows = [row for row in _rows(config, symbol, what) if not changed or row["origin"] != "default"]
    payload = {
        "hash": config.hash,
        "workspace": config.workspace,
        "files": config.files,
        "profiles": config.profiles,
        "dangers": config.dangers,
        "settings": {row["setting"]: row for row in rows},
    }
    columns = ("setting", "value", "unit", "bounds", "origin", "used by")
    emit(
        payload,
        json=json,
        tables=[Table(columns, [[row[name] for name in columns] for row in rows])],
    )
    if len(rows) == 1 and not json:
        note(str(rows[0]["meaning"]))
    if not json:
        for danger in config.dangers:
            warn(danger)
        note(f"hash {config.hash}, workspace {config.workspace}")


def _rows(config: Config, symbol: str, what: str) -> list[dict[str, Any]]:
    from ballast.core.settings import Secret, every_setting, known, rule_of

    section, _, name = what.partition(".")
    if section:
        known(section, name or None)
    settings: Settings = config.for_symbol(symbol)
    rows = []
    for home, item in every_setting():
        if (section and home != section) or (name and item.name != name):
            continue
        rule = rule_of(item)
        value = getattr(getattr(settings, home), item.name)
        origins = config.symbol_origins.get(symbol, {})
        rows.append(
            {
                "setting": f"{home}.{item.name}",
                "value": str(value) if isinstance(value, Secret) else value,
                "unit": rule.unit,
                "bounds": rule.allowed(),
                "origin": origins.get((home, item.name)) or config.origin(home, item.name),
                "used by": rule.used_by,
                "meaning": rule.doc,
                "requirement": rule.requirement,
            }
        )
    return rows
