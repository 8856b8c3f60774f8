"""Following: a running session takes new keys as they come, and hears when their place breaks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ballast.service.keys.account import masked

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ballast.service.keys.account import Keys
    from ballast.service.keys.source import KeySource

LOOK_S = 60.0
"""Between two looks: a look reads a kilobyte, and a rotation is in force a minute later."""


async def follow(
    source: KeySource,
    take: Callable[[Keys], None],
    say: Callable[[str], None],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Look again and again; `take` gets other keys than the last, `say` what a person must hear.

    A problem is said once, until it is another or gone. The file is opened in a thread: that takes
    a third of a second, which the session has not.
    """
    held = source.current()
    told = source.problem
    while True:
        await sleep(LOOK_S)
        found = await asyncio.to_thread(source.current)
        if found.texts() != held.texts():
            held = found
            take(found)
            say(f"keys of {found.name}: {masked(found.key)} from now on, by the {found.source}")
        if source.problem and source.problem != told:
            say(f"keys of {held.name} are kept as they are: {source.problem}")
        told = source.problem
