"""The auditors' questions: each is answered, by a verb that exists and a test that exists."""

from __future__ import annotations

import re

import pytest
from tests.data import ROOT

from ballast.service.cli.main import VERBS

PAGE = (ROOT / "docs" / "questions.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| Q-")]


def test_every_question_has_a_row() -> None:
    assert [row.split(" | ")[0].removeprefix("| ") for row in ROWS] == [
        f"Q-{number:02}" for number in range(1, 36)
    ]


@pytest.mark.parametrize("row", ROWS, ids=[row[2:6] for row in ROWS])
def test_what_a_row_names_exists(row: str) -> None:
    _, question, answer, _, held = (cell.strip() for cell in row[2:-2].split(" | "))
    assert question.endswith("?")
    assert answer
    tests = re.findall(r"`(tests/[\w/.]+?\.py)(?:::(\w+))?`", held)
    assert tests, held
    for path, name in tests:
        text = (ROOT / path).read_text(encoding="utf-8")
        assert not name or f"def {name}(" in text, name
    for verb in re.findall(r"`ballast ([\w-]+)", row):
        assert verb in VERBS, verb
