"""`ballast ltv`: loans against collateral: measured, recorded, judged, and a pause above the bound.

CRITICAL       above gate.ltv_alarm, at the venue's margin call, or not known: entries pause
IMPORTANT      above gate.ltv_warning
OPPORTUNITY    an asset that earns gate.earn_apr a year or more: information
"""

from __future__ import annotations

import time
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.service.cli import lines, options
from ballast.service.cli.guard import NO
from ballast.service.cli.output import JsonFlag, Table, columns_of, emit, note, warn

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.core.loans import LoanReport
    from ballast.risk.ltv.levels import Judgement, LtvLimits
    from ballast.runtime.wiring import Rehearsal
    from ballast.store.loans import LoanBook

app = typer.Typer(add_completion=False)

WHO = "ltv monitor"
BLIND_MAX = 3
"""Looks in a row that failed; after so many nobody knows how near the loans are, and that is one
of the cases in which entries pause."""
LOANS = (
    "loan", "level", "ltv", "fall_to_alarm", "fall_to_liquidation", "to_repay", "to_add", "reason",
)  # fmt: skip
HISTORY = (
    "venue", "account", "loan", "readings", "first", "last", "ltv", "low", "mean", "high",
    "above_warning", "above_alarm", "longest_alarm_h", "day_rise", "safe", "remark",
)  # fmt: skip


@app.command("ltv")
def ltv(
    file: Annotated[
        Path | None, typer.Option(help="JSON of loans; docs/loans.md shows it.")
    ] = None,
    venue: Annotated[str, typer.Option(help="Ask this venue: BINANCE.")] = "",
    account: Annotated[str, typer.Option(help="Whose keys, at the venue.")] = "main",
    rehearse: lines.RehearseOption = 0,
    ca: lines.CaOption = None,
    history: Annotated[
        bool, typer.Option("--history", help="What was recorded: means, time above, worst day.")
    ] = False,
    no_pause: Annotated[
        bool, typer.Option("--no-pause", help="Look only: leave no pause for the node.")
    ] = False,
    every: Annotated[
        float, typer.Option(min=0.0, help="Look again after so many seconds; 0: once.")
    ] = 0.0,
    json: JsonFlag = False,
) -> None:
    """Judge loans by their loan to value, record them, pause the node above 55 %; exit 1 then."""
    from ballast.core.errors import UserError

    if history:
        if file is not None or venue or every:
            raise UserError("--history looks at what is recorded, and at nothing else")
        _show_history(json=json)
        return
    if (file is None) == (not venue):
        raise UserError("where are the loans?", expected="--file FILE or --venue BINANCE")
    look = _of_file(file) if file else _of_venue(venue, account, lines.rehearsal_of(rehearse, ca))
    if not every:
        if _once(look(_now_ms()), is_quiet=no_pause, json=json):
            raise typer.Exit(NO)
        return
    _watch(look, every, is_quiet=no_pause, json=json)


def _of_venue(venue: str, account: str, rehearsal: Rehearsal | None) -> Callable[[int], LoanReport]:
    """Return what asks a venue anew each time: with the keys it has then, on a new connection."""
    from ballast.service.loans.venue import ask_loans, lends
    from ballast.venues.clients.venues import venue_named

    place = venue_named(lends(venue))

    async def ask() -> LoanReport:
        keys = lines.keys_of(place.access.venue, account)
        line = await lines.opened(place, keys, rehearsal)
        try:
            return await ask_loans(line, account)
        finally:
            await line.close()

    return lambda _: lines.run(ask())


def _of_file(file: Path) -> Callable[[int], LoanReport]:
    from ballast.service.loans.file import read_loans

    return lambda now_ms: read_loans(file, now_ms)


def _watch(
    look: Callable[[int], LoanReport], every_s: float, *, is_quiet: bool, json: bool
) -> None:
    """Look again and again; a look that fails is told, and several in a row are an alarm."""
    from ballast.core.errors import UserError

    blind = 0
    while True:
        try:
            _once(look(_now_ms()), is_quiet=is_quiet, json=json)
            blind = 0
        except UserError as error:
            blind += 1
            warn(error.line())
            if blind == BLIND_MAX and not is_quiet:
                _pause(f"loans could not be looked at {blind} times: {error.what}")
        time.sleep(every_s)


def _once(report: LoanReport, *, is_quiet: bool, json: bool) -> bool:
    """Judge a report, record it, say it; return whether it is critical."""
    from ballast.risk.ltv.levels import Level, judge

    found = judge(report.loans, report.rates, _limits())
    is_critical = found.level is Level.CRITICAL
    is_paused = is_critical and not is_quiet and _pause(_why(found))
    book = _book()
    recorded = sum(
        book.add(report.venue, report.account, report.at_ms, one.loan, one.ltv)
        for one in found.loans
    )
    emit(
        _document(report, found, recorded, is_paused=is_paused),
        json=json,
        tables=None if json else _tables(found),
    )
    if not json:
        _tell(found, is_paused=is_paused)
    return is_critical


def _pause(reason: str) -> bool:
    """Leave a pause for the node, unless one of ours waits there; return whether one waits now."""
    from ballast.risk.halt.modes import Command
    from ballast.service.cli import journals
    from ballast.store.inbox import Inbox

    inbox = Inbox(journals.place().inbox)
    if not any(one.who == WHO for one in inbox.waiting()):
        inbox.put(Command.PAUSE.value, WHO, reason, time.time_ns())
    return True


def _why(found: Judgement) -> str:
    from ballast.risk.ltv.levels import Level

    worst = [one for one in found.loans if one.level is Level.CRITICAL]
    return "; ".join(f"{one.loan.name}: {one.reason}" for one in worst)


def _tell(found: Judgement, *, is_paused: bool) -> None:
    for one in found.loans:
        if one.remark:
            note(f"{one.loan.name}: {one.remark}")
    if is_paused:
        warn("CRITICAL: a pause waits for the node; `ballast resume` once the loan is mended")


def _document(
    report: LoanReport, found: Judgement, recorded: int, *, is_paused: bool
) -> dict[str, Any]:
    return {
        "venue": report.venue,
        "account": report.account,
        "at_ms": report.at_ms,
        "level": found.level,
        "ltv": found.ltv,
        "loans": _rows(found),
        "offers": [
            {"asset": one.asset, "apr": one.apr, "product": one.product,
             "loan_apr": one.loan_apr, "reason": one.reason}
            for one in found.offers
        ],
        "recorded": recorded,
        "paused": is_paused,
    }  # fmt: skip


def _rows(found: Judgement) -> list[dict[str, Any]]:
    return [
        {
            "loan": one.loan.name, "level": one.level.name.lower(), "ltv": one.ltv,
            "fall_to_alarm": one.fall_to_alarm, "fall_to_liquidation": one.fall_to_liquidation,
            "to_repay": one.to_repay, "to_add": one.to_add, "reason": one.reason,
            "remark": one.remark,
        }
        for one in found.loans
    ]  # fmt: skip


def _tables(found: Judgement) -> list[Table]:
    tables = [columns_of(_rows(found), LOANS)] if found.loans else []
    if found.offers:
        rows = [(one.asset, "opportunity", one.product, one.reason) for one in found.offers]
        tables.append(Table(("asset", "level", "product", "reason"), rows))
    if not tables:
        note("no loans, and nothing that earns much")
    return tables


def _show_history(*, json: bool) -> None:
    """Show the figures of every recorded loan (R-CLI-12)."""
    from ballast.core.time import format_ms
    from ballast.risk.ltv.history import analyse

    book, limits = _book(), _limits()
    rows = []
    for venue, account, name in book.recorded():
        found = analyse(book.read(venue, account, name), limits)
        if found is None:
            continue
        remark = "short: no bad day may be in it" if found.is_short else ""
        if found.last > found.safe:
            remark = "; ".join(filter(None, ("a day as bad would reach the alarm", remark)))
        rows.append(
            {
                "venue": venue, "account": account, "loan": name, "readings": found.readings,
                "first": format_ms(found.first_ms), "last": format_ms(found.last_ms),
                "ltv": found.last, "low": found.low, "mean": found.mean, "high": found.high,
                "above_warning": found.above_warning, "above_alarm": found.above_alarm,
                "longest_alarm_h": found.longest_alarm_ms / 3_600_000,
                "day_rise": found.day_rise, "safe": found.safe, "remark": remark,
            }
        )  # fmt: skip
    emit({"history": rows}, json=json, tables=[columns_of(rows, HISTORY)] if rows else [])
    if not rows and not json:
        note("nothing is recorded; `ballast ltv --file FILE` records")


def _limits() -> LtvLimits:
    from ballast.risk.ltv.levels import LtvLimits

    return LtvLimits.of(options.config().settings.gate)


def _book() -> LoanBook:
    from ballast.store.loans import LoanBook

    return LoanBook(options.config().journal_root)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
