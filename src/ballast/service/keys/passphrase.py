"""Passphrase: what opens the sealed file: a descriptor, a file, the environment, or a person.

The first that is there counts, in this order:

    --passphrase-fd N            an open descriptor the caller hands over
    --passphrase-file FILE       a file its owner alone may touch
    BALLAST_KEYS_PASSPHRASE      visible to this user's processes
    BALLAST_KEYS_PASSPHRASE_FILE a file, as systemd's credentials are
    the terminal                 asked without an echo
"""

from __future__ import annotations

import getpass
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ballast.core.errors import UserError
from ballast.core.settings import Secret
from ballast.service.keys.keyfile import read_private
from ballast.service.keys.sealed import PASSPHRASE_MIN

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "BALLAST_KEYS_PASSPHRASE"
FILE_VARIABLE = "BALLAST_KEYS_PASSPHRASE_FILE"
BYTES_MAX = 4_096


@dataclass(slots=True)
class Unlock:
    """Where the passphrase comes from; asked for once, and only when a file is to be opened."""

    environment: Mapping[str, str] = field(repr=False)
    file: Path | None = None
    descriptor: int | None = None
    variables: tuple[str, str] = (VARIABLE, FILE_VARIABLE)
    options: str = "--passphrase"
    prompt: str = "Passphrase of the keys: "
    _known: Secret | None = field(default=None, repr=False)

    def given(self) -> Secret:
        """Return the passphrase of a file that exists."""
        if self._known is None:
            self._known = self._silent() or ask(self.prompt, self._ways())
        return self._known

    def silent(self) -> Secret:
        """Return the passphrase if it can be had without asking anybody, else ''."""
        if self._known is None and (found := self._silent()):
            self._known = found
        return self._known or Secret("")

    def made(self) -> Secret:
        """Return the passphrase of a file that is to be made; a person says it twice."""
        if self._known is None:
            found = self._silent()
            if not found:
                found = ask(f"New {self.prompt[0].lower()}{self.prompt[1:]}", self._ways())
                if found != ask("The same again: ", self._ways()):
                    raise UserError("the two are not the same", where="passphrase")
            if len(found.reveal()) < PASSPHRASE_MIN:
                raise UserError(
                    "is too short",
                    where="passphrase",
                    expected=f"at least {PASSPHRASE_MIN} characters; five random words do well",
                )
            self._known = found
        return self._known

    def _silent(self) -> Secret:
        """Return what is there without asking anybody, '' for nothing."""
        direct, by_file = self.variables
        if self.descriptor is not None:
            return _of_descriptor(self.descriptor, f"{self.options}-fd {self.descriptor}")
        if self.file is not None:
            return _of_file(self.file)
        if self.environment.get(direct):
            return Secret(self.environment[direct])
        if self.environment.get(by_file):
            return _of_file(Path(self.environment[by_file]))
        return Secret("")

    def _ways(self) -> str:
        return f"set {self.variables[0]}, or say {self.options}-file FILE"


def ask(prompt: str, otherwise: str) -> Secret:
    """Ask the person at the terminal, without an echo; raise `UserError` where there is none."""
    if not sys.stdin.isatty():
        raise UserError(
            "there is no terminal to ask at", where=prompt.rstrip(": ").lower(), fix=otherwise
        )
    return Secret(getpass.getpass(prompt, stream=sys.stderr).strip())


def _of_file(path: Path) -> Secret:
    raw = read_private(path, most=BYTES_MAX)
    if raw is None:
        raise UserError("there is no such file", where=str(path))
    return _text(raw, str(path))


def _of_descriptor(descriptor: int, where: str) -> Secret:
    parts = []
    try:
        while part := os.read(descriptor, BYTES_MAX):
            parts.append(part)
            if sum(map(len, parts)) > BYTES_MAX:
                break
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", where=where) from None
    return _text(b"".join(parts), where)


def _text(raw: bytes, where: str) -> Secret:
    try:
        text = raw.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        text = ""
    if not text or len(raw) > BYTES_MAX or "\n" in text:
        raise UserError("holds no passphrase", where=where, expected="one line of text")
    return Secret(text)
