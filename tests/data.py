"""Where the shared market data lies, the marker of the tests that need it; how code is read.

The data is too large for the repository; it lies beside the checkout, at `../shared/data`. A test
that reads it carries `@needs_data`: without the data it skips and says so, except in CI, where a
skipped test of real data would be a green light nobody earned (see `tests/conftest.py`).
"""

from __future__ import annotations

import ast
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
"""The root of the repository."""
SHARED = (ROOT / ".." / "shared" / "data").resolve()
"""Real candles, funding, reference results and files with known defects; read-only."""

needs_data = pytest.mark.data
"""Marks a test that reads `SHARED`; `tests/conftest.py` skips it, loudly, without the data."""


def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a file.

    Python 3.11 counts the depth of its tree builder for all threads together, and gives up where
    another one parses at that moment (gh-106905): then once more.
    """
    text = path.read_text(encoding="utf-8")
    for _ in range(5):
        with suppress(SystemError):
            return ast.parse(text, filename=str(path))
    return ast.parse(text, filename=str(path))
