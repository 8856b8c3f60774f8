"""Settings of the journal: where the memory of the live node lies, and how it is kept small."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from ballast.core.settings.rule import Secret
from ballast.core.settings.rule import setting as any_setting

setting = partial(any_setting, used_by="live")
UNSET = Secret("")


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """Where the journal lies, how often its state is kept, what is archived and backed up."""

    root: str = setting(
        "journal",
        "Folder of the journal, its head, archives and backups; in the workspace unless absolute.",
        "R-STATE-09",
    )
    account: str = setting(
        "main",
        "Account the journal belongs to: small letters, digits and _. One journal an account.",
        "R-STATE-05",
    )
    url: Secret = setting(
        UNSET,
        "Address of a PostgreSQL database to keep the journal in; from the environment only, for "
        "it may hold a password. Empty: a SQLite file in `journal.root`.",
        "R-STATE-15",
    )
    snapshot_records: int = setting(
        5_000,
        "Records between two snapshots of the state: what a start must replay at the most.",
        "R-STATE-07",
        unit="records",
        low=100,
        high=100_000,
        hard=True,
    )
    retention_days: int = setting(
        0,
        "Records older than this may be archived to a file; 0 keeps all in the journal.",
        "R-LOG-09",
        unit="days",
        low=7,
        high=36_500,
        hard=True,
        off=True,
    )
    backups: int = setting(
        7,
        "Newest backups kept of those `journal backup` named itself.",
        "R-STATE-12",
        unit="files",
        low=2,
        high=1_000,
    )
