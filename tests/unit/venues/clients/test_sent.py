"""What leaves for a venue: parameters as an object or a list, dated within the fence (A4)."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any, cast

import pytest
from tests.data import ROOT

from ballast.core.settings.rule import Secret
from ballast.oms.resolver import fence_ns
from ballast.runtime.node.execution import WINDOW_NS
from ballast.venues.clients.access import Access, Keys
from ballast.venues.clients.asking.asker import VenueAsker
from ballast.venues.clients.binance.access import SPOT, USDM
from ballast.venues.clients.calls import Call
from ballast.venues.clients.kraken.access import ACCESS as KRAKEN

if TYPE_CHECKING:
    import aiohttp

    from ballast.venues.clients.calls import CallError

NOW_NS = 1_700_000_000 * 10**9
BACK_S = 27


class Reply:
    """An answer of a venue."""

    status = 200

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}

    async def text(self, errors: str) -> str:
        del errors
        return '{"code": "0", "data": []}'


class Sent:
    """A session that sends nothing and remembers what it was given."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.body = ""
        self.timeout: aiohttp.ClientTimeout | None = None

    def request(self, *_: Any, data: bytes, headers: dict[str, str], **more: Any) -> Sent:
        self.headers, self.body, self.timeout = headers, data.decode(), more["timeout"]
        return self

    async def __aenter__(self) -> Reply:
        return Reply()

    async def __aexit__(self, *_: object) -> None:
        return None


def no_fault(status: int, answer: object, body: str) -> CallError | None:
    del status, answer, body
    return None


def sent(call: Call, back_s: int = 0) -> Sent:
    session = Sent()

    async def ask() -> None:
        access = Access("OKX", "okx", no_fault, stamp_back_s=back_s)
        keys = Keys(Secret("key"), Secret("secret"), Secret("phrase"))
        asker = VenueAsker(
            access, cast("aiohttp.ClientSession", session), lambda: NOW_NS, keys, may_change=True
        )
        await asker.ask(call)

    asyncio.run(ask())
    return session


def test_a_tuple_of_parameters_is_sent_as_a_list() -> None:
    items = ({"instId": "BTC-USDT", "algoClOrdId": "one"}, {"instId": "BTC-USDT"})
    assert json.loads(sent(Call("privatePostTradeCancelAlgos", items)).body) == list(items)


@pytest.mark.parametrize("method", ["privatePostTradeOrder", "privatePostTradeOrderAlgo"])
def test_ccxt_adds_nothing_of_its_own_to_an_order(method: str) -> None:
    """It has a broker's id and tag for orders without a client id, algo orders among them."""
    params = {"instId": "BTC-USDT", "sz": "1"}
    assert (
        json.loads(sent(Call(method, params)).body) == params == {"instId": "BTC-USDT", "sz": "1"}
    )


def test_a_request_that_outlives_the_fence_is_dated_back() -> None:
    call = Call("privatePostTradeOrder", {"instId": "BTC-USDT", "clOrdId": "one"})
    stamps = [sent(call, back).headers["OK-ACCESS-TIMESTAMP"] for back in (0, BACK_S)]
    assert stamps == ["2023-11-14T22:13:20.000Z", "2023-11-14T22:12:53.000Z"]


def test_a_clock_that_was_set_back_signs_with_the_present_again() -> None:
    """A number that only ever grows would go on signing with the future (T1, D4)."""
    session = Sent()
    times_ns = [NOW_NS, NOW_NS - 60 * 10**9]

    async def stamps(access: Access) -> list[int]:
        left = list(times_ns)
        line = cast("aiohttp.ClientSession", session)
        asker = VenueAsker(
            access, line, lambda: left[0], Keys(Secret("key"), Secret("c2VjcmV0")), may_change=True
        )
        found = []
        for _ in times_ns:
            await asker.ask(
                Call("privatePostAddOrder" if access.nonce_grows else "privatePostOrder")
            )
            sent_pairs = dict(pair.split("=") for pair in session.body.split("&"))
            found.append(int(sent_pairs["nonce" if access.nonce_grows else "timestamp"]))
            left.pop(0)
        return found

    now_ms = NOW_NS // 10**6
    binance = Access("BINANCE", "binance", no_fault)
    assert asyncio.run(stamps(binance)) == [now_ms, now_ms - 60_000]
    grows = Access("KRAKEN", "kraken", no_fault, nonce_grows=True)
    assert asyncio.run(stamps(grows)) == [now_ms, now_ms + 1]


def test_kraken_demands_that_the_number_grows() -> None:
    assert KRAKEN.nonce_grows


def test_other_keys_sign_from_now_on() -> None:
    """R-SEC-05: requests, logins of sockets and their signatures are all of the new key."""
    old = Keys(Secret("old"), Secret("c2VjcmV0"), Secret("p"))
    new = Keys(Secret("new"), Secret("bmV3ZXI="), Secret("q"))
    changed, fresh = (
        VenueAsker(KRAKEN, cast("aiohttp.ClientSession", Sent()), lambda: NOW_NS, keys)
        for keys in (old, new)
    )
    before = changed.sign("text")
    changed.rekey(new)
    assert (changed.key, changed.passphrase) == ("new", "q")
    assert changed.sign("text") == fresh.sign("text") != before
    for one in (changed._signer, fresh._signer):
        assert (one.apiKey, one.secret, one.password) == ("new", "bmV3ZXI=", "q")


BINANCE_CALLS = sorted(
    {
        name
        for path in (ROOT / "src/ballast/venues/clients/binance").glob("*.py")
        for name in re.findall(r'"((?:private|fapiPrivate|sapi)[A-Za-z0-9]+)"', path.read_text())
    }
)


@pytest.mark.parametrize("method", BINANCE_CALLS)
def test_each_signed_request_to_binance_says_its_receive_window_once(method: str) -> None:
    """A-EXCH-07, R-EXCH-04: of all calls of the clients; 3 s, as the fence of an order has it."""
    access = USDM if method.startswith("fapi") else SPOT
    urls: list[str] = []

    class Noted(Sent):
        def request(self, *asked: Any, data: bytes, headers: dict[str, str], **more: Any) -> Sent:
            urls.append(f"{asked[1]} {(data or b'').decode()}")
            return super().request(data=data or b"", headers=headers, **more)

    async def ask() -> None:
        session = cast("aiohttp.ClientSession", Noted())
        keys = Keys(Secret("key"), Secret("secret"))
        asker = VenueAsker(access, session, lambda: NOW_NS, keys, may_change=True)
        await asker.ask(Call(method, {"symbol": "BTCUSDT"}))

    asyncio.run(ask())
    (text,) = urls
    if "signature=" in text:
        assert text.count("recvWindow=") == 1
        assert "recvWindow=3000&" in text
    else:
        assert re.search(r"/listenKey|/system/status", text), "nothing else goes unsigned"


def test_every_call_has_a_time_to_connect_and_a_time_to_answer() -> None:
    """R-NET-14: shorter than the fence of an order assumes that a request may live."""
    found = sent(Call("privatePostTradeOrder", {"instId": "BTC-USDT"}, changes=True)).timeout
    assert found is not None
    assert (found.connect, found.total) == (5.0, 10.0)
    assert found.total * 10**9 < fence_ns(0, WINDOW_NS)
