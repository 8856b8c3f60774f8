r"""Environment: keys in variables, one set for each account.

    BALLAST_KEY__BINANCE__MAIN          the key
    BALLAST_SECRET__BINANCE__MAIN       its secret; a private key may have `\n` for its line ends
    BALLAST_PASSPHRASE__OKX__MAIN       its passphrase, where the venue has one

`BALLAST__NETWORK__API_KEY`, `..._API_SECRET` and `..._API_PASSPHRASE` are settings without a venue:
they are those of account `main`, and count only where nothing else is found.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ballast.core.errors import UserError
from ballast.core.settings import Secret
from ballast.service.keys.account import MAIN, VENUES, Keys, checked, tidied, venue_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ballast.core.settings import NetworkSettings

KEY, SECRET, PASSPHRASE = "BALLAST_KEY__", "BALLAST_SECRET__", "BALLAST_PASSPHRASE__"
PREFIXES = (KEY, SECRET, PASSPHRASE)
PLACE, SETTINGS_PLACE = "environment", "settings"


@dataclass(frozen=True, slots=True)
class Environment:
    """The variables of this process."""

    variables: Mapping[str, str] = field(repr=False)
    name: str = PLACE

    def find(self, venue: str, account: str) -> Keys | None:
        """Return the keys of an account, None if no variable names it."""
        names = [f"{prefix}{venue}__{account}".upper() for prefix in PREFIXES]
        key, secret, passphrase = (tidied(self.variables.get(name, "")) for name in names)
        if not (key or secret or passphrase):
            return None
        if not (key and secret):
            raise UserError("is not set, and its fellows are", where=names[1 if key else 0])
        return checked(Keys(venue, account, key, secret, passphrase, source=self.name))

    def every(self) -> Iterator[Keys]:
        """Yield the keys of all accounts that are named."""
        named = set()
        for variable in self.variables:
            prefix = next((one for one in PREFIXES if variable.startswith(one)), "")
            venue, _, account = variable.removeprefix(prefix).lower().partition("__")
            if not prefix:
                continue
            if not account:
                raise UserError(
                    "does not name an account", where=variable, expected=f"{prefix}VENUE__ACCOUNT"
                )
            named.add((venue_of(venue), account))
        for venue, account in sorted(named):
            if (keys := self.find(venue, account)) is not None:
                yield keys


@dataclass(frozen=True, slots=True)
class FromSettings:
    """The one pair among the settings; it names no venue."""

    network: NetworkSettings
    name: str = SETTINGS_PLACE

    def find(self, venue: str, account: str) -> Keys | None:
        """Return the pair as the keys of account `main` of the venue that is asked for."""
        network = self.network
        if account != MAIN or not (network.api_key or network.api_secret):
            return None
        if not (network.api_key and network.api_secret):
            missing = "api_secret" if network.api_key else "api_key"
            raise UserError("is not set, and its fellow is", where=f"network.{missing}")
        texts = (network.api_key, network.api_secret, network.api_passphrase)
        key, secret, passphrase = (tidied(text.reveal()) for text in texts)
        return checked(Keys(venue, account, key, secret, passphrase, source=self.name))

    def every(self) -> Iterator[Keys]:
        """Yield nothing: keys without a venue are listed by none."""
        yield from ()


def names_of(venue: str, account: str) -> tuple[str, ...]:
    """Return the variables that may hold the keys of an account."""
    count = 3 if VENUES[venue].has_passphrase else 2
    return tuple(f"{prefix}{venue}__{account}".upper() for prefix in PREFIXES[:count])


def secrets_of(variables: Mapping[str, str]) -> Iterator[Secret]:
    """Yield every secret text among variables, whatever names it, for what must not be printed."""
    exact = ("BALLAST_KEYS_PASSPHRASE", "BALLAST_KEYS_NEW_PASSPHRASE", "BALLAST__JOURNAL__URL")
    starts = (*PREFIXES, "BALLAST__NETWORK__API_")
    for name, text in variables.items():
        if text and (name.upper() in exact or name.upper().startswith(starts)):
            yield Secret(text)
