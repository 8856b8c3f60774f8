"""Exposure of a session as plain values: by symbol, sector, cluster; value at risk of one day.

Computed from the kernel's memory of the node: the same marks, stops and sectors that its limits
read. A value is made once for each state of positions and bars, however often it is looked at.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.time import DAY_MS
from ballast.research.tables import sector_of
from ballast.risk.exposure import (
    Group,
    Held,
    ValueAtRisk,
    clusters_of,
    correlation,
    group_of,
    sectors_of,
    value_at_risk,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.research.assembly import Leg
    from ballast.runtime.node.decider import Decider
    from ballast.runtime.node.node import Node

RISKS = ("var_95", "var_99", "cvar_95", "cvar_99")


class ExposureView:
    """Looks at one session's positions; `legs` say which sector a symbol is of."""

    def __init__(self, legs: Sequence[Leg]) -> None:
        """Prepare; nothing is computed yet."""
        self._sectors = {
            leg.series.bars.symbol: sector_of(leg.series, leg.settings) for leg in legs
        }
        self._key: object = None
        self._found: dict[str, Any] = {}

    def of(self, node: Node) -> dict[str, Any]:
        """Return the exposure of a node as its last close left it; {} before it decides."""
        decider = node.decider
        if decider is None:
            return {}
        live = decider.live
        key = (live.pos.tobytes(), live.spec["last"].tobytes(), float(live.account.equity[0]))
        if key != self._key:
            self._found, self._key = self._made(decider), key
        return self._found

    def _made(self, decider: Decider) -> dict[str, Any]:
        live = decider.live
        equity = float(live.account.equity[0])
        limits = {name: values[0] for name, values in decider.session.limits.items()}
        notional, at_stop = live.exposures()
        held = [
            Held(symbol, self._sectors.get(symbol, ""), float(notional[s]), float(at_stop[s]))
            for symbol, s in decider.places.items()
            if notional[s]
        ]
        windows = {one.symbol: decider.bars(one.symbol) for one in held}
        whole = group_of("all", held)

        def correlated(one: str, other: str) -> bool:
            most, bars = limits["correlation"], int(limits["correlation_bars"])
            if not most:
                return False
            common = _common([windows[one], windows[other]])
            return correlation(common[:, 0], common[:, 1], bars) > most

        clusters = clusters_of(held, correlated)
        return {
            "gross": round(whole.gross, 2),
            "net": round(whole.net, 2),
            "gross_share": _share(whole.gross, equity),
            "net_share": _share(whole.net, equity),
            "at_stop_share": _share(whole.at_stop, equity),
            "symbols": [_position(one, equity) for one in held],
            "sectors": [
                _group(one, equity) | {"of": limits["sector_share"]} for one in sectors_of(held)
            ],
            "clusters": [_group(one, equity) | {"of": limits["cluster_risk"]} for one in clusters],
            "value_at_risk": self._at_risk(decider, held, windows, equity),
        }

    def _at_risk(
        self, decider: Decider, held: Sequence[Held], windows: dict[str, Any], equity: float
    ) -> dict[str, Any] | None:
        """Return value at risk and how it was found; None where nothing is held, or bars lack."""
        if not held:
            return None
        closes = _common([windows[one.symbol] for one in held])
        found = value_at_risk(
            np.array([one.notional for one in held]), closes, DAY_MS / decider.timeframe.ms
        )
        return None if found is None else _risk(found, equity)


def _common(windows: Sequence[Any]) -> Any:  # noqa: ANN401 - an array
    """Return the closes of the bars that all have, a column a symbol, oldest first."""
    ts = reduce(np.intersect1d, [one.ts for one in windows])
    return np.column_stack([one.close[np.isin(one.ts, ts)] for one in windows])


def _position(one: Held, equity: float) -> dict[str, Any]:
    return {
        "symbol": one.symbol,
        "sector": one.sector,
        "notional": round(one.notional, 2),
        "share": _share(one.notional, equity),
        "at_stop_share": _share(one.at_stop, equity),
    }


def _group(one: Group, equity: float) -> dict[str, Any]:
    return {
        "name": one.name,
        "gross_share": _share(one.gross, equity),
        "net_share": _share(one.net, equity),
        "at_stop_share": _share(one.at_stop, equity),
    }


def _risk(found: ValueAtRisk, equity: float) -> dict[str, Any]:
    names = [*RISKS, *(f"{one}_normal" for one in RISKS)]
    shares = {f"{name}_share": _share(getattr(found, name), equity) for name in names}
    plain = {name: round(getattr(found, name), 2) for name in names}
    return {"returns": found.returns, "is_scaled": found.is_scaled, **plain, **shares}


def _share(value: float, equity: float) -> float | None:
    return round(value / equity, 6) if equity > 0.0 else None


def exposure_line(said: dict[str, Any]) -> str:
    """Return one line for a screen; empty where nothing is held."""
    if not said or not said["symbols"]:
        return ""
    parts = [
        f"exposure {said['gross_share'] or 0.0:.1%} gross, {said['net_share'] or 0.0:+.1%} net",
        f"{said['at_stop_share'] or 0.0:.2%} lost at the stops",
    ]
    risk = said["value_at_risk"]
    if risk is not None:
        parts.append(
            f"a day's VaR {risk['var_95_share'] or 0.0:.2%} (95 %), "
            f"{risk['var_99_share'] or 0.0:.2%} (99 %)"
        )
    return "; ".join(parts)
