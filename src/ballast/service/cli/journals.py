"""Journals: the journal of the workspace, as the settings say, or a file that is named."""

from __future__ import annotations

import os
import re
import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ballast.core.errors import ConfigError, DataError
from ballast.service.cli import options
from ballast.store.disk import IS_POSIX
from ballast.store.symbols import is_device

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ballast.store.journal.postgres import PostgresDatabase
    from ballast.store.journal.sqlite import SqliteDatabase
    from ballast.store.journal.writer import Start

_ACCOUNT = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""So that it can name a file and a schema without being quoted."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a journal, its head, its archives and its backups lie."""

    root: Path
    account: str
    path: Path
    url: str = ""

    @property
    def head_file(self) -> Path:
        """The file of the head."""
        from ballast.store.journal.headfile import head_path

        return head_path(self.path)

    @property
    def inbox(self) -> Path:
        """Folder of a person's commands to the node."""
        return self.root / "inbox" / self.account

    @property
    def state(self) -> Path:
        """File in which a running node says every second what it believes."""
        return self.root / "state" / f"{self.account}.json"

    @property
    def restarts(self) -> Path:
        """File in which a supervisor notes when it started the node again."""
        return self.root / "state" / f"{self.account}.restarts.json"

    @property
    def paper_account(self) -> Path:
        """File of a paper account on a venue's market."""
        return paper_account(self.root, self.account)

    @property
    def archives(self) -> Path:
        """Folder of the archives."""
        from ballast.store.journal.whole import archives_of

        return archives_of(self.head_file)

    @property
    def backups(self) -> Path:
        """Folder of the backups that were given no name."""
        return self.root / "backups"

    @contextmanager
    def database(self, *, read_only: bool = True) -> Iterator[SqliteDatabase | PostgresDatabase]:
        """Lend the store of the journal."""
        from ballast.store.journal.postgres import PostgresDatabase
        from ballast.store.journal.sqlite import SqliteDatabase

        found: SqliteDatabase | PostgresDatabase
        if self.url:
            found = PostgresDatabase(self.url, self.account)
        else:
            found = SqliteDatabase(self.path, read_only=read_only)
        try:
            yield found
        finally:
            found.close()


def paper_account(root: Path, account: str) -> Path:
    """Return the file of a paper account on a venue's market."""
    return root / "paper" / f"{account}.venue"


def place() -> Place:
    """Return the journal the settings name."""
    config = options.config()
    chosen = config.settings.journal
    if not _ACCOUNT.fullmatch(chosen.account):
        raise ConfigError(
            f"'{chosen.account}' cannot name an account",
            where="journal.account",
            expected="small letters, digits and _, at most 40",
        )
    if not IS_POSIX and is_device(chosen.account):
        raise ConfigError(
            f"'{chosen.account}' names a device of Windows",
            where="journal.account",
            expected="another name",
        )
    root = config.journal_root
    path = root / f"{chosen.account}.sqlite"
    return Place(root, chosen.account, path, chosen.url.reveal())


def named(file: Path | None) -> Place:
    """Return the journal in a file, a backup for example, or that of the settings."""
    if file is None:
        return place()
    if not file.is_file():
        raise DataError("there is no such journal", where=str(file))
    return Place(file.parent, file.stem, file)


def start(purpose: str, *, accept_loss: str = "", take_over: bool = False) -> Start:
    """Return who opens the journal now: this process, for a purpose."""
    from ballast.service.kinds import run_named
    from ballast.store.journal.writer import Start

    now_ns = time.time_ns()
    holder = f"{purpose} (process {os.getpid()} on {socket.gethostname()})"
    return Start(run_named(purpose, now_ns), holder, now_ns, accept_loss, take_over)
