"""Results on disk: one folder a run, from which it can be shown, reported and compared again.

    results/<run_id>/card.json     who, what, when; instruments, series, notes
                     result.json   every figure and trade, for programs
                     trades.csv    the ledger, for spreadsheets
                     *.parquet     the arrays of the run and the bars it traded
                     SHA256SUMS    hash of each file, as `sha256sum -c` reads it

The same result gives the same bytes in every file, so two runs are equal if their `SHA256SUMS` are.
A folder appears whole or not at all: it is written beside its place and renamed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ballast.core.errors import DataError, UserError, suggest
from ballast.research.archive import (
    card_document,
    read_result,
    result_tables,
    table_bytes,
)
from ballast.research.assignment import labels_of
from ballast.research.metrics import summary
from ballast.research.report.document import result_json
from ballast.research.report.ledger import trades_csv
from ballast.research.report.plain import json_text
from ballast.research.report.words import day
from ballast.store.disk import Disk

if TYPE_CHECKING:
    from ballast.research.metrics import Summary
    from ballast.research.result import Result

CARD, DOCUMENT, TRADES, SUMS = "card.json", "result.json", "trades.csv", "SHA256SUMS"
REPORT = "report.html"
"""A view, written on demand, not part of the sums: it also depends on the plotting library."""
LAST = "last"
_SAFE_NAME = re.compile(r"^[0-9A-Za-z][0-9A-Za-z._-]{0,127}$")
PREFIX_MIN = 4  # shorter prefixes of a run id are more likely a typing error than a choice


@dataclass(frozen=True, slots=True)
class Stored:
    """A result as it lies on disk, checked against its sums."""

    path: Path
    result: Result
    sums: dict[str, str]

    def summary(self) -> Summary:
        """Compute the figures again, from the arrays."""
        return summary(self.result)


def save(result: Result, folder: Path) -> Path:
    """Write `folder/<run_id>` atomically and return it.

    The same result twice leaves the first as it is, but for its time: it is the `last` run again.
    Another result of the same id replaces it.
    """
    name = result.card.run_id
    if not _SAFE_NAME.match(name):
        raise UserError(f"'{name}' cannot name a folder", where="run id")
    target = folder / name
    files = result_files(result)
    if target.is_dir() and _read_sums(target) == sums_of(files):
        os.utime(target / SUMS)
        return target
    folder.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".saving-", dir=folder))
    try:
        draft.chmod(0o755)  # mkdtemp makes it private; results are as open as their folder
        for each, data in files.items():
            _write(draft / each, data)
        Disk().sync(draft)
        _swap(draft, target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    Disk().sync(folder)
    return target


def result_files(result: Result) -> dict[str, bytes]:
    """Return every file of a result folder by name, the sums included; pure."""
    files = {
        CARD: json_text(card_document(result)).encode(),
        DOCUMENT: result_json(result, summary(result)).encode(),
        TRADES: trades_csv(result).encode(),
    }
    files |= {
        f"{name}.parquet": table_bytes(table) for name, table in result_tables(result).items()
    }
    lines = [f"{digest}  {name}\n" for name, digest in sorted(sums_of(files).items())]
    return files | {SUMS: "".join(lines).encode()}


def load(path: Path) -> Stored:
    """Read a result folder; `DataError` if a file is missing, damaged or of another version."""
    sums = _read_sums(path)
    if not sums:
        raise DataError(
            "this folder holds no result",
            where=str(path),
            expected=f"a folder with {SUMS}",
            fix="name a run id, or a folder that `ballast backtest` wrote",
        )
    for name, digest in sums.items():
        file = path / name
        if not file.is_file() or _digest(file.read_bytes()) != digest:
            word = "is damaged" if file.is_file() else "is missing"
            raise DataError(f"{name} {word}", where=str(path), fix="run the backtest again")
    card = json.loads((path / CARD).read_text("utf-8"))
    return Stored(path, read_result(card, path), sums)


def find(root: Path, name: str) -> Path:
    """Return the folder of a run: a path, a run id, the start of one, or `last` (newest)."""
    if (Path(name) / SUMS).is_file():
        return Path(name)
    known = runs(root)
    if name == LAST and known:
        return known[-1]
    exact = [path for path in known if path.name == name]
    starts = [path for path in known if path.name.startswith(name) and len(name) >= PREFIX_MIN]
    if len(exact or starts) == 1:
        return (exact or starts)[0]
    if len(starts) > 1:
        raise UserError(f"'{name}' is the start of {len(starts)} run ids", fix="write more of it")
    hint = suggest(name, [path.name for path in known])
    fix = hint or (f"the newest is {known[-1].name}" if known else "run `ballast backtest` first")
    raise UserError(f"no run '{name}'", where=str(root), fix=fix)


def runs(root: Path) -> list[Path]:
    """Return the result folders under `root`, oldest first."""
    found = [path for path in root.glob("*") if (path / SUMS).is_file()] if root.is_dir() else []
    return sorted(found, key=lambda path: ((path / SUMS).stat().st_mtime_ns, path.name))


def index(root: Path) -> list[dict[str, Any]]:
    """Return one line a run under `root`, oldest first, for lists of runs."""
    return [_line(path) for path in runs(root)]


def _line(path: Path) -> dict[str, Any]:
    try:
        document = json.loads((path / DOCUMENT).read_text("utf-8"))
    except (OSError, ValueError) as error:
        fix = "run the backtest again, or remove the folder"
        raise DataError(f"{DOCUMENT} cannot be read", where=str(path), fix=fix) from error
    card, found = document["card"], document["summary"]
    return {
        "run": path.name,
        "strategy": " + ".join(
            labels_of([one["strategy"] for one in (card, *card.get("others", ()))])
        ),
        "symbols": ", ".join(
            f"{each['symbol']} {each['timeframe']}" for each in document["series"]
        ),
        "from": day(found["account"]["from_ms"]),
        "to": day(found["account"]["to_ms"]),
        "return": found["returns"]["total"],
        "drawdown": found["drawdown"]["max"],
        "sharpe": found["returns"]["sharpe"],
        "trades": found["trades"]["count"],
        "path": str(path),
    }


def _swap(draft: Path, target: Path) -> None:
    if not target.exists():
        draft.replace(target)
        return
    old = Path(tempfile.mkdtemp(prefix=".replaced-", dir=target.parent))
    target.replace(old / target.name)  # into it: Windows puts nothing in the place of a folder
    draft.replace(target)
    shutil.rmtree(old, ignore_errors=True)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def sums_of(files: dict[str, bytes]) -> dict[str, str]:
    """Return the SHA-256 of every file but the list of sums itself."""
    return {name: _digest(data) for name, data in files.items() if name != SUMS}


def _read_sums(path: Path) -> dict[str, str]:
    file = path / SUMS
    lines: Any = file.read_text("utf-8").splitlines() if file.is_file() else []
    pairs = [line.split("  ", 1) for line in lines]
    return {name: digest for digest, name in (pair for pair in pairs if len(pair) == 2)}  # noqa: PLR2004
