"""A stored recording as the market of `ballast venue serve --market book:...`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.core.errors import DataError, UserError, suggest
from ballast.core.marketdata import Row, Side
from ballast.core.time import MINUTE_MS, format_ms, parse_period
from ballast.service.cli import options
from ballast.service.cli.stores import tick_store
from ballast.store.books import StoredBook, read_events
from ballast.venues.simulated.liquidity.books import BookReplay
from ballast.venues.simulated.liquidity.recorded import CANCELS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ballast.core.marketdata import Grid
    from ballast.store.tickfile import Rows
    from ballast.store.tickmanifest import TickManifest

NS_MS = 1_000_000
MINUTE_NS = MINUTE_MS * NS_MS


@dataclass(frozen=True, slots=True)
class Recording:
    """What of a store is played again."""

    root: Path
    venue: str
    symbol: str
    grid: Grid
    span: tuple[int | None, int | None]
    rule: int
    first_ns: int
    price_ticks: int
    words: str

    def rows(self) -> Iterator[Rows]:
        """Open the recording from its beginning."""
        kinds = (Row.LEVEL, Row.TRADE)
        return read_events(self.root, self.venue, self.symbol, *self.span, kinds=kinds)

    def source(self, symbol: str, start_ns: int, *, sets_mark: bool = False) -> BookReplay:
        """Play it under another name, as if its first minute were the one open at `start_ns`.

        Events keep their place in the minute, so that candles of the venue are the recorded ones.
        """
        late_ns = start_ns - self.first_ns
        shift_ns = late_ns - late_ns % MINUTE_NS
        return BookReplay(symbol, self.rows, shift_ns=shift_ns, rule=self.rule, sets_mark=sets_mark)


def recording_of(text: str, period: str | None) -> Recording:
    """Return what `[VENUE-]SYMBOL[,cancels=RULE]` means; raise for what is not recorded."""
    name, *settings = text.split(",")
    manifest = _manifest(name)
    from_ms, to_ms = parse_period(period or "..")
    span = (
        None if from_ms is None else from_ms * NS_MS,
        None if to_ms is None else to_ms * NS_MS,
    )
    root = options.config().data_root
    rule = _rule(settings)
    what = f"{manifest.venue}-{manifest.symbol}"
    first_ns, price_ticks = _beginning(
        read_events(root, manifest.venue, manifest.symbol, *span, kinds=(Row.LEVEL, Row.TRADE)),
        what,
    )
    words = f"recorded book {what}, from {format_ms(first_ns // NS_MS)}"
    return Recording(
        root, manifest.venue, manifest.symbol, manifest.grid, span, rule, first_ns, price_ticks,
        words,
    )  # fmt: skip


def _manifest(name: str) -> TickManifest:
    store = tick_store()
    venue, _, symbol = name.partition("-")
    if symbol and venue.upper() in store.venues():
        return store.manifest(venue, symbol)
    return store.find(name, None)


def _rule(settings: list[str]) -> int:
    rule = "back"
    for one in settings:
        name, _, rule = one.partition("=")
        if name != "cancels" or rule not in CANCELS:
            raise UserError(
                f"'{one}'",
                where="--market",
                expected=f"cancels={'|'.join(CANCELS)}",
                fix=suggest(rule, CANCELS),
            )
    return CANCELS[rule]


def _beginning(arrays: Iterator[Rows], where: str) -> tuple[int, int]:
    """Return when it begins, and the price there: of the first trade, or the first whole book."""
    first_ns, book = 0, StoredBook()
    for rows in arrays:
        first_ns = first_ns or int(rows["received_ns"][0])
        trades = rows[rows["kind"] == Row.TRADE]
        if len(trades):
            return first_ns, int(trades["price_ticks"][0])
        book.apply(rows)
        best = book.side(Side.BUY, 1)
        if len(best):
            return first_ns, int(best[0, 0])
    raise DataError("nothing is recorded in this period", where=where, fix="leave --period out")
