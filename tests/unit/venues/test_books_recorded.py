"""Books built from recorded frames, against independent books, quotes and the venues' checksums."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from tests.data import needs_data
from tests.fakes.recorded import AnySymbol, lines_of, session

from ballast.core.marketdata import BookUpdate, Grid, Levels, Quote, Side, TheirFault
from ballast.venues.books.builder import BookBuilder, State, Step
from ballast.venues.books.rules import Link, Rules, rules_of
from ballast.venues.normalise.parse import normalise

pytestmark = needs_data


@dataclass(frozen=True)
class Capture:
    """A recording of the shared data and what its README says of it."""

    venue: str
    symbol: str
    files: tuple[str, ...]
    grid: Grid
    updates: int
    at_once: tuple[int, int, int]
    """Quotes of the id of an update: compared, equal in price, equal in quantity too."""


CAPTURES = {
    "spot_btcusdt": Capture(
        "BINANCE",
        "BTCUSDT",
        ("binance-spot_btcusdt_20240808.txt.zst", "binance-spot_btcusdt_20240809.txt.zst"),
        Grid(Decimal("0.01"), Decimal("1e-8")),  # old orders of a finer lot rest far away
        6_492,
        (1_072, 1_072, 1_072),
    ),
    "usdm_btcusdt": Capture(
        "BINANCEUSDM",
        "BTCUSDT",
        ("binance-usdm_btcusdt_20240808.txt.zst",),
        Grid(Decimal("0.1"), Decimal("0.001")),
        6_545,
        (629, 629, 629),
    ),
    "cm_btcusd_perp": Capture(
        "BINANCECOINM",
        "BTCUSD_PERP",
        ("binance-cm_btcusd_perp_20240808.txt.zst",),
        Grid(Decimal("0.1"), Decimal(1)),
        26_822,
        (1_124, 1_124, 1_124),
    ),
}


@dataclass
class Watch:
    """A builder, and what was compared on the way."""

    builder: BookBuilder
    steps: Counter[Step] = field(default_factory=Counter)
    quotes: dict[int, Quote] = field(default_factory=dict)
    compared: Counter[str] = field(default_factory=Counter)

    def take(self, event: object) -> None:
        if isinstance(event, BookUpdate):
            step = self.builder.take(event)
            self.steps[step] += 1
            if step is not Step.APPLIED:
                return
            quote = self.quotes.get(self.builder.last_id)
        elif isinstance(event, Quote) and self.builder.is_live:
            self.quotes[event.update_id] = event
            quote = event if event.update_id == self.builder.last_id else None
        else:
            return
        if quote is not None:
            self._compare(quote)

    def _compare(self, quote: Quote) -> None:
        bid, ask = self.builder.book.best_bid, self.builder.book.best_ask
        assert bid is not None
        assert ask is not None
        self.compared["all"] += 1
        prices = (bid.price_ticks, ask.price_ticks) == (quote.bid_ticks, quote.ask_ticks)
        sizes = (bid.qty_lots, ask.qty_lots) == (quote.bid_lots, quote.ask_lots)
        self.compared["price"] += prices
        self.compared["equal"] += prices and sizes


def _rows(side: Levels, grid: Grid) -> list[list[Decimal]]:
    return [[grid.price_of(int(row[0])), grid.qty_of(int(row[1]))] for row in side]


@pytest.mark.slow
@pytest.mark.parametrize("name", CAPTURES)
def test_books_equal_independent_books_at_every_line_given(name: str) -> None:
    """R-DATA-11: 48 books of 20 levels, with the numbers of levels and the update's number."""
    capture = CAPTURES[name]
    expected: dict[str, Any] = msgspec.json.decode(b"".join(lines_of("l2/expected-books.json.zst")))
    waiting = {(each["file"], each["line"]): each for each in expected[name]["checkpoints"]}
    watch = Watch(BookBuilder(rules_of(capture.venue), capture.grid))
    book = watch.builder.book
    for file in capture.files:
        for number, line in enumerate(lines_of(f"l2/{file}"), 1):
            frame = line.partition(b" ")[2]
            grids = {capture.symbol: capture.grid}
            events = normalise(capture.venue, frame, grids, capture.symbol)
            assert not isinstance(events, TheirFault), events
            for event in events:
                watch.take(event)
            point = waiting.pop((file, number), None)
            if point is None:
                continue
            for side, levels in zip(("bids", "asks"), book.top(20), strict=True):
                wanted = [[Decimal(text) for text in row] for row in point[side]]
                assert _rows(levels, capture.grid) == wanted, (file, number, side)
            counts = (book.count(Side.BUY), book.count(Side.SELL))
            assert counts == (point["n_bids"], point["n_asks"])
            assert watch.builder.last_id == point["u"]
    assert waiting == {}
    assert watch.steps[Step.APPLIED] == capture.updates
    assert watch.steps[Step.LOST] == 0
    assert tuple(watch.compared[key] for key in ("all", "price", "equal")) == capture.at_once


BYBIT_V2 = Rules(Link.NONE)
# session, books, updates applied, checksums that were compared
CHECKED = [
    ("okx-2022", "OKX", None, Decimal("1e-9"), 2, 189, 191),
    ("kraken-spot-book-2021", "KRAKEN", None, Decimal("1e-6"), 10, 4_269, 4_269),
    ("coinbase-2021", "COINBASE", None, Decimal("1e-9"), 10, 9_719, 0),
    ("deribit-2021", "DERIBIT", None, Decimal("1e-9"), 10, 36, 0),
    ("bybit-v2-linear-2021", "BYBITLINEAR", BYBIT_V2, Decimal("1e-9"), 4, 1_756, 0),
    ("binance-spot-2021", "BINANCE", None, Decimal("1e-9"), 2, 158, 0),
    ("binance-usdm-2021", "BINANCEUSDM", None, Decimal("1e-9"), 2, 440, 0),
    ("binance-coinm-2021", "BINANCECOINM", None, Decimal("1e-9"), 4, 786, 0),
]


@pytest.mark.parametrize(("name", "venue", "rules", "tick", "books", "applied", "checked"), CHECKED)
def test_recorded_sessions_build_books_without_a_gap(
    name: str, venue: str, rules: Rules | None, tick: Decimal, books: int, applied: int,
    checked: int,
) -> None:  # fmt: skip
    """All checksums of OKX (191) and Kraken (4,269) are right, over the digits as sent."""
    builders: dict[str, BookBuilder] = {}
    steps: Counter[Step] = Counter()
    grids = {
        tick: Grid(tick, Decimal("1e-8")),
        Decimal("1e-9"): Grid(Decimal("1e-9"), Decimal("1e-8")),
    }
    for frame, symbol in session(name):
        grid = grids[Decimal("1e-9")]
        events = normalise(venue, frame, AnySymbol(grid), symbol)
        if isinstance(events, TheirFault) or b"XBT/" in frame[-20:]:  # a price of ten billion
            grid = grids[tick]
            events = normalise(venue, frame, AnySymbol(grid), symbol)
        assert not isinstance(events, TheirFault)
        for event in events:
            if isinstance(event, BookUpdate):
                builder = builders.setdefault(
                    event.symbol, BookBuilder(rules or rules_of(venue), grid)
                )
                steps[builder.take(event)] += 1
                assert builder.state is not State.GAP, (builder.cause, builder.reason)
    assert len(builders) == books
    assert all(builder.is_live for builder in builders.values())
    assert steps[Step.APPLIED] == applied
    assert sum(builder.checked for builder in builders.values()) == checked


def test_the_archive_of_bybit_builds_500_levels() -> None:
    """A snapshot and 49 deltas: `u` grows by one; every fifth left out is a gap."""
    grid = Grid(Decimal("0.0001"), Decimal(1))
    for missing in (None, 5):
        builder = BookBuilder(rules_of("BYBITLINEAR"), grid)
        steps = []
        for number, line in enumerate(
            lines_of("l2/bybit-linear-xrpusdt-ob500-2024-12-01.jsonl.zst")
        ):
            if missing is not None and number == missing:
                continue
            events = normalise("BYBITLINEAR", line, {"XRPUSDT": grid})
            assert not isinstance(events, TheirFault)
            (event,) = events
            assert isinstance(event, BookUpdate)
            steps.append(builder.take(event))
        if missing is None:
            assert steps == [Step.LOADED] + [Step.APPLIED] * 49
            assert builder.book.count(Side.BUY) == 500
            assert builder.book.count(Side.SELL) == 500
        else:
            assert steps[5] is Step.LOST
            assert set(steps[6:]) == {Step.WAITING}
