"""`ballast supervise`: keep a trading process alive: restart it after a crash or a hang."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
import time
from functools import partial
from typing import Annotated

import typer

from ballast.core.errors import UserError
from ballast.service.cli import lines, options
from ballast.service.cli.output import JsonFlag, emit, note, warn
from ballast.service.cli.stopping import ENDS, on_signal
from ballast.store.disk import IS_POSIX

app = typer.Typer(add_completion=False)
MS_NS = 1_000_000
STDERR = 2
ALERT_S = 30.0
"""How long what `--on-alert` names may take: restarts wait for it."""


@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def supervise(
    command: Annotated[
        list[str], typer.Argument(help="`live ...` or `paper --live ...`, as without supervision.")
    ],
    on_alert: Annotated[
        str, typer.Option(help="A program that is told of restarts; the text is its last argument.")
    ] = "",
    anew: Annotated[
        bool, typer.Option("--anew", help="Forget the restarts so far: somebody has looked.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Run a live or paper session, and start it again when it crashes, hangs or grows too large.

    At most `operations.restarts_hour` restarts an hour; then it is given up with exit code 71.
    Ctrl-C and SIGTERM are passed on. Nobody can be asked: name the words of --confirm beforehand.
    With --json before the session's verb, what the session prints goes to stderr.
    """
    from ballast.core.time import format_ms
    from ballast.runtime.clock import SystemClock
    from ballast.service.cli import journals
    from ballast.service.supervise.history import History, HistoryFile
    from ballast.service.supervise.supervisor import Rules, Supervisor

    _require_session(command)
    operations = options.config().settings.operations
    file = HistoryFile(journals.place().restarts)
    if anew:
        file.write(History())

    def alert(text: str) -> None:
        warn(text)
        if on_alert:
            _told(on_alert, f"ballast {command[0]}: {text}")

    async def work() -> tuple[int, History]:
        supervisor = Supervisor(
            (sys.executable, "-m", "ballast.service.cli.main", *_general(), *command),
            file,
            Rules(operations.restarts_hour, float(operations.memory_mb)),
            SystemClock(),
            time.time_ns,
            note,
            alert,
            STDERR if json else None,
        )
        for number in (signal.SIGINT, *ENDS):
            on_signal(number, partial(supervisor.stop, number))
        return await supervisor.run(), supervisor.history

    code, history = lines.run(work())
    if json:
        restarts = [format_ms(one // MS_NS) for one in history.restarts_ns]
        given_up = bool(history.gave_up_ns)
        body = {"code": code, "ending": history.why, "restarts": restarts, "given_up": given_up}
        emit(body, json=True)
    if code:
        raise typer.Exit(code)


def _require_session(command: list[str]) -> None:
    """Raise `UserError` for what has no heart: other verbs end by themselves."""
    verb, *rest = command
    if verb == "live" or (verb == "paper" and "--live" in rest):
        return
    raise UserError(
        f"'{' '.join(command[:2])}' is no session that lasts",
        where="supervise",
        expected="`ballast supervise live ...` or `ballast supervise paper STRATEGY --live ...`",
    )


def _general() -> list[str]:
    """Return the options that may stand anywhere, as they were given to us."""
    chosen = options.current()
    pairs = [
        *(("--config", one) for one in chosen.files),
        *(("--profile", one) for one in chosen.profiles),
        *(("--set", one) for one in chosen.flags),
    ]
    flags = [name for name, is_on in zip(options.FLAGS, (chosen.debug, chosen.quiet), strict=True)
             if is_on]  # fmt: skip
    return [word for pair in pairs for word in pair] + flags


def _told(program: str, text: str) -> None:
    """Run a person's program with a text; that it fails is told, and changes nothing."""
    try:
        spelled = program if IS_POSIX else program.replace("\\", "\\\\")  # those are of paths
        words = [*shlex.split(spelled), text]
        subprocess.run(words, check=True, timeout=ALERT_S)  # noqa: S603 - a person named it
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        warn(f"--on-alert: {error}")
