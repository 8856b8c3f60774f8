"""Heart: how a trading process shows its supervisor that its loop still turns.

The supervisor hands over the writing end of a pipe and names its number in `BALLAST_HEARTBEAT_FD`.
A beat is one byte, written from the loop that trades: a process that lives but does not turn is
silent. A pipe needs no disk, and its end tells each side that the other one is gone: a trading
process whose supervisor died ends in good order, so that the next supervisor can start its own.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ballast.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

VARIABLE = "BALLAST_HEARTBEAT_FD"
BEAT = b"."


def heart(environment: Mapping[str, str], alone: Callable[[], None]) -> Callable[[], None]:
    """Return what beats; it does nothing where nobody supervises.

    `alone` is called once, when the supervisor is gone.
    """
    named = environment.get(VARIABLE, "")
    if not named:
        return lambda: None
    try:
        pipe = int(named)
        os.set_blocking(pipe, False)
    except (ValueError, OSError):
        raise UserError(
            f"'{named}' is no open pipe", where=VARIABLE, expected="`ballast supervise` sets it"
        ) from None
    is_heard = True

    def beat() -> None:
        nonlocal is_heard
        if not is_heard:
            return
        try:
            os.write(pipe, BEAT)
        except BlockingIOError:
            pass  # full of beats that nobody has read yet: the supervisor is busy or stopped
        except OSError:
            is_heard = False
            alone()

    return beat
