"""`ballast config`: the schema of the settings file, the profiles, a check."""

from __future__ import annotations

import typer

from ballast.service.cli import options
from ballast.service.cli.output import JsonFlag, emit, say, to_json, warn

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The settings file.")


@app.command()
def schema(json: JsonFlag = True) -> None:  # noqa: ARG001 - a schema is JSON either way
    """Print the JSON Schema of `ballast.toml`, for editors."""
    from ballast.service.config import json_schema

    say(to_json(json_schema()))


@app.command()
def profiles(json: JsonFlag = False) -> None:
    """List the built-in profiles and what they set."""
    from ballast.service.config.profiles import ABOUT, BUILT_IN

    rows = [
        {
            "profile": name,
            "about": ABOUT[name],
            "sets": ", ".join(
                f"{section}.{item} = {value}"
                for section, items in BUILT_IN[name].items()
                for item, value in items.items()
            ),
        }
        for name in BUILT_IN
    ]
    emit(rows, json=json)


@app.command()
def check(json: JsonFlag = False) -> None:
    """Check the settings; exit 0 and print their hash, or say what is wrong and exit 2."""
    config = options.config()
    if not json:
        for danger in config.dangers:
            warn(danger)
    emit(
        {
            "settings": "valid",
            "mode": config.settings.engine.mode,
            "hash": config.hash,
            "files": config.files,
            "profiles": config.profiles,
            **({"dangers": config.dangers} if json else {}),
        },
        json=json,
    )
