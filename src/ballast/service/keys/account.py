"""Account: the keys of one account at one venue, and what they must look like there."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from ballast.core.errors import UserError, suggest
from ballast.core.settings import Secret

MAIN = "main"
"""The account that is meant where none is named."""
TEXT_MIN, TEXT_MAX = 8, 8_192
"""Shorter is a slip of the hand; the longest secret, a private key of 4,096 bits, has 3,300."""
PEM = "-----BEGIN "
SHOWN, SHOWN_FROM = 4, 16
"""Letters of a key that are shown, and the length from which four give nothing away."""
UNSET = Secret("")
_ACCOUNT = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ALIASES = {
    "binanceusdm": "binance",
    "bybitlinear": "bybit",
    "okxswap": "okx",
    "coinbaseadvanced": "coinbase",
}
"""Spot and perpetuals of these are one account with one key."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the keys of a venue consist of."""

    has_passphrase: bool = False
    is_base64: bool = False
    """Whether the secret is decoded before it signs."""


VENUES = {
    "binance": Shape(),
    "bybit": Shape(),
    "okx": Shape(has_passphrase=True),
    "kraken": Shape(is_base64=True),
    "coinbase": Shape(),
}


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one account. They print as asterisks."""

    venue: str
    account: str
    key: Secret
    secret: Secret
    passphrase: Secret = UNSET
    added_ms: int = 0
    """When they came into the file or keyring; 0: not known."""
    source: str = ""

    @property
    def name(self) -> str:
        """Venue and account: `binance/main`."""
        return f"{self.venue}/{self.account}"

    def texts(self) -> tuple[Secret, Secret, Secret]:
        """Return key, secret and passphrase: what two keys are compared by."""
        return self.key, self.secret, self.passphrase


def venue_of(name: str) -> str:
    """Return the venue of a name as keys know it; raise `UserError` for an unknown one."""
    word = re.sub(r"[^a-z]", "", name.strip().lower())
    word = _ALIASES.get(word, word)
    if word not in VENUES:
        raise UserError(
            f"no venue '{name[:40]}'",
            expected="one of " + ", ".join(VENUES),
            fix=suggest(word[:40], VENUES),
        )
    return word


def account_of(name: str) -> str:
    """Return the name of an account, or raise `UserError`."""
    if not _ACCOUNT.fullmatch(name):
        raise UserError(
            f"'{name[:40]}' cannot name an account",
            where="--account",
            expected="small letters, digits and _, at most 40",
        )
    return name


def tidied(text: str) -> Secret:
    """Return a text as it was meant: no blanks around it, and a private key in lines.

    Venues hand out private keys in JSON, where a line end is written as two letters.
    """
    text = text.strip()
    if text.startswith(PEM):
        text = text.replace("\\n", "\n").replace("\r\n", "\n").strip() + "\n"
    return Secret(text)


def checked(keys: Keys) -> Keys:
    """Return the keys, or raise `UserError` for what their venue can never take."""
    shape = VENUES[keys.venue]
    _check_text(keys, "key", keys.key)
    _check_text(keys, "secret", keys.secret)
    if shape.has_passphrase and not keys.passphrase:
        raise UserError(f"{keys.venue} needs the passphrase of the key too", where=keys.name)
    if keys.passphrase and not shape.has_passphrase:
        raise UserError(f"{keys.venue} knows no passphrase of a key", where=keys.name)
    if shape.is_base64 and not _is_base64(keys.secret.reveal()):
        raise UserError(
            f"this is no secret of {keys.venue}",
            where=keys.name,
            expected="base64, as the venue shows it",
        )
    if keys.key == keys.secret:
        raise UserError("key and secret are the same text", where=keys.name)
    return keys


def _check_text(keys: Keys, what: str, text: Secret) -> None:
    plain = text.reveal()
    if not plain:
        raise UserError(f"the {what} is empty", where=keys.name)
    if not TEXT_MIN <= len(plain) <= TEXT_MAX:
        raise UserError(
            f"the {what} has {len(plain)} characters",
            where=keys.name,
            expected=f"{TEXT_MIN} to {TEXT_MAX:,}",
        )
    allowed = plain.replace("\n", "").replace(" ", "") if plain.startswith(PEM) else plain
    if not allowed.isascii() or not allowed.isprintable() or " " in allowed:
        raise UserError(
            f"the {what} holds blanks or characters no venue uses",
            where=keys.name,
            fix="copy it again",
        )


def _is_base64(text: str) -> bool:
    try:
        return bool(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return False


def masked(key: Secret) -> str:
    """Return what may be shown of a key, which is a name and no secret: `abcd... (64)`."""
    text = key.reveal()
    if not text:
        return ""
    shown = text[:SHOWN] if len(text) >= SHOWN_FROM else ""
    return f"{shown}... ({len(text)})"


def hidden(secret: Secret) -> str:
    """Return what may be shown of a secret: its length."""
    return f"{len(secret.reveal())} characters" if secret else ""
