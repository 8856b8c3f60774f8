"""`ballast stress`: what is left of a result when the world is worse than it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ballast.service.cli.output import JsonFlag, Table, emit, progress
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
    from collections.abc import Iterator

    from ballast.research.spread import Spread
    from ballast.research.stress.battery import Stress

app = typer.Typer(add_completion=False)
SPREAD = ("5 %", "median", "95 %", "above 0")


@app.command()
def stress(
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
    metric: Annotated[str, typer.Option(help="What is measured.")] = "sharpe",
    detector: Annotated[
        str, typer.Option(help="Formula of the regimes, for example regime_hmm().")
    ] = "",
    seed: Annotated[int | None, typer.Option(help="Seed of all that is drawn.")] = None,
    gate: Annotated[
        bool, typer.Option("--gate/--no-gate", help="Off: no limits, for comparisons only.")
    ] = True,
    json: JsonFlag = False,
) -> None:
    """Dearer trading, noise, missed fills, other days, other numbers, coins, bad days, more money.

    No verdict: docs/attacks.md tells what a good and a bad result of each looks like.
    """
    from ballast.research.stress import battery
    from ballast.research.stress.counting import count_looks

    config = config_of(flags_of(None, seed, gate=gate))
    case = case_of(config, strategy, symbols, timeframe, venue, (period, from_, to), param, metric)
    effort = battery.Effort()
    seen = [case.params]
    with progress("stress", effort.steps) as bar:
        found = battery.stress(
            case,
            effort=effort,
            metric=metric,
            detector=detector or None,
            seed=case.settings.engine.seed,
            looked=seen.extend,
            step=bar.advance,
        )
    with ledger_of(config) as ledger:
        count_looks(ledger, case, seen)
    emit(found, json=json, tables=None if json else list(tables_of(found)))


def tables_of(found: Stress) -> Iterator[Table]:
    """Yield the tables in the order of docs/attacks.md."""
    yield _costs(found)
    yield _spreads(found)
    if found.plateau is not None:
        yield _plateau(found)
    yield _entries(found)
    yield _windows(found)
    yield _capacity(found)
    rows = [
        (row.regime, f"{row.share:.0%}", row.trades, row.win_rate, row.contribution, row.sharpe)
        for row in found.regimes.rows
    ]
    heads = ("regime", "of the bars", "trades", "win rate", "contribution", "sharpe")
    yield Table(heads, rows, f"Regimes by {found.regimes.detector}")


def _costs(found: Stress) -> Table:
    names = ("total_return", "sharpe", "expectancy", "max_drawdown", "trades")
    rows = [
        (f"x {rung.multiple:g}", *(getattr(rung.outcome, name) for name in names))
        for rung in found.costs.rungs
    ]
    bears = found.costs.breakeven_multiple
    title = f"Costs of {found.costs.cost_bps:.1f} bps a side; " + (
        "bears more than 64 times" if bears is None else f"breaks even at {bears:.2f} times"
    )
    return Table(("costs", *names), rows, title)


def _spreads(found: Stress) -> Table:
    noise = ((f"noise {one.bps:g} bps", one.figure) for one in found.noise.levels)
    missed = ((f"{one.share:.0%} of entries missed", one.figure) for one in found.missed.levels)
    parts: list[tuple[str, Spread]] = [*noise, *missed, ("other first days", found.shifts.figure)]
    rows = [
        (name, len(one.values), one.low, one.median, one.high, f"{one.positive:.0%}")
        for name, one in parts
    ]
    title = f"{found.metric} {found.plain.value(found.metric):.3f} as it is; under"
    return Table(("", "runs", *SPREAD), rows, title)


def _plateau(found: Stress) -> Table:
    one = found.plateau
    assert one is not None  # noqa: S101 - the caller has looked
    worst = ", ".join(f"{name} = {value:g}" for name, value in one.worst_params)
    ratio = None if one.median_ratio is None else f"{one.median_ratio:.2f}"
    rows = [
        ("neighbours", len(one.figure.values)),
        ("profitable", f"{one.profitable:.0%}"),
        ("median", one.figure.median),
        ("median / chosen", ratio),
        ("worst", f"{one.figure.worst:.3f} at {worst}"),
        ("change nothing", ", ".join(one.inert) or None),
    ]
    return Table((), rows, f"Plateau around {one.metric} {one.chosen:.3f}")


def _entries(found: Stress) -> Table:
    one = found.entries
    own, held = one.own_exits, one.held
    rows = [
        (f"own exits, {one.metric}", one.real, own.low, own.median, own.high, one.own_exits_p),
        ("same holds, log return", one.held_real, held.low, held.median, held.high, one.held_p),
        ("trades", one.trades, one.twin_trades.low, one.twin_trades.median, one.twin_trades.high,
         None),
        ("exposure", one.exposure, one.twin_exposure.low, one.twin_exposure.median,
         one.twin_exposure.high, None),
    ]  # fmt: skip
    return Table(("", "strategy", "coin 5 %", "median", "95 %", "p"), rows, "Random entries")


def _windows(found: Stress) -> Table:
    rows: list[tuple[object, ...]] = []
    for one in found.windows:
        if one.status == "not in the data":
            rows.append((one.window.name, one.status, *(None,) * 6))
            continue
        held = one.held_long + one.held_short
        loss = (f"{one.change:+.2%}", f"{one.worst:+.2%}", f"{one.market_worst:+.1%}")
        rows.append((one.window.name, one.status, held, *loss, one.stops, one.stop_slippage_bps))
    heads = ("bad days", "", "held", "change", "worst", "market", "stops", "slipped bps")
    return Table(heads, rows, "Stress windows")


def _capacity(found: Stress) -> Table:
    one = found.capacity
    rows = [
        ("yearly growth today", f"{one.edge:+.2%}"),
        ("half of it at", one.half_cash),
        ("nothing left at", one.dead_cash),
    ]
    return Table((), rows, f"Capacity, impact {one.impact:g} x sigma x sqrt(notional / volume)")
