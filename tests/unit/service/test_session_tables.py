"""Tables of a session: whole symbols and prices in eighty columns, equal things said once."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from ballast.service.cli.output import rich_table
from ballast.service.cli.session_tables import SAME, position_rows, session_tables

DECISION = {"time": "2026-11-28 10:00", "symbol": "BTCUSDT", "verdict": "entry sent"}


def position(symbol: str, **changed: Any) -> dict[str, Any]:
    return {
        "symbol": symbol, "strategy": "one", "side": "long", "qty": 0.01234, "price": 98123.5,
        "stop in memory": "96123.4", "stop in journal": "96123.4 x 0.01234",
        "stop at venue": "96123.4 x 0.01234", "agree": True, "takes": 2,
        "beside": "-",
    } | changed  # fmt: skip


def state(*positions: dict[str, Any]) -> dict[str, Any]:
    limits = [{"limit": "daily loss", "used": 0.0123, "of": 0.05, "left": 0.0377}]
    return {"positions": list(positions), "limits": limits, "decisions": [DECISION]}


def drawn(shown: dict[str, Any]) -> str:
    console = Console(file=io.StringIO(), width=80)
    for table in session_tables(shown):
        console.print(rich_table(table))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_nothing_of_a_position_is_cut_on_a_terminal_of_eighty_columns() -> None:
    text = drawn(state(position("1000PEPEUSDT"), position("BTCUSDT", side="short")))
    assert "…" not in text
    for whole in ("1000PEPEUSDT", "BTCUSDT", "98123.5", "0.01234", "96123.4", "short", SAME):
        assert whole in text


def test_what_rests_beside_a_stop_is_named_and_still_fits() -> None:
    text = drawn(state(position("1000PEPEUSDT", beside="take, trail"), position("BTCUSDT")))
    assert "…" not in text
    assert all(one in text for one in ("beside", "take,", "trail"))
    assert "takes" not in text
    assert "takes" in drawn(state(position("BTCUSDT")))
    assert "beside" not in drawn(state(position("BTCUSDT")))


def test_a_stop_at_the_venue_that_differs_is_shown_as_it_is() -> None:
    other = position("BTCUSDT", agree=False, **{"stop at venue": "bare"})
    (row,) = position_rows([other])
    assert (row["journal"], row["venue"]) == (SAME, "bare")
    (row,) = position_rows([position("BTCUSDT", qty=0.02)])
    assert (row["journal"], row["venue"]) == ("96123.4 x 0.01234", SAME), "half is covered"
    (row,) = position_rows([position("BTCUSDT", **{"stop in journal": "96000 x 0.01234"})])
    assert (row["journal"], row["venue"]) == ("96000 x 0.01234", "96123.4 x 0.01234")
    (row,) = position_rows([position("BTCUSDT")])
    assert (row["journal"], row["venue"]) == (SAME, SAME)


@pytest.mark.parametrize(("second", "columns"), [("one", 0), ("two", 1)])
def test_the_strategy_is_said_where_there_are_several(second: str, columns: int) -> None:
    rows = position_rows([position("BTCUSDT"), position("ETHUSDT", strategy=second)])
    assert [list(row).count("strategy") for row in rows] == [columns] * 2


def test_an_empty_table_is_not_drawn_and_parts_of_equity_are_per_cent() -> None:
    nothing = state() | {"decisions": []}
    (limits,) = session_tables(nothing)
    assert limits.rows == [("daily loss", "1.23%", "5.00%", "3.77%")]
