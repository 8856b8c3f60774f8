"""Writing: what was imported as files of the workspace, all staged before one takes its place.

    strategies/legacy_btcusdt_1h.toml   a strategy for each parameter set
    legacy/parameters.json              where each came from, what was not taken over
    legacy/positions.json               what was held, and the command that takes it over
    legacy/history.json                 purchases and sales, as `ballast status` lists fills
    legacy/trades.csv, trades.parquet   whole trades, columns as `ballast trades --csv`
    legacy/portfolio.json               snapshots of the account
    legacy/summary.json                 files read, counts, sums, remarks

A file of equal content is left alone and one of other content is never replaced unasked, so the
same command again changes nothing. Numbers of JSON documents are texts: exact, as they were read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import localcontext
from typing import TYPE_CHECKING

from ballast.core.errors import DataError
from ballast.service.legacy.documents import (
    history_document,
    parameters_document,
    portfolio_document,
    positions_document,
    summary_document,
)
from ballast.service.legacy.fields import EXACT
from ballast.service.legacy.tables import trades_csv, trades_parquet
from ballast.store.disk import Disk, discard, disk_errors, ensure_folder, stage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ballast.service.legacy.documents import Target
    from ballast.service.legacy.model import Legacy

FOLDER = "legacy"


@dataclass(frozen=True, slots=True)
class Written:
    """What a writing does: files that come anew, and those that are so already."""

    made: tuple[Path, ...]
    same: tuple[Path, ...]


def contents_of(
    legacy: Legacy, target: Target, workspace: Path, strategies: Path
) -> dict[Path, bytes]:
    """Return every file of an import with its content."""
    with localcontext(EXACT):
        return _contents(legacy, target, workspace, strategies)


def _contents(
    legacy: Legacy, target: Target, workspace: Path, strategies: Path
) -> dict[Path, bytes]:
    folder = workspace / FOLDER
    found = {
        strategies / f"{one.strategy.name}.toml": one.strategy.to_toml().encode()
        for one in legacy.parameters
    }
    documents = {
        "parameters": parameters_document(legacy) if legacy.parameters else None,
        "positions": positions_document(legacy, target) if legacy.positions else None,
        "history": history_document(legacy) if legacy.fills else None,
        "portfolio": portfolio_document(legacy) if legacy.portfolios else None,
        "summary": summary_document(legacy, target),
    }
    for name, document in documents.items():
        if document is not None:
            text = json.dumps(document, indent=2, ensure_ascii=False)
            found[folder / f"{name}.json"] = f"{text}\n".encode()
    if legacy.trades:
        found[folder / "trades.csv"] = trades_csv(legacy.trades).encode()
        found[folder / "trades.parquet"] = trades_parquet(legacy.trades)
    return found


def standing_of(contents: Mapping[Path, bytes], *, replace: bool) -> Written:
    """Return what would be written; raise `DataError` where another file is in the way."""
    made, same, other = [], [], []
    for path, content in contents.items():
        if not path.exists():
            made.append(path)
        elif path.is_file() and path.read_bytes() == content:
            same.append(path)
        else:
            other.append(path)
    if other and not replace:
        raise DataError(
            f"{len(other)} files of another import are there, {other[0].name} the first",
            where=str(other[0].parent), expected="none, or the same",
            fix="keep them elsewhere, or --replace",
        )  # fmt: skip
    return Written((*made, *other), tuple(same))


def write_all(
    contents: Mapping[Path, bytes], paths: Sequence[Path], disk: Disk | None = None
) -> None:
    """Give files their content: all staged and synced first, then put in place one by one.

    Whoever is killed between two of the last steps runs the same command again.
    """
    disk = disk or Disk()
    staged: list[tuple[Path, Path]] = []
    try:
        for path in paths:
            with disk_errors(path):
                ensure_folder(disk, path.parent)
                staged.append((stage(disk, path, (contents[path],)), path))
        for temp, path in staged:
            with disk_errors(path):
                disk.replace(temp, path)
        for folder in dict.fromkeys(path.parent for path in paths):
            with disk_errors(folder):
                disk.sync(folder)
    except BaseException:
        discard(disk, [temp for temp, _ in staged])
        raise
