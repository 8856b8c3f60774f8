"""Certificates on disk: signed when written, and read only if the signature holds.

The signature is Ed25519 (RFC 8032: deterministic, so the same certificate gives the same bytes)
over the canonical JSON of everything else in the file. It shows that a certificate was not edited
after it was made, and by whose key it was made. It cannot show more: who holds the key can sign
anything, and who trusts a foreign key trusts its owner.

The key is made at first use, readable by its owner only, outside the workspace, so that a workspace
can be shared. `BALLAST_KEYS` names another folder for it.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from ballast.core.certificate import Certificate, as_document, from_document
from ballast.core.errors import DataError, UserError
from ballast.core.hashing import canonical_json
from ballast.store.disk import BINARY, Disk, disk_errors, ensure_folder, replace_file

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_FILE = "certify.key"
TRUSTED_FILE = "trusted.txt"
SIGNATURE = "signature"
FILE_BYTES_MAX = 16 << 20
OWNER_ONLY = 0o600
KEY_BYTES = 32


def key_folder() -> Path:
    """Return where the key lies: `BALLAST_KEYS`, else the user's configuration folder."""
    named = os.environ.get("BALLAST_KEYS", "")
    return Path(named) if named else Path(platformdirs.user_config_dir("ballast"))


class Signer:
    """The owner's key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """Take a private key; `Signer.own` reads or makes the one of this user."""
        self._key = key

    def __repr__(self) -> str:
        """Show the public half only."""
        return f"Signer({self.public})"

    @classmethod
    def own(cls, folder: Path | None = None) -> Signer:
        """Return the signer of this user, made at first use."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - 50 ms
            Ed25519PrivateKey,
        )

        home = folder or key_folder()
        path = home / KEY_FILE
        if not path.exists():
            _make_key(home, path, Ed25519PrivateKey.generate().private_bytes_raw())
        try:
            raw = bytes.fromhex(path.read_text(encoding="ascii").strip())
        except (OSError, ValueError):
            raw = b""
        if len(raw) != KEY_BYTES:
            raise UserError(
                "is no signing key",
                where=str(path),
                fix="remove it to make a new one; certificates it signed are then foreign",
            )
        return cls(Ed25519PrivateKey.from_private_bytes(raw))

    @property
    def public(self) -> str:
        """Return the public key, in hex."""
        return self._key.public_key().public_bytes_raw().hex()

    def sign(self, message: bytes) -> str:
        """Return the signature, in hex."""
        return self._key.sign(message).hex()


def _make_key(home: Path, path: Path, raw: bytes) -> None:
    """Write a key that exists whole or not at all; of two makers at once the first wins."""
    with disk_errors(path):
        ensure_folder(Disk(), home)
        temp = home / f".{KEY_FILE}.{os.getpid()}.tmp"
        handle = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | BINARY, OWNER_ONLY)
        try:
            os.write(handle, raw.hex().encode() + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)
        try:
            with suppress(FileExistsError):
                path.hardlink_to(temp)
        finally:
            temp.unlink()


@dataclass(frozen=True, slots=True)
class Signed:
    """A certificate whose signature holds."""

    certificate: Certificate
    key: str
    is_own: bool  # signed by this user's key, or by one that the user said to trust


def message_of(document: dict[str, Any]) -> bytes:
    """Return the bytes that are signed: everything but the signature, in canonical JSON."""
    return canonical_json(
        {name: value for name, value in document.items() if name != SIGNATURE}
    ).encode()


def certificate_text(certificate: Certificate, signer: Signer) -> str:
    """Return the file of a certificate; the same certificate and key give the same bytes."""
    document = as_document(certificate)
    signature = {"key": signer.public, "ed25519": signer.sign(message_of(document))}
    whole = {**document, SIGNATURE: signature}
    return json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write_certificate(path: Path, certificate: Certificate, signer: Signer) -> None:
    """Write a certificate whole or not at all."""
    replace_file(Disk(), path, [certificate_text(certificate, signer).encode()])


def read_certificate(path: Path, *, keys: Path | None = None) -> Signed:
    """Read a certificate; raise `DataError` if it is not one, or was changed after signing."""
    document = _document(path)
    signature = document.get(SIGNATURE)
    if not isinstance(signature, dict) or not {"key", "ed25519"} <= set(signature):
        raise DataError("is not signed", where=str(path), fix="make it with `ballast certify`")
    if not _holds(document, str(signature["key"]), str(signature["ed25519"])):
        raise DataError(
            "was changed after it was signed",
            where=str(path),
            fix="make it anew with `ballast certify`",
        )
    try:
        certificate = from_document(document)
    except DataError as problem:
        raise DataError(
            problem.what, where=str(path), expected=problem.expected, fix=problem.fix
        ) from None
    key = str(signature["key"])
    return Signed(certificate, key, key in trusted_keys(keys or key_folder()))


def _document(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise DataError("is too large for a certificate", where=str(path))
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise DataError(f"cannot be read: {problem.strerror}", where=str(path)) from None
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise DataError("is no certificate", where=str(path), expected="a JSON file") from None
    if not isinstance(document, dict):
        raise DataError("is no certificate", where=str(path), expected="a JSON object")
    return document


def _holds(document: dict[str, Any], key: str, signature: str) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - 50 ms
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PublicKey,
    )

    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        public.verify(bytes.fromhex(signature), message_of(document))
    except (InvalidSignature, ValueError):
        return False
    return True


def trusted_keys(folder: Path) -> frozenset[str]:
    """Return the public keys that count as this user's: the own one and those of `trusted.txt`."""
    found = set()
    if (folder / KEY_FILE).exists():
        found.add(Signer.own(folder).public)
    try:
        lines = (folder / TRUSTED_FILE).read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    found |= {line.split("#")[0].strip() for line in lines}
    return frozenset(found - {""})
