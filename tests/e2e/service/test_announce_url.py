"""A feed of announcements over a socket: answers, refusals and pages that are something else.

R-DATA-23, R-GATE-01.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from ballast.core.errors import DataError
from ballast.service.announce import url as urls
from ballast.service.announce.url import UrlEvents

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ballast.core.notices import Heard

NOW = 1_796_000_000_000
CPI = {"name": "cpi", "text": "US CPI", "until": NOW + 1}


def asked(answer: Callable[[web.Request], Awaitable[web.Response]]) -> Heard:
    """Serve one answer on this machine, and ask for it."""

    async def served() -> Heard:
        app = web.Application()
        app.router.add_get("/shocks", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            port = runner.addresses[0][1]
            return await UrlEvents(f"http://127.0.0.1:{port}/shocks?key=paid", 60.0).read(NOW)
        finally:
            await runner.cleanup()

    return asyncio.run(served())


def test_a_feed_answers_with_its_announcements() -> None:
    async def answer(request: web.Request) -> web.Response:
        assert request.query["key"] == "paid"
        return web.Response(text=json.dumps({"events": [CPI, {"name": "cpi", "over": False}]}))

    found = asked(answer)
    assert [one.name for one in found.notices] == ["cpi"]
    (fault,) = found.faults
    assert "127.0.0.1/shocks event 2" in fault
    assert "paid" not in fault


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (500, b"", "HTTP 500"),
        (404, b"", "HTTP 404"),
        (302, b"", "HTTP 302"),  # never followed: nobody has said that host
        (200, b"<html>", "is no JSON"),
        (200, b"\xff\xfe", "is no text"),
        (200, b"[]", "is no object"),
        (200, b'{"events": 1}', "is no list"),
        (200, b" " * 5_000, "too long"),
    ],
)
def test_anything_else_is_no_answer(
    status: int, body: bytes, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(urls, "BYTES_MOST", 4_000)

    async def answer(_: web.Request) -> web.Response:
        headers = {"location": "http://127.0.0.1:1/"} if status == 302 else {}
        return web.Response(status=status, body=body, headers=headers)

    with pytest.raises(DataError, match=said) as error:
        asked(answer)
    assert "paid" not in error.value.line()


def test_nobody_there_is_no_answer() -> None:
    with pytest.raises(DataError, match="no answer"):
        asyncio.run(UrlEvents("http://127.0.0.1:9/", 60.0).read(NOW))
