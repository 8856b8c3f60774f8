"""Security of Binance: who sent a request, and whether it is fresh.

The signature is the HMAC-SHA256 of the query text followed by the body text, both without the
signature itself. A request must carry a `timestamp` no more than `recvWindow` old and no more than
a second ahead of the venue's clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.venues.simulated.fronts.binance import errors
from ballast.venues.simulated.fronts.keys import hmac_hex, same
from ballast.venues.simulated.fronts.numbers import whole_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ballast.venues.simulated.fronts.keys import ApiKey, KeyRing
    from ballast.venues.simulated.fronts.parameters import Parameters
    from ballast.venues.simulated.wire.messages import Request

KEY_HEADER = "x-mbx-apikey"
KEY_LENGTH = 64
WINDOW_MS, WINDOW_MS_MAX = 5_000, 60_000
AHEAD_MS = 1_000
NS_MS = 1_000_000


def key_of(request: Request, ring: KeyRing) -> ApiKey:
    """Return the key a request names; raise a `Refusal` for none, a wrong one or a foreign one."""
    return known_key(request.headers.get(KEY_HEADER, ""), request.address, ring)


def known_key(text: str, address: str, ring: KeyRing) -> ApiKey:
    """Return a key of the ring that may be used from this address."""
    if len(text) != KEY_LENGTH or not text.isalnum():
        raise errors.KEY_FORMAT
    key = ring.get(text)
    if key is None or (key.addresses and address not in key.addresses):
        raise errors.KEY_REFUSED
    return key


def check_signed(request: Request, key: ApiKey, given: Parameters, now_ns: int) -> None:
    """Raise a `Refusal` unless the request is fresh and signed by the key."""
    signature = given.required("signature")
    check_fresh(given, now_ns)
    payload = without_signature(request.query) + without_signature(
        request.body.decode("utf-8", "replace")
    )
    if not same(hmac_hex(key.secret, payload.encode()), signature):
        raise errors.SIGNATURE


def check_fresh(given: Parameters, now_ns: int) -> None:
    """Raise a `Refusal` unless `timestamp` is within `recvWindow` of the venue's clock."""
    stamp = whole_number(given.required("timestamp"))
    if stamp is None:
        raise errors.missing("timestamp")
    window_text = given.optional("recvWindow")
    window = WINDOW_MS if window_text is None else whole_number(window_text.partition(".")[0])
    if window is None or window > WINDOW_MS_MAX:
        raise errors.Refusal(-1131, "recvWindow must be less than 60000")
    now_ms = now_ns // NS_MS
    if stamp >= now_ms + AHEAD_MS:
        raise errors.EARLY
    if now_ms - stamp > window:
        raise errors.LATE


def without_signature(text: str) -> str:
    """Return a query or form text without its `signature` pair."""
    before, last, mark = text.rpartition("&signature=")
    if last and "&" not in mark and "signature=" not in before:
        return before  # where it usually is
    return "&".join(part for part in text.split("&") if not part.startswith("signature="))


def sorted_payload(values: Mapping[str, str]) -> str:
    """Return what the websocket interface signs: all parameters but the signature, by name."""
    return "&".join(f"{name}={values[name]}" for name in sorted(values) if name != "signature")
