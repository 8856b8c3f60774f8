"""A certificate on disk: signed, read only if whole, the same bytes twice (R-SIG-01)."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.certificates import certificate

from ballast.core.errors import DataError, UserError
from ballast.store import certificates
from ballast.store.certificates import (
    KEY_FILE,
    TRUSTED_FILE,
    Signer,
    certificate_text,
    read_certificate,
    write_certificate,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def written(folder: Path, keys: Path, **changes: Any) -> Path:
    path = folder / "certificate.json"
    write_certificate(path, certificate(**changes), Signer.own(keys))
    return path


def test_what_was_written_is_read(tmp_path: Path, keys: Path) -> None:
    signed = read_certificate(written(tmp_path, keys), keys=keys)
    assert signed.certificate == certificate()
    assert signed.is_own


def test_the_same_certificate_gives_the_same_bytes(tmp_path: Path, keys: Path) -> None:
    first = written(tmp_path, keys).read_bytes()
    assert written(tmp_path, keys).read_bytes() == first
    assert certificate_text(certificate(), Signer.own(keys)).encode() == first


def test_the_key_is_made_once_and_is_its_owners(keys: Path) -> None:
    public = Signer.own(keys).public
    assert Signer.own(keys).public == public
    assert stat.S_IMODE((keys / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in keys.iterdir()] == [KEY_FILE]


def test_the_private_key_is_in_no_text(tmp_path: Path, keys: Path) -> None:
    path = written(tmp_path, keys)
    secret = (keys / KEY_FILE).read_text().strip()
    assert secret not in path.read_text()
    assert secret not in repr(Signer.own(keys))


EDITS: list[tuple[str, Any]] = [
    ("verdict", "fail"),
    ("params", {"fast": 10.0, "slow": 21.0, "stop": 2.5}),
    ("seed", 8),
    ("data_root", "elsewhere"),
    ("notes", []),
    ("evidence_hash", "00" * 16),
]


@pytest.mark.parametrize(("field", "value"), EDITS)
def test_an_edited_certificate_is_refused(
    tmp_path: Path, keys: Path, field: str, value: Any
) -> None:
    path = written(tmp_path, keys)
    document = json.loads(path.read_text())
    assert document[field] != value
    path.write_text(json.dumps({**document, field: value}))
    with pytest.raises(DataError, match="changed after it was signed"):
        read_certificate(path, keys=keys)


def test_an_edit_deep_inside_is_refused(tmp_path: Path, keys: Path) -> None:
    path = written(tmp_path, keys, notes=())
    text = path.read_text()
    for old, new in (
        ('"value": 0.971', '"value": 0.981'),
        ('"capital_max": 250000.0', '"capital_max": 950000.0'),
        ('"count": 61', '"count": 1'),
        ('"expires_ms": 1707776000000', '"expires_ms": 1907776000000'),
    ):
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))
        with pytest.raises(DataError, match="changed after it was signed"):
            read_certificate(path, keys=keys)


@given(data=st.data())
def test_any_changed_byte_is_refused_or_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Blanks between values are not signed; whatever carries meaning is."""
    folder = tmp_path_factory.mktemp("edit")
    path = written(folder, folder / "keys")
    raw = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(raw))
    try:
        signed = read_certificate(path, keys=folder / "keys")
    except DataError:
        return
    assert signed.certificate == certificate()


def test_a_foreign_signature_is_said_to_be_foreign(tmp_path: Path, keys: Path) -> None:
    other = tmp_path / "other"
    path = written(tmp_path, other)
    Signer.own(keys)
    assert not read_certificate(path, keys=keys).is_own
    (keys / TRUSTED_FILE).write_text(f"{Signer.own(other).public}  # a colleague\n")
    assert read_certificate(path, keys=keys).is_own


def test_a_signature_of_another_key_under_the_own_name_is_refused(
    tmp_path: Path, keys: Path
) -> None:
    path = written(tmp_path, tmp_path / "other")
    document = json.loads(path.read_text())
    document["signature"]["key"] = Signer.own(keys).public
    path.write_text(json.dumps(document))
    with pytest.raises(DataError, match="changed after it was signed"):
        read_certificate(path, keys=keys)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is no certificate"),
        (b"\xff\xfe", "is no certificate"),
        (b"[1, 2]", "is no certificate"),
        (b"{}", "is not signed"),
        (b'{"signature": {"key": "zz", "ed25519": "zz"}}', "changed after"),
        (b"[" * 100_000, "is no certificate"),
    ],
)
def test_a_file_that_is_no_certificate_is_refused_in_one_line(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=words) as caught:
        read_certificate(path)
    assert "\n" not in caught.value.line()


def test_a_missing_file_and_a_broken_key_are_said(tmp_path: Path, keys: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_certificate(tmp_path / "none.json")
    keys.mkdir()
    (keys / KEY_FILE).write_text("nonsense")
    with pytest.raises(UserError, match="no signing key"):
        Signer.own(keys)


def test_two_makers_at_once_end_with_one_key(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second finds the first one's key in its place and takes it."""
    first = Signer.own(keys).public
    monkeypatch.setattr(certificates.Path, "exists", lambda _self: False)
    assert Signer.own(keys).public == first
