"""Kinds: what the sessions in a journal were, and who may go on with whose.

Each start of a process is named in the journal by what it is for and when it was, to the nanosecond
(`live-RUN-20261128-090041-4C1A2B30`; older ones `live-1795859716071697572`). Every verdict, order
and alert bears that name, and the rules of the run lie beside them. What was on paper, or in a
rehearsal, is not at a venue: its journal is no memory of a real account, and its days prove nothing
about a market that was made up.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from ballast.core.errors import UserError
from ballast.core.journal import OPENED
from ballast.store.journal import Query

if TYPE_CHECKING:
    from ballast.store.journal import JournalReader

SECOND_NS = 1_000_000_000
_NAMED = re.compile(r"(.+)-RUN-\d{8}-\d{6}-[0-9A-F]{8}")


class SessionKind(StrEnum):
    """What a session is; the value begins the names of its runs."""

    PAPER = "paper"
    """On stored candles."""
    PAPER_LIVE = "paper-live"
    """On a venue's market as it is."""
    PAPER_REHEARSAL = "paper-rehearsal"
    """As `PAPER_LIVE`, on a simulated exchange."""
    LIVE = "live"
    REHEARSAL = "rehearsal"
    TESTNET = "testnet"


OF_A_MARKET = frozenset({SessionKind.PAPER, SessionKind.PAPER_LIVE, SessionKind.LIVE})
"""Sessions whose bars were of a real market, as far as the stored candles are."""


def run_named(purpose: str, now_ns: int) -> str:
    """Return the name of a run that begins now: what for, the second, the nanoseconds in hex."""
    second, rest_ns = divmod(now_ns, SECOND_NS)
    moment = datetime.fromtimestamp(second, tz=UTC).strftime("%Y%m%d-%H%M%S")
    return f"{purpose}-RUN-{moment}-{rest_ns:08X}"


def kind_of(run: str) -> SessionKind | None:
    """Return what a run was; None for one that traded nothing (an archive, a reset)."""
    named = _NAMED.fullmatch(run)
    name = named[1] if named is not None else run.rpartition("-")[0]
    return SessionKind(name) if name in set(SessionKind) else None


def kinds_in(reader: JournalReader) -> set[SessionKind]:
    """Return what the sessions in a journal were."""
    if not reader.exists():
        return set()
    found = {kind_of(one.run) for one in reader.find(Query(kinds=(OPENED,)))}
    return {one for one in found if one is not None}


def require_kind(reader: JournalReader, kind: SessionKind) -> None:
    """Raise `UserError` where a journal is of sessions of another kind."""
    others = sorted(kinds_in(reader) - {kind})
    if others:
        raise UserError(
            f"the journal is of {' and '.join(others)} sessions, not of {kind}",
            fix="take another account: --set journal.account=NAME",
        )
