"""Source: the keys of one account for as long as a session lives.

Places are asked in a fixed order, and the first that has the account wins:

    environment   BALLAST_KEY__VENUE__ACCOUNT and its fellows
    file          the sealed file
    keyring       of the system, where there is one
    settings      network.api_key, for account main

A place that has the account and cannot be read is an error: the next one may hold keys that were
replaced. `current` reads again each time it is asked (a file of a kilobyte is opened with its
passphrase only if its content changed), so a rotation needs no restart. Once a session has keys,
a place that breaks later does not take them away: `problem` says what is wrong, and the venue has
the last word on what it accepts.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

from ballast.core.errors import UserError
from ballast.service.keys import redaction
from ballast.service.keys.account import account_of, venue_of
from ballast.service.keys.environment import Environment, FromSettings, names_of
from ballast.service.keys.keyfile import KeyFile
from ballast.service.keys.ring import open_ring
from ballast.service.keys.sealed import unseal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ballast.core.settings import NetworkSettings
    from ballast.service.keys.account import Keys
    from ballast.service.keys.passphrase import Unlock


class Place(Protocol):
    """Where keys may lie."""

    @property
    def name(self) -> str:
        """The place, for people."""
        ...

    def find(self, venue: str, account: str) -> Keys | None:
        """Return the keys of an account, None if the place does not have it."""
        ...

    def every(self) -> Iterable[Keys]:
        """Return all keys of the place."""
        ...


class Sealed:
    """The sealed file as a place: opened again whenever its content is another."""

    name = "file"

    def __init__(self, file: KeyFile, unlock: Unlock) -> None:
        """Take a file and what knows its passphrase."""
        self.file = file
        self._unlock = unlock
        self._digest = b""
        self._keys: tuple[Keys, ...] = ()

    def find(self, venue: str, account: str) -> Keys | None:
        """Return the keys of an account as the file has them now."""
        named = (one for one in self.every() if (one.venue, one.account) == (venue, account))
        return next(named, None)

    def every(self) -> tuple[Keys, ...]:
        """Return all keys as the file has them now."""
        raw = self.file.raw()
        digest = hashlib.blake2b(raw).digest() if raw is not None else b""
        if digest != self._digest:
            keys = unseal(raw, self._unlock.given(), self.file.where) if raw is not None else ()
            self._digest, self._keys = digest, keys
        return self._keys


class KeySource:
    """The keys of one account, as they are now."""

    def __init__(self, venue: str, account: str, places: Sequence[Place]) -> None:
        """Name the account and the places, first to last; `open_source` knows them."""
        self.venue = venue_of(venue)
        self.account = account_of(account)
        self.problem = ""
        """Why the places could not be read the last time, '' if they could."""
        self._places = places
        self._keys: Keys | None = None

    def __repr__(self) -> str:
        """Name the account only."""
        return f"KeySource({self.venue}/{self.account})"

    def current(self) -> Keys:
        """Return the newest keys; raise `UserError` if there never were any.

        Blocks for a third of a second when the sealed file changed: not for an event loop.
        """
        try:
            found = self._find()
        except UserError as error:
            if self._keys is None:
                raise
            self.problem = error.line()
            return self._keys
        self.problem = ""
        self._keys = found
        redaction.register(*found.texts())
        return found

    def _find(self) -> Keys:
        for place in self._places:
            if (keys := place.find(self.venue, self.account)) is not None:
                return keys
        names = ", ".join(names_of(self.venue, self.account))
        named = f" --account {self.account}"
        raise UserError(
            "there are no keys of this account",
            where=f"{self.venue}/{self.account}",
            fix=f"run `ballast keys add {self.venue}{named}`, or set {names}",
        )


def places_of(
    environment: Mapping[str, str], network: NetworkSettings, unlock: Unlock
) -> list[Place]:
    """Return the places keys may come from, first to last."""
    ring = open_ring()
    return [
        Environment(environment),
        Sealed(KeyFile(), unlock),
        *([ring] if ring is not None else []),
        FromSettings(network),
    ]


def open_source(
    venue: str,
    account: str,
    *,
    environment: Mapping[str, str],
    network: NetworkSettings,
    unlock: Unlock,
) -> KeySource:
    """Return the source of an account's keys, and keep this process from leaving core files."""
    redaction.no_core_files()
    return KeySource(venue, account, places_of(environment, network, unlock))
