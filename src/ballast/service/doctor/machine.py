"""Machine: Python, packages, compiler, clock, limits, language."""

from __future__ import annotations

import ctypes
import locale
import os
import platform
import sys
import time
from importlib import metadata
from typing import TYPE_CHECKING

from ballast.service.doctor.finding import OK, PROBLEM, WARNING, Finding, judged, tried

if TYPE_CHECKING:
    from collections.abc import Iterator

PYTHON_MIN, PYTHON_MAX = (3, 11), (3, 13)
EXTRAS = {"research": "scipy", "exchanges": "ccxt", "postgres": "psycopg", "keyring": "keyring"}
YEAR_MIN, YEAR_MAX = 2025, 2100
"""A machine without a battery starts in 1970; certificates of venues end long before 2100."""
STEP_MS_MAX = 20.0
"""How far wall clock and counter may part in the sample: more, and somebody sets the clock."""
SAMPLE_S = 0.1
FILES_MIN = 1_024
"""Candles of fifty symbols are memory-mapped by month, and sockets come on top."""
MEMORY_MB_MIN = 500
UNSYNCHRONISED = 5
"""`TIME_ERROR` of adjtimex(2): the kernel's clock is not kept by anybody."""


def machine_findings() -> Iterator[Finding]:
    """Yield what can be said of the machine alone."""
    yield _python()
    yield Finding("machine", OK, f"{platform.machine()}, {os.cpu_count()} cores")
    yield from _packages()
    yield tried("compiled code", _compiles, "set XDG_CACHE_HOME to a writable folder")
    yield _clock()
    yield from _limits()
    yield _language()


def _python() -> Finding:
    good = PYTHON_MIN <= sys.version_info[:2] <= PYTHON_MAX
    fix = "" if good else f"use Python {_dotted(PYTHON_MIN)} to {_dotted(PYTHON_MAX)}"
    return judged("python", platform.python_version(), problem=fix)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)


def _packages() -> Iterator[Finding]:
    for name in ("numpy", "numba", "pyarrow", "ta-lib", "cryptography"):
        try:
            yield Finding(name, OK, metadata.version(name))
        except metadata.PackageNotFoundError:
            yield Finding(name, PROBLEM, "missing", "install Ballast again")
    for extra, name in EXTRAS.items():
        try:
            yield Finding(f"extra {extra}", OK, f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            yield Finding(f"extra {extra}", WARNING, "absent", f'install "ballast[{extra}]"')


def _compiles() -> str:
    from ballast.core import jit  # noqa: PLC0415 - half a second

    @jit.jit
    def double(value: int) -> int:
        return value + value

    assert double(21) == 42  # noqa: S101, PLR2004 - the compiler itself is on trial
    if not jit.CACHE_DIR:
        raise OSError(0, "no writable cache folder; every process would compile anew")
    return f"works, cache in {jit.CACHE_DIR}"


def _clock() -> Finding:
    """Look at the clock alone: a venue's time is compared by `doctor --venue`."""
    wall_ns, counted_ns = time.time_ns(), time.monotonic_ns()
    time.sleep(SAMPLE_S)
    parted_ms = ((time.time_ns() - wall_ns) - (time.monotonic_ns() - counted_ns)) / 1e6
    return clock_finding(wall_ns, parted_ms, is_kept=_is_kept())


def clock_finding(wall_ns: int, parted_ms: float, *, is_kept: bool | None) -> Finding:
    """Return what a sample of the clock says; `parted_ms` is how far the wall clock left steady."""
    at = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(wall_ns // 10**9))
    year = time.gmtime(wall_ns // 10**9).tm_year
    if not YEAR_MIN <= year <= YEAR_MAX:
        return Finding("clock", PROBLEM, at, "set the clock: venues refuse what is dated wrong")
    if abs(parted_ms) > STEP_MS_MAX:
        found = f"{at}, moved by {parted_ms:+.0f} ms within {SAMPLE_S:g} s"
        return Finding("clock", WARNING, found, "let one service keep it, without steps")
    if is_kept is False:
        fix = "run chrony or systemd-timesyncd; it drifts by seconds a day"
        return Finding("clock", WARNING, f"{at}, kept by nobody the kernel knows of", fix)
    return Finding("clock", OK, f"{at}, steady" + (", kept" if is_kept else ""))


def _is_kept() -> bool | None:
    """Return whether a service keeps the clock, None where the system does not say."""
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))
    except (AttributeError, OSError, TypeError):  # not Linux; Windows has no library of no name
        return None
    return None if state < 0 else state != UNSYNCHRONISED


def _limits() -> Iterator[Finding]:
    yield from _of_process()
    free_mb = _free_memory_mb()
    if free_mb is not None:
        fix = "close something: a process out of memory is killed with its orders open"
        yield judged("memory", f"{free_mb:,} MB", warning=fix if free_mb < MEMORY_MB_MIN else "")


def _of_process() -> Iterator[Finding]:
    try:
        import resource  # noqa: PLC0415 - Windows has none, and no such limits
    except ImportError:
        return
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    is_few = files != resource.RLIM_INFINITY and files < FILES_MIN
    shown = "unlimited" if files == resource.RLIM_INFINITY else f"{files:,}"
    fix = f"raise it to {FILES_MIN:,}: ulimit -n, or LimitNOFILE= of the service"
    yield judged("open files", shown, warning=fix if is_few else "")
    core, _ = resource.getrlimit(resource.RLIMIT_CORE)
    said = "off" if core == 0 else "on; a process that holds keys switches its own off"
    yield Finding("core files", OK, said)


def _free_memory_mb() -> int | None:
    """Return what is free of memory, None where the system does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:  # noqa: PTH123 - no file of ours
            found = next((line for line in lines if line.startswith("MemAvailable:")), "")
    except OSError:
        return None
    return int(found.split()[1]) // 1_000 if found else None


def _language() -> Finding:
    used = locale.getpreferredencoding(do_setlocale=False)
    zone = "/".join(dict.fromkeys(time.tzname))
    found = f"{used}; the clock on the wall shows {zone}, Ballast shows UTC"
    good = used.lower().replace("-", "") == "utf8" and sys.getfilesystemencoding() == "utf-8"
    return judged("language", found, warning="" if good else "set LANG=C.UTF-8")
