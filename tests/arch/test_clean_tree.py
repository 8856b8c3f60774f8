"""Clean tree: what is committed can be read and installed anywhere by anybody."""

from __future__ import annotations

import re
import subprocess
import tomllib

import pytest
from tests.data import ROOT

FILE_BYTES_MAX = 300_000
"""Nothing hand-written is this large; the lock of every wheel's hash is."""
MACHINE_PATHS = re.compile(r"(?<![\w.])/(work|root|home|Users)/")


def tracked() -> list[str]:
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("not a git checkout: there is no list of committed files to look at")
    return [name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_locks_hold_hashes_and_no_address() -> None:
    """A lock that names a host installs from that host, for everybody, for ever."""
    locks = [name for name in tracked() if name.endswith(".lock")]
    assert locks
    for name in locks:
        text = (ROOT / name).read_text()
        assert "://" not in text, name
        assert "--hash=sha256:" in text, name


def test_lock_knows_every_dependency() -> None:
    """What pyproject.toml asks for stands in the lock, or a fresh clone cannot run."""
    text = (ROOT / "pyproject.toml").read_text()
    asked = set(re.findall(r'^    "([a-z0-9-]+)(?:\[[a-z]+\])?>=', text, flags=re.MULTILINE))
    lock = (ROOT / "requirements" / "dev.lock").read_text()
    locked = set(re.findall(r"^([a-z0-9-]+)==", lock, flags=re.MULTILINE))
    assert "numpy" in asked
    assert asked - locked == set()


def test_no_machine_paths() -> None:
    found = []
    for name in tracked():
        try:
            text = (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [
            f"{name}:{number}"
            for number, line in enumerate(text.splitlines(), start=1)
            if MACHINE_PATHS.search(line)
        ]
    assert found == []


def test_nothing_large_or_foreign_is_committed() -> None:
    names = tracked()
    large = [
        name
        for name in names
        if (ROOT / name).stat().st_size > FILE_BYTES_MAX and not name.endswith(".lock")
    ]
    assert large == []
    assert [name for name in names if re.search(r"\.min\.(js|css)$", name)] == []


def test_every_dependency_is_imported() -> None:
    """A dependency nobody imports is downloaded, audited and updated for nothing."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[\[<>=~ ]", one)[0] for one in project["dependencies"]}
    modules = {name.replace("-", "_").replace("ta_lib", "talib") for name in names}
    text = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    imported = set(re.findall(r"^\s*(?:import|from) (\w+)", text, flags=re.MULTILINE))
    assert "numpy" in modules
    assert modules - imported - {"tzdata"} == set(), "zoneinfo imports that one"
