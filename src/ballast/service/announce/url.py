"""URL: announcements that a feed answers with, `{"events": [...]}`, asked for again and again.

What it does not list any more goes on to its time: a feed that answers with nothing has withdrawn
nothing. It says that something is over, or that its time is another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ballast.core.errors import ConfigError, DataError
from ballast.core.notices import heard_in

if TYPE_CHECKING:
    from ballast.core.notices import Heard

TIMEOUT_S, CONNECT_S = 10.0, 5.0
BYTES_MOST = 1_000_000
"""A thousand announcements; a page that is larger is something else."""
OK = 200
SCHEMES = ("https", "http")


class UrlEvents:
    """A feed of announcements."""

    def __init__(self, url: str, patience_s: float) -> None:
        """Ask this URL; raise `ConfigError` for one that is none.

        People are shown its host and path alone: the rest may hold what a feed is paid for with.
        """
        parts = urlsplit(url)
        try:
            is_good = parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_good = False
        if not is_good or parts.username is not None:
            raise ConfigError(
                "is no URL that can be asked",
                where="gate.event_source",
                expected="https://host/path, without a name and a password",
            )
        self._url = url
        self.name = f"{parts.hostname}{parts.path}"
        self.patience_s = patience_s

    async def read(self, now_ms: int) -> Heard:
        """Return all that it says; raise `DataError` where it does not answer, or with no list."""
        import aiohttp  # noqa: PLC0415 - 0.25 s, and an extra

        wait = aiohttp.ClientTimeout(total=TIMEOUT_S, connect=CONNECT_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=wait) as session,
                session.get(self._url, allow_redirects=False) as reply,
            ):
                if reply.status != OK:
                    raise DataError(f"HTTP {reply.status}", where=self.name, expected=f"HTTP {OK}")
                body = bytearray()
                async for part in reply.content.iter_any():
                    body += part
                    if len(body) > BYTES_MOST:
                        raise DataError(
                            "the answer is too long",
                            where=self.name,
                            expected=f"at most {BYTES_MOST} bytes",
                        )
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise DataError(f"no answer: {type(error).__name__}", where=self.name) from None
        try:
            text = body.decode()
        except UnicodeDecodeError:
            raise DataError("is no text", where=self.name, expected="UTF-8") from None
        return heard_in(text, self.name, now_ms)
