"""Asked: what every venue's request has in common: when it arrived, and for whom it was signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ballast.venues.simulated.fronts.keys import ApiKey

NS_MS = 1_000_000


class Asked:
    """One request; a venue's own class adds what was sent, and how it is read."""

    __slots__ = ()
    now_ns: int
    """The venue's time."""
    key: ApiKey | None

    @property
    def now_ms(self) -> int:
        """The venue's time in milliseconds."""
        return self.now_ns // NS_MS

    @property
    def account(self) -> int:
        """The account of a signed request."""
        assert self.key is not None  # noqa: S101 - the route demands a signature
        return self.key.account
