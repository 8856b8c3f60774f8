"""`ballast certify` as a person uses it: a no, a check, an edit, the evidence again (R-SIG-01)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ballast.service.cli.main import app

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CERTIFY = ("certify", "ema_cross", "-r", "fast=9,13", "-r", "slow=30,45", "--workers", "1")
QUICK = """
[certify]
draws = 100
shuffles = 20
folds = 3
groups = 4
"""


@pytest.fixture
def ballast(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BALLAST_KEYS", str(tmp_path / "keys"))
    (tmp_path / "ballast.toml").write_text(QUICK)

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            app(list(arguments))
        code = ended.value.code
        said = capsys.readouterr()
        return (code if isinstance(code, int) else 0), said.out, said.err

    return run


@pytest.mark.slow
def test_luck_is_refused_signed_checked_and_made_again(
    ballast: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    assert ballast("data", "noise", "garch", "--bars", "9000", "--seed", "4")[0] == 0
    code, out, _ = ballast(*CERTIFY, "--json")
    assert code == 1, "exit code 1: done, and the answer is no"
    said: dict[str, Any] = json.loads(out)
    assert said["verdict"] == "fail"
    folder = tmp_path / said["folder"]
    assert {path.name for path in folder.iterdir()} == {
        "certificate.json", "evidence.json", "report.html",
    }  # fmt: skip
    first = (folder / "certificate.json").read_bytes()
    code, out, _ = ballast(*CERTIFY)
    assert code == 1
    assert "NOT certified" in out
    assert (folder / "certificate.json").read_bytes() == first, "the same bytes twice"

    path = str(folder / "certificate.json")
    code, out, err = ballast("certify", "--verify", path, "--again", "--json")
    assert (code, err) == (0, "")
    checked = json.loads(out)
    assert checked["problems"] == []
    assert checked["is_own"]

    edited = json.loads(first)
    edited["verdict"] = "pass"
    (tmp_path / "edited.json").write_text(json.dumps(edited))
    code, out, err = ballast("certify", "--verify", str(tmp_path / "edited.json"))
    assert (code, out) == (2, "")
    assert "changed after it was signed" in err

    (tmp_path / "ledger" / "trials.sqlite").unlink(missing_ok=True)
    for file in tmp_path.rglob("trials.sqlite*"):
        file.unlink()
    code, out, _ = ballast("certify", "--verify", path, "--json")
    assert code == 1
    assert json.loads(out)["problems"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("certify",), "no strategy is named"),
        (("certify", "x", "--verify", "y.json"), "a strategy and --verify"),
        (("certify", "--again"), "no strategy is named"),
        (("certify", "ema_cross", "--again"), "--again without --verify"),
        (("certify", "--verify", "nowhere.json"), "cannot be read"),
        (("certify", "ema_crss"), "did you mean"),
    ],
)
def test_a_mistake_is_one_line(
    ballast: Callable[..., tuple[int, str, str]], arguments: tuple[str, ...], words: str
) -> None:
    code, out, err = ballast(*arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert len(err.splitlines()) == 1
