"""Places: the candle store, the disk under the workspace, and the journal."""

from __future__ import annotations

import os
import shutil
import stat
import time
from contextlib import suppress
from statistics import median
from typing import TYPE_CHECKING

from ballast.core.errors import DataError
from ballast.core.time import format_ms
from ballast.service.doctor.finding import OK, PROBLEM, WARNING, Finding, judged, tried
from ballast.store.disk import IS_POSIX, temp_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ballast.service.cli.journals import Place
    from ballast.service.config import Config
    from ballast.store.journal.database import Database

FREE_MB_MIN = 500
"""Five years of minutes of ten symbols take about this much; less than that is soon full."""
MS_NS, DAY_NS = 1_000_000, 86_400_000_000_000
WRITES = 20
WRITE_MS_MAX = 50.0
"""Every order waits for one synced write; a disk that takes longer than this makes orders late."""
SYNC_MS_MIN = 0.02
"""No medium keeps anything in less: it is memory, or something that promises what it cannot."""
VERIFIED_MAX = 200_000
"""Records that are read through here, in a few seconds; more is the business of `audit`."""
FUTURE_S_MAX = 60
REST = "run `ballast audit --verify`, and bring the journal back from a backup"


def place_findings(config: Config, place: Place, now_ns: int) -> Iterator[Finding]:
    """Yield what can be said of the places of a workspace."""
    yield tried("candle store", lambda: _candles(config), "see `ballast data check`")
    yield tried("disk", lambda: _disk(config.workspace), "look at the disk")
    home = place.root if place.root.is_dir() else config.workspace
    yield tried("disk writes", lambda: write_finding(home), f"make {home} writable")
    yield tried("journal folder", lambda: _folder(place.root), "look at the folder")
    yield tried("journal", lambda: _journal(place, now_ns), REST)
    if place.restarts.is_file():
        yield tried("restarts", lambda: _restarts(place, now_ns), "find out why it ended")


def _restarts(place: Place, now_ns: int) -> Finding:
    """Tell what `ballast supervise` had to do in the last day."""
    from ballast.service.supervise.history import HistoryFile  # noqa: PLC0415 - most have none

    held = HistoryFile(place.restarts).read()
    count = sum(now_ns - one < DAY_NS for one in held.restarts_ns)
    found = f"{count} in the last day" + (f"; the last run {held.why}" if held.why else "")
    if held.gave_up_ns:
        at = format_ms(held.gave_up_ns // MS_NS)
        fix = "find out why (`ballast explain`), then `ballast supervise --anew`"
        return Finding("restarts", PROBLEM, f"given up at {at} UTC: it {held.why}", fix)
    return judged("restarts", found, warning="see its log: it should need none" if count else "")


def _candles(config: Config) -> str:
    from ballast.store.candles import CandleStore  # noqa: PLC0415 - loads pyarrow

    if not config.data_root.is_dir():
        return f"no folder {config.data_root} yet; the first import makes it"
    series = CandleStore(config.data_root).series()
    damaged = [one for one in series if one.problem]
    if damaged:
        raise DataError(f"{damaged[0].symbol}: {damaged[0].problem}")
    if not os.access(config.data_root, os.W_OK):
        raise DataError(f"{config.data_root} is not writable")
    return f"{len(series)} series, {sum(one.rows for one in series):,} bars"


def _disk(folder: Path) -> Finding:
    free_mb = shutil.disk_usage(folder).free // 1_000_000
    fix = f"free at least {FREE_MB_MIN} MB" if free_mb < FREE_MB_MIN else ""
    return judged("disk", f"{free_mb:,} MB free", warning=fix)


def write_finding(folder: Path) -> Finding:
    """Return how long a synced write takes, as the journal does before each order."""
    taken_ms = sorted(_write_ms(folder) for _ in range(WRITES))
    usual = median(taken_ms)
    found = f"synced in {usual:.2f} ms, at worst {taken_ms[-1]:.1f} ms of {WRITES}"
    if usual < SYNC_MS_MIN:
        fix = "keep journal.root on a disk: this is memory, gone at a restart"
        return Finding("disk writes", WARNING, found, fix)
    fix = "keep journal.root on a faster disk: each order waits for this"
    return judged("disk writes", found, warning=fix if usual > WRITE_MS_MAX else "")


def _write_ms(folder: Path) -> float:
    path = temp_name(folder / "doctor")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        begun = time.perf_counter()
        os.write(handle, bytes(4_096))
        os.fsync(handle)
        return (time.perf_counter() - begun) * 1e3
    finally:
        os.close(handle)
        with suppress(OSError):
            path.unlink()


def _folder(root: Path) -> Finding:
    if not root.is_dir():
        return Finding("journal folder", OK, f"no folder {root} yet; the first session makes it")
    if not IS_POSIX:
        said = "who may touch it is its list of access, which Ballast does not read"
        return Finding("journal folder", OK, f"{root}; {said}", "keep it in your own user's folder")
    mode = stat.S_IMODE(root.stat().st_mode)
    if mode & 0o022:
        found = f"{root}, mode {mode:04o}: others may write into it"
        return Finding("journal folder", PROBLEM, found, f"chmod 700 {root}")
    fix = f"chmod 700 {root}" if mode & 0o077 else ""
    return judged("journal folder", f"{root}, mode {mode:04o}", warning=fix)


def _journal(place: Place, now_ns: int) -> Finding:
    """Look at the journal: reachable, of which version, whole, and not from the future."""
    from ballast.store.journal import schema  # noqa: PLC0415 - loads the databases
    from ballast.store.journal.reader import unreadable  # noqa: PLC0415

    newest = len(schema.POSTGRES if place.url else schema.SQLITE)
    with place.database() as database:
        try:
            version = database.version()
        except database.errors as error:
            raise unreadable(database, error) from error
        if not version:
            return Finding("journal", OK, f"{database.where}: none yet")
        if version > newest:
            found = f"{database.where}: tables of version {version}, and {newest} is known"
            return Finding("journal", PROBLEM, found, "use the version of Ballast that wrote it")
        if version < newest:
            found = f"{database.where}: tables of version {version}"
            fix = f"nothing: the next start brings them to version {newest}, after a copy"
            return Finding("journal", WARNING, found, fix)
        return _of_records(database, version, place.head_file, now_ns)


def _of_records(database: Database, version: int, head_file: Path, now_ns: int) -> Finding:
    from ballast.store.journal import JournalReader, verify  # noqa: PLC0415 - as above

    reader = JournalReader(database)
    with reader.reading() as tx:
        rows = int(tx.rows("SELECT count(*) FROM records")[0][0])
    said = f"{database.where}: version {version}, {rows:,} records, head {reader.head().seq}"
    if (reader.last_time_ns() or 0) > now_ns + FUTURE_S_MAX * 10**9:
        fix = "set the clock: the newest record is later than now"
        return Finding("journal", PROBLEM, f"{said}, from the future", fix)
    if rows > VERIFIED_MAX:
        return Finding("journal", OK, f"{said}; too many to read here, see `ballast audit`")
    verified = verify(database, head_file)
    if not verified.is_whole:
        return Finding("journal", PROBLEM, f"{said}: {verified.problems[0]}", REST)
    return Finding("journal", OK, f"{said}, whole")
