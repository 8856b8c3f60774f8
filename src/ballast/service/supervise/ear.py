"""Ear: where a supervisor hears the beats of the process it starts; the other end is `heart`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import TYPE_CHECKING

from ballast.service.supervise.heart import CONNECT_S, MACHINE, PORT_VARIABLE, VARIABLE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

READ_BYTES = 4_096
WORD_BYTES = 32


@dataclass(frozen=True, slots=True)
class Ear:
    """What the process to be heard is given, and what to call once it has it."""

    environment: dict[str, str]
    pass_fds: tuple[int, ...] = ()
    is_given: Callable[[], None] = field(default=lambda: None)


def ear(heard: Callable[[int], None], *, has_pipe: bool) -> AbstractAsyncContextManager[Ear]:
    """Listen while the block runs; `heard` is told how many beats came."""
    return _by_pipe(heard) if has_pipe else _by_port(heard)


@asynccontextmanager
async def _by_pipe(heard: Callable[[int], None]) -> AsyncIterator[Ear]:
    read, write = os.pipe()
    os.set_blocking(read, False)
    loop = asyncio.get_running_loop()
    ours = [write]

    def hear() -> None:
        with contextlib.suppress(BlockingIOError):
            beats = len(os.read(read, READ_BYTES))
            if not beats:  # closed: the process has ended, or nobody there beats any more
                loop.remove_reader(read)
                return
            heard(beats)

    def give() -> None:
        """Close our copy of the writing end: with it we would never hear that the other is gone."""
        while ours:
            os.close(ours.pop())

    loop.add_reader(read, hear)
    try:
        yield Ear({VARIABLE: str(write)}, (write,), give)
    finally:
        give()
        loop.remove_reader(read)
        os.close(read)


@asynccontextmanager
async def _by_port(heard: Callable[[int], None]) -> AsyncIterator[Ear]:
    word = secrets.token_hex(WORD_BYTES // 2)
    lines: list[asyncio.StreamWriter] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append(writer)
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            async with asyncio.timeout(CONNECT_S):
                said = await reader.readexactly(WORD_BYTES)
            while compare_digest(said, word.encode()):
                beats = len(await reader.read(READ_BYTES))
                if not beats:
                    break
                heard(beats)
        writer.close()

    server = await asyncio.start_server(hear, MACHINE, 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield Ear({PORT_VARIABLE: f"{port}:{word}"})
    finally:
        server.close()
        for line in lines:
            line.close()
