"""Canaries: secrets planted in every place they may come from, then every verb that is near them.

S1, R-LOG-05, R-SEC-11, A-OPS-03: eight characters of any of them, as they are or as they travel, in
an output, a journal, a report or a file is a leak.
"""

from __future__ import annotations

import base64
import json
import shutil
from typing import TYPE_CHECKING

import pytest
from tests.fakes import canary
from tests.fakes.shell import ballast, csv_rows, write_csv

from ballast.core.settings import Secret
from ballast.service.keys import redaction
from ballast.service.keys.account import Keys
from ballast.service.keys.keyfile import KeyFile
from ballast.service.keys.sealed import COST_MIN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

URL = f"postgresql://canary:{canary.KEY}@localhost:1/x"
HELD: dict[str, str] = {
    **canary.PLANTED,
    "BALLAST__NETWORK__API_KEY": canary.KEY,
    "BALLAST__NETWORK__API_SECRET": canary.SECRET,
    "BALLAST__NETWORK__API_PASSPHRASE": canary.PHRASE,
}
OTHER = {"BALLAST_KEYS_PASSPHRASE": "not the passphrase of it"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with candles, a session on paper behind it, and a sealed file."""
    home = tmp_path_factory.mktemp("canary")
    ballast(home, "init")
    write_csv(home / "BINANCE-BTCUSDT-1h.csv", csv_rows(900, volume=1e6))
    ballast(home, "data", "import", "BINANCE-BTCUSDT-1h.csv")
    file = KeyFile(home / ".keys" / "venues.keys", cost=COST_MIN)
    keys = Keys("okx", "main", Secret(canary.KEY), Secret(canary.SECRET), Secret(canary.PHRASE))
    file.change(Secret(canary.PHRASE), lambda _: [keys])
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "home")
    return tmp_path / "home"


def run(home: Path, *arguments: str, code: int = 0, held: Mapping[str, str] = HELD) -> str:
    """Run a verb with canaries all around it; return all it said, which holds none of them.

    Once more with `--debug`, which shows tracebacks.
    """
    said = ""
    for more in ((), ("--debug",)):
        done = ballast(home, *arguments, *more, environment=held)
        assert done.code == code, (arguments, done.code)
        canary.assert_unseen(done.out + done.err, arguments)
        said = done.out + done.err
    return said


def test_the_verbs_that_handle_settings_and_keys_show_none(home: Path) -> None:
    for arguments in (
        ("show-config",), ("show-config", "--json"), ("show-config", "network"),
        ("show-config", "--changed", "--json"), ("config", "check", "--json"),
        ("config", "schema"), ("config", "profiles"), ("keys", "list"), ("keys", "list", "--json"),
        ("keys", "check", "--json"), ("doctor", "--json"), ("doctor",),
    ):  # fmt: skip
        run(home, *arguments)
    assert "api_secret" in run(home, "show-config", "network")
    assert "okx" in run(home, "keys", "list")
    assert canary.files_with_canaries(home) == []


def test_runs_journals_and_reports_hold_none(home: Path) -> None:
    run(home, "backtest", "stochrsi", "--report", "--json")
    for arguments in (
        ("paper", "stochrsi", "--bars", "40", "--report", "--json"), ("explain", "--json"),
        ("audit", "--json"), ("audit", "--verify", "--json"), ("replay", "--json"),
        ("pause", "--reason", "a test"), ("journal", "status"),
        ("results",), ("show", "--json"), ("repro", "--json"),
    ):  # fmt: skip
        run(home, *arguments)
    for number, arguments in enumerate((("audit", "--export"), ("journal", "backup"))):
        done = ballast(home, *arguments, f"made{number}.csv", environment=HELD)
        assert done.code == 0
    assert len([path for path in home.rglob("*") if path.is_file()]) > 20
    assert canary.files_with_canaries(home) == []


FAILING: dict[str, tuple[tuple[str, ...], Mapping[str, str]]] = {
    "a secret as a flag": (("--set", f"network.api_key={canary.KEY}", "show-config"), {}),
    "a misspelt flag": (("--set", f"network.api_kee={canary.KEY}", "show-config"), {}),
    "a flag without a section": (("--set", f"api_key={canary.KEY}", "show-config"), {}),
    "a flag without a sign": (("--set", f"network.api_key:{canary.KEY}", "show-config"), {}),
    "a misspelt setting": (("show-config",), {"BALLAST__NETWORK__APIKEY": canary.KEY}),
    "a misspelt section": (("show-config",), {"BALLAST__NETWROK__API_KEY": canary.KEY}),
    "a misspelt venue": (("keys", "list"), {"BALLAST_KEY__BINANSE__MAIN": canary.KEY}),
    "half a pair": (("keys", "list"), {"BALLAST_SECRET__OKX__MAIN": canary.SECRET}),
    "no base64": (("keys", "list"), {"BALLAST_SECRET__KRAKEN__CANARY": canary.SECRET + "*"}),
    "a wrong passphrase": (("keys", "list"), OTHER),
    "a key as argument": (("keys", "add", "okx", canary.KEY, canary.SECRET), {}),
    "a journal out of reach": (("audit",), {"BALLAST__JOURNAL__URL": URL}),
    "an address that is none": (("audit",), {"BALLAST__JOURNAL__URL": f"{URL[:-12]}["}),
    "a wrong verb": (("keys", "show"), {}),
}


@pytest.mark.parametrize("what", FAILING)
def test_a_verb_that_fails_beside_a_secret_does_not_repeat_it(what: str, home: Path) -> None:
    arguments, held = FAILING[what]
    said = run(home, *arguments, code=2, held={**HELD, **held})
    assert said.startswith("error: ") or "Traceback" in said
    assert canary.files_with_canaries(home) == []


def test_a_settings_file_that_holds_a_secret_is_refused_without_it(home: Path) -> None:
    for line in (
        f"api_key = '{canary.KEY}'",
        f"api_kee = '{canary.KEY}'",
        f"api_key = {canary.KEY}",
    ):
        (home / "ballast.toml").write_text(f"[network]\n{line}\n")
        run(home, "show-config", code=2)


def test_the_last_wall_is_not_what_holds(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The verbs show nothing even where what they say is not looked through."""
    monkeypatch.setattr(redaction, "redacted", lambda text, _: text)
    for arguments in (("show-config", "--json"), ("keys", "check"), ("doctor", "--json")):
        run(home, *arguments)
    for arguments, held in FAILING.values():
        run(home, *arguments, code=2, held={**HELD, **held})


@pytest.mark.parametrize("planted", [canary.KEY, canary.SECRET, canary.PHRASE])
def test_the_canary_would_be_seen(planted: str, tmp_path: Path) -> None:
    """A check that cannot bite proves nothing: whole, in part, turned round, coded, in a file."""
    for said in (
        planted, planted[3:12], planted[::-1], planted.encode().hex(), json.dumps({"a": planted}),
        base64.b64encode(f"x{planted}".encode()).decode(),
    ):  # fmt: skip
        with pytest.raises(AssertionError, match="gives a secret away"):
            canary.assert_unseen(f"all is well {said} indeed")
    (tmp_path / "report.html").write_text(f"<p>{planted}</p>")
    assert canary.files_with_canaries(tmp_path) == ["report.html"]
    canary.assert_unseen(f"{planted[:4]}... (36)")
