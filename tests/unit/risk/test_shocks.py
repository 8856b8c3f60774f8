"""Announcements as values: replaced by name, withdrawn, over with their time (R-DATA-23, S-16)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballast.risk.halt.shocks import MORE, MOST, Shock, Shocks, announced, ended

HOUR = 3_600_000_000_000
NOW = 1_700_000_000_000_000_000
CPI = Shock("cpi", "calendar", "US CPI", ("BTCUSDT",), NOW + HOUR, tightens=True)


def told(*shocks: Shock) -> Shocks:
    found = Shocks()
    for one in shocks:
        found = announced(found, one, NOW)
    return found


@pytest.mark.parametrize(
    ("symbols", "asked", "is_held"),
    [
        (("BTCUSDT",), "BTCUSDT", True),
        (("BTCUSDT",), "ETHUSDT", False),
        ((), "ETHUSDT", True),  # of all
        (("BTCUSDT", "ETHUSDT"), "ETHUSDT", True),
    ],
)
def test_only_what_is_named_is_held(symbols: tuple[str, ...], asked: str, is_held: bool) -> None:
    found = told(replace(CPI, symbols=symbols)).against(asked)
    assert (found is not None) is is_held


def test_of_several_the_one_that_lasts_longest_is_told() -> None:
    long = replace(CPI, name="strike", until_ns=NOW + 2 * HOUR)
    assert told(CPI, long).against("BTCUSDT") == long
    assert told(long, CPI).against("BTCUSDT") == long


def test_the_same_name_replaces_and_keeps_what_was_moved_for_it() -> None:
    moved = Shocks((replace(CPI, tightened=("BTCUSDT",)),))
    later = replace(CPI, text="US CPI, late", until_ns=NOW + 2 * HOUR)
    (one,) = announced(moved, later, NOW).every
    assert one == replace(later, tightened=("BTCUSDT",))


@pytest.mark.parametrize("until_ns", [NOW, NOW - 1, 0])
def test_what_ends_when_it_is_told_withdraws(until_ns: int) -> None:
    after = announced(told(CPI), replace(CPI, until_ns=until_ns), NOW)
    assert after.in_force == ()
    assert after.against("BTCUSDT") is None
    assert announced(Shocks(), replace(CPI, until_ns=until_ns), NOW) == Shocks(), "nothing to end"


def test_the_same_words_do_not_begin_again_what_was_withdrawn() -> None:
    """A file that is read again at a start repeats what a person ended; other words do begin."""
    withdrawn = announced(told(CPI), replace(CPI, until_ns=0), NOW)
    assert announced(withdrawn, CPI, NOW) == withdrawn
    later = replace(CPI, until_ns=CPI.until_ns + 1)
    assert announced(withdrawn, later, NOW).in_force == (later,)


def test_what_is_over_is_forgotten_and_told_once() -> None:
    shocks = told(CPI, replace(CPI, name="strike", until_ns=NOW + 2 * HOUR))
    assert ended(shocks, CPI.until_ns - 1) == (shocks, ())
    left, gone = ended(shocks, CPI.until_ns)
    assert gone == (CPI,)
    assert [one.name for one in left.every] == ["strike"]
    assert ended(left, CPI.until_ns) == (left, ())
    withdrawn = announced(told(CPI), replace(CPI, until_ns=0), NOW)
    assert ended(withdrawn, CPI.until_ns) == (Shocks(), ()), "that was told when it was withdrawn"


def test_what_is_withdrawn_makes_room_first() -> None:
    every = [replace(CPI, name=f"n{k}") for k in range(MOST)]
    full = announced(told(*every), replace(every[3], until_ns=0), NOW)
    after = announced(full, replace(CPI, name="strike"), NOW)
    assert len(after.in_force) == MOST
    assert after.of(MORE) is None


ANY = st.builds(
    Shock,
    st.integers(0, 3 * MOST).map(lambda k: f"n{k}"),
    st.just("feed"),
    st.just("text"),
    st.sampled_from([(), ("A",), ("B",), ("A", "B")]),
    st.integers(NOW - HOUR, NOW + 1_000 * HOUR),
    tightens=st.booleans(),
)


@given(st.lists(ANY, max_size=3 * MOST))
def test_a_crowd_is_bounded_and_blocks_no_less(said: list[Shock]) -> None:
    """R-GATE-01: whatever has no room goes on holding its symbols to its time."""
    shocks, wanted = Shocks(), {}
    for one in said:
        shocks = announced(shocks, one, NOW)
        wanted[one.name] = one
        assert len(shocks.every) <= MOST
    for symbol in ("A", "B"):
        until = [one.until_ns for one in wanted.values() if one.names(symbol)]
        found = shocks.against(symbol)
        if max(until, default=0) > NOW:
            assert found is not None
            assert found.until_ns >= max(until)
