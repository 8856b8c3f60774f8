"""Journal: the append-only, hash-chained memory of a live node, in SQLite or PostgreSQL.

Start at `writer.py`; `database.py` says what a store must do, `sqlite.py` and `postgres.py` do it,
`group.py` shares one commit among callers, `verify.py` says what can be seen of tampering.
"""

from ballast.store.journal.group import GroupJournal
from ballast.store.journal.reader import JournalReader, Query
from ballast.store.journal.verify import Verification, verify
from ballast.store.journal.writer import JournalWriter

__all__ = [
    "GroupJournal",
    "JournalReader",
    "JournalWriter",
    "Query",
    "Verification",
    "verify",
]
