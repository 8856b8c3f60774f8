"""First compile: on a machine's first session another process compiles what the session will run.

The compiler keeps what it worked with, 60 MB and more for a process that lives for months; loaded
from the cache on disk the code takes none of it. What that is, is found out by doing it: a close of
some made-up bars with the session's own strategies, and every step of the kernel. Where the other
process fails, or nothing can be cached, the code is compiled here, as it would be without it.
"""

from __future__ import annotations

import asyncio
import math
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

from ballast.core.cachedir import cache_dir
from ballast.core.codec import Codec, Kind
from ballast.core.hashing import value_hash
from ballast.core.time import Timeframe
from ballast.kernel.live import compile_steps
from ballast.runtime.node.decider import MS_NS, Decider
from ballast.runtime.node.events import ClosedBar
from ballast.runtime.node.session import Session
from ballast.service.first_start import flags_of_environment, is_missing

LAST = "sell_dust"
"""The step that is compiled last."""
CODE = "from ballast.service.live.first_compile import main; main()"
KIND = "live.compile"
CODEC = Codec(Kind(KIND, Session))
BARS = 60
"""Bars of the made-up close: each function is called, whatever it then finds."""


async def compiled(session: Session) -> None:
    """Return once this process has everything that a close of the session runs, compiled."""
    if is_missing(LAST) or not _is_known(session):
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CODE, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL
        )
        await child.communicate(CODEC.text(session).encode())
    compile_all(session)


def compile_all(session: Session) -> None:
    """Compile what a close of the session runs, or load what is kept of it."""
    compile_steps()
    if not all(one.strategy for one in session.traders):
        return  # a class is a person's code, and is not tried out on bars that never were
    decider, span = Decider(session, (), 0), Timeframe.parse(session.timeframe).ms
    for number in range(1, BARS + 1):
        price = 100.0 + math.sin(number)
        prices = (price, price + 1.0, price - 1.0, price, 1.0)
        bars = tuple(ClosedBar(one.symbol, number * span, prices) for one in session.seats)
        if number < BARS - 1:
            decider.learn(bars)
        else:  # the whole window, and a row
            decider.close((number + 1) * span * MS_NS, bars)


def main() -> None:
    """Compile for the session that is told on standard input; what it leaves is in the cache."""
    session: Session = CODEC.of_text(KIND, sys.stdin.buffer.read().decode())
    compile_all(session)
    mark = _mark(session)
    if mark is not None:
        mark.touch()


def _is_known(session: Session) -> bool:
    mark = _mark(session)
    return mark is None or mark.exists()


def _mark(session: Session) -> Path | None:
    """Return the file that says that a session of these strategies was compiled; None: no cache."""
    folder = cache_dir(flags_of_environment())
    hashes = sorted({one.strategy_hash for one in session.traders})
    name = value_hash([hashes, session.detector, list(session.reads)])
    return Path(folder) / f"session-{name}.compiled" if folder else None
