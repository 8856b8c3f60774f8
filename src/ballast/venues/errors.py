"""What can go wrong with a venue, split by what the caller should do.

VenueFaultError        one question failed and may be asked again; never leaves this room
VenueUnavailableError  asking again now is useless: exit code 75, try later
core.errors.DataError  the question itself is wrong (symbol, timeframe): exit code 2
"""

from __future__ import annotations

from ballast.core.errors import UserError


class VenueFaultError(Exception):
    """A question to a venue failed in a way that may pass. `status` is HTTP's, 0 without one."""

    def __init__(self, what: str, *, status: int = 0, retry_after_s: float | None = None) -> None:
        self.what = what
        self.status = status
        self.retry_after_s = retry_after_s
        super().__init__(what)


class VenueUnavailableError(UserError):
    """The venue does not answer, or has asked us to stay away. Nothing of ours is wrong."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h: try again later
