"""Positions: on which line of a TOML file a key stands.

`tomllib` reads values but forgets where they stood, and an error that names the line is worth more
than one that does not. The text has already been accepted by `tomllib` when it comes here, so this
scanner only has to find headers and keys, and to stay out of multi-line strings and arrays.
"""

from __future__ import annotations

import re
import tomllib

Path = tuple[str, ...]

_KEY = re.compile(r"""^\s*((?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*'|\s*\.\s*)+?)\s*=(.*)$""")
_HEADER = re.compile(r"^\s*\[(?!\[)(.+?)\]\s*(?:#.*)?$")
_STRINGS = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|#.*$")


def key_lines(text: str) -> dict[Path, int]:
    """Return the line (1 is the first) of every table header and key, by its full path."""
    lines: dict[Path, int] = {}
    table: Path = ()
    fence = ""  # the quotes that end a multi-line string
    depth = 0  # brackets still open in a multi-line array
    for number, line in enumerate(text.splitlines(), start=1):
        if fence:
            fence = "" if fence in line else fence
            continue
        if depth > 0:
            depth += _depth(line)
            continue
        header = _HEADER.match(line)
        key = None if header else _KEY.match(line)
        if header:
            table = _path(f"[{header.group(1)}]")
            lines.setdefault(table, number)
        elif key:
            lines.setdefault(table + _path(f"{key.group(1)} = 0"), number)
            fence = _open_fence(key.group(2))
            depth = 0 if fence else _depth(key.group(2))
    return lines


def line_of(lines: dict[Path, int], path: Path) -> int:
    """Return the line of a path, or of the nearest table around it; 1 where nothing is known."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return 1


def _path(snippet: str) -> Path:
    """Return the keys of a header or of a `key = 0`, as TOML itself reads them."""
    node: object = tomllib.loads(snippet)
    path: Path = ()
    while isinstance(node, dict) and node:
        name = next(iter(node))
        path += (name,)
        node = node[name]
    return path


def _open_fence(value: str) -> str:
    for fence in ('"""', "'''"):
        if value.count(fence) % 2:
            return fence
    return ""


def _depth(value: str) -> int:
    bare = _STRINGS.sub("", value)
    return bare.count("[") + bare.count("{") - bare.count("]") - bare.count("}")
