"""From the flat arrays of a Market to plain Python bars and symbols."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ballast.core.records import Signal
from tests.oracle.state import DAY_MS, Account, Bar, Symbol, World

if TYPE_CHECKING:
    from ballast.kernel.market import Market


def _row(record: Any) -> Any:
    """Copy a numpy record to plain attributes."""
    return SimpleNamespace(**{name: record[name].tolist() for name in record.dtype.names})


def _bars(market: Market, spec: Any) -> list[Bar]:
    cut = slice(spec.first, spec.last)

    def column(values: Any, default: float) -> list[float]:
        return values[cut].tolist() if len(values) else [default] * (spec.last - spec.first)

    fine = market.fine.T.tolist()
    edges = market.fine_first.tolist()
    return [
        Bar(
            i,
            ts,
            ts + spec.timeframe_ms,
            *prices,
            Signal(bits & 63),
            *columns,
            fine=tuple(tuple(f) for f in fine[edges[i] : edges[i + 1]]) if edges else (),
        )
        for i, ts, prices, bits, columns in zip(
            range(spec.first, spec.last),
            market.ts[cut].tolist(),
            zip(
                *(
                    a[cut].tolist()
                    for a in (
                        market.open,
                        market.high,
                        market.low,
                        market.close,
                        market.volume,
                        market.mark_high,
                        market.mark_low,
                        market.mark_close,
                    )
                ),
                strict=True,
            ),
            market.signals[cut].tolist(),
            zip(
                column(market.atr, math.nan),
                column(market.stop, math.nan),
                column(market.confidence, 1.0),
                column(market.floor, 0.0),
                column(market.volatility, 0.0),
                column(market.sigma, 0.0),
                column(market.quote_volume, 0.0),
                strict=True,
            ),
            strict=True,
        )
    ]


def load(market: Market, cash: float) -> World:
    """Copy a Market into plain Python."""
    symbols = []
    for index, (spec, plan) in enumerate(
        zip(map(_row, market.spec), map(_row, market.plan), strict=True)
    ):
        symbols.append(
            Symbol(
                index,
                spec,
                plan,
                _bars(market, spec),
                [tuple(r) for r in market.funding[spec.fund_first : spec.fund_last].tolist()],
                [tuple(r) for r in market.fees[spec.fee_first : spec.fee_last].tolist()],
                [_row(r) for r in market.tiers[spec.tier_first : spec.tier_last]],
                [tuple(r) for r in market.depth[spec.depth_first : spec.depth_last].tolist()],
            )
        )
    world = World(symbols, _row(market.limits[0]), Account(cash, cash, cash, 0, cash))
    world.clock_ms = sorted({bar.close_ms for sym in symbols for bar in sym.bars})
    world.account.day = (world.clock_ms[0] - 1) // DAY_MS
    return world
