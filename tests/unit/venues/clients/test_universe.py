"""Which symbols are chosen, and by which rule each other one is left out (R-DATA-13, R-EXCH-15)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ballast.core.instrument import Kind
from ballast.core.time import DAY_MS
from ballast.venues.clients.account import DayTicker
from ballast.venues.clients.market import Market
from ballast.venues.clients.universe import Candidate, Rules, Universe, is_leveraged, select

NOW_MS = 20_000 * DAY_MS
D = Decimal


def candidate(base: str = "BTC", volume: int = 1_000, **more: Any) -> Candidate:
    market = Market(base + "USDT", base + "USDT", base, "USDT", Kind.SPOT, D("0.01"), D("0.001"))
    of_market = {"is_trading", "status", "delists_ms"} & set(more)
    market = replace(market, **{name: more.pop(name) for name in of_market})
    last = more.pop("last", D(100))
    return Candidate(market, DayTicker(market.symbol, last, D(volume)), **more)


def names(found: Universe) -> list[str]:
    return [one.market.base for one in found.chosen]


PLAIN = candidate(listed_ms=NOW_MS - 10 * DAY_MS, spread_bps=D(5), market_cap=D(10))


@pytest.mark.parametrize(
    ("one", "rules", "rule", "words"),
    [
        (candidate(is_trading=False, status="BREAK"), Rules(), "status", "BREAK"),
        (candidate(delists_ms=NOW_MS + 1), Rules(), "delisting", "announced for 2024-10-04"),
        (candidate(delists_ms=NOW_MS - DAY_MS), Rules(), "delisting", "was 2024-10-03"),
        (candidate("USDC"), Rules(), "stable", "USDC"),
        (candidate("BTC3L"), Rules(), "leveraged", "BTC3L"),
        (candidate("ETHDOWN"), Rules(), "leveraged", "ETHDOWN"),
        (PLAIN, Rules(exclude=("btc*",)), "exclude", "btc*"),
        (PLAIN, Rules(exclude=("*USDT",)), "exclude", "*USDT"),
        (PLAIN, Rules(only=("ETH", "SOL")), "only", "none of ETH, SOL"),
        (replace(PLAIN, ticker=None), Rules(), "ticker", "no price"),
        (candidate(last=D(0)), Rules(), "ticker", "no price"),
        (PLAIN, Rules(volume_min=D(1_001)), "volume", "1,000 USDT in 24 h, under 1,001"),
        (PLAIN, Rules(price_min=D("100.5")), "price", "100, under 100.5"),
        (PLAIN, Rules(market_cap_min=D(11)), "market_cap", "10, under 11"),
        (candidate(), Rules(market_cap_min=D(1)), "market_cap", "BTC is not in the file"),
        (PLAIN, Rules(age_min_days=10.5), "age", "10.0 days old, under 10.5"),
        (candidate(), Rules(age_min_days=1), "unknown", "age"),
        (PLAIN, Rules(spread_max_bps=D("4.9")), "spread", "5.00 bps, over 4.9"),
        (candidate(), Rules(spread_max_bps=D(1)), "unknown", "spread"),
    ],
)
def test_a_symbol_is_left_out_by_the_rule_it_fails_and_its_number(
    one: Candidate, rules: Rules, rule: str, words: str
) -> None:
    found = select([one], rules, NOW_MS, {"BTC", "ETH"})
    assert found.chosen == ()
    (left,) = found.left_out
    assert (left.symbol, left.rule) == (one.market.symbol, rule)
    assert words in left.reason


@pytest.mark.parametrize(
    "rules",
    [
        Rules(),
        Rules(volume_min=D(1_000), price_min=D(100), market_cap_min=D(10)),
        Rules(age_min_days=10, spread_max_bps=D(5)),
        Rules(only=("BTC",), exclude=("ETH*",), top=1),
    ],
)
def test_a_symbol_on_the_very_bound_is_chosen(rules: Rules) -> None:
    assert names(select([PLAIN], rules, NOW_MS, {"BTC"})) == ["BTC"]


def test_equally_traded_ones_come_by_name() -> None:
    many = [candidate("BBB"), candidate("CCC"), candidate("AAA")]
    for order in (many, many[::-1]):
        assert names(select(order, Rules(top=2), NOW_MS)) == ["AAA", "BBB"]


def test_a_closed_venue_has_no_universe() -> None:
    found = select([PLAIN], Rules(), NOW_MS, closed="until noon")
    assert found.chosen == ()
    assert [(one.rule, one.reason) for one in found.left_out] == [
        ("maintenance", "the venue is closed: until noon")
    ]


def test_stables_and_leveraged_tokens_come_where_they_are_wanted() -> None:
    both = [candidate("USDC", 2), candidate("BTC3L", 1)]
    rules = Rules(takes_stables=True, takes_leveraged=True)
    assert names(select(both, rules, NOW_MS, {"BTC"})) == ["USDC", "BTC3L"]


@pytest.mark.parametrize(
    ("asset", "is_one"),
    [("BTCUP", True), ("BTC5S", True), ("JUP", False), ("SYRUP", False), ("XUP", False),
     ("SOLBULL", False), ("BULL", False), ("UP", False), ("BTC", False)],
)  # fmt: skip
def test_a_leveraged_token_is_made_of_another_asset_of_the_venue(asset: str, is_one: bool) -> None:
    """JUP, SYRUP and coins after one letter (X) are coins of their own."""
    assert is_leveraged(asset, {"BTC", "ETH", "X", "J"}) is is_one


def test_what_is_behind_the_first_ones_is_not_asked_for() -> None:
    """Facts that cost a question each are wanted of no more symbols than can be chosen."""
    many = [candidate(f"C{n:02}", 1_000 - n, listed_ms=0) for n in range(3)] + [
        candidate("LAST", 1)
    ]
    found = select(many, Rules(top=3, age_min_days=1), NOW_MS)
    assert names(found) == ["C00", "C01", "C02"]
    assert found.unknown == {}
    assert [(one.symbol, one.rule) for one in found.left_out] == [("LASTUSDT", "rank")]


CANDIDATES = st.lists(
    st.builds(
        candidate,
        st.text("ABCDUP3L", min_size=1, max_size=5),
        st.integers(0, 5),
        last=st.integers(0, 3).map(D),
        is_trading=st.booleans(),
        listed_ms=st.none() | st.integers(NOW_MS - 3 * DAY_MS, NOW_MS),
        spread_bps=st.none() | st.integers(0, 5).map(D),
    ),
    unique_by=lambda one: one.market.symbol,
    max_size=12,
)
RULES = st.builds(
    Rules,
    top=st.integers(0, 4),
    volume_min=st.integers(0, 4).map(D),
    spread_max_bps=st.none() | st.integers(0, 4).map(D),
    age_min_days=st.integers(0, 3).map(float),
    price_min=st.integers(0, 2).map(D),
    exclude=st.sampled_from([(), ("A*",), ("*USDT",)]),
)


@given(CANDIDATES, RULES, st.randoms())
def test_each_symbol_is_chosen_or_left_out_once_whatever_their_order(
    given_in: list[Candidate], rules: Rules, shuffler: Any
) -> None:
    found = select(given_in, rules, NOW_MS, {"ABC"})
    told = [one.market.symbol for one in found.chosen] + [one.symbol for one in found.left_out]
    assert sorted(told) == sorted(one.market.symbol for one in given_in)
    shuffled = list(given_in)
    shuffler.shuffle(shuffled)
    assert select(shuffled, rules, NOW_MS, {"ABC"}) == found


@given(CANDIDATES, RULES)
def test_the_chosen_pass_every_rule_and_are_the_most_traded(
    given_in: list[Candidate], rules: Rules
) -> None:
    found = select(given_in, rules, NOW_MS)
    assert not rules.top or len(found.chosen) <= rules.top
    keys = []
    for one in found.chosen:
        assert one.market.is_trading
        assert one.ticker is not None
        assert one.ticker.volume_quote >= rules.volume_min
        assert one.ticker.last >= rules.price_min
        if rules.age_min_days:
            assert one.listed_ms is not None
            assert NOW_MS - one.listed_ms >= rules.age_min_days * DAY_MS
        if rules.spread_max_bps is not None:
            assert one.spread_bps is not None
            assert one.spread_bps <= rules.spread_max_bps
        keys.append((-one.ticker.volume_quote, one.market.symbol))
    assert keys == sorted(keys)
    behind = {one.symbol for one in found.left_out if one.rule == "rank"}
    last = keys[-1] if keys else None
    for one in given_in:
        if one.market.symbol in behind:
            assert last is not None
            assert one.ticker is not None
            assert (-one.ticker.volume_quote, one.market.symbol) > last


@given(CANDIDATES, RULES)
def test_a_lower_bound_leaves_no_symbol_out_that_was_chosen(
    given_in: list[Candidate], rules: Rules
) -> None:
    """Without a number of places, which a newcomer may take."""
    open_end = replace(rules, top=0)
    easier = replace(open_end, volume_min=D(0), spread_max_bps=None, age_min_days=0.0, exclude=())
    assert set(names(select(given_in, open_end, NOW_MS))) <= set(
        names(select(given_in, easier, NOW_MS))
    )
