"""`ballast keys`: the keys of venue accounts: add, list, rotate, remove, check.

No verb takes a key as an argument: arguments stand in the history of the shell and in the list of
processes.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ballast.service.cli import options
from ballast.service.cli.guard import NO
from ballast.service.cli.output import JsonFlag, Table, columns_of, emit, note

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ballast.core.settings import Secret
    from ballast.service.keys.account import Keys
    from ballast.service.keys.passphrase import Unlock
    from ballast.service.keys.source import Place

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Keys of venue accounts.")

VenueArgument = Annotated[
    str, typer.Argument(help="binance, bybit, okx, kraken or coinbase.", show_default=False)
]
AccountOption = Annotated[str, typer.Option("--account", help="Which account there.")]
FileOption = Annotated[
    Path | None, typer.Option("--passphrase-file", help="File with the passphrase, mode 0600.")
]
DescriptorOption = Annotated[
    int | None, typer.Option("--passphrase-fd", min=0, help="Open descriptor to read it from.")
]
FromEnvironment = Annotated[
    bool, typer.Option("--from-env", help="Take the keys from BALLAST_KEY__VENUE__ACCOUNT etc.")
]
SecretFile = Annotated[
    Path | None, typer.Option("--secret-file", help="File with the secret: a private key in PEM.")
]
MORE = {"allow_extra_args": True}
"""More arguments reach the verb, so that it refuses them without repeating what they say."""
COLUMNS = ("venue", "account", "place", "key", "secret", "passphrase", "age_days", "counts")


@app.command(context_settings=MORE)
def add(
    context: typer.Context,
    venue: VenueArgument,
    account: AccountOption = "main",
    from_env: FromEnvironment = False,
    secret_file: SecretFile = None,
    to: Annotated[str, typer.Option(help="file or keyring.")] = "file",
    passphrase_file: FileOption = None,
    passphrase_fd: DescriptorOption = None,
    json: JsonFlag = False,
) -> None:
    """Keep the keys of an account: asked for at the terminal, or taken from the environment."""
    from ballast.core.errors import UserError

    _refuse(context.args)
    keys = _entered(venue, account, from_env, secret_file)
    unlock = unlock_of(passphrase_file, passphrase_fd)

    def appended(known: Iterable[Keys]) -> list[Keys]:
        known = list(known)
        if any(one.name == keys.name for one in known):
            raise UserError(
                "there are keys of this account already",
                where=keys.name,
                fix=f"run `ballast keys rotate {keys.venue} --account {keys.account}`",
            )
        return [*known, keys]

    where = _write(keys, to, unlock, appended)
    _said("added", keys, where, json=json)
    if from_env and not json:
        note("unset the variables now: the environment comes before the file")


@app.command(context_settings=MORE)
def rotate(
    context: typer.Context,
    venue: VenueArgument,
    account: AccountOption = "main",
    from_env: FromEnvironment = False,
    secret_file: SecretFile = None,
    passphrase_file: FileOption = None,
    passphrase_fd: DescriptorOption = None,
    json: JsonFlag = False,
) -> None:
    """Put new keys in the place of an account's old ones; a running session notices."""
    _refuse(context.args)
    unlock = unlock_of(passphrase_file, passphrase_fd)
    place = _home_of(venue, account, unlock)
    keys = _entered(venue, account, from_env, secret_file)

    def replaced(known: Iterable[Keys]) -> list[Keys]:
        return [*(one for one in known if one.name != keys.name), keys]

    _said("rotated", keys, _write(keys, place, unlock, replaced), json=json)
    if not json:
        note(f"delete the old key at {keys.venue} once the session has taken the new one")


@app.command("list")
def list_keys(
    passphrase_file: FileOption = None,
    passphrase_fd: DescriptorOption = None,
    json: JsonFlag = False,
) -> None:
    """List the keys, masked, and which of them count where a place hides another."""
    from ballast.service.keys.listing import rows_of

    rows = rows_of(_places(unlock_of(passphrase_file, passphrase_fd)), _now_ms())
    emit({"keys": rows}, json=json, tables=[columns_of(rows, COLUMNS)] if rows else [])
    if not rows and not json:
        note("no keys; `ballast keys add VENUE` keeps some")


@app.command(context_settings=MORE)
def remove(
    context: typer.Context,
    venue: VenueArgument,
    account: AccountOption = "main",
    passphrase_file: FileOption = None,
    passphrase_fd: DescriptorOption = None,
    json: JsonFlag = False,
) -> None:
    """Forget the keys of an account; they go on working at the venue until deleted there."""
    from ballast.service.keys.account import venue_of
    from ballast.service.keys.keyfile import KeyFile

    _refuse(context.args)
    unlock = unlock_of(passphrase_file, passphrase_fd)
    place = _home_of(venue, account, unlock)
    name = f"{venue_of(venue)}/{account}"
    if place == "keyring":
        ring = _ring()
        ring.remove(next(one for one in ring.every() if one.name == name))
    else:
        KeyFile().change(unlock.given(), lambda known: [one for one in known if one.name != name])
    emit({"removed": name, "place": place}, json=json)
    if not json:
        note(f"delete the key at {venue_of(venue)} too: it still works there")


@app.command()
def passphrase(
    passphrase_file: FileOption = None,
    passphrase_fd: DescriptorOption = None,
    new_passphrase_file: Annotated[
        Path | None, typer.Option(help="File with the new passphrase, mode 0600.")
    ] = None,
    new_passphrase_fd: Annotated[
        int | None, typer.Option(min=0, help="Open descriptor to read the new one from.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Seal the file under another passphrase."""
    from ballast.service.keys.keyfile import KeyFile
    from ballast.service.keys.passphrase import Unlock

    old = unlock_of(passphrase_file, passphrase_fd)
    new = Unlock(
        os.environ,
        new_passphrase_file,
        new_passphrase_fd,
        variables=("BALLAST_KEYS_NEW_PASSPHRASE", "BALLAST_KEYS_NEW_PASSPHRASE_FILE"),
        options="--new-passphrase",
    )
    file = KeyFile()
    known = file.read(_of_a_file(file, old))
    file.change(old.given(), list, new_passphrase=new.made())
    emit({"file": file.where, "accounts": len(known)}, json=json)
    if not json:
        note("a running session has the old one: it keeps its keys, and needs a restart for others")


@app.command()
def check(
    passphrase_file: FileOption = None,
    passphrase_fd: DescriptorOption = None,
    json: JsonFlag = False,
) -> None:
    """Look at every key and where it lies: permissions, age, form; exit 1 on a problem."""
    from ballast.service.keys.listing import remarks_of

    config = options.config()
    unlock = unlock_of(passphrase_file, passphrase_fd)
    remarks = list(remarks_of(_places(unlock), _now_ms(), config.settings.network.key_days))
    ok = all(one.state != "problem" for one in remarks)
    columns = ("account", "place", "state", "found", "fix")
    rows = [[getattr(one, name) for name in columns] for one in remarks]
    emit({"ok": ok, "remarks": remarks}, json=json, tables=[Table(columns, rows)] if rows else [])
    if not remarks and not json:
        note("no keys; `ballast keys add VENUE` keeps some")
    if not ok:
        raise typer.Exit(NO)


# Parts -----------------------------------------------------------------------------------


def _refuse(rest: Sequence[str]) -> None:
    """Refuse more arguments without repeating them: one of them may be a secret."""
    from ballast.core.errors import UserError

    if rest:
        raise UserError(
            "keys are never arguments: others see them there",
            fix="say none, and be asked; what you typed is in the history of your shell",
        )


def unlock_of(file: Path | None, descriptor: int | None) -> Unlock:
    """Return where the passphrase comes from; from now on this process writes no core file."""
    from ballast.service.keys.passphrase import Unlock
    from ballast.service.keys.redaction import no_core_files

    no_core_files()
    return Unlock(os.environ, file, descriptor)


def _of_a_file(file: Any, unlock: Unlock) -> Secret:  # noqa: ANN401 - loaded late
    """Return the passphrase, of a new file too: there a person says it twice."""
    return unlock.given() if file.exists() else unlock.made()


def _places(unlock: Unlock) -> list[Place]:
    from ballast.service.keys.source import places_of

    return places_of(os.environ, options.config().settings.network, unlock)


def _entered(venue: str, account: str, from_env: bool, secret_file: Path | None) -> Keys:
    """Return the keys a person gives; raise `UserError` for what the venue can never take."""
    from dataclasses import replace

    from ballast.core.errors import UserError
    from ballast.service.keys.account import VENUES, Keys, account_of, checked, tidied, venue_of
    from ballast.service.keys.environment import Environment, names_of
    from ballast.service.keys.passphrase import ask

    venue, account = venue_of(venue), account_of(account)
    names = names_of(venue, account)
    if from_env:
        found = Environment(os.environ).find(venue, account)
        if found is None:
            raise UserError("are not set", where=" and ".join(names))
        return replace(found, added_ms=_now_ms())
    otherwise = f"set {', '.join(names)} and say --from-env"
    key = tidied(ask(f"Key of {venue}/{account}: ", otherwise).reveal())
    secret = (
        _of_secret_file(secret_file)
        if secret_file is not None
        else tidied(ask("Its secret: ", otherwise).reveal())
    )
    phrase = ask("Its passphrase: ", otherwise) if VENUES[venue].has_passphrase else tidied("")
    return checked(Keys(venue, account, key, secret, phrase, _now_ms()))


def _of_secret_file(path: Path) -> Secret:
    from ballast.core.errors import DataError
    from ballast.service.keys.account import tidied
    from ballast.service.keys.keyfile import read_private

    raw = read_private(path)
    if raw is None:
        raise DataError("there is no such file", where=str(path))
    try:
        return tidied(raw.decode())
    except UnicodeDecodeError:
        raise DataError("is no text", where=str(path), expected="the secret alone") from None


def _home_of(venue: str, account: str, unlock: Unlock) -> str:
    """Return the place that keeps an account and can be written; `UserError` if there is none."""
    from ballast.core.errors import UserError
    from ballast.service.keys.account import account_of, venue_of

    venue, account = venue_of(venue), account_of(account)
    for place in _places(unlock):
        if place.name in {"file", "keyring"} and place.find(venue, account) is not None:
            return place.name
    raise UserError(
        "neither file nor keyring has keys of this account",
        where=f"{venue}/{account}",
        fix=f"run `ballast keys add {venue} --account {account}`",
    )


def _write(keys: Keys, place: str, unlock: Unlock, act: Any) -> str:  # noqa: ANN401 - a function
    """Write keys to a place through what makes the new list of the old; return where."""
    from ballast.core.errors import UserError
    from ballast.service.keys.keyfile import KeyFile

    if place == "file":
        file = KeyFile()
        file.change(_of_a_file(file, unlock), act)
        return file.where
    if place != "keyring":
        raise UserError(f"'{place}' is no place", where="--to", expected="file or keyring")
    ring = _ring()
    act(ring.every())
    ring.put(keys)
    return str(ring.where)


def _ring() -> Any:  # noqa: ANN401 - loaded late
    from ballast.core.errors import UserError
    from ballast.service.keys.ring import FIX, open_ring

    ring = open_ring()
    if ring is None:
        raise UserError("there is no keyring that is safe", where="--to keyring", fix=FIX)
    return ring


def _said(what: str, keys: Keys, where: str, *, json: bool) -> None:
    from ballast.service.keys.account import hidden, masked

    shown = {
        what: keys.name,
        "key": masked(keys.key),
        "secret": hidden(keys.secret),
        "passphrase": hidden(keys.passphrase),
        "where": where,
    }
    emit(shown, json=json)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
