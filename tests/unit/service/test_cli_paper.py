"""`ballast paper` and what belongs to it: the verbs as a person types them, one after another."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.shell import ballast

from ballast.risk.sizestory import CAPS, FACTORS
from ballast.strategies.definition import Strategy

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("paper")
    assert ballast(folder, "init").code == 0
    made = ballast(folder, "data", "synth", "--bars", "500", "--seed", "5", "--timeframe", "1h")
    assert made.code == 0, made
    return folder


@pytest.fixture
def account(request: pytest.FixtureRequest) -> str:
    """An account of its own for each test."""
    return request.node.name.replace("test_", "")[:30].lower()


def symbol(space: Path) -> str:
    return str(ballast(space, "data", "list", "--json").json()["candles"][0]["symbol"])


def run(space: Path, account: str, *more: str) -> tuple[str, ...]:
    return (
        "paper", "ema_cross", "-s", symbol(space), "--set", f"journal.account={account}", *more,
    )  # fmt: skip


def place_of(account: str) -> tuple[str, str]:
    return ("--set", f"journal.account={account}")


def test_a_session_in_two_parts_is_the_session_in_one(space: Path, account: str) -> None:
    first = ballast(space, *run(space, account, "--bars", "120", "--json")).json()
    assert first["is_over"] is False
    second = ballast(space, *run(space, account, "--json", "--report")).json()
    assert second["is_over"] is True
    whole = ballast(space, *run(space, f"{account[:20]}_whole", "--json")).json()
    for name in ("equity", "fills", "time", "mode", "positions", "limits", "fees", "slippage"):
        assert second[name] == whole[name], name
    assert second["relived"] > 0
    page = space / second["report"]
    assert "Ballast paper session" in page.read_text(encoding="utf-8")
    assert "against the prices at the decisions" in page.read_text(encoding="utf-8")
    said = ballast(space, "explain", "--json", "--last", "1000", *place_of(account)).json()
    assert {one["purpose"] for one in said["orders"]} >= {"entry", "flatten"}
    assert second["slippage"] > 0, "market orders cross the spread"
    _carries_its_run(said)
    verified = ballast(space, "audit", "--verify", "--json", "--set", f"journal.account={account}")
    assert verified.json()["whole"] is True
    replay = ballast(space, "replay", "--json", "--set", f"journal.account={account}").json()
    assert replay["starts"] == 2


def test_a_session_that_goes_on_under_other_limits_goes_on_in_time(space: Path) -> None:
    """What it has closed is history then, and not traded a second time by a clock gone back."""
    place = ("--set", "journal.account=limits_changed")
    first = ballast(space, *run(space, "limits_changed", "--bars", "60", "--json")).json()
    ballast(space, "flatten", "--reason", "other limits", *place)
    flat = ballast(space, *run(space, "limits_changed", "--bars", "3", "--json")).json()
    assert all(one["side"] == "flat" for one in flat["positions"])
    more = ("--bars", "10", "--json", "--set", "risk.positions=2")
    second = ballast(space, *run(space, "limits_changed", *more)).json()
    assert first["time"] < flat["time"] < second["time"]
    used = {one["limit"]: one["used"] for one in second["limits"]}
    assert used["entries in an hour"] <= 4


def _carries_its_run(said: dict[str, Any]) -> None:
    """R-OMS-21: every order and verdict names its run and timeframe, and with it its strategy."""
    rows = [*said["decisions"], *said["orders"]]
    for one in rows:
        assert re.fullmatch(r"paper-RUN-\d{8}-\d{6}-[0-9A-F]{8}", one["run"])
        assert one["timeframe"] == "1h"
    snapshots = {one["run"]: one for one in said["strategies"]}
    assert set(snapshots) == {one["run"] for one in rows}
    assert len(snapshots) == 2, "two processes, two runs"
    for one in snapshots.values():
        written = Strategy.from_json(json.dumps(one["definition"]), "here")
        assert written.hash == one["strategy_hash"]
        assert one["params"]


def test_two_strategies_share_a_session(space: Path, account: str) -> None:
    """Positions, decisions and journal name the strategy of each symbol."""
    own, other, *_ = [
        str(one["symbol"]) for one in ballast(space, "data", "list", "--json").json()["candles"]
    ]
    place = ("--set", f"journal.account={account}")
    command = ("paper", "ema_cross", "-s", own, "--with", f"momentum={other}:window=20", *place)
    told = ballast(space, *command, "--bars", "200", "--json").json()
    assert told["strategy"] == "ema_cross + momentum"
    owners = {own: "ema_cross", other: "momentum"}
    assert {one["symbol"]: one["strategy"] for one in told["positions"]} == owners
    whole = ballast(space, *command, "--json", "--report").json()
    assert whole["is_over"]
    assert "ema_cross + momentum" in (space / whole["report"]).read_text(encoding="utf-8")
    found = ballast(space, "explain", "--json", "--last", "500", *place).json()["decisions"]
    assert {one["symbol"]: one["strategy"] for one in found} == owners
    assert ballast(space, "replay", "--json", *place).json()["starts"] == 2
    twice = ballast(space, *command[:4], "--with", f"momentum={own}", *place)
    assert twice.code == 2
    assert f"{own} is given to the first strategy and momentum" in twice.err


def test_every_refusal_is_explained_with_value_and_limit(space: Path, account: str) -> None:
    """R-GATE-22: which check, what it measured, what its limit is."""
    told = ballast(space, *run(space, account, "--json", "--set", "risk.reward_risk=9")).json()
    assert told["refused"] > 0
    found = ballast(
        space, "explain", "--refused", "--json", "--set", f"journal.account={account}"
    ).json()["decisions"]
    assert all(not one["is_approved"] for one in found)
    assert any("kernel: reward_risk" in one["reasons"][0] for one in found)
    shown = ballast(space, "explain", "--set", f"journal.account={account}").out
    assert "reward_risk" in shown
    assert "limit 9" in shown


def test_a_blocked_signal_is_shown_with_all_reasons(space: Path, account: str) -> None:
    """A-GATE-18, R-GATE-22: the kernel's and the gate's, in explain, its JSON and the state."""
    place = ("--set", f"journal.account={account}")
    assert ballast(space, "pause", "--reason", "lunch", "--who", "ann", *place).code == 0
    told = ballast(space, *run(space, account, "--json", "--set", "risk.reward_risk=9")).json()
    assert (told["mode"], told["fills"]) == ("paused", 0)
    assert told["refused"] > 0
    found = ballast(space, "explain", "--refused", "--json", "--last", "500", *place).json()
    said = [one["reasons"] for one in found["decisions"]]
    assert len(said) == told["refused"]
    for kernel, *beside in said:
        assert kernel.startswith("kernel: reward_risk ")
        assert beside == ["mode: paused: lunch, limit running"]
    assert told["decisions"][-1]["verdict"] == "; ".join(said[-1])
    rows = ballast(space, "explain", "--refused", "--last", "1", *place).out
    assert re.search(r"refused +kernel +reward_risk", rows)
    assert re.search(r"refused +mode +paused: lunch, limit running", rows)
    assert ballast(space, "replay", "--json", *place).json()["starts"] == 1


def test_every_size_is_explained_with_its_factors_and_caps(space: Path, account: str) -> None:
    """R-SIZE-22: what is decided live is as explained as what is refused."""
    assert ballast(space, *run(space, account, "--json")).code == 0
    place = ("--last", "500", "--set", f"journal.account={account}")
    found = ballast(space, "explain", "--json", *place).json()
    sized = {one["decision"]: one for one in found["sizes"]}
    sent = [one["decision"] for one in found["decisions"] if one["is_approved"]]
    assert sent
    for number in sent:
        one = sized[number]
        assert one["reason"] is None
        assert one["lots"] > 0
        factors = [one[name] for name in FACTORS]
        assert one["scaled"] == pytest.approx(one["wanted"] * math.prod(factors))
        caps = [one[name] for name in CAPS if one[name] is not None]
        assert (min(caps) < one["scaled"]) == (one["cap"] is not None)
    assert "lots" in ballast(space, "explain", *place).out
    assert ballast(space, "replay", "--json", *place[2:]).json()["starts"] >= 1


def test_commands_wait_for_the_node_and_are_journalled(space: Path, account: str) -> None:
    place = ("--set", f"journal.account={account}")
    left = ballast(
        space, "kill", "--reason", "looks wrong", "--who", "ann", "--json", *place
    ).json()
    assert left == {"command": "kill", "account": account, "outcome": None}
    told = ballast(space, *run(space, account, "--bars", "3", "--json")).json()
    assert (told["mode"], told["reason"]) == ("alert", "looks wrong")
    audit = ballast(space, "audit", "--text", "looks wrong", "--json", *place).json()
    assert '"who":"ann"' in audit["records"][0]["body"]
    (heard,) = ballast(space, "explain", "--json", *place).json()["account"]
    assert heard["text"] == "kill switch: looks wrong (ann)", "R-RISK-04: whoever looks, later too"
    for verb in ("release", "resume"):
        assert ballast(space, verb, "--reason", "checked", *place).code == 0
    told = ballast(space, *run(space, account, "--bars", "3", "--json")).json()
    assert told["mode"] == "running"


def test_a_released_drawdown_lets_it_trade_on_below_the_old_peak(space: Path, account: str) -> None:
    """R-RISK-07, F2: what was released is not latched by the next mark; explain says it."""
    tight = ("--set", "risk.drawdown_kill=0.005", "--set", "risk.daily_loss=0.005")
    place = ("--set", f"journal.account={account}")
    told = ballast(space, *run(space, account, "--bars", "340", "--json", *tight)).json()
    assert (told["mode"], told["reason"]) == ("alert", "0.5% below the peak")
    for verb in ("release", "resume"):
        assert ballast(space, verb, "--reason", "understood", "--who", "ann", *place).code == 0
    later = ballast(space, *run(space, account, "--bars", "20", "--json", *tight)).json()
    assert later["mode"] == "running"
    assert later["equity"] == told["equity"], "below the old peak, and nothing latched"
    (killed, released) = ballast(space, "explain", "--json", *place).json()["account"]
    assert killed["text"].startswith("kill switch: 0.5% below the peak")
    peak = told["equity"] / (1 - 0.0057)
    assert f"measured from {told['equity']} USDT on, the peak was {peak:.0f}" in released["text"]
    assert released["text"].endswith("(ann: understood)")
    shown = ballast(space, "explain", *place).out
    assert re.search(r"account +released", shown)


@pytest.mark.parametrize("verb", ["pause", "resume", "flatten", "kill", "release"])
def test_a_command_without_a_reason_is_one_line(space: Path, verb: str) -> None:
    assert "--reason" in ballast(space, verb).err
    assert "--reason is empty" in ballast(space, verb, "--reason", " ").mistake()


def test_another_session_on_one_account_is_one_line(space: Path, account: str) -> None:
    assert ballast(space, *run(space, account, "--bars", "2", "--json")).code == 0
    line = ballast(space, *run(space, account, "--seed", "9", "--json")).mistake()
    assert "another paper session" in line
    assert "journal.account" in line


def test_faults_are_drawn_and_counted(space: Path, account: str) -> None:
    told = ballast(space, *run(space, account, "--faults", "0.3", "--json")).json()
    assert sum(told["faults"].values()) > 3
    assert all(one["agree"] for one in told["positions"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("paper", "nothing"), "nothing"),
        (("paper", "buy_and_hold"), "has no stop"),
        (("paper", "ema_cross", "--from", "2100-01-01"), "no bar is left"),
        (("paper", "ema_cross", "--from", "1999-01-01"), "warm-up"),
    ],
)
def test_what_cannot_be_traded_is_one_line(
    space: Path, arguments: tuple[str, ...], said: str
) -> None:
    assert said in ballast(space, *arguments, "--set", "journal.account=none").mistake()
