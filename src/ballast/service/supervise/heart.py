"""Heart: how a trading process shows its supervisor that its loop still turns.

A beat is one byte, written from the loop that trades: a process that lives but does not turn is
silent. The supervisor hands over the writing end of a pipe and names its number in
`BALLAST_HEARTBEAT_FD`. Windows hands no pipe over by number: there the supervisor listens on a port
of this machine alone, and `BALLAST_HEARTBEAT_PORT` names it and a word that nobody else knows.

Neither needs a disk, and the end of each tells both sides that the other one is gone: a trading
process whose supervisor died ends in good order, so that the next supervisor can start its own.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from ballast.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

VARIABLE = "BALLAST_HEARTBEAT_FD"
PORT_VARIABLE = "BALLAST_HEARTBEAT_PORT"
"""`PORT:WORD`; the word is sent first."""
BEAT = b"."
MACHINE = "127.0.0.1"
CONNECT_S = 5.0
"""On the same machine a connection stands at once, or the supervisor is gone."""


def heart(environment: Mapping[str, str], alone: Callable[[], None]) -> Callable[[], None]:
    """Return what beats; it does nothing where nobody supervises.

    `alone` is called once, when the supervisor is gone.
    """
    if named := environment.get(PORT_VARIABLE, ""):
        send = _to_port(named)
    elif named := environment.get(VARIABLE, ""):
        send = _to_pipe(named)
    else:
        return lambda: None
    is_heard = True

    def beat() -> None:
        nonlocal is_heard
        if not is_heard:
            return
        try:
            send(BEAT)
        except BlockingIOError:
            pass  # full of beats that nobody has read yet: the supervisor is busy or stopped
        except OSError:
            is_heard = False
            alone()

    return beat


def _to_pipe(named: str) -> Callable[[bytes], object]:
    try:
        pipe = int(named)
        os.set_blocking(pipe, False)
    except (ValueError, OSError):
        raise UserError(
            f"'{named}' is no open pipe", where=VARIABLE, expected="`ballast supervise` sets it"
        ) from None
    return lambda beat: os.write(pipe, beat)


def _to_port(named: str) -> Callable[[bytes], object]:
    try:
        port, word = named.split(":")
        line = socket.create_connection((MACHINE, int(port)), timeout=CONNECT_S)
        line.sendall(word.encode())
    except (ValueError, OverflowError, OSError):
        raise UserError(
            "nobody listens there", where=PORT_VARIABLE, expected="`ballast supervise` sets it"
        ) from None
    line.settimeout(0.0)  # never wait
    return line.send
