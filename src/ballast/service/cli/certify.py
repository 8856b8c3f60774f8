"""`ballast certify`: a yes or no with evidence, signed; and the check of one that exists."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotation
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.core.errors import UserError
from ballast.service.cli.guard import NO
from ballast.service.cli.output import JsonFlag, Table, emit, note, progress, warn
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
    from collections.abc import Callable

    from ballast.core.certificate import Certificate
    from ballast.research.certify.issue import Certified
    from ballast.research.certify.subject import Subject
    from ballast.service.cli.output import Progress
    from ballast.service.config import Config
    from ballast.store.certificates import Signed

app = typer.Typer(add_completion=False)

FOLDER, FILE, EVIDENCE, REPORT = (
    "certificates", "certificate.json", "evidence.json", "report.html",
)  # fmt: skip


@app.command()
def certify(
    strategy: Annotated[
        str, typer.Argument(help="Name or file; `ballast strategies` lists them.")
    ] = "",
    axis: Annotated[
        list[str] | None,
        typer.Option("--range", "-r", help="Choose from fast=5..14, slow=20..65:5; repeatable."),
    ] = None,
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", help="name=number; repeatable.")
    ] = None,
    symbols: SymbolOption = None,
    timeframe: Annotated[str, typer.Option("--timeframe", "-t", help="15m, 1h, 1d.")] = "1h",
    venue: VenueOption = "",
    period: PeriodOption = "",
    from_: FromOption = "",
    to: ToOption = "",
    cash: Annotated[float | None, typer.Option(help="Cash at the start.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of every draw; default: engine.seed.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Threads; 0: one a core.")] = 0,
    verify: Annotated[
        Path | None, typer.Option("--verify", help="Check this certificate instead.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="With --verify: also make its evidence again.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Prove or refute a strategy on stored candles; exit code 1 says that it is not certified."""
    if verify is not None:
        if strategy:
            raise UserError("a strategy and --verify", fix="give one of them")
        _verify(verify, again=again, json=json)
        return
    if not strategy:
        raise UserError("no strategy is named", fix="name one, or a certificate with --verify")
    if again:
        raise UserError("--again without --verify", fix="name the certificate with --verify FILE")
    from ballast.research.certify.subject import Subject
    from ballast.research.grid import parse_axes

    config = config_of(flags_of(cash, seed))
    chosen = find_strategy(config, strategy)
    series = load(config, venue, symbols, timeframe, period_of(period, from_, to))
    subject = Subject(
        chosen,
        series,
        config.settings,
        params=parse_params(param),
        space=parse_axes(axis or [], chosen.params),
        symbol_settings=own_settings(config, series),
        seed=config.settings.engine.seed,
        data_root=config.settings.data.root,
    )
    certificate = _prove(config, subject, workers, json=json)
    if certificate.failed:
        raise typer.Exit(NO)


def _prove(config: Config, subject: Subject, workers: int, *, json: bool) -> Certificate:
    """Run the battery, write what came of it, and print it."""
    from ballast.research.certify.battery import STAGES, Effort
    from ballast.research.certify.battery import certify as prove

    with progress("certify", len(STAGES)) as bar, ledger_of(config) as ledger:
        found = prove(subject, ledger, effort=Effort(workers=workers), step=_counter(bar))
    folder = _save(config, found)
    certificate = found.certificate
    if json:
        emit(_payload(certificate, folder), json=True)
    else:
        emit(None, tables=_tables(certificate))
        note(f"certificate {folder / FILE}\nreport {folder / REPORT}")
    return certificate


def _counter(bar: Progress) -> Callable[[str], None]:
    """Return what moves a bar by one with each stage that begins."""
    from ballast.research.certify.battery import STAGES

    begun = iter(range(len(STAGES)))
    return lambda _name: bar.move_to(next(begun), len(STAGES))


def _save(config: Config, found: Certified) -> Path:
    """Write certificate, evidence and report; the certificate last, so that it is never alone."""
    from ballast.research.certify.page import certificate_html
    from ballast.research.report.plain import json_text
    from ballast.store.certificates import Signer, write_certificate
    from ballast.store.disk import Disk, replace_file

    signer = Signer.own()
    certificate = found.certificate
    folder = config.results_root / FOLDER / certificate.id[:16]
    page = certificate_html(certificate, found.evidence, signer.public)
    replace_file(Disk(), folder / EVIDENCE, [json_text(found.evidence).encode()])
    replace_file(Disk(), folder / REPORT, [page.encode()])
    write_certificate(folder / FILE, certificate, signer)
    return folder


def _payload(certificate: Certificate, folder: Path) -> dict[str, Any]:
    from ballast.core.certificate import as_document

    return {**as_document(certificate), "id": certificate.id, "folder": folder}


def _tables(certificate: Certificate) -> list[Table]:
    """Return the verdict and the tests, those that failed first."""
    marks = {"pass": "yes", "fail": "NO", "skipped": "-", "note": ""}
    order = {"fail": 0, "pass": 1, "skipped": 2, "note": 3}
    rows = []
    for one in sorted(certificate.checks, key=lambda check: order[check.verdict]):
        bound = ""
        if one.threshold is not None:
            bound = f"{'>=' if one.at_least else '<='} {one.threshold:.4g}"
        shown = "-" if one.value is None else f"{one.value:.4g}"
        rows.append((marks[one.verdict], one.title, shown, bound, one.detail))
    said = "certified" if not certificate.failed else "NOT certified"
    title = f"{certificate.strategy}: {said}"
    return [Table(("", "test", "figure", "asked", ""), rows, title)]


def _verify(path: Path, *, again: bool, json: bool) -> None:
    """Check signature and ledger; make the evidence again where that is asked."""
    from ballast.store.certificates import read_certificate
    from ballast.store.trials import Head
    from ballast.store.trials.verify import verify

    signed = read_certificate(path)
    config = config_of([])
    trials = signed.certificate.trials
    anchor = Head(trials.ledger_seq, trials.ledger_count, trials.ledger_hash)
    with ledger_of(config) as ledger:
        anchors = [(str(path), anchor)] if trials.ledger_seq else []
        state = verify(ledger, config.results_root, anchors)
        market = f"{signed.certificate.limits.venue} {'+'.join(signed.certificate.limits.symbols)}"
        since = max(0, ledger.count(market=market) - trials.count)
    problems = list(state.problems)
    if not signed.is_own:
        problems.append(f"it was signed by a key that is not yours: {signed.key[:16]}")
    differs: tuple[str, ...] = ()
    if again:
        differs, causes = _again(config, signed)
        problems += causes
        problems += [f"made again, {name} differs" for name in differs]
    _tell(signed, problems, since, again=again, json=json)
    if problems:
        raise typer.Exit(NO)


def _again(config: Config, signed: Signed) -> tuple[tuple[str, ...], tuple[str, ...]]:
    from ballast.research.certify.again import certify_again
    from ballast.research.certify.battery import STAGES

    strategies = config.workspace / config.settings.strategies.root
    with progress("certify again", len(STAGES)) as bar:
        remade = certify_again(signed.certificate, strategies, config.data_root, step=_counter(bar))
    return remade.differs, remade.causes


def _tell(signed: Signed, problems: list[str], since: int, *, again: bool, json: bool) -> None:
    certificate = signed.certificate
    payload = {
        "certificate": certificate.id,
        "strategy": certificate.strategy,
        "verdict": str(certificate.verdict),
        "signature": "holds",
        "key": signed.key,
        "is_own": signed.is_own,
        "made_again": again,
        "problems": problems,
        "trials_since": since,
        "expires_ms": certificate.limits.expires_ms,
    }
    emit(payload, json=json)
    if since:
        warn(f"{since:,} more trials were made on this market since: they would count today")
