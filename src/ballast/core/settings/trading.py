"""Settings of a trade: its size, its costs, its exits.

`CostSettings` carries the names of `records.SPEC`. Fractions are plain (0.05 is 5 %). Strategies
may state their own construction; these are the values where they state none.
"""

from __future__ import annotations

from dataclasses import dataclass

from ballast.core.settings.rule import EQUITY, setting


@dataclass(frozen=True, slots=True)
class SizingSettings:
    """How large a position is before the caps of `risk` cut it (SEMANTICS 5)."""

    mode: str = setting(
        "risk",
        "Sizing mode of strategies that name none. `all_in` is refused without `i_accept_ruin`.",
        "R-SIZE-01, R-SIZE-02",
        choices=("risk", "fixed_notional", "volatility_target", "kelly", "all_in", "fixed_qty"),
    )
    sector: str = setting(
        "",
        "Sector of a symbol, by any name: set it for each symbol. Positions of one sector share "
        "`risk.sector_share` and `risk.cluster_risk`; empty: of no sector.",
        "R-RISK-11, R-RISK-08",
    )
    risk_per_trade: float = setting(
        0.01,
        "Loss at the stop of one trade.",
        "R-SIZE-05",
        unit=EQUITY,
        low=0.0001,
        high=0.02,
        hard=True,
    )
    fixed_notional: float = setting(
        0.10,
        "Notional of a position in mode fixed_notional; never above `risk.position_cap`.",
        "R-SIZE-06",
        unit=EQUITY,
        low=0.001,
        high=0.50,
        hard=True,
    )
    volatility_target: float = setting(
        0.005,
        "Daily standard deviation of a position's profit in mode volatility_target.",
        "R-SIZE-07",
        unit=EQUITY,
        low=0.0001,
        high=0.05,
        hard=True,
    )
    kelly_fraction: float = setting(
        0.25,
        "Fraction of the Kelly bet of the strategy's own out-of-sample record.",
        "R-SIZE-08",
        unit="fraction of Kelly",
        low=0.01,
        high=0.5,
        hard=True,
    )
    fixed_qty: float = setting(
        0.0, "Base units of a position in mode fixed_qty.", "R-SIZE-18", unit="base units", low=0.0
    )
    all_in: float = setting(
        0.95,
        "Share of equity in mode all_in, before the caps.",
        "R-SIZE-03",
        unit=EQUITY,
        low=0.01,
        high=0.95,
    )
    i_accept_ruin: bool = setting(
        False, "Allow mode all_in. It can lose everything; the caps still apply.", "R-SIZE-03"
    )


@dataclass(frozen=True, slots=True)
class CostSettings:
    """What trading costs where the store has no dated schedule (SEMANTICS 4)."""

    maker: float = setting(
        0.0007,
        "Maker fee where the store has no fee schedule; negative is a rebate.",
        "R-COST-16",
        unit="fraction of notional",
        low=-0.001,
        high=0.05,
    )
    taker: float = setting(
        0.0007,
        "Taker fee where the store has no fee schedule.",
        "R-COST-01",
        unit="fraction of notional",
        low=0.0,
        high=0.05,
    )
    fee_asset: str = setting(
        "quote", "What a fee is paid in.", "R-COST-04", choices=("quote", "base", "discount_token")
    )
    fee_discount: float = setting(
        0.25,
        "Discount on fees paid in the venue's token.",
        "R-COST-04",
        unit="fraction of fee",
        low=0.0,
        high=1.0,
    )
    slip_fraction: float = setting(
        0.0005,
        "Slippage of every market order, before the parts below.",
        "R-COST-05",
        unit="fraction of price",
        low=0.0,
        high=0.1,
    )
    half_spread: float = setting(
        0.0,
        "Half the spread, paid by every market order.",
        "R-COST-13",
        unit="fraction of price",
        low=0.0,
        high=0.1,
    )
    slip_vol: float = setting(
        0.0,
        "k of the volatility part: k x ATR / price.",
        "R-COST-17",
        unit="factor",
        low=0.0,
        high=10.0,
    )
    slip_impact: float = setting(
        0.0,
        "Y of the square-root impact: Y x sigma x sqrt(notional / average daily volume).",
        "R-COST-10",
        unit="factor",
        low=0.0,
        high=10.0,
    )
    slip_book: bool = setting(
        False,
        "Add what walking the symbol's stored order book costs, half the spread included.",
        "R-COST-14",
    )
    slip_stop_multiple: float = setting(
        1.0,
        "Factor on the slippage of stop fills, which happen in bad moments.",
        "R-COST-17",
        unit="factor",
        low=1.0,
        high=100.0,
    )
    participation: float = setting(
        0.10,
        "Share of a bar's volume that may fill; the rest fills later or is cancelled.",
        "R-COST-12",
        unit="fraction of volume",
        low=0.0001,
        high=1.0,
        off=True,
    )
    liquidation_fee: float = setting(
        0.005,
        "Fee on the notional of a liquidated position.",
        "R-PERP-04",
        unit="fraction of notional",
        low=0.0,
        high=0.05,
    )
    latency_bars: int = setting(
        0,
        "Bars between a decision and the earliest fill, beyond the next open.",
        "R-COST-11",
        unit="bars",
        low=0,
        high=100,
    )


@dataclass(frozen=True, slots=True)
class ExitSettings:
    """Exits of strategies that name none (SEMANTICS 3)."""

    stop_atr: float = setting(
        3.0,
        "Distance of the first stop from the entry.",
        "R-STOP-01",
        unit="ATR",
        low=0.1,
        high=100.0,
    )
    trail_activation: float = setting(
        5.5,
        "Gain that arms the trailing stop; 0 arms it from the entry.",
        "R-STOP-07, R-STOP-12",
        unit="ATR",
        low=0.0,
        high=100.0,
    )
    trail_distance: float = setting(
        5.5,
        "Distance of the trailing stop from the best price; 0 means no trailing stop.",
        "R-STOP-08, R-STOP-11",
        unit="ATR",
        low=0.1,
        high=100.0,
        off=True,
    )
    trail_adaptive: bool = setting(
        False, "Trail by the current ATR instead of the one frozen at entry.", "R-STOP-10"
    )
    breakeven_r: float = setting(
        0.0,
        "Gain, in initial risks, that moves the stop to the entry plus costs; 0 is off.",
        "R-STOP-19",
        unit="R",
        low=0.0,
        high=100.0,
    )
    residual: float = setting(
        1.02,
        "A remainder below this multiple of the least quantity is dust, no position; fixed, "
        "SEMANTICS 3 names it.",
        "R-STOP-18",
        unit="factor",
        low=1.02,
        high=1.02,
        used_by="fixed",
    )
    position_drawdown: float = setting(
        0.0,
        "Loss from the entry value that closes a position; 0 is off, as in the reference "
        "scenarios. The paper and live profiles take 0.05.",
        "R-STOP-22",
        unit="fraction of entry value",
        low=0.0,
        high=1.0,
    )
    pairs: bool = setting(
        False,
        "Let a take that closes all rest with the stop as one OCO pair, on spot markets that have "
        "them (Binance); else it is watched.",
        "R-STOP-28",
        used_by="live",
    )
    native_trail: float = setting(
        0.0,
        "Distance of a trailing stop that the venue moves by itself, beside the own stop, where a "
        "perpetual has such; in steps of 0.001. No backtest knows it: wider than the own trail.",
        "R-STOP-27",
        unit="fraction of price",
        low=0.001,
        high=0.1,
        off=True,
        used_by="live",
    )
    stop_limit_atr: float = setting(
        0.5,
        "The same in ATR of the entry, where that is more; 0 leaves `stop_limit_offset` alone.",
        "R-STOP-04",
        unit="ATR",
        low=0.0,
        high=10.0,
        used_by="live",
    )
    stop_limit_offset: float = setting(
        0.005,
        "Least distance of a stop-limit's limit from its stop, where a venue has no stop-market.",
        "R-STOP-04",
        unit="fraction of price",
        low=0.0005,
        high=0.05,
        used_by="live",
    )
