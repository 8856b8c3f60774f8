"""Spellings: symbols, scenarios and sides as the former bot wrote them."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from ballast.core.errors import DataError
from ballast.store.export import pair_of

if TYPE_CHECKING:
    from collections.abc import Mapping

SCENARIOS: Mapping[str, str] = MappingProxyType(
    {
        "stochrsi": "stochrsi",
        "stochrsisma": "stochrsi_sma",
        "stochrsiadx": "stochrsi_adx",
        "stochrsitrix": "stochrsi_trix",
    }
)
"""Scenario of the former bot without separators -> strategy of the library."""
_SYMBOL = re.compile(r"[A-Z0-9]{2,20}([/_-][A-Z0-9]{2,10})?\Z")


def scenario_name(text: str) -> str:
    """Return a scenario in small letters without separators: `StochRSI_ADX` is `stochrsiadx`."""
    return re.sub(r"[\s_\-]+", "", text).lower()


def is_symbol(text: str) -> bool:
    """Tell whether a key names a spot market: `BTCUSDT`, `BTC/USDT`."""
    try:
        symbol_parts(text)
    except DataError:
        return False
    return True


def symbol_parts(text: str) -> tuple[str, str]:
    """Return (base, quote) of a spot market; raise `DataError` where it is none."""
    clean = text.strip()
    if not _SYMBOL.match(clean):
        raise DataError(
            f"'{text[:40]}' is no spot market", expected="BTCUSDT or BTC/USDT",
            fix="the former bot traded Binance spot; write the symbol as Binance does",
        )  # fmt: skip
    base, _, quote = pair_of(clean).partition("/")
    return base, quote
