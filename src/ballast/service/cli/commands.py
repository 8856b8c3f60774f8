"""`ballast pause | resume | flatten | kill | release`: a person's commands to the node.

Each is left in the inbox of the account; the node takes it at its next step, or at its next start,
and puts it into the journal with who gave it and why before it acts on it.
"""

from __future__ import annotations

import getpass
import time
from typing import Annotated

import typer

from ballast.risk.halt.modes import Command
from ballast.service.cli.output import JsonFlag, emit, note

ReasonOption = Annotated[str, typer.Option("--reason", help="Why; the journal keeps it.")]
WhoOption = Annotated[str, typer.Option(help="Who; default: the user of this machine.")]
WaitOption = Annotated[float, typer.Option(min=0.0, help="Seconds to wait for the node.")]
POLL_S = 0.1


def pause(
    reason: ReasonOption, who: WhoOption = "", wait: WaitOption = 0.0, json: JsonFlag = False
) -> None:
    """Open nothing more; protection and exits go on."""
    _leave(Command.PAUSE, reason, who, wait, json=json)


def resume(
    reason: ReasonOption, who: WhoOption = "", wait: WaitOption = 0.0, json: JsonFlag = False
) -> None:
    """Trade again; a latched kill switch must be released first."""
    _leave(Command.RESUME, reason, who, wait, json=json)


def flatten(
    reason: ReasonOption, who: WhoOption = "", wait: WaitOption = 0.0, json: JsonFlag = False
) -> None:
    """Close every position at market, then pause."""
    _leave(Command.FLATTEN, reason, who, wait, json=json)


def kill(
    reason: ReasonOption, who: WhoOption = "", wait: WaitOption = 0.0, json: JsonFlag = False
) -> None:
    """Latch the kill switch: no entries until it is released, whatever restarts."""
    _leave(Command.KILL, reason, who, wait, json=json)


def release(
    reason: ReasonOption, who: WhoOption = "", wait: WaitOption = 0.0, json: JsonFlag = False
) -> None:
    """Take the latch off; the account stays paused until it is resumed."""
    _leave(Command.RELEASE, reason, who, wait, json=json)


def _leave(command: Command, reason: str, who: str, wait_s: float, *, json: bool) -> None:
    from ballast.core.errors import UserError
    from ballast.service.cli import journals
    from ballast.store.inbox import Inbox

    if not reason.strip():
        raise UserError("--reason is empty", expected="why, in a few words")
    where = journals.place()
    inbox = Inbox(where.inbox)
    name = inbox.put(command.value, who or getpass.getuser(), reason, time.time_ns())
    until_s = time.monotonic() + wait_s
    outcome = inbox.outcome(name)
    while outcome is None and time.monotonic() < until_s:
        time.sleep(POLL_S)
        outcome = inbox.outcome(name)
    emit({"command": command.value, "account": where.account, "outcome": outcome}, json=json)
    if outcome is None and not json:
        note("left in the inbox; the node takes it at its next step or start")


def register(group: typer.Typer) -> None:
    """Add the verbs of this file."""
    for verb in (pause, resume, flatten, kill, release):
        group.command()(verb)
