"""Security of Bybit: who sent a request, and whether it is fresh.

Four headers carry it. The signature is the HMAC-SHA256, in hex, of timestamp, key, receive window
and what was sent: the query text of a GET, the body of a POST, as they were sent. A websocket signs
`GET/realtime` and the time at which its words expire.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.venues.simulated.fronts.bybit import errors
from ballast.venues.simulated.fronts.keys import hmac_hex, same
from ballast.venues.simulated.fronts.numbers import whole_number

if TYPE_CHECKING:
    from ballast.venues.simulated.fronts.keys import ApiKey, KeyRing
    from ballast.venues.simulated.wire.messages import Request

KEY, SIGN = "x-bapi-api-key", "x-bapi-sign"
STAMP, WINDOW = "x-bapi-timestamp", "x-bapi-recv-window"
WINDOW_MS = 5_000
AHEAD_MS = 1_000
NS_MS = 1_000_000


def known_key(text: str, address: str, ring: KeyRing) -> ApiKey:
    """Return a key of the ring that may be used from this address."""
    key = ring.get(text)
    if key is None:
        raise errors.KEY_REFUSED
    if key.addresses and address not in key.addresses:
        raise errors.ADDRESS
    return key


def check_signed(request: Request, key: ApiKey, now_ns: int) -> None:
    """Raise a `Refusal` unless the request is fresh and signed by the key."""
    stamp, window = request.headers.get(STAMP, ""), request.headers.get(WINDOW, "")
    check_fresh(stamp, window, now_ns)
    sent = request.query if request.method == "GET" else request.body.decode("utf-8", "replace")
    origin = f"{stamp}{key.key}{window}{sent}"
    signed = hmac_hex(key.secret, origin.encode("utf-8", "replace"))
    if not same(signed, request.headers.get(SIGN, "").encode("utf-8", "replace").decode()):
        raise errors.signature(origin)


def check_fresh(stamp_text: str, window_text: str, now_ns: int) -> None:
    """Raise a `Refusal` unless a timestamp is within its window of the venue's clock."""
    stamp = whole_number(stamp_text)
    window = WINDOW_MS if not window_text else whole_number(window_text)
    now_ms = now_ns // NS_MS
    if stamp is None:
        raise errors.invalid("timestamp")
    if window is None:
        raise errors.invalid("recv_window")
    if not now_ms - window <= stamp < now_ms + AHEAD_MS:
        raise errors.window(stamp, now_ms, window)


def check_socket(key: ApiKey, expires: int, sign: str, now_ns: int) -> bool:
    """Tell whether the words with which a websocket introduces itself hold."""
    if expires <= now_ns // NS_MS:
        return False
    return same(hmac_hex(key.secret, f"GET/realtime{expires}".encode()), sign)
