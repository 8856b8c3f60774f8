"""Keys: which accounts have keys, masked, and how they are kept; nobody is asked for anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ballast.service.doctor.finding import OK, PROBLEM, Finding, tried
from ballast.service.keys.listing import remarks_of
from ballast.service.keys.source import Sealed, places_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ballast.core.settings import NetworkSettings
    from ballast.service.keys.keyfile import KeyFile
    from ballast.service.keys.passphrase import Unlock

CHECK = "keys"
OPENS = "the passphrase is at hand"


def key_findings(
    environment: Mapping[str, str], network: NetworkSettings, unlock: Unlock, now_ms: int
) -> Iterator[Finding]:
    """Yield what can be said of keys without asking a person or a venue."""
    places = places_of(environment, network, unlock)
    file = next(place.file for place in places if isinstance(place, Sealed))
    opened = tried(
        "passphrase", lambda: _opens(unlock), "mend what BALLAST_KEYS_PASSPHRASE_FILE names"
    )
    if opened.state == PROBLEM:
        yield opened
    if file.exists() and opened.found != OPENS:
        places = [place for place in places if not isinstance(place, Sealed)]
        yield tried(CHECK, lambda: _closed(file), "mend it: no session starts so")
    remarks = list(remarks_of(places, now_ms, network.key_days))
    for one in remarks:
        name = f"{CHECK} {one.account}".strip()
        yield Finding(name, one.state, f"{one.place}: {one.found}", one.fix)
    if network.api_key:
        yield Finding(CHECK, OK, "settings: network.api_key is set, for account main")
    if not remarks and not file.exists() and not network.api_key:
        yield Finding(CHECK, OK, "none; paper and research need none")


def _opens(unlock: Unlock) -> str:
    return OPENS if unlock.silent() else ""


def _closed(file: KeyFile) -> str:
    """Look at a file that nobody gave the passphrase of; raise `DataError` for open permissions."""
    file.raw()
    return f"file: {file.where}, mode {file.mode()}, sealed; not opened, no passphrase was given"
