"""`ballast announce`: tell a session of a shock, so that it opens nothing while it lasts.

    ballast announce "US CPI" --for 2h -s BTCUSDT --name cpi
    ballast announce --over cpi

Left in the inbox of the account, as `ballast pause` is; any program may call it.
"""

from __future__ import annotations

import getpass
import time
from typing import TYPE_CHECKING, Annotated

import typer

from ballast.core.errors import UserError
from ballast.service.cli.output import JsonFlag, emit, note

if TYPE_CHECKING:
    from ballast.core.notices import Notice

MS_NS = 1_000_000
POLL_S = 0.1
app = typer.Typer(add_completion=False)


@app.command()
def announce(
    text: Annotated[str, typer.Argument(help="What is the matter, in one line.")] = "",
    for_: Annotated[str, typer.Option("--for", help="How long from now: 90m, 2h, 1d.")] = "",
    symbols: Annotated[
        list[str] | None, typer.Option("-s", "--symbol", help="Only of this symbol; repeatable.")
    ] = None,
    source: Annotated[str, typer.Option(help="Who says so; default: the user.")] = "",
    name: Annotated[
        str, typer.Option(help="Its name: the same one again replaces it; default: the time.")
    ] = "",
    tighten: Annotated[
        bool,
        typer.Option("--tighten", help="Ask for closer stops, as far as gate.event_tighten_atr."),
    ] = False,
    over: Annotated[str, typer.Option(help="Withdraw the one of this name.")] = "",
    wait: Annotated[float, typer.Option(min=0.0, help="Seconds to wait for the node.")] = 0.0,
    json: JsonFlag = False,
) -> None:
    """Have a session open nothing for a while; what is held stays protected.

    The session takes it at its next step, or at its next start if it is not over by then.
    """
    from ballast.service.cli import journals
    from ballast.service.commands import ANNOUNCE
    from ballast.store.inbox import Inbox

    now_ns = time.time_ns()
    who = source or getpass.getuser()
    if over:
        given = {"TEXT": text, "--for": for_, "--symbol": symbols, "--name": name}
        beside = [option for option, value in {**given, "--tighten": tighten}.items() if value]
        if beside:
            raise UserError(f"{beside[0]} and --over", fix="leave one of them out")
        notice = _checked({"name": over, "over": True}, now_ns)
    else:
        notice = _checked(
            {
                "name": name or time.strftime("%Y%m%dT%H%M%S", time.gmtime(now_ns // 10**9)),
                "text": text, "until": now_ns // MS_NS + _span_ms(for_),
                "symbols": symbols or [], "tightens": tighten,
            },
            now_ns,
        )  # fmt: skip
    where = journals.place()
    inbox = Inbox(where.inbox)
    left = inbox.put(ANNOUNCE, who, notice.text or "over", now_ns, notice.plain)
    until_s = time.monotonic() + wait
    while (outcome := inbox.outcome(left)) is None and time.monotonic() < until_s:
        time.sleep(POLL_S)
    told = {"name": notice.name, "source": who, "account": where.account, "outcome": outcome}
    emit(told, json=json)
    if outcome is None and not json:
        note("left in the inbox; the node takes it at its next step or start")


def _span_ms(text: str) -> int:
    from ballast.core.time import Timeframe

    try:
        return Timeframe.parse(text).ms
    except UserError:
        raise UserError(
            f"'{text}' is no length of time" if text else "is missing",
            where="--for",
            expected="a number and one of s, m, h, d: 90m, 2h, 1d",
        ) from None


def _checked(plain: dict[str, object], now_ns: int) -> Notice:
    from ballast.core.notices import notice_of

    return notice_of(plain, "announce", now_ns // MS_NS)
