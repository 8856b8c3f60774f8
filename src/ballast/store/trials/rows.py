"""Rows: what a trial is, and what of it is kept.

A trial is one look at one set of parameters: the idea (family and body of the strategy), every
parameter value, the data, the period, the timeframe and the settings. The same look twice is one
trial; its key says so, whoever looked: a backtest, a row of a sweep or an optimiser. The code
version is not part of the key: another version of Ballast does not make a second idea.

Of the returns a sketch is kept: simple daily returns summed over blocks of 28 days that are counted
from 1970-01-01, as float32. So streams of different runs line up, and a trial takes at most a
kilobyte whatever its length.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.errors import InternalError
from ballast.core.hashing import canonical_json

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FIGURES = ("sharpe", "trades", "total_return", "skew", "kurtosis", "days")
"""What is kept of a result: Sharpe per day (not annualised), raw kurtosis (3 for a normal)."""
BLOCKS_MAX = 256
"""Twenty years; of a longer run the last twenty are kept, so a sketch never passes a kilobyte."""
KEY_BYTES = 16


class Kind(StrEnum):
    """Who looked."""

    BACKTEST = "backtest"
    SWEEP = "sweep"
    OPTIMISE = "optimise"
    WALKFORWARD = "walkforward"
    STRESS = "stress"  # of the chosen point and its neighbours; attacks too
    CERTIFY = "certify"


class State(IntEnum):
    """How one number of a study ended. The values are stored and never change."""

    DONE = 1
    PRUNED = 2  # left after some folds: counted as a trial all the same
    REFUSED = 3  # broke the strategy's rules: nothing was run, nothing is counted


@dataclass(frozen=True, slots=True)
class Scope:
    """What the trials of one batch share; `names` are the parameters, sorted."""

    kind: Kind
    study: str  # id of the run, the sweep or the study
    strategy: str
    family: str
    body: str
    data: str  # hash of the bars and of what a run reads beside them
    market: str  # venue and symbols, for people and for `count(market=...)`
    timeframe: str
    from_ms: int
    to_ms: int
    settings: str
    code_version: str
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        """Raise `InternalError` on names out of order: keys would differ for one trial."""
        if list(self.names) != sorted(set(self.names)):
            raise InternalError(f"parameter names {self.names} are not sorted")

    def prefix(self) -> bytes:
        """Return the part of a key that all trials of the scope share."""
        told = asdict(self)
        for name in ("kind", "study", "strategy", "market", "code_version"):
            told.pop(name)
        return canonical_json(told).encode()


@dataclass(frozen=True, slots=True)
class TrialBatch:
    """Trials of one scope: one row each of `values`, `figures` and `sketches`.

    `values` is [n, parameters], `figures` [n, FIGURES] with NaN for what is not defined, `sketches`
    [n, blocks] float32 from block number `first_block` on.
    """

    scope: Scope
    values: Floats
    figures: Floats
    sketches: NDArray[np.float32]
    first_block: int

    def __post_init__(self) -> None:
        """Raise `InternalError` on arrays that do not fit together."""
        count = len(self.values)
        shapes = (self.values.shape, self.figures.shape, self.sketches.shape[:1])
        wanted = ((count, len(self.scope.names)), (count, len(FIGURES)), (count,))
        if shapes != wanted or self.sketches.shape[1] > BLOCKS_MAX:
            raise InternalError(f"trial arrays of shapes {shapes}, expected {wanted}")
        if not np.isfinite(self.values).all():
            raise InternalError("a trial with a parameter that is not a number")

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.values)

    def keys(self) -> list[bytes]:
        """Return the key of each row."""
        base = hashlib.blake2b(self.scope.prefix(), digest_size=KEY_BYTES)
        found = []
        for row in plain(self.values):
            one = base.copy()
            one.update(row.tobytes())
            found.append(one.digest())
        return found


@dataclass(frozen=True, slots=True)
class Outcome:
    """How number `number` of a study ended; `row` is its place in the batch, None if refused.

    `values` and `words` are whatever the optimiser must know to go on (objectives, fold scores).
    """

    number: int
    state: State
    row: int | None
    values: tuple[float, ...] = ()
    words: str = ""


@dataclass(frozen=True, slots=True)
class Sketches:
    """Return streams of many trials on one calendar: NaN where a trial did not run."""

    first_block: int
    values: NDArray[np.float32]  # [trials, blocks]

    def filled(self) -> NDArray[np.float32]:
        """Return the matrix with 0 (flat) where a trial did not run."""
        return np.nan_to_num(self.values, nan=0.0)


def plain(values: Any) -> Floats:  # noqa: ANN401 - anything array-like
    """Return float64 with one NaN and no negative zero: equal numbers have equal bytes."""
    found = np.ascontiguousarray(values, np.float64) + 0.0
    found[np.isnan(found)] = np.nan
    return found


def join_sketches(parts: list[tuple[int, NDArray[np.float32]]], blocks_max: int) -> Sketches:
    """Put sketches of one row each on one calendar, the last `blocks_max` blocks of it."""
    if not parts:
        return Sketches(0, np.zeros((0, 0), np.float32))
    end = max(first + len(row) for first, row in parts)
    first_block = max(min(first for first, _ in parts), end - blocks_max)
    values = np.full((len(parts), end - first_block), np.nan, np.float32)
    for at, (first, row) in enumerate(parts):
        kept = row[max(first_block - first, 0) :]
        start = max(first - first_block, 0)
        values[at, start : start + len(kept)] = kept
    return Sketches(first_block, values)
