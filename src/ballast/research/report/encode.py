"""Arrays as small JSON: rounded numbers, times as steps, detail bars as packed text."""

from __future__ import annotations

import base64
import math
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ballast.research.metrics.series import Floats, Ints

DIGITS = 7
"""Significant digits of a plotted number: a screen shows three or four."""


def rounded(values: Iterable[float], digits: int = DIGITS) -> list[float | int | None]:
    """Round for plotting; None for NaN; whole numbers without a decimal point."""
    return [_short(value, digits) for value in values]


def _short(value: float, digits: int) -> float | int | None:
    if not math.isfinite(value):
        return None
    short = float(f"{value:.{digits}g}")
    return int(short) if short.is_integer() else short


def times(at_ms: Ints) -> dict[str, Any]:
    """Return rising times as `{start, step, gaps}`: time i is start + step * sum(gaps[:i]).

    `gaps` is the plain count where all steps are equal.
    """
    if len(at_ms) == 0:
        return {"start": 0, "step": 1, "gaps": []}
    gaps = np.diff(at_ms)
    step = int(np.gcd.reduce(gaps)) if len(gaps) else 1
    step = step or 1
    counts = (gaps // step).tolist()
    even = all(count == 1 for count in counts)
    return {"start": int(at_ms[0]), "step": step, "gaps": len(counts) if even else counts}


def packed(columns: list[Ints]) -> str:
    """Pack integer columns of one length: differences, split by byte, deflated, base64.

    Neighbouring bars differ little, so the high bytes of the differences are nearly all equal and
    vanish in the compression. The page undoes it with the browser's own DecompressionStream.
    """
    parts = []
    for column in columns:
        steps = np.diff(column, prepend=np.int64(0)).astype("<i4")
        parts.append(steps.view(np.uint8).reshape(-1, 4).T.tobytes())
    return base64.b64encode(zlib.compress(b"".join(parts), 9)).decode()


def quantum(values: Floats, tick: float) -> float:
    """Return the price step for plotting: a power of ten, six digits below the highest price.

    Never finer than needed to tell ticks apart.
    """
    highest = float(np.max(values)) if len(values) else 1.0
    scale = 10.0 ** (math.floor(math.log10(highest)) - DIGITS + 2) if highest > 0 else 1.0
    finest = 10.0 ** math.floor(math.log10(tick)) if tick > 0 else scale
    return max(scale, finest)
