"""Security of Kraken: who sent a request, and that it is newer than the one before.

A private request is a POST with two headers: the key, and the Base64 of HMAC-SHA512, by the decoded
secret, over the path and the SHA-256 of nonce and body. The nonce of a key grows with each request.
Streams are opened with a token instead: asked for by a signed request, good for 15 minutes, and for
as long as the connection that used it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ballast.venues.simulated.fronts.keys import same
from ballast.venues.simulated.fronts.kraken import errors

if TYPE_CHECKING:
    from ballast.venues.simulated.fronts.keys import ApiKey, KeyRing
    from ballast.venues.simulated.wire.messages import Request

SECOND_NS = 1_000_000_000
TOKEN_S = 900
NONCE_MAX = 2**64 - 1


def signature(secret: str, path: str, nonce: str, body: bytes) -> str:
    """Return what `API-Sign` must be; an unreadable secret signs nothing."""
    try:
        key = base64.b64decode(secret)
    except binascii.Error:
        return ""
    digest = hashlib.sha256(nonce.encode("utf-8", "surrogatepass") + body).digest()
    message = path.encode("utf-8", "surrogatepass") + digest
    return base64.b64encode(hmac.new(key, message, hashlib.sha512).digest()).decode()


@dataclass(slots=True)
class Doorkeeper:
    """Knows the keys, the last nonce of each, and the tokens that were given out."""

    keys: KeyRing
    _nonces: dict[str, int] = field(default_factory=dict)
    _tokens: dict[str, tuple[str, int]] = field(default_factory=dict)
    _given: int = 0

    def key_of(self, request: Request, nonce: str) -> ApiKey:
        """Return the key that signed a request; raise a `Refusal` for what does not fit."""
        key = self.keys.get(request.headers.get("api-key", ""))
        if key is None:
            raise errors.KEY
        if key.addresses and request.address not in key.addresses:
            raise errors.PERMISSION
        said = request.headers.get("api-sign", "")
        if not same(signature(key.secret, request.path, nonce, request.body), said):
            raise errors.SIGNATURE
        if not (nonce.isascii() and nonce.isdigit() and len(nonce) <= 20):  # noqa: PLR2004 - 64 bits
            raise errors.NONCE
        value = int(nonce)
        if value > NONCE_MAX or value <= self._nonces.get(key.key, -1):
            raise errors.NONCE
        self._nonces[key.key] = value
        return key

    def last_nonce(self, key: ApiKey) -> int:
        """Return the last nonce of a key, 0 for one that was not used."""
        return self._nonces.get(key.key, 0)

    def new_token(self, key: ApiKey, now_ns: int) -> str:
        """Return a token for streams; counted, never random."""
        self._tokens = {name: one for name, one in self._tokens.items() if now_ns < one[1]}
        self._given += 1
        seed = f"{key.secret}/{self._given}"
        token = base64.b64encode(hashlib.blake2b(seed.encode(), digest_size=33).digest()).decode()
        self._tokens[token] = (key.key, now_ns + TOKEN_S * SECOND_NS)
        return token

    def holder(self, token: str, now_ns: int) -> ApiKey | None:
        """Return whose a token is, None for one that is unknown or over."""
        public, until_ns = self._tokens.get(token, ("", 0))
        return self.keys.get(public) if now_ns < until_ns else None
