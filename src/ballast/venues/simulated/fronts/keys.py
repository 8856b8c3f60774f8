"""Keys: whose request it is. The simulated venue's keys are made for tests and paper trading."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ballast.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of an account, and what it may do."""

    key: str
    secret: str
    account: int
    passphrase: str = ""
    can_trade: bool = True
    can_withdraw: bool = False
    addresses: frozenset[str] = frozenset()  # empty: from anywhere

    def __repr__(self) -> str:
        """Show the public half only."""
        return f"ApiKey({self.key}, account={self.account})"


@dataclass(slots=True)
class KeyRing:
    """All keys of a venue."""

    _keys: dict[str, ApiKey] = field(default_factory=dict)

    def add(self, key: ApiKey) -> ApiKey:
        """Take a key; raise `UserError` for one that exists."""
        if key.key in self._keys:
            raise UserError(f"key {key.key} exists", fix="take another name")
        self._keys[key.key] = key
        return key

    def make(
        self,
        account: int,
        name: str,
        *,
        seed: int = 0,
        can_trade: bool = True,
        can_withdraw: bool = False,
    ) -> ApiKey:
        """Make a key for an account; the same arguments give the same key."""
        # Lengths and alphabets as venues have them: some clients check.
        key, secret, phrase = (
            hashlib.blake2b(f"{seed}/{name}/{account}/{part}".encode(), digest_size=32).hexdigest()
            for part in ("key", "secret", "passphrase")
        )
        return self.add(ApiKey(key, secret, account, phrase[:16], can_trade, can_withdraw))

    def get(self, key: str) -> ApiKey | None:
        """Return a key by its public half."""
        return self._keys.get(key)

    def revoke(self, key: str) -> None:
        """Forget a key; what it opened stays open, as on the venues, until it is used again."""
        self._keys.pop(key, None)

    def __iter__(self) -> Iterator[ApiKey]:
        """Walk all keys."""
        return iter(tuple(self._keys.values()))


def hmac_hex(secret: str, message: bytes) -> str:
    """Return the HMAC-SHA256 of a message in hex (Binance, Bybit)."""
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def hmac_base64(secret: str, message: bytes) -> str:
    """Return the HMAC-SHA256 of a message in Base64 (OKX)."""
    return base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()


def same(one: str, two: str) -> bool:
    """Compare two signatures in constant time; what a client sent may be no text."""
    return hmac.compare_digest(*(text.encode("utf-8", "surrogatepass") for text in (one, two)))
