"""The data behind the charts of the page, as small as the eye allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.reasons import Exit, label
from ballast.core.time import DAY_MS
from ballast.research.metrics.curves import daily_curve, equity_curve, hold_at_closes
from ballast.research.metrics.drawdown import underwater
from ballast.research.metrics.rolling import rolling_sharpe, rolling_volatility
from ballast.research.metrics.units import quantities, trade_returns
from ballast.research.report.candles import details, overview
from ballast.research.report.downsample import extreme_rows
from ballast.research.report.encode import rounded, times

if TYPE_CHECKING:
    from ballast.research.metrics import Summary
    from ballast.research.metrics.series import Floats, Ints
    from ballast.research.result import Result

ROLLING_DAYS = 90
HISTOGRAM_BINS = 61  # odd: one bin in the middle holds the days without a change


def page_data(result: Result, found: Summary) -> dict[str, Any]:
    """Return everything the page draws; plain, finite, the same for the same result."""
    packed, has = details(result)
    return {
        "symbols": [bars.symbol for bars in result.bars],
        "tags": list(result.strategies if result.card.others else result.tags),
        "quote": result.instruments[0].quote if result.instruments else "",
        "equity": _equity(result),
        "exposure": _exposure(result),
        "rolling": _rolling(result),
        "histogram": histogram(daily_curve(result).returns),
        "years": [[row.year, _pct(row.change), _pct(row.max_drawdown)] for row in found.years],
        "weekdays": _groups(found.weekdays),
        "hours": _groups(found.hours),
        "rbins": [[each.low, each.high, each.count] for each in found.excursion.r_bins],
        "costs": [
            [f"{row.year}-{row.month:02d}", *rounded((row.fees, row.slippage, row.funding))]
            for row in found.costs.months
        ],
        "candles": [overview(bars) for bars in result.bars],
        "detail": packed,
        "fills": _fills(result),
        "trades": _trades(result, has),
    }


def histogram(returns: Floats) -> dict[str, Any]:
    """Count daily returns in equal bins of a symmetric range that holds 99 % of them.

    The few beyond are counted in the end bins.
    """
    if len(returns) == 0 or float(np.ptp(returns)) == 0.0:
        return {"left": 0, "width": 0, "counts": []}
    reach = float(np.quantile(np.abs(returns), 0.99)) or float(np.max(np.abs(returns)))
    width = 2 * reach / HISTOGRAM_BINS
    index = np.floor((returns + reach) / width).astype(np.int64)
    counts = np.bincount(np.clip(index, 0, HISTOGRAM_BINS - 1), minlength=HISTOGRAM_BINS)
    return {
        "left": rounded((-100 * reach,))[0],
        "width": rounded((100 * width,))[0],
        "counts": counts.tolist(),
    }


def _equity(result: Result) -> dict[str, Any]:
    curve, held = equity_curve(result), hold_at_closes(result)
    market = np.concatenate(([1.0], held))
    fall, market_fall = underwater(curve.equity), underwater(market)
    rows = extreme_rows(curve.equity, fall)
    initial = float(curve.equity[0])
    return {
        "time": times(curve.at_ms[rows]),
        "equity": rounded(curve.equity[rows]),
        "hold": rounded(initial * market[rows]),
        "fall": rounded(100 * fall[rows], 4),
        "hold_fall": rounded(100 * market_fall[rows], 4),
    }


def _exposure(result: Result) -> dict[str, Any]:
    """Return the mean and the highest exposure of each day."""
    run = result.run
    if len(run.clock_ms) == 0:
        return {"time": times(run.clock_ms), "mean": [], "most": []}
    days = (run.clock_ms - 1) // DAY_MS
    starts = np.flatnonzero(np.diff(days, prepend=days[:1] - 1))
    sizes = np.diff(np.append(starts, len(days)))
    mean = np.add.reduceat(run.exposure, starts) / sizes
    most = np.maximum.reduceat(run.exposure, starts)
    return {
        "time": times(days[starts] * DAY_MS),
        "mean": rounded(100 * mean, 4),
        "most": rounded(100 * most, 4),
    }


def _rolling(result: Result) -> dict[str, Any]:
    days = daily_curve(result)
    window = min(ROLLING_DAYS, max(len(days) // 3, 2))
    return {
        "window": window,
        "time": times(days.day * DAY_MS),
        "sharpe": rounded(rolling_sharpe(days.returns, window), 4),
        "volatility": rounded(100 * rolling_volatility(days.returns, window), 4),
    }


def _groups(rows: Any) -> list[list[Any]]:  # noqa: ANN401 - groups
    return [[row.key, row.count, *rounded((row.net,)), _pct(row.win_rate)] for row in rows]


def _fills(result: Result) -> dict[str, Any]:
    fills = result.run.fills
    return {
        "position": fills["position"].tolist(),
        "symbol": fills["symbol"].tolist(),
        "side": fills["side"].tolist(),
        "entry": (fills["reason"] == Exit.ENTRY).astype(np.int64).tolist(),
        "at": fills["at_ms"].tolist(),
        "price": rounded(fills["price"], 9),
    }


def _trades(result: Result, has: Ints) -> dict[str, Any]:
    """Return the ledger as columns; reasons and symbols as indices into their names."""
    trades = result.run.trades
    qty = quantities(result, trades)
    names = ["open" if reason is Exit.END else label(reason) for reason in Exit]
    risk = trades["risk_cash"] / np.where(qty > 0, qty, 1.0)
    has_stop = trades["risk_cash"] > 0
    columns: dict[str, Any] = {
        "id": trades["position"].tolist(),
        "symbol": trades["symbol"].tolist(),
        "side": trades["side"].tolist(),
        "reason": trades["reason"].tolist(),
        "entry_at": trades["entry_ms"].tolist(),
        "exit_at": trades["exit_ms"].tolist(),
        "qty": rounded(qty, 9),
        "entry": rounded(trades["entry"], 9),
        "exit": rounded(trades["exit"], 9),
        "stop": rounded(np.where(has_stop, trades["entry"] - trades["side"] * risk, np.nan), 9),
        "pnl": rounded(trades["pnl"]),
        "gain": rounded(100 * trade_returns(result, trades), 5),
        "r": rounded(np.where(has_stop, trades["r"], np.nan), 5),
        "mae": rounded(-100 * trades["mae"], 4),
        "mfe": rounded(100 * trades["mfe"], 4),
        "cost": rounded(trades["fees"] + trades["slippage"] + trades["funding"], 5),
        "detail": has.tolist(),
    }
    return {"reasons": names, "columns": columns}


def _pct(value: float | None) -> float | int | None:
    return None if value is None else rounded((100 * value,), 5)[0]
