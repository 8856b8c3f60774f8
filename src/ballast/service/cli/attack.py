"""`ballast attack`: try to catch a strategy cheating."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ballast.service.cli import guard
from ballast.service.cli.output import JsonFlag, Table, emit, note, progress
from ballast.service.cli.runs import (
    FromOption,
    PeriodOption,
    ToOption,
    VenueOption,
    case_of,
    config_of,
    flags_of,
    ledger_of,
)

if TYPE_CHECKING:
    from ballast.research.attacks.battery import Attacks

app = typer.Typer(add_completion=False)


@app.command()
def attack(
    strategy: Annotated[str, typer.Argument(help="Name or file; `ballast strategies` lists them.")],
    symbols: Annotated[
        list[str] | None, typer.Argument(help="Symbols; default: all stored of the venue.")
    ] = None,
    timeframe: Annotated[str, typer.Option("--timeframe", "-t", help="15m, 1h, 1d.")] = "1h",
    venue: VenueOption = "",
    period: PeriodOption = "",
    from_: FromOption = "",
    to: ToOption = "",
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", help="name=number; repeatable.")
    ] = None,
    metric: Annotated[str, typer.Option(help="What the shuffle and the delay measure.")] = "sharpe",
    permutations: Annotated[int, typer.Option(min=1, help="Random orders of the bars.")] = 50,
    cuts: Annotated[int, typer.Option(min=1, help="Moments at which the data are cut.")] = 20,
    seed: Annotated[int | None, typer.Option(help="Seed of all that is drawn.")] = None,
    gate: Annotated[
        bool, typer.Option("--gate/--no-gate", help="Off: no limits, for comparisons only.")
    ] = True,
    json: JsonFlag = False,
) -> None:
    """Cut the future off, ask twice, start later, shuffle the bars, act late.

    Exit 1 if an attack finds a cheat, and say which row and what changed; docs/attacks.md tells
    what each attack means.
    """
    from ballast.research.attacks import battery, verdict
    from ballast.research.stress.counting import count_looks

    config = config_of(flags_of(None, seed, gate=gate))
    case = case_of(config, strategy, symbols, timeframe, venue, (period, from_, to), param, metric)
    effort = battery.Effort(cuts=cuts, permutations=permutations)
    with progress("attack", effort.steps) as bar:
        found = battery.attack(
            case,
            effort=effort,
            metric=metric,
            seed=case.settings.engine.seed,
            step=bar.advance,
        )
    with ledger_of(config) as ledger:
        count_looks(ledger, case, [case.params])
    caught, remarks = verdict.cheats(found), verdict.remarks(found)
    payload = {"cheats": caught, "remarks": remarks, "attacks": found}
    emit(payload, json=json, tables=None if json else tables_of(found, caught))
    for line in remarks:
        note(line)
    if caught:
        raise typer.Exit(guard.NO)


def tables_of(found: Attacks, caught: tuple[str, ...]) -> list[Table]:
    """Return the verdicts, what the shuffle and the warm-up measured, and the decay curve."""
    from ballast.research.attacks.verdict import SURVIVAL_T

    shuffle, warmup, metric = found.shuffle, found.warmup, found.shuffle.metric
    marks = {True: "pass", False: "CHEAT"}
    chance, flat = shuffle.permuted, shuffle.driftless
    cuts = f"{len(found.truncation.cuts_ms)} cuts"
    warm = f"{warmup.line()}; levels {warmup.level_bars}"
    flats = (
        f"mean {metric} {flat.mean:.3f} without a trend, t = {shuffle.survival_t:.1f}; "
        f"{shuffle.surplus.mean:.3f} more than foreign signals, t = {shuffle.surplus_t:.1f}"
    )
    order = f"{shuffle.real:.3f}; in random order {chance.low:.3f} to {chance.high:.3f}"
    rows = [
        ("truncation", marks[found.truncation.violation is None], cuts),
        ("state", marks[found.state.memory is None], "asked twice, in two lives"),
        ("warm-up", marks[warmup.settled], warm),
        ("survival", marks[shuffle.knowing_t < SURVIVAL_T], flats),
        ("shuffle", "", f"{metric} {order}, p = {shuffle.p_value:.3f}"),
    ]
    delays = [
        (
            row.bars,
            row.outcome.sharpe,
            row.outcome.total_return,
            int(row.outcome.trades),
            None if row.kept is None else f"{row.kept:.0%}",
        )
        for row in found.delay.rows
    ]
    tables = [
        Table(("attack", "verdict", "measured"), rows, found.strategy),
        Table(("bars late", "sharpe", "total_return", "trades", f"{metric} kept"), delays, "Delay"),
    ]
    if caught:
        tables.append(Table((), [(line,) for line in caught], "Cheats"))
    return tables
