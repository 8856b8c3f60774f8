"""`ballast strategies`: list, show and check strategies of the library and of the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.service.cli import options
from ballast.service.cli.output import JsonFlag, Table, emit, say

if TYPE_CHECKING:
    from pathlib import Path

    from ballast.core.bars import Bars
    from ballast.strategies.plan import AnyStrategy, Plan

app = typer.Typer(
    add_completion=False,
    invoke_without_command=True,
    help="List, show and check strategies. Without a verb: list.",
)
Name = Annotated[str, typer.Argument(help="Name, or path of a file.")]
Form = Annotated[str, typer.Option("--form", help="table, toml, json or python.")]
CHECK_BARS = 5_000
CHECK_TRIALS = 20


@app.callback()
def root(context: typer.Context, json: JsonFlag = False) -> None:
    """List, show and check strategies."""
    if context.invoked_subcommand is None:
        list_strategies(json)


@app.command("list")
def list_strategies(json: JsonFlag = False) -> None:
    """List the strategies of the workspace and of the library."""
    from ballast.core.errors import UserError
    from ballast.research.workspace import find

    folder = _folder()
    rows: list[dict[str, Any]] = []
    for found in find(folder):
        row: dict[str, Any] = {
            "name": found.name,
            "from": found.path.name if found.path else "library",
        }
        try:
            strategy = _load(str(found.path) if found.path else found.name, folder)
        except UserError as problem:  # one broken file must not hide the others
            rows.append(row | {"sides": "", "params": 0, "about": f"BROKEN: {problem.line()}"})
            continue
        about = strategy.doc.partition("\n")[0]
        rows.append(
            row | {"sides": _sides(strategy), "params": len(strategy.params), "about": about}
        )
    emit(rows, json=json)


@app.command()
def show(name: Name, form: Form = "table", json: JsonFlag = False) -> None:
    """Show one strategy: parameters, signals and trade, or its text in a form."""
    from ballast.core.errors import StrategyError, suggest
    from ballast.strategies.definition import Strategy

    strategy = _load(name, _folder())
    printers = {"toml": "to_toml", "json": "to_json", "python": "to_python"}
    if json and form == "table":
        emit(_described(strategy), json=True)
    elif form == "table":
        emit(None, tables=_tables(strategy))
    elif form not in printers:
        raise StrategyError(
            f"form '{form}'",
            expected=f"one of table, {', '.join(printers)}",
            fix=suggest(form, printers),
        )
    elif isinstance(strategy, Strategy):
        say(getattr(strategy, printers[form])().rstrip("\n"))
    else:
        raise StrategyError(f"{strategy.name} is a class", fix="open its file")


@app.command()
def check(
    name: Name,
    venue: Annotated[str, typer.Option(help="Check on stored candles of this venue.")] = "",
    symbol: Annotated[str, typer.Option(help="Symbol of the stored candles.")] = "",
    timeframe: Annotated[str, typer.Option(help="Timeframe of the candles.")] = "1h",
    json: JsonFlag = False,
) -> None:
    """Try to catch a strategy looking ahead; count its signals and what each filter takes away."""
    from ballast.core.errors import StrategyError
    from ballast.core.records import Signal
    from ballast.core.time import Timeframe
    from ballast.research.attacks.truncation import truncation_attack
    from ballast.strategies.filters import filter_rates
    from ballast.strategies.plan import compile_plan

    strategy = _load(name, _folder())
    frame = Timeframe.parse(timeframe)
    plan = compile_plan(strategy, timeframe=frame)
    market = _market(plan, venue, symbol, frame)
    own = next(iter(market))
    signals = plan.columns(market, own).signals
    violation = truncation_attack(strategy, market, cuts=CHECK_TRIALS).violation
    if violation is not None:
        raise StrategyError("looks ahead", where=strategy.name, expected=violation.line())
    counts = {
        bit.name.lower(): int(((signals & bit) != 0).sum())
        for bit in (Signal.ENTER_LONG, Signal.EXIT_LONG, Signal.ENTER_SHORT, Signal.EXIT_SHORT)
        if bit.name is not None
    }
    rates = filter_rates(plan, market, own)
    head = {
        "strategy": strategy.name,
        "hash": strategy.hash,
        "on": market[own].name,
        "bars": len(market[own]),
        "warmup": plan.warmup,
        "causal": f"yes, on {CHECK_TRIALS} truncations",
        **counts,
    }
    rows = [
        (
            rate.signal,
            rate.term,
            f"{rate.passed / max(rate.bars, 1):.1%}",
            rate.blocked_alone,
        )
        for rate in rates
    ]
    tables = [
        Table(("", strategy.name), list(head.items())),
        Table(("signal", "filter", "passes", "bars it alone blocks"), rows, "Filters"),
    ]
    emit({**head, "filters": rates}, json=json, tables=tables if rows else tables[:1])


def _folder() -> Path:
    return options.config().strategies_root


def _load(name: str, folder: Path) -> AnyStrategy:
    from ballast.research.workspace import load

    return load(name, folder)


def _sides(strategy: AnyStrategy) -> str:
    return "+".join(
        side for side, there in zip(("long", "short"), strategy.sides, strict=True) if there
    )


def _described(strategy: AnyStrategy) -> dict[str, Any]:
    from ballast.strategies import construction_data, parameters
    from ballast.strategies.definition import Strategy

    data: dict[str, Any] = {"name": strategy.name, "doc": strategy.doc, "tag": strategy.tag}
    if isinstance(strategy, Strategy):
        data = strategy.to_data()
    else:
        data["params"] = {key: parameters.to_data(row) for key, row in strategy.params.items()}
        data["trade"] = construction_data.to_data(strategy.construction)
    return {**data, "sides": _sides(strategy), "hash": strategy.hash}


def _tables(strategy: AnyStrategy) -> list[Table]:
    data = _described(strategy)
    head = [("about", strategy.doc), ("sides", _sides(strategy)), ("hash", strategy.hash)]
    params = [
        (key, f"{row.default:g}", row.range_text(), f"{row.step:g}" if row.step else "", row.doc)
        for key, row in strategy.params.items()
    ]
    rules = [*data.get("signals", {}).items(), *data["trade"].items()]
    rules += [("require", text) for text in data.get("require", [])]
    tables = [Table(("", strategy.name), head)]
    if params:
        tables.append(Table(("parameter", "default", "range", "step", "about"), params))
    return [*tables, Table(("rule", "is"), [(key, _flat(value)) for key, value in rules])]


def _flat(value: Any) -> str:  # noqa: ANN401 - a JSON value
    if isinstance(value, dict):
        return ", ".join(f"{key} {_flat(item)}" for key, item in value.items())
    if isinstance(value, list):
        return "; ".join(_flat(item) for item in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _market(plan: Plan, venue: str, symbol: str, frame: Any) -> dict[str, Bars]:  # noqa: ANN401
    """Return stored candles where they are named, else a seeded synthetic market."""
    from ballast.core.errors import StrategyError
    from ballast.research.synthetic import synthetic_market
    from ballast.store.candles import CandleStore
    from ballast.strategies.nodes import Of, walk

    others = (
        item.symbol
        for node in plan.strategy.signals().values()
        for item in walk(node)
        if isinstance(item, Of)
    )
    if bool(venue) != bool(symbol):
        raise StrategyError("--venue and --symbol belong together")
    names = list(dict.fromkeys([symbol or "TEST/USDT", *others]))
    if venue:
        store = CandleStore(options.config().data_root)
        return {name: store.read(venue, name, frame) for name in names}
    count = max(CHECK_BARS, 3 * plan.warmup)
    return {bars.symbol: bars for bars in synthetic_market(1, names, frame, count).bars}
