"""Heads outside the ledger: the file beside it, and one in the folder of each result.

A head is 60 bytes that a person can copy anywhere: `12 4123 5f0c...` in JSON. The head beside the
ledger is meant to be committed with the strategies; the ledger itself is not.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from ballast.core.errors import DataError
from ballast.store.disk import Disk, replace_file
from ballast.store.trials.chain import Head

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".head"
ANCHOR = "ledger.json"
"""Name of the head in a result folder; not part of the result's sums, it may differ."""


def head_path(ledger: Path) -> Path:
    """Return the file of the head of a ledger."""
    return ledger.with_suffix(SUFFIX)


def read(ledger: Path) -> Head | None:
    """Return the head beside the ledger; None where there is none."""
    return read_file(head_path(ledger))


def read_file(path: Path) -> Head | None:
    """Return the head in a file; `DataError` where the file is something else."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return Head(int(told["seq"]), int(told["trials"]), str(told["hash"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            "is not the head of a trial ledger",
            where=str(path),
            expected='{"seq": .., "trials": .., "hash": ".."}',
            fix="bring it back from a copy, or move it away",
        ) from error


def write(ledger: Path, head: Head) -> None:
    """Write the head beside the ledger, whole or not at all."""
    write_file(head_path(ledger), head)


def leave(folder: Path, head: Head) -> None:
    """Write the head into the folder of a result, if none lies there from an earlier run of it."""
    if not (folder / ANCHOR).exists():
        write_file(folder / ANCHOR, head)


def write_file(path: Path, head: Head) -> None:
    """Write a head into a file, whole or not at all."""
    replace_file(Disk(), path, [(json.dumps(asdict(head)) + "\n").encode()])
