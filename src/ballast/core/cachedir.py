"""Where compiled code is kept on disk: a folder for each state of sources, compiler and flags.

Apart from `jit`, because to say whether the folder is there needs no compiler, whose import takes
half a second of a first start.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
import tempfile
from functools import cache
from importlib import metadata
from pathlib import Path

import platformdirs

USED = ".used"
"""File whose time says when a cache folder was last used; making it proves the folder writable."""
FOLDERS_MAX = 12
"""Cache folders kept: a few versions, interpreters and flags side by side."""
_IMPORTS = re.compile(
    rb"^\s*(?:from|import)\s+ballast\.([\w.]+)(?:\s+import\s+([^\n(]+))?", re.MULTILINE
)
_DOOR = b"ballast.core.jit"


def compiled_sources(root: Path) -> list[Path]:
    """Return, sorted, the files of the package at `root` that can take part in compiled code."""
    texts = {path: path.read_bytes() for path in root.rglob("*.py")}
    found: set[Path] = set()
    waiting = [path for path, text in texts.items() if _DOOR in text]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        for module, names in _IMPORTS.findall(texts[path]):
            home = root.joinpath(*module.decode().split("."))
            inside = [home / name.strip() for name in names.decode().split(",")]
            reached = [home.with_suffix(".py"), home / "__init__.py"]
            reached += [one.with_suffix(".py") for one in inside]
            waiting += [one for one in reached if one in texts and one not in found]
    return sorted(found)


@cache
def source_hash(flags: tuple[bool, bool]) -> str:
    """Return the hex hash of every source that can take part in a compiled function.

    `flags`: whether bounds are checked, and whether the compiler is off.
    """
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.blake2b(digest_size=8)
    digest.update(f"{metadata.version('numba')}|{sys.version_info[:3]}|{flags}".encode())
    for path in compiled_sources(root):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def cache_dir(flags: tuple[bool, bool]) -> str:
    """Return a writable folder for compiled code; a temporary one where the home is read-only.

    Empty where none is writable, and then every process compiles anew.
    """
    leaf = Path("ballast") / source_hash(flags)
    for base in (Path(platformdirs.user_cache_dir()), Path(tempfile.gettempdir())):
        folder = base / leaf
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / USED).touch()
        except OSError:
            continue
        _forget_oldest(folder.parent)
        return str(folder)
    return ""


def _forget_oldest(home: Path) -> None:
    """Remove the folders of sources that have not been run for the longest time.

    A folder is some ten megabytes. One in use by another process may go: it compiles again.
    """
    for mark in sorted(home.glob(f"*/{USED}"), key=_last_used, reverse=True)[FOLDERS_MAX:]:
        shutil.rmtree(mark.parent, ignore_errors=True)


def _last_used(mark: Path) -> float:
    try:
        return mark.stat().st_mtime
    except OSError:  # another process has just removed it
        return 0.0
