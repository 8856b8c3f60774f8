"""Requests, answers and frames as the wire has them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON_TYPE = ("Content-Type", "application/json;charset=UTF-8")


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. Header names are in lower case; `query` is the raw text after `?`."""

    method: str
    host: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    address: str = "127.0.0.1"  # of the client: rate limits and bans are kept by address

    @property
    def target(self) -> str:
        """Return path and query as they were sent: what some venues sign."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def query_pairs(self) -> list[tuple[str, str]]:
        """Return the decoded pairs of the query, blanks kept."""
        return pairs_of(self.query)

    def form_pairs(self) -> list[tuple[str, str]]:
        """Return the decoded pairs of a form body; a body that is no text has none."""
        try:
            return pairs_of(self.body.decode("utf-8"))
        except UnicodeDecodeError:
            return []

    def json_body(self) -> object:
        """Return the decoded JSON body, None where there is none; raise `ValueError` if broken."""
        if not self.body.strip():
            return None
        try:
            return json.loads(self.body)
        except RecursionError:
            raise ValueError("nested too deeply") from None


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (JSON_TYPE,)

    @staticmethod
    def of(value: Any, status: int = 200, *headers: tuple[str, str]) -> Response:  # noqa: ANN401
        """Return a JSON answer."""
        return Response(status, encoded(value), (JSON_TYPE, *headers))

    def with_headers(self, *headers: tuple[str, str]) -> Response:
        """Return the same answer with more headers."""
        return Response(self.status, self.body, (*self.headers, *headers))

    def json(self) -> Any:  # noqa: ANN401 - any JSON value
        """Return the decoded body."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer reaches the client after `delay_ns`, whole, or cut after `cut_bytes`."""

    response: Response
    delay_ns: int = 0
    cut_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is reset without an answer."""

    delay_ns: int = 0


@dataclass(frozen=True, slots=True)
class Hang:
    """No answer ever comes; the client has to give up."""


Outcome = Answer | Reset | Hang
"""What a client sees of a request."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text frame of a stream."""

    text: str

    @staticmethod
    def of(value: Any) -> Text:  # noqa: ANN401 - any JSON value
        """Return a frame of JSON."""
        return Text(encoded(value).decode())


@dataclass(frozen=True, slots=True)
class Binary:
    """A binary frame of a stream."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Ping:
    """A protocol ping of the venue; a client that does not answer is dropped."""

    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Close:
    """The venue closes the stream; code 1006 means that the connection just breaks."""

    code: int = 1000
    reason: str = ""


Frame = Text | Binary | Ping | Close
"""What a session sends."""


def pairs_of(text: str) -> list[tuple[str, str]]:
    """Return the decoded pairs of a query or a form, blanks kept."""
    if "%" in text or "+" in text:
        return parse_qsl(text, keep_blank_values=True)
    # Nothing is escaped in nearly all of them, and `parse_qsl` takes as long as all the rest.
    pairs = (part.partition("=") for part in text.split("&") if part)
    return [(name, value) for name, _, value in pairs]


def encoded(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """Return a value as JSON without blanks."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:  # half a surrogate pair: a client's own words come back
        return json.dumps(value, separators=(",", ":")).encode()
