"""Web tokens for sockets: signed as Coinbase wants them, and never good for long (R-EXCH-12)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import pytest

from ballast.core.errors import UserError
from ballast.core.settings.rule import Secret
from ballast.venues.clients.access import Access, Keys
from ballast.venues.clients.asking.asker import VenueAsker
from ballast.venues.clients.calls import Call, CallError, Verdict
from ballast.venues.simulated.fronts.coinbase.errors import Refusal
from ballast.venues.simulated.fronts.coinbase.security import check_token, make_key
from ballast.venues.simulated.fronts.keys import KeyRing

if TYPE_CHECKING:
    from ballast.venues.simulated.fronts.keys import ApiKey

NOW_NS = 1_700_000_000 * 10**9
SECOND_NS = 10**9
BACK_S = 110
"""A token lives 120 seconds from its date: dated back so far, ten are left."""


def no_fault(status: int, answer: object, body: str) -> CallError | None:
    del status, answer, body
    return None


def token_by(key: str, secret: str) -> str:
    """Return a token that the asker of a key signs."""

    async def made() -> str:
        access = Access("COINBASE", "coinbase", no_fault, stamp_back_s=BACK_S)
        async with aiohttp.ClientSession() as session:
            keys = Keys(Secret(key), Secret(secret))
            return VenueAsker(access, session, lambda: NOW_NS, keys).token()

    return asyncio.run(made())


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing()


@pytest.fixture
def key(ring: KeyRing) -> ApiKey:
    return make_key(ring, 7, "bot")


def test_a_token_is_known_by_the_key_that_signed_it(ring: KeyRing, key: ApiKey) -> None:
    token = token_by(key.key, key.secret)
    assert check_token(token, "127.0.0.1", ring, NOW_NS).account == 7


def test_a_token_of_another_key_is_nobodys(ring: KeyRing, key: ApiKey) -> None:
    other = make_key(KeyRing(), 8, "other")
    with pytest.raises(Refusal):
        check_token(token_by(key.key, other.secret), "127.0.0.1", ring, NOW_NS)


def test_a_token_is_dated_back_so_that_it_is_soon_over(ring: KeyRing, key: ApiKey) -> None:
    token = token_by(key.key, key.secret)
    check_token(token, "127.0.0.1", ring, NOW_NS + 9 * SECOND_NS)
    with pytest.raises(Refusal):
        check_token(token, "127.0.0.1", ring, NOW_NS + 10 * SECOND_NS)


@pytest.mark.parametrize(
    "secret", ["not base64!", "", "c2hvcnQ=", "-----BEGIN EC PRIVATE KEY-----"]
)
def test_a_secret_that_signs_nothing_is_said_in_one_line(secret: str) -> None:
    with pytest.raises(UserError, match="cannot sign a token"):
        token_by("organizations/x/apiKeys/y", secret)


@pytest.mark.parametrize(("key", "secret"), [("", ""), ("organizations/x/apiKeys/y", "x" * 64)])
def test_a_key_that_cannot_sign_sends_nothing_and_is_told_as_that(key: str, secret: str) -> None:
    """Without a key too: a private question is refused here, in one line, without the secret."""

    async def asked() -> CallError:
        access = Access("COINBASE", "coinbase", no_fault)
        async with aiohttp.ClientSession() as session:
            asker = VenueAsker(access, session, lambda: NOW_NS, Keys(Secret(key), Secret(secret)))
            with pytest.raises(CallError) as caught:
                await asker.ask(Call("v3PrivateGetBrokerageAccounts"))
            return caught.value

    error = asyncio.run(asked())
    assert error.verdict is Verdict.KEY
    assert "x" * 64 not in str(error)
