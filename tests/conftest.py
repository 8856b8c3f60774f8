"""What every test shares: the Hypothesis profile, and the rule for tests of real data.

A test marked `data` (see `tests/data.py`) skips where `../shared/data` is missing. Under `CI=true`
with that folder present nothing may skip at all: a skip is then reported as a failure.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from ballast.service.cli import options
from tests.data import SHARED
from tests.fakes import canary

if TYPE_CHECKING:
    from collections.abc import Generator

EXAMPLES = int(os.environ.get("BALLAST_EXAMPLES", "100"))
IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
HAS_DATA = (SHARED / "README.md").is_file()

os.environ.update(canary.PLANTED)
"""Every process a test starts has secrets around it, and no test may print one of them (S1)."""

settings.register_profile(
    "ballast",
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("ballast")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests of real data where there is none, and say where it was looked for."""
    if HAS_DATA:
        return
    skip = pytest.mark.skip(
        reason=f"NO REAL DATA: expected it at {SHARED}; this test proved nothing"
    )
    for item in items:
        if item.get_closest_marker("data"):
            item.add_marker(skip)


@pytest.fixture(autouse=True)
def _own_command_line() -> None:
    """Start each test without the general options of the command line before it.

    They live in the process; a test that calls a verb as a function would read the `--config` of
    whichever test ran before it, and the order is random.
    """
    options.adopt(options.Options())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that printed a canary; in CI, beside the data, turn every skip into a failure."""
    report = yield
    if report.passed and any(one in text for _, text in report.sections for one in canary.whole()):
        report.outcome = "failed"
        report.longrepr = "a planted secret was printed; run with -rP to see where"
    if IN_CI and HAS_DATA and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"in CI nothing may skip: {report.longrepr}"
    return report
