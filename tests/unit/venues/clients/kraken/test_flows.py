"""What came to an account at Kraken and left it, out of the entries of its ledger."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.kraken_desk import KrakenDesk as Simulated

from ballast.venues.clients.account import Flow
from ballast.venues.clients.calls import Call, CallError, Verdict
from ballast.venues.clients.kraken.access import read_fault
from ballast.venues.clients.kraken.desk import KrakenDesk

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW_S = 1_700_000_000
NOW_MS = NOW_S * 1_000
SINCE_MS = NOW_MS - 60_000


class Venue:
    """Answers with entries by type, fifty a page, and with prices."""

    key = passphrase = ""

    def __init__(self, *rows: tuple[str, dict[str, Any]], page: int = 50) -> None:
        self.rows, self.page = dict(rows), page
        self.calls: list[Call] = []

    async def ask(self, call: Call) -> Any:
        self.calls.append(call)
        body: Any = call.body
        if call.method == "publicGetAssetPairs":
            return {"result": Simulated().get("AssetPairs")}
        if call.method == "publicGetTicker":
            assert body == {"pair": "XBTUSD"}
            return {"result": {"XXBTZUSD": {"c": ["60000.0", "1"]}}}
        assert call.method == "privatePostLedgers"
        return self.ledger(body)

    def ledger(self, body: Mapping[str, str]) -> Any:
        found = [one for one in self.rows.items() if one[1]["type"] == body["type"]]
        first = int(body["ofs"])
        return {"result": {"ledger": dict(found[first : first + self.page])}}

    def now_ms(self) -> int:
        return NOW_MS

    def sign(self, text: str, *, digest: str = "hex") -> str:
        raise AssertionError((text, digest))

    def token(self) -> str:
        raise AssertionError


def flows(venue: Venue, since_ms: int = SINCE_MS, quote: str = "USD") -> list[Flow]:
    desk = KrakenDesk(venue, lambda: 5)

    async def asked() -> list[Flow] | None:
        await desk.load()
        venue.calls.clear()
        return await desk.flows(quote, since_ms)

    found = asyncio.run(asked())
    assert found is not None
    return found


def entry(
    number: int, kind: str = "deposit", amount: str = "5.0000", **change: Any
) -> tuple[str, dict[str, Any]]:
    row = {
        "refid": f"Q{number}", "time": f"{NOW_S - 1}.5", "type": kind, "subtype": "",
        "aclass": "currency", "asset": "ZUSD", "amount": amount, "fee": "0.0000",
        "balance": "1.0000",
    }  # fmt: skip
    return f"L{number}", row | change


def test_amounts_are_less_their_fees_and_dated_by_the_venue() -> None:
    """R-RISK-28: a withdrawal takes amount and fee, a deposit may cost one too."""
    venue = Venue(
        entry(1, fee="0.5000"),
        entry(2, "withdrawal", "-5.0000", fee="0.2500", time=f"{NOW_S - 9}.1234"),
        entry(3, "transfer", "1.0000", subtype="spotfromfutures", time=f"{NOW_S}.25"),
    )
    gone, came, moved = flows(venue)
    assert came == Flow("USD", Decimal("4.5"), Decimal("4.5"), (NOW_S * 10 - 5) * 10**8, "L1")
    assert (gone.amount, gone.flow_id) == (Decimal("-5.25"), "L2")
    assert gone.at_ns == (NOW_S - 9) * 10**9 + 123_400_000
    assert (moved.amount, moved.at_ns, moved.flow_id) == (1, NOW_S * 10**9 + 250_000_000, "L3")
    assert sum(one.cost for one in venue.calls) == 6
    assert {one.method for one in venue.calls} == {"privatePostLedgers"}


def test_a_withdrawal_that_failed_comes_back_as_another_entry() -> None:
    """R-RISK-28, R-RECON-08: nothing is left of it."""
    venue = Venue(entry(1, "withdrawal", "-5.0000"), entry(2, "withdrawal", "5.0000"))
    found = flows(venue)
    assert sum(one.worth for one in found) == 0
    assert len({one.flow_id for one in found}) == 2


def test_coins_have_our_names_and_the_price_of_their_pair() -> None:
    """R-RISK-28: one without a pair counts nothing."""
    venue = Venue(
        entry(1, asset="XXBT", amount="0.5"),
        entry(2, asset="DOT.S", amount="7"),
    )
    staked, coin = flows(venue)
    assert (coin.asset, coin.worth) == ("BTC", 30_000)
    assert (staked.asset, staked.amount, staked.worth) == ("DOT.S", 7, 0)
    (dollars,) = flows(Venue(entry(1, amount="600")), quote="BTC")
    assert dollars.worth == Decimal("0.01")


def test_the_start_is_left_out_by_the_venue_and_not_by_us() -> None:
    rows = [entry(number, time=f"{NOW_S - 60}.{number}") for number in (1, 2, 3)]
    venue = Venue(*rows)
    assert [one.flow_id for one in flows(venue, SINCE_MS + 200)] == ["L2", "L3"]
    (first, *_) = (one.body for one in venue.calls)
    assert isinstance(first, dict)
    assert first["start"] == str(NOW_S - 61)


def test_all_pages_are_read_though_entries_move_on_meanwhile() -> None:
    """R-RISK-28."""

    class Busy(Venue):
        def ledger(self, body: Mapping[str, str]) -> Any:
            told = super().ledger(body)
            if body["type"] == "deposit":  # the last ones come first
                self.rows = dict([entry(9_000 + int(body["ofs"])), *self.rows.items()])
            return told

    found = flows(Busy(*(entry(number) for number in range(130))))
    assert {one.flow_id for one in found} >= {f"L{number}" for number in range(130)}


def test_pages_that_do_not_end_are_given_up() -> None:
    class Endless(Venue):
        def ledger(self, body: Mapping[str, str]) -> Any:
            return super().ledger({**body, "ofs": "0"})

    with pytest.raises(CallError, match="does not end"):
        flows(Endless(*(entry(number) for number in range(50))))


@pytest.mark.parametrize(
    "change",
    [
        {"time": None},
        {"amount": None},
        {"time": "x"},
        {"amount": "x"},
        {"fee": "NaN"},
        {"asset": None},
    ],
)
def test_an_entry_of_another_shape_is_a_failed_call(change: dict[str, Any]) -> None:
    with pytest.raises(CallError) as caught:
        flows(Venue(entry(1, **change)))
    assert caught.value.verdict is Verdict.UNCLEAR


def test_a_key_that_may_not_read_the_ledger_is_told_as_that() -> None:
    """R-RISK-28: whoever asks goes on without."""

    class Closed(Venue):
        def ledger(self, body: Mapping[str, str]) -> Any:
            del body
            error = read_fault(200, {"error": ["EGeneral:Permission denied"]}, "")
            assert error is not None
            raise error

    with pytest.raises(CallError) as caught:
        flows(Closed())
    assert caught.value.verdict is Verdict.KEY
