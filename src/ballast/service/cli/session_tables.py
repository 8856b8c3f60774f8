"""Tables of a session, on its screen and at its end: what fits a terminal of eighty columns.

The JSON document keeps every value of the state; here equal things are said once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ballast.service.cli.output import Table
from ballast.service.paper.state import BARE

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

Row = dict[str, Any]
SHARES = ("daily loss", "drawdown", "value at risk")
SAME = "same"
STOPS = {"stop in memory": "stop", "stop in journal": "journal", "stop at venue": "venue"}


def session_tables(state: Row) -> list[Table]:
    """Return positions with their stops, limits, and the last decisions; none that is empty."""
    parts = [
        ("positions; stops in memory, journal, at the venue", position_rows(state["positions"])),
        ("limits", [limit_row(one) for one in state["limits"]]),
        ("last decisions", state["decisions"]),
    ]
    return [table_of(title, rows) for title, rows in parts if rows]


def table_of(title: str, rows: Sequence[Row]) -> Table:
    """Return rows of one shape as a table."""
    return Table(tuple(rows[0]), [tuple(row.values()) for row in rows], title)


def position_rows(positions: Sequence[Row]) -> list[Row]:
    """Say the strategy where there are several, stops of journal and venue where they differ.

    Where something rests beside a stop that is named, else how many takes are wanted.
    """
    left_out = {"strategy"} if len({one["strategy"] for one in positions}) == 1 else set()
    left_out.add("takes" if any(one["beside"] != BARE for one in positions) else "beside")
    return [_position(one, left_out) for one in positions]


def _position(position: Row, left_out: Container[str]) -> Row:
    row = {STOPS.get(name, name): value for name, value in position.items() if name not in left_out}
    if row["venue"] == row["journal"] and "x" in row["journal"]:
        row["venue"] = SAME
    if row["journal"] == f"{row['stop']} x {row['qty']:.12g}":
        row["journal"] = SAME  # the stop of memory, for all that is held
    return row


def limit_row(limit: Row) -> Row:
    """Return a limit as people read it: parts of equity in per cent."""
    if limit["limit"] not in SHARES:
        return limit
    return {name: one if name == "limit" else f"{one:.2%}" for name, one in limit.items()}
