"""Manifest: what a study is, beside its results; which to go on with, which is still good."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from ballast.core.errors import UserError
from ballast.core.hashing import value_hash
from ballast.research.optimise.throttle import is_due
from ballast.store.disk import Disk, replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.research.optimise.request import StudyRequest

HOME, MANIFEST, TABLE = "optimise", "study.json", "trials.parquet"


def write_manifest(folder: Path, request: StudyRequest, name: str) -> None:
    """Say beside the results what is searched."""
    spans = [[span.from_ms, span.to_ms] for span in request.spans()]
    told: dict[str, Any] = {
        "id": name,
        "kin": value_hash(request.kin()),
        "spans": spans,
        "data_to_ms": _end_ms(request),
        **request.identity(),
    }
    text = json.dumps(told, indent=1, sort_keys=True) + "\n"
    replace_file(Disk(), folder / MANIFEST, [text.encode()])


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a study; `UserError` where there is none."""
    try:
        found: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UserError(
            f"no study '{folder.name}'",
            where=str(folder.parent),
            fix="leave --resume out: the same command goes on by itself",
        ) from None
    return found


def check_resumed(folder: Path, request: StudyRequest) -> None:
    """Raise `UserError` unless the study in `folder` is that of the request."""
    known, now = read_manifest(folder), request.identity()
    told = json.loads(json.dumps(now))
    different = [name for name in told if known.get(name) != told[name]]
    if different:
        name = different[0]
        was, is_ = (str(one.get(name))[:60] for one in (known, told))
        raise UserError(
            f"study {folder.name} is of another {name.replace('_', ' ')}: {was}, now {is_}",
            fix="leave --resume out to begin a study of its own",
        )


def too_early(results: Path, request: StudyRequest) -> str | None:
    """Return the id of the study that is still good where it is too early for another (R-BT-18).

    It is the same search over the same candles but for the newest, finished, and `is_due` says no.
    None: optimise.
    """
    kin, own, newest = value_hash(request.kin()), request.id(), _end_ms(request)
    best: tuple[int, str] | None = None
    for path in sorted((results / HOME).glob(f"*/{TABLE}")):
        if path.parent.name == own:
            return None  # the same inputs: this very study goes on, or is done
        told = read_manifest(path.parent)
        if told["kin"] == kin and _is_prefix(told, request) and _is_enough(path, request):
            best = max(best or (0, ""), (int(told["data_to_ms"]), path.parent.name))
    if best is None:
        return None
    due = is_due(
        seen_ms=best[0],
        newest_ms=newest,
        timeframe_ms=request.group[0].bars.timeframe.ms,
        least_ms=request.settings.validation.reoptimise_ms,
    )
    return None if due else best[1]


def _is_prefix(told: dict[str, Any], request: StudyRequest) -> bool:
    """Whether the candles a study knew are those of today, without the newest."""
    for one, (known, _) in zip(request.group, told["data"], strict=True):
        ends = one.bars.ts + one.bars.timeframe.ms
        count = int((ends <= told["data_to_ms"]).sum())
        if one.bars.slice(0, count).fingerprint() != known:
            return False
    return True


def _is_enough(table: Path, request: StudyRequest) -> bool:
    """Whether a study ran what is asked for; the grid of one study is that of the other."""
    return request.method == "grid" or pq.read_metadata(table).num_rows >= request.trials


def _end_ms(request: StudyRequest) -> int:
    return max(int(one.bars.ts[-1]) + one.bars.timeframe.ms for one in request.group)
