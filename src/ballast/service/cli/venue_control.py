"""Asking a venue that is being served, through its control interface on this machine."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPException

import msgspec

from ballast.core.errors import DataError, UserError

LOOPBACK = "127.0.0.1"
ANSWER_S = 60.0
"""Weeks of candles and an hour of orders are printed within a second."""
ANSWER_MAX = 1 << 30
OK = 200


class Kept(msgspec.Struct):
    """The answer to `GET /snapshot`."""

    now_ms: int
    snapshot: bytes


def snapshot(port: int) -> Kept:
    """Return the snapshot of the venue with this control port; raise `UserError` for none."""
    line = HTTPConnection(LOOPBACK, port, timeout=ANSWER_S)
    try:
        line.request("GET", "/snapshot")
        answer = line.getresponse()
        said = answer.read(ANSWER_MAX)
        if answer.status != OK:
            raise UserError(msgspec.json.decode(said)["error"], where=f"port {port}")
        return msgspec.json.decode(said, type=Kept)
    except (OSError, OverflowError, HTTPException) as problem:
        raise UserError(
            f"no venue answers on port {port}: {problem}",
            where="--control-port",
            fix="take the control_port that `venue serve` printed",
        ) from None
    except (msgspec.MsgspecError, KeyError, TypeError):
        raise DataError(f"what answers on port {port} is no control interface") from None
    finally:
        line.close()
