"""First compile: on a machine's first session another process compiles the kernel's steps.

The compiler keeps what it worked with, 60 MB for a process that lives for months; loaded from the
cache on disk the steps take none of it. Where that process fails, or nothing can be cached, the
steps are compiled here, as they would be without it.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL

from ballast.kernel.live import compile_steps
from ballast.service.first_start import is_missing

LAST = "sell_dust"
"""The step that is compiled last."""
CODE = "from ballast.kernel.live import compile_steps; compile_steps()"


async def compiled_steps() -> None:
    """Return once this process has the steps in compiled form."""
    if is_missing(LAST):
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CODE, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
        )
        await child.wait()
    compile_steps()
