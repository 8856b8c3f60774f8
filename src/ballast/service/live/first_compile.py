"""First compile: on a machine's first session another process compiles the kernel's steps.

The compiler keeps what it worked with, 60 MB for a process that lives for months; loaded from the
cache on disk the steps take none of it. Where that process fails, or nothing can be cached, the
steps are compiled here, as they would be without it.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL
from pathlib import Path

from ballast.core.cachedir import cache_dir
from ballast.kernel.live import compile_steps
from ballast.service.first_start import flags_of_environment

LAST = "sell_dust"
"""The step that is compiled last."""
CODE = "from ballast.kernel.live import compile_steps; compile_steps()"


async def compiled_steps() -> None:
    """Return once this process has the steps in compiled form."""
    checked, off = flags_of_environment()
    folder = cache_dir((checked, off))
    if folder and not off and not is_cached(Path(folder)):
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CODE, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
        )
        await child.wait()
    compile_steps()


def is_cached(folder: Path) -> bool:
    """Whether the steps are on disk."""
    return next(folder.rglob(f"*.{LAST}-*.nbi"), None) is not None
