"""An announced end of trading, in the words of each venue that announces it (R-EXCH-15)."""

from __future__ import annotations

from typing import Any

import pytest

from ballast.venues.clients.binance.rules import usdm_markets
from ballast.venues.clients.bybit import words
from ballast.venues.clients.bybit.rules import markets_of as bybit_markets
from ballast.venues.clients.okx.rules import markets_of as okx_markets

END_MS = 1_750_000_000_000
STEPS = ({"filterType": "PRICE_FILTER", "tickSize": "0.1"},
         {"filterType": "LOT_SIZE", "stepSize": "0.001"})  # fmt: skip


def of_binance(date: Any) -> int | None:
    row = {"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT",
           "orderTypes": ["LIMIT"], "filters": STEPS, "contractType": "PERPETUAL",
           "deliveryDate": date}  # fmt: skip
    return usdm_markets({"symbols": [row]}, {})["BTCUSDT"].delists_ms


def of_bybit(date: Any) -> int | None:
    row = {"symbol": "BTCUSDT", "baseCoin": "BTC", "quoteCoin": "USDT", "status": "Trading",
           "contractType": "LinearPerpetual", "priceFilter": {"tickSize": "0.1"},
           "lotSizeFilter": {"qtyStep": "0.001"}, "leverageFilter": {},
           "deliveryTime": date}  # fmt: skip
    return bybit_markets([row], words.LINEAR)["BTCUSDT"].delists_ms


def of_okx(date: Any) -> int | None:
    row = {"instType": "SPOT", "instId": "BTC-USDT", "baseCcy": "BTC", "quoteCcy": "USDT",
           "state": "live", "tickSz": "0.1", "lotSz": "0.001", "listTime": "1600000000000",
           "expTime": date}  # fmt: skip
    (market,) = okx_markets([row])
    assert market.listed_ms == 1_600_000_000_000
    return market.delists_ms


@pytest.mark.parametrize(
    ("told", "date", "ends_ms"),
    [
        (of_binance, END_MS, END_MS),
        (of_binance, 4_133_404_800_000, None),
        (of_binance, None, None),
        (of_bybit, str(END_MS), END_MS),
        (of_bybit, "0", None),
        (of_bybit, "", None),
        (of_okx, str(END_MS), END_MS),
        (of_okx, "", None),
        (of_okx, None, None),
    ],
)
def test_a_date_is_an_end_and_the_venues_word_for_never_is_none(
    told: Any, date: Any, ends_ms: int | None
) -> None:
    assert told(date) == ends_ms
