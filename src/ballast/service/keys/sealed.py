"""Sealed: keys as one encrypted document.

A JSON object, so that a person sees what it is and which program may open it:

    ballast keys   version of the form, 1
    kdf, n, r, p   scrypt (RFC 7914) makes 32 bytes of the passphrase; 128 n r bytes of memory
    salt           16 random bytes, hex, new at every writing
    cipher, nonce  ChaCha20-Poly1305 (RFC 8439); 12 random bytes, hex, new at every writing
    sealed         the keys as JSON, encrypted and authenticated, base64
    digest         BLAKE2b over all of the above: tells a damaged file from a wrong passphrase

All but `sealed` and `digest` is the associated data of the cipher, in canonical JSON, so nobody can
turn down the work of a guess or swap a salt unseen. The digest protects against accidents only; who
changes the file on purpose makes it unreadable, and is told so as a wrong passphrase.

Limits: the passphrase is the whole strength; the file's length tells how many keys it may hold; an
older file of the same passphrase opens too.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import unicodedata
from typing import TYPE_CHECKING, Any

from ballast.core.errors import DataError
from ballast.core.hashing import canonical_json
from ballast.core.settings import Secret
from ballast.service.keys.account import Keys

if TYPE_CHECKING:
    from collections.abc import Sequence

FORM, VERSION = "ballast keys", 1
COST = 1 << 17
"""128 MB and a third of a second for each guess."""
COST_MIN, COST_MAX = 1 << 15, 1 << 20
"""Below, guessing is cheap; above, a file from elsewhere could take all memory (1 GB)."""
R, P = 8, 1
SALT_BYTES, NONCE_BYTES, KEY_BYTES, DIGEST_BYTES = 16, 12, 32, 16
FILE_BYTES_MAX = 1 << 20
"""Hundreds of accounts; a larger file is something else."""
PASSPHRASE_MIN = 12
_HEADER = (FORM, "kdf", "n", "r", "p", "salt", "cipher", "nonce")
_TEXTS = ("venue", "account", "key", "secret", "passphrase")


def seal(entries: Sequence[Keys], passphrase: Secret, *, cost: int = COST) -> bytes:
    """Return the document of some keys under a passphrase."""
    header: dict[str, Any] = {
        FORM: VERSION,
        "kdf": "scrypt",
        "n": cost,
        "r": R,
        "p": P,
        "salt": os.urandom(SALT_BYTES).hex(),
        "cipher": "chacha20-poly1305",
        "nonce": os.urandom(NONCE_BYTES).hex(),
    }
    plain = json.dumps([_row(one) for one in entries], sort_keys=True).encode()
    cipher = _cipher(header, passphrase)
    made = cipher.encrypt(bytes.fromhex(header["nonce"]), plain, canonical_json(header).encode())
    document = {**header, "sealed": base64.b64encode(made).decode()}
    document["digest"] = _digest(document)
    return (json.dumps(document, indent=1) + "\n").encode()


def unseal(raw: bytes, passphrase: Secret, where: str) -> tuple[Keys, ...]:
    """Return the keys of a document; raise `DataError`: damaged, too new, or a wrong passphrase."""
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - 50 ms

    document = _document(raw, where)
    header = {name: document[name] for name in _HEADER}
    try:
        sealed = base64.b64decode(document["sealed"], validate=True)
        plain = _cipher(header, passphrase).decrypt(
            bytes.fromhex(header["nonce"]), sealed, canonical_json(header).encode()
        )
    except (binascii.Error, ValueError):
        raise _damaged(where) from None
    except InvalidTag:
        raise DataError(
            "the passphrase does not open it",
            where=where,
            fix="if it is the right one, the file was changed on purpose: take your copy of it",
        ) from None
    return _keys(plain, where)


def _document(raw: bytes, where: str) -> dict[str, Any]:
    """Return the document, checked in everything that needs no passphrase."""
    try:
        document = json.loads(raw) if len(raw) <= FILE_BYTES_MAX else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or FORM not in document:
        raise DataError("is no file of keys, or damaged", where=where, fix="take your copy of it")
    if document[FORM] != VERSION:
        raise DataError(
            f"is of version {document[FORM]!r:.20}",
            where=where,
            expected=f"version {VERSION}",
            fix="use the version of Ballast that wrote it",
        )
    is_whole = set(document) == {*_HEADER, "sealed", "digest"}
    is_plain = all(type(value) in {int, str} for value in document.values())
    if not is_whole or not is_plain or _digest(document) != document["digest"]:
        raise _damaged(where)
    _check_header(document, where)
    return document


def _check_header(document: dict[str, Any], where: str) -> None:
    """Raise `DataError` for a header no version of ours writes, before any work is done for it."""
    cost = document["n"]
    sound = (
        document["kdf"] == "scrypt"
        and document["cipher"] == "chacha20-poly1305"
        and (document["r"], document["p"]) == (R, P)
        and isinstance(cost, int)
        and COST_MIN <= cost <= COST_MAX
        and cost.bit_count() == 1
        and _is_hex(document["salt"], SALT_BYTES)
        and _is_hex(document["nonce"], NONCE_BYTES)
        and isinstance(document["sealed"], str)
    )
    if not sound:
        raise DataError("asks for another way of sealing than ours", where=where)


def _is_hex(text: object, size: int) -> bool:
    try:
        return isinstance(text, str) and len(bytes.fromhex(text)) == size
    except ValueError:
        return False


def _cipher(header: dict[str, Any], passphrase: Secret) -> Any:  # noqa: ANN401 - imported late
    from cryptography.hazmat.primitives.ciphers.aead import (  # noqa: PLC0415 - 50 ms
        ChaCha20Poly1305,
    )
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt  # noqa: PLC0415

    kdf = Scrypt(bytes.fromhex(header["salt"]), KEY_BYTES, header["n"], header["r"], header["p"])
    text = unicodedata.normalize("NFC", passphrase.reveal())
    return ChaCha20Poly1305(kdf.derive(text.encode()))


def _digest(document: dict[str, Any]) -> str:
    body = {name: value for name, value in document.items() if name != "digest"}
    try:
        text = canonical_json(body).encode()
    except UnicodeEncodeError:  # half a character
        return ""
    return hashlib.blake2b(text, digest_size=DIGEST_BYTES).hexdigest()


def _row(keys: Keys) -> dict[str, Any]:
    texts = {"key": keys.key, "secret": keys.secret, "passphrase": keys.passphrase}
    return {
        "venue": keys.venue,
        "account": keys.account,
        "added_ms": keys.added_ms,
        **{name: text.reveal() for name, text in texts.items()},
    }


def _keys(plain: bytes, where: str) -> tuple[Keys, ...]:
    """Read what was sealed. It is ours, so another shape is a newer program's or a defect."""
    rows = json.loads(plain)
    if not isinstance(rows, list) or not all(_is_row(row) for row in rows):
        raise DataError("holds keys in a form this version does not know", where=where)
    return tuple(
        Keys(
            row["venue"],
            row["account"],
            Secret(row["key"]),
            Secret(row["secret"]),
            Secret(row["passphrase"]),
            row["added_ms"],
            "file",
        )
        for row in rows
    )


def _is_row(row: object) -> bool:
    return (
        isinstance(row, dict)
        and set(row) == {*_TEXTS, "added_ms"}
        and all(isinstance(row[name], str) for name in _TEXTS)
        and isinstance(row["added_ms"], int)
    )


def _damaged(where: str) -> DataError:
    return DataError("is damaged", where=where, fix="take your copy of it")
