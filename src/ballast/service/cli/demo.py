"""`ballast demo`: the main job from one end to the other, offline.

Makes a seeded synthetic market (or takes candle files of your own), checks it, backtests the four
EMA/StochRSI scenarios on it, sweeps their averages, and draws a report. Then the best of them is
proved or refuted on its history, and traded on paper over the last ten days, on a line that loses
things, by a process that is killed and started again.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.core.errors import UserError
from ballast.core.time import Timeframe
from ballast.service.cli.output import JsonFlag, Table, emit, note, progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ballast.core.bars import Bars
    from ballast.core.settings import Settings
    from ballast.research.series import Series
    from ballast.service.cli.output import Progress
    from ballast.store.trials import TrialLedger

app = typer.Typer(add_completion=False)

SCENARIOS = ("stochrsi", "stochrsi_sma", "stochrsi_adx", "stochrsi_trix")
AXES = {"ema1": (5.0, 7.0, 9.0, 12.0, 14.0, 20.0), "ema2": (21.0, 26.0, 34.0, 45.0, 55.0, 89.0)}
VENUE = "SYNTH"
FRAME = "1h"


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Workspace of the demo; made if missing.")] = Path(
        "demo"
    ),
    bars: Annotated[int, typer.Option(min=1_000, help="Hours of the synthetic market.")] = 43_800,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 42,
    data: Annotated[
        list[Path] | None, typer.Option(help="Candle files of your own (1h) instead; repeatable.")
    ] = None,
    paper: Annotated[
        bool,
        typer.Option("--paper/--no-paper", help="Also certify the best, and trade it on paper."),
    ] = True,
    json: JsonFlag = False,
) -> None:
    """Synthetic market, check, four scenarios, sweep, certificate, paper: offline, in one go."""
    from ballast.core.settings import Settings
    from ballast.research import storage
    from ballast.store.trials import TrialLedger

    settings = Settings()
    root = folder / settings.data.root
    results = folder / settings.reports.root
    steps = 2 + 2 * len(SCENARIOS) + 2 * paper
    with progress("demo", steps) as bar:
        venue, symbols = _import(root, data) if data else _synthesise(root, seed, bars)
        bar.advance(text=f"{len(symbols)} symbols stored")
        checked = _check(root, venue, symbols)
        bar.advance(text="data checked")
        series = _series(root, venue, symbols, settings)
        rows = []
        with TrialLedger(folder / "ledger" / "trials.sqlite", results) as ledger:
            for name in SCENARIOS:
                row, path = _backtest(name, series, settings, results, ledger)
                bar.advance(text=f"{name} backtested")
                row |= _sweep(name, series, settings, results, ledger)
                bar.advance(text=f"{name} swept")
                rows.append((row, path))
        best = max(rows, key=lambda pair: pair[0]["return"])
        account = "own_candles" if data else f"seed_{abs(seed)}_bars_{bars}"
        second = _paper(folder, best[0]["scenario"], series, account, bar) if paper else {}
    page = best[1] / storage.REPORT
    payload = {
        "checked": checked,
        "scenarios": [row for row, _ in rows],
        "report": page.resolve(),
        **second,
    }
    columns = tuple(rows[0][0])
    tables = [
        Table(tuple(checked[0]), [tuple(one.values()) for one in checked], "data"),
        Table(columns, [tuple(row.values()) for row, _ in rows], "scenarios"),
    ]
    emit(payload, json=json, tables=None if json else tables)
    if not json:
        note("each scenario: all symbols share one account behind the safety gate")
        note(
            "sweep: combinations of ema1 x ema2; its best row is the best of many on the same data,"
        )
        note("which proves nothing yet")
        emit(f"report {page.resolve()}")
    if second and not json:
        _tell_paper(second)


def _paper(
    folder: Path, scenario: str, series: tuple[Series, ...], account: str, bar: Progress
) -> dict[str, Any]:
    """Certify a scenario, then trade it on paper; return both."""
    from ballast.service.cli import demo_paper

    bar.advance(0, text=f"{scenario} to be proved or refuted")
    verdict = demo_paper.certify(folder, scenario, series[0].bars.symbol)
    bar.advance(text=f"{scenario} certified: {verdict['verdict']}")
    state = demo_paper.trade(folder, scenario, series, account)
    bar.advance(text="traded on paper, killed once")
    return {"certificate": verdict, "paper": state}


def _tell_paper(second: dict[str, Any]) -> None:
    """Print what the certificate and the paper session came to."""
    verdict, state = second["certificate"], second["paper"]
    faults = ", ".join(f"{count} {name}" for name, count in sorted(state["faults"].items()))
    rows = [
        ("certificate", f"{verdict['verdict']}: {verdict['failed']} of {verdict['checks']} checks"),
        ("paper", f"{state['fills']} fills, equity {state['equity']:,.2f} of {state['cash']:,.0f}"),
        ("faults drawn", faults),
        ("killed once", f"{state['relived']} requests lived again from the journal"),
        ("stops agree", all(one["agree"] for one in state["positions"])),
    ]
    emit(None, tables=[Table((), rows, "proved or refuted, then on paper")])
    note("a failed certificate keeps a strategy out of live trading; paper may trade anything")
    emit(f"report {state['report']}")


def _synthesise(root: Path, seed: int, bars: int) -> tuple[str, list[str]]:
    """Make the market and store it with its rules."""
    from ballast.research.synthetic import synthetic_market
    from ballast.store.candles import CandleStore
    from ballast.store.instruments import InstrumentBook

    market = synthetic_market(seed, timeframe=FRAME, n_bars=bars)
    store, book = CandleStore(root), InstrumentBook(root)
    with store.batch() as batch:
        for one in market.bars:
            batch.add(store.key_of(one), one)
        batch.commit()
    for instrument in market.instruments:
        book.put(instrument, instrument.listed_ms or 0)
    return VENUE, [one.symbol for one in market.bars]


def _import(root: Path, files: Sequence[Path]) -> tuple[str, list[str]]:
    """Store candle files of one venue."""
    from ballast.store.candles import CandleStore
    from ballast.store.importers.read import read_any

    store = CandleStore(root)
    read: list[Bars] = []
    for path in files:
        bars = read_any(path).bars
        if bars is not None and str(bars.timeframe) == FRAME:
            read.append(bars)
    venues = sorted({one.venue for one in read})
    if len(venues) != 1:
        raise UserError(
            f"{len(venues)} venues in the files", expected=f"{FRAME} candles of one venue"
        )
    for one in read:
        store.write(one)
    return venues[0], [one.symbol for one in read]


def _check(root: Path, venue: str, symbols: list[str]) -> list[dict[str, Any]]:
    """Check every series; return one line each."""
    from ballast.store.candles import CandleStore
    from ballast.store.quality import check_bars

    store = CandleStore(root)
    rows = []
    for symbol in symbols:
        found = store.read(venue, symbol, Timeframe.parse(FRAME))
        report = check_bars(found)
        rows.append(
            {
                "series": found.name,
                "bars": len(found),
                "score": round(report.score, 4),
                "findings": ", ".join(sorted({str(one.kind) for one in report.findings})),
            }
        )
    return rows


def _series(root: Path, venue: str, symbols: list[str], settings: Settings) -> tuple[Series, ...]:
    from ballast.research.loading import load_series

    return load_series(root, venue, symbols, Timeframe.parse(FRAME), settings)


def _backtest(
    name: str,
    series: tuple[Series, ...],
    settings: Settings,
    results: Path,
    ledger: TrialLedger,
) -> tuple[dict[str, Any], Path]:
    """Run, save and draw one scenario."""
    from ballast.research import storage
    from ballast.research.metrics import summary
    from ballast.research.report.page import report_html
    from ballast.research.run import backtest
    from ballast.research.trial_rows import batch_of_result
    from ballast.store.trials import heads
    from ballast.strategies.catalog import load

    strategy = load(name)
    result = backtest(strategy, series, settings=settings, data_root=settings.data.root)
    figures = summary(result)
    head = ledger.append(batch_of_result(result, strategy))
    path = storage.save(result, results)
    heads.leave(path, head)
    (path / storage.REPORT).write_text(report_html(result, figures), encoding="utf-8")
    return {
        "scenario": name,
        "trades": figures.trades.count,
        "return": figures.returns.total,
        "drawdown": figures.drawdown.max,
        "sharpe": figures.returns.sharpe,
        "win rate": figures.trades.win_rate,
        "fees": float(result.run.account.fees),
    }, path


def _sweep(
    name: str,
    series: tuple[Series, ...],
    settings: Settings,
    results: Path,
    ledger: TrialLedger,
) -> dict[str, Any]:
    """Sweep the averages of one scenario, every symbol by itself."""
    from ballast.research.grid import Grid
    from ballast.research.sweep import SweepRequest, sweep
    from ballast.research.sweep_table import best_rows
    from ballast.store.trials import heads
    from ballast.strategies.catalog import load

    request = SweepRequest(load(name), Grid(AXES), [(one,) for one in series], settings)
    found = sweep(request, results, ledger=ledger)
    heads.leave(found.folder, ledger.head())
    best = best_rows(found.table, "sharpe", 1)[0]
    return {
        "swept": found.table.num_rows,
        "best of them": f"{best['symbol']} {best['ema1']:g}/{best['ema2']:g}",
        "its sharpe": best["sharpe"],
    }
