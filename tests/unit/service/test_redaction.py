"""The last wall: what libraries quote in their errors leaves this program without its secrets."""

from __future__ import annotations

import base64
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from tests.fakes import canary

from ballast.core.settings import Secret
from ballast.service.cli import guard, options
from ballast.service.cli.output import note, warn
from ballast.service.keys import redaction
from ballast.service.keys.redaction import redacted

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = canary.SECRET
RAW = SECRET.encode()
PEM = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBq8mXw0Jp5Vt7\n-----END EC PRIVATE KEY-----\n"


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    redaction.forget()
    yield
    redaction.forget()


@pytest.mark.parametrize(
    "spelling",
    [SECRET, SECRET[::-1], RAW.hex(), quote(SECRET, safe=""), base64.b64encode(RAW).decode()],
)
def test_a_registered_secret_is_taken_out_in_every_spelling(spelling: str) -> None:
    """S1, R-LOG-05."""
    said = f"GET /order failed with {spelling}: bad gateway"
    assert redacted(said, {}) == said
    redaction.register(Secret(SECRET))
    assert redacted(said, {}) == "GET /order failed with ********: bad gateway"


def test_secrets_of_the_environment_are_known_without_being_registered() -> None:
    held = {
        "BALLAST_SECRET__OKX__MAIN": SECRET,
        "BALLAST__JOURNAL__URL": "postgresql://u:hun%40ter2@host/x",
        "BALLAST__NETWORK__API_KEY": canary.KEY,
        "HOME": "directory",
    }
    said = redacted(f"{SECRET} hun%40ter2 hun@ter2 {canary.KEY} directory", held)
    assert said == "******** ******** ******** ******** directory"


def test_lines_of_a_private_key_are_taken_out_one_by_one() -> None:
    redaction.register(Secret(PEM))
    for form in (PEM, "MHcCAQEEIBq8mXw0Jp5Vt7", PEM.replace("\n", "\\n")):
        assert "MHcC" not in redacted(f"x {form} y", {})


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("https://x/api?a=1&signature=0123456789abcdef0123 400", "&signature=******** 400"),
        ("{'X-MBX-APIKEY': 'vmPUZE6mv9SD5VNHk4Hl'}", "'X-MBX-APIKEY': '********'"),
        ("Authorization: Bearer eyJhbGciOiJFUzI1NiIs.abc", "Authorization: Bearer ********"),
        ("OK-ACCESS-SIGN=abcdefghijkl+/=", "OK-ACCESS-SIGN=********"),
        ("postgres://me:hunter2@db/x", "postgres://me:********@db/x"),
        ("network.api_key is a secret and stays", "network.api_key is a secret and stays"),
        ("signals: 12 of BTCUSDT", "signals: 12 of BTCUSDT"),
    ],
)
def test_what_carries_a_signature_is_known_by_its_name(said: str, left: str) -> None:
    """Incident 69: a signed address in a public traceback."""
    assert left in redacted(said, {})


def test_short_secrets_do_not_blacken_every_word() -> None:
    redaction.register(Secret("abc"))
    assert redacted("abcdef", {}) == "abcdef"


@pytest.mark.parametrize("debug", [False, True])
def test_a_verb_that_fails_with_secrets_in_its_error_shows_none(
    debug: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """S1: in the line of a defect, in the traceback of `--debug`, in notes and warnings."""
    monkeypatch.setenv("BALLAST_KEYS_PASSPHRASE", canary.PHRASE)
    redaction.register(Secret(canary.KEY), Secret(SECRET))
    options.adopt(options.Options(debug=debug))

    def verb() -> None:
        held = [canary.KEY, SECRET, canary.PHRASE]
        note(f"alert: {held}")
        warn(f"told: {held}")
        raise ValueError(f"no such thing: {held}") from OSError(f"cannot open {SECRET}")

    assert guard.run(verb) == guard.DEFECT
    said = capsys.readouterr().err
    assert ("Traceback" in said) is debug
    assert said.count("********") >= 3
    canary.assert_unseen(said)


def test_no_core_file_is_left() -> None:
    """A crash would write the memory of a process that holds keys to the disk."""
    code = (
        "import resource; from ballast.service.keys.redaction import no_core_files;"
        "no_core_files(); print(resource.getrlimit(resource.RLIMIT_CORE)[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"
