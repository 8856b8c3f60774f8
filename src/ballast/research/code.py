"""Code version: which sources made a result."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import ballast

ROOMS = ("core", "features", "strategies", "risk", "kernel", "research", "store")
"""Rooms a result depends on; the doors are not among them."""


@cache
def code_version() -> str:
    """Return `version+hash` of all sources that a result can depend on."""
    root = Path(ballast.__file__).resolve().parent
    digest = hashlib.blake2b(digest_size=8)
    for room in ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    return f"{ballast.__version__}+{digest.hexdigest()}"
