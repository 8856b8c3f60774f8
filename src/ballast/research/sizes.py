"""Sizes: what each entry of a finished run was sized by, as rows for JSON, CSV and a table."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.sized import SIZED
from ballast.core.time import format_ms
from ballast.risk.sizestory import line_of, story_of

if TYPE_CHECKING:
    from ballast.research.result import Result

NAMES = SIZED.names or ()
COLUMNS = ("symbol", "side", "time", *(one for one in NAMES if one not in {"symbol", "side"}))


def size_rows(result: Result) -> list[dict[str, Any]]:
    """Return one dict an entry that was sized, keys `COLUMNS` and `scaled`, in order of decision.

    `reason` is that of the refusal that followed, None where the entry was queued; `cap` names what
    cut the size. Quantities are in base units, `lots` in lots; a cap that is off is None. Bars are
    counted from 0 in the symbol's own bars.
    """
    starts = np.concatenate(([0], np.cumsum([len(one) for one in result.bars])))
    return [_row(result, row, int(starts[int(row["symbol"])])) for row in result.run.sized]


def size_lines(result: Result) -> list[str]:
    """Say each size in a line, in the same order."""
    return [line_of(_numbers(row)) for row in result.run.sized]


def sizes_csv(rows: list[dict[str, Any]]) -> str:
    """Return rows of `size_rows` as CSV with a header; a cap that is off is an empty cell."""
    text = io.StringIO()
    writer = csv.DictWriter(text, (*COLUMNS, "scaled"), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _numbers(row: Any) -> dict[str, float]:  # noqa: ANN401 - a record
    return {name: float(row[name]) for name in NAMES}


def _row(result: Result, row: Any, first: int) -> dict[str, Any]:  # noqa: ANN401 - a record
    found: dict[str, Any] = story_of(_numbers(row))
    found["symbol"] = result.bars[int(row["symbol"])].symbol
    found["side"] = "long" if row["side"] > 0 else "short"
    found["time"] = format_ms(int(row["at_ms"]))
    found["bar"] = int(row["bar"]) - first
    return {name: found[name] for name in (*COLUMNS, "scaled")}
