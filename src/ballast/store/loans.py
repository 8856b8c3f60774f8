"""Loans: readings of loans, one small Parquet file per venue, account and pair.

    loans/VENUE/ACCOUNT/USDT-BTC.parquet      at_ms, ltv, debt, collateral, bounds, rate

Readings are added and never changed: one that comes twice is kept once, one of the same moment that
says something else is refused. A file is replaced in one step and can prove its content.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ballast.core.errors import DataError
from ballast.core.loans import LOAN
from ballast.core.time import format_ms
from ballast.store.batch import series_lock
from ballast.store.disk import Disk, clean_temps, disk_errors, ensure_folder, replace_file
from ballast.store.sheets import encode_sheet, load_sheet
from ballast.store.symbols import folder_name, folder_text

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ballast.core.loans import Loan

FIX = "delete it; what it recorded is gone"


class LoanBook:
    """The recorded loans under a folder."""

    def __init__(self, root: Path, *, disk: Disk | None = None) -> None:
        """Keep them under `root/loans`."""
        self._folder = root / "loans"
        self._disk = disk or Disk()

    def add(self, venue: str, account: str, at_ms: int, loan: Loan, ltv: float | None) -> bool:
        """Record a reading; return False if it is there already."""
        row = np.array([_values(at_ms, loan, ltv)], LOAN)
        path = self._path(venue, account, loan.name)
        with disk_errors(path):
            ensure_folder(self._disk, path.parent)
            lock = series_lock(path.parent)
        try:
            clean_temps(self._disk, path.parent)
            rows = load_sheet(path, LOAN, FIX)
            place = int(np.searchsorted(rows["at_ms"], at_ms))
            if place < len(rows) and rows["at_ms"][place] == at_ms:
                if rows[place].tobytes() == row[0].tobytes():
                    return False
                raise DataError(
                    f"a reading of {format_ms(at_ms)} is recorded and says something else",
                    where=f"{venue}/{account} {loan.name}",
                )
            merged = np.insert(rows, place, row[0])
            replace_file(self._disk, path, (encode_sheet(merged),))
        finally:
            lock.release()
        return True

    def read(self, venue: str, account: str, name: str) -> NDArray[np.void]:
        """Return the readings of a pair in time order."""
        return load_sheet(self._path(venue, account, name), LOAN, FIX)

    def recorded(self) -> list[tuple[str, str, str]]:
        """Return (venue, account, pair) of everything recorded."""
        found = self._folder.glob("[!.]*/[!.]*/[!.]*.parquet")
        parts = ((one.parent.parent.name, one.parent.name, one.stem) for one in found)
        return sorted((folder_text(a), folder_text(b), folder_text(c)) for a, b, c in parts)

    def _path(self, venue: str, account: str, name: str) -> Path:
        folder = self._folder / folder_name(venue) / folder_name(account)
        return folder / f"{folder_name(name)}.parquet"


def _values(at_ms: int, loan: Loan, ltv: float | None) -> tuple[float, ...]:
    def number(value: float | None) -> float:
        return np.nan if value is None else float(value)

    bounds = (number(loan.margin_call), number(loan.liquidation), number(loan.apr))
    return (at_ms, number(ltv), float(loan.debt), float(loan.collateral), *bounds)
