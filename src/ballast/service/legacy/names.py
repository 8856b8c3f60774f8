"""The fields of the former bot's documents: each name of ours, and how a document may spell it.

What the audits of that bot document stands first; the others are the usual spellings of the same
thing. A name in no table is an unknown field and is refused: it could be money.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from ballast.service.legacy.model import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Names = dict[str, tuple[str, ...]]

_PLACE: Names = {
    "symbol": ("pair", "market"),
    "timeframe": ("interval",),
    "scenario": ("strategy",),
}
_POSITION: Names = _PLACE | {
    "entry_price": ("buy_price", "avg_entry_price"),
    "max_price": ("highest_price", "peak_price"),
    "partial_taken_1": ("partial_1_taken", "partial1_taken"),
    "partial_taken_2": ("partial_2_taken", "partial2_taken"),
    "atr_at_entry": ("entry_atr",),
    "stop_price": ("stop_loss", "stop_loss_price", "stop"),
    "trailing_stop": ("trailing_stop_price", "trail_price"),
    "trailing_active": ("trailing_activated", "trailing_stop_activated"),
    "stop_order_id": ("stop_loss_order_id", "sl_order_id"),
    "quantity": ("qty", "amount", "position_size", "remaining_quantity"),
    "quantity_at_entry": ("original_quantity", "initial_quantity"),
    "entry_time": ("entry_timestamp", "opened_at", "buy_time"),
    "updated_at": ("last_update", "timestamp", "saved_at"),
    "in_position": ("position_open", "is_open"),
    "side": ("direction",),
}
_PARAMETERS: Names = _PLACE | {
    "ema1": ("ema1_period", "ema_1", "ema_fast", "ema_short"),
    "ema2": ("ema2_period", "ema_2", "ema_slow", "ema_long"),
    "stoch": ("stoch_period", "stoch_rsi_period", "stochrsi_period", "stoch_window"),
    "rsi_period": ("rsi_length", "rsi_window"),
    "stoch_low": ("stoch_min", "stoch_rsi_low", "stoch_rsi_min"),
    "stoch_high": ("stoch_max", "stoch_rsi_high", "stoch_rsi_max"),
    "exit_stoch": ("stoch_exit", "stoch_rsi_exit"),
    "rsi_low": ("rsi_min",),
    "rsi_high": ("rsi_max",),
    "macd_floor": ("macd_min",),
    "hv_low": ("hv_z_min",),
    "hv_high": ("hv_z_max",),
    "hv_period": ("hv_length",),
    "hv_window": ("hv_z_window",),
    "sma_period": ("sma_length", "sma_long"),
    "adx_period": ("adx_length",),
    "adx_level": ("adx_threshold", "adx_min"),
    "trix_period": ("trix_length",),
    "trix_signal": ("trix_signal_length",),
    "stop_atr": ("stop_loss_atr", "stop_loss_atr_multiplier", "atr_stop_multiplier"),
    "trail_atr": ("trailing_atr", "trailing_stop_atr", "atr_multiplier"),
    "take1": ("partial_1_gain", "partial_profit_1"),
    "take2": ("partial_2_gain", "partial_profit_2"),
    "take1_share": ("partial_1_share",),
    "take2_share": ("partial_2_share",),
    "sizing_mode": ("sizing", "position_sizing"),
    "risk_per_trade": ("risk",),
    "fixed_notional": ("notional_fraction",),
    "volatility_target": ("target_volatility",),
    "capital_fraction": ("position_fraction",),
}
SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "max_position_size": "risk.position_cap",
        "max_slippage": "risk.slippage",
        "taker_fee": "costs.taker",
        "min_qty": "",
    }
)
"""Fields of a parameter record that are settings of ours, or (empty) a rule of the venue."""
CLAIMS = (
    "profit", "total_profit", "roi", "win_rate", "trades", "num_trades", "max_drawdown", "sharpe",
    "final_wallet", "initial_wallet", "score", "profit_factor", "updated_at", "last_update",
    "timestamp", "optimized_at", "calculated_at",
)  # fmt: skip
"""What a record says of itself; no number of ours is made of it."""
_FILL: Names = {
    "symbol": ("pair", "market"),
    "side": ("action",),
    "type": ("order_type",),
    "price": ("fill_price", "average"),
    "quantity": ("qty", "amount", "executed_qty", "filled"),
    "time": ("timestamp", "date", "datetime", "executed_at"),
    "fee": ("fees", "commission"),
    "fee_asset": ("fee_currency", "commission_asset"),
    "reason": ("exit_reason", "exit_type"),
    "order_id": ("client_order_id",),
    "trade_id": ("id",),
    "pnl": ("profit", "realized_pnl"),
    "value": ("cost", "total", "quote_qty", "cummulative_quote_qty"),
    "scenario": ("strategy",),
    "timeframe": ("interval",),
}
_TRADE: Names = _PLACE | {
    "entry_price": ("buy_price",),
    "exit_price": ("sell_price", "close_price"),
    "quantity": ("qty", "amount"),
    "entry_time": ("entry_timestamp", "buy_time", "opened_at"),
    "exit_time": ("exit_timestamp", "sell_time", "closed_at"),
    "fees": ("fee", "commission"),
    "fee_asset": ("fee_currency",),
    "reason": ("exit_reason", "exit_type"),
    "pnl": ("profit", "net_profit"),
    "pnl_percent": ("pnl_pct", "profit_pct", "roi"),
    "side": ("direction",),
    "trade_id": ("id",),
}
MONEY = ("equity", "cash", "peak_equity", "start_equity")
MONEY_SIGNED = ("pnl", "daily_pnl")
_PORTFOLIO: Names = {
    "time": ("timestamp", "date", "datetime", "updated_at", "saved_at"),
    "currency": ("quote", "base_currency"),
    "equity": ("total_value", "total_equity", "portfolio_value", "total"),
    "cash": ("free", "available", "available_balance"),
    "peak_equity": ("peak", "max_equity"),
    "start_equity": ("initial_capital", "initial_value", "reference_value"),
    "pnl": ("cumulative_pnl", "cumulative_earnings", "total_profit"),
    "daily_pnl": (),
    "balances": ("assets", "holdings"),
}
ENVELOPE = (
    "version", "schema_version", "bot_version", "checksum", "created_at", "saved_at", "updated_at",
    "last_update", "timestamp", "exchange",
)  # fmt: skip
"""What may stand around records and says nothing that is imported."""
FIELDS: Mapping[Kind, Names] = MappingProxyType(
    {
        Kind.POSITION: _POSITION,
        Kind.PARAMETERS: _PARAMETERS,
        Kind.FILL: _FILL,
        Kind.TRADE: _TRADE,
        Kind.PORTFOLIO: _PORTFOLIO,
    }
)
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\s\-.]+")


def plain_name(key: str) -> str:
    """Return a key in small letters with underscores: `entryPrice`, `ENTRY-PRICE` are one."""
    return re.sub(r"_+", "_", _WORDS.sub("_", key.strip())).strip("_").lower()


def canonical(kind: Kind) -> dict[str, str]:
    """Return every spelling of a kind's fields with our name for it."""
    return {spelling: name for name, others in FIELDS[kind].items() for spelling in (name, *others)}


def has_any(keys: Iterable[str], kind: Kind, *names: str) -> bool:
    """Tell whether one of these fields is there, however it is spelt."""
    wanted = {spelling for name in names for spelling in (name, *FIELDS[kind][name])}
    return not wanted.isdisjoint(keys)
