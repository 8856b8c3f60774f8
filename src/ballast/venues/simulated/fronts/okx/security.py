"""Security of OKX: who sent a request, and whether it is fresh.

A private request carries four headers: the key, the passphrase given when the key was made, the
time in ISO 8601, and the Base64 of HMAC-SHA256 over time, method, path with query, and body. The
time may lie 30 seconds from the venue's clock. A websocket says the same once, in `login`: seconds
instead of ISO, over `GET/users/self/verify`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ballast.venues.simulated.fronts.keys import hmac_base64, same
from ballast.venues.simulated.fronts.okx import errors
from ballast.venues.simulated.fronts.okx.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ballast.venues.simulated.fronts.keys import ApiKey, KeyRing
    from ballast.venues.simulated.wire.messages import Request

NS_MS = 1_000_000
SECOND_NS = 1_000_000_000
WINDOW_NS = 30 * SECOND_NS
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
SECONDS = re.compile(r"\d{9,11}(\.\d{1,9})?")
VERIFY = "GET/users/self/verify"
DEMO = "x-simulated-trading"
LOGIN = ("apiKey", "passphrase", "timestamp", "sign")


def key_of(request: Request, ring: KeyRing, now_ns: int) -> ApiKey:
    """Return the key that signed a request; raise a `Refusal` for anything that does not fit."""
    headers = request.headers
    said = {}
    for name, refusal in (
        ("key", errors.NO_KEY), ("passphrase", errors.NO_PASSPHRASE), ("sign", errors.NO_SIGN),
        ("timestamp", errors.NO_TIMESTAMP),
    ):  # fmt: skip
        said[name] = headers.get(f"ok-access-{name}", "")
        if not said[name]:
            raise refusal
    stamp_ns = _iso_ns(said["timestamp"])
    if stamp_ns is None:
        raise errors.TIMESTAMP
    if abs(stamp_ns - now_ns) > WINDOW_NS:
        raise errors.EXPIRED
    key = ring.get(said["key"])
    if key is None:
        raise errors.KEY
    if headers.get(DEMO, "0") == "1":  # a key of the real venue, a request for the demo one
        raise errors.WRONG_ENVIRONMENT
    if key.addresses and request.address not in key.addresses:
        raise errors.ADDRESS
    if not same(key.passphrase, said["passphrase"]):
        raise errors.PASSPHRASE
    text = f"{said['timestamp']}{request.method}{request.target}"
    signed = text.encode("utf-8", "surrogatepass") + request.body
    if not same(hmac_base64(key.secret, signed), said["sign"]):
        raise errors.SIGNATURE
    return key


def _iso_ns(text: str) -> int | None:
    if not STAMP.fullmatch(text):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:  # the 31st of February
        return None
    span = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (span.days * 86_400 + span.seconds) * SECOND_NS + span.microseconds * 1_000


def check_login(said: Mapping[str, str], address: str, ring: KeyRing, now_ns: int) -> ApiKey:
    """Return the key of a websocket's `login`; raise a `Refusal` with a code of websockets."""
    for name in LOGIN:
        if not said.get(name):
            raise Refusal(60004 if name == "timestamp" else 60013, f"Invalid {name}")
    if not SECONDS.fullmatch(said["timestamp"]):
        raise Refusal(60004, "Invalid timestamp")
    if abs(int(said["timestamp"].partition(".")[0]) * SECOND_NS - now_ns) > WINDOW_NS:
        raise Refusal(60006, "Timestamp request expired")
    key = ring.get(said["apiKey"])
    if key is None or (key.addresses and address not in key.addresses):
        raise Refusal(60005, "Invalid apiKey")
    if not same(key.passphrase, said["passphrase"]):
        raise Refusal(60024, "Wrong passphrase")
    text = f"{said['timestamp']}{VERIFY}".encode()
    if not same(hmac_base64(key.secret, text), said["sign"]):
        raise Refusal(60007, "Invalid sign")
    return key
