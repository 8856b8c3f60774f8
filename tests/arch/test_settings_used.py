"""No setting is decoration: what is not marked live or fixed is read by the program."""

from __future__ import annotations

import re

import pytest
from tests.data import ROOT

from ballast.core import records
from ballast.core.settings import every_setting, rule_of
from ballast.kernel.match import RESIDUAL
from ballast.risk.sizing import SCALE_FLOOR_DRAWDOWN
from ballast.strategies.plan import BARS_MIN

SRC = ROOT / "src" / "ballast"
APART = (SRC / "core" / "settings", SRC / "service" / "config")
READERS = "\n".join(
    path.read_text(encoding="utf-8")
    for path in SRC.rglob("*.py")
    if not any(folder in path.parents for folder in APART)
)
# Copied name by name into the LIMITS row and the SPEC row of a run, or picked by the sizing mode.
COPIED = {
    "risk": set(records.LIMITS.names or ()),
    "costs": set(records.SPEC.names or ()),
    "sizing": set(re.findall(r'\(Size\.\w+, "(\w+)"\)', READERS)),
}
# Folders are asked of the configuration, which puts the workspace before them.
FOLDERS = {"data": "data_root", "reports": "results_root", "strategies": "strategies_root"}
READ = [
    (section, item.name)
    for section, item in every_setting()
    if rule_of(item).used_by == "engine" and item.name not in COPIED.get(section, ())
]


# Settings marked *live* that nothing reads yet: README says that there are some. May only shrink.
NOT_YET = {
    "data.ticker_age_ms",
    "gate.latency_ms",
    "brain.interval_ms",
    "brain.holding_ms",
    "operations.log_bytes",
    "operations.log_files",
    "operations.log_days",
    "operations.dashboard_host",
    "operations.dashboard_port",
    "operations.target_uptime",
    "journal.snapshot_records",
}


def is_read(section: str, name: str) -> bool:
    """Tell whether any module outside the settings' own names a setting as an attribute."""
    wanted = FOLDERS.get(section, name) if name == "root" else name
    owners = rf"{section}|{section.rstrip('s')}|settings|chosen|config|rules"
    return bool(re.search(rf"\b(\w*[._])?({owners})(\(\))?\.{wanted}\b", READERS))


@pytest.mark.parametrize(("section", "name"), READ)
def test_a_setting_of_the_engine_is_read_somewhere(section: str, name: str) -> None:
    """R-CONF-07: a number that can be set and changes nothing is a lie."""
    assert is_read(section, name), f"{section}.{name} can be set and changes nothing"


def test_live_settings_that_nobody_reads_are_these_and_become_fewer() -> None:
    unread = {
        f"{section}.{item.name}"
        for section, item in every_setting()
        if rule_of(item).used_by == "live" and not is_read(section, item.name)
    }
    assert not unread - NOT_YET, "can be set and change nothing"
    assert not NOT_YET - unread, "are read now: take them out of NOT_YET"


def test_fixed_settings_are_what_the_code_holds() -> None:
    values = {
        f"{section}.{item.name}": item.default
        for section, item in every_setting()
        if rule_of(item).used_by == "fixed"
    }
    assert values == {
        "risk.scale_floor": SCALE_FLOOR_DRAWDOWN,
        "exits.residual": RESIDUAL,
        "engine.minimum_rows": BARS_MIN,
    }
