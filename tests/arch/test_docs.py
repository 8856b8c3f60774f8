"""Pages: links lead somewhere, generated pages are fresh, commands in the README exist."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.data import ROOT

if TYPE_CHECKING:
    from pathlib import Path

from ballast.core.reason_texts import EXIT_TEXT, REFUSAL_TEXT
from ballast.core.reasons import Exit, Refusal
from ballast.core.settings import known
from ballast.service.cli.main import VERBS

PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def headings(path: Path) -> set[str]:
    """Return the anchors of a page, made as the usual renderers make them."""
    titles = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        file, _, anchor = target.partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        goal = (page.parent / file).resolve() if file else page
        if not goal.exists() or (anchor and anchor not in headings(goal)):
            broken.append(target)
    assert broken == []


def test_the_map_names_every_page() -> None:
    """A page nobody can find is not written."""
    text = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = [page.name for page in (ROOT / "docs").glob("*.md") if page.name != "README.md"]
    missing = [name for name in pages if name not in text]
    assert missing == []


def test_generated_pages_are_fresh() -> None:
    """CLI reference, settings, schema, reasons, traceability: `make docs` writes them."""
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_reason_is_explained_by_a_setting_that_exists() -> None:
    assert set(EXIT_TEXT) == set(Exit)
    assert set(REFUSAL_TEXT) == set(Refusal)
    for meaning, setting in [*EXIT_TEXT.values(), *REFUSAL_TEXT.values()]:
        assert meaning.endswith(".")
        if setting:
            known(*setting.split("."))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_pages_exist(page: Path) -> None:
    """A `ballast` line in a code block names a verb of this version."""
    blocks = re.findall(r"```(?:sh|console|bash)\n(.*?)```", page.read_text(), flags=re.DOTALL)
    lines = [line.strip().removeprefix("$ ") for block in blocks for line in block.splitlines()]
    verbs = [line.split()[1] for line in lines if line.startswith("ballast ")]
    assert [verb for verb in verbs if verb not in VERBS and not verb.startswith("-")] == []
    targets = [line.split()[1] for line in lines if line.startswith("make ")]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert [one for one in targets if not re.search(rf"^{one}:", makefile, re.MULTILINE)] == []


def test_decisions_are_numbered_once_each() -> None:
    """Two people who add one on the same day write the same number."""
    text = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    numbers = [int(number) for number in re.findall(r"^(\d+)\. \*\*", text, flags=re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
