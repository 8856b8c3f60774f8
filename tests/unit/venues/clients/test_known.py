"""Names of orders are a memory for speed: bounded, both ways, and never wrong (R-EXCH-12)."""

from __future__ import annotations

import asyncio

import pytest

from ballast.venues.clients import known
from ballast.venues.clients.calls import CallError, Verdict
from ballast.venues.clients.known import Known, Whose
from ballast.venues.clients.reading import reads_answers


def test_a_name_is_found_both_ways() -> None:
    names = Known()
    names.learn("OA", "BTCUSD", "own")
    assert names.name_of("own") == "OA"
    assert names.whose("OA") == Whose("BTCUSD", "own")
    assert (names.name_of("other"), names.whose("OB")) == ("", None)


def test_an_id_that_is_told_later_is_learnt_and_one_that_is_known_is_kept() -> None:
    names = Known()
    names.learn("OA", "BTCUSD", "")
    assert names.whose("OA") == Whose("BTCUSD", "")
    names.learn("OA", "BTCUSD", "own")
    names.learn("OA", "BTCUSD", "")
    names.learn("OA", "BTCUSD", "another")
    assert names.whose("OA") == Whose("BTCUSD", "own")


def test_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "KEPT", 2)
    names = Known()
    for number in range(3):
        names.learn(f"O{number}", "BTCUSD", f"own{number}")
    assert names.whose("O0") is None
    assert [names.name_of(f"own{number}") for number in range(3)] == ["", "O1", "O2"]
    names.learn("O3", "BTCUSD", "own2")  # an id used again is the newer order's
    names.learn("O4", "BTCUSD", "own4")
    assert names.name_of("own2") == "O3"


@pytest.mark.parametrize("error", [KeyError("a"), ValueError("b"), TypeError("c"), IndexError("d")])
def test_an_answer_that_cannot_be_read_is_a_doubt(error: Exception) -> None:
    @reads_answers
    async def ask() -> None:
        raise error

    with pytest.raises(CallError, match="cannot be read") as caught:
        asyncio.run(ask())
    assert caught.value.verdict is Verdict.UNCLEAR


def test_what_is_our_own_mistake_is_not_called_theirs() -> None:
    @reads_answers
    async def ask() -> None:
        raise AttributeError

    with pytest.raises(AttributeError):
        asyncio.run(ask())
