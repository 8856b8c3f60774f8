"""Stopping: what a person or a service manager sends to end a command, on every system.

A loop of POSIX takes a signal between two callbacks. One of Windows takes none: there Python's own
handler runs and hands it to the loop, which it wakes. Windows also knows Ctrl-Break, which is how a
supervisor there asks a process to end: its SIGTERM is a kill.
"""

from __future__ import annotations

import asyncio
import signal
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

_BREAK = getattr(signal, "SIGBREAK", None)
ENDS = (signal.SIGTERM,) if _BREAK is None else (signal.SIGTERM, _BREAK)
"""Signals that end a process unless it says otherwise, and that may be asked of it politely."""


def on_stop(act: Callable[[], object]) -> None:
    """Have the running loop do something when somebody asks this process to end."""
    for number in (signal.SIGINT, *ENDS):
        on_signal(number, act)


def on_signal(number: signal.Signals, act: Callable[[], object]) -> None:
    """Have the running loop do something at a signal, until the loop is closed."""
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(number, act)
    except NotImplementedError:  # Windows
        signal.signal(number, partial(_handed_over, loop, act))


def _handed_over(
    loop: asyncio.AbstractEventLoop, act: Callable[[], object], _: int, __: FrameType | None
) -> None:
    if loop.is_closed():  # nobody is left to be told: end as without us
        raise KeyboardInterrupt
    loop.call_soon_threadsafe(act)


@contextmanager
def ends_interrupt() -> Iterator[None]:
    """Let a termination interrupt the block as Ctrl-C does; for what runs without a loop."""

    def stop(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in ENDS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
