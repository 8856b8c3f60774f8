"""Wire: a ccxt class of which only the signing and the end points are used.

`fetch` is ours: one request, one answer, the status, headers and body kept, JSON without floats.
aiohttp sends DELETE and PUT a second time by itself when a kept connection breaks: a cancel that
was carried out then looks like an unknown order (exchanges.md 5.4); that is switched off.
ccxt is imported inside `signer_of`, and only the one exchange of it (`lean.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from ballast.core.errors import UserError
from ballast.venues.clients.asking.lean import exchange_class
from ballast.venues.clients.calls import CallError, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    import aiohttp

    from ballast.venues.clients.access import Access, Keys

TIMEOUT_S = 10.0
"""Longest wait for an answer; after it the outcome of a write is unknown (R-NET-14)."""
CONNECT_S = 5.0
TOO_MANY = 429
BANNED = 418
FORBIDDEN = frozenset({401, 403, 451})
FIRST_ERROR = 400
FIRST_SERVER_ERROR = 500
DECODER = msgspec.json.Decoder(float_hook=str)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: `value` is the decoded JSON, None where the body is none."""

    status: int
    headers: dict[str, str]
    body: str
    value: Any


def signer_of(
    access: Access,
    keys: Keys,
    session: aiohttp.ClientSession,
    venue_ms: Callable[[], int],
    seen: Callable[[Answer], None],
) -> Any:  # noqa: ANN401 - the class is ccxt's
    """Return the ccxt exchange that signs; `seen` hears of each answer before it is judged.

    Raise `UserError` where ccxt is not installed.
    """
    try:
        base = exchange_class(access.ccxt_id)
    except ImportError:
        raise UserError(
            "venues need the package ccxt, which is not installed",
            fix='pip install "ballast[exchanges]"',
        ) from None
    session._retry_connection = False  # noqa: SLF001 - there is no other way
    made = _guarded(base, access, session, venue_ms, seen)
    signer = made(
        {
            "apiKey": keys.key.reveal(),
            "secret": keys.secret.reveal(),
            "password": keys.passphrase.reveal(),
            "enableRateLimit": False,
            "session": session,
            "options": dict(access.options),
        }
    )
    if access.is_demo:
        signer.enable_demo_trading(enable=True)
    return signer


def _guarded(
    base: type[Any],
    access: Access,
    session: aiohttp.ClientSession,
    venue_ms: Callable[[], int],
    seen: Callable[[Answer], None],
) -> type[Any]:
    import aiohttp  # noqa: PLC0415 - 0.25 s, and an extra

    class Guarded(base):  # type: ignore[misc]  # the base is chosen at run time
        _last_nonce = 0

        def __del__(self) -> None:
            """Say nothing: ccxt complains here of a session that is not its own to close."""

        def sign(self, *asked: Any, **more: Any) -> Any:  # noqa: ANN401 - ccxt's
            return _signed(lambda: super(Guarded, self).sign(*asked, **more))

        def milliseconds(self) -> int:
            return venue_ms()

        def seconds(self) -> int:
            return venue_ms() // 1_000 - access.stamp_back_s

        def nonce(self) -> int:
            """Return the venue's time; where the venue demands that it grows, never twice the same.

            Elsewhere it must not: a clock that was set back would go on signing with the future.
            """
            dated_ms = venue_ms() - access.stamp_back_s * 1_000
            grown_ms = max(dated_ms, self._last_nonce + 1)
            self._last_nonce = grown_ms if access.nonce_grows else dated_ms
            return self._last_nonce

        async def fetch(
            self,
            url: str,
            method: str = "GET",
            headers: dict[str, str] | None = None,
            body: str | None = None,
        ) -> Any:  # noqa: ANN401 - decoded JSON
            from yarl import URL  # noqa: PLC0415 - comes with aiohttp

            wait = aiohttp.ClientTimeout(total=TIMEOUT_S, connect=CONNECT_S)
            try:
                async with session.request(
                    method,
                    URL(url, encoded=True),
                    data=body.encode() if body else None,
                    headers=self.prepare_request_headers(headers),
                    timeout=wait,
                    allow_redirects=False,
                ) as reply:
                    text = await reply.text(errors="replace")
                    status = reply.status
                    found = {name.lower(): value for name, value in reply.headers.items()}
            except aiohttp.ClientConnectorError as error:  # nothing was sent
                raise CallError(Verdict.UNREACHED, f"no connection: {error}") from error
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                said = str(error) or type(error).__name__
                raise CallError(Verdict.UNCLEAR, f"no answer: {said}") from error
            answer = Answer(status, found, text, _decoded(text))
            seen(answer)
            _judge(access, answer)
            return answer.value

    return Guarded


def _signed(sign: Callable[[], Any]) -> Any:  # noqa: ANN401 - ccxt's
    """Sign a request; raise `CallError` for a key that cannot: nothing was sent."""
    from ccxt.base.errors import BaseError  # noqa: PLC0415 - slow: 0.8 s, and an extra

    try:
        return sign()
    except (BaseError, ValueError, TypeError, LookupError) as error:
        what = type(error).__name__  # the text may hold a part of the key
        raise CallError(Verdict.KEY, f"the key cannot sign a request: {what}") from None


def rekey(signer: Any, keys: Keys) -> None:  # noqa: ANN401 - ccxt's
    """Give a signer other keys."""
    signer.apiKey = keys.key.reveal()
    signer.secret = keys.secret.reveal()
    signer.password = keys.passphrase.reveal()


def token_of(signer: Any) -> str:  # noqa: ANN401 - ccxt's
    """Return a web token that names no request; raise `UserError` where the key cannot sign."""
    try:
        secret = str(signer.secret)
        is_ed25519 = not secret.startswith("-----BEGIN")
        return str(signer.create_auth_token(signer.seconds(), None, None, is_ed25519))
    except (AttributeError, ValueError, TypeError, IndexError) as error:
        raise UserError(
            f"the key cannot sign a token: {type(error).__name__}",
            expected="a key's name and its private key, as Coinbase gave them",
            fix="make a key for Advanced Trade and copy both parts whole",
        ) from None


def _decoded(text: str) -> Any:  # noqa: ANN401 - JSON
    try:
        return DECODER.decode(text)
    except msgspec.DecodeError:
        return None


def _judge(access: Access, answer: Answer) -> None:
    """Raise `CallError` unless the answer is a success: the venue's code first, then HTTP's."""
    fault = access.read_fault(answer.status, answer.value, answer.body)
    if fault is None:
        if answer.status < FIRST_ERROR and isinstance(answer.value, dict | list):
            return
        fault = CallError(_by_status(answer.status), _summary(answer))
    fault.status = answer.status
    fault.headers = answer.headers
    fault.body = answer.body
    if fault.retry_after_s is None:
        fault.retry_after_s = seconds(answer.headers.get("retry-after"))
    raise fault


def _by_status(status: int) -> Verdict:
    """Return what HTTP alone says; whatever is not clearly a refusal is unclear (D7)."""
    if status == TOO_MANY:
        return Verdict.RATE
    if status == BANNED:
        return Verdict.BANNED
    if status in FORBIDDEN:
        return Verdict.KEY
    return Verdict.UNCLEAR


def _summary(answer: Answer) -> str:
    return f"HTTP {answer.status}: {' '.join(answer.body.split())[:160] or 'empty body'}"


def seconds(text: str | None) -> float | None:
    """Read a header that holds a number of seconds; None if it is missing or something else."""
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None
