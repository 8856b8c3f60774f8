"""Where the shared market data lies, and the marker of the tests that need it.

The data is too large for the repository; it lies beside the checkout, at `../shared/data`. A test
that reads it carries `@needs_data`: without the data it skips and says so, except in CI, where a
skipped test of real data would be a green light nobody earned (see `tests/conftest.py`).
"""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
"""The root of the repository."""
SHARED = (ROOT / ".." / "shared" / "data").resolve()
"""Real candles, funding, reference results and files with known defects; read-only."""

needs_data = pytest.mark.data
"""Marks a test that reads `SHARED`; `tests/conftest.py` skips it, loudly, without the data."""
