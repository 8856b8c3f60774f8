"""`ballast reset`: a paper account begins anew, and what was can still be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.journals import Home, numbered
from tests.fakes.shell import Done, ballast

if TYPE_CHECKING:
    from pathlib import Path

RESET = ("reset", "--reason", "another idea", "--who", "ann")


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reset")
    assert ballast(folder, "init").code == 0
    made = ballast(folder, "data", "synth", "--bars", "500", "--seed", "5", "--timeframe", "1h")
    assert made.code == 0, made
    return folder


@pytest.fixture
def account(request: pytest.FixtureRequest) -> str:
    """An account of its own for each test."""
    return request.node.name.replace("test_", "")[:28].lower()


def on(space: Path, account: str, *arguments: str) -> Done:
    return ballast(space, *arguments, "--set", f"journal.account={account}")


def traded(space: Path, account: str, *more: str) -> Any:
    symbol = ballast(space, "data", "list", "--json").json()["candles"][0]["symbol"]
    return on(space, account, "paper", "ema_cross", "-s", symbol, "--json", *more).json()


def flat(space: Path, account: str) -> None:
    """Trade until something was bought, then close everything."""
    assert traded(space, account, "--bars", "200")["fills"] > 0
    on(space, account, "flatten", "--reason", "enough")
    ended = traded(space, account, "--bars", "3")
    assert all(one["qty"] == 0 for one in ended["positions"]), ended["positions"]


def test_a_reset_account_trades_as_one_that_never_was(space: Path, account: str) -> None:
    """R-CLI-03: closed, kept, named with who and why, and begun anew."""
    flat(space, account)
    before = on(space, account, "journal", "status", "--json").json()["head"]
    found = on(space, account, *RESET, "--yes", "--json").json()
    kept = found["closed"]
    assert kept == f"{account}_closed_1"
    assert int(found["closed_head"].split(":")[0]) > int(before.split(":")[0])
    anew = traded(space, account, "--bars", "60")
    fresh = traded(space, f"{account[:20]}_fresh", "--bars", "60")
    for name in ("equity", "fills", "time", "mode", "positions", "limits"):
        assert anew[name] == fresh[name], name
    for name in (account, kept):
        assert on(space, name, "audit", "--verify", "--json").json()["whole"] is True
        told = on(space, name, "audit", "--text", "another idea", "--json").json()["records"]
        assert len(told) == 1
        assert '"who":"ann"' in told[0]["body"]
    assert on(space, kept, "replay", "--json").json()["starts"] == 2
    assert on(space, kept, "explain", "--json").json()["decisions"]


def test_a_closed_account_trades_no_more(space: Path, account: str) -> None:
    flat(space, account)
    kept = on(space, account, *RESET, "--yes", "--json").json()["closed"]
    symbol = ballast(space, "data", "list", "--json").json()["candles"][0]["symbol"]
    line = on(space, kept, "paper", "ema_cross", "-s", symbol).mistake()
    assert "closed by a reset" in line


def test_open_positions_refuse_a_reset_that_is_not_forced(space: Path, account: str) -> None:
    """R-CLI-03."""
    bars = 20
    while all(one["qty"] == 0 for one in traded(space, account, "--bars", "20")["positions"]):
        bars += 20
        assert bars < 500, "nothing was ever bought"
    line = on(space, account, *RESET, "--yes").mistake()
    assert "open: " in line
    assert "or say --force" in line
    before = on(space, account, "journal", "status", "--json").json()
    assert before["archived"] == 0
    assert on(space, account, *RESET, "--yes", "--force").code == 0
    assert on(space, account, "journal", "status", "--json").json()["records"] == 2


def test_nobody_to_ask_is_a_refusal(space: Path, account: str) -> None:
    traded(space, account, "--bars", "2")
    before = on(space, account, "journal", "status", "--json").json()["head"]
    assert "nobody is there to ask; say --yes" in on(space, account, *RESET).mistake()
    assert on(space, account, "journal", "status", "--json").json()["head"] == before
    assert "--reason is empty" in on(space, account, "reset", "--reason", " ").mistake()


def test_only_a_paper_account_can_be_reset(space: Path, account: str) -> None:
    """What a live account holds lies at a venue: forgetting it is no way to be rid of it."""
    assert "there is no journal to close" in on(space, account, *RESET, "--yes").mistake()
    with Home(space / "journal", account=account).open() as journal:
        journal.append(numbered(0, 3))
    line = on(space, account, *RESET, "--yes", "--force").mistake()
    assert "is no journal of a paper account" in line


@pytest.mark.parametrize("purpose", ["paper-live", "rehearsal"])
def test_the_exchange_of_a_paper_account_goes_with_its_journal(space: Path, purpose: str) -> None:
    """Else the next session would begin with the positions of the last."""
    account = purpose.replace("-", "_")
    with Home(space / "journal", account=account).open(purpose=purpose):
        pass
    kept = space / "journal" / "paper" / f"{account}.venue"
    kept.parent.mkdir(exist_ok=True)
    kept.write_bytes(b"an exchange")
    done = on(space, account, *RESET, "--yes", "--json").json()
    assert not kept.exists()
    assert kept.with_name(f"{done['closed']}.venue").read_bytes() == b"an exchange"


def test_a_live_account_is_not_reset(space: Path, account: str) -> None:
    for purpose in ("paper-live", "live"):
        with Home(space / "journal", account=account).open(purpose=purpose):
            pass
    line = on(space, account, *RESET, "--yes", "--force").mistake()
    assert "is no journal of a paper account" in line


def test_a_session_that_runs_is_not_reset(space: Path, account: str) -> None:
    traded(space, account, "--bars", "2")
    with Home(space / "journal", account=account).open():
        assert "writes this journal" in on(space, account, *RESET, "--yes").mistake()
