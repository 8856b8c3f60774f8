"""Commands: a person's commands out of the inbox and into a node, alike for every session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.core.errors import UserError
from ballast.risk.halt.modes import Command
from ballast.runtime.node.events import Commanded

if TYPE_CHECKING:
    from collections.abc import Callable

    from ballast.runtime.node.events import Event
    from ballast.runtime.node.node import Node
    from ballast.store.inbox import Inbox, Message


RECONCILE = "reconcile"
"""No command to the account, and so not journalled: the venue is asked, which is always allowed."""
ANNOUNCE = "announce"
"""A shock that somebody knows of; the journal holds it as an event of its own."""


def take_commands(
    inbox: Inbox | None,
    carry_out: Callable[[Command, str, str], str],
    look: Callable[[], None] | None = None,
    announce: Callable[[Message], str] | None = None,
) -> None:
    """Take commands out of an inbox, in order; one that may not be is put away too.

    `carry_out` is given the command, who gave it and why, and says what came of it. `look` has the
    venue asked; None: this session compares at every close, and at no other time. `announce` is
    given what somebody announces, and says what came of it.
    """
    for message in list(inbox.waiting()) if inbox is not None else ():
        try:
            command = Command(message.command)
        except ValueError:
            outcome = f"no command '{message.command}'"
            if message.command == RECONCILE:
                outcome = _looked(look)
            elif message.command == ANNOUNCE and announce is not None:
                outcome = announce(message)
        else:
            outcome = carry_out(command, message.who, message.reason)
        if inbox is not None:
            inbox.done(message, outcome)


def _looked(look: Callable[[], None] | None) -> str:
    if look is None:
        return "refused: stored candles are compared at each close"
    look()
    return "done: the venue is asked"


def commanded(
    node: Node,
    tell: Callable[[Event], None],
    command: Command,
    who: str,
    reason: str,
    at_ns: int,
) -> str:
    """Carry out a command; return what came of it."""
    try:
        node.halt_after(command, who, reason)
    except UserError as error:
        return f"refused: {error.what}"
    tell(Commanded(command, who, reason, at_ns))
    return f"done: {node.halt.mode}"
