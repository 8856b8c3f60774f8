"""A PostgreSQL of the test's own: a fresh cluster behind a socket in a temporary folder.

It needs the server's programs and nothing else: no running service, no password, no port.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

USER = "postgres"


def programs() -> Path | None:
    """Return the folder of `initdb` and `pg_ctl`, the newest version; None where there is none."""
    homes = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: path.parts[-3]
    )
    found = homes[-1] if homes else shutil.which("pg_ctl")
    return Path(found).parent if found else None


@contextmanager
def cluster(**settings: str) -> Iterator[str]:
    """Run a server and yield the address of its database; skip loudly where there is none."""
    with server(**settings) as running:
        yield running.url


@dataclass(frozen=True)
class Server:
    """A running server; `crash` stops it as a kill would, and starts it again."""

    url: str
    crash: Callable[[], None]


@contextmanager
def server(**settings: str) -> Iterator[Server]:
    """Run a server; skip loudly where there is none."""
    home = programs()
    if home is None:
        pytest.skip("no PostgreSQL on this machine: the journal was not tested on it")
    as_user: dict[str, Any] = {}
    root = Path(tempfile.mkdtemp(prefix="ballast-pg-"))
    if os.geteuid() == 0:  # the server refuses to run as root
        try:
            found = pwd.getpwnam(USER)
        except KeyError:
            pytest.skip("no user postgres, and its server does not run as root")
        os.chown(root, found.pw_uid, found.pw_gid)
        as_user = {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}

    def run(program: str, *arguments: str) -> None:
        command = [str(home / program), *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd=root, timeout=120, **as_user)

    data = root / "data"
    options = f"-c listen_addresses='' -k {root}"
    options += "".join(f" -c {name}={value}" for name, value in settings.items())
    try:
        run("initdb", "-D", str(data), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync")

        def start() -> None:
            run("pg_ctl", "-D", str(data), "-o", options, "-l", str(root / "log"), "-w", "start")

        def stop() -> None:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")

        def crash() -> None:
            stop()
            start()

        start()
        try:
            yield Server(f"postgresql:///postgres?host={root}&user={USER}", crash)
        finally:
            stop()
    finally:
        shutil.rmtree(root, ignore_errors=True)
