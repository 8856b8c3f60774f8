"""The stops of a position: set in one step, read back, and never taken for what they are not."""

from __future__ import annotations

import pytest
from tests.unit.venues.clients.bybit import asked
from tests.unit.venues.clients.bybit.asked import listed, refusal
from tests.unit.venues.clients.bybit.test_account import POSITION
from tests.unit.venues.clients.bybit.test_desk import linear, run

from ballast.venues.clients.calls import CallError, Urgency, Verdict


def test_the_stop_of_a_position_is_set_in_one_step_and_read_back() -> None:
    """R-STOP-32, R-EXCH-10."""
    desk, asker = linear(**{asked.TRADING_STOP: {}, asked.POSITIONS: listed(POSITION)})
    found = run(desk.set_position_stop("BTCUSDT", 520_005))
    assert (found.stop_loss_ticks, found.take_profit_ticks) == (520_005, 480_000)
    assert asker.asked(asked.TRADING_STOP) == [
        {"category": "linear", "symbol": "BTCUSDT", "positionIdx": 0, "tpslMode": "Full",
         "stopLoss": "52000.5", "slTriggerBy": "LastPrice"}
    ]  # fmt: skip
    assert asker.calls[0].urgency is Urgency.PROTECT


def test_a_position_stop_that_reads_back_otherwise_is_a_doubt() -> None:
    desk, _ = linear(**{asked.TRADING_STOP: {}, asked.POSITIONS: listed(POSITION)})
    with pytest.raises(CallError, match=r"set to 53000, and 52000\.5 is shown") as caught:
        run(desk.set_position_stop("BTCUSDT", 530_000))
    assert caught.value.verdict is Verdict.UNCLEAR
    with pytest.raises(CallError, match="set to 0"):
        run(desk.set_position_stop("BTCUSDT", 0))


def test_a_position_stop_that_is_there_already_is_no_error_and_another_refusal_is() -> None:
    script = {asked.TRADING_STOP: refusal(code="34040"), asked.POSITIONS: listed(POSITION)}
    desk, _ = linear(**script)
    assert run(desk.set_position_stop("BTCUSDT", 520_005)).stop_loss_ticks == 520_005
    desk, _ = linear(**script | {asked.TRADING_STOP: refusal(code="10001")})
    with pytest.raises(CallError):
        run(desk.set_position_stop("BTCUSDT", 520_005))


def test_two_positions_of_a_symbol_are_not_one() -> None:
    """Hedge mode: which one would be meant."""
    long = {**POSITION, "positionIdx": 1}
    for rows in ([long, {**POSITION, "positionIdx": 2}], [long], []):
        desk, _ = linear(**{asked.POSITIONS: listed(*rows)})
        with pytest.raises(CallError):
            run(desk.position_stops("BTCUSDT"))
