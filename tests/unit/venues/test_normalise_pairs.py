"""Parsers against pairs of a raw message and its normal form, made by an independent normaliser.

Its forms are ours with other names; where it keeps a state (a ticker is sent when a field of it
changes, a quote is taken from a book of one level), so does the comparison here. An empty normal
form means that it filters the message, not that there is nothing in it.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from tests.data import needs_data
from tests.fakes.recorded import FINE, PAIRED, AnySymbol, documents_of

from ballast.core.marketdata import (
    BookUpdate,
    Event,
    Liquidation,
    Quote,
    Side,
    TheirFault,
    Ticker,
    Trade,
)
from ballast.venues.books.book import Book
from ballast.venues.normalise.exact import ns_of_iso
from ballast.venues.normalise.parse import normalise

pytestmark = needs_data

REFUSED = {("coinbase", 6): "a quantity of 0.-10000: they drop the level, we refuse the message"}
DIFFERENT = {
    ("kraken", "map kraken messages", 6): "they take the channel for the symbol",
    ("deribit", "map deribit messages", 18): "they write the names of options in capitals",
    ("bybit", "map bybit messages", 52): "weeks later and without a snapshot between",
    ("okex-swap", "map okex-swap messages", 24): "they prefer another channel's quote once seen",
}
COMPARED = {"trade", "book_change", "book_ticker", "derivative_ticker", "liquidation"}
SENDING_NS = 10_000_000
"""They date books and quotes by the sending, we by the matching engine where it is stated."""
NAMES = {
    "lastPrice": "last",
    "markPrice": "mark",
    "indexPrice": "index",
    "fundingRate": "funding_rate",
    "predictedFundingRate": "predicted_rate",
    "openInterest": "open_interest",
    "fundingTimestamp": "funding_ns",
}


class Mirror:
    """Turns our events into the other normaliser's forms, with the state it keeps."""

    def __init__(self, venue: str) -> None:
        self.venue = venue
        self.tickers: dict[str, dict[str, Any]] = defaultdict(dict)
        self.books: dict[str, Book] = defaultdict(Book)
        self.waiting: dict[str, list[BookUpdate]] = defaultdict(list)

    def forms(self, event: Event) -> list[dict[str, Any]]:
        match event:
            case Trade():
                return [self._trade(event)]
            case Liquidation():
                return [
                    {"type": "liquidation", "symbol": event.symbol, **self._amount(event)}
                    | {"timestamp": event.at_ns}
                ]
            case Quote():
                return [self._quote(event)]
            case BookUpdate():
                return [self._book(event)]
            case Ticker():
                self._remember(event)
                return [{"type": "derivative_ticker", "symbol": event.symbol}]
            case _:
                return []

    def _trade(self, event: Trade) -> dict[str, Any]:
        return {
            "type": "trade",
            "symbol": event.symbol,
            "id": event.trade_id or None,
            **self._amount(event),
            "timestamp": event.at_ns,
        }

    @staticmethod
    def _amount(event: Trade | Liquidation) -> dict[str, Any]:
        return {
            "price": float(FINE.price_of(event.price_ticks)),
            "amount": float(FINE.qty_of(event.qty_lots)),
            "side": "buy" if event.side is Side.BUY else "sell",
        }

    @staticmethod
    def _quote(event: Quote) -> dict[str, Any]:
        return {
            "type": "book_ticker",
            "symbol": event.symbol,
            "bidPrice": float(FINE.price_of(event.bid_ticks)) or None,
            "bidAmount": float(FINE.qty_of(event.bid_lots)) or None,
            "askPrice": float(FINE.price_of(event.ask_ticks)) or None,
            "askAmount": float(FINE.qty_of(event.ask_lots)) or None,
            "timestamp": event.at_ns,
        }

    def _book(self, event: BookUpdate) -> dict[str, Any]:
        if event.depth == 1:
            book = self.books[event.symbol]
            (book.load if event.is_snapshot else book.apply)(event.bids, event.asks)
            bid, ask = book.best_bid, book.best_ask
            assert bid is not None
            assert ask is not None
            return self._quote(Quote(event.symbol, event.at_ns, *bid, *ask))
        bids, asks = event.bids, event.asks
        if self.venue.startswith("BINANCE"):  # not by the builder: the book is crossed, invented
            waiting = self.waiting[event.symbol]
            if event.is_snapshot:
                book = self.books[event.symbol]
                book.load(event.bids, event.asks)
                for each in waiting:
                    book.apply(each.bids, each.asks)
                bids, asks = book.top(1_000)
            waiting.append(event)
        return {
            "type": "book_change",
            "symbol": event.symbol,
            "isSnapshot": event.is_snapshot,
            "bids": sorted(map(_level, bids.tolist())),
            "asks": sorted(map(_level, asks.tolist())),
            "timestamp": event.at_ns,
        }

    def _remember(self, event: Ticker) -> None:
        for symbol in {event.symbol, f"{event.symbol}-SWAP"}:  # an index is not its instrument
            for name in NAMES.values():
                value = getattr(event, name)
                if value is not None:
                    self.tickers[symbol][name] = value


def _level(row: list[int]) -> tuple[float, float]:
    return float(FINE.price_of(row[0])), float(FINE.qty_of(row[1]))


def _expected(form: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in form.items() if key not in {"exchange", "localTimestamp"}}
    if form["type"] == "liquidation":
        del kept["id"]  # only two venues state one
    kept["timestamp"] = ns_of_iso(form["timestamp"], "timestamp")
    if form["type"] == "book_change":
        for side in ("bids", "asks"):
            kept[side] = sorted((level["price"], level["amount"]) for level in form[side])
    return kept


def _check(theirs: dict[str, Any], ours: list[dict[str, Any]], mirror: Mirror) -> None:
    alike = [each for each in ours if each["type"] == theirs["type"]]
    assert alike, (theirs, ours)
    mine = alike[0]
    ours.remove(mine)
    if theirs["type"] == "derivative_ticker":
        for name, field in NAMES.items():
            value = theirs[name]
            if value is not None:
                known = mirror.tickers[theirs["symbol"]][field]
                wanted = ns_of_iso(value, name) if field == "funding_ns" else value
                assert float(known) == float(wanted), name
        return
    if not mine["timestamp"]:  # the message states no time; they take that of the receipt
        theirs = theirs | {"timestamp": 0}
    elif abs(theirs["timestamp"] - mine["timestamp"]) <= SENDING_NS:
        theirs = theirs | {"timestamp": mine["timestamp"]}
    assert mine == theirs


@pytest.mark.parametrize("exchange", PAIRED)
def test_messages_mean_what_an_independent_normaliser_says(exchange: str) -> None:
    """R-DATA-15, R-DATA-04, R-DATA-10, R-DATA-11: 129 pairs of seven exchanges, all compared."""
    mirrors: dict[str, Mirror] = defaultdict(lambda: Mirror(PAIRED[exchange]))
    compared = 0
    for pair in documents_of("api/raw-to-normalized.jsonl.zst"):
        if pair["exchange"] != exchange:
            continue
        mirror = mirrors[pair["group"]]
        raw = msgspec.json.encode(pair["raw"])
        events = normalise(PAIRED[exchange], raw, AnySymbol(), "X")
        if (exchange, pair["seq"]) in REFUSED and pair["group"].endswith("messages"):
            assert isinstance(events, TheirFault)
            continue
        assert not isinstance(events, TheirFault), (pair["seq"], events)
        ours = [form for event in events for form in mirror.forms(event)]
        theirs = [form for form in pair["normalized"] if form["type"] in COMPARED]
        if (exchange, pair["group"], pair["seq"]) in DIFFERENT or not theirs:
            continue
        for form in theirs:
            _check(_expected(form), ours, mirror)
            compared += 1
        left = {form["type"] for form in ours} - {"derivative_ticker"}
        assert not left or exchange == "deribit", (pair["seq"], ours)
    assert compared >= 5


def test_numbers_are_compared_and_not_merely_present() -> None:
    """The comparison bites: another price is another form."""
    mirror = Mirror("OKX")
    trade = Trade("X", 0, "1", 5, 7, Side.BUY)
    other = mirror.forms(msgspec.structs.replace(trade, price_ticks=6))
    wanted = mirror.forms(trade)[0] | {"timestamp": 0}
    assert float(Decimal(wanted["price"])) > 0.0
    with pytest.raises(AssertionError):
        _check(wanted, other, mirror)
