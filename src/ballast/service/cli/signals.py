"""`ballast signals`: every signal of finished runs, judged by what it would have earned alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.service.cli import options
from ballast.service.cli.output import JsonFlag, Table, columns_of, emit, note, progress

if TYPE_CHECKING:
    from ballast.research.signal_pairs import Pair, Stream
    from ballast.research.signals import JudgedSignal, Quality

app = typer.Typer(add_completion=False)
RUNS_MAX = 20
"""Runs compared at once: 20 of four symbols are 3160 pairs already."""
COUNTS = ("key", "signals", "taken", "profitable", "losing", "missed", "avoided", "undecided")
SHARES = ("precision", "recall", "base_rate", "change_taken", "change_refused")
PAIR = (
    "a",
    "b",
    "signals_a",
    "signals_b",
    "together",
    "by_chance",
    "lift",
    "against",
    "correlation",
)


@app.command()
def signals(
    runs: Annotated[
        list[str] | None, typer.Argument(help="Runs: folder, run id, start of one, or `last`.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Judge every signal, taken or refused; compare symbols and runs with each other."""
    from ballast.core.errors import UserError
    from ballast.research.signal_pairs import pairs_of

    names = runs or ["last"]
    if len(names) > RUNS_MAX:
        raise UserError(f"{len(names)} runs", expected=f"at most {RUNS_MAX}")
    found: list[tuple[str, tuple[JudgedSignal, ...], tuple[Quality, ...]]] = []
    streams: list[Stream] = []
    with progress("judging signals", len(names)) as shown:
        for name in names:
            title, judged, rows, parts = _judge(name)
            found.append((title, judged, rows))
            streams += parts
            shown.advance(text=title)
    pairs = pairs_of(streams)
    payload = {
        "runs": [
            {"run": title, "quality": rows, "signals": judged} for title, judged, rows in found
        ],
        "pairs": pairs,
    }
    tables = [table for title, _, rows in found for table in _tables(title, rows)]
    emit(payload, json=json, tables=[*tables, *_pairs(pairs)])
    if not any(judged for _, judged, _ in found):
        note("no entry signal in these runs")


def _judge(
    name: str,
) -> tuple[str, tuple[JudgedSignal, ...], tuple[Quality, ...], tuple[Stream, ...]]:
    from ballast.research.repro import case_of
    from ballast.research.signal_pairs import streams_of
    from ballast.research.signals import judge_signals, qualities
    from ballast.research.storage import find, load

    config = options.config()
    stored = load(find(config.results_root, name))
    case = case_of(stored, config.strategies_root, config.data_root)
    judged = judge_signals(case, stored.result.run)
    card = stored.result.card
    title = f"{card.strategy}, run {stored.path.name[:8]}"
    parts = streams_of(card.strategy, (one.bars for one in case.series), judged)
    return title, judged, qualities(judged), parts


def _tables(title: str, rows: tuple[Quality, ...]) -> list[Table]:
    from dataclasses import asdict

    plain: list[dict[str, Any]] = [asdict(row) for row in rows]
    counts = columns_of(plain, COUNTS)
    shares = columns_of(plain, ("key", *SHARES))
    return [
        Table(counts.columns, counts.rows, f"Signals of {title}"),
        Table(shares.columns, shares.rows, "What they were worth alone"),
    ]


def _pairs(pairs: tuple[Pair, ...]) -> list[Table]:
    from dataclasses import asdict

    if not pairs:
        return []
    table = columns_of([asdict(one) for one in pairs], PAIR)
    return [Table(table.columns, table.rows, "Signals together")]
