"""Play: what a scenario is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.venues.clients.rows import Row
    from tests.e2e.live.auditing import Auditor
    from tests.e2e.live.hand import Hand
    from tests.e2e.live.session import Session

    from ballast.service.testing.venue import ServedVenue


@dataclass(frozen=True, slots=True)
class Play:
    """A session under way, its venue, and the market in the hand of the scenario."""

    session: Session
    venue: ServedVenue
    hand: Hand
    row: Row

    @property
    def auditor(self) -> Auditor:
        return self.session.auditor

    @property
    def front(self) -> Any:
        """The venue's front end."""
        return self.venue._opened.front

    def there(self, act: Callable[[], Any]) -> Any:
        """Do something in the venue's own thread."""
        return self.venue._there(act)

    @property
    def requests(self) -> int:
        """Return how many requests have reached the venue."""
        return int(self.venue.status()["requests"])

    @property
    def turned_away(self) -> int:
        """Return how many an outage kept away."""
        return int(self.venue.status()["turned_away"])
