"""Ring: keys in the keyring of the system, where the optional package `keyring` is installed.

One entry an account, under the service `ballast`, as a JSON text; and an entry `index` with the
names, for keyrings cannot be listed. Backends that keep texts in the clear or nowhere are not used.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ballast.core.errors import DataError, UserError
from ballast.core.settings import Secret
from ballast.service.keys.account import Keys

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICE, INDEX, PLACE = "ballast", "index", "keyring"
_UNSAFE = ("plaintext", "insecure", "null", "fail")
_PRIORITY_MIN = 1.0
"""What the package recommends: below are stores that keep texts as they are."""
FIX = 'install "ballast[keyring]" and log in where the system has a keyring'


class Ring:
    """The keyring behind `backend`; `open_ring` finds that of the system."""

    name = PLACE

    def __init__(self, backend: Any) -> None:  # noqa: ANN401 - an optional package's type
        """Take a backend of the package `keyring`."""
        self._backend = backend

    @property
    def where(self) -> str:
        """The backend, for people."""
        return f"{type(self._backend).__module__}.{type(self._backend).__name__}"

    def find(self, venue: str, account: str) -> Keys | None:
        """Return the keys of an account, None without an entry."""
        text = self._get(f"{venue}/{account}")
        return _keys(text, venue, account) if text is not None else None

    def every(self) -> Iterator[Keys]:
        """Yield the keys of every account of the index."""
        for name in self._names():
            venue, _, account = name.partition("/")
            if (keys := self.find(venue, account)) is not None:
                yield keys

    def put(self, keys: Keys) -> None:
        """Write an entry over the one before, named in the index first."""
        self._index({*self._names(), keys.name})
        texts = {"key": keys.key, "secret": keys.secret, "passphrase": keys.passphrase}
        plain = {name: text.reveal() for name, text in texts.items()}
        self._set(keys.name, json.dumps({**plain, "added_ms": keys.added_ms}))

    def remove(self, keys: Keys) -> None:
        """Delete an entry."""
        self._call("delete_password", keys.name)
        self._index({*self._names()} - {keys.name})

    def _names(self) -> list[str]:
        text = self._get(INDEX)
        try:
            return sorted(str(name) for name in json.loads(text)) if text else []
        except ValueError:
            raise DataError("the index of the keyring is damaged", where=self.where) from None

    def _index(self, names: set[str]) -> None:
        self._set(INDEX, json.dumps(sorted(names)))

    def _get(self, name: str) -> str | None:
        found = self._call("get_password", name)
        return None if found is None else str(found)

    def _set(self, name: str, text: str) -> None:
        self._call("set_password", name, text)

    def _call(self, method: str, *arguments: str) -> Any:  # noqa: ANN401 - text or nothing
        from keyring.errors import KeyringError  # noqa: PLC0415 - an optional package

        try:
            return getattr(self._backend, method)(SERVICE, *arguments)
        except (KeyringError, OSError, RuntimeError) as error:
            # Its own words could hold what was to be kept; the kind of error says enough.
            raise UserError(
                f"the keyring refuses ({type(error).__name__})",
                where=self.where,
                fix="unlock it, or keep the keys in the sealed file",
            ) from None


def open_ring() -> Ring | None:
    """Return the keyring of the system; None without the package, or without one that is safe."""
    try:
        import keyring  # noqa: PLC0415 - an optional package
    except ImportError:
        return None
    backend = keyring.get_keyring()
    name = f"{type(backend).__module__}.{type(backend).__name__}".lower()
    if float(backend.priority) < _PRIORITY_MIN or any(word in name for word in _UNSAFE):
        return None
    return Ring(backend)


def _keys(text: str, venue: str, account: str) -> Keys:
    try:
        row = json.loads(text)
        key, secret, passphrase = (Secret(row[name]) for name in ("key", "secret", "passphrase"))
        return Keys(venue, account, key, secret, passphrase, int(row["added_ms"]), PLACE)
    except (ValueError, KeyError, TypeError):
        raise DataError("the entry is damaged", where=f"keyring {venue}/{account}") from None
