"""`ballast optimize`: search parameters by what they earned in folds nobody fitted on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.service.cli.output import JsonFlag, Table, emit, note, progress
from ballast.service.cli.runs import (
    FromOption,
    PeriodOption,
    SymbolOption,
    ToOption,
    VenueOption,
    config_of,
    find_strategy,
    flags_of,
    ledger_of,
    load,
    own_settings,
    period_of,
)

if TYPE_CHECKING:
    from ballast.research.optimise.outcome import Found
    from ballast.research.optimise.request import StudyRequest
    from ballast.research.optimise.study import Study
    from ballast.research.series import Series
    from ballast.service.config import Config

app = typer.Typer(add_completion=False)

FrameOption = Annotated[
    list[str] | None, typer.Option("--timeframe", "-t", help="Repeatable; default 1h.")
]
MethodOption = Annotated[
    str, typer.Option(help="grid, random, sobol, halton, tpe, nsga2; default: by the space.")
]
ObjectiveOption = Annotated[
    str, typer.Option(help="robust (default), or a metric of a sweep: its mean over folds.")
]
MetricOption = Annotated[
    list[str] | None, typer.Option(help="Several metrics at once; repeatable.")
]
PruneOption = Annotated[
    bool | None,
    typer.Option("--prune/--no-prune", help="Leave the bad after some folds; not on a grid."),
]
ResumeOption = Annotated[
    str, typer.Option(help="Id of a study that this must be; without it found by itself.")
]
SHOWN = ("sharpe", "total_return", "max_drawdown", "trades")


@app.command()
def optimize(
    strategy: Annotated[str, typer.Argument(help="Name or file; `ballast strategies` lists them.")],
    axis: Annotated[
        list[str],
        typer.Option("--range", "-r", help="fast=5..30, slow=20..120:5 or stop=2,3,4; repeatable."),
    ],
    symbols: SymbolOption = None,
    timeframe: FrameOption = None,
    venue: VenueOption = "",
    period: PeriodOption = "",
    from_: FromOption = "",
    to: ToOption = "",
    together: Annotated[
        bool, typer.Option("--together", help="All symbols share one account; else a study each.")
    ] = False,
    method: MethodOption = "",
    trials: Annotated[int, typer.Option(help="Combinations to run; a grid runs all.")] = 500,
    objective: ObjectiveOption = "",
    metric: MetricOption = None,
    folds: Annotated[int, typer.Option(help="Periods every combination is judged in.")] = 5,
    prune: PruneOption = None,
    resume: ResumeOption = "",
    force: Annotated[
        bool, typer.Option("--force", help="Also where no new candle makes it worth while.")
    ] = False,
    top: Annotated[int, typer.Option(min=1, help="Rows to print.")] = 10,
    cash: Annotated[float | None, typer.Option(help="Cash at the start.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of what is drawn.")] = None,
    jobs: Annotated[int, typer.Option(help="Threads; 0: one a core.")] = 0,
    json: JsonFlag = False,
) -> None:
    """Search by out-of-sample scores. Interrupted or killed, the same command goes on."""
    from ballast.research.optimise.objective import objectives_of
    from ballast.research.optimise.request import StudyRequest, method_for
    from ballast.research.optimise.space import parse_space

    config = config_of(flags_of(cash, seed))
    chosen = find_strategy(config, strategy)
    space = parse_space(axis, chosen.params)
    objectives = objectives_of(objective, metric or [])
    how = method or method_for(space, objectives, trials)
    requests = [
        StudyRequest(
            strategy=chosen,
            group=group,
            space=space,
            objectives=objectives,
            method=how,
            trials=trials,
            folds=folds,
            seed=config.settings.engine.seed,
            prune=prune,
            workers=jobs,
            settings=config.settings,
            symbol_settings=own_settings(config, group),
        )
        for group in _groups(
            config, venue, symbols, timeframe, period_of(period, from_, to), together
        )
    ]
    found = [_one(config, request, resume=resume, force=force, top=top) for request in requests]
    payloads = [payload for payload, _ in found]
    tables = [table for _, table in found]
    emit({"studies": payloads}, json=json, tables=None if json else tables)
    for payload in payloads:
        _tell(payload)


def _groups(
    config: Config,
    venue: str,
    symbols: list[str] | None,
    timeframe: list[str] | None,
    span: tuple[int | None, int | None],
    together: bool,
) -> list[tuple[Series, ...]]:
    groups: list[tuple[Series, ...]] = []
    for one in timeframe or ["1h"]:
        series = load(config, venue, symbols, one, span)
        groups += [series] if together else [(part,) for part in series]
    return groups


def _one(
    config: Config, request: StudyRequest, *, resume: str, force: bool, top: int
) -> tuple[dict[str, Any], Table]:
    """Run one study, or bring the one that is still good; return its document and its table."""
    from ballast.research.optimise import manifest, outcome, study

    results = config.results_root
    if resume:
        manifest.check_resumed(results / manifest.HOME / resume, request)
    label = "+".join(one.bars.symbol for one in request.group)
    with ledger_of(config) as ledger:
        early = None if force else manifest.too_early(results, request)
        if early is not None:
            done = study.recall(early, results, request, ledger)
        else:
            with progress(f"optimize {label}", min(request.wanted, request.space.size)) as bar:
                done = study.run_study(
                    request,
                    results,
                    ledger,
                    progress=lambda state: bar.move_to(state.done, state.total),
                )
        found = outcome.outcome(done, ledger, top=top)
        table = outcome.save(done, found, ledger.head())
    return _payload(done, found, str(table), early), _table(done, found)


def _payload(done: Study, found: Found, table: str, early: str | None) -> dict[str, Any]:
    return {
        "study": done.id,
        "symbol": "+".join(one.bars.symbol for one in done.request.group),
        "timeframe": str(done.request.group[0].bars.timeframe),
        "method": done.request.method,
        "objectives": [one.name for one in done.request.objectives],
        "trials": len(done.history),
        "pruned": len(done.history) - int(done.history.is_done.sum()),
        "refused": done.refused,
        "too_early": early is not None,
        "folds": [str(span) for span in done.request.spans()],
        "table": table,
        "best": found.best,
        "importance": found.importance,
        "neighbours": found.neighbours,
        "luck": found.luck,
    }


def _table(done: Study, found: Found) -> Table:
    """Return the best rows: the parameters, the scores, the folds together."""
    request = done.request
    scores = [f"score_{one.name}" for one in request.objectives]
    names = [*request.space.names, *(one.name for one in request.objectives), *SHOWN]
    columns = [*(f"param_{name}" for name in request.space.names), *scores, *SHOWN]
    where = "+".join(one.bars.symbol for one in request.group)
    by = ", ".join(one.name for one in request.objectives)
    title = f"{where} {request.group[0].bars.timeframe}: best by {by}"
    return Table(names, [[row[name] for name in columns] for row in found.best], title)


def _tell(payload: dict[str, Any]) -> None:
    """Say what a person must know before believing the table."""
    note(
        f"{payload['symbol']}: {payload['trials']:,} trials with {payload['method']}, "
        f"{payload['pruned']:,} left early; all in {payload['table']}"
    )
    if payload["too_early"]:
        note(
            "no new candle makes another search worth while: this is the last one; --force runs it"
        )
    luck = payload["luck"]
    if luck is not None:
        note(
            f"the best of {luck.trials:,} trials of this idea is the luckiest of them (as of "
            f"{luck.independent:,.0f} independent ones): without any edge it would show a Sharpe "
            f"ratio of {luck.lucky_sharpe:.2f}, it shows {luck.sharpe:.2f}; probability that it "
            f"has more than that {luck.probability:.0%}"
        )
    shares = sorted(payload["importance"].items(), key=lambda pair: -pair[1])
    note("what matters: " + ", ".join(f"{name} {share:.0%}" for name, share in shares))
    near = payload["neighbours"]
    if near is not None:
        note(
            f"its {near.count} neighbours score {near.mean:.3g} on average, {near.worst:.3g} at "
            f"worst; that beats {near.share_better:.0%} of the others"
        )
    note("the last part of the history was not looked at: it is there to judge the one you choose")
