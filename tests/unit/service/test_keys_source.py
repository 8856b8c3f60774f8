"""Where keys come from, which place counts, how a rotation is noticed, what stays hidden."""

from __future__ import annotations

import copy
import os
import sys
import traceback
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import keyring
import pytest
from tests.fakes import canary
from tests.fakes.keyrings import Memory

from ballast.core.errors import DataError, UserError
from ballast.core.settings import NetworkSettings, Secret
from ballast.service.keys import ring as rings
from ballast.service.keys.account import Keys, checked, hidden, masked, tidied, venue_of
from ballast.service.keys.environment import Environment, FromSettings
from ballast.service.keys.keyfile import KeyFile
from ballast.service.keys.passphrase import Unlock, ask
from ballast.service.keys.ring import Ring, open_ring
from ballast.service.keys.sealed import COST_MIN
from ballast.service.keys.source import KeySource, Sealed, open_source

if TYPE_CHECKING:
    from pathlib import Path

PHRASE = Secret("five random words do well")
KEY, SECRET = "K" * 40, "S" * 40


def keys(key: str = KEY, secret: str = SECRET, venue: str = "binance", **more: Any) -> Keys:
    return Keys(venue, more.pop("account", "main"), Secret(key), Secret(secret), **more)


def variables(key: str = KEY, secret: str = SECRET, name: str = "BINANCE__MAIN") -> dict[str, str]:
    return {f"BALLAST_KEY__{name}": key, f"BALLAST_SECRET__{name}": secret}


def unlock(phrase: str = PHRASE.reveal()) -> Unlock:
    return Unlock({"BALLAST_KEYS_PASSPHRASE": phrase})


# What keys look like -----------------------------------------------------------------------


def test_keys_print_as_asterisks_however_they_are_printed() -> None:
    """S1, R-SEC-11."""
    held = Keys("kraken", "main", Secret(canary.KEY), Secret(canary.SECRET), Secret(canary.PHRASE))
    shown = f"{held} {held!r} {held.secret!s:>9} {asdict(held)} {copy.deepcopy(held)} %s" % (
        held.secret,
    )
    canary.assert_unseen(shown)
    assert masked(held.key) == f"{canary.KEY[:4]}... (36)"
    assert hidden(held.secret) == "44 characters"
    assert masked(Secret("short-key")) == "... (9)", "four letters of a short one are too much"


PEM = "-----BEGIN EC PRIVATE KEY-----\\nMHcCAQEEIA\\n-----END EC PRIVATE KEY-----\\n"
WRONG = {
    "no key": (keys(""), "the key is empty"),
    "no secret": (keys(secret=""), "the secret is empty"),
    "a slip": (keys("abc"), "the key has 3 characters"),
    "a novel": (keys("a" * 9_000), "the key has 9000 characters"),
    "a blank inside": (keys("abcd efgh ijkl"), "holds blanks"),
    "a strange letter": (keys("abcdefgh\u200b"), "holds blanks or characters no venue uses"),
    "twice the same": (keys(KEY, KEY), "key and secret are the same"),
    "okx without": (keys(venue="okx"), "okx needs the passphrase"),
    "bybit with": (keys(venue="bybit", passphrase=Secret("x" * 9)), "bybit knows no passphrase"),
    "kraken in no base64": (keys(KEY, "not*base64", "kraken"), "no secret of kraken"),
}


@pytest.mark.parametrize("what", WRONG)
def test_keys_no_venue_takes_are_refused_without_being_shown(what: str) -> None:
    held, said = WRONG[what]
    with pytest.raises(UserError) as error:
        checked(held)
    line = error.value.line()
    assert said in line
    assert not held.key or held.key.reveal() not in line


def test_private_keys_get_their_line_ends_back() -> None:
    """Venues hand them out in JSON."""
    secret = tidied(f"  {PEM} ")
    assert secret.reveal().splitlines()[1] == "MHcCAQEEIA"
    assert secret.reveal().endswith("-----\n")
    assert checked(keys(secret=secret.reveal(), venue="coinbase")).secret == secret
    assert tidied(" a\\nb ").reveal() == "a\\nb", "only a private key has lines"


def test_spot_and_perpetuals_of_a_venue_are_one_account() -> None:
    names = ("BINANCE", "BINANCEUSDM", "binance-usdm", "OKXSWAP", "bybit", "Coinbase Advanced")
    assert [venue_of(name) for name in names] == [
        "binance", "binance", "binance", "okx", "bybit", "coinbase"
    ]  # fmt: skip
    with pytest.raises(UserError, match="did you mean 'kraken'"):
        venue_of("krakn")


# Places ------------------------------------------------------------------------------------


def test_the_environment_has_a_set_for_each_account() -> None:
    """R-SEC-01."""
    both = {**variables(), **variables("k" * 20, "s" * 20, "OKX__SUB_2"),
            "BALLAST_PASSPHRASE__OKX__SUB_2": "phrase 7"}  # fmt: skip
    place = Environment(both)
    assert [one.name for one in place.every()] == ["binance/main", "okx/sub_2"]
    found = place.find("okx", "sub_2")
    assert found is not None
    assert found.passphrase.reveal() == "phrase 7"
    assert place.find("binance", "other") is None


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ({"BALLAST_KEY__BINANCE__MAIN": KEY}, "BALLAST_SECRET__BINANCE__MAIN: is not set"),
        ({"BALLAST_SECRET__BINANCE__MAIN": KEY}, "BALLAST_KEY__BINANCE__MAIN: is not set"),
        ({"BALLAST_KEY__BINANCE": KEY}, "does not name an account"),
        (variables(name="BINANC__MAIN"), "did you mean 'binance'"),
    ],
)
def test_half_a_set_is_a_mistake_and_not_no_set(held: dict[str, str], said: str) -> None:
    with pytest.raises(UserError) as error:
        list(Environment(held).every())
    assert said in error.value.line()


def test_the_pair_of_the_settings_is_that_of_account_main() -> None:
    network = NetworkSettings(api_key=Secret(KEY), api_secret=Secret(SECRET))
    place = FromSettings(network)
    assert place.find("bybit", "main") == keys(venue="bybit", source="settings")
    assert place.find("bybit", "other") is None
    assert list(place.every()) == []
    with pytest.raises(UserError, match=r"network\.api_secret: is not set"):
        FromSettings(NetworkSettings(api_key=Secret(KEY))).find("bybit", "main")


def test_a_keyring_keeps_lists_and_forgets() -> None:
    backend = Memory()
    place = Ring(backend)
    assert list(place.every()) == []
    place.put(keys(added_ms=7))
    place.put(keys(venue="okx", account="two", passphrase=Secret("p")))
    place.put(keys("N" * 40))
    assert [(one.name, one.key.reveal()[0]) for one in place.every()] == [
        ("binance/main", "N"), ("okx/two", "K")
    ]  # fmt: skip
    place.remove(keys())
    assert [one.name for one in Ring(backend).every()] == ["okx/two"]
    assert place.find("binance", "main") is None
    backend.is_locked = True
    with pytest.raises(UserError) as error:
        place.find("okx", "two")
    assert "KeyringLocked" in error.value.line()
    shown = "".join(traceback.format_exception(error.value))
    assert SECRET not in shown, "its own words held what was kept"
    backend.is_locked = False
    backend.kept["ballast", "okx/two"] = "[]"
    with pytest.raises(DataError, match="damaged"):
        place.find("okx", "two")


def test_only_a_safe_keyring_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A keyring that keeps texts in the clear is worse than a file: it looks safe."""

    class PlaintextKeyring(Memory):
        pass

    class Weak(Memory):
        priority = 0.5

    before = keyring.get_keyring()
    try:
        for backend, is_used in (
            (Memory(), True), (PlaintextKeyring(), False), (Weak(), False),
            (keyring.backends.fail.Keyring(), False),
        ):  # fmt: skip
            keyring.set_keyring(backend)
            assert (open_ring() is not None) is is_used, type(backend)
    finally:
        keyring.set_keyring(before)
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert open_ring() is None, "the package is an extra"


# The source of a session --------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeyFile:
    monkeypatch.setenv("BALLAST_KEYS", str(tmp_path / "keys"))
    monkeypatch.setattr(rings, "_PRIORITY_MIN", 1e9)  # the keyring of whoever runs the tests
    return KeyFile(cost=COST_MIN)


def source(held: dict[str, str], network: NetworkSettings | None = None) -> KeySource:
    return open_source(
        "binance", "main", environment=held, network=network or NetworkSettings(), unlock=unlock()
    )


def test_the_first_place_that_has_the_account_counts(file: KeyFile) -> None:
    pair = NetworkSettings(api_key=Secret("N" * 40), api_secret=Secret(SECRET))
    with pytest.raises(UserError, match="there are no keys of this account"):
        source({}).current()
    assert source({}, pair).current().source == "settings"
    file.change(PHRASE, lambda _: [keys("F" * 40)])
    assert source({}, pair).current().key.reveal() == "F" * 40
    assert source(variables(), pair).current().source == "environment"
    assert source(variables(name="BYBIT__MAIN"), pair).current().source == "file"


def test_a_place_that_cannot_be_read_is_not_passed_over(file: KeyFile) -> None:
    """The next one may hold keys that were replaced."""
    file.change(PHRASE, lambda _: [keys("F" * 40)])
    file.path.chmod(0o644)
    pair = NetworkSettings(api_key=Secret("N" * 40), api_secret=Secret(SECRET))
    with pytest.raises(UserError, match="others may touch it"):
        source({}, pair).current()


def test_a_rotation_is_noticed_without_a_restart(file: KeyFile) -> None:
    """R-SEC-05: also one within the same tick of the file system's clock."""
    file.change(PHRASE, lambda _: [keys("A" * 40)])
    stamp = file.path.stat()
    held = source({})
    old = held.current()
    file.change(PHRASE, lambda _: [keys("B" * 40)])
    os.utime(file.path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    new = held.current()
    assert new != old
    assert new.key.reveal() == "B" * 40


def test_an_unchanged_file_is_opened_once(file: KeyFile, monkeypatch: pytest.MonkeyPatch) -> None:
    """A third of a second and 128 MB are for a rotation, not for each look."""
    file.change(PHRASE, lambda _: [keys()])
    opened = []
    place = Sealed(file, unlock())
    place.every()
    monkeypatch.setattr(
        "ballast.service.keys.source.unseal", lambda *_: opened.append(1) or (keys(),)
    )
    assert [one.name for one in place.every()] == ["binance/main"]
    assert opened == []
    file.change(PHRASE, lambda _: [keys()])
    place.every()
    assert opened == [1], "the same keys, sealed anew"


BREAKS = {
    "gone": lambda file: file.path.unlink(),
    "open to others": lambda file: file.path.chmod(0o644),
    "damaged": lambda file: file.path.write_bytes(b"{"),
    "another passphrase": lambda file: file.change(PHRASE, list, new_passphrase=Secret("n" * 12)),
    "without the account": lambda file: file.change(PHRASE, lambda _: []),
}


@pytest.mark.parametrize("what", BREAKS)
def test_a_session_keeps_its_keys_when_the_file_breaks_and_says_so(
    what: str, file: KeyFile
) -> None:
    """A protection that rests at the venue must stay reachable: the venue decides, not the file."""
    file.change(PHRASE, lambda _: [keys()])
    held = source({})
    first = held.current()
    assert held.problem == ""
    BREAKS[what](file)
    assert held.current() == first
    assert held.problem
    file.path.unlink(missing_ok=True)
    file.change(PHRASE, lambda _: [keys("B" * 40)])
    assert held.current().key.reveal() == "B" * 40
    assert held.problem == ""


# The passphrase -----------------------------------------------------------------------------


def test_the_passphrase_comes_from_the_first_that_is_there(tmp_path: Path) -> None:
    path, other = tmp_path / "phrase", tmp_path / "other"
    for place, text in ((path, "of the file\n"), (other, "of the named file\r\n")):
        place.write_text(text)
        place.chmod(0o600)
    held = {"BALLAST_KEYS_PASSPHRASE": "of the environment",
            "BALLAST_KEYS_PASSPHRASE_FILE": str(other)}  # fmt: skip
    reader, writer = os.pipe()
    os.write(writer, b"of the descriptor\n")
    os.close(writer)
    both = Unlock(held, path, reader)
    assert both.given().reveal() == "of the descriptor"
    assert both.given().reveal() == "of the descriptor", "a pipe is read once"
    os.close(reader)
    assert Unlock(held, path).given().reveal() == "of the file"
    assert Unlock(held).given().reveal() == "of the environment"
    del held["BALLAST_KEYS_PASSPHRASE"]
    assert Unlock(held).given().reveal() == "of the named file"
    shown = repr(Unlock({"X": canary.SECRET})) + repr(Environment({"X": canary.KEY}))
    canary.assert_unseen(shown + repr(both))


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (b"fine\n", 0o640, "others may touch it"),
        (b"", 0o600, "holds no passphrase"),
        (b"\n", 0o600, "holds no passphrase"),
        (b"two\nlines", 0o600, "holds no passphrase"),
        (b"\xff\xfe", 0o600, "holds no passphrase"),
        (b"x" * 5_000, 0o600, "holds no passphrase"),
    ],
)
def test_a_file_that_holds_no_passphrase_is_refused(
    content: bytes, mode: int, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "phrase"
    path.write_bytes(content)
    path.chmod(mode)
    with pytest.raises(UserError, match=said):
        Unlock({}, path).given()


def test_without_a_terminal_nobody_is_asked() -> None:
    with pytest.raises(UserError, match="there is no terminal"):
        ask("Key: ", "set it")
    for broken in (Unlock({}, descriptor=987), Unlock({"BALLAST_KEYS_PASSPHRASE_FILE": "none"})):
        with pytest.raises(UserError):
            broken.given()
    with pytest.raises(UserError, match="too short"):
        Unlock({"BALLAST_KEYS_PASSPHRASE": "eleven char"}).made()
