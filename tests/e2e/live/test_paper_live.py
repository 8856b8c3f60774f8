"""`ballast paper --live`: a venue's market as it is now, an account that outlives its process.

The venue is a simulated exchange, reached through sockets under its real host names, without a key.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.fakes.shell import ballast

from ballast.service.testing.venue import simulated_exchange

if TYPE_CHECKING:
    from pathlib import Path


ALWAYS = '''"""Always in: what is tested here is not an opinion."""

from ballast.strategies import atr, atr_stop, close, strategy

STRATEGY = strategy(
    "always", enter_long=close > 1.0, stop=atr_stop(20.0), atr=atr(14), doc=__doc__, tag="always"
)
'''


@pytest.mark.slow
@pytest.mark.parametrize(("exchange", "venue"), [("bybit", "BYBITLINEAR"), ("binance", "BINANCE")])
def test_a_position_bought_by_one_process_is_held_by_the_next(
    exchange: str, venue: str, tmp_path: Path
) -> None:
    """R-EXCH-20, R-WF-09: the same command goes on; no order reaches the venue."""
    idea = tmp_path / "strategies" / "always.py"
    idea.parent.mkdir()
    idea.write_text(ALWAYS)
    with simulated_exchange(exchange, past="90m") as served:
        arguments = (
            "paper", "always", "--live", "--venue", venue, "-s", "BTCUSDT",
            "-t", "1m", "--bars", "1", "--rehearse", str(served.port), "--ca", str(served.ca),
            "--set", "risk.reward_risk=0", "--set", "operations.memory_mb=100000", "--json",
        )  # fmt: skip
        first = ballast(tmp_path, *arguments).json()
        assert first["entries"] == 1, first["decisions"]
        held = first["positions"][0]
        assert held["side"] == "long"
        assert list(tmp_path.glob("journal/paper/*.venue"))
        second = ballast(tmp_path, *arguments).json()
        assert second["entries"] == 0
        assert second["positions"][0]["qty"] == held["qty"]
        assert held["agree"]
        assert second["positions"][0]["agree"]
        account = served.state()["accounts"][0]
        assert account["fills"] == []
        assert json.dumps(second["streams"]).count("ready") == len(second["streams"])


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (("--from", "2024-01-01"), "--from and --live"),
        (("--faults", "0.1"), "--faults and --live"),
        ((), "is no venue that can be traded on"),
    ],
)
def test_options_of_stored_candles_are_refused(
    extra: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    done = ballast(tmp_path, "paper", "buy_and_hold", "--live", "-s", "BTCUSDT", *extra)
    assert done.code == 2
    assert said in done.err


@pytest.mark.slow
def test_the_symbols_of_a_session_are_chosen_by_rules(tmp_path: Path) -> None:
    """Chosen at the start; the account goes on with the symbols it began with."""
    idea = tmp_path / "strategies" / "always.py"
    idea.parent.mkdir()
    idea.write_text(ALWAYS)
    with simulated_exchange("bybit", past="90m") as served:
        at = ("--rehearse", str(served.port), "--ca", str(served.ca))
        arguments = (
            "paper", "always", "--live", "--venue", "BYBITLINEAR", "-t", "1m", "--bars", "1",
            "--set", "risk.reward_risk=0", *at,
        )  # fmt: skip
        nobody = ballast(tmp_path, *arguments, "--universe", "top=3 only=ETH")
        assert (nobody.code, "no symbol of BYBITLINEAR passes" in nobody.err) == (2, True)
        first = ballast(tmp_path, *arguments, "--universe", "top=3", "--json")
        assert [one["symbol"] for one in first.json()["positions"]] == ["BTCUSDT"]
        assert "chosen: BTCUSDT" in first.err
        second = ballast(tmp_path, *arguments, "--universe", "top=3 only=ETH", "--json")
        assert [one["symbol"] for one in second.json()["positions"]] == ["BTCUSDT"]
        assert "on with BTCUSDT" in second.err
