"""`ballast keys`: add, list, rotate, remove, check, and every way it refuses."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import keyring
import pytest
from tests.fakes import canary
from tests.fakes.keyrings import Memory
from tests.fakes.shell import Done, ballast, tree

from ballast.core.errors import DataError
from ballast.core.settings import Secret
from ballast.service.cli.keys import _of_secret_file
from ballast.service.keys import keyfile, sealed
from ballast.service.keys import ring as rings
from ballast.service.keys.keyfile import KeyFile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PHRASE = {"BALLAST_KEYS_PASSPHRASE": canary.PHRASE}
BINANCE = {
    "BALLAST_KEY__BINANCE__MAIN": "A1b2" + canary.KEY,
    "BALLAST_SECRET__BINANCE__MAIN": canary.SECRET,
}
NEWER = {**BINANCE, "BALLAST_KEY__BINANCE__MAIN": "Z9y8" + canary.KEY}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least work a file may ask for, and no keyring of whoever runs the tests."""
    monkeypatch.setattr(keyfile.KeyFile.__init__, "__kwdefaults__", {"cost": sealed.COST_MIN})
    monkeypatch.setattr(rings, "_PRIORITY_MIN", 1e9)


def keys(
    home: Path, *arguments: str, held: Mapping[str, str] | None = None, sealed: bool = True
) -> Done:
    """Run `ballast keys`; whatever it says gives nothing away."""
    environment = {**(PHRASE if sealed else {}), **(held or {})}
    done = ballast(home, "keys", *arguments, environment=environment)
    canary.assert_unseen(done.out + done.err, arguments)
    return done


def kept(home: Path) -> Any:
    return keys(home, "list", "--json").json()["keys"]


def file_of(home: Path) -> KeyFile:
    return KeyFile(home / ".keys" / "venues.keys")


def test_from_nothing_to_a_rotated_key_and_back(tmp_path: Path) -> None:
    """R-SEC-03, R-SEC-05: the life of a key, and what is shown of it."""
    assert kept(tmp_path) == []
    added = keys(tmp_path, "add", "binance", "--from-env", "--json", held=BINANCE).json()
    assert (added["added"], added["key"]) == ("binance/main", "A1b2... (40)")
    assert kept(tmp_path) == [
        {"venue": "binance", "account": "main", "place": "file", "key": "A1b2... (40)",
         "secret": "44 characters", "passphrase": "", "age_days": 0, "counts": True}
    ]  # fmt: skip
    again = keys(tmp_path, "add", "binance", "--from-env", held=BINANCE).mistake()
    assert "run `ballast keys rotate binance --account main`" in again
    assert keys(tmp_path, "rotate", "BINANCEUSDM", "--from-env", held=NEWER).code == 0
    assert [row["key"] for row in kept(tmp_path)] == ["Z9y8... (40)"]
    held = file_of(tmp_path).read(Secret(canary.PHRASE))
    assert held[0].secret.reveal() == canary.SECRET
    assert keys(tmp_path, "check").code == 0
    gone = keys(tmp_path, "remove", "binance")
    assert "delete the key at binance too" in gone.err
    assert kept(tmp_path) == []
    for verb in ("rotate", "remove"):
        assert "keys add binance" in keys(tmp_path, verb, "binance").mistake()


def test_the_environment_counts_before_the_file_and_the_list_says_so(tmp_path: Path) -> None:
    """Old keys in a forgotten variable would win over those that were rotated."""
    done = keys(tmp_path, "add", "binance", "--from-env", held=BINANCE)
    assert "unset the variables now" in done.err
    rows = keys(tmp_path, "list", "--json", held=NEWER).json()["keys"]
    assert [(row["place"], row["counts"]) for row in rows] == [
        ("environment", True), ("file", False)
    ]  # fmt: skip
    assert "not used" in keys(tmp_path, "check", held=NEWER).out


def test_two_accounts_of_a_venue_with_one_key_are_remarked(tmp_path: Path) -> None:
    second = {name.replace("MAIN", "TWO"): text for name, text in BINANCE.items()}
    keys(tmp_path, "add", "binance", "--from-env", held=BINANCE)
    keys(tmp_path, "add", "binance", "--account", "two", "--from-env", held=second)
    assert "the same key as binance/main" in keys(tmp_path, "check").out


def test_an_old_key_is_remarked(tmp_path: Path) -> None:
    """R-SEC-05: network.key_days."""
    keys(tmp_path, "add", "binance", "--from-env", held=BINANCE)
    file_of(tmp_path).change(
        Secret(canary.PHRASE), lambda known: [replace(one, added_ms=1) for one in known]
    )
    remarks = keys(tmp_path, "check", "--json").json()["remarks"]
    (old,) = [one for one in remarks if one["state"] == "warning"]
    assert "network.key_days is 90" in old["found"]
    assert "keys rotate binance" in old["fix"]


def test_another_passphrase(tmp_path: Path) -> None:
    keys(tmp_path, "add", "binance", "--from-env", held=BINANCE)
    other = {"BALLAST_KEYS_NEW_PASSPHRASE": "another five random words"}
    assert keys(tmp_path, "passphrase", "--json", held=other).json()["accounts"] == 1
    assert "the passphrase does not open it" in keys(tmp_path, "list").mistake()
    opened = {"BALLAST_KEYS_PASSPHRASE": other["BALLAST_KEYS_NEW_PASSPHRASE"]}
    assert len(keys(tmp_path, "list", "--json", held=opened).json()["keys"]) == 1


def test_the_keyring_of_the_system_keeps_keys_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Added, rotated, removed there; no file is made, and no passphrase asked for."""
    monkeypatch.setattr(rings, "_PRIORITY_MIN", 1.0)
    before, backend = keyring.get_keyring(), Memory()
    keyring.set_keyring(backend)
    try:
        added = keys(tmp_path, "add", "binance", "--from-env", "--to", "keyring", "--json",
                     held=BINANCE, sealed=False).json()  # fmt: skip
        assert added["where"].endswith(".Memory")
        assert keys(tmp_path, "rotate", "binance", "--from-env", held=NEWER, sealed=False).code == 0
        (row,) = keys(tmp_path, "list", "--json", sealed=False).json()["keys"]
        assert (row["place"], row["key"], row["counts"]) == ("keyring", "Z9y8... (40)", True)
        assert keys(tmp_path, "remove", "binance", sealed=False).code == 0
        assert keys(tmp_path, "list", "--json", sealed=False).json()["keys"] == []
        assert [name for _, name in backend.kept] == ["index"]
    finally:
        keyring.set_keyring(before)
    assert not file_of(tmp_path).exists()


def test_a_private_key_comes_from_a_file_of_its_owner(tmp_path: Path) -> None:
    """A key in PEM cannot be typed; one that others can read is refused."""
    pem = tmp_path / "cdp.pem"
    pem.write_text("-----BEGIN EC PRIVATE KEY-----\nMHcC\n-----END EC PRIVATE KEY-----\n")
    pem.chmod(0o644)
    with pytest.raises(DataError, match="others may touch it"):
        _of_secret_file(pem)
    pem.chmod(0o600)
    assert _of_secret_file(pem).reveal() == pem.read_text()


# Refusals ----------------------------------------------------------------------------------

WRONG: dict[str, tuple[tuple[str, ...], Mapping[str, str], str]] = {
    "a key as argument": (("add", "binance", canary.KEY), {}, "keys are never arguments"),
    "a secret as argument": (("rotate", "okx", "k", canary.SECRET), {}, "keys are never arguments"),
    "nothing to take": (("add", "okx", "--from-env"), {}, "BALLAST_PASSPHRASE__OKX__MAIN: are not"),
    "no terminal": (("add", "binance"), {}, "there is no terminal to ask at"),
    "no venue": (("add", "binanse", "--from-env"), BINANCE, "did you mean 'binance'"),
    "no account": (("add", "binance", "--account", "A B", "--from-env"), BINANCE, "cannot name"),
    "no place": (("add", "binance", "--from-env", "--to", "cloud"), BINANCE, "file or keyring"),
    "no keyring": (("add", "binance", "--from-env", "--to", "keyring"), BINANCE, "no keyring"),
    "half a pair": (("list",), {"BALLAST_KEY__OKX__MAIN": canary.KEY}, "BALLAST_SECRET__OKX__MAIN"),
    "a short passphrase": (
        ("add", "binance", "--from-env"), {**BINANCE, "BALLAST_KEYS_PASSPHRASE": "short"},
        "is too short",
    ),
    "no passphrase file": (("list", "--passphrase-file", "none"), {}, ""),
    "an option for it": (("add", "binance", f"--secret={canary.SECRET}"), {}, "No such option"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_wrong_input_is_one_line_and_writes_nothing(what: str, tmp_path: Path) -> None:
    """S1: also where the secret itself was typed as an argument."""
    arguments, held, said = WRONG[what]
    done = keys(tmp_path, *arguments, held=held)
    if what == "no passphrase file":
        assert done.code == 0, "there is no file of keys to open"
    else:
        assert said in done.mistake()
    assert "venues.keys" not in str(tree(tmp_path))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-40]), "damaged"),
        (lambda path: path.chmod(0o644), "others may touch it (mode 0644); chmod 600"),
        (lambda path: path.parent.chmod(0o777), "others may write into it"),
    ],
)
@pytest.mark.parametrize("verb", ["list", "add", "rotate", "remove", "passphrase", "check"])
def test_a_file_that_cannot_be_trusted_is_one_line(
    verb: str, spoil: Any, said: str, tmp_path: Path
) -> None:
    """S8: refused by every verb, and left as it is."""
    keys(tmp_path, "add", "binance", "--from-env", held=BINANCE)
    path = file_of(tmp_path).path
    spoil(path)
    before = path.read_bytes()
    more = {"add": ("binance", "--from-env"), "rotate": ("binance", "--from-env"),
            "remove": ("binance",)}.get(verb, ())  # fmt: skip
    held = {**BINANCE, "BALLAST_KEYS_NEW_PASSPHRASE": "another five random words"}
    done = keys(tmp_path, verb, *more, held=held)
    if verb == "check":
        assert done.code == 1
        assert said.split(";", maxsplit=1)[0] in done.out
    else:
        assert said.split(";", maxsplit=1)[0] in done.mistake()
    assert path.read_bytes() == before
    path.parent.chmod(0o700)


def test_without_a_passphrase_and_a_terminal_the_way_is_shown(tmp_path: Path) -> None:
    keys(tmp_path, "add", "binance", "--from-env", held=BINANCE)
    line = keys(tmp_path, "list", sealed=False).mistake()
    assert "set BALLAST_KEYS_PASSPHRASE, or say --passphrase-file FILE" in line


# The terminal ------------------------------------------------------------------------------


def test_at_a_terminal_everything_is_asked_for_without_an_echo(tmp_path: Path) -> None:
    """Key, secret and a new passphrase, said twice; what is typed is seen nowhere."""
    answers = [canary.KEY, canary.SECRET, canary.PHRASE, canary.PHRASE]
    ours, theirs = pty.openpty()
    clean = {name: text for name, text in os.environ.items() if not name.startswith("BALLAST")}
    code = "from ballast.service.cli.main import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "keys", "add", "kraken"],
        stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path,
        env={**clean, "BALLAST_KEYS": str(tmp_path / "keys")}, start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        assert process.stdout is not None
        said = b""
        for answer in answers:
            asked = b""
            while not asked.endswith(b": "):
                assert select.select([process.stderr], [], [], 60)[0], said
                asked += os.read(process.stderr.fileno(), 1)
            said += asked
            os.write(ours, answer.encode() + b"\n")
        out = process.stdout.read()
        said += out + process.stderr.read()
        assert process.wait(60) == 0, said
    echoed = os.read(ours, 65_536) if select.select([ours], [], [], 0)[0] else b""
    os.close(theirs)
    os.close(ours)
    canary.assert_unseen((said + echoed).decode())
    assert b"cN4r... (36)" in out
    (held,) = KeyFile(tmp_path / "keys" / "venues.keys").read(Secret(canary.PHRASE))
    assert held.secret.reveal() == canary.SECRET
