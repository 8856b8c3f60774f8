"""Settings of how orders are sent: entries in slices, and how long an order may take."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from ballast.core.settings.rule import setting as any_setting

setting = partial(any_setting, used_by="live")
MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class OrderSettings:
    """How entries are sent. Stops and exits are always sent whole."""

    slice_share: float = setting(
        0.002,
        "An entry larger than this share of the mean volume of 20 bars is sent in slices of at "
        "most that size, one after the other; 0 sends every entry whole.",
        "R-COST-07, R-COST-12, R-OMS-08",
        unit="fraction of volume",
        low=0.0001,
        high=1.0,
        off=True,
    )
    slice_interval_ms: int = setting(
        15_000,
        "Least time between two slices of an entry.",
        "R-OMS-08",
        unit="ms",
        low=5_000,
        high=10 * MINUTE_MS,
    )
    slices_max: int = setting(
        10,
        "Most slices of an entry: a larger entry is sent in larger slices.",
        "R-OMS-08",
        unit="slices",
        low=1,
        high=20,
    )
