"""Our indicators held against TA-Lib on any bars, and batch against one-by-one (R-CLI-07).

The tests prove this on chosen data; a user may ask it of their own, where a price of 0.00001 or a
year of five-minute ties find what chosen data does not.

Where conventions differ on purpose is not a difference: rows of a flat market, which have a defined
value here and 0 in TA-Lib, are counted apart. Correlation has no twin: TA-Lib adds to and subtracts
from running sums of squares, and one busy hour leaves noise that is larger than a quiet market.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import DataError
from ballast.features.indicators.registry import Indicator, get, names, talib_indicator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ballast.core.bars import Bars
    from ballast.features.indicators.definition import Params, Vector

    Columns = Mapping[str, Vector]

TOLERANCE = 1e-9
"""Largest difference that is none, relative to the size of the column (R-IND-16)."""
RATIO_TOLERANCE = 1e-6
"""The same for a ratio of two small numbers that are left over from large ones."""
LEAST_BARS = 300
"""With fewer bars the slow indicators have no values to compare."""


@dataclass(frozen=True, slots=True)
class Flat:
    """Rows left out: `name(params)` is exactly `value` there, or was in the last `linger` rows."""

    name: str
    params: Params
    value: float
    linger: int = 0


@dataclass(frozen=True, slots=True)
class Twin:
    """One indicator in both libraries. `outputs` are theirs, in our order; ours times `scale`."""

    name: str
    params: Params
    function: str
    options: Params
    outputs: tuple[int, ...] = (0,)
    scale: float = 1.0
    flat: Flat | None = None
    tolerance: float = TOLERANCE


TWINS: tuple[Twin, ...] = (
    Twin("adx", (14,), "ADX", (14,)),
    Twin("atr", (14,), "ATR", (14,)),
    Twin("bollinger", (20, 2), "BBANDS", (20, 2, 2, 0), (0, 1, 2)),
    Twin("cci", (20,), "CCI", (20,), tolerance=RATIO_TOLERANCE),
    Twin("donchian", (20, 0), "DONCHIAN", (20,), (0, 2, 1)),
    Twin("ema", (20,), "EMA", (20,)),
    Twin("highest", (20,), "MAX", (20,)),
    Twin("lowest", (20,), "MIN", (20,)),
    Twin("macd", (12, 26, 9), "MACD", (12, 26, 9), (0, 1, 2)),
    Twin("mfi", (14,), "MFI", (14,), flat=Flat("mfi", (14,), 50.0), tolerance=RATIO_TOLERANCE),
    Twin("minus_di", (14,), "MINUS_DI", (14,)),
    Twin("momentum_return", (20,), "ROCP", (20,)),
    Twin("natr", (14,), "NATR", (14,)),
    Twin("obv", (), "OBV", ()),
    Twin("percent_rank", (100,), "PERCENTRANK", (100,), scale=100.0),
    Twin("plus_di", (14,), "PLUS_DI", (14,)),
    Twin("psar", (0.02, 0.2), "SAR", (0.02, 0.2)),
    Twin("rma", (14,), "RMA", (14,)),
    Twin("roc", (10,), "ROC", (10,)),
    Twin("rsi", (14,), "RSI", (14,), flat=Flat("rsi", (14,), 50.0)),
    Twin("slope", (14,), "LINEARREG_SLOPE", (14,)),
    Twin("sma", (20,), "SMA", (20,)),
    Twin("stddev", (20, 0), "STDDEV", (20, 1)),
    Twin(
        "stochastic",
        (14, 3, 3),
        "STOCH",
        (14, 3, 0, 3, 0),
        (0, 1),
        flat=Flat("stochastic", (14, 1, 1), 50.0, linger=4),
    ),
    Twin(
        "stochrsi",
        (14, 14),
        "STOCHRSI",
        (14, 14, 1, 0),
        scale=100.0,
        flat=Flat("stochrsi", (14, 14), 0.5),
        tolerance=RATIO_TOLERANCE,
    ),
    Twin(
        "stochrsi_kd",
        (14, 14, 3, 1),
        "STOCHRSI",
        (14, 14, 3, 0),
        (1,),
        scale=100.0,
        flat=Flat("stochrsi", (14, 14), 0.5, linger=2),
        tolerance=RATIO_TOLERANCE,
    ),
    Twin("trix", (9,), "TRIX", (9,)),
    Twin("true_range", (), "TRANGE", ()),
    Twin("volume_sma", (20,), "SMA", (20,)),
    Twin("williams_r", (14,), "WILLR", (14,), flat=Flat("williams_r", (14,), -50.0)),
    Twin("wma", (20,), "WMA", (20,)),
)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How close a twin is. `flat` rows are left out, `unshared` rows have a value on one side."""

    name: str
    params: Params
    function: str
    compared: int
    flat: int
    unshared: int
    error: float
    """Worst difference, relative to the largest value of the column."""
    worst_row: int
    agrees: bool


@dataclass(frozen=True, slots=True)
class Streamed:
    """Whether updates one by one give the bits of the batch; the first row where they do not.

    `rows` counts those with a value, `first_row` from the first bar that was fed.
    """

    name: str
    rows: int
    first_row: int | None

    @property
    def agrees(self) -> bool:
        """Say whether every bit is the same."""
        return self.first_row is None


def against_talib(bars: Bars) -> tuple[Agreement, ...]:
    """Return how every twin compares on these bars; raise `DataError` if they are too few."""
    if len(bars) < LEAST_BARS:
        raise DataError(
            f"{len(bars)} bars", where=bars.name, expected=f"at least {LEAST_BARS} to compare"
        )
    columns = columns_of(bars)
    return tuple(compare(twin, columns) for twin in TWINS)


def compare(twin: Twin, columns: Columns) -> Agreement:
    """Return how one twin compares on named columns."""
    own = get(twin.name)
    inputs = tuple(columns[key] for key in own.inputs)
    ours = own.compute(inputs, twin.params)
    theirs = talib_indicator(twin.function).compute(inputs, twin.options)
    flat = _flat_rows(twin.flat, columns) if twin.flat else np.zeros(ours[0].size, bool)
    unshared, worst = np.zeros(flat.size, bool), np.zeros(flat.size)
    for column, at in zip(ours, twin.outputs, strict=False):
        other = theirs[at]
        unshared |= np.isnan(column) != np.isnan(other)
        gap = np.abs(np.where(flat, np.nan, twin.scale * column - other))
        size = np.nanmax(np.abs(other), initial=0.0)
        worst = np.fmax(worst, gap / size if size > 0.0 else gap)
    error = float(worst.max())
    return Agreement(
        name=twin.name,
        params=twin.params,
        function=twin.function,
        compared=int(np.sum(~np.isnan(ours[0]) & ~flat)),
        flat=int(flat.sum()),
        unshared=int(unshared.sum()),
        error=error,
        worst_row=int(worst.argmax()),
        agrees=error <= twin.tolerance and not unshared.any(),
    )


def batch_and_stream(bars: Bars, rows: int) -> tuple[Streamed, ...]:
    """Feed bars one by one to every own indicator until it gave `rows` values; compare the bits.

    An update sees only what came before it, so equality also shows that no value of the batch uses
    a later bar or changes when one arrives.
    """
    columns = columns_of(bars)
    found = []
    for indicator in map(get, names()):
        # With its warm-up in front: an indicator that says nothing agrees with everything.
        fed = rows + indicator.warmup(indicator.bind())
        tail = {key: column[-fed:] for key, column in columns.items()}
        found.append(streamed(indicator, tail))
    return tuple(found)


def streamed(indicator: Indicator, columns: Columns) -> Streamed:
    """Compare one indicator at its defaults, on named columns."""
    params = indicator.bind()
    inputs = tuple(columns[key] for key in indicator.inputs)
    whole = np.array(indicator.compute(inputs, params))
    stream = indicator.stream(params)
    rows = zip(*(column.tolist() for column in inputs), strict=True)
    single = np.array([stream.update(*row) for row in rows]).T
    differs = (whole.view(np.int64) != single.view(np.int64)).any(axis=0)
    first = int(differs.argmax()) if differs.any() else None
    return Streamed(indicator.name, int((~np.isnan(whole[0])).sum()), first)


def columns_of(bars: Bars) -> dict[str, Vector]:
    """Return every series an indicator may ask for; `series` is the close, `other` the volume."""
    own = {key: getattr(bars, key) for key in ("open", "high", "low", "close", "volume")}
    return {**own, "series": bars.close, "other": bars.volume, "ts": bars.ts.astype(np.float64)}


def _flat_rows(flat: Flat, columns: Columns) -> NDArray[np.bool_]:
    """Return the rows whose value comes, in part, from a market that did not move."""
    own = get(flat.name)
    raw = own.compute(tuple(columns[key] for key in own.inputs), flat.params)[0]
    still: NDArray[np.bool_] = raw == flat.value
    lingering = still.copy()
    for step in range(1, flat.linger + 1):
        lingering[step:] |= still[:-step]
    return lingering
