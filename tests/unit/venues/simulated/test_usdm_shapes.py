"""Answers have the fields, and their kinds, of payloads that clients keep of USD-M (R-QA-10)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.data import SHARED, needs_data
from tests.fakes.usdm_desk import SECOND_NS, SYMBOL, UsdmDesk

if TYPE_CHECKING:
    from collections.abc import Iterator

FIXTURES = SHARED / "api" / "fixtures" / "binance.jsonl"
PLACE = {"symbol": SYMBOL}
SPAN = {**PLACE, "interval": "1m"}
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "http_futures_account_position_side_dual": ("v1/positionSide/dual", {}),
    "http_futures_account_positions_one_way": ("v2/positionRisk", {}),
    "http_futures_account_symbol_config": ("v1/symbolConfig", PLACE),
    "http_futures_market_depth": ("v1/depth", PLACE),
    "http_futures_market_exchange_info": ("v1/exchangeInfo", {}),
    "http_futures_market_klines": ("v1/klines", SPAN),
    "http_futures_market_mark_price_klines": ("v1/markPriceKlines", SPAN),
    "http_futures_market_open_interest": ("v1/openInterest", PLACE),
    "http_futures_market_premium_index": ("v1/premiumIndex", PLACE),
    "http_futures_wallet_commission_rate_btcusdt": ("v1/commissionRate", PLACE),
}
#        payload                        event                  of it
TOLD: dict[str, tuple[str, str]] = {
    "depth_update_stream": ("depthUpdate", ""),
    "kline_stream_open": ("kline", ""),
    "mark_price_stream": ("markPriceUpdate", ""),
    "ticker_stream": ("24hrTicker", ""),
    "order_update_trade_partial": ("ORDER_TRADE_UPDATE", ""),
    "ws_futures_order_update_new_price_match": ("ORDER_TRADE_UPDATE", "NEW"),
    "trade_lite": ("TRADE_LITE", ""),
    "account_update_bnfcr": ("ACCOUNT_UPDATE", ""),
    "ws_futures_algo_update_triggering": ("ALGO_UPDATE", "TRIGGERING"),
    "ws_futures_algo_update_triggered": ("ALGO_UPDATE", "TRIGGERED"),
}
NOT_OURS = {".o.AP", ".o.cr", ".o.W"}
"""Fields of conditional orders from before they were algo orders, and one without a document."""


def kinds(value: Any, path: str = "") -> Iterator[tuple[str, type]]:
    """Yield every path of a value and what lies there."""
    match value:
        case dict():
            for name, one in value.items():
                yield from kinds(one, f"{path}.{name}")
        case list():
            for one in value:
                yield from kinds(one, f"{path}[]")
        case None:
            return
        case _:
            yield path, type(value)


def kept(name: str) -> Any:
    """Return a payload that a client keeps of the venue."""
    found: Any = next(one for one in map(json.loads, FIXTURES.open()) if one["name"] == name)
    payload = found["payload"]
    return payload["data"] if "stream" in payload else payload


def check(name: str, answer: Any) -> None:
    """Hold an answer against the payload of that name."""
    ours: dict[str, set[type]] = {}
    for where, kind in kinds(answer):
        ours.setdefault(where, set()).add(kind)
    wanted = {(where, kind) for where, kind in kinds(kept(name)) if where not in NOT_OURS}
    assert wanted
    for where, kind in sorted(wanted, key=str):
        assert kind in ours.get(where, set()), f"{where} is {ours.get(where)}, not {kind}"


@pytest.fixture
def desk() -> UsdmDesk:
    """A venue on which each kind of thing can happen."""
    desk = UsdmDesk(path=[(0, 600_000), (60 * SECOND_NS, 590_000)])
    desk.at(1)
    desk.order("BUY", "MARKET", quantity="0.5")
    return desk


@needs_data
@pytest.mark.parametrize("name", list(ASKED))
def test_an_answer_has_the_fields_of_the_venue_and_their_kinds(name: str, desk: UsdmDesk) -> None:
    path, values = ASKED[name]
    ask = desk.ask if "_futures_market_" in name else desk.get
    check(name, ask(f"/fapi/{path}", **values))


@needs_data
@pytest.mark.parametrize("name", list(TOLD))
def test_an_event_has_the_fields_of_the_venue_and_their_kinds(name: str, desk: UsdmDesk) -> None:
    kind, status = TOLD[name]
    names = "/".join(f"btcusdt@{one}" for one in ("depth", "kline_1m", "markPrice", "ticker"))
    streams = [desk.mine(), desk.open("/stream", f"streams={names}")]
    desk.limit("BUY", "1.5", "60000.1")
    desk.algo("SELL", "STOP_MARKET", quantity="0.1", triggerPrice="59500")
    desk.at(61)
    events = [one.get("data", one) for stream in streams for one in desk.heard(stream)]
    found = [one for one in events if one["e"] == kind and (not status or one["o"]["X"] == status)]
    assert found
    payload = kept(name)
    check(name, found if isinstance(payload, list) else found[0])
