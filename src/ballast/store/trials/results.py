"""Results as witnesses: what lies in the results folder says how many trials there must have been.

Folders of runs hold one trial, sweeps and studies hold one a row of their table. What is found
when a ledger begins was tried before it, and is carried as `uncounted`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from ballast.store.trials.heads import ANCHOR, read_file

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.store.trials.chain import Head

RUN_MARK = "SHA256SUMS"
"""A folder with this file is a finished run."""
TABLES = {"sweeps": "sweep.parquet", "optimise": "trials.parquet"}
"""Folder of many searches, and the table each search leaves."""


@dataclass(frozen=True, slots=True)
class Witness:
    """One result: its folder, its id, the trials it shows, the head it was written under."""

    folder: Path
    study: str
    trials: int
    anchor: Head | None


def witnesses(results: Path) -> list[Witness]:
    """Return every finished result under the results folder, sorted by path."""
    if not results.is_dir():
        return []
    runs = [path.parent for path in results.glob(f"*/{RUN_MARK}")]
    found = [Witness(path, path.name, 1, read_file(path / ANCHOR)) for path in runs]
    for home, table in TABLES.items():
        for path in (results / home).glob(f"*/{table}"):
            folder = path.parent
            found.append(Witness(folder, folder.name, _rows(path), read_file(folder / ANCHOR)))
    return sorted(found, key=lambda one: str(one.folder))


def trials_of_results(results: Path) -> int:
    """Count the trials that the results show."""
    return sum(one.trials for one in witnesses(results))


def _rows(table: Path) -> int:
    """Count the rows of a table; one that cannot be read shows at least one."""
    try:
        return int(pq.read_metadata(table).num_rows)
    except (OSError, pa.ArrowInvalid):
        return 1
