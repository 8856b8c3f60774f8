"""`doctor --venue` and `ltv --venue` against a simulated Binance: questions only, by real names."""

from __future__ import annotations

import json
from dataclasses import replace
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from tests.fakes.shell import Done, ballast

from ballast.core.orders import PositionMode
from ballast.service.doctor.venue import key_findings
from ballast.service.testing.venue import ServedVenue, simulated_exchange
from ballast.venues.clients.account import Grants
from ballast.venues.simulated.fronts.keys import hmac_hex

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def venue() -> Iterator[ServedVenue]:
    with simulated_exchange("binance", past="5m") as served:
        yield served


def ask(home: Path, venue: ServedVenue, *arguments: str, **held: str) -> Done:
    keys = {"BALLAST_KEY__BINANCE__MAIN": venue.key, "BALLAST_SECRET__BINANCE__MAIN": venue.secret}
    there = ("--rehearse", str(venue.port), "--ca", str(venue.ca), "--json")
    return ballast(home, *arguments, *there, environment=held or keys)


def findings(done: Done) -> dict[str, dict[str, Any]]:
    return {one["check"]: one for one in json.loads(done.out)["findings"]}


def test_the_doctor_asks_a_venue(tmp_path: Path, venue: ServedVenue) -> None:
    """R-CLI-08, R-SEC-12, S11: reached, open, clock, symbol and stop, rights of the key."""
    before = venue.state()["accounts"]
    done = ask(tmp_path, venue, "doctor", "--venue", "binance", "-s", "btcusdt", "-s", "NOUSDT")
    found = findings(done)
    assert done.code == 1, "a symbol that is not listed is a problem"
    assert "does not list it" in found["NOUSDT"]["found"]
    assert found["BTCUSDT"]["found"].endswith("protected by stop_market")
    assert found["key at venue"]["found"] == "may read and trade"
    assert found["key's address"]["state"] == "warning"
    for check in ("venue reached", "venue open", "clock at venue", "account"):
        assert found[check]["state"] == "ok", found[check]
    assert venue.state()["accounts"] == before, "questions only"
    assert venue.secret not in done.out + done.err


def test_what_keeps_the_doctor_from_asking_is_a_finding(tmp_path: Path, venue: ServedVenue) -> None:
    where = ("doctor", "--venue", "BINANCE")
    bare = findings(ask(tmp_path, venue, *where, HOME="x"))
    assert "there are no keys" in bare["keys"]["found"]
    assert bare["venue open"]["state"] == "ok", "public data needs none"
    assert bare["key at venue"]["found"] == "no keys: only public data"
    wrong = {"BALLAST_KEY__BINANCE__MAIN": "k" * 64, "BALLAST_SECRET__BINANCE__MAIN": "s" * 64}
    refused = findings(ask(tmp_path, venue, *where, **wrong))
    assert refused["key at venue"]["state"] == "problem"
    unknown = findings(ask(tmp_path, venue, "doctor", "--venue", "BINANSE"))
    assert "did you mean 'BINANCE'" in unknown["venue reached"]["found"]
    nobody = ("--rehearse", "1", "--ca", str(venue.ca), "--json")
    silent = ballast(tmp_path, *where, *nobody, environment=wrong)
    assert findings(silent)["venue reached"]["state"] == "problem"


GRANTS = Grants(can_read=True, can_trade=True, can_withdraw=False, is_ip_bound=True)


@pytest.mark.parametrize(
    ("changes", "problems", "warnings"),
    [
        ({}, [], []),
        ({"can_withdraw": True}, ["may withdraw"], []),
        ({"can_withdraw": None}, [], ["the venue does not say whether it may withdraw"]),
        ({"can_read": False}, ["may not read"], []),
        ({"can_trade": False}, [], ["may not trade: good for looking only"]),
        ({"is_ip_bound": False}, [], ["works from anywhere"]),
        ({"expires_ms": 13 * DAY_MS}, [], ["in 13 days"]),
        ({"expires_ms": 15 * DAY_MS}, [], []),
        ({"position_mode": PositionMode.HEDGE, "account_kind": "unified"},
         ["unified, hedge mode"], []),
    ],
)  # fmt: skip
def test_what_rights_mean(
    changes: dict[str, Any], problems: list[str], warnings: list[str]
) -> None:
    """S11, R-SEC-06: the right to withdraw is a problem, working from anywhere a warning."""
    found = list(key_findings(replace(GRANTS, **changes), 0))
    assert [one.found for one in found if one.state == "problem"] == problems
    assert [one.found for one in found if one.state == "warning"] == warnings
    assert all(one.fix for one in found if one.state != "ok")


def test_loans_of_a_venue_are_asked_for_judged_and_recorded(
    tmp_path: Path, venue: ServedVenue
) -> None:
    """R-CLI-11 on the wire: borrowed up to 65 % it is critical, and the node's pause waits."""
    none = ask(tmp_path, venue, "ltv", "--venue", "BINANCE").json()
    assert (none["level"], none["loans"], none["venue"]) == ("fine", [], "BINANCE")
    venue_post(venue, "/sapi/v2/loan/flexible/borrow", loanCoin="USDT", collateralCoin="BTC",
               collateralAmount="0.5")  # fmt: skip
    done = ask(tmp_path, venue, "ltv", "--venue", "binance")
    found = json.loads(done.out)
    assert (done.code, found["level"], found["paused"]) == (1, "critical", True)
    assert found["ltv"] == pytest.approx(0.65, abs=0.02)
    assert found["loans"][0]["fall_to_liquidation"] == pytest.approx(1 - found["ltv"] / 0.83)
    (row,) = ballast(tmp_path, "ltv", "--history", "--json").json()["history"]
    assert (row["venue"], row["account"], row["loan"]) == ("BINANCE", "main", "USDT-BTC")
    line = ask(tmp_path, venue, "ltv", "--venue", "bybit").mistake()
    assert "the loans of 'bybit' cannot be asked for" in line
    wrong = {"BALLAST_KEY__BINANCE__MAIN": "k" * 64, "BALLAST_SECRET__BINANCE__MAIN": "s" * 64}
    assert "does not tell its loans" in ask(tmp_path, venue, "ltv", "--venue", "BINANCE",
                                            **wrong).mistake()  # fmt: skip


def venue_post(venue: ServedVenue, path: str, **values: str) -> None:
    """Send a signed request to the plain port."""
    asked = urlencode({**values, "timestamp": str(venue.now_ms)})
    query = f"{asked}&signature={hmac_hex(venue.secret, asked.encode())}"
    line = HTTPConnection(venue.url.removeprefix("http://"), timeout=30)
    said: dict[str, str] = {}
    for _ in range(50):  # a market that has just opened has no price to lend by yet
        line.request("POST", f"{path}?{query}", headers={"X-MBX-APIKEY": venue.key})
        said = json.load(line.getresponse())
        if "status" in said:
            break
    assert said.get("status") == "Succeeds", said
    line.close()
