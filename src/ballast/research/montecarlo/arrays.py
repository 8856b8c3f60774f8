"""Arrays at the door: of one shape, long enough, numbers only. What is unfit is a `DataError`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


def checked_series(values: ArrayLike, *, what: str, least: int) -> Floats:
    """Return `values` as a float64 vector of `least` numbers or more; `what` names it in errors."""
    out = np.ascontiguousarray(values, np.float64)
    if out.ndim != 1:
        raise DataError(f"{what}: {out.ndim} dimensions", expected="one value a period")
    return _checked(out, len(out), what, least, "values")


def checked_matrix(values: ArrayLike, *, what: str, rows: int, least: int) -> Floats:
    """Return `values` as float64 [rows x periods] with enough rows and at least `least` periods."""
    out = np.ascontiguousarray(values, np.float64)
    if out.ndim != 2:  # noqa: PLR2004 - a matrix
        raise DataError(f"{what}: {out.ndim} dimensions", expected="a matrix of trials x periods")
    if out.shape[0] < rows:
        raise DataError(f"{what}: {out.shape[0]} rows", expected=f"{rows} or more")
    return _checked(out, out.shape[1], what, least, "periods")


def _checked(out: Floats, count: int, what: str, least: int, unit: str) -> Floats:
    if count < least:
        raise DataError(f"{what}: too little data, {count} {unit}", expected=f"{least} or more")
    wrong = out.size - int(np.count_nonzero(np.isfinite(out)))
    if wrong:
        raise DataError(
            f"{what}: {wrong} of {out.size} values are not finite numbers",
            fix="repair or cut the data; nothing is filled in",
        )
    return out
