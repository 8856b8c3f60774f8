"""A pair by any of its names is one symbol of ours, and rules are the venue's (R-EXCH-12)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.data import needs_data
from tests.fakes.kraken_desk import KrakenDesk
from tests.fakes.recorded import lines_of
from tests.unit.venues.clients.kraken.venue import SYMBOL, names_of

from ballast.core.orders import OrderKind
from ballast.venues.clients.kraken.names import Names, asset_of

ROW: dict[str, Any] = {
    "altname": "XDGUSD", "wsname": "XDG/USD", "aclass_base": "currency", "base": "XXDG",
    "aclass_quote": "currency", "quote": "ZUSD", "pair_decimals": 7, "lot_decimals": 8,
    "ordermin": "20", "costmin": "0.5", "tick_size": "0.0000001", "status": "online",
}  # fmt: skip


@pytest.mark.parametrize("name", ["XXBTZUSD", "XBTUSD", "XBT/USD", "BTC/USD", "BTCUSD"])
def test_a_pair_is_found_by_any_of_its_names(name: str) -> None:
    names = names_of(KrakenDesk())
    market = names.find(name)
    assert market is not None
    assert (market.symbol, market.name, market.base, market.quote) == (
        SYMBOL, "XBTUSD", "BTC", "USD",
    )  # fmt: skip
    assert (names.stream(SYMBOL), names.code("BTC"), names.code("USD")) == (
        "BTC/USD", "XXBT", "ZUSD",
    )  # fmt: skip
    assert names.find("ETHUSD") is None


def test_rules_are_those_the_venue_states() -> None:
    market = names_of(KrakenDesk()).markets[SYMBOL]
    assert (market.tick, market.lot) == (Decimal("0.01"), Decimal("0.00001"))
    assert (market.min_qty, market.min_notional) == (Decimal("0.0001"), Decimal(5))
    assert (market.is_trading, market.status) == (True, "online")
    assert OrderKind.STOP_MARKET in market.kinds
    assert OrderKind.TRAILING_STOP not in market.kinds


@pytest.mark.parametrize(
    ("code", "asset"),
    [("XXBT", "BTC"), ("XBT", "BTC"), ("XXDG", "DOGE"), ("ZEUR", "EUR"), ("XETH", "ETH"),
     ("USDT", "USDT"), ("ZRX", "ZRX"), ("XTZ", "XTZ"), ("ZEC", "ZEC"), ("XBT.F", "XBT.F")],
)  # fmt: skip
def test_assets_by_their_codes(code: str, asset: str) -> None:
    assert asset_of(code) == asset


@pytest.mark.parametrize(
    ("changed", "symbols"),
    [
        ({}, {"DOGEUSD"}),
        ({"wsname": None}, set()),
        ({"aclass_base": "tokenized_asset"}, set()),
    ],
)
def test_only_pairs_of_currencies_are_taken(changed: dict[str, Any], symbols: set[str]) -> None:
    names = Names()
    names.read({"XDGUSD": ROW | changed, "XDGUSD.d": ROW})
    assert set(names.markets) == symbols


def test_a_pair_that_is_halted_says_so_and_a_tick_may_be_implied() -> None:
    names = Names()
    kept = names.markets
    names.read({"XDGUSD": {**ROW, "status": "cancel_only", "tick_size": None}})
    market = names.markets["DOGEUSD"]
    assert (market.is_trading, market.status, market.tick) == (
        False, "cancel_only", Decimal("1E-7"),
    )  # fmt: skip
    names.read({})
    assert kept is names.markets
    assert kept == {}


@needs_data
def test_recorded_rules_are_read() -> None:
    """What clients keep of the venue: a pair of a share is left out, not a crash."""
    import json  # noqa: PLC0415 - only here

    rows = [json.loads(one) for one in lines_of("api/fixtures/kraken.jsonl.zst")]
    payload = next(one["payload"] for one in rows if one["name"] == "http_asset_pairs_tokenized")
    names = Names()
    names.read(payload["result"])
    assert names.markets == {}
