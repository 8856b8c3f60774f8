"""Chain: the hash of a batch, from the hash before it and every byte the batch wrote.

Whoever edits, drops or slips in a row must compute every later hash anew, and then the ledger no
longer agrees with the heads that lie outside of it: the head file, the results, the certificates.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ballast.core.hashing import canonical_json
from ballast.store.trials.rows import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

GENESIS = "0" * 32
"""What stands before the first batch."""
HASH_BYTES = 16


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain: number of the batch, trials counted until then, its hash.

    Written down anywhere outside the ledger it is an anchor: a ledger that does not hold a batch of
    that number and hash is not the ledger, or an older copy of it.
    """

    seq: int = 0
    trials: int = 0
    hash: str = GENESIS


@dataclass(frozen=True, slots=True)
class Link:
    """One row of `batches`, but for its own hash."""

    seq: int
    kind: str
    study: str
    strategy: str
    family: str
    body: str
    data: str
    market: str
    timeframe: str
    from_ms: int
    to_ms: int
    settings: str
    code_version: str
    names: str  # JSON list
    first_block: int
    trial_first: int
    trial_count: int
    repeat_first: int
    repeat_count: int
    outcome_first: int
    outcome_count: int
    trials: int  # counted in all, this batch included
    uncounted: int  # trials known to have been made and lost, this batch included
    note: str
    previous: str


def link_hash(link: Link, trials: Iterable[bytes], others: Iterable[bytes]) -> str:
    """Return the hash of a batch: its row, its trials, its repeats and outcomes, in their order."""
    digest = hashlib.blake2b(canonical_json(asdict(link)).encode(), digest_size=HASH_BYTES)
    for part in (*trials, *others):
        digest.update(part)
    return digest.hexdigest()


def trial_bytes(
    key: bytes,
    params: bytes,
    figures: Any,  # noqa: ANN401 - six numbers, None or NaN where not defined
    sketch: bytes,
) -> bytes:
    """Return one trial as it is hashed."""
    numbers = plain(np.array([np.nan if one is None else one for one in figures], np.float64))
    return b"".join((key, params, numbers.tobytes(), sketch))


def repeat_bytes(trial: int) -> bytes:
    """Return one repetition as it is hashed."""
    return struct.pack("<q", trial)


def outcome_bytes(number: int, state: int, trial: int | None, score: bytes, words: str) -> bytes:
    """Return one outcome of a study as it is hashed."""
    head = struct.pack("<qqq", number, state, -1 if trial is None else trial)
    return head + score + b"\0" + words.encode() + b"\0"
