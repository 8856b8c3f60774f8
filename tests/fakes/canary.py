"""Canary: secrets that are planted everywhere and must turn up nowhere, in no spelling.

A canary is random text, so that eight of its characters in a row are found by accident in nothing.
"""

from __future__ import annotations

import base64
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

KEY = "cN4rYk3zQ8vWmT1xLb6HdPjS9gRfUo2EaXiV"
SECRET = "7sKcHq+Zt0/wMyBnG5JxRl2pVdFu8EoAhTzXiPq4W1b6"  # noqa: S105 - base64, as Kraken's are
PHRASE = "mQ3 jX8-vR5 tL2 zW9 kP6 bN7"
PIECE = 8
"""Characters in a row that give a secret away (S1)."""
PLANTED: Mapping[str, str] = {
    "BALLAST_KEY__KRAKEN__CANARY": KEY,
    "BALLAST_SECRET__KRAKEN__CANARY": SECRET,
    "BALLAST_KEYS_PASSPHRASE": PHRASE,
}


@cache
def pieces(secrets: tuple[str, ...] = (KEY, SECRET, PHRASE)) -> frozenset[bytes]:
    """Return every piece of every spelling that must not be found."""
    found = set()
    for secret in secrets:
        for spelling in _spellings(secret):
            raw = spelling.encode()
            size = 2 * PIECE if raw == secret.encode().hex().encode() else PIECE
            found.update(raw[at : at + size] for at in range(len(raw) - size + 1))
    return frozenset(found)


@cache
def whole() -> frozenset[str]:
    """Return the spellings of whole canaries: what every test's output is looked through for."""
    return frozenset(one for secret in (KEY, SECRET, PHRASE) for one in _spellings(secret))


def _spellings(secret: str) -> Iterator[str]:
    raw = secret.encode()
    yield from (secret, secret[::-1], raw.hex(), quote(secret, safe=""))
    for shift in range(3):
        # A secret inside a longer text starts at any third of a group of base64.
        coded = base64.b64encode(b"\0" * shift + raw).decode()
        yield coded[4 if shift else 0 : -4]


def seen(content: bytes, known: Iterable[bytes] | None = None) -> list[str]:
    """Return the pieces of canaries in some bytes."""
    return sorted(one.decode() for one in (known or pieces()) if one in content)


def assert_unseen(text: str, what: object = "") -> None:
    """Fail if a text holds a piece of a canary."""
    found = seen(text.encode(errors="surrogateescape"))
    assert not found, f"{what} gives a secret away: {found[0][:4]}... ({len(found)} pieces)"


def files_with_canaries(folder: Path) -> list[str]:
    """Return the files under a folder that hold a piece of a canary."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return [str(path.relative_to(folder)) for path in paths if seen(path.read_bytes())]
