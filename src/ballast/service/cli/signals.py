"""`ballast signals`: every signal of finished runs, judged by what it would have earned alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.service.cli import options
from ballast.service.cli.output import JsonFlag, Table, columns_of, emit, note, progress

if TYPE_CHECKING:
    from ballast.research.reliability import Reliability
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


@dataclass(frozen=True, slots=True)
class Judged:
    """One run as this verb prints it."""

    run: str
    quality: tuple[Quality, ...]
    reliability: Reliability | None
    signals: tuple[JudgedSignal, ...]


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
    found: list[Judged] = []
    streams: list[Stream] = []
    with progress("judging signals", len(names)) as shown:
        for name in names:
            judged, parts = _judge(name)
            found.append(judged)
            streams += parts
            shown.advance(text=judged.run)
    pairs = pairs_of(streams)
    tables = [table for one in found for table in _tables(one)]
    emit({"runs": found, "pairs": pairs}, json=json, tables=[*tables, *_pairs(pairs)])
    if not any(one.signals for one in found):
        note("no entry signal in these runs")


def _judge(name: str) -> tuple[Judged, tuple[Stream, ...]]:
    from ballast.research.reliability import reliability
    from ballast.research.repro import case_of
    from ballast.research.signal_pairs import streams_of
    from ballast.research.signals import judge_signals, qualities
    from ballast.research.storage import find, load

    config = options.config()
    stored = load(find(config.results_root, name))
    case = case_of(stored, config.strategies_root, config.data_root)
    judged = judge_signals(case, stored.result.run)
    card = stored.result.card
    made = Judged(
        run=f"{card.strategy}, run {stored.path.name[:8]}",
        quality=qualities(judged),
        reliability=reliability(judged),
        signals=judged,
    )
    return made, streams_of(card.strategy, (one.bars for one in case.series), judged)


def _tables(one: Judged) -> list[Table]:
    plain: list[dict[str, Any]] = [asdict(row) for row in one.quality]
    counts = columns_of(plain, COUNTS)
    shares = columns_of(plain, ("key", *SHARES))
    tables = [
        Table(counts.columns, counts.rows, f"Signals of {one.run}"),
        Table(shares.columns, shares.rows, "What they were worth alone"),
    ]
    if one.reliability is not None:
        rows = [
            (f"{bin_.low:g} to {bin_.high:g}", bin_.signals, bin_.stated, bin_.earned.estimate,
             bin_.earned.low, bin_.earned.high, bin_.is_honest)
            for bin_ in one.reliability.bins
        ]  # fmt: skip
        names = ("confidence", "signals", "stated", "earned", "from", "to", "honest")
        tables.append(Table(names, rows, "Confidence, stated and earned"))
    return tables


def _pairs(pairs: tuple[Pair, ...]) -> list[Table]:
    if not pairs:
        return []
    table = columns_of([asdict(one) for one in pairs], PAIR)
    return [Table(table.columns, table.rows, "Signals together")]
