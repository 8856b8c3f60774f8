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
    settle_ms: int = setting(
        10_000,
        "A market order that is still open after this is cancelled, looked up and told of; an exit "
        "is then sent again.",
        "R-OMS-18",
        unit="ms",
        low=3_000,
        high=5 * MINUTE_MS,
    )
    slippage_alarm: float = setting(
        0.005,
        "Slippage of an order, against the price at its decision, that a person is told of.",
        "R-COST-08",
        unit="fraction of price",
        low=0.0001,
        high=0.1,
    )
    ack_alarm_ms: int = setting(
        500,
        "Time from a decision to the venue's first word on its order that a person is told of.",
        "R-OMS-27",
        unit="ms",
        low=20,
        high=MINUTE_MS,
    )
