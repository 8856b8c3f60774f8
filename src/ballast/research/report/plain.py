"""Any result value as plain JSON: dataclasses to objects, numpy to numbers, no NaN, no infinity."""

from __future__ import annotations

import json
import math
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import numpy as np

from ballast.research.result import IF_ANY

SIGNIFICANT = 12
"""Digits kept of derived ledger numbers: beyond them lies the noise of binary fractions."""


def plain(value: Any) -> Any:  # noqa: ANN401, PLR0911 - JSON values are of any type
    """Turn `value` into what `json` prints; a number that is not finite becomes None."""
    if is_dataclass(value) and not isinstance(value, type):
        return {
            each.name: plain(getattr(value, each.name))
            for each in fields(value)
            if not each.metadata.get(IF_ANY) or getattr(value, each.name)
        }
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value.tolist()]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    return str(value)


def tidy(value: float) -> float | None:
    """Round to 12 significant digits; None for what is not finite."""
    return float(f"{value:.{SIGNIFICANT}g}") if math.isfinite(value) else None


def json_text(value: Any) -> str:  # noqa: ANN401 - JSON values are of any type
    """Print plain JSON with sorted keys, one item a line, a newline at the end."""
    text = json.dumps(plain(value), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return text + "\n"
