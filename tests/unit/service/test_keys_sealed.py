"""The sealed file of keys: its form, what opens it, what does not, who may touch it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from tests.fakes import canary
from tests.fakes.disk import Crash, CrashingDisk

from ballast.core.errors import DataError, UserError
from ballast.core.settings import Secret
from ballast.service.keys import keyfile
from ballast.service.keys.account import Keys
from ballast.service.keys.keyfile import KeyFile
from ballast.service.keys.sealed import COST, COST_MAX, COST_MIN, seal, unseal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PHRASE, OTHER = Secret("five random words do well"), Secret("five random words do ill")
MINE = Keys("binance", "main", Secret("k" * 64), Secret("s" * 64), Secret(""), 1_700_000_000_000)
YOURS = Keys("okx", "second", Secret("o" * 36), Secret("t" * 32), Secret("phrase"), 5)


def small(*keys: Keys, phrase: Secret = PHRASE) -> bytes:
    return seal(keys or (MINE, YOURS), phrase, cost=COST_MIN)


def refused(raw: bytes, phrase: Secret = PHRASE) -> str:
    with pytest.raises(DataError) as error:
        unseal(raw, phrase, "the file")
    assert error.value.where == "the file"
    assert "\n" not in error.value.line()
    return error.value.what


def test_what_is_sealed_opens_as_it_was() -> None:
    """R-SEC-03."""
    opened = unseal(small(), PHRASE, "x")
    assert [(one.name, one.texts(), one.added_ms) for one in opened] == [
        (one.name, one.texts(), one.added_ms) for one in (MINE, YOURS)
    ]
    assert unseal(seal((), PHRASE, cost=COST_MIN), PHRASE, "x") == ()


def test_a_second_program_opens_it_by_the_page_alone() -> None:
    """Independent reference: the standard library's scrypt, and the header sorted by hand."""
    document = json.loads(small(MINE))
    header = {k: v for k, v in document.items() if k not in {"sealed", "digest"}}
    key = hashlib.scrypt(
        PHRASE.reveal().encode(), salt=bytes.fromhex(header["salt"]),
        n=header["n"], r=header["r"], p=header["p"], dklen=32, maxmem=1 << 28,
    )  # fmt: skip
    associated = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    nonce, sealed = bytes.fromhex(header["nonce"]), base64.b64decode(document["sealed"])
    rows = json.loads(ChaCha20Poly1305(key).decrypt(nonce, sealed, associated))
    assert rows == [
        {"venue": "binance", "account": "main", "key": "k" * 64, "secret": "s" * 64,
         "passphrase": "", "added_ms": 1_700_000_000_000}
    ]  # fmt: skip


def test_the_work_of_a_guess_is_not_small() -> None:
    assert COST_MIN >= 2**15
    assert json.loads(seal((MINE,), PHRASE))["n"] == COST == 2**17


def test_nothing_readable_is_in_it_and_no_two_are_alike() -> None:
    keys = Keys("kraken", "main", Secret(canary.KEY), Secret(canary.SECRET))
    one, two = (small(keys, phrase=Secret(canary.PHRASE)) for _ in range(2))
    assert canary.seen(one) == []
    assert b"kraken" not in one
    for name in ("salt", "nonce", "sealed"):
        assert json.loads(one)[name] != json.loads(two)[name]


def test_a_wrong_passphrase_is_told_from_a_damaged_file() -> None:
    assert refused(small(), OTHER) == "the passphrase does not open it"
    raw = small()
    middle = raw.index(b'"sealed"') + 30
    torn = raw[:middle] + (b"A" if raw[middle : middle + 1] != b"A" else b"B") + raw[middle + 1 :]
    assert refused(torn) == "is damaged"
    for cut in (0, 1, 20, len(raw) // 2, len(raw) - 20):
        assert "damaged" in refused(raw[:cut])


def test_accents_typed_in_two_ways_are_one_passphrase() -> None:
    raw = small(MINE, phrase=Secret("caf\u00e9 au lait, s'il"))
    assert unseal(raw, Secret("cafe\u0301 au lait, s'il"), "x")[0].texts() == MINE.texts()


def edited(**changes: object) -> bytes:
    """A document somebody changed on purpose, with a digest that fits again."""
    document = {**json.loads(small()), **changes}
    body = {name: value for name, value in document.items() if name != "digest"}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return json.dumps({**document, "digest": digest}).encode()


EDITS: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, ""),
    "less work": ({"n": 2**16}, "the passphrase does not open it"),
    "another salt": ({"salt": "00" * 16}, "the passphrase does not open it"),
    "another nonce": ({"nonce": "00" * 12}, "the passphrase does not open it"),
    "no work": ({"n": 2**14}, "another way of sealing"),
    "all memory": ({"n": 2 * COST_MAX}, "another way of sealing"),
    "no power of two": ({"n": 2**15 + 1}, "another way of sealing"),
    "more blocks": ({"r": 1 << 20}, "another way of sealing"),
    "another cipher": ({"cipher": "none"}, "another way of sealing"),
    "a short salt": ({"salt": "00"}, "another way of sealing"),
    "a salt of no hex": ({"salt": "zz" * 16}, "another way of sealing"),
    "no text": ({"sealed": 5}, "another way of sealing"),
    "a list": ({"kdf": ["scrypt"]}, "is damaged"),
    "a truth": ({"p": True}, "is damaged"),
    "no base64": ({"sealed": "*"}, "is damaged"),
    "nothing sealed": ({"sealed": ""}, "the passphrase does not open it"),
    "a newer version": ({"ballast keys": 2}, "is of version 2"),
    "one field more": ({"extra": 1}, "is damaged"),
    "half a character": ({"kdf": "\ud800"}, "is damaged"),
}


@pytest.mark.parametrize("what", EDITS)
def test_a_file_that_was_changed_on_purpose_does_not_open(what: str) -> None:
    """The header is authenticated: nobody turns down the work of a guess unseen."""
    changes, said = EDITS[what]
    if what == "half a character":
        raw = small().replace(b'"scrypt"', b'"\\ud800"')
    else:
        raw = edited(**changes)
    if said:
        assert said in refused(raw)
    else:
        assert unseal(raw, PHRASE, "x")


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"[]", b"{}", b"[" * 100_000, b" " * (1 << 21)])
def test_what_is_no_file_of_keys_is_told_so(raw: bytes) -> None:
    assert "no file of keys" in refused(raw)


# The file on disk -------------------------------------------------------------------------


def file_in(folder: Path) -> KeyFile:
    return KeyFile(folder / "new" / "venues.keys", cost=COST_MIN)


def test_the_file_and_its_folder_are_their_owner_s_alone(tmp_path: Path) -> None:
    """S8, R-SEC-07: also under a umask that gives everything to everybody."""
    before = os.umask(0)
    try:
        file = file_in(tmp_path)
        file.change(PHRASE, lambda known: [*known, MINE])
    finally:
        os.umask(before)
    assert file.mode() == "0600"
    assert file.path.parent.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o077 for path in file.path.parent.iterdir()} == {0}
    assert [one.name for one in file.read(PHRASE)] == ["binance/main"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.chmod(0o640), "others may touch it (mode 0640)"),
        (lambda path: path.chmod(0o602), "others may touch it (mode 0602)"),
        (lambda path: path.parent.chmod(0o770), "others may write into it (mode 0770)"),
        (lambda path: (path.unlink(), path.mkdir()), "is no file"),
        (lambda path: (path.unlink(), os.mkfifo(path, 0o600)), "is no file"),
    ],
)
def test_a_file_that_others_may_touch_is_not_read(
    spoil: Callable[[Path], object], said: str, tmp_path: Path
) -> None:
    """S8: refused, with the command that mends it."""
    file = file_in(tmp_path)
    file.change(PHRASE, lambda _: [MINE])
    spoil(file.path)
    with pytest.raises(DataError) as error:
        file.read(PHRASE)
    assert said in error.value.what
    file.path.parent.chmod(0o700)


def test_of_two_writers_at_once_none_is_lost(tmp_path: Path) -> None:
    file = file_in(tmp_path)

    def add(number: int) -> None:
        keys = Keys("bybit", f"a{number}", Secret("k" * 20), Secret("s" * 36))
        KeyFile(file.path, cost=COST_MIN).change(PHRASE, lambda known: [*known, keys])

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.account for one in file.read(PHRASE)] == ["a0", "a1", "a2", "a3"]


def test_a_wrong_passphrase_never_writes(tmp_path: Path) -> None:
    file = file_in(tmp_path)
    file.change(PHRASE, lambda _: [MINE])
    before = file.path.read_bytes()
    with pytest.raises(DataError, match="does not open it"):
        file.change(OTHER, lambda known: [*known, YOURS])
    with pytest.raises(UserError, match="no"):
        file.change(PHRASE, lambda _: (_ for _ in ()).throw(UserError("no")))
    assert file.path.read_bytes() == before


class Dying(CrashingDisk, keyfile.OwnerDisk):
    """Dies at a call, and makes files as the real one."""


def test_a_writer_that_is_killed_anywhere_leaves_the_old_keys_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every call of the disk; what it left half-done is nobody else's to read, and cleaned."""
    file = file_in(tmp_path)
    file.change(PHRASE, lambda _: [MINE])
    outcomes = set()
    for calls in range(8):
        with monkeypatch.context() as patched:
            patched.setattr(keyfile, "OwnerDisk", lambda calls=calls: Dying(calls))
            try:
                file.change(PHRASE, lambda _: [MINE, YOURS])
                outcomes.add("done")
            except Crash:
                outcomes.add("killed")
        names = [one.name for one in file.read(PHRASE)]
        assert names in (["binance/main"], ["binance/main", "okx/second"])
        assert {path.stat().st_mode & 0o077 for path in file.path.parent.iterdir()} == {0}
        file.change(PHRASE, lambda _: [MINE])
        assert sorted(path.suffix for path in file.path.parent.iterdir()) == [".keys", ".lock"]
    assert outcomes == {"done", "killed"}


def test_another_passphrase_opens_it_and_the_old_one_does_not(tmp_path: Path) -> None:
    file = file_in(tmp_path)
    file.change(PHRASE, lambda _: [MINE])
    file.change(PHRASE, list, new_passphrase=OTHER)
    assert [one.name for one in file.read(OTHER)] == ["binance/main"]
    with pytest.raises(DataError, match="does not open it"):
        file.read(PHRASE)
