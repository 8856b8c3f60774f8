"""The instrument book: trading rules, leverage tiers and fees, each valid from a date.

    instruments/VENUE.json

Rules change: a tick gets finer, a bracket moves, fees fall. Each change is kept with the instant it
was valid from, and a run at a time uses what was valid then. Before the first known date the first
known rules hold (nothing older is known); `first_known` says when that is. Fees set by a person win
over fees listed by the exchange. Numbers are exact decimals, written as text.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

from ballast.core.errors import DataError
from ballast.core.instrument import (  # noqa: TC001 - msgspec reads the types when it runs
    FeeRate,
    Instrument,
    LeverageTier,
)
from ballast.store.batch import series_lock
from ballast.store.disk import Disk, clean_temps, disk_errors, ensure_folder, replace_file
from ballast.store.symbols import (
    find_symbol,
    folder_name,
    folder_text,
    meant_symbol,
    same_market,
    venue_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

FORMAT = 1
EVERY = "*"
"""Stands for all symbols of a venue in a fee schedule."""


class Rules(msgspec.Struct, frozen=True):
    """Trading rules of one symbol from an instant on; its fees and tiers are kept apart."""

    from_ms: int
    instrument: Instrument


class Tiers(msgspec.Struct, frozen=True):
    """Leverage tiers of one symbol from an instant on."""

    from_ms: int
    tiers: tuple[LeverageTier, ...]


class Page(msgspec.Struct):
    """Everything known of one venue, by symbol and in time order.

    `listed` are the fees the exchange states, `fees` those a person set.
    """

    venue: str
    rules: dict[str, list[Rules]] = {}
    tiers: dict[str, list[Tiers]] = {}
    listed: dict[str, list[FeeRate]] = {}
    fees: dict[str, list[FeeRate]] = {}
    format: int = FORMAT


class Dated(Protocol):
    """Anything valid from an instant on."""

    @property
    def from_ms(self) -> int:
        """Milliseconds UTC."""
        ...


E = TypeVar("E", bound=Dated)


class InstrumentBook:
    """Instruments under the data folder `root`."""

    def __init__(self, root: Path, *, disk: Disk | None = None) -> None:
        self._folder = root / "instruments"
        self._disk = disk or Disk()
        self._pages: dict[str, tuple[tuple[int, int, int], Page]] = {}

    def put(self, instrument: Instrument, valid_from_ms: int) -> bool:
        """Add the rules valid from that instant (UTC) on; say whether they are news."""
        return self.put_all([instrument], valid_from_ms) > 0

    def put_all(self, instruments: Iterable[Instrument], valid_from_ms: int) -> int:
        """Add the rules of many symbols; return how many were news.

        Raise `DataError` for an instrument that compiled code could not hold.
        """
        by_venue: dict[str, list[Instrument]] = {}
        for instrument in instruments:
            instrument.check_kernel_bounds()
            by_venue.setdefault(venue_name(instrument.venue), []).append(instrument)
        news = 0
        for venue, found in sorted(by_venue.items()):
            with self._edit(venue) as page:
                news += sum(_add(page, instrument, valid_from_ms) for instrument in found)
        return news

    def put_tiers(
        self, venue: str, tiers: dict[str, tuple[LeverageTier, ...]], valid_from_ms: int
    ) -> tuple[int, list[str]]:
        """Add leverage tiers by symbol; return how many were news, and symbols without rules."""
        unknown, news = [], 0
        with self._edit(venue_name(venue)) as page:
            for symbol, rows in tiers.items():
                known = meant_symbol(symbol, list(page.rules), where=page.venue)
                if known is None:
                    unknown.append(symbol)
                    continue
                entry = Tiers(valid_from_ms, rows)
                news += _insert(page.tiers.setdefault(known, []), entry, _tiers)
        return news, unknown

    def put_fees(self, venue: str, symbol: str | None, rates: Iterable[FeeRate]) -> int:
        """Add dated fees of a symbol, or of the whole venue; return how many were news.

        A rate of a date that is already there takes its place.
        """
        with self._edit(venue_name(venue)) as page:
            name = EVERY
            if symbol is not None:
                name = _known(page, symbol)
            schedule = page.fees.setdefault(name, [])
            return sum(_insert(schedule, rate, _rates) for rate in rates)

    def get(self, venue: str, symbol: str, at_ms: int | None = None) -> Instrument:
        """Return the instrument with the rules valid at `at_ms` (now if None) and all its fees.

        Raise `DataError` if nothing is known of the symbol or its rules cannot be used.
        """
        page = self.page(venue)
        where = f"instruments of {page.venue}"
        known = find_symbol(symbol, list(page.rules), where=where)
        rules = page.rules[known]
        instrument = rules[_index([entry.from_ms for entry in rules], at_ms)].instrument
        tiers = page.tiers.get(known, [])
        rows = tiers[_index([entry.from_ms for entry in tiers], at_ms)].tiers if tiers else ()
        instrument = replace(instrument, fees=tuple(_schedule(page, known)), tiers=rows)
        instrument.check_kernel_bounds()
        return instrument

    def fees(self, venue: str, symbol: str | None = None) -> tuple[FeeRate, ...]:
        """Return the fee schedule of a symbol, or the one a person set for the whole venue."""
        page = self.page(venue)
        if symbol is None:
            return tuple(page.fees.get(EVERY, ()))
        return tuple(_schedule(page, _known(page, symbol)))

    def has(self, venue: str, symbol: str) -> bool:
        """Say whether rules of this symbol are known."""
        try:
            self.get(venue, symbol)
        except DataError:
            return False
        return True

    def first_known(self, venue: str, symbol: str) -> int:
        """Return the instant (ms UTC) from which rules of the symbol are really known."""
        page = self.page(venue)
        known = find_symbol(symbol, list(page.rules), where=f"instruments of {page.venue}")
        return page.rules[known][0].from_ms

    def venues(self) -> list[str]:
        """Return the venues with instruments or fees."""
        return sorted(folder_text(path.stem) for path in self._folder.glob("[!.]*.json"))

    def symbols(self, venue: str) -> list[str]:
        """Return the symbols of a venue whose rules are known."""
        return sorted(self.page(venue).rules)

    def page(self, venue: str) -> Page:
        """Return everything known of a venue, to be read only; an empty page for an unknown one."""
        venue = venue_name(venue)
        path = self._path(venue)
        try:
            stat = path.stat()
        except OSError:
            return Page(venue)
        state = stat.st_mtime_ns, stat.st_size, stat.st_ino
        known = self._pages.get(venue)
        if known is None or known[0] != state:
            known = self._pages[venue] = state, self._read(venue)
        return known[1]

    def _read(self, venue: str) -> Page:
        path = self._path(venue)
        try:
            page = msgspec.json.decode(path.read_bytes(), type=Page)
        except FileNotFoundError:
            return Page(venue)
        except (msgspec.DecodeError, DataError) as error:
            raise DataError(
                f"not an instrument file: {error}",
                where=str(path),
                fix="restore it, or delete it and import the rules again",
            ) from error
        if page.format > FORMAT:
            raise DataError("written by a newer Ballast", where=str(path), fix="update Ballast")
        return page

    @contextmanager
    def _edit(self, venue: str) -> Iterator[Page]:
        """Hold the lock of the book while a page changes, and save it if all went well."""
        with disk_errors(self._folder):
            ensure_folder(self._disk, self._folder)
        lock = series_lock(self._folder)
        try:
            clean_temps(self._disk, self._folder)
            page = self._read(venue)
            before = msgspec.json.encode(page, order="sorted")
            yield page
            after = msgspec.json.encode(page, order="sorted")
            if after != before:
                replace_file(self._disk, self._path(venue), (msgspec.json.format(after, indent=1),))
        finally:
            lock.release()

    def _path(self, venue: str) -> Path:
        return self._folder / f"{folder_name(venue)}.json"


def _index(starts: list[int], at_ms: int | None) -> int:
    """Return the position of the entry valid at `at_ms`: the last that began, else the first."""
    if at_ms is None:
        return len(starts) - 1
    return max(bisect_right(starts, at_ms) - 1, 0)


def _add(page: Page, instrument: Instrument, from_ms: int) -> bool:
    """Add rules, tiers and listed fees of an instrument to a page."""
    name = same_market(instrument.symbol, list(page.rules)) or instrument.symbol
    bare = replace(instrument, venue=page.venue, symbol=name, fees=(), tiers=())
    news = _insert(page.rules.setdefault(name, []), Rules(from_ms, bare), _rules)
    if instrument.tiers:
        entry = Tiers(from_ms, instrument.tiers)
        news |= _insert(page.tiers.setdefault(name, []), entry, _tiers)
    for rate in instrument.fees:
        news |= _insert(page.listed.setdefault(name, []), rate, _rates)
    return news


def _insert(entries: list[E], entry: E, content: Callable[[E], object]) -> bool:
    """Put an entry at its place in time unless it says nothing new; say whether it did."""
    at = bisect_left([other.from_ms for other in entries], entry.from_ms)
    same = [content(other) == content(entry) for other in entries]
    if at < len(entries) and entries[at].from_ms == entry.from_ms:
        entries[at] = entry
        return not same[at]
    if at > 0 and same[at - 1]:
        return False
    if at < len(entries) and same[at]:
        entries[at] = entry  # the same rules, now known from an earlier instant on
        return True
    entries.insert(at, entry)
    return True


def _rules(entry: Rules) -> object:
    return entry.instrument


def _tiers(entry: Tiers) -> object:
    return entry.tiers


def _rates(entry: FeeRate) -> object:
    return entry.maker, entry.taker


def _known(page: Page, symbol: str) -> str:
    """Return the symbol as the page spells it, or as given when it is new there."""
    names = sorted({*page.rules, *page.fees, *page.listed} - {EVERY})
    return meant_symbol(symbol, names, where=page.venue) or symbol


def _schedule(page: Page, symbol: str) -> list[FeeRate]:
    return page.fees.get(symbol) or page.fees.get(EVERY) or page.listed.get(symbol, [])
