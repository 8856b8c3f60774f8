"""The words of every figure: label, unit, which way is better, formula, when it is undefined.

One table feeds the terminal, the HTML report, the comparison, the JSON (`undefined`) and the docs,
so that a number has one name everywhere. A path is `family.field` of `Summary`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ballast.research.metrics.model import Summary


class Unit(StrEnum):
    """How a figure is printed."""

    PERCENT = "percent"
    RATIO = "ratio"
    CASH = "cash"
    COUNT = "count"
    TIME = "time"
    SPAN = "span"
    R = "R"
    BPS = "bps"


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure. `better` is +1 if more is better, -1 if less, 0 if neither."""

    path: str
    label: str
    unit: Unit
    better: int
    formula: str
    undefined: str = ""

    @property
    def family(self) -> str:
        """The group of the figure, as in `Summary`."""
        return self.path.partition(".")[0]

    def value(self, found: Summary) -> float | None:
        """Read the figure from a summary."""
        value: float | None = attrgetter(self.path)(found)
        return value


P, X, C, N, T, S, R, B = (
    Unit.PERCENT, Unit.RATIO, Unit.CASH, Unit.COUNT, Unit.TIME, Unit.SPAN, Unit.R, Unit.BPS,
)  # fmt: skip
VARIES = "needs two days or more whose returns differ"
NO_DAY = "needs a day"
NO_TRADE = "no trade was closed"
NO_R = "no closed trade had a stop, so no risk to measure by"
NO_BAR = "the run has no bars"
NO_FALL = "equity never fell below its peak"

METRICS: tuple[Metric, ...] = (
    Metric("account.from_ms", "From", T, 0, "open time of the first bar"),
    Metric("account.to_ms", "To", T, 0, "close time of the last bar"),
    Metric("account.days", "Calendar days", N, 0, "UTC days touched by the run"),
    Metric("account.bars", "Bars", N, 0, "bars of all symbols"),
    Metric("account.warmup_bars", "Warm-up bars", N, 0, "bars before the first possible signal"),
    Metric("account.initial", "Starting equity", C, 0, "cash at the start"),
    Metric("account.final", "Final equity", C, 1, "cash + marked positions at the last close"),
    Metric("account.profit", "Net profit", C, 1, "final - starting equity - deposits"),
    Metric("account.closed", "of closed trades", C, 1, "sum of the net results of closed trades"),
    Metric("account.unrealised", "of open positions", C, 1, "net profit - that of closed trades"),
    Metric("account.cash", "Cash at the end", C, 0, "quote balance at the end"),
    Metric("account.peak", "Peak equity", C, 1, "highest marked equity"),
    Metric("returns.total", "Total return", P, 1, "final / starting equity - 1"),
    Metric("returns.cagr", "CAGR", P, 1, "(final / start)^(365 / days) - 1",
           "needs a day, and a yearly power that is a number"),
    Metric("returns.volatility", "Volatility", P, -1, "std(r) * sqrt(365)", "needs two days"),
    Metric("returns.sharpe", "Sharpe ratio", X, 1, "mean(r) / std(r) * sqrt(365)", VARIES),
    Metric("returns.sortino", "Sortino ratio", X, 1,
           "mean(r) * 365 / sqrt(mean(min(r, 0)^2) * 365)", "needs a losing day"),
    Metric("returns.calmar", "Calmar ratio", X, 1, "CAGR / depth of the worst drawdown", NO_FALL),
    Metric("returns.omega", "Omega ratio", X, 1, "sum of gaining days / sum of losing days",
           "needs a losing day"),
    Metric("returns.downside_risk", "Downside risk", P, -1, "sqrt(mean(min(r, 0)^2) * 365)",
           NO_DAY),
    Metric("returns.stability", "Stability", X, 1, "R^2 of a line through cumulative log returns",
           "needs three days and equity that moves"),
    Metric("returns.best_day", "Best day", P, 1, "max(r)", NO_DAY),
    Metric("returns.best_day_ms", "Best day on", T, 0, "the day of max(r)", NO_DAY),
    Metric("returns.worst_day", "Worst day", P, 1, "min(r)", NO_DAY),
    Metric("returns.worst_day_ms", "Worst day on", T, 0, "the day of min(r)", NO_DAY),
    Metric("returns.positive_days", "Positive days", P, 1, "days with r > 0 / days", NO_DAY),
    Metric("tails.skewness", "Skewness", X, 1, "m3 / m2^1.5", VARIES),
    Metric("tails.kurtosis", "Kurtosis (normal = 3)", X, -1, "m4 / m2^2, raw, not excess", VARIES),
    Metric("tails.var_95", "VaR 95 %", P, 1, "5th percentile of r", NO_DAY),
    Metric("tails.var_99", "VaR 99 %", P, 1, "1st percentile of r", NO_DAY),
    Metric("tails.cvar_95", "CVaR 95 %", P, 1, "mean of the worst 5 % of r", NO_DAY),
    Metric("tails.cvar_99", "CVaR 99 %", P, 1, "mean of the worst 1 % of r", NO_DAY),
    Metric("tails.var_95_normal", "VaR 95 %, normal", P, 1, "mean + std * z(5 %)", VARIES),
    Metric("tails.var_99_normal", "VaR 99 %, normal", P, 1, "mean + std * z(1 %)", VARIES),
    Metric("tails.cvar_95_normal", "CVaR 95 %, normal", P, 1, "mean - std * pdf(z) / 5 %", VARIES),
    Metric("tails.cvar_99_normal", "CVaR 99 %, normal", P, 1, "mean - std * pdf(z) / 1 %", VARIES),
    Metric("tails.tail_ratio", "Tail ratio", X, 1, "|95th percentile| / |5th percentile|",
           "the 5th percentile is zero"),
    Metric("drawdown.max", "Max drawdown", P, 1, "min(equity / running peak - 1), every close"),
    Metric("drawdown.start_ms", "Drawdown began", T, 0, "time of the peak", NO_FALL),
    Metric("drawdown.trough_ms", "Drawdown lowest", T, 0, "time of the trough", NO_FALL),
    Metric("drawdown.end_ms", "Drawdown ended", T, 0, "time back at the peak",
           "equity never fell, or is still below its peak"),
    Metric("drawdown.duration_ms", "Drawdown lasted", S, -1, "peak to end (or the last bar)",
           NO_FALL),
    Metric("drawdown.recovery_ms", "Recovery took", S, -1, "trough to end",
           "equity never fell, or is still below its peak"),
    Metric("drawdown.longest_ms", "Longest drawdown", S, -1, "longest time below a peak", NO_FALL),
    Metric("drawdown.from_start", "Deepest below start", P, 1, "min(equity) / start - 1, or 0"),
    Metric("drawdown.ulcer", "Ulcer index", P, -1, "sqrt(mean(drawdown^2)), day ends"),
    Metric("trades.count", "Closed trades", N, 0, "positions from flat to flat"),
    Metric("trades.wins", "Wins", N, 0, "trades with net result > 0"),
    Metric("trades.losses", "Losses", N, 0, "trades with net result < 0"),
    Metric("trades.win_rate", "Win rate", P, 1, "wins / trades", NO_TRADE),
    Metric("trades.net", "Net result of trades", C, 1, "sum of net results"),
    Metric("trades.gross_win", "Gross win", C, 1, "sum of wins"),
    Metric("trades.gross_loss", "Gross loss", C, 1, "sum of losses"),
    Metric("trades.profit_factor", "Profit factor", X, 1, "gross win / gross loss",
           "there is no losing trade to divide by"),
    Metric("trades.expectancy", "Expectancy", C, 1, "mean net result of a trade", NO_TRADE),
    Metric("trades.expectancy_r", "Expectancy in R", R, 1, "mean of net result / cash at risk",
           NO_R),
    Metric("trades.average_win", "Average win", C, 1, "mean of wins", "there is no win"),
    Metric("trades.average_loss", "Average loss", C, 1, "mean of losses", "there is no loss"),
    Metric("trades.payoff", "Win / loss ratio", X, 1, "average win / average loss",
           "needs a win and a loss"),
    Metric("trades.best", "Best trade", C, 1, "largest net result", NO_TRADE),
    Metric("trades.worst", "Worst trade", C, 1, "smallest net result", NO_TRADE),
    Metric("trades.best_r", "Best trade in R", R, 1, "largest R", NO_R),
    Metric("trades.worst_r", "Worst trade in R", R, 1, "smallest R", NO_R),
    Metric("trades.average_ms", "Average duration", S, 0, "mean of exit - entry time", NO_TRADE),
    Metric("trades.median_ms", "Median duration", S, 0, "median of exit - entry time", NO_TRADE),
    Metric("trades.longest_ms", "Longest trade", S, 0, "max of exit - entry time", NO_TRADE),
    Metric("trades.wins_in_row", "Wins in a row", N, 1, "longest run, in order of closing"),
    Metric("trades.losses_in_row", "Losses in a row", N, -1, "longest run, in order of closing"),
    Metric("trades.sqn", "SQN", X, 1, "sqrt(n) * mean / std of net results",
           "needs two trades that differ"),
    Metric("trades.sqn_r", "SQN of R", X, 1, "sqrt(n) * mean / std of R",
           "needs two trades with a stop that differ"),
    Metric("trades.open_count", "Still open", N, 0, "positions open at the last close"),
    Metric("trades.open_pnl", "Result of open trades", C, 1, "their net result at the last close"),
    Metric("excursion.mae", "Mean MAE", P, -1, "worst price against entry / entry", NO_TRADE),
    Metric("excursion.mfe", "Mean MFE", P, 1, "best price for entry / entry", NO_TRADE),
    Metric("excursion.mae_of_wins", "MAE of wins", P, -1, "mean MAE of winning trades",
           "there is no win"),
    Metric("excursion.mfe_of_losses", "MFE of losses", P, -1, "mean MFE of losing trades",
           "there is no loss"),
    Metric("exposure.time", "Time in the market", P, 0, "closes with a position / closes", NO_BAR),
    Metric("exposure.mean_gross", "Mean exposure", P, 0, "mean of notional / equity", NO_BAR),
    Metric("exposure.mean_gross_held", "Mean exposure when in", P, 0,
           "the same over closes with a position", "no position was ever held at a close"),
    Metric("exposure.max_gross", "Max exposure", P, -1, "max of gross notional / equity", NO_BAR),
    Metric("exposure.turnover", "Turnover", C, 0, "sum of price * quantity of all fills"),
    Metric("exposure.turnover_yearly", "Turnover a year", X, 0,
           "turnover / mean equity / years", "needs two closes and positive equity"),
    Metric("costs.fees", "Fees", C, -1, "sum of fees of all fills"),
    Metric("costs.slippage", "Slippage", C, -1, "quantity * |price - price without slippage|"),
    Metric("costs.funding", "Funding paid", C, -1, "side * quantity * mark * rate, summed"),
    Metric("costs.total", "Total costs", C, -1, "fees + slippage + funding"),
    Metric("costs.gross", "Profit before costs", C, 1, "net profit + total costs"),
    Metric("costs.share_of_gross", "Costs / profit before", P, -1, "total costs / profit before",
           "there was no profit before costs"),
    Metric("costs.bps_of_turnover", "Costs paid", B, -1, "costs / turnover", "nothing traded"),
    Metric("costs.breakeven_bps", "Break-even costs", B, 1, "profit before costs / turnover",
           "nothing traded"),
    Metric("costs.liquidations", "Liquidations", N, -1, "trades ended by liquidation"),
    Metric("market.change", "Buy and hold", P, 0, "equal parts at each first close, no costs",
           NO_BAR),
    Metric("market.max_drawdown", "Buy and hold drawdown", P, 0, "as max drawdown", NO_BAR),
    Metric("market.sharpe", "Buy and hold Sharpe", X, 0, "as Sharpe ratio", VARIES),
    Metric("market.excess", "Above buy and hold", P, 1, "total return - buy and hold", NO_BAR),
    Metric("market.beta", "Beta", X, 0, "cov(r, market) / var(market)",
           "needs a market that moves"),
    Metric("market.alpha", "Alpha a year", P, 1, "(1 + mean(r - beta * market))^365 - 1",
           "needs a market that moves"),
    Metric("market.correlation", "Correlation", X, 0, "Pearson, with daily market returns", VARIES),
    Metric("significance.t_statistic", "t of the mean trade", X, 1, "mean / (std / sqrt(n))",
           "needs two trades that differ"),
    Metric("significance.p_value", "p of the mean trade", X, -1,
           "two-sided, Student with n - 1 degrees", "needs two trades that differ"),
    Metric("significance.psr", "P(Sharpe > 0)", P, 1,
           "probabilistic Sharpe ratio against 0", VARIES),
    Metric("refusals.total", "Refused entries", N, 0, "entry signals with a refusal reason"),
    Metric("refusals.taken", "Entries taken", P, 0, "trades / (trades + refused)",
           "there was no entry signal"),
)  # fmt: skip

_BY_PATH = {metric.path: metric for metric in METRICS}


def metric(path: str) -> Metric:
    """Return the entry of one figure; an unknown path is a defect of the caller (KeyError)."""
    return _BY_PATH[path]


def undefined(found: Summary) -> dict[str, str]:
    """Return why each None of the catalogue is None, by path."""
    return {each.path: each.undefined for each in METRICS if each.value(found) is None}
