"""Canonical JSON and the hash of a value: the same meaning gives the same 32 hex digits."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

from ballast.core.errors import InternalError

HASH_BYTES = 16


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON values are of any type
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InternalError(f"cannot hash {value}: not a JSON number")
        return int(value) if value.is_integer() and abs(value) < 1 << 53 else value
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def canonical_json(value: Any) -> str:  # noqa: ANN401 - JSON values are of any type
    """Print JSON with sorted keys, no spaces, and whole floats as integers (1.0 is 1)."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def value_hash(value: Any) -> str:  # noqa: ANN401 - JSON values are of any type
    """Return the hex BLAKE2b-128 of the canonical JSON of `value`."""
    return digest_of(canonical_json(value).encode()).hex()


def digest_of(data: bytes) -> bytes:
    """Return the BLAKE2b-128 of some bytes."""
    return hashlib.blake2b(data, digest_size=HASH_BYTES).digest()
