"""Tables of the documentation, read back: what is written is held against what is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.data import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator


def table_of(page: str, heading: str) -> list[dict[str, str]]:
    """Return the first table below a heading, a row a dict by column; `*` and code marks go."""
    lines = iter((ROOT / "docs" / page).read_text(encoding="utf-8").splitlines())
    assert any(line.lstrip("#").strip() == heading for line in lines), f"{page}: {heading}"
    rows = [_cells(line) for line in _table(lines)]
    head, _, *body = rows
    return [dict(zip(head, row, strict=True)) for row in body]


def _table(lines: Iterator[str]) -> Iterator[str]:
    begun = False
    for line in lines:
        if line.startswith("#"):
            return
        if line.startswith("|"):
            begun = True
            yield line
        elif begun:
            return


def _cells(line: str) -> list[str]:
    return [one.strip().replace("`", "") for one in line.strip().strip("|").split("|")]
