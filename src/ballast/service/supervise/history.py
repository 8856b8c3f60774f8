"""History: when a trading process was started again, in a file that outlives its supervisor.

Written whole or not at all, before what it tells of is done. So a supervisor that is itself killed
and started again, by a service manager for example, begins with the budget that was left.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from ballast.core.errors import DataError
from ballast.service.supervise.verdict import within_hour
from ballast.store.disk import Disk, replace_file

if TYPE_CHECKING:
    from pathlib import Path

RESTARTS_KEPT = 1_000
"""More than an hour may have (60), so that a person sees the days before."""


@dataclass(frozen=True, slots=True)
class History:
    """`restarts_ns`: when it was started again. `is_open`: nobody saw the end of the last run."""

    restarts_ns: tuple[int, ...] = ()
    is_open: bool = False
    gave_up_ns: int = 0
    """When it was given up; 0: it was not."""
    why: str = ""
    """What the last ending was, for people."""

    def begun(self, now_ns: int, *, is_restart: bool) -> History:
        """Return it with a run under way."""
        restarts = (*self.restarts_ns, now_ns)[-RESTARTS_KEPT:] if is_restart else self.restarts_ns
        return replace(self, restarts_ns=restarts, is_open=True, gave_up_ns=0)

    def ended(self, why: str, *, gave_up_ns: int = 0) -> History:
        """Return it with the run over."""
        return replace(self, is_open=False, why=why, gave_up_ns=gave_up_ns)

    def is_spent(self, now_ns: int, most: int) -> bool:
        """Whether no restart is left within this hour."""
        return len(within_hour(self.restarts_ns, now_ns)) >= most


class HistoryFile:
    """Where a history is kept."""

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        """Keep it in this file."""
        self.path = path
        self._disk = disk or Disk()

    def read(self) -> History:
        """Return what was written last; raise `DataError` for a file that is no history."""
        if not self.path.is_file():
            return History()
        try:
            body = json.loads(self.path.read_bytes())
            return History(
                tuple(int(one) for one in body["restarts_ns"]), bool(body["is_open"]),
                int(body["gave_up_ns"]), str(body["why"]),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"is no history of restarts: {error}",
                where=str(self.path),
                fix="`ballast supervise --anew` begins another",
            ) from None

    def write(self, history: History) -> None:
        """Put a history in the place of the last one."""
        replace_file(self._disk, self.path, [json.dumps(asdict(history), sort_keys=True).encode()])
