"""`ballast symbols` and `ballast universe` at served venues, over sockets and without keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.shell import ballast

from ballast.service.testing import simulated_exchange

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ballast.service.testing import ServedVenue


@pytest.fixture(scope="module")
def bybit() -> Iterator[ServedVenue]:
    with simulated_exchange("bybit", past="5m") as served:
        yield served


@pytest.fixture(scope="module")
def coinbase() -> Iterator[ServedVenue]:
    with simulated_exchange("coinbase", past="5m") as served:
        yield served


def at(venue: ServedVenue) -> tuple[str, ...]:
    return ("--rehearse", str(venue.port), "--ca", str(venue.ca))


def universe(home: Path, venue: ServedVenue, name: str, *more: str) -> Any:
    return ballast(home, "universe", name, *more, *at(venue), "--json").json()


def left(found: Any) -> dict[str, str]:
    assert found["chosen"] == []
    return {one["rule"]: one["reason"] for one in found["left_out"]}


def test_the_rules_of_a_symbol_without_keys_and_its_fees_with_them(
    bybit: ServedVenue, tmp_path: Path
) -> None:
    told = ballast(tmp_path, "symbols", "BYBITLINEAR", *at(bybit), "--json").json()
    assert told["venue"] == "BYBITLINEAR"
    (row,) = [one for one in told["symbols"] if one["symbol"] == "BTCUSDT"]
    assert (row["status"], row["trading"], row["kind"]) == ("Trading", True, "perpetual")
    assert (row["tick"], row["lot"], row["min_notional"]) == ("0.1", "0.001", "5")
    assert {"limit", "market", "stop_market"} <= set(row["orders"])
    assert row["maker"] is row["taker"] is None
    keys = {
        "BALLAST_KEY__BYBIT__MAIN": bybit.key,
        "BALLAST_SECRET__BYBIT__MAIN": bybit.secret,
    }
    with_fees = ballast(
        tmp_path, "symbols", "BYBITLINEAR", "-s", "btcusdt", "--fees", *at(bybit), "--json",
        environment=keys,
    ).json()  # fmt: skip
    (row,) = with_fees["symbols"]
    assert 0 < float(row["maker"]) < float(row["taker"]) < 0.01


def test_a_symbol_is_chosen_and_each_rule_can_leave_it_out(
    bybit: ServedVenue, tmp_path: Path
) -> None:
    """R-DATA-13: spot of Bybit states no date of listing: its first daily bar tells its age."""
    found = universe(tmp_path, bybit, "BYBIT", "--top", "5", "--spread-max", "50")
    assert (found["venue"], found["quote"], found["open"]) == ("BYBIT", "USDT", True)
    (one,) = found["chosen"]
    assert (one["rank"], one["symbol"]) == (1, "BTCUSDT")
    assert one["volume_quote"] > 100_000
    assert 0 < one["spread_bps"] < 50
    for option, value, rule, words in (
        ("--volume-min", "1e15", "volume", "under 1,000,000,000,000,000"),
        ("--spread-max", "0", "spread", "over 0"),
        ("--price-min", "1e9", "price", "under 1000000000"),
        ("--age-min", "30", "age", "days old, under 30"),
        ("--exclude", "BTC", "exclude", "fits BTC"),
        ("--only", "ETH", "only", "fits none of ETH"),
    ):
        reasons = left(universe(tmp_path, bybit, "BYBIT", option, value))
        assert list(reasons) == [rule], (option, reasons)
        assert words in reasons[rule]


def test_a_listing_that_the_venue_dates_needs_no_bars(bybit: ServedVenue, tmp_path: Path) -> None:
    found = universe(tmp_path, bybit, "BYBITLINEAR", "--age-min", "365")
    assert [one["symbol"] for one in found["chosen"]] == ["BTCUSDT"]
    assert found["chosen"][0]["listed_ms"] == 1_584_230_400_000


def test_where_the_day_tells_no_best_prices_the_book_is_asked(
    coinbase: ServedVenue, tmp_path: Path
) -> None:
    assert universe(tmp_path, coinbase, "COINBASE")["chosen"][0]["spread_bps"] is None
    found = universe(tmp_path, coinbase, "COINBASE", "--spread-max", "50")
    assert [one["symbol"] for one in found["chosen"]] == ["BTCUSDT"]
    assert 0 < found["chosen"][0]["spread_bps"] < 50


def test_market_caps_come_from_a_file(bybit: ServedVenue, tmp_path: Path) -> None:
    (tmp_path / "caps.csv").write_text("asset,market_cap\nbtc,2e12\n")
    file = ("--market-cap", "caps.csv", "--market-cap-min")
    (one,) = universe(tmp_path, bybit, "BYBIT", *file, "1e9")["chosen"]
    assert one["market_cap"] == 2e12
    assert "under" in left(universe(tmp_path, bybit, "BYBIT", *file, "3e12"))["market_cap"]


def test_it_waits_where_the_venue_refuses_for_its_rate(bybit: ServedVenue, tmp_path: Path) -> None:
    """R-NET-03: four refusals in a row, each for a second; a session's patience ends at three."""
    bybit.fault("rate_limited", "tickers", count=4)
    try:
        found = universe(tmp_path, bybit, "BYBIT", "--top", "5")
    finally:
        bybit.command("DELETE", "/faults")
    assert [one["symbol"] for one in found["chosen"]] == ["BTCUSDT"]


def test_it_does_not_wait_out_a_ban(tmp_path: Path) -> None:
    """Ten minutes: a script is told to come later (exit code 75), at once."""
    with simulated_exchange("bybit", past="5m") as venue:
        venue.fault("banned", "tickers")
        done = ballast(tmp_path, "universe", "BYBIT", *at(venue))
    assert done.code == 75
    assert done.err.startswith("error: BYBIT does not answer")
    assert "try again later" in done.err


def test_people_get_tables(bybit: ServedVenue, tmp_path: Path) -> None:
    shown = ballast(tmp_path, "universe", "BYBIT", "--volume-min", "1e15", *at(bybit))
    assert "left out" in shown.out
    assert "BTCUSDT  volume" in shown.out
    assert "0 of 1 symbols in USDT" in shown.err
    assert "BTCUSDT" in ballast(tmp_path, "symbols", "BYBIT", *at(bybit)).out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("universe", "BYBIT", "--quote", "XYZ"), ("no symbol in XYZ", "USDT")),
        (("universe", "BYBIT", "--volume-min", "nan"), ("'nan' is no amount", "--volume-min")),
        (("universe", "BYBIT", "--spread-max", "wide"), ("'wide' is no amount",)),
        (("universe", "BYBIT", "--market-cap-min", "1"), ("belong together",)),
        (
            ("universe", "BYBIT", "--market-cap", "none.csv", "--market-cap-min", "1"),
            ("cannot be read", "none.csv"),
        ),
        (("symbols", "BYBIT", "-s", "BTCUSTD"), ("does not list BTCUSTD", "BTCUSDT")),
        (("symbols", "BYBIT", "--quote", "XYZ"), ("no symbol in XYZ",)),
        (("symbols", "NASDAQ"), ("'NASDAQ' is no venue",)),
    ],
)
def test_what_cannot_be_asked_is_one_line_and_exit_2(
    bybit: ServedVenue, tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    done = ballast(tmp_path, *arguments, *at(bybit))
    assert done.code == 2
    assert all(word in done.err for word in words), done.err
    assert "Traceback" not in done.err
