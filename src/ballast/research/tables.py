"""Tables: the data of a run as flat arrays, which do not depend on its strategy.

Prices, rules, fees, fundings, leverage tiers, depth and finer bars of all symbols: computed once
for a run, or once for a whole sweep.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.errors import ConfigError
from ballast.core.instrument import Kind
from ballast.core.records import DEPTH, FEE, FUNDING, SPEC, TIER, FeeAsset
from ballast.research.hands import flat_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ballast.core.settings import Settings
    from ballast.research.series import Series

    Floats = NDArray[np.float64]

NO_INTS: Any = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Tables:
    """What of a `Market` does not depend on the strategy: computed once for a whole sweep."""

    prices: dict[str, NDArray[Any]]  # ts, open … mark_close, flat over symbols
    spec: Any
    funding: Any
    fees: Any
    tiers: Any
    depth: Any
    fine_first: NDArray[np.int64]
    fine: Floats


def records(dtype: np.dtype[np.void], count: int) -> Any:  # noqa: ANN401 - a recarray
    """Return zeroed rows with attribute access."""
    return np.zeros(count, dtype).view(np.recarray)


def tables_of(series: Sequence[Series], settings: Sequence[Settings]) -> Tables:
    """Flatten the data of all symbols; raise `ConfigError` where costs need what is not there."""
    spec = records(SPEC, len(series))
    fees, tiers, depth = ([] for _ in range(3))  # type: ignore[var-annotated]
    funding: list[NDArray[np.void]] = []
    first = fund_first = 0
    clusters: dict[str, int] = {}
    for row, one, chosen in zip(spec, series, settings, strict=True):
        _spec_rules(row, one, chosen, clusters)
        _check_ladder(one, chosen)
        row.first, row.last = first, first + len(one.bars)
        first += len(one.bars)
        funding.append(_funding(one))
        row.fund_first = fund_first
        row.fund_last = fund_first = fund_first + len(funding[-1])
        for name, rows, part in (
            ("fee", fees, [(rate.from_ms, rate.maker, rate.taker) for rate in one.rules.fees]),
            ("tier", tiers, _tiers(one)),
            ("depth", depth, one.depth.tolist()),
        ):
            row[f"{name}_first"] = len(rows)
            rows.extend(part)
            row[f"{name}_last"] = len(rows)
    prices = _prices(series)
    fine_first, fine = _fine(series)
    return Tables(
        prices=prices,
        spec=spec,
        funding=np.ascontiguousarray(np.concatenate(funding)).view(np.recarray),
        fees=np.array(fees, FEE).view(np.recarray),
        tiers=np.array(tiers, TIER).view(np.recarray),
        depth=np.array(depth, DEPTH).view(np.recarray),
        fine_first=fine_first,
        fine=fine,
    )


def _spec_rules(row: Any, one: Series, settings: Settings, clusters: dict[str, int]) -> None:  # noqa: ANN401
    rules, costs = one.rules, settings.costs
    tick_num, tick_den = rules.tick.as_integer_ratio()
    lot_num, lot_den = rules.lot.as_integer_ratio()
    row.tick_num, row.tick_den, row.lot_num, row.lot_den = tick_num, tick_den, lot_num, lot_den
    row.min_lots = int((rules.min_qty / rules.lot).to_integral_value(ROUND_CEILING))
    row.max_lots = int(rules.max_qty // rules.lot)
    row.min_notional = float(rules.min_notional)
    row.perpetual = rules.kind is Kind.PERPETUAL
    sector = sector_of(one, settings)
    row.cluster = clusters.setdefault(sector, len(clusters)) if sector else -1
    row.timeframe_ms = one.bars.timeframe.ms
    end_ms = int(one.bars.ts[-1]) + one.bars.timeframe.ms
    row.delisted = rules.delisted_ms is not None and rules.delisted_ms <= end_ms
    row.fee_asset = FeeAsset[costs.fee_asset.upper()]
    row.has_mark = one.mark is not None
    for name in (
        "fee_discount", "maker", "taker", "slip_fraction", "half_spread", "slip_vol",
        "slip_impact", "slip_stop_multiple", "slip_book", "participation", "liquidation_fee",
    ):  # fmt: skip
        row[name] = getattr(costs, name)


def sector_of(one: Series, settings: Settings) -> str:
    """Return the sector of a symbol: that of its settings, else its first tag; empty: none.

    Tags with a colon are a venue's remarks (`status:BREAK`): they relate nothing.
    """
    plain = (tag for tag in one.rules.tags if ":" not in tag)
    return settings.sizing.sector or next(plain, "")


def _check_ladder(one: Series, settings: Settings) -> None:
    """Refuse to walk a book that is not there: it would cost nothing."""
    if settings.costs.slip_book and not len(one.depth):
        bars = one.bars
        raise ConfigError(
            f"costs.slip_book is on, and no order book of {bars.symbol} is stored",
            where=f"{bars.venue}-{bars.symbol}",
            fix=f"`ballast data depth import FILE --venue {bars.venue} --symbol {bars.symbol}` "
            "adds one, costs.slip_book = false goes without",
        )


def _tiers(one: Series) -> list[tuple[float, ...]]:
    return [
        (tier.floor, tier.cap, tier.max_leverage, tier.maintenance, tier.deduction)
        for tier in one.rules.tiers
    ]


def _funding(one: Series) -> NDArray[np.void]:
    """Return fundings with a mark price each: stored, else of the mark candles, else of the bars.

    A candle knows no price inside it: its open stands for it, and in a gap the close before.
    """
    rows = one.funding
    if not len(rows) or one.rules.kind is not Kind.PERPETUAL:
        return np.zeros(0, FUNDING)
    prices = one.mark if one.mark is not None and len(one.mark) else one.bars
    at = np.searchsorted(prices.ts, rows["at_ms"], side="right") - 1
    known = at >= 0
    place = np.maximum(at, 0)
    inside = rows["at_ms"] < prices.ts[place] + prices.timeframe.ms
    price = np.where(inside, prices.open[place], prices.close[place])
    found = np.zeros(len(rows), FUNDING)
    found["at_ms"], found["rate"] = rows["at_ms"], rows["rate"]
    found["mark"] = np.where(np.isnan(rows["mark"]) | (rows["mark"] <= 0.0), price, rows["mark"])
    return found[known]


def _prices(series: Sequence[Series]) -> dict[str, NDArray[Any]]:
    """Return the per-bar arrays; one symbol's are views of its bars."""
    names = ("ts", "open", "high", "low", "close", "volume")
    parts = {name: [getattr(one.bars, name) for one in series] for name in names}
    has_mark = any(one.mark is not None for one in series)
    prices = ("high", "low", "close")
    if has_mark:
        parts |= {f"mark_{name}": [_mark(one, name) for one in series] for name in prices}
    found: dict[str, NDArray[Any]] = flat_columns(parts)
    if not has_mark:
        found |= {f"mark_{name}": found[name] for name in prices}
    return found


def _mark(one: Series, name: str) -> Floats:
    """Return a mark column on the bars' own rows; last prices where no mark candle exists."""
    own: Floats = getattr(one.bars, name)
    if one.mark is None or not len(one.mark):
        return own
    if np.array_equal(one.mark.ts, one.bars.ts):  # no need to look for each bar's own
        same: Floats = getattr(one.mark, name)
        return same
    at = np.minimum(np.searchsorted(one.mark.ts, one.bars.ts), len(one.mark) - 1)
    found: Floats = np.where(one.mark.ts[at] == one.bars.ts, getattr(one.mark, name)[at], own)
    return found


def _fine(series: Sequence[Series]) -> tuple[NDArray[np.int64], Floats]:
    """Return where each bar's finer bars start, and the finer bars as rows o, h, l, c, v."""
    if all(one.fine is None for one in series):
        return NO_INTS, np.zeros((5, 0))
    starts: list[NDArray[np.int64]] = []
    parts: list[Floats] = []
    total = 0
    for one in series:
        fine = one.fine
        if fine is None or not len(fine):
            starts.append(np.full(len(one.bars), total, np.int64))
            continue
        # A hole in the bars must not hand its fine bars to the bar before it.
        inside = np.searchsorted(one.bars.ts, fine.ts, side="right") - 1
        owner = one.bars.ts[np.maximum(inside, 0)]
        keep = (inside >= 0) & (fine.ts < owner + one.bars.timeframe.ms)
        ts = fine.ts[keep]
        starts.append(np.searchsorted(ts, one.bars.ts).astype(np.int64) + total)
        columns = (fine.open, fine.high, fine.low, fine.close, fine.volume)
        parts.append(np.stack([column[keep] for column in columns]))
        total += len(ts)
    first = np.concatenate([*starts, np.array([total], np.int64)])
    return first, np.ascontiguousarray(np.concatenate(parts, axis=1))
