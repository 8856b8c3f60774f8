"""`ballast data check`: what is wrong with stored series or files, by name, with a score.

Exit codes: 0 every series reaches the threshold; 1 at least one does not; 2 wrong input. A stored
series is read as a backtest reads it: in today's units, joined with its older names.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.core.errors import DataError, UserError
from ballast.core.time import Timeframe, format_ms, parse_period
from ballast.service.cli import guard, options
from ballast.service.cli.data_import import KNOWN
from ballast.service.cli.output import JsonFlag, Table, columns_of, emit, note, progress
from ballast.service.cli.stores import candle_store, instrument_book, pick_series

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ballast.core.bars import Bars
    from ballast.core.instrument import Instrument
    from ballast.core.settings import DataSettings
    from ballast.store.candles import CandleStore
    from ballast.store.quality import Finding, QualityReport, Quotes

OPINIONS_MOST = 3  # series of one asset on other venues a check looks at by itself
NEIGHBOURS_MOST = 2  # other symbols of the venue: two that are silent are proof of a halt


@dataclass(frozen=True, slots=True)
class Target:
    """One series to check: its bars, where its certificate goes, what the importer rejected."""

    bars: Bars
    place: Path
    stored: bool
    rejected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What the command line asks of every target."""

    threshold: float
    settings: DataSettings
    against: Sequence[Bars] = ()
    quotes: Quotes | None = None
    max_age_bars: int | None = None
    now_ms: int | None = field(default=None)


def register(app: typer.Typer) -> None:
    """Add `check` to the data verbs."""
    app.command("check")(check)


def check(
    targets: Annotated[
        list[str] | None, typer.Argument(help="Stored series or files; default: all stored.")
    ] = None,
    venue: Annotated[str | None, typer.Option(help="Exchange, where a name does not say.")] = None,
    timeframe: Annotated[str | None, typer.Option("--timeframe", "-t", help="Bars.")] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(help="Compare with this series or file: another venue, another download."),
    ] = None,
    quotes: Annotated[
        Path | None, typer.Option(help="Best bid and ask (CSV, Parquet), to judge the spread.")
    ] = None,
    period: Annotated[str | None, typer.Option(help="FROM..TO, either side open.")] = None,
    threshold: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Score to reach; default: settings.")
    ] = None,
    fresh: Annotated[
        int | None, typer.Option(min=0, help="The last bar may be so many bars old.")
    ] = None,
    certify: Annotated[
        bool, typer.Option("--certify", help="Write a certificate beside each series.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="Show what is only information.")] = False,
    json: JsonFlag = False,
) -> None:
    """Check candles: gaps, bad rows, wicks, spliced or copied markets; score and verdict."""
    data = options.config().settings.data
    span = parse_period(period) if period else (None, None)
    if certify and period:
        raise UserError("--certify with --period", fix="a certificate speaks about a whole series")
    store = candle_store()
    found = _targets(store, targets or (), venue, timeframe)
    if quotes is not None:
        found = iter(_only(list(found)))
    question = Question(
        threshold=data.quality_threshold if threshold is None else threshold,
        settings=data,
        against=[
            one.bars for text in against or () for one in _open(store, text, venue, timeframe)
        ],
        quotes=_quotes(quotes) if quotes else None,
        max_age_bars=fresh,
        now_ms=None if fresh is None else time.time_ns() // 1_000_000,
    )
    rows, reports = [], []
    with progress("check") as bar:
        for target in found:
            report = _report(store, target, question, span)
            reports.append(report)
            rows.append(_row(target, report, question))
            if certify:
                rows[-1]["certificate"] = str(_certify(target, report, question.threshold))
            bar.advance(text=report.name)
    if not rows:
        note(f"nothing is stored in {store.root}; name a file, or see `ballast data import --help`")
    tables = None if json else _tables(rows, reports, every=every)
    emit({"threshold": question.threshold, "series": rows}, json=json, tables=tables)
    if any(row["verdict"] == "unfit" for row in rows):
        raise typer.Exit(guard.NO)


def _only(found: list[Target]) -> list[Target]:
    """Return the one series that quotes can be of."""
    if len(found) != 1:
        raise UserError(f"--quotes with {len(found)} series", expected="the one series they are of")
    return found


def _quotes(path: Path) -> Quotes:
    from ballast.store.quality.quotefile import read_quotes

    return read_quotes(path)


def _targets(
    store: CandleStore, texts: Sequence[str], venue: str | None, timeframe: str | None
) -> Iterator[Target]:
    """Yield what is to be checked, one at a time; all stored series where nothing is named."""
    if texts:
        for text in texts:
            yield from _open(store, text, venue, timeframe)
        return
    for info in store.series():
        wanted = (venue is None or info.venue == venue.upper()) and (
            timeframe is None or info.timeframe == Timeframe.parse(timeframe)
        )
        if wanted:
            yield _stored(store, info.venue, info.symbol, info.timeframe)


def _open(
    store: CandleStore, text: str, venue: str | None, timeframe: str | None
) -> Iterator[Target]:
    """Yield the series of a file, of all files of a folder, or the stored one of this name."""
    from ballast.store.quality import certificate

    path = Path(text).expanduser()
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.suffix in KNOWN and not file.name.endswith(certificate.SUFFIX):
                yield from _from_file(file, venue, timeframe)
        return
    if path.is_file():
        yield from _from_file(path, venue, timeframe)
        return
    if path.suffix in KNOWN:
        raise DataError("no such file", where=text)
    info = pick_series(store, text, venue, timeframe)
    yield _stored(store, info.venue, info.symbol, info.timeframe)


def _stored(store: CandleStore, venue: str, symbol: str, timeframe: Timeframe) -> Target:
    from ballast.store.eventbook import EventBook
    from ballast.store.history import read_history

    bars = read_history(store, EventBook(store.root), venue, symbol, timeframe)
    return Target(bars, store.key_of(bars).folder, stored=True)


def _from_file(path: Path, venue: str | None, timeframe: str | None) -> Iterator[Target]:
    from ballast.store.importers.model import Wanted
    from ballast.store.importers.read import read_files

    frame = Timeframe.parse(timeframe) if timeframe else None
    some = False
    for item in read_files(path, Wanted(venue, None, frame)):
        if item.bars is not None:
            some = True
            reasons = tuple(f"row {each.row}: {each.reason}" for each in item.rejected)
            yield Target(item.bars, path, stored=False, rejected=reasons)
    if not some:
        raise DataError("holds no candles", where=str(path), fix="only candles can be checked")


def _report(
    store: CandleStore,
    target: Target,
    question: Question,
    span: tuple[int | None, int | None],
) -> QualityReport:
    from ballast.store.quality import check_bars
    from ballast.store.units import in_tokens

    bars = target.bars.period(*span)
    others: list[Bars] = list(question.against)
    neighbours: list[Bars] = []
    if target.stored and not others:
        others, neighbours = _company(store, target.bars)
    compared = bars if not others else in_tokens(bars)
    report = check_bars(
        compared,
        others=[in_tokens(other) for other in others],
        neighbours=neighbours,
        instrument=_instrument(bars) if compared is bars else None,
        spread=question.quotes,
        now_ms=question.now_ms,
        max_age_bars=question.max_age_bars,
        settings=question.settings,
    )
    return report if compared is bars else _named(report, bars)


def _named(report: QualityReport, bars: Bars) -> QualityReport:
    """Return the report under the fingerprint of the series as stored, not as compared."""
    from dataclasses import replace

    return replace(report, name=bars.name, fingerprint=bars.fingerprint())


def _company(store: CandleStore, bars: Bars) -> tuple[list[Bars], list[Bars]]:
    """Return the same pair on other venues, and other symbols of the same venue, if stored."""
    from ballast.store.symbols import market_key
    from ballast.store.units import multiplier_of

    def pair(symbol: str) -> str:
        return market_key(multiplier_of(symbol)[1])[0]

    others: list[Bars] = []
    neighbours: list[Bars] = []
    for info in store.series():
        if info.timeframe != bars.timeframe or not info.rows:
            continue
        same = pair(info.symbol) == pair(bars.symbol)
        if info.venue != bars.venue and same and len(others) < OPINIONS_MOST:
            others.append(store.read(info.venue, info.symbol, info.timeframe))
        elif info.venue == bars.venue and not same and len(neighbours) < NEIGHBOURS_MOST:
            neighbours.append(store.read(info.venue, info.symbol, info.timeframe))
    return others, neighbours


def _instrument(bars: Bars) -> Instrument | None:
    """Return the trading rules of the series, if they are known."""
    try:
        return instrument_book().get(bars.venue, bars.symbol)
    except DataError:
        return None


def _certify(target: Target, report: QualityReport, threshold: float) -> Path:
    from ballast.store.quality import certificate

    path = certificate.path_beside(target.place)
    certificate.write(path, certificate.certify(report, threshold=threshold))
    return path


def _row(target: Target, report: QualityReport, question: Question) -> dict[str, Any]:
    worst = report.findings[0] if report.findings else None
    return {
        "series": report.name,
        "source": "store" if target.stored else target.place.name,
        "bars": report.bars,
        "missing": report.counters["missing"],
        "rejected": len(target.rejected),
        "score": report.score,
        "verdict": "fit" if report.passes(question.threshold) else "unfit",
        "worst": worst.kind.value if worst else None,
        "rejected_rows": list(target.rejected),
        **report.plain(),
    }


def _tables(
    rows: Sequence[dict[str, Any]], reports: Sequence[QualityReport], *, every: bool
) -> list[Table]:
    """Return one line a series, then the findings of each, then what to do about them."""
    names = ["series", "bars", "missing", "rejected", "score", "verdict", "worst"]
    if any(row["source"] != "store" for row in rows):
        names.append("source")
    tables = [columns_of(rows, names)] if rows else []
    advice: dict[str, str] = {}
    for report in reports:
        shown = [each for each in report.findings if every or each.severity != "info"]
        if shown:
            heads = ("severity", "kind", "count", "cost", "from", "to", "detail")
            tables.append(Table(heads, [_line(each) for each in shown], report.name))
        advice |= {each.kind.value: each.advice for each in shown if each.cost > 0}
    if advice:
        tables.append(Table(("kind", "what to do"), sorted(advice.items())))
    return tables


def _line(found: Finding) -> tuple[object, ...]:
    return (
        found.severity.value,
        found.kind.value,
        found.count,
        round(found.cost, 4),
        None if found.from_ms is None else format_ms(found.from_ms),
        None if found.to_ms is None else format_ms(found.to_ms),
        found.detail,
    )
