"""`ballast data`: the verbs around candles, funding, trading rules and fees.

Each verb lives in a file of its own beside this one; here they are only put together.
"""

from __future__ import annotations

import typer

from ballast.service.cli import (
    data_books,
    data_check,
    data_depth,
    data_download,
    data_events,
    data_import,
    data_make,
    data_noise,
    data_record,
    data_rules,
    data_show,
    data_synth,
    data_trades,
)

app = typer.Typer(
    help="Import, download, check, show and export market data.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

_PARTS = (
    data_import,
    data_download,
    data_books,
    data_check,
    data_show,
    data_make,
    data_synth,
    data_noise,
    data_record,
    data_rules,
    data_depth,
    data_books,
    data_trades,
    data_events,
)
for part in _PARTS:
    part.register(app)
