"""Security of Coinbase: keys, and the signed tokens that say who sends a request.

A key has a name, `organizations/…/apiKeys/…`, and a private key on the curve P-256 as its secret.
Each private request carries a JSON web token of its own, signed by ES256: the key's name as `kid`
and `sub`, an issuer, a life of at most two minutes from `nbf` to `exp`, and the method, host and
path it is for as `uri`. A websocket's token names no path.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from ballast.venues.simulated.fronts.coinbase import errors
from ballast.venues.simulated.fronts.keys import ApiKey

if TYPE_CHECKING:
    from ballast.venues.simulated.fronts.keys import KeyRing
    from ballast.venues.simulated.wire.messages import Request

SECOND_NS = 1_000_000_000
LIFE_S = 120
AHEAD_S = 1
"""How far a token's `nbf` may lie before the venue's clock: clients cut it to whole seconds."""
ISSUERS = ("cdp", "coinbase-cloud")
AUDIENCES = ("retail_rest_api_proxy", "cdp_service")
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
HALF_BYTES = 32
PART = re.compile(r"[A-Za-z0-9_-]+")
BEARER = "Bearer "


def make_key(
    ring: KeyRing, account: int, name: str, *, seed: int = 0, can_trade: bool = True
) -> ApiKey:
    """Make a key of Coinbase for an account; the same arguments give the same key."""
    organisation, number, secret = (
        hashlib.blake2b(f"{seed}/{name}/{account}/{part}".encode(), digest_size=32).digest()
        for part in ("organisation", "key", "secret")
    )
    private = ec.derive_private_key(int.from_bytes(secret) % (P256_ORDER - 1) + 1, ec.SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    public = f"organizations/{UUID(bytes=organisation[:16])}/apiKeys/{UUID(bytes=number[:16])}"
    return ring.add(ApiKey(public, pem.decode(), account, can_trade=can_trade))


def key_of(request: Request, ring: KeyRing, now_ns: int) -> ApiKey:
    """Return the key that signed a request; raise a `Refusal` for anything that does not fit."""
    said = request.headers.get("authorization", "")
    if not said.startswith(BEARER):
        raise errors.UNAUTHORISED
    uri = f"{request.method} {request.host}{request.path}"
    return check_token(said.removeprefix(BEARER), request.address, ring, now_ns, uri)


def check_token(
    token: str, address: str, ring: KeyRing, now_ns: int, uri: str | None = None
) -> ApiKey:
    """Return the key that signed a token; raise a `Refusal` for one that is not good now.

    `uri` is what a request's token must be for; a websocket's token is for nothing in particular.
    """
    parts = token.split(".")
    if len(parts) != 3 or not all(PART.fullmatch(one) for one in parts):  # noqa: PLR2004
        raise errors.UNAUTHORISED
    header, claims = _object(parts[0]), _object(parts[1])
    name = header.get("kid")
    if header.get("alg") != "ES256" or not isinstance(name, str):
        raise errors.UNAUTHORISED
    key = ring.get(name)
    if key is None or (key.addresses and address not in key.addresses):
        raise errors.UNAUTHORISED
    if not _is_signed(key, f"{parts[0]}.{parts[1]}".encode(), _bytes(parts[2])):
        raise errors.UNAUTHORISED
    if claims.get("sub") != name or not _is_fresh(claims, now_ns) or not _is_for_us(claims):
        raise errors.UNAUTHORISED
    if uri is not None and claims.get("uri") != uri:
        raise errors.UNAUTHORISED
    return key


def _is_fresh(claims: dict[str, Any], now_ns: int) -> bool:
    begins, ends = claims.get("nbf"), claims.get("exp")
    if type(begins) is not int or type(ends) is not int:
        return False
    return (
        begins * SECOND_NS <= now_ns + AHEAD_S * SECOND_NS
        and now_ns < ends * SECOND_NS
        and 0 < ends - begins <= LIFE_S
    )


def _is_for_us(claims: dict[str, Any]) -> bool:
    audience = claims.get("aud", [])
    names = [audience] if isinstance(audience, str) else audience
    return (
        claims.get("iss") in ISSUERS
        and isinstance(names, list)
        and all(isinstance(one, str) and one in AUDIENCES for one in names)
    )


def _is_signed(key: ApiKey, message: bytes, signature: bytes) -> bool:
    public = _public(key.secret)
    if public is None or len(signature) != 2 * HALF_BYTES:
        return False
    halves = (int.from_bytes(signature[:HALF_BYTES]), int.from_bytes(signature[HALF_BYTES:]))
    try:
        public.verify(encode_dss_signature(*halves), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=64)
def _public(secret: str) -> ec.EllipticCurvePublicKey | None:
    """Return the public half of a secret; None for one of another kind."""
    if not secret.startswith("-----BEGIN"):
        return None
    private = load_pem_private_key(secret.encode(), password=None)
    return private.public_key() if isinstance(private, ec.EllipticCurvePrivateKey) else None


def _bytes(part: str) -> bytes:
    """Return the bytes of one part of a token; none for a part of an impossible length."""
    if len(part) % 4 == 1:
        return b""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _object(part: str) -> dict[str, Any]:
    try:
        value = json.loads(_bytes(part))
    except (ValueError, RecursionError):
        raise errors.UNAUTHORISED from None
    if not isinstance(value, dict):
        raise errors.UNAUTHORISED
    return value
