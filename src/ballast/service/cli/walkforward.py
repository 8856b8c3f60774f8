"""`ballast walkforward`: choose on the past, judge on what came after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.core.errors import UserError
from ballast.core.time import DAY_MS, Timeframe, format_ms
from ballast.service.cli.output import JsonFlag, Table, emit, note
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
    parse_params,
    period_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ballast.research.evaluation import Evaluator, Span
    from ballast.research.outofsample import CrossValidation, Fold, FoldResult, WalkForward
    from ballast.service.config import Config

app = typer.Typer(add_completion=False)


@app.command()
def walkforward(
    strategy: Annotated[str, typer.Argument(help="Name or file; `ballast strategies` lists them.")],
    axis: Annotated[
        list[str] | None,
        typer.Option("--range", "-r", help="fast=5..14, slow=20..65:5 or stop=2,3,4; repeatable."),
    ] = None,
    symbols: SymbolOption = None,
    timeframe: Annotated[str, typer.Option("--timeframe", "-t", help="15m, 1h, 1d.")] = "1h",
    venue: VenueOption = "",
    period: PeriodOption = "",
    from_: FromOption = "",
    to: ToOption = "",
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", help="A fixed name=number; repeatable.")
    ] = None,
    split: Annotated[
        bool,
        typer.Option("--split", help="One fold: validation.in_sample fits, the rest judges."),
    ] = False,
    scheme: Annotated[str, typer.Option(help="anchored (training grows) or rolling.")] = "anchored",
    folds: Annotated[int | None, typer.Option(help="How many; 8 where no length is given.")] = None,
    train: Annotated[str, typer.Option(help="(First) training window, as 365d.")] = "",
    test: Annotated[str, typer.Option(help="Test window, as 90d.")] = "",
    embargo: Annotated[str, typer.Option(help="Days left out before a test, as 1d.")] = "",
    purge: Annotated[
        bool, typer.Option("--purge", help="Also end training one longest trade earlier.")
    ] = False,
    objective: Annotated[
        str, typer.Option(help="What training chooses by: robust, sharpe, calmar, return.")
    ] = "robust",
    switch: Annotated[
        bool, typer.Option("--switch", help="Change parameters only for a clear challenger.")
    ] = False,
    cpcv: Annotated[
        bool, typer.Option("--cpcv", help="Combinatorial purged cross-validation instead.")
    ] = False,
    groups: Annotated[int, typer.Option(help="Groups of the cross-validation.")] = 6,
    tests: Annotated[int, typer.Option(help="Groups that judge in each split.")] = 2,
    cash: Annotated[float | None, typer.Option(help="Cash at the start.")] = None,
    gate: Annotated[
        bool, typer.Option("--gate/--no-gate", help="Off: no limits, for comparisons only.")
    ] = True,
    workers: Annotated[int, typer.Option(min=0, help="Threads; 0: one a core.")] = 0,
    json: JsonFlag = False,
) -> None:
    """Re-optimise in every fold, trade the next stretch, stitch the stretches together."""
    config = config_of(flags_of(cash, gate=gate))
    judge, combos = _question(
        config, strategy, axis, param, venue, symbols, timeframe, period_of(period, from_, to),
        workers,
    )  # fmt: skip
    gap = days_of("--embargo", embargo)
    gap = config.settings.validation.embargo_days if gap is None else gap
    if cpcv:
        _cross_validate(config, judge, combos, (groups, tests, gap), objective, json=json)
        return
    lengths = (folds, days_of("--train", train), days_of("--test", test))
    if split and any(length is not None for length in lengths):
        raise UserError("--split and lengths of folds", fix="give one of them")
    plan = _folds(config, judge, None if split else (scheme, *lengths), gap)
    _walk(config, judge, combos, plan, objective, purge, switch, json=json)


def days_of(option: str, text: str) -> int | None:
    """Read `90d`, `12w` or `90` as days; None where nothing is said."""
    if not text:
        return None
    plain = text.strip()
    if plain in {"0", "0d"}:
        return 0
    length = Timeframe.parse(plain + "d" if plain.isdigit() else plain).ms
    if length % DAY_MS:
        raise UserError(f"{option} {text}", expected="whole days, as 90d")
    return length // DAY_MS


def _question(
    config: Config,
    strategy: str,
    axis: Sequence[str] | None,
    param: list[str] | None,
    venue: str,
    symbols: list[str] | None,
    timeframe: str,
    span: tuple[int | None, int | None],
    workers: int,
) -> tuple[Evaluator, list[Mapping[str, float]]]:
    """Return the evaluator and the combinations that the options name."""
    from ballast.research.evaluation import Evaluator
    from ballast.research.grid import Grid, parse_axes

    chosen = find_strategy(config, strategy)
    fixed = parse_params(param)
    chosen.values(fixed)
    axes = parse_axes(axis or [], chosen.params)
    double = next((name for name in fixed if name in axes), "")
    if double:
        raise UserError(f"'{double}' is fixed and has a range", fix="give one of them")
    combos: list[Mapping[str, float]] = [{**fixed, **one} for one in Grid(axes)]
    series = load(config, venue, symbols, timeframe, span)
    own = own_settings(config, series)
    judge = Evaluator(chosen, series, config.settings, symbol_settings=own, workers=workers)
    return judge, combos


def _folds(
    config: Config,
    judge: Evaluator,
    plan: tuple[str, int | None, int | None, int | None] | None,
    gap: int,
) -> Sequence[Fold]:
    """Return the folds of a plan (scheme, count, train and test days), or the one split."""
    from ballast.research import outofsample

    if plan is None:
        share = config.settings.validation.in_sample
        return (outofsample.split(judge.span, share, gap_days=gap),)
    scheme, count, train_days, test_days = plan
    return outofsample.folds_of(
        judge.span,
        scheme=scheme,
        count=count,
        train_days=train_days,
        test_days=test_days,
        gap_days=gap,
    )


def _walk(
    config: Config,
    judge: Evaluator,
    combos: list[Mapping[str, float]],
    folds: Sequence[Fold],
    objective: str,
    purge: bool,
    switch: bool,
    *,
    json: bool,
) -> None:
    from ballast.research import outofsample
    from ballast.research.outofsample import remarks

    chosen_by = outofsample.objective_named(objective)
    allowed = outofsample.usable(judge, combos)
    if purge:
        folds = outofsample.purged(judge, allowed, folds)
    rules = config.settings.validation
    rule = outofsample.Hysteresis(rules.switch_margin, rules.switch_times) if switch else None
    found = outofsample.walk_forward(judge, allowed, folds, objective=chosen_by, hysteresis=rule)
    method = {
        "objective": objective,
        "folds": [(one.train.from_ms, one.train.to_ms, one.test.to_ms) for one in folds],
        "switch": (rules.switch_margin, rules.switch_times) if switch else None,
    }
    study = _count(config, judge, allowed, method)
    said = remarks.of_walk_forward(found, judge)
    head = {"study": study, "strategy": judge.strategy.name}
    tables = None if json else [_folds_table(found), _stats_table(found)]
    emit({**head, **_document(found), "remarks": said}, json=json, tables=tables)
    for remark in said:
        note(remark)


def _cross_validate(
    config: Config,
    judge: Evaluator,
    combos: list[Mapping[str, float]],
    plan: tuple[int, int, int],
    objective: str,
    *,
    json: bool,
) -> None:
    from ballast.research import outofsample
    from ballast.research.outofsample import remarks

    groups, tests, embargo = plan
    chosen_by = outofsample.objective_named(objective)
    allowed = outofsample.usable(judge, combos)
    found = outofsample.cross_validate(
        judge, allowed, groups=groups, tests=tests, embargo_days=embargo, objective=chosen_by
    )
    method = {"objective": objective, "groups": groups, "tests": tests, "embargo": embargo}
    study = _count(config, judge, allowed, method)
    said = remarks.of_cross_validation(found, judge)
    head = {"study": study, "strategy": judge.strategy.name}
    tables = None if json else [_splits_table(found), _paths_table(found), _spread_table(found)]
    emit({**head, **_document(found), "remarks": said}, json=json, tables=tables)
    for remark in said:
        note(remark)


def _count(
    config: Config,
    judge: Evaluator,
    combos: Sequence[Mapping[str, float]],
    method: Mapping[str, Any],
) -> str:
    """Write what was tried into the ledger, before anybody sees a result; return the study's id."""
    from ballast.research.outofsample.counting import count_trials, study_id

    study = study_id(judge, combos, method)
    with ledger_of(config) as ledger:
        count_trials(ledger, judge, combos, study)
    return study


def _document(found: WalkForward | CrossValidation) -> dict[str, Any]:
    """Return the result field by field, for JSON."""
    return {name: getattr(found, name) for name in found.__slots__}


def _day(at_ms: int) -> str:
    return format_ms(at_ms)[:10]


def _span(span: Span) -> str:
    return f"{_day(span.from_ms)}..{_day(span.to_ms)}"


def _params(params: Mapping[str, float] | None) -> str:
    return "-" if params is None else " ".join(f"{k}={v:g}" for k, v in params.items()) or "default"


FOLD_COLUMNS = (
    "train", "test", "choice", "train/y", "test/y", "efficiency", "sharpe in", "sharpe out",
    "trades", "drift", "border", "killed",
)  # fmt: skip


def _folds_table(found: WalkForward) -> Table:
    """Return one row a fold."""
    return Table(FOLD_COLUMNS, [_fold_row(one) for one in found.folds], "folds")


def _fold_row(one: FoldResult) -> list[object]:
    before, after = one.in_sample, one.out_of_sample
    return [
        _span(one.fold.train),
        _span(one.fold.test),
        _params(one.params),
        before and before.yearly_return,
        after.yearly_return,
        one.efficiency,
        before and before.sharpe,
        after.sharpe,
        after.trades,
        one.drift,
        one.border_cost,
        one.killed,
    ]


def _stats_table(found: WalkForward) -> Table:
    """Return the figures of the stitched curve."""
    stats = found.stats
    rows: list[tuple[str, object]] = [
        ("combinations", found.combinations),
        ("days", stats.days),
        ("closed trades", found.trades),
        ("total return", stats.total_return),
        ("yearly, compounded", stats.cagr),
        ("yearly, mean", stats.yearly_return),
        ("in sample, mean", found.in_sample_yearly),
        ("efficiency", found.efficiency),
        ("sharpe", stats.sharpe),
        ("sortino", stats.sortino),
        ("calmar", stats.calmar),
        ("max drawdown", stats.max_drawdown),
        ("mean drift", found.mean_drift),
    ]
    return Table([], rows, "out of sample, stitched")


def _splits_table(found: CrossValidation) -> Table:
    """Return one row a split."""
    rows = [
        [
            " ".join(str(group + 1) for group in one.tests),
            _params(one.params),
            one.in_sample and one.in_sample.sharpe,
            one.out_of_sample.sharpe,
            one.out_of_sample.trades,
        ]
        for one in found.splits
    ]
    return Table(["tests", "choice", "sharpe in", "sharpe out", "trades"], rows, "splits")


def _paths_table(found: CrossValidation) -> Table:
    """Return one row a path."""
    rows = [
        [number + 1, one.stats.sharpe, one.stats.total_return, one.stats.max_drawdown]
        for number, one in enumerate(found.paths)
    ]
    return Table(["path", "sharpe", "total return", "max drawdown"], rows, "paths")


def _spread_table(found: CrossValidation) -> Table:
    """Return the spread over the paths."""
    rows: list[tuple[str, object]] = [
        ("combinations", found.combinations),
        ("purge, days", found.purge_days),
        ("embargo, days", found.embargo_days),
        ("sharpe, mean", found.sharpe_mean),
        ("sharpe, median", found.sharpe_median),
        ("sharpe, deviation", found.sharpe_deviation),
        ("sharpe, worst path", found.sharpe_worst),
        ("losing paths", found.losing_paths),
    ]
    return Table([], rows, "spread over the paths")
