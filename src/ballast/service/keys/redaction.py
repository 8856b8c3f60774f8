"""Redaction: the last wall: secrets that got into a text are taken out of it before it is shown.

Nothing should come this far: a `Secret` prints as asterisks. But errors of libraries quote what
they were given: an address with its signature, a header, a connection string. So whatever speaks of
errors passes through `redacted`, which knows the secrets of this process, as they are and as they
travel (base64, hex, URL), and the parameters that carry a signature whatever it is.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote, urlsplit

from ballast.core.settings.rule import HIDDEN
from ballast.service.keys.environment import secrets_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ballast.core.settings import Secret

LENGTH_MIN = 6
"""A shorter text is found in ordinary words, and every line would be asterisks."""
LINE_MIN = 16
"""A line of a private key that stands alone and gives something away."""
_CARRIER = re.compile(
    r"""(?ix) \b(signature|sign|api[-_]?sign|api[-_]?key|apikey|secret|passphrase|x-mbx-apikey
    |x-bapi-sign|x-bapi-api-key|ok-access-[a-z]+|authorization|token|jwt|listenkey)
    (["']?\s*[=:]\s*["']?(?:bearer\s+)?) ([A-Za-z0-9%+/=_.-]{12,})"""
)
_ADDRESS = re.compile(r"(?i)\b([a-z][a-z0-9+]*://[^\s/:@]*):([^\s@]+)@")
_known: set[str] = set()


def register(*secrets: Secret) -> None:
    """Make these known to `redacted` for the life of this process."""
    for secret in secrets:
        _known.update(_forms(secret.reveal()))


def forget() -> None:
    """Forget what was registered; for tests."""
    _known.clear()


def redacted(text: str, environment: Mapping[str, str]) -> str:
    """Return a text without the secrets that were registered or lie in the environment."""
    forms = set(_known)
    for secret in secrets_of(environment):
        forms.update(_forms(secret.reveal()))
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    text = _ADDRESS.sub(rf"\1:{HIDDEN}@", text)
    return _CARRIER.sub(rf"\1\2{HIDDEN}", text)


def no_core_files() -> None:
    """Keep the system from writing this process's memory to a file when it crashes."""
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:  # it writes none either, unless an administrator told it to
        return
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


def _forms(text: str) -> set[str]:
    """Return a secret as it is and as it travels."""
    pieces = {text, *_passwords(text)}
    pieces.update(line for line in text.splitlines() if len(line) >= LINE_MIN)
    found: set[str] = set()
    for piece in pieces:
        if len(piece) >= LENGTH_MIN:
            found.update(_spelled(piece))
    return found


def _spelled(text: str) -> Iterable[str]:
    raw = text.encode()
    yield text
    yield text.replace("\n", "\\n")
    yield quote(text, safe="")
    yield quote_plus(text)
    yield raw.hex()
    yield base64.b64encode(raw).decode()
    yield base64.urlsafe_b64encode(raw).decode()
    yield text[::-1]


def _passwords(text: str) -> Iterator[str]:
    """Yield the password of a text that is an address."""
    try:
        password = urlsplit(text).password
    except ValueError:
        return
    if password:
        yield password
        yield unquote(password)
