"""A venue that was taken down and set up again goes on as the one that went on (R-EXCH, R-QA)."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec
import pytest
from tests.fakes.binance_desk import SYMBOL, SpotDesk
from tests.fakes.bybit_desk import NAME, START_NS, BybitDesk
from tests.fakes.coinbase_desk import CoinbaseDesk
from tests.fakes.kraken_desk import KrakenDesk
from tests.fakes.okx_desk import SPOT, SWAP, OkxDesk
from tests.fakes.toy_venue import ToyVenue

from ballast.core.errors import DataError, UserError
from ballast.core.orders import OrderKind, OrderRequest, Side
from ballast.service.cli import venue_open, venue_symbols
from ballast.service.cli.venue_fronts import FRONTS
from ballast.venues.simulated.engine.outcomes import Accepted
from ballast.venues.simulated.fronts.keys import hmac_hex
from ballast.venues.simulated.server import snapshot as snapshots
from ballast.venues.simulated.server.snapshot import Recipe, packed, put_back, take, unpacked
from ballast.venues.simulated.wire import keeping
from ballast.venues.simulated.wire.faults import Command, Fault, FaultPlan
from ballast.venues.simulated.wire.messages import Answer, Request

if TYPE_CHECKING:
    from ballast.venues.simulated.server.snapshot import Snapshot

SECOND_NS = 1_000_000_000
RECIPE = Recipe("desk", "scripted", "BTCUSDT", 0)
HEADERS = "x-mbx-apikey"


def kept(desk: Any) -> bytes:
    return packed(take(desk.gateway, desk.exchange, RECIPE))


def faults() -> FaultPlan:
    return FaultPlan(seed=5, rates={Fault.UNAVAILABLE: 0.05, Fault.LOSE_REPLY: 0.05})


class Binance(SpotDesk):
    """Ask over REST, signed, at any time."""

    now_ns = START_NS

    def at(self, seconds: float) -> None:
        self.now_ns = START_NS + round(seconds * SECOND_NS)
        self.gateway.advance(self.now_ns)

    def ask(self, method: str, path: str, **values: Any) -> Any:
        asked = urlencode({**values, "timestamp": self.now_ns // 1_000_000})
        query = f"{asked}&signature={hmac_hex(self.key.secret, asked.encode())}"
        request = Request(method, "h", f"/api/v3/{path}", query, {HEADERS: self.key.key})
        outcome = self.gateway.request(request, self.now_ns)
        if not isinstance(outcome, Answer):
            return outcome
        return outcome.response.body, outcome.response.headers


def binance_before(desk: Any) -> None:
    desk.at(1)
    pair = {
        "symbol": SYMBOL, "side": "SELL", "quantity": "0.5", "aboveType": "LIMIT_MAKER",
        "abovePrice": "70000", "belowType": "STOP_LOSS", "belowStopPrice": "50000",
    }  # fmt: skip
    first = desk.ask("POST", "orderList/oco", **pair, listClientOrderId="gone")
    assert b"gone" in first[0], first
    desk.ask("DELETE", "orderList", symbol=SYMBOL, listClientOrderId="gone")
    desk.ask("POST", "orderList/oco", **pair, listClientOrderId="stands")
    desk.ask("POST", "order", symbol=SYMBOL, side="BUY", type="MARKET", quantity="0.1")
    desk.at(130)


def binance_after(desk: Any) -> list[Any]:
    desk.at(140)
    buy = {"symbol": SYMBOL, "side": "BUY", "type": "MARKET", "quantity": "0.2"}
    found = [desk.ask("POST", "order", **buy) for _ in range(30)]
    found += [desk.ask("GET", "allOrders", symbol=SYMBOL), desk.ask("GET", "openOrderList")]
    found.append(desk.ask("GET", "orderList", origClientOrderId="gone"))
    found += [desk.ask("GET", path) for path in ("account", "rateLimit/order")]
    desk.at(200)
    request = Request("GET", "h", "/api/v3/klines", f"symbol={SYMBOL}&interval=1m")
    return [*found, desk.gateway.request(request, desk.now_ns)]


def bybit_before(desk: Any) -> None:
    desk.at(1)
    desk.exchange.transfer(desk.account, "BTC", -5)
    desk.private("dcp.future", "order")
    desk.post("/v5/order/disconnected-cancel-all", timeWindow=10, product="DERIVATIVES")
    desk.order(side="Buy", orderType="Market", qty="0.1", takeProfit="70000", stopLoss="50000")
    desk.order("spot", side="Buy", orderType="Market", qty="600", marketUnit="quoteCoin")
    desk.order(side="Sell", orderType="Market", qty="0.04", reduceOnly=True)
    desk.order(side="Buy", orderType="Limit", qty="0.1", price="50000", orderLinkId="rests")
    for stream in desk.gateway.connections:
        desk.gateway.disconnect(stream)
    desk.at(5)


def bybit_after(desk: Any) -> list[Any]:
    found = [desk.status("rests")["orderStatus"]]
    desk.at(30)
    desk.order(side="Sell", orderType="Market", qty="0.06", reduceOnly=True)
    pair = {"category": "linear", "symbol": NAME}
    paths = ("order/history", "execution/list", "position/list", "position/closed-pnl")
    found += [desk.get(f"/v5/{path}", **pair) for path in paths]
    found += [desk.get("/v5/order/history", category="spot", symbol=NAME)]
    found += [desk.get("/v5/account/transaction-log", accountType="UNIFIED")]
    found += [desk.get("/v5/account/wallet-balance", accountType="UNIFIED")]
    found += [desk.get("/v5/account/query-dcp-info")]
    found += [desk.ask("/v5/market/kline", **pair, interval="1")]
    return [*found, desk.open("/v5/trade").session.name]


def okx_before(desk: Any) -> None:
    desk.pass_time(SECOND_NS)
    desk.exchange.transfer(desk.account, "BTC", -5)
    desk.spot("buy", "market", "0.1", tag="mine")
    desk.swap("buy", "market", "10", tag="other")
    desk.swap("sell", "limit", "4", px="70000", clOrdId="rests")
    desk.algo(instId=SWAP, tdMode="cross", side="sell", ordType="conditional", sz="3",
              slTriggerPx="50000", slOrdPx="-1")  # fmt: skip
    desk.post("account/set-leverage", {"instId": SWAP, "lever": "7", "mgnMode": "isolated"})
    desk.pass_time(61 * SECOND_NS)


def okx_after(desk: Any) -> list[Any]:
    desk.pass_time(30 * SECOND_NS)
    desk.swap("sell", "market", "6")
    found = [desk.get("trade/orders-history", instType=one) for one in ("SPOT", "SWAP")]
    paths = ("trade/orders-pending", "account/positions", "account/bills", "account/balance")
    found += [desk.get(path) for path in paths]
    found += [desk.get("trade/orders-algo-pending", ordType="conditional")]
    found += [desk.get("account/leverage-info", instId=SWAP, mgnMode="isolated")]
    found += [desk.get("market/candles", instId=SPOT)]
    return [*found, desk.open("public").send({"op": "subscribe", "args": []})]


def kraken_before(desk: Any) -> None:
    desk.pass_time(SECOND_NS)
    desk.order("buy", "market", "0.1", userref="7")
    desk.order("sell", "trailing-stop", "0.1", price="+1%")
    txid = desk.order("buy", "limit", "0.1", price="50000", cl_ord_id="rests")
    desk.ask("AmendOrder", txid=txid, order_qty="0.05")
    desk.pass_time(61 * SECOND_NS)


def kraken_after(desk: Any) -> list[Any]:
    desk.nonce = 100
    found = [desk.ask("CancelOrder", cl_ord_id="rests"), desk.order("sell", "market", "0.05")]
    found += [desk.ask(path) for path in ("OpenOrders", "ClosedOrders", "TradesHistory")]
    found += [desk.ask("AmendOrder", txid=desk.order("buy", "limit", "1", price="1000"),
                       order_qty="2"), desk.ask("GetWebSocketsToken")]  # fmt: skip
    found += [desk.get(path, pair="XBTUSD") for path in ("OHLC", "Spread", "Ticker")]
    return [*found, *(desk.ask("Balance") for _ in range(20)), desk.open().send("{}")]


def coinbase_before(desk: Any) -> None:
    desk.pass_time(SECOND_NS)
    desk.create("market", "BUY", {"market_market_ioc": {"quote_size": "600"}})
    desk.limit("part", "BUY", "1.5", "60000.01")
    desk.limit("rests", "BUY", "0.1", "50000")
    desk.pass_time(61 * SECOND_NS)


def coinbase_after(desk: Any) -> list[Any]:
    found = [desk.create("rests", "SELL", {"market_market_ioc": {"base_size": "1"}})]
    paths = ("orders/historical/batch", "orders/historical/fills", "transaction_summary")
    found += [desk.get(path) for path in (*paths, "accounts", "products")]
    return [*found, *(desk.get("key_permissions") for _ in range(30)), *desk.open().user()]


VENUES = {
    "binance": (lambda: Binance(START_NS), binance_before, binance_after),
    "binance with faults": (
        lambda: Binance(START_NS, faults=faults()), lambda desk: desk.at(1), binance_after
    ),
    "bybit": (BybitDesk, bybit_before, bybit_after),
    "okx": (OkxDesk, okx_before, okx_after),
    "coinbase": (CoinbaseDesk, coinbase_before, coinbase_after),
    "kraken": (KrakenDesk, kraken_before, kraken_after),
}  # fmt: skip


@pytest.mark.parametrize("venue", VENUES)
def test_the_same_commands_after_it_give_the_same_answers_and_the_same_state(venue: str) -> None:
    make, before, after = VENUES[venue]
    desk: Any = make()
    before(desk)
    data = kept(desk)
    other: Any = make()
    put_back(unpacked(data, "here"), other.gateway, other.exchange)
    other.now_ns = desk.now_ns
    assert kept(other) == data
    assert after(other) == after(desk)
    assert kept(other) == kept(desk)
    fresh: Any = make()
    fresh.now_ns = desk.now_ns
    fresh.gateway.advance(desk.now_ns)
    assert kept(fresh) != kept(desk)  # what was compared is not all the same anyway


def test_who_listened_is_gone_and_the_protection_counts() -> None:
    """The disconnection of a snapshot is one: orders must not rest for ever unheard."""
    desk = BybitDesk()
    desk.at(1)
    desk.private("dcp.future", "order")
    desk.post("/v5/order/disconnected-cancel-all", timeWindow=10, product="DERIVATIVES")
    desk.order(side="Buy", orderType="Limit", qty="0.1", price="50000", orderLinkId="rests")
    snapshot = take(desk.gateway, desk.exchange, RECIPE)
    other = BybitDesk()
    put_back(snapshot, other.gateway, other.exchange)
    for each in (desk, other):
        each.at(20)
    assert desk.status("rests")["orderStatus"] == "New"
    assert other.status("rests")["orderStatus"] == "Cancelled"


@pytest.mark.parametrize("name", sorted(FRONTS))
def test_a_venue_from_a_recipe_is_kept_whole(name: str) -> None:
    recipe = Recipe(name, "synthetic:seed=7", "BTCUSDT", 3)
    plan = venue_symbols.plan_of(recipe)
    opened = venue_open.open_venue(
        FRONTS[name], plan, balances=[], seed=3, speed=1.0, recipe=recipe
    )
    began_ns = opened.started_ns
    symbol = plan.listing.symbol
    opened.gateway.advance(began_ns + SECOND_NS)
    low = opened.exchange.best(symbol)[0] * 9 // 10
    lots = int(Decimal("0.01") / plan.listing.lot)
    resting = OrderRequest(symbol, Side.BUY, OrderKind.LIMIT, lots, price_ticks=low)
    assert isinstance(opened.exchange.submit(opened.key.account, resting), Accepted)
    opened.gateway.advance(began_ns + 2 * SECOND_NS)
    snapshot = unpacked(opened.snapshot(), "here")
    again = venue_open.reopen_venue(snapshot, speed=1.0, catches_up=False)
    assert again.started_ns == began_ns + 2 * SECOND_NS
    assert (again.key, again.plan.words) == (opened.key, plan.words)
    ends = []
    for one in (opened, again):
        market = OrderRequest(symbol, Side.SELL, OrderKind.MARKET, lots)
        one.exchange.submit(one.key.account, market)
        one.gateway.advance(began_ns + 90 * SECOND_NS)
        ends.append(one.snapshot())
    assert ends[0] == ends[1]
    caught_up = venue_open.reopen_venue(snapshot, speed=1.0)
    assert caught_up.started_ns >= began_ns
    assert len(caught_up.exchange.open_orders(caught_up.key.account)) == 1


def test_a_snapshot_too_old_to_catch_up_goes_on_at_its_own_time() -> None:
    recipe = Recipe("binance", "synthetic:seed=7", "BTCUSDT", 0)
    plan = venue_symbols.plan_of(recipe)
    opened = venue_open.open_venue(
        FRONTS["binance"], plan, balances=[], seed=0, speed=1.0, recipe=recipe
    )
    old = replace(unpacked(opened.snapshot(), "here"), now_ns=START_NS)
    with pytest.raises(UserError, match="--no-catch-up"):
        venue_open.reopen_venue(old, speed=1.0)
    bare = replace(opened, recipe=None)
    with pytest.raises(UserError, match="nothing says from what"):
        bare.snapshot()


# What is not a snapshot ---------------------------------------------------------------------


@pytest.fixture
def snapshot() -> Snapshot:
    desk = BybitDesk()
    desk.at(1)
    desk.gateway.faults.command(Command(Fault.DELAY, "x", 3))
    return take(desk.gateway, desk.exchange, RECIPE)


def test_a_file_that_is_none_is_refused_in_one_line(snapshot: Snapshot) -> None:
    data = packed(snapshot)
    assert unpacked(data, "f") == snapshot
    flipped = data[:-1] + bytes([data[-1] ^ 1])
    newer = packed(replace(snapshot, format=snapshots.FORMAT + 1))
    empty = msgspec.msgpack.encode({"format": snapshots.FORMAT})
    sealed = snapshots.MAGIC + hashlib.blake2b(empty, digest_size=snapshots.DIGEST).digest() + empty
    for broken, words in (
        (b"", "not a snapshot"),
        (b"PK\x03\x04" + data, "not a snapshot"),
        (data[: len(data) // 2], "damaged"),
        (flipped, "damaged"),
        (newer, f"a snapshot of format {snapshots.FORMAT + 1}"),
        (sealed, "not a snapshot"),
    ):
        with pytest.raises(DataError, match=words) as caught:
            unpacked(broken, "some.snapshot")
        assert "some.snapshot" in caught.value.line()
        assert "\n" not in caught.value.line()


def test_parts_of_another_venue_are_refused(snapshot: Snapshot) -> None:
    other = OkxDesk()
    with pytest.raises(DataError, match="a snapshot of bybit"):
        put_back(snapshot, other.gateway, other.exchange)
    mine = BybitDesk()
    parts = snapshot.fronts["bybit"]
    for saved, words in (
        ({**parts, "_connections": msgspec.msgpack.encode("many")}, "keeps"),
        ({name: one for name, one in parts.items() if name != "_due"}, "of this version"),
    ):
        with pytest.raises(DataError, match=words):
            keeping.put_back(mine.front, saved)
    wrong = replace(snapshot.faults, requests='{"bit_generator": "PCG64"}')
    with pytest.raises(DataError, match="plan of faults"):
        mine.gateway.faults.go_on(wrong)
    with pytest.raises(UserError, match="toy cannot be kept"):
        keeping.keep(ToyVenue())


def test_queues_come_back_with_their_bounds() -> None:
    desk = OkxDesk()
    keeping.put_back(desk.front, keeping.keep(desk.front))
    assert isinstance(desk.front.memory.bills, deque)
    assert desk.front.memory.bills.maxlen == OkxDesk().front.memory.bills.maxlen
