"""Venues whose market is a replay are kept and set up again with it (R-EXCH-16)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.fakes import frames
from tests.fakes.shell import ballast, csv_rows, write_csv

from ballast.core.errors import DataError
from ballast.core.orders import OrderKind, OrderRequest, Side
from ballast.service.cli import venue_open, venue_symbols
from ballast.service.cli.venue_fronts import FRONTS
from ballast.venues.simulated.engine.outcomes import Accepted
from ballast.venues.simulated.server.snapshot import Recipe, unpacked

if TYPE_CHECKING:
    from pathlib import Path

SECOND_NS = 1_000_000_000
HOUR_NS = 3_600 * SECOND_NS
CANDLES = Recipe("binance", "candles:BINANCE-BTCUSDT-1h", "BTCUSDT", 3)
BOOK = Recipe("okx", "book:BINANCE-XYZ", "BTCUSDT", 3)


def stored_candles(folder: Path, count: int) -> None:
    write_csv(folder / "BTCUSDT_1h.csv", csv_rows(count))
    stored = ("data", "import", "BTCUSDT_1h.csv", "--venue", "binance", "--symbol", "BTCUSDT")
    assert ballast(folder, *stored, "-t", "1h").code == 0


def stored_book(folder: Path) -> None:
    start_ns = frames.START_NS
    lines = [(start_ns, frames.snapshot(4))]
    for number in range(1, 40):
        at_ns = start_ns + number * 2 * SECOND_NS
        lines.append((at_ns, frames.trade(number, "100.5", "1.0", at_ns)))
        lines.append((at_ns + 1, frames.depth(4 + number, asks=[["100.5", f"{2 + number}"]])))
    frames.write(folder / "x.txt", lines)
    stored = ("data", "books", "import", "x.txt", "--venue", "binance", "--symbol", "XYZ")
    assert ballast(folder, *stored).code == 0


def opened(recipe: Recipe) -> venue_open.OpenVenue:
    return venue_open.open_venue(
        FRONTS[recipe.exchange],
        venue_symbols.plan_of(recipe),
        balances=[],
        seed=recipe.seed,
        speed=1.0,
        recipe=recipe,
    )


@pytest.mark.parametrize(
    ("recipe", "until_ns", "after_ns", "lots"),
    [(CANDLES, 22 * HOUR_NS, 30 * HOUR_NS, 100_000), (BOOK, 30 * SECOND_NS, 70 * SECOND_NS, 10)],
)
def test_a_replay_goes_on_where_it_was(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    recipe: Recipe,
    until_ns: int,
    after_ns: int,
    lots: int,
) -> None:
    stored_candles(tmp_path, 50)
    stored_book(tmp_path)
    monkeypatch.chdir(tmp_path)
    first = opened(recipe)
    symbol, began_ns = first.plan.listing.symbol, first.started_ns
    first.gateway.advance(began_ns + until_ns)
    snapshot = unpacked(first.snapshot(), "here")
    again = venue_open.reopen_venue(snapshot, speed=1.0, catches_up=False)
    assert again.started_ns == began_ns + until_ns
    ends = []
    for one in (first, again):
        assert one.exchange.best(symbol)[0] > 0
        request = OrderRequest(symbol, Side.BUY, OrderKind.MARKET, lots)
        assert isinstance(one.exchange.submit(one.key.account, request), Accepted)
        one.gateway.advance(began_ns + after_ns)
        ends.append(one.snapshot())
    assert ends[0] == ends[1]
    assert unpacked(ends[0], "here").engine != snapshot.engine


def test_a_replay_whose_data_has_changed_is_not_taken_up_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored_candles(tmp_path, 50)
    monkeypatch.chdir(tmp_path)
    snapshot = unpacked(opened(CANDLES).snapshot(), "here")
    stored_candles(tmp_path, 60)
    with pytest.raises(DataError, match="60 bars") as caught:
        venue_open.reopen_venue(snapshot, speed=1.0)
    assert "50 bars" in caught.value.line()
